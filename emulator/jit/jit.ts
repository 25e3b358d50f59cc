/**
 * The engine of one machine: decides what is compiled, keeps the compiled regions of the machine, and runs them. All
 * decisions follow from what the guest executed, and no guest can see them: compiled code leaves the same state at the
 * same instruction counts as the interpreter.
 */

import type { AccessBytes } from "../bus/bus.ts";
import type { Block, CompiledEntry } from "../cpu/block.ts";
import type { Core } from "../cpu/core.ts";
import type { MakeEngine } from "../cpu/cpu.ts";
import { mayWriteCr3, writeCr3 } from "../cpu/handlers/system.ts";
import type { Engine, EngineStatistics, Interpreter } from "../cpu/interpreter.ts";
import {
  BASE,
  CPL,
  CR0,
  CS,
  EIP,
  ENTRY_MAPS,
  ENTRY_MAPS_BYTES,
  isUpper,
  JIT_ATTENTION,
  JIT_BUDGET,
  JIT_CONTEXT,
  JIT_UPPER_CONTEXT,
  JIT_VALUE,
  JUMP_CACHE,
  JUMP_CACHE_ENTRIES,
  LIMIT,
  RAM,
} from "../cpu/layout.ts";
import { CR0_PG, MODE_CODE32, MODE_FLAT, MODE_STACK32, MODE_USER } from "../cpu/state.ts";
import { EXIT_BUDGET, EXIT_INTERPRET, EXIT_STOPPED } from "./exits.ts";
import { describe, type KnownRegion, knownRegions, noteRuns, remember } from "./experience.ts";
import { MachineRegion } from "./machine-region.ts";
import { compilationRefusal, moduleFor } from "./module-cache.ts";
import type { Region } from "./region.ts";
import { RegionTable } from "./region-table.ts";
import { isUnsuitable, RegionSelector } from "./select.ts";
import type { Shape } from "./shape.ts";
import { shapeKey } from "./shape.ts";
import { translate } from "./translator.ts";

/** "force" compiles at first sight: for tests. */
export type JitMode = (typeof JIT_MODES)[number];
export const JIT_MODES = ["on", "off", "force"] as const;
/** Where nobody says otherwise. */
export const DEFAULT_JIT: JitMode = "on";

/**
 * Runs after which a block is compiled, and what share of them its neighbours need to join. Compiling costs as much as
 * interpreting thousands of instructions; with fewer runs the boot of an operating system, which does everything a
 * little, gets slower instead of faster.
 */
const THRESHOLD = 4000;
const NEIGHBOUR_SHARE = 8;
/** V8 replaces code by better code only between calls, so none may last long: in instructions. */
const MAX_BUDGET = 1 << 20;
/** With less than this the interpreter goes on: a block has at most 32 instructions. */
const LEAST_BUDGET = 64;
/**
 * How many guest instructions have to be executed for each that is compiled, beyond the first ones. Compiling an
 * instruction takes about as long as interpreting a thousand and V8 needs as much again, so that code which pays for
 * itself is well within this bound.
 */
const WORK_PER_INSTRUCTION = 100;
const FREE_INSTRUCTIONS = 8000;
/**
 * A block is compiled into at most this many regions, so that the work stays in proportion to the guest's code. If none
 * of them can be entered at it, it gets one more that is short: a way back to compiled code.
 */
const MAX_COPIES = 3;
const MAX_BLOCKS = 64;
const STUB_BLOCKS = 4;
/** Notes about this many addresses are kept; then they begin anew. */
const MAX_NOTES = 1 << 16;
/** A block that was overwritten this often is not compiled any more. */
const MAX_REWRITES = 8;
/**
 * An instruction that left its region this often for a slow path, and after so few instructions on average, gets one
 * that comes back. The first touch of each page is no reason: a path that comes back makes the fast one slower.
 */
const SLOW_SITE_COUNT = 64;
const SLOW_SITE_INTERVAL = 400;
const MIN_DIRECT_RAM = 2 << 20;
/** In instructions: an epoch that is not worth entering compiled code for, once there have been many of them. */
const BRIEF_EPOCH = 200;
const MANY_BRIEF_EPOCHS = 64;
/** Modes that have contexts of their own within an epoch. */
const MAX_MODES = 64;
const MAX_CONTEXTS = 256;
const LAST_CONTEXT = 2 ** 31 - 2 * MAX_MODES;
const LARGEST_MAP = 32768;
/** In JIT_ATTENTION, beside the bits of `attention`. */
const NMI_BLOCKED = 1 << 16;
const MODE_BITS = MODE_CODE32 | MODE_STACK32 | MODE_FLAT | MODE_USER;

/** Thrown through compiled code when the processor was reset beneath it. */
const ABANDONED = Symbol("abandoned");

/** For a processor: the engine of a mode. Where the host compiles nothing, the interpreter does all. */
export function engineFor(mode: JitMode): MakeEngine {
  return (core, interpreter) =>
    mode === "off" || compilationRefusal() !== null
      ? null
      : new Jit(core, interpreter, { threshold: mode === "force" ? 1 : THRESHOLD });
}

class Jit implements Engine {
  readonly threshold: number;
  readonly statistics: EngineStatistics = {
    regions: 0,
    instructions: 0,
    discarded: 0,
    entered: 0,
    slowExits: 0,
    steps: 0,
    retired: 0,
  };
  readonly #core: Core;
  readonly #interpreter: Interpreter;
  readonly #selector: RegionSelector;
  readonly #leastCount: number;
  readonly #words: Int32Array;
  readonly #table: RegionTable;
  /** Guest instructions of the regions that this machine has had compiled. */
  #compiled = 0;
  #mapEnd = ENTRY_MAPS;
  /** What `remaining` is when compiled code has used up its budget. */
  #base = 0;
  /** Changes when compiled code was discarded, which may be code that runs. */
  #generation = 0;
  #abandoned = false;
  /** Compiled code runs. */
  #isInside = false;
  // The context: mode and translation epoch, in which entries of the jump cache were made.
  #modeKey = -1;
  #epoch = -1;
  #upperEpoch = -1;
  #direct = false;
  #isProtected = false;
  /** Number of the context of `modes[0]` in this epoch; those of the other modes follow. */
  #firstContext = 1;
  /** The same of EIPs in the upper part. */
  #upperContext = 1;
  #nextContext = 1;
  /** `firstContext` of the epochs that may come back with their address space. */
  readonly #contexts = new Map<number, number>();
  #epochStart = 0;
  /** How many of the last epochs were brief, up to a limit. */
  #briefEpochs = 0;
  readonly #modes: number[] = [];
  #mapEpoch = -1;
  #isRegular = false;
  /** By offset of a block: how often it was overwritten while it was compiled. */
  readonly #rewrites = new Map<number, number>();
  /** Slow exits by EIP, and those that have become too many. */
  readonly #slowExits = new Map<number, { count: number; since: number }>();
  readonly #slowSites = new Set<number>();
  /** EIPs of blocks that got a short region of their own because they are in so many already. */
  readonly #stubs = new Set<number>();

  constructor(core: Core, interpreter: Interpreter, options: { readonly threshold: number }) {
    this.#core = core;
    this.#interpreter = interpreter;
    this.threshold = options.threshold;
    this.#leastCount = Math.max(1, Math.floor(options.threshold / NEIGHBOUR_SHARE));
    this.#selector = new RegionSelector(core, interpreter.code);
    this.#words = core.memory.words;
    this.#table = new RegionTable({
      m: core.memory.memory,
      step: this.#step.bind(this),
      out: this.#out.bind(this),
      in: this.#in.bind(this),
      directory: this.#directory.bind(this),
      invalidate: this.#invalidate.bind(this),
      fill: (linear: number, write: number) => core.mmu.fill(linear, write !== 0),
      touch: this.#touch.bind(this),
      timestamp: this.#timestamp.bind(this),
    });
    interpreter.code.onDiscarded = (block, isOverwritten) => this.#discard(block, isOverwritten);
    interpreter.code.onClear = () => this.#clear();
    // Compiled at first sight means decoded at first sight.
    if (options.threshold === 1) interpreter.code.coldRuns = 0;
  }

  // Running.

  run(block: Block): boolean {
    const core = this.#core;
    if (!this.#isCurrent()) this.#updateContext();
    const entry = block.compiled!;
    const region = entry.region as MachineRegion;
    const budget = Math.min(core.remaining, MAX_BUDGET);
    if (budget < LEAST_BUDGET || core.mmu.isWatched) return false;
    if (region.direct !== this.#direct || region.isProtected !== this.#isProtected) {
      block.compiled = null;
      block.count = 0;
      return false;
    }
    // While page tables change all the time, each change would have to be paid for: in lookups and in slow paths.
    if (this.#briefEpochs >= MANY_BRIEF_EPOCHS && core.retired - this.#epochStart < BRIEF_EPOCH) return false;
    this.#remember(block.eip, region, entry.index);
    this.#words[JIT_ATTENTION] = core.attention | (core.nmiBlocked ? NMI_BLOCKED : 0);
    this.#base = core.remaining - budget;
    core.link = null;
    // The processor may have been reset by an instruction of the interpreter since.
    this.#abandoned = false;
    this.statistics.entered++;
    const before = core.retired;
    let reason: number;
    this.#isInside = true;
    try {
      reason = region.run(entry.index + 1, budget, region.mapAddress);
    } catch (error) {
      if (error !== ABANDONED) throw error;
      return true;
    } finally {
      this.#isInside = false;
    }
    if (reason < EXIT_STOPPED) {
      core.remaining = this.#base + this.#words[JIT_BUDGET >>> 2]!;
      this.statistics.retired += core.retired - before;
      if (reason === EXIT_INTERPRET) this.#noteSlowExit(core.s[EIP]!);
      return reason !== EXIT_INTERPRET && (reason !== EXIT_BUDGET || core.remaining >= LEAST_BUDGET);
    }
    this.statistics.retired += core.retired - before;
    return true;
  }

  /** Enters a region into the jump cache, so that compiled code finds it. */
  #remember(eip: number, region: MachineRegion, index: number): void {
    const at = (JUMP_CACHE >>> 2) + 4 * jumpHash(eip);
    const words = this.#words;
    words[at] = eip;
    words[at + 1] = words[((isUpper(eip) ? JIT_UPPER_CONTEXT : JIT_CONTEXT) >>> 2) + 1]!;
    words[at + 2] = region.slot | ((index + 1) << 16);
    words[at + 3] = region.mapAddress;
  }

  /** Whether the context is that of mode and translations as they are. */
  #isCurrent(): boolean {
    const { state, mmu } = this.#core;
    return state.modeKey === this.#modeKey && mmu.epoch === this.#epoch && mmu.upperEpoch === this.#upperEpoch;
  }

  /** Numbers for the contexts of an epoch. */
  #newContext(epoch: number): number {
    const first = this.#nextContext;
    this.#nextContext += MAX_MODES;
    if (this.#contexts.size === MAX_CONTEXTS) this.#contexts.clear();
    this.#contexts.set(epoch, first);
    return first;
  }

  /** Takes note of an epoch that is new. */
  #beginEpoch(): void {
    const now = this.#core.retired;
    this.#briefEpochs =
      now - this.#epochStart < BRIEF_EPOCH
        ? Math.min(this.#briefEpochs + 1, 2 * MANY_BRIEF_EPOCHS)
        : Math.max(this.#briefEpochs - 1, 0);
    this.#epochStart = now;
  }

  #updateContext(): void {
    const core = this.#core;
    const { modeKey } = core.state;
    if (core.mmu.epoch !== this.#epoch) {
      this.#epoch = core.mmu.epoch;
      const known = this.#contexts.get(this.#epoch);
      if (known === undefined) this.#beginEpoch();
      this.#firstContext = known ?? this.#newContext(this.#epoch);
    }
    if (core.mmu.upperEpoch !== this.#upperEpoch) {
      this.#upperEpoch = core.mmu.upperEpoch;
      this.#upperContext = this.#contexts.get(this.#upperEpoch) ?? this.#newContext(this.#upperEpoch);
    }
    this.#modeKey = modeKey;
    const modes = this.#modes;
    let number = modes.indexOf(modeKey);
    if (number < 0) {
      number = modes.push(modeKey) - 1;
      if (modes.length > MAX_MODES) this.#firstContext = -1;
    }
    if (this.#firstContext < 0 || Math.max(this.#firstContext, this.#upperContext) > LAST_CONTEXT) {
      // Numbers must not come again while entries with them are there.
      this.#words.fill(0, JUMP_CACHE >>> 2, (JUMP_CACHE >>> 2) + 4 * JUMP_CACHE_ENTRIES);
      this.#firstContext = 1;
      this.#upperContext = 1 + MAX_MODES;
      this.#nextContext = 1 + 2 * MAX_MODES;
      this.#contexts.clear();
      modes.length = 0;
      number = modes.push(modeKey) - 1;
    }
    this.#words[(JIT_CONTEXT >>> 2) + 1] = this.#firstContext + number;
    this.#words[(JIT_UPPER_CONTEXT >>> 2) + 1] = this.#upperContext + number;
    if (this.#mapEpoch !== core.memory.mapChanges) {
      this.#mapEpoch = core.memory.mapChanges;
      this.#isRegular = core.memory.isRegular;
    }
    this.#isProtected = core.state.protectedMode;
    this.#direct =
      (core.s[CR0]! & CR0_PG) === 0 &&
      core.mmu.a20 &&
      this.#isRegular &&
      core.memory.ramBytes >= MIN_DIRECT_RAM &&
      (modeKey & (MODE_CODE32 | MODE_FLAT)) === (MODE_CODE32 | MODE_FLAT);
  }

  // What compiled code calls.

  #step(eip: number, budget: number): number {
    const core = this.#core;
    const generation = this.#generation;
    this.statistics.steps++;
    core.remaining = this.#base + budget;
    const follows = this.#interpreter.stepOne(eip);
    const left = core.remaining - this.#base;
    return follows && left > 0 && this.#generation === generation && !core.mmu.isWatched ? left : -1;
  }

  #out(port: number, value: number, sizeBytes: AccessBytes, budget: number): number {
    const core = this.#core;
    if (core.s[CPL] !== 0) return -2;
    const generation = this.#generation;
    core.remaining = this.#base + budget;
    core.writePort(port, sizeBytes, value);
    return this.#afterPort(generation);
  }

  #in(port: number, sizeBytes: AccessBytes, budget: number): number {
    const core = this.#core;
    if (core.s[CPL] !== 0) return -2;
    const generation = this.#generation;
    core.remaining = this.#base + budget;
    this.#words[JIT_VALUE >>> 2] = core.readPort(port, sizeBytes);
    return this.#afterPort(generation);
  }

  #directory(value: number, budget: number): number {
    if (!mayWriteCr3(this.#core, value)) return -2;
    return this.#changeTables(budget, () => writeCr3(this.#core, value));
  }

  #invalidate(linear: number, budget: number): number {
    return this.#changeTables(budget, () => this.#core.mmu.flushPage(linear));
  }

  /** Runs on if the code of the region, at EIP, is where it was and can be fetched without a look at the tables. */
  #changeTables(budget: number, change: () => void): number {
    const core = this.#core;
    const { s, mmu } = core;
    if (s[CPL] !== 0) return -2;
    core.remaining = this.#base + budget;
    const linear = (s[BASE + CS]! + s[EIP]!) | 0;
    const page = mmu.pageOf(linear);
    change();
    const left = --core.remaining - this.#base;
    if (core.attention !== 0 || left <= 0) return -1;
    if (!this.#direct && (page === 0 || mmu.pageOf(linear) !== page)) return -1;
    if (!this.#isCurrent()) this.#updateContext();
    return left;
  }

  #timestamp(budget: number): number {
    const core = this.#core;
    core.remaining = this.#base + budget;
    const value = core.timestamp;
    this.#words[JIT_VALUE >>> 2] = Math.floor(value / 2 ** 32) | 0;
    return value | 0;
  }

  #touch(offset: number, sizeBytes: number): number {
    if (this.#interpreter.code.covers(RAM + offset, sizeBytes)) return 1;
    this.#core.mmu.tablesWritten(RAM + offset, sizeBytes);
    return 0;
  }

  #afterPort(generation: number): number {
    const core = this.#core;
    if (this.#abandoned) {
      this.#abandoned = false;
      core.remaining--;
      throw ABANDONED;
    }
    const left = --core.remaining - this.#base;
    return core.attention === 0 && left > 0 && this.#generation === generation && this.#isCurrent() ? left : -1;
  }

  abandon(): void {
    this.#abandoned = this.#isInside;
  }

  /** What is measured in instructions that have been retired is measured from here on. */
  beginAnew(): void {
    this.#compiled = 0;
    this.#epochStart = -Infinity;
    this.#briefEpochs = 0;
    this.#slowExits.clear();
  }

  // Compiling.

  compile(block: Block): void {
    if (isUnsuitable(block) || (this.#rewrites.get(block.offset) ?? 0) >= MAX_REWRITES) return;
    const isCopied = (block.regions?.length ?? 0) >= MAX_COPIES;
    if (block.count < this.threshold) {
      if (isCopied) return;
      if (!this.#isCurrent()) this.#updateContext();
      if (this.#adopt(block) || block.count === 1) return;
      if (noteRuns(block.eip, this.#shape()) < this.threshold) return;
    }
    if (isCopied) {
      if (this.#stubs.has(block.eip)) return;
      if (this.#stubs.size === MAX_NOTES) this.#stubs.clear();
      this.#stubs.add(block.eip);
    }
    if (this.#compiled > FREE_INSTRUCTIONS + this.#core.retired / WORK_PER_INSTRUCTION) {
      block.count = 0;
      return;
    }
    if (!this.#isCurrent()) this.#updateContext();
    const region = this.#selector.select(
      block,
      this.#shape(),
      Math.min(this.#leastCount, Math.ceil(block.count / NEIGHBOUR_SHARE)),
      this.#slowSites,
      isCopied ? STUB_BLOCKS : MAX_BLOCKS,
    );
    if (region === null) return;
    if (!this.#hasRoom) {
      // Everything is dropped; what is hot comes back.
      this.#interpreter.clear();
      return;
    }
    const module = moduleFor(this.#keyOf(region), () => translate(region));
    const known = describe(region, module, this.#core.memory.bytes);
    this.#install(
      known,
      region.blocks.map(({ source }) => source),
    );
    this.#compiled += known.instructions;
    if (!isCopied) remember(known);
  }

  get #hasRoom(): boolean {
    return !this.#table.isFull && this.#mapEnd <= ENTRY_MAPS + ENTRY_MAPS_BYTES - LARGEST_MAP;
  }

  /** Takes over what another machine has compiled of the same code, if any has. */
  #adopt(block: Block): boolean {
    if (!this.#hasRoom) return false;
    const shape = this.#shape();
    for (const known of knownRegions(block.eip, shape)) {
      const blocks = this.#selector.blocksOf(known.code, block, shape);
      if (blocks === null) continue;
      this.#install(known, blocks);
      return true;
    }
    return false;
  }

  #shape(): Shape {
    const core = this.#core;
    return {
      direct: this.#direct,
      isProtected: this.#isProtected,
      ramBytes: core.memory.ramBytes,
      mode: core.state.modeKey & MODE_BITS,
      codeLimit: core.s[LIMIT + CS]! >>> 0,
      model: core.model,
      takesTurns: core.pauseTurn !== null,
    };
  }

  /** `sources`: the interpreter's block of each of the region's. */
  #install(known: KnownRegion, sources: readonly Block[]): void {
    const { slot, run } = this.#table.install(known);
    const blocks = [...new Set(sources)];
    const entries = known.entries.map((index) => sources[index]!);
    const { map } = known;
    const mapAddress = this.#mapEnd;
    if (map !== null) {
      this.#mapEnd += (map.sizeBytes + 15) & ~15;
      entries.forEach(({ eip }, index) => {
        this.#core.memory.bytes[mapAddress + (eip - map.firstEip)] = index + 1;
      });
    }
    const installed = new MachineRegion(
      blocks,
      slot,
      mapAddress,
      run,
      known.shape,
      entries.map(({ eip }) => eip),
    );
    for (const block of blocks) (block.regions ??= []).push(installed);
    entries.forEach((source, index) => {
      const entry: CompiledEntry = { region: installed, index };
      source.compiled = entry;
      this.#remember(source.eip, installed, index);
    });
    this.statistics.regions++;
    this.statistics.instructions += known.instructions;
  }

  #keyOf(region: Region): string {
    const { bytes } = this.#core.memory;
    const parts = [
      shapeKey(region.shape),
      region.entries.join(","),
      [...region.slowSites].join(","),
      region.lowRegisters,
    ];
    for (const { eip, instructions, next, source } of region.blocks) {
      let text = "";
      const length = (next - eip) & 0xffff;
      // Bytes that the guest rewrites are not in the code, but where they lie is.
      const gaps = source.gaps.filter(([offset]) => offset < source.offset + length);
      for (let at = source.offset; at < source.offset + length; at++)
        text += gaps.some(([gap, size]) => at >= gap && at < gap + size) ? "?" : String.fromCharCode(bytes[at]!);
      parts.push(`${eip}:${instructions.length}:${gaps.join()}:${text}`);
    }
    return parts.join("|");
  }

  /** A block is gone, and with it go all regions that it is in. */
  #discard(block: Block, isOverwritten: boolean): void {
    if (block.regions === null) return;
    if (isOverwritten) {
      if (this.#rewrites.size === MAX_NOTES) this.#rewrites.clear();
      this.#rewrites.set(block.offset, (this.#rewrites.get(block.offset) ?? 0) + 1);
    }
    for (const region of block.regions) this.#drop(region as MachineRegion);
  }

  /** All blocks are gone: nothing that was compiled is reached any more. */
  #clear(): void {
    if (!this.#table.isUsed) return;
    this.#generation++;
    this.statistics.discarded += this.#table.installed;
    this.#table.clear();
    this.#core.memory.bytes.fill(0, ENTRY_MAPS, this.#mapEnd);
    this.#mapEnd = ENTRY_MAPS;
    this.#words.fill(0, JUMP_CACHE >>> 2, (JUMP_CACHE >>> 2) + 4 * JUMP_CACHE_ENTRIES);
  }

  #drop(region: MachineRegion): void {
    this.#generation++;
    this.statistics.discarded++;
    for (const eip of region.entries) {
      const at = (JUMP_CACHE >>> 2) + 4 * jumpHash(eip);
      if ((this.#words[at + 2]! & 0xffff) === region.slot) this.#words[at + 1] = 0;
    }
    for (const block of region.blocks) {
      if (block.compiled?.region === region) {
        block.compiled = null;
        block.count = 0;
      }
      if (block.regions === null) continue;
      const rest = block.regions.filter((other) => other !== region);
      block.regions = rest.length === 0 ? null : rest;
    }
    this.#table.drop(region.slot);
  }

  #noteSlowExit(eip: number): void {
    this.statistics.slowExits++;
    const core = this.#core;
    if (this.#slowExits.size === MAX_NOTES) this.#slowExits.clear();
    let seen = this.#slowExits.get(eip);
    if (seen === undefined) this.#slowExits.set(eip, (seen = { count: 0, since: core.retired }));
    if (++seen.count < SLOW_SITE_COUNT) return;
    const isDense = core.retired - seen.since < SLOW_SITE_COUNT * SLOW_SITE_INTERVAL;
    seen.count = 0;
    seen.since = core.retired;
    if (!isDense || this.#slowSites.has(eip)) return;
    this.#slowSites.add(eip);
    // What has the instruction is compiled again, soon and with its new shape.
    const page = core.mmu.pageOf((core.s[BASE + CS]! + eip) | 0);
    for (const block of this.#interpreter.code.inPage(page)) {
      if (block.regions === null || !block.eips.includes(eip)) continue;
      for (const region of [...block.regions]) {
        this.#drop(region as MachineRegion);
        region.blocks[0]!.count = Math.max(0, this.threshold - 2);
      }
    }
  }
}

function jumpHash(eip: number): number {
  return (eip ^ (eip >>> 12)) & (JUMP_CACHE_ENTRIES - 1);
}

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
  CS,
  EIP,
  ENTRY_MAPS,
  ENTRY_MAPS_BYTES,
  JIT_ATTENTION,
  JIT_BUDGET,
  JIT_VALUE,
  LIMIT,
  RAM,
} from "../cpu/layout.ts";
import { MODE_CODE32 } from "../cpu/state.ts";
import { Contexts } from "./contexts.ts";
import { EXIT_ATTENTION, EXIT_BUDGET, EXIT_INTERPRET, EXIT_STOPPED, EXIT_UNKNOWN } from "./exits.ts";
import { type Experience, experienceOf, remember } from "./experience.ts";
import { clearJumps, enterJump, forgetJumps } from "./jump-cache.ts";
import { describe, type KnownRegion } from "./known-region.ts";
import { MachineRegion } from "./machine-region.ts";
import { compilationRefusal, moduleFor } from "./module-cache.ts";
import { contentKey } from "./region.ts";
import { LARGEST_MEMORY_BYTES, writeRegionMemory } from "./region-memory.ts";
import { RegionTable } from "./region-table.ts";
import { Rewrites } from "./rewrites.ts";
import { isUnsuitable, maySpanPages, RegionSelector } from "./select.ts";
import { SlowSites } from "./slow-sites.ts";
import { HOT_RUNS, LEAST_BUDGET } from "./threaded/functions.ts";
import { Heat } from "./threaded/heat.ts";
import { Thread } from "./threaded/thread.ts";
import { translate } from "./translator.ts";
import { VideoWindow } from "./video-window.ts";

/**
 * "force" compiles at first sight: for tests. "late" compiles what runs very often: for machines of many short lives.
 */
export type JitMode = (typeof JIT_MODES)[number] | "late";
export const JIT_MODES = ["on", "off", "force"] as const;
/** Where nobody says otherwise. */
export const DEFAULT_JIT = "on" satisfies JitMode;

/**
 * Runs after which a block is compiled, and what share of them its neighbours need to join. With fewer the boot of an
 * operating system, which does everything a little, gets slower instead of faster.
 */
const THRESHOLD = 4000;
/** The same of code that the interpreter in WebAssembly runs, which is several times as fast as blocks are. */
const THREAD_THRESHOLD = 35_000;
/** The same where most code runs a few thousand times in a life, and another life runs other code. */
const LATE_THRESHOLD = 150_000;
/** What another machine has compiled is taken over after this share of them: an instance costs so much less. */
const ADOPTED_SHARE = 35;
const NEIGHBOUR_SHARE = 8;
/** V8 replaces code by better code only between calls, so none may last long: in instructions. */
const MAX_BUDGET = 1 << 20;
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
const MAX_COPIES = 2;
/** Larger regions are a little faster, and take V8 so much longer that programs of a few seconds do not get it back. */
const MAX_BLOCKS = 16;
const STUB_BLOCKS = 4;
/** Notes about this many addresses are kept; then they begin anew. */
const MAX_NOTES = 1 << 16;
/** In JIT_ATTENTION, beside the bits of `attention`. */
const NMI_BLOCKED = 1 << 16;

/** Thrown through compiled code when the processor was reset beneath it. */
const ABANDONED = Symbol("abandoned");

/** "interpret" compiles nothing, and interprets all that it can by itself: for tests. */
export type EngineMode = JitMode | "interpret";
const THRESHOLDS: Readonly<Record<Exclude<EngineMode, "off">, number>> = {
  on: THRESHOLD,
  late: LATE_THRESHOLD,
  force: 1,
  interpret: Infinity,
};

/** For a processor: the engine of a mode. Where the host compiles nothing, the interpreter does all. */
export function engineFor(mode: EngineMode): MakeEngine {
  return (core, interpreter) =>
    mode === "off" || compilationRefusal() !== null ? null : new Jit(core, interpreter, THRESHOLDS[mode]);
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
  readonly #words: Int32Array;
  readonly #table: RegionTable;
  readonly #thread: Thread;
  readonly #window: VideoWindow;
  readonly #heat = new Heat();
  /** That of the mode at hand, once somebody asks. */
  #experienceNow: Experience | null = null;
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
  readonly #context: Contexts;
  readonly #rewrites = new Rewrites();
  readonly #slowSites = new SlowSites();
  /** EIPs of blocks that got a short region of their own because they are in so many already. */
  readonly #stubs = new Set<number>();

  constructor(core: Core, interpreter: Interpreter, threshold: number) {
    this.#core = core;
    this.#interpreter = interpreter;
    this.threshold = threshold;
    this.#selector = new RegionSelector(core, interpreter.code, this.#heat);
    this.#words = core.memory.words;
    this.#context = new Contexts(core);
    this.#window = new VideoWindow(core);
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
      away: this.#away.bind(this),
      windowRead: this.#window.read.bind(this.#window),
      windowWrite: this.#window.write.bind(this.#window),
    });
    interpreter.code.onDiscarded = (block, isOverwritten) => this.#discard(block, isOverwritten);
    interpreter.code.onClear = () => this.#clear();
    this.#thread = new Thread(core, this.#table.imports, {
      leap: this.#leap.bind(this),
      page: this.#page.bind(this),
      hot: this.#hot.bind(this),
    });
  }

  // Running.

  run(block: Block): boolean {
    const core = this.#core;
    this.#renewContext();
    const entry = block.compiled!;
    const region = entry.region as MachineRegion;
    const budget = Math.min(core.remaining, MAX_BUDGET);
    if (budget < LEAST_BUDGET || core.mmu.isWatched) return false;
    if (!this.#admit(block)) return false;
    this.statistics.entered++;
    const reason = this.#enter(budget, () => region.run(entry.index + 1, budget, region.mapAddress));
    return reason !== EXIT_INTERPRET && (reason !== EXIT_BUDGET || core.remaining >= LEAST_BUDGET);
  }

  /**
   * Enters a block that is compiled into the jump cache, unless its region is for other circumstances, or none at all.
   */
  #admit(block: Block): boolean {
    const { index, region: compiled } = block.compiled!;
    const region = compiled as MachineRegion;
    // The same bytes by another base of CS, as after a reset.
    if (isUnsuitable(block, this.#core)) return false;
    if (!this.#context.fits(region) || (region.pages.length > 0 && !maySpanPages(this.#core))) {
      block.compiled = null;
      block.count = 0;
      return false;
    }
    if (this.#context.isBrief) return false;
    this.#remember(block.eip, region, index);
    return true;
  }

  get interprets(): boolean {
    const { mmu, isProbed } = this.#core;
    return this.threshold > 1 && this.#thread.fitsMode && !isProbed && !mmu.isWatched;
  }

  interpret(): Block | null {
    const core = this.#core;
    const { s, mmu } = core;
    const { code } = this.#interpreter;
    for (;;) {
      const isBeyond = s[EIP]! >>> 0 > s[LIMIT + CS]! >>> 0;
      const offset = isBeyond ? 0 : mmu.fetchOffset((s[BASE + CS]! + s[EIP]!) | 0);
      this.#renewContext();
      if (offset === 0) return code.lookup(s[EIP]!);
      if (!this.#thread.enterPage(offset, this.#context.direct)) return code.once(s[EIP]!);
      const budget = Math.min(core.remaining, MAX_BUDGET);
      const reason = this.#enter(budget, () => this.#thread.run(budget, offset));
      if (core.remaining <= 0 || reason === null) return null;
      if (reason === EXIT_UNKNOWN && !this.#thread.isAtEnd(s[EIP]!)) return code.once(s[EIP]!);
      if (reason === EXIT_INTERPRET) return code.lookup(s[EIP]!);
      if (core.attention !== 0) return null;
      if (!this.interprets) return code.lookup(s[EIP]!);
      const block = code.seek(s[EIP]!);
      if (block !== null) return block;
    }
  }

  /** The interpreter has come to code HOT_RUNS times more: its block, if it is compiled. */
  #heated(eip: number): Block | null {
    const { code } = this.#interpreter;
    this.#settle();
    const offset = this.#core.mmu.fetchOffset((this.#core.s[BASE + CS]! + eip) | 0);
    // Not even decoded any more: it would be overwritten at once.
    if (this.#rewrites.areTooMany(offset)) return null;
    const runs = this.#heat.add(offset, HOT_RUNS);
    const most = Math.max(this.threshold, THREAD_THRESHOLD);
    const threshold = runs < most ? this.#selector.thresholdAt(eip, offset, most) : most;
    if (
      runs < threshold &&
      (runs < threshold / ADOPTED_SHARE || !this.#experience().has(eip, this.#core.memory.bytes, offset))
    )
      return null;
    const block = code.lookup(eip);
    block.count = Math.max(block.count, runs);
    if (block.compiled === null) this.#compile(block, threshold);
    return block.compiled === null ? null : block;
  }

  /**
   * Runs what returns an EXIT_*, and takes over what it leaves. Null where the processor was reset beneath it.
   */
  #enter(budget: number, run: () => number): number | null {
    const core = this.#core;
    this.#words[JIT_ATTENTION] = core.attention | (core.nmiBlocked ? NMI_BLOCKED : 0);
    this.#base = this.#window.base = core.remaining - budget;
    core.link = null;
    // The processor may have been reset by an instruction of the interpreter since.
    this.#abandoned = false;
    const before = core.retired;
    this.#thread.begin();
    let reason: number;
    this.#isInside = true;
    try {
      reason = run();
    } catch (error) {
      if (error !== ABANDONED) throw error;
      return null;
    } finally {
      this.#isInside = false;
      this.#thread.settle();
    }
    if (reason < EXIT_STOPPED || reason > EXIT_ATTENTION) core.remaining = this.#base + this.#words[JIT_BUDGET >>> 2]!;
    this.statistics.retired += core.retired - before;
    if (reason === EXIT_INTERPRET) this.#noteSlowExit(core.s[EIP]!);
    return reason;
  }

  /** Enters a region into the jump cache, so that compiled code finds it. */
  #remember(eip: number, { slot, mapAddress }: MachineRegion, index: number): void {
    enterJump(this.#words, this.#isNarrow, eip, slot, index, mapAddress);
  }

  #renewContext(): void {
    if (this.#context.isCurrent) return;
    this.#context.update();
    this.#experienceNow = null;
  }

  get #isNarrow(): boolean {
    return (this.#core.state.modeKey & MODE_CODE32) === 0;
  }

  /** What runs may have loaded CS by itself: see Thread. */
  #settle(): void {
    this.#thread.settle();
    this.#renewContext();
  }

  // What the interpreter asks.

  #leap(eip: number, budget: number): number {
    const left = this.#stepAway(eip, budget);
    if (left < 0) return -1;
    const to = this.#core.s[EIP]!;
    const isNear = (to ^ eip) >>> 12 === 0 && this.#context.isCurrent && !this.#thread.isAtEnd(to);
    return isNear || this.#prepare(to) ? left : -1;
  }

  #page(eip: number, budget: number): number {
    this.#core.remaining = this.#base + budget;
    return this.#prepare(eip) ? 1 : 0;
  }

  /**
   * Makes the page of an EIP ready for the interpreter, and has it enter what is compiled of the place. Raises page
   * faults.
   */
  #prepare(eip: number): boolean {
    const offset = this.#core.mmu.fetchOffset(eip);
    this.#renewContext();
    if (offset === 0 || !this.#thread.enterPage(offset, this.#context.direct)) return false;
    const block = this.#interpreter.code.seek(eip);
    if (block !== null && this.#admit(block)) this.#thread.keepHot(offset);
    return true;
  }

  #hot(eip: number, budget: number): number {
    this.#core.remaining = this.#base + budget;
    const generation = this.#generation;
    const block = this.#heated(eip);
    if (this.#generation !== generation) return -1;
    return block !== null && this.#admit(block) ? 1 : 0;
  }

  // What compiled code calls.

  #away(eip: number, budget: number): number {
    const left = this.#stepAway(eip, budget);
    if (left < 0) return -1;
    this.#renewContext();
    this.#thread.leavePage();
    return left;
  }

  /** The budget after an instruction that may lead anywhere, or -1. */
  #stepAway(eip: number, budget: number): number {
    const core = this.#core;
    const generation = this.#generation;
    this.statistics.steps++;
    core.remaining = this.#base + budget;
    const goesOn = this.#interpreter.stepAway(eip);
    const left = core.remaining - this.#base;
    if (!goesOn || left <= 0 || this.#generation !== generation || core.mmu.isWatched) return -1;
    this.#words[JIT_ATTENTION] = core.nmiBlocked ? NMI_BLOCKED : 0;
    return this.#thread.fitsWide ? left : -1;
  }

  #step(eip: number, budget: number): number {
    const core = this.#core;
    const generation = this.#generation;
    this.statistics.steps++;
    core.remaining = this.#base + budget;
    this.#settle();
    const follows = this.#interpreter.stepOne(eip);
    this.#thread.begin();
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
    // Firmwares wait in 16-bit code: from the second turn on, the handler of IN takes all that there are at once.
    const mayWait = sizeBytes === 1 && this.#isNarrow && core.waiting.mayWait(port);
    if (mayWait && core.waiting.isSoon(port)) return -2;
    const value = core.readPort(port, sizeBytes);
    if (mayWait) core.waiting.note(port, value);
    this.#words[JIT_VALUE >>> 2] = value;
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
    if (!this.#context.direct && (page === 0 || mmu.pageOf(linear) !== page)) return -1;
    this.#renewContext();
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
    return core.attention === 0 && left > 0 && this.#generation === generation && this.#context.isCurrent ? left : -1;
  }

  abandon(): void {
    this.#abandoned = this.#isInside;
  }

  /** What is measured in instructions that have been retired is measured from here on. */
  beginAnew(): void {
    this.#compiled = 0;
    this.#heat.beginAnew();
    this.#context.beginAnew();
    this.#slowSites.beginAnew();
  }

  // Compiling.

  compile(block: Block): void {
    if (isUnsuitable(block, this.#core)) return;
    this.#renewContext();
    this.#compile(block, this.threshold);
  }

  /** What has not run so often is taken over, if another machine has compiled it. */
  #compile(block: Block, threshold: number): void {
    if (isUnsuitable(block, this.#core) || this.#rewrites.areTooMany(block.offset)) return;
    const isCopied = (block.regions?.length ?? 0) >= MAX_COPIES;
    if (block.count < threshold) {
      if (!isCopied) this.#adopt(block);
      return;
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
    this.#renewContext();
    const region = this.#selector.select(
      block,
      this.#context.shape,
      Math.ceil(Math.min(block.count, THREAD_THRESHOLD) / NEIGHBOUR_SHARE),
      this.#slowSites.eips,
      isCopied ? STUB_BLOCKS : MAX_BLOCKS,
    );
    if (region === null) return;
    if (!this.#hasRoom) {
      // Everything is dropped; what is hot comes back.
      this.#interpreter.clear();
      return;
    }
    const { bytes: guest } = this.#core.memory;
    const { module, bytes } = moduleFor(contentKey(region, guest), () => translate(region));
    const known = describe(region, module, guest);
    this.#install(
      known,
      region.blocks.map(({ source }) => source),
    );
    this.#compiled += known.instructions;
    if (!isCopied) remember(known, bytes);
  }

  get #hasRoom(): boolean {
    return !this.#table.isFull && this.#mapEnd <= ENTRY_MAPS + ENTRY_MAPS_BYTES - LARGEST_MEMORY_BYTES;
  }

  /** Takes over what another machine has compiled of the same code, if any has. */
  #adopt(block: Block): void {
    if (!this.#hasRoom) return;
    const shape = this.#context.shape;
    for (const { region, origin } of this.#experience().at(block.eip, this.#core.memory.bytes, block.offset)) {
      const blocks = this.#selector.blocksOf(region.code, origin, block, shape);
      if (blocks === null) continue;
      this.#install(region, blocks);
      return;
    }
  }

  #experience(): Experience {
    return (this.#experienceNow ??= experienceOf(this.#context.shape));
  }

  /** `sources`: the interpreter's block of each of the region's. */
  #install(known: KnownRegion, sources: readonly Block[]): void {
    const { slot, run } = this.#table.install(known);
    const blocks = [...new Set(sources)];
    const entries = known.entries.map((index) => sources[index]!);
    const mapAddress = this.#mapEnd;
    this.#mapEnd = writeRegionMemory(this.#core.memory, mapAddress, known, sources);
    const installed = new MachineRegion(blocks, slot, mapAddress, run, known);
    for (const block of blocks) (block.regions ??= []).push(installed);
    entries.forEach((source, index) => {
      const entry: CompiledEntry = { region: installed, index };
      source.compiled = entry;
      this.#remember(source.eip, installed, index);
    });
    this.statistics.regions++;
    this.statistics.instructions += known.instructions;
  }

  /** A block is gone, and with it go all regions that it is in. */
  #discard(block: Block, isOverwritten: boolean): void {
    if (isOverwritten) this.#heat.forget(block.offset);
    if (block.regions === null) return;
    if (isOverwritten) this.#rewrites.note(block.offset);
    for (const region of block.regions) this.#drop(region as MachineRegion);
  }

  /** All blocks are gone: nothing that was compiled is reached any more. */
  #clear(): void {
    if (!this.#table.isUsed) return;
    this.#generation++;
    this.statistics.discarded += this.#table.installed;
    this.#table.clear();
    this.#thread.renew(this.#table.imports);
    this.#core.memory.bytes.fill(0, ENTRY_MAPS, this.#mapEnd);
    this.#mapEnd = ENTRY_MAPS;
    clearJumps(this.#words);
  }

  #drop(region: MachineRegion): void {
    this.#generation++;
    this.statistics.discarded++;
    forgetJumps(this.#words, region.slot);
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
    if (!this.#slowSites.note(eip, core.retired)) return;
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

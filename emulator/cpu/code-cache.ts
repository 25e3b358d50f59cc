/**
 * Decoded blocks by the bytes they were made from: found by offset in the machine's memory, mode and EIP, and discarded
 * when one of their bytes is written. Bytes of RAM under blocks are marked in the code map (memory.ts), so that writes
 * elsewhere in the same page cost little.
 */

import type { Handler } from "./block.ts";
import { Block, NO_BLOCK } from "./block.ts";
import type { Core } from "./core.ts";
import { InstructionStream, PAGE_END } from "./decode.ts";
import { CpuException, INVALID_OPCODE, raise } from "./exceptions.ts";
import { builderOf, endsBlock } from "./handlers/index.ts";
import type { DecodedInstruction } from "./instruction.ts";
import { linkTo } from "./instruction.ts";
import { BASE, CS, RAM } from "./layout.ts";
import { LEAVE_RUN } from "./probe.ts";

export const MAX_BLOCK_INSTRUCTIONS = 32;
/** Beyond this many blocks all are dropped: code that runs once must not pile up. */
const MAX_BLOCKS = 65536;
const RECENT = 4096;
const PAGE_MASK = 0xfff;
/** Blocks over one byte are counted up to here; so many are never all gone again before everything is dropped. */
const MOST_COUNTED = 255;
/** An immediate of which a byte was overwritten so often is left in memory. */
const MANY_REWRITES = 3;
/** Writes of more bytes do not rewrite an immediate. */
const LARGEST_PATCH_BYTES = 4;
/**
 * Runs before code is decoded: it is cold until then. Where blocks have been overwritten it takes twice as
 * many for each, up to a limit: code that is generated and run once is never worth decoding.
 */
const COLD_RUNS = 16;
const MOST_DOUBLINGS = 2;
/**
 * New bytes take this part of the count: what is new each time stays below COLD_RUNS, a loop that is rewritten now and
 * then does not.
 */
const CHANGE_SHIFT = 3;
const HEAT_ENTRIES = 1 << 12;

export class CodeCache {
  readonly #core: Core;
  readonly #source: InstructionStream;
  /** Blocks by offset of their first byte; blocks of equal offset differ in mode or EIP. */
  readonly #byOffset = new Map<number, Block[]>();
  /** Blocks by each page that they have bytes in. */
  readonly #byPage = new Map<number, Set<Block>>();
  /** Blocks that were looked up last, by EIP. */
  readonly #recent: Block[] = new Array<Block>(RECENT).fill(NO_BLOCK);
  /**
   * For each byte of a page of RAM with blocks: how many of them have it, to see at once that a write beside code hits
   * none.
   */
  readonly #coverage = new Map<number, Uint8Array>();
  #count = 0;
  /** By offset: how many blocks that began there have been overwritten. */
  readonly #rewrites = new Map<number, number>();
  /**
   * By offset of a byte: how often a small write has overwritten it while a block had it. Code that rewrites itself is
   * decoded so that it may.
   */
  readonly #patches = new Map<number, number>();
  /** Runs of cold code by a hash of the offset: offset, a sum of its first bytes, and the count. */
  readonly #heat = new Int32Array(4 * HEAT_ENTRIES);
  /** COLD_RUNS; 0 has all code decoded at first sight. */
  coldRuns = COLD_RUNS;
  /** Whether an engine interprets the code of the mode at hand by itself. */
  interprets: (() => boolean) | null = null;
  /** Called for each block that is discarded because of its bytes, and whether the guest has overwritten them. */
  onDiscarded: ((block: Block, isOverwritten: boolean) => void) | null = null;
  /** Called when all blocks are discarded. */
  onClear: (() => void) | null = null;

  constructor(core: Core) {
    this.#core = core;
    this.#source = new InstructionStream(core);
    this.#source.isLive = (offset, lengthBytes) => this.#isPatched(offset, lengthBytes);
  }

  /** The block that begins at an EIP in the current mode. Raises what fetching its first instruction raises. */
  lookup(eip: number): Block {
    const slot = (eip ^ (eip >>> 12)) & (RECENT - 1);
    const block = this.#recent[slot]!;
    if (block.eip === eip && block.valid && block.modeKey === this.#core.state.modeKey) {
      if (block.epoch === this.#core.mmu.epochAt(eip)) return block;
      // After a change of page tables most code is where it was. What a device answered is not kept.
      this.#source.start(eip);
      if (block.offset !== 0 && this.#source.offset === block.offset && this.#isSecondPageInPlace(block)) {
        block.epoch = this.#core.mmu.epochAt(eip);
        return block;
      }
    } else this.#source.start(eip);
    return (this.#recent[slot] = this.#find(eip));
  }

  /** As `lookup`, but null where the engine interprets the code, until it is compiled. */
  seek(eip: number): Block | null {
    if (this.interprets?.() !== true) return this.lookup(eip);
    const block = this.#recent[(eip ^ (eip >>> 12)) & (RECENT - 1)]!;
    const { state, mmu } = this.#core;
    return block.compiled !== null &&
      block.eip === eip &&
      block.valid &&
      block.modeKey === state.modeKey &&
      block.epoch === mmu.epochAt(eip)
      ? block
      : null;
  }

  /**
   * What the engine's interpreter leaves to a block: one of just the instruction at EIP, of which nothing is kept,
   * until a whole one pays.
   */
  once(eip: number): Block {
    this.#source.start(eip);
    const { offset } = this.#source;
    if (this.coldRuns === 0 || offset === 0 || this.#byOffset.has(offset) || this.#isWarm(offset))
      return this.lookup(eip);
    const block = this.#make(1, false);
    // It is not offered to an engine.
    block.count = 1;
    return block;
  }

  /** Counts a run of cold code, and says whether that was enough. */
  #isWarm(offset: number): boolean {
    const heat = this.#heat;
    const { view } = this.#core.memory;
    if (offset + 16 > view.byteLength) return true;
    const half = Math.imul(view.getInt32(offset, true), 0x9e3779b1) ^ view.getInt32(offset + 4, true);
    const bytes =
      Math.imul(Math.imul(half, 0x9e3779b1) ^ view.getInt32(offset + 8, true), 0x9e3779b1) ^
      view.getInt32(offset + 12, true);
    const at = ((offset ^ (offset >>> 13)) & (HEAT_ENTRIES - 1)) * 4;
    if (heat[at] !== offset) {
      // Two places with one entry: it is for the one that runs more often.
      if (heat[at + 2]! > 0) {
        heat[at + 2]!--;
        return false;
      }
      heat[at] = offset;
      heat[at + 1] = bytes;
    } else if (heat[at + 1] !== bytes) {
      heat[at + 1] = bytes;
      heat[at + 2]! -= heat[at + 2]! >> CHANGE_SHIFT;
    }
    const runs = ++heat[at + 2]!;
    if (runs < this.coldRuns || runs < this.coldRuns << Math.min(this.#rewrites.get(offset) ?? 0, MOST_DOUBLINGS))
      return false;
    heat[at + 2] = 0;
    return true;
  }

  /** The block where `source` stands. */
  #find(eip: number): Block {
    const core = this.#core;
    const source = this.#source;
    if (source.offset !== 0) {
      const variants = this.#byOffset.get(source.offset);
      if (variants !== undefined) {
        for (const block of variants) {
          if (block.eip === eip && block.modeKey === source.mode && this.#isSecondPageInPlace(block)) {
            block.epoch = core.mmu.epochAt(eip);
            return block;
          }
        }
      }
    }
    return this.#make();
  }

  /** A block that is there already, or null. */
  known(offset: number, eip: number): Block | null {
    const { modeKey } = this.#core.state;
    return this.#byOffset.get(offset)?.find((block) => block.eip === eip && block.modeKey === modeKey) ?? null;
  }

  /** The block of code that lies at an offset, decoded if it is new, without asking page tables. It is not entered. */
  at(eip: number, offset: number): Block {
    const known = this.known(offset, eip);
    if (known !== null) return known;
    this.#source.startAt(eip, offset);
    return this.#make();
  }

  /** The same; null where the first instruction faults, or goes on in another page. */
  tryAt(eip: number, offset: number): Block | null {
    try {
      return this.at(eip, offset);
    } catch (error) {
      if (error === PAGE_END || error instanceof CpuException) return null;
      throw error;
    }
  }

  /** Blocks with a byte in the page at an offset. */
  inPage(pageOffset: number): Iterable<Block> {
    return this.#byPage.get(pageOffset) ?? [];
  }

  #isSecondPageInPlace(block: Block): boolean {
    if (block.secondPage === 0) return true;
    const next = ((this.#core.s[BASE + CS]! + block.eip) | PAGE_MASK) + 1;
    return this.#core.mmu.fetchOffset(next | 0) === block.secondPage;
  }

  /** Decodes a block where `source` stands, and keeps it unless it is told not to. */
  #make(mostInstructions = MAX_BLOCK_INSTRUCTIONS, isKept = true): Block {
    const core = this.#core;
    const source = this.#source;
    const { offset } = source;
    const eips: number[] = [];
    const handlers: Handler[] = [];
    const gaps: (readonly [number, number])[] = [];
    let last: DecodedInstruction | null = null;
    let secondPage = 0;
    for (;;) {
      let insn: DecodedInstruction;
      try {
        insn = source.next();
        const builder = builderOf(insn);
        if (builder === null) raise(INVALID_OPCODE);
        else handlers.push(this.#probed(builder(core, insn), insn.eip, handlers.length === 0));
      } catch (error) {
        // What is wrong with a later instruction matters when it is reached.
        if (last !== null && (error === PAGE_END || error instanceof CpuException)) break;
        throw error;
      }
      eips.push(insn.eip);
      last = insn;
      if (insn.displacementAt !== 0) gaps.push([insn.displacementAt, insn.displacementBytes]);
      if (insn.immediateAt !== 0) gaps.push([insn.immediateAt, insn.immediateBytes]);
      secondPage = source.secondPage;
      const wraps = insn.next >>> 0 <= insn.eip >>> 0;
      if (offset === 0 || secondPage !== 0 || endsBlock(insn) || wraps || handlers.length === mostInstructions) break;
      if (source.pageLow > PAGE_MASK || insn.next >>> 0 > source.codeLimit) break;
    }
    eips.push(last.next);
    core.counters.blocksDecoded++;
    core.counters.instructionsDecoded += handlers.length;
    const block = new Block({
      offset,
      secondPage,
      modeKey: last.mode,
      // Copies without the room that arrays keep for growing: a machine has thousands of short blocks.
      eips: eips.slice(),
      handlers: handlers.slice(),
      lengthBytes: (last.next - eips[0]!) & 0xffff,
      gaps,
      fallthrough: linkTo(last, last.next),
    });
    // Code that a device answers is decoded again each time.
    if (offset !== 0 && isKept) this.#add(block);
    return block;
  }

  /** The handler, with the code probe in front of it where that wants to be. A single step asks the probe by itself. */
  #probed(handler: Handler, eip: number, isFirst: boolean): Handler {
    const core = this.#core;
    const probe = core.codeProbe;
    const linear = (core.s[BASE + CS]! + eip) | 0;
    if (probe === null || !probe.wants(linear, isFirst)) return handler;
    return () => {
      if (!core.stepping && probe.reached(linear)) throw LEAVE_RUN;
      handler();
    };
  }

  #add(block: Block): void {
    if (this.#count === MAX_BLOCKS) this.clear();
    this.#count++;
    block.epoch = this.#core.mmu.epochAt(block.eip);
    const variants = this.#byOffset.get(block.offset);
    if (variants === undefined) this.#byOffset.set(block.offset, [block]);
    else variants.push(block);
    for (const [offset, length] of pieces(block)) {
      const page = offset & ~PAGE_MASK;
      let blocks = this.#byPage.get(page);
      if (blocks === undefined) this.#byPage.set(page, (blocks = new Set()));
      if (page >= RAM && !this.#core.memory.isWatched(page)) this.#core.mmu.protectCodePage(page);
      blocks.add(block);
      this.#core.memory.markCodePage(page);
      this.#cover(offset, length, 1);
    }
  }

  /** A block has these bytes of one page, or has them no more. What lies in a ROM never changes and is not counted. */
  #cover(offset: number, lengthBytes: number, change: 1 | -1): void {
    if (offset < RAM) return;
    const { memory } = this.#core;
    const page = offset & ~PAGE_MASK;
    let counts = this.#coverage.get(page);
    if (counts === undefined) this.#coverage.set(page, (counts = new Uint8Array(PAGE_MASK + 1)));
    for (let at = offset; at < offset + lengthBytes; at++) {
      const before = counts[at - page]!;
      if (before === MOST_COUNTED) continue;
      counts[at - page] = before + change;
      if (before === 0) memory.markCode(at);
      else if (before + change === 0) memory.unmarkCode(at, 1);
    }
  }

  /** Whether a block has one of these bytes of one page of RAM. */
  covers(offset: number, lengthBytes: number): boolean {
    return this.#isCovered(offset & ~PAGE_MASK, offset, offset + lengthBytes);
  }

  /** Whether a block has one of the bytes; the range lies within the page. */
  #isCovered(page: number, offset: number, end: number): boolean {
    const counts = this.#coverage.get(page);
    if (counts !== undefined) for (let at = offset; at < end; at++) if (counts[at - page] !== 0) return true;
    return false;
  }

  #isPatched(offset: number, lengthBytes: number): boolean {
    for (let at = offset; at < offset + lengthBytes; at++)
      if ((this.#patches.get(at) ?? 0) >= MANY_REWRITES) return true;
    return false;
  }

  #notePatch(offset: number, lengthBytes: number): void {
    if (lengthBytes > LARGEST_PATCH_BYTES) return;
    if (this.#patches.size > MAX_BLOCKS) this.#patches.clear();
    for (let at = offset; at < offset + lengthBytes; at++) this.#patches.set(at, (this.#patches.get(at) ?? 0) + 1);
  }

  /** Discards the blocks that have a byte in a range, if any: a marked line may hold data beside its code. */
  overwritten(offset: number, lengthBytes: number): void {
    const end = offset + lengthBytes;
    for (let page = offset & ~PAGE_MASK; page < end; page += PAGE_MASK + 1) {
      const blocks = this.#byPage.get(page);
      if (blocks === undefined || !this.#isCovered(page, Math.max(offset, page), Math.min(end, page + PAGE_MASK + 1)))
        continue;
      this.#notePatch(offset, lengthBytes);
      for (const block of blocks)
        if (pieces(block).some(([at, length]) => at < end && offset < at + length)) {
          if (this.#rewrites.size === MAX_BLOCKS) this.#rewrites.clear();
          this.#rewrites.set(block.offset, (this.#rewrites.get(block.offset) ?? 0) + 1);
          this.#remove(block, true);
        }
      this.#core.leaveBlock();
    }
  }

  /**
   * A page has other contents, and had these: discards the blocks of which a byte differs. Nothing is learnt from it,
   * because it is nothing that the guest does.
   */
  replaced(page: number, before: Uint8Array): void {
    const { bytes } = this.#core.memory;
    const isSame = (offset: number, length: number): boolean => {
      const end = Math.min(offset + length, page + PAGE_MASK + 1);
      for (let at = Math.max(offset, page); at < end; at++) if (bytes[at] !== before[at - page]) return false;
      return true;
    };
    if (isSame(page, PAGE_MASK + 1)) return;
    for (const block of this.inPage(page))
      if (!pieces(block).every(([offset, length]) => isSame(offset, length))) this.#remove(block, false);
  }

  #remove(block: Block, isOverwritten: boolean): void {
    block.valid = false;
    this.onDiscarded?.(block, isOverwritten);
    this.#core.counters.blocksDiscarded++;
    this.#count--;
    const variants = this.#byOffset.get(block.offset)!;
    if (variants.length === 1) this.#byOffset.delete(block.offset);
    else variants.splice(variants.indexOf(block), 1);
    for (const [offset, length] of pieces(block)) {
      const page = offset & ~PAGE_MASK;
      const blocks = this.#byPage.get(page)!;
      blocks.delete(block);
      this.#cover(offset, length, -1);
      if (blocks.size === 0) this.#core.memory.unmarkCodePage(page);
    }
  }

  /** Discards everything. */
  clear(): void {
    for (const variants of this.#byOffset.values()) {
      for (const block of variants) {
        block.valid = false;
        block.compiled = null;
        block.regions = null;
      }
    }
    for (const page of this.#byPage.keys()) this.#core.memory.unmarkCodePage(page);
    this.#byOffset.clear();
    this.#byPage.clear();
    for (const page of this.#coverage.keys()) this.#core.memory.unmarkCode(page, PAGE_MASK + 1);
    this.#coverage.clear();
    this.#count = 0;
    this.onClear?.();
    this.#core.leaveBlock();
  }
}

/** The one or two ranges of a block's bytes, as offset and length. */
function pieces(block: Block): readonly (readonly [number, number])[] {
  if (block.gaps.length > 0 && block.secondPage === 0) return between(block);
  if (block.secondPage === 0) return [[block.offset, block.lengthBytes]];
  const first = PAGE_MASK + 1 - (block.offset & PAGE_MASK);
  return [
    [block.offset, first],
    [block.secondPage, block.lengthBytes - first],
  ];
}

/** The bytes of a block around its gaps. */
function between({ offset, lengthBytes, gaps }: Block): (readonly [number, number])[] {
  const result: (readonly [number, number])[] = [];
  let at = offset;
  for (const [gap, length] of gaps) {
    if (gap > at) result.push([at, gap - at]);
    at = gap + length;
  }
  if (at < offset + lengthBytes) result.push([at, offset + lengthBytes - at]);
  return result;
}

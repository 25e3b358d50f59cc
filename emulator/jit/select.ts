/**
 * Which blocks go into a region: the one that grew hot, what it leads to as far as it has run too, and, where jumps are
 * indirect, what else is hot in its page. Code of a few other pages joins in without paging, and in programs: these
 * call short routines of libraries all the time.
 */
import type { Block } from "../cpu/block.ts";
import { type CodeCache, MAX_BLOCK_INSTRUCTIONS } from "../cpu/code-cache.ts";
import type { Core } from "../cpu/core.ts";
import { InstructionStream } from "../cpu/decode.ts";
import type { DecodedInstruction } from "../cpu/instruction.ts";
import { BASE, CS, EFER, RAM } from "../cpu/layout.ts";
import { EFER_NXE, isNarrowMode, MODE_CODE32, MODE_USER } from "../cpu/state.ts";
import { isParagraph } from "./jump-cache.ts";
import { type KnownCode, lies } from "./known-region.ts";
import type { Region, RegionBlock } from "./region.ts";
import { calledBy, endingOf, MOST_PAGES, pageOf, placeRegister, returnSiteOf, successorsOf } from "./region.ts";
import { isNarrow, type Shape } from "./shape.ts";
import type { Heat } from "./threaded/heat.ts";

const MAX_INSTRUCTIONS = 800;
/** Code without branches that is longer, in instructions, is as much work in as many fewer runs. */
const USUAL_LENGTH = 8;
const PAGE_MASK = 0xfff;
/** Of so many places it is kept how much code follows. */
const MOST_LENGTHS = 1 << 14;

export class RegionSelector {
  readonly #core: Core;
  readonly #code: CodeCache;
  readonly #heat: Heat;
  readonly #source: InstructionStream;
  /** By offset: what `#lengthAt` has found, and the first bytes there: only when code is compiled depends on it. */
  readonly #lengths = new Map<number, { readonly bytes: number; readonly length: number }>();

  constructor(core: Core, code: CodeCache, heat: Heat) {
    this.#core = core;
    this.#code = code;
    this.#heat = heat;
    this.#source = new InstructionStream(core);
  }

  /** Null when the block's code is nothing to compile. Candidates have to have run `leastCount` times. */
  select(
    hot: Block,
    shape: Shape,
    leastCount: number,
    slowSites: ReadonlySet<number>,
    mostBlocks: number,
  ): Region | null {
    if (!isPlain(hot)) return null;
    const chosen = new Map<number, RegionBlock>();
    const roots: number[] = [];
    let instructions = 0;
    const queue: Block[] = [];
    const offer = (eip: number): void => {
      if (chosen.has(eip)) return;
      const block = this.#blockAt(eip, hot, shape, leastCount);
      if (block !== null && block.count >= leastCount && isPlain(block)) queue.push(block);
    };
    // What goes on with a block that is only too long has run as often, and nobody has counted it.
    const follow = (eip: number): void => {
      const offset = this.#offsetAt(eip, hot, shape);
      if (offset === 0) return;
      const block = this.#code.tryAt(eip, offset);
      if (block !== null && isPlain(block)) queue.push(block);
    };
    const pages = new Set([pageOf(hot.eip)]);
    let counted = 0;
    const take = (block: Block): void => {
      if (chosen.has(block.eip) || instructions >= MAX_INSTRUCTIONS) return;
      const decoded = this.#decode(block);
      // Calls of those routines become a few instructions, so that they are no burden.
      const isCounted = placeRegister(decoded) < 0;
      if (isCounted && counted >= mostBlocks) return;
      const page = pageOf(block.eip);
      if (!shape.isPlaced && !isNarrow(shape) && page !== pageOf(hot.eip)) {
        if (pages.size === MOST_PAGES && !pages.has(page)) return;
        pages.add(page);
      }
      if (isCounted) counted++;
      chosen.set(block.eip, decoded);
      instructions += decoded.instructions.length;
      if (isCut(decoded)) follow(decoded.next);
      for (const eip of successorsOf(decoded)) offer(eip);
      const site = returnSiteOf(decoded);
      if (site !== null) offer(site);
    };
    const closure = (): void => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) take(next);
    };
    take(hot);
    closure();
    if (
      [...chosen.values()].some(({ instructions: list }) =>
        ["indirect", "patched"].includes(endingOf(list[list.length - 1]!)),
      )
    ) {
      const near = [...this.#code.inPage(hot.offset & ~PAGE_MASK)]
        .filter(
          (block) =>
            block.count >= leastCount &&
            block.modeKey === hot.modeKey &&
            isPlain(block) &&
            ((block.eip - hot.eip) | 0) === block.offset - hot.offset,
        )
        .sort((a, b) => Math.abs(a.offset - hot.offset) - Math.abs(b.offset - hot.offset));
      for (const block of near) {
        if (chosen.has(block.eip)) continue;
        roots.push(block.eip);
        take(block);
        closure();
      }
    }
    const blocks = split([...chosen.values()]);
    return {
      shape,
      blocks,
      entries: entriesOf(blocks, roots),
      lowRegisters: shape.direct ? this.#lowRegisters() : 0,
      slowSites: new Set(
        blocks.flatMap(({ instructions: list }) => list.map(({ eip }) => eip)).filter((eip) => slowSites.has(eip)),
      ),
    };
  }

  /** After how many runs the code at an EIP is compiled, where it is after `most` of code of the usual length. */
  thresholdAt(eip: number, offset: number, most: number): number {
    const { view } = this.#core.memory;
    const bytes = offset + 4 <= view.byteLength ? view.getInt32(offset, true) : 0;
    const known = this.#lengths.get(offset);
    if (known?.bytes === bytes) return Math.min(most, (most * USUAL_LENGTH) / known.length);
    const length = this.#lengthAt(eip, offset);
    if (this.#lengths.size === MOST_LENGTHS) this.#lengths.clear();
    this.#lengths.set(offset, { bytes, length });
    return Math.min(most, (most * USUAL_LENGTH) / length);
  }

  /** How many instructions follow each other at an EIP, as far as blocks end only because they are too long. */
  #lengthAt(eip: number, offset: number): number {
    let length = 0;
    for (let at = offset; (at ^ offset) >>> 12 === 0; ) {
      const block = this.#code.tryAt((eip + at - offset) | 0, at);
      if (block === null) break;
      length += block.handlers.length;
      if (block.handlers.length < MAX_BLOCK_INSTRUCTIONS) break;
      at += block.lengthBytes;
    }
    return Math.max(1, length);
  }

  #lowRegisters(): number {
    let bits = 0;
    for (let register = 0; register < 8; register++) if (this.#core.s[register]! >>> 0 < 0xa0000) bits |= 1 << register;
    return bits;
  }

  /**
   * The interpreter's blocks of code that lies around `hot`, counted from `origin`, decoded where they are new; null if
   * it is other code.
   */
  blocksOf(code: readonly KnownCode[], origin: number, hot: Block, shape: Shape): readonly Block[] | null {
    if (!isPlain(hot)) return null;
    const { bytes: memory } = this.#core.memory;
    const offsets: number[] = [];
    for (const known of code) {
      const offset = this.#offsetAt((known.eip + origin) | 0, hot, shape);
      if (offset === 0 || !lies(known, memory, offset)) return null;
      offsets.push(offset);
    }
    const blocks = code.map(({ eip }, index) => this.#code.at((eip + origin) | 0, offsets[index]!));
    const isSame = blocks.every(
      (block, index) => isPlain(block) && block.gaps.length === 0 && block.lengthBytes >= code[index]!.bytes.length,
    );
    return isSame && hot.valid ? blocks : null;
  }

  /** The block at an EIP, with its count, if it may have run `leastCount` times. */
  #blockAt(eip: number, hot: Block, shape: Shape, leastCount: number): Block | null {
    const offset = this.#offsetAt(eip, hot, shape);
    if (offset === 0) return null;
    const runs = this.#heat.runsOf(offset);
    if (runs < leastCount) return this.#code.known(offset, eip);
    const block = this.#code.at(eip, offset);
    block.count = Math.max(block.count, runs);
    return block;
  }

  /** Where the code at an EIP lies, if it may be in one region with `hot` and nothing has to be looked up; else 0. */
  #offsetAt(eip: number, hot: Block, shape: Shape): number {
    if (eip >>> 0 > shape.codeLimit) return 0;
    const linear = (this.#core.s[BASE + CS]! + eip) >>> 0;
    const hotLinear = (this.#core.s[BASE + CS]! + hot.eip) >>> 0;
    if (linear >>> 12 === hotLinear >>> 12) return (hot.offset & ~PAGE_MASK) | (linear & PAGE_MASK);
    // Kernels do too many things for it to pay: the boot of one takes longer.
    if (!shape.isPlaced && (shape.mode & MODE_USER) !== 0 && maySpanPages(this.#core) && !isNarrow(shape)) {
      const page = this.#core.mmu.fetchedPage(linear);
      return page < RAM ? 0 : page | (linear & PAGE_MASK);
    }
    const isElsewhere = (address: number): boolean =>
      address >= shape.ramBytes || (address >= 0xa0000 && address < 0x100000);
    if (!shape.isPlaced || hot.offset < RAM || isElsewhere(linear)) return 0;
    // Also by another base of CS it would be somewhere else.
    if (isNarrow(shape) && isElsewhere(hotLinear)) return 0;
    return RAM + linear;
  }

  #decode(block: Block): RegionBlock {
    const source = this.#source;
    source.isLive = (offset) => block.gaps.some(([at]) => at === offset);
    source.startAt(block.eip, block.offset);
    const instructions: DecodedInstruction[] = [];
    for (let i = 0; i < block.handlers.length; i++) instructions.push(source.next());
    return { eip: block.eip, instructions, next: block.eips[block.handlers.length]!, source: block };
  }
}

/**
 * Whether a region may be in several pages while page tables decide where they are: it looks for them in the
 * translation tables, by EIP, and these do not say what must not be executed.
 */
export function maySpanPages({ s }: Core): boolean {
  return s[BASE + CS] === 0 && (s[EFER]! & EFER_NXE) === 0;
}

/**
 * What a device answers is left to the interpreter, and 16-bit code of segments that neither that nor the jump cache is
 * for.
 */
export function isUnsuitable({ offset, modeKey }: Block, { s }: Core): boolean {
  if ((modeKey & MODE_CODE32) !== 0) return offset === 0;
  return offset === 0 || !isNarrowMode(modeKey) || !isParagraph(s[BASE + CS]!);
}

/** It has no end of its own. */
function isCut({ instructions: list }: RegionBlock): boolean {
  return endingOf(list[list.length - 1]!) === "next";
}

/** In memory and within one page. */
function isPlain(block: Block): boolean {
  return block.valid && block.offset !== 0 && block.secondPage === 0;
}

/** Blocks that run into the start of another end there. */
function split(blocks: readonly RegionBlock[]): RegionBlock[] {
  const starts = new Set(blocks.map(({ eip }) => eip));
  return blocks.map((block) => {
    const end = block.instructions.findIndex(({ eip }, i) => i > 0 && starts.has(eip));
    return end < 0
      ? block
      : { ...block, instructions: block.instructions.slice(0, end), next: block.instructions[end]!.eip };
  });
}

/**
 * Blocks that control may come to from elsewhere: by calls and returns, by indirect jumps, and loops after a way
 * through the interpreter.
 */
function entriesOf(blocks: readonly RegionBlock[], roots: readonly number[]): number[] {
  const index = new Map(blocks.map(({ eip }, i) => [eip, i]));
  const reached = new Set<number>();
  const entries = new Set<number>([0]);
  const add = (eip: number): void => {
    const at = index.get(eip);
    if (at !== undefined) entries.add(at);
  };
  for (const block of blocks) {
    const last = block.instructions[block.instructions.length - 1]!;
    const called = blocks[index.get(calledBy(block) ?? -1) ?? -1];
    if (called !== undefined && placeRegister(called) >= 0) {
      reached.add(called.eip).add(block.next);
      continue;
    }
    for (const eip of successorsOf(block)) {
      reached.add(eip);
      if (eip >>> 0 <= last.eip >>> 0 || endingOf(last) === "call") add(eip);
    }
    const site = returnSiteOf(block);
    if (site !== null) add(site);
  }
  for (const eip of roots) add(eip);
  for (const { eip } of blocks) if (!reached.has(eip)) add(eip);
  return [...entries];
}

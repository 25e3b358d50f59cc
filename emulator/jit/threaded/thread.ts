/** The interpreter of one machine: its instance, and the pages that it may run in. */
import { BRANCH } from "../../cpu/branches.ts";
import type { Core } from "../../cpu/core.ts";
import {
  BASE,
  CS,
  codeMapOffset,
  EIP,
  isUpper,
  JIT_CONTEXT,
  JIT_UPPER_CONTEXT,
  THREAD_CODE_MAP,
  THREAD_CONTEXT,
  THREAD_COUNT_ENTRIES,
  THREAD_COUNTS,
  THREAD_DELTA,
  THREAD_FIRST_READ_TABLE,
  THREAD_FIRST_WRITE_TABLE,
  THREAD_LAST,
  THREAD_LENGTH,
  THREAD_PAGE_ENTRIES,
  THREAD_PAGES,
  THREAD_READ_TABLE,
  THREAD_START,
  THREAD_WAY,
  THREAD_WAY_ENTRIES,
  THREAD_WAYS,
  THREAD_WRITE_TABLE,
  TLB_DELTA,
} from "../../cpu/layout.ts";
import { isNarrowMode, MODE_CODE32, MODE_FLAT, MODE_STACK32, MODE_USER, MODE_WHOLE } from "../../cpu/state.ts";
import type { RegionImports } from "../instance.ts";
import { writeModrmTables } from "./address.ts";
import { codeLimitOf, HOT_RUNS, LONGEST_BYTES } from "./functions.ts";
import { interpreterModule } from "./module.ts";

const PAGE_BYTES = 4096;
const PAGE_MASK = 0xfff;

/**
 * The mode of 32-bit code that it is for, at any privilege: with all segments flat. That of 16-bit code is
 * isNarrowMode.
 */
const MODE_32 = MODE_CODE32 | MODE_STACK32 | MODE_FLAT | MODE_WHOLE;

type Run = (nothing: number, budget: number, place: number) => number;

/** What the interpreter asks the engine: see THREAD_IMPORTS. */
export interface ThreadEngine {
  leap(eip: number, budget: number): number;
  page(eip: number, budget: number): number;
  hot(eip: number, budget: number): number;
}

export class Thread {
  readonly #core: Core;
  readonly #words: Int32Array;
  readonly #runs: Record<16 | 32, Run | null> = { 16: null, 32: null };
  readonly #counts: Uint16Array;
  readonly #engine: ThreadEngine;
  #imports: RegionImports;
  /** Of 16-bit code that runs: `CpuState.codeKey` and the epoch as they stand for each other, or -1. */
  #known = -1;
  #epoch = 0;

  /** `imports`: of the machine's regions. */
  constructor(core: Core, imports: RegionImports, engine: ThreadEngine) {
    this.#core = core;
    this.#engine = engine;
    this.#words = core.memory.words;
    this.#imports = imports;
    this.#counts = new Uint16Array(this.#words.buffer, THREAD_COUNTS, THREAD_COUNT_ENTRIES);
    writeModrmTables(this.#words);
    this.#words[THREAD_CODE_MAP >>> 2] = codeMapOffset(core.memory.ramBytes);
  }

  /** Regions have another table from now on. */
  renew(imports: RegionImports): void {
    this.#imports = imports;
    this.#runs[16] = null;
    this.#runs[32] = null;
  }

  /**
   * Prepares to run from EIP on, at an offset in the machine's memory that it leads to. False where the instruction may
   * reach into a page that is elsewhere.
   */
  enterPage(offset: number, isUnpaged: boolean): boolean {
    const words = this.#words;
    const { s, mmu } = this.#core;
    const base = s[BASE + CS]!;
    const page = (base + s[EIP]!) & ~PAGE_MASK;
    const start = offset & ~PAGE_MASK;
    const next = (page + PAGE_BYTES) | 0;
    // Without page tables nobody can tell that the page was looked for.
    const isContiguous = (isUnpaged ? mmu.fetchOffset(next) : mmu.fetchedPage(next)) === start + PAGE_BYTES;
    const lastOfPage = start + PAGE_MASK - (isContiguous ? 0 : LONGEST_BYTES);
    const delta = (page - start - base) | 0;
    const last = this.#codeBits === 16 ? Math.min(lastOfPage, codeLimitOf(16) - LONGEST_BYTES - delta) : lastOfPage;
    words[THREAD_START >>> 2] = start;
    words[THREAD_LAST >>> 2] = last;
    words[THREAD_LENGTH >>> 2] = last - start;
    words[THREAD_DELTA >>> 2] = delta;
    this.#takeTables();
    const isNarrow = this.#codeBits === 16;
    const contextAt = isNarrow ? THREAD_CONTEXT : isUpper(page) ? JIT_UPPER_CONTEXT : JIT_CONTEXT;
    const context = words[(contextAt >>> 2) + 1]!;
    const at = (THREAD_PAGES >>> 2) + 4 * (((page >>> 12) ^ context) & (THREAD_PAGE_ENTRIES - 1));
    words[at] = page;
    words[at + 1] = context;
    words[at + 2] = start;
    words[at + 3] = lastOfPage;
    return offset <= last;
  }

  /** Takes the translation tables of the current privilege. */
  #takeTables(): void {
    const words = this.#words;
    const { mmu } = this.#core;
    const tables = words[TLB_DELTA >>> 2]!;
    words[THREAD_READ_TABLE >>> 2] = mmu.readTlb.byteOffset;
    words[THREAD_WRITE_TABLE >>> 2] = mmu.writeTlb.byteOffset;
    words[THREAD_FIRST_READ_TABLE >>> 2] = mmu.readTlb.byteOffset - tables;
    words[THREAD_FIRST_WRITE_TABLE >>> 2] = mmu.writeTlb.byteOffset - tables;
  }

  /**
   * Compiled code has gone to where the page that the interpreter came from may be another one: whatever place it comes
   * back to is looked for.
   */
  leavePage(): void {
    this.#words[THREAD_START >>> 2] = -1;
    this.#words[THREAD_LENGTH >>> 2] = 0;
    this.#takeTables();
  }

  /** Whether the instruction at EIP was not begun because its page ends. */
  isAtEnd(eip: number): boolean {
    const words = this.#words;
    return ((eip - words[THREAD_DELTA >>> 2]!) | 0) > words[THREAD_LAST >>> 2]!;
  }

  /**
   * What is compiled of the place at an offset is to be entered as soon as it is come to again, and not after another
   * HOT_RUNS: the interpreter has asked because the jump cache did not know it in this context.
   */
  keepHot(offset: number): void {
    this.#counts[(offset ^ (offset >>> 13)) & (THREAD_COUNT_ENTRIES - 1)] = HOT_RUNS - 1;
  }

  /** 16-bit code is about to run, or has been run by the handlers of cpu/, which say what they do. */
  begin(): void {
    const { state, mmu } = this.#core;
    this.#known = (state.modeKey & MODE_CODE32) === 0 ? state.codeKey : -1;
    this.#epoch = mmu.epoch;
  }

  /**
   * Takes note of segments that 16-bit code has loaded by itself since it began. What is known by EIP is known for
   * another code segment then; and where something else has moved, too, for none.
   */
  settle(): void {
    if (this.#known < 0) return;
    const { state, mmu } = this.#core;
    const known = this.#known;
    const key = state.codeKey;
    if (key !== known && mmu.epoch !== this.#epoch) mmu.renew();
    else mmu.rebase(known, key);
    state.updateMode();
    this.begin();
  }

  /** Runs; an EXIT_*. */
  run(budget: number, place: number): number {
    const codeBits = this.#codeBits;
    const run = (this.#runs[codeBits] ??= this.#instantiate(codeBits));
    if (codeBits === 32) return run(0, budget, place);
    const words = this.#words;
    words[THREAD_WAY >>> 2] = 0;
    words[THREAD_WAYS >>> 2] = -1;
    try {
      return run(0, budget, place);
    } finally {
      this.#noteWays(words[THREAD_WAY >>> 2]!);
    }
  }

  /** So many branches were taken, of which the last ones are known. */
  #noteWays(count: number): void {
    const words = this.#words;
    const { branches } = this.#core;
    for (let number = Math.max(1, count - THREAD_WAY_ENTRIES + 1); number <= count; number++) {
      const at = (THREAD_WAYS >>> 2) + 4 * (number & (THREAD_WAY_ENTRIES - 1));
      branches.note(BRANCH, words[at]!, words[at + 1]!, words[at + 3]!, words[at + 2]!);
    }
  }

  /** Whether it is for the mode at hand. */
  get fitsMode(): boolean {
    return this.fitsWide || isNarrowMode(this.#core.state.modeKey);
  }

  /** Whether the mode at hand is one of 32-bit code that it is for. */
  get fitsWide(): boolean {
    const { state, s } = this.#core;
    return (state.modeKey & ~MODE_USER) === MODE_32 && s[BASE + CS] === 0;
  }

  get #codeBits(): 16 | 32 {
    return (this.#core.state.modeKey & MODE_CODE32) !== 0 ? 32 : 16;
  }

  #instantiate(codeBits: 16 | 32): Run {
    const { model, pauseTurn } = this.#core;
    const m = {
      ...this.#imports["m"],
      ...this.#engine,
    };
    const module = interpreterModule({ codeBits, model, takesTurns: pauseTurn !== null });
    return new WebAssembly.Instance(module, { m }).exports["run"] as Run;
  }
}

/** The interpreter of one machine: its instance, and the pages that it may run in. */
import type { Core } from "../../cpu/core.ts";
import {
  codeMapOffset,
  EIP,
  isUpper,
  JIT_CONTEXT,
  JIT_UPPER_CONTEXT,
  THREAD_CODE_MAP,
  THREAD_DELTA,
  THREAD_FIRST_READ_TABLE,
  THREAD_FIRST_WRITE_TABLE,
  THREAD_LAST,
  THREAD_LENGTH,
  THREAD_PAGE_ENTRIES,
  THREAD_PAGES,
  THREAD_READ_TABLE,
  THREAD_START,
  THREAD_WRITE_TABLE,
  TLB_DELTA,
} from "../../cpu/layout.ts";
import type { RegionImports } from "../instance.ts";
import { writeModrmTable } from "./address.ts";
import { entranceModule, interpreterModule } from "./module.ts";

const PAGE_BYTES = 4096;
const PAGE_MASK = 0xfff;
/** An instruction that might reach into a page that is elsewhere is not begun. */
const LONGEST_BYTES = 15;

type Run = (nothing: number, budget: number, place: number) => number;

export class Thread {
  readonly #core: Core;
  readonly #words: Int32Array;
  #run: Run | null = null;
  #imports: RegionImports;

  /** `imports`: of the machine's regions. */
  constructor(core: Core, imports: RegionImports) {
    this.#core = core;
    this.#words = core.memory.words;
    this.#imports = imports;
    writeModrmTable(this.#words);
    this.#words[THREAD_CODE_MAP >>> 2] = codeMapOffset(core.memory.ramBytes);
  }

  /** Regions have another table from now on. */
  renew(imports: RegionImports): void {
    this.#imports = imports;
    this.#run = null;
  }

  /**
   * Prepares to run from EIP on, at an offset in the machine's memory that it leads to. False where the instruction may
   * reach into a page that is elsewhere.
   */
  enterPage(offset: number, isUnpaged: boolean): boolean {
    const words = this.#words;
    const { s, mmu } = this.#core;
    const eip = s[EIP]!;
    const page = eip & ~PAGE_MASK;
    const start = offset & ~PAGE_MASK;
    const next = (page + PAGE_BYTES) | 0;
    // Without page tables nobody can tell that the page was looked for.
    const isContiguous = (isUnpaged ? mmu.fetchOffset(next) : mmu.fetchedPage(next)) === start + PAGE_BYTES;
    const last = start + PAGE_MASK - (isContiguous ? 0 : LONGEST_BYTES);
    words[THREAD_START >>> 2] = start;
    words[THREAD_LAST >>> 2] = last;
    words[THREAD_LENGTH >>> 2] = last - start;
    words[THREAD_DELTA >>> 2] = page - start;
    const delta = words[TLB_DELTA >>> 2]!;
    words[THREAD_READ_TABLE >>> 2] = mmu.readTlb.byteOffset;
    words[THREAD_WRITE_TABLE >>> 2] = mmu.writeTlb.byteOffset;
    words[THREAD_FIRST_READ_TABLE >>> 2] = mmu.readTlb.byteOffset - delta;
    words[THREAD_FIRST_WRITE_TABLE >>> 2] = mmu.writeTlb.byteOffset - delta;
    const at = (THREAD_PAGES >>> 2) + 4 * ((page >>> 12) & (THREAD_PAGE_ENTRIES - 1));
    words[at] = page;
    words[at + 1] = words[((isUpper(eip) ? JIT_UPPER_CONTEXT : JIT_CONTEXT) >>> 2) + 1]!;
    words[at + 2] = start;
    words[at + 3] = last;
    return offset <= last;
  }

  /** Whether the instruction at EIP was not begun because its page ends. */
  isAtEnd(eip: number): boolean {
    const words = this.#words;
    return ((eip - words[THREAD_DELTA >>> 2]!) | 0) > words[THREAD_LAST >>> 2]!;
  }

  /** Runs; an EXIT_*. */
  run(budget: number, place: number): number {
    return (this.#run ??= this.#instantiate())(0, budget, place);
  }

  #instantiate(): Run {
    const { model, pauseTurn } = this.#core;
    const { enter } = new WebAssembly.Instance(entranceModule(), this.#imports).exports;
    const m = { ...this.#imports["m"], enter: enter as () => number };
    const module = interpreterModule({ model, takesTurns: pauseTurn !== null });
    return new WebAssembly.Instance(module, { m }).exports["run"] as Run;
  }
}

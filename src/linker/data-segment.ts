/**
 * DATA_SEGMENT_ALIGN and its companions: where the data begins, so that as few pages as possible are shared with the
 * code, and so that what is made read-only after loading ends with a page (GNU ld 2.40, "Builtin Functions"). The
 * segment is laid out once with a guess, then moved.
 */
import { alignUp } from "../object/align.ts";
import type { OutputSection } from "./output-section.ts";
import type { DataSegmentFunction } from "./script/evaluate.ts";
import { isThreadBss, SEC_ALLOC } from "./section-flags.ts";

type Phase = "none" | "align" | "relro" | "end" | "done" | "adjust" | "relro-adjust";

export class DataSegment {
  /** Addresses of the part that becomes read-only after loading; equal when there is none. */
  relroStart = 0;
  relroEnd = 0;
  #phase: Phase = "none";
  #base = 0;
  #end = 0;
  #relroLimit = 0;
  #relroOffset = 0;
  /** CONSTANT(COMMONPAGESIZE), as the script gives it. */
  #pageBytes = 0x1000;
  /** CONSTANT(MAXPAGESIZE): what is protected ends with a page of any size. */
  #protectedPageBytes = 0x1000;
  /** -z relro, and something is there to be made read-only. */
  readonly #relro: boolean;

  constructor(relro: boolean) {
    this.#relro = relro;
  }

  restart(): void {
    this.#phase = "none";
  }

  /** Moves the segment after a first pass over the sections. True when a second pass has to lay it out there. */
  adjust(sections: readonly OutputSection[]): boolean {
    this.relroStart = this.relroEnd = 0;
    if (this.#phase !== "end") return false;
    if (this.#relro && this.#relroLimit !== 0) {
      let desired = alignUp(this.#relroLimit, this.#protectedPageBytes) - this.#relroOffset;
      for (const section of [...sections].reverse()) {
        if (
          section.excluded ||
          (section.flags & SEC_ALLOC) === 0 ||
          section.address < this.#base ||
          section.address >= this.#relroLimit - this.#relroOffset
        )
          continue;
        const end = section.address + (isThreadBss(section.flags) ? 0 : section.sizeBytes);
        desired = Math.floor((section.address + desired - end) / section.align) * section.align;
      }
      this.#base = desired;
      this.#phase = "relro-adjust";
      return true;
    }
    const first = -this.#base & (this.#pageBytes - 1);
    const last = this.#end & (this.#pageBytes - 1);
    const savesPage =
      first !== 0 &&
      last !== 0 &&
      Math.floor(this.#base / this.#pageBytes) !== Math.floor(this.#end / this.#pageBytes) &&
      first + last <= this.#pageBytes;
    this.#phase = savesPage ? "adjust" : "done";
    return savesPage;
  }

  /** After the pass that followed `adjust`. */
  settle(): void {
    if (this.#phase !== "relro-adjust") return;
    this.relroStart = this.#base;
    this.relroEnd = this.#relroLimit;
  }

  evaluate(name: DataSegmentFunction, first: number, second: number, dot: number): number {
    if (name === "DATA_SEGMENT_ALIGN") {
      let result = alignUp(dot, first);
      if (this.#phase === "relro-adjust") return this.#base;
      if (this.#phase === "adjust") return second < first ? result + ((dot + second - 1) & (first - second)) : result;
      if (!this.#relro) result += dot & (first - 1);
      if (this.#phase === "none") {
        this.#phase = "align";
        this.#base = result;
        this.#pageBytes = Math.max(1, second);
        this.#protectedPageBytes = Math.max(1, first);
        this.#end = this.#relroLimit = this.#relroOffset = 0;
      }
      return result;
    }
    if (name === "DATA_SEGMENT_RELRO_END") {
      this.#relroOffset = first;
      this.#relroLimit = second + first;
      let result = second;
      if (this.#phase === "relro-adjust" && this.#relroLimit % this.#protectedPageBytes !== 0) {
        this.#relroLimit = alignUp(this.#relroLimit, this.#protectedPageBytes);
        result = this.#relroLimit - first;
      }
      if (this.#phase === "align") this.#phase = "relro";
      return result;
    }
    if (this.#phase === "align" || this.#phase === "relro") {
      this.#phase = "end";
      this.#end = first;
    }
    return first;
  }
}

/**
 * Bundles: blocks of a power of two, of which no instruction and no locked group crosses the end
 * (`.bundle_align_mode`). Before each there is an alignment that skips less than the bytes that follow: it fills the
 * bundle where they would not fit, with single bytes. A jump counts with its longest form, whatever layout makes of it.
 */

import { type AlignVariable, Kind } from "../model/fragment.ts";
import type { Subsection } from "../model/section.ts";
import type { SourceFrame } from "../model/source-frame.ts";
import type { InstructionParser } from "./instruction-parser.ts";
import type { Reading } from "./reading.ts";

/** Bytes of a jump after its prefixes, as GNU as counts them in code of either size. */
const JUMP_BYTES = 5;
const CONDITIONAL_JUMP_BYTES = 6;
const NOP = Uint8Array.of(0x90);
const OPCODE_ESCAPE = 0x0f;
const JUMPS: ReadonlySet<number> = new Set([0xeb, 0xe9]);

/** Where bytes begin that are to stay within one bundle. */
interface Start {
  readonly subsection: Subsection;
  /** The fragment that ends with the alignment before them. */
  readonly fragment: number;
  /** Bytes of spaces in the subsection so far, which do not count. */
  readonly spaceBytes: number;
}

/** A `.bundle_lock`, and where it stands. */
interface Lock extends Start {
  readonly frame: SourceFrame | null;
  readonly offset: number;
}

export class Bundles {
  readonly #reading: Reading;
  readonly #instructions: InstructionParser;
  /** Bytes of a bundle as a power of two; 0 without bundles. */
  #power = 0;
  #lock: Lock | null = null;
  #depth = 0;

  constructor(reading: Reading, instructions: InstructionParser) {
    this.#reading = reading;
    this.#instructions = instructions;
  }

  get isOn(): boolean {
    return this.#power > 0;
  }

  /** `.bundle_align_mode` */
  set(power: number): void {
    if (this.#lock !== null) this.#refuse("bundles keep their size between `.bundle_lock' and `.bundle_unlock'");
    this.#power = power;
  }

  /** `.bundle_lock`; within another one it only counts. */
  lock(): void {
    if (!this.isOn) this.#refuse("there are no bundles: `.bundle_align_mode' has not come yet");
    if (this.#depth === 0) {
      const { sections, input } = this.#reading;
      if (sections.current === null) return this.#refuse("the absolute section has no bundles");
      this.#lock = { ...this.#begin(sections.current), frame: input.frame, offset: input.statementOffset };
    }
    this.#depth++;
  }

  /** `.bundle_unlock` */
  unlock(): void {
    const lock = this.#lock;
    if (lock === null) return this.#refuse("no `.bundle_lock' is open here");
    if (--this.#depth > 0) return;
    this.#lock = null;
    const { current } = this.#reading.sections;
    // What has moved on without an instruction leaves nothing that would have to stay together.
    if (current === lock.subsection) this.#end(lock, "what is locked together");
    else current?.section.align(this.#power);
  }

  /** At the end of the source. */
  finish(): void {
    if (this.#lock !== null)
      this.#reading.reporter.report(
        "error",
        "bundle-lock",
        this.#lock.frame,
        this.#lock.offset,
        ".bundle_lock".length,
        "this has no `.bundle_unlock'",
        {},
      );
  }

  /** An instruction, as `InstructionParser.assemble` takes it. */
  assemble(...instruction: Parameters<InstructionParser["assemble"]>): void {
    const { current } = this.#reading.sections;
    const lock = this.#lock;
    if (lock === null && current !== null) {
      const start = this.#begin(current);
      this.#instructions.assemble(...instruction);
      this.#end(start, "this instruction");
      return;
    }
    if (lock !== null && lock.subsection !== current)
      this.#refuse("instructions that are locked together stand in one subsection");
    this.#instructions.assemble(...instruction);
    if (lock !== null) this.#check(this.#size(lock), "what is locked together");
  }

  #begin(subsection: Subsection): Start {
    const fragment = subsection.last;
    this.#reading.sections.alignment(paddingOf(0, 0));
    return { subsection, fragment, spaceBytes: subsection.spaceBytes };
  }

  #end(start: Start, what: string): void {
    const size = this.#size(start);
    this.#check(size, what);
    const { fragments, section } = start.subsection;
    if (size > 1) fragments.setAlignment(start.fragment, paddingOf(this.#power, size - 1));
    section.align(this.#power);
  }

  #check(size: number, what: string): void {
    const limit = 2 ** this.#power;
    if (size > limit) this.#fail("bundle-size", `${what} may take ${size} bytes, and a bundle has ${limit}`);
  }

  /** Bytes from the start on; of what layout decides only jumps count. */
  #size({ subsection, fragment, spaceBytes }: Start): number {
    const { fragments, last, position } = subsection;
    const { fixedSizes, kinds, nexts } = fragments;
    let size = position - (subsection.spaceBytes - spaceBytes);
    for (let i = nexts[fragment]!; i !== last; i = nexts[i]!) {
      size += fixedSizes[i]!;
      if (kinds[i] !== Kind.BRANCH) continue;
      const { bytes, fixups } = fragments.encoding(i);
      const end = fixups[0]!.offset;
      const prefixes = end - (bytes[end - 2] === OPCODE_ESCAPE ? 2 : 1);
      size += prefixes + (JUMPS.has(bytes[end - 1]!) ? JUMP_BYTES : CONDITIONAL_JUMP_BYTES);
    }
    return size;
  }

  #refuse(message: string): never {
    return this.#fail("bundle-lock", message);
  }

  /** The whole statement is wrong. */
  #fail(id: string, message: string): never {
    return this.#reading.failAt(id, this.#reading.input.statementOffset, message);
  }
}

function paddingOf(power: number, maximum: number): AlignVariable {
  return { power, maximum, fill: NOP, nops: { hasLong: false, isOpen: false } };
}

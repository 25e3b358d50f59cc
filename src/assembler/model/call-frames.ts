/**
 * Call frame information as the `.cfi_*` directives give it: for each routine what undoes its work on the stack
 * (DWARF 5, section 6.4). `write/call-frames.ts` makes the tables from it.
 */

import type { Atom } from "./atom.ts";
import { grownInts } from "./columns.ts";
import type { Expression } from "./expression.ts";
import type { FragmentTable } from "./fragment.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { Reporter } from "./reporter.ts";
import type { Subsection } from "./section.ts";
import type { Sections } from "./sections.ts";

export const DW_CFA = {
  nop: 0,
  set_loc: 1,
  advance_loc1: 2,
  advance_loc2: 3,
  advance_loc4: 4,
  offset_extended: 5,
  restore_extended: 6,
  undefined: 7,
  same_value: 8,
  register: 9,
  remember_state: 0xa,
  restore_state: 0xb,
  def_cfa: 0xc,
  def_cfa_register: 0xd,
  def_cfa_offset: 0xe,
  offset_extended_sf: 0x11,
  def_cfa_sf: 0x12,
  def_cfa_offset_sf: 0x13,
  val_offset: 0x14,
  val_offset_sf: 0x15,
  GNU_window_save: 0x2d,
  GNU_args_size: 0x2e,
  advance_loc: 0x40,
  offset: 0x80,
  restore: 0xc0,
} as const;

/** DWARF number of the return address and of ESP (i386 psABI, table 2.14). */
const RETURN_COLUMN = 8;
const STACK_POINTER = 4;
/** How an address is written in `.eh_frame` (LSB 5, 10.5.1). */
export const DW_EH_PE = { omit: 0xff, pcrel: 0x10, sdata4: 0x0b } as const;

export interface Place {
  readonly fragment: number;
  readonly position: number;
}

export type FrameInstruction =
  | { readonly kind: "registers"; readonly op: number; readonly register: number; readonly other: number }
  | { readonly kind: "offset"; readonly op: number; readonly register: number; readonly offset: number }
  | { readonly kind: "plain"; readonly op: number }
  | { readonly kind: "escape"; readonly bytes: Uint8Array }
  | { readonly kind: "label"; readonly name: Atom };

/** A step of a routine's unwinding: an instruction, or the number of an advance to another place. */
export type FrameStep = FrameInstruction | number;

/** A routine between `.cfi_startproc` and `.cfi_endproc`. */
export interface FrameDescription {
  /** Which tables it stands in. */
  readonly inEhFrame: boolean;
  readonly inDebugFrame: boolean;
  readonly start: Place;
  end: Place | null;
  readonly instructions: FrameStep[];
  returnColumn: number;
  isSignalFrame: boolean;
  personalityEncoding: number;
  personality: Expression | null;
  lsdaEncoding: number;
  lsda: Expression | null;
}

/** A routine whose end has yet to come. */
interface OpenFrame {
  readonly description: FrameDescription;
  lastFragment: number;
  lastPosition: number;
  cfaOffset: number;
  readonly rememberedOffsets: number[];
}

/** What an instruction for the unwinder takes in memory up to the end, about. */
const INSTRUCTION_BYTES = 120;

const FIRST_CAPACITY = 64;

/** Advances from place to place, in columns: there is one for most instructions. */
class Advances {
  #count = 0;
  #fromFragments = new Int32Array(FIRST_CAPACITY);
  #fromPositions = new Int32Array(FIRST_CAPACITY);
  #toFragments = new Int32Array(FIRST_CAPACITY);
  #toPositions = new Int32Array(FIRST_CAPACITY);

  add(fromFragment: number, fromPosition: number, toFragment: number, toPosition: number): number {
    const i = this.#count++;
    if (i === this.#toPositions.length) {
      this.#fromFragments = grownInts(this.#fromFragments);
      this.#fromPositions = grownInts(this.#fromPositions);
      this.#toFragments = grownInts(this.#toFragments);
      this.#toPositions = grownInts(this.#toPositions);
    }
    this.#fromFragments[i] = fromFragment;
    this.#fromPositions[i] = fromPosition;
    this.#toFragments[i] = toFragment;
    this.#toPositions[i] = toPosition;
    return i;
  }

  distance(i: number, addresses: Uint32Array): number {
    return (
      addresses[this.#toFragments[i]!]! +
      this.#toPositions[i]! -
      addresses[this.#fromFragments[i]!]! -
      this.#fromPositions[i]!
    );
  }
}

export class CallFrames {
  readonly #sections: Sections;
  readonly #reporter: Reporter;
  readonly #memory: MemoryBudget;
  readonly descriptions: FrameDescription[] = [];
  readonly #advances = new Advances();
  readonly #known = new Map<number, FrameInstruction>();
  /** The routine that is open in each subsection: they do not disturb one another. */
  readonly #open = new Map<Subsection, OpenFrame>();
  /** The one that was asked for last, and where it is open: mostly the next directive is of the same. */
  #lastFrame: OpenFrame | null = null;
  #lastSubsection: Subsection | null = null;
  /** `.cfi_sections`, for the routines from here on. */
  wantsEhFrame = true;
  wantsDebugFrame = false;
  /** What any routine so far wanted, and those from here on stand in. */
  hasEhFrame = false;
  hasDebugFrame = false;

  constructor(sections: Sections, reporter: Reporter, memory: MemoryBudget) {
    this.#sections = sections;
    this.#reporter = reporter;
    this.#memory = memory;
  }

  #here(): Place {
    const subsection = this.#sections.writable(0);
    return { fragment: subsection.last, position: subsection.position };
  }

  start(simple: boolean): void {
    const subsection = this.#sections.writable(0);
    if (this.#open.has(subsection))
      this.#reporter.fail("frame-directive", "`.cfi_startproc' inside a routine: its `.cfi_endproc' is missing");
    const place = this.#here();
    this.hasEhFrame ||= this.wantsEhFrame;
    this.hasDebugFrame ||= this.wantsDebugFrame;
    const description: FrameDescription = {
      inEhFrame: this.hasEhFrame,
      inDebugFrame: this.hasDebugFrame,
      start: place,
      end: null,
      instructions: [],
      returnColumn: RETURN_COLUMN,
      isSignalFrame: false,
      personalityEncoding: DW_EH_PE.omit,
      personality: null,
      lsdaEncoding: DW_EH_PE.omit,
      lsda: null,
    };
    const frame: OpenFrame = {
      description,
      lastFragment: place.fragment,
      lastPosition: place.position,
      cfaOffset: 0,
      rememberedOffsets: [],
    };
    this.#open.set(subsection, frame);
    this.descriptions.push(description);
    if (!simple) {
      description.instructions.push(
        { kind: "offset", op: DW_CFA.def_cfa, register: STACK_POINTER, offset: 4 },
        { kind: "offset", op: DW_CFA.offset, register: RETURN_COLUMN, offset: -4 },
      );
      frame.cfaOffset = 4;
    }
  }

  end(): void {
    this.required(".cfi_endproc").end = this.#here();
    this.#open.delete(this.#sections.current!);
    this.#lastSubsection = null;
  }

  #frame(directive: string): OpenFrame {
    const { current } = this.#sections;
    if (current !== null && current === this.#lastSubsection) return this.#lastFrame!;
    const frame = current === null ? undefined : this.#open.get(current);
    if (frame === undefined)
      return this.#reporter.fail("frame-directive", `\`${directive}' outside a routine: \`.cfi_startproc' is missing`);
    this.#lastFrame = frame;
    this.#lastSubsection = current;
    return frame;
  }

  required(directive: string): FrameDescription {
    return this.#frame(directive).description;
  }

  /** Adds an instruction for the current place. */
  add(directive: string, instruction: FrameInstruction): void {
    this.#stepsHere(directive).push(instruction);
  }

  addPlain(directive: string, op: number): void {
    this.#stepsHere(directive).push(this.#known.get(op) ?? this.#keep(op, { kind: "plain", op }));
  }

  addOffset(directive: string, op: number, register: number, offset: number): void {
    const steps = this.#stepsHere(directive);
    const key = offset * 0x10000 + register * 0x100 + op;
    const isKept = offset === (offset | 0) && register >= 0 && register <= 0xff;
    const known = isKept ? this.#known.get(key) : undefined;
    if (known !== undefined) steps.push(known);
    else {
      const instruction: FrameInstruction = { kind: "offset", op, register, offset };
      steps.push(isKept ? this.#keep(key, instruction) : instruction);
    }
  }

  /**
   * One object for all instructions that say the same: they are few. No operation is both with a register and without.
   */
  #keep(key: number, instruction: FrameInstruction): FrameInstruction {
    this.#known.set(key, instruction);
    return instruction;
  }

  /** The steps of the routine at hand, with the one to the current place. */
  #stepsHere(directive: string): FrameStep[] {
    this.#memory.hold(INSTRUCTION_BYTES);
    const frame = this.#frame(directive);
    const { instructions } = frame.description;
    const subsection = this.#sections.writable(0);
    const fragment = subsection.last;
    const { position } = subsection;
    if (frame.lastFragment !== fragment || frame.lastPosition !== position) {
      instructions.push(this.#advances.add(frame.lastFragment, frame.lastPosition, fragment, position));
      frame.lastFragment = fragment;
      frame.lastPosition = position;
    }
    return instructions;
  }

  /** Bytes from one place to the next: addresses are those of now. */
  advance(number: number, { addresses }: FragmentTable): number {
    return this.#advances.distance(number, addresses);
  }

  /** The offset of the canonical frame address from its register. */
  cfaOffset(directive: string): number {
    return this.#frame(directive).cfaOffset;
  }

  setCfaOffset(directive: string, offset: number): void {
    this.#frame(directive).cfaOffset = offset;
  }

  rememberState(): void {
    const frame = this.#frame(".cfi_remember_state");
    frame.rememberedOffsets.push(frame.cfaOffset);
  }

  restoreState(): void {
    const frame = this.#frame(".cfi_restore_state");
    const offset = frame.rememberedOffsets.pop();
    if (offset === undefined)
      this.#reporter.fail("frame-directive", "`.cfi_restore_state' without `.cfi_remember_state'");
    else frame.cfaOffset = offset;
  }

  /** Reports routines without an end. */
  check(): void {
    for (const { description } of this.#open.values()) {
      this.#reporter.reportHere(
        "error",
        "frame-directive",
        "the source ends inside a routine: `.cfi_endproc' is missing",
      );
      description.end = description.start;
    }
  }
}

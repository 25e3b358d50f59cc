/**
 * Call frame information: what `.cfi_*` directives say of how to unwind the stack, and the `.eh_frame` or
 * `.debug_frame` that is made of it after layout (DWARF 5 section 6.4, LSB 5 chapter 10.6).
 */

import type { Assembler } from "../assembler.ts";
import type { Expression } from "../model/expression.ts";
import type { Fragment } from "../model/fragment.ts";
import type { Subsection } from "../model/section.ts";
import { SHF } from "../model/section.ts";
import { AssemblySymbol } from "../model/symbol.ts";
import { DebugSection } from "./debug-section.ts";

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

/** Growth of the stack: the unit of the offsets of saved registers. */
const DATA_ALIGNMENT = -4;
/** DWARF number of the return address and of ESP (i386 psABI, table 2.14). */
const RETURN_COLUMN = 8;
const STACK_POINTER = 4;
const DW_EH_PE = { omit: 0xff, pcrel: 0x10, sdata4: 0x0b } as const;
/** Alignment of the tables as a power of two. */
const ALIGNMENT = 2;

export interface Place {
  readonly fragment: Fragment;
  readonly position: number;
}

export type FrameInstruction =
  | { readonly kind: "advance"; readonly from: Place; readonly to: Place }
  | { readonly kind: "registers"; readonly op: number; readonly register: number; readonly other: number }
  | { readonly kind: "offset"; readonly op: number; readonly register: number; readonly offset: number }
  | { readonly kind: "plain"; readonly op: number }
  | { readonly kind: "escape"; readonly bytes: Uint8Array };

/** A routine between `.cfi_startproc` and `.cfi_endproc`. */
export interface FrameDescription {
  readonly start: Place;
  end: Place | null;
  readonly instructions: FrameInstruction[];
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
  lastPlace: Place;
  cfaOffset: number;
  readonly rememberedOffsets: number[];
}

interface CommonInformation {
  readonly description: FrameDescription;
  /** Its instructions: those before the first that depends on the place. */
  readonly count: number;
  readonly offset: number;
}

/** What an instruction for the unwinder takes in memory up to the end, about. */
const INSTRUCTION_BYTES = 300;

export class CallFrames {
  readonly #assembler: Assembler;
  readonly #descriptions: FrameDescription[] = [];
  /** The routine that is open in each subsection: they do not disturb one another. */
  readonly #open = new Map<Subsection, OpenFrame>();
  /** `.cfi_sections` */
  wantsEhFrame = true;
  wantsDebugFrame = false;

  constructor(assembler: Assembler) {
    this.#assembler = assembler;
  }

  #here(): Place {
    const subsection = this.#assembler.sections.writable(0);
    return { fragment: subsection.last, position: subsection.length - subsection.last.start };
  }

  start(simple: boolean): void {
    const subsection = this.#assembler.sections.writable(0);
    if (this.#open.has(subsection))
      this.#assembler.fail("frame-directive", "`.cfi_startproc' inside a routine: its `.cfi_endproc' is missing");
    const place = this.#here();
    const description: FrameDescription = {
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
    const frame: OpenFrame = { description, lastPlace: place, cfaOffset: 0, rememberedOffsets: [] };
    this.#open.set(subsection, frame);
    this.#descriptions.push(description);
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
    this.#open.delete(this.#assembler.sections.current!);
  }

  #frame(directive: string): OpenFrame {
    const { current } = this.#assembler.sections;
    const frame = current === null ? undefined : this.#open.get(current);
    return (
      frame ??
      this.#assembler.fail("frame-directive", `\`${directive}' outside a routine: \`.cfi_startproc' is missing`)
    );
  }

  required(directive: string): FrameDescription {
    return this.#frame(directive).description;
  }

  /** Adds an instruction for the current place. */
  add(directive: string, instruction: FrameInstruction): void {
    this.#assembler.hold(INSTRUCTION_BYTES);
    const frame = this.#frame(directive);
    const { instructions } = frame.description;
    const place = this.#here();
    const last = frame.lastPlace;
    if (last.fragment !== place.fragment || last.position !== place.position) {
      instructions.push({ kind: "advance", from: last, to: place });
      frame.lastPlace = place;
    }
    instructions.push(instruction);
  }

  /** Changes the offset of the canonical frame address from its register; returns the new one. */
  moveCfa(directive: string, change: (offset: number) => number): number {
    const frame = this.#frame(directive);
    frame.cfaOffset = change(frame.cfaOffset);
    return frame.cfaOffset;
  }

  rememberState(): void {
    const frame = this.#frame(".cfi_remember_state");
    frame.rememberedOffsets.push(frame.cfaOffset);
  }

  restoreState(): void {
    const frame = this.#frame(".cfi_restore_state");
    const offset = frame.rememberedOffsets.pop();
    if (offset === undefined)
      this.#assembler.fail("frame-directive", "`.cfi_restore_state' without `.cfi_remember_state'");
    else frame.cfaOffset = offset;
  }

  /** Reports routines without an end. */
  check(): void {
    for (const { description } of this.#open.values()) {
      this.#assembler.reporter.reportHere(
        "error",
        "frame-directive",
        "the source ends inside a routine: `.cfi_endproc' is missing",
      );
      description.end = description.start;
    }
  }

  /** Adds the sections: addresses are final. */
  finish(): void {
    if (this.#descriptions.length === 0) return;
    if (this.wantsEhFrame) this.#write(new DebugSection(this.#assembler, ".eh_frame", SHF.ALLOC, ALIGNMENT), true);
    if (this.wantsDebugFrame) this.#write(new DebugSection(this.#assembler, ".debug_frame", 0, ALIGNMENT), false);
  }

  #write(out: DebugSection, eh: boolean): void {
    const commons: CommonInformation[] = [];
    for (const description of this.#descriptions) {
      let common = commons.find((candidate) => matches(candidate, description)) ?? null;
      if (common === null) {
        let count = description.instructions.findIndex((instruction) => dependsOnPlace(instruction));
        if (count < 0) count = description.instructions.length;
        common = { description, count, offset: out.length };
        commons.push(common);
        this.#writeCommon(out, common, eh);
      }
      this.#writeDescription(out, description, common, eh);
    }
    out.finish();
  }

  #writeCommon(out: DebugSection, common: CommonInformation, eh: boolean): void {
    const { description } = common;
    const lengthAt = out.length;
    out.word(0);
    out.word(eh ? 0 : -1);
    out.byte(1);
    let augmentation = "";
    if (eh) {
      augmentation = "z";
      if (description.personalityEncoding !== DW_EH_PE.omit) augmentation += "P";
      if (description.lsdaEncoding !== DW_EH_PE.omit) augmentation += "L";
      augmentation += "R";
    }
    if (description.isSignalFrame) augmentation += "S";
    out.text(augmentation);
    out.uleb(1);
    out.sleb(DATA_ALIGNMENT);
    out.byte(description.returnColumn);
    if (eh) {
      const hasPersonality = description.personalityEncoding !== DW_EH_PE.omit;
      out.uleb(
        1 +
          (description.lsdaEncoding !== DW_EH_PE.omit ? 1 : 0) +
          (hasPersonality ? 1 + encodedSize(description.personalityEncoding) : 0),
      );
      if (hasPersonality) {
        out.byte(description.personalityEncoding);
        writeEncoded(out, description.personality!, description.personalityEncoding);
      }
      if (description.lsdaEncoding !== DW_EH_PE.omit) out.byte(description.lsdaEncoding);
      out.byte(DW_EH_PE.pcrel | DW_EH_PE.sdata4);
    }
    for (let i = 0; i < common.count; i++) writeInstruction(out, description.instructions[i]!);
    pad(out, lengthAt);
  }

  #writeDescription(out: DebugSection, description: FrameDescription, common: CommonInformation, eh: boolean): void {
    const lengthAt = out.length;
    out.word(0);
    const { start } = description;
    const end = description.end ?? start;
    const begin = new AssemblySymbol("", start.fragment.subsection.section);
    begin.isTemporary = true;
    begin.fragment = start.fragment;
    begin.value = start.position;
    if (eh) {
      out.word(lengthAt + 4 - common.offset);
      out.relative(begin);
    } else {
      out.address(out.section.symbol!, common.offset);
      out.address(begin, 0);
    }
    out.word(address(end) - address(start));
    if (eh) {
      if (description.lsdaEncoding === DW_EH_PE.omit) out.uleb(0);
      else {
        out.uleb(encodedSize(description.lsdaEncoding));
        writeEncoded(out, description.lsda!, description.lsdaEncoding);
      }
    }
    for (const instruction of description.instructions.slice(common.count)) writeInstruction(out, instruction);
    pad(out, lengthAt);
  }
}

/** Bytes of an address in one of the encodings of `.eh_frame` (LSB 5, 10.5.1). */
function encodedSize(encoding: number): number {
  return (encoding & 7) === 4 ? 8 : 4;
}

function writeEncoded(out: DebugSection, value: Expression, encoding: number): void {
  out.expression(value, (encoding & 0x70) === DW_EH_PE.pcrel);
  if (encodedSize(encoding) === 8) out.word(0);
}

function address(place: Place): number {
  return place.fragment.address + place.position;
}

function pad(out: DebugSection, lengthAt: number): void {
  while (out.length % (1 << ALIGNMENT) !== 0) out.byte(DW_CFA.nop);
  out.patch(lengthAt, out.length - lengthAt - 4);
}

/** Instructions that cannot stand in the part that routines share. */
function dependsOnPlace(instruction: FrameInstruction): boolean {
  return (
    instruction.kind === "advance" ||
    instruction.kind === "escape" ||
    (instruction.kind === "plain" &&
      (instruction.op === DW_CFA.remember_state || instruction.op === DW_CFA.GNU_window_save))
  );
}

function sameInstruction(a: FrameInstruction, b: FrameInstruction): boolean {
  if (a.kind === "offset" && b.kind === "offset")
    return a.op === b.op && a.register === b.register && a.offset === b.offset;
  if (a.kind === "registers" && b.kind === "registers")
    return a.op === b.op && a.register === b.register && a.other === b.other;
  return a.kind === "plain" && b.kind === "plain" && a.op === b.op;
}

function sameExpression(a: Expression | null, b: Expression | null): boolean {
  if (a === null || b === null) return a === b;
  return a.op === b.op && a.symbol === b.symbol && a.number === b.number;
}

function matches(common: CommonInformation, description: FrameDescription): boolean {
  const model = common.description;
  if (
    model.returnColumn !== description.returnColumn ||
    model.isSignalFrame !== description.isSignalFrame ||
    model.lsdaEncoding !== description.lsdaEncoding ||
    model.personalityEncoding !== description.personalityEncoding ||
    !sameExpression(model.personality, description.personality)
  )
    return false;
  for (let i = 0; i < common.count; i++) {
    const instruction = description.instructions[i];
    if (instruction === undefined || !sameInstruction(model.instructions[i]!, instruction)) return false;
  }
  const next = description.instructions[common.count];
  return next === undefined || dependsOnPlace(next);
}

function writeInstruction(out: DebugSection, instruction: FrameInstruction): void {
  switch (instruction.kind) {
    case "advance": {
      const delta = address(instruction.to) - address(instruction.from);
      if (delta === 0) return;
      if (delta <= 0x3f) out.byte(DW_CFA.advance_loc | delta);
      else if (delta <= 0xff) out.byte(DW_CFA.advance_loc1, delta);
      else if (delta <= 0xffff) {
        out.byte(DW_CFA.advance_loc2);
        out.half(delta);
      } else {
        out.byte(DW_CFA.advance_loc4);
        out.word(delta);
      }
      return;
    }
    case "plain":
      out.byte(instruction.op);
      return;
    case "escape":
      out.byte(...instruction.bytes);
      return;
    case "registers":
      out.byte(instruction.op);
      out.uleb(instruction.register);
      if (instruction.op === DW_CFA.register) out.uleb(instruction.other);
      return;
    case "offset":
      writeOffset(out, instruction.op, instruction.register, instruction.offset);
  }
}

function writeOffset(out: DebugSection, op: number, register: number, offset: number): void {
  const factored = Math.trunc(offset / DATA_ALIGNMENT);
  switch (op) {
    case DW_CFA.def_cfa:
      out.byte(offset < 0 ? DW_CFA.def_cfa_sf : op);
      out.uleb(register);
      if (offset < 0) out.sleb(factored);
      else out.uleb(offset);
      return;
    case DW_CFA.def_cfa_offset:
      out.byte(offset < 0 ? DW_CFA.def_cfa_offset_sf : op);
      if (offset < 0) out.sleb(factored);
      else out.uleb(offset);
      return;
    case DW_CFA.offset:
      if (factored < 0) {
        out.byte(DW_CFA.offset_extended_sf);
        out.uleb(register);
        out.sleb(factored);
      } else if (register <= 0x3f) {
        out.byte(DW_CFA.offset | register);
        out.uleb(factored);
      } else {
        out.byte(DW_CFA.offset_extended);
        out.uleb(register);
        out.uleb(factored);
      }
      return;
    case DW_CFA.val_offset:
      out.byte(factored < 0 ? DW_CFA.val_offset_sf : op);
      out.uleb(register);
      if (factored < 0) out.sleb(factored);
      else out.uleb(factored);
      return;
    default:
      // Restore: one register.
      if (register <= 0x3f) out.byte(DW_CFA.restore | register);
      else {
        out.byte(DW_CFA.restore_extended);
        out.uleb(register);
      }
  }
}

/**
 * The tables for unwinders: `.eh_frame` or `.debug_frame`, made of what the `.cfi_*` directives said once addresses are
 * final (DWARF 5 section 6.4, LSB 5 chapter 10.6). Routines that begin alike share a common part.
 */

import type { Atom } from "../model/atom.ts";
import type { FrameDescription, FrameInstruction, FrameStep, Place } from "../model/call-frames.ts";
import { DW_CFA, DW_EH_PE } from "../model/call-frames.ts";
import type { Expression } from "../model/expression.ts";
import type { FragmentTable } from "../model/fragment.ts";
import type { Program } from "../model/program.ts";
import { SHF } from "../model/section.ts";
import { temporarySymbol } from "../model/symbol.ts";
import { DebugSection } from "./debug-section.ts";

/** Growth of the stack: the unit of the offsets of saved registers. */
const DATA_ALIGNMENT = -4;
/** Alignment of the tables as a power of two. */
const ALIGNMENT = 2;

interface CommonInformation {
  readonly description: FrameDescription;
  /** Its instructions: those before the first that depends on the place. */
  readonly count: number;
  readonly offset: number;
}

/** Adds the sections: addresses are final. */
export function writeCallFrames(program: Program): void {
  const { callFrames } = program;
  if (callFrames.descriptions.length === 0) return;
  if (callFrames.hasEhFrame) writeTable(program, new DebugSection(program, ".eh_frame", SHF.ALLOC, ALIGNMENT), true);
  if (callFrames.hasDebugFrame) writeTable(program, new DebugSection(program, ".debug_frame", 0, ALIGNMENT), false);
}

function writeTable(program: Program, out: DebugSection, eh: boolean): void {
  const commons: CommonInformation[] = [];
  for (const description of program.callFrames.descriptions) {
    if (!(eh ? description.inEhFrame : description.inDebugFrame)) continue;
    // The newest that fits, as GNU as has it.
    let common = commons.findLast((candidate) => matches(candidate, description, eh)) ?? null;
    if (common === null) {
      let count = description.instructions.findIndex((instruction) => !isInitial(instruction));
      if (count < 0) count = description.instructions.length;
      common = { description, count, offset: out.length };
      commons.push(common);
      writeCommon(out, common, eh, program);
    }
    writeDescription(out, description, common, eh, program);
  }
  out.finish();
}

function writeCommon(out: DebugSection, common: CommonInformation, eh: boolean, program: Program): void {
  const version = program.options.frameVersion ?? 1;
  const { description } = common;
  const lengthAt = out.length;
  out.word(0);
  out.word(eh ? 0 : -1);
  out.byte(version);
  let augmentation = "";
  if (eh) {
    augmentation = "z";
    if (description.personalityEncoding !== DW_EH_PE.omit) augmentation += "P";
    if (description.lsdaEncoding !== DW_EH_PE.omit) augmentation += "L";
    augmentation += "R";
  }
  if (description.isSignalFrame) augmentation += "S";
  out.text(augmentation);
  // Bytes of an address and of a segment selector.
  if (version >= 4) out.byte(4, 0);
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
  for (let i = 0; i < common.count; i++)
    writeInstruction(out, description.instructions[i] as FrameInstruction, program);
  pad(out, lengthAt);
}

function writeDescription(
  out: DebugSection,
  description: FrameDescription,
  common: CommonInformation,
  eh: boolean,
  program: Program,
): void {
  const lengthAt = out.length;
  out.word(0);
  const { start } = description;
  const end = description.end ?? start;
  const begin = temporarySymbol(out.section.fragments.subsectionOf(start.fragment).section);
  begin.fragment = start.fragment;
  begin.value = start.position;
  if (eh) {
    out.word(lengthAt + 4 - common.offset);
    out.relative(begin);
  } else {
    out.address(out.section.symbol!, common.offset);
    out.address(begin, 0);
  }
  const { fragments } = out.section;
  out.word(address(fragments, end) - address(fragments, start));
  if (eh) {
    if (description.lsdaEncoding === DW_EH_PE.omit) out.uleb(0);
    else {
      out.uleb(encodedSize(description.lsdaEncoding));
      writeEncoded(out, description.lsda!, description.lsdaEncoding);
    }
  }
  const { instructions } = description;
  for (let i = common.count; i < instructions.length; i++) writeStep(out, instructions[i]!, program);
  pad(out, lengthAt);
}

/** Bytes of an address in one of the encodings of `.eh_frame` (LSB 5, 10.5.1). */
function encodedSize(encoding: number): number {
  return (encoding & 7) === 4 ? 8 : 4;
}

function writeEncoded(out: DebugSection, value: Expression, encoding: number): void {
  out.expression(value, (encoding & 0x70) === DW_EH_PE.pcrel);
  if (encodedSize(encoding) === 8) out.word(0);
}

function address({ addresses }: FragmentTable, { fragment, position }: Place): number {
  return addresses[fragment]! + position;
}

function pad(out: DebugSection, lengthAt: number): void {
  while (out.length % (1 << ALIGNMENT) !== 0) out.byte(DW_CFA.nop);
  out.patch(lengthAt, out.length - lengthAt - 4);
}

/** Instructions that can stand in the part that routines share: plain statements of where a register is. */
function isInitial(instruction: FrameStep): boolean {
  if (typeof instruction === "number") return false;
  return instruction.kind === "registers" || (instruction.kind === "offset" && instruction.op !== DW_CFA.GNU_args_size);
}

function sameInstruction(a: FrameStep, b: FrameStep): boolean {
  if (a === b) return true;
  if (typeof a === "number" || typeof b === "number") return false;
  if (a.kind === "offset" && b.kind === "offset")
    return a.op === b.op && a.register === b.register && a.offset === b.offset;
  if (a.kind === "registers" && b.kind === "registers")
    return a.op === b.op && a.register === b.register && a.other === b.other;
  return false;
}

function sameExpression(a: Expression | null, b: Expression | null): boolean {
  if (a === null || b === null) return a === b;
  return a.op === b.op && a.symbol === b.symbol && a.number === b.number;
}

function matches(common: CommonInformation, description: FrameDescription, eh: boolean): boolean {
  const model = common.description;
  if (model.returnColumn !== description.returnColumn || model.isSignalFrame !== description.isSignalFrame)
    return false;
  // Only `.eh_frame` says who handles exceptions.
  if (
    eh &&
    (model.lsdaEncoding !== description.lsdaEncoding ||
      model.personalityEncoding !== description.personalityEncoding ||
      !sameExpression(model.personality, description.personality))
  )
    return false;
  for (let i = 0; i < common.count; i++) {
    const instruction = description.instructions[i];
    if (instruction === undefined || !sameInstruction(model.instructions[i]!, instruction)) return false;
  }
  return true;
}

function writeStep(out: DebugSection, step: FrameStep, program: Program): void {
  if (typeof step === "number") writeAdvance(out, program.callFrames.advance(step, out.section.fragments));
  else writeInstruction(out, step, program);
}

function writeAdvance(out: DebugSection, delta: number): void {
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
}

function writeInstruction(out: DebugSection, instruction: FrameInstruction, program: Program): void {
  switch (instruction.kind) {
    case "label":
      placeLabel(out, instruction.name, program);
      return;
    case "plain":
      out.byte(instruction.op);
      return;
    case "escape":
      out.bytes(instruction.bytes);
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

/** A symbol of the source within the table. */
function placeLabel({ section, end }: DebugSection, name: Atom, program: Program): void {
  const symbol = program.symbols.findOrMake(name, 0);
  if (symbol.section.kind !== "undefined" || symbol.expression !== null) {
    const { frame, offset } = symbol;
    const message = `\`${symbol.name}' is defined already`;
    program.reporter.report("error", "symbol-redefined", frame, offset, symbol.name.length, message, {});
    return;
  }
  symbol.section = section;
  symbol.fragment = section.subsection(0).first;
  symbol.value = end;
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

/** Prefixes that the source writes before an instruction: which may stand there, and which GNU as leaves out. */

import type { Candidate } from "./candidate.ts";
import { encodingError } from "./emission.ts";
import { isVexMap } from "./form.ts";
import type { EncodingError, Instruction, Prefix } from "./instruction.ts";
import { sizeIsDefault } from "./matching.ts";
import { SEGMENT_PREFIXES } from "./registers.ts";

/** The prefixes of an instruction, sorted by what they do. */
export interface PrefixState {
  lock: boolean;
  repeat: number;
  operandSize: number;
  addressSize: number;
  segment: number;
}

const SEGMENT_NUMBERS: Readonly<Record<string, number>> = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5 };

/**
 * The byte of a prefix that stands in a statement of its own; null where it says what the code segment says already.
 */
export const prefixByte = (prefix: Prefix, bits: 16 | 32): number | null => {
  switch (prefix) {
    case "lock":
      return 0xf0;
    case "rep":
    case "repe":
      return 0xf3;
    case "repne":
      return 0xf2;
    case "notrack":
      return SEGMENT_PREFIXES[SEGMENT_NUMBERS["ds"]!]!;
    case "data16":
    case "data32":
      return Number(prefix.slice(4)) === bits ? null : 0x66;
    case "addr16":
    case "addr32":
      return Number(prefix.slice(4)) === bits ? null : 0x67;
    default:
      return SEGMENT_PREFIXES[SEGMENT_NUMBERS[prefix]!]!;
  }
};

/** Sorts the prefixes. An error when two contradict, or one says what the code segment says. */
export const readPrefixes = (instruction: Instruction, bits: 16 | 32): PrefixState | EncodingError => {
  const state: PrefixState = { lock: false, repeat: 0, operandSize: 0, addressSize: 0, segment: -1 };
  for (const prefix of instruction.prefixes) {
    switch (prefix) {
      case "lock":
        state.lock = true;
        break;
      case "rep":
      case "repe":
        state.repeat = 0xf3;
        break;
      case "repne":
        state.repeat = 0xf2;
        break;
      case "data16":
      case "data32":
        state.operandSize = Number(prefix.slice(4));
        if (state.operandSize === bits)
          return encodingError("bad-prefix", -1, `${prefix} is redundant: this is ${bits}-bit code`);
        break;
      case "addr16":
      case "addr32":
        state.addressSize = Number(prefix.slice(4));
        if (state.addressSize === bits)
          return encodingError("bad-prefix", -1, `${prefix} is redundant: this is ${bits}-bit code`);
        break;
      case "notrack":
        state.segment = SEGMENT_NUMBERS["ds"]!;
        break;
      default:
        if (state.segment >= 0) return encodingError("bad-prefix", -1, "there can be one segment override only");
        state.segment = SEGMENT_NUMBERS[prefix]!;
    }
  }
  return state;
};

/** An instruction without prefixes; also to tell quickly that there are none. */
export const NO_PREFIXES: Readonly<PrefixState> = Object.freeze({
  lock: false,
  repeat: 0,
  operandSize: 0,
  addressSize: 0,
  segment: -1,
});

/**
 * Direct branches take no prefix but that of their size, and a hint (CS or DS) where they are conditional or may become
 * short. GNU as drops the others, and warns.
 */
export const withoutUseless = (prefixes: Readonly<PrefixState>, { form }: Candidate): Readonly<PrefixState> => {
  const field = form.operands[0]?.field;
  if (field !== "relative" && field !== "far" && field !== "selector") return prefixes;
  const isHint = field === "relative" && form.semantic !== "call" && (prefixes.segment === 1 || prefixes.segment === 3);
  const addressSize = form.addressSized ? prefixes.addressSize : 0;
  const operandSize = form.addressSized ? 0 : prefixes.operandSize;
  const segment = isHint ? prefixes.segment : -1;
  if (addressSize === prefixes.addressSize && operandSize === prefixes.operandSize && segment === prefixes.segment)
    return prefixes;
  return { ...prefixes, addressSize, operandSize, segment };
};

/** Why these prefixes cannot stand before this form, or null. */
export const checkPrefixes = (
  prefixes: Readonly<PrefixState>,
  candidate: Candidate,
  instruction: Instruction,
): EncodingError | null => {
  const { form } = candidate;
  const isPacked = form.operands.some(({ register }) => register === "mm" || register === "xmm");
  if (prefixes.operandSize !== 0 && form.prefix !== "any" && (isPacked || isVexMap(form.map))) {
    return encodingError(
      "bad-prefix",
      -1,
      `data${prefixes.operandSize} would make another instruction of ${instruction.mnemonic}`,
    );
  }
  if (prefixes.operandSize !== 0 && candidate.operandPrefix && !sizeIsDefault(candidate, instruction.operands)) {
    return encodingError("bad-prefix", -1, `data${prefixes.operandSize} says what the operands say already`);
  }
  if (prefixes.lock && !(form.lockable && instruction.operands.some(({ kind }) => kind === "memory"))) {
    const found = `${instruction.mnemonic} with these operands does not`;
    return encodingError("bad-prefix", -1, `lock needs an instruction that changes memory in place; ${found}`);
  }
  if (prefixes.repeat !== 0 && form.repeat === "none") {
    return encodingError("bad-prefix", -1, `${instruction.mnemonic} cannot be repeated: only string instructions can`);
  }
  return null;
};

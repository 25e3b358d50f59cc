/** Prefixes that the source writes before an instruction: which may stand there, and which GNU as leaves out. */

import type { Candidate } from "./candidate.ts";
import { encodingError } from "./emission.ts";
import { isVexMap, LAST_BYTE_MAP } from "./form.ts";
import type { EncodingError, Instruction, Prefix } from "./instruction.ts";
import { sizeIsDefault } from "./matching.ts";
import { BOUNDED, RELEASING_STORES } from "./prefixed.ts";
import { SEGMENT_PREFIXES } from "./registers.ts";

/** The prefixes of an instruction, sorted by what they do. */
export interface PrefixState {
  lock: boolean;
  repeat: number;
  /** What `repeat` is when it repeats nothing. */
  meaning: "" | "bnd" | "xacquire" | "xrelease";
  operandSize: number;
  addressSize: number;
  segment: number;
}

const SEGMENT_NUMBERS: Readonly<Record<string, number>> = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5 };

/**
 * DATA16 and its kin are named by the size that they ask for: 66 and 67 choose the one that is not the code segment's.
 */
export const changesSize = (prefix: Prefix): boolean => prefix.endsWith("16") || prefix.endsWith("32");

/** Whether a prefix asks for the size that the code segment has already. */
export const isRedundant = (prefix: Prefix, bits: 16 | 32): boolean => prefix.endsWith(String(bits));

export const prefixByte = (prefix: Prefix): number => {
  switch (prefix) {
    case "lock":
      return 0xf0;
    case "rep":
    case "repe":
    case "xrelease":
      return 0xf3;
    case "repne":
    case "bnd":
    case "xacquire":
      return 0xf2;
    case "notrack":
      return SEGMENT_PREFIXES[SEGMENT_NUMBERS["ds"]!]!;
    case "data16":
    case "data32":
      return 0x66;
    case "addr16":
    case "addr32":
      return 0x67;
    default:
      return SEGMENT_PREFIXES[SEGMENT_NUMBERS[prefix]!]!;
  }
};

/** The feature that a prefix has its name from; without it that name stands before no instruction of the next line. */
export const PREFIX_FEATURES: Readonly<Partial<Record<Prefix, string>>> = {
  bnd: "mpx",
  xacquire: "hle",
  xrelease: "hle",
  notrack: "ibt",
};

/** Sorts the prefixes. An error when two contradict, or one says what the code segment says. */
export const readPrefixes = (instruction: Instruction, bits: 16 | 32): PrefixState | EncodingError => {
  const state: PrefixState = { lock: false, repeat: 0, meaning: "", operandSize: 0, addressSize: 0, segment: -1 };
  for (const prefix of instruction.prefixes) {
    const byte = prefixByte(prefix);
    if ((byte === 0xf2 || byte === 0xf3) && state.repeat !== 0)
      return encodingError("bad-prefix", -1, `there is a prefix of the kind of ${prefix} already`);
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
      case "bnd":
      case "xacquire":
      case "xrelease":
        state.repeat = byte;
        state.meaning = prefix;
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
  meaning: "",
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

/** Why BND, XACQUIRE or XRELEASE cannot stand before this form, or null (SDM 1, 16.3.3; SDM 1 of 2016, 16.4.3). */
const meaningProblem = (
  { meaning, lock }: Readonly<PrefixState>,
  { form }: Candidate,
  { mnemonic, operands }: Instruction,
): EncodingError | null => {
  if (meaning === "bnd")
    return BOUNDED.has(form.semantic)
      ? null
      : encodingError("bad-prefix", -1, `bnd stands before near jumps, calls and returns, not before ${mnemonic}`);
  const changesMemory = operands.some(({ kind }) => kind === "memory");
  // Also between registers, as GNU as takes it, but not with the accumulator's form.
  if (form.semantic === "xchg" && form.lockable) return null;
  const isStore = form.map === 0 && RELEASING_STORES.has(form.opcode) && form.operands[0]?.field === "rm";
  if (form.lockable && changesMemory && lock) return null;
  if (form.lockable && changesMemory)
    return encodingError("bad-prefix", -1, `${meaning} needs lock before ${mnemonic}`);
  return isStore && operands[0]?.kind === "memory" && meaning === "xrelease"
    ? null
    : encodingError("bad-prefix", -1, `${meaning} needs an instruction that changes memory in place under lock`);
};

/** Why these prefixes cannot stand before this form, or null. */
export const checkPrefixes = (
  prefixes: Readonly<PrefixState>,
  candidate: Candidate,
  instruction: Instruction,
): EncodingError | null => {
  const { form } = candidate;
  const isPacked = form.operands.some(({ register }) => register === "mm" || register === "xmm" || register === "bnd");
  if (
    prefixes.operandSize !== 0 &&
    (isVexMap(form.map) || (isPacked && (form.prefix !== "any" || form.map === LAST_BYTE_MAP)))
  ) {
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
  if (prefixes.meaning !== "") return meaningProblem(prefixes, candidate, instruction);
  if (prefixes.repeat !== 0 && candidate.repeatPrefix !== 0 && prefixes.repeat !== candidate.repeatPrefix)
    return encodingError("bad-prefix", -1, `${instruction.mnemonic} has a prefix of that kind already`);
  if (prefixes.repeat !== 0 && form.repeat === "none") {
    return encodingError("bad-prefix", -1, `${instruction.mnemonic} cannot be repeated: only string instructions can`);
  }
  return null;
};

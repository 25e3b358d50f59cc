/**
 * Which form an instruction is: the first candidate that takes the operands, with what GNU as does where operands leave
 * the size open or a number does not fit.
 */

import type { Candidate } from "./candidate.ts";
import { ANY_IMMEDIATE, KIND, MEMORY_KIND, SIZED_MEMORY } from "./candidate.ts";
import { hasFeature } from "./features.ts";
import type { EncodeOptions, Instruction, Operand, Value } from "./instruction.ts";

/** An instruction on its way to a form. */
export interface Request {
  readonly instruction: Instruction;
  /** Kind bits of each operand. */
  readonly kinds: readonly number[];
  /** What the mnemonic can mean, in order of preference. */
  readonly candidates: readonly Candidate[];
  readonly options: EncodeOptions;
  /** The size that a data16 or data32 prefix asks for, or 0. */
  readonly preferBits: number;
}

/** Kind bits of an immediate, by value; see KIND. */
const immediateKinds = (value: Value): number => {
  if (value === null) return KIND.immediate8 | KIND.immediate16 | KIND.immediate32;
  if (value <= -0x1_0000_0000 || value > 0xffff_ffff) return 0;
  const low32 = value | 0;
  // GNU as takes 0xffff for -1 where 16 bits are meant.
  const low16 = low32 >= 0 && low32 <= 0xffff ? (low32 << 16) >> 16 : low32;
  let kinds: number = KIND.immediate32;
  if (low32 > -0x1_0000 && low32 <= 0xffff) kinds |= KIND.immediate16;
  if (low32 >= -0x80 && low32 <= 0xff) kinds |= KIND.immediate8;
  if (low16 >= -0x80 && low16 <= 0x7f) kinds |= KIND.immediate8to16;
  if (low32 >= -0x80 && low32 <= 0x7f) kinds |= KIND.immediate8to32;
  if (value === 1) kinds |= KIND.immediate1;
  else if (value === 3) kinds |= KIND.immediate3;
  return kinds;
};

/** Kind bits of an operand; see KIND. */
export const kindsOf = (operand: Operand): number => {
  switch (operand.kind) {
    case "register":
      return KIND[operand.register.class];
    case "immediate":
      return immediateKinds(operand.value);
    case "memory":
      return operand.sizeBits === undefined ? KIND.memoryUnsized : MEMORY_KIND[operand.sizeBits]!;
    case "target":
      return operand.distance === "short"
        ? KIND.short
        : operand.distance === "near"
          ? KIND.near
          : KIND.short | KIND.near;
    case "far":
      return KIND.far;
  }
};

/** A number that lost bits still has a meaning where the operation's size is known: GNU as truncates it and warns. */
const TRUNCATED: Readonly<Record<number, number>> = {
  0: 0,
  8: KIND.immediate8,
  16: KIND.immediate16,
  32: KIND.immediate32,
};

/** Whether a candidate takes the operands; `truncate` lets numbers lose their upper bits. */
export const matches = (
  candidate: Candidate,
  operands: readonly Operand[],
  kinds: readonly number[],
  truncate: boolean,
): boolean => {
  const wanted = candidate.operands;
  if (wanted.length !== operands.length) return false;
  for (let i = 0; i < wanted.length; i++) {
    const pattern = wanted[i]!;
    const operand = operands[i]!;
    let kind = kinds[i]!;
    if (truncate && operand.kind === "immediate") kind |= TRUNCATED[candidate.sizeBits]!;
    if ((pattern.accept & kind) === 0) return false;
    if (pattern.fixed >= 0 && (operand.kind !== "register" || operand.register.number !== pattern.fixed)) return false;
    if (
      pattern.field === "moffs" &&
      operand.kind === "memory" &&
      (operand.base !== undefined || operand.index !== undefined || (operand.isRelaxable === true && i > 0))
    )
      return false;
    if (pattern.field === "reg" && operand.kind === "memory") return false;
  }
  return true;
};

/** Instructions whose size GNU as takes from a type keyword on their number, and the sizes that it takes from there. */
const SIZED_BY_NUMBER: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ...["mov", "test", "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp", "in", "out"].map(
    (name) => [name, [8, 16, 32]] as const,
  ),
  ...["push", "ret", "enter"].map((name) => [name, [16, 32]] as const),
]);

/** The type keyword on an immediate, or 0. */
export const keywordSize = (operands: readonly Operand[]): number => {
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i]!;
    if (operand.kind === "immediate" && operand.sizeBits !== undefined) return operand.sizeBits;
  }
  return 0;
};

/**
 * The size that a type keyword on an immediate states (`mov [esi], byte ptr 1`), or 0 where there is none or it is not
 * minded.
 */
export const statedSize = ({ mnemonic, operands }: Instruction): number => {
  const size = keywordSize(operands);
  return size !== 0 && SIZED_BY_NUMBER.get(mnemonic)?.includes(size) === true ? size : 0;
};

/** Whether the chosen processor has a form. */
export const allows = ({ form }: Candidate, { features }: EncodeOptions): boolean =>
  features === undefined || hasFeature(features, form.feature);

/** True for an operand that tells its size by itself. */
const tellsSize = (operand: Operand): boolean =>
  operand.kind === "register" || (operand.kind === "memory" && operand.sizeBits !== undefined);

/** Whether the candidate's size is the default, and not said by a suffix, a register or memory of known size. */
export const sizeIsDefault = ({ form, isSuffixed }: Candidate, operands: readonly Operand[]): boolean => {
  if (isSuffixed || !form.defaultSize || form.operandSize !== "v") return false;
  return !operands.some((operand, i) => {
    const { sizeBits, register } = form.operands[i]!;
    return (sizeBits === "v" || register === "rv") && tellsSize(operand);
  });
};

/** A number can be cut only where something beside it says to what size. */
export const canTruncate = ({ instruction, kinds, candidates }: Request): boolean =>
  candidates.every(({ isSuffixed }) => isSuffixed) ||
  !kinds.includes(KIND.memoryUnsized) ||
  instruction.operands.some((operand) => operand.kind === "register");

/** The candidate that the operands select, or null. `truncate` lets numbers lose their upper bits. */
export const select = (
  { instruction, kinds, candidates, options, preferBits }: Request,
  truncate: boolean,
): Candidate | null => {
  const { operands } = instruction;
  const stated = statedSize(instruction);
  let first: Candidate | null = null;
  for (const candidate of candidates) {
    if (stated !== 0 && candidate.sizeBits !== stated) continue;
    if (!allows(candidate, options) || !matches(candidate, operands, kinds, truncate)) continue;
    if (candidate.isUnusual && candidate.sizeBits !== preferBits && stated === 0 && sizeIsDefault(candidate, operands))
      continue;
    // A data16 or data32 prefix turns the default size of what has one.
    if (preferBits === 0 || candidate.sizeBits === preferBits || !sizeIsDefault(candidate, operands)) return candidate;
    first ??= candidate;
  }
  return first;
};

/**
 * GNU as takes `add [eax], byte ptr 1` for the form that extends its byte, so for one of the code segment's size: that
 * candidate, or null for any other instruction.
 */
export const extendingCandidate = ({ instruction, kinds, candidates, options }: Request): Candidate | null => {
  if (keywordSize(instruction.operands) !== 8 || kinds[0] !== KIND.memoryUnsized || kinds.length !== 2) return null;
  return (
    candidates.find(
      (candidate) =>
        candidate.sizeBits === options.bits &&
        candidate.operands[1]?.pattern.signExtended === true &&
        matches(candidate, instruction.operands, [kinds[0]!, ANY_IMMEDIATE], true),
    ) ?? null
  );
};

/** Of the forms between two registers, the first that goes the wished way; null where there is none. */
export const directedCandidate = ({ instruction, kinds, candidates, options }: Request): Candidate | null => {
  const found = candidates.filter(
    (candidate) =>
      candidate.operands.length === 2 &&
      candidate.operands.every(({ field }) => field === "reg" || field === "rm") &&
      allows(candidate, options) &&
      matches(candidate, instruction.operands, kinds, false),
  );
  const direction = instruction.wish?.direction;
  const usual = found[0]?.operands[0]?.field;
  const first = direction === "swap" ? (usual === "rm" ? "reg" : "rm") : direction === "load" ? "reg" : "rm";
  return found.find(({ operands }) => operands[0]!.field === first) ?? null;
};

/** The index of a memory operand that no one has given a size, and that could be of two; or -1. */
export const ambiguousOperand = ({ instruction, kinds, candidates }: Request, chosen: Candidate): number => {
  const index = kinds.indexOf(KIND.memoryUnsized);
  if (index < 0 || chosen.form.defaultSize) return -1;
  const { accept } = chosen.operands[index]!;
  const size = accept & SIZED_MEMORY;
  if (size === SIZED_MEMORY || size === 0) return -1;
  const isAmbiguous = candidates.some((other) => {
    const otherAccept = other.operands[index]?.accept ?? accept;
    return (
      otherAccept !== accept &&
      (otherAccept & SIZED_MEMORY) !== size &&
      matches(other, instruction.operands, kinds, true)
    );
  });
  return isAmbiguous ? index : -1;
};

/**
 * What AT&T syntax takes an operand of unknown size for: one of the code segment's size, or where a number is extended
 * or the sizes are others, the first in the table.
 */
export const assumedCandidate = (
  { instruction, kinds, candidates, options }: Request,
  chosen: Candidate,
): Candidate => {
  if (chosen.form.semantic === "movzx" || chosen.form.semantic === "movsx") return chosen;
  const ofCodeSize = (candidate: Candidate): boolean =>
    candidate.form.operandSize === "v" && candidate.sizeBits === options.bits;
  return (
    candidates.find((candidate) => ofCodeSize(candidate) && matches(candidate, instruction.operands, kinds, false)) ??
    chosen
  );
};

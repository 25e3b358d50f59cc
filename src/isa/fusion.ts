/**
 * Comparisons that the processor fuses with the conditional jump after them (Intel's optimization manual, 3.4.2.2), and
 * what kind of branch an instruction is. The choice is GNU as's.
 */

import type { Form } from "./form.ts";
import type { Instruction } from "./instruction.ts";

/** Pairs of conditions (by their code without the lowest bit) as bits: O, C, E, NA, S, P, L, LE. */
const bitsOf = (...pairs: number[]): number => pairs.reduce((bits, pair) => bits | (1 << pair), 0);
const ALL = 0xff;
const AFTER_COMPARE = bitsOf(1, 2, 3, 6, 7);
const AFTER_COUNT = bitsOf(2, 6, 7);

/** By the digit of the eight binary operations. */
const BY_OPERATION: Readonly<Record<number, number>> = { 0: AFTER_COMPARE, 4: ALL, 5: AFTER_COMPARE, 7: AFTER_COMPARE };

/** The conditions, as pairs, that a form fuses with where its operands allow it; 0 for none. */
const fusingForm = ({ map, opcode, modrm, modrmValue }: Form): number => {
  if (map !== 0) return 0;
  if (opcode < 0x40 && (opcode & 7) <= 5) return BY_OPERATION[opcode >> 3] ?? 0;
  if (opcode >= 0x80 && opcode <= 0x83) return BY_OPERATION[modrmValue] ?? 0;
  if ((opcode | 1) === 0x85 || (opcode | 1) === 0xa9) return ALL;
  if ((opcode | 1) === 0xf7) return modrmValue === 0 ? ALL : 0;
  if (opcode >= 0x40 && opcode <= 0x4f) return AFTER_COUNT;
  return (opcode | 1) === 0xff && modrm === "digit" && modrmValue <= 1 ? AFTER_COUNT : 0;
};

/** Pairs of conditions that an instruction fuses with: none with a number for memory, or where memory is counted. */
export const fusesWith = (form: Form, { operands }: Instruction): number => {
  const conditions = fusingForm(form);
  const isMemory = operands.some(({ kind }) => kind === "memory");
  if (!isMemory) return conditions;
  return conditions === AFTER_COUNT || operands.some(({ kind }) => kind === "immediate") ? 0 : conditions;
};

export type Branch = "jcc" | "jmp" | "call" | "ret" | "indirect";

/** Near branches that may be kept off a boundary; null for what is none of them. */
export const branchKind = ({ map, opcode, modrm, modrmValue, semantic }: Form): Branch | null => {
  if (semantic === "jcc") return "jcc";
  if (map !== 0) return null;
  if (opcode === 0xe9 || opcode === 0xeb) return "jmp";
  if (opcode === 0xe8) return "call";
  if (opcode === 0xc2 || opcode === 0xc3) return "ret";
  return opcode === 0xff && modrm === "digit" && (modrmValue === 2 || modrmValue === 4) ? "indirect" : null;
};

/**
 * Which instructions load from memory, for a fence after each (`-mlfence-after-load`), and which end in an indirect
 * branch. The choice is GNU as's: what it does not count as a load, such as a push from memory, gets no fence here.
 */

import type { Form } from "./form.ts";
import { isVexMap } from "./form.ts";
import type { Instruction, Operand } from "./instruction.ts";

const isMemory = ({ kind }: Operand): boolean => kind === "memory";

/** Operands in memory that are no data: addresses, lines of the cache, bounds. */
const takesAnySize = ({ operands }: Form): boolean =>
  operands.some(({ memory }) => memory === "any" || memory === "line");

/** By opcode in the one-byte map: what loads without an operand that says so. */
const loadsByItself = ({ semantic, opcode }: Form): boolean =>
  semantic === "popf" ||
  semantic === "popa" ||
  // MOVS, CMPS, LODS, SCAS; OUTS; XLAT.
  (opcode | 0xb) === 0xaf ||
  (opcode | 1) === 0x6f ||
  opcode === 0xd7;

const SHIFTS: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xd0, 0xd1, 0xd2, 0xd3]);
/** Digits of the x87's opcodes that store, by opcode. */
const X87_STORES: Readonly<Record<number, readonly number[]>> = {
  0xd9: [2, 3, 6, 7],
  0xdb: [1, 2, 3, 7],
  0xdd: [1, 2, 3, 6, 7],
  0xdf: [1, 2, 3, 6, 7],
};

/** Instructions of the one-byte map whose digit says that they read their operand. */
const loadsByDigit = (opcode: number, digit: number): boolean => {
  if (opcode === 0xf6 || opcode === 0xf7) return digit !== 1;
  if (opcode === 0xfe || opcode === 0xff) return digit <= 1;
  if (opcode >= 0x80 && opcode <= 0x83) return true;
  if (SHIFTS.has(opcode)) return digit !== 6;
  return opcode >= 0xd8 && opcode <= 0xdf && !(X87_STORES[opcode] ?? []).includes(digit);
};

/** The same for the map behind 0F: BT and its kin, CMPXCHG8B, FXRSTOR, LGDT. */
const loadsByDigit0F = ({ opcode, modrmValue: digit, prefix }: Form): boolean => {
  if (opcode === 0xba) return digit >= 4;
  if (opcode === 0xc7) return (prefix === "any" || prefix === "none") && [1, 3, 6].includes(digit);
  if (opcode === 0xae) return [1, 2, 5].includes(digit);
  return opcode === 0x01 && [2, 3, 6].includes(digit);
};

/** ADD to CMP, TEST and XCHG of a register and memory: they read where they write. */
const readsDestination = ({ map, opcode }: Form): boolean =>
  map === 0
    ? (opcode <= 0x39 && (opcode & 7) <= 1) || (opcode >= 0x84 && opcode <= 0x87)
    : map === 1 && (opcode | 1) === 0xc1;

/** Whether GNU as puts a fence after it. */
export const isLoad = (form: Form, { operands }: Instruction): boolean => {
  const isVex = isVexMap(form.map);
  if (!isVex && takesAnySize(form)) return false;
  if (form.mnemonic32 === "pop") return true;
  if (form.map === 0 && loadsByItself(form)) return true;
  if (!operands.some(isMemory)) return false;
  if (form.modrm === "digit" && form.map === 0 && loadsByDigit(form.opcode, form.modrmValue)) return true;
  if (form.modrm === "digit" && form.map === 1 && loadsByDigit0F(form)) return true;
  // BOUND has its register first in both syntaxes.
  return readsDestination(form) || (operands[0]?.kind === "register" && form.semantic !== "bound");
};

/** Where a fence before an indirect branch, or code before a return, is asked for. */
export const branchOf = ({ map, opcode, modrm, modrmValue }: Form): "indirect" | "return" | null => {
  if (map !== 0) return null;
  if (opcode === 0xff && modrm === "digit" && (modrmValue === 2 || modrmValue === 4)) return "indirect";
  return opcode === 0xc2 || opcode === 0xc3 ? "return" : null;
};

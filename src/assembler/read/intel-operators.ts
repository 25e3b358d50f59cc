/**
 * The words that are operators in Intel syntax, as data.
 */

import { Op } from "../model/expression.ts";

export interface IntelOperator {
  readonly name: string;
  readonly op: number;
  readonly operands: 1 | 2;
  /** A type only when `ptr` follows. */
  readonly needsPtr: boolean;
  /** Of a type. */
  readonly sizeBits: number;
}

const type = (name: string, sizeBits: number, op: number = Op.SIZE): IntelOperator => ({
  name,
  op,
  operands: 1,
  needsPtr: true,
  sizeBits,
});
const word = (name: string, op: number, operands: 1 | 2): IntelOperator => ({
  name,
  op,
  operands,
  needsPtr: false,
  sizeBits: 0,
});

export const INTEL_OPERATORS: readonly IntelOperator[] = [
  type("byte", 8),
  type("word", 16),
  type("dword", 32),
  type("fword", 48),
  type("qword", 64),
  type("mmword", 64),
  type("tbyte", 80),
  type("oword", 128),
  type("xmmword", 128),
  type("near", 0, Op.NEAR),
  type("far", 0, Op.FAR),
  word("offset", Op.OFFSET, 1),
  word("short", Op.SHORT, 1),
  word("not", Op.BIT_NOT, 1),
  word("and", Op.AND, 2),
  word("or", Op.OR, 2),
  word("xor", Op.XOR, 2),
  word("mod", Op.MODULUS, 2),
  word("shl", Op.SHIFT_LEFT, 2),
  word("shr", Op.SHIFT_RIGHT, 2),
  word("eq", Op.EQUAL, 2),
  word("ne", Op.NOT_EQUAL, 2),
  word("lt", Op.LESS, 2),
  word("le", Op.LESS_EQUAL, 2),
  word("gt", Op.GREATER, 2),
  word("ge", Op.GREATER_EQUAL, 2),
];

/** Value of a type's name where it stands alone. */
export const SIZE_BYTES: ReadonlyMap<string, number> = new Map([
  ["byte", 1],
  ["word", 2],
  ["dword", 4],
  ["fword", 6],
  ["qword", 8],
  ["mmword", 8],
  ["tbyte", 10],
  ["oword", 16],
  ["xmmword", 16],
]);

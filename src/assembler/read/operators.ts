/** The signs of operators between two operands, as GNU as reads them. */

import { Op } from "../model/expression.ts";

/** Operators of one character; 0 where there is none. */
export const SINGLE_SIGNS = new Uint8Array(128);
for (const [sign, op] of [
  ["*", Op.MULTIPLY],
  ["/", Op.DIVIDE],
  ["%", Op.MODULUS],
  ["<", Op.LESS],
  [">", Op.GREATER],
  ["|", Op.OR],
  ["^", Op.XOR],
  ["&", Op.AND],
  ["!", Op.OR_NOT],
  ["+", Op.ADD],
  ["-", Op.SUBTRACT],
] as const)
  SINGLE_SIGNS[sign.charCodeAt(0)] = op;

/** Operators of two characters, keyed by first * 128 + second. */
export const DOUBLE_SIGNS = new Map<number, number>();
for (const [sign, op] of [
  ["<<", Op.SHIFT_LEFT],
  ["<>", Op.NOT_EQUAL],
  ["<=", Op.LESS_EQUAL],
  [">>", Op.SHIFT_RIGHT],
  [">=", Op.GREATER_EQUAL],
  ["||", Op.LOGICAL_OR],
  ["&&", Op.LOGICAL_AND],
  ["!=", Op.NOT_EQUAL],
  ["==", Op.EQUAL],
] as const)
  DOUBLE_SIGNS.set(sign.charCodeAt(0) * 128 + sign.charCodeAt(1), op);

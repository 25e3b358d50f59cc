/**
 * Decimal and hexadecimal numbers that no operator can follow. Compilers' directives are full of them: they need no
 * expression.
 */

import { COMMA, characterClass, DIGIT, digitValue, NAME_PART, SPACE, STATEMENT_END } from "./chars.ts";
import type { Reading } from "./reading.ts";

/** Digits that a number may have and still be exact and within 32 bits. */
const MOST_DIGITS = 9;
const MOST_HEX_DIGITS = 7;

const MINUS = 0x2d;
const ZERO = 0x30;
const SMALL_X = 0x78;

/**
 * The number at the cursor if it lies from `least` up to below `limit`; the cursor then stands at what follows. Null,
 * and the cursor unmoved, for anything else.
 */
export function plainNumber({ input, isIntel }: Reading, least: number, limit: number): number | null {
  const { bytes } = input;
  let end = input.offset;
  while (characterClass[bytes[end]!] === SPACE) end++;
  const isNegative = bytes[end] === MINUS;
  if (isNegative) end++;
  let start = end;
  let code = bytes[end]!;
  let value = 0;
  if (code === ZERO && bytes[end + 1] === SMALL_X) {
    start = end += 2;
    for (let digit = digitValue[bytes[end]!]!; digit < 16; digit = digitValue[bytes[++end]!]!)
      value = value * 16 + digit;
    if (end === start || end > start + MOST_HEX_DIGITS) return null;
  } else {
    for (; characterClass[code]! & DIGIT; code = bytes[++end]!) value = value * 10 + code - ZERO;
    if (end === start || end > start + MOST_DIGITS || (bytes[start] === ZERO && end > start + 1)) return null;
  }
  if (isNegative) value = 0 - value;
  if (value < least || value >= limit) return null;
  let after = characterClass[bytes[end]!]!;
  if (after & NAME_PART) return null;
  while (after === SPACE) after = characterClass[bytes[++end]!]!;
  // In Intel syntax a word may be an operator.
  const isEnd = bytes[end] === COMMA || (after & STATEMENT_END) !== 0 || (!isIntel && (after & NAME_PART) !== 0);
  if (!isEnd) return null;
  input.offset = end;
  return value;
}

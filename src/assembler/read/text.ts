/**
 * Strings and character constants: the escapes that they may hold and what they mean.
 */

import { grownBytes } from "../model/columns.ts";
import { NEWLINE } from "../model/source-text.ts";
import {
  APOSTROPHE,
  AT_SIGN,
  BACKSLASH,
  CLOSE_PARENTHESIS,
  characterClass,
  DIGIT,
  digitValue,
  NAME_PART,
  QUOTE,
} from "./chars.ts";

/** Escapes of a character constant; any other character stands for itself. */
const CHARACTER_ESCAPES = new Map([
  [0x62, 8],
  [0x66, 12],
  [0x6e, 10],
  [0x72, 13],
  [0x74, 9],
]);

/** Value of the character constant whose apostrophe is at `start`, and the offset after it. */
export function characterValue(bytes: Uint8Array, start: number): { value: number; end: number } {
  let offset = start + 1;
  let value = bytes[offset]!;
  if (value === BACKSLASH && bytes[offset + 1] !== NEWLINE) {
    value = bytes[++offset]!;
    value = CHARACTER_ESCAPES.get(value) ?? value;
  }
  offset++;
  return { value, end: bytes[offset] === APOSTROPHE ? offset + 1 : offset };
}

export const LONG_CHARACTER =
  "a character constant is one character: write more as a number, or as a string in `.ascii'";

/**
 * `'ab'`, a character constant of several: the offset after it, or -1 where no apostrophe shows that it was meant as
 * one.
 */
export function longCharacterEnd(bytes: Uint8Array, start: number): number {
  const end = nameEnd(bytes, start + 1);
  return bytes[end] === APOSTROPHE ? end + 1 : -1;
}

/** Where the sign of `(name)@SUFFIX` is whose parenthesis is at `start`, or -1. */
export function signAfterName(bytes: Uint8Array, start: number): number {
  const end = nameEnd(bytes, start + 1);
  return end > start + 1 && bytes[end] === CLOSE_PARENTHESIS && bytes[end + 1] === AT_SIGN ? end + 1 : -1;
}

function nameEnd(bytes: Uint8Array, start: number): number {
  let end = start;
  while (characterClass[bytes[end]!]! & NAME_PART) end++;
  return end;
}

export interface StringResult {
  readonly bytes: Uint8Array;
  /** Offset after the closing quote, or of the newline where there is none. */
  readonly end: number;
  /** The closing quote was found on the line. */
  readonly closed: boolean;
}

/** Escapes of a string with one letter. */
const STRING_ESCAPES = new Map([
  [0x62, 8],
  [0x66, 12],
  [0x6e, 10],
  [0x72, 13],
  [0x74, 9],
  [0x76, 11],
  [BACKSLASH, BACKSLASH],
  [QUOTE, QUOTE],
]);

/** The string that is being read. */
let text: Uint8Array = new Uint8Array(256);

/**
 * The string whose opening quote is at `start`, escapes replaced: `\n`, up to three octal digits, `\x` and hexadecimal
 * digits.
 */
export function readString(bytes: Uint8Array, start: number): StringResult {
  let length = 0;
  let offset = start + 1;
  for (;;) {
    const code = bytes[offset]!;
    if (code === NEWLINE) return { bytes: text.slice(0, length), end: offset, closed: false };
    offset++;
    if (code === QUOTE) return { bytes: text.slice(0, length), end: offset, closed: true };
    if (length === text.length) text = grownBytes(text);
    if (code !== BACKSLASH) {
      text[length++] = code;
      continue;
    }
    const escaped = bytes[offset]!;
    if (escaped === NEWLINE) continue;
    offset++;
    if (characterClass[escaped]! & DIGIT) {
      // GNU as takes 8 and 9 for octal digits too.
      let value = escaped - 0x30;
      for (let digits = 1; digits < 3 && digitValue[bytes[offset]!]! < 10; digits++)
        value = value * 8 + digitValue[bytes[offset++]!]!;
      text[length++] = value;
    } else if (escaped === 0x78 || escaped === 0x58) {
      // Any number of digits: the last two count.
      let value = 0;
      while (digitValue[bytes[offset]!]! < 16) value = (value * 16 + digitValue[bytes[offset++]!]!) & 0xff;
      text[length++] = value;
    } else text[length++] = STRING_ESCAPES.get(escaped) ?? escaped;
  }
}

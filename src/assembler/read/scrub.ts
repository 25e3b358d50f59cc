/**
 * The canonical form of a statement's text. GNU as rewrites its source before it looks at it: comments go, blanks
 * shrink or vanish, character constants become numbers. Only macros see the result (their arguments are split at the
 * blanks that are left, `.ifc` compares what is left), so only macro bodies, arguments and such strings are rewritten
 * here.
 */

import { NEWLINE } from "../model/source-text.ts";
import {
  APOSTROPHE,
  BACKSLASH,
  COLON,
  characterClass,
  DIGIT,
  HASH,
  NAME_PART,
  NAME_START,
  QUOTE,
  SEMICOLON,
  SLASH,
  SPACE,
  STAR,
} from "./chars.ts";
import { characterValue } from "./text.ts";

/** A growing row of bytes, with the source offset of each when asked for. */
export class ByteRow {
  bytes = new Uint8Array(256);
  length = 0;
  /** Source offset of each byte; null when nobody wants to know. */
  offsets: number[] | null = null;

  push(code: number, offset: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    if (this.offsets !== null) this.offsets[this.length] = offset;
    this.bytes[this.length++] = code;
  }

  /** Makes room for so many more bytes. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.length + count, this.bytes.length * 2));
    larger.set(this.bytes);
    this.bytes = larger;
  }

  append(source: Uint8Array, start: number, end: number, offset = -1): void {
    for (let i = start; i < end; i++) this.push(source[i]!, offset < 0 ? -1 : offset + i - start);
  }

  slice(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

/** Where in a statement the rewriter is: what decides which blanks are kept. */
const LINE_START = 0;
const AFTER_BLANK = 1;
const IN_OPCODE = 2;
const IN_OPERANDS = 3;
const AFTER_SYMBOL = 9;
const BLANK_AFTER_SYMBOL = 10;
const IN_LABEL = 11;

/** The text after the name that began a statement: the operands. */
export const FROM_OPERANDS = IN_OPERANDS;
export const FROM_LINE_START = LINE_START;
/** After a `;`. */
export const FROM_SEPARATOR = AFTER_BLANK;

/** Characters that can begin or continue an operand: a blank between two of them stays. */
const symbolCharacter = new Uint8Array(256);
for (let code = 0; code < 256; code++)
  if (characterClass[code]! & (NAME_START | NAME_PART | DIGIT)) symbolCharacter[code] = 1;
for (const operandStart of "*%-([{}") symbolCharacter[operandStart.charCodeAt(0)] = 1;

export interface ScrubResult {
  /** Offset of the newline or `;` that ends the statement. */
  readonly end: number;
  /** Newlines inside block comments on the way. */
  readonly newlines: number;
}

/** Appends the canonical form of the statement at `start` to `out`. The text ends with a newline. */
export function scrubStatement(bytes: Uint8Array, start: number, end: number, from: number, out: ByteRow): ScrubResult {
  let state = from;
  let offset = start;
  let newlines = 0;
  while (offset < end) {
    const code = bytes[offset]!;
    if (code === SLASH && bytes[offset + 1] === STAR) {
      // GNU as takes a comment, with the blanks after it, for nothing: what stands on either side grows together.
      offset += 2;
      while (offset < end && !(bytes[offset] === STAR && bytes[offset + 1] === SLASH))
        if (bytes[offset++] === NEWLINE) newlines++;
      offset = Math.min(offset + 2, end);
      while (offset < end && characterClass[bytes[offset]!] === SPACE) offset++;
      if (state === AFTER_SYMBOL || state === BLANK_AFTER_SYMBOL) state = IN_OPERANDS;
      else if (state === LINE_START) state = AFTER_BLANK;
      continue;
    }
    if (characterClass[code] === SPACE) {
      const blankStart = offset;
      while (offset < end && characterClass[bytes[offset]!] === SPACE) offset++;
      const next = offset < end ? bytes[offset]! : NEWLINE;
      if (state === LINE_START) {
        state = AFTER_BLANK;
        out.push(0x20, blankStart);
      } else if (next === NEWLINE || next === SEMICOLON || next === HASH) {
        continue;
      } else if ((state === IN_OPCODE || state === IN_LABEL) && next === COLON) {
        state = AFTER_BLANK;
        out.push(COLON, offset++);
      } else if (state === IN_OPCODE || state === IN_LABEL) {
        state = IN_OPERANDS;
        out.push(0x20, blankStart);
      } else if (state === AFTER_SYMBOL) {
        state = BLANK_AFTER_SYMBOL;
      }
      continue;
    }
    if (code === NEWLINE || code === SEMICOLON) return { end: offset, newlines };
    if (code === HASH || (code === SLASH && state <= AFTER_BLANK)) {
      while (offset < end && bytes[offset] !== NEWLINE) offset++;
      return { end: offset, newlines };
    }
    if (code === QUOTE) {
      if (state === BLANK_AFTER_SYMBOL) out.push(0x20, offset - 1);
      if (state === BLANK_AFTER_SYMBOL || state === IN_OPERANDS) state = AFTER_SYMBOL;
      else if (state === LINE_START) state = IN_LABEL;
      offset = copyString(bytes, offset, end, out);
      continue;
    }
    if (code === APOSTROPHE) {
      if (state === BLANK_AFTER_SYMBOL) {
        out.push(0x20, offset - 1);
        state = IN_OPERANDS;
      }
      const character = characterValue(bytes, offset);
      for (const digit of String(character.value)) out.push(digit.charCodeAt(0), offset);
      offset = character.end;
      if (state === AFTER_SYMBOL) state = IN_OPERANDS;
      continue;
    }
    if (code === COLON && (state === IN_OPCODE || state === IN_LABEL)) {
      // After a label the statement begins again.
      state = AFTER_BLANK;
      out.push(code, offset++);
      continue;
    }
    if (symbolCharacter[code] === 1) {
      if (state === BLANK_AFTER_SYMBOL) {
        out.push(0x20, offset - 1);
        state = IN_OPERANDS;
      }
      if (state === IN_OPERANDS) state = AFTER_SYMBOL;
      else if (state === LINE_START) state = IN_LABEL;
      else if (state === AFTER_BLANK) state = IN_OPCODE;
    } else if (state === LINE_START) state = IN_LABEL;
    else if (state === AFTER_BLANK) state = IN_OPCODE;
    else if (state === AFTER_SYMBOL) state = IN_OPERANDS;
    else if (state === BLANK_AFTER_SYMBOL) {
      if (code === BACKSLASH) out.push(0x20, offset - 1);
      state = IN_OPERANDS;
    }
    out.push(code, offset++);
  }
  return { end: offset, newlines };
}

/** Appends the string at `start` as it stands; returns where it ends, at the latest at the end of its line. */
function copyString(bytes: Uint8Array, start: number, end: number, out: ByteRow): number {
  let offset = start;
  out.push(QUOTE, offset++);
  while (offset < end && bytes[offset] !== NEWLINE) {
    const character = bytes[offset]!;
    out.push(character, offset++);
    if (character === QUOTE) break;
    if (character === BACKSLASH && bytes[offset] !== NEWLINE) {
      out.push(bytes[offset]!, offset);
      offset++;
    }
  }
  return offset;
}

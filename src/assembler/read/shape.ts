/**
 * The shape of a statement: its text with a mark in place of each number and register that is encoded like others
 * (`interchangeable.ts`), and apart from it what those are. What an operand's symbol comes to is not known yet: it is
 * encoded like a number that takes four bytes, and has the mark of one.
 */

import { NEWLINE } from "../model/source-text.ts";
import {
  APOSTROPHE,
  AT_SIGN,
  CLOSE_BRACKET,
  CLOSE_PARENTHESIS,
  COMMA,
  characterClass,
  DOLLAR,
  DOT,
  HASH,
  NAME_PART,
  OPEN_BRACKET,
  OPEN_PARENTHESIS,
  PERCENT,
  QUOTE,
  SEMICOLON,
  SLASH,
  SPACE,
  STAR,
  standsAt,
} from "./chars.ts";
import { KIND_COUNT, kindOfNumber, kindOfRegister, NO_KIND, Role, SYMBOL_VALUE } from "./interchangeable.ts";

/** Longer statements are rare and not worth the memory. */
export const LONGEST_SHAPE = 48;
/** Numbers and registers of a statement that get a mark; others are part of the text. */
const MOST_PARTS = 5;
/** Decimal digits that a number may have and still be within 32 bits. */
const MOST_DIGITS = 9;
/** Marks stand above all characters: only a text with none of those has a shape. */
const FIRST_MARK = 256 - KIND_COUNT;

const TAB = 0x09;
const BLANK = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;
const OPEN_BRACE = 0x7b;
/** What asks for the global offset table, and for the distance from it. */
const GOT = "@GOT";
const OFF = "OFF";

const PLAIN = 0;
const END = 1;
const NO_SHAPE = 2;
const LETTER = 3;
const DIGIT = 4;
/** What a character does to the shape. */
const role = new Uint8Array(256);
for (let code = 0; code < 256; code++)
  if (characterClass[code]! & NAME_PART) role[code] = code < 0x80 ? LETTER : NO_SHAPE;
for (let code = 0x30; code <= 0x39; code++) role[code] = DIGIT;
// It may be part of a name, but mostly it begins an immediate value.
role[DOLLAR] = PLAIN;
for (const code of [NEWLINE, SEMICOLON, HASH, 0]) role[code] = END;
for (const code of [QUOTE, APOSTROPHE, SLASH, AT_SIGN, OPEN_BRACE]) role[code] = NO_SHAPE;

/** After what a number may begin that gets a mark, and what may follow it. */
const opens = new Uint8Array(256);
for (const code of [DOLLAR, COMMA, PLUS, BLANK, TAB]) opens[code] = 1;
const closes = new Uint8Array(256);
for (const code of [COMMA, OPEN_PARENTHESIS, CLOSE_BRACKET, NEWLINE, SEMICOLON, HASH]) closes[code] = 1;

export class Shape {
  readonly text = new Uint8Array(LONGEST_SHAPE);
  length = 0;
  hash = 0;
  /** How many marks there are; of each its kind, and the number or the register's number. */
  parts = 0;
  readonly kinds = new Uint8Array(MOST_PARTS);
  readonly values = new Int32Array(MOST_PARTS);
  /** Where the statement ends in the source. */
  end = 0;
  /** Which of the parts is the symbol that an operand names, or -1. */
  symbolPart = -1;
  /** Where that operand begins, with its sign, and where what is added to the symbol ends. */
  symbolStart = 0;
  symbolEnd = 0;
  /** Where the register ends that was taken last. */
  #registerEnd = 0;

  /**
   * Takes the statement at `start`; false when it is one without a shape. `marksSymbols`: in operands a bare name is a
   * symbol, and never a register or a size.
   */
  read(bytes: Uint8Array, start: number, marksSymbols: boolean): boolean {
    const { text } = this;
    this.symbolPart = -1;
    let length = 0;
    let hash = 0;
    let parts = 0;
    let brackets = 0;
    let parentheses = 0;
    let offset = start;
    let before = BLANK;
    for (;;) {
      let code = bytes[offset]!;
      const what = role[code]!;
      let kind = NO_KIND;
      let end = offset;
      if (marksSymbols && what >= LETTER && this.#isSymbol(bytes, offset, before, length, parentheses)) {
        if (parts === MOST_PARTS) return false;
        end = this.symbolEnd;
        kind = kindOfNumber(SYMBOL_VALUE, bytes[end] !== OPEN_PARENTHESIS);
        this.symbolPart = parts;
        this.values[parts] = 0;
      } else if (what === PLAIN) {
        if (code === PERCENT && parts < MOST_PARTS) {
          const use = parentheses === 0 ? Role.REGISTER : before === OPEN_PARENTHESIS ? Role.BASE : Role.INDEX;
          kind = this.#takeRegister(bytes, offset, use, parts);
          end = this.#registerEnd;
        } else if (code === OPEN_PARENTHESIS) parentheses++;
        else if (code === CLOSE_PARENTHESIS) parentheses--;
        else if (code === OPEN_BRACKET) brackets++;
        else if (code === CLOSE_BRACKET) brackets--;
        // Which blank it is does not matter.
        else if (code === TAB) code = BLANK;
      } else if (what === DIGIT) {
        let value = 0;
        let next = code;
        while (role[next] === DIGIT && end - offset <= MOST_DIGITS) {
          value = value * 10 + next - 0x30;
          next = bytes[++end]!;
        }
        // The sign belongs to it where nothing stands before that.
        let opener = marksSymbols && before === STAR && length > 1 && text[length - 2] === BLANK ? COMMA : before;
        let isNegative = false;
        if (before === MINUS && length > 1) {
          opener = text[length - 2]!;
          isNegative = brackets > 0 ? role[opener] === LETTER || opener === CLOSE_PARENTHESIS : opens[opener] === 1;
          if (isNegative) opener = COMMA;
        }
        if (
          parentheses === 0 &&
          parts < MOST_PARTS &&
          opens[opener] === 1 &&
          closesAt(bytes, end, next) &&
          end - offset <= MOST_DIGITS &&
          (end - offset === 1 || code !== 0x30)
        ) {
          if (isNegative) value = -value;
          kind = kindOfNumber(value, brackets === 0 && next !== OPEN_PARENTHESIS);
          this.values[parts] = value;
        }
      } else if (what === END) break;
      else if (what === NO_SHAPE) return false;
      if (kind !== NO_KIND) {
        if (length === LONGEST_SHAPE) return false;
        text[length++] = FIRST_MARK + kind;
        hash = (Math.imul(hash, 31) + FIRST_MARK + kind) | 0;
        this.kinds[parts++] = kind;
        offset = end;
        before = 0x61;
        continue;
      }
      // A word, or a number with what belongs to it, or one character.
      do {
        if (length === LONGEST_SHAPE) return false;
        text[length++] = code;
        hash = (Math.imul(hash, 31) + code) | 0;
        before = code;
        code = bytes[++offset]!;
      } while (what >= LETTER && role[code]! >= LETTER);
    }
    this.length = length;
    this.hash = hash;
    this.parts = parts;
    this.end = offset;
    return true;
  }

  /** Takes number and end of the register at `start` for a part; returns its kind, if it is one that is known. */
  #takeRegister(bytes: Uint8Array, start: number, use: number, part: number): number {
    let key = 0;
    let end = start + 1;
    for (let next = bytes[end]!; role[next]! >= LETTER; next = bytes[++end]!) key = (key << 8) | next;
    this.#registerEnd = end;
    const known = end - start <= 5 ? kindOfRegister(key, use) : -1;
    if (known < 0) return NO_KIND;
    this.values[part] = known >> 8;
    return known & 0xff;
  }

  /**
   * Whether an operand is a symbol, or begins with one: `$x+4`, `*x@GOT(%ebx)`, `4+x@GOTOFF`. Takes where it begins and
   * ends. With other relocations instructions are encoded in a way of their own.
   */
  #isSymbol(bytes: Uint8Array, start: number, before: number, length: number, parentheses: number): boolean {
    if (parentheses !== 0 || length === 0 || this.symbolPart >= 0) return false;
    const sign = before === DOLLAR || before === STAR ? 1 : 0;
    const opener = sign === 0 ? before : length > 1 ? this.text[length - 2]! : 0;
    if (opener !== BLANK && opener !== COMMA) return false;
    let offset = start;
    if (role[bytes[offset]!] === DIGIT) {
      offset = pastDigits(bytes, offset);
      if (bytes[offset++] !== PLUS || role[bytes[offset]!] !== LETTER) return false;
    }
    const nameStart = offset;
    while (role[bytes[offset]!]! >= LETTER) offset++;
    if (bytes[nameStart] === DOT && offset === nameStart + 1) return false;
    if (bytes[offset] === AT_SIGN) {
      if (!standsAt(bytes, offset, GOT)) return false;
      offset += GOT.length;
      if (standsAt(bytes, offset, OFF)) offset += OFF.length;
      // The linker rewrites what loads from the table: without a register that is a form of its own.
      else if (bytes[offset] !== OPEN_PARENTHESIS) return false;
    }
    if (bytes[offset] === PLUS || bytes[offset] === MINUS) offset = pastDigits(bytes, offset + 1);
    const code = bytes[offset]!;
    if (code !== COMMA && code !== OPEN_PARENTHESIS && role[code] !== END) return false;
    this.symbolStart = start - sign;
    this.symbolEnd = offset;
    return true;
  }
}

function pastDigits(bytes: Uint8Array, start: number): number {
  let offset = start;
  while (role[bytes[offset]!] === DIGIT) offset++;
  return offset;
}

/** Whether a number that ends at `offset`, with `next` there, may be an operand or the end of one. */
function closesAt(bytes: Uint8Array, offset: number, next: number): boolean {
  return closes[next] === 1 || (characterClass[next] === SPACE && endsAfter(bytes, offset));
}

/** Blanks, and then what ends an operand. */
function endsAfter(bytes: Uint8Array, offset: number): boolean {
  while (characterClass[bytes[offset]!] === SPACE) offset++;
  return role[bytes[offset]!] === END || bytes[offset] === COMMA;
}

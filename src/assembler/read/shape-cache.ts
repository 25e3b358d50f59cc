/**
 * Encodings by the shape of a statement: its text with a mark for each number, which says of what magnitude it is.
 * Programs say the same few thousand instructions over and over, or the same with another number; one that names no
 * symbol always comes to the same bytes but for the fields of its numbers, so its shape is looked up before it is taken
 * apart. Where a number's field lies is found by encoding the instruction again with another number of its magnitude.
 */

import { NEWLINE } from "../model/source-text.ts";
import { APOSTROPHE, AT_SIGN, characterClass, HASH, NAME_PART, QUOTE, SEMICOLON, SLASH, SPACE } from "./chars.ts";
import { magnitudeOf, NO_MAGNITUDE, widthOf } from "./magnitude.ts";

/** Slots of the hash table, a power of two, and how many of them are taken at most. */
const SLOTS = 1 << 15;
const MOST_ENTRIES = SLOTS / 2;
/** Longer statements are rare and not worth the memory; no instruction is longer than the second. */
const LONGEST = 64;
const LONGEST_CODE = 16;
/** Numbers of a statement that get a mark; others are part of the text. */
const MOST_NUMBERS = 2;
/** Decimal digits that a number may have and still be within 32 bits. */
const MOST_DIGITS = 9;
/** Marks stand above all characters: only a text with none of those has a shape. */
const FIRST_MARK = 0xf0;

const DOLLAR = 0x24;
const OPEN_PARENTHESIS = 0x28;
const CLOSE_PARENTHESIS = 0x29;
const COMMA = 0x2c;
const PLUS = 0x2b;
const MINUS = 0x2d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

const PLAIN = 0;
const END = 1;
const NO_SHAPE = 2;
const PART = 3;
const NUMERAL = 4;
/** What a character does to the shape. */
const role = new Uint8Array(256);
for (let code = 0; code < 256; code++) if (characterClass[code]! & NAME_PART) role[code] = code < 0x80 ? PART : NO_SHAPE;
for (let code = 0x30; code <= 0x39; code++) role[code] = NUMERAL;
for (const code of [NEWLINE, SEMICOLON, HASH, 0]) role[code] = END;
for (const code of [QUOTE, APOSTROPHE, SLASH, AT_SIGN, 0x7b]) role[code] = NO_SHAPE;

/** After what a number may begin that gets a mark, and what may follow it. */
const opens = new Uint8Array(256);
for (const code of [DOLLAR, COMMA, PLUS, 0x20, 0x09]) opens[code] = 1;
const closes = new Uint8Array(256);
for (const code of [COMMA, OPEN_PARENTHESIS, CLOSE_BRACKET, NEWLINE, SEMICOLON, HASH]) closes[code] = 1;

/** A number of a statement, as the shape has it. */
export interface ShapedNumber {
  readonly value: number;
  readonly magnitude: number;
  /** It is an immediate value, not a displacement. */
  readonly isImmediate: boolean;
}

/** Where a number stands in an encoding. */
export interface NumberField {
  readonly offset: number;
  readonly sizeBytes: number;
}

export class ShapeCache {
  readonly #slots = new Int32Array(SLOTS);
  #count = 0;
  #hashes = new Int32Array(256);
  #modes = new Uint16Array(256);
  #lengths = new Uint8Array(256);
  #texts = new Uint8Array(256 * LONGEST);
  #codes = new Uint8Array(256 * LONGEST_CODE);
  #codeLengths = new Uint8Array(256);
  /** For each number its offset in the encoding, and its size. */
  #fields = new Uint8Array(256 * MOST_NUMBERS * 2);

  /** The shape of the last look-up: its text, and the numbers in it. */
  readonly #shape = new Uint8Array(LONGEST + 2);
  #length = 0;
  #hash = 0;
  #mode = 0;
  #hasShape = false;
  #numbers = 0;
  readonly #values = new Int32Array(MOST_NUMBERS);
  readonly #magnitudes = new Uint8Array(MOST_NUMBERS);
  readonly #immediates = new Uint8Array(MOST_NUMBERS);
  /** Of the last look-up: where the text ended. */
  end = 0;

  /**
   * Writes the encoding of the statement that begins at `start` to `out`, which has room for it; returns its length, 0
   * if the shape is not known. `end` is then where the statement ends.
   */
  encode(bytes: Uint8Array, start: number, mode: number, out: Uint8Array, at: number): number {
    this.#hasShape = false;
    if (!this.#read(bytes, start)) return 0;
    this.#hasShape = true;
    this.#mode = mode;
    const entry = this.#find();
    if (entry < 0) return 0;
    const length = this.#codeLengths[entry]!;
    const codes = this.#codes;
    const from = entry * LONGEST_CODE;
    for (let i = 0; i < length; i++) out[at + i] = codes[from + i]!;
    const fields = entry * MOST_NUMBERS * 2;
    for (let i = 0; i < this.#numbers; i++) {
      let rest = this.#values[i]!;
      const place = at + this.#fields[fields + i * 2]!;
      for (let j = 0; j < this.#fields[fields + i * 2 + 1]!; j++) {
        out[place + j] = rest;
        rest >>= 8;
      }
    }
    return length;
  }

  /** Takes the text into `#shape`; false when it is one without a shape. */
  #read(bytes: Uint8Array, start: number): boolean {
    const shape = this.#shape;
    let length = 0;
    let hash = 0;
    let numbers = 0;
    let brackets = 0;
    let parentheses = 0;
    let offset = start;
    let before = 0x20;
    for (;;) {
      let code = bytes[offset]!;
      const what = role[code]!;
      if (what === PLAIN) {
        if (code === OPEN_PARENTHESIS) parentheses++;
        else if (code === CLOSE_PARENTHESIS) parentheses--;
        else if (code === OPEN_BRACKET) brackets++;
        else if (code === CLOSE_BRACKET) brackets--;
      } else if (what === PART) {
        // The rest of a word, digits and all.
        while (role[code]! >= PART && length < LONGEST) {
          shape[length++] = code;
          hash = (Math.imul(hash, 31) + code) | 0;
          code = bytes[++offset]!;
        }
        if (length >= LONGEST) return false;
        before = 0x61;
        continue;
      } else if (what === NUMERAL) {
        let end = offset;
        let value = 0;
        while (role[code] === NUMERAL && end - offset <= MOST_DIGITS) {
          value = value * 10 + code - 0x30;
          code = bytes[++end]!;
        }
        // The sign belongs to it where nothing stands before that.
        let opener = before;
        let isNegative = false;
        if (before === MINUS && length > 1) {
          opener = shape[length - 2]!;
          isNegative = brackets > 0 ? role[opener] === PART || opener === CLOSE_PARENTHESIS : opens[opener] === 1;
          if (isNegative) opener = COMMA;
        }
        if (
          parentheses === 0 &&
          numbers < MOST_NUMBERS &&
          opens[opener] === 1 &&
          (closes[code] === 1 || (characterClass[code] === SPACE && this.#endsAfter(bytes, end))) &&
          end - offset <= MOST_DIGITS &&
          (end - offset === 1 || bytes[offset] !== 0x30)
        ) {
          if (isNegative) value = -value;
          const magnitude = magnitudeOf(value);
          if (magnitude !== NO_MAGNITUDE) {
            this.#values[numbers] = value;
            this.#magnitudes[numbers] = magnitude;
            this.#immediates[numbers] = brackets === 0 && code !== OPEN_PARENTHESIS ? 1 : 0;
            numbers++;
            shape[length++] = FIRST_MARK + magnitude;
            hash = (Math.imul(hash, 31) + FIRST_MARK + magnitude) | 0;
            if (length >= LONGEST) return false;
            offset = end;
            before = 0x61;
            continue;
          }
        }
        // Part of the text, with what letters follow.
        code = bytes[offset]!;
        while (role[code]! >= PART && length < LONGEST) {
          shape[length++] = code;
          hash = (Math.imul(hash, 31) + code) | 0;
          code = bytes[++offset]!;
        }
        if (length >= LONGEST) return false;
        before = 0x61;
        continue;
      } else if (what === END) break;
      else return false;
      shape[length++] = code;
      hash = (Math.imul(hash, 31) + code) | 0;
      if (length >= LONGEST) return false;
      offset++;
      before = code;
    }
    this.#length = length;
    this.#hash = hash;
    this.#numbers = numbers;
    this.end = offset;
    return true;
  }

  /** Blanks, and then what ends an operand. */
  #endsAfter(bytes: Uint8Array, offset: number): boolean {
    while (characterClass[bytes[offset]!] === SPACE) offset++;
    return role[bytes[offset]!] === END || bytes[offset] === COMMA;
  }

  #find(): number {
    const mode = this.#mode;
    const hash = this.#hash ^ mode;
    const length = this.#length;
    const shape = this.#shape;
    const texts = this.#texts;
    const slots = this.#slots;
    let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    search: for (;;) {
      const entry = slots[slot]! - 1;
      if (entry < 0) return -1;
      slot = (slot + 1) & (SLOTS - 1);
      if (this.#hashes[entry] !== hash || this.#lengths[entry] !== length || this.#modes[entry] !== mode) continue;
      for (let i = 0, at = entry * LONGEST; i < length; i++, at++) if (texts[at] !== shape[i]) continue search;
      return entry;
    }
  }

  /** The numbers of the shape that was looked up last; null when that is not one to keep. */
  get numbers(): readonly ShapedNumber[] | null {
    if (!this.#hasShape || this.#count >= MOST_ENTRIES) return null;
    return Array.from({ length: this.#numbers }, (_, i) => ({
      value: this.#values[i]!,
      magnitude: this.#magnitudes[i]!,
      isImmediate: this.#immediates[i] === 1,
    }));
  }

  /** Keeps the encoding of the shape that was looked up last. */
  store(code: Uint8Array, fields: readonly NumberField[]): void {
    if (code.length > LONGEST_CODE) return;
    const entry = this.#count++;
    if (entry === this.#hashes.length) this.#grow();
    const hash = this.#hash ^ this.#mode;
    this.#hashes[entry] = hash;
    this.#lengths[entry] = this.#length;
    this.#modes[entry] = this.#mode;
    this.#texts.set(this.#shape.subarray(0, this.#length), entry * LONGEST);
    this.#codes.set(code, entry * LONGEST_CODE);
    this.#codeLengths[entry] = code.length;
    fields.forEach(({ offset, sizeBytes }, i) => {
      this.#fields[(entry * MOST_NUMBERS + i) * 2] = offset;
      this.#fields[(entry * MOST_NUMBERS + i) * 2 + 1] = sizeBytes;
    });
    let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
    this.#slots[slot] = entry + 1;
  }

  #grow(): void {
    const doubled = <T extends Int32Array | Uint16Array | Uint8Array>(column: T, larger: T): T => {
      larger.set(column);
      return larger;
    };
    const twice = this.#hashes.length * 2;
    this.#hashes = doubled(this.#hashes, new Int32Array(twice));
    this.#modes = doubled(this.#modes, new Uint16Array(twice));
    this.#lengths = doubled(this.#lengths, new Uint8Array(twice));
    this.#texts = doubled(this.#texts, new Uint8Array(twice * LONGEST));
    this.#codes = doubled(this.#codes, new Uint8Array(twice * LONGEST_CODE));
    this.#codeLengths = doubled(this.#codeLengths, new Uint8Array(twice));
    this.#fields = doubled(this.#fields, new Uint8Array(twice * MOST_NUMBERS * 2));
  }
}

/**
 * Where a number stands in an encoding: `code` has it, and `other` is the same instruction with another number of the
 * same magnitude. Null when they differ in anything else.
 */
export function numberField(
  code: Uint8Array,
  other: Uint8Array,
  value: number,
  otherValue: number,
  magnitude: number,
): NumberField | null {
  if (code.length !== other.length) return null;
  const sizeBytes = widthOf(magnitude);
  let offset = 0;
  while (offset < code.length && code[offset] === other[offset]) offset++;
  if (offset + sizeBytes > code.length) return null;
  for (let i = 0; i < sizeBytes; i++)
    if (code[offset + i] !== ((value >> (8 * i)) & 0xff) || other[offset + i] !== ((otherValue >> (8 * i)) & 0xff))
      return null;
  for (let i = offset + sizeBytes; i < code.length; i++) if (code[i] !== other[i]) return null;
  return { offset, sizeBytes };
}

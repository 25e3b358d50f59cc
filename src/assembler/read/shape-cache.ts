/**
 * Encodings by the shape of a statement. Programs say the same few hundred instructions over and over with other
 * registers and numbers; one that names no symbol always comes to the same bytes but for their fields, so its shape is
 * looked up before it is taken apart. Where a field lies is found by encoding the instruction again with another register
 * or number of its kind: no knowledge of opcodes is needed, and what differs in anything else is not kept.
 */

import { grownBytes, grownInts } from "../model/columns.ts";
import { isNumberKind, widthOf } from "./interchangeable.ts";
import { LONGEST_SHAPE, Shape } from "./shape.ts";

/** Slots of the hash table, a power of two, and how many of them are taken at most. */
const SLOTS = 1 << 14;
const MOST_ENTRIES = SLOTS / 2;
/** No instruction is longer. */
const LONGEST_CODE = 16;
/** A register may stand in two places: `imul $5, %ecx`. */
const MOST_FIELDS = 7;
/** Numbers of an entry for each field: which part of the shape, where it is written, and how. */
const FIELD_NUMBERS = 3;
/** How a register's number is written: into the lowest three bits, or those from bit 3 on; other fields by their bytes. */
const LOW_BITS = 8;
const HIGH_BITS = 9;

/** Where a part of a shape stands in its encoding. */
export interface ShapeField {
  readonly part: number;
  readonly offset: number;
  readonly form: number;
}

export class ShapeCache {
  /** Of the last look-up. */
  readonly shape = new Shape();
  #hasShape = false;
  #mode = 0;
  readonly #slots = new Uint16Array(SLOTS);
  #count = 0;
  #hashes = new Int32Array(64);
  #modes = new Int32Array(64);
  #lengths = new Uint8Array(64);
  #texts = new Uint8Array(64 * LONGEST_SHAPE);
  #codes = new Uint8Array(64 * LONGEST_CODE);
  #codeLengths = new Uint8Array(64);
  #fieldCounts = new Uint8Array(64);
  #fields = new Uint8Array(64 * MOST_FIELDS * FIELD_NUMBERS);

  /**
   * Writes the encoding of the statement that begins at `start` to `out`, which has room for it; returns its length, 0
   * if the shape is not known.
   */
  encode(bytes: Uint8Array, start: number, mode: number, out: Uint8Array, at: number): number {
    const { shape } = this;
    this.#hasShape = shape.read(bytes, start);
    if (!this.#hasShape) return 0;
    this.#mode = mode;
    const entry = this.#find();
    if (entry < 0) return 0;
    const length = this.#codeLengths[entry]!;
    const codes = this.#codes;
    const from = entry * LONGEST_CODE;
    for (let i = 0; i < length; i++) out[at + i] = codes[from + i]!;
    const fields = this.#fields;
    const { values } = shape;
    let field = entry * MOST_FIELDS * FIELD_NUMBERS;
    for (let i = this.#fieldCounts[entry]!; i > 0; i--, field += FIELD_NUMBERS) {
      const place = at + fields[field + 1]!;
      const form = fields[field + 2]!;
      let value = values[fields[field]!]!;
      if (form >= LOW_BITS) out[place]! |= form === LOW_BITS ? value : value << 3;
      else
        for (let j = 0; j < form; j++) {
          out[place + j] = value;
          value >>= 8;
        }
    }
    return length;
  }

  #find(): number {
    const { length, text } = this.shape;
    const mode = this.#mode;
    const hash = this.shape.hash ^ mode;
    const texts = this.#texts;
    search: for (let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0) return -1;
      if (this.#hashes[entry] !== hash || this.#lengths[entry] !== length || this.#modes[entry] !== mode) continue;
      for (let i = 0, at = entry * LONGEST_SHAPE; i < length; i++, at++) if (texts[at] !== text[i]) continue search;
      return entry;
    }
  }

  /** Whether the shape that was looked up last is one to keep. */
  get wantsShape(): boolean {
    return this.#hasShape && this.#count < MOST_ENTRIES;
  }

  /** Keeps the encoding of the shape that was looked up last. */
  store(code: Uint8Array, fields: readonly ShapeField[]): void {
    if (code.length > LONGEST_CODE || fields.length > MOST_FIELDS) return;
    const { shape } = this;
    const entry = this.#count++;
    if (entry === this.#lengths.length) this.#grow();
    const hash = shape.hash ^ this.#mode;
    this.#hashes[entry] = hash;
    this.#modes[entry] = this.#mode;
    this.#lengths[entry] = shape.length;
    this.#texts.set(shape.text.subarray(0, shape.length), entry * LONGEST_SHAPE);
    this.#codes.set(code, entry * LONGEST_CODE);
    this.#codeLengths[entry] = code.length;
    this.#fieldCounts[entry] = fields.length;
    fields.forEach(({ part, offset, form }, i) => {
      this.#fields.set([part, offset, form], (entry * MOST_FIELDS + i) * FIELD_NUMBERS);
      // What a field is written over is nothing.
      if (form >= LOW_BITS) this.#codes[entry * LONGEST_CODE + offset]! &= form === LOW_BITS ? ~7 : ~0x38;
    });
    let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
    this.#slots[slot] = entry + 1;
  }

  #grow(): void {
    this.#hashes = grownInts(this.#hashes);
    this.#modes = grownInts(this.#modes);
    this.#lengths = grownBytes(this.#lengths);
    this.#codeLengths = grownBytes(this.#codeLengths);
    this.#fieldCounts = grownBytes(this.#fieldCounts);
    const capacity = this.#lengths.length;
    this.#texts = grownBytes(this.#texts, capacity * LONGEST_SHAPE);
    this.#codes = grownBytes(this.#codes, capacity * LONGEST_CODE);
    this.#fields = grownBytes(this.#fields, capacity * MOST_FIELDS * FIELD_NUMBERS);
  }
}

/**
 * Where a part stands in an encoding: `code` has it with `value`, and `other` is the same instruction with another of its
 * kind. Null when they differ in anything else.
 */
export function fieldsOf(
  part: number,
  kind: number,
  code: Uint8Array,
  other: Uint8Array,
  value: number,
  otherValue: number,
): readonly ShapeField[] | null {
  if (code.length !== other.length) return null;
  const fields: ShapeField[] = [];
  let isSame = true;
  for (let i = 0; i < code.length; i++) {
    const here = code[i]!;
    const there = other[i]!;
    if (here === there) continue;
    if (isNumberKind(kind)) {
      const sizeBytes = widthOf(kind);
      if (fields.length > 0 || i + sizeBytes > code.length) return null;
      for (let j = 0; j < sizeBytes; j++)
        if (code[i + j] !== ((value >> (8 * j)) & 0xff) || other[i + j] !== ((otherValue >> (8 * j)) & 0xff))
          return null;
      fields.push({ part, offset: i, form: sizeBytes });
      i += sizeBytes - 1;
      continue;
    }
    const hasLow = ((here ^ there) & 7) !== 0;
    const hasHigh = ((here ^ there) & 0x38) !== 0;
    if (((here ^ there) & 0xc0) !== 0) return null;
    if (hasLow && ((here & 7) !== value || (there & 7) !== otherValue)) return null;
    if (hasHigh && (((here >> 3) & 7) !== value || ((there >> 3) & 7) !== otherValue)) return null;
    if (hasLow) fields.push({ part, offset: i, form: LOW_BITS });
    if (hasHigh) fields.push({ part, offset: i, form: HIGH_BITS });
    isSame = false;
  }
  return fields.length === 0 && isSame ? null : fields;
}

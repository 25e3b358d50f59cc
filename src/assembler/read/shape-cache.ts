/**
 * Encodings by the shape of a statement. Programs say the same few hundred instructions over and over with other
 * registers and numbers; a statement always comes to the same bytes but for their fields, so its shape is looked up
 * before it is taken apart. Where a field lies is found by encoding the instruction again with another register or
 * number of its kind: no knowledge of opcodes is needed, and what differs in anything else is not kept. One that names
 * a symbol is encoded like the one with a number of four bytes in its place, and whoever asks adds what stands there.
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
/**
 * How a register's number is written: into the lowest three bits, or those from bit 3 on; other fields by their bytes.
 */
const LOW_BITS = 8;
const HIGH_BITS = 9;
/** What a record begins with: how many bytes of text and of code, and how many fields follow. */
const RECORD_HEAD = 3;
const LONGEST_RECORD = RECORD_HEAD + LONGEST_SHAPE + LONGEST_CODE + MOST_FIELDS * FIELD_NUMBERS;
const FIRST_CAPACITY = 64;
/** Numbers before the columns of a saved cache: magic and version, how many entries, and how many bytes of records. */
const SAVED_HEAD = 3;
const SAVED_MAGIC = 0x51530001;

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
  /** Where the field lies in the encoding for the symbol that the shape has. */
  symbolField = -1;
  /** Of the last look-up: the text's, with the mode. */
  #hash = 0;
  /** Numbers of entries plus 1, by their hashes; 0 where there is none. */
  #slots = new Uint16Array(SLOTS);
  #count = 0;
  #hashes = new Int32Array(FIRST_CAPACITY);
  /** Where each entry's record begins in `#records`. */
  #starts = new Int32Array(FIRST_CAPACITY);
  #records = new Uint8Array(FIRST_CAPACITY * LONGEST_RECORD);
  #recordsLength = 0;

  /**
   * `saved` is what `save` made of another cache; it is written to. In another machine's byte order it is as good as
   * none.
   */
  constructor(saved: Uint8Array<ArrayBuffer> | null = null) {
    if (saved === null) return;
    const aligned = saved.byteOffset % 4 === 0 ? saved : saved.slice();
    const { buffer } = aligned;
    let at = aligned.byteOffset;
    const ints = (length: number): Int32Array<ArrayBuffer> => {
      at += length * 4;
      return new Int32Array(buffer, at - length * 4, length);
    };
    const [magic, count, recordsLength] = ints(SAVED_HEAD);
    if (magic !== SAVED_MAGIC) return;
    this.#count = count!;
    this.#recordsLength = recordsLength!;
    this.#hashes = ints(count!);
    this.#starts = ints(count!);
    this.#slots = new Uint16Array(buffer, at, SLOTS);
    this.#records = new Uint8Array(buffer, at + SLOTS * 2, recordsLength!);
  }

  /** All that is known, for another cache: in the byte order of this machine. */
  save(): Uint8Array<ArrayBuffer> {
    const columns = [
      Int32Array.of(SAVED_MAGIC, this.#count, this.#recordsLength),
      this.#hashes.subarray(0, this.#count),
      this.#starts.subarray(0, this.#count),
      this.#slots,
      this.#records.subarray(0, this.#recordsLength),
    ];
    const out = new Uint8Array(columns.reduce((sum, { byteLength }) => sum + byteLength, 0));
    let at = 0;
    for (const { buffer, byteOffset, byteLength } of columns) {
      out.set(new Uint8Array(buffer, byteOffset, byteLength), at);
      at += byteLength;
    }
    return out;
  }

  /**
   * Writes the encoding of the statement that begins at `start` to `out`, which has room for it; returns its length, 0
   * if the shape is not known.
   */
  encode(bytes: Uint8Array, start: number, mode: number, marksSymbols: boolean, out: Uint8Array, at: number): number {
    const { shape } = this;
    this.#hasShape = shape.read(bytes, start, marksSymbols);
    if (!this.#hasShape) return 0;
    // Equal texts with equal hashes are of one mode.
    this.#hash = shape.hash ^ mode;
    const record = this.#find();
    if (record < 0) return 0;
    const records = this.#records;
    const length = records[record + 1]!;
    const code = record + RECORD_HEAD + records[record]!;
    for (let i = 0; i < length; i++) out[at + i] = records[code + i]!;
    const { symbolPart, values } = shape;
    let field = code + length;
    for (let i = records[record + 2]!; i > 0; i--, field += FIELD_NUMBERS) {
      const place = at + records[field + 1]!;
      const form = records[field + 2]!;
      const part = records[field]!;
      let value = values[part]!;
      if (part === symbolPart) this.symbolField = place - at;
      if (form >= LOW_BITS) out[place]! |= form === LOW_BITS ? value : value << 3;
      else
        for (let j = 0; j < form; j++) {
          out[place + j] = value;
          value >>= 8;
        }
    }
    return length;
  }

  /** Where the record of the shape at hand begins, or -1. */
  #find(): number {
    const { length, text } = this.shape;
    const hash = this.#hash;
    const records = this.#records;
    search: for (let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0) return -1;
      if (this.#hashes[entry] !== hash) continue;
      const record = this.#starts[entry]!;
      if (records[record] !== length) continue;
      for (let i = 0, at = record + RECORD_HEAD; i < length; i++, at++) if (records[at] !== text[i]) continue search;
      return record;
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
    if (entry === this.#hashes.length) {
      this.#hashes = grownInts(this.#hashes);
      this.#starts = grownInts(this.#starts);
    }
    if (this.#recordsLength + LONGEST_RECORD > this.#records.length) this.#records = grownBytes(this.#records);
    const hash = this.#hash;
    const records = this.#records;
    const record = this.#recordsLength;
    const codeStart = record + RECORD_HEAD + shape.length;
    this.#hashes[entry] = hash;
    this.#starts[entry] = record;
    records[record] = shape.length;
    records[record + 1] = code.length;
    records[record + 2] = fields.length;
    records.set(shape.text.subarray(0, shape.length), record + RECORD_HEAD);
    records.set(code, codeStart);
    fields.forEach(({ part, offset, form }, i) => {
      records.set([part, offset, form], codeStart + code.length + i * FIELD_NUMBERS);
      // What a field is written over is nothing.
      if (form >= LOW_BITS) records[codeStart + offset]! &= form === LOW_BITS ? ~7 : ~0x38;
    });
    this.#recordsLength = codeStart + code.length + fields.length * FIELD_NUMBERS;
    let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
    this.#slots[slot] = entry + 1;
  }
}

/**
 * Where a part stands in an encoding: `code` has it with `value`, and `other` is the same instruction with another of
 * its kind. Null when they differ in anything else.
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

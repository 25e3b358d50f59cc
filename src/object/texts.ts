/**
 * Texts as bytes, each once, with numbers in the order in which they came: a program has names by the hundred thousand,
 * which go from one table to the next and which nobody reads.
 */

import { FNV_PRIME, FNV_START } from "../bytes/fnv.ts";
import { latin1 } from "./latin1.ts";

/** The number of the empty text. */
export const NO_TEXT = 0;

export class Texts {
  /** All of them, each with a zero behind it; the empty one comes first. */
  bytes = new Uint8Array(0x400);
  /** Where they begin, by number, and where the next one will. */
  starts = Int32Array.of(0, 1, 0, 0);
  count = 1;
  #hashes = new Int32Array(4);
  /** Numbers of texts by their hashes, or in the next free place; 0 where there is none. */
  #slots = new Int32Array(0x100);

  /** Adds a text, in characters of one byte, and returns its number. */
  add(text: string): number {
    return this.#enter(this.#write(text));
  }

  /** The same of the text that ends before the next zero, or where the bytes do. */
  addFrom(source: Uint8Array, from: number): number {
    let { bytes } = this;
    let end = this.starts[this.count]!;
    for (let byte = source[from]; byte !== undefined && byte !== 0; byte = source[++from]) {
      if (end + 1 >= bytes.length) bytes = this.#roomUpTo(end + 2);
      bytes[end++] = byte;
    }
    return this.#enter(end);
  }

  /** The number of a text; `NO_TEXT` when it is not there, or empty. */
  find(text: string): number {
    const end = this.#write(text);
    const start = this.starts[this.count]!;
    return this.#slots[this.#slot(this.#hash(start, end), start, end)]!;
  }

  at(number: number): string {
    return latin1(this.bytes.subarray(this.starts[number]!, this.endOf(number)));
  }

  /** Where the bytes of a text end, before the zero. */
  endOf(number: number): number {
    return this.starts[number + 1]! - 1;
  }

  /**
   * Shows which texts end others, by their numbers: for each text those that it ends with, the longest of them last.
   */
  endings(show: (ending: number, text: number) => void): void {
    const { bytes, starts } = this;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let text = 1; text < this.count; text++) {
      const start = starts[text]!;
      const end = this.endOf(text);
      // From the end of the text to its begin: on the way it is the hash of each end of the text.
      let hash = FNV_START;
      for (let i = end - 1; i > start; i--) {
        hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME);
        if (slots[(hash ^ (hash >>> 15)) & mask] === NO_TEXT) continue;
        const ending = slots[this.#slot(hash, i, end)]!;
        if (ending !== NO_TEXT) show(ending, text);
      }
    }
  }

  /** Puts a text behind the last one, and returns where it ends. */
  #write(text: string): number {
    const { length } = text;
    const start = this.starts[this.count]!;
    const bytes = this.#roomUpTo(start + length + 1);
    for (let i = 0; i < length; i++) bytes[start + i] = text.charCodeAt(i);
    return start + length;
  }

  #roomUpTo(end: number): Uint8Array<ArrayBuffer> {
    if (end > this.bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.bytes.length));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    return this.bytes;
  }

  #hash(start: number, end: number): number {
    const { bytes } = this;
    let hash = FNV_START;
    for (let i = end - 1; i >= start; i--) hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME);
    return hash;
  }

  /** Numbers the text that stands behind the last one, up to `end`, unless it is there already. */
  #enter(end: number): number {
    const start = this.starts[this.count]!;
    if (end === start) return NO_TEXT;
    const hash = this.#hash(start, end);
    const slot = this.#slot(hash, start, end);
    const known = this.#slots[slot]!;
    if (known !== NO_TEXT) return known;
    const number = this.count++;
    if (this.count === this.starts.length) {
      this.starts = doubled(this.starts);
      this.#hashes = doubled(this.#hashes);
    }
    this.bytes[end] = 0;
    this.starts[this.count] = end + 1;
    this.#hashes[number] = hash;
    this.#slots[slot] = number;
    if (2 * number > this.#slots.length) this.#spread();
    return number;
  }

  /** Where the text of these bytes is among the slots, or is to be. */
  #slot(hash: number, start: number, end: number): number {
    const slots = this.#slots;
    const { bytes } = this;
    const mask = slots.length - 1;
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const number = slots[slot]!;
      if (number === NO_TEXT) return slot;
      if (this.#hashes[number] !== hash) continue;
      const from = this.starts[number]!;
      if (this.endOf(number) - from !== end - start) continue;
      let i = start;
      while (i < end && bytes[i] === bytes[from + i - start]) i++;
      if (i === end) return slot;
    }
  }

  #spread(): void {
    const slots = new Int32Array(2 * this.#slots.length);
    const mask = slots.length - 1;
    for (let number = 1; number < this.count; number++) {
      const hash = this.#hashes[number]!;
      let slot = (hash ^ (hash >>> 15)) & mask;
      while (slots[slot] !== NO_TEXT) slot = (slot + 1) & mask;
      slots[slot] = number;
    }
    this.#slots = slots;
  }
}

function doubled(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}

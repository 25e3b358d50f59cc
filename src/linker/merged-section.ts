/**
 * Where what stood in an object's section of strings or constants lies now. Debugging information asks for it by the
 * million, so the answer is found in a few steps, and in little memory.
 */
import { assert } from "../diagnostic/invariant.ts";

/** What an entry is in the table of them: numbers, for there are millions. */
export const ENTRY_NUMBERS = 8;
/** With the terminator of a string. */
export const SIZE = 1;

/** Strings or constants of many sections, each once. */
export interface MergedEntries {
  /** All entries, ENTRY_NUMBERS for each. */
  readonly entries: Int32Array;
  /** The addresses of all entries, once their sections have theirs. */
  addresses(): Float64Array;
}

/** Of an object's section so many bytes share a row of the index: about as many as a string has. */
const ROW_SHIFT = 5;

export class MergedSection {
  readonly merger: MergedEntries;
  /** Where entries stand in the object's section, in order, and which they are. */
  readonly starts: Int32Array;
  readonly entries: Int32Array;

  constructor(merger: MergedEntries, starts: Int32Array, entries: Int32Array) {
    assert(starts.length === entries.length, "places of merged entries and entries are not as many");
    assert(starts.length === 0 || starts[0] === 0, "merged entries do not begin where their section does");
    this.merger = merger;
    this.starts = starts;
    this.entries = entries;
  }

  /** Which of them an offset of the object's section is in, or behind. */
  find(offset: number): number {
    const { starts } = this;
    let low = 0;
    let high = starts.length;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** An object's section, which knows the long way. */
interface Home {
  readonly elf: { readonly sizeBytes: number };
  addressOf(offset: number): number;
}

/** The addresses of what was in an object's section, once all sections have theirs. */
export class MergedAddresses {
  readonly #home: Home;
  readonly #merged: MergedSection;
  /** By entry. */
  readonly #addresses: Float64Array;
  /** By offset, ROW_SHIFT bits less: the last entry that begins at or before it. */
  readonly #rows: Int32Array;

  /** `addresses` are the merger's. */
  constructor(home: Home, merged: MergedSection, addresses: Float64Array) {
    this.#home = home;
    this.#merged = merged;
    this.#addresses = addresses;
    const { starts } = merged;
    assert(starts.length > 0, "a section without entries was merged");
    this.#rows = new Int32Array((home.elf.sizeBytes >> ROW_SHIFT) + 1);
    for (let row = 0, i = 0; row < this.#rows.length; row++) {
      while (i + 1 < starts.length && starts[i + 1]! <= row << ROW_SHIFT) i++;
      this.#rows[row] = i;
    }
  }

  at(offset: number): number {
    const { starts, entries, merger } = this.#merged;
    let i = this.#rows[offset >> ROW_SHIFT];
    if (i === undefined) return this.#home.addressOf(offset);
    while (i + 1 < starts.length && starts[i + 1]! <= offset) i++;
    const entry = entries[i]!;
    const within = offset - starts[i]!;
    // Zeros between strings, which the merger knows about.
    if (within >= merger.entries[entry * ENTRY_NUMBERS + SIZE]!) return this.#home.addressOf(offset);
    return this.#addresses[entry]! + within;
  }
}

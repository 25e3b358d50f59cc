/**
 * The order in which GNU ld's tables of names are walked: that of its hash table (BFD's, 2.40). Nothing but the order
 * of common symbols in memory and of global symbols in the file depends on it, but both are bytes of the output.
 */
import type { Texts } from "../object/texts.ts";

const FIRST_SIZE = 4051;
/** Sizes that the table grows to, one after the other. */
const SIZES = [4093, 8191, 16381, 32749, 65521, 131071, 262139, 524287, 1048573, 2097143, 4194301, 8388593, 16777213];

/**
 * A sum over the bytes and their count in 64-bit arithmetic, as a number below 2^53: names are far too short to reach
 * more.
 */
function hashOf({ bytes }: Texts, start: number, end: number): number {
  let high = 0;
  let low = 0;
  for (let i = start; i <= end; i++) {
    const value = i < end ? bytes[i]! : end - start;
    const sum = low + value * 0x20001;
    if (sum >= 2 ** 32) high += Math.floor(sum / 2 ** 32);
    low = sum | 0;
    low = (low ^ ((low >>> 2) | (high << 30))) >>> 0;
    high ^= high >>> 2;
  }
  return high * 2 ** 32 + low;
}

const NONE = -1;

/** The table: names come into it by their numbers, and may become more. */
export class NameOrder {
  readonly #names: Texts;
  #count = 0;
  #hashes = new Float64Array(0);
  /** The name that comes behind one in its bucket. */
  #nexts = new Int32Array(0);
  /** By bucket. */
  #firsts = new Int32Array(FIRST_SIZE).fill(NONE);

  constructor(names: Texts) {
    this.#names = names;
  }

  /** Numbers of all names there are now, in the order of the walk. */
  walk(): Int32Array {
    this.#takeIn();
    const firsts = this.#firsts;
    const nexts = this.#nexts;
    const order = new Int32Array(this.#count);
    let place = 0;
    for (let bucket = 0; bucket < firsts.length; bucket++)
      for (let number = firsts[bucket]!; number !== NONE; number = nexts[number]!) order[place++] = number;
    return order;
  }

  /** Enters the names that came since the last walk. */
  #takeIn(): void {
    const names = this.#names;
    const hashes = new Float64Array(names.count);
    const nexts = new Int32Array(names.count);
    hashes.set(this.#hashes);
    nexts.set(this.#nexts);
    let firsts = this.#firsts;
    for (let number = this.#count; number < names.count; number++) {
      const hash = hashOf(names, names.starts[number]!, names.endOf(number));
      const bucket = hash % firsts.length;
      hashes[number] = hash;
      nexts[number] = firsts[bucket]!;
      firsts[bucket] = number;
      // The empty name, which is the first of all, is in no table.
      if (number > Math.floor((firsts.length * 3) / 4)) firsts = grown(firsts, nexts, hashes);
    }
    this.#count = names.count;
    this.#hashes = hashes;
    this.#nexts = nexts;
    this.#firsts = firsts;
  }
}

/** Chains are moved to the larger table in runs of equal hashes. */
function grown(firsts: Int32Array<ArrayBuffer>, nexts: Int32Array, hashes: Float64Array): Int32Array<ArrayBuffer> {
  const size = SIZES.find((candidate) => candidate > firsts.length);
  if (size === undefined) return firsts;
  const larger = new Int32Array(size).fill(NONE);
  for (let bucket = 0; bucket < firsts.length; bucket++) {
    for (let first = firsts[bucket]!; first !== NONE; ) {
      const hash = hashes[first]!;
      let last = first;
      while (nexts[last]! !== NONE && hashes[nexts[last]!] === hash) last = nexts[last]!;
      const rest = nexts[last]!;
      nexts[last] = larger[hash % size]!;
      larger[hash % size] = first;
      first = rest;
    }
  }
  return larger;
}

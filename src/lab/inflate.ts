/**
 * Decompression of the zlib format (RFC 1950, RFC 1951) where the host has none that answers at once: in a browser. It
 * reads what Node wrote; what is saved there is stored as it is.
 */
import { type Compressor, SnapshotError } from "../../emulator/cluster/snapshot-file.ts";

/** RFC 1951, 3.2.5: the least length and distance of each code, and how many more bits follow it. */
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
];
const DISTANCE_BITS = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
/** 3.2.7: the order in which the lengths of the code length codes stand. */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const MAX_BITS = 15;
const END_OF_BLOCK = 256;

/** A Huffman code: how many codes there are of each length, and their symbols in the order of the codes. */
interface Code {
  readonly counts: Uint16Array;
  readonly symbols: Uint16Array;
}

function codeOf(lengths: readonly number[]): Code {
  const counts = new Uint16Array(MAX_BITS + 1);
  for (const length of lengths) counts[length]!++;
  counts[0] = 0;
  const offsets = new Uint16Array(MAX_BITS + 2);
  for (let length = 1; length <= MAX_BITS; length++) offsets[length + 1] = offsets[length]! + counts[length]!;
  const symbols = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => {
    if (length !== 0) symbols[offsets[length]!++] = symbol;
  });
  return { counts, symbols };
}

const FIXED_LITERALS = codeOf(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)));
const FIXED_DISTANCES = codeOf(Array.from({ length: 30 }, () => 5));

class Inflater {
  readonly #input: Uint8Array;
  readonly #output: Uint8Array;
  #at = 2;
  #length = 0;
  #bits = 0;
  #bitCount = 0;

  constructor(input: Uint8Array, sizeBytes: number) {
    this.#input = input;
    this.#output = new Uint8Array(sizeBytes);
  }

  #take(count: number): number {
    while (this.#bitCount < count) {
      if (this.#at >= this.#input.length) throw new RangeError("the data end early");
      this.#bits |= this.#input[this.#at++]! << this.#bitCount;
      this.#bitCount += 8;
    }
    const value = this.#bits & ((1 << count) - 1);
    this.#bits >>>= count;
    this.#bitCount -= count;
    return value;
  }

  #symbol({ counts, symbols }: Code): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MAX_BITS; length++) {
      code |= this.#take(1);
      const count = counts[length]!;
      if (code - count < first) return symbols[index + code - first]!;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new RangeError("a code that is none");
  }

  #put(byte: number): void {
    if (this.#length >= this.#output.length) throw new RangeError("more data than there should be");
    this.#output[this.#length++] = byte;
  }

  #stored(): void {
    this.#bits = 0;
    this.#bitCount = 0;
    const length = this.#take(16);
    if (this.#take(16) !== (~length & 0xffff)) throw new RangeError("a stored block of two lengths");
    for (let i = 0; i < length; i++) this.#put(this.#take(8));
  }

  #compressed(literals: Code, distances: Code): void {
    for (;;) {
      const symbol = this.#symbol(literals);
      if (symbol === END_OF_BLOCK) return;
      if (symbol < END_OF_BLOCK) {
        this.#put(symbol);
        continue;
      }
      const base = LENGTH_BASE[symbol - 257];
      if (base === undefined) throw new RangeError("a length that is none");
      const length = base + this.#take(LENGTH_BITS[symbol - 257]!);
      const code = this.#symbol(distances);
      const from = this.#length - (DISTANCE_BASE[code] ?? Infinity) - this.#take(DISTANCE_BITS[code] ?? 0);
      if (!(from >= 0)) throw new RangeError("a distance to before the beginning");
      for (let i = 0; i < length; i++) this.#put(this.#output[from + i]!);
    }
  }

  #codes(): [Code, Code] {
    const literalCount = this.#take(5) + 257;
    const distanceCount = this.#take(5) + 1;
    const ofLengths: number[] = new Array<number>(CODE_LENGTH_ORDER.length).fill(0);
    const given = this.#take(4) + 4;
    for (let i = 0; i < given; i++) ofLengths[CODE_LENGTH_ORDER[i]!] = this.#take(3);
    const lengthCode = codeOf(ofLengths);
    const lengths: number[] = [];
    while (lengths.length < literalCount + distanceCount) {
      const symbol = this.#symbol(lengthCode);
      if (symbol < 16) lengths.push(symbol);
      else {
        const value = symbol === 16 ? lengths.at(-1)! : 0;
        const repeat = symbol === 16 ? 3 + this.#take(2) : symbol === 17 ? 3 + this.#take(3) : 11 + this.#take(7);
        for (let i = 0; i < repeat; i++) lengths.push(value);
      }
    }
    return [codeOf(lengths.slice(0, literalCount)), codeOf(lengths.slice(literalCount, literalCount + distanceCount))];
  }

  run(): Uint8Array {
    for (let isLast = false; !isLast; ) {
      isLast = this.#take(1) === 1;
      const type = this.#take(2);
      if (type === 0) this.#stored();
      else if (type === 1) this.#compressed(FIXED_LITERALS, FIXED_DISTANCES);
      else if (type === 2) this.#compressed(...this.#codes());
      else throw new RangeError("a block of no known type");
    }
    if (this.#length !== this.#output.length) throw new RangeError("less data than there should be");
    return this.#output;
  }
}

/** Reads compressed snapshots, and writes such that are not. */
export const inflatingCompressor: Compressor = {
  compress: (bytes) => bytes,
  decompress(bytes, sizeBytes) {
    try {
      return new Inflater(bytes, sizeBytes).run();
    } catch {
      throw new SnapshotError("the snapshot was altered: a section cannot be decompressed");
    }
  },
};

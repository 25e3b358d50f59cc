/**
 * A digest of a machine's state: 128 bits, the same for the same state on every host. It detects differences; it is
 * not meant to withstand anyone who looks for collisions. The mixing is that of MurmurHash3 x86_128 (Austin Appleby,
 * public domain).
 */
import { PAGE_BYTES, wordsOf, zeroPages } from "./pages.ts";
import type { StateVisitor } from "./state.ts";

const C1 = 0x239b961b;
const C2 = 0xab0e9789 | 0;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93 | 0;

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function finish(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** A hash of a sequence of 32-bit words. */
class Hash128 {
  #h1 = 0;
  #h2 = 0;
  #h3 = 0;
  #h4 = 0;
  #words = 0;

  /** Takes words in blocks of four; the caller pads. */
  update(words: Int32Array, start: number, end: number): void {
    let h1 = this.#h1;
    let h2 = this.#h2;
    let h3 = this.#h3;
    let h4 = this.#h4;
    for (let index = start; index < end; index += 4) {
      h1 ^= Math.imul(rotate(Math.imul(words[index]!, C1), 15), C2);
      h1 = (Math.imul(rotate(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
      h2 ^= Math.imul(rotate(Math.imul(words[index + 1]!, C2), 16), C3);
      h2 = (Math.imul(rotate(h2, 17) + h3, 5) + 0x0bcaa747) | 0;
      h3 ^= Math.imul(rotate(Math.imul(words[index + 2]!, C3), 17), C4);
      h3 = (Math.imul(rotate(h3, 15) + h4, 5) + 0x96cd1c35) | 0;
      h4 ^= Math.imul(rotate(Math.imul(words[index + 3]!, C4), 18), C1);
      h4 = (Math.imul(rotate(h4, 13) + h1, 5) + 0x32ac3b17) | 0;
    }
    this.#h1 = h1;
    this.#h2 = h2;
    this.#h3 = h3;
    this.#h4 = h4;
    this.#words += end - start;
  }

  /** 32 hexadecimal digits. */
  digest(): string {
    let lanes = [this.#h1, this.#h2, this.#h3, this.#h4].map((lane) => lane ^ this.#words);
    const spread = (): void => {
      const sum = lanes.reduce((total, lane) => (total + lane) | 0, 0);
      lanes = [sum, ...lanes.slice(1).map((lane) => (lane + sum) | 0)];
    };
    spread();
    lanes = lanes.map(finish);
    spread();
    return lanes.map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
  }
}

const PAGE_WORDS = PAGE_BYTES / 4;
/** Scalars are collected and hashed in blocks of this many words. */
const PENDING_WORDS = 256;

/** Digests everything that is visited. Pages of zeros in large arrays cost a look and no more. */
export class DigestVisitor implements StateVisitor {
  readonly restoring = false;
  readonly #hash = new Hash128();
  readonly #pending = new Int32Array(PENDING_WORDS);
  #count = 0;
  readonly #double = new Float64Array(1);
  readonly #doubleWords = new Int32Array(this.#double.buffer);
  readonly #page = new Int32Array(PAGE_WORDS);
  readonly #pageBytes = new Uint8Array(this.#page.buffer);

  /** The digest of all that was visited so far. */
  digest(): string {
    this.#flush();
    return this.#hash.digest();
  }

  #word(value: number): void {
    this.#pending[this.#count++] = value;
    if (this.#count === PENDING_WORDS) this.#flush();
  }

  #flush(): void {
    while (this.#count % 4 !== 0) this.#pending[this.#count++] = 0;
    this.#hash.update(this.#pending, 0, this.#count);
    this.#count = 0;
  }

  part(name: string, version: number): void {
    this.text(name);
    this.#word(version);
  }

  bool(value: boolean): boolean {
    this.#word(value ? 1 : 0);
    return value;
  }

  u8(value: number): number {
    this.#word(value);
    return value;
  }

  u16(value: number): number {
    this.#word(value);
    return value;
  }

  u32(value: number): number {
    this.#word(value);
    return value;
  }

  i32(value: number): number {
    this.#word(value);
    return value;
  }

  integer(value: number): number {
    return this.f64(value);
  }

  f64(value: number): number {
    this.#double[0] = value;
    this.#word(this.#doubleWords[0]!);
    this.#word(this.#doubleWords[1]!);
    return value;
  }

  text(value: string): string {
    this.#word(value.length);
    for (let index = 0; index < value.length; index++) this.#word(value.charCodeAt(index));
    return value;
  }

  bytes(value: Uint8Array): void {
    this.#word(value.length);
    this.#flush();
    const words = wordsOf(value);
    const isZeroPage = zeroPages(value);
    for (let start = 0, page = 0; start < value.length; start += PAGE_BYTES, page++) {
      if (isZeroPage(page)) continue;
      this.#pageNumber(page);
      const size = Math.min(PAGE_BYTES, value.length - start);
      if (words && size === PAGE_BYTES) this.#hash.update(words, start / 4, start / 4 + PAGE_WORDS);
      else {
        this.#page.fill(0);
        this.#pageBytes.set(value.subarray(start, start + size));
        this.#hash.update(this.#page, 0, Math.ceil(size / 16) * 4);
      }
    }
  }

  #pageNumber(page: number): void {
    this.#word(page);
    this.#flush();
  }

  blob(value: Uint8Array): Uint8Array {
    this.bytes(value);
    return value;
  }
}

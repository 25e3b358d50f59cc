/**
 * SHA-256 (FIPS 180-4) and HMAC (RFC 2104) at once, for codes of packets that are looked at as they come: WebCrypto
 * answers later. What is large has its hash from the host.
 */

const BLOCK_BYTES = 64;
const HASH_WORDS = 8;

/** The first 32 bits of the fractional part of a root of the first primes: 4.2.2 and 5.3.3. */
function fractions(count: number, root: number): Int32Array {
  const found = new Int32Array(count);
  for (let prime = 2, index = 0; index < count; prime++) {
    let divisor = 2;
    while (divisor * divisor <= prime && prime % divisor !== 0) divisor++;
    if (divisor * divisor > prime) found[index++] = (prime ** (1 / root) % 1) * 0x100000000;
  }
  return found;
}

const ROUNDS = fractions(64, 3);
const START = fractions(HASH_WORDS, 2);
const words = new Int32Array(64);

const rotated = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

function takeBlock(hash: Int32Array, bytes: Uint8Array, from: number): void {
  for (let index = 0; index < 16; index++) {
    const at = from + 4 * index;
    words[index] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
  for (let index = 16; index < 64; index++) {
    const [early, late] = [words[index - 15]!, words[index - 2]!];
    const low = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3);
    const high = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10);
    words[index] = words[index - 16]! + low + words[index - 7]! + high;
  }
  let [a, b, c, d, e, f, g, h] = hash as unknown as [number, number, number, number, number, number, number, number];
  for (let index = 0; index < 64; index++) {
    const sum = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const first = (h + sum + ((e & f) ^ (~e & g)) + ROUNDS[index]! + words[index]!) | 0;
    const second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  const added = [a, b, c, d, e, f, g, h];
  for (let index = 0; index < HASH_WORDS; index++) hash[index] = hash[index]! + added[index]!;
}

/** Of the bytes, after `before`, which is a whole number of blocks that `hash` has taken in. */
function finish(hash: Int32Array, bytes: Uint8Array, beforeBytes = 0): Uint8Array {
  const rest = bytes.length % BLOCK_BYTES;
  for (let at = 0; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) takeBlock(hash, bytes, at);
  const last = new Uint8Array(rest < BLOCK_BYTES - 8 ? BLOCK_BYTES : 2 * BLOCK_BYTES);
  last.set(bytes.subarray(bytes.length - rest));
  last[rest] = 0x80;
  new DataView(last.buffer).setBigUint64(last.length - 8, BigInt(beforeBytes + bytes.length) * 8n);
  for (let at = 0; at < last.length; at += BLOCK_BYTES) takeBlock(hash, last, at);
  const digest = new Uint8Array(4 * HASH_WORDS);
  const view = new DataView(digest.buffer);
  hash.forEach((word, index) => view.setInt32(4 * index, word));
  return digest;
}

export const sha256 = (bytes: Uint8Array): Uint8Array => finish(START.slice(), bytes);

/** HMAC-SHA-256 with one key. */
export class HmacSha256 {
  readonly #inner = START.slice();
  readonly #outer = START.slice();

  constructor(key: Uint8Array) {
    const short = key.length > BLOCK_BYTES ? sha256(key) : key;
    const pad = (value: number): Uint8Array =>
      Uint8Array.from({ length: BLOCK_BYTES }, (_, at) => (short[at] ?? 0) ^ value);
    takeBlock(this.#inner, pad(0x36), 0);
    takeBlock(this.#outer, pad(0x5c), 0);
  }

  of(bytes: Uint8Array): Uint8Array {
    return finish(this.#outer.slice(), finish(this.#inner.slice(), bytes, BLOCK_BYTES), BLOCK_BYTES);
  }
}

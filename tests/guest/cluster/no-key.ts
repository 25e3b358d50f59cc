/**
 * Codes of packets as whoever has no key would make them for a node that takes memory in which nothing was put for a
 * key: an HMAC-SHA-256 (FIPS 180-4, RFC 2104) of which both states are zeros.
 */
const BLOCK_BYTES = 64;
const CODE_AT = 96;
const CODE_BYTES = 16;

const isPrime = (number: number): boolean => {
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
};
const PRIMES = Array.from({ length: 312 }, (_, number) => number).filter((number) => number > 1 && isPrime(number));
/** The first 32 bits behind the point of the cube roots of the first 64 primes. */
const CONSTANTS = PRIMES.slice(0, 64).map((prime) => Math.floor((Math.cbrt(prime) % 1) * 2 ** 32) | 0);
const turned = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

function block(state: readonly number[], bytes: DataView, at: number): number[] {
  const words = Array.from({ length: 16 }, (_, index) => bytes.getInt32(at + index * 4));
  let [a, b, c, d, e, f, g, h] = state as [number, number, number, number, number, number, number, number];
  for (let round = 0; round < 64; round++) {
    if (round >= 16) {
      const [early, late] = [words[round - 15]!, words[round - 2]!];
      const mixed = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
      words.push(
        (words[round - 16]! + mixed + words[round - 7]! + (turned(late, 17) ^ turned(late, 19) ^ (late >>> 10))) | 0,
      );
    }
    const chosen = (e & f) ^ (~e & g);
    const one = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + chosen + CONSTANTS[round]! + words[round]!) | 0;
    const most = (a & b) ^ (a & c) ^ (b & c);
    const other = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + most) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + other) | 0];
  }
  return [a, b, c, d, e, f, g, h].map((word, index) => (word + state[index]!) | 0);
}

/** The digest of bytes behind a first block after which the state is zeros. */
function digest(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / BLOCK_BYTES) * BLOCK_BYTES);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, (BLOCK_BYTES + bytes.length) * 8);
  let state: number[] = Array.from({ length: 8 }, () => 0);
  for (let at = 0; at < padded.length; at += BLOCK_BYTES) state = block(state, view, at);
  const result = new DataView(new ArrayBuffer(32));
  for (const [index, word] of state.entries()) result.setInt32(index * 4, word);
  return new Uint8Array(result.buffer);
}

/** Puts such a code into a packet. */
export function signedWithoutKey(bytes: Uint8Array): Uint8Array {
  bytes.fill(0, CODE_AT, CODE_AT + CODE_BYTES);
  bytes.set(digest(digest(bytes)).subarray(0, CODE_BYTES), CODE_AT);
  return bytes;
}

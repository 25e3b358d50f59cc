/** Decompression for hosts without zlib: what Node's zlib wrote comes back, and nothing else is taken. */
import { constants, deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { inflatingCompressor } from "../../src/lab/inflate.ts";

/** Bytes of the kinds that a memory holds: runs, text, and what nothing can be said about. */
function sample(random: Random, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  for (let at = 0; at < lengthBytes; ) {
    const end = Math.min(lengthBytes, at + 1 + random.below(3000));
    const kind = random.below(3);
    for (; at < end; at++) bytes[at] = kind === 0 ? 0 : kind === 1 ? 97 + random.below(4) : random.below(256);
  }
  return bytes;
}

test("what zlib compressed, at every level and with every strategy, comes back", () => {
  const random = new Random(1);
  const strategies = [constants.Z_DEFAULT_STRATEGY, constants.Z_HUFFMAN_ONLY, constants.Z_FIXED];
  for (const level of [0, 1, 6, 9])
    for (const strategy of strategies)
      for (const lengthBytes of [0, 1, 100, 70_000]) {
        const bytes = sample(random, lengthBytes);
        const found = inflatingCompressor.decompress(deflateSync(bytes, { level, strategy }), lengthBytes);
        expect(Buffer.from(found).equals(bytes)).toBe(true);
      }
});

test("what was altered or cut, or has another length, is refused with a sentence", () => {
  const random = new Random(2);
  const bytes = sample(random, 5000);
  const whole = deflateSync(bytes);
  const refused = /cannot be decompressed/;
  expect(() => inflatingCompressor.decompress(whole, 4999)).toThrow(refused);
  expect(() => inflatingCompressor.decompress(whole, 5001)).toThrow(refused);
  for (let cut = 0; cut < whole.length - 8; cut += 7)
    expect(() => inflatingCompressor.decompress(whole.subarray(0, cut), 5000)).toThrow(refused);
  for (let round = 0; round < 300; round++) {
    const altered = Uint8Array.from(whole);
    altered[random.below(altered.length)] = random.below(256);
    try {
      expect(inflatingCompressor.decompress(altered, 5000).length).toBe(5000);
    } catch (error) {
      expect((error as Error).message).toMatch(refused);
    }
  }
});

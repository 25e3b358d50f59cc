/** CRC-32: the check value that everybody publishes, and zlib's answer for every length around a step. */
import { crc32 as zlibs } from "node:zlib";
import { expect, test } from "vitest";
import { crc32 } from "../../src/bytes/crc32.ts";

test("the check value is that of IEEE 802.3", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
});

test("every length and every start gives what zlib gives", () => {
  const bytes = Uint8Array.from({ length: 80 }, (_, index) => (index * 167 + 13) ^ (index >> 2));
  for (let start = 0; start < 9; start++)
    for (let end = start; end <= bytes.length; end++)
      expect(crc32(bytes.subarray(start, end)), `${start} to ${end}`).toBe(zlibs(bytes.subarray(start, end)));
});

/** A pcapng file byte by byte (draft-ietf-opsawg-pcapng): section header, interfaces, packets. */
import { expect, test } from "vitest";
import { PcapngWriter } from "../../../emulator/ether/capture.ts";

function file(write: (writer: PcapngWriter) => void, startSeconds?: number): string[] {
  const blocks: string[] = [];
  write(new PcapngWriter((bytes) => void blocks.push(Buffer.from(bytes).toString("hex")), startSeconds));
  return blocks;
}

const words = (text: string): string => text.replaceAll(/\s/g, "");

/** Type, length, byte order, version 1.0, no section length, length. */
const HEADER = words("0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000");

test("the section header comes first and by itself", () => {
  expect(file(() => {})).toEqual([HEADER]);
});

test("interfaces: Ethernet, no limit of length, name padded to four bytes, nanoseconds", () => {
  const numbers: number[] = [];
  const blocks = file((writer) => {
    for (const name of ["a", "eth0", "node2", "ü"]) numbers.push(writer.addInterface(name));
  });
  expect(numbers).toEqual([0, 1, 2, 3]);
  expect(blocks.slice(1)).toEqual(
    [
      "01000000 28000000 0100 0000 00000000 0200 0100 61000000 0900 0100 09000000 0000 0000 28000000",
      "01000000 28000000 0100 0000 00000000 0200 0400 65746830 0900 0100 09000000 0000 0000 28000000",
      "01000000 2c000000 0100 0000 00000000 0200 0500 6e6f646532000000 0900 0100 09000000 0000 0000 2c000000",
      "01000000 28000000 0100 0000 00000000 0200 0200 c3bc0000 0900 0100 09000000 0000 0000 28000000",
    ].map(words),
  );
});

test.each<[string, number | undefined, number, number[], string]>([
  ["no bytes", undefined, 0, [], "06000000 20000000 07000000 00000000 00000000 00000000 00000000 20000000"],
  [
    "one byte, padded",
    undefined,
    0x1_0000_0002,
    [0xaa],
    "06000000 24000000 07000000 01000000 02000000 01000000 01000000 aa000000 24000000",
  ],
  [
    "four bytes, after a date",
    1_700_000_000,
    123_456_789,
    [1, 2, 3, 4],
    // 1 700 000 000 123 456 789 = 1797 9CFE 3D85 CD15h.
    "06000000 24000000 07000000 fe9c9717 15cd853d 04000000 04000000 01020304 24000000",
  ],
  [
    "five bytes",
    0,
    0xffff_ffff,
    [1, 2, 3, 4, 5],
    "06000000 28000000 07000000 00000000 ffffffff 05000000 05000000 0102030405000000 28000000",
  ],
])("a packet of %s", (_name, start, timeNs, bytes, expected) => {
  const blocks = file((writer) => writer.write(7, timeNs, Uint8Array.from(bytes)), start);
  expect(blocks).toEqual([HEADER, words(expected)]);
});

/** What the 82540EM says of a received frame's checksums. */
import { expect, test } from "vitest";
import { reportChecksums } from "../../../emulator/devices/network/e1000-checksum.ts";
import { internetChecksum, onesSum } from "../../../emulator/ether/internet-checksum.ts";

const BOTH = 0x300;

/** A frame with a UDP datagram of 20 bytes whose checksums are right, but for the bytes of `change`. */
function datagram(change: readonly (readonly [at: number, value: number])[]): Uint8Array {
  const bytes = new Uint8Array(80).fill(0x5a);
  bytes.set([8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 12);
  bytes.set([0, 7, 0, 9, 0, 20, 0, 0], 34);
  const put = (at: number, sum: number): void => bytes.set([sum >> 8, sum & 0xff], at);
  put(24, internetChecksum(bytes, 14, 34));
  put(40, internetChecksum(bytes, 34, 54, onesSum(bytes, 26, 34, 17 + 20)));
  for (const [at, value] of change) bytes[at] = value;
  return bytes;
}

type Row = readonly [
  name: string,
  change: readonly (readonly [number, number])[],
  status: number,
  errors: number,
  rxcsum?: number,
];

const ROWS: readonly Row[] = [
  ["both are right", [], 0x60, 0],
  ["nothing is asked for", [], 0x04, 0, 0],
  ["only that of IP is asked for", [[53, 1]], 0x40, 0, 0x100],
  ["only that of UDP is asked for", [[24, 9]], 0x20, 0, 0x200],
  ["data is wrong", [[53, 1]], 0x60, 0x20],
  ["the header is wrong", [[24, 9]], 0x60, 0x40],
  ["the rest of the frame does not count", [[54, 1]], 0x60, 0],
  [
    "UDP without a checksum",
    [
      [40, 0],
      [41, 0],
    ],
    0x40,
    0,
  ],
  ["a fragment", [[20, 0x20]], 0x40, 0x40],
  ["another protocol", [[23, 1]], 0x40, 0x40],
  ["the length lies", [[16, 1]], 0x40, 0x40],
  ["no room for a header of UDP", [[17, 27]], 0x40, 0x40],
  ["options that are not there", [[14, 0x4f]], 0x40, 0x40],
  ["a header that is too short", [[14, 0x44]], 0x04, 0],
  ["IPv6", [[14, 0x65]], 0x04, 0],
  ["another type of frame", [[12, 0x86]], 0x04, 0],
];

for (const [name, change, status, errors, rxcsum = BOTH] of ROWS) {
  test(name, () => {
    expect(reportChecksums(datagram(change), rxcsum)).toEqual({ status, errors });
  });
}

test("a frame without room for IP", () => {
  expect(reportChecksums(datagram([]).subarray(0, 33), BOTH)).toEqual({ status: 0x04, errors: 0 });
});

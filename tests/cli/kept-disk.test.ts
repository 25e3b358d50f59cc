/** Prepared disks are kept without their zeros, and a file of the cache that is not whole is none. */
import { expect, test } from "vitest";
import { SparseDisk } from "../../emulator/disk/disk.ts";
import { packDisk, unpackDisk } from "../../src/cli/emu/kept-disk.ts";

const TERABYTE = 2 ** 40;
const written = [
  [0, "boot sector"],
  [4096 * 7 - 3, "over the end of a chunk"],
  [TERABYTE - 9, "last sign"],
] as const;

function disk(): SparseDisk {
  const made = new SparseDisk(TERABYTE);
  for (const [at, text] of written) made.write(at, Buffer.from(text));
  return made;
}

test("a disk of a terabyte takes as much room as what was written to it, and is read as it was", () => {
  const bytes = packDisk(disk());
  expect(bytes.length).toBeLessThan(5 * 4096);
  const found = unpackDisk(bytes, TERABYTE)!;
  expect(found.sizeBytes).toBe(TERABYTE);
  for (const [at, text] of written) {
    const read = Buffer.alloc(text.length + 8);
    found.read(at, read.subarray(0, Math.min(read.length, TERABYTE - at)));
    expect(read.toString("latin1").replaceAll("\0", "")).toBe(text);
  }
  expect([...found.chunks.keys()]).toEqual([0, 6, 7, TERABYTE / 4096 - 1]);
});

test("a disk whose end lies within a chunk is read as it was", () => {
  const small = new SparseDisk(4096 + 512);
  small.write(4096, Buffer.from("end"));
  const read = Buffer.alloc(512);
  unpackDisk(packDisk(small), small.sizeBytes)!.read(4096, read);
  expect(read.toString("latin1", 0, 4)).toBe("end\0");
});

test("a file that was cut off, changed, or made for another size is none", () => {
  const bytes = packDisk(disk());
  expect(unpackDisk(bytes, TERABYTE / 2)).toBeNull();
  expect(unpackDisk(new Uint8Array(0), TERABYTE)).toBeNull();
  for (const length of [23, 100, bytes.length - 1]) expect(unpackDisk(bytes.subarray(0, length), TERABYTE)).toBeNull();
  for (const at of [0, 4, 16, 24, 5000, bytes.length - 1]) {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    expect(unpackDisk(changed, TERABYTE)).toBeNull();
  }
});

/** What becomes of the images that a lab's machines are given. */
import { expect, test } from "vitest";
import { type LabDrive, Media, partsOf } from "../../src/lab/media.ts";

const KIB = 1024;

function disketteOf(image: Uint8Array) {
  return partsOf({ floppies: [image] }, new Media(), null, null).parts!.floppies![0]!;
}

test.each([1, 512, 700, 2048, 30 * KIB, 1_000_000])(
  "%i bytes are the beginning of the largest diskette, and zeros follow",
  (sizeBytes) => {
    const diskette = disketteOf(new Uint8Array(sizeBytes).fill(7));
    expect(diskette.sizeBytes).toBe(2880 * KIB);
    const start = new Uint8Array(sizeBytes + 512);
    diskette.read(0, start);
    expect(start.findIndex((byte) => byte !== 7)).toBe(sizeBytes);
    expect(start.subarray(sizeBytes).every((byte) => byte === 0)).toBe(true);
  },
);

test.each([160, 360, 720, 1440, 1743, 2880])("an image of %i KiB is all of its diskette", (kib) => {
  expect(disketteOf(new Uint8Array(kib * KIB)).sizeBytes).toBe(kib * KIB);
});

test("a drive that is neither a disk nor a CD is refused", () => {
  const drives = [{ medium: new Uint8Array(512) }] as unknown as readonly LabDrive[];
  expect(() => partsOf({ drives }, new Media(), null, null)).toThrow(
    'a drive of kind undefined: expected "disk" or "cd"',
  );
});

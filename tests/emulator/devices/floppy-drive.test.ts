/** Diskette drives: the formats by the size of their images, where sectors lie, and how far the head goes. */
import { describe, expect, test } from "vitest";
import { FloppyDrive } from "../../../emulator/devices/storage/floppy-drive.ts";
import { SparseDisk } from "../../../emulator/disk/disk.ts";
import { StateReader, StateWriter } from "../../../emulator/state/state-io.ts";

/** KiB, cylinders, heads, sectors a track, data rates in kbit/s, and the kind of drive that INT 13h names. */
const FORMATS: readonly (readonly [
  kib: number,
  cylinders: number,
  heads: number,
  sectors: number,
  rates: readonly number[],
  kind: number,
])[] = [
  [160, 40, 1, 8, [250, 300], 1],
  [180, 40, 1, 9, [250, 300], 1],
  [320, 40, 2, 8, [250, 300], 1],
  [360, 40, 2, 9, [250, 300], 1],
  [640, 80, 2, 8, [250], 3],
  [720, 80, 2, 9, [250], 3],
  [1200, 80, 2, 15, [500], 2],
  [1440, 80, 2, 18, [500], 4],
  [1600, 80, 2, 20, [500], 4],
  [1680, 80, 2, 21, [500], 4],
  [1722, 82, 2, 21, [500], 4],
  [1743, 83, 2, 21, [500], 4],
  [2880, 80, 2, 36, [1000], 5],
];
/** As the data rate select register names them (82077AA, table 2-3). */
const RATES = [500, 300, 250, 1000];
const drive = (kib: number): FloppyDrive => new FloppyDrive(new SparseDisk(kib * 1024));

test.each([
  [720, 1440, "1440 KiB: the drive is for 640, 720 KiB"],
  [360, 720, "720 KiB: the drive is for 160, 180, 320, 360 KiB"],
  [1200, 2880, "2880 KiB: the drive is for 160, 180, 320, 360, 1200 KiB"],
  [1440, 1200, "1200 KiB: the drive is for 640, 720, 1440, 1600, 1680, 1722, 1743 KiB"],
] as const)("a drive for %i KiB refuses a diskette of %i", (own, other, reason) => {
  const floppy = drive(own);
  const { medium } = floppy;
  expect(() => floppy.insert(new Uint8Array(other * 1024))).toThrow(`a diskette of ${reason}`);
  expect(floppy.medium).toBe(medium);
});

describe.each(FORMATS)("%i KiB", (kib, cylinders, heads, sectors, rates, driveKind) => {
  test("its format", () => {
    const { format } = drive(kib);
    expect({ ...format, rates: [] }).toEqual({ cylinders, heads, sectors, rates: [], driveKind });
    expect(format.rates.map((rate) => RATES[rate]).sort()).toEqual(rates);
  });

  test("its first and last sector, and none beside them", () => {
    const floppy = drive(kib);
    expect(floppy.offsetOf(0, 1)).toBe(0);
    expect(floppy.offsetOf(0, 2)).toBe(512);
    expect(floppy.offsetOf(heads - 1, sectors)).toBe((heads * sectors - 1) * 512);
    for (const [head, sector] of [
      [0, 0],
      [0, sectors + 1],
      [heads, 1],
    ] as const)
      expect(floppy.offsetOf(head, sector)).toBe(-1);
    floppy.seek(cylinders - 1);
    expect(floppy.offsetOf(heads - 1, sectors)).toBe(kib * 1024 - 512);
    floppy.seek(cylinders);
    expect(floppy.offsetOf(0, 1)).toBe(-1);
  });

  test("the head stops at track 0 and two tracks beyond the last one", () => {
    const floppy = drive(kib);
    const reached = [cylinders + 1, cylinders + 2, cylinders + 3, 255, 1, -1].map((to) => {
      floppy.seek(to);
      return floppy.cylinder;
    });
    expect(reached).toEqual([cylinders + 1, ...[1, 1, 1].map(() => cylinders + 2), 1, 0]);
  });
});

test.each([1, 1439, 1441, 4096])("an image of %i KiB is no diskette, and the sizes are named", (kib) => {
  expect(() => drive(kib)).toThrow(
    `a diskette of ${kib * 1024} bytes: the sizes are ${FORMATS.map(([size]) => size).join(", ")} KiB`,
  );
});

test("the change line is on until the head moves, and is part of the state", () => {
  const floppy = drive(1440);
  expect([floppy.changed, floppy.cylinder]).toEqual([true, 0]);
  floppy.seek(7);
  expect(floppy.changed).toBe(false);
  const writer = new StateWriter();
  floppy.visitState(writer);
  const other = drive(1440);
  other.visitState(new StateReader(writer.result()));
  expect([other.changed, other.cylinder]).toEqual([false, 7]);
});

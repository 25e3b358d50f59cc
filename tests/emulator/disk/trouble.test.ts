/** What goes wrong with disks beside refused accesses: wrong bits, writes that the power takes along, older copies. */
import { describe, expect, test } from "vitest";
import { SparseDisk, TrackedDisk } from "../../../emulator/disk/disk.ts";
import { MediumFaults } from "../../../emulator/disk/faulty.ts";
import { StateReader, StateWriter } from "../../../emulator/state/state-io.ts";

const SECTOR = 512;
const filled = (value: number, sectors = 1): Uint8Array => new Uint8Array(sectors * SECTOR).fill(value);

function disk() {
  const faults = new MediumFaults();
  const backing = new SparseDisk(64 * SECTOR);
  const medium = faults.wrap(backing);
  const read = (sector: number): number[] => {
    const bytes = new Uint8Array(SECTOR);
    medium.read(sector * SECTOR, bytes);
    return [...new Set(bytes)];
  };
  return { faults, backing, medium, read };
}

describe("what was written and not flushed", () => {
  test("goes with the power, sector by sector, and what was flushed stays", () => {
    const { faults, medium, read } = disk();
    faults.set({ unflushedPercent: 100 });
    medium.write(0, filled(1, 2));
    medium.flush();
    medium.write(SECTOR, filled(2, 2));
    medium.write(SECTOR, filled(3));
    expect(read(1)).toEqual([3]);
    faults.losePower();
    expect([read(0), read(1), read(2)]).toEqual([[1], [1], [0]]);
    // Once only: the power comes back, and goes again.
    medium.write(SECTOR, filled(4));
    medium.flush();
    faults.losePower();
    expect(read(1)).toEqual([4]);
  });

  test("goes in part, the same part each time", () => {
    const lost = (): number[] => {
      const { faults, medium, read } = disk();
      faults.set({ unflushedPercent: 50 });
      medium.write(0, filled(7, 64));
      faults.losePower();
      return Array.from({ length: 64 }, (_, sector) => read(sector)[0]!);
    };
    const first = lost();
    expect(lost()).toEqual(first);
    expect(first.filter((value) => value === 0).length).toBeGreaterThan(16);
    expect(first.filter((value) => value === 7).length).toBeGreaterThan(16);
  });

  test("stays where disks are right again, or never were wrong", () => {
    const { faults, medium, read } = disk();
    medium.write(0, filled(1));
    faults.losePower();
    faults.set({ unflushedPercent: 100 });
    medium.write(SECTOR, filled(2));
    faults.set({ unflushedPercent: 0 });
    faults.losePower();
    expect([read(0), read(1)]).toEqual([[1], [2]]);
    // What was written while nothing was wrong is there to stay, too.
    medium.write(0, filled(3));
    faults.set({ unflushedPercent: 100 });
    faults.losePower();
    expect([read(0), read(1)]).toEqual([[3], [2]]);
  });

  test("is part of the machine's state", () => {
    const { faults, medium, read } = disk();
    faults.set({ unflushedPercent: 100 });
    medium.write(0, filled(9));
    const writer = new StateWriter();
    faults.visitState(writer);
    medium.flush();
    const reader = new StateReader(writer.result());
    faults.visitState(reader);
    reader.end();
    faults.losePower();
    expect(read(0)).toEqual([0]);
  });
});

test("wrong bits come in reads, one at a time, and are not on the disk", () => {
  const { faults, backing, medium } = disk();
  faults.set({ flippedPercent: 50 });
  const wrong = Array.from({ length: 200 }, () => {
    const bytes = new Uint8Array(SECTOR);
    medium.read(0, bytes);
    return bytes.reduce((bits, byte) => bits + byte.toString(2).replaceAll("0", "").length, 0);
  });
  expect(new Set(wrong)).toEqual(new Set([0, 1]));
  expect(wrong.filter((bits) => bits === 1).length).toBeGreaterThan(60);
  const kept = new Uint8Array(SECTOR);
  backing.read(0, kept);
  expect(kept).toEqual(filled(0));
});

test("an older copy is what the disk held in the beginning", () => {
  const backing = new SparseDisk(64 * SECTOR, { content: filled(5, 3) });
  const tracked = new TrackedDisk(backing);
  tracked.write(SECTOR, filled(6, 20));
  tracked.revert();
  const bytes = new Uint8Array(4 * SECTOR);
  tracked.read(0, bytes);
  expect([0, 1, 2, 3].map((sector) => bytes[sector * SECTOR])).toEqual([5, 5, 5, 0]);
});

test("a share that is none is refused", () => {
  expect(() => disk().faults.set({ flippedPercent: 101 })).toThrow("a disk that fails in 101 % of its accesses");
});

/** Disks over disks: what is read where the lower one ends, what is kept, and what another medium's bay holds. */
import { describe, expect, test } from "vitest";
import { MediumBay } from "../../../emulator/disk/bay.ts";
import { BytesDisk, SparseDisk, TrackedDisk } from "../../../emulator/disk/disk.ts";
import { StateReader, StateWriter } from "../../../emulator/state/state-io.ts";

const CHUNK = 4096;

/** Reads into bytes that were something else before. */
function readOf(disk: SparseDisk | TrackedDisk, offset: number, length: number): number[] {
  const target = new Uint8Array(length).fill(0xee);
  disk.read(offset, target);
  return [...target];
}
/** Runs of equal bytes: how many, of which value. */
function runs(bytes: readonly number[]): string {
  const found: [count: number, value: number][] = [];
  for (const value of bytes)
    if (found.at(-1)?.[1] === value) found.at(-1)![0]++;
    else found.push([1, value]);
  return found.map(([count, value]) => `${count} x ${value}`).join(", ");
}

describe("a disk over a shorter one", () => {
  const base = new BytesDisk(new Uint8Array(CHUNK + 512).fill(7), CHUNK + 512);
  const over = (): SparseDisk => new SparseDisk(4 * CHUNK, { base });

  test("reads zeros behind its end, from within the last chunk on", () => {
    expect(runs(readOf(over(), 0, 4 * CHUNK))).toBe(`${CHUNK + 512} x 7, ${3 * CHUNK - 512} x 0`);
    expect(runs(readOf(over(), CHUNK, 1024))).toBe("512 x 7, 512 x 0");
    expect(runs(readOf(over(), CHUNK + 512, 512))).toBe("512 x 0");
    expect(runs(readOf(over(), 2 * CHUNK, 512))).toBe("512 x 0");
  });

  test("keeps of a written chunk what is below it, as far as that goes", () => {
    const disk = over();
    disk.write(CHUNK + 256, Uint8Array.of(1));
    disk.write(3 * CHUNK, Uint8Array.of(2));
    expect([...disk.chunks.keys()]).toEqual([1, 3]);
    expect(runs(readOf(disk, CHUNK, CHUNK))).toBe(`256 x 7, 1 x 1, 255 x 7, ${CHUNK - 512} x 0`);
    expect(runs(readOf(disk, 3 * CHUNK, 3))).toBe("1 x 2, 2 x 0");
  });

  test("has a content that ends with its last byte that is not zero", () => {
    const disk = over();
    expect(disk.content()).toEqual(new Uint8Array(CHUNK + 512).fill(7));
    disk.write(2 * CHUNK + 5, Uint8Array.of(9));
    expect(disk.content().length).toBe(2 * CHUNK + 6);
    expect(new SparseDisk(CHUNK).content()).toEqual(new Uint8Array(0));
    expect(new SparseDisk(CHUNK, { content: Uint8Array.of(0, 4, 0) }).content()).toEqual(Uint8Array.of(0, 4));
    const zeros = new SparseDisk(CHUNK, { base: new BytesDisk(new Uint8Array(0), CHUNK) });
    expect(zeros.content()).toEqual(new Uint8Array(0));
  });
});

test("zeros where there are zeros take no room; over a lower disk they do", () => {
  const disk = new SparseDisk(2 * CHUNK);
  disk.write(0, new Uint8Array(CHUNK));
  expect(disk.chunks.size).toBe(0);
  const over = new SparseDisk(CHUNK, { base: new BytesDisk(Uint8Array.of(7), CHUNK) });
  over.write(0, Uint8Array.of(0));
  expect([over.chunks.size, readOf(over, 0, 1)]).toEqual([1, [0]]);
});

test.each([0, 511, -512, Number.NaN])("a disk of %d bytes is refused", (sizeBytes) => {
  expect(() => new SparseDisk(sizeBytes)).toThrow(/must be a positive multiple of 512/);
});

test("a disk's state is what was written, in chunks, and goes back behind later writes", () => {
  // Its last chunk is a short one.
  const disk = new TrackedDisk(new SparseDisk(2 * CHUNK + 512, { content: new Uint8Array(3 * CHUNK).fill(3) }));
  disk.write(0, Uint8Array.of(1));
  disk.write(0, new Uint8Array(0));
  const writer = new StateWriter();
  disk.visitState(writer);
  const saved = writer.result();
  expect(saved.length).toBeLessThan(CHUNK + 100);
  // Two chunks, from the last byte of one to the first of the next.
  disk.write(2 * CHUNK - 1, Uint8Array.of(5, 6));
  disk.write(0, Uint8Array.of(2));
  const reader = new StateReader(saved);
  disk.visitState(reader);
  reader.end();
  expect(runs(readOf(disk, 0, disk.sizeBytes))).toBe(`1 x 1, ${2 * CHUNK + 511} x 3`);
  disk.revert();
  expect(runs(readOf(disk, 0, disk.sizeBytes))).toBe(`${2 * CHUNK + 512} x 3`);
});

test("a bay holds its own medium, none, or another one, and a state needs those that it names", () => {
  const [own, other] = [1, 2].map((value) => new BytesDisk(Uint8Array.of(value), 512)) as [BytesDisk, BytesDisk];
  const bay = new MediumBay(own);
  const states: Uint8Array[] = [];
  const save = (): void => {
    const writer = new StateWriter();
    bay.visitState(writer);
    states.push(writer.result());
  };
  const restore = (into: MediumBay, state: number): void => {
    const reader = new StateReader(states[state]!);
    into.visitState(reader);
    reader.end();
  };
  save();
  expect([bay.medium, bay.hasOther]).toEqual([own, false]);
  bay.remove();
  save();
  expect([bay.medium, bay.hasOther]).toEqual([null, false]);
  bay.put(other);
  save();
  expect([bay.medium, bay.hasOther]).toEqual([other, true]);
  for (const [state, medium] of [own, null, other].entries()) {
    restore(bay, state);
    expect(bay.medium).toBe(medium);
  }
  expect(() => restore(new MediumBay(own), 2)).toThrow(/was given another medium/);
  // The same content will do.
  const again = new MediumBay(null);
  expect(again.medium).toBeNull();
  again.put(new BytesDisk(Uint8Array.of(2), 512));
  restore(again, 2);
  expect(again.hasOther).toBe(true);
});

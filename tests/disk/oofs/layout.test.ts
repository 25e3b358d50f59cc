/** Records of a volume at the edges of what their page allows: each rule by itself, with a checksum that is right. */
import { describe, expect, test } from "vitest";
import {
  BLOCKS_MAX,
  BLOCKS_MIN,
  decodeCommit,
  decodeObject,
  decodeSuperblock,
  encodeCommit,
  encodeObject,
  encodeSuperblock,
  HOLE,
  SLOTS_PER_BLOCK,
  type State,
  sectorSum,
} from "../../../src/disk/oofs/layout.ts";

const at = (block: number): { block: number; sum: number } => ({ block, sum: 7 });
const GOOD: State = {
  sequence: 4n,
  time: { seconds: 5, nanoseconds: 6 },
  table: at(10),
  map: at(11),
  snapshots: HOLE,
  table2: at(12),
  snapshots2: HOLE,
  blocks: BLOCKS_MIN,
  slots: SLOTS_PER_BLOCK,
  objects: 2,
  firstFree: 1,
  classDirectory: 2,
  orphan: 0,
  used: 10,
  free: 20,
};
const sectorOf = (change: Partial<State>): Uint8Array =>
  encodeCommit({ volume: 9n, first: false, state: { ...GOOD, ...change } });
const last = BLOCKS_MIN - 1;

/** The same sector with another byte in it, and a checksum that is right. */
function withByte(sector: Uint8Array, offset: number, byte: number): Uint8Array {
  const changed = sector.slice();
  changed[offset] = byte;
  new DataView(changed.buffer).setUint32(12, sectorSum(changed), true);
  return changed;
}

describe("a commit record", () => {
  test.each<Partial<State>>([
    {},
    { blocks: BLOCKS_MAX },
    { slots: SLOTS_PER_BLOCK * BLOCKS_MIN },
    { table: at(3), map: at(last - 2) },
    { snapshots: at(20), snapshots2: at(21) },
    { objects: SLOTS_PER_BLOCK - 1, classDirectory: SLOTS_PER_BLOCK - 1, orphan: SLOTS_PER_BLOCK - 1 },
    { used: 0, free: BLOCKS_MIN },
  ])("may say %j", (change) => {
    expect(decodeCommit(sectorOf(change), 0)?.state).toEqual({ ...GOOD, ...change });
  });

  test.each<Partial<State>>([
    { blocks: last },
    { blocks: BLOCKS_MAX + 1 },
    { slots: 0 },
    { slots: SLOTS_PER_BLOCK + 1 },
    { slots: SLOTS_PER_BLOCK * (BLOCKS_MIN + 1) },
    ...[0, 2, last - 1, last, 1000].flatMap((block) => [
      ...(block === 0 ? [] : [{ table: at(block) }, { table2: at(block) }, { map: at(block) }]),
      ...(block === 0
        ? []
        : [
            { snapshots: at(block), snapshots2: at(20) },
            { snapshots: at(20), snapshots2: at(block) },
          ]),
    ]),
    { table: HOLE },
    { table2: HOLE },
    { map: HOLE },
    { snapshots: at(20) },
    { snapshots2: at(20) },
    { objects: SLOTS_PER_BLOCK },
    { firstFree: 0 },
    { classDirectory: 1 },
    { classDirectory: SLOTS_PER_BLOCK },
    { orphan: SLOTS_PER_BLOCK },
    { used: 30, free: BLOCKS_MIN - 29 },
  ])("cannot say %j", (change) => {
    expect(decodeCommit(sectorOf(change), 0)).toBeNull();
  });

  test("counts where its number puts it, with its magic, version, volume and flags, and zeros where nothing is", () => {
    const sector = sectorOf({});
    expect([decodeCommit(sector, 0) === null, decodeCommit(sector, 1) === null]).toEqual([false, true]);
    expect(decodeCommit(withByte(sector, 24, 1), 0)?.first).toBe(true);
    for (const [offset, byte] of [
      [0, 0],
      [8, 3],
      [16, 0],
      [24, 2],
      [28, 1],
      [31, 1],
      [32, 0],
      [32 + 88, 1],
      [159, 1],
      [160, 1],
      [511, 1],
    ] as const)
      expect(decodeCommit(withByte(sector, offset, byte), 0), `byte ${offset}`).toBeNull();
    const wrong = sector.slice();
    wrong[200] = 1;
    expect(decodeCommit(wrong, 0)).toBeNull();
  });
});

test("a superblock has the blocks and the volume that one can have, and nothing else", () => {
  const sector = encodeSuperblock({ blocks: BLOCKS_MIN, volume: 9n });
  expect(decodeSuperblock(sector)).toEqual({ blocks: BLOCKS_MIN, volume: 9n });
  for (const [offset, byte] of [
    [0, 0],
    [8, 1],
    [17, 0],
    [20, last],
    [23, 0x20],
    [24, 0],
    [32, 1],
    [511, 1],
  ] as const)
    expect(decodeSuperblock(withByte(sector, offset, byte)), `byte ${offset}`).toBeNull();
});

describe("a record of an object", () => {
  const time = { seconds: 1, nanoseconds: 2 };
  const bytes = encodeObject({
    depth: 1,
    id: 7,
    parent: 1,
    size: 5000,
    changed: 3n,
    root: at(20),
    modified: time,
    created: time,
    count: 0,
    nextOrphan: 0,
    className: "file",
  });

  test("is none in a free slot", () => {
    expect(decodeObject(bytes, 7)).toMatchObject({ id: 7, size: 5000, className: "file", created: time });
    expect(decodeObject(new Uint8Array(bytes.length), 7)).toBeNull();
  });

  test.each([
    [0, 0, "it has no magic number, and is not a free slot"],
    [4, 1, "version 1"],
    [8, 9, "it says that it is object 9"],
    [22, 0xff, /a size of \d+ bytes/],
    [6, 0, "a depth of 0 for 5000 bytes"],
    [7, 1, "a depth of 1 for 5000 bytes"],
    [32, 0, "a hole with a checksum"],
    [64, 0x20, "its class name"],
    [69, 0x41, "its class name"],
  ])("with the byte %i as %i is damaged", (offset, byte, what) => {
    const changed = bytes.slice();
    changed[offset] = byte;
    expect(() => decodeObject(changed, 7)).toThrow(what);
    expect(() => decodeObject(changed, 7)).toThrow("the record of object 7 is damaged: ");
  });
});

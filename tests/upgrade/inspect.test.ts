/** What `qure inspect` says of a disk's two kernels. */
import { expect, test } from "vitest";
import { describeSlots, SLOT_RECORD_LBA, type SlotRecord, slotRecordSector } from "../../src/image/slot-record.ts";
import { inspectImage } from "../../src/index.ts";
import { baseDisk } from "./machine.ts";

const RECORD: SlotRecord = {
  version: 2,
  good: 0,
  trial: 1,
  tries: 1,
  slots: [
    { firstSector: 22, sectors: 1600, revision: 7 },
    { firstSector: 8192, sectors: 1601, revision: 8 },
  ],
  sequence: 3,
  floor: 5,
  result: 3,
  resultRevision: 6,
  failures: [{ revision: 6, count: 2 }],
};

function found(...copies: readonly (SlotRecord | null)[]): readonly string[] {
  const disk = baseDisk().slice();
  for (const [index, copy] of copies.entries())
    if (copy) disk.set(slotRecordSector(copy), (SLOT_RECORD_LBA + index) * 512);
  const read = (offset: number, length: number): Uint8Array => disk.subarray(offset, offset + length);
  const { slots } = inspectImage({ sizeBytes: disk.length, read });
  return slots ? describeSlots(slots) : [];
}

test("each slot, the last trial, and what has failed", () => {
  expect(found(RECORD, RECORD)).toEqual([
    "slot 0, revision 7, 1600 sectors from 22 on, good",
    "slot 1, revision 8, 1601 sectors from 8192 on, on trial at the next start",
    "lowest revision 5",
    "the last trial, of revision 6, panicked",
    "revision 6 has failed 2 times",
  ]);
});

test("the copy with the higher sequence counts, and one that is not whole does not", () => {
  const later: SlotRecord = { ...RECORD, sequence: 4, trial: 1, tries: 0, failures: [{ revision: 6, count: 1 }] };
  expect(found(RECORD, later)[1]).toMatch(/on trial, which has begun$/);
  expect(found(RECORD, later).at(-1)).toBe("revision 6 has failed once");
  expect(found(later, RECORD)[1]).toMatch(/which has begun$/);
  expect(found({ ...RECORD, version: 3 }, null)).toEqual([]);
  expect(found(null, null)).toEqual([]);
});

test("a record of version 1 knows no revisions, and counts in the second sector alone", () => {
  const old: SlotRecord = {
    ...RECORD,
    version: 1,
    good: 1,
    trial: null,
    slots: [RECORD.slots[0]!, { firstSector: 8192, sectors: 0, revision: 0 }],
  };
  expect(found(null, old)).toEqual(["slot 0, revision unknown, 1600 sectors from 22 on", "slot 1, empty"]);
  expect(found(old, null)).toEqual([]);
});

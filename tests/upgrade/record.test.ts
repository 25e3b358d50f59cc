/** The record of two kernels: what no cut breaks, in the model, and that the model notices what is left out. */
import { expect, test } from "vitest";
import { isAtLength, isThorough, rowsOf } from "../setup/tier.ts";
import { BEGINNINGS, judge } from "./record-cuts.ts";
import { confirm, diskWith, type Faults, install, kernelOf, power, recordOf, run } from "./record-model.ts";

/** Where the second cut of two is when it is not everywhere. */
const FEW = isThorough ? [64, 512] : [64];

test.each(rowsOf(Object.entries(BEGINNINGS), 1))(
  "classes 7 and 16, a torn sector, the mark before the part is complete: %s, cut anywhere, and once more",
  (_, beginning) => {
    const { images, wrong } = judge(beginning(), {}, isAtLength ? undefined : FEW);
    expect(wrong).toBeNull();
    expect(images).toBeGreaterThan(1_000);
  },
);

const PLANTED: readonly Faults[] = [
  { oneCopy: true },
  { writesNewest: true },
  { sameSequence: true },
  { keepsTrial: true },
  { countsAlways: true },
  { marksFirst: true },
  { keepsOld: true },
  { overGood: true },
  { wrongSlot: true },
  { backToFirst: true },
  { trapped: true },
];

test.each(rowsOf(PLANTED, 2))("a rule that is left out shows: %j", (faults) => {
  const isFound = Object.values(BEGINNINGS).some((beginning) => judge(beginning(), faults, [512]).wrong !== null);
  expect(isFound).toBe(true);
});

const NONE: Faults = {};
/** The revision that starts. */
const start = (disk: ReturnType<typeof diskWith>, faults = NONE): number | null =>
  run(disk, power(disk, faults), null).result?.revision ?? null;
const put = (disk: ReturnType<typeof diskWith>, revision: number): boolean =>
  run(disk, install(disk, revision, NONE), null).result === true;

test("class 3, a counter runs at every start: power that comes and goes uses nothing up", () => {
  const disk = diskWith([4, 5], { good: 1 });
  const before = disk.slice();
  for (let count = 0; count < 20; count++) expect(start(disk)).toBe(5);
  expect(disk).toEqual(before);
});

test("class 5, a slot is trapped for ever: the one that failed takes the next kernel", () => {
  const disk = diskWith([5, null], {});
  put(disk, 6);
  expect([start(disk), start(disk)]).toEqual([6, 5]);
  put(disk, 7);
  expect(start(disk)).toBe(7);
});

test("classes 6 and 10, the wrong slot after a cut return, one before the last good: the record names the good one", () => {
  const disk = diskWith([4, 5], { good: 1 });
  put(disk, 6);
  expect(kernelOf(disk, 0)).toBe(6);
  start(disk);
  run(disk, power(disk, NONE), { write: 0, tornAt: 128 });
  expect([start(disk), start(disk)]).toEqual([5, 5]);
  expect(recordOf(disk)).toMatchObject({ good: 1, trial: null, result: 2, resultRevision: 6 });
});

test.each<[Faults, boolean]>([
  [{}, false],
  [{ forgetsFailures: true }, true],
])("class 8, a loop of returns without end: a revision that failed twice is refused (%j)", (faults, isTaken) => {
  const disk = diskWith([5, null], {});
  for (const _ of [1, 2]) {
    expect(put(disk, 6)).toBe(true);
    expect([start(disk, faults), start(disk, faults)]).toEqual([6, 5]);
  }
  expect(put(disk, 6)).toBe(isTaken);
  expect(put(disk, 7)).toBe(true);
});

test.each<[Faults, number | null]>([
  [{}, null],
  [{ noFloor: true }, 4],
])(
  "class 13, a downgrade: nothing below the floor is installed or takes a damaged kernel's place (%j)",
  (faults, starts) => {
    const disk = diskWith([4, 5], { good: 1, floor: 5 });
    expect(put(disk, 4)).toBe(false);
    disk[12 * 512 + 100]! ^= 1;
    expect(start(disk, faults)).toBe(starts);
  },
);

test("both copies say the same after each change by a kernel", () => {
  const disk = diskWith([5, null], null);
  put(disk, 6);
  expect(disk.subarray(20 * 512, 21 * 512)).toEqual(disk.subarray(21 * 512, 22 * 512));
  start(disk);
  run(disk, confirm(disk, 1, NONE), null);
  expect(recordOf(disk)).toMatchObject({ good: 1, trial: null, tries: 0, result: 1, resultRevision: 6 });
});

/**
 * A run has one digest at every virtual millisecond: with code interpreted, compiled when hot, compiled at first sight,
 * in one thread and in two, and when it goes on from a snapshot that was taken in the middle. QURE_CASES says how many
 * digests are looked at.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { BytesDisk, SparseDisk } from "../../../emulator/disk/disk.ts";
import type { JitMode } from "../../../emulator/jit/jit.ts";
import { LabCluster, restoreCluster } from "../../../src/index.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { casesOf, isThorough, rowsOf } from "../../setup/tier.ts";
import { images } from "../../system/images.ts";
import { DISK_BYTES, preparedDisk } from "./prepared-disk.ts";

/** Between two digests: in the fast tier ten milliseconds, so that its few digests reach into the boot. */
const MS = isThorough ? 1_000_000 : 10_000_000;
const COUNT = casesOf("emulator/cluster/every-millisecond").count;
/** Odd, so that snapshots do not fall where digests do. */
const MIDDLE_NS = Math.floor(COUNT / 2) * MS - 123_450;

let base: BytesDisk;
let expected: readonly string[];
const made: LabCluster[] = [];

function cluster(jit: JitMode, threads: number): LabCluster {
  const lab = new LabCluster({
    firmware: images().firmware,
    seed: 11,
    jit,
    threads,
    nodes: [0, 1].map(() => ({ ramBytes: 8 << 20, disk: new SparseDisk(DISK_BYTES, { base }) })),
  });
  made.push(lab);
  return lab;
}

/** The digests from a millisecond on. */
function digests(lab: LabCluster, from = 1): string[] {
  return Array.from({ length: COUNT - from + 1 }, (_, index) => {
    lab.cluster.runUntil((from + index) * MS);
    return lab.digest();
  });
}

beforeAll(async () => {
  base = new BytesDisk(await preparedDisk(), DISK_BYTES);
  expected = digests(cluster("off", 1));
}, 600_000);

afterAll(() => {
  for (const lab of made) lab.close();
});

const WAYS: readonly (readonly [jit: JitMode, threads: number])[] = [
  ["on", 1],
  ["force", 1],
  ["off", 2],
  ["force", 2],
];

for (const [jit, threads] of rowsOf(WAYS, 1)) {
  test(`JIT ${jit}, ${threads === 1 ? "one thread" : "two threads"}`, { timeout: 600_000 }, () => {
    expect(digests(cluster(jit, threads))).toEqual(expected);
  });
}

const CHANGES: readonly (readonly [before: JitMode, after: JitMode])[] = [
  ["off", "force"],
  ["force", "off"],
];

for (const [before, after] of rowsOf(CHANGES, 1)) {
  thoroughly(`a snapshot in the middle, JIT ${before} before it and ${after} after it`, { timeout: 600_000 }, () => {
    const lab = cluster(before, 1);
    lab.cluster.runUntil(MIDDLE_NS);
    const copy = restoreCluster(lab.save(), { jit: after, threads: 2 });
    made.push(copy);
    const from = Math.ceil(MIDDLE_NS / MS);
    expect(digests(copy, from)).toEqual(expected.slice(from - 1));
  });
}

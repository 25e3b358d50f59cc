/** Snapshots of machines with drives at every adapter, which their guest writes without a pause. */
import { beforeAll, expect, test } from "vitest";
import { Snapshot } from "../../emulator/cluster/snapshot.ts";
import { LabCluster, restoreCluster, SnapshotError } from "../../src/index.ts";
import type { MachineParts } from "../../src/lab/media.ts";
import { seabios } from "../emulator/devices/firmware-oracle.ts";
import type { SkippableContext } from "../oracle.ts";
import { guest } from "./guest.ts";

const MIB = 1 << 20;
const MS = 1_000_000;
const DISKETTE_BYTES = 1440 << 10;
const ANSWERS = 0x600;
const ROUNDS = 0x608;

/** A disk that SeaBIOS takes for one, and does not boot. */
const disk = (fill: number): Uint8Array => new Uint8Array(2 * MIB).fill(fill, 4096);

let boots: Uint8Array;
beforeAll(() => {
  boots = disk(0);
  boots.set(guest("tests/guest/programs/all-drives.s"));
});

function machines(context: SkippableContext, change: MachineParts = {}): LabCluster {
  const firmware = seabios("bios.bin");
  const videoRom = seabios("vgabios-stdvga.bin");
  if (!firmware || !videoRom) {
    context.skip("seabios is not installed");
    throw new Error("unreachable: skip ends the test");
  }
  return new LabCluster({
    firmware,
    nodes: [
      {
        ramBytes: 16 * MIB,
        disk: boots,
        drives: [{ kind: "disk", medium: disk(2) }, { kind: "cd", medium: disk(3) }, null],
        virtioDisks: [disk(4)],
        ahci: [null, { kind: "disk", medium: disk(5) }, { kind: "cd", medium: null }],
        floppies: [new Uint8Array(DISKETTE_BYTES)],
        bootOrder: "c",
        nic: "rtl8139",
        nicRom: new Uint8Array(1024).fill(7),
        videoRom,
        ...change,
      },
      { ramBytes: 2 * MIB },
    ],
  });
}

/** Runs until the guest has written to all of its drives so often. */
async function untilRound(lab: LabCluster, round: number): Promise<void> {
  const node = lab.nodes[0]!;
  const rounds = (): number => new DataView(node.readMemory(ROUNDS, 2).slice().buffer).getUint16(0, true);
  const isBooted = (): boolean => node.readMemory(0x7dfe, 2)[0] === 0x55 && rounds() < 0x1000;
  await lab.until(() => isBooted() && rounds() >= round, `round ${round}`, { within: "20s" });
}

test("go on as the run that was not interrupted, from within a write too", async (context) => {
  const original = machines(context);
  await untilRound(original, 3);
  expect([...original.nodes[0]!.readMemory(ANSWERS, 5)]).toEqual([0, 0, 0, 0, 0]);
  const { nowNs } = original;
  const copies: LabCluster[] = [];
  for (const afterNs of [0, 370_000, 9 * MS]) {
    original.cluster.runUntil(nowNs + afterNs);
    const saved = original.save();
    const copy = restoreCluster(saved);
    expect(copy.digest()).toBe(original.digest());
    // What was restored is saved again as it was.
    expect(restoreCluster(copy.save()).digest()).toBe(original.digest());
    copies.push(copy);
  }
  original.cluster.runUntil(nowNs + 60 * MS);
  for (const copy of copies) {
    copy.cluster.runUntil(nowNs + 60 * MS);
    expect(copy.digest()).toBe(original.digest());
    copy.close();
  }
  original.close();
});

test("are gone back to in place, and not to those of other media", async (context) => {
  const lab = machines(context);
  await untilRound(lab, 1);
  const saved = lab.save();
  const [digest, nowNs] = [lab.digest(), lab.nowNs];
  lab.cluster.runUntil(nowNs + 20 * MS);
  const later = lab.digest();
  lab.load(new Snapshot(saved, lab.host.compressor));
  expect(lab.digest()).toBe(digest);
  lab.cluster.runUntil(nowNs + 20 * MS);
  expect(lab.digest()).toBe(later);
  const refused: readonly (readonly [MachineParts, RegExp])[] = [
    [{ ahci: [null, { kind: "disk", medium: disk(6) }, { kind: "cd", medium: null }] }, /other media/],
    [{ ahci: [{ kind: "disk", medium: disk(5) }] }, /other machines/],
    [{ nicRom: new Uint8Array(1024).fill(8) }, /other machines/],
    [{ virtioDisks: [] }, /other machines/],
  ];
  for (const [change, why] of refused) {
    const other = machines(context, change);
    const before = other.digest();
    expect(() => other.load(new Snapshot(saved, other.host.compressor))).toThrow(why);
    expect(() => other.load(new Snapshot(saved, other.host.compressor))).toThrow(SnapshotError);
    expect(other.digest()).toBe(before);
    other.close();
  }
  lab.close();
});

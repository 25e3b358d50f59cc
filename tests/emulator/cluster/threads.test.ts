/**
 * Machines in worker threads: a guest cannot tell, and neither can whoever types at it, looks at it, cuts its cable or
 * saves it.
 */
import { afterEach, describe, expect, test } from "vitest";
import { Cluster } from "../../../emulator/cluster/cluster.ts";
import { FRAME, RecordArea } from "../../../emulator/cluster/records.ts";
import type { BlockBackend } from "../../../emulator/disk/block.ts";
import { BytesDisk, SparseDisk } from "../../../emulator/disk/disk.ts";
import { sha256 } from "../../../src/bytes/sha256.ts";
import { spreadOver } from "../../../src/host/worker-threads.ts";
import { LabCluster, type NodeOptions, restoreCluster } from "../../../src/index.ts";
import { keyOfSeed } from "../../../src/lab/cluster-key.ts";
import { kept } from "../../setup/cache.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { isThorough, rowsOf } from "../../setup/tier.ts";
import { CLOUD, images, PROMPT } from "../../system/images.ts";
import { DISK_BYTES, preparedDisk } from "./prepared-disk.ts";

const MS = 1_000_000;
const made: LabCluster[] = [];

async function cluster(nodes: number, threads: number, more: Partial<NodeOptions> = {}): Promise<LabCluster> {
  const base = new BytesDisk(await preparedDisk(), DISK_BYTES);
  const lab = new LabCluster({
    firmware: images().firmware,
    seed: 3,
    threads,
    nodes: Array.from({ length: nodes }, () => ({
      ramBytes: 8 << 20,
      disk: new SparseDisk(DISK_BYTES, { base }),
      ...more,
    })),
  });
  made.push(lab);
  return lab;
}

afterEach(() => {
  for (const lab of made.splice(0)) lab.close();
});

describe("machines in worker threads", () => {
  thoroughly("one thread and many give the same digests, consoles and instruction counts", async () => {
    const labs = await Promise.all(
      (isThorough ? [1, 2, 3] : [1, 2]).map((threads) =>
        cluster(isThorough ? 4 : 2, threads, { key: keyOfSeed(3), nic: "rtl8139" }),
      ),
    );
    expect(() => labs.at(-1)!.cluster.machines).toThrow(/runs in another thread/);
    // Cut differently for each: how far a call runs must not show either.
    for (const timeNs of [1 * MS, 130 * MS, 420 * MS, 2600 * MS]) {
      labs.forEach(({ cluster: { runUntil }, cluster: running }, index) => {
        if (index % 2 === 1) runUntil.call(running, timeNs - index * 10_010);
        running.runUntil(timeNs);
      });
      const [first, ...others] = labs.map((lab) => ({
        digest: lab.digest(),
        instructions: lab.instructions,
        consoles: lab.nodes.map((node) => node.console.text),
      }));
      for (const other of others) expect(other).toEqual(first);
    }
    expect(labs.at(-1)!.nodes.at(-1)!.console.text).toMatch(CLOUD);
  });

  test("can be typed at, looked at, reset and unplugged like those of this thread", async () => {
    const state = await kept("two, of which one has a prompt", async () => {
      const lab = await cluster(2, 1);
      await lab.nodes[1]!.waitFor(PROMPT);
      return lab.save();
    });
    const labs = [1, 2].map((threads) => restoreCluster(state, { threads }));
    made.push(...labs);
    const seen = [];
    for (const lab of labs) {
      const [first, second] = lab.nodes;
      await second!.enter("echo over the wire", /^over the wire$/m);
      second!.typeKeys("echo keys\n");
      await second!.waitForScreen(/^keys$/m);
      first!.cut();
      await lab.advance("3s");
      first!.connect();
      second!.reset();
      await second!.waitFor(CLOUD);
      seen.push({
        digest: lab.digest(),
        screen: second!.screen(),
        memory: second!.readMemory(0x100000, 4096),
        disk: second!.readDisk(0, 65536),
        nowNs: lab.nowNs,
        picture: second!.screenshot().rgba.length,
        state: lab.cluster.describe(lab.cluster.remember(null), null).map((bytes) => sha256(bytes)),
      });
      second!.powerOff();
      expect(second!.isOff).toBe(true);
      await lab.advance("10ms");
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(() => labs[1]!.cluster.machines).toThrow(/runs in another thread/);
  });

  thoroughly("are saved with one number of threads and go on with another", async () => {
    const original = await cluster(3, 2);
    original.cluster.runUntil(333 * MS);
    const bytes = original.save();
    const copies = [1, 3].map((threads) => restoreCluster(bytes, { threads }));
    made.push(...copies);
    for (const lab of [original, ...copies]) lab.cluster.runUntil(2600 * MS);
    for (const copy of copies) expect(copy.digest()).toBe(original.digest());
    expect(original.nodes.every(({ console }) => CLOUD.test(console.text))).toBe(true);
  });

  thoroughly("hand over more in a quantum than their shared memory holds", async () => {
    // Room for one DHCP message: a second record in a quantum finds the area full, in either direction.
    const base = new BytesDisk(await preparedDisk(), DISK_BYTES);
    const digests = [undefined, spreadOver(2, 400)].map((groups) => {
      const nodes = Array.from({ length: isThorough ? 8 : 5 }, (_, index) => ({
        name: `node-${index}`,
        ramBytes: 8 << 20,
        disk: new SparseDisk(DISK_BYTES, { base }),
        cdrom: null,
      }));
      const running = new Cluster({
        firmware: images().firmware,
        seed: 5,
        gateway: true,
        linkLatencyNs: 50_000,
        startSeconds: 0,
        nodes,
        ...(groups ? { groups } : {}),
      });
      running.runUntil(700 * MS);
      const digest = running.digest();
      running.close();
      return digest;
    });
    expect(digests[1]).toBe(digests[0]);
  });

  test("are known to have halted for good, or to wait for a key because nothing can be booted", async () => {
    const halts = new Uint8Array(512);
    halts.set([0xfa, 0xf4]);
    halts.set([0x55, 0xaa], 510);
    const disks = [halts, new Uint8Array(512)];
    const nodes = disks.map((disk) => ({ ramBytes: 8 << 20, disk }));
    const lab = new LabCluster({ firmware: images().firmware, threads: 2, nodes });
    made.push(lab);
    const all = (): (string | null)[] => lab.nodes.map(({ standstill }) => standstill);
    await lab.until(() => !all().includes(null), "they go on", { within: "20s" });
    expect(all()).toEqual(["the processor has halted with interrupts off", "nothing bootable was found"]);
  });

  test("stay in this thread when their media cannot leave it", async () => {
    const zeros: BlockBackend = {
      sizeBytes: 1 << 20,
      readOnly: false,
      read: (_, target) => void target.fill(0),
      write: () => {},
      flush: () => {},
    };
    const lab = await cluster(2, 2, { disk: zeros });
    expect(lab.cluster.machines.length).toBe(2);
    lab.cluster.runUntil(10 * MS);
  });
});

const DRIVES: readonly Partial<NodeOptions>[] = [
  { drives: [null, null, null, { kind: "cd", medium: null }] },
  { floppies: [null, new Uint8Array(1440 << 10)] },
  { ahci: [{ kind: "cd", medium: null }] },
  { virtioDisks: [new Uint8Array(1 << 20)] },
];

test.each(rowsOf(DRIVES, 1))("machines with more drives than a disk and a CD stay in this thread", async (drives) => {
  const lab = await cluster(2, 2, drives);
  expect(lab.cluster.machines.length).toBe(2);
});

test("records in shared memory come back in their order, and no more are taken than there is room for", () => {
  const area = new RecordArea(new ArrayBuffer(4096), 0, 4096);
  let put = 0;
  while (area.put(FRAME, put, 0, put * 10, new Uint8Array(60).fill(put))) put++;
  expect(put).toBe(Math.floor(4096 / 88));
  const taken: number[] = [];
  area.take(({ machine, timeNs, bytes }) => {
    expect([timeNs, bytes.length, bytes[59]]).toEqual([machine * 10, 60, machine]);
    taken.push(machine);
  });
  expect(taken).toEqual(Array.from({ length: put }, (_, index) => index));
  expect(area.put(FRAME, 0, 0, 0, new Uint8Array(1))).toBe(true);
  expect(() => area.put(FRAME, 0, 0, 0, new Uint8Array(5000))).toThrow(RangeError);
});

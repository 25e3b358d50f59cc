/** Volumes of another size than their partition, and those whose map has several blocks, as the kernel mounts them. */
import { describe, expect, test } from "vitest";
import { DevicePart } from "../../src/disk/device.ts";
import { check, format, mount } from "../../src/disk/oofs/index.ts";
import { type BlockBackend, SparseDisk } from "../../src/index.ts";
import { MemoryDisk } from "../disk/oofs/disks.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import {
  BLOCK_BYTES,
  PARTITION_LBA,
  PARTITION_SECTORS,
  partitioned,
  RecordingDisk,
  SECTOR_BYTES,
  volumeOn,
} from "./recording-disk.ts";
import { machine, START, withVolume } from "./volume-machine.ts";

describe("a partition that became smaller", () => {
  test("is mounted when all of the volume's data fits, and says exactly why not else", async () => {
    const { node, disk } = await machine();
    const volume = new MemoryDisk(4096 * BLOCK_BYTES);
    // A volume of 4096 blocks, of which the partition has the first 1024.
    format(volume, { id: 5n, time: { seconds: 1, nanoseconds: 0 } });
    const fs = mount(volume);
    fs.create("/file");
    fs.write("/file", 0, Buffer.from("here\n"));
    fs.sync();
    const bytes = new Uint8Array(PARTITION_SECTORS * SECTOR_BYTES);
    volume.read(0, bytes);
    disk.content = withVolume(bytes);
    await node.enter("mount hda0 /a", PROMPT);
    expect(await output(node, "cat /a/file")).toBe("here\n");
    expect(await output(node, "fsck /a")).toBe("/a: no problem was found\n");
    expect(await output(node, "df /a")).toMatch(/hda0 +4096 /);
    await node.enter("umount /a", PROMPT);
    expect(check(mount(volumeOn(disk), { readOnly: true })).blocks).toBe(PARTITION_SECTORS / 8);

    fs.create("/large");
    fs.write("/large", 0, new Uint8Array(6_000_000).fill(1));
    fs.sync();
    volume.read(0, bytes);
    disk.content = withVolume(bytes);
    expect(await output(node, "mount hda0 /a")).toMatch(
      /the partition has 1024 blocks, but the volume has 4096, and its block \d+ is in use; make the partition at least \d+ sectors long\n/,
    );
  });

  /** Blocks of the volume and of the partition; a block of the map tells of 32768. */
  const SIZES = [
    [4096, 1024],
    [70_000, 1030],
    [70_000, 33_000],
  ] as const;
  test.each(SIZES)("takes snapshots of the larger volume along, from %i blocks to %i", async (from, to) => {
    const disk = new SparseDisk(START + from * BLOCK_BYTES);
    const volume = new DevicePart(disk, START, from * BLOCK_BYTES);
    format(volume, { id: 5n, time: { seconds: 1, nanoseconds: 0 } });
    const made = mount(volume);
    made.create("/file");
    made.write("/file", 0, Buffer.from("first\n"));
    made.createSnapshot("s");
    made.write("/file", 0, Buffer.from("later\n"));
    made.sync();
    const table = partitioned(0);
    new DataView(table.buffer).setUint32(446 + 12, (to * BLOCK_BYTES) / SECTOR_BYTES, true);
    disk.write(0, table.subarray(0, SECTOR_BYTES));
    const node = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false }).nodes[0]!;
    await node.waitFor(/on disk/);
    await node.waitFor(PROMPT);
    await output(node, "service stop network");
    const problems = (): string[] => {
      const left = mount(new DevicePart(disk, START, to * BLOCK_BYTES), { readOnly: true });
      const found = check(left);
      return [...found.problems.map(({ text }) => text), `${found.blocks} blocks`];
    };
    expect(node.console.text).not.toContain("damaged");
    await output(node, "umount /net");
    expect(await output(node, "mount hda0 /a; cat /a/file; fsck /a; umount /a")).toBe(
      "later\n/a: no problem was found\n",
    );
    expect(problems()).toEqual([`${to} blocks`]);
    await output(node, "mount hda0 /a; snapshot restore /a s");
    expect(await output(node, "cat /a/file; fsck /a; umount /a")).toBe("first\n/a: no problem was found\n");
    expect(problems()).toEqual([`${to} blocks`]);
  });

  test("is refused below 64 blocks, however little is on it", async () => {
    const volume = new MemoryDisk(PARTITION_SECTORS * SECTOR_BYTES);
    format(volume, { id: 5n, time: { seconds: 1, nanoseconds: 0 } });
    const disk = new RecordingDisk();
    disk.content = withVolume(volume.bytes);
    new DataView(disk.content.buffer).setUint32(446 + 12, 63 * 8, true);
    const node = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false }).nodes[0]!;
    await node.waitFor(PROMPT);
    expect(await output(node, "mount hda0 /a")).toMatch(
      /hda0: the partition has 63 blocks; make it at least 512 sectors long, the least for a volume\n/,
    );
    node.type("mkfs -t oofs hda0\n");
    await node.waitFor("Type 'Yes' if so: ");
    await node.enter("Yes", /no space left/);
  });
});

describe("a large volume", () => {
  /** Keeps only what is written. */
  class WrittenDisk implements BlockBackend {
    readonly readOnly = false;
    readonly sizeBytes = PARTITION_LBA * SECTOR_BYTES + 2 ** 30;
    readonly sectors = new Map<number, Uint8Array>();

    read(offsetBytes: number, target: Uint8Array): void {
      for (let at = 0; at < target.length; at += SECTOR_BYTES) {
        const sector = this.sectors.get((offsetBytes + at) / SECTOR_BYTES);
        if (sector) target.set(sector, at);
        else target.fill(0, at, at + SECTOR_BYTES);
      }
    }

    write(offsetBytes: number, source: Uint8Array): void {
      for (let at = 0; at < source.length; at += SECTOR_BYTES)
        this.sectors.set((offsetBytes + at) / SECTOR_BYTES, source.slice(at, at + SECTOR_BYTES));
    }

    flush(): void {}
  }

  test("of 1 GiB is mounted in under a second, and a write of one block copies its path", async () => {
    const disk = new WrittenDisk();
    const table = partitioned();
    new DataView(table.buffer).setUint32(446 + 12, 2 ** 30 / SECTOR_BYTES, true);
    disk.write(0, table.subarray(0, SECTOR_BYTES));
    const lab = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false });
    const node = lab.nodes[0]!;
    await node.waitFor(PROMPT);
    await node.enter("mkfs -t oofs hda0", /now holds an empty oofs of 1024 MiB/);
    await node.enter("mount hda0 /a", PROMPT);
    await node.enter("help > /a/text", PROMPT);
    await node.enter("truncate /a/text 1000000000", PROMPT);
    await node.enter("umount /a", PROMPT);
    const began = lab.nowNs;
    await node.enter("mount hda0 /a", PROMPT);
    expect(lab.nowNs - began).toBeLessThan(1_000_000_000);
    const written = disk.sectors.size;
    await node.enter("echo end >> /a/text", PROMPT);
    await node.enter("sync", PROMPT);
    // Nodes of three levels, a block of content, two of the tables, those of the map.
    expect(disk.sectors.size - written).toBeLessThan(16 * 8);
    expect(await output(node, "fsck /a")).toBe("/a: no problem was found\n");
    expect(await output(node, "df /a")).toMatch(/hda0 +1048576 /);
  });
});

test("a map whose node is damaged is computed anew, and nothing that is in use is taken for free", async () => {
  // So many blocks that the map has a node, which tells of its blocks.
  const blocks = 70_000;
  const table = partitioned(0);
  new DataView(table.buffer).setUint32(446 + 12, (blocks * BLOCK_BYTES) / SECTOR_BYTES, true);
  const disk = new SparseDisk(START + blocks * BLOCK_BYTES, { content: table });
  const volume = new DevicePart(disk, START, blocks * BLOCK_BYTES);
  const node = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false }).nodes[0]!;
  await node.waitFor(/is not formatted|no volume|in memory only/);
  await node.waitFor(PROMPT);
  format(volume, { id: 5n, time: { seconds: 1, nanoseconds: 0 } });
  const fs = mount(volume);
  const content = new Uint8Array(600 * BLOCK_BYTES).map((_, at) => at % 251);
  fs.create("/file");
  fs.write("/file", 0, content);
  fs.sync();
  const { block } = fs.volume.committed.map;
  const bytes = new Uint8Array(BLOCK_BYTES);
  volume.read(block * BLOCK_BYTES, bytes);
  bytes[100]! ^= 1;
  volume.write(block * BLOCK_BYTES, bytes);
  const said = await output(node, "mount hda0 /a; seq 3000 > /a/more; sync; fsck /a; umount /a");
  expect(said).toMatch(/the map of free space is computed anew\n\/a: no problem was found\n$/);
  const after = mount(volume, { readOnly: true });
  expect(check(after).problems).toEqual([]);
  expect(Buffer.compare(after.read("/file"), content)).toBe(0);
});

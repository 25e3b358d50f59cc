/**
 * What commands cost a disk: how many sectors are read, and how many are written before how many flushes. What is in
 * the cache is not read again, what belongs together goes in one commit, and what changed nothing writes nothing. With
 * little memory, what the next commit still has to change stays in it.
 */
import { expect, test } from "vitest";
import { check, mount } from "../../src/oofs/index.ts";
import { diskWith } from "./disk-with.ts";
import { boot, images, PROMPT } from "./images.ts";
import { output } from "./output.ts";
import { BLOCK_BYTES, partitioned, RecordingDisk, SECTOR_BYTES, volumeOn } from "./recording-disk.ts";

class CountingDisk extends RecordingDisk {
  reads = 0;
  sectorsRead = 0;

  override read(offsetBytes: number, target: Uint8Array): void {
    this.reads++;
    this.sectorsRead += target.length / SECTOR_BYTES;
    super.read(offsetBytes, target);
  }
}

const SECTORS_IN_BLOCK = BLOCK_BYTES / SECTOR_BYTES;

/** More than a node of its tree has pointers for, and than the cache keeps. */
const LARGE = new Uint8Array(2_300_000).fill(10);

const READ_ON = "wc /a/large";

/** A line; sectors read, sectors written, flushes. A commit is two sectors, after a flush and before one. */
type Row = readonly [line: string, read: number, written: number, flushes: number];

const ROWS: readonly Row[] = [
  ["sync", 0, 0, 0],
  ["echo one > /a/one; sync", 88, 42, 2],
  ["cat /a/one", 0, 0, 0],
  ["echo two >> /a/one", 0, 0, 0],
  ["echo three >> /a/one; sync", 8, 34, 2],
  ["seq 4000 > /a/long; sync", 48, 82, 2],
  ["wc /a/long", 0, 0, 0],
  ["umount /a; mount hda0 /a", 14, 0, 0],
  ["ls /a", 16, 0, 0],
  ["ls /a", 0, 0, 0],
  ["wc /a/long", 48, 0, 0],
  ["wc /a/long", 0, 0, 0],
  ["echo >> /a/long; sync", 24, 42, 2],
  ["truncate /a/long 100; sync", 0, 34, 2],
  ["truncate /a/long 200000; sync", 0, 34, 2],
  ["cat /a/long | wc", 0, 0, 0],
  ["touch /a/sparse; truncate /a/sparse 300000; sync", 0, 34, 2],
  ["truncate /a/sparse 50001; sync", 0, 26, 2],
  ["mkdir /a/d; sync", 0, 34, 2],
  ["touch /a/d/x /a/d/y /a/d/z; sync", 0, 34, 2],
  ["mv /a/d/x /a/x; sync", 0, 42, 2],
  ["rm /a/x /a/d/y; sync", 0, 42, 2],
  ["snapshot create /a s; sync", 8, 26, 2],
  ["rm -r /a/d /a/one; sync", 0, 34, 2],
  ["snapshot restore /a s; sync", 24, 10, 2],
  ["snapshot remove /a s; sync", 0, 10, 2],
  [READ_ON, 4536, 0, 0],
  [READ_ON, 4512, 0, 0],
  ["rm /a/large; sync", 24, 34, 2],
  ["fsck /a", 125, 0, 0],
  ["df /a", 0, 0, 0],
  ["umount /a; mount -r hda0 /a; cat /a/one", 30, 0, 0],
];

test("each command costs the disk what it has to", async () => {
  const disk = new CountingDisk();
  disk.content = diskWith(new Map([["large", LARGE]])).content;
  const lab = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await lab.advance("100ms");
  await output(node, "service stop network; umount /net; mount hda0 /a");
  const found: Row[] = [];
  for (const [line] of ROWS) {
    Object.assign(disk, { reads: 0, sectorsRead: 0, log: [] });
    await output(node, line);
    const written = disk.log.filter((entry) => entry !== null).length;
    found.push([line, disk.sectorsRead, written, disk.log.length - written]);
    if (line === READ_ON) expect(disk.reads).toBeLessThan(disk.sectorsRead / SECTORS_IN_BLOCK / 3);
  }
  expect(found).toEqual(ROWS);
});

const LITTLE_MEMORY_BYTES = 16 * 1024 * 1024;
/** More than one block of the object table has records for. */
const FILES = Array.from({ length: 40 }, (_, index) => `f${index}`);
/** So much text is more than the cache of such a machine takes, and less than the volume. */
const MANY_LINES = 250_000;

test("the record of what was changed stays in memory while much else is written", async () => {
  const disk = new RecordingDisk();
  disk.content = partitioned();
  const node = boot({ nodes: [{ cdrom: images().iso, disk, ramBytes: LITTLE_MEMORY_BYTES }], gateway: false })
    .nodes[0]!;
  await node.waitFor(/in memory only/);
  await node.waitFor(PROMPT);
  await output(node, "mkfs -t oofs hda0; mount hda0 /a");
  await output(node, `cd /a; for f in ${FILES.join(" ")}; do echo old > $f; done; cd /; sync`);
  // Their records are in blocks of their own.
  expect(await output(node, `echo new > /a/${FILES[0]}; seq ${MANY_LINES} > /a/${FILES.at(-1)}; sync`)).toBe("");
  expect(await output(node, `fsck /a; umount /a; mount hda0 /a; cat /a/${FILES[0]}; tail -1 /a/${FILES.at(-1)}`)).toBe(
    `/a: no problem was found\nnew\n${MANY_LINES}\n`,
  );
  expect(check(mount(volumeOn(disk), { readOnly: true })).problems).toEqual([]);
});

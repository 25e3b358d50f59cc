/** Hundreds of files and a large one that is written here and there, as the second implementation finds them. */
import { expect, test } from "vitest";
import { DevicePart } from "../../src/disk/device.ts";
import { check, type FileSystem, mount } from "../../src/disk/oofs/index.ts";
import type { LabNode } from "../../src/index.ts";
import { isoWith } from "./images.ts";
import { output } from "./output.ts";
import { PARTITION_LBA, PARTITION_SECTORS, RecordingDisk, SECTOR_BYTES } from "./recording-disk.ts";
import { nodeWithVolume } from "./volume.ts";

const FILES = 600;
const BLOCKS = 560;
const BLOCK_BYTES = 4096;

const digits = (number: number): string => String(number).padStart(5, "0");
const numbers = Array.from({ length: FILES }, (_, index) => index + 1);

async function machine(): Promise<{ node: LabNode; disk: RecordingDisk; whole: () => FileSystem }> {
  const disk = new RecordingDisk();
  const iso = await isoWith("tests/guest/programs/many-files.s", "asm/programs/many-files.s");
  const lab = await nodeWithVolume(["mkdir /a/f"], { isAlone: true, iso, disk });
  const part = new DevicePart(disk, PARTITION_LBA * SECTOR_BYTES, PARTITION_SECTORS * SECTOR_BYTES);
  const whole = (): FileSystem => {
    const fs = mount(part, { readOnly: true });
    expect(check(fs).problems).toEqual([]);
    return fs;
  };
  return { node: lab.nodes[0]!, disk, whole };
}

test("hundreds of files are made and removed, and their room comes back", async () => {
  const { node, whole } = await machine();
  const before = check(whole()).freeBlocks;
  const names = (kept: (number: number) => boolean): string[] =>
    numbers.filter(kept).map((number) => `a file of number ${digits(number)}`);
  const found = (): string[] =>
    whole()
      .list("/f")
      .map(({ name }) => name)
      .sort();
  expect(await output(node, `many-files c ${FILES}; sync`)).toBe("");
  expect(found()).toEqual(names(() => true));
  const fs = whole();
  for (const number of numbers)
    expect(Buffer.from(fs.read(`/f/a file of number ${digits(number)}`)).toString()).toBe(digits(number));
  expect(await output(node, `snapshot create /a all; many-files u ${FILES}; umount /a; mount hda0 /a`)).toBe("");
  expect(found()).toEqual(names((number) => number % 3 !== 0));
  expect(await output(node, "fsck /a")).toBe("/a: no problem was found\n");
  expect((await output(node, "find /a/f")).trim().split("\n").sort()).toEqual(
    names((number) => number % 3 !== 0).map((name) => `/a/f/${name}`),
  );
  expect(await output(node, "snapshot restore /a all; sync")).toBe("");
  expect(found()).toEqual(names(() => true));
  expect(await output(node, "rm -r /a/f; snapshot remove /a all; sync; mkdir /a/f; sync")).toBe("");
  // The two tables of objects stay as large as they were.
  expect(check(whole()).freeBlocks).toBeGreaterThanOrEqual(before - 2 * Math.ceil(FILES / 32) - 1);
});

/** A block that `many-files w` writes. */
function blockOf(number: number): Buffer {
  const bytes = Buffer.alloc(BLOCK_BYTES);
  for (let at = 0; at < BLOCK_BYTES; at += 4) bytes.writeUInt32LE(number, at);
  return bytes;
}

test("a large file that is written here and there holds what was written, in a snapshot too", async () => {
  const { node, whole } = await machine();
  const large = (fs: FileSystem): void => {
    const bytes = fs.read("/large");
    expect(bytes.length).toBe(BLOCKS * BLOCK_BYTES);
    for (let number = 0; number < BLOCKS; number++)
      expect(Buffer.compare(bytes.subarray(number * BLOCK_BYTES, (number + 1) * BLOCK_BYTES), blockOf(number))).toBe(0);
  };
  expect(await output(node, `many-files w ${BLOCKS}; sync`)).toBe("");
  large(whole());
  expect(await output(node, "snapshot create /a full; truncate /a/large 5000; sync; fsck /a")).toMatch(
    /no problem was found\n$/,
  );
  large(whole().openSnapshot("full"));
  expect(Buffer.compare(whole().read("/large"), Buffer.concat([blockOf(0), blockOf(1)]).subarray(0, 5000))).toBe(0);
  expect(await output(node, `truncate /a/large ${BLOCKS * BLOCK_BYTES}; sync`)).toMatch(/bytes now/);
  const holes = whole().read("/large");
  expect(holes.length).toBe(BLOCKS * BLOCK_BYTES);
  expect(holes.subarray(5000).every((byte) => byte === 0)).toBe(true);
  expect(await output(node, "snapshot restore /a full; sync; fsck /a")).toMatch(/no problem was found\n$/);
  large(whole());
});

test("a block that is written over all but for a byte keeps that, and a damaged one is whole when all of it is written", async () => {
  const { node, disk, whole } = await machine();
  expect(await output(node, "many-files w 3; many-files o 4095; sync")).toBe("");
  const kept = Buffer.concat([Buffer.alloc(BLOCK_BYTES - 1), blockOf(1).subarray(-1), blockOf(2)]);
  expect(Buffer.compare(whole().read("/large").subarray(BLOCK_BYTES), kept)).toBe(0);
  expect(await output(node, "rm /a/large; many-files w 4; umount /a")).toBe("");
  const at = Buffer.from(disk.content.buffer).lastIndexOf(blockOf(1));
  disk.content[at + 1]! ^= 1;
  expect(await output(node, "mount hda0 /a; many-files o 4095; umount /a")).toContain("damaged");
  expect(await output(node, "mount hda0 /a; many-files o 4096; sync; fsck /a")).toBe("/a: no problem was found\n");
  expect(
    whole()
      .read("/large")
      .subarray(BLOCK_BYTES, 2 * BLOCK_BYTES)
      .every((byte) => byte === 0),
  ).toBe(true);
});

/**
 * Storage when power is cut and when a disk lies: what was confirmed is there, and what is damaged is refused with a
 * sentence.
 */

import { beforeAll, describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import type { BlockBackend, LabNode } from "../../src/index.ts";
import { isThorough, rowsOf } from "../setup/tier.ts";
import { boot, images, isoWith, PROMPT } from "./images.ts";

const SECTOR_BYTES = 512;
const BLOCK_BYTES = 4096;
const PARTITION_LBA = 16384;
const PARTITION_SECTORS = 8192;
const DISK_BYTES = (PARTITION_LBA + PARTITION_SECTORS) * SECTOR_BYTES;

/** A large object; in the thorough tier half of the volume. */
const LARGE_BYTES = (isThorough ? 511 : 150) * BLOCK_BYTES;

/** What reached the disk, sector by sector; a flush is null. */
type Log = ({ readonly sector: number; readonly bytes: Uint8Array } | null)[];

/**
 * A disk that remembers the order of everything that was written, and whose content can be exchanged while it is not in
 * use.
 */
class RecordingDisk implements BlockBackend {
  readonly sizeBytes = DISK_BYTES;
  readonly readOnly = false;
  content = new Uint8Array(DISK_BYTES);
  log: Log = [];

  read(offsetBytes: number, target: Uint8Array): void {
    target.set(this.content.subarray(offsetBytes, offsetBytes + target.length));
  }

  write(offsetBytes: number, source: Uint8Array): void {
    this.content.set(source, offsetBytes);
    for (let at = 0; at < source.length; at += SECTOR_BYTES) {
      this.log.push({ sector: (offsetBytes + at) / SECTOR_BYTES, bytes: source.slice(at, at + SECTOR_BYTES) });
    }
  }

  flush(): void {
    this.log.push(null);
  }
}

/**
 * A disk as a power cut may leave it: everything up to the last flush before the cut, and of what was written since
 * either all (`keep` absent) or what `keep` chooses, for drives write their cache in any order.
 */
function cutAt(before: Uint8Array, log: Log, cut: number, keep?: () => boolean): Uint8Array<ArrayBuffer> {
  const disk = before.slice();
  const stable = log.lastIndexOf(null, cut - 1);
  log.slice(0, cut).forEach((entry, index) => {
    if (entry && (index < stable || !keep || keep())) disk.set(entry.bytes, entry.sector * SECTOR_BYTES);
  });
  return disk;
}

function partitioned(): Uint8Array<ArrayBuffer> {
  const disk = new Uint8Array(DISK_BYTES);
  const view = new DataView(disk.buffer);
  view.setUint8(446 + 4, 0x99);
  view.setUint32(446 + 8, PARTITION_LBA, true);
  view.setUint32(446 + 12, PARTITION_SECTORS, true);
  view.setUint16(510, 0xaa55, true);
  return disk;
}

let iso: Uint8Array;
beforeAll(async () => {
  iso = await isoWith("tests/guest/storage.s", "asm/fs/storage-test.s");
});

/** A machine at its prompt, with a partition on which there is nothing yet. */
async function machine(): Promise<{ node: LabNode; disk: RecordingDisk }> {
  const disk = new RecordingDisk();
  disk.content = partitioned();
  const node = boot({ nodes: [{ cdrom: iso, disk }], gateway: false }).nodes[0]!;
  await node.waitFor(PROMPT);
  return { node, disk };
}

interface Saved {
  readonly bytes: number;
  readonly seed: number;
}

async function save(node: LabNode, name: string, { bytes, seed }: Saved): Promise<void> {
  await node.enter(`save ${name} ${bytes} ${seed}`, new RegExp(`saved ${name}\n`));
}

async function load(node: LabNode, name: string, limit = 32768): Promise<Saved | string> {
  const [, bytes, seed, error] = await node.enter(
    `load ${name} ${limit}`,
    new RegExp(`\n${name} (?:holds (\\d+) bytes of seed (\\d+)|not loaded: (.*)|holds what nobody.*)\n`),
  );
  return bytes === undefined ? (error ?? "content of nobody") : { bytes: Number(bytes), seed: Number(seed) };
}

describe("persistent objects", () => {
  test("hold what was saved last, after mounting again too", async () => {
    const { node, disk } = await machine();
    await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
    await node.enter("mount hda0 /net", PROMPT);
    const sizes = [4, 512, 4096, 4100, 3 * 4096, 4, LARGE_BYTES, 8];
    const saved = new Map<string, Saved>();
    for (const [index, bytes] of sizes.entries()) {
      const name = `class_${"abcd"[index % 4]}`;
      saved.set(name, { bytes, seed: index + 100 });
      await save(node, name, saved.get(name)!);
    }
    for (let round = 0; round < 2; round++) {
      for (const [name, expected] of saved) expect(await load(node, name, expected.bytes)).toEqual(expected);
      expect(await load(node, "class_nobody")).toBe("not found");
      await node.enter("umount /net", PROMPT);
      await node.enter("mount hda0 /net", PROMPT);
    }
    await node.enter("ls /net", PROMPT);
    expect(node.console.text).toMatch(new RegExp(`class_c +${LARGE_BYTES} +class_c\n`));
    expect(disk.log.at(-1)).toBeNull();
  });

  test("need room; a full volume still takes a smaller one in its place", async () => {
    const { node } = await machine();
    await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
    await node.enter("mount hda0 /net", PROMPT);
    await save(node, "large", { bytes: 3_000_000, seed: 1 });
    await node.enter("save other 3000000 2", /not saved: no space left\n/);
    await node.enter("save other 900000 2", /saved other\n/);
    expect(await load(node, "large", 3_000_000)).toEqual({ bytes: 3_000_000, seed: 1 });
    await save(node, "other", { bytes: 4, seed: 3 });
    expect(await load(node, "other")).toEqual({ bytes: 4, seed: 3 });
  });
});

describe("a power cut", () => {
  test("leaves a volume with everything that was confirmed", async () => {
    const { node, disk } = await machine();
    await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
    await node.enter("mount hda0 /net", PROMPT);
    const before = disk.content.slice();
    disk.log = [];
    const names = ["a", "b", "c"];
    const states: Map<string, Saved>[] = [new Map()];
    const confirmedAt: number[] = [0];
    for (const [index, bytes] of [4, 8000, 4, 20000, 400, 4096, 12, 9000].entries()) {
      const name = names[index % 3]!;
      const next = { bytes, seed: index + 1 };
      await save(node, name, next);
      states.push(new Map(states.at(-1)).set(name, next));
      confirmedAt.push(disk.log.length);
    }
    await node.enter("umount /net", PROMPT);
    const log = disk.log;
    const random = new Random(7);
    const cuts = log.flatMap((entry, index) =>
      entry === null || log[index + 1] === null || index % 11 === 0 ? [index, index + 1] : [],
    );
    for (const cut of rowsOf([...new Set(cuts)], 24)) {
      const confirmed = confirmedAt.findLastIndex((at) => at <= cut);
      for (const keep of [undefined, () => random.below(2) === 0]) {
        disk.content = cutAt(before, log, cut, keep);
        await node.enter("mount hda0 /net", PROMPT);
        const found = new Map<string, Saved>();
        for (const name of names) {
          const what = await load(node, name);
          if (typeof what === "object") found.set(name, what);
          else expect(what, `${name} after cut ${cut}`).toBe("not found");
        }
        expect([states[confirmed], states[confirmed + 1]], `cut ${cut} of ${log.length}`).toContainEqual(found);
        await node.enter("umount /net", PROMPT);
      }
    }
  });

  test("while a file system is made leaves the old one, none, or the new one", async () => {
    const { node, disk } = await machine();
    await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
    await node.enter("mount hda0 /net", PROMPT);
    await save(node, "a", { bytes: 4, seed: 5 });
    await node.enter("umount /net", PROMPT);
    const before = disk.content.slice();
    disk.log = [];
    await node.enter("mkfs -t oofs hda0", /Type 'Yes' if so: $/);
    await node.enter("Yes", /now holds an empty oofs/);
    const log = disk.log;
    const random = new Random(11);
    const seen = new Set<string>();
    for (let cut = 0; cut <= log.length; cut += isThorough || cut > log.length - 5 ? 1 : 3) {
      disk.content = cutAt(before, log, cut, () => random.below(2) === 0);
      const [, refused] = await node.enter(
        "mount hda0 /net",
        /mount hda0 \/net\n(Cannot mount .*: data is damaged or of another format\n)?[^\n]*> $/,
      );
      if (refused) {
        seen.add("none");
        continue;
      }
      const what = await load(node, "a");
      if (typeof what === "object") expect(what).toEqual({ bytes: 4, seed: 5 });
      else expect(what).toBe("not found");
      seen.add(typeof what === "object" ? "old" : "new");
      await node.enter("umount /net", PROMPT);
    }
    expect([...seen].sort()).toEqual(["new", "none", "old"]);
  });

  test("while `fdisk init` writes leaves the old sector 0, none, or a disk with the whole image", async () => {
    const disk = new RecordingDisk();
    disk.content.fill(0x5a);
    const before = disk.content.slice();
    const node = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false }).nodes[0]!;
    await node.waitFor(PROMPT);
    await node.enter("fdisk hda init", /Type 'Yes' if so: $/);
    await node.enter("Yes", /really sure\? Type 'Yes' if so: $/);
    await node.enter("Yes", PROMPT, { within: "120s" });
    const after = disk.content.slice();
    const random = new Random(13);
    const sectorZero = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, SECTOR_BYTES)).toString("hex");
    const blank = "00".repeat(SECTOR_BYTES);
    for (let cut = 0; cut <= disk.log.length; cut += cut < disk.log.length - 8 ? (isThorough ? 7 : 70) : 1) {
      const left = cutAt(before, disk.log, Math.min(cut, disk.log.length), () => random.below(2) === 0);
      const first = sectorZero(left);
      if (first === sectorZero(after)) expect(Buffer.compare(left, after)).toBe(0);
      else expect([sectorZero(before), blank]).toContain(first);
    }
  });
});

describe("a damaged volume is refused", () => {
  const start = PARTITION_LBA * SECTOR_BYTES;
  test.each([
    ["magic of the superblock", [start], /Cannot mount hda0 at \/net: data is damaged or of another format\n/],
    ["version of the superblock", [start + 8], /Cannot mount hda0 at \/net: data is damaged or of another format\n/],
    ["its number of blocks", [start + 20], /Cannot mount hda0 at \/net: data is damaged or of another format\n/],
    [
      "both commit records",
      [start + BLOCK_BYTES + 30, start + 2 * BLOCK_BYTES + 30],
      /oofs: hda0 is damaged: neither commit record is valid/,
    ],
    ["the object table", [start + 3 * BLOCK_BYTES + 200], /oofs: hda0 is damaged: the checksum is wrong of block 3\n/],
  ])("%s", async (_what, offsets, sentence) => {
    const { node, disk } = await machine();
    await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
    for (const offset of offsets) disk.content[offset]! ^= 0x10;
    const before = disk.content.slice();
    await node.enter("mount hda0 /net", sentence);
    await node.enter("mount", /Nothing is mounted\.\n/);
    expect(Buffer.compare(disk.content, before)).toBe(0);
  });

  test("an object whose content is damaged is not loaded, the others are", async () => {
    const { node, disk } = await machine();
    await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
    await node.enter("mount hda0 /net", PROMPT);
    await save(node, "a", { bytes: 5000, seed: 1 });
    await save(node, "b", { bytes: 5000, seed: 2 });
    const seed = Buffer.from([1, 0, 0, 0, 0xa6, 0x7e, 0xc6, 0x41]);
    const at = Buffer.from(disk.content.buffer).indexOf(seed, start);
    expect(at).toBeGreaterThan(start);
    disk.content[at + 9]! ^= 1;
    expect(await load(node, "a")).toBe("data is damaged or of another format");
    expect(node.console.text).toMatch(/oofs: hda0 is damaged: the checksum is wrong of block \d+\n/);
    expect(await load(node, "b")).toEqual({ bytes: 5000, seed: 2 });
  });
});

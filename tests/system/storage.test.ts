/**
 * Storage when power is cut and when a disk lies: what was confirmed is there, and what is damaged is refused with a
 * sentence.
 */

import { beforeAll, describe, expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import type { LabNode } from "../../src/index.ts";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { isThorough, rowsOf } from "../setup/tier.ts";
import { boot, images, isoWithGuests, PROMPT } from "./images.ts";
import {
  BLOCK_BYTES,
  cutAt,
  PARTITION_LBA,
  PARTITION_SECTORS,
  partitioned,
  RecordingDisk,
  SECTOR_BYTES,
} from "./recording-disk.ts";

/** A large object; in the thorough tier half of the volume. */
const LARGE_BYTES = (isThorough ? 511 : 150) * BLOCK_BYTES;

let iso: Uint8Array;
beforeAll(async () => {
  iso = await isoWithGuests();
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

describeThoroughly("persistent objects", () => {
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
    await node.enter("save other 700000 2", /saved other\n/);
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
    for (const cut of rowsOf([...new Set(cuts)], 3)) {
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

  thoroughly("while a file system is made leaves the old one, none, or the new one", async () => {
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
    for (let cut = 0; cut <= log.length; cut += cut > log.length - 5 ? 1 : 3) {
      disk.content = cutAt(before, log, cut, () => random.below(2) === 0);
      const [, refused] = await node.enter(
        "mount hda0 /net",
        /mount hda0 \/net\n(?:(?!Cannot).*\n)*(Cannot mount .*\n)?(?:.*\n)*[^\n]*> $/,
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

  thoroughly("while `fdisk init` writes leaves the old sector 0, none, or a disk with the whole image", async () => {
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

describe("a damaged volume", () => {
  const start = PARTITION_LBA * SECTOR_BYTES;
  const lastBlock = start + (PARTITION_SECTORS / 8 - 1) * BLOCK_BYTES;
  const evenCopies = [start + BLOCK_BYTES + 30, lastBlock - BLOCK_BYTES + 30];
  const oddCopies = [start + 2 * BLOCK_BYTES + 30, lastBlock + 30];

  /** A volume with an object, on which some bytes are changed. */
  async function damaged(...offsets: readonly number[]): Promise<{ node: LabNode; disk: RecordingDisk }> {
    const { node, disk } = await machine();
    await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
    await node.enter("mount hda0 /net", PROMPT);
    await save(node, "a", { bytes: 5000, seed: 1 });
    await node.enter("umount /net", PROMPT);
    for (const offset of offsets) disk.content[offset]! ^= 0x10;
    return { node, disk };
  }

  const mendable: readonly [what: string, offset: number, sentence: RegExp][] = [
    ["superblock", start, /oofs: hda0: the superblock is damaged; the commit records serve\n/],
    [
      "first copy of a commit record",
      oddCopies[0]!,
      /oofs: hda0: the copy of commit record 3 in block 2 was damaged\n/,
    ],
    ["second copy of a commit record", evenCopies[1]!, /the copy of commit record 2 in block 1022 was damaged\n/],
  ];
  test.each(rowsOf(mendable, 1))("is mended where there is a second copy: %s", async (_what, offset, sentence) => {
    const { node, disk } = await damaged(offset);
    const whole = disk.content[offset]! ^ 0x10;
    await node.enter("mount hda0 /net", sentence);
    expect(await load(node, "a")).toEqual({ bytes: 5000, seed: 1 });
    expect(disk.content[offset]).toBe(whole);
    await node.enter("fsck /net", /\/net: no problem was found\n/);
  });

  test("is not taken as an older state without a word", async () => {
    const { node, disk } = await damaged(...oddCopies);
    const before = disk.content.slice();
    await node.enter("mount hda0 /net", /commit 2 is there, commit 3 may have been confirmed and is lost/);
    await node.enter("mount", /Nothing is mounted\.\n/);
    expect(Buffer.compare(disk.content, before)).toBe(0);
    await node.enter("mount --accept-older hda0 /net", PROMPT);
    expect(await load(node, "a")).toBe("not found");
    await save(node, "a", { bytes: 4, seed: 9 });
  });

  thoroughly("without any commit record is refused", async () => {
    const { node, disk } = await damaged(...evenCopies, ...oddCopies);
    const before = disk.content.slice();
    await node.enter("mount hda0 /net", /no commit record is valid/);
    await node.enter("mount", /Nothing is mounted\.\n/);
    expect(Buffer.compare(disk.content, before)).toBe(0);
  });

  test("an object whose content is damaged is not loaded, the others are; fsck names it", async () => {
    const { node, disk } = await damaged();
    await node.enter("mount hda0 /net", PROMPT);
    await save(node, "b", { bytes: 5000, seed: 2 });
    await node.enter("umount /net", PROMPT);
    const at = Buffer.from(disk.content.buffer).indexOf(Buffer.from([1, 0, 0, 0, 0xa6, 0x7e, 0xc6, 0x41]), start);
    expect(at).toBeGreaterThan(start);
    disk.content[at + 9]! ^= 1;
    await node.enter("mount hda0 /net", PROMPT);
    expect(await load(node, "a")).toBe("data is damaged or of another format");
    expect(node.console.text).toMatch(
      /oofs: hda0 is damaged: the checksum is wrong of block \d+ \(object 3, offset 0\)\n/,
    );
    expect(await load(node, "b")).toEqual({ bytes: 5000, seed: 2 });
    await node.enter("fsck /net", /the checksum is wrong of block \d+ \(object 3, offset 0\) \/a\n\/net: 1 problems\n/);
  });

  thoroughly("one block of an object table is replaced by the other table's", async () => {
    const { node, disk } = await damaged();
    const table = Buffer.from(disk.content.buffer).indexOf("OOBJ", start) & -BLOCK_BYTES;
    // The newest of the table's blocks: the one that has object 3.
    const block = [...Array(40).keys()]
      .map((n) => table + n * BLOCK_BYTES)
      .find((at) => disk.content[at + 3 * 128] === 0x4f)!;
    disk.content[block + 5]! ^= 1;
    await node.enter("mount hda0 /net", PROMPT);
    expect(await load(node, "a")).toEqual({ bytes: 5000, seed: 1 });
    expect(node.console.text).toMatch(/the other object table serves\n/);
    await save(node, "b", { bytes: 100, seed: 2 });
    await node.enter("fsck /net", /\/net: no problem was found\n/);
  });
});

thoroughly("an object of a newer version of its class is left alone", async () => {
  const { node } = await machine();
  await node.enter("mkfs -t oofs hda0", /now holds an empty oofs/);
  await node.enter("mount hda0 /net", PROMPT);
  await node.enter("save a 400 1 2", /saved a\n/);
  await node.enter("load a 400 1", /the object a has version 2 of its class, and only version 1 is known/);
  await node.enter("save a 400 3 1", /not saved: of a newer version than this system knows\n/);
  await node.enter("load a 400 2", /a holds 400 bytes of seed 1\n/);
  await node.enter("load a 400 3", /a holds 400 bytes of seed 1\n/);
});

/**
 * FAT as the kernel and src/disk/fat see it: what the numbers of a boot sector mean, names beyond ASCII, chains that
 * are cut up, and what is left after changes, also on a full volume.
 */
import { expect, test } from "vitest";
import { checkFat, formatFat } from "../../src/disk/fat/index.ts";
import { readGeometry } from "../../src/disk/fat/layout.ts";
import type { BlockBackend, LabNode } from "../../src/index.ts";
import { content, KINDS, Memory, MIB, open } from "../disk/fat/volume.ts";
import { atLength } from "../setup/thoroughly.ts";
import { boot, images, isoWith, PROMPT } from "./images.ts";
import { NO_UTF8, utf8, WORDS } from "./names.ts";
import { output } from "./output.ts";

class Disk extends Memory implements BlockBackend {}

const types = KINDS.map(([type]) => type);

/** A machine with a disk of each kind: hda, hdb, hdd. */
async function machine(cdrom = images().iso): Promise<{ node: LabNode; disks: readonly Disk[] }> {
  const disks = KINDS.map(([type, mib]) => {
    const disk = new Disk(new Uint8Array(mib * MIB));
    formatFat(disk, type, { id: 0x1234_5678 });
    return disk;
  });
  const drive = (medium: Disk): { kind: "disk"; medium: Disk } => ({ kind: "disk", medium });
  const [hda, hdb, hdd] = disks as [Disk, Disk, Disk];
  const nodes = [{ cdrom, disk: hda, drives: [drive(hdb), null, drive(hdd)], bootOrder: "d" }];
  const node = boot({ nodes, gateway: false }).nodes[0]!;
  await node.waitFor(PROMPT);
  await node.waitFor(/^cluster: .*$/m);
  await output(node, "service stop network");
  return { node, disks };
}

const NAMES = ["hda", "hdb", "hdd"];

/** Offset and bytes of a number in the boot sector, and what it is set to: numbers, or how far from what it is. */
const NUMBERS: readonly (readonly [offset: number, bytes: 1 | 2 | 4, values: readonly (number | string)[]])[] = [
  [11, 2, [0, 511, 1024]],
  [13, 1, [0, 3, 1, 2, 64, 255]],
  [14, 2, [0, 1, "+1", "-1", 0xffff]],
  [16, 1, [0, 1]],
  [17, 2, [0, 1, 16, 17, "+16", "-16", "+1", 0xffff]],
  [19, 2, [0, 1, 60, 4000, "-1", "+1", 0xffff]],
  [22, 2, [0, 1, "-1", "+1", 0xffff]],
  [32, 4, [0, 1, "-1", "+1", 0x7fff_ffff, 0xffff_ffff]],
  [36, 4, [0, 1, "-1", "+1", 0x0020_0000, 0x7fff_ffff, 0xffff_ffff]],
  [40, 2, [0x80, 0x81, 0x82, 0x8f, 0x01]],
  [44, 4, [0, 1, 3, 70_000, 0xffff_ffff]],
  [510, 2, [0]],
];

test("the numbers of a boot sector mean the same to both, or are refused by both", async () => {
  const { node, disks } = await machine();
  for (const [index, disk] of disks.entries()) {
    const whole = disk.bytes.slice(0, 512);
    for (const [offset, bytes, values] of NUMBERS)
      for (const value of values) {
        const view = new DataView(disk.bytes.buffer);
        const old =
          bytes === 1
            ? view.getUint8(offset)
            : bytes === 2
              ? view.getUint16(offset, true)
              : view.getUint32(offset, true);
        const wanted = typeof value === "string" ? old + Number(value) : value;
        if (bytes === 1) view.setUint8(offset, wanted);
        else if (bytes === 2) view.setUint16(offset, wanted, true);
        else view.setUint32(offset, wanted, true);
        const what = `${types[index]}, ${wanted} at ${offset}`;
        const said = await output(node, `mount -r ${NAMES[index]} /fat && mount; umount /fat`);
        let expected = "refused";
        try {
          const { bits, clusters, clusterBytes } = readGeometry(disk);
          expected = `class_fs_fat: FAT${bits}, ${clusters} clusters of ${clusterBytes} bytes, read only`;
        } catch {
          // Neither takes it.
        }
        expect(/class_fs_fat: .*/.exec(said)?.[0] ?? "refused", what).toBe(expected);
        disk.bytes.set(whole);
      }
  }
});

/** Short names that both give for longer ones, and those that say all, as they lie in a directory. */
const ALIASES = [
  ...["TOOLON~1EXT", "TOOLON~1   ", "FOURTE~1   ", "EXACTL~1   ", "LONGLO~1   "],
  ...["UPPER   TXT", "EIGHTCHRTXT", "UPPER~1 LOW", "MANYDO~1IT ", "SPACEI~1EXT", "PLUS_C~1   ", "TILDE~~1   "],
  ...["TXT~1      ", "_~1     TXT", "AB~1    C  "],
];
/** What is hard for long and short names beside `WORDS`. */
const NAMED = [
  ...WORDS,
  "EIGHTCHR.TXT",
  "tilde ~~ and more",
  ".txt",
  "..txt",
  "A.B.C",
  "x".repeat(255),
  "y".repeat(247),
];

/** How often each part of a long name, with the checksum of the short one, lies in a volume. */
function longParts(bytes: Uint8Array): Map<string, number> {
  const found = new Map<string, number>();
  for (let at = 0; at < bytes.length; at += 32) {
    const slot = bytes.subarray(at, at + 32);
    if (slot[11] !== 0x0f || slot[0] === 0xe5 || (slot[0]! & 0x3f) === 0 || (slot[0]! & 0x3f) > 20 || slot[12] !== 0)
      continue;
    const key = Buffer.from(slot).toString("hex");
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  return found;
}

const MAKE = Buffer.from('mkdir "/fat/ours/n');
test("names beyond ASCII and of any length are the same to both, whoever gave them", async () => {
  const { node, disks } = await machine();
  for (const [index, disk] of disks.entries()) {
    const fs = open(disk.bytes);
    fs.mkdir("/theirs");
    fs.mkdir("/ours");
    for (const word of NAMED) fs.create(`/theirs/${word}`);
    const script = NAMED.map((word) => `echo x > "/fat/ours/${word}"\n`).join("");
    fs.create("/wrong");
    fs.write(
      "/wrong",
      0,
      Buffer.concat(NO_UTF8.map((bytes) => Buffer.from([...MAKE, ...bytes, ...Buffer.from('"\n')]))),
    );
    fs.create("/script");
    fs.write("/script", 0, Buffer.from(script));
    fs.sync();
    expect(await output(node, `mount ${NAMES[index]} /fat`)).toBe("");
    const found = utf8(await output(node, "find /fat/theirs"))
      .trim()
      .split("\n")
      .sort();
    expect(found, types[index]!).toEqual(NAMED.map((word) => `/fat/theirs/${word}`).sort());
    expect(await output(node, "shell /fat/script")).toBe("");
    expect((await output(node, "shell /fat/wrong")).match(/invalid/g)).toHaveLength(NO_UTF8.length);
    expect(await output(node, "sync")).toBe("");
    // Each part lies in both directories; those of the directories and of the two files beside them once.
    const alone = [...longParts(disk.bytes).values()].filter((count) => count !== 2);
    expect(alone, types[index]!).toEqual([1, 1, 1, 1]);
    expect(await output(node, "mv '/fat/ours/lower.txt' '/fat/ours/Lower case now.txt'")).toBe("");
    expect(await output(node, "umount /fat")).toBe("");
    const after = open(disk.bytes);
    const names = NAMED.map((word) => (word === "lower.txt" ? "Lower case now.txt" : word));
    expect(
      after
        .list("/ours")
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...names].sort());
    for (const name of names) expect(Buffer.from(after.read(`/ours/${name}`)).toString()).toBe("x\n");
    const bytes = Buffer.from(disk.bytes.buffer);
    for (const alias of ALIASES) {
      const first = bytes.indexOf(alias);
      expect([first >= 0, bytes.indexOf(alias, first + 1) >= 0], `${types[index]}: ${alias}`).toEqual([true, true]);
    }
    expect(checkFat(disk).problems).toEqual([]);
  }
});

/** What becomes of a path by a command: its content, or null when it is gone. */
type Step = readonly [command: string, path: string, content: ((old: Buffer) => Buffer) | null, says?: RegExp];

const numbers = (last: number): Buffer =>
  Buffer.from(Array.from({ length: last }, (_, number) => `${number + 1}\n`).join(""));
const sized = (bytes: number) => (old: Buffer) =>
  Buffer.concat([old.subarray(0, bytes), Buffer.alloc(Math.max(0, bytes - old.length))]);
const more = (last: number) => (old: Buffer) => Buffer.concat([old, numbers(last)]);

const STEPS: readonly Step[] = [
  ["seq 3000 > /fat/one", "/one", () => numbers(3000)],
  ["seq 2000 > '/fat/a second file'", "/a second file", () => numbers(2000)],
  ["seq 900 >> /fat/one", "/one", more(900)],
  ["seq 700 >> '/fat/a second file'", "/a second file", more(700)],
  ["seq 5 >> /fat/one", "/one", more(5)],
  ["truncate /fat/one 5000", "/one", sized(5000)],
  ["truncate /fat/one 70001", "/one", sized(70_001)],
  ["seq 10 >> /fat/one", "/one", more(10)],
  ["truncate /fat/one 4096", "/one", sized(4096)],
  ["truncate /fat/one 4097", "/one", sized(4097)],
  ["truncate '/fat/a second file' 0", "/a second file", sized(0)],
  ["truncate '/fat/a second file' 1", "/a second file", sized(1)],
  ["touch /fat/empty", "/empty", () => Buffer.alloc(0)],
  ["truncate /fat/empty 0", "/empty", sized(0)],
  ["truncate /fat/empty 513", "/empty", sized(513)],
  ["mkdir /fat/d", "/d", () => Buffer.alloc(0)],
  ["cp /fat/one /fat/d/copy", "/d/copy", () => sized(4097)(sized(4096)(numbers(3000)))],
  ["seq 20 > /fat/d/copy", "/d/copy", () => numbers(20)],
  ["mv /fat/d/copy /fat/empty", "/d/copy", null],
  ["rm /fat/one", "/one", null],
  ["truncate /fat/d 10", "/d", (old) => old, /is a directory/],
  ["truncate /fat/empty 4294967296", "/empty", (old) => old, /no space|invalid|usage/],
];

atLength(
  "files hold after each change what they should, no cluster is lost, and a full volume takes no harm",
  async () => {
    const { node, disks } = await machine();
    for (const [index, disk] of disks.entries()) {
      const name = NAMES[index]!;
      const kind = types[index]!;
      const again = `umount /fat && mount ${name} /fat`;
      const fs = open(disk.bytes);
      // Two files by turns: their chains are cut up.
      const theirs = [content(150_000, 1), content(150_000, 2)];
      for (const path of ["/x", "/y"]) fs.create(path);
      for (let at = 0; at < 150_000; at += 3000)
        for (const [file, path] of ["/x", "/y"].entries()) fs.write(path, at, theirs[file]!.subarray(at, at + 3000));
      fs.sync();
      expect(await output(node, `mount ${name} /fat`)).toBe("");
      expect(await output(node, "cp /fat/x /fat/x2; cp /fat/y /fat/y2")).toBe("");
      const held = new Map<string, Buffer>();
      for (const [command, path, change, says] of STEPS) {
        expect(await output(node, command), `${kind}: ${command}`).toMatch(says ?? /^(.* has \d+ bytes now\.\n)?$/);
        if (command.startsWith("mv")) held.set("/empty", held.get(path)!);
        if (change === null) held.delete(path);
        else held.set(path, change(held.get(path) ?? Buffer.alloc(0)));
        expect(await output(node, again), `${kind}: ${command}`).toBe("");
        const { problems } = checkFat(disk);
        expect(problems, `${kind}: ${command}`).toEqual([]);
        const seen = open(disk.bytes, true);
        for (const [at, bytes] of held)
          if (at !== "/d") expect(Buffer.compare(seen.read(at), bytes), `${kind}: ${at} after ${command}`).toBe(0);
      }
      for (const [file, path] of ["/x", "/y"].entries())
        for (const copy of [path, `${path}2`])
          expect(Buffer.compare(open(disk.bytes, true).read(copy), theirs[file]!), `${kind}: ${copy}`).toBe(0);
      // Nearly full: what does not fit leaves a file as long as it was, or with what found room.
      const free = (): number => checkFat(disk).freeClusters;
      const { clusterBytes } = readGeometry(disk);
      expect(
        await output(node, `truncate /fat/fill 0; touch /fat/fill; truncate /fat/fill ${(free() - 3) * clusterBytes}`),
      ).toMatch(/\/fat\/fill has \d+ bytes now\.\n$/);
      expect(await output(node, again)).toBe("");
      expect(free(), kind).toBe(3);
      expect(await output(node, `truncate /fat/empty ${40 * clusterBytes}`), kind).toMatch(/no space/);
      await output(node, `seq ${clusterBytes * 2} >> /fat/empty`);
      expect(await output(node, again)).toBe("");
      expect(checkFat(disk).problems, kind).toEqual([]);
      expect(free(), kind).toBe(0);
      const filled = open(disk.bytes, true).read("/empty");
      expect(Buffer.compare(filled, more(clusterBytes * 2)(numbers(20)).subarray(0, filled.length)), kind).toBe(0);
      expect(await output(node, "mkdir /fat/none"), kind).toMatch(/no space/);
      expect(await output(node, "touch /fat/d/of-no-bytes; rm /fat/fill"), kind).toBe("");
      expect(await output(node, "df /fat"), kind).toMatch(new RegExp(`^${name} `, "m"));
      expect(await output(node, "umount /fat"), kind).toBe("");
      expect(checkFat(disk).problems, kind).toEqual([]);
    }
  },
);

/** Moves of directories, and whether they are refused. */
const MOVES: readonly (readonly [command: string, says: RegExp])[] = [
  ["mv /fat/p/inner /fat/q", /^$/],
  ["mv /fat/q/inner /fat/at-the-root", /^$/],
  ["mv /fat/at-the-root '/fat/p/a longer name than before'", /^$/],
  ["mv '/fat/p/a longer name than before' /fat/p/INNER", /^$/],
  ["mv /fat/p/inner /fat/p/Inner", /./],
  ["mv /fat/p /fat/p/inner", /invalid/],
  ["mv /fat/p /fat/p/inner/deeper", /invalid/],
  ["mv /fat/q /fat/file", /not a directory/],
  ["rmdir /fat/p", /not empty/],
  ["mv /fat/none /fat/q", /not found/],
];

test("directories that move know where they are, and hold what they held", async () => {
  const { node, disks } = await machine();
  for (const [index, disk] of disks.entries()) {
    const name = NAMES[index]!;
    expect(await output(node, `mount ${name} /fat; mkdir /fat/p; mkdir /fat/q; mkdir /fat/p/inner`)).toBe("");
    expect(await output(node, "echo word > /fat/p/inner/file; echo word > /fat/file")).toBe("");
    for (const [command, says] of MOVES) {
      const what = `${types[index]}: ${command}`;
      expect(await output(node, command), what).toMatch(says);
      expect(await output(node, `umount /fat && mount ${name} /fat`), what).toBe("");
      expect(checkFat(disk).problems, what).toEqual([]);
      expect(
        (await output(node, "find /fat")).match(/inner\/file$|at-the-root\/file$|before\/file$/gim),
        what,
      ).toHaveLength(1);
    }
    expect(await output(node, "umount /fat")).toBe("");
  }
});

test("system calls give on it what a table says of any volume", async () => {
  const { node } = await machine(await isoWith("tests/guest/programs/calls.s", "asm/programs/calls.s"));
  for (const name of NAMES) {
    const said = await output(node, `mount ${name} /a; calls; umount /a`);
    expect(said, name).toMatch(/^calls: done\n$/m);
    expect(said, name).not.toMatch(/ gave |umount/);
  }
});

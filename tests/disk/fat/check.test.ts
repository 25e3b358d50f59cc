/** The checker of FAT volumes, beside fsck.fat: both find a fault, or neither does. */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Random } from "../../../emulator/state/random.ts";
import { checkFat, type FatType } from "../../../src/disk/fat/index.ts";
import { readGeometry } from "../../../src/disk/fat/layout.ts";
import { FileSystemError } from "../../../src/disk/oofs/index.ts";
import { requireOracle } from "../../oracle.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { many, rowsOf } from "../../setup/tier.ts";
import { content, formatted, Memory, open } from "./volume.ts";

const KINDS = [
  ["fat12", 2],
  ["fat16", 8],
  ["fat32", 36],
] as const;

const folder = mkdtempSync(join(tmpdir(), "qure-fat-check-"));
afterAll(() => rmSync(folder, { recursive: true }));

const BLOCK_BYTES = 4096;

/** A volume that fsck.fat is asked about again and again, with some blocks of it exchanged. */
class Judged {
  readonly #good: Uint8Array;
  readonly #path: string;

  constructor(good: Uint8Array, name: string) {
    this.#good = good;
    this.#path = join(folder, name);
    writeFileSync(this.#path, good);
  }

  /** What fsck.fat says, or nothing when it finds no fault. */
  of(bytes: Uint8Array): string {
    const block = (of: Uint8Array, at: number): Uint8Array => of.subarray(at, at + BLOCK_BYTES);
    const changed: number[] = [];
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES)
      if (Buffer.compare(block(bytes, at), block(this.#good, at)) !== 0) changed.push(at);
    const file = openSync(this.#path, "r+");
    for (const at of changed) writeSync(file, block(bytes, at), 0, BLOCK_BYTES, at);
    const { stdout, stderr } = spawnSync("fsck.fat", ["-n", this.#path], { encoding: "utf8" });
    for (const at of changed) writeSync(file, block(this.#good, at), 0, BLOCK_BYTES, at);
    closeSync(file);
    // A long name without its file is told, and is no error by the status.
    return `${stdout}${stderr}`.replace(/^fsck\.fat .*\n/, "").replace(/^.*: \d+ files, \d+\/\d+ clusters\n$/m, "");
  }
}

/** A volume with something of each kind. */
function filled(type: FatType, mib: number): Uint8Array {
  const bytes = formatted(type, mib);
  const fs = open(bytes);
  fs.mkdir("/DIR");
  fs.mkdir("/DIR/a long name of a directory");
  for (const [path, size] of [
    ["/ONE", 5 * 4096],
    ["/DIR/TWO.TXT", 7000],
    ["/DIR/a long name", 1],
    ["/DIR/EMPTY", 0],
  ] as const) {
    fs.create(path);
    fs.write(path, 0, content(size));
  }
  fs.sync();
  return bytes;
}

const report = (bytes: Uint8Array): ReturnType<typeof checkFat> => checkFat(new Memory(bytes));

/** A volume to be spoiled: its slots by their short names, and its tables. */
class Patient {
  readonly bytes: Uint8Array;
  readonly geometry: ReturnType<typeof readGeometry>;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.geometry = readGeometry(new Memory(bytes));
  }

  slot(name: string): DataView {
    const at = Buffer.from(this.bytes.buffer).indexOf(name.padEnd(11), this.geometry.tables[0]! + 512);
    return new DataView(this.bytes.buffer, at, 32);
  }

  /** The slot before it: the first part of its long name. */
  before(name: string): DataView {
    return new DataView(this.bytes.buffer, this.slot(name).byteOffset - 32, 32);
  }

  first(name: string): number {
    return this.slot(name).getUint16(26, true);
  }

  /** Says what follows a cluster, in all tables. */
  follow(cluster: number, next: number): void {
    const view = new DataView(this.bytes.buffer);
    for (const at of this.geometry.tables) {
      if (this.geometry.bits === 32) view.setUint32(at + cluster * 4, next, true);
      else if (this.geometry.bits === 16) view.setUint16(at + cluster * 2, next & 0xffff, true);
      else {
        const pair = at + Math.floor(cluster * 1.5);
        const old = view.getUint16(pair, true);
        view.setUint16(pair, cluster % 2 ? (old & 0xf) | ((next & 0xfff) << 4) : (old & 0xf000) | (next & 0xfff), true);
      }
    }
  }
}

/** Each fault, how it is made, and what is said of it. */
const FAULTS: readonly (readonly [name: string, spoil: (patient: Patient) => void, said: RegExp])[] = [
  ["a chain that ends early", (p) => p.follow(p.first("ONE"), 0xfffffff), /\/ONE: it has 1 clusters, and 20480 bytes/],
  ["a chain that leads nowhere", (p) => p.follow(p.first("ONE") + 1, 0), /\/ONE: its chain .* leads into a free one/],
  ["a chain with a bad cluster", (p) => p.follow(p.first("ONE"), 0xffffff7), /\/ONE: its chain .* leads into a bad/],
  ["a circle", (p) => p.follow(p.first("ONE") + 1, p.first("ONE")), /\/ONE: its chain .* circle/],
  [
    "a shared cluster",
    (p) => p.slot("ONE").setUint16(26, p.first("TWO     TXT"), true),
    /\/DIR\/TWO\.TXT: it shares a cluster with \/ONE|\/ONE: it shares a cluster with \/DIR\/TWO\.TXT/,
  ],
  [
    "a size that is too large",
    (p) => p.slot("TWO     TXT").setUint32(28, 1 << 20, true),
    /TWO\.TXT: it has \d+ clusters/,
  ],
  ["a size that is too small", (p) => p.slot("TWO     TXT").setUint32(28, 1, true), /1 bytes need 1/],
  ["lost clusters", (p) => p.slot("ONE").setUint8(0, 0xe5), /clusters are in use, and nobody has them/],
  [
    "a directory with a size",
    (p) => p.slot("DIR").setUint32(28, 512, true),
    /\/DIR: a directory says that it has 512 bytes/,
  ],
  [
    "a directory in itself",
    (p) => p.slot("ALONGN~1").setUint16(26, p.first("DIR"), true),
    /shares a cluster with \/DIR/,
  ],
  ["a wrong dot", (p) => p.slot(".").setUint16(26, 77, true), /"\." leads to cluster 77/],
  ["a name that cannot be", (p) => p.slot("EMPTY").setUint8(1, 0x2a), /short name has what no name may have/],
  [
    "a long name with the sum of another short one",
    (p) => p.before("ALONGN~1").setUint8(13, p.before("ALONGN~1").getUint8(13) ^ 1),
    /\/DIR: a long name belongs to no file/,
  ],
  [
    "a long name with a part of another number",
    (p) => p.before("ALONGN~1").setUint8(0, 3),
    /\/DIR: a long name belongs to no file/,
  ],
  ["a file that begins nowhere", (p) => p.slot("ONE").setUint16(26, 1, true), /\/ONE: it begins in cluster 1, of \d+/],
  [
    "two files of one name",
    (p) => copyName(p.slot("EMPTY"), "TWO     TXT"),
    /it has the short name of \/DIR\/TWO\.TXT/,
  ],
  [
    "tables that differ",
    (p) => p.bytes.fill(0x55, p.geometry.tables[1]! + 96, p.geometry.tables[1]! + 99),
    /table 2 differs/,
  ],
];

function copyName(slot: DataView, name: string): void {
  for (const [at, character] of [...name].entries()) slot.setUint8(at, character.charCodeAt(0));
}

const sentences = (bytes: Uint8Array): string[] =>
  report(bytes).problems.map(({ text, path = "", cluster = "" }) => `${path}: ${text} ${cluster}`);

describe.each(KINDS)("%s", (type, mib) => {
  const good = filled(type, mib);
  const judge = new Judged(good, type);

  test("a good volume has no fault", (context) => {
    requireOracle("fsck.fat", context);
    expect(judge.of(good)).toBe("");
    const { problems, files, directories, clusters, usedClusters, freeClusters, badClusters } = report(good);
    expect({ problems, files, directories, badClusters }).toEqual({
      problems: [],
      files: 4,
      directories: 2,
      badClusters: 0,
    });
    expect(usedClusters + freeClusters).toBe(clusters);
  });

  // The largest kind differs from the others by the size of its entries alone.
  test.for(rowsOf(FAULTS, type === "fat32" ? 2 : FAULTS.length))("%s is found, with its place", ([, spoil, said]) => {
    const bytes = good.slice();
    spoil(new Patient(bytes));
    expect(sentences(bytes).join("\n")).toMatch(said);
  });

  test.for(rowsOf(FAULTS, 2))("%s is found by fsck.fat too", ([, spoil], context) => {
    requireOracle("fsck.fat", context);
    const bytes = good.slice();
    spoil(new Patient(bytes));
    expect(judge.of(bytes)).not.toBe("");
  });

  thoroughly("of random faults in tables and directories, fsck.fat is of the same mind", (context) => {
    requireOracle("fsck.fat", context);
    const random = new Random(11);
    const { tables, tableBytes, rootAt, rootBytes, dataAt, clusterBytes } = readGeometry(new Memory(good));
    const places = [
      [tables[0]!, Math.min(tableBytes, 60)],
      ...(rootBytes > 0 ? [[rootAt, 32 * 8] as const] : [[dataAt, 32 * 8] as const]),
      [dataAt, 3 * clusterBytes],
    ] as const;
    let found = 0;
    const rounds = many(12, 50, 200);
    for (let round = 0; round < rounds; round++) {
      const bytes = good.slice();
      const [at, count] = places[random.below(places.length)]!;
      const place = at + random.below(count);
      // Behind the end of a directory there is nothing; fsck.fat looks there all the same.
      const slot = place - (place % 32);
      if (at !== tables[0] && good.subarray(slot, slot + 32).every((byte) => byte === 0)) continue;
      bytes[place] = random.below(256);
      if (at === tables[0]) for (const other of tables.slice(1)) bytes[other + place - at] = bytes[place]!;
      const ours = sentences(bytes);
      const theirs = judge.of(bytes);
      if (theirs !== "") found++;
      expect(ours.length > 0, `byte ${place} is ${bytes[place]}: ${ours.join("; ")}\n${theirs}`).toBe(theirs !== "");
    }
    expect(found).toBeGreaterThan(rounds / 10);
  });
});

test("what FAT32 says twice has to agree: free clusters, and the boot sector but for its state", () => {
  const said = (spoil: (view: DataView, infoAt: number, copyAt: number) => void): string => {
    const bytes = formatted("fat32", 36);
    const view = new DataView(bytes.buffer);
    spoil(view, 512 * view.getUint16(48, true), 512 * view.getUint16(50, true));
    return sentences(bytes).join("\n");
  };
  expect(said((view, _, copyAt) => view.setUint8(copyAt + 65, 1))).toBe("");
  expect(said((view, _, copyAt) => view.setUint8(copyAt + 3, 1))).toMatch(/its copy differ, first at byte 3/);
  expect(said((view, infoAt) => view.setUint32(infoAt + 488, 77, true))).toMatch(
    /77 clusters are said to be free, \d+/,
  );
});

test("of FAT32's tables one may be kept alone, and only one that is there", () => {
  const bytes = formatted("fat32", 36);
  const keep = (flags: number) => () => {
    new DataView(bytes.buffer).setUint16(40, flags, true);
    return readGeometry(new Memory(bytes)).tables.length;
  };
  expect([keep(0)(), keep(0x80)(), keep(0x81)()]).toEqual([2, 1, 1]);
  expect(keep(0x82)).toThrow(/allocation table 2 is used, of 2/);
});

test("hostile volumes are checked in bounded time, and with a sentence at most", () => {
  for (const [type, mib] of KINDS) {
    const good = filled(type, mib);
    const random = new Random(3);
    for (let round = 0; round < many(4, 20, 100); round++) {
      const bytes = good.slice();
      for (let wrong = random.below(20); wrong >= 0; wrong--) bytes[random.below(40_000)] = random.below(256);
      const device = new Memory(bytes);
      try {
        expect(checkFat(device).problems.length).toBeLessThanOrEqual(1001);
      } catch (error) {
        expect(error).toBeInstanceOf(FileSystemError);
      }
      expect(device.reads).toBeLessThan(4 * bytes.length);
    }
  }
});

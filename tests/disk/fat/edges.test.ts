/**
 * FAT volumes at the edges: of sizes at which fields and clusters change, with one cluster, and with fields that are
 * wrong.
 */
import { expect, test } from "vitest";
import { checkFat, formatFat, isFat } from "../../../src/disk/fat/index.ts";
import { readGeometry } from "../../../src/disk/fat/layout.ts";
import type { BlockDevice } from "../../../src/disk/oofs/index.ts";
import { content, formatted, Memory, MIB, open } from "./volume.ts";

const SECTOR = 512;
const SECTORS_SHORT = 19;
const TABLE_SECTORS_SHORT = 22;
const SECTORS_LONG = 32;

/** A device of zeros that keeps what is not zero: for large volumes. */
class Sparse implements BlockDevice {
  readonly readOnly = false;
  readonly sizeBytes: number;
  readonly #sectors = new Map<number, Uint8Array>();

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }

  read(at: number, target: Uint8Array): void {
    for (let done = 0; done < target.length; done += SECTOR)
      target.set(this.#sectors.get((at + done) / SECTOR) ?? new Uint8Array(SECTOR), done);
  }

  write(at: number, source: Uint8Array): void {
    for (let done = 0; done < source.length; done += SECTOR) {
      const sector = source.slice(done, done + SECTOR);
      if (sector.some((byte) => byte !== 0)) this.#sectors.set((at + done) / SECTOR, sector);
      else this.#sectors.delete((at + done) / SECTOR);
    }
  }

  flush(): void {}
}

test.each([
  [0xffff, 0xffff, 0],
  [0x10000, 0, 0x10000],
])("of %i sectors the number stands where it has room", (sectors, short, long) => {
  const device = new Memory(new Uint8Array(sectors * SECTOR));
  expect(formatFat(device, "fat16", { id: 1 })).toBe(16);
  const boot = new DataView(device.bytes.buffer);
  expect([boot.getUint16(SECTORS_SHORT, true), boot.getUint32(SECTORS_LONG, true)]).toEqual([short, long]);
  expect(readGeometry(device).bits).toBe(16);
});

test.each([
  [4 * MIB - SECTOR, 12],
  [4 * MIB, 16],
  [512 * MIB - SECTOR, 16],
  [512 * MIB, 32],
])("of %i bytes the numbers have %i bits, when nothing is said", (sizeBytes, bits) => {
  const device = new Sparse(sizeBytes);
  expect(formatFat(device, "fat", { id: 1 })).toBe(bits);
  expect(readGeometry(device).bits).toBe(bits);
});

test("an allocation table has a number for each cluster and two more, or is refused", () => {
  const bytes = formatted("fat16", 12);
  const device = new Memory(bytes);
  const { clusterBytes } = readGeometry(device);
  const boot = new DataView(bytes.buffer);
  const tableSectors = 17;
  const most = tableSectors * 256 - 2;
  boot.setUint16(TABLE_SECTORS_SHORT, tableSectors, true);
  const withClusters = (clusters: number): void => {
    const sectors = 1 + 2 * tableSectors + boot.getUint16(17, true) / 16 + (clusters * clusterBytes) / SECTOR;
    boot.setUint16(SECTORS_SHORT, sectors, true);
  };
  withClusters(most);
  expect(readGeometry(device).clusters).toBe(most);
  withClusters(most + 1);
  expect(() => readGeometry(device)).toThrow(
    `an allocation table of ${tableSectors * SECTOR} bytes is too short for ${most + 1} clusters`,
  );
});

test.each([
  [512 * MIB, 4096],
  [512 * MIB - SECTOR, SECTOR],
])("a FAT32 of %i bytes has clusters of %i", (sizeBytes, clusterBytes) => {
  const device = new Sparse(sizeBytes);
  formatFat(device, "fat32", { id: 1 });
  expect(readGeometry(device).clusterBytes).toBe(clusterBytes);
});

/** A FAT12 of 3 MiB in whose boot sector something else stands. */
function withField(change: (boot: DataView) => void): Memory {
  const bytes = formatted("fat12", 3);
  change(new DataView(bytes.buffer));
  return new Memory(bytes);
}

test("a volume of one cluster is one, a volume of none is not, and neither is one without a table", () => {
  const { clusterBytes, dataAt } = readGeometry(new Memory(formatted("fat12", 3)));
  const ending = (at: number): Memory => withField((boot) => boot.setUint16(SECTORS_SHORT, at / SECTOR, true));
  expect(readGeometry(ending(dataAt + clusterBytes)).clusters).toBe(1);
  for (const device of [ending(dataAt), withField((boot) => boot.setUint16(TABLE_SECTORS_SHORT, 0, true))])
    expect(() => readGeometry(device)).toThrow("the boot sector leaves no room for files");
});

test.each([
  [0xff7, /^its chain of clusters leads into a bad one$/],
  [0xff0, /^its chain of clusters leads to 4080, of \d+$/],
  [1, /^its chain of clusters leads to 1, of \d+$/],
])("where a chain that leads to %i ends is said", (next, said) => {
  const bytes = formatted("fat12", 3);
  const fs = open(bytes);
  fs.create("/ONE");
  fs.write("/ONE", 0, content(5000));
  fs.sync();
  const { tables, clusterBytes } = readGeometry(new Memory(bytes));
  // Its clusters are the first ones: numbers of 12 bits, two in three bytes.
  for (const at of tables) bytes.set([next & 0xff, (next >> 8) | (bytes[at + 4]! & 0xf0)], at + 3);
  expect(clusterBytes).toBeLessThan(5000);
  const told = checkFat(new Memory(bytes)).problems.filter(({ path, text }) => path === "/ONE" && /chain/.test(text));
  expect(told).toEqual([{ path: "/ONE", cluster: 2, text: expect.stringMatching(said) }]);
});

test.each([
  ["no jump", 0, 0x00],
  ["a short jump without its NOP", 2, 0x91],
  ["no signature", 510, 0x54],
  ["sectors of 768 bytes", 12, 0x03],
  ["clusters of no sectors", 13, 0],
  ["clusters of three sectors", 13, 3],
  ["no reserved sectors", 14, 0],
  ["no allocation table", 16, 0],
  ["three allocation tables", 16, 3],
  ["a medium that is none", 21, 0x10],
])("a boot sector with %s is no FAT's", (_what, at, byte) => {
  const bytes = formatted("fat12", 3);
  expect(isFat(new Memory(bytes))).toBe(true);
  bytes[at] = byte;
  expect(isFat(new Memory(bytes))).toBe(false);
});

test.each([
  ["a long jump", 0, 0xe9],
  ["one allocation table", 16, 1],
  ["the medium of a diskette", 21, 0xf0],
])("a boot sector with %s is one", (_what, at, byte) => {
  const bytes = formatted("fat12", 3);
  bytes[at] = byte;
  expect(isFat(new Memory(bytes))).toBe(true);
});

test("of two files with one name the first counts", () => {
  const bytes = formatted("fat12", 3);
  const fs = open(bytes);
  for (const [name, size] of [
    ["/ONE", 10],
    ["/TWO", 20],
  ] as const) {
    fs.create(name);
    fs.write(name, 0, content(size));
  }
  fs.sync();
  bytes.set(Buffer.from("ONE"), Buffer.from(bytes).indexOf("TWO        "));
  expect(open(bytes).stat("/ONE").sizeBytes).toBe(10);
  expect(open(bytes).list("/")).toHaveLength(1);
});

test("a name whose letters change in size alone stays one name, of the same file", () => {
  const fs = open(formatted("fat16", 12));
  fs.create("/Some long name");
  fs.write("/Some long name", 0, content(5000));
  fs.rename("/Some long name", "/SOME LONG NAME");
  expect(fs.list("/").map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([["SOME LONG NAME", 5000]]);
});

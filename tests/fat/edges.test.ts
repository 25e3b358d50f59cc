/**
 * FAT volumes at the edges: of sizes at which fields and clusters change, with one cluster, and with fields that are
 * wrong.
 */
import { expect, test } from "vitest";
import { checkFat, formatFat } from "../../src/fat/index.ts";
import { readGeometry } from "../../src/fat/layout.ts";
import type { BlockDevice } from "../../src/oofs/index.ts";
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

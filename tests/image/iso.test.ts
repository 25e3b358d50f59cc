/**
 * The CD as ECMA-119 and El Torito want it: every field that they give a place, in both orders of bytes, and xorriso
 * reads it without a complaint and finds in it what was put in.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BootImage } from "../../src/image/boot-image.ts";
import { makeDisk } from "../../src/image/disk.ts";
import { makeIso } from "../../src/image/iso9660.ts";
import { requireOracle } from "../oracle.ts";

const BLOCK_BYTES = 2048;
/** Sizes on both sides of a block's end. */
const FILES = [
  { name: "README.TXT", content: new TextEncoder().encode("hello, reader\n") },
  { name: "BLOCK.BIN", content: Uint8Array.from({ length: BLOCK_BYTES }, (_, index) => index % 251) },
  { name: "MORE.BIN", content: Uint8Array.from({ length: BLOCK_BYTES + 1 }, (_, index) => index % 241) },
];
let folder: string;
let iso: Uint8Array;
let view: DataView;
let bootImageOffset: number;

/** Of an odd size, so that it ends within a block. */
const BOOT: BootImage = {
  bytes: Uint8Array.from({ length: 70_000 }, (_, index) => index % 239),
  loaderSectors: 20,
  kernelSector: 21,
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-iso-"));
  const made = makeIso(BOOT, "QURE_TEST", FILES);
  ({ bytes: iso, bootImageOffset } = made);
  view = new DataView(iso.buffer);
  writeFileSync(join(folder, "test.iso"), iso);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Reads a number that stands in both orders of bytes (ECMA-119 7.2.3, 7.3.3). */
function both16(at: number): number {
  expect(view.getUint16(at + 2, false), `the big-endian half at ${at}`).toBe(view.getUint16(at, true));
  return view.getUint16(at, true);
}
function both32(at: number): number {
  expect(view.getUint32(at + 4, false), `the big-endian half at ${at}`).toBe(view.getUint32(at, true));
  return view.getUint32(at, true);
}
function text(at: number, length: number): string {
  return Buffer.from(iso.subarray(at, at + length)).toString("latin1");
}

interface Entry {
  readonly name: string;
  readonly block: number;
  readonly sizeBytes: number;
  readonly flags: number;
}

function entryAt(at: number): Entry {
  expect(iso[at]! % 2, "a record has an even length").toBe(0);
  expect(iso[at]).toBe(33 + iso[at + 32]! + (iso[at + 32]! % 2 === 0 ? 1 : 0));
  expect([iso[at + 1], iso[at + 26], iso[at + 27]], "no extended attributes, not interleaved").toEqual([0, 0, 0]);
  expect(text(at + 18, 7), "no date").toBe("\0".repeat(7));
  expect(both16(at + 28), "volume sequence number").toBe(1);
  const name = text(at + 33, iso[at + 32]!);
  return { name, block: both32(at + 2), sizeBytes: both32(at + 10), flags: iso[at + 25]! };
}

function directoryAt(block: number): Entry[] {
  const entries: Entry[] = [];
  for (let at = block * BLOCK_BYTES; iso[at] !== 0; at += iso[at]!) entries.push(entryAt(at));
  return entries;
}

const PRIMARY = 16 * BLOCK_BYTES;

describe("the volume", () => {
  test("has its descriptors in their order: primary, boot record, terminator", () => {
    expect(
      [16, 17, 18].map((block) => [
        iso[block * BLOCK_BYTES],
        text(block * BLOCK_BYTES + 1, 5),
        iso[block * BLOCK_BYTES + 6],
      ]),
    ).toEqual([
      [1, "CD001", 1],
      [0, "CD001", 1],
      [255, "CD001", 1],
    ]);
  });

  test("says in its primary descriptor how large it is, in both orders", () => {
    expect(both32(PRIMARY + 80)).toBe(iso.length / BLOCK_BYTES);
    expect(iso.length).toBeGreaterThanOrEqual(1 << 20);
    expect([both16(PRIMARY + 120), both16(PRIMARY + 124), both16(PRIMARY + 128)]).toEqual([1, 1, BLOCK_BYTES]);
    expect(both32(PRIMARY + 132)).toBe(22);
    expect(text(PRIMARY + 8, 32)).toBe(" ".repeat(32));
    expect(text(PRIMARY + 40, 32)).toBe("QURE_TEST".padEnd(32));
    expect(text(PRIMARY + 190, 256)).toBe(" ".repeat(256));
    expect(text(PRIMARY + 446, 128)).toBe("QURE".padEnd(128));
    expect(text(PRIMARY + 574, 239)).toBe(" ".repeat(239));
    for (const at of [813, 830, 847, 864])
      expect(text(PRIMARY + at, 17), "a date that is not given").toBe(`${"0".repeat(16)}\0`);
    expect(iso[PRIMARY + 881]).toBe(1);
    expect(entryAt(PRIMARY + 156)).toEqual({ name: "\0", block: 21, sizeBytes: BLOCK_BYTES, flags: 2 });
  });

  test("has two path tables that say the same, each in its order of bytes", () => {
    const places = [view.getUint32(PRIMARY + 140, true), view.getUint32(PRIMARY + 148, false)];
    expect([view.getUint32(PRIMARY + 144), view.getUint32(PRIMARY + 152)], "no further copies").toEqual([0, 0]);
    for (const [index, block] of places.entries()) {
      const at = block * BLOCK_BYTES;
      const little = index === 0;
      expect([iso[at], view.getUint32(at + 2, little), view.getUint16(at + 6, little), iso[at + 8]]).toEqual([
        1, 21, 1, 0,
      ]);
      expect([
        iso[at + 10],
        view.getUint32(at + 12, little),
        view.getUint16(at + 16, little),
        text(at + 18, 4),
      ]).toEqual([4, 22, 1, "BOOT"]);
      expect(text(at + 22, BLOCK_BYTES - 22), "and nothing after them").toBe("\0".repeat(BLOCK_BYTES - 22));
    }
  });

  test("has directories that are sorted and know themselves and their parents", () => {
    const [self, parent, ...entries] = directoryAt(21);
    expect([self, parent]).toEqual(
      ["\0", "\x01"].map((name) => ({ name, block: 21, sizeBytes: BLOCK_BYTES, flags: 2 })),
    );
    expect(entries.map(({ name }) => name)).toEqual(["BLOCK.BIN;1", "BOOT", "MORE.BIN;1", "README.TXT;1"]);
    expect(entries[1]).toEqual({ name: "BOOT", block: 22, sizeBytes: BLOCK_BYTES, flags: 2 });
    for (const { name, content } of FILES) {
      const { block, sizeBytes, flags } = entries.find((entry) => entry.name === `${name};1`)!;
      expect([sizeBytes, flags]).toEqual([content.length, 0]);
      expect(iso.slice(block * BLOCK_BYTES, block * BLOCK_BYTES + sizeBytes)).toEqual(content);
    }
    const [bootSelf, bootParent, catalogue, image] = directoryAt(22);
    expect([bootSelf!.block, bootParent!.block, bootParent!.flags]).toEqual([22, 21, 2]);
    expect(catalogue).toEqual({ name: "BOOT.CAT;1", block: 23, sizeBytes: BLOCK_BYTES, flags: 0 });
    expect([image!.name, image!.block * BLOCK_BYTES, image!.sizeBytes]).toEqual([
      "QURE.IMG;1",
      bootImageOffset,
      BOOT.bytes.length,
    ]);
  });
});

describe("El Torito", () => {
  test("the boot record leads to a catalogue whose first entry adds up to zero", () => {
    const record = 17 * BLOCK_BYTES;
    expect(text(record + 7, 32)).toBe("EL TORITO SPECIFICATION".padEnd(32, "\0"));
    const catalogue = view.getUint32(record + 71, true) * BLOCK_BYTES;
    expect([iso[catalogue], iso[catalogue + 1], text(catalogue + 4, 24)]).toEqual([1, 0, "QuRe".padEnd(24, "\0")]);
    expect(text(catalogue + 30, 2)).toBe("\x55\xaa");
    let sum = 0;
    for (let at = 0; at < 32; at += 2) sum += view.getUint16(catalogue + at, true);
    expect(sum & 0xffff).toBe(0);
    expect([
      iso[catalogue + 32],
      iso[catalogue + 33],
      view.getUint16(catalogue + 34, true),
      iso[catalogue + 36],
    ]).toEqual([0x88, 0, 0, 0]);
    expect(view.getUint16(catalogue + 38, true)).toBe(BOOT.loaderSectors + 1);
    expect(view.getUint32(catalogue + 40, true) * BLOCK_BYTES).toBe(bootImageOffset);
  });

  test("the boot image is whole, but for what its first sector says of where it is", () => {
    const image = iso.slice(bootImageOffset, bootImageOffset + BOOT.bytes.length);
    expect(image.slice(512)).toEqual(BOOT.bytes.slice(512));
    expect(image.slice(0, 416)).toEqual(BOOT.bytes.slice(0, 416));
    expect(image.slice(446, 510)).toEqual(iso.slice(446, 510));
    expect(image.slice(510, 512)).toEqual(BOOT.bytes.slice(510, 512));
  });

  test("on a stick the first sector is a boot record with one active partition to the end", () => {
    expect(iso.slice(0, 416)).toEqual(BOOT.bytes.slice(0, 416));
    const firstLba = bootImageOffset / 512;
    expect([iso[446], iso[450], view.getUint32(454, true), view.getUint32(458, true)]).toEqual([
      0x80,
      0x17,
      firstLba,
      iso.length / 512 - firstLba,
    ]);
    expect(text(462, 48)).toBe("\0".repeat(48));
  });
});

describe("what no image may be asked to hold is refused, whoever asks", () => {
  const content = new Uint8Array(1);
  const many = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `FILE${index}.TXT`, content }));

  test.each([
    ["a volume in lower case", "qure", [], /volume is called qure/],
    ["a volume with a long name", "Q".repeat(33), [], /volume is called/],
    ["a file in lower case", "QURE", [{ name: "readme.txt", content }], /name that ISO 9660 does not allow/],
    ["a file with a long name", "QURE", [{ name: "LONGLONGNAME", content }], /name that ISO 9660 does not allow/],
    ["two files of one name", "QURE", [...many(1), ...many(1)], /two files on the CD have one name/],
    ["more files than a directory has room for", "QURE", many(50), /directory of the CD does not fit/],
  ] as const)("%s", (_, volume, files, reason) => {
    expect(() => makeIso(BOOT, volume, files)).toThrow(reason);
  });

  test("as many files as a directory has room for are taken", () => {
    expect(() => makeIso(BOOT, "QURE", many(40))).not.toThrow();
  });

  test.each([
    [512 * 16384, BOOT, /no room for a partition/],
    [(1 << 25) + 1, BOOT, /not whole sectors/],
    [2 ** 32 * 512, BOOT, /no room for a partition/],
    [1 << 25, { ...BOOT, bytes: new Uint8Array(512 * 16384 + 1) }, /reaches into the partition/],
  ])("a disk of %i bytes", (sizeBytes, boot, reason) => {
    expect(() => makeDisk(boot, sizeBytes)).toThrow(reason);
  });
});

describe("xorriso", () => {
  function xorriso(program: string, ...args: string[]): string {
    const { status, stdout, stderr } = spawnSync(program, ["-no_rc", "-abort_on", "WARNING", ...args], {
      cwd: folder,
      encoding: "latin1",
    });
    expect(status, stderr).toBe(0);
    expect(stderr).not.toMatch(/WARNING|SORRY|FAILURE/);
    return stdout + stderr;
  }

  test("extracts what was put in", (context) => {
    const program = requireOracle("xorriso", context);
    xorriso(program, "-osirrox", "on", "-indev", "test.iso", "-extract", "/", "out");
    expect(
      readdirSync(join(folder, "out"))
        .map((name) => name.toUpperCase())
        .sort(),
    ).toEqual(["BLOCK.BIN", "BOOT", "MORE.BIN", "README.TXT"]);
    for (const { name, content } of FILES) {
      const path = readdirSync(join(folder, "out")).find((entry) => entry.toUpperCase() === name)!;
      expect(new Uint8Array(readFileSync(join(folder, "out", path)))).toEqual(content);
    }
  });

  test("reads the volume's name and size and the boot catalogue", (context) => {
    const program = requireOracle("xorriso", context);
    const said = xorriso(program, "-indev", "test.iso", "-pvd_info", "-report_el_torito", "plain");
    expect(said).toMatch(/Volume Id +: '?QURE_TEST/);
    expect(said).toMatch(/El Torito catalog *: 23 +1/i);
    expect(said).toMatch(/El Torito boot img *: +1 +BIOS +y +none +0x0000 +0x00 +21 +\d+/i);
    expect(said).toMatch(/El Torito img path *: +1 +\/boot\/qure\.img/i);
  });
});

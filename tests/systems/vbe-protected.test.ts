/**
 * VBE's functions for 32-bit protected mode, called at another place than the firmware's, and the monitor's identity.
 */
import { describe, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { guest } from "./guest.ts";
import { ourFirmware } from "./packages.ts";
import { System } from "./system.ts";
import { ours, theirs } from "./video-calls.ts";

const SECTOR = 512;
/** Pixels of a line: wider than the pictures, so that they can be moved sideways. */
const LINE = 1600;
const COLOURS = 256;
/** Words of the table. */
const WINDOW = 0;
const START = 1;
const PALETTE = 2;
const BANK = 5;
const X = 8;
const Y = 9;

type Call = readonly [entry: number, bx: number, cx: number, dx: number];

interface Outcome {
  /** AX of each call; whether the other registers are as they were. */
  readonly replies: readonly string[];
  readonly tableBytes: number;
  readonly system: System;
  dispi(register: number): number;
}

function run(mode: number, calls: readonly Call[], colours: readonly number[] = []): Outcome {
  const disk = new Uint8Array(1 << 20);
  disk.set(guest("tests/guest/vbe-protected.s"));
  const words = [mode, LINE, ...calls.flat(), 0xffff];
  const view = new DataView(disk.buffer, SECTOR, SECTOR);
  words.forEach((word, index) => view.setUint16(index * 2, word, true));
  disk.set(colours, SECTOR + COLOURS);
  const system = new System({ firmware: ourFirmware(), disk });
  system.untilSerial(/done/, 5);
  const told = /([0-9a-f ]+) done/.exec(system.serial[0])![1]!.trim().split(" ");
  const { board } = system.machine;
  return {
    replies: told.slice(2).map((word, index) => (index % 2 && word === "0000" ? "kept" : word)),
    tableBytes: Number.parseInt(told[1]!, 16),
    system,
    dispi: (register) => {
      board.writePort(0x1ce, 2, register);
      return board.readPort(0x1cf, 2);
    },
  };
}

const GOOD = ["004f", "kept"];
const FAILED = ["014f", "kept"];

describe("VBE's functions for protected mode", () => {
  test("move the window, and say when there is no such place", () => {
    const { replies, dispi, tableBytes } = run(0x118, [
      [WINDOW, 0, 0, 3],
      [WINDOW, 1, 0, 0],
      [WINDOW, 0, 0, 0x4000],
    ]);
    expect(replies).toEqual([...GOOD, ...FAILED, ...FAILED]);
    expect(dispi(BANK)).toBe(3);
    expect(tableBytes).toBeLessThan(1024);
  });

  test.each([
    ["32 bits a pixel", 0x4144, (100 * LINE + 17) * 4, 17, 100],
    ["24 bits, where pixels begin between units", 0x4118, (100 * LINE + 17) * 3, 17, 100],
    ["16 bits", 0x4117, (768 * LINE + 9) * 2, 9, 768],
    ["8 bits", 0x4105, 5 * LINE + 3, 3, 5],
    // Units of four bytes in four planes.
    ["4 bits", 0x0104, ((LINE / 8) * 7 + 2) * 4, 16, 7],
  ])("show another part of memory with %s a pixel", (_what, mode, address, x, y) => {
    const units = address >>> 2;
    const high = (units >>> 16) | ((address & 3) << 14);
    const { replies, dispi } = run(mode, [[START, 0x80, units & 0xffff, high]]);
    expect([replies, dispi(X), dispi(Y)]).toEqual([GOOD, x, y]);
  });

  test("refuse a start beyond memory, and another function", () => {
    const { replies, dispi } = run(0x4144, [
      [START, 0, 64, 0],
      [START, 0, 0, 0x3fff],
      [START, 1, 0, 0],
    ]);
    expect(replies).toEqual([...GOOD, ...FAILED, ...FAILED]);
    expect(dispi(X)).toBe(64);
  });

  test("set colours", () => {
    const { replies, system } = run(
      0x4105,
      [
        [PALETTE, 0, 2, 6],
        [PALETTE, 0x80, 0, 0],
        [PALETTE, 2, 1, 0],
      ],
      [1, 2, 3, 0, 0x3f, 0x3e, 0x3d, 0],
    );
    expect(replies).toEqual([...GOOD, ...GOOD, ...FAILED]);
    expect([...system.machine.board.vga.palette.subarray(18, 24)]).toEqual([3, 2, 1, 0x3d, 0x3e, 0x3f]);
  });

  test("are told by INT 10h alone to who asks as the specification says", () => {
    const [good, bad] = ours([{ ax: 0x4f0a }, { ax: 0x4f0a, bx: 1 }]).replies;
    expect([good!.ax, bad!.ax]).toEqual([0x4f, 0x14f]);
  });
});

describe("the monitor", () => {
  const [kinds, edid, beyond, other] = ours([
    { ax: 0x4f15 },
    { ax: 0x4f15, bx: 1, seen: 128 },
    { ax: 0x4f15, bx: 1, dx: 1, seen: 128 },
    { ax: 0x4f15, bx: 2 },
  ]).replies;

  test("tells what it is by an EDID of version 1.3", () => {
    expect([kinds!.ax, kinds!.bx, edid!.ax, beyond!.ax, other!.ax]).toEqual([0x4f, 0x103, 0x4f, 0x14f, 0x14f]);
    const bytes = edid!.bytes;
    expect(bytes.toString("hex", 0, 8)).toBe("00ffffffffffff00");
    expect([bytes[18], bytes[19], bytes[126]]).toEqual([1, 3, 0]);
    expect(bytes.reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0);
    expect(bytes.toString("latin1", 95, 108)).toBe("QuRe monitor\n");
  });

  test("likes a mode best that VBE has, and names others that it has", () => {
    const bytes = edid!.bytes;
    const width = bytes[56]! | ((bytes[58]! & 0xf0) << 4);
    const height = bytes[59]! | ((bytes[61]! & 0xf0) << 4);
    const pixels = bytes.readUInt16LE(54) * 10_000;
    const total = (blank: number, low: number, high: number): number => blank + low + ((high & 0x0f) << 8);
    const hertz = pixels / total(width, bytes[57]!, bytes[58]!) / total(height, bytes[60]!, bytes[61]!);
    expect([width, height, Math.round(hertz)]).toEqual([1024, 768, 60]);
    const [mode] = ours([{ ax: 0x4f01, cx: 0x144, seen: 64 }]).replies;
    expect([mode!.bytes.readUInt16LE(0x12), mode!.bytes.readUInt16LE(0x14)]).toEqual([width, height]);
    const standard = Array.from({ length: 8 }, (_, index) => (bytes[38 + 2 * index]! + 31) * 8);
    expect(standard).toEqual([1280, 1280, 1600, 1280, 1440, 1680, 1920, 1920]);
  });

  thoroughly("is asked as SeaBIOS is", (context) => {
    const there = theirs(context, [
      { ax: 0x4f15, bx: 1, cx: 1 },
      { ax: 0x4f15, bx: 2 },
    ]).replies;
    const here = ours([
      { ax: 0x4f15, bx: 1, cx: 1 },
      { ax: 0x4f15, bx: 2 },
    ]).replies;
    expect(here.map(({ ax, bx }) => [ax, bx])).toEqual(there.map(({ ax, bx }) => [ax, bx]));
  });
});

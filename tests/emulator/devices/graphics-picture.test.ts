/**
 * Pictures of graphics modes, register by register. Every place of the memory has colours of its own, so a row of the
 * picture tells from which address it came. Source: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem".
 */
import { describe, expect, test } from "vitest";
import type { Vga } from "../../../emulator/devices/video/vga.ts";
import { type Picture, renderGraphics } from "../../../emulator/devices/video/vga-graphics.ts";
import { TestBoard } from "./harness.ts";

const PLANE_BYTES = 0x10000;

/** Eight pixels of 4 bits at an address of the planes; other ones where one of its bits 0-3 or 12-15 differs. */
function cell(address: number): number[] {
  const place = address & (PLANE_BYTES - 1);
  return Array.from({ length: 8 }, (_, bit) => (place * 7 + (place >> 12) * 3 + bit) & 15);
}

/** The four planes as the adapter has them: a byte of each for every address. */
const PLANES = new Uint8Array(4 * PLANE_BYTES);
for (let address = 0; address < PLANE_BYTES; address++)
  for (const [bit, colour] of cell(address).entries())
    for (let plane = 0; plane < 4; plane++) PLANES[address * 4 + plane]! |= ((colour >> plane) & 1) << (7 - bit);

/** A row of 16 pixels from an address on, some pixels further on. */
function row(address: number, panning = 0): string {
  const pixels = [0, 1, 2].flatMap((at) => cell(address + at)).slice(panning, panning + 16);
  return pixels.map((colour) => colour.toString(16)).join("");
}

/** 16 pixels by 4 lines of 16 colours; entry n of the DAC is named n by `entryAt`. */
function screen(): { vga: Vga; board: TestBoard } {
  const board = new TestBoard();
  const { vga } = board.board;
  const crtc: Readonly<Record<number, number>> = {
    ...{ 0x01: 1, 0x07: 0x10, 0x08: 0, 0x09: 0x40, 0x0c: 0, 0x0d: 0 },
    ...{ 0x12: 3, 0x13: 1, 0x17: 0xe3, 0x18: 0xff },
  };
  for (const [index, value] of Object.entries(crtc)) vga.crtc[Number(index)] = value;
  vga.graphics.set([0x00, 0x05], 5);
  for (let index = 0; index < 16; index++) vga.attribute[index] = index;
  vga.attribute.set([0x01, 0, 0x0f, 0, 0], 0x10);
  for (let entry = 0; entry < 256; entry++) vga.palette.set([entry & 63, entry >> 6, 0x2a], entry * 3);
  vga.memory.bytes.set(PLANES);
  return { vga, board };
}

/** The DAC's entry of a pixel, from components that are six bits wide. */
function entryAt({ rgba, width }: Picture, x: number, y: number): number {
  const [red, green, blue, opacity] = rgba.subarray((y * width + x) * 4) as unknown as [number, number, number, number];
  expect([blue, opacity]).toEqual([0xaa, 0xff]);
  return (red >> 2) | ((green >> 2) << 6);
}

function entries(picture: Picture): number[][] {
  return Array.from({ length: picture.height }, (_, y) =>
    Array.from({ length: picture.width }, (_x, x) => entryAt(picture, x, y)),
  );
}

const rows = (vga: Vga): string[] =>
  entries(renderGraphics(vga)).map((line) => line.map((entry) => entry.toString(16)).join(""));

type Registers = Readonly<Record<number, number>>;
/** Name, registers of the CRT controller, of the attribute controller, and what the rows of the picture show. */
const LAYOUTS: readonly (readonly [
  name: string,
  crtc: Registers,
  attribute: Registers,
  shown: readonly (number | readonly [address: number, panning: number])[],
])[] = [
  ["rows one after the other", {}, {}, [0, 2, 4, 6]],
  ["a pitch", { 0x13: 3 }, {}, [0, 6, 12, 18]],
  ["a start", { 0x0c: 0x12, 0x0d: 0x35 }, {}, [0x1235, 0x1237, 0x1239, 0x123b]],
  ["panning by bytes", { 0x08: 0x7f }, {}, [3, 5, 7, 9]],
  ["other bits of that register", { 0x08: 0x9f }, {}, [0, 2, 4, 6]],
  ["panning by pixels", {}, { 0x13: 3 }, [0, 2, 4, 6].map((address) => [address, 3])],
  ["seven at most", {}, { 0x13: 0xff }, [0, 2, 4, 6].map((address) => [address, 7])],
  ["addresses go around at 64 Ki", { 0x0c: 0xff, 0x0d: 0xfd }, {}, [0xfffd, 0xffff, 1, 3]],
  ["a split after line 1", { 0x07: 0, 0x09: 0, 0x0d: 9, 0x18: 1 }, {}, [9, 11, 0, 2]],
  ["a split after line 0", { 0x07: 0, 0x09: 0, 0x0d: 9, 0x18: 0 }, {}, [9, 0, 2, 4]],
  ["bit 8 of the split's line", { 0x07: 0x10, 0x09: 0, 0x0d: 9, 0x18: 0 }, {}, [9, 11, 13, 15]],
  ["bit 9 of the split's line", { 0x07: 0, 0x09: 0x40, 0x0d: 9, 0x18: 0 }, {}, [9, 11, 13, 15]],
  [
    "panning goes on below a split",
    { 0x07: 0, 0x09: 0, 0x0d: 9, 0x18: 1 },
    { 0x13: 2 },
    [9, 11, 0, 2].map((address) => [address, 2]),
  ],
  [
    "or ends there",
    { 0x07: 0, 0x09: 0, 0x0d: 9, 0x18: 1 },
    { 0x10: 0x21, 0x13: 2 },
    [
      [9, 2],
      [11, 2],
      [0, 0],
      [2, 0],
    ],
  ],
  ["doubled lines", { 0x09: 0xc0 }, {}, [0, 2]],
  ["rows of two lines", { 0x09: 0x41 }, {}, [0, 2]],
  ["both", { 0x09: 0xc1 }, {}, [0]],
  ["a row of more lines than there are", { 0x09: 0x5f }, {}, [0]],
  ["a row that is cut does not count", { 0x09: 0xc0, 0x12: 4 }, {}, [0, 2]],
  ["a split between doubled lines", { 0x07: 0, 0x09: 0x80, 0x0d: 9, 0x18: 1 }, {}, [9, 0]],
  ["a split within a doubled line", { 0x07: 0, 0x09: 0x80, 0x0d: 9, 0x18: 2 }, {}, [9, 11]],
  ["odd lines 8 Ki further on", { 0x09: 0x41, 0x17: 0xe2 }, {}, [0, 0x2000, 2, 0x2002]],
  ["or 4 Ki", { 0x09: 0x41, 0x17: 0xa2 }, {}, [0, 0x1000, 2, 0x1002]],
  ["of that address bit only the line counts", { 0x09: 0x41, 0x0c: 0x20, 0x17: 0xe2 }, {}, [0, 0x2000, 2, 0x2002]],
  ["line 2 and 3 of four 16 Ki further on", { 0x09: 0x43, 0x17: 0xe1 }, {}, [0, 0, 0x4000, 0x4000]],
  ["or 8 Ki", { 0x09: 0x43, 0x17: 0xa1 }, {}, [0, 0, 0x2000, 0x2000]],
  ["four banks", { 0x09: 0x43, 0x17: 0xe0 }, {}, [0, 0x2000, 0x4000, 0x6000]],
  ["banks of which each line is shown twice", { 0x09: 0xc1, 0x17: 0xe2 }, {}, [0, 0x2000]],
];

describe("16 colours", () => {
  test.each(LAYOUTS)("%s", (_name, crtc, attribute, shown) => {
    const { vga } = screen();
    for (const [index, value] of Object.entries(crtc)) vga.crtc[Number(index)] = value;
    for (const [index, value] of Object.entries(attribute)) vga.attribute[Number(index)] = value;
    expect(rows(vga)).toEqual(shown.map((at) => (typeof at === "number" ? row(at) : row(...at))));
  });

  test("planes that are not shown are 0; the palette comes after that", () => {
    const { vga } = screen();
    vga.attribute[0x12] = 0xf5;
    const pixels = [0, 1].flatMap((at) => cell(at)).map((colour) => colour & 5);
    expect(rows(vga)[0]).toBe(pixels.map((colour) => colour.toString(16)).join(""));
    for (let index = 0; index < 16; index++) vga.attribute[index] = 15 - index;
    expect(rows(vga)[0]).toBe(pixels.map((colour) => (15 - colour).toString(16)).join(""));
  });

  test("the CGA's two bits a pixel: four pixels from planes 0 and 2, four from planes 1 and 3", () => {
    const { vga } = screen();
    vga.graphics[5] = 0x20;
    vga.memory.bytes.set([0b00_01_10_11, 0b11_10_01_00, 0b01_01_01_01, 0b10_10_10_10]);
    expect(rows(vga)[0]!.slice(0, 8)).toBe("4567ba98");
  });

  test.each([
    [0x10, 4],
    [0x12, 0x104],
    [0x50, 0x204],
    [0x52, 0x304],
    [0xbd, 4],
  ])("overflow register %x: %i lines", (overflow, lines) => {
    const { vga } = screen();
    vga.crtc[7] = overflow;
    const { width, height, rgba } = renderGraphics(vga);
    expect([width, height, rgba.length]).toEqual([16, lines, 16 * lines * 4]);
  });
});

describe("256 colours", () => {
  /** Eight pixels, each a byte; the byte at an offset tells where it is. */
  function chained(): Vga {
    const { vga } = screen();
    vga.graphics[5] = 0x40;
    for (let at = 0; at < 4 * PLANE_BYTES; at++) vga.memory.bytes[at] = at + (at >> 8) * 3;
    return vga;
  }
  const bytes = (from: number, mask = 0xff): number[] =>
    Array.from({ length: 8 }, (_, x) => {
      const at = (from + x) & (4 * PLANE_BYTES - 1);
      return (at + (at >> 8) * 3) & mask;
    });

  test("four pixels an address, panned by two steps each, through the mask", () => {
    const vga = chained();
    expect(entries(renderGraphics(vga))).toEqual([0, 8, 16, 24].map((at) => bytes(at)));
    vga.attribute[0x13] = 5;
    expect(entries(renderGraphics(vga))[1]).toEqual(bytes(10));
    vga.crtc[0x0c] = 0xff;
    vga.crtc[0x0d] = 0xfe;
    expect(entries(renderGraphics(vga))[0]).toEqual(bytes(0x3fffa));
    vga.pelMask = 0x0f;
    expect(entries(renderGraphics(vga))[1]).toEqual(bytes(2, 0x0f));
  });
});

describe("linear modes", () => {
  const index = (at: number, value: number): string => `outw 1ce ${at.toString(16)}; outw 1cf ${value.toString(16)}`;
  /** Two lines of eight pixels, four pixels and a line into lines of sixteen; what is in memory stays. */
  function linear(
    bits: number,
    { left = 3, enable = 0x81 } = {},
  ): { vga: Vga; put: (at: number, ...bytes: number[]) => void } {
    const { vga, board } = screen();
    board.run([index(1, 8), index(2, 2), index(3, bits), index(4, enable)].join("; "));
    board.run([index(6, 16), index(8, left), index(9, 1)].join("; "));
    return { vga, put: (at, ...bytes) => vga.memory.bytes.set(bytes, at) };
  }
  const colours = ({ rgba }: Picture, from: number, count: number): number[][] =>
    Array.from({ length: count }, (_, at) => [...rgba.subarray((from + at) * 4, (from + at) * 4 + 4)]);

  test("4 bits: planes, with a byte of each for eight pixels", () => {
    const { vga } = linear(4, { left: 8 });
    expect(rows(vga)).toEqual([3, 5].map((address) => row(address).slice(0, 8)));
  });

  test("8 bits: entries of the DAC, through the mask", () => {
    const { vga, put } = linear(8);
    put(16 + 3, 0x11, 0xf2, 3, 4, 5, 6, 7, 8);
    put(32 + 3, 9, 8, 7, 6, 5, 4, 3, 2);
    vga.pelMask = 0x7f;
    expect(entries(renderGraphics(vga))).toEqual([
      [0x11, 0x72, 3, 4, 5, 6, 7, 8],
      [9, 8, 7, 6, 5, 4, 3, 2],
    ]);
  });

  test("8 bits of each colour when the DAC is asked for them", () => {
    const { vga, put } = linear(8, { enable: 0xa1 });
    vga.palette.set([0x12, 0x9a, 0xfe], 5 * 3);
    put(16 + 3, 5);
    expect(colours(renderGraphics(vga), 0, 1)).toEqual([[0x12, 0x9a, 0xfe, 0xff]]);
  });

  test.each<[number, readonly number[], readonly (readonly number[])[]]>([
    [
      15,
      [0x00, 0x7c, 0xe0, 0x03, 0x1f, 0x00, 0x31, 0x22, 0xff, 0xff],
      [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [66, 140, 140],
        [255, 255, 255],
      ],
    ],
    [
      16,
      [0x00, 0xf8, 0xe0, 0x07, 0x1f, 0x00, 0x31, 0x44, 0xff, 0xff],
      [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [66, 134, 140],
        [255, 255, 255],
      ],
    ],
    [
      24,
      [1, 2, 3, 0xfd, 0xfe, 0xff],
      [
        [3, 2, 1],
        [0xff, 0xfe, 0xfd],
      ],
    ],
    [
      32,
      [1, 2, 3, 99, 0xfd, 0xfe, 0xff, 99],
      [
        [3, 2, 1],
        [0xff, 0xfe, 0xfd],
      ],
    ],
  ])("%i bits: the colours themselves", (bits, bytes, expected) => {
    const { vga, put } = linear(bits);
    const pixelBytes = (bits + 7) >> 3;
    put((16 + 3) * pixelBytes, ...bytes);
    put((32 + 3) * pixelBytes, ...bytes.slice(0, pixelBytes));
    const picture = renderGraphics(vga);
    expect([picture.width, picture.height]).toEqual([8, 2]);
    const opaque = expected.map((colour) => [...colour, 255]);
    expect(colours(picture, 0, expected.length)).toEqual(opaque);
    expect(colours(picture, 8, 1)).toEqual(opaque.slice(0, 1));
  });
});

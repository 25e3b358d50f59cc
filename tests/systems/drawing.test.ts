/** Characters, windows and pixels in graphics modes: the picture is the one that SeaBIOS' video BIOS draws. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { rowsOf } from "../setup/tier.ts";
import { type Answers, type Call, ours, theirs } from "./video-calls.ts";

/** A character that is the same in all fonts: all of its pixels are set. */
const BLOCK = 0xdb;
const place = (row: number, column: number): Call => ({ ax: 0x0200, dx: (row << 8) | column });
const pixel = (colour: number, x: number, y: number): Call => ({ ax: 0x0c00 | colour, cx: x, dx: y });

const DRAWN: readonly Call[] = [
  place(1, 2),
  { ax: 0x0900 | BLOCK, bx: 0x0e, cx: 3 },
  { ax: 0x0a00 | BLOCK, bx: 0x05, cx: 1 },
  { ax: 0x0e00 | BLOCK, bx: 0x0c },
  { ax: 0x0e0d },
  { ax: 0x0e0a },
  { ax: 0x0e00 | BLOCK, bx: 0x09 },
  // At the end of a line, and beyond it.
  place(3, 39),
  { ax: 0x0e00 | BLOCK, bx: 0x03 },
  { ax: 0x0e00 | BLOCK, bx: 0x04 },
  { ax: 0x0300 },
  // Windows, up and down, with blanks of a colour.
  place(6, 4),
  { ax: 0x0900 | BLOCK, bx: 0x0a, cx: 8 },
  { ax: 0x0601, bx: 0x0200, cx: 0x0402, dx: 0x0808 },
  { ax: 0x0702, bx: 0x0100, cx: 0x0500, dx: 0x0b06 },
  { ax: 0x0600, bx: 0x0300, cx: 0x0c10, dx: 0x0d12 },
  // A window that reaches out.
  { ax: 0x0601, bx: 0x0000, cx: 0x0010, dx: 0xffff },
  pixel(0x0b, 100, 90),
  pixel(0x07, 103, 91),
  pixel(0x01, 104, 91),
  { ax: 0x0d00, cx: 103, dx: 91 },
  { ax: 0x0d00, cx: 102, dx: 91 },
  { ax: 0x0d00, cx: 17, dx: 9 },
];
/** Modes with fewer than 256 colours take the highest bit for "exclusive or". */
const EXCLUSIVE: readonly Call[] = [
  place(1, 3),
  { ax: 0x0900 | BLOCK, bx: 0x83, cx: 1 },
  pixel(0x82, 103, 91),
  { ax: 0x0d00, cx: 103, dx: 91 },
];

function described({ replies, system }: Answers): unknown {
  const { width, height, rgba } = system.machine.screenshot();
  const digest = createHash("sha256").update(rgba).digest("hex");
  return { width, height, digest, registers: replies.map(({ ax, bx, cx, dx }) => ({ ax, bx, cx, dx })) };
}

describe("INT 10h draws", () => {
  test.for(rowsOf([0x04, 0x05, 0x06, 0x0d, 0x0e, 0x0f, 0x10, 0x12, 0x13], [1, 3]))("in mode %s", (mode, context) => {
    const calls = [{ ax: mode }, ...DRAWN, ...(mode === 0x13 ? [] : EXCLUSIVE)];
    expect(described(ours(calls))).toEqual(described(theirs(context, calls)));
  });

  test("letters of the font of 8 lines", () => {
    const { system } = ours([{ ax: 0x13 }, { ax: 0x0e4c, bx: 15 }]);
    const { width, rgba } = system.machine.screenshot();
    const line = (y: number): string =>
      Array.from({ length: 8 }, (_, x) => (rgba[(y * width + x) * 4] === 0xff ? "#" : ".")).join("");
    expect(Array.from({ length: 8 }, (_, y) => line(y))).toEqual([
      "........",
      ".##.....",
      ".##.....",
      ".##.....",
      ".##.....",
      ".##.....",
      ".######.",
      "........",
    ]);
  });
});

describe("fonts of text modes", () => {
  const fonts = [
    [0x1112, 50],
    [0x1111, 28],
    [0x1114, 25],
  ] as const;
  test.for(rowsOf(fonts, [1, 3]))("function %i has as many rows as fit", ([ax, rows], context) => {
    const calls: Call[] = [
      { ax: 3 },
      { ax },
      { ax: 0x1130, bx: 0x0600 },
      { ax: 0x0f00 },
      { ax: 0x0300 },
      place(rows - 1, 0),
      { ax: 0x0e21 },
    ];
    const [here, there] = [ours(calls), theirs(context, calls)];
    expect(here.replies).toEqual(there.replies);
    for (const { system } of [here, there]) {
      expect(system.screen.rows).toBe(rows);
      expect(system.screen.lines[rows - 1]).toMatch(/^!/);
    }
  });
});

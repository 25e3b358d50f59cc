/** Modes 07h and 0Fh, of a monochrome screen: what INT 10h says and does there is what SeaBIOS' video BIOS does. */
import { describe, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import type { Answers, Call } from "./video-calls.ts";
import { ours, theirs } from "./video-calls.ts";

/** A character whose pixels are all set in any font. */
const BLOCK = 0xdb;

const TEXT: readonly Call[] = [
  { ax: 0x0007 },
  { ax: 0x0f00 },
  { ax: 0x1210, bx: 0x10 },
  { ax: 0x1a00 },
  { ax: 0x0200, dx: 0x0203 },
  { ax: 0x0941, bx: 0x70, cx: 3 },
  { ax: 0x0800 },
  { ax: 0x0a42, cx: 1 },
  { ax: 0x0e43 },
  { ax: 0x0300 },
  { ax: 0x0200, dx: 0x1800 },
  { ax: 0x0e44 },
  { ax: 0x0e0a },
  { ax: 0x0601, bx: 0x0f00, cx: 0x0500, dx: 0x0a4f },
  { ax: 0x0501 },
  { ax: 0x0e45 },
  { ax: 0x0500 },
  { ax: 0x0305 },
  { ax: 0x4f03 },
];

const words = ({ replies }: Answers): string[] =>
  replies.map(({ ax, bx, cx, dx }) => [ax, bx, cx, dx].map((word) => word.toString(16)).join(" "));

function pixels({ system }: Answers): (x: number, y: number) => number {
  const { width, rgba } = system.machine.screenshot();
  return (x, y) => rgba[(y * width + x) * 4]!;
}

describe("mode 07h", () => {
  test("is answered and shown as by SeaBIOS", (context) => {
    const [here, there] = [ours(TEXT), theirs(context, TEXT)];
    expect(words(here)).toEqual(words(there));
    expect(here.system.screen).toEqual(there.system.screen);
    expect(here.system.screen.isMonochrome).toBe(true);
    expect(here.system.screen.lines[1]).toMatch(/^ {3}CAA/);
  });

  test("has its text at B0000h, and its ports at 3B4h and 3BAh", () => {
    const { board } = ours([{ ax: 7 }, { ax: 0x0e41 }]).system.machine;
    expect(board.readMmio(0xb0000, 2)).toBe(0x0741);
    expect(board.readMmio(0xb8000, 2)).toBe(0xffff);
    board.writePort(0x3b4, 1, 0x0f);
    expect([board.readPort(0x3b5, 1), board.readPort(0x3d5, 1), board.readPort(0x3da, 1)]).toEqual([1, 0xff, 0xff]);
    expect(board.readPort(0x3ba, 1)).toBeLessThan(0x10);
  });

  thoroughly("shows normal, bright, reverse and underlined characters in greys", () => {
    const shown = (character: number, attribute: number): Answers =>
      ours([{ ax: 7 }, { ax: 0x0900 | character, bx: attribute, cx: 1 }, { ax: 0x0200, dx: 0x0505 }]);
    const greys = [0x07, 0x0f, 0x02, 0x70].map((attribute) => pixels(shown(BLOCK, attribute))(3, 5));
    expect(greys).toEqual([0xaa, 0xff, 0xaa, 0x00]);
    expect(pixels(shown(0x20, 0x70))(3, 5)).toBe(0xaa);
    const underlined = pixels(shown(0x20, 0x01));
    expect([12, 13, 14].map((y) => underlined(0, y))).toEqual([0, 0xaa, 0]);
    expect(pixels(shown(0x20, 0x07))(0, 13)).toBe(0);
  });

  thoroughly("gives way to a mode in colour, and comes back", () => {
    const { system } = ours([{ ax: 7 }, { ax: 3 }, { ax: 0x0958, bx: 0x01, cx: 1 }]);
    expect(system.screen.lines[0]).toBe("X");
    expect(system.screen.isMonochrome).toBe(false);
    expect(system.machine.board.readMmio(0xb8000, 2)).toBe(0x0158);
    const { replies, system: back } = ours([{ ax: 0x12 }, { ax: 0x07 }, { ax: 0x1210, bx: 0x10 }, { ax: 0x0e59 }]);
    expect(replies[2]!.bx).toBe(0x103);
    expect(back.screen.lines[0]).toBe("Y");
  });

  test("has another font when it is asked for, at the same place", () => {
    const { system } = ours([{ ax: 7 }, { ax: 0x1112 }, { ax: 0x0200, dx: 0x3100 }, { ax: 0x0e5a }]);
    expect([system.screen.rows, system.screen.lines[49]]).toEqual([50, "Z"]);
  });
});

describe("mode 0Fh", () => {
  test("is a picture of 640 x 350 in which plane 0 is light", () => {
    const answers = ours([
      { ax: 0x0f },
      { ax: 0x0900 | BLOCK, bx: 0x03, cx: 1 },
      { ax: 0x0200, dx: 0x0002 },
      { ax: 0x0900 | BLOCK, bx: 0x02, cx: 1 },
      { ax: 0x0c01, cx: 639, dx: 349 },
      { ax: 0x0d00, cx: 639, dx: 349 },
      { ax: 0x0f00 },
    ]);
    const { width, height } = answers.system.machine.screenshot();
    expect([width, height]).toEqual([640, 350]);
    const at = pixels(answers);
    expect([at(3, 3), at(8, 3), at(19, 3), at(639, 349)]).toEqual([0xaa, 0, 0, 0xaa]);
    expect([answers.replies[5]!.ax & 0xff, answers.replies[6]!.ax]).toEqual([1, 0x500f]);
  });
});

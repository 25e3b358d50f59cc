/** The picture of a text screen, as art: each glyph, the ninth column, cursor, fonts, colours, and where rows begin. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Vga } from "../../../emulator/devices/video/vga.ts";
import { glyph } from "../../../emulator/devices/video/vga-font.ts";
import { readTextScreen, renderScreen } from "../../../emulator/devices/video/vga-text.ts";
import { TestBoard } from "./harness.ts";

describe("built-in font", () => {
  const art = (character: number): string[] =>
    Array.from(glyph(character), (row) => row.toString(2).padStart(8, "0").replaceAll("0", ".").replaceAll("1", "#"));

  test("a capital letter stands between rows 2 and 10", () => {
    expect(art(0x41)).toEqual([
      ...["........", "........", "..####..", ".##..##.", ".##..##.", ".##..##.", ".######.", ".##..##."],
      ...[".##..##.", ".##..##.", ".##..##.", "........", "........", "........", "........", "........"],
    ]);
  });

  test("what is not drawn is a frame", () => {
    const expected = [
      ...["........", "........", ".######.", ".#....#.", ".#....#.", ".#....#.", ".#....#.", ".#....#."],
      ...[".#....#.", ".#....#.", ".######.", "........", "........", "........", "........", "........"],
    ];
    for (const character of [0x01, 0x1f, 0x80, 0xaf, 0xe0, 0xf9, 0xfb, 0xfd]) expect(art(character)).toEqual(expected);
    expect(glyph(0x101)).toEqual(glyph(0x01));
    expect([...glyph(0x00), ...glyph(0xff)].every((row) => row === 0)).toBe(true);
  });

  test("shades and blocks", () => {
    const rows = (character: number): string => Array.from(glyph(character), (row) => row.toString(16)).join(" ");
    expect(rows(0xb0)).toBe("88 22 88 22 88 22 88 22 88 22 88 22 88 22 88 22");
    expect(rows(0xb1)).toBe("aa 55 aa 55 aa 55 aa 55 aa 55 aa 55 aa 55 aa 55");
    expect(rows(0xb2)).toBe("77 dd 77 dd 77 dd 77 dd 77 dd 77 dd 77 dd 77 dd");
    expect(rows(0xdb)).toBe("ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff");
    expect(rows(0xdc)).toBe("0 0 0 0 0 0 0 0 ff ff ff ff ff ff ff ff");
    expect(rows(0xdd)).toBe("f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0");
    expect(rows(0xde)).toBe("f f f f f f f f f f f f f f f f");
    expect(rows(0xdf)).toBe("ff ff ff ff ff ff ff ff 0 0 0 0 0 0 0 0");
    expect(rows(0xfe)).toBe("0 0 0 0 0 7e 7e 7e 7e 7e 7e 0 0 0 0 0");
    expect(rows(0xfa)).toBe("0 0 0 0 0 0 0 18 18 0 0 0 0 0 0 0");
  });

  /** From B3h: strokes that reach the edge above, right, below, left. */
  const ARMS =
    `│1010 ┤1011 ╡1012 ╢2021 ╖0021 ╕0012 ╣2022 ║2020 ╗0022 ╝2002 ╜2001 ╛1002 ┐0011 └1100 ┴1101 ┬0111 ├1110 ─0101
    ┼1111 ╞1210 ╟2120 ╚2200 ╔0220 ╩2202 ╦0222 ╠2220 ═0202 ╬2222 ╧1202 ╨2101 ╤0212 ╥0121 ╙2100 ╘1200 ╒0210 ╓0120 ╫2121
    ╪1212 ┘1001 ┌0110`.split(/\s+/);
  test("lines reach the edges that their names say, single or double", () => {
    ARMS.forEach((name, index) => {
      const rows = Array.from(glyph(0xb3 + index));
      const across = (row: number): number => ({ 0: 0, 0x08: 1, 0x14: 2 })[row] ?? -1;
      const along = (bit: number): number => {
        const inked = rows.flatMap((row, at) => (row & bit ? [at] : [])).join();
        return { "": 0, "7": 1, "6,8": 2 }[inked] ?? -1;
      };
      const reached = [across(rows[0]!), along(0x01), across(rows[15]!), along(0x80)].join("");
      expect(name[0] + reached).toBe(name);
    });
  });

  test("how lines meet", () => {
    expect([0xc5, 0xce, 0xc9, 0xbf, 0xd5].map((character) => art(character).slice(5, 10).join(" "))).toEqual([
      "....#... ....#... ######## ....#... ....#...",
      "...#.#.. ######## ...#.#.. ######## ...#.#..",
      "........ ...##### ...#.#.. ...##### ...#.#..",
      "........ ........ #####... ....#... ....#...",
      "........ ....#### ....#... ....#### ....#...",
    ]);
  });

  test("every glyph is as it was drawn", () => {
    const digests: Record<string, string> = {};
    for (let first = 0x20; first < 0x100; first += 0x10) {
      const hash = createHash("sha256");
      for (let character = first; character < first + 0x10; character++) hash.update(glyph(character));
      digests[first.toString(16)] = hash.digest("hex").slice(0, 8);
    }
    expect(digests).toEqual({
      ...{ 20: "2cd15ad5", 30: "8ce133e5", 40: "0078ae62", 50: "f78736cc", 60: "420592b1", 70: "16c3dd7a" },
      ...{ 80: "7761d1d8", 90: "7761d1d8", a0: "7761d1d8", b0: "6371c88d", c0: "2524ac3a", d0: "29bee058" },
      ...{ e0: "7761d1d8", f0: "12f3b977" },
    });
  });
});

/** A screen of an ordinary board, in 80 columns and 25 rows; the cursor is off. */
function screen(): {
  vga: Vga;
  put: (cell: number, character: number, attribute?: number) => void;
  machine: TestBoard;
} {
  const machine = new TestBoard();
  const { vga } = machine.board;
  vga.crtc[0x0a] = 0x20;
  const put = (cell: number, character: number, attribute = 0x07): void => {
    vga.memory.bytes[cell * 4] = character;
    vga.memory.bytes[cell * 4 + 1] = attribute;
  };
  return { vga, put, machine };
}

/** A part of the picture as colours: "#" for each pixel that is `ink`, "." for others. */
function part(vga: Vga, x: number, y: number, width: number, height: number, ink = "170,170,170"): string[] {
  const { rgba } = renderScreen(vga);
  return Array.from({ length: height }, (_row, line) =>
    Array.from({ length: width }, (_column, at) => {
      const start = ((y + line) * 720 + x + at) * 4;
      return rgba.subarray(start, start + 3).join() === ink ? "#" : ".";
    }).join(""),
  );
}

/** Colour of a pixel: red, green, blue. */
function pixel(vga: Vga, x: number, y: number): string {
  const { rgba } = renderScreen(vga);
  const start = (y * 720 + x) * 4;
  expect(rgba[start + 3]).toBe(255);
  return rgba.subarray(start, start + 3).join();
}

/** Lights what a cell of the picture shows when its character is inked completely. */
const BLOCK = 0xdb;

describe("pictures", () => {
  test("a cell is nine columns and sixteen lines; line graphics fill the ninth", () => {
    const { vga, put } = screen();
    for (const [at, character] of [0x41, 0xbf, 0xc0, 0xc4, 0xdf, 0xe0, BLOCK].entries()) put(80 + at, character);
    const ninths = (): string => {
      const row = part(vga, 0, 16 + 7, 63, 1)[0]!;
      return [8, 17, 26, 35, 44, 53, 62].map((x) => row[x]).join("");
    };
    vga.attribute[0x10] = 0x0c;
    expect(ninths()).toBe("..###.#");
    expect(part(vga, 0, 16, 19, 9)).toEqual([
      ...[
        "...................",
        "...................",
        "..####.............",
        ".##..##............",
        ".##..##............",
      ],
      ...[".##..##............", ".######............", ".##..##..#####.....", ".##..##......#....."],
    ]);
    vga.attribute[0x10] = 0x08;
    expect(ninths()).toBe(".......");
  });

  test("the cursor: from its first line to its last one, in its cell only", () => {
    const { vga } = screen();
    vga.crtc.set([0x0d, 0x6e], 0x0a);
    vga.crtc.set([0, 81], 0x0e);
    const rows = part(vga, 8, 16, 11, 17);
    expect(
      rows.map((row, line) => (row === ".#########." ? line : row)).filter((row) => row !== "..........."),
    ).toEqual([13, 14]);
    vga.crtc[0x0a] = 0x2d;
    expect(part(vga, 8, 16, 11, 16).join("")).not.toContain("#");
  });

  test("fonts: eight places in plane 2, chosen by attribute bit 3 when they differ", () => {
    const { vga, put } = screen();
    put(0, 0x41, 0x07);
    put(1, 0x41, 0x0f);
    const offsets = [0, 0x4000, 0x8000, 0xc000, 0x2000, 0x6000, 0xa000, 0xe000];
    offsets.forEach((offset, font) => {
      vga.memory.bytes[(offset + 0x41 * 32 + 3) * 4 + 2] = 0x81 + font * 2;
    });
    const shown = (x: number, ink: string): number =>
      Number.parseInt(part(vga, x, 3, 8, 1, ink)[0]!.replaceAll(".", "0").replaceAll("#", "1"), 2);
    for (let font = 0; font < 8; font++) {
      const other = (font + 3) & 7;
      vga.sequencer[3] = (font & 3) | ((font & 4) << 2) | ((other & 3) << 2) | ((other & 4) << 3);
      expect([shown(0, "170,170,170"), shown(9, "255,255,255")]).toEqual([0x81 + font * 2, 0x81 + other * 2]);
    }
    vga.sequencer[3] = 0x0a; // Both are font 2.
    expect([shown(0, "170,170,170"), shown(9, "255,255,255")]).toEqual([0x85, 0x85]);
  });

  test("a font is there when any of its 8 KiB is", () => {
    const { vga, put } = screen();
    put(0, 0xdd);
    const first = (): string => part(vga, 0, 0, 9, 1)[0]!;
    vga.memory.bytes[0x2000 * 4 + 2] = 1; // Font 4.
    expect(first()).toBe("####.....");
    vga.memory.bytes[0x1fff * 4 + 2] = 1;
    expect(first()).toBe(".........");
    vga.memory.bytes[0x1fff * 4 + 2] = 0;
    vga.memory.bytes[2] = 1;
    expect(first()).toBe(".........");
  });

  test("built-in characters have sixteen lines, whatever a cell has", () => {
    const { vga, put } = screen();
    put(0, BLOCK);
    vga.crtc[9] = 0x1f;
    expect(part(vga, 0, 14, 1, 4)).toEqual(["#", "#", ".", "."]);
  });

  test.each([
    ["six bits of the palette", 0x0c, 0x15, 0, 0xff, 0x15],
    ["not more", 0x0c, 0xff, 0, 0xff, 0x3f],
    ["bits 7-6 from the colour select", 0x0c, 0x15, 0x0f, 0xff, 0xd5],
    ["and 5-4 when it says so", 0x8c, 0x35, 0x02, 0xff, 0x25],
    ["all four", 0x8c, 0x35, 0x0f, 0xff, 0xf5],
    ["bit 7 alone", 0x8c, 0x0a, 0x08, 0xff, 0x8a],
    ["through the mask", 0x0c, 0x3f, 0x0f, 0x5a, 0x5a],
  ])("colours: %s", (_name, mode, inner, select, mask, expected) => {
    const { vga, put } = screen();
    put(0, BLOCK);
    for (let entry = 0; entry < 256; entry++) vga.palette.set([entry & 63, entry >> 6, 63 - (entry & 63)], entry * 3);
    vga.attribute[0x10] = mode;
    vga.attribute[0x14] = select;
    vga.attribute[7] = inner;
    vga.pelMask = mask;
    const eight = (six: number): number => (six << 2) | (six >> 4);
    expect(pixel(vga, 0, 0)).toBe([expected & 63, expected >> 6, 63 - (expected & 63)].map(eight).join());
  });

  test("the background has eight colours with blinking, else sixteen", () => {
    const { vga, put } = screen();
    put(0, 0x20, 0x97);
    put(1, BLOCK, 0x9f);
    vga.attribute[0x10] = 0x0c;
    expect([pixel(vga, 0, 0), pixel(vga, 9, 0)]).toEqual(["0,0,170", "255,255,255"]);
    vga.attribute[0x10] = 0x04;
    expect(pixel(vga, 0, 0)).toBe("85,85,255");
  });

  test("cells of eight pixels have no ninth column, and a screen of them is 640 by 400", () => {
    const { vga, put } = screen();
    vga.sequencer[1] = 0x01;
    put(79, BLOCK);
    put(80, BLOCK);
    const { width, height, rgba } = renderScreen(vga);
    expect([width, height, rgba.length]).toEqual([640, 400, 640 * 400 * 4]);
    const inked = Array.from({ length: 640 * 400 }, (_, at) => at).filter((at) => rgba[at * 4] !== 0);
    expect(inked.length).toBe(2 * 8 * 16);
    expect([inked[0], inked.at(-1)]).toEqual([632, 31 * 640 + 7]);
  });

  test("at half the dot clock each dot is two pixels wide, and 40 columns fill the screen", () => {
    const { vga, put } = screen();
    vga.sequencer[1] = 0x08;
    vga.crtc[1] = 39;
    vga.crtc[0x13] = 20;
    put(39, BLOCK);
    put(40, BLOCK);
    const { width, rgba } = renderScreen(vga);
    const inked = Array.from({ length: width * 400 }, (_, at) => at).filter((at) => rgba[at * 4] !== 0);
    expect(width).toBe(720);
    expect([inked[0], inked.at(-1)]).toEqual([702, 31 * 720 + 17]);
    expect(inked.length).toBe(2 * 18 * 16);
  });

  test("720 by 400: more columns and lines than that are not seen", () => {
    const { vga, put } = screen();
    vga.crtc[1] = 99;
    vga.crtc[0x13] = 50;
    vga.crtc[9] = 12;
    vga.crtc[7] = 0x42;
    put(79, BLOCK);
    put(80, BLOCK);
    put(30 * 100, BLOCK);
    put(31 * 100, BLOCK);
    expect([pixel(vga, 719, 0), pixel(vga, 0, 1), pixel(vga, 0, 389), pixel(vga, 0, 390), pixel(vga, 0, 399)]).toEqual([
      ...["170,170,170", "0,0,0", "0,0,0", "170,170,170", "170,170,170"],
    ]);
    const { width, height, rgba } = renderScreen(vga);
    expect([width, height, rgba.length]).toEqual([720, 400, 720 * 400 * 4]);
  });
});

describe("text", () => {
  test.each([
    ["ordinary", 0x02, 0x8f, 0x0f, 25],
    ["half as high", 0x02, 0x8f, 0x07, 50],
    ["without bit 8", 0xbd, 0x8f, 0x0f, 9],
    ["with bit 9", 0x42, 0x8f, 0x0f, 57],
    ["bit 9 alone", 0x40, 0x8f, 0x0f, 41],
    ["upper bits of the height", 0x02, 0x8f, 0xef, 25],
    ["a row that is cut", 0x02, 0x8e, 0x0f, 24],
    ["a hundred at most", 0x42, 0xff, 0x00, 100],
  ])("rows: %s", (_name, overflow, end, height, rows) => {
    const { vga } = screen();
    vga.crtc[7] = overflow;
    vga.crtc[0x12] = end;
    vga.crtc[9] = height;
    const text = readTextScreen(vga);
    expect([text.rows, text.columns, text.cells.length, text.lines.length]).toEqual([rows, 80, rows * 80, rows]);
  });

  test("start, pitch and width; addresses go around at 64 Ki", () => {
    const { vga, put } = screen();
    vga.crtc[1] = 39;
    vga.crtc[0x13] = 25;
    vga.crtc.set([0xff, 0xf0], 0x0c);
    put(0xfff0, 0x41);
    put(0x0000, 0x42, 0x1e);
    put(0x0017, 0x43);
    put(0x0018, 0x44);
    put(50 - 16, 0x45);
    const text = readTextScreen(vga);
    expect([text.columns, text.cells.length]).toEqual([40, 1000]);
    expect([text.cells[0], text.cells[16], text.cells[39], text.cells[40]]).toEqual([0x741, 0x1e42, 0x743, 0x745]);
    expect(text.lines[0]).toBe(`A${" ".repeat(15)}B${" ".repeat(22)}C`);
    expect(text.lines[1]).toBe("E");
    vga.crtc.set([0x01, 0x02], 0x0c);
    put(0x102, 0x46);
    expect(readTextScreen(vga).lines[0]).toBe("F");
  });

  test.each<[string, number, number, { row: number; column: number } | null]>([
    ["at the start", 0x150, 45, { row: 0, column: 0 }],
    ["in front of it", 0x14f, 45, null],
    ["the last column", 0x150 + 79, 45, { row: 0, column: 79 }],
    ["beyond it", 0x150 + 80, 45, null],
    ["the next row", 0x150 + 90, 45, { row: 1, column: 0 }],
    ["the last place", 0x150 + 24 * 90 + 79, 45, { row: 24, column: 79 }],
    ["below", 0x150 + 25 * 90, 45, null],
    ["no pitch", 0x150, 0, null],
  ])("cursor: %s", (_name, place, pitch, expected) => {
    const { vga } = screen();
    vga.crtc[0x0a] = 0x0d;
    vga.crtc.set([0x01, 0x50, place >> 8, place & 0xff], 0x0c);
    vga.crtc[0x13] = pitch;
    expect(readTextScreen(vga).cursor).toEqual(expected);
    vga.crtc[0x0a] = 0x2d;
    expect(readTextScreen(vga).cursor).toBeNull();
  });

  test("code page 437", () => {
    const { vga, put } = screen();
    vga.crtc[1] = 0x7f;
    vga.crtc[0x13] = 0x40;
    for (let character = 0; character < 256; character++) put(character, character);
    const [lower, upper] = readTextScreen(vga).lines;
    expect(lower).toBe(
      " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼ !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~⌂",
    );
    expect(upper).toBe(
      "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■",
    );
  });

  test("graphics modes have no text, and no cursor", () => {
    const { vga } = screen();
    vga.graphics[6] = 5;
    expect(readTextScreen(vga)).toEqual({
      columns: 0,
      rows: 0,
      cells: new Uint16Array(0),
      cursor: null,
      lines: [],
      isMonochrome: false,
    });
  });
});

/** Pictures as terminals take them, read back by decoders of our own. */
import { inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Picture } from "../../emulator/machine.ts";
import { kittyPicture, PICTURE_COLUMNS, PICTURE_ROWS, sixelPicture } from "../../src/cli/emu/picture-ways.ts";

const CELL = { width: 4, height: 8 };
const [WIDTH, HEIGHT] = [PICTURE_COLUMNS * CELL.width, PICTURE_ROWS * CELL.height];

function picture(colourAt: (x: number, y: number) => number, width = WIDTH, height = HEIGHT): Picture {
  const rgba = new Uint8Array(4 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      new DataView(rgba.buffer).setUint32(4 * (y * width + x), (colourAt(x, y) << 8) | 255);
  return { width, height, rgba };
}

/** Colours of the points, from what a terminal with sixels is sent. */
function pointsOf(text: string): { readonly width: number; readonly points: number[] } {
  const [, width, height, content] = /^\x1bP0;1;0q"1;1;(\d+);(\d+)(.*)\x1b\\$/s.exec(text)!;
  const points = new Array<number>(Number(width) * Number(height)).fill(-1);
  const colours = new Map<string, number>();
  let [x, y, colour] = [0, 0, 0];
  for (const [, number, red, green, blue, count, sixel, end] of content!.matchAll(
    /#(\d+)(?:;2;(\d+);(\d+);(\d+))?|(?:!(\d+))?([?-~])|([$-])/g,
  )) {
    if (red !== undefined) {
      const [r, g, b] = [red, green, blue].map((percent) => Math.round((Number(percent) * 255) / 100));
      colours.set(number!, (r! << 16) | (g! << 8) | b!);
    } else if (number !== undefined) colour = colours.get(number)!;
    else if (sixel !== undefined)
      for (let left = Number(count ?? 1); left > 0; left--, x++)
        for (let bit = 0; bit < 6; bit++)
          if ((sixel.charCodeAt(0) - 0x3f) & (1 << bit)) points[(y + bit) * Number(width) + x] = colour;
    if (end !== undefined) {
      x = 0;
      if (end === "-") y += 6;
    }
  }
  return { width: Number(width), points };
}

describe("sixels", () => {
  // 51 is a fifth of 255: percent say it exactly.
  const pattern = (x: number, y: number): number =>
    ((x >> 3) % 6) * 0x330000 + ((y >> 2) % 6) * 0x3300 + 0x33 * (x & 1);

  test("are the picture, point by point", () => {
    const { width, points } = pointsOf(sixelPicture(picture(pattern), CELL));
    expect(width).toBe(WIDTH);
    expect(points).toEqual(
      Array.from({ length: WIDTH * HEIGHT }, (_, at) => pattern(at % WIDTH, Math.floor(at / WIDTH))),
    );
  });

  test("stretch a picture over the cells", () => {
    const small = picture((x, y) => (x < 5 && y < 5 ? 0xff0000 : 0xff), 10, 10);
    const { points } = pointsOf(sixelPicture(small, CELL));
    expect(points[0]).toBe(0xff0000);
    expect(points[(HEIGHT / 2 - 1) * WIDTH + WIDTH / 2 - 1]).toBe(0xff0000);
    expect(points[(HEIGHT / 2) * WIDTH + WIDTH / 2]).toBe(0xff);
  });

  test("have no more than 256 colours, near those of the picture", () => {
    const many = (x: number, y: number): number => (x << 16) | (y << 8) | ((x + y) & 0xff);
    const text = sixelPicture(picture(many, 200, 200), CELL);
    expect(text.match(/#\d+;2;/g)!.length).toBeLessThanOrEqual(256);
    const { points } = pointsOf(text);
    const far = points.findIndex((colour, at) => {
      const [x, y] = [Math.floor(((at % WIDTH) * 200) / WIDTH), Math.floor((Math.floor(at / WIDTH) * 200) / HEIGHT)];
      return Math.abs((colour >> 16) - x) > 64 || Math.abs(((colour >> 8) & 0xff) - y) > 64;
    });
    expect(far).toBe(-1);
  });

  test("do not grow without bound with the size that a terminal claims", () => {
    expect(
      sixelPicture(
        picture(() => 0x123456, 4, 4),
        { width: 1e6, height: 1e6 },
      ).length,
    ).toBeLessThan(50_000);
  });
});

test("kitty gets a PNG in pieces of 4,096 bytes at most", () => {
  const noise = (x: number, y: number): number => Math.imul(x * 7919 + y, 2654435761) >>> 8;
  const text = kittyPicture(picture(noise));
  const pieces = [...text.matchAll(/\x1b_G([^;]*);([^\x1b]*)\x1b\\/g)];
  expect(pieces.length).toBeGreaterThan(2);
  expect(pieces.map(([, head]) => /m=(\d)/.exec(head!)![1]).join("")).toMatch(/^1+0$/);
  expect(Math.max(...pieces.map(([, , content]) => content!.length))).toBeLessThanOrEqual(4096);
  expect(pieces[0]![1]).toMatch(/^a=T,f=100,.*c=80,r=25/);
  const png = Buffer.from(pieces.map(([, , content]) => content).join(""), "base64");
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([WIDTH, HEIGHT]);
  const rows = inflateSync(png.subarray(41, 41 + png.readUInt32BE(33)));
  expect(rows.readUIntBE(1 + 4 * 5, 3)).toBe(noise(5, 0));
});

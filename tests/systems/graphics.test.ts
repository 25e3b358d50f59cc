/** Graphics modes: what a guest draws after INT 10h is in the picture, at the mode's own resolution. */
import { describe, expect, test } from "vitest";
import { guest } from "./guest.ts";
import { ourFirmware } from "./packages.ts";
import { System } from "./system.ts";

const MODE_OFFSET = 508;

/** The picture after a guest has set a mode and drawn. */
function draw(mode: number): { width: number; height: number; pixel(x: number, y: number): string; system: System } {
  const disk = new Uint8Array(1 << 20);
  disk.set(guest("tests/guest/programs/graphics.s"));
  disk[MODE_OFFSET] = mode;
  const system = new System({ firmware: ourFirmware(), disk });
  system.untilSerial(/done/, 5);
  const { width, height, rgba } = system.machine.screenshot();
  const pixel = (x: number, y: number): string => {
    const at = (y * width + x) * 4;
    return [...rgba.subarray(at, at + 3)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  return { width, height, pixel, system };
}

describe("graphics modes", () => {
  test.each([
    [0x0d, 320, 200],
    [0x0e, 640, 200],
    [0x10, 640, 350],
    [0x11, 640, 480],
    [0x12, 640, 480],
  ])("mode %s has planes, %i x %i", (mode, width, height) => {
    const picture = draw(mode);
    expect([picture.width, picture.height]).toEqual([width, height]);
    // Yellow is 14 in the standard palette; mode 11h shows every colour with plane 0 clear as black.
    const expected = mode === 0x11 ? "000000" : "ffff55";
    expect([picture.pixel(0, 0), picture.pixel(15, 0)]).toEqual([expected, expected]);
    expect([picture.pixel(16, 0), picture.pixel(0, 1)]).toEqual(["000000", "000000"]);
  });

  test("mode 13h has 256 colours, 320 x 200", () => {
    const { width, height, pixel } = draw(0x13);
    expect([width, height]).toEqual([320, 200]);
    expect([1, 4, 15, 16, 31, 32, 40, 48, 0x68].map((colour) => pixel(colour, 0))).toEqual([
      "0000aa",
      "aa0000",
      "ffffff",
      "000000",
      "ffffff",
      "0000ff",
      "ff0000",
      "00ff00",
      "000071",
    ]);
    expect(pixel(1, 1)).toBe("000000");
  });

  test("the start address, panning, and the split screen move the picture", () => {
    const { system } = draw(0x12);
    const { vga } = system.machine.board;
    const isLit = (x: number, y: number): boolean => {
      const { width, rgba } = system.machine.screenshot();
      return rgba[(y * width + x) * 4] === 0xff;
    };
    vga.attribute[0x13] = 4;
    expect([isLit(11, 0), isLit(12, 0)]).toEqual([true, false]);
    vga.crtc[0x0d] = 80;
    expect(isLit(0, 0)).toBe(false);
    // From line 101 on memory begins anew.
    vga.crtc[0x18] = 100;
    vga.crtc[7]! &= ~0x10;
    vga.crtc[9]! &= ~0x40;
    expect([isLit(0, 100), isLit(0, 101), isLit(12, 101)]).toEqual([false, true, false]);
  });

  test("the display interface shows a linear frame buffer of 1920 x 1200", () => {
    const system = new System({ firmware: ourFirmware() });
    system.run(0.01);
    const { board } = system.machine;
    const set = (index: number, value: number): void => {
      board.writePort(0x1ce, 2, index);
      board.writePort(0x1cf, 2, value);
    };
    board.writePort(0x1ce, 2, 0);
    expect(board.readPort(0x1cf, 2)).toBe(0xb0c5);
    for (const [index, value] of [
      [1, 1920],
      [2, 1200],
      [3, 32],
      [4, 0x41],
    ] as const)
      set(index, value);
    // The frame buffer is BAR 0 of the display adapter, where POST has put it.
    board.writePort(0xcf8, 4, 0x80001010);
    const base = (board.readPort(0xcfc, 4) & ~15) >>> 0;
    const last = (1920 * 1200 - 1) * 4;
    board.writeMmio(base + last, 4, 0x00123456);
    const { width, height, rgba } = system.machine.screenshot();
    expect([width, height]).toEqual([1920, 1200]);
    expect([...rgba.subarray(last, last + 4)]).toEqual([0x12, 0x34, 0x56, 0xff]);
    set(5, 140);
    expect(board.readMmio(0xa0000 + (last - 140 * 65536), 4)).toBe(0x00123456);
    expect(system.screen.rows).toBe(0);
  });
});

/** What people see and type: serial lines, keyboard, screen. */
import { describe, expect, test } from "vitest";
import {
  KEYS,
  keystrokeOf,
  SET2_TO_SET1,
  scanCodeBytes,
  translateToSet1,
} from "../../../emulator/devices/input/scancodes.ts";
import { glyph } from "../../../emulator/devices/video/vga-font.ts";
import { readTextScreen, renderScreen } from "../../../emulator/devices/video/vga-text.ts";
import { TestBoard } from "./harness.ts";

const FAST = "out 3fb 83; out 3f8 01; out 3f9 00; out 3fb 03; out 3fc b";
const CHARACTER_NS = 86_806;

describe("serial line", () => {
  test("bytes leave at once, and nothing is lost however fast they are written", () => {
    const machine = new TestBoard();
    machine.run(FAST);
    const bytes = Array.from({ length: 40 }, (_, index) => index + 0x30);
    for (const byte of bytes) machine.run(`out 3f8 ${byte.toString(16)}; in 3fd = 60`);
    expect(machine.characters[0]).toEqual(bytes);
  });

  test("bytes arrive at the line rate, and wait while the receiver is full", () => {
    const machine = new TestBoard();
    machine.run(FAST);
    machine.board.uarts[0]!.receive(Uint8Array.from([1, 2, 3]));
    machine.time.advance(10 * CHARACTER_NS);
    machine.run(
      `in 3fd & 3 = 1; in 3f8 = 1; in 3fd & 1 = 0; wait ${CHARACTER_NS}ns; in 3f8 = 2; wait ${CHARACTER_NS}ns; in 3f8 = 3; in 3fd & 3 = 0`,
    );
  });

  test("the FIFO takes sixteen", () => {
    const machine = new TestBoard();
    machine.run(`${FAST}; out 3fa c1; out 3f9 1`);
    machine.board.uarts[0]!.receive(Uint8Array.from({ length: 40 }, (_, index) => index));
    machine.time.advance(13 * CHARACTER_NS);
    machine.run("in 3fa = c1");
    machine.time.advance(CHARACTER_NS + 1000);
    machine.run("in 3fa = c4");
    machine.time.advance(100 * CHARACTER_NS);
    expect(machine.board.uarts[0]!.waitingBytes).toBe(24);
    for (let index = 0; index < 40; index++) {
      machine.run(`in 3fd & 3 = 1; in 3f8 = ${index.toString(16)}`);
      machine.time.advance(2 * CHARACTER_NS);
    }
  });
});

test("what the host has sent to a line is dropped with the power", () => {
  const machine = new TestBoard();
  machine.run(FAST);
  const line = machine.board.uarts[0]!;
  line.receive(Uint8Array.of(1, 2, 3));
  line.discardIncoming();
  machine.run(`wait ${5 * CHARACTER_NS}ns; in 3fd & 1 = 0`);
  line.receive(Uint8Array.of(9));
  machine.run(`wait ${CHARACTER_NS}ns; in 3f8 = 9; wait ${5 * CHARACTER_NS}ns; in 3fd & 1 = 0`);
});

describe("keyboard", () => {
  /** Reads what the guest would get from port 60h. */
  function typed(machine: TestBoard): number[] {
    const bytes: number[] = [];
    for (let idle = 0; idle < 3; ) {
      machine.time.advance(1_000_000);
      if (machine.board.readPort(0x64, 1) & 1) {
        bytes.push(machine.board.readPort(0x60, 1));
        idle = 0;
      } else {
        idle++;
      }
    }
    return bytes;
  }

  test("types text as make and break codes of set 1 when the controller translates", () => {
    const machine = new TestBoard();
    machine.run("out 64 60; out 60 41");
    machine.board.keyboard.type("a!\n");
    expect(typed(machine)).toEqual([0x1e, 0x9e, 0x2a, 0x02, 0x82, 0xaa, 0x1c, 0x9c]);
  });

  test("and of set 2 when it does not", () => {
    const machine = new TestBoard();
    machine.run("out 64 60; out 60 01");
    machine.board.keyboard.key(KEYS.up, true);
    machine.board.keyboard.key(KEYS.up, false);
    expect(typed(machine)).toEqual([0xe0, 0x75, 0xe0, 0xf0, 0x75]);
  });

  test("long texts wait and lose nothing, also while scanning is off", () => {
    const machine = new TestBoard();
    machine.run("out 64 60; out 60 41; out 60 f5; settle 2ms; in 60 = fa");
    machine.board.keyboard.type("x".repeat(200));
    expect(typed(machine)).toEqual([]);
    machine.run("out 60 f4; settle 2ms; in 60 = fa");
    expect(typed(machine)).toEqual(Array.from({ length: 400 }, (_, index) => (index % 2 ? 0xad : 0x2d)));
    expect(() => machine.board.keyboard.type("ä")).toThrow(RangeError);
  });

  test("the translation table is one to one, and every key has a code", () => {
    expect(new Set(SET2_TO_SET1).size).toBe(SET2_TO_SET1.length);
    for (let character = 32; character < 127; character++)
      expect(keystrokeOf(String.fromCharCode(character))).not.toBeNull();
    for (const key of Object.values(KEYS)) {
      const set2 = scanCodeBytes(key, true, 2).map((byte) => (byte === 0xf0 ? -1 : translateToSet1(byte)));
      if (key !== KEYS.pause) expect(set2).toEqual([...scanCodeBytes(key, true, 1)]);
    }
    expect([0x83, 0x84, 0x85, 0xfa].map(translateToSet1)).toEqual([0x41, 0x54, 0x85, 0xfa]);
    expect(keystrokeOf("\x01")).toEqual({ key: 0x1e, modifier: KEYS.control });
    expect(keystrokeOf("\x1a")).toEqual({ key: 0x2c, modifier: KEYS.control });
    for (const none of ["\0", "\x1c", "\x1f", "\u00e4"]) expect(keystrokeOf(none)).toBeNull();
    expect(keystrokeOf("\x03")).toEqual({ key: 0x2e, modifier: KEYS.control });
  });
});

test("a character and its shifted one are on the same key of a US keyboard", () => {
  const plain = "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./";
  const shifted = '~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?';
  for (const [index, character] of [...plain].entries()) {
    const { key } = keystrokeOf(character)!;
    expect(keystrokeOf(character)).toEqual({ key, modifier: null });
    expect(keystrokeOf(shifted[index]!)).toEqual({ key, modifier: KEYS.shift });
  }
});

describe("screen", () => {
  function write(machine: TestBoard, row: number, text: string, attribute = 0x07): void {
    [...text].forEach((character, column) =>
      machine.board.writeMmio(0xb8000 + (row * 80 + column) * 2, 2, character.charCodeAt(0) | (attribute << 8)),
    );
  }

  test("text, attributes, cursor, start address", () => {
    const machine = new TestBoard();
    write(machine, 0, "Hello", 0x1e);
    write(machine, 24, "\xc9\xcd\xbb");
    machine.run("out 3d4 e; out 3d5 0; out 3d4 f; out 3d5 55");
    const screen = readTextScreen(machine.board.vga);
    expect([screen.columns, screen.rows, screen.cells[0]]).toEqual([80, 25, 0x1e48]);
    expect([screen.lines[0], screen.lines[1], screen.lines[24]]).toEqual(["Hello", "", "╔═╗"]);
    expect(screen.cursor).toEqual({ row: 1, column: 5 });
    machine.run("out 3d4 c; out 3d5 0; out 3d4 d; out 3d5 50; out 3d4 a; out 3d5 20");
    const scrolled = readTextScreen(machine.board.vga);
    expect([scrolled.lines[23], scrolled.cursor]).toEqual(["╔═╗", null]);
  });

  test("a picture in the colours of the attributes", () => {
    const machine = new TestBoard();
    machine.run("out 3d4 a; out 3d5 20");
    write(machine, 0, "\xdb ", 0x4e); // A full block, then a blank: yellow on red.
    const { width, height, rgba } = renderScreen(machine.board.vga);
    expect([width, height]).toEqual([720, 400]);
    const pixel = (x: number, y: number): number[] =>
      Array.from(rgba.subarray((y * 720 + x) * 4, (y * 720 + x) * 4 + 4));
    expect(pixel(0, 0)).toEqual([255, 255, 85, 255]);
    expect(pixel(8, 15)).toEqual([255, 255, 85, 255]);
    expect(pixel(9, 0)).toEqual([170, 0, 0, 255]);
    expect(pixel(20, 0)).toEqual([0, 0, 0, 255]);
  });

  test("a font in plane 2 takes the place of the built-in one", () => {
    const machine = new TestBoard();
    machine.run("out 3d4 a; out 3d5 20");
    write(machine, 0, "A");
    machine.board.vga.memory.bytes[(0x41 * 32 + 5) * 4 + 2] = 0x80;
    const { rgba } = renderScreen(machine.board.vga);
    const lit = Array.from(
      { length: 16 * 9 },
      (_, index) => rgba[(Math.floor(index / 9) * 720 + (index % 9)) * 4]! > 0,
    );
    expect(lit.filter(Boolean).length).toBe(1);
    expect(lit[5 * 9]).toBe(true);
  });

  test("graphics modes have no text, and blanked screens are black", () => {
    const machine = new TestBoard();
    write(machine, 0, "\xdb");
    machine.run("out 3ce 6; out 3cf 5");
    expect(readTextScreen(machine.board.vga).rows).toBe(0);
    machine.run("out 3c4 1; out 3c5 23");
    expect(renderScreen(machine.board.vga).rgba.some((byte, index) => index % 4 !== 3 && byte !== 0)).toBe(false);
  });

  test("every printable character has a shape of its own", () => {
    const shapes = Array.from({ length: 95 }, (_, index) => Array.from(glyph(32 + index)).join());
    expect(new Set(shapes).size).toBe(95);
    for (let character = 0xb3; character <= 0xda; character++)
      expect(glyph(character).some((row) => row !== 0)).toBe(true);
    expect(glyph(0xdb).every((row) => row === 0xff)).toBe(true);
  });
});

/** The text screen that a VGA shows: its characters with attributes, and a picture of it. */

import { UPPER_437 } from "../../src/bytes/code-page-437.ts";
import type { Vga } from "./vga.ts";
import { glyph } from "./vga-font.ts";
import { attributeEntries, dacColours, type Picture, renderGraphics, visibleLines } from "./vga-graphics.ts";

/** What a screen of code page 437 has for characters 00h to 1Fh, which are no control characters there. */
const LOWER = " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼";

/** A character of a text screen in Unicode. */
export function unicodeOf(character: number): string {
  if (character < 0x20) return LOWER[character]!;
  if (character < 0x7f) return String.fromCharCode(character);
  if (character === 0x7f) return "⌂";
  return character === 0xff ? " " : UPPER_437[character - 0x80]!;
}

export interface TextScreen {
  columns: number;
  rows: number;
  /** Row by row; character in the lower byte, attribute in the upper. Empty in graphics modes. */
  cells: Uint16Array;
  /** Where the cursor is, null when it is off or outside. */
  cursor: { column: number; row: number } | null;
  /** Each row as text, without trailing blanks. */
  lines: string[];
  /** Attributes are those of a monochrome screen: normal, bright, reverse, underlined. */
  isMonochrome: boolean;
}

const PICTURE_HEIGHT = 400;
/** Characters beside each other that a picture has at most, in cells of either width. */
const PICTURE_COLUMNS = 80;
const OPAQUE_BLACK = 0xff000000;
const CRTC_UNDERLINE = 0x14;
const ATTRIBUTE_MODE = 0x10;
const MONOCHROME = 0x02;
/** Attributes with foreground 1 and background 0 are underlined, on the line that the CRT controller says. */
const UNDERLINE_BITS = 0x77;
const UNDERLINED = 0x01;
const SEQUENCER_CLOCKING = 0x01;
const EIGHT_DOTS = 0x01;
const HALF_DOT_CLOCK = 0x08;

/**
 * Nine dots for each character, of which the ninth repeats the eighth for line graphics; eight where the guest says so.
 */
function dotsOf(vga: Vga): number {
  return vga.sequencer[SEQUENCER_CLOCKING]! & EIGHT_DOTS ? 8 : 9;
}

/** How many pixels of the picture a dot is wide: at half the clock, that of 40 columns, two. */
function dotWidth(vga: Vga): number {
  return vga.sequencer[SEQUENCER_CLOCKING]! & HALF_DOT_CLOCK ? 2 : 1;
}

function word(crtc: Uint8Array, high: number): number {
  return (crtc[high]! << 8) | crtc[high + 1]!;
}

function characterHeight(vga: Vga): number {
  return (vga.crtc[9]! & 0x1f) + 1;
}

export function readTextScreen(vga: Vga): TextScreen {
  const columns = vga.isText ? vga.crtc[1]! + 1 : 0;
  const rows = vga.isText ? Math.min(Math.floor(visibleLines(vga) / characterHeight(vga)), 100) : 0;
  const cells = new Uint16Array(columns * rows);
  const start = word(vga.crtc, 0x0c);
  const pitch = vga.crtc[0x13]! * 2;
  const memory = vga.memory.bytes;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const address = ((start + row * pitch + column) & 0xffff) * 4;
      cells[row * columns + column] = memory[address]! | (memory[address + 1]! << 8);
    }
  }
  const cursor = findCursor(vga, columns, rows, start, pitch);
  const isMonochrome = vga.isText && (vga.attribute[ATTRIBUTE_MODE]! & MONOCHROME) !== 0;
  return { columns, rows, cells, cursor, lines: toLines(cells, columns), isMonochrome };
}

function findCursor(vga: Vga, columns: number, rows: number, start: number, pitch: number): TextScreen["cursor"] {
  const distance = word(vga.crtc, 0x0e) - start;
  if (vga.crtc[0x0a]! & 0x20 || distance < 0 || pitch === 0) return null;
  const row = Math.floor(distance / pitch);
  const column = distance % pitch;
  return row < rows && column < columns ? { column, row } : null;
}

function toLines(cells: Uint16Array, columns: number): string[] {
  const lines: string[] = [];
  for (let start = 0; start < cells.length; start += columns) {
    const row = Array.from(cells.subarray(start, start + columns), (cell) => unicodeOf(cell & 0xff));
    lines.push(row.join("").trimEnd());
  }
  return lines;
}

/** The 16 colours of text, through the attribute controller's palette and the DAC. */
function textColours(vga: Vga): number[] {
  const colours = dacColours(vga);
  return attributeEntries(vga).map((entry) => colours[entry]!);
}

/**
 * Row `line` of a character's shape, from the font in plane 2 if one has been loaded there, else from the built-in one.
 * `font` is the number in sequencer register 3 (0-7).
 */
function shapeRow(vga: Vga, font: number, fontLoaded: boolean, character: number, line: number): number {
  if (!fontLoaded) return glyph(character)[line] ?? 0;
  return vga.memory.bytes[(fontOffset(font) + character * 32 + line) * 4 + 2]!;
}

/** Fonts 0-3 begin at 0, 16, 32, 48 KiB of plane 2, fonts 4-7 at 8, 24, 40, 56 KiB. */
function fontOffset(font: number): number {
  return (font & 3) * 0x4000 + (font >> 2) * 0x2000;
}

function isFontLoaded(vga: Vga, font: number): boolean {
  const start = fontOffset(font);
  for (let byte = 0; byte < 256 * 32; byte++) if (vga.memory.bytes[(start + byte) * 4 + 2] !== 0) return true;
  return false;
}

/**
 * What the monitor shows: 720x400 in text modes, 640x400 in those with cells of eight pixels, and the mode's own
 * resolution in graphics modes. Black while the screen is blanked. The cursor does not blink.
 */
export function renderScreen(vga: Vga): Picture {
  const dots = vga.isText ? dotsOf(vga) : 9;
  const pictureWidth = PICTURE_COLUMNS * dots;
  const rgba = new Uint8Array(pictureWidth * PICTURE_HEIGHT * 4);
  const pixels = new Uint32Array(rgba.buffer).fill(OPAQUE_BLACK);
  const picture = { width: pictureWidth, height: PICTURE_HEIGHT, rgba };
  if (!vga.isVisible) return picture;
  if (!vga.isText) return renderGraphics(vga);
  const screen = readTextScreen(vga);
  const colours = textColours(vga);
  const height = characterHeight(vga);
  const blinking = (vga.attribute[0x10]! & 0x08) !== 0;
  const lineGraphics = (vga.attribute[0x10]! & 0x04) !== 0;
  const underline = vga.crtc[CRTC_UNDERLINE]! & 0x1f;
  const select = vga.sequencer[3]!;
  const fonts = [(select & 3) | ((select >> 2) & 4), ((select >> 2) & 3) | ((select >> 3) & 4)];
  const loaded = fonts.map((font) => isFontLoaded(vga, font));
  const scale = dotWidth(vga);
  const width = dots * scale;
  const columns = Math.min(screen.columns, PICTURE_COLUMNS / scale);
  const rows = Math.min(screen.rows, Math.ceil(PICTURE_HEIGHT / height));
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const cell = screen.cells[row * screen.columns + column]!;
      const character = cell & 0xff;
      const attribute = cell >> 8;
      // Attribute bit 3 selects between the fonts B and A.
      const which = fonts[0] !== fonts[1] && attribute & 0x08 ? 1 : 0;
      const font = fonts[which]!;
      const foreground = colours[attribute & 15]!;
      const background = colours[(attribute >> 4) & (blinking ? 7 : 15)]!;
      const hasCursor = screen.cursor?.row === row && screen.cursor.column === column;
      for (let line = 0; line < height; line++) {
        let bits = shapeRow(vga, font, loaded[which]!, character, line) << 1;
        if (lineGraphics && character >= 0xc0 && character <= 0xdf) bits |= (bits >> 1) & 1;
        if ((attribute & UNDERLINE_BITS) === UNDERLINED && line === underline) bits = 0x1ff;
        if (hasCursor && line >= (vga.crtc[0x0a]! & 31) && line <= (vga.crtc[0x0b]! & 31)) bits = 0x1ff;
        const y = row * height + line;
        if (y >= PICTURE_HEIGHT) break;
        // The picture is black already, as most of most screens.
        if (bits === 0 && background === OPAQUE_BLACK) continue;
        const start = y * pictureWidth + column * width;
        for (let x = 0; x < width; x++)
          pixels[start + x] = (bits >> (8 - Math.floor(x / scale))) & 1 ? foreground : background;
      }
    }
  }
  return picture;
}

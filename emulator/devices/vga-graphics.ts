/**
 * The picture of a VGA in graphics modes, as its registers make it: 16 colours from four planes, the two bits a pixel
 * of the CGA, 256 colours chained or not; panning, split screen, doubled lines; and the linear modes of the Bochs
 * display interface. Source: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem". A picture has the
 * mode's own resolution: lines and pixels that the adapter repeats are there once.
 */
import type { Vga } from "./vga.ts";

export interface Picture {
  width: number;
  height: number;
  /** Red, green, blue, opacity: one byte each. */
  rgba: Uint8Array;
}

const CRTC_PRESET_ROW = 0x08;
const CRTC_MAXIMUM_SCAN_LINE = 0x09;
const CRTC_MODE = 0x17;
const CRTC_LINE_COMPARE = 0x18;
const DOUBLE_LINES = 0x80;
const WORD_MODE_OFF = 0x40;
const SHIFT_256 = 0x40;
const SHIFT_INTERLEAVED = 0x20;
const PLANE_BYTES = 0x10000;
const ATTRIBUTE_MODE = 0x10;
const PANNING_COMPATIBLE = 0x20;
const ATTRIBUTE_PLANES = 0x12;
const ATTRIBUTE_PANNING = 0x13;

/** 256 colours of the DAC as words of red, green, blue and opacity. */
export function dacColours(vga: Vga): Uint32Array {
  const bytes = new Uint8Array(1024);
  for (let index = 0; index < 256; index++) {
    for (let part = 0; part < 3; part++) {
      const value = vga.palette[index * 3 + part]!;
      bytes[index * 4 + part] = vga.dispi.isDac8Bit ? value : (value << 2) | (value >> 4);
    }
    bytes[index * 4 + 3] = 0xff;
  }
  return new Uint32Array(bytes.buffer);
}

/** The 16 colours of the attribute controller, as numbers of DAC entries. */
export function attributeEntries({ attribute, pelMask }: Vga): number[] {
  return Array.from({ length: 16 }, (_, index) => {
    const select = attribute[0x14]!;
    const inner = attribute[index]!;
    const upper = attribute[ATTRIBUTE_MODE]! & 0x80 ? (inner & 0x0f) | ((select & 3) << 4) : inner & 0x3f;
    return (upper | ((select & 0x0c) << 4)) & pelMask;
  });
}

function lineCompare({ crtc }: Vga): number {
  return crtc[CRTC_LINE_COMPARE]! | ((crtc[7]! & 0x10) << 4) | ((crtc[CRTC_MAXIMUM_SCAN_LINE]! & 0x40) << 3);
}

/** Last visible scan line plus one: CRTC register 12h with bits 8 and 9 in the overflow register. */
export function visibleLines({ crtc }: Vga): number {
  return (crtc[0x12]! | ((crtc[7]! & 0x02) << 7) | ((crtc[7]! & 0x40) << 3)) + 1;
}

/** A picture of the graphics mode that the registers describe. */
export function renderGraphics(vga: Vga): Picture {
  if (vga.dispi.isEnabled) return renderLinear(vga);
  const { crtc, graphics, attribute } = vga;
  const is256 = (graphics[5]! & SHIFT_256) !== 0;
  const characters = crtc[1]! + 1;
  const width = characters * (is256 ? 4 : 8);
  const doubled = crtc[CRTC_MAXIMUM_SCAN_LINE]! & DOUBLE_LINES ? 2 : 1;
  const rowLines = (crtc[CRTC_MAXIMUM_SCAN_LINE]! & 0x1f) + 1;
  // Where the row's scan line is part of the address, all of them differ.
  const isBanked = (crtc[CRTC_MODE]! & 3) !== 3;
  const repeat = doubled * (isBanked ? 1 : rowLines);
  const lines = visibleLines(vga);
  const height = Math.max(1, Math.floor(lines / repeat));
  const words = new Uint32Array(width * height);
  const colours = dacColours(vga);
  const pitch = crtc[0x13]! * 2;
  const splitAt = lineCompare(vga);
  let panning = attribute[ATTRIBUTE_PANNING]! & 0x0f;
  if (is256) panning >>= 1;
  let start = ((crtc[0x0c]! << 8) | crtc[0x0d]!) + ((crtc[CRTC_PRESET_ROW]! >> 5) & 3);
  let firstRow = 0;
  for (let line = 0; line < height; line++) {
    const scanLine = line * repeat;
    if (scanLine > splitAt && firstRow === 0) {
      firstRow = line;
      start = 0;
      if (attribute[ATTRIBUTE_MODE]! & PANNING_COMPATIBLE) panning = 0;
    }
    const row = line - firstRow;
    let address = start + (isBanked ? Math.floor(row / rowLines) : row) * pitch;
    if (isBanked) {
      const bank = crtc[CRTC_MODE]! & WORD_MODE_OFF ? 13 : 12;
      const scan = row % rowLines;
      if (!(crtc[CRTC_MODE]! & 1)) address = (address & ~(1 << bank)) | ((scan & 1) << bank);
      if (!(crtc[CRTC_MODE]! & 2)) address = (address & ~(2 << bank)) | ((scan & 2) << bank);
    }
    const target = words.subarray(line * width, (line + 1) * width);
    if (is256) row256(vga, address, panning, target, colours);
    else row16(vga, address, panning & 7, target, colours);
  }
  return { width, height, rgba: new Uint8Array(words.buffer) };
}

function row256({ memory, pelMask }: Vga, address: number, panning: number, target: Uint32Array, colours: Uint32Array) {
  for (let x = 0; x < target.length; x++)
    target[x] = colours[memory.bytes[(address * 4 + x + panning) & (4 * PLANE_BYTES - 1)]! & pelMask]!;
}

function row16(vga: Vga, address: number, panning: number, target: Uint32Array, colours: Uint32Array): void {
  const { memory, graphics, attribute } = vga;
  const entries = attributeEntries(vga);
  const planes = attribute[ATTRIBUTE_PLANES]! & 0x0f;
  const isInterleaved = (graphics[5]! & SHIFT_INTERLEAVED) !== 0;
  for (let x = 0; x < target.length; x++) {
    const at = x + panning;
    const cell = ((address + (at >> 3)) & (PLANE_BYTES - 1)) * 4;
    const bit = at & 7;
    let colour = 0;
    if (isInterleaved) {
      // Two bits a pixel: four pixels from planes 0 and 2, four from planes 1 and 3.
      const shift = 6 - 2 * (bit & 3);
      const low = memory.bytes[cell + (bit >> 2)]! >> shift;
      const high = memory.bytes[cell + 2 + (bit >> 2)]! >> shift;
      colour = (low & 3) | ((high & 3) << 2);
    } else for (let plane = 0; plane < 4; plane++) colour |= ((memory.bytes[cell + plane]! >> (7 - bit)) & 1) << plane;
    target[x] = colours[entries[colour & planes]!]!;
  }
}

/** A linear frame buffer of 8, 15, 16, 24 or 32 bits a pixel, or planes of 4. */
function renderLinear(vga: Vga): Picture {
  const { dispi } = vga;
  const { width, height, bitsPerPixel, pitchBytes, startBytes } = dispi;
  const words = new Uint32Array(width * height);
  const colours = dacColours(vga);
  const pixelBytes = (bitsPerPixel + 7) >> 3;
  const five = (value: number): number => ((value & 31) << 3) | ((value & 31) >> 2);
  for (let y = 0; y < height; y++) {
    const target = words.subarray(y * width, (y + 1) * width);
    if (bitsPerPixel === 4) {
      row16(vga, (startBytes + y * pitchBytes) & (PLANE_BYTES - 1), 0, target, colours);
      continue;
    }
    for (let x = 0; x < width; x++) {
      const at = startBytes + y * pitchBytes + x * pixelBytes;
      if (bitsPerPixel === 8) target[x] = colours[dispi.peek(at) & vga.pelMask]!;
      else if (pixelBytes >= 3)
        target[x] = (0xff000000 | (dispi.peek(at) << 16) | (dispi.peek(at + 1) << 8) | dispi.peek(at + 2)) >>> 0;
      else {
        const value = dispi.peek(at) | (dispi.peek(at + 1) << 8);
        const green = bitsPerPixel === 15 ? five(value >> 5) : ((value >> 3) & 0xfc) | ((value >> 9) & 3);
        const red = five(value >> (bitsPerPixel === 15 ? 10 : 11));
        target[x] = (0xff000000 | (five(value) << 16) | (green << 8) | red) >>> 0;
      }
    }
  }
  return { width, height, rgba: new Uint8Array(words.buffer) };
}

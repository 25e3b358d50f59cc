/**
 * The 256 KiB of VGA memory in four planes, and the paths between them and the processor: odd/even and chained
 * addressing, write modes 0-3, read modes 0 and 1, latches. Source: IBM PS/2 Hardware Interface Technical Reference,
 * "Video Subsystem".
 *
 * The planes are interleaved: byte `address * 4 + plane`. In text modes the character cell n is at address n: its
 * character in plane 0, its attribute in plane 1, and fonts are in plane 2.
 */

import type { AccessBytes, MmioHandler } from "../../bus/bus.ts";
import { clearTouched } from "../../state/pages.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";

const PLANE_BYTES = 0x10000;
export const PLANES_BYTES = 4 * PLANE_BYTES;
/** A character cell as a word of all planes: the character in plane 0, its attribute in plane 1. */
const BLANK_CELL = 0x0720;
const TEXT_CELLS = 0x4000;

/** Registers that steer memory accesses: sequencer and graphics controller, by index. */
export interface VgaMemoryRegisters {
  readonly sequencer: Uint8Array;
  readonly graphics: Uint8Array;
}

/** The window at A0000h, by graphics register 6 bits 3-2: offset and size. */
const WINDOWS = [
  { first: 0x00000, size: 0x20000 },
  { first: 0x00000, size: 0x10000 },
  { first: 0x10000, size: 0x08000 },
  { first: 0x18000, size: 0x08000 },
] as const;

/** Each of the four bits of a plane mask as a byte of ones. */
const EXPAND = Uint32Array.from({ length: 16 }, (_, mask) => {
  let value = 0;
  for (let plane = 0; plane < 4; plane++) if (mask & (1 << plane)) value |= 0xff << (8 * plane);
  return value >>> 0;
});

/** Odd/even addressing: even addresses are in plane 0 or 2, odd ones in the plane after it. */
function cellByte(address: number, graphics: Uint8Array): number {
  return (((address & ~1) << 1) | (graphics[4]! & 2) | (address & 1)) & 0x3ffff;
}

/** The window that maps 128 KiB from A0000h. */
export class VgaMemory implements MmioHandler, Stateful {
  readonly bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #registers: VgaMemoryRegisters;
  #latch = 0;

  /** The planes are the first bytes of `video`. */
  constructor(registers: VgaMemoryRegisters, video: Uint8Array) {
    this.#registers = registers;
    this.bytes = video.subarray(0, PLANES_BYTES);
    this.#words = new Uint32Array(video.buffer, video.byteOffset, PLANES_BYTES / 4);
  }

  /** So many bytes from A0000h on do nothing but read and store the first ones: chained, and all planes are written. */
  get plainBytes(): number {
    const { sequencer, graphics } = this.#registers;
    const { first, size } = WINDOWS[((graphics[6]! >> 2) & 3) as 0 | 1 | 2 | 3];
    return sequencer[4]! & 0x08 && (sequencer[2]! & 15) === 15 && first === 0 ? size : 0;
  }

  /** Nothing in the planes but blanks in the text area: light grey on black. */
  clear(): void {
    clearTouched(this.bytes);
    this.#words.fill(BLANK_CELL, 0, TEXT_CELLS);
    this.#latch = 0;
  }

  readMmio(offset: number, sizeBytes: AccessBytes): number {
    let value = 0;
    for (let byte = 0; byte < sizeBytes; byte++) value |= this.#read(offset + byte) << (8 * byte);
    return value >>> 0;
  }

  writeMmio(offset: number, sizeBytes: AccessBytes, value: number): void {
    for (let byte = 0; byte < sizeBytes; byte++) this.#write(offset + byte, (value >>> (8 * byte)) & 0xff);
  }

  /** Where a run of text begins in the window, or -1: in these modes accesses do nothing but read or store. */
  #locateText(offset: number, lengthBytes: number): number {
    const { sequencer, graphics } = this.#registers;
    const isText = !(sequencer[4]! & 0x08) && (graphics[5]! & 0x10) !== 0;
    return isText && this.#locate(offset + lengthBytes - 1) >= 0 ? this.#locate(offset) : -1;
  }

  /** Fills `target` from the text that begins at `offset`; false in other modes. */
  readRun(offset: number, target: Uint8Array): boolean {
    const address = this.#locateText(offset, target.length);
    if (address < 0) return false;
    const { graphics } = this.#registers;
    for (let i = 0; i < target.length; i++) target[i] = this.bytes[cellByte(address + i, graphics)]!;
    return true;
  }

  /** Writes bytes from `offset` on, one after the other: no write depends on how the one before it went. */
  writeRun(offset: number, source: Uint8Array): void {
    const address = this.#locateText(offset, source.length);
    const { sequencer, graphics } = this.#registers;
    const planes = 3 << (graphics[4]! & 2);
    if (address < 0 || (sequencer[2]! & planes) !== planes)
      for (let i = 0; i < source.length; i++) this.#write(offset + i, source[i]!);
    else for (let i = 0; i < source.length; i++) this.bytes[cellByte(address + i, graphics)] = source[i]!;
  }

  /** Address in the window, or -1 outside it. */
  #locate(offset: number): number {
    const window = WINDOWS[((this.#registers.graphics[6]! >> 2) & 3) as 0 | 1 | 2 | 3];
    const address = offset - window.first;
    return address >= 0 && address < window.size ? address : -1;
  }

  #read(offset: number): number {
    const address = this.#locate(offset);
    if (address < 0) return 0xff;
    const { sequencer, graphics } = this.#registers;
    if (sequencer[4]! & 0x08) return this.bytes[address]!; // Chain 4: the lower two bits name the plane.
    if (graphics[5]! & 0x10) return this.bytes[cellByte(address, graphics)]!;
    this.#latch = this.#words[address & 0xffff]!;
    if (!(graphics[5]! & 0x08)) return (this.#latch >>> (8 * (graphics[4]! & 3))) & 0xff;
    // Read mode 1: bits whose pixel matches the compare colour in all planes that matter.
    const differing = (this.#latch ^ EXPAND[graphics[2]! & 15]!) & EXPAND[graphics[7]! & 15]!;
    return ~(differing | (differing >>> 8) | (differing >>> 16) | (differing >>> 24)) & 0xff;
  }

  /** What a read of the window would give, without loading the latches. */
  peek(offset: number): number {
    const latch = this.#latch;
    const byte = this.#read(offset);
    this.#latch = latch;
    return byte;
  }

  #write(offset: number, byte: number): void {
    const address = this.#locate(offset);
    if (address < 0) return;
    const { sequencer, graphics } = this.#registers;
    const mapMask = sequencer[2]!;
    if (sequencer[4]! & 0x08) {
      if (mapMask & (1 << (address & 3))) this.bytes[address] = byte;
      return;
    }
    if (graphics[5]! & 0x10) {
      const at = cellByte(address, graphics);
      if (mapMask & (1 << (at & 3))) this.bytes[at] = byte;
      return;
    }
    this.#writePlanes(address & 0xffff, byte);
  }

  #writePlanes(address: number, byte: number): void {
    const { sequencer, graphics } = this.#registers;
    const rotate = graphics[3]! & 7;
    const rotated = ((byte >> rotate) | (byte << (8 - rotate))) & 0xff;
    let bitMask = graphics[8]!;
    let value: number;
    switch (graphics[5]! & 3) {
      case 0: {
        const setReset = EXPAND[graphics[1]! & 15]!;
        const spread = rotated * 0x01010101;
        value = this.#combine((spread & ~setReset) | (EXPAND[graphics[0]! & 15]! & setReset));
        break;
      }
      case 1:
        // The bit mask has no say: it chooses between the latches and the latches.
        value = this.#latch;
        break;
      case 2:
        value = this.#combine(EXPAND[byte & 15]!);
        break;
      default:
        bitMask &= rotated;
        value = this.#combine(EXPAND[graphics[0]! & 15]!);
    }
    const bits = bitMask * 0x01010101;
    const merged = (value & bits) | (this.#latch & ~bits);
    const planes = EXPAND[sequencer[2]! & 15]!;
    this.#words[address] = (this.#words[address]! & ~planes) | (merged & planes);
  }

  /** The logic unit: replace, AND, OR or XOR with the latches. */
  #combine(value: number): number {
    switch ((this.#registers.graphics[3]! >> 3) & 3) {
      case 1:
        return value & this.#latch;
      case 2:
        return value | this.#latch;
      case 3:
        return value ^ this.#latch;
      default:
        return value;
    }
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("VGA memory", 1);
    visitor.bytes(this.bytes);
    this.#latch = visitor.u32(this.#latch >>> 0);
  }
}

/**
 * Descriptors of the PCnet's rings, in the forms that the software style chooses (Am79C970A data sheet, "Buffer
 * Management" and BCR20): 0 is the LANCE's of 8 bytes, 2 and 3 are 16 bytes in two orders.
 */
import type { DmaMemory } from "../../bus/bus.ts";

/** The upper half of the second double word: bits that descriptors to send and to receive have in common. */
export const OWN = 0x8000;
export const START = 0x0200;
export const END = 0x0100;
export const ERROR = 0x4000;
/** To receive: the buffers ended before the frame, and which address it matched (32-bit styles only). */
export const BUFFER_ERROR = 0x0400;
export const MATCH_PHYSICAL = 0x0040;
export const MATCH_LOGICAL = 0x0020;
export const MATCH_BROADCAST = 0x0010;

const LANCE_BYTES = 8;
const WIDE_BYTES = 16;
const LANCE_STATUS = 0xff00;
/** Lengths are two's complements of twelve bits. */
const MOST_BYTES = 4096;

export interface Descriptor {
  readonly at: number;
  readonly address: number;
  readonly lengthBytes: number;
  readonly status: number;
}

export class DescriptorForm {
  readonly #dma: DmaMemory;

  constructor(dma: DmaMemory) {
    this.#dma = dma;
  }

  sizeBytes(style: number): number {
    return style === 0 ? LANCE_BYTES : WIDE_BYTES;
  }

  /** `upper`: what LANCE's 24 bits of address go with. */
  read(at: number, style: number, upper: number): Descriptor {
    const bytes = new Uint8Array(this.sizeBytes(style));
    this.#dma.read(at, bytes);
    const view = new DataView(bytes.buffer);
    if (style === 0) {
      const word = view.getUint16(2, true);
      const address = view.getUint16(0, true) | ((word & 0xff) << 16) | upper;
      return {
        at,
        address: address >>> 0,
        lengthBytes: lengthOf(view.getUint16(4, true)),
        status: word & LANCE_STATUS,
      };
    }
    return {
      at,
      address: view.getUint32(style === 3 ? 8 : 0, true),
      lengthBytes: lengthOf(view.getUint16(4, true)),
      status: view.getUint16(6, true),
    };
  }

  /** Gives a descriptor back: its status, and of one that received the last of a frame how long that is. */
  write({ at }: Descriptor, style: number, status: number, messageBytes: number | null): void {
    const word = new Uint8Array(2);
    const view = new DataView(word.buffer);
    if (messageBytes !== null) {
      view.setUint16(0, messageBytes & 0xfff, true);
      this.#dma.write(at + (style === 0 ? 6 : style === 3 ? 0 : 8), word);
    }
    if (style === 0) this.#dma.write(at + 3, Uint8Array.of(status >> 8));
    else {
      view.setUint16(0, status, true);
      this.#dma.write(at + 6, word);
    }
  }
}

function lengthOf(field: number): number {
  return MOST_BYTES - (field & 0xfff);
}

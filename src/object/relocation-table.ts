/**
 * The relocations of a section as they stand in the file. Objects with debugging information have millions of them:
 * whoever goes through all of them reads the numbers, and whoever wants one gets an object of its own.
 */
import { REL_BYTES } from "./elf.ts";

export interface ElfRelocation {
  /** Offset in the section. */
  readonly offset: number;
  readonly type: number;
  /** Index in `ElfObject.symbols`. */
  readonly symbol: number;
}

/** Relocations in order, of a file or made. */
export interface ElfRelocations extends Iterable<ElfRelocation> {
  readonly length: number;
}

export class RelocationTable implements ElfRelocations {
  readonly length: number;
  /** The highest index of a symbol; -1 without an entry. */
  readonly highestSymbol: number;
  readonly #view: DataView;
  /** By type, 1 where there is one: most questions about a table are answered without looking at it again. */
  readonly #types = new Uint8Array(256);

  /** `bytes` are the table's; what is left over after the last whole entry is none. */
  constructor(bytes: Uint8Array) {
    this.length = Math.floor(bytes.length / REL_BYTES);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#view = view;
    let highest = -1;
    for (let at = 4; at < this.length * REL_BYTES; at += REL_BYTES) {
      const info = view.getUint32(at, true);
      this.#types[info & 0xff] = 1;
      highest = Math.max(highest, info >>> 8);
    }
    this.highestSymbol = highest;
  }

  hasType(type: number): boolean {
    return this.#types[type] === 1;
  }

  /** All entries there are, if any, are of this type. */
  hasOnly(type: number): boolean {
    return this.#types.every((is, other) => is === 0 || other === type);
  }

  offsetAt(index: number): number {
    return this.#view.getUint32(index * REL_BYTES, true);
  }

  typeAt(index: number): number {
    return this.#view.getUint8(index * REL_BYTES + 4);
  }

  symbolAt(index: number): number {
    return this.#view.getUint32(index * REL_BYTES + 4, true) >>> 8;
  }

  at(index: number): ElfRelocation {
    return { offset: this.offsetAt(index), type: this.typeAt(index), symbol: this.symbolAt(index) };
  }

  *[Symbol.iterator](): Generator<ElfRelocation> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
}

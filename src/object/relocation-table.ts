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
  readonly #view: DataView;

  /** `bytes` are the table's; what is left over after the last whole entry is none. */
  constructor(bytes: Uint8Array) {
    this.length = Math.floor(bytes.length / REL_BYTES);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
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

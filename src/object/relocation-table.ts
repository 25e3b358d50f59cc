/**
 * The relocations of a section as they stand in the file. Objects with debugging information have millions of them:
 * whoever goes through all of them reads the numbers, and whoever wants one gets an object of its own.
 */
import { type ByteSource, BytesInMemory } from "./byte-source.ts";
import { REL_BYTES } from "./elf.ts";

export interface ElfRelocation {
  /** Offset in the section. */
  readonly offset: number;
  readonly type: number;
  /** Index in `ElfObject.symbols`. */
  readonly symbol: number;
}

/** Relocations in their order, of a file or made. */
export interface ElfRelocations extends Iterable<ElfRelocation> {
  readonly length: number;
}

/** Takes the fields of an entry, after its place in the table. */
export type ShowRelocation = (place: number, offset: number, type: number, symbol: number) => void;

/** Which values of eight bits there are: so small a table of numbers that V8 has it in its heap. */
class Bits {
  readonly #words = new Int32Array(8);

  /** Of a number the low eight bits. */
  add(value: number): void {
    this.#words[(value >> 5) & 7]! |= 1 << value;
  }

  has(value: number): boolean {
    return (this.#words[(value >> 5) & 7]! & (1 << value)) !== 0;
  }

  /** All that there are, if any, are this one. */
  hasOnly(value: number): boolean {
    return this.#words.every((word, index) => word === 0 || (index === value >> 5 && word === 1 << value));
  }
}

export class RelocationTable implements ElfRelocations {
  readonly length: number;
  /** The highest index of a symbol; -1 without an entry. */
  readonly highestSymbol: number;
  readonly #source: ByteSource;
  readonly #start: number;
  /** A bit for each type that there is: most questions about a table are answered without looking at it again. */
  readonly #types = new Bits();
  readonly #symbolCount: number;
  /** The same by the low bits of symbols: an object may have as many tables as symbols. */
  readonly #lowSymbols = new Bits();

  /**
   * The table begins at `start`; what is left over after the last whole entry is none. The object has so many symbols.
   */
  constructor(source: ByteSource, start: number, sizeBytes: number, symbolCount: number) {
    this.length = Math.floor(sizeBytes / REL_BYTES);
    this.#source = source;
    this.#start = start;
    this.#symbolCount = symbolCount;
    const view = this.view();
    let highest = -1;
    for (let at = 4; at < this.length * REL_BYTES; at += REL_BYTES) {
      const info = view.getInt32(at, true);
      const symbol = info >>> 8;
      this.#types.add(info);
      this.#lowSymbols.add(symbol);
      if (symbol > highest) highest = symbol;
    }
    this.highestSymbol = highest;
  }

  /** All entries (ELF gABI, Elf32_Rel), which stay what they are until another table is looked at. */
  view(): DataView {
    const bytes = this.#source.peek(this.#start, this.length * REL_BYTES);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  hasType(type: number): boolean {
    return this.#types.has(type);
  }

  /** All entries there are, if any, are of this type. */
  hasOnly(type: number): boolean {
    return this.#types.hasOnly(type);
  }

  /** Indices of the symbols that entries are against, each once, in the order of their first ones. */
  symbols(): number[] {
    const view = this.view();
    const end = this.length * REL_BYTES;
    // A small table is not worth a look at every symbol there is.
    if (this.length * 8 < this.#symbolCount) {
      const found = new Set<number>();
      for (let at = 4; at < end; at += REL_BYTES) found.add(view.getInt32(at, true) >>> 8);
      return [...found];
    }
    const seen = new Uint8Array(this.#symbolCount);
    const found: number[] = [];
    for (let at = 4; at < end; at += REL_BYTES) {
      const symbol = view.getInt32(at, true) >>> 8;
      if (seen[symbol] !== 0) continue;
      seen[symbol] = 1;
      found.push(symbol);
    }
    return found;
  }

  /** Some entry is against this symbol. */
  hasSymbol(symbol: number): boolean {
    if (!this.#lowSymbols.has(symbol)) return false;
    const view = this.view();
    for (let at = 4; at < this.length * REL_BYTES; at += REL_BYTES)
      if (view.getInt32(at, true) >>> 8 === symbol) return true;
    return false;
  }

  /** Shows entries whose types, or whose symbols, are marked with anything but 0, with their places in the table. */
  find(types: Uint8Array, symbols: Uint8Array, show: ShowRelocation): void {
    const view = this.view();
    const end = this.length * REL_BYTES;
    for (let at = 0; at < end; at += REL_BYTES) {
      const info = view.getInt32(at + 4, true);
      const type = info & 0xff;
      const symbol = info >>> 8;
      if (types[type] !== 0 || symbols[symbol] !== 0) show(at / REL_BYTES, view.getUint32(at, true), type, symbol);
    }
  }

  /** The same with other entries at some places. */
  withChanges(changes: ReadonlyMap<number, ElfRelocation>): RelocationTable {
    const bytes = new Uint8Array(this.length * REL_BYTES);
    this.#source.readInto(bytes, this.#start);
    const view = new DataView(bytes.buffer);
    for (const [place, { offset, type, symbol }] of changes) {
      view.setUint32(place * REL_BYTES, offset, true);
      view.setUint32(place * REL_BYTES + 4, ((symbol << 8) | type) >>> 0, true);
    }
    return new RelocationTable(new BytesInMemory(bytes), 0, bytes.length, this.#symbolCount);
  }

  *[Symbol.iterator](): Generator<ElfRelocation> {
    const bytes = this.#source.read(this.#start, this.length * REL_BYTES);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < bytes.length; at += REL_BYTES) {
      const info = view.getUint32(at + 4, true);
      yield { offset: view.getUint32(at, true), type: info & 0xff, symbol: info >>> 8 };
    }
  }
}

/** Indices of the symbols that relocations refer to, each once. */
export function symbolsOf(relocations: ElfRelocations): Iterable<number> {
  return relocations instanceof RelocationTable
    ? relocations.symbols()
    : new Set([...relocations].map(({ symbol }) => symbol));
}

/**
 * Which source line an address comes from by stabs ("The stabs debug format", GNU): tables .stab and .stabstr of an
 * object or of a linked program. Tables that say nonsense find nothing.
 */
import type { LineTable, SourcePlace } from "./dwarf/line-lookup.ts";
import type { LineRow } from "./dwarf/line-table.ts";
import { ET_REL } from "./elf.ts";
import type { ElfObject, ElfSection } from "./elf-reader.ts";
import { latin1 } from "./latin1.ts";
import { R } from "./relocation-types.ts";

const ENTRY_BYTES = 12;
const TYPE = 4;
const LINE = 6;
const VALUE = 8;

const N_FUN = 0x24;
const N_SLINE = 0x44;
const N_DSLINE = 0x46;
const N_BSLINE = 0x48;
const N_SO = 0x64;
const N_SOL = 0x84;

/** Distance between the pretended addresses of an object's sections. Above any section's size. */
const SECTION_SPACING = 2 ** 33;

/** From here on up to the next one entries tell of a function, or of a file that has none. */
interface Stretch {
  readonly address: number;
  readonly entry: number;
  /** Where the strings of its unit begin. */
  readonly strings: number;
  readonly directory: string | null;
  readonly file: string | null;
  readonly function: string | null;
}

/** Null when the file has no tables. */
export function stabLinesOf(elf: ElfObject): LineTable | null {
  return tablesOf(elf);
}

/** The rows of a linked program's tables, with an end behind each function. */
export function stabRowsOf(elf: ElfObject): LineRow[] {
  const lines = tablesOf(elf);
  return lines === null ? [] : [...lines.rows()];
}

function tablesOf(elf: ElfObject): StabLines | null {
  const table = elf.sections.find(({ name }) => name === ".stab");
  const strings = elf.sections.find(({ name }) => name === ".stabstr");
  return table && strings ? new StabLines(elf, table, strings.content) : null;
}

class StabLines implements LineTable {
  readonly knowsFunctions = true;
  readonly #elf: ElfObject;
  readonly #strings: Uint8Array;
  readonly #view: DataView;
  readonly #length: number;
  /** Entry -> the section in which its address lies: in an object all begin at 0. */
  readonly #homes = new Map<number, number>();
  /** By address; the last one is behind all of them. */
  readonly #stretches: readonly Stretch[];

  constructor(elf: ElfObject, table: ElfSection, strings: Uint8Array) {
    this.#elf = elf;
    this.#strings = strings;
    const bytes = elf.type === ET_REL ? table.content.slice() : table.content;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#length = Math.floor(bytes.length / ENTRY_BYTES);
    if (elf.type === ET_REL) this.#relocate(table);
    this.#stretches = this.#readStretches();
  }

  #relocate(table: ElfSection): void {
    for (const { offset, type, symbol: index } of table.relocations) {
      const symbol = this.#elf.table.at(index);
      if (symbol === undefined || type !== R.R32 || offset % ENTRY_BYTES !== VALUE) continue;
      const entry = (offset - VALUE) / ENTRY_BYTES;
      if (entry >= this.#length) continue;
      this.#view.setUint32(offset, this.#value(entry) + symbol.value, true);
      this.#homes.set(entry, symbol.section);
    }
  }

  #type(entry: number): number {
    return this.#view.getUint8(entry * ENTRY_BYTES + TYPE);
  }

  #value(entry: number): number {
    return this.#view.getUint32(entry * ENTRY_BYTES + VALUE, true);
  }

  /** The value of an entry that is an address. */
  #address(entry: number): number {
    return (this.#homes.get(entry) ?? 0) * SECTION_SPACING + this.#value(entry);
  }

  #string(strings: number, entry: number): string {
    const start = strings + this.#view.getUint32(entry * ENTRY_BYTES, true);
    const end = this.#strings.indexOf(0, start);
    return end < 0 ? "" : latin1(this.#strings.subarray(start, end));
  }

  #readStretches(): Stretch[] {
    const found: Stretch[] = [];
    let strings = 0;
    let stringBytes = 0;
    let directory: string | null = null;
    let file: string | null = null;
    /** A file without a function so far: where it began. */
    let begun = -1;
    const noFunction = (): void => {
      if (begun >= 0)
        found.push({ address: this.#address(begun), entry: begun, strings, directory, file, function: null });
      begun = -1;
    };
    for (let entry = 0; entry < this.#length; entry++) {
      switch (this.#type(entry)) {
        case 0:
          // The first of a unit, which says how long its strings are.
          strings += stringBytes;
          stringBytes = this.#value(entry);
          break;
        case N_SO:
          noFunction();
          directory = null;
          file = this.#string(strings, entry) || null;
          if (file === null) break;
          begun = entry;
          if (entry + 1 >= this.#length || this.#type(entry + 1) !== N_SO) break;
          // Two in a row are a directory and a file.
          directory = file;
          file = this.#string(strings, ++entry);
          break;
        case N_SOL:
          file = this.#string(strings, entry);
          break;
        case N_FUN: {
          begun = -1;
          const name = this.#string(strings, entry);
          // Without a name it is the end of one.
          if (name !== "")
            found.push({ address: this.#address(entry), entry, strings, directory, file, function: name });
          break;
        }
      }
    }
    noFunction();
    found.push({
      address: Number.POSITIVE_INFINITY,
      entry: this.#length,
      strings,
      directory: null,
      file: null,
      function: null,
    });
    return found.sort((a, b) => a.address - b.address || a.entry - b.entry);
  }

  /** The last stretch that begins at or before an address, by its number; -1 before the first. */
  #stretchAt(address: number): number {
    let low = -1;
    for (let high = this.#stretches.length - 1; low + 1 < high; ) {
      const middle = (low + high) >> 1;
      if (this.#stretches[middle]!.address <= address) low = middle;
      else high = middle;
    }
    return low;
  }

  functionAt(section: ElfSection, offset: number): string | null {
    const stretch = this.#stretches[this.#stretchAt(this.#addressOf(section, offset))];
    return stretch?.function?.replace(/:.*/s, "") ?? null;
  }

  find(section: ElfSection, offset: number): SourcePlace | null {
    const address = this.#addressOf(section, offset);
    const index = this.#stretchAt(address);
    const stretch = this.#stretches[index];
    if (stretch === undefined) return null;
    const base = stretch.function === null ? 0 : stretch.address;
    let { file } = stretch;
    let line = 0;
    let hasLine = false;
    let hasNext = false;
    for (let entry = stretch.entry + 1; entry < this.#stretches[index + 1]!.entry; entry++) {
      const type = this.#type(entry);
      if (type === N_SOL && this.#address(entry) <= address) {
        file = this.#string(stretch.strings, entry);
        line = 0;
      } else if (type === N_SLINE || type === N_DSLINE || type === N_BSLINE) {
        const begin = base + (stretch.function === null ? this.#address(entry) : this.#value(entry));
        // The first one counts also when it comes late.
        if (!hasLine || begin <= address) line = this.#view.getUint16(entry * ENTRY_BYTES + LINE, true);
        if (begin > address) break;
        hasLine = true;
      } else if (type === N_FUN || type === N_SO) {
        if (hasLine || hasNext) break;
        hasNext = true;
      }
    }
    if (line === 0 || file === null) return null;
    const isFull = file.startsWith("/") || stretch.directory === null;
    return { file: isFull ? file : stretch.directory + file, line, discriminator: 0 };
  }

  *rows(): Generator<LineRow> {
    for (const [index, stretch] of this.#stretches.entries()) {
      const base = stretch.function === null ? 0 : stretch.address;
      const last = this.#stretches[index + 1]?.entry ?? 0;
      let { file } = stretch;
      for (let entry = stretch.entry + 1; entry < last; entry++) {
        const type = this.#type(entry);
        // A directory and a file begin it together.
        if (type === N_SO && entry > stretch.entry + 1) break;
        if (type === N_SOL) file = this.#string(stretch.strings, entry);
        const end = type === N_FUN && stretch.function !== null;
        const isLine = type === N_SLINE || type === N_DSLINE || type === N_BSLINE;
        const line = this.#view.getUint16(entry * ENTRY_BYTES + LINE, true);
        if (file !== null && (isLine || end))
          yield { address: base + this.#value(entry), file, line, end, discriminator: 0 };
        if (type === N_FUN) break;
      }
    }
  }

  #addressOf(section: ElfSection, offset: number): number {
    return this.#elf.type === ET_REL ? section.index * SECTION_SPACING + offset : section.address + offset;
  }
}

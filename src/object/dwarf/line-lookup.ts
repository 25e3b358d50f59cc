/**
 * Which source line an address comes from, with the full path of the file: line tables of version 2 to 4 name files
 * relative to the directory of the compilation, which stands in the unit's entry in .debug_info (DWARF 4, 3.1.1; DWARF
 * 5, 7.5).
 */

import { ET_REL } from "../elf.ts";
import type { ElfObject, ElfSection } from "../elf-reader.ts";
import { R } from "../relocation-types.ts";
import { readForm } from "./forms.ts";
import { DwarfFunctions, type DwarfSection } from "./functions.ts";
import { Cursor, type LineRow, readLineRows, stringAt } from "./line-table.ts";

export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly discriminator: number;
}

export interface LineTable {
  /** Functions that it does not name are none: nobody looks for a symbol. */
  readonly knowsFunctions: boolean;
  /** The line of an offset in a section, or null. */
  find(section: ElfSection, offset: number): SourcePlace | null;
  /** The innermost function at an offset, be it inlined, or null when debugging information does not tell. */
  functionAt(section: ElfSection, offset: number): string | null;
}

const DW_AT_stmt_list = 0x10;
const DW_AT_comp_dir = 0x1b;
const DW_FORM_indirect = 0x16;
const DW_FORM_implicit_const = 0x21;

/** Distance between the pretended addresses of an object's sections, which all begin at 0. Above any section's size. */
const SECTION_SPACING = 2 ** 33;

/** A section's content with its relocations applied; addresses in an object's sections become unique. */
function relocated(elf: ElfObject, section: ElfSection | undefined): Uint8Array {
  if (!section) return new Uint8Array(0);
  if (elf.type !== ET_REL) return section.content;
  const bytes = section.content.slice();
  const view = new DataView(bytes.buffer);
  for (const { offset, type, symbol: index } of section.relocations) {
    if ((type !== R.R32 && type !== R.PC32) || offset + 4 > bytes.length) continue;
    view.setUint32(offset, view.getUint32(offset, true) + elf.symbols[index]!.value, true);
  }
  return bytes;
}

/** Null when the file has no line table. */
export function lineTableOf(elf: ElfObject): LineTable | null {
  const named = (name: string): ElfSection | undefined => elf.sections.find((section) => section.name === name);
  const debugLine = named(".debug_line");
  if (!debugLine) return null;
  const debugStr = named(".debug_str")?.content ?? new Uint8Array(0);
  const debugLineStr = named(".debug_line_str")?.content ?? new Uint8Array(0);
  const directories = compilationDirectories(
    relocated(elf, named(".debug_info")),
    named(".debug_abbrev")?.content ?? new Uint8Array(0),
    debugStr,
    debugLineStr,
  );
  // In an object an address is told from those of other sections by the relocation at the place where the table sets
  // it.
  const homes = new Map<number, number>();
  if (elf.type === ET_REL)
    for (const { offset, symbol } of debugLine.relocations) homes.set(offset, elf.symbols[symbol]!.section);
  const rows = readLineRows(
    { debugLine: relocated(elf, debugLine), debugLineStr, debugStr },
    {
      everyRow: true,
      directories,
      addressAt: (address, at) => address + (homes.get(at) ?? 0) * SECTION_SPACING,
    },
  );
  return new SortedLines(elf, rows);
}

/** The sections of debugging information in the form in which functions are found. */
function functionsOf(elf: ElfObject): DwarfFunctions {
  const named = (name: string): ElfSection | undefined => elf.sections.find((section) => section.name === name);
  const bytesOf = (name: string): Uint8Array => named(name)?.content ?? new Uint8Array(0);
  const withAddresses = (name: string): DwarfSection => {
    const section = named(name);
    const homes = new Map<number, number>();
    if (elf.type === ET_REL)
      for (const { offset, symbol } of section?.relocations ?? []) homes.set(offset, elf.symbols[symbol]!.section);
    return {
      bytes: relocated(elf, section),
      addressAt: (offset, value) => value + (homes.get(offset) ?? 0) * SECTION_SPACING,
    };
  };
  return new DwarfFunctions({
    info: withAddresses(".debug_info"),
    ranges: withAddresses(".debug_ranges"),
    rnglists: withAddresses(".debug_rnglists"),
    addr: withAddresses(".debug_addr"),
    abbrev: bytesOf(".debug_abbrev"),
    str: bytesOf(".debug_str"),
    lineStr: bytesOf(".debug_line_str"),
    strOffsets: relocated(elf, named(".debug_str_offsets")),
  });
}

class SortedLines implements LineTable {
  readonly knowsFunctions = false;
  readonly #elf: ElfObject;
  #functions: DwarfFunctions | null = null;
  /** Runs of ascending addresses, each up to its end row. */
  readonly #sequences: { first: number; last: number; rows: LineRow[] }[] = [];

  constructor(elf: ElfObject, rows: readonly LineRow[]) {
    this.#elf = elf;
    let current: LineRow[] = [];
    for (const row of rows) {
      current.push(row);
      if (!row.end) continue;
      const sorted = current
        .map((entry, index) => ({ entry, index }))
        .sort(
          (a, b) => a.entry.address - b.entry.address || Number(a.entry.end) - Number(b.entry.end) || a.index - b.index,
        )
        .map(({ entry }) => entry);
      this.#sequences.push({ first: sorted[0]!.address, last: row.address, rows: sorted });
      current = [];
    }
    this.#sequences.sort((a, b) => a.first - b.first || b.last - a.last);
  }

  #addressOf(section: ElfSection, offset: number): number {
    return this.#elf.type === ET_REL ? section.index * SECTION_SPACING + offset : section.address + offset;
  }

  functionAt(section: ElfSection, offset: number): string | null {
    this.#functions ??= functionsOf(this.#elf);
    return this.#functions.nameAt(this.#addressOf(section, offset));
  }

  find(section: ElfSection, offset: number): SourcePlace | null {
    const address = this.#addressOf(section, offset);
    for (const { first, last, rows } of this.#sequences) {
      if (address < first || address >= last) continue;
      let low = 0;
      let high = rows.length;
      while (low + 1 < high) {
        const middle = (low + high) >> 1;
        if (rows[middle]!.address <= address) low = middle;
        else high = middle;
      }
      const row = rows[low]!;
      return row.end ? null : { file: row.file, line: row.line, discriminator: row.discriminator };
    }
    return null;
  }
}

/** Offset of a line table -> directory of its compilation. What does not parse is left out. */
function compilationDirectories(
  info: Uint8Array,
  abbrev: Uint8Array,
  debugStr: Uint8Array,
  debugLineStr: Uint8Array,
): Map<number, string> {
  const directories = new Map<number, string>();
  try {
    for (let at = 0; at + 11 < info.length; ) {
      const cursor = new Cursor(info, at, info.length);
      const length = cursor.u32();
      at += 4 + length;
      const version = cursor.u16();
      if (version < 2 || version > 5) continue;
      if (version >= 5) cursor.u16();
      const abbrevAt = cursor.u32();
      if (version < 5) cursor.u8();
      const unit = unitAttributes(cursor, abbrev, abbrevAt, debugStr, debugLineStr);
      if (unit.lines !== null && unit.directory !== null) directories.set(unit.lines, unit.directory);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return directories;
}

function unitAttributes(
  cursor: Cursor,
  abbrev: Uint8Array,
  abbrevAt: number,
  debugStr: Uint8Array,
  debugLineStr: Uint8Array,
): { lines: number | null; directory: string | null } {
  const code = cursor.uleb();
  const declaration = new Cursor(abbrev, abbrevAt, abbrev.length);
  let lines: number | null = null;
  let directory: string | null = null;
  for (;;) {
    const declared = declaration.uleb();
    if (declared === 0) return { lines, directory };
    declaration.uleb();
    declaration.u8();
    for (;;) {
      const attribute = declaration.uleb();
      let form = declaration.uleb();
      if (form === DW_FORM_implicit_const) declaration.sleb();
      if (attribute === 0 && form === 0) break;
      if (declared !== code) continue;
      if (form === DW_FORM_indirect) form = cursor.uleb();
      const start = cursor.at;
      const { text } = readForm(cursor, form, 0);
      if (attribute === DW_AT_stmt_list) lines = new Cursor(cursor.bytes, start, cursor.end).u32();
      if (attribute === DW_AT_comp_dir) {
        const offset = (): number => new Cursor(cursor.bytes, start, cursor.end).u32();
        directory =
          form === 0x0e ? stringAt(debugStr, offset()) : form === 0x1f ? stringAt(debugLineStr, offset()) : text;
      }
    }
    if (declared === code) return { lines, directory };
  }
}

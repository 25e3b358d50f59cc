/**
 * Reads DWARF line tables, versions 2 to 5 (DWARF 5, section 6.2), of an object or of a linked program: which source
 * line an address comes from. A table that does not parse is treated as absent: it only ever serves to say where
 * something is.
 */

import type { ElfObject, ElfSection } from "../elf-reader.ts";
import { latin1 } from "../latin1.ts";
import { R } from "../relocation-types.ts";

export interface LineRow {
  readonly address: number;
  readonly file: string;
  readonly line: number;
  /** The row does not begin a line but ends the code of its sequence. */
  readonly end: boolean;
  /** Tells apart several blocks of code of one line; 0 when the table does not. */
  readonly discriminator: number;
}

export interface LineReading {
  /** Also the rows that begin no statement. */
  readonly everyRow?: boolean;
  /** Offset of a unit's table -> the directory of its compilation; given, every path is a full one. */
  readonly directories?: ReadonlyMap<number, string>;
  /** An address that the program sets, with the offset in .debug_line at which it stands. */
  readonly addressAt?: (address: number, at: number) => number;
}

export interface LineSections {
  readonly debugLine: Uint8Array;
  readonly debugLineStr: Uint8Array;
  readonly debugStr: Uint8Array;
}

const DW_LNCT_path = 1;
const DW_LNCT_directory_index = 2;
const DW_FORM_string = 0x08;
const DW_FORM_udata = 0x0f;
const DW_FORM_strp = 0x0e;
const DW_FORM_line_strp = 0x1f;
const DW_FORM_data1 = 0x0b;
const DW_FORM_data2 = 0x05;
const DW_FORM_data16 = 0x1e;

/** Reads numbers of DWARF; throws `RangeError` at the end. */
export class Cursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = Math.min(end, bytes.length);
  }
  u8(): number {
    if (this.at >= this.end) throw new RangeError("line table ends too early");
    return this.bytes[this.at++]!;
  }
  u16(): number {
    return this.u8() | (this.u8() << 8);
  }
  u32(): number {
    return (this.u16() | (this.u16() << 16)) >>> 0;
  }
  uleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return Math.min(value, Number.MAX_SAFE_INTEGER);
    }
  }
  sleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return byte & 0x40 ? value - scale * 128 : value;
    }
  }
  string(): string {
    const start = this.at;
    while (this.u8() !== 0);
    return latin1(this.bytes.subarray(start, this.at - 1));
  }
}

const linkedRows = new WeakMap<object, readonly LineRow[]>();

/** The rows of a linked program, read once. */
export function lineRowsOf(linked: {
  readonly sections: readonly { readonly name: string; readonly content: Uint8Array }[];
}): readonly LineRow[] {
  let rows = linkedRows.get(linked);
  if (!rows) {
    const content = (name: string): Uint8Array =>
      linked.sections.find((section) => section.name === name)?.content ?? new Uint8Array(0);
    rows = readLineRows({
      debugLine: content(".debug_line"),
      debugLineStr: content(".debug_line_str"),
      debugStr: content(".debug_str"),
    });
    linkedRows.set(linked, rows);
  }
  return rows;
}

/** All rows in the order of the table. */
export function readLineRows(sections: LineSections, reading: LineReading = {}): LineRow[] {
  const rows: LineRow[] = [];
  for (let at = 0; at + 4 < sections.debugLine.length; ) {
    const header = new Cursor(sections.debugLine, at, sections.debugLine.length);
    const length = header.u32();
    try {
      readUnit(sections, new Cursor(sections.debugLine, at + 4, at + 4 + length), rows, reading, at);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return rows;
    }
    at += 4 + length;
  }
  return rows;
}

export function stringAt(table: Uint8Array, offset: number): string {
  return new Cursor(table, offset, table.length).string();
}

function readUnit(sections: LineSections, cursor: Cursor, rows: LineRow[], reading: LineReading, unitAt: number): void {
  const version = cursor.u16();
  if (version < 2 || version > 5) return;
  if (version >= 5) cursor.u16(); // address size, segment selector size
  const programAt = cursor.u32() + cursor.at;
  const minimumInstruction = cursor.u8();
  if (version >= 4) cursor.u8();
  const isStatement = cursor.u8() !== 0;
  const lineBase = (cursor.u8() << 24) >> 24;
  const lineRange = cursor.u8() || 1;
  const opcodeBase = cursor.u8();
  const operandCounts = Array.from({ length: opcodeBase - 1 }, () => cursor.u8());
  const tables = version >= 5 ? readTables5(sections, cursor) : readTables2(cursor);
  const path = (file: number): string => pathOf(tables, version, file, reading.directories, unitAt);
  cursor.at = programAt;
  const header = { minimumInstruction, isStatement, lineBase, lineRange, opcodeBase, operandCounts, path };
  new LineProgram(cursor, header, rows, reading).run();
}

/** `compilations`: of `LineReading`. */
function pathOf(
  { directories, files }: FileTables,
  version: number,
  index: number,
  compilations: LineReading["directories"],
  unitAt: number,
): string {
  const file = files[version >= 5 ? index : index - 1];
  if (!file) return "?";
  const directory =
    version >= 5 ? directories[file.directory] : file.directory > 0 ? directories[file.directory - 1] : undefined;
  if (compilations) return fullPath(file, directory, version >= 5 ? directories[0] : compilations.get(unitAt));
  // The first directory of version 5 is the compilation directory: paths below it are written relative to it.
  const isBase = version >= 5 && file.directory === 0;
  return directory && !isBase && !file.name.startsWith("/") ? `${directory}/${file.name}` : file.name;
}

interface ProgramHeader {
  readonly minimumInstruction: number;
  /** At the begin of each sequence. */
  readonly isStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  readonly operandCounts: readonly number[];
  readonly path: (file: number) => string;
}

/** The state machine of a line table (DWARF 5, 6.2.2), with the registers that rows are made of. */
class LineProgram {
  readonly #cursor: Cursor;
  readonly #header: ProgramHeader;
  readonly #rows: LineRow[];
  readonly #reading: LineReading;
  #address = 0;
  #file = 1;
  #line = 1;
  #isStatement: boolean;
  #discriminator = 0;

  constructor(cursor: Cursor, header: ProgramHeader, rows: LineRow[], reading: LineReading) {
    this.#cursor = cursor;
    this.#header = header;
    this.#rows = rows;
    this.#reading = reading;
    this.#isStatement = header.isStatement;
  }

  run(): void {
    const cursor = this.#cursor;
    const { opcodeBase } = this.#header;
    while (cursor.at < cursor.end) {
      const opcode = cursor.u8();
      if (opcode >= opcodeBase) this.#special(opcode - opcodeBase);
      else if (opcode === 0) this.#extended();
      else this.#standard(opcode);
    }
  }

  #emit(end: boolean): void {
    if (this.#rows.length >= MAX_ROWS) throw new RangeError("too many rows");
    if (this.#isStatement || end || this.#reading.everyRow)
      this.#rows.push({
        address: this.#reading.addressAt ? this.#address : this.#address >>> 0,
        file: this.#header.path(this.#file),
        line: this.#line,
        end,
        discriminator: this.#discriminator,
      });
    this.#discriminator = 0;
  }

  #special(adjusted: number): void {
    const { minimumInstruction, lineBase, lineRange } = this.#header;
    this.#address += Math.floor(adjusted / lineRange) * minimumInstruction;
    this.#line += lineBase + (adjusted % lineRange);
    this.#emit(false);
  }

  #extended(): void {
    const cursor = this.#cursor;
    const size = cursor.uleb();
    const next = cursor.at + size;
    const opcode = cursor.u8();
    if (opcode === 1) {
      this.#emit(true);
      this.#address = 0;
      this.#file = 1;
      this.#line = 1;
      this.#isStatement = this.#header.isStatement;
    } else if (opcode === 2) {
      const at = cursor.at;
      const address = cursor.u32();
      this.#address = this.#reading.addressAt?.(address, at) ?? address;
    } else if (opcode === 4) this.#discriminator = cursor.uleb();
    cursor.at = next;
  }

  #standard(opcode: number): void {
    const cursor = this.#cursor;
    const { minimumInstruction, lineRange, opcodeBase, operandCounts } = this.#header;
    switch (opcode) {
      case 1:
        this.#emit(false);
        break; // DW_LNS_copy
      case 2:
        this.#address += cursor.uleb() * minimumInstruction;
        break; // advance_pc
      case 3:
        this.#line += cursor.sleb();
        break; // advance_line
      case 4:
        this.#file = cursor.uleb();
        break; // set_file
      case 5:
        cursor.uleb();
        break; // set_column
      case 6:
        this.#isStatement = !this.#isStatement;
        break; // negate_stmt
      case 8:
        this.#address += Math.floor((255 - opcodeBase) / lineRange) * minimumInstruction;
        break; // const_add_pc
      case 9:
        this.#address += cursor.u16();
        break; // fixed_advance_pc
      default:
        for (let i = 0; i < (operandCounts[opcode - 1] ?? 0); i++) cursor.uleb();
    }
  }
}

/** More rows than any program has: a table that lies must not fill the memory. */
const MAX_ROWS = 1 << 23;

function fullPath({ name }: { name: string }, directory: string | undefined, compilation: string | undefined): string {
  if (name.startsWith("/")) return name;
  const below = directory !== undefined && directory !== compilation ? `${directory}/${name}` : name;
  return below.startsWith("/") || !compilation ? below : `${compilation}/${below}`;
}

interface FileTables {
  directories: string[];
  files: { name: string; directory: number }[];
}

function readTables2(cursor: Cursor): FileTables {
  const directories: string[] = [];
  const files: FileTables["files"] = [];
  for (let name = cursor.string(); name !== ""; name = cursor.string()) directories.push(name);
  for (let name = cursor.string(); name !== ""; name = cursor.string()) {
    files.push({ name, directory: cursor.uleb() });
    cursor.uleb();
    cursor.uleb();
  }
  return { directories, files };
}

function readTables5(sections: LineSections, cursor: Cursor): FileTables {
  const readEntries = (): { name: string; directory: number }[] => {
    const formats = Array.from({ length: cursor.u8() }, () => ({ content: cursor.uleb(), form: cursor.uleb() }));
    return Array.from({ length: cursor.uleb() }, () => {
      const entry = { name: "", directory: 0 };
      for (const { content, form } of formats) {
        const value = readForm(sections, cursor, form);
        if (content === DW_LNCT_path) entry.name = String(value);
        else if (content === DW_LNCT_directory_index) entry.directory = Number(value);
      }
      return entry;
    });
  };
  const directories = readEntries().map(({ name }) => name);
  return { directories, files: readEntries() };
}

function readForm(sections: LineSections, cursor: Cursor, form: number): string | number {
  switch (form) {
    case DW_FORM_string:
      return cursor.string();
    case DW_FORM_line_strp:
      return stringAt(sections.debugLineStr, cursor.u32());
    case DW_FORM_strp:
      return stringAt(sections.debugStr, cursor.u32());
    case DW_FORM_udata:
      return cursor.uleb();
    case DW_FORM_data1:
      return cursor.u8();
    case DW_FORM_data2:
      return cursor.u16();
    case DW_FORM_data16:
      cursor.at += 16;
      return 0;
    default:
      throw new RangeError(`unknown form ${form} in a line table`);
  }
}

/** Far above any section: marks addresses of the other sections of an object. */
const ELSEWHERE = 0xe0000000;
const cache = new WeakMap<ElfSection, readonly LineRow[]>();

/** The source line of an offset in a section of an object, or null when the object has no line table for it. */
export function sourceLocation(
  object: ElfObject,
  section: ElfSection,
  offset: number,
): { file: string; line: number } | null {
  let rows = cache.get(section);
  if (!rows) {
    rows = sectionRows(object, section);
    cache.set(section, rows);
  }
  let best: LineRow | null = null;
  for (const row of rows) if (row.address <= offset && (best === null || row.address >= best.address)) best = row;
  return best && !best.end ? { file: best.file, line: best.line } : null;
}

function sectionRows(object: ElfObject, section: ElfSection): LineRow[] {
  const named = (name: string): ElfSection | undefined => object.sections.find((candidate) => candidate.name === name);
  const debugLine = named(".debug_line");
  if (!debugLine) return [];
  const bytes = debugLine.content.slice();
  const view = new DataView(bytes.buffer);
  for (const { offset, type, symbol: index } of debugLine.relocations) {
    const symbol = object.table.at(index)!;
    if (type !== R.R32 || offset + 4 > bytes.length) continue;
    const target = object.sections[symbol.section];
    const base = target === section || target?.name.startsWith(".debug") ? 0 : ELSEWHERE;
    view.setUint32(offset, view.getUint32(offset, true) + symbol.value + base, true);
  }
  const rows = readLineRows({
    debugLine: bytes,
    debugLineStr: named(".debug_line_str")?.content ?? new Uint8Array(0),
    debugStr: named(".debug_str")?.content ?? new Uint8Array(0),
  });
  return rows.filter(({ address }) => address < ELSEWHERE);
}

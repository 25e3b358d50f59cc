/**
 * Reads an ELF32 relocatable object. Nothing in the file is believed: every offset, index and count is checked, so a
 * truncated or lying object ends in an `ElfError` that names the object and the field.
 */

import { type ByteSource, BytesInMemory } from "./byte-source.ts";
import {
  EHDR_BYTES,
  ELF_MAGIC,
  EM_386,
  ET_DYN,
  ET_EXEC,
  ET_REL,
  FILE_SHN_XINDEX,
  PHDR_BYTES,
  type SectionHeader,
  SHDR_BYTES,
  SHF_ALLOC,
  SHN_LORESERVE,
  SHT_NOBITS,
  SHT_NULL,
  SHT_REL,
  SHT_RELA,
  SHT_STRTAB,
  SHT_SYMTAB,
  SHT_SYMTAB_SHNDX,
  STB_LOCAL,
  SYM_BYTES,
  sectionOfField,
} from "./elf.ts";
import { latin1 } from "./latin1.ts";
import { type ElfRelocation, type ElfRelocations, RelocationTable } from "./relocation-table.ts";
import type { Texts } from "./texts.ts";

export class ElfError extends Error {
  readonly path: string;
  readonly problem: string;
  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.name = "ElfError";
    this.path = path;
    this.problem = problem;
  }
}

export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly align: number;
  readonly entrySizeBytes: number;
  readonly sizeBytes: number;
  /** sh_link and sh_info; their meaning depends on the type. */
  readonly link: number;
  readonly info: number;
  /** Where the content begins in the file, in bytes. */
  readonly fileOffset: number;
  /** Empty for SHT_NOBITS. Not to be changed; a file that is not in memory is read anew each time. */
  readonly content: Uint8Array;
  /** Copies the content, and zeros where the target is larger; absent where it is in memory anyway. */
  readonly copyTo?: (target: Uint8Array) => void;
  /** The content for a short look, as `ByteSource` has it; absent where it is in memory anyway. */
  readonly peek?: () => Uint8Array;
  readonly relocations: ElfRelocations;
}

export interface ElfSymbol {
  readonly name: string;
  readonly value: number;
  readonly sizeBytes: number;
  readonly binding: number;
  readonly type: number;
  readonly visibility: number;
  /** Section index, or one of the SHN_ numbers. */
  readonly section: number;
}

/** The fields of a program header (ELF gABI, "Program Header"), in bytes. */
export interface ElfSegment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly loadAddress: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
  readonly flags: number;
  readonly align: number;
}

export interface ElfObject {
  readonly path: string;
  readonly type: number;
  readonly entry: number;
  /** EI_OSABI: whose extensions the file has. */
  readonly abi: number;
  /** By section index; the null section is at 0. */
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
  /** The same symbols for whoever wants few of them, or each of them once. */
  readonly table: ElfSymbolTable;
  /** Of executables; empty in objects. */
  readonly segments: readonly ElfSegment[];
}

/** Symbols by their indices, as an array has them, and what nobody needs to go through all of them for. */
export interface ElfSymbolTable {
  readonly length: number;
  at(index: number): ElfSymbol | undefined;
  /** Of one that is there a field, without the rest of it. */
  sectionOf(index: number): number;
  bindingOf(index: number): number;
  typeOf(index: number): number;
  visibilityOf(index: number): number;
  valueOf(index: number): number;
  sizeOf(index: number): number;
  /** Whether the name of one that is there begins with these characters. */
  beginsWith(index: number, letters: string): boolean;
  /** Adds the name of one that is there to others, and returns its number among them. */
  addName(index: number, names: Texts): number;
  /** Indices of those that are not local, in order. */
  readonly globals: readonly number[];
  hasType(type: number): boolean;
}

interface Header extends SectionHeader {
  nameOffset: number;
}

/** A section of a file, whose content is read when it is asked for. */
class FileSection implements ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly align: number;
  readonly entrySizeBytes: number;
  readonly sizeBytes: number;
  readonly link: number;
  readonly info: number;
  readonly fileOffset: number;
  readonly relocations: ElfRelocations;
  readonly #source: ByteSource;

  constructor(source: ByteSource, header: Header, index: number, name: string, relocations: ElfRelocations) {
    this.index = index;
    this.name = name;
    this.type = header.type;
    this.flags = header.flags;
    this.address = header.address;
    this.align = header.align;
    this.entrySizeBytes = header.entrySizeBytes;
    this.sizeBytes = header.sizeBytes;
    this.link = header.link;
    this.info = header.info;
    this.fileOffset = header.offset;
    this.relocations = relocations;
    this.#source = source;
  }

  get content(): Uint8Array {
    return contentOf(this.#source, this.type, this.fileOffset, this.sizeBytes);
  }

  peek(): Uint8Array {
    return this.type === SHT_NOBITS ? NO_BYTES : this.#source.peek(this.fileOffset, this.sizeBytes);
  }

  copyTo(target: Uint8Array): void {
    const sizeBytes = this.type === SHT_NOBITS ? 0 : Math.min(target.length, this.sizeBytes);
    this.#source.readInto(target.subarray(0, sizeBytes), this.fileOffset);
    target.fill(0, sizeBytes);
  }
}

const NO_BYTES = new Uint8Array(0);

function contentOf(source: ByteSource, type: number, offset: number, sizeBytes: number): Uint8Array {
  return type === SHT_NOBITS || type === SHT_NULL ? NO_BYTES : source.read(offset, sizeBytes);
}

/** So many names of a table are decoded by themselves before the table is as a whole. */
const FEW_NAMES = 64;

/** The names of a table. Of most symbols nobody asks for them. */
class Names {
  readonly bytes: Uint8Array;
  #asked = 0;
  /** All of the table, once many are asked for: a look-up in it is quick, and takes no memory of its own. */
  #text: string | null = null;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  check(offset: number, fail: (problem: string) => never): void {
    const { length } = this.bytes;
    if (offset >= length && offset !== 0) fail(`a name lies beyond its string table (offset ${offset} of ${length})`);
  }

  at(offset: number): string {
    if (this.#text === null && this.#asked++ < FEW_NAMES) {
      const end = this.bytes.indexOf(0, offset);
      return latin1(this.bytes.subarray(offset, end < 0 ? this.bytes.length : end));
    }
    const text = (this.#text ??= latin1(this.bytes));
    const end = text.indexOf("\0", offset);
    return text.slice(offset, end < 0 ? text.length : end);
  }
}

/** A symbol in a table, of which little is asked as a rule. */
class SymbolRow implements ElfSymbol {
  readonly value: number;
  readonly sizeBytes: number;
  readonly binding: number;
  readonly type: number;
  readonly visibility: number;
  readonly section: number;
  readonly #names: Names;
  readonly #nameOffset: number;

  constructor(view: DataView, at: number, section: number, names: Names) {
    const info = view.getUint8(at + 12);
    this.value = view.getUint32(at + 4, true);
    this.sizeBytes = view.getUint32(at + 8, true);
    this.binding = info >> 4;
    this.type = info & 15;
    this.visibility = view.getUint8(at + 13) & 3;
    this.section = section;
    this.#names = names;
    this.#nameOffset = view.getUint32(at, true);
  }

  get name(): string {
    return this.#names.at(this.#nameOffset);
  }
}

/** The symbols as they stand in the file. */
class SymbolRows implements ElfSymbolTable {
  readonly length: number;
  readonly globals: number[] = [];
  readonly #view: DataView;
  readonly #names: Names;
  /** Sections by the symbols' indices where 16 bits are too few: SHT_SYMTAB_SHNDX. */
  readonly #sections: DataView;
  /** A bit for each type that there is. */
  #types = 0;

  /** Nothing of it is known before `check`. */
  constructor(view: DataView, names: Names, sections: DataView) {
    this.length = Math.floor(view.byteLength / SYM_BYTES);
    this.#view = view;
    this.#names = names;
    this.#sections = sections;
  }

  sectionOf(index: number): number {
    const field = this.#view.getUint16(index * SYM_BYTES + 14, true);
    return field === FILE_SHN_XINDEX && 4 * index + 4 <= this.#sections.byteLength
      ? this.#sections.getUint32(4 * index, true)
      : sectionOfField(field);
  }

  bindingOf(index: number): number {
    return this.#view.getUint8(index * SYM_BYTES + 12) >> 4;
  }

  typeOf(index: number): number {
    return this.#view.getUint8(index * SYM_BYTES + 12) & 15;
  }

  visibilityOf(index: number): number {
    return this.#view.getUint8(index * SYM_BYTES + 13) & 3;
  }

  valueOf(index: number): number {
    return this.#view.getUint32(index * SYM_BYTES + 4, true);
  }

  sizeOf(index: number): number {
    return this.#view.getUint32(index * SYM_BYTES + 8, true);
  }

  beginsWith(index: number, letters: string): boolean {
    const { bytes } = this.#names;
    const start = this.#view.getUint32(index * SYM_BYTES, true);
    for (let i = 0; i < letters.length; i++) if (bytes[start + i] !== letters.charCodeAt(i)) return false;
    return true;
  }

  addName(index: number, names: Texts): number {
    return names.addFrom(this.#names.bytes, this.#view.getUint32(index * SYM_BYTES, true));
  }

  hasType(type: number): boolean {
    return (this.#types & (1 << type)) !== 0;
  }

  at(index: number): ElfSymbol | undefined {
    return index < this.length
      ? new SymbolRow(this.#view, index * SYM_BYTES, this.sectionOf(index), this.#names)
      : undefined;
  }

  check(sectionCount: number, fail: (problem: string) => never): void {
    for (let index = 0; index < this.length; index++) {
      const info = this.#view.getUint8(index * SYM_BYTES + 12);
      this.#types |= 1 << (info & 15);
      if (info >> 4 !== STB_LOCAL) this.globals.push(index);
      const section = this.sectionOf(index);
      if (section >= sectionCount && section < SHN_LORESERVE)
        fail(`symbol ${index} names section ${section} of ${sectionCount}`);
      this.#names.check(this.#view.getUint32(index * SYM_BYTES, true), fail);
    }
  }
}

/** Symbols that come from no file, or that were changed. */
export class SymbolArray implements ElfSymbolTable {
  readonly length: number;
  readonly globals: readonly number[];
  readonly #symbols: readonly ElfSymbol[];

  constructor(symbols: readonly ElfSymbol[]) {
    this.#symbols = symbols;
    this.length = symbols.length;
    this.globals = [...symbols.keys()].filter((index) => symbols[index]!.binding !== STB_LOCAL);
  }

  at(index: number): ElfSymbol | undefined {
    return this.#symbols[index];
  }

  sectionOf(index: number): number {
    return this.#symbols[index]!.section;
  }

  bindingOf(index: number): number {
    return this.#symbols[index]!.binding;
  }

  typeOf(index: number): number {
    return this.#symbols[index]!.type;
  }

  visibilityOf(index: number): number {
    return this.#symbols[index]!.visibility;
  }

  valueOf(index: number): number {
    return this.#symbols[index]!.value;
  }

  sizeOf(index: number): number {
    return this.#symbols[index]!.sizeBytes;
  }

  beginsWith(index: number, letters: string): boolean {
    return this.#symbols[index]!.name.startsWith(letters);
  }

  addName(index: number, names: Texts): number {
    return names.add(this.#symbols[index]!.name);
  }

  hasType(type: number): boolean {
    return this.#symbols.some((symbol) => symbol.type === type);
  }
}

class FileObject implements ElfObject {
  readonly path: string;
  readonly type: number;
  readonly entry: number;
  readonly abi: number;
  readonly sections: readonly ElfSection[];
  readonly table: ElfSymbolTable;
  readonly segments: readonly ElfSegment[];
  #symbols: readonly ElfSymbol[] | null = null;

  constructor(
    { path, type, entry, abi }: Pick<ElfObject, "path" | "type" | "entry" | "abi">,
    sections: readonly ElfSection[],
    table: ElfSymbolTable,
    segments: readonly ElfSegment[],
  ) {
    this.path = path;
    this.type = type;
    this.entry = entry;
    this.abi = abi;
    this.sections = sections;
    this.table = table;
    this.segments = segments;
  }

  get symbols(): readonly ElfSymbol[] {
    return (this.#symbols ??= Array.from({ length: this.table.length }, (_, index) => {
      const { name, value, sizeBytes, binding, type, visibility, section } = this.table.at(index)!;
      return { name, value, sizeBytes, binding, type, visibility, section };
    }));
  }
}

/** The object with other sections or symbols. */
export function withChanges(
  object: ElfObject,
  changes: { readonly sections?: readonly ElfSection[]; readonly table?: ElfSymbolTable },
): ElfObject {
  return new FileObject(object, changes.sections ?? object.sections, changes.table ?? object.table, object.segments);
}

/**
 * How many sections a file has, and which of them holds their names: what the header's 16 bits are too few for stands
 * in the first section's own header (gABI, "ELF Header"). `first`: that header, if it lies in the file at such a place.
 */
export function sectionNumbers(
  head: DataView,
  first: (at: number) => DataView | null,
): { readonly sectionCount: number; readonly namesIndex: number } {
  const [count, names] = [head.getUint16(48, true), head.getUint16(50, true)];
  const other = count === 0 || names === FILE_SHN_XINDEX ? first(head.getUint32(32, true)) : null;
  return {
    sectionCount: count === 0 ? (other?.getUint32(20, true) ?? 0) : count,
    namesIndex: names === FILE_SHN_XINDEX ? (other?.getUint32(24, true) ?? 0) : names,
  };
}

/** Reads an object or an executable. Throws `ElfError`. */
export function readElf(file: Uint8Array | ByteSource, path: string): ElfObject {
  const source = file instanceof Uint8Array ? new BytesInMemory(file) : file;
  const fail = (problem: string): never => {
    throw new ElfError(path, problem);
  };
  if (source.length < EHDR_BYTES) fail("not an ELF file");
  const head = viewOf(source.read(0, EHDR_BYTES));
  if (head.getUint32(0, true) !== ELF_MAGIC) fail("not an ELF file");
  if (head.getUint8(4) !== 1 || head.getUint8(5) !== 1) fail("not a 32-bit little-endian ELF file");
  const type = head.getUint16(16, true);
  if (type !== ET_REL && type !== ET_EXEC && type !== ET_DYN)
    fail(`ELF type ${type} is neither an object nor an executable`);
  const machine = head.getUint16(18, true);
  if (machine !== EM_386) fail(`ELF machine ${machine} is not the Intel 80386 (3)`);
  const sectionsAt = head.getUint32(32, true);
  const { sectionCount, namesIndex } = sectionNumbers(head, (at) =>
    at > 0 && at + SHDR_BYTES <= source.length ? viewOf(source.read(at, SHDR_BYTES)) : null,
  );
  if (sectionCount > 0 && head.getUint16(46, true) !== SHDR_BYTES) fail("section headers are not of 40 bytes");
  if (sectionsAt + sectionCount * SHDR_BYTES > source.length)
    fail("the section header table lies beyond the end of the file");

  const table = viewOf(source.read(sectionsAt, sectionCount * SHDR_BYTES));
  const headers: Header[] = [];
  for (let i = 0; i < sectionCount; i++) {
    const word = (n: number): number => table.getUint32(i * SHDR_BYTES + n * 4, true);
    const header: Header = {
      nameOffset: word(0),
      type: word(1),
      flags: word(2),
      address: word(3),
      offset: word(4),
      sizeBytes: word(5),
      link: word(6),
      info: word(7),
      align: word(8) || 1,
      entrySizeBytes: word(9),
    };
    if (header.type !== SHT_NULL && header.type !== SHT_NOBITS && header.offset + header.sizeBytes > source.length) {
      fail(`section ${i} lies beyond the end of the file`);
    }
    if ((header.align & (header.align - 1)) !== 0)
      fail(`section ${i} has alignment ${header.align}, which is not a power of two`);
    headers.push(header);
  }
  const bytesOf = (header: Header): Uint8Array => contentOf(source, header.type, header.offset, header.sizeBytes);
  const names = new Names(namesIndex < headers.length ? bytesOf(headers[namesIndex]!) : NO_BYTES);

  let symbols: ElfSymbolTable = new SymbolArray([]);
  const symtabs = headers.filter((header) => header.type === SHT_SYMTAB);
  if (symtabs.length > 1) fail("more than one symbol table");
  const symtab = symtabs[0];
  if (symtab) {
    const strings = headers[symtab.link];
    if (!strings || strings.type !== SHT_STRTAB) fail("the symbol table has no string table");
    const place = headers.indexOf(symtab);
    const indices = headers.find(({ type, link }) => type === SHT_SYMTAB_SHNDX && link === place);
    const rows = new SymbolRows(
      viewOf(bytesOf(symtab)),
      new Names(bytesOf(strings!)),
      viewOf(indices ? bytesOf(indices) : NO_BYTES),
    );
    rows.check(headers.length, fail);
    symbols = rows;
  }

  const relocations: (RelocationTable | ElfRelocation[] | null)[] = headers.map(() => null);
  headers.forEach((header, index) => {
    if (header.type === SHT_RELA)
      fail(`section ${index} holds relocations with addends, which the Intel 80386 ABI does not use`);
    if (header.type !== SHT_REL) return;
    // In executables the relocations that are loaded, those of a dynamic linker or of start-up code, belong to no
    // section.
    if (type !== ET_REL && (header.info === 0 || (header.flags & SHF_ALLOC) !== 0)) return;
    if (type !== ET_REL && headers[header.link]?.type !== SHT_SYMTAB) return;
    const target = headers[header.info];
    if (!target) fail(`relocation section ${index} applies to section ${header.info}, which does not exist`);
    const entries = new RelocationTable(source, header.offset, header.sizeBytes, symbols.length);
    if (entries.highestSymbol >= symbols.length)
      fail(`a relocation of section ${header.info} names symbol ${entries.highestSymbol} of ${symbols.length}`);
    const before = relocations[header.info] ?? null;
    // A second table for the same section is rare.
    relocations[header.info] = before === null ? entries : [...before, ...entries];
  });

  const nameOf = ({ nameOffset }: Header): string => {
    names.check(nameOffset, fail);
    return names.at(nameOffset);
  };
  const sections = headers.map(
    (header, index): ElfSection => new FileSection(source, header, index, nameOf(header), relocations[index] ?? []),
  );
  const segments = readSegments(source, head, fail);
  const abi = head.getUint8(7);
  return new FileObject({ path, type, entry: head.getUint32(24, true), abi }, sections, symbols, segments);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function readSegments(source: ByteSource, head: DataView, fail: (problem: string) => never): ElfSegment[] {
  const start = head.getUint32(28, true);
  const count = head.getUint16(44, true);
  if (count === 0) return [];
  if (head.getUint16(42, true) !== PHDR_BYTES) fail("program headers are not of 32 bytes");
  if (start + count * PHDR_BYTES > source.length) fail("the program header table lies beyond the end of the file");
  const view = viewOf(source.read(start, count * PHDR_BYTES));
  return Array.from({ length: count }, (_, i) => {
    const word = (n: number): number => view.getUint32(i * PHDR_BYTES + n * 4, true);
    return {
      type: word(0),
      offset: word(1),
      address: word(2),
      loadAddress: word(3),
      fileBytes: word(4),
      memoryBytes: word(5),
      flags: word(6),
      align: word(7),
    };
  });
}

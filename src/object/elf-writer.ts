/** Writes an ELF32 file of sections, symbols, relocations and program headers that are laid out already. */
import { alignUp } from "./align.ts";
import {
  EHDR_BYTES,
  ELF_MAGIC,
  EM_386,
  ET_REL,
  PHDR_BYTES,
  REL_BYTES,
  type SectionHeader,
  SHDR_BYTES,
  SHF_GNU_RETAIN,
  SHF_GROUP,
  SHF_INFO_LINK,
  SHN_LORESERVE,
  SHT_NOBITS,
  SHT_NULL,
  SHT_REL,
  SHT_STRTAB,
  SHT_SYMTAB,
  SHT_SYMTAB_SHNDX,
  STB_GNU_UNIQUE,
  STT_GNU_IFUNC,
  SYM_BYTES,
} from "./elf.ts";
import type { ElfSegment } from "./elf-reader.ts";
import { FileInMemory, type FileSink } from "./file-sink.ts";
import { hasSectionIndices, nullSection, SectionIndices, SYMTAB_SHNDX, sectionFields } from "./section-indices.ts";
import { StringTable } from "./string-table.ts";
import type { Texts } from "./texts.ts";

/** What the file's header and its program headers take together. */
export function headerBytes(segments: number): number {
  return EHDR_BYTES + segments * PHDR_BYTES;
}

export interface FileSection {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly sizeBytes: number;
  readonly align: number;
  readonly entrySizeBytes: number;
  readonly content: Uint8Array;
  /** Where the segments put it; null for a section that goes wherever there is room. */
  readonly offset: number | null;
  /**
   * The table of relocations against symbols by their index (`RelocationBytes`); null when the section has none, and
   * "made" where `make` writes it.
   */
  readonly relocations: Uint8Array | "made" | null;
  /**
   * For a content that is not in memory: writes it to its place in the file, and the relocations to theirs. Returns the
   * size of the latter.
   */
  readonly make?: (sink: FileSink, contentAt: number, relocationsAt: number) => number;
  /** The header's sh_info, where it is no section: of a group the index of its signature. */
  readonly info?: number;
  /** Sections that the header's sh_link and sh_info name: indices among the sections given here, from 1. */
  readonly linked?: number;
  readonly linkedInfo?: number;
  /** The section's header links to the symbol table. */
  readonly linksToSymbols?: boolean;
}

export interface FileSymbol {
  readonly name: string;
  readonly value: number;
  readonly sizeBytes: number;
  readonly binding: number;
  readonly type: number;
  readonly visibility: number;
  /** Index among the sections given here, from 1; or an SHN_ number. */
  readonly section: number;
}

/** Symbols by their places in the table, as an array has them; each is asked for once, and once for its name. */
export interface FileSymbols {
  readonly length: number;
  at(place: number): Omit<FileSymbol, "name"> | undefined;
  /** Adds the name to others, and returns its number among them. */
  addName(place: number, names: Texts): number;
}

export interface ElfFile<Symbols = readonly FileSymbol[]> {
  readonly type: number;
  readonly entry: number;
  /** EI_OSABI where it is not found out from sections and symbols. */
  readonly abi?: number;
  readonly sections: readonly FileSection[];
  /** Null for a file without a symbol table. */
  readonly symbols: Symbols | null;
  readonly localCount: number;
  readonly headers: readonly ElfSegment[];
  /**
   * Positions in `sections` in the order in which their names go into the table of names; that of `sections` when
   * absent.
   */
  readonly nameOrder?: readonly number[];
  /** Sections without an offset begin here at the earliest. */
  readonly start: number;
  /** What all tables of relocations that are made have at most. */
  readonly madeBytes?: number;
}

interface Header extends SectionHeader {
  name: string;
}

/** Indices in the file of sections, each followed by its table of relocations. */
export function fileIndices(sections: readonly { readonly hasRelocations: boolean }[]): number[] {
  let next = 1;
  return sections.map(({ hasRelocations }) => {
    const index = next;
    next += hasRelocations ? 2 : 1;
    return index;
  });
}

/**
 * Where each section stands in the file, and where the tables after them begin: sections without an offset follow one
 * another from `start` on.
 */
function placeSections(
  sections: readonly Pick<FileSection, "offset" | "align" | "type" | "sizeBytes">[],
  start: number,
): { readonly offsets: readonly number[]; readonly end: number } {
  let end = start;
  const offsets = sections.map(({ offset, align, type, sizeBytes }) => {
    if (offset !== null) return offset;
    const place = alignUp(end, align);
    end = type === SHT_NOBITS ? place : place + sizeBytes;
    return place;
  });
  return { offsets, end };
}

const ELFOSABI_GNU = 3;
/** More than this comes from alignments and places that lie. */
const MAX_FILE_BYTES = 2 ** 29 + 2 ** 26;

const NO_SYMBOLS: FileSymbols = { length: 0, at: () => undefined, addName: (_, names) => names.add("") };

export class FileSizeError extends Error {}

/** The file in memory. Throws `FileSizeError`. */
export function writeElf({ symbols, ...file }: ElfFile): Uint8Array<ArrayBuffer> {
  let whole = new FileInMemory(0);
  const fileSymbols: FileSymbols | null = symbols && {
    length: symbols.length,
    at: (place) => symbols[place],
    addName: (place, names) => names.add(symbols[place]!.name),
  };
  const open = (mostBytes: number): FileSink => (whole = new FileInMemory(mostBytes));
  const sizeBytes = writeElfTo({ ...file, symbols: fileSymbols }, open);
  return whole.bytes(0, sizeBytes);
}

/**
 * Writes the file to what `open` makes for one of so many bytes at most, and returns its size. Throws `FileSizeError`
 * before that.
 */
export function writeElfTo(file: ElfFile<FileSymbols>, open: (mostBytes: number) => FileSink): number {
  const names = new StringTable();
  if (file.symbols) for (const name of [".symtab", ".strtab", ".shstrtab"]) names.add(name);
  else names.add(".shstrtab");
  for (const position of file.nameOrder ?? file.sections.keys()) {
    const { name, relocations } = file.sections[position]!;
    names.add(name);
    if (relocations !== null) names.add(`.rel${name}`);
  }
  const indices = fileIndices(file.sections.map(({ relocations }) => ({ hasRelocations: relocations !== null })));
  const symtabIndex = file.sections.length + file.sections.filter(({ relocations }) => relocations !== null).length + 1;
  const hasIndices = file.symbols !== null && hasSectionIndices(symtabIndex);
  if (hasIndices) names.add(SYMTAB_SHNDX);
  const nameBytes = names.finish();
  const places = placeSections(file.sections, file.start);
  const table = (name: string, sizeBytes: number, values: Partial<Header>): Header => ({
    name,
    type: SHT_STRTAB,
    flags: 0,
    address: 0,
    offset: 0,
    sizeBytes,
    link: 0,
    info: 0,
    align: 1,
    entrySizeBytes: 0,
    ...values,
  });
  const headers: Header[] = [table("", 0, { type: SHT_NULL, align: 0 })];
  const placed = file.sections.map((section, position) => {
    const { name, type, flags, address, sizeBytes, align, entrySizeBytes, relocations } = section;
    const header: Header = {
      name,
      type,
      flags,
      address,
      offset: places.offsets[position]!,
      sizeBytes,
      link: section.linksToSymbols ? symtabIndex : section.linked ? indices[section.linked - 1]! : 0,
      info: section.linkedInfo ? indices[section.linkedInfo - 1]! : (section.info ?? 0),
      align,
      entrySizeBytes,
    };
    headers.push(header);
    if (relocations === null) return { section, header, relocation: null };
    const relocation = table(`.rel${name}`, relocations.length, {
      type: SHT_REL,
      flags: SHF_INFO_LINK | (flags & SHF_GROUP),
      link: symtabIndex,
      info: indices[position]!,
      align: 4,
      entrySizeBytes: REL_BYTES,
    });
    headers.push(relocation);
    return { section, header, relocation };
  });
  const symbols = symbolBytes(file.symbols ?? NO_SYMBOLS, indices, hasIndices);
  const stringBytes = symbols.strings;
  // What only GNU systems know is said in the file's ABI.
  const isGnu =
    symbols.isGnu || (file.type === ET_REL && file.sections.some(({ flags }) => (flags & SHF_GNU_RETAIN) !== 0));
  const symtab = table(".symtab", symbols.table.length, {
    type: SHT_SYMTAB,
    offset: alignUp(places.end, 4),
    link: symtabIndex + (hasIndices ? 2 : 1),
    info: file.localCount + 1,
    align: 4,
    entrySizeBytes: SYM_BYTES,
  });
  const indexTable = table(SYMTAB_SHNDX, symbols.sections.length, {
    type: SHT_SYMTAB_SHNDX,
    offset: symtab.offset + symtab.sizeBytes,
    link: symtabIndex,
    align: 4,
    entrySizeBytes: 4,
  });
  const strtab = table(".strtab", stringBytes.length, { offset: indexTable.offset + indexTable.sizeBytes });
  let end = places.end;
  if (file.symbols) {
    headers.push(symtab, ...(hasIndices ? [indexTable] : []), strtab);
    end = strtab.offset + strtab.sizeBytes;
  }
  const shstrtab = table(".shstrtab", nameBytes.length, {});
  headers.push(shstrtab);
  const tableBytes = placed.reduce(
    (sum, { section: { relocations } }) =>
      relocations === null || relocations === "made" ? sum : alignUp(sum, 4) + relocations.length,
    file.madeBytes ?? 0,
  );
  const contentEnd = file.sections.reduce(
    (most, { offset, type, sizeBytes }) => (type === SHT_NOBITS ? most : Math.max(most, (offset ?? 0) + sizeBytes)),
    end,
  );
  const mostBytes = alignUp(alignUp(contentEnd, 4) + tableBytes + nameBytes.length, 4) + headers.length * SHDR_BYTES;
  if (!(mostBytes <= MAX_FILE_BYTES))
    throw new FileSizeError(`the file would have ${mostBytes} bytes: a section's alignment or place is out of bounds`);

  const sink = open(mostBytes);
  const put = (at: number, bytes: Uint8Array): void => {
    if (bytes.length > 0) sink.window(at, bytes.length).set(bytes);
  };
  for (const { section, header, relocation } of placed) {
    if (!section.make) put(header.offset, section.content);
    if (relocation) relocation.offset = alignUp(end, 4);
    const madeBytes = section.make?.(sink, header.offset, alignUp(end, 4)) ?? 0;
    if (!relocation) continue;
    if (section.relocations === "made") relocation.sizeBytes = madeBytes;
    else put(relocation.offset, section.relocations!);
    end = relocation.offset + relocation.sizeBytes;
  }
  shstrtab.offset = end;
  const headersAt = alignUp(end + nameBytes.length, 4);
  if (file.symbols) {
    put(symtab.offset, symbols.table);
    put(indexTable.offset, symbols.sections);
    put(strtab.offset, stringBytes);
  }
  put(shstrtab.offset, nameBytes);
  const headerTable = sink.window(headersAt, headers.length * SHDR_BYTES);
  Object.assign(headers[0]!, nullSection(headers.length));
  headers.forEach((header, index) =>
    writeWords(headerTable, index * SHDR_BYTES, [
      names.offset(header.name),
      header.type,
      header.flags,
      header.address,
      header.offset,
      header.sizeBytes,
      header.link,
      header.info,
      header.align,
      header.entrySizeBytes,
    ]),
  );
  const abi = isGnu ? ELFOSABI_GNU : (file.abi ?? 0);
  writeHead(sink.window(0, headerBytes(file.headers.length)), file, abi, headersAt, headers.length);
  return headersAt + headers.length * SHDR_BYTES;
}

function writeWords(target: Uint8Array, at: number, values: readonly number[]): void {
  const view = new DataView(target.buffer, target.byteOffset, target.length);
  values.forEach((value, index) => view.setUint32(at + 4 * index, value, true));
}

/** The file's header and the program headers. */
function writeHead(
  target: Uint8Array,
  file: ElfFile<unknown>,
  abi: number,
  headersAt: number,
  headerCount: number,
): void {
  const segments = file.headers.length;
  const fields = sectionFields(headerCount);
  writeWords(target, 0, [
    ELF_MAGIC,
    0x00010101 | (abi << 24),
    0,
    0,
    file.type | (EM_386 << 16),
    1,
    file.entry,
    segments > 0 ? EHDR_BYTES : 0,
    headersAt,
    0,
    EHDR_BYTES | ((segments > 0 ? PHDR_BYTES : 0) << 16),
    segments | (SHDR_BYTES << 16),
    fields.count | (fields.names << 16),
  ]);
  file.headers.forEach((header, index) => {
    writeWords(target, EHDR_BYTES + PHDR_BYTES * index, [
      header.type,
      header.offset,
      header.address,
      header.loadAddress,
      header.fileBytes,
      header.memoryBytes,
      header.flags,
      header.align,
    ]);
  });
}

/** A table of relocations in the making. */
export class RelocationBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #length = 0;

  constructor(count: number) {
    this.bytes = new Uint8Array(count * REL_BYTES);
    this.#view = new DataView(this.bytes.buffer);
  }

  add(offset: number, type: number, symbol: number): void {
    this.#view.setUint32(this.#length, offset, true);
    this.#view.setUint32(this.#length + 4, ((symbol << 8) | type) >>> 0, true);
    this.#length += REL_BYTES;
  }
}

/** The table of symbols, behind the null symbol, and that of their names. */
function symbolBytes(
  symbols: FileSymbols,
  indices: readonly number[],
  hasIndices: boolean,
): {
  readonly table: Uint8Array;
  readonly sections: Uint8Array;
  readonly strings: Uint8Array;
  readonly isGnu: boolean;
} {
  const table = new Uint8Array((symbols.length + 1) * SYM_BYTES);
  const sections = new SectionIndices(hasIndices, symbols.length + 1);
  const view = new DataView(table.buffer);
  const names = new StringTable();
  let isGnu = false;
  for (let place = 0; place < symbols.length; place++) {
    const { value, sizeBytes, binding, type, visibility, section } = symbols.at(place)!;
    const at = (place + 1) * SYM_BYTES;
    // Where names stand is known when all of them are.
    view.setUint32(at, symbols.addName(place, names), true);
    view.setUint32(at + 4, value, true);
    view.setUint32(at + 8, sizeBytes, true);
    view.setUint8(at + 12, (binding << 4) | type);
    view.setUint8(at + 13, visibility);
    const index = section > 0 && section < SHN_LORESERVE ? indices[section - 1]! : section;
    view.setUint16(at + 14, sections.field(place + 1, index), true);
    if (type === STT_GNU_IFUNC || binding === STB_GNU_UNIQUE) isGnu = true;
  }
  const strings = names.finish();
  for (let at = SYM_BYTES; at < table.length; at += SYM_BYTES)
    view.setUint32(at, names.offsetOf(view.getUint32(at, true)), true);
  return { table, sections: sections.bytes, strings, isGnu };
}

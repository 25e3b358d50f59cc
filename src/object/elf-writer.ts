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
  STB_GNU_UNIQUE,
  STT_GNU_IFUNC,
  SYM_BYTES,
} from "./elf.ts";
import type { ElfSegment } from "./elf-reader.ts";
import { StringTable } from "./string-table.ts";

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
  /** The table of relocations against symbols by their index (`RelocationBytes`); null when the section has none. */
  readonly relocations: Uint8Array | null;
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

export interface ElfFile {
  readonly type: number;
  readonly entry: number;
  readonly sections: readonly FileSection[];
  /** Null for a file without a symbol table. */
  readonly symbols: readonly FileSymbol[] | null;
  readonly localCount: number;
  readonly headers: readonly ElfSegment[];
  /**
   * Positions in `sections` in the order in which their names go into the table of names; that of `sections` when
   * absent.
   */
  readonly nameOrder?: readonly number[];
  /** Sections without an offset begin here at the earliest. */
  readonly start: number;
  /**
   * Zeros but for contents of sections, which stand at their places in the file: they are not copied when there is room for
   * all of the file.
   */
  readonly room?: Uint8Array<ArrayBuffer>;
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
export function placeSections(
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

/** More than this comes from alignments and places that lie. */
const MAX_FILE_BYTES = 2 ** 29 + 2 ** 26;

export class FileSizeError extends Error {}

/** Throws `FileSizeError`. */
export function writeElf(file: ElfFile): Uint8Array<ArrayBuffer> {
  const names = new StringTable();
  if (file.symbols) for (const name of [".symtab", ".strtab", ".shstrtab"]) names.add(name);
  else names.add(".shstrtab");
  for (const position of file.nameOrder ?? file.sections.keys()) {
    const { name, relocations } = file.sections[position]!;
    names.add(name);
    if (relocations !== null) names.add(`.rel${name}`);
  }
  const indices = fileIndices(file.sections.map(({ relocations }) => ({ hasRelocations: relocations !== null })));
  const headers: Header[] = [
    {
      name: "",
      type: SHT_NULL,
      flags: 0,
      address: 0,
      offset: 0,
      sizeBytes: 0,
      link: 0,
      info: 0,
      align: 0,
      entrySizeBytes: 0,
    },
  ];
  const contents = new Map<Header, Uint8Array>();
  const symtabIndex = file.sections.length + file.sections.filter(({ relocations }) => relocations !== null).length + 1;
  const places = placeSections(file.sections, file.start);
  let offset = places.end;
  const late: { header: Header; content: Uint8Array }[] = [];
  file.sections.forEach((section, position) => {
    const { name, type, flags, address, sizeBytes, align, entrySizeBytes, content, relocations } = section;
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
    contents.set(header, content);
    if (relocations === null) return;
    const relocation: Header = {
      name: `.rel${name}`,
      type: SHT_REL,
      flags: SHF_INFO_LINK | (flags & SHF_GROUP),
      address: 0,
      offset: 0,
      sizeBytes: relocations.length,
      link: symtabIndex,
      info: indices[position]!,
      align: 4,
      entrySizeBytes: REL_BYTES,
    };
    headers.push(relocation);
    late.push({ header: relocation, content: relocations });
  });
  if (file.symbols) {
    const strings = new StringTable();
    for (const { name } of file.symbols) strings.add(name);
    const stringBytes = strings.finish();
    const table = symbolBytes(file.symbols, strings, indices);
    const symtab: Header = {
      name: ".symtab",
      type: SHT_SYMTAB,
      flags: 0,
      address: 0,
      offset: alignUp(offset, 4),
      sizeBytes: table.length,
      link: symtabIndex + 1,
      info: file.localCount + 1,
      align: 4,
      entrySizeBytes: SYM_BYTES,
    };
    const strtab: Header = {
      name: ".strtab",
      type: SHT_STRTAB,
      flags: 0,
      address: 0,
      offset: symtab.offset + table.length,
      sizeBytes: stringBytes.length,
      link: 0,
      info: 0,
      align: 1,
      entrySizeBytes: 0,
    };
    offset = strtab.offset + stringBytes.length;
    headers.push(symtab, strtab);
    contents.set(symtab, table).set(strtab, stringBytes);
  }
  for (const { header, content } of late) {
    header.offset = alignUp(offset, 4);
    offset = header.offset + content.length;
    contents.set(header, content);
  }
  const nameBytes = names.finish();
  const shstrtab: Header = {
    name: ".shstrtab",
    type: SHT_STRTAB,
    flags: 0,
    address: 0,
    offset,
    sizeBytes: nameBytes.length,
    link: 0,
    info: 0,
    align: 1,
    entrySizeBytes: 0,
  };
  headers.push(shstrtab);
  contents.set(shstrtab, nameBytes);
  const headersAt = alignUp(offset + nameBytes.length, 4);
  const totalBytes = headersAt + headers.length * SHDR_BYTES;
  if (!(totalBytes <= MAX_FILE_BYTES))
    throw new FileSizeError(`the file would have ${totalBytes} bytes: a section's alignment or place is out of bounds`);
  const { room } = file;
  const hasRoom = room !== undefined && totalBytes <= room.length;
  const bytes = hasRoom ? room.subarray(0, totalBytes) : new Uint8Array(totalBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, totalBytes);
  const words = (at: number, values: readonly number[]): void =>
    values.forEach((value, index) => view.setUint32(at + 4 * index, value, true));
  // What only GNU systems know is said in the file's ABI.
  const isGnu =
    (file.type === ET_REL && file.sections.some(({ flags }) => (flags & SHF_GNU_RETAIN) !== 0)) ||
    (file.symbols ?? []).some(({ type, binding }) => type === STT_GNU_IFUNC || binding === STB_GNU_UNIQUE);
  words(0, [
    ELF_MAGIC,
    isGnu ? 0x03010101 : 0x00010101,
    0,
    0,
    file.type | (EM_386 << 16),
    1,
    file.entry,
    file.headers.length > 0 ? EHDR_BYTES : 0,
    headersAt,
    0,
  ]);
  [
    EHDR_BYTES,
    file.headers.length > 0 ? PHDR_BYTES : 0,
    file.headers.length,
    SHDR_BYTES,
    headers.length,
    headers.length - 1,
  ].forEach((value, index) => view.setUint16(40 + 2 * index, value, true));
  file.headers.forEach((header, index) => {
    words(EHDR_BYTES + PHDR_BYTES * index, [
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
  headers.forEach((header, index) => {
    const content = contents.get(header);
    if (content && content.length > 0 && !(hasRoom && content.buffer === room.buffer))
      bytes.set(content, header.offset);
    words(headersAt + index * SHDR_BYTES, [
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
    ]);
  });
  return bytes;
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

function symbolBytes(symbols: readonly FileSymbol[], strings: StringTable, indices: readonly number[]): Uint8Array {
  const bytes = new Uint8Array((symbols.length + 1) * SYM_BYTES);
  const view = new DataView(bytes.buffer);
  symbols.forEach(({ name, value, sizeBytes, binding, type, visibility, section }, index) => {
    const at = (index + 1) * SYM_BYTES;
    view.setUint32(at, strings.offset(name), true);
    view.setUint32(at + 4, value, true);
    view.setUint32(at + 8, sizeBytes, true);
    bytes[at + 12] = (binding << 4) | type;
    bytes[at + 13] = visibility;
    view.setUint16(at + 14, section > 0 && section < SHN_LORESERVE ? indices[section - 1]! : section, true);
  });
  return bytes;
}

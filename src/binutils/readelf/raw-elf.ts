/**
 * An ELF file as its headers describe it, for `readelf`: every section, tables included, in the order of the file, and
 * nothing believed. What lies outside the file reads as empty.
 */
import {
  EHDR_BYTES,
  ELF_MAGIC,
  EM_386,
  FILE_SHN_XINDEX,
  PHDR_BYTES,
  REL_BYTES,
  SHDR_BYTES,
  SHT_NOBITS,
  SHT_STRTAB,
  SHT_SYMTAB_SHNDX,
  SYM_BYTES,
  sectionOfField,
} from "../../object/elf.ts";
import { ElfError, type ElfSegment, sectionNumbers } from "../../object/elf-reader.ts";

export interface RawSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
  readonly entrySizeBytes: number;
}

export interface RawSymbol {
  readonly name: string;
  readonly value: number;
  readonly sizeBytes: number;
  readonly binding: number;
  readonly type: number;
  readonly visibility: number;
  readonly section: number;
}

export interface RawRelocation {
  readonly offset: number;
  readonly info: number;
}

export class RawElf {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly sections: readonly RawSection[];
  /** What the file says, which may be more than there is. */
  readonly sectionCount: number;
  readonly namesIndex: number;
  readonly segments: readonly ElfSegment[];
  readonly #symbols = new Map<RawSection, readonly RawSymbol[]>();

  /** Throws `ElfError` for what is no ELF32 file of the 386. */
  constructor(bytes: Uint8Array, path: string) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < EHDR_BYTES || this.view.getUint32(0, true) !== ELF_MAGIC)
      throw new ElfError(path, "it is no ELF file");
    if (bytes[4] !== 1 || bytes[5] !== 1 || this.half(18) !== EM_386)
      throw new ElfError(path, "it is an ELF file, but not of 32 bits for the 386");
    const { sectionCount, namesIndex } = sectionNumbers(this.view, (at) =>
      at > 0 && at + SHDR_BYTES <= bytes.length ? new DataView(bytes.buffer, bytes.byteOffset + at, SHDR_BYTES) : null,
    );
    this.sectionCount = sectionCount;
    this.namesIndex = namesIndex;
    const rows = this.#table(this.word(32), sectionCount, SHDR_BYTES);
    const fields = rows.map((at) => Array.from({ length: 10 }, (_, i) => this.word(at + 4 * i)));
    const names = fields[namesIndex];
    const namesAt = names === undefined || names[1] !== SHT_STRTAB ? null : { at: names[4]!, size: names[5]! };
    this.sections = fields.map((row, index) => {
      const [name, type, flags, address, offset, sizeBytes, link, info, align, entrySizeBytes] = row as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      const text = namesAt === null ? "<no-strings>" : this.#text(namesAt.at, namesAt.size, name);
      return { index, name: text, type, flags, address, offset, sizeBytes, link, info, align, entrySizeBytes };
    });
    this.segments = this.#table(this.word(28), this.half(44), PHDR_BYTES).map((at) => {
      const [type, offset, address, loadAddress, fileBytes, memoryBytes, flags, align] = Array.from(
        { length: 8 },
        (_, i) => this.word(at + 4 * i),
      ) as [number, number, number, number, number, number, number, number];
      return { type, offset, address, loadAddress, fileBytes, memoryBytes, flags, align };
    });
  }

  half(at: number): number {
    return at + 2 <= this.bytes.length ? this.view.getUint16(at, true) : 0;
  }

  word(at: number): number {
    return at + 4 <= this.bytes.length ? this.view.getUint32(at, true) : 0;
  }

  /** Where the entries of a table are, as far as they lie in the file. */
  #table(offset: number, count: number, entryBytes: number): number[] {
    const there = Math.max(0, Math.floor((this.bytes.length - offset) / entryBytes));
    return Array.from({ length: offset === 0 ? 0 : Math.min(count, there) }, (_, i) => offset + i * entryBytes);
  }

  content({ type, offset, sizeBytes }: RawSection): Uint8Array {
    return type === SHT_NOBITS ? new Uint8Array(0) : this.bytes.subarray(offset, offset + sizeBytes);
  }

  #text(tableAt: number, tableSize: number, offset: number): string {
    if (offset >= tableSize) return "<corrupt>";
    let text = "";
    for (let at = tableAt + offset; at < tableAt + tableSize && at < this.bytes.length; at++) {
      if (this.bytes[at] === 0) break;
      text += String.fromCharCode(this.bytes[at]!);
    }
    return text;
  }

  /** A text of the string table that a section names. */
  textOf(section: RawSection, offset: number): string {
    const table = this.sections[section.link];
    return table === undefined || table.type !== SHT_STRTAB ? "" : this.#text(table.offset, table.sizeBytes, offset);
  }

  symbolsOf(section: RawSection): readonly RawSymbol[] {
    let symbols = this.#symbols.get(section);
    if (symbols === undefined) {
      const indices = this.sections.find(({ type, link }) => type === SHT_SYMTAB_SHNDX && link === section.index);
      symbols = this.#table(section.offset, Math.floor(section.sizeBytes / SYM_BYTES), SYM_BYTES).map((at, index) => ({
        name: this.textOf(section, this.word(at)),
        value: this.word(at + 4),
        sizeBytes: this.word(at + 8),
        binding: this.bytes[at + 12]! >> 4,
        type: this.bytes[at + 12]! & 15,
        visibility: this.bytes[at + 13]! & 3,
        section:
          this.half(at + 14) === FILE_SHN_XINDEX && indices
            ? this.word(indices.offset + 4 * index)
            : sectionOfField(this.half(at + 14)),
      }));
      this.#symbols.set(section, symbols);
    }
    return symbols;
  }

  relocationsOf(section: RawSection): RawRelocation[] {
    return this.#table(section.offset, Math.floor(section.sizeBytes / REL_BYTES), REL_BYTES).map((at) => ({
      offset: this.word(at),
      info: this.word(at + 4),
    }));
  }
}

export const hex = (number: number, digits = 0): string => (number >>> 0).toString(16).padStart(digits, "0");

/**
 * A name in a column: cut with `[...]` where it is too long, unless lines may be wide. Control characters show as `^A`.
 */
export function nameIn(width: number, name: string, isWide: boolean): string {
  const isCut = !isWide && name.length > width;
  let left = isWide ? Infinity : isCut ? width - 5 : width;
  let text = "";
  for (let i = 0; i < name.length && left > 0; i++) {
    const code = name.charCodeAt(i);
    if (code < 0x20) {
      if (left < 2) break;
      text += `^${String.fromCharCode(code + 0x40)}`;
      left -= 2;
    } else {
      text += name[i];
      left--;
    }
  }
  return isCut ? `${text}[...]` : text;
}

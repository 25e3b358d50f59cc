/** What a file says of more sections than its 16 bits can number (gABI, "ELF Header" and "Symbol Table"). */
import { FILE_SHN_LORESERVE, FILE_SHN_XINDEX, fieldOfSection, type SectionHeader } from "./elf.ts";

/** Name of the table of such indices, which stands behind that of the symbols and is listed last among the names. */
export const SYMTAB_SHNDX = ".symtab_shndx";

/** Whether there is that table: as GNU's, which count the tables to come. `symtab`: the symbol table's index. */
export const hasSectionIndices = (symtab: number): boolean => symtab >= FILE_SHN_LORESERVE - 2;

/**
 * The sections of symbols by their places in the symbol table; 0 for those whose own 16 bits suffice. Empty without it.
 */
export class SectionIndices {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  /** `isThere`: as `hasSectionIndices` says. */
  constructor(isThere: boolean, symbols: number) {
    this.bytes = new Uint8Array(isThere ? 4 * symbols : 0);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** The symbol's 16 bits. */
  field(symbol: number, section: number): number {
    const field = fieldOfSection(section);
    if (field === FILE_SHN_XINDEX) this.#view.setUint32(4 * symbol, section, true);
    return field;
  }
}

/** e_shnum and e_shstrndx of a file whose last section holds the names. */
export function sectionFields(count: number): { readonly count: number; readonly names: number } {
  return { count: count < FILE_SHN_LORESERVE ? count : 0, names: fieldOfSection(count - 1) };
}

/** What the first section's header says for them. */
export function nullSection(count: number): Pick<SectionHeader, "sizeBytes" | "link"> {
  const { count: field, names } = sectionFields(count);
  return { sizeBytes: field === count ? 0 : count, link: names === FILE_SHN_XINDEX ? count - 1 : 0 };
}

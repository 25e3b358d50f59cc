/** The symbols of a linked program that name an address in memory. */
import { SHF_ALLOC, STT_FILE, STT_SECTION } from "./elf.ts";
import type { ElfObject } from "./elf-reader.ts";

export interface ProgramSymbol {
  readonly name: string;
  readonly linearAddress: number;
  /** After the last byte of its section: no address from there on belongs to it. */
  readonly endAddress: number;
}

export function programSymbols({ symbols, sections }: ElfObject): ProgramSymbol[] {
  return symbols.flatMap(({ name, value, type, section }) => {
    const home = sections[section];
    if (home === undefined || (home.flags & SHF_ALLOC) === 0) return [];
    if (name === "" || type === STT_SECTION || type === STT_FILE) return [];
    return [{ name, linearAddress: value, endAddress: home.address + home.sizeBytes }];
  });
}

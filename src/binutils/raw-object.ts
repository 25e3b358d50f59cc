/** Plain bytes as an object file of one section `.data`, as `-b binary` and `-I binary` of the GNU tools see them. */

import {
  ET_REL,
  SHF_ALLOC,
  SHF_WRITE,
  SHN_ABS,
  SHN_COMMON,
  SHN_UNDEF,
  SHT_PROGBITS,
  STB_LOCAL,
  STT_TLS,
} from "../object/elf.ts";
import { type ElfSection, readElf, SymbolArray } from "../object/elf-reader.ts";
import { headerBytes, writeElf } from "../object/elf-writer.ts";
import type { ObjectFile } from "./object-file.ts";

export function rawObject(bytes: Uint8Array, path: string, address: number): ObjectFile {
  const elf: ElfSection = {
    index: 1,
    name: ".data",
    type: SHT_PROGBITS,
    flags: SHF_ALLOC | SHF_WRITE,
    address,
    align: 1,
    entrySizeBytes: 0,
    sizeBytes: bytes.length,
    link: 0,
    info: 0,
    fileOffset: 0,
    content: bytes,
    relocations: [],
  };
  return {
    path,
    elf: { path, type: 0, entry: 0, abi: 0, sections: [elf], symbols: [], table: new SymbolArray([]), segments: [] },
    sections: [
      {
        elf,
        name: ".data",
        address,
        loadAddress: address,
        sizeBytes: bytes.length,
        traits: {
          contents: true,
          alloc: true,
          load: true,
          reloc: false,
          readonly: false,
          code: false,
          data: true,
          debugging: false,
          exclude: false,
          octets: false,
          threadLocal: false,
          group: false,
          linkOnce: false,
        },
      },
    ],
    symbols: [],
    isRelocatable: false,
    hasRelocations: false,
  };
}

/**
 * An object that holds the bytes, with the symbols `_binary_NAME_start`, `_end` and `_size` (`objcopy -I binary -O
 * elf32-i386`).
 */
export function blobObject(bytes: Uint8Array, path: string): Uint8Array<ArrayBuffer> {
  const base = `_binary_${path.replace(/[^A-Za-z0-9]/g, "_")}`;
  const symbol = (
    name: string,
    value: number,
    section: number,
  ): {
    name: string;
    value: number;
    sizeBytes: number;
    binding: number;
    type: number;
    visibility: number;
    section: number;
  } => ({
    name: base + name,
    value,
    sizeBytes: 0,
    binding: 1,
    type: 0,
    visibility: 0,
    section,
  });
  return writeElf({
    type: ET_REL,
    entry: 0,
    headers: [],
    localCount: 0,
    start: headerBytes(0),
    sections: [
      {
        name: ".data",
        type: SHT_PROGBITS,
        flags: SHF_ALLOC | SHF_WRITE,
        address: 0,
        sizeBytes: bytes.length,
        align: 1,
        entrySizeBytes: 0,
        content: bytes,
        offset: null,
        relocations: null,
      },
    ],
    symbols: [symbol("_start", 0, 1), symbol("_end", bytes.length, 1), symbol("_size", bytes.length, SHN_ABS)],
  });
}

/**
 * An object without contents that says where another program's symbols are (`ld --just-symbols`). Throws `ElfError`.
 */
export function symbolsAlone(bytes: Uint8Array, path: string): Uint8Array {
  const { symbols } = readElf(bytes, path);
  const known = symbols
    .filter(({ binding, section }) => binding !== STB_LOCAL && section !== SHN_UNDEF && section !== SHN_COMMON)
    // A thread's own data is at no address.
    .filter(({ type }) => type !== STT_TLS)
    .map((symbol) => ({ ...symbol, section: SHN_ABS }));
  return writeElf({
    type: ET_REL,
    entry: 0,
    sections: [],
    symbols: known,
    localCount: 0,
    headers: [],
    start: headerBytes(0),
  });
}

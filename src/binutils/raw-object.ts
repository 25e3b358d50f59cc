/** Plain bytes as an object file of one section `.data`, as `-b binary` and `-I binary` of the GNU tools see them. */
import type { ElfSection } from "../linker/elf-reader.ts";
import { SHF_ALLOC, SHF_WRITE, SHT_PROGBITS } from "../linker/elf.ts";
import type { ObjectFile } from "./object-file.ts";

export function rawObject(bytes: Uint8Array, path: string, address: number): ObjectFile {
  const elf: ElfSection = {
    index: 1, name: ".data", type: SHT_PROGBITS, flags: SHF_ALLOC | SHF_WRITE, address, align: 1, entrySizeBytes: 0, sizeBytes: bytes.length, link: 0, info: 0,
    fileOffset: 0, content: bytes, relocations: [],
  };
  return {
    path,
    elf: { path, type: 0, entry: 0, sections: [elf], symbols: [], segments: [] },
    sections: [{
      elf, name: ".data", address, loadAddress: address, sizeBytes: bytes.length,
      traits: { contents: true, alloc: true, load: true, reloc: false, readonly: false, code: false, data: true, debugging: false, exclude: false, octets: false, threadLocal: false, group: false, linkOnce: false },
    }],
    symbols: [], isRelocatable: false,
  };
}

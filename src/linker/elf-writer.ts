/** Writes a linked program as an ELF32 executable for gdb, objdump and readelf: sections, symbols, line tables. */
import {
  EHDR_BYTES, ELF_MAGIC, EM_386, ET_EXEC, PHDR_BYTES, SHDR_BYTES, SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHN_ABS, SHT_NOBITS, SHT_PROGBITS,
  SHT_STRTAB, SHT_SYMTAB, STB_LOCAL, SYM_BYTES,
} from "./elf.ts";
import type { Linked, LinkedSection } from "./link.ts";

class StringTable {
  private readonly offsets = new Map<string, number>([["", 0]]);
  private readonly parts: string[] = ["\0"];
  private sizeBytes = 1;

  offsetOf(text: string): number {
    const known = this.offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.sizeBytes;
    this.offsets.set(text, offset);
    this.parts.push(text, "\0");
    this.sizeBytes += text.length + 1;
    return offset;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.parts.join(""), (character) => character.charCodeAt(0));
  }
}

/** One loadable segment for each allocated section, so that file offsets and addresses need not be congruent. */
export function writeExecutable(linked: Linked): Uint8Array<ArrayBuffer> {
  const names = new StringTable();
  const strings = new StringTable();
  const loadable = linked.sections.filter(({ flags }) => (flags & SHF_ALLOC) !== 0);
  const symbols = [...linked.symbols].sort((a, b) => Number(a.binding !== STB_LOCAL) - Number(b.binding !== STB_LOCAL));
  const indexOf = new Map<LinkedSection, number>(linked.sections.map((section, index) => [section, index + 1]));

  const symtab = new Uint8Array((symbols.length + 1) * SYM_BYTES);
  const symtabView = new DataView(symtab.buffer);
  symbols.forEach((symbol, index) => {
    const at = (index + 1) * SYM_BYTES;
    symtabView.setUint32(at, strings.offsetOf(symbol.name), true);
    symtabView.setUint32(at + 4, symbol.value, true);
    symtabView.setUint32(at + 8, symbol.sizeBytes, true);
    symtab[at + 12] = (symbol.binding << 4) | symbol.type;
    symtabView.setUint16(at + 14, symbol.section ? indexOf.get(symbol.section)! : SHN_ABS, true);
  });

  interface Part { name: string; type: number; flags: number; address: number; content: Uint8Array; sizeBytes: number; link: number; info: number; align: number; entrySizeBytes: number; offset: number }
  const parts: Part[] = linked.sections.map((section) => ({
    name: section.name, type: section.nobits ? SHT_NOBITS : SHT_PROGBITS, flags: section.flags, address: section.address, content: section.content,
    sizeBytes: section.sizeBytes, link: 0, info: 0, align: section.align, entrySizeBytes: 0, offset: 0,
  }));
  const own = (name: string, type: number, content: Uint8Array, link: number, info: number, align: number, entrySizeBytes: number): void =>
    void parts.push({ name, type, flags: 0, address: 0, content, sizeBytes: content.length, link, info, align, entrySizeBytes, offset: 0 });
  const firstGlobal = symbols.findIndex(({ binding }) => binding !== STB_LOCAL);
  own(".symtab", SHT_SYMTAB, symtab, parts.length + 2, (firstGlobal < 0 ? symbols.length : firstGlobal) + 1, 4, SYM_BYTES);
  own(".strtab", SHT_STRTAB, strings.bytes(), 0, 0, 1, 0);
  const nameOffsets = [...parts.map(({ name }) => names.offsetOf(name)), names.offsetOf(".shstrtab")];
  own(".shstrtab", SHT_STRTAB, names.bytes(), 0, 0, 1, 0);

  let offset = EHDR_BYTES + PHDR_BYTES * loadable.length;
  for (const part of parts) {
    offset = Math.ceil(offset / Math.max(part.align, 1)) * Math.max(part.align, 1);
    part.offset = offset;
    offset += part.content.length;
  }
  const headersAt = Math.ceil(offset / 4) * 4;
  const file = new Uint8Array(headersAt + SHDR_BYTES * (parts.length + 1));
  const view = new DataView(file.buffer);
  const words = (at: number, values: readonly number[]): void => values.forEach((value, index) => view.setUint32(at + 4 * index, value, true));
  words(0, [ELF_MAGIC, 0x00010101, 0, 0, ET_EXEC | (EM_386 << 16), 1, linked.entry, EHDR_BYTES, headersAt, 0]);
  [EHDR_BYTES, PHDR_BYTES, loadable.length, SHDR_BYTES, parts.length + 1, parts.length].forEach((value, index) => view.setUint16(40 + 2 * index, value, true));
  loadable.forEach((section, index) => {
    const part = parts[indexOf.get(section)! - 1]!;
    const permissions = 4 | (section.flags & SHF_WRITE ? 2 : 0) | (section.flags & SHF_EXECINSTR ? 1 : 0);
    words(EHDR_BYTES + PHDR_BYTES * index, [1, part.offset, section.address, section.loadAddress, part.content.length, section.sizeBytes, permissions, 1]);
  });
  parts.forEach((part, index) => {
    file.set(part.content, part.offset);
    words(headersAt + SHDR_BYTES * (index + 1), [
      nameOffsets[index]!, part.type, part.flags, part.address, part.offset, part.sizeBytes, part.link, part.info, Math.max(part.align, 1), part.entrySizeBytes,
    ]);
  });
  return file;
}

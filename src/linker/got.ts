/**
 * The global offset table of a static program (Intel386 ABI supplement, "Global Offset Table"). Position-independent code addresses its data
 * relative to the table; loads of addresses from it are turned into immediates where the instruction allows it, so
 * that mostly nothing but the table's base remains.
 */
import { R_386_32, R_386_GOT32, R_386_GOT32X, R_386_GOTOFF, R_386_GOTPC, R_386_PC32, SHF_ALLOC, SHF_WRITE, SHT_PROGBITS, STT_OBJECT, STB_LOCAL, STT_GNU_IFUNC } from "./elf.ts";
import type { ElfRelocation, ElfSection } from "./elf-reader.ts";
import { InputObject, type InputSection } from "./input-section.ts";
import { SEC_LINKER_CREATED } from "./section-flags.ts";
import type { LinkSymbol, SymbolTable } from "./symbols.ts";

export const GOT_SYMBOL = "_GLOBAL_OFFSET_TABLE_";
/** Three words that a dynamic linker would fill. */
const PLT_HEADER_BYTES = 12;
const USES_GOT = new Set([R_386_GOT32, R_386_GOT32X, R_386_GOTOFF, R_386_GOTPC]);

export class GlobalOffsetTable {
  /** The linker's own object with the sections .got and .got.plt; null when nothing refers to the table. */
  readonly object: InputObject | null;
  /** Symbol (or section and index of a local one) -> offset in .got. */
  private readonly entries = new Map<LinkSymbol | string, number>();
  private readonly filled: { offset: number; address: () => number }[] = [];

  constructor(objects: readonly InputObject[], symbols: SymbolTable) {
    let isUsed = false;
    for (const object of objects) {
      for (const section of object.sections) {
        if (!section || section.isDiscarded) continue;
        let changed: ElfRelocation[] | null = null;
        section.relocations.forEach((relocation, index) => {
          if (!USES_GOT.has(relocation.type)) return;
          isUsed = true;
          if (relocation.type !== R_386_GOT32 && relocation.type !== R_386_GOT32X) return;
          const relaxed = relocation.type === R_386_GOT32X ? this.relax(section, relocation, symbols) : null;
          if (relaxed) (changed ??= [...section.relocations])[index] = relaxed;
          else this.allocate(section, relocation, symbols);
        });
        if (changed) section.relocations = changed;
      }
    }
    this.object = isUsed ? this.makeObject(symbols) : null;
  }

  /** Offset from the table's base of the entry for a relocation's symbol. */
  offsetOf(section: InputSection, relocation: ElfRelocation, symbol: LinkSymbol | null): number {
    return this.entries.get(symbol ?? localKey(section, relocation)) ?? 0;
  }

  /** Writes the addresses into .got, once all are known. */
  fill(): void {
    const got = this.object?.sections[1];
    if (!got) return;
    const view = new DataView(got.content.buffer);
    for (const { offset, address } of this.filled) view.setUint32(offset, address(), true);
  }

  get(): InputSection | null {
    return this.object?.sections[1] ?? null;
  }

  private allocate(section: InputSection, relocation: ElfRelocation, symbols: SymbolTable): void {
    const elf = section.object.elf.symbols[relocation.symbol]!;
    const symbol = elf.binding === STB_LOCAL ? null : (symbols.get(elf.name) ?? null);
    const key = symbol ?? localKey(section, relocation);
    if (this.entries.has(key)) return;
    const offset = this.entries.size * 4;
    this.entries.set(key, offset);
    this.filled.push({ offset, address: () => (symbol ? symbol.address() : (section.object.sections[elf.section]?.addressOf(elf.value) ?? elf.value)) });
  }

  /** `mov foo@GOT(%ebx), %eax` becomes `mov $foo, %eax`; `call *foo@GOT(%ebx)` a direct call. Null when the load must stay. */
  private relax(section: InputSection, relocation: ElfRelocation, symbols: SymbolTable): ElfRelocation | null {
    const { offset } = relocation;
    const elf = section.object.elf.symbols[relocation.symbol]!;
    const symbol = elf.binding === STB_LOCAL ? null : (symbols.get(elf.name) ?? null);
    if (elf.type === STT_GNU_IFUNC || (symbol && !symbol.isDefined && symbol.state !== "common")) return null;
    if (offset < 2 || offset + 4 > section.content.length) return null;
    const view = new DataView(section.content.buffer, section.content.byteOffset, section.content.byteLength);
    if (view.getUint32(offset, true) !== 0) return null;
    const opcode = section.content[offset - 2]!;
    const modrm = section.content[offset - 1]!;
    const isBinary = (opcode & 0xc7) === 0x03;
    if (opcode !== 0xff && opcode !== 0x8b && opcode !== 0x85 && !isBinary) return null;
    if (opcode === 0xff && (modrm & 0x38) !== 0x10 && (modrm & 0x38) !== 0x20) return null;
    const content = section.content.slice();
    section.content = content;
    const written = new DataView(content.buffer);
    if (opcode !== 0xff) {
      const register = (modrm >> 3) & 7;
      // mov, test, or add and its like with the address as immediate
      content[offset - 2] = opcode === 0x8b ? 0xc7 : opcode === 0x85 ? 0xf7 : 0x81;
      content[offset - 1] = 0xc0 | register | (isBinary ? opcode & 0x38 : 0);
      return { ...relocation, type: R_386_32 };
    }
    written.setInt32(offset, -4, true);
    if ((modrm & 0x38) === 0x10) {
      content[offset - 2] = 0x67; // addr32 call foo
      content[offset - 1] = 0xe8;
      return { ...relocation, type: R_386_PC32 };
    }
    content[offset - 2] = 0xe9; // jmp foo; nop
    written.setInt32(offset - 1, -4, true);
    content[offset + 3] = 0x90;
    return { ...relocation, offset: offset - 1, type: R_386_PC32 };
  }

  private makeObject(symbols: SymbolTable): InputObject {
    const section = (index: number, name: string, sizeBytes: number): ElfSection => ({
      index, name, type: SHT_PROGBITS, flags: SHF_ALLOC | SHF_WRITE, address: 0, align: 4, entrySizeBytes: 4, sizeBytes, link: 0, info: 0, fileOffset: 0,
      content: new Uint8Array(sizeBytes), relocations: [],
    });
    const none: ElfSection = { ...section(0, "", 0), type: 0, flags: 0 };
    const elf = { path: "linker", type: 1, entry: 0, sections: [none, section(1, ".got", this.entries.size * 4), section(2, ".got.plt", PLT_HEADER_BYTES)], symbols: [], segments: [] };
    const object = new InputObject(elf, "linker", null, "linker");
    const base = symbols.enter(GOT_SYMBOL);
    base.state = "defined";
    base.section = object.sections[2]!;
    base.value = 0;
    base.type = STT_OBJECT;
    base.isForcedLocal = true;
    for (const made of object.sections) if (made) (made as { flags: number }).flags |= SEC_LINKER_CREATED;
    return object;
  }
}

const localKey = (section: InputSection, { symbol }: ElfRelocation): string => `${section.object.path}#${symbol}`;

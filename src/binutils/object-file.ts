/**
 * An ELF file as the object tools show it: sections and symbols with the attributes that GNU's library gives them,
 * since `objdump -h`, `-t`, `nm` and `size` print those and not ELF's own numbers.
 */
import {
  ET_REL,
  GRP_COMDAT,
  PT_LOAD,
  SHF_ALLOC,
  SHF_EXCLUDE,
  SHF_EXECINSTR,
  SHF_TLS,
  SHF_WRITE,
  SHN_ABS,
  SHN_COMMON,
  SHN_UNDEF,
  SHT_GROUP,
  SHT_NOBITS,
  SHT_NULL,
  SHT_REL,
  SHT_STRTAB,
  SHT_SYMTAB,
  SHT_SYMTAB_SHNDX,
  STB_LOCAL,
  STB_WEAK,
  STT_FILE,
  STT_SECTION,
} from "../object/elf.ts";
import { type ElfObject, type ElfSection, type ElfSymbol, readElf } from "../object/elf-reader.ts";

/** Attributes of a section, in the order in which `objdump -h` names them. */
export interface SectionTraits {
  readonly contents: boolean;
  readonly alloc: boolean;
  readonly load: boolean;
  readonly reloc: boolean;
  readonly readonly: boolean;
  readonly code: boolean;
  readonly data: boolean;
  readonly debugging: boolean;
  readonly exclude: boolean;
  readonly octets: boolean;
  readonly threadLocal: boolean;
  readonly group: boolean;
  readonly linkOnce: boolean;
}

export interface ObjectSection {
  readonly elf: ElfSection;
  readonly name: string;
  readonly address: number;
  readonly loadAddress: number;
  readonly sizeBytes: number;
  readonly traits: SectionTraits;
}

export type SymbolHome = ObjectSection | "undefined" | "absolute" | "common";

export interface ObjectSymbol {
  readonly elf: ElfSymbol;
  /** Section symbols bear the name of their section. */
  readonly name: string;
  /** The address; of a common symbol its size. */
  readonly value: number;
  readonly home: SymbolHome;
  readonly isLocal: boolean;
  /** Defined and global. */
  readonly isGlobal: boolean;
  readonly isWeak: boolean;
  /** Symbols of sections and source files. */
  readonly isDebugging: boolean;
}

export interface ObjectFile {
  readonly path: string;
  readonly elf: ElfObject;
  /** Without symbol and string tables and relocations. */
  readonly sections: readonly ObjectSection[];
  /** Without the null symbol; index i is ELF's i + 1. */
  readonly symbols: readonly ObjectSymbol[];
  readonly isRelocatable: boolean;
  /** Some section has relocations for a linker. An object may have none, and an executable keeps them with `ld -q`. */
  readonly hasRelocations: boolean;
}

const OCTETS = /^(\.note\.gnu|\.gnu\.build\.attributes)/;
const DEBUGGING_OCTETS = /^(\.debug|\.gnu\.debuglto_\.debug_|\.gnu\.linkonce\.wi\.|\.zdebug)/;
const DEBUGGING = /^(\.line|\.stab)|^\.gdb_index$/;

/** Throws `ElfError`. */
export function readObjectFile(bytes: Uint8Array, path: string): ObjectFile {
  return viewObject(readElf(bytes, path));
}

function viewObject(elf: ElfObject): ObjectFile {
  const isRelocatable = elf.type === ET_REL;
  const ownStrings = new Set(elf.sections.filter(({ type }) => type === SHT_SYMTAB).map(({ link }) => link));
  const isForLinker = ({ type, flags }: ElfSection): boolean =>
    type === SHT_REL && (isRelocatable || (flags & SHF_ALLOC) === 0);
  const isShown = (section: ElfSection): boolean =>
    section.type !== SHT_NULL &&
    section.type !== SHT_SYMTAB &&
    section.type !== SHT_SYMTAB_SHNDX &&
    !isForLinker(section) &&
    !(section.type === SHT_STRTAB && (ownStrings.has(section.index) || section.name === ".shstrtab"));
  /** Sections that a table of relocations is about, though it may be empty. */
  const relocated = new Set(elf.sections.filter(isForLinker).map(({ info }) => info));
  const bySection = new Map<number, ObjectSection>();
  for (const section of groupsBeforeMembers(elf.sections.filter(isShown))) {
    bySection.set(section.index, {
      elf: section,
      name: section.name,
      address: section.address,
      loadAddress: loadAddressOf(elf, section),
      sizeBytes: section.sizeBytes,
      traits: traitsOf(section),
    });
  }
  const symbols = elf.symbols.slice(1).map((symbol): ObjectSymbol => {
    const home: SymbolHome =
      symbol.section === SHN_UNDEF
        ? "undefined"
        : symbol.section === SHN_COMMON
          ? "common"
          : symbol.section === SHN_ABS
            ? "absolute"
            : (bySection.get(symbol.section) ?? "absolute");
    const isSection = symbol.type === STT_SECTION;
    const base = isRelocatable && typeof home === "object" ? home.address : 0;
    return {
      elf: symbol,
      home,
      name: isSection && symbol.name === "" && typeof home === "object" ? home.name : symbol.name,
      value: home === "common" ? symbol.sizeBytes : (symbol.value + base) >>> 0,
      isLocal: symbol.binding === STB_LOCAL,
      isGlobal: symbol.binding === 1 && home !== "undefined" && home !== "common",
      isWeak: symbol.binding === STB_WEAK,
      isDebugging: isSection || symbol.type === STT_FILE,
    };
  });
  return {
    path: elf.path,
    elf,
    sections: [...bySection.values()],
    symbols,
    isRelocatable,
    hasRelocations: elf.sections.some(isForLinker),
  };

  function traitsOf({ index, name, type, flags, content }: ElfSection): SectionTraits {
    const contents = type !== SHT_NOBITS;
    const alloc = (flags & SHF_ALLOC) !== 0;
    const load = alloc && contents;
    const code = (flags & SHF_EXECINSTR) !== 0;
    const octets = !alloc && (DEBUGGING_OCTETS.test(name) || OCTETS.test(name));
    return {
      contents,
      alloc,
      load,
      reloc: relocated.has(index),
      readonly: (flags & SHF_WRITE) === 0,
      code,
      data: load && !code,
      debugging: !alloc && (DEBUGGING_OCTETS.test(name) || DEBUGGING.test(name)),
      exclude: (flags & SHF_EXCLUDE) !== 0,
      octets,
      threadLocal: (flags & SHF_TLS) !== 0,
      group: type === SHT_GROUP,
      linkOnce:
        (type === SHT_GROUP && content.length >= 4 && (content[0]! & GRP_COMDAT) !== 0) ||
        name.startsWith(".gnu.linkonce."),
    };
  }
}

/**
 * Compilers put the headers of some groups behind what is in them; GNU's library meets the header at its first member.
 */
function groupsBeforeMembers(sections: readonly ElfSection[]): ElfSection[] {
  const groupOf = new Map<number, ElfSection>();
  for (const group of sections) {
    if (group.type !== SHT_GROUP) continue;
    const { content } = group;
    const view = new DataView(content.buffer, content.byteOffset, content.length);
    for (let at = 4; at + 4 <= content.length; at += 4) groupOf.set(view.getUint32(at, true), group);
  }
  if (groupOf.size === 0) return [...sections];
  const inOrder = new Set<ElfSection>();
  for (const section of sections) {
    const group = groupOf.get(section.index);
    if (group !== undefined) inOrder.add(group);
    inOrder.add(section);
  }
  return [...inOrder];
}

/**
 * The same file with its sections further up, as `objdump --adjust-vma` shows it: debugging information stays, and so
 * do a program's symbols and load addresses, which do not count from its sections.
 */
export function movedObject(file: ObjectFile, offset: number): ObjectFile {
  const moved = (value: number): number => (value + offset) >>> 0;
  const sections = new Map(
    file.sections.map((section) => {
      if (section.traits.debugging) return [section, section];
      const loadAddress = file.isRelocatable ? moved(section.loadAddress) : section.loadAddress;
      return [section, { ...section, address: moved(section.address), loadAddress }];
    }),
  );
  const symbols = file.symbols.map((symbol) => {
    const home = typeof symbol.home === "object" ? sections.get(symbol.home) : undefined;
    if (home === undefined || home === symbol.home) return symbol;
    return { ...symbol, home, value: file.isRelocatable ? moved(symbol.value) : symbol.value };
  });
  return { ...file, sections: [...sections.values()], symbols };
}

/** In an executable a section is loaded where its segment is. */
function loadAddressOf(elf: ElfObject, { type, flags, address, fileOffset, sizeBytes }: ElfSection): number {
  if ((flags & SHF_ALLOC) === 0) return address;
  for (const segment of elf.segments) {
    if (
      segment.type !== PT_LOAD ||
      address < segment.address ||
      address + sizeBytes > segment.address + segment.memoryBytes
    )
      continue;
    if (type === SHT_NOBITS) return (segment.loadAddress + address - segment.address) >>> 0;
    if (fileOffset < segment.offset || fileOffset + sizeBytes > segment.offset + segment.fileBytes) continue;
    return (segment.loadAddress + fileOffset - segment.offset) >>> 0;
  }
  return address;
}

/** What `objdump` and `nm` call the section of a symbol. */
export function homeName(home: SymbolHome): string {
  return typeof home === "object" ? home.name : { undefined: "*UND*", absolute: "*ABS*", common: "*COM*" }[home];
}

export function hex8(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}

/** Order of C's strcmp. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

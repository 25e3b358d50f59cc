/**
 * Numbers of the ELF32 format for the Intel 80386 (System V ABI, edition 4.1, chapter 4; Intel386 supplement).
 */

export const ELF_MAGIC = 0x464c457f; // 7F 'E' 'L' 'F', little endian

export const ET_REL = 1;
export const ET_EXEC = 2;
export const ET_DYN = 3;
export const EM_386 = 3;

export const EHDR_BYTES = 52;
export const SHDR_BYTES = 40;
export const PHDR_BYTES = 32;
export const SYM_BYTES = 16;
export const REL_BYTES = 8;

export const SHT_NULL = 0;
export const SHT_PROGBITS = 1;
export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_RELA = 4;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHT_REL = 9;
export const SHT_INIT_ARRAY = 14;
export const SHT_PREINIT_ARRAY = 16;
export const SHT_FINI_ARRAY = 15;
export const SHT_GROUP = 17;
export const SHT_SYMTAB_SHNDX = 18;

/** First word of a group section: of several groups with one signature only the first is linked. */
export const GRP_COMDAT = 1;

export const SHF_WRITE = 0x1;
export const SHF_ALLOC = 0x2;
export const SHF_EXECINSTR = 0x4;
/** GNU: the section stays whatever refers to it. */
export const SHF_GNU_RETAIN = 0x200000;
export const SHF_MERGE = 0x10;
export const SHF_STRINGS = 0x20;
export const SHF_INFO_LINK = 0x40;
export const SHF_LINK_ORDER = 0x80;
export const SHF_GROUP = 0x200;
export const SHF_TLS = 0x400;
export const SHF_COMPRESSED = 0x800;
export const SHF_EXCLUDE = 0x80000000;

export const PT_NULL = 0;
export const PT_LOAD = 1;
export const PT_INTERP = 3;
export const PT_NOTE = 4;
export const PT_PHDR = 6;
export const PT_TLS = 7;
export const PT_GNU_EH_FRAME = 0x6474e550;
export const PT_GNU_STACK = 0x6474e551;
export const PT_GNU_PROPERTY = 0x6474e553;
export const PT_GNU_RELRO = 0x6474e552;

export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;

export const SHN_UNDEF = 0;
/**
 * From this number on indices of sections have meanings of their own in a file's 16 bits (gABI, "Special Sections").
 */
export const FILE_SHN_LORESERVE = 0xff00;
/** The index stands elsewhere, as it takes more than 16 bits. */
export const FILE_SHN_XINDEX = 0xffff;
/**
 * The same numbers as everybody here knows them: at the end of 32 bits, since a file may well have 65,521 sections.
 * `sectionOfField` and `fieldOfSection` go from one to the other.
 */
export const SHN_LORESERVE = 0xffffff00;
export const SHN_ABS = 0xfffffff1;
export const SHN_COMMON = 0xfffffff2;

/** What 16 bits of a file mean. Those that say that the index is elsewhere are left to whoever knows where. */
export function sectionOfField(field: number): number {
  return field < FILE_SHN_LORESERVE ? field : (field | 0xffff0000) >>> 0;
}

/** What 16 bits of a file say of a section or a special number. */
export function fieldOfSection(section: number): number {
  if (section >= SHN_LORESERVE) return section & 0xffff;
  return section < FILE_SHN_LORESERVE ? section : FILE_SHN_XINDEX;
}

export const STB_LOCAL = 0;
export const STB_GLOBAL = 1;
export const STB_WEAK = 2;
export const STB_GNU_UNIQUE = 10;

export const STT_NOTYPE = 0;
export const STT_OBJECT = 1;
export const STT_FUNC = 2;
export const STT_SECTION = 3;
export const STT_FILE = 4;
export const STT_COMMON = 5;
export const STT_TLS = 6;
export const STT_GNU_IFUNC = 10;

export const STV_DEFAULT = 0;
export const STV_PROTECTED = 3;

/** What a section header says beside its name (gABI chapter 4, "Sections"). */
export interface SectionHeader {
  type: number;
  flags: number;
  address: number;
  offset: number;
  sizeBytes: number;
  link: number;
  info: number;
  align: number;
  entrySizeBytes: number;
}

/**
 * What a section is by its name: type and flags that the ABIs give it, where its directive does not say, and that a
 * directive should not contradict (System V ABI, chapter 4, special sections, and GNU's additions).
 */

import { SHF, SHT } from "./section.ts";

/** Which names a row is about: the one name, also those that go on after a dot, or all that begin so. */
type Reach = "name" | "dotted" | "prefix";

export interface KnownSection {
  readonly name: string;
  readonly reach: Reach;
  readonly type: number;
  readonly flags: number;
}

const DATA = SHF.ALLOC | SHF.WRITE;
const CODE = SHF.ALLOC | SHF.EXECINSTR;

/** Types of tables for dynamic linking, which a directive can only name by number. */
const TABLE = {
  RELA: 4,
  HASH: 5,
  DYNAMIC: 6,
  DYNSYM: 11,
  RELR: 19,
  GNU_HASH: 0x6ffffff6,
  GNU_LIBLIST: 0x6ffffff7,
  GNU_VERDEF: 0x6ffffffd,
  GNU_VERNEED: 0x6ffffffe,
  GNU_VERSYM: 0x6fffffff,
} as const;

/** The first row that fits counts. */
const ROWS: readonly (readonly [name: string, reach: Reach, type: number, flags: number])[] = [
  [".text", "dotted", SHT.PROGBITS, CODE],
  [".data", "dotted", SHT.PROGBITS, DATA],
  [".data1", "name", SHT.PROGBITS, DATA],
  [".bss", "dotted", SHT.NOBITS, DATA],
  [".rodata", "dotted", SHT.PROGBITS, SHF.ALLOC],
  [".rodata1", "name", SHT.PROGBITS, SHF.ALLOC],
  [".init", "name", SHT.PROGBITS, CODE],
  [".fini", "name", SHT.PROGBITS, CODE],
  [".plt", "name", SHT.PROGBITS, CODE],
  [".got", "name", SHT.PROGBITS, DATA],
  [".init_array", "dotted", SHT.INIT_ARRAY, DATA],
  [".fini_array", "dotted", SHT.FINI_ARRAY, DATA],
  [".preinit_array", "dotted", SHT.PREINIT_ARRAY, DATA],
  [".tdata", "dotted", SHT.PROGBITS, DATA | SHF.TLS],
  [".tbss", "dotted", SHT.NOBITS, DATA | SHF.TLS],
  [".noinit", "dotted", SHT.NOBITS, DATA],
  [".persistent.bss", "name", SHT.NOBITS, DATA],
  [".persistent", "dotted", SHT.PROGBITS, DATA],
  [".gnu.linkonce.b", "dotted", SHT.NOBITS, DATA],
  [".gnu.linkonce.n", "dotted", SHT.NOBITS, DATA],
  [".gnu.linkonce.p", "dotted", SHT.PROGBITS, DATA],
  [".gnu.lto_", "prefix", SHT.PROGBITS, SHF.EXCLUDE],
  [".note.GNU-stack", "name", SHT.PROGBITS, 0],
  [".note", "prefix", SHT.NOTE, 0],
  [".comment", "name", SHT.PROGBITS, 0],
  [".ctf", "name", SHT.PROGBITS, 0],
  [".line", "name", SHT.PROGBITS, 0],
  [".debug", "name", SHT.PROGBITS, 0],
  [".debug_line", "name", SHT.PROGBITS, 0],
  [".debug_info", "name", SHT.PROGBITS, 0],
  [".debug_abbrev", "name", SHT.PROGBITS, 0],
  [".debug_aranges", "name", SHT.PROGBITS, 0],
  [".zdebug_line", "name", SHT.PROGBITS, 0],
  [".zdebug_info", "name", SHT.PROGBITS, 0],
  [".zdebug_abbrev", "name", SHT.PROGBITS, 0],
  [".zdebug_aranges", "name", SHT.PROGBITS, 0],
  [".interp", "name", SHT.PROGBITS, 0],
  [".shstrtab", "name", SHT.STRTAB, 0],
  [".strtab", "name", SHT.STRTAB, 0],
  [".symtab", "name", SHT.SYMTAB, 0],
  [".dynamic", "name", TABLE.DYNAMIC, SHF.ALLOC],
  [".dynstr", "name", SHT.STRTAB, SHF.ALLOC],
  [".dynsym", "name", TABLE.DYNSYM, SHF.ALLOC],
  [".hash", "name", TABLE.HASH, SHF.ALLOC],
  [".gnu.hash", "name", TABLE.GNU_HASH, SHF.ALLOC],
  [".gnu.version", "name", TABLE.GNU_VERSYM, 0],
  [".gnu.version_d", "name", TABLE.GNU_VERDEF, 0],
  [".gnu.version_r", "name", TABLE.GNU_VERNEED, 0],
  [".gnu.liblist", "name", TABLE.GNU_LIBLIST, SHF.ALLOC],
  [".gnu.conflict", "name", TABLE.RELA, SHF.ALLOC],
  [".relr.dyn", "name", TABLE.RELR, SHF.ALLOC],
  [".rela", "prefix", TABLE.RELA, 0],
  [".rel", "prefix", SHT.REL, 0],
];

const KNOWN: readonly KnownSection[] = ROWS.map(([name, reach, type, flags]) => ({ name, reach, type, flags }));

/** Null for a name without a meaning. */
export function knownSection(name: string): KnownSection | null {
  if (/^\.stab.*str$/.test(name)) return { name, reach: "name", type: SHT.STRTAB, flags: 0 };
  const fits = (known: KnownSection): boolean =>
    name.startsWith(known.name) &&
    (name.length === known.name.length ||
      known.reach === "prefix" ||
      (known.reach === "dotted" && name[known.name.length] === "."));
  return KNOWN.find(fits) ?? null;
}

/** What does not count when flags are compared with those of a name: other systems' and processors'. */
const OUTSIDE_ABI = SHF.LINK_ORDER | 0x0ff00000 | 0xf0000000;

/**
 * The flags of a new section whose directive states some: those of its name are added, unless the directive's
 * contradict them, which `isOdd` says.
 */
export function flagsOfNew(
  name: string,
  known: KnownSection,
  stated: number,
  isGrouped: boolean,
): { flags: number; isOdd: boolean } {
  const both = (stated | known.flags) >>> 0;
  if ((stated & ~OUTSIDE_ABI & ~known.flags) === 0) return { flags: both, isOdd: false };
  const plain = stated & ~SHF.GNU_RETAIN;
  const isAlone = plain === SHF.ALLOC || plain === SHF.EXECINSTR;
  if (known.type === SHT.NOTE && isAlone) return { flags: both, isOdd: false };
  if (known.reach === "dotted" && name[known.name.length] === ".") {
    if ((plain & ~known.flags & ~SHF.MERGE & ~SHF.STRINGS) === 0) return { flags: both, isOdd: false };
  }
  const mayBeLoaded = name === ".interp" || name === ".strtab" || name === ".symtab";
  const isUsual =
    (plain === SHF.ALLOC && mayBeLoaded) || (plain === SHF.EXECINSTR && name === ".note.GNU-stack") || isGrouped;
  return { flags: stated, isOdd: !isUsual };
}

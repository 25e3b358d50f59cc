/**
 * What a section is by its name: type and flags that the ABIs give it, where nobody says otherwise (System V ABI,
 * chapter 4, special sections, and GNU's additions).
 */

import {
  SHF_ALLOC,
  SHF_EXCLUDE,
  SHF_EXECINSTR,
  SHF_TLS,
  SHF_WRITE,
  SHT_FINI_ARRAY,
  SHT_INIT_ARRAY,
  SHT_NOBITS,
  SHT_NOTE,
  SHT_PREINIT_ARRAY,
  SHT_PROGBITS,
  SHT_REL,
  SHT_RELA,
  SHT_STRTAB,
  SHT_SYMTAB,
} from "./elf.ts";

/** Which names a row is about: the one name, also those that go on after a dot, or all that begin so. */
type Reach = "name" | "dotted" | "prefix";

export interface KnownSection {
  readonly name: string;
  readonly reach: Reach;
  readonly type: number;
  readonly flags: number;
}

const DATA = SHF_ALLOC | SHF_WRITE;
const CODE = SHF_ALLOC | SHF_EXECINSTR;

/** Types of tables for dynamic linking, which a directive can only name by number. */
const TABLE = {
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
  [".text", "dotted", SHT_PROGBITS, CODE],
  [".data", "dotted", SHT_PROGBITS, DATA],
  [".data1", "name", SHT_PROGBITS, DATA],
  [".bss", "dotted", SHT_NOBITS, DATA],
  [".rodata", "dotted", SHT_PROGBITS, SHF_ALLOC],
  [".rodata1", "name", SHT_PROGBITS, SHF_ALLOC],
  [".init", "name", SHT_PROGBITS, CODE],
  [".fini", "name", SHT_PROGBITS, CODE],
  [".plt", "name", SHT_PROGBITS, CODE],
  [".got", "name", SHT_PROGBITS, DATA],
  [".init_array", "dotted", SHT_INIT_ARRAY, DATA],
  [".fini_array", "dotted", SHT_FINI_ARRAY, DATA],
  [".preinit_array", "dotted", SHT_PREINIT_ARRAY, DATA],
  [".tdata", "dotted", SHT_PROGBITS, DATA | SHF_TLS],
  [".tbss", "dotted", SHT_NOBITS, DATA | SHF_TLS],
  [".noinit", "dotted", SHT_NOBITS, DATA],
  [".persistent.bss", "name", SHT_NOBITS, DATA],
  [".persistent", "dotted", SHT_PROGBITS, DATA],
  [".gnu.linkonce.b", "dotted", SHT_NOBITS, DATA],
  [".gnu.linkonce.n", "dotted", SHT_NOBITS, DATA],
  [".gnu.linkonce.p", "dotted", SHT_PROGBITS, DATA],
  [".gnu.lto_", "prefix", SHT_PROGBITS, SHF_EXCLUDE],
  [".note.GNU-stack", "name", SHT_PROGBITS, 0],
  [".note", "prefix", SHT_NOTE, 0],
  [".comment", "name", SHT_PROGBITS, 0],
  [".ctf", "name", SHT_PROGBITS, 0],
  [".line", "name", SHT_PROGBITS, 0],
  [".debug", "name", SHT_PROGBITS, 0],
  [".debug_line", "name", SHT_PROGBITS, 0],
  [".debug_info", "name", SHT_PROGBITS, 0],
  [".debug_abbrev", "name", SHT_PROGBITS, 0],
  [".debug_aranges", "name", SHT_PROGBITS, 0],
  [".zdebug_line", "name", SHT_PROGBITS, 0],
  [".zdebug_info", "name", SHT_PROGBITS, 0],
  [".zdebug_abbrev", "name", SHT_PROGBITS, 0],
  [".zdebug_aranges", "name", SHT_PROGBITS, 0],
  [".interp", "name", SHT_PROGBITS, 0],
  [".shstrtab", "name", SHT_STRTAB, 0],
  [".strtab", "name", SHT_STRTAB, 0],
  [".symtab", "name", SHT_SYMTAB, 0],
  [".dynamic", "name", TABLE.DYNAMIC, SHF_ALLOC],
  [".dynstr", "name", SHT_STRTAB, SHF_ALLOC],
  [".dynsym", "name", TABLE.DYNSYM, SHF_ALLOC],
  [".hash", "name", TABLE.HASH, SHF_ALLOC],
  [".gnu.hash", "name", TABLE.GNU_HASH, SHF_ALLOC],
  [".gnu.version", "name", TABLE.GNU_VERSYM, 0],
  [".gnu.version_d", "name", TABLE.GNU_VERDEF, 0],
  [".gnu.version_r", "name", TABLE.GNU_VERNEED, 0],
  [".gnu.liblist", "name", TABLE.GNU_LIBLIST, SHF_ALLOC],
  [".gnu.conflict", "name", SHT_RELA, SHF_ALLOC],
  [".relr.dyn", "name", TABLE.RELR, SHF_ALLOC],
  [".rela", "prefix", SHT_RELA, 0],
  [".rel", "prefix", SHT_REL, 0],
];

const KNOWN: readonly KnownSection[] = ROWS.map(([name, reach, type, flags]) => ({ name, reach, type, flags }));

/** Null for a name without a meaning. */
export function knownSection(name: string): KnownSection | null {
  if (/^\.stab.*str$/.test(name)) return { name, reach: "name", type: SHT_STRTAB, flags: 0 };
  const fits = (known: KnownSection): boolean =>
    name.startsWith(known.name) &&
    (name.length === known.name.length ||
      known.reach === "prefix" ||
      (known.reach === "dotted" && name[known.name.length] === "."));
  return KNOWN.find(fits) ?? null;
}

/**
 * Directives that choose where the next bytes go.
 */

import { REL_BYTES } from "../../object/elf.ts";
import { knownSection } from "../../object/known-sections.ts";
import { Op, refold } from "../model/expression.ts";
import { flagsOfNew } from "../model/named-flags.ts";
import type { Section } from "../model/section.ts";
import { SHF, SHT } from "../model/section.ts";
import { textOfBytes } from "../model/source-text.ts";
import type { Assembler } from "../read/assembler.ts";
import {
  APOSTROPHE,
  COMMA,
  characterClass,
  NAME_START,
  QUOTE,
  SLASH,
  SPACE,
  STAR,
  STATEMENT_END,
} from "../read/chars.ts";
import { readString } from "../read/text.ts";
import type { DirectiveTable, Handler } from "./table.ts";

/** Letters of the flags of `.section`. */
const FLAG_LETTERS: ReadonlyMap<string, number> = new Map([
  ["a", SHF.ALLOC],
  ["w", SHF.WRITE],
  ["x", SHF.EXECINSTR],
  ["e", SHF.EXCLUDE],
  ["o", SHF.LINK_ORDER],
  ["M", SHF.MERGE],
  ["S", SHF.STRINGS],
  ["G", SHF.GROUP],
  ["T", SHF.TLS],
  ["R", SHF.GNU_RETAIN],
  ["d", SHF.GNU_MBIND],
]);

const TYPE_NAMES: ReadonlyMap<string, number> = new Map([
  ["progbits", SHT.PROGBITS],
  ["nobits", SHT.NOBITS],
  ["note", SHT.NOTE],
  ["init_array", SHT.INIT_ARRAY],
  ["fini_array", SHT.FINI_ARRAY],
  ["preinit_array", SHT.PREINIT_ARRAY],
]);

/** Number of the first subsection of the code that holds data under `-R`. */
const FOLDED_DATA = 1000;

/** `.text 2`, `.data 18`: a section that always exists, and the number of its subsection. */
function standard(pick: (assembler: Assembler) => Section): Handler {
  return (assembler) => {
    const number = optionalNumber(assembler);
    assembler.demandEnd();
    const section = pick(assembler);
    goTo(assembler, section, number);
  };
}

/** `-R` puts data after the code, where no subsection of the code's own is. */
function goTo({ sections, options }: Assembler, section: Section, number: number): void {
  if (options.foldData === true && section === sections.data) sections.change(sections.text, number + FOLDED_DATA);
  else sections.change(section, number);
}

function optionalNumber(assembler: Assembler): number {
  return assembler.input.atStatementEnd() ? 0 : assembler.expressions.absoluteNumber("the number of the subsection");
}

/** A section's name: a string, or all that is no blank or comma. */
function sectionName(assembler: Assembler): string {
  const { input } = assembler;
  if (input.skipSpace() === QUOTE) {
    const string = readString(input.bytes, input.offset);
    input.offset = string.end;
    return textOfBytes(string.bytes);
  }
  const start = input.offset;
  while (isInName(input.bytes, input.offset)) input.offset++;
  if (input.offset === start) assembler.fail("section-name", "expected the name of a section");
  return textOfBytes(input.bytes, start, input.offset);
}

/** A name goes on to a comma or a blank: whatever else stands in it, such as the path of a source, is part of it. */
function isInName(bytes: Uint8Array, offset: number): boolean {
  const code = bytes[offset]!;
  if (code === SLASH) return bytes[offset + 1] !== STAR;
  return !(characterClass[code]! & (SPACE | STATEMENT_END)) && code !== COMMA && code !== QUOTE && code !== APOSTROPHE;
}

interface SectionAttributes {
  flags: number;
  type: number;
  entrySize: number;
  group: string | null;
  isComdat: boolean;
  linkedTo: string | null;
  /** The section whose group it joins (`?`). */
  inherited: Section | null;
  /** See `Section`. */
  unique: number;
  info: number;
  /** The directive named them. */
  hasFlags: boolean;
  hasType: boolean;
  number: number;
}

/** Flags, type and what they ask for; the cursor is after the name. */
function attributes(assembler: Assembler, withNumber: boolean): SectionAttributes {
  const result: SectionAttributes = {
    flags: 0,
    type: SHT.PROGBITS,
    entrySize: 0,
    group: null,
    isComdat: false,
    linkedTo: null,
    inherited: null,
    unique: -1,
    info: 0,
    hasFlags: false,
    hasType: false,
    number: 0,
  };
  if (!assembler.comma()) return result;
  if (!isAtFlags(assembler, result, withNumber)) return result;
  readFlags(assembler, result);
  if (!assembler.comma()) return result;
  if (uniqueNumber(assembler, result)) return result;
  sectionType(assembler, result);
  readAskedByFlags(assembler, result);
  if (!assembler.comma() || uniqueNumber(assembler, result)) return result;
  if ((result.flags & SHF.GNU_MBIND) === 0)
    assembler.fail("trailing-text", "expected `unique' and a number, or the end of the statement");
  result.info = assembler.expressions.absoluteNumber("the number after the flag d");
  if (assembler.comma() && !uniqueNumber(assembler, result))
    assembler.fail("trailing-text", "expected `unique' and a number, or the end of the statement");
  return result;
}

/** Goes to the flags. False where there are none: only a type, or the number of a subsection alone. */
function isAtFlags(assembler: Assembler, result: SectionAttributes, withNumber: boolean): boolean {
  const { input } = assembler;
  if (input.skipSpace() === QUOTE) return true;
  if (withNumber && input.bytes[input.offset] !== 0x40 && input.bytes[input.offset] !== 0x25) {
    result.number = assembler.expressions.absoluteNumber("the number of the subsection");
    if (!assembler.comma()) return false;
  }
  if (input.skipSpace() === QUOTE) return true;
  if (!sectionType(assembler, result)) assembler.fail("string-expected", "expected the flags of the section in quotes");
  return false;
}

/** The flags in quotes; `?` joins the group of the section at hand. */
function readFlags(assembler: Assembler, result: SectionAttributes): void {
  const { input } = assembler;
  const start = input.offset;
  const string = readString(input.bytes, start);
  input.offset = string.end;
  result.hasFlags = true;
  // Numbers stand for flags that have no letter.
  for (const letter of textOfBytes(string.bytes).match(/0x[0-9a-f]+|\d+|[\s\S]/gi) ?? []) {
    if (letter === "?") {
      const group = assembler.sections.current?.section.group ?? null;
      if (group === null) continue;
      result.flags |= SHF.GROUP;
      result.inherited = assembler.sections.current!.section;
      continue;
    }
    if (/^\d/.test(letter)) {
      result.flags = (result.flags | Number(letter)) >>> 0;
      continue;
    }
    const flag = FLAG_LETTERS.get(letter);
    if (flag === undefined)
      assembler.failAt(
        "section-flags",
        start,
        `\`${letter}' is no flag of a section: there are ${[...FLAG_LETTERS.keys()].join(" ")}`,
        string.end - start,
      );
    else result.flags |= flag;
  }
  if (result.inherited !== null) {
    result.flags &= ~SHF.GROUP;
    result.group = result.inherited.group!.name;
    result.isComdat = result.inherited.isComdat;
  }
}

/** What flags ask for after the type: the size of entries, the section that it goes with, the group. */
function readAskedByFlags(assembler: Assembler, result: SectionAttributes): void {
  const { input } = assembler;
  if (result.flags & SHF.MERGE) {
    if (assembler.comma()) result.entrySize = assembler.expressions.absoluteNumber("the size of an entry");
    else {
      assembler.warnAt(
        "section-flags",
        input.statementOffset,
        "a section with the flag M states the size of its entries: the flag is ignored",
        1,
      );
      result.flags &= ~SHF.MERGE;
    }
  }
  if (result.flags & SHF.LINK_ORDER && assembler.comma()) {
    const name = sectionName(assembler);
    // `0`: it goes with no section yet.
    if (name !== "0") result.linkedTo = name;
  }
  if (result.flags & SHF.GROUP) {
    if (!assembler.comma()) assembler.fail("comma-expected", "a section with the flag G names its group");
    result.group = sectionName(assembler);
    if (assembler.comma()) {
      const linkage = sectionName(assembler);
      if (linkage !== "comdat") assembler.fail("section-flags", `expected \`comdat', not \`${linkage}'`);
      result.isComdat = true;
    }
  }
}

/** `unique,1`; false and the cursor unmoved when something else stands here. */
function uniqueNumber(assembler: Assembler, result: SectionAttributes): boolean {
  const { input } = assembler;
  input.skipSpace();
  if (textOfBytes(input.bytes, input.offset, input.offset + 6) !== "unique") return false;
  input.offset += 6;
  assembler.demandComma();
  result.unique = assembler.expressions.absoluteNumber("the number after `unique'");
  return true;
}

/** `@progbits`, `%nobits`, `"note"`, `@0x70000001`. */
function sectionType(assembler: Assembler, result: SectionAttributes): boolean {
  const { input } = assembler;
  const code = input.skipSpace();
  let name: string;
  const start = input.offset;
  if (code === 0x40 || code === 0x25 || code === 0x23) {
    input.offset++;
    if (characterClass[input.skipSpace()]! & NAME_START) name = sectionName(assembler);
    else {
      result.type = assembler.expressions.absoluteNumber("the type of the section");
      result.hasType = true;
      return true;
    }
  } else if (code === QUOTE) {
    name = sectionName(assembler);
    if (/^(0x[0-9a-f]+|\d+)$/i.test(name)) {
      result.type = Number(name);
      result.hasType = true;
      return true;
    }
  } else return false;
  // Types that compilers write and GNU as does not know here either: what clang notes is for its own linker.
  const owner = name === "unwind" ? "64-bit code" : name.startsWith("llvm_") ? "LLVM's tools" : null;
  if (owner !== null) {
    assembler.warnAt("section-type", start, `\`${name}' is a type of ${owner}: contents of a program are assumed`);
    return false;
  }
  const type = TYPE_NAMES.get(name);
  if (type === undefined) {
    return assembler.failAt("section-type", start, `\`${name}' is no type of a section`, undefined, {
      candidates: TYPE_NAMES.keys(),
      written: name,
    });
  }
  result.type = type;
  result.hasType = true;
  return true;
}

function enter(assembler: Assembler, name: string, wanted: SectionAttributes, start: number): void {
  const { sections } = assembler;
  const { group, linkedTo, unique, info } = wanted;
  const isRetained = (wanted.flags & SHF.GNU_RETAIN) !== 0;
  const found = sections.find(name, group, linkedTo, unique, info, isRetained);
  if (found === null) create(assembler, name, wanted, start);
  else {
    enterAgain(assembler, found, wanted, start);
    goTo(assembler, found, wanted.number);
  }
}

function create(assembler: Assembler, name: string, wanted: SectionAttributes, start: number): void {
  const { sections } = assembler;
  const known = knownSection(name);
  let { flags, type } = wanted;
  if (known !== null) {
    if (!wanted.hasType) type = known.type;
    else if (type !== known.type) type = typeOfNew(assembler, name, known.type, type, start);
    const stated = flagsOfNew(name, known, flags, wanted.group !== null);
    if (stated.isOdd)
      assembler.warnAt(
        "section-flags",
        start,
        `a section called \`${name}' has other flags than these everywhere else`,
        name.length,
      );
    flags = stated.flags;
  }
  let { entrySize } = wanted;
  if (type === SHT.REL && name === ".reloc") {
    // In an EFI program it is COFF's: GNU as gives it the entries of a table of relocations, but not the type.
    type = SHT.PROGBITS;
    entrySize = REL_BYTES;
  }
  const section = sections.make(name, type, flags);
  sections.adopt(section, assembler.atoms);
  section.entrySize = entrySize;
  section.unique = wanted.unique;
  section.info = wanted.info;
  section.linkedName = wanted.linkedTo;
  if (wanted.group !== null) {
    section.group = sections.groupSignature(wanted.group, assembler.atoms);
    section.isComdat = wanted.isComdat;
  }
  sections.change(section, wanted.number);
}

/** From here on a type has a meaning for one processor or program only. */
const SHT_LOPROC = 0x70000000;

/** The type of a new section that states another than its name implies. */
function typeOfNew(assembler: Assembler, name: string, known: number, stated: number, start: number): number {
  const warn = (what: string): void => assembler.warnAt("section-type", start, what, name.length);
  // Compilers once said @progbits for arrays of initialisers.
  if (known === SHT.INIT_ARRAY || known === SHT.FINI_ARRAY || known === SHT.PREINIT_ARRAY) {
    warn(`a section called \`${name}' has its own type, and this one is ignored`);
    return known;
  }
  if (known !== SHT.NOTE && stated < SHT_LOPROC)
    warn(`a section called \`${name}' has another type than this everywhere else`);
  return stated;
}

/** What the flags of a section that is entered again must agree in. */
const LASTING_FLAGS = SHF.ALLOC | SHF.WRITE | SHF.EXECINSTR | SHF.EXCLUDE | SHF.MERGE | SHF.STRINGS | SHF.TLS;

function enterAgain(assembler: Assembler, section: Section, wanted: SectionAttributes, start: number): void {
  const { name } = section;
  const isKnown = knownSection(name) !== null;
  if (wanted.hasType && wanted.type !== section.type) {
    const message = `section \`${name}' has another type already`;
    if (isKnown) assembler.warnAt("section-changed", start, `${message}, which stays`, name.length);
    else assembler.failAt("section-changed", start, message, name.length);
  }
  if (wanted.flags === 0) return;
  if (((wanted.flags ^ section.flags) & LASTING_FLAGS) !== 0) {
    const message = `section \`${name}' has other flags already`;
    if (isKnown) assembler.warnAt("section-changed", start, `${message}, which stay`, name.length);
    else assembler.failAt("section-changed", start, message, name.length);
  } else section.flags = wanted.flags;
  if (wanted.flags & SHF.MERGE && wanted.entrySize !== section.entrySize)
    assembler.failAt(
      "section-changed",
      start,
      `section \`${name}' has entries of ${section.entrySize} bytes already`,
      name.length,
    );
}

function section(push: boolean): Handler {
  return (assembler) => {
    const start = assembler.input.offset;
    if (push) assembler.sections.push();
    const name = sectionName(assembler);
    const wanted = attributes(assembler, push);
    assembler.demandEnd();
    enter(assembler, name, wanted, start);
  };
}

/** `.struct`, `.offset`: the absolute section, which lays out structures. */
const struct: Handler = (assembler) => {
  const start = assembler.input.offset;
  const { sections } = assembler;
  const origin = assembler.input.atStatementEnd() ? null : refold(assembler.expressions.required());
  assembler.demandEnd();
  if (origin !== null && origin.op !== Op.CONSTANT)
    assembler.failAt("not-absolute", start, "a structure begins at a known offset, and this expression is no constant");
  sections.change(sections.absolute);
  sections.absoluteOffset = origin === null ? 0 : origin.number;
};

export const SECTION_DIRECTIVES: DirectiveTable = [
  [".text", standard((assembler) => assembler.sections.text)],
  [".data", standard((assembler) => assembler.sections.data)],
  [".bss", standard((assembler) => assembler.sections.bss)],
  [".section .sect .sect.s", section(false)],
  [".pushsection", section(true)],
  [
    ".popsection",
    (assembler) => {
      if (!assembler.sections.pop())
        assembler.warnAt(
          "section-stack",
          assembler.input.statementOffset,
          "`.popsection' without `.pushsection' is ignored",
        );
      assembler.demandEnd();
    },
  ],
  [
    ".previous",
    (assembler) => {
      if (!assembler.sections.previous())
        assembler.warnAt(
          "section-stack",
          assembler.input.statementOffset,
          "`.previous' without a former section is ignored",
        );
      assembler.demandEnd();
    },
  ],
  [
    ".subsection",
    (assembler) => {
      const number = optionalNumber(assembler);
      assembler.demandEnd();
      assembler.sections.changeSubsection(number);
    },
  ],
  [".struct .offset", struct],
  [
    ".attach_to_group",
    (assembler) => {
      const name = sectionName(assembler);
      assembler.demandEnd();
      const { section } = assembler.sections.current ?? assembler.fail("section-name", "there is no section here");
      if (section.group !== null)
        assembler.warnAt(
          "section-changed",
          assembler.input.statementOffset,
          `section \`${section.name}' is in the group \`${section.group.name}' already`,
          1,
        );
      else section.group = assembler.sections.groupSignature(name, assembler.atoms);
    },
  ],
  [
    ".linkonce",
    (assembler) => {
      assembler.warnAt(
        "section-flags",
        assembler.input.statementOffset,
        "`.linkonce' is of no use in ELF: a section is linked once as a member of a group, `.section name,\"axG\",@progbits,name,comdat'",
        9,
      );
      assembler.input.skipStatement();
    },
  ],
];

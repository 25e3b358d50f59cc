/**
 * The object file: ELF32 little-endian relocatable for the 386 (System V ABI, chapter 4), with sections, symbols and
 * tables in the order in which GNU as puts them.
 */

import { alignUp } from "../../object/align.ts";
import { REL_BYTES, SHN_ABS, SHN_COMMON, SHN_UNDEF } from "../../object/elf.ts";
import {
  hasSectionIndices,
  nullSection,
  SectionIndices,
  SYMTAB_SHNDX,
  sectionFields,
} from "../../object/section-indices.ts";
import { StringTable } from "../../object/string-table.ts";
import { aliasedRegister, type Expression, namesRegister, Op } from "../model/expression.ts";
import * as integer from "../model/integer.ts";
import type { Program } from "../model/program.ts";
import { RelocationList } from "../model/relocations.ts";
import { type Section, SHF, SHT } from "../model/section.ts";
import { AssemblySymbol, isNumericLabel, STT, symbolName } from "../model/symbol.ts";
import { copyAttributes } from "../model/symbols.ts";
import type { Resolver } from "./resolver.ts";
import { Unresolvable } from "./resolver.ts";

/** `e_ident[EI_OSABI]` of a file with flags or types that GNU has added to ELF. */
const ELFOSABI_GNU = 3;
const HEADER_SIZE = 52;
const SECTION_HEADER_SIZE = 40;
const SYMBOL_SIZE = 16;
const STB = { LOCAL: 0, GLOBAL: 1, WEAK: 2, GNU_UNIQUE: 10 } as const;
/** Aliases of aliases: more of them, or a loop, are reported where their value is worked out. */
const MOST_ALIASES = 200;
/** `e_machine`: the 386, and Intel's MCU (`-march=iamcu`), whose objects a linker does not mix with others. */
const EM = { I386: 3, IAMCU: 6 } as const;
/** Flag of a group section's contents: only one group of its name is kept by the linker. */
const GRP_COMDAT = 1;

interface OutputSymbol {
  readonly symbol: AssemblySymbol;
  readonly name: string;
  readonly value: number;
  readonly size: number;
  readonly binding: number;
  readonly type: number;
  readonly sectionIndex: number;
}

interface OutputSection {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly alignment: number;
  readonly entrySize: number;
  link: number;
  info: number;
  contents: Uint8Array;
  sizeBytes: number;
  offset: number;
}

function outputSection(
  name: string,
  type: number,
  flags: number,
  alignment: number,
  entrySize: number,
  contents: Uint8Array,
): OutputSection {
  return { name, type, flags, alignment, entrySize, link: 0, info: 0, contents, sizeBytes: contents.length, offset: 0 };
}

interface Group {
  readonly signature: AssemblySymbol;
  readonly members: Section[];
  readonly output: OutputSection;
  /** Among the sections of the file, which begins with them. */
  readonly index: number;
}

/** Writes the file. Errors that only now come to light are reported; the bytes are then of no use. */
export function writeElf(
  program: Program,
  resolver: Resolver,
  relocations: ReadonlyMap<Section, RelocationList>,
): Uint8Array {
  const sections = program.sections.list;
  const outputs: OutputSection[] = [outputSection("", SHT.NULL, 0, 0, 0, new Uint8Array(0))];
  const groups = collectGroups(sections);
  for (const group of groups) outputs.push(group.output);
  const relocationOutputs: { output: OutputSection; section: Section; list: RelocationList }[] = [];
  for (const section of sections) {
    section.index = outputs.length;
    const output = outputSection(
      section.name,
      section.type,
      section.flags | (section.group === null ? 0 : SHF.GROUP),
      2 ** section.alignment,
      entrySizeOf(section),
      section.contents,
    );
    output.sizeBytes = section.sizeBytes;
    output.info = section.info;
    outputs.push(output);
    const list = relocations.get(section) ?? new RelocationList();
    if (list.length > 0) {
      const flags = SHF.INFO_LINK | (section.group === null ? 0 : SHF.GROUP);
      const relocationOutput = outputSection(
        `.rel${section.name}`,
        SHT.REL,
        flags,
        4,
        REL_BYTES,
        new Uint8Array(list.length * REL_BYTES),
      );
      relocationOutput.info = section.index;
      relocationOutputs.push({ output: relocationOutput, section, list });
      outputs.push(relocationOutput);
    }
  }
  const symtabIndex = outputs.length;
  const symbols = collectSymbols(program, resolver, groups);
  const strings = new StringTable();
  for (const symbol of symbols) strings.add(symbol.name);
  const symtab = outputSection(
    ".symtab",
    SHT.SYMTAB,
    0,
    4,
    SYMBOL_SIZE,
    new Uint8Array((symbols.length + 1) * SYMBOL_SIZE),
  );
  const strtab = outputSection(".strtab", SHT.STRTAB, 0, 1, 0, strings.finish());
  const shstrtab = outputSection(".shstrtab", SHT.STRTAB, 0, 1, 0, new Uint8Array(0));
  const hasIndices = symbols.length > 0 && hasSectionIndices(symtabIndex);
  const indices = new SectionIndices(hasIndices, symbols.length + 1);
  const indexTable = outputSection(SYMTAB_SHNDX, SHT.SYMTAB_SHNDX, 0, 4, 4, indices.bytes);
  indexTable.link = symtabIndex;
  symtab.link = symtabIndex + (hasIndices ? 2 : 1);
  symtab.info = 1 + symbols.filter(({ binding }) => binding === STB.LOCAL).length;
  // Without symbols there is a table of them only where relocations refer to it, if to none in it.
  const tables =
    symbols.length > 0 || relocationOutputs.length > 0 ? [symtab, ...(hasIndices ? [indexTable] : []), strtab] : [];
  outputs.push(...tables, shstrtab);
  writeSymbols(symbols, strings, indices, symtab.contents);
  for (const { output, list } of relocationOutputs) {
    output.link = symtabIndex;
    writeRelocations(list, output.contents);
  }
  for (const group of groups) writeGroup(group, outputs, symtabIndex);
  for (const section of sections) linkOrder(section, outputs);

  const names = new StringTable();
  for (const table of [...tables, shstrtab]) if (table !== indexTable) names.add(table.name);
  for (const output of outputs) if (output.type !== SHT.GROUP && output !== indexTable) names.add(output.name);
  for (const group of groups) names.add(group.output.name);
  if (hasIndices) names.add(SYMTAB_SHNDX);
  shstrtab.contents = names.finish();
  shstrtab.sizeBytes = shstrtab.contents.length;
  const usesExtensions =
    sections.some(({ flags }) => (flags & (SHF.GNU_RETAIN | SHF.GNU_MBIND)) !== 0) ||
    symbols.some(({ type, binding }) => type === STT.GNU_IFUNC || binding === STB.GNU_UNIQUE);
  return assembleFile(
    usesExtensions ? ELFOSABI_GNU : 0,
    (program.options.arch ?? "").toLowerCase().startsWith("iamcu") ? EM.IAMCU : EM.I386,
    outputs,
    names,
    new Set(relocationOutputs.map(({ output }) => output)),
    tables,
    shstrtab,
  );
}

/**
 * Sizes of the entries of tables, by section type: relocations, arrays of initialisers, and what dynamic linkers read.
 */
const ENTRY_SIZES: ReadonlyMap<number, number> = new Map([
  [SHT.REL, REL_BYTES],
  [SHT.INIT_ARRAY, 4],
  [SHT.FINI_ARRAY, 4],
  [SHT.PREINIT_ARRAY, 4],
  [SHT.DYNAMIC, 8],
]);

function entrySizeOf({ entrySize, type }: Section): number {
  return entrySize !== 0 ? entrySize : (ENTRY_SIZES.get(type) ?? 0);
}

function collectGroups(sections: readonly Section[]): Group[] {
  const groups = new Map<AssemblySymbol, Group>();
  for (const section of sections) {
    if (section.group === null) continue;
    let group = groups.get(section.group);
    if (group === undefined) {
      group = {
        signature: section.group,
        members: [],
        output: outputSection(".group", SHT.GROUP, 0, 4, 4, new Uint8Array(0)),
        index: groups.size + 1,
      };
      groups.set(section.group, group);
    }
    group.members.push(section);
  }
  return [...groups.values()];
}

function writeGroup(group: Group, outputs: readonly OutputSection[], symtabIndex: number): void {
  const members: number[] = [];
  for (const section of group.members) {
    members.push(section.index);
    if (outputs[section.index + 1]?.type === SHT.REL) members.push(section.index + 1);
  }
  const contents = new Uint8Array(4 + members.length * 4);
  integer.writeInteger(contents, 0, group.members.some(({ isComdat }) => isComdat) ? GRP_COMDAT : 0, 4);
  members.forEach((index, i) => integer.writeInteger(contents, 4 + i * 4, index, 4));
  group.output.contents = contents;
  group.output.sizeBytes = contents.length;
  group.output.link = symtabIndex;
  group.output.info = group.signature.index;
}

function linkOrder(section: Section, outputs: readonly OutputSection[]): void {
  if (section.linkedTo !== null) outputs[section.index]!.link = section.linkedTo.index;
}

function collectSymbols(program: Program, resolver: Resolver, groups: readonly Group[]): OutputSymbol[] {
  const locals: OutputSymbol[] = [];
  const globals: OutputSymbol[] = [];
  const signatures = new Map(groups.map((group) => [group.signature, group]));
  for (const name of program.fileNames.slice(0, 1)) {
    locals.push({
      symbol: new AssemblySymbol(symbolName(name), program.sections.absolute),
      name,
      value: 0,
      size: 0,
      binding: STB.LOCAL,
      type: STT.FILE,
      sectionIndex: SHN_ABS,
    });
  }
  const keepsLocals = program.options.keepLocals === true;
  for (const symbol of program.symbolList.all) {
    if (symbol.isTemporary && !symbol.usedInRelocation) continue;
    if (symbol.weakReference !== null || (symbol.isUnneeded && !symbol.usedInRelocation)) continue;
    if (symbol.isWeakTarget && !symbol.isUsed && !symbol.isGlobal) continue;
    if (
      symbol.hasLocalName &&
      !symbol.usedInRelocation &&
      !symbol.isExternal &&
      (!keepsLocals || isNumericLabel(symbol.name) || symbol.section.kind === "undefined")
    )
      continue;
    const output = describe(program, resolver, symbol, signatures.get(symbol) ?? null);
    if (output !== null) (output.binding === STB.LOCAL ? locals : globals).push(output);
  }
  const all = [...locals, ...globals];
  all.forEach(({ symbol }, i) => {
    symbol.index = i + 1;
  });
  return all;
}

function describe(
  program: Program,
  resolver: Resolver,
  symbol: AssemblySymbol,
  group: Group | null,
): OutputSymbol | null {
  const result = {
    symbol,
    name: symbol.versionedName ?? symbol.name,
    value: 0,
    size: 0,
    binding: STB.LOCAL as number,
    type: symbol.type,
    sectionIndex: SHN_UNDEF as number,
  };
  if (symbol.type === STT.SECTION) {
    if (!symbol.usedInRelocation) return null;
    return { ...result, name: "", sectionIndex: symbol.section.index };
  }
  if (aliasedRegister(symbol) !== null || symbol.isAddress) return null;
  if (symbol.expression !== null && namesRegister(symbol.expression)) {
    // `FIELD = edi + 4`: GNU as keeps the number alone.
    const { op, right } = symbol.expression;
    const number = right !== null && right.op === Op.CONSTANT ? right.number : 0;
    const value = integer.low32(op === Op.SUBTRACT ? integer.subtract(0, number) : number);
    return { ...result, value, sectionIndex: SHN_ABS };
  }
  try {
    inheritAttributes(symbol);
    result.type = symbol.type;
    if (symbol.size !== null) result.size = sizeOf(program, resolver, symbol, symbol.size);
    else if (symbol.commonSize !== 0) result.size = symbol.commonSize;
    const kind = symbol.section.kind;
    if (kind === "common") {
      return {
        ...result,
        value: symbol.alignment,
        size: Number(symbol.value),
        type: program.options.commonType === true ? STT.COMMON : result.type,
        binding: symbol.isWeak ? STB.WEAK : STB.GLOBAL,
        sectionIndex: SHN_COMMON,
      };
    }
    const value = resolver.symbol(symbol, symbol.offset);
    if (value.minus !== null)
      throw new Unresolvable(
        "not-relocatable",
        `the value of \`${symbol.name}' is no place that the linker can know`,
        symbol.offset,
      );
    if (value.plus === null) {
      result.value = integer.low32(value.number);
      result.sectionIndex = SHN_ABS;
    } else if (value.plus.section.isReal) {
      result.value = integer.low32(integer.add(resolver.address(value.plus), value.number));
      result.sectionIndex = value.plus.section.index;
      if (value.plus.section.flags & SHF.TLS) result.type = STT.TLS;
    } else if (symbol !== value.plus) {
      // Equated to a symbol of another file: uses name that one.
      return null;
    } else if (symbol.isWeak && !symbol.usedInRelocation) return null;
    else if (group !== null) return { ...result, sectionIndex: group.index };
  } catch (error) {
    if (!(error instanceof Unresolvable)) throw error;
    program.reporter.report("error", error.id, symbol.frame, symbol.offset, symbol.name.length, error.message, {});
    return null;
  }
  if (symbol.isUnique && symbol.section.kind !== "undefined") result.binding = STB.GNU_UNIQUE;
  else if (symbol.isWeak) result.binding = STB.WEAK;
  else if (symbol.isGlobal || result.sectionIndex === SHN_UNDEF) result.binding = STB.GLOBAL;
  const isNumber = result.binding === STB.LOCAL && result.sectionIndex === SHN_ABS && !symbol.usedInRelocation;
  return isNumber && program.options.stripsNumbers === true ? null : result;
}

/** What an alias stood for may have got its type and size after it. */
function inheritAttributes(symbol: AssemblySymbol): void {
  const chain: AssemblySymbol[] = [];
  for (
    let alias = symbol;
    alias.expression?.op === Op.SYMBOL && alias.expression.number == 0 && chain.length < MOST_ALIASES;
    alias = alias.expression.symbol!
  )
    chain.push(alias);
  for (let i = chain.length - 1; i >= 0; i--) copyAttributes(chain[i]!.expression!.symbol!, chain[i]!);
}

function sizeOf(program: Program, resolver: Resolver, symbol: AssemblySymbol, size: Expression): number {
  const number = resolver.number(size);
  if (number !== null) return Number(number);
  const { name, frame, offset } = symbol;
  const message = `the size of \`${name}' is not a number that is known in this file`;
  if (program.options.allowsOddSizes !== true) throw new Unresolvable("not-absolute", message, offset);
  program.reporter.report("warning", "not-absolute", frame, offset, name.length, message, {});
  return 0;
}

function writeSymbols(
  symbols: readonly OutputSymbol[],
  strings: StringTable,
  indices: SectionIndices,
  out: Uint8Array,
): void {
  const view = new DataView(out.buffer, out.byteOffset);
  symbols.forEach((entry, i) => {
    const at = (i + 1) * SYMBOL_SIZE;
    view.setUint32(at, strings.offset(entry.name), true);
    view.setUint32(at + 4, entry.value >>> 0, true);
    view.setUint32(at + 8, entry.size, true);
    view.setUint8(at + 12, (entry.binding << 4) | entry.type);
    view.setUint8(at + 13, entry.symbol.visibility);
    view.setUint16(at + 14, indices.field(i + 1, entry.sectionIndex), true);
  });
}

function writeRelocations(list: RelocationList, out: Uint8Array): void {
  const view = new DataView(out.buffer, out.byteOffset);
  for (let i = 0; i < list.length; i++) {
    view.setUint32(i * REL_BYTES, list.offsets[i]!, true);
    view.setUint32(i * REL_BYTES + 4, ((list.symbols[i]?.index ?? 0) << 8) | list.types[i]!, true);
  }
}

/**
 * Contents, then symbols and their names, then relocations, then the names of the sections, then the section headers.
 */
function assembleFile(
  osAbi: number,
  machine: number,
  outputs: readonly OutputSection[],
  names: StringTable,
  relocations: ReadonlySet<OutputSection>,
  tables: readonly OutputSection[],
  shstrtab: OutputSection,
): Uint8Array {
  let position = HEADER_SIZE;
  const place = (output: OutputSection): void => {
    position = alignUp(position, output.alignment);
    output.offset = position;
    if (output.type !== SHT.NOBITS) position += output.sizeBytes;
  };
  const late = new Set([...relocations, ...tables, shstrtab]);
  for (const output of outputs.slice(1)) if (!late.has(output)) place(output);
  for (const output of tables) place(output);
  for (const output of relocations) place(output);
  place(shstrtab);
  const headers = alignUp(position, 4);
  const file = new Uint8Array(headers + outputs.length * SECTION_HEADER_SIZE);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, osAbi]);
  view.setUint16(16, 1, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setUint32(32, headers, true);
  view.setUint16(40, HEADER_SIZE, true);
  view.setUint16(46, SECTION_HEADER_SIZE, true);
  const fields = sectionFields(outputs.length);
  view.setUint16(48, fields.count, true);
  view.setUint16(50, fields.names, true);
  Object.assign(outputs[0]!, nullSection(outputs.length));
  outputs.forEach((output, i) => {
    const at = headers + i * SECTION_HEADER_SIZE;
    const words = [
      names.offset(output.name),
      output.type,
      output.flags >>> 0,
      0,
      output.offset,
      output.sizeBytes,
      output.link,
      output.info,
      output.alignment,
      output.entrySize,
    ];
    words.forEach((word, j) => view.setUint32(at + j * 4, word, true));
    if (output.type !== SHT.NOBITS && output.type !== SHT.NULL)
      file.set(output.contents.subarray(0, output.sizeBytes), output.offset);
  });
  return file;
}

/**
 * The debug sections: line program (DWARF 5 section 6.2, DWARF 3 for older versions), and for assembly sources a
 * compilation unit with its address ranges, as GNU as writes them.
 */

import { unsignedLength } from "../../object/leb128.ts";
import type { DebugFile, DebugLines, LineEntries, LineEntry } from "../model/debug-lines.ts";
import { mappedFolder } from "../model/folder-map.ts";
import { type FragmentTable, Kind } from "../model/fragment.ts";
import type { Program } from "../model/program.ts";
import type { Section } from "../model/section.ts";
import { SHF } from "../model/section.ts";
import { AssemblySymbol, STT, symbolName } from "../model/symbol.ts";
import { DebugSection } from "./debug-section.ts";
import type { Resolver } from "./resolver.ts";

/** A function that the unit tells of. */
interface SizedFunction {
  readonly symbol: AssemblySymbol;
  readonly size: number;
}

/** Writes a reference to a string into `.debug_info`. */
type WriteString = (text: string) => void;

const LINE_BASE = -5;
const LINE_RANGE = 14;
const OPCODE_BASE = 13;
const MAXIMUM_SPECIAL_ADVANCE = Math.floor((255 - OPCODE_BASE) / LINE_RANGE);
const DW_LNS = {
  copy: 1,
  advance_pc: 2,
  advance_line: 3,
  set_file: 4,
  set_column: 5,
  negate_stmt: 6,
  set_basic_block: 7,
  const_add_pc: 8,
  set_prologue_end: 10,
  set_epilogue_begin: 11,
  set_isa: 12,
} as const;
const DW_LNE = { end_sequence: 1, set_address: 2, set_discriminator: 4 } as const;
/** Operands of the standard opcodes 1 to 12. */
const STANDARD_LENGTHS = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];
const DW_TAG = { compile_unit: 0x11, subprogram: 0x2e, unspecified_type: 0x3b } as const;
const DW_AT = {
  name: 3,
  stmt_list: 0x10,
  low_pc: 0x11,
  high_pc: 0x12,
  language: 0x13,
  comp_dir: 0x1b,
  producer: 0x25,
  external: 0x3f,
  type: 0x49,
  ranges: 0x55,
} as const;
const DW_FORM = {
  addr: 1,
  data2: 5,
  data4: 6,
  string: 8,
  flag: 0xc,
  strp: 0xe,
  udata: 0xf,
  ref_udata: 0x15,
  sec_offset: 0x17,
  flag_present: 0x19,
  line_strp: 0x1f,
  data16: 0x1e,
} as const;
const DW_LNCT = { path: 1, directory_index: 2, MD5: 5 } as const;
const DW_LANG_Mips_Assembler = 0x8001;
const DW_RLE = { end_of_list: 0, start_length: 7 } as const;

/** Texts one after the other, each once. */
class DebugStrings {
  readonly out: DebugSection;
  readonly #offsets = new Map<string, number>();

  constructor(out: DebugSection) {
    this.out = out;
  }

  offset(text: string): number {
    let offset = this.#offsets.get(text);
    if (offset === undefined) {
      offset = this.append(text);
      this.#offsets.set(text, offset);
    }
    return offset;
  }

  /** Adds a text even if it is there. */
  append(text: string): number {
    const offset = this.out.end;
    this.out.text(text);
    return offset;
  }
}

interface CodeRange {
  readonly section: Section;
  /** Of its subsections. */
  readonly entries: LineEntries[];
}

function emptyEntry(): LineEntry {
  return { fragment: 0, position: 0, file: 0, line: 0, column: 0, options: null };
}

/** Whether two rows may be at one address: GNU as says so from their fragments, before layout. */
function maybeSamePlace({ fixedSizes, kinds }: FragmentTable, a: LineEntry, b: LineEntry): boolean {
  if (a.fragment === b.fragment) return a.position === b.position;
  // A jump's opcode counts as a part of known size.
  return b.position === 0 && a.position >= fixedSizes[a.fragment]! && kinds[a.fragment] !== Kind.BRANCH;
}

function isPublic({ isGlobal, isWeak }: AssemblySymbol): boolean {
  return isGlobal && !isWeak;
}

export function writeDwarf(program: Program, resolver: Resolver): void {
  const { debug } = program;
  const ranges = new Map<Section, CodeRange>();
  // Sections in the order of their first instructions, subsections by their numbers.
  const subsections = [...debug.entries.keys()];
  const order = new Map(
    [...subsections].reverse().map((subsection) => [subsection.section, subsections.indexOf(subsection)]),
  );
  subsections.sort((a, b) => order.get(a.section)! - order.get(b.section)! || a.number - b.number);
  for (const subsection of subsections) {
    const { section } = subsection;
    let range = ranges.get(section);
    if (range === undefined) {
      range = { section, entries: [] };
      ranges.set(section, range);
    }
    range.entries.push(debug.entries.get(subsection)!);
  }
  if (debug.isGenerated) debug.numberFiles([...ranges.values()].flatMap(({ entries }) => entries));
  const stated = program.options.dwarfVersion || (program.options.debugLines === true ? 2 : 3);
  const version = Math.max(stated, debug.impliedVersion);
  const hasContents = (wanted: string): boolean =>
    program.sections.list.some(({ name, sizeBytes }) => name === wanted && sizeBytes > 0);
  // A unit for the assembly source, unless the source brings its own; then a line table, unless that came too.
  const wantsUnit = !hasContents(".debug_info");
  const wantsLines = !hasContents(".debug_line");
  if (wantsUnit ? ranges.size === 0 : !wantsLines) return;
  const writer = new DwarfWriter(program, debug, resolver, version, [...ranges.values()]);
  if (wantsLines) writer.lines();
  if (wantsUnit) writer.unit();
  writer.finish();
}

class DwarfWriter {
  readonly #program: Program;
  readonly #debug: DebugLines;
  readonly #resolver: Resolver;
  readonly #version: number;
  readonly #ranges: readonly CodeRange[];
  readonly #line: DebugSection;
  readonly #finished: DebugSection[] = [];

  constructor(program: Program, debug: DebugLines, resolver: Resolver, version: number, ranges: readonly CodeRange[]) {
    this.#program = program;
    this.#debug = debug;
    this.#resolver = resolver;
    this.#version = version;
    this.#ranges = ranges;
    this.#line = this.#section(".debug_line");
  }

  #section(name: string, flags = 0, alignment = 0): DebugSection {
    const section = new DebugSection(this.#program, name, flags, alignment);
    this.#finished.push(section);
    return section;
  }

  finish(): void {
    for (const section of this.#finished) section.finish();
  }

  get #compilationDirectory(): string {
    return this.#program.options.compilationDirectory ?? "";
  }

  /** A folder as the tables name it. */
  #named(folder: string): string {
    return mappedFolder(folder, this.#program.options.folderMap);
  }

  /** `.debug_line` */
  lines(): void {
    const out = this.#line;
    // The version of the line table follows the one of the unit only from 3 on.
    const version = Math.max(3, this.#version);
    const lengthAt = out.length;
    out.word(0);
    out.half(version);
    if (version >= 5) out.byte(4, 0);
    const headerLengthAt = out.length;
    out.word(0);
    out.byte(1);
    if (version >= 4) out.byte(1);
    out.byte(1, LINE_BASE, LINE_RANGE, OPCODE_BASE, ...STANDARD_LENGTHS);
    this.#fileTables(version);
    out.patch(headerLengthAt, out.length - headerLengthAt - 4);
    for (const range of this.#ranges) if (range.entries.some(({ count }) => count > 0)) this.#sequence(range);
    out.patch(lengthAt, out.length - lengthAt - 4);
  }

  #fileTables(version: number): void {
    const out = this.#line;
    const files = this.#debug.files;
    const first = files[0] ?? null;
    const { compilationDirectory: said } = this.#debug;
    // The first is where the compiler ran, which only file 0 says; a folder that stands there already has its place.
    const directories: (string | null)[] = [null];
    const directoryOf = (file: DebugFile): number => {
      const isFirst = version >= 5 && file === first;
      const folder = isFirst ? file.directory || said : file.directory;
      if (folder === "") return 0;
      const known = directories.indexOf(folder);
      if (known >= 0) return known;
      if (isFirst && directories[0] === null) {
        const start = said || this.#compilationDirectory;
        if (!directories.includes(start)) directories[0] = start;
        // GNU as finds out that they are the same only where the name has no folder.
        if (folder === start && file.directory === "") return 0;
      }
      return directories.push(folder) - 1;
    };
    const given = new Map(this.#debug.givenFiles.map((file) => [file, directoryOf(file)]));
    const numbered = files.map((file) =>
      file === null || file === undefined ? null : { file, directory: given.get(file) ?? directoryOf(file) },
    );
    if (version < 5) {
      for (const directory of directories.slice(1)) out.text(this.#named(directory!));
      out.byte(0);
      for (let i = 1; i < numbered.length; i++) {
        const entry = numbered[i];
        if (!entry) continue;
        out.text(entry.file.name);
        out.uleb(entry.directory);
        out.byte(0, 0);
      }
      out.byte(0);
      return;
    }
    const isEmpty = numbered.length === 0;
    const strings = isEmpty ? null : new DebugStrings(this.#section(".debug_line_str", SHF.MERGE | SHF.STRINGS));
    out.byte(1);
    out.uleb(DW_LNCT.path);
    out.uleb(DW_FORM.line_strp);
    const folders = isEmpty ? [] : directories.map((directory) => this.#named(directory ?? this.#compilationDirectory));
    out.uleb(folders.length);
    for (const folder of folders) out.address(strings!.out.section.symbol!, strings!.append(folder));
    const hasMd5 = files.some((file) => file !== null && file !== undefined && file.md5 !== null);
    out.byte(hasMd5 ? 3 : 2);
    out.uleb(DW_LNCT.path);
    out.uleb(DW_FORM.line_strp);
    out.uleb(DW_LNCT.directory_index);
    out.uleb(DW_FORM.udata);
    if (hasMd5) {
      out.uleb(DW_LNCT.MD5);
      out.uleb(DW_FORM.data16);
    }
    const all = isEmpty ? [] : [numbered[0] ?? numbered[1] ?? null, ...numbered.slice(1)];
    out.uleb(all.length);
    const offsets = new Map<object, number>();
    for (const entry of all) {
      // Each entry has its own copy of its name, but an entry that stands twice has one.
      let offset = entry ? offsets.get(entry) : undefined;
      if (offset === undefined) {
        offset = strings!.append(entry?.file.name ?? "");
        if (entry) offsets.set(entry, offset);
      }
      out.address(strings!.out.section.symbol!, offset);
      out.uleb(entry?.directory ?? 0);
      if (hasMd5) out.bytes(entry?.file.md5 ?? new Uint8Array(16));
    }
  }

  /** The rows of one section. */
  #sequence(range: CodeRange): void {
    const out = this.#line;
    let file = 1;
    let line = 1;
    let column = 0;
    let isa = 0;
    let isStatement = true;
    let address = -1;
    const { fragments } = range.section;
    let entry = emptyEntry();
    let last = emptyEntry();
    let isFirst = true;
    for (const entries of range.entries) {
      for (let i = 0; i < entries.count; i++) {
        entries.read(i, entry);
        const { options } = entry;
        if (entry.file !== file) {
          file = entry.file;
          out.byte(DW_LNS.set_file);
          out.uleb(file);
        }
        if (entry.column !== column) {
          column = entry.column;
          out.byte(DW_LNS.set_column);
          out.uleb(column);
        }
        if (options !== null) {
          if (options.discriminator !== 0) {
            out.byte(0, 1 + unsignedLength(options.discriminator), DW_LNE.set_discriminator);
            out.uleb(options.discriminator);
          }
          if (options.isa !== isa) {
            isa = options.isa;
            out.byte(DW_LNS.set_isa);
            out.uleb(isa);
          }
          if (options.isStatement !== isStatement) {
            isStatement = options.isStatement;
            out.byte(DW_LNS.negate_stmt);
          }
          if (options.basicBlock) out.byte(DW_LNS.set_basic_block);
          if (options.prologueEnd) out.byte(DW_LNS.set_prologue_end);
          if (options.epilogueBegin) out.byte(DW_LNS.set_epilogue_begin);
        }
        const next = fragments.addresses[entry.fragment]! + entry.position;
        if (isFirst || (options?.resetsView === true && maybeSamePlace(fragments, last, entry))) {
          out.byte(0, 5, DW_LNE.set_address);
          out.address(range.section.symbol!, next);
          this.#advance(entry.line - line, 0);
        } else this.#advance(entry.line - line, next - address);
        line = entry.line;
        address = next;
        isFirst = false;
        [entry, last] = [last, entry];
      }
    }
    const delta = range.section.sizeBytes - address;
    if (delta === MAXIMUM_SPECIAL_ADVANCE) out.byte(DW_LNS.const_add_pc);
    else if (delta !== 0) {
      out.byte(DW_LNS.advance_pc);
      out.uleb(delta);
    }
    out.byte(0, 1, DW_LNE.end_sequence);
  }

  /** A new row so many lines and bytes further. */
  #advance(lineDelta: number, addressDelta: number): void {
    const out = this.#line;
    let special = lineDelta - LINE_BASE;
    let needsCopy = false;
    if (special < 0 || special >= LINE_RANGE || special + OPCODE_BASE > 255) {
      out.byte(DW_LNS.advance_line);
      out.sleb(lineDelta);
      lineDelta = 0;
      special = -LINE_BASE;
      needsCopy = true;
    }
    if (lineDelta === 0 && addressDelta === 0) {
      out.byte(DW_LNS.copy);
      return;
    }
    special += OPCODE_BASE;
    if (addressDelta < 256 + MAXIMUM_SPECIAL_ADVANCE) {
      const direct = special + addressDelta * LINE_RANGE;
      if (direct <= 255) {
        out.byte(direct);
        return;
      }
      const withConstant = special + (addressDelta - MAXIMUM_SPECIAL_ADVANCE) * LINE_RANGE;
      if (withConstant <= 255) {
        out.byte(DW_LNS.const_add_pc, withConstant);
        return;
      }
    }
    out.byte(DW_LNS.advance_pc);
    out.uleb(addressDelta);
    out.byte(needsCopy ? DW_LNS.copy : special);
  }

  /** `.debug_info` and what it refers to: one unit for the assembly source. */
  unit(): void {
    const program = this.#program;
    const version = this.#version;
    const info = this.#section(".debug_info");
    const abbrev = this.#section(".debug_abbrev");
    const aranges = this.#section(".debug_aranges", 0, 3);
    const strings = new DebugStrings(this.#section(".debug_str", SHF.MERGE | SHF.STRINGS));
    const isSingle = this.#ranges.length === 1;
    const ranges = isSingle
      ? null
      : this.#section(version >= 5 ? ".debug_rnglists" : ".debug_ranges", 0, version >= 5 ? 0 : 3);
    // The symbols of these are in the table for the unit's sake, those of the others for their relocations'.
    for (const { section } of [info, abbrev, this.#line]) program.symbolList.needBeforeLayout(section.symbol!);
    const rangesOffset = ranges === null ? 0 : this.#rangeList(ranges);
    const functions = this.#functions();
    const externalForm = this.#externalForm(functions.map(({ symbol }) => symbol));
    this.#abbreviations(abbrev, isSingle, functions.length > 0, externalForm);

    const string: WriteString = (text) => info.address(strings.out.section.symbol!, strings.offset(text));
    info.word(0);
    info.half(version);
    if (version >= 5) info.byte(1, 4);
    info.address(abbrev.section.symbol!, 0);
    if (version < 5) info.byte(4);
    info.uleb(1);
    info.address(this.#line.section.symbol!, 0);
    if (ranges === null) {
      const { section } = this.#ranges[0]!;
      info.address(section.symbol!, 0);
      if (version < 4) info.address(section.symbol!, section.sizeBytes);
      else info.uleb(section.sizeBytes);
    } else info.address(ranges.section.symbol!, rangesOffset);
    const first = this.#debug.files[0] ?? this.#debug.files[1];
    string(
      first === undefined || first === null
        ? program.options.path
        : (first.directory === "" ? "" : `${this.#named(first.directory)}/`) + first.name,
    );
    string(this.#named(this.#compilationDirectory));
    string(program.options.producer ?? "QuRe as");
    info.half(DW_LANG_Mips_Assembler);
    if (functions.length > 0) this.#functionEntries(info, string, functions, externalForm);
    info.patch(0, info.length - 4);
    this.#addressRanges(aranges, info);
  }

  /** The entries below the unit's: its functions, and the type that all of them are of. */
  #functionEntries(
    info: DebugSection,
    string: WriteString,
    functions: readonly SizedFunction[],
    externalForm: number,
  ): void {
    const version = this.#version;
    // The type is the last entry: its place follows from the sizes before it.
    const sizeWithoutType =
      info.length +
      functions.reduce((sum, { size }) => sum + this.#functionSize(size) + (externalForm === DW_FORM.flag ? 1 : 0), 0);
    // The place says how long each mention of it is, and the mentions where the place is.
    let typeOffset = sizeWithoutType;
    for (let before = -1; before !== typeOffset; ) {
      before = typeOffset;
      typeOffset = sizeWithoutType + functions.length * unsignedLength(before);
    }
    if (version >= 3 && this.#program.options.keepLocals === true) this.#labelType(info.section, typeOffset);
    for (const { symbol, size } of functions) {
      info.uleb(2);
      string(symbol.name);
      if (externalForm === DW_FORM.flag) info.byte(isPublic(symbol) ? 1 : 0);
      if (version >= 3) info.uleb(typeOffset);
      info.address(symbol, 0);
      if (version < 4) info.address(symbol, size);
      else info.uleb(size);
    }
    if (version >= 3) info.uleb(3);
    info.byte(0);
  }

  /** `.debug_aranges`: which addresses are of the unit in `info`. */
  #addressRanges(aranges: DebugSection, info: DebugSection): void {
    aranges.word(0);
    aranges.half(2);
    aranges.address(info.section.symbol!, 0);
    aranges.byte(4, 0);
    aranges.word(0);
    for (const { section } of this.#ranges) {
      aranges.address(section.symbol!, 0);
      aranges.word(section.sizeBytes);
    }
    aranges.word(0);
    aranges.word(0);
    aranges.patch(0, aranges.length - 4);
  }

  /** GNU as has a label at the type, which `-L` shows. */
  #labelType(section: Section, offset: number): void {
    const label = new AssemblySymbol(symbolName(".Ldebug_no_type_tag"), section);
    label.fragment = section.subsection(0).first;
    label.value = offset;
    this.#program.symbolList.needBeforeLayout(label);
  }

  #functionSize(size: number): number {
    const version = this.#version;
    return 1 + 4 + 4 + (version < 4 ? 4 : unsignedLength(size));
  }

  /** Functions with a size, wherever they stand. */
  #functions(): SizedFunction[] {
    const functions: SizedFunction[] = [];
    for (const symbol of this.#program.symbolList.all) {
      if (
        (symbol.type !== STT.FUNC && symbol.type !== STT.GNU_IFUNC) ||
        symbol.expression !== null ||
        (!symbol.section.isReal && symbol.section.kind !== "absolute") ||
        symbol.size === null
      )
        continue;
      const size = Number(this.#resolver.number(symbol.size) ?? 0);
      if (size > 0) functions.push({ symbol, size });
    }
    return functions;
  }

  /**
   * How entries of functions say whether they are global: not at all where none is, and without a byte where all are.
   */
  #externalForm(functions: readonly AssemblySymbol[]): number {
    if (!functions.some(isPublic)) return 0;
    return this.#version >= 4 && functions.every(isPublic) ? DW_FORM.flag_present : DW_FORM.flag;
  }

  #abbreviations(out: DebugSection, isSingle: boolean, hasFunctions: boolean, externalForm: number): void {
    const version = this.#version;
    const sectionOffset = version < 4 ? DW_FORM.data4 : DW_FORM.sec_offset;
    const entry = (
      code: number,
      tag: number,
      children: number,
      attributes: readonly (readonly [number, number])[],
    ): void => {
      out.uleb(code);
      out.uleb(tag);
      out.byte(children);
      for (const [attribute, form] of attributes) {
        out.uleb(attribute);
        out.uleb(form);
      }
      out.byte(0, 0);
    };
    const length = version < 4 ? DW_FORM.addr : DW_FORM.udata;
    entry(1, DW_TAG.compile_unit, hasFunctions ? 1 : 0, [
      [DW_AT.stmt_list, sectionOffset],
      ...(isSingle
        ? ([
            [DW_AT.low_pc, DW_FORM.addr],
            [DW_AT.high_pc, length],
          ] as const)
        : ([[DW_AT.ranges, sectionOffset]] as const)),
      [DW_AT.name, DW_FORM.strp],
      [DW_AT.comp_dir, DW_FORM.strp],
      [DW_AT.producer, DW_FORM.strp],
      [DW_AT.language, DW_FORM.data2],
    ]);
    if (hasFunctions) {
      entry(2, DW_TAG.subprogram, 0, [
        [DW_AT.name, DW_FORM.strp],
        ...(externalForm === 0 ? [] : ([[DW_AT.external, externalForm]] as const)),
        ...(version >= 3 ? ([[DW_AT.type, DW_FORM.ref_udata]] as const) : []),
        [DW_AT.low_pc, DW_FORM.addr],
        [DW_AT.high_pc, length],
      ]);
      if (version >= 3) entry(3, DW_TAG.unspecified_type, 0, []);
    }
    out.byte(0);
  }

  /** The address ranges; returns where their list begins in the section. */
  #rangeList(out: DebugSection): number {
    if (this.#version < 5) {
      out.word(-1);
      out.word(0);
      for (const { section } of this.#ranges) {
        out.address(section.symbol!, 0);
        out.address(section.symbol!, section.sizeBytes);
      }
      out.word(0);
      out.word(0);
      return 0;
    }
    out.word(0);
    out.half(5);
    out.byte(4, 0);
    out.word(0);
    const start = out.length;
    for (const { section } of this.#ranges) {
      out.byte(DW_RLE.start_length);
      out.address(section.symbol!, 0);
      out.uleb(section.sizeBytes);
    }
    out.byte(DW_RLE.end_of_list);
    out.patch(0, out.length - 4);
    return start;
  }
}

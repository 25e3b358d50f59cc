/** The bytes of a linked program: an ELF executable or object, laid out as GNU ld 2.40 does, or a flat image. */
import { assert } from "../diagnostic/invariant.ts";
import {
  ET_EXEC,
  ET_REL,
  PT_LOAD,
  SHF_GROUP,
  SHF_INFO_LINK,
  SHT_GROUP,
  SHT_NOBITS,
  SHT_PROGBITS,
  SHT_REL,
  SHT_STRTAB,
  STB_LOCAL,
  STT_SECTION,
} from "../object/elf.ts";
import {
  type FileSection,
  FileSizeError,
  type FileSymbol,
  fileIndices,
  headerBytes,
  placeSections,
  RelocationBytes,
  writeElf,
} from "../object/elf-writer.ts";
import { R } from "../object/relocation-types.ts";
import { stampBuildId } from "./build-id.ts";
import { hasContent } from "./layout.ts";
import { linkedMembers } from "./link-once.ts";
import type { OutputSection } from "./output-section.ts";
import { collectSymbols, type OutputSymbol, type OutputSymbols } from "./output-symbols.ts";
import { elfFlagsOf, type Program } from "./program.ts";
import { type Applied, Relocator } from "./relocate.ts";
import { SEC_ALLOC, SEC_CODE, SEC_LOAD } from "./section-flags.ts";

export interface ImageSection {
  readonly output: OutputSection;
  /** ELF's SHF_ bits. */
  readonly flags: number;
  readonly type: number;
  readonly nobits: boolean;
  readonly content: Uint8Array;
  readonly applied: readonly Applied[];
}

export interface ProgramImage {
  readonly sections: readonly ImageSection[];
  readonly symbols: readonly OutputSymbol[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** More than this comes from a script or an object that lies about sizes. */
const MAX_FILE_BYTES = 2 ** 29;

const NO_BYTES: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** What a symbol takes in its table and in that of names, about. */
const SYMBOL_BYTES = 64;

/** Bytes after the contents for the file's tables: too many cost no memory, and with too few contents are copied once more. */
function tableBytes({ objects }: Program): number {
  return objects.reduce((sum, { elf }) => sum + elf.symbols.length * SYMBOL_BYTES, 1 << 16);
}

/** Applies the relocations; what goes wrong is added to the program's problems. */
export function programFile(program: Program): ProgramImage {
  const { options, file } = program;
  const isRelocatable = options.isRelocatable ?? false;
  const outputs = program.outputs();
  const total =
    outputs.reduce((sum, output) => sum + (hasContent(output) ? output.sizeBytes : 0), 0) + program.file.end;
  if (!(total < MAX_FILE_BYTES)) {
    const largest = outputs.reduce((best, output) => (output.sizeBytes > best.sizeBytes ? output : best));
    program.report.script(
      options.script.path,
      largest.command?.line ?? 0,
      `the program would have ${total} bytes; the largest section is ${largest.name} with ${largest.sizeBytes}`,
    );
    return { sections: [], symbols: [], bytes: NO_BYTES };
  }
  program.got.fill();
  const relocator = new Relocator({
    symbols: program.symbols,
    got: program.got,
    outputs,
    isRelocatable,
    allowsUndefined: (options.undefinedSymbols ?? "report") !== "report",
    keepsApplied:
      isRelocatable ||
      options.emitRelocations === true ||
      options.keepsApplied !== false ||
      options.script.noCrossReferences.length > 0,
    dataOf: (section) => program.layout.dataOf(section),
  });
  const start = isRelocatable ? headerBytes(0) : file.end;
  const types = outputs.map((output) => (hasContent(output) ? output.type || SHT_PROGBITS : SHT_NOBITS));
  const places = placeSections(
    outputs.map((output, i) => ({
      offset: file.offsets.get(output) ?? null,
      align: alignmentOf(output),
      type: types[i]!,
      sizeBytes: output.sizeBytes,
    })),
    start,
  );
  // Contents are made at their places in the file.
  const room = new Uint8Array(places.end <= MAX_FILE_BYTES ? places.end + tableBytes(program) : 0);
  const sections = outputs.map((output, i): ImageSection => {
    const type = types[i]!;
    const isEmpty = !hasContent(output);
    const at = places.offsets[i]!;
    const end = at + output.sizeBytes;
    const isInRoom = type !== SHT_NOBITS && type !== SHT_GROUP && end <= places.end && end <= room.length;
    const content = isEmpty ? NO_BYTES : isInRoom ? room.subarray(at, end) : new Uint8Array(output.sizeBytes);
    const applied = isEmpty ? [] : relocator.fill(output, content);
    if (isRelocatable && output.name === ".note.GNU-stack" && needsExecutableStack(program)) output.flags |= SEC_CODE;
    return {
      output,
      flags:
        elfFlagsOf(output).flags |
        (program.keepsGroups && output.inputs()[0] ? output.inputs()[0]!.elf.flags & SHF_GROUP : 0),
      type,
      nobits: type === SHT_NOBITS,
      content,
      applied,
    };
  });
  for (const issue of relocator.issues) {
    if (issue.kind !== "undefined" || (options.undefinedSymbols ?? "report") === "report")
      program.report.relocation(issue);
    else if (options.undefinedSymbols === "warn")
      program.warnings.push({ ...program.report.placeOf(issue), message: issue.message });
  }
  if (!isRelocatable) reportCrossReferences(program, sections);
  const keepsRelocations = isRelocatable || (options.emitRelocations ?? false);
  const symbols = collectSymbols(outputs, program.madeOrder(), program.symbols, {
    isRelocatable,
    keepsRelocations,
    collectsGarbage: options.collectGarbage ?? false,
    strip: options.strip === "debugging" ? "debugging" : "none",
    ...(options.retainedSymbols ? { retained: options.retainedSymbols } : {}),
    discard: options.discard ?? "merged-labels",
  });
  let bytes = NO_BYTES;
  try {
    if (program.problems.length === 0) bytes = elfBytes(program, sections, symbols, keepsRelocations, start, room);
  } catch (error) {
    if (!(error instanceof FileSizeError)) throw error;
    program.report.script(options.script.path, 0, error.message);
  }
  return { sections, symbols: symbols.symbols, bytes };
}

/** References between sections that the script keeps apart (NOCROSSREFS). */
function reportCrossReferences(program: Program, sections: readonly ImageSection[]): void {
  for (const { sections: names, onlyToFirst } of program.options.script.noCrossReferences) {
    for (const { output, applied } of sections) {
      if (!names.includes(output.name)) continue;
      for (const { section, elf, target, offset } of applied) {
        if (!target || target === output || !(onlyToFirst ? target.name === names[0] : names.includes(target.name)))
          continue;
        const message = `${elf.name || target.name} is in section ${target.name}, to which the script forbids references from ${output.name}`;
        program.report.relocation({
          kind: "crossing",
          section,
          offset: offset - section.offset,
          name: elf.name,
          message,
        });
      }
    }
  }
}

function needsExecutableStack({ objects }: Program): boolean {
  return objects.some(({ elf }) => !elf.sections.some(({ name }) => name === ".note.GNU-stack"));
}

function elfBytes(
  program: Program,
  sections: readonly ImageSection[],
  symbols: OutputSymbols,
  keepsRelocations: boolean,
  start: number,
  room: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const { options, file } = program;
  const isRelocatable = options.isRelocatable ?? false;
  const position = new Map(sections.map(({ output }, index) => [output, index + 1]));
  const tables = sections.map(({ output, applied }) =>
    keepsRelocations && output.inputs().some(({ relocations }) => relocations.length > 0)
      ? relocationTable(output, applied, symbols, isRelocatable)
      : null,
  );
  const indices = fileIndices(tables.map((table) => ({ hasRelocations: table !== null })));
  const fileSections = sections.map((section, index): FileSection => {
    const { output, type, flags, content } = section;
    const isGroup = type === SHT_GROUP;
    const { entrySizeBytes } = elfFlagsOf(output);
    const own = output.inputs()[0]?.object === program.got.object && output.name === ".got.plt" ? 4 : 0;
    const strings = stabStrings(output.name, sections);
    const isIndirect = output.name === ".rel.plt" && type === SHT_REL && !isRelocatable;
    const slots = isIndirect ? sections.findIndex((other) => other.output.name === ".got.plt") + 1 : 0;
    return {
      name: output.name,
      type,
      flags: isGroup ? 0 : flags | (isIndirect ? SHF_INFO_LINK : 0),
      address: output.address >>> 0,
      sizeBytes: output.sizeBytes,
      align: alignmentOf(output),
      entrySizeBytes: isGroup ? 4 : entrySizeBytes || own || (strings > 0 ? STAB_BYTES : isIndirect ? REL_BYTES : 0),
      content: isGroup ? groupContent(output, position, indices) : content,
      offset: file.offsets.get(output) ?? null,
      relocations: tables[index]!,
      ...(strings > 0 ? { linked: strings } : {}),
      ...(isIndirect ? { linkedInfo: slots, linksToSymbols: true } : {}),
      ...(isGroup ? { info: groupSignature(output, symbols), linksToSymbols: true } : {}),
    };
  });
  const fileSymbols = symbols.symbols.map(
    ({ name, value, sizeBytes, binding, type, visibility, section }): FileSymbol => ({
      name,
      value,
      sizeBytes,
      binding,
      type,
      visibility,
      section: typeof section === "number" ? section : position.get(section)!,
    }),
  );
  assert(
    fileSymbols.every(({ binding }, index) => (binding === STB_LOCAL) === index < symbols.localCount),
    "the symbol table of the program mixes local symbols with others",
  );
  assert(
    file.headers.every(({ type, fileBytes, memoryBytes }) => type !== PT_LOAD || fileBytes <= memoryBytes),
    "a segment of the program has more bytes in the file than in memory",
  );
  const bytes = writeElf({
    type: isRelocatable ? ET_REL : ET_EXEC,
    entry: program.entry >>> 0,
    sections: fileSections,
    symbols: options.strip === "all" ? null : fileSymbols,
    nameOrder: program.madeOrder().flatMap((output) => (position.has(output) ? [position.get(output)! - 1] : [])),
    localCount: symbols.localCount,
    headers: file.headers,
    start,
    room,
  });
  if (options.buildId) stampBuildId(bytes, options.buildId);
  return bytes;
}

/** An Elf32_Rel. */
const REL_BYTES = 8;
/** An entry of debugging information in the stabs format. */
const STAB_BYTES = 12;

/** Position, from 1, of the strings that a section of stabs goes with: by the name alone, as GNU ld has it; 0 without. */
function stabStrings(name: string, sections: readonly ImageSection[]): number {
  if (!name.startsWith(".stab")) return 0;
  return sections.findIndex(({ output, type }) => type === SHT_STRTAB && output.name === `${name}str`) + 1;
}

/** What the section header says: not more than the address has, for a script may have put it anywhere. */
function alignmentOf({ align, address }: OutputSection): number {
  const bits = align | address;
  return (bits & -bits) >>> 0;
}

function relocationTable(
  output: OutputSection,
  applied: readonly Applied[],
  { ofSection, ofLocal, ofGlobal }: OutputSymbols,
  isRelocatable: boolean,
): Uint8Array {
  const base = isRelocatable ? 0 : output.address;
  const isInOrder = applied.every(({ offset }, i) => i === 0 || applied[i - 1]!.offset <= offset);
  const table = new RelocationBytes(applied.length);
  for (const { offset, type, elf, symbol, target, isGone } of isInOrder ? applied : [...applied].sort(byOffset)) {
    if (isGone) table.add(offset + base, R.NONE, 0);
    else if (symbol) table.add(offset + base, type, ofGlobal.get(symbol) ?? 0);
    else table.add(offset + base, type, ofLocal.get(elf) ?? (target ? (ofSection.get(target) ?? 0) : 0));
  }
  return table.bytes;
}

const byOffset = (a: Applied, b: Applied): number => a.offset - b.offset;

/** Members by their indices in the output. */
function groupContent(
  output: OutputSection,
  position: ReadonlyMap<OutputSection, number>,
  indices: readonly number[],
): Uint8Array {
  const group = output.inputs()[0]!;
  const members = linkedMembers(group).flatMap(({ home, isTable }) => {
    const place = home.output ? position.get(home.output) : undefined;
    return place ? [indices[place - 1]! + Number(isTable)] : [];
  });
  const content = new Uint8Array(4 + 4 * members.length);
  const view = new DataView(content.buffer);
  view.setUint32(0, new DataView(group.elf.content.buffer, group.elf.content.byteOffset).getUint32(0, true), true);
  members.forEach((index, at) => view.setUint32(4 + 4 * at, index, true));
  return content;
}

function groupSignature(output: OutputSection, { ofLocal, ofGlobal, ofSection }: OutputSymbols): number {
  const { object, elf } = output.inputs()[0]!;
  const symbol = object.elf.symbols[elf.info];
  if (!symbol) return 0;
  const home = object.sections[symbol.section]?.output;
  if (symbol.type === STT_SECTION && home) return ofSection.get(home) ?? 0;
  const local = ofLocal.get(symbol);
  if (local !== undefined) return local;
  for (const [global, index] of ofGlobal) if (global.name === symbol.name) return index;
  return 0;
}

/** --oformat binary: the loaded sections as they lie in memory, from the lowest load address on. */
export function flatImage(program: Program, { sections }: ProgramImage): Uint8Array<ArrayBuffer> | null {
  const loaded = sections.filter(
    ({ output, content }) => (output.flags & (SEC_ALLOC | SEC_LOAD)) === (SEC_ALLOC | SEC_LOAD) && content.length > 0,
  );
  if (loaded.length === 0) return new Uint8Array(0);
  const start = Math.min(...loaded.map(({ output }) => output.loadAddress));
  const end = Math.max(...loaded.map(({ output, content }) => output.loadAddress + content.length));
  if (end - start > MAX_FILE_BYTES) {
    program.report.script(
      program.options.script.path,
      0,
      `the flat image would have ${end - start} bytes: its sections lie from 0x${start.toString(16)} to 0x${end.toString(16)}`,
    );
    return null;
  }
  const bytes = new Uint8Array(end - start);
  for (const { output, content } of loaded) bytes.set(content, output.loadAddress - start);
  return bytes;
}

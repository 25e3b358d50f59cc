/** The bytes of a linked program: an ELF executable or object, laid out as GNU ld 2.40 does, or a flat image. */

import { assert } from "../diagnostic/invariant.ts";
import {
  ET_EXEC,
  ET_REL,
  PT_LOAD,
  REL_BYTES,
  SHF_ALLOC,
  SHF_GROUP,
  SHF_INFO_LINK,
  SHF_LINK_ORDER,
  SHT_GROUP,
  SHT_NOBITS,
  SHT_NOTE,
  SHT_PROGBITS,
  SHT_REL,
  SHT_STRTAB,
  STT_SECTION,
} from "../object/elf.ts";
import {
  type FileSection,
  FileSizeError,
  type FileSymbols,
  fileIndices,
  headerBytes,
  writeElfTo,
} from "../object/elf-writer.ts";
import { greatest, smallest } from "../object/extremes.ts";
import { FileInMemory, type FileSink } from "../object/file-sink.ts";
import { stampBuildId } from "./build-id.ts";
import { KeptRelocations } from "./kept-relocations.ts";
import { hasContent } from "./layout.ts";
import { linkedMembers } from "./link-once.ts";
import { elfFlagsOf, type OutputSection } from "./output-section.ts";
import { collectSymbols, type OutputSymbol, type OutputSymbols } from "./output-symbols.ts";
import { PACKAGE_SECTION } from "./package-metadata.ts";
import type { Program } from "./program.ts";
import { type Applied, Relocator } from "./relocate.ts";
import { SEC_ALLOC, SEC_CODE, SEC_HAS_CONTENTS, SEC_LOAD } from "./section-flags.ts";
import { needsExecutableStack, STACK_NOTE } from "./stack-note.ts";
import type { SymbolTable } from "./symbols.ts";

export interface ImageSection {
  readonly output: OutputSection;
  /** ELF's SHF_ bits. */
  readonly flags: number;
  readonly type: number;
  readonly nobits: boolean;
  /** Where the content begins in the file. */
  fileOffset: number;
  applied: readonly Applied[];
}

export interface ProgramImage {
  readonly sections: readonly ImageSection[];
  readonly symbols: Iterable<OutputSymbol>;
  /** Of the file; 0 where nothing was written. */
  readonly sizeBytes: number;
}

const NO_BYTES = new Uint8Array(0);

/** More than this comes from a script or an object that lies about sizes. */
const MAX_FILE_BYTES = 2 ** 29;

/** Where a program is written to, for one of so many bytes at most. */
export type OpenSink = (mostBytes: number) => FileSink;

/**
 * Applies the relocations and writes the file; what goes wrong is added to the program's problems, and spoils the file.
 */
export function writeProgram(program: Program, open: OpenSink): ProgramImage {
  const { options } = program;
  const isRelocatable = options.isRelocatable ?? false;
  const outputs = program.outputs();
  const total =
    outputs.reduce((sum, output) => sum + (hasContent(output) ? output.sizeBytes : 0), 0) + program.file.end;
  if (!(total < MAX_FILE_BYTES)) {
    const largest = outputs.reduce((best, output) => (output.sizeBytes > best.sizeBytes ? output : best));
    program.report.script({
      file: options.script.path,
      line: largest.command?.line ?? 0,
      message: `the program would have ${total} bytes; the largest section is ${largest.name} with ${largest.sizeBytes}`,
      id: "link",
    });
    return { sections: [], symbols: [], sizeBytes: 0 };
  }
  program.got.fill();
  const keepsRelocations = isRelocatable || (options.emitRelocations ?? false);
  const symbols = collectSymbols(outputs, program.placement.made(), program.symbols, {
    isRelocatable,
    keepsRelocations,
    collectsGarbage: options.collectGarbage ?? false,
    strip: options.strip === "debugging" ? "debugging" : "none",
    ...(options.retainedSymbols ? { retained: options.retainedSymbols } : {}),
    discard: options.discard ?? "merged-labels",
    mergesConstants: options.mergesConstants ?? false,
  });
  const relocator = new Relocator({
    symbols: program.symbols,
    got: program.got,
    outputs,
    frameHeader: program.frameHeader,
    isRelocatable,
    allowsUndefined: (options.undefinedSymbols ?? "report") !== "report" || (options.ignoredNames?.size ?? 0) > 0,
    ignoresUndefined: (symbol) =>
      options.undefinedSymbols === "ignore" || options.ignoredNames?.has(symbol.name) === true,
    keepsApplied: options.keepsApplied !== false || options.script.noCrossReferences.length > 0,
    indices: keepsRelocations ? symbols.indices : null,
    dataOf: (section) => program.layout.dataOf(section),
  });
  if (isRelocatable && options.stack === undefined && needsExecutableStack(program.objects))
    for (const output of outputs) if (output.name === STACK_NOTE) output.flags |= SEC_CODE;
  const sections = outputs.map((output): ImageSection => {
    // What is not in memory is in the file, if only as zeros.
    const isNothing = (output.flags & SEC_ALLOC) === 0;
    // In a flat image nothing says that a section with content in memory has none in the file.
    const isThere = hasContent(output) || (options.isFlat === true && (output.flags & SEC_HAS_CONTENTS) !== 0);
    const type =
      isThere || isNothing || (output.type === SHT_NOTE && output.hasInput)
        ? output.type || output.declaredType || SHT_PROGBITS
        : SHT_NOBITS;
    return {
      output,
      flags:
        elfFlagsOf(output).flags |
        (program.keepsGroups && output.inputs()[0] ? output.inputs()[0]!.elf.flags & SHF_GROUP : 0),
      type,
      nobits: type === SHT_NOBITS,
      fileOffset: 0,
      applied: [],
    };
  });
  let sizeBytes = 0;
  try {
    sizeBytes = writeFile(program, sections, symbols, keepsRelocations, relocator, open);
  } catch (error) {
    if (!(error instanceof FileSizeError)) throw error;
    if (program.problems.length === 0)
      program.report.script({ file: options.script.path, line: 0, message: error.message, id: "link" });
  }
  for (const issue of relocator.issues) {
    if (issue.kind === "undefined" && options.undefinedSymbols === "warn")
      program.warnings.push(program.report.undefinedAt(issue));
    else program.report.relocation(issue);
  }
  if (!isRelocatable) reportCrossReferences(program, sections);
  return { sections, symbols: symbols.symbols, sizeBytes };
}

/** A program in memory. */
export interface ProgramFile extends ProgramImage {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The same, all of it in memory. */
export function programFile(program: Program): ProgramFile {
  let whole = new FileInMemory(0);
  const image = writeProgram(program, (mostBytes) => (whole = new FileInMemory(mostBytes)));
  const bytes = whole.bytes(0, image.sizeBytes);
  if (program.options.buildId && image.sizeBytes > 0) {
    const later = program.options.packageMetadata === undefined ? null : PACKAGE_SECTION;
    const note = program.objects[0]?.sections.find((section) => section?.isBuildId);
    const home = image.sections.find(({ output }) => output === note?.output);
    if (note && home && !home.nobits)
      stampBuildId(bytes, program.options.buildId, home.fileOffset + note.offset, later);
  }
  return { ...image, bytes };
}

/** The bytes of a section of a program in memory. */
export function contentOf({ fileOffset, nobits, output }: ImageSection, { bytes }: ProgramFile): Uint8Array {
  return nobits ? bytes.subarray(0, 0) : bytes.subarray(fileOffset, fileOffset + output.sizeBytes);
}

/** References between sections that the script keeps apart (NOCROSSREFS). */
function reportCrossReferences(program: Program, sections: readonly ImageSection[]): void {
  for (const { sections: names, onlyToFirst } of program.options.script.noCrossReferences) {
    for (const { output, applied } of sections) {
      if (!names.includes(output.name)) continue;
      for (const { section, elf, target, offset } of applied) {
        if (!target || target === output || !(onlyToFirst ? target.name === names[0] : names.includes(target.name)))
          continue;
        const name = elf.name || target.name;
        const message = `${name} is in section ${target.name}, to which the script forbids references from ${output.name}`;
        program.report.relocation({
          kind: "crossing",
          section,
          offset: offset - section.offset,
          name,
          message,
        });
      }
    }
  }
}

function writeFile(
  program: Program,
  sections: readonly ImageSection[],
  symbols: OutputSymbols,
  keepsRelocations: boolean,
  relocator: Relocator,
  open: OpenSink,
): number {
  const { options, file } = program;
  const isRelocatable = options.isRelocatable ?? false;
  const position = new Map(sections.map(({ output }, index) => [output, index + 1]));
  const counts = sections.map(({ output, nobits }) =>
    keepsRelocations && !nobits ? output.inputs().reduce((sum, { relocations }) => sum + relocations.length, 0) : 0,
  );
  const indices = fileIndices(counts.map((count) => ({ hasRelocations: count > 0 })));
  let tables: FileSink | null = null;
  const fileSections = sections.map((section, index): FileSection => {
    const { output, type, flags, nobits } = section;
    const isGroup = type === SHT_GROUP;
    const hasRelocations = counts[index]! > 0;
    const { entrySizeBytes } = elfFlagsOf(output);
    const own = program.got.hasHeaderIn(output) ? WORD_BYTES : 0;
    const strings = stabStrings(output.name, sections);
    const isIndirect = output.name === ".rel.plt" && type === SHT_REL && !isRelocatable;
    const companion = (output.keptFlags & SHF_LINK_ORDER) !== 0 && output.linkedTo?.output;
    const slots = isIndirect ? sections.findIndex((other) => other.output.name === ".got.plt") + 1 : 0;
    return {
      name: output.name,
      type,
      flags: isGroup ? 0 : flags | (isIndirect ? SHF_INFO_LINK : 0),
      address: output.address >>> 0,
      sizeBytes: output.sizeBytes,
      align: alignmentOf(output),
      entrySizeBytes: isGroup ? 4 : entrySizeBytes || own || (strings > 0 ? STAB_BYTES : isIndirect ? REL_BYTES : 0),
      content: isGroup ? groupContent(output, position, indices) : NO_BYTES,
      // What has nothing in the file and is in no segment lies nowhere in it.
      offset: file.offsets.get(output) ?? (isNowhere(section) && !isRelocatable ? 0 : null),
      relocations: hasRelocations ? "made" : null,
      ...(nobits || isGroup || (output.flags & SEC_HAS_CONTENTS) === 0
        ? {}
        : {
            make: (sink, contentAt, relocationsAt) => {
              section.fileOffset = contentAt;
              const kept = hasRelocations
                ? new KeptRelocations((tables ??= sink.beside()), relocationsAt, counts[index]!)
                : null;
              section.applied = relocator.fill(output, sink, contentAt, kept);
              return kept?.sizeBytes ?? 0;
            },
          }),
      ...(strings > 0 ? { linked: strings } : companion ? { linked: position.get(companion) ?? 0 } : {}),
      ...(isIndirect ? { linkedInfo: slots, linksToSymbols: true } : {}),
      ...(isGroup ? { info: groupSignature(output, symbols, program.symbols), linksToSymbols: true } : {}),
    };
  });
  const fileSymbols: FileSymbols = {
    length: symbols.symbols.length,
    at: (place) => {
      const { value, sizeBytes, binding, type, visibility, section } = symbols.symbols.at(place)!;
      const home = typeof section === "number" ? section : position.get(section)!;
      return { value, sizeBytes, binding, type, visibility, section: home };
    },
    addName: (place, names) => symbols.symbols.addName(place, names),
  };
  const isWell = program.problems.length === 0 && program.report.endured.length === 0;
  assert(
    !isWell || file.headers.every(({ type, fileBytes, memoryBytes }) => type !== PT_LOAD || fileBytes <= memoryBytes),
    "a segment of the program has more bytes in the file than in memory",
  );
  return writeElfTo(
    {
      type: isRelocatable ? ET_REL : ET_EXEC,
      entry: program.entry >>> 0,
      sections: fileSections,
      symbols: options.strip === "all" ? null : fileSymbols,
      nameOrder: program.placement
        .made()
        .flatMap((output) => (position.has(output) ? [position.get(output)! - 1] : [])),
      localCount: symbols.localCount,
      headers: file.headers,
      start: isRelocatable ? headerBytes(0) : file.end,
      madeBytes: counts.reduce((sum, count) => sum + count * REL_BYTES, 0),
    },
    open,
  );
}

const isNowhere = ({ type, flags }: ImageSection): boolean => type === SHT_NOBITS && (flags & SHF_ALLOC) !== 0;

const WORD_BYTES = 4;
/** An entry of debugging information in the stabs format. */
const STAB_BYTES = 12;

/**
 * Position, from 1, of the strings that a section of stabs goes with: by the name alone, as GNU ld has it; 0 without.
 */
function stabStrings(name: string, sections: readonly ImageSection[]): number {
  if (!name.startsWith(".stab")) return 0;
  return sections.findIndex(({ output, type }) => type === SHT_STRTAB && output.name === `${name}str`) + 1;
}

/** What the section header says: not more than the address has, for a script may have put it anywhere. */
function alignmentOf({ align, address }: OutputSection): number {
  const bits = align | address;
  return (bits & -bits) >>> 0;
}

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
  const { content: before } = group.elf;
  content.set(before.subarray(0, 4));
  members.forEach((index, at) => view.setUint32(4 + 4 * at, index, true));
  return content;
}

function groupSignature(output: OutputSection, { indices }: OutputSymbols, table: SymbolTable): number {
  const { object, elf } = output.inputs()[0]!;
  const symbol = object.elf.table.at(elf.info);
  if (!symbol) return 0;
  const home = object.sections[symbol.section]?.output;
  if (symbol.type === STT_SECTION && home) return indices.ofSection.get(home) ?? 0;
  return indices.ofLocal(object)[elf.info]! || (table.get(symbol.name)?.outputIndex ?? 0);
}

/**
 * --oformat binary: the sections as they lie in memory, from the lowest load address on at which one is loaded. What is
 * only in memory is written, too, where it has a content.
 */
export function flatImage(program: Program, image: ProgramFile): Uint8Array<ArrayBuffer> | null {
  const written = image.sections
    .map((section) => ({ output: section.output, content: contentOf(section, image) }))
    .filter(({ output, content }) => (output.flags & (SEC_ALLOC | SEC_LOAD)) !== 0 && content.length > 0);
  const loaded = written.filter(({ output }) => (output.flags & SEC_ALLOC) !== 0 && (output.flags & SEC_LOAD) !== 0);
  if (loaded.length === 0) return new Uint8Array(0);
  const start = smallest(loaded.map(({ output }) => output.loadAddress));
  const end = greatest(written.map(({ output, content }) => output.loadAddress + content.length));
  if (end - start > MAX_FILE_BYTES) {
    program.report.script({
      file: program.options.script.path,
      line: 0,
      message: `the flat image would have ${end - start} bytes: its sections lie from 0x${start.toString(16)} to 0x${end.toString(16)}`,
      id: "link",
    });
    return null;
  }
  const bytes = new Uint8Array(end - start);
  for (const { output, content } of written)
    if (output.loadAddress >= start) bytes.set(content, output.loadAddress - start);
  return bytes;
}

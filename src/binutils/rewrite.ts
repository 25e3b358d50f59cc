/**
 * objcopy from ELF to ELF: leaves sections, symbols and debugging information out of objects and executables; the rest
 * stays where it is.
 */

import { alignUp } from "../object/align.ts";
import {
  ET_REL,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHF_GROUP,
  SHF_INFO_LINK,
  SHF_WRITE,
  SHN_ABS,
  SHN_LORESERVE,
  SHT_GROUP,
  SHT_NOBITS,
  SHT_NOTE,
  SHT_PROGBITS,
  SHT_REL,
  SHT_SYMTAB,
  STB_LOCAL,
  STT_SECTION,
  STT_TLS,
} from "../object/elf.ts";
import type { ElfSymbol } from "../object/elf-reader.ts";
import {
  type ElfFile,
  type FileSection,
  FileSizeError,
  type FileSymbol,
  fileIndices,
  headerBytes,
  RelocationBytes,
  writeElf,
} from "../object/elf-writer.ts";
import type { ElfRelocation } from "../object/relocation-table.ts";
import { debugLayout } from "./debug-layout.ts";
import type { ObjectFile, ObjectSection } from "./object-file.ts";
import { resizedLayout } from "./resized-layout.ts";
import { RewriteError } from "./rewrite-error.ts";
import { type AddressChange, attributesOf, changedAddress, type SectionWords } from "./section-changes.ts";
import { NO_CHANGES, newBinding, newName, type SymbolChanges, staysIn } from "./symbol-changes.ts";

export interface RewriteOptions {
  readonly chosen: (section: ObjectSection) => boolean;
  /** Without symbols that are in no section, as they go where sections are chosen by name (-j). */
  readonly dropsHomeless?: boolean;
  /** --keep-section: stays although it would go with the debugging information. */
  readonly isKept?: (section: ObjectSection) => boolean;
  /** --only-keep-debug: what is loaded loses its content. */
  readonly onlyDebugging?: boolean;
  readonly changes?: SymbolChanges;
  /** Content by the name of a section: it replaces the section's, or is a section of its own at the end. */
  readonly updated?: ReadonlyMap<string, Uint8Array>;
  readonly added?: readonly AddedSection[];
  readonly newName?: (section: ObjectSection) => string;
  /** --set-section-flags and --rename-section: null for a section that stays what it is. */
  readonly wordsFor?: (section: ObjectSection) => SectionWords | null;
  readonly alignments?: ReadonlyMap<string, number>;
  /** --remove-relocations */
  readonly isRelocated?: (section: ObjectSection) => boolean;
  readonly addresses?: readonly AddressChange[];
  /** Where the program begins. */
  readonly entry?: (old: number) => number;
}

export interface AddedSection {
  readonly name: string;
  readonly content: Uint8Array;
  readonly align: number;
  readonly words: SectionWords | null;
}

const NO_CONTENT = new Uint8Array(0);
/** Room that becomes content. */
const MAX_ZEROS_BYTES = 2 ** 29;

/** Throws `RewriteError` when a relocation needs what was left out. */
export function rewriteElf(file: ObjectFile, options: RewriteOptions): Uint8Array<ArrayBuffer> {
  const { elf } = file;
  const { changes = NO_CHANGES, added = [], updated = new Map<string, Uint8Array>(), addresses = [] } = options;
  const { strip } = changes;
  const isRelocatable = elf.type === ET_REL;
  const shift = isRelocatable ? 0 : shiftOfAll(addresses);
  const kept = keptSections(file, options, changes);
  const position = new Map(kept.map((section, index) => [section.elf.index, index + 1]));
  const homes = new Map(file.sections.map((section) => [section.elf.index, section]));
  /** What a symbol is called in the end. */
  const nameOf = ({ name, type, section }: ElfSymbol): string =>
    type === STT_SECTION ? name || (homes.get(section)?.name ?? "") : newName(name, changes);
  const isRelocated = (section: ObjectSection): boolean => options.isRelocated?.(section) ?? true;
  /** Without symbols there are no relocations, but for those against symbols that are kept by name. */
  const relocationsOf = (section: ObjectSection): readonly ElfRelocation[] => {
    if (section.elf.relocations.length === 0 || !isRelocated(section)) return [];
    const all = [...section.elf.relocations];
    return strip === "all" ? all.filter(({ symbol }) => changes.kept.has(nameOf(elf.symbols[symbol]!))) : all;
  };
  const relocations = new Map(kept.map((section) => [section, relocationsOf(section)]));
  const needed = new Set<number>();
  for (const list of relocations.values()) for (const { symbol } of list) needed.add(symbol);
  for (const { elf: section } of kept) if (section.type === SHT_GROUP) needed.add(section.info);
  const isLeft = (symbol: ElfSymbol, index: number): boolean => {
    const isHomeless = symbol.section === 0 || symbol.section >= SHN_LORESERVE;
    if (isHomeless ? options.dropsHomeless : !position.has(symbol.section)) return false;
    const name = nameOf(symbol);
    const answer = staysIn(symbol, name, needed.has(index), isRelocatable, changes);
    if (answer === "needed") throw new RewriteError(`the symbol ${name} cannot be left out: a relocation refers to it`);
    return answer;
  };
  const threadLocal = new Set(kept.filter(({ traits }) => traits.threadLocal).map(({ elf: { index } }) => index));
  const indices = new Map<number, number>();
  const symbols: FileSymbol[] = [];
  const changed: { readonly index: number; readonly symbol: FileSymbol }[] = [];
  elf.symbols.forEach((symbol, index) => {
    if (index === 0 || !isLeft(symbol, index)) return;
    const name = nameOf(symbol);
    const isMoved = symbol.section !== 0 && symbol.section < SHN_LORESERVE;
    changed.push({
      index,
      symbol: {
        ...symbol,
        type: symbol.type !== STT_SECTION && threadLocal.has(symbol.section) ? STT_TLS : symbol.type,
        value: isMoved ? (symbol.value + shift) >>> 0 : symbol.value,
        binding: newBinding(symbol, name, changes),
        name: symbol.type === STT_SECTION ? "" : name,
        section: position.get(symbol.section) ?? symbol.section,
      },
    });
  });
  for (const { name, section, value, binding, type } of changes.added) {
    const home = section === null ? undefined : kept.find((candidate) => candidate.name === section);
    if (section !== null && !home) throw new RewriteError(`there is no section ${section} for the symbol ${name}`);
    const place = home ? position.get(home.elf.index)! : SHN_ABS;
    const base = home && !isRelocatable ? home.address + shift : 0;
    changed.push({
      index: -1,
      symbol: { name, value: value + base, sizeBytes: 0, binding, type, visibility: 0, section: place },
    });
  }
  // Local symbols come first (ELF gABI, "Symbol Table").
  for (const { index, symbol } of [
    ...changed.filter(({ symbol: { binding } }) => binding === STB_LOCAL),
    ...changed.filter(({ symbol: { binding } }) => binding !== STB_LOCAL),
  ]) {
    const place = symbols.push(symbol);
    if (index >= 0) indices.set(index, place);
  }
  const isEmptied = ({ flags, type }: ObjectSection["elf"]): boolean =>
    options.onlyDebugging === true && (flags & SHF_ALLOC) !== 0 && type !== SHT_NOTE;
  const groups = new Set(
    kept.filter(({ elf: { type } }) => type === SHT_GROUP).flatMap(({ elf: { content } }) => membersOf(content)),
  );
  const loadedSections = kept.map(({ elf: section }) => section).filter(({ flags }) => (flags & SHF_ALLOC) !== 0);
  const newLayout = isRelocatable
    ? null
    : options.onlyDebugging
      ? debugLayout(elf.segments, loadedSections, isEmptied)
      : resizedLayout(elf.segments, loadedSections, ({ name }) => updated.get(name)?.length);
  const copied = kept.map((whole): FileSection => {
    const { elf: section, name } = whole;
    const words = options.wordsFor?.(whole) ?? null;
    const { type, flags } = words === null ? section : attributesOf(words, whole);
    const content = updated.get(name) ?? section.content;
    const becomesContent = section.type === SHT_NOBITS && type !== SHT_NOBITS;
    if (becomesContent && !isRelocatable)
      throw new RewriteError(`${name} of a program has no room in the file; -O binary writes it as zeros`);
    if (becomesContent && section.sizeBytes > MAX_ZEROS_BYTES)
      throw new RewriteError(`${name} has ${section.sizeBytes} bytes: too many to be written as zeros`);
    const table = relocations.get(whole)!;
    const address = isRelocatable ? changedAddress(whole, "address", addresses) : (section.address + shift) >>> 0;
    const wanted = options.alignments?.get(name) ?? section.align;
    // A section is aligned no better than its address.
    const align = address % wanted > 0 ? address & -address : wanted;
    return {
      name: options.newName?.(whole) ?? name,
      type: isEmptied(section) ? SHT_NOBITS : type,
      flags:
        (groups.has(section.index) ? flags | (section.flags & SHF_GROUP) : flags & ~SHF_GROUP) &
        ~(isEmptied(section) ? SHF_INFO_LINK : 0),
      address,
      sizeBytes: updated.get(name)?.length ?? section.sizeBytes,
      align,
      entrySizeBytes: section.entrySizeBytes,
      content: becomesContent ? new Uint8Array(section.sizeBytes) : isEmptied(section) ? NO_CONTENT : content,
      offset:
        isRelocatable || (section.flags & SHF_ALLOC) === 0
          ? null
          : newLayout !== null
            ? (newLayout.offsets.get(section.index) ?? alignUp(headerBytes(elf.segments.length), align))
            : section.fileOffset,
      relocations:
        table.length > 0 && (isRelocatable || strip === "none")
          ? relocationTable(table, (symbol) => {
              const index = symbol === 0 ? 0 : indices.get(symbol);
              if (index === undefined)
                throw new RewriteError(
                  `section ${name} refers to ${elf.symbols[symbol]!.name || "a section"}, which would be left out`,
                );
              return index;
            })
          : null,
      ...(section.type === SHT_GROUP
        ? { info: indices.get(section.info) ?? 0, linksToSymbols: true }
        : {
            linked: position.get(section.link) ?? 0,
            // Of a program's loaded relocations; what else links to symbols has lost its meaning when they moved.
            linksToSymbols:
              section.type === SHT_REL && symbols.length > 0 && elf.sections[section.link]?.type === SHT_SYMTAB,
            ...((section.flags & SHF_INFO_LINK) !== 0
              ? { linkedInfo: position.get(section.info) ?? 0 }
              : { info: section.info }),
          }),
    };
  });
  const numbers = fileIndices(copied.map((one) => ({ hasRelocations: one.relocations !== null })));
  const sections = [...copied.map((section, at) => withMembers(section, kept[at]!)), ...added.map(addedSection)];
  /** A group names its members, and their tables of relocations, by their numbers in the file. */
  function withMembers(section: FileSection, { elf: { type, content } }: ObjectSection): FileSection {
    if (type !== SHT_GROUP || content.length < 4) return section;
    const moved = membersOf(content).flatMap((member) => {
      const { type: memberType, info } = elf.sections[member] ?? { type: 0, info: 0 };
      const isTable = memberType === SHT_REL;
      const place = (position.get(isTable ? info : member) ?? 0) - 1;
      if (place < 0 || (isTable && copied[place]!.relocations === null)) return [];
      return [numbers[place]! + (isTable ? 1 : 0)];
    });
    const bytes = new Uint8Array(4 + 4 * moved.length);
    bytes.set(content.subarray(0, 4));
    const view = new DataView(bytes.buffer);
    moved.forEach((number, at) => view.setUint32(4 + 4 * at, number, true));
    return { ...section, content: bytes, sizeBytes: bytes.length };
  }
  const loaded = kept.filter(
    ({ elf: section }) =>
      !isRelocatable &&
      newLayout === null &&
      (section.flags & SHF_ALLOC) !== 0 &&
      section.type !== SHT_NOBITS &&
      !isEmptied(section),
  );
  const placeInFile = new Map(file.sections.map((section, place) => [section, place]));
  return written({
    type: elf.type,
    abi: elf.abi,
    entry: options.entry?.(elf.entry) ?? elf.entry,
    sections,
    // Relocations without a symbol refer to a table of none.
    symbols: symbols.length > 0 || copied.some(({ relocations }) => relocations !== null) ? symbols : null,
    localCount: symbols.filter(({ binding }) => binding === STB_LOCAL).length,
    nameOrder: [
      ...kept.map((_, at) => at).sort((a, b) => placeInFile.get(kept[a]!)! - placeInFile.get(kept[b]!)!),
      ...added.map((_, at) => kept.length + at),
    ],
    headers: (newLayout?.segments ?? elf.segments).map((segment) => {
      const isMoved = shift !== 0 && segment.memoryBytes > 0;
      return {
        ...segment,
        ...(isMoved
          ? { address: (segment.address + shift) >>> 0, loadAddress: (segment.loadAddress + shift) >>> 0 }
          : {}),
      };
    }),
    start: loaded.reduce(
      (end, { elf: section }) => Math.max(end, section.fileOffset + section.sizeBytes),
      newLayout?.end ?? headerBytes(elf.segments.length),
    ),
  });
}

/** A program's parts can only move all together: its code knows where the others are. */
function shiftOfAll(addresses: readonly AddressChange[]): number {
  const last = addresses.at(-1);
  if (last === undefined) return 0;
  if (addresses.some(({ glob, operator }) => glob !== "*" || operator === "="))
    throw new RewriteError("the sections of a program stay where they are; only all of them can move together");
  return last.operator === "+" ? last.value : -last.value;
}

/** Sections in the group. */
function membersOf(content: Uint8Array): number[] {
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  return Array.from({ length: Math.max(0, (content.length >> 2) - 1) }, (_, i) => view.getUint32(4 * i + 4, true));
}

function keptSections(file: ObjectFile, options: RewriteOptions, changes: SymbolChanges): ObjectSection[] {
  const isRelocatable = file.elf.type === ET_REL;
  const stripsDebugging = changes.strip !== "none" || changes.discard === "all";
  const stays = (section: ObjectSection): boolean =>
    // Tables of relocations are made anew, but for those of a dynamic linker, which are loaded.
    (section.elf.type !== SHT_REL || (!isRelocatable && (section.elf.flags & SHF_ALLOC) !== 0)) &&
    (options.isKept?.(section) === true || (options.chosen(section) && !(stripsDebugging && section.traits.debugging)));
  const kept = file.sections.filter(stays);
  const indices = new Set(kept.map(({ elf: { index } }) => index));
  const isGroup = ({ elf: { type } }: ObjectSection): boolean => type === SHT_GROUP;
  const groups = kept.filter(isGroup).filter(({ elf: section }) => {
    const signature = newName(file.elf.symbols[section.info]?.name ?? "", changes);
    const hasSignature = changes.strip === "all" ? changes.kept.has(signature) : !changes.stripped.has(signature);
    return hasSignature && membersOf(section.content).some((member) => indices.has(member));
  });
  // As GNU objcopy's, which writes the groups first wherever they were.
  return [...groups, ...kept.filter((section) => !isGroup(section))];
}

const PLAIN_DATA: SectionWords = new Set(["contents", "readonly"]);

function addedSection({ name, content, align, words }: AddedSection): FileSection {
  const has = (word: string): boolean => (words ?? PLAIN_DATA).has(word);
  return {
    name,
    type: SHT_PROGBITS,
    flags: (has("alloc") ? SHF_ALLOC : 0) | (has("readonly") ? 0 : SHF_WRITE) | (has("code") ? SHF_EXECINSTR : 0),
    address: 0,
    sizeBytes: content.length,
    align,
    entrySizeBytes: 0,
    content,
    offset: null,
    relocations: null,
  };
}

function written(file: ElfFile): Uint8Array<ArrayBuffer> {
  try {
    return writeElf(file);
  } catch (error) {
    throw error instanceof FileSizeError ? new RewriteError(error.message) : error;
  }
}

/** The relocations of a section, with symbols as they are numbered now. */
function relocationTable(relocations: readonly ElfRelocation[], indexOf: (symbol: number) => number): Uint8Array {
  const table = new RelocationBytes(relocations.length);
  for (const { offset, type, symbol } of relocations) table.add(offset, type, indexOf(symbol));
  return table.bytes;
}

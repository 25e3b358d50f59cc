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
import type { ElfSegment, ElfSymbol } from "../object/elf-reader.ts";
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
import { type DebugLayout, debugLayout } from "./debug-layout.ts";
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
  return new Rewriting(file, options).bytes();
}

/** A symbol of the new file, with its index in the old one; -1 for one that was added. */
interface ChangedSymbol {
  readonly index: number;
  readonly symbol: FileSymbol;
}

class Rewriting {
  readonly #file: ObjectFile;
  readonly #options: RewriteOptions;
  readonly #changes: SymbolChanges;
  readonly #isRelocatable: boolean;
  /** How far a program moves. */
  readonly #shift: number;
  readonly #kept: readonly ObjectSection[];
  /** Sections by their index in the old file: where they are in the new one, and what they are called. */
  readonly #position: ReadonlyMap<number, number>;
  readonly #homes: ReadonlyMap<number, ObjectSection>;
  readonly #relocations: ReadonlyMap<ObjectSection, readonly ElfRelocation[]>;
  readonly #symbols: readonly FileSymbol[];
  /** Symbols by their index in the old file: which they are in the new one. */
  readonly #symbolIndices = new Map<number, number>();
  /** Null where what is loaded stays where it is in the file. */
  readonly #layout: DebugLayout | null;
  /** Sections that a group names, by their index in the old file. */
  readonly #grouped: ReadonlySet<number>;

  constructor(file: ObjectFile, options: RewriteOptions) {
    this.#file = file;
    this.#options = options;
    this.#changes = options.changes ?? NO_CHANGES;
    this.#isRelocatable = file.elf.type === ET_REL;
    this.#shift = this.#isRelocatable ? 0 : shiftOfAll(options.addresses ?? []);
    this.#kept = keptSections(file, options, this.#changes);
    this.#position = new Map(this.#kept.map((section, index) => [section.elf.index, index + 1]));
    this.#homes = new Map(file.sections.map((section) => [section.elf.index, section]));
    this.#relocations = new Map(this.#kept.map((section) => [section, this.#relocationsOf(section)]));
    const changed = [...this.#keptSymbols(), ...this.#addedSymbols()];
    // Local symbols come first (ELF gABI, "Symbol Table").
    const ordered = [
      ...changed.filter(({ symbol: { binding } }) => binding === STB_LOCAL),
      ...changed.filter(({ symbol: { binding } }) => binding !== STB_LOCAL),
    ];
    for (const [at, { index }] of ordered.entries()) if (index >= 0) this.#symbolIndices.set(index, at + 1);
    this.#symbols = ordered.map(({ symbol }) => symbol);
    this.#grouped = new Set(
      this.#kept
        .filter(({ elf: { type } }) => type === SHT_GROUP)
        .flatMap(({ elf: { content } }) => membersOf(content)),
    );
    this.#layout = this.#newLayout();
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const { elf } = this.#file;
    const { added = [], entry } = this.#options;
    const copied = this.#kept.map((section) => this.#copy(section));
    const symbols = this.#symbols;
    const placeInFile = new Map(this.#file.sections.map((section, place) => [section, place]));
    const placeOfKept = (at: number): number => placeInFile.get(this.#kept[at]!)!;
    return written({
      type: elf.type,
      abi: elf.abi,
      entry: entry?.(elf.entry) ?? elf.entry,
      sections: [...this.#withMembers(copied), ...added.map(addedSection)],
      // Relocations without a symbol refer to a table of none.
      symbols: symbols.length > 0 || copied.some(({ relocations }) => relocations !== null) ? symbols : null,
      localCount: symbols.filter(({ binding }) => binding === STB_LOCAL).length,
      nameOrder: [
        ...this.#kept.map((_, at) => at).sort((a, b) => placeOfKept(a) - placeOfKept(b)),
        ...added.map((_, at) => this.#kept.length + at),
      ],
      headers: this.#segments(),
      start: this.#loadedEnd(),
    });
  }

  /** What a symbol is called in the end. */
  #nameOf({ name, type, section }: ElfSymbol): string {
    return type === STT_SECTION ? name || (this.#homes.get(section)?.name ?? "") : newName(name, this.#changes);
  }

  /** Without symbols there are no relocations, but for those against symbols that are kept by name. */
  #relocationsOf(section: ObjectSection): readonly ElfRelocation[] {
    const { symbols } = this.#file.elf;
    const { strip, kept } = this.#changes;
    if (section.elf.relocations.length === 0 || !(this.#options.isRelocated?.(section) ?? true)) return [];
    const all = [...section.elf.relocations];
    return strip === "all" ? all.filter(({ symbol }) => kept.has(this.#nameOf(symbols[symbol]!))) : all;
  }

  /** Symbols of the old file that stay, as they are in the new one. */
  #keptSymbols(): ChangedSymbol[] {
    const needed = new Set<number>();
    for (const list of this.#relocations.values()) for (const { symbol } of list) needed.add(symbol);
    for (const { elf } of this.#kept) if (elf.type === SHT_GROUP) needed.add(elf.info);
    const threadLocal = new Set(
      this.#kept.filter(({ traits }) => traits.threadLocal).map(({ elf: { index } }) => index),
    );
    return this.#file.elf.symbols.flatMap((symbol, index) => {
      if (index === 0 || !this.#isLeft(symbol, needed.has(index))) return [];
      const name = this.#nameOf(symbol);
      const isMoved = symbol.section !== 0 && symbol.section < SHN_LORESERVE;
      const changed = {
        ...symbol,
        type: symbol.type !== STT_SECTION && threadLocal.has(symbol.section) ? STT_TLS : symbol.type,
        value: isMoved ? (symbol.value + this.#shift) >>> 0 : symbol.value,
        binding: newBinding(symbol, name, this.#changes),
        name: symbol.type === STT_SECTION ? "" : name,
        section: this.#position.get(symbol.section) ?? symbol.section,
      };
      return [{ index, symbol: changed }];
    });
  }

  #isLeft(symbol: ElfSymbol, isNeeded: boolean): boolean {
    const isHomeless = symbol.section === 0 || symbol.section >= SHN_LORESERVE;
    if (isHomeless ? this.#options.dropsHomeless : !this.#position.has(symbol.section)) return false;
    const name = this.#nameOf(symbol);
    const answer = staysIn(symbol, name, isNeeded, this.#isRelocatable, this.#changes);
    if (answer === "needed") throw new RewriteError(`the symbol ${name} cannot be left out: a relocation refers to it`);
    return answer;
  }

  #addedSymbols(): ChangedSymbol[] {
    return this.#changes.added.map(({ name, section, value, binding, type }) => {
      const home = section === null ? undefined : this.#kept.find((candidate) => candidate.name === section);
      if (section !== null && !home) throw new RewriteError(`there is no section ${section} for the symbol ${name}`);
      const place = home ? this.#position.get(home.elf.index)! : SHN_ABS;
      const base = home && !this.#isRelocatable ? home.address + this.#shift : 0;
      return {
        index: -1,
        symbol: { name, value: value + base, sizeBytes: 0, binding, type, visibility: 0, section: place },
      };
    });
  }

  #isEmptied({ flags, type }: ObjectSection["elf"]): boolean {
    return this.#options.onlyDebugging === true && (flags & SHF_ALLOC) !== 0 && type !== SHT_NOTE;
  }

  #newLayout(): DebugLayout | null {
    if (this.#isRelocatable) return null;
    const { segments } = this.#file.elf;
    const { onlyDebugging, updated } = this.#options;
    const loaded = this.#kept.map(({ elf }) => elf).filter(({ flags }) => (flags & SHF_ALLOC) !== 0);
    return onlyDebugging
      ? debugLayout(segments, loaded, (section) => this.#isEmptied(section))
      : resizedLayout(segments, loaded, ({ name }) => updated?.get(name)?.length);
  }

  #copy(whole: ObjectSection): FileSection {
    const { elf: section, name } = whole;
    const { wordsFor, updated, addresses = [], alignments } = this.#options;
    const words = wordsFor?.(whole) ?? null;
    const { type, flags } = words === null ? section : attributesOf(words, whole);
    const isEmptied = this.#isEmptied(section);
    const address = this.#isRelocatable
      ? changedAddress(whole, "address", addresses)
      : (section.address + this.#shift) >>> 0;
    const wanted = alignments?.get(name) ?? section.align;
    // A section is aligned no better than its address.
    const align = address % wanted > 0 ? address & -address : wanted;
    return {
      name: this.#options.newName?.(whole) ?? name,
      type: isEmptied ? SHT_NOBITS : type,
      flags:
        (this.#grouped.has(section.index) ? flags | (section.flags & SHF_GROUP) : flags & ~SHF_GROUP) &
        ~(isEmptied ? SHF_INFO_LINK : 0),
      address,
      sizeBytes: updated?.get(name)?.length ?? section.sizeBytes,
      align,
      entrySizeBytes: section.entrySizeBytes,
      content: this.#contentOf(whole, type),
      offset: this.#offsetOf(section, align),
      relocations: this.#relocationTable(whole),
      ...this.#linksOf(section),
    };
  }

  /** `type`: the one in the new file. */
  #contentOf({ elf: section, name }: ObjectSection, type: number): Uint8Array {
    const becomesContent = section.type === SHT_NOBITS && type !== SHT_NOBITS;
    if (becomesContent && !this.#isRelocatable)
      throw new RewriteError(`${name} of a program has no room in the file; -O binary writes it as zeros`);
    if (becomesContent && section.sizeBytes > MAX_ZEROS_BYTES)
      throw new RewriteError(`${name} has ${section.sizeBytes} bytes: too many to be written as zeros`);
    if (becomesContent) return new Uint8Array(section.sizeBytes);
    return this.#isEmptied(section) ? NO_CONTENT : (this.#options.updated?.get(name) ?? section.content);
  }

  /** Null where the writer finds a place. */
  #offsetOf({ flags, index, fileOffset }: ObjectSection["elf"], align: number): number | null {
    if (this.#isRelocatable || (flags & SHF_ALLOC) === 0) return null;
    if (this.#layout === null) return fileOffset;
    return this.#layout.offsets.get(index) ?? alignUp(headerBytes(this.#file.elf.segments.length), align);
  }

  /** The relocations of a section, with symbols as they are numbered now. */
  #relocationTable(section: ObjectSection): Uint8Array | null {
    const relocations = this.#relocations.get(section)!;
    if (relocations.length === 0 || !(this.#isRelocatable || this.#changes.strip === "none")) return null;
    const table = new RelocationBytes(relocations.length);
    for (const { offset, type, symbol } of relocations) {
      const index = symbol === 0 ? 0 : this.#symbolIndices.get(symbol);
      if (index === undefined) {
        const name = this.#file.elf.symbols[symbol]!.name || "a section";
        throw new RewriteError(`section ${section.name} refers to ${name}, which would be left out`);
      }
      table.add(offset, type, index);
    }
    return table.bytes;
  }

  /** What the section's `sh_link` and `sh_info` are about. */
  #linksOf(section: ObjectSection["elf"]): Pick<FileSection, "info" | "linked" | "linkedInfo" | "linksToSymbols"> {
    if (section.type === SHT_GROUP) return { info: this.#symbolIndices.get(section.info) ?? 0, linksToSymbols: true };
    const target = this.#file.elf.sections[section.link];
    return {
      linked: this.#position.get(section.link) ?? 0,
      // Of a program's loaded relocations; what else links to symbols has lost its meaning when they moved.
      linksToSymbols: section.type === SHT_REL && this.#symbols.length > 0 && target?.type === SHT_SYMTAB,
      ...((section.flags & SHF_INFO_LINK) !== 0
        ? { linkedInfo: this.#position.get(section.info) ?? 0 }
        : { info: section.info }),
    };
  }

  /** A group names its members, and their tables of relocations, by their numbers in the file. */
  #withMembers(copied: readonly FileSection[]): FileSection[] {
    const numbers = fileIndices(copied.map(({ relocations }) => ({ hasRelocations: relocations !== null })));
    const newNumber = (member: number): number[] => {
      const { type, info } = this.#file.elf.sections[member] ?? { type: 0, info: 0 };
      const isTable = type === SHT_REL;
      const place = (this.#position.get(isTable ? info : member) ?? 0) - 1;
      if (place < 0 || (isTable && copied[place]!.relocations === null)) return [];
      return [numbers[place]! + (isTable ? 1 : 0)];
    };
    return copied.map((section, at) => {
      const { type, content } = this.#kept[at]!.elf;
      if (type !== SHT_GROUP || content.length < 4) return section;
      const moved = membersOf(content).flatMap(newNumber);
      const bytes = new Uint8Array(4 + 4 * moved.length);
      bytes.set(content.subarray(0, 4));
      const view = new DataView(bytes.buffer);
      moved.forEach((number, i) => view.setUint32(4 + 4 * i, number, true));
      return { ...section, content: bytes, sizeBytes: bytes.length };
    });
  }

  #segments(): ElfSegment[] {
    const shift = this.#shift;
    return (this.#layout?.segments ?? this.#file.elf.segments).map((segment) =>
      shift === 0 || segment.memoryBytes === 0
        ? segment
        : {
            ...segment,
            address: (segment.address + shift) >>> 0,
            loadAddress: (segment.loadAddress + shift) >>> 0,
          },
    );
  }

  /** Where in the file what is loaded ends. */
  #loadedEnd(): number {
    const end = this.#layout?.end ?? headerBytes(this.#file.elf.segments.length);
    if (this.#isRelocatable || this.#layout !== null) return end;
    const inFile = this.#kept
      .map(({ elf }) => elf)
      .filter((one) => (one.flags & SHF_ALLOC) !== 0 && one.type !== SHT_NOBITS && !this.#isEmptied(one));
    return inFile.reduce((most, { fileOffset, sizeBytes }) => Math.max(most, fileOffset + sizeBytes), end);
  }
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

/**
 * objcopy from ELF to ELF: leaves sections, symbols and debugging information out of objects and executables; the rest
 * stays where it is.
 */

import { alignUp } from "../object/align.ts";
import {
  ET_REL,
  PT_LOAD,
  SHF_ALLOC,
  SHF_GROUP,
  SHF_INFO_LINK,
  SHN_ABS,
  SHN_LORESERVE,
  SHT_GROUP,
  SHT_NOBITS,
  SHT_NOTE,
  SHT_PROGBITS,
  SHT_REL,
  STB_GLOBAL,
  STB_LOCAL,
  STT_FILE,
  STT_SECTION,
} from "../object/elf.ts";
import type { ElfSection, ElfSymbol } from "../object/elf-reader.ts";
import {
  type ElfFile,
  type FileSection,
  FileSizeError,
  type FileSymbol,
  headerBytes,
  RelocationBytes,
  writeElf,
} from "../object/elf-writer.ts";
import type { ObjectFile, ObjectSection } from "./object-file.ts";
import { changeSymbol, isNamed, NO_CHANGES, type SymbolChanges } from "./symbol-changes.ts";

export interface RewriteOptions {
  readonly chosen: (section: ObjectSection) => boolean;
  readonly strip: "none" | "debugging" | "unneeded" | "all";
  /** --only-keep-debug: what is loaded loses its content. */
  readonly onlyDebugging?: boolean;
  readonly changes?: SymbolChanges;
  /** Content by the name of a section: it replaces the section's, or is a section of its own at the end. */
  readonly updated?: ReadonlyMap<string, Uint8Array>;
  readonly added?: readonly { readonly name: string; readonly content: Uint8Array; readonly align: number }[];
  /** Section -> its new name, and its new SHF_ bits unless they stay as they are. */
  readonly renamed?: ReadonlyMap<string, { readonly name: string; readonly flags: number | null }>;
}

export class RewriteError extends Error {}

/** Throws `RewriteError` when a relocation needs what was left out. */
export function rewriteElf(file: ObjectFile, options: RewriteOptions): Uint8Array<ArrayBuffer> {
  const { elf } = file;
  const { changes = NO_CHANGES, added = [], updated = new Map<string, Uint8Array>() } = options;
  const isRelocatable = elf.type === ET_REL;
  const kept = file.sections.filter(
    (section) =>
      options.chosen(section) &&
      // Tables of relocations are made anew, but for those of a dynamic linker, which are loaded.
      (section.elf.type !== SHT_REL || (!isRelocatable && (section.elf.flags & SHF_ALLOC) !== 0)) &&
      !(options.strip !== "none" && section.traits.debugging) &&
      !(options.strip === "all" && section.elf.type === SHT_GROUP),
  );
  const position = new Map(kept.map((section, index) => [section.elf.index, index + 1]));
  const needed = new Set<number>();
  for (const { elf: section } of kept) for (const { symbol } of section.relocations) needed.add(symbol);
  for (const { elf: section } of kept) if (section.type === SHT_GROUP) needed.add(section.info);
  const isKept = (symbol: ElfSymbol, index: number): boolean => {
    if (options.strip === "all") return false;
    if (symbol.section !== 0 && symbol.section < SHN_LORESERVE && !position.has(symbol.section)) return false;
    const isStripped =
      symbol.type !== STT_SECTION &&
      symbol.type !== STT_FILE &&
      isNamed(symbol.name, changes.stripped, changes.usesPatterns);
    if (isStripped && needed.has(index))
      throw new RewriteError(`the symbol ${symbol.name} cannot be left out: a relocation refers to it`);
    if (needed.has(index)) return true;
    if (isStripped) return false;
    if (options.strip === "debugging") return symbol.type !== STT_FILE && symbol.type !== STT_SECTION;
    if (options.strip === "unneeded") return symbol.binding !== STB_LOCAL && symbol.section !== 0;
    return true;
  };
  const indices = new Map<number, number>();
  const symbols: FileSymbol[] = [];
  const changed: { readonly index: number; readonly symbol: FileSymbol }[] = [];
  elf.symbols.forEach((symbol, index) => {
    if (index === 0 || !isKept(symbol, index)) return;
    const { name, binding } = changeSymbol(symbol, changes);
    changed.push({
      index,
      symbol: {
        ...symbol,
        binding,
        name: symbol.type === STT_SECTION ? "" : name,
        section: position.get(symbol.section) ?? symbol.section,
      },
    });
  });
  for (const { name, section, value } of changes.added) {
    const home = section === null ? undefined : kept.find((candidate) => candidate.name === section);
    if (section !== null && !home) throw new RewriteError(`there is no section ${section} for the symbol ${name}`);
    const place = home ? position.get(home.elf.index)! : SHN_ABS;
    changed.push({
      index: -1,
      symbol: {
        name,
        value: value + (home && !isRelocatable ? home.address : 0),
        sizeBytes: 0,
        binding: STB_GLOBAL,
        type: 0,
        visibility: 0,
        section: place,
      },
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
  const isEmptied = (section: ObjectSection["elf"]): boolean =>
    options.onlyDebugging === true && (section.flags & SHF_ALLOC) !== 0 && section.type !== SHT_NOTE;
  const copied = kept.map(
    ({ elf: section, name }): FileSection => ({
      name: options.renamed?.get(name)?.name ?? name,
      type: isEmptied(section) ? SHT_NOBITS : section.type,
      flags:
        options.renamed?.get(name)?.flags ?? (options.strip === "all" ? section.flags & ~SHF_GROUP : section.flags),
      address: section.address,
      sizeBytes: updated.get(name)?.length ?? section.sizeBytes,
      align: section.align,
      entrySizeBytes: section.entrySizeBytes,
      content: updated.get(name) ?? section.content,
      offset:
        isRelocatable || (section.flags & SHF_ALLOC) === 0
          ? null
          : isEmptied(section)
            ? alignUp(headerBytes(elf.segments.length), section.align)
            : section.fileOffset,
      relocations:
        section.relocations.length > 0 && options.strip !== "all" && (isRelocatable || options.strip === "none")
          ? relocationTable(section, (symbol) => {
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
            ...((section.flags & SHF_INFO_LINK) !== 0
              ? { linkedInfo: position.get(section.info) ?? 0 }
              : { info: section.info }),
          }),
    }),
  );
  const sections = [
    ...copied,
    ...added.map(
      ({ name, content, align }): FileSection => ({
        name,
        type: SHT_PROGBITS,
        flags: 0,
        address: 0,
        sizeBytes: content.length,
        align,
        entrySizeBytes: 0,
        content,
        offset: null,
        relocations: null,
      }),
    ),
  ];
  const loaded = kept.filter(
    ({ elf: section }) =>
      !isRelocatable && (section.flags & SHF_ALLOC) !== 0 && section.type !== SHT_NOBITS && !isEmptied(section),
  );
  return written({
    type: elf.type,
    entry: elf.entry,
    sections,
    symbols: symbols.length > 0 || (isRelocatable && options.strip !== "all") ? symbols : null,
    localCount: symbols.filter(({ binding }) => binding === STB_LOCAL).length,
    headers: elf.segments.map((segment) =>
      options.onlyDebugging && segment.type === PT_LOAD ? { ...segment, offset: 0, fileBytes: 0 } : { ...segment },
    ),
    start: Math.max(
      headerBytes(elf.segments.length),
      ...loaded.map(({ elf: section }) => section.fileOffset + section.sizeBytes),
    ),
  });
}

function written(file: ElfFile): Uint8Array<ArrayBuffer> {
  try {
    return writeElf(file);
  } catch (error) {
    throw error instanceof FileSizeError ? new RewriteError(error.message) : error;
  }
}

/** The relocations of a section, with symbols as they are numbered now. */
function relocationTable(
  { relocations }: Pick<ElfSection, "relocations">,
  indexOf: (symbol: number) => number,
): Uint8Array {
  const table = new RelocationBytes(relocations.length);
  for (const { offset, type, symbol } of relocations) table.add(offset, type, indexOf(symbol));
  return table.bytes;
}

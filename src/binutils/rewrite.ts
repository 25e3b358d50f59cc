/** objcopy from ELF to ELF: leaves sections, symbols and debugging information out of objects and executables; the rest stays where it is. */
import { ET_REL, SHF_ALLOC, SHF_GROUP, SHT_GROUP, SHT_NOBITS, SHT_REL, SHN_LORESERVE, STB_LOCAL, STT_FILE, STT_SECTION } from "../linker/elf.ts";
import { FileSizeError, writeElf, type ElfFile, type FileSection, type FileSymbol } from "../linker/elf-file.ts";
import type { ElfSymbol } from "../linker/elf-reader.ts";
import { headerBytes } from "../linker/segments.ts";
import type { ObjectFile, ObjectSection } from "./object-file.ts";

export interface RewriteOptions {
  readonly chosen: (section: ObjectSection) => boolean;
  readonly strip: "none" | "debugging" | "unneeded" | "all";
  /** Section -> its new name, and its new SHF_ bits unless they stay as they are. */
  readonly renamed?: ReadonlyMap<string, { readonly name: string; readonly flags: number | null }>;
}

export class RewriteError extends Error {}

/** Throws `RewriteError` when a relocation needs what was left out. */
export function rewriteElf(file: ObjectFile, options: RewriteOptions): Uint8Array<ArrayBuffer> {
  const { elf } = file;
  const isRelocatable = elf.type === ET_REL;
  const kept = file.sections.filter((section) => options.chosen(section) && section.elf.type !== SHT_REL && !(options.strip !== "none" && section.traits.debugging) && !(options.strip === "all" && section.elf.type === SHT_GROUP));
  const position = new Map(kept.map((section, index) => [section.elf.index, index + 1]));
  const needed = new Set<number>();
  for (const { elf: section } of kept) for (const { symbol } of section.relocations) needed.add(symbol);
  for (const { elf: section } of kept) if (section.type === SHT_GROUP) needed.add(section.info);
  const isKept = (symbol: ElfSymbol, index: number): boolean => {
    if (options.strip === "all") return false;
    if (symbol.section !== 0 && symbol.section < SHN_LORESERVE && !position.has(symbol.section)) return false;
    if (needed.has(index)) return true;
    if (options.strip === "debugging") return symbol.type !== STT_FILE && symbol.type !== STT_SECTION;
    if (options.strip === "unneeded") return symbol.binding !== STB_LOCAL && symbol.section !== 0;
    return true;
  };
  const indices = new Map<number, number>();
  const symbols: FileSymbol[] = [];
  elf.symbols.forEach((symbol, index) => {
    if (index === 0 || !isKept(symbol, index)) return;
    indices.set(index, symbols.push({ ...symbol, name: symbol.type === STT_SECTION ? "" : symbol.name, section: position.get(symbol.section) ?? symbol.section }));
  });
  const sections = kept.map(({ elf: section, name }): FileSection => ({
    name: options.renamed?.get(name)?.name ?? name, type: section.type,
    flags: options.renamed?.get(name)?.flags ?? (options.strip === "all" ? section.flags & ~SHF_GROUP : section.flags), address: section.address, sizeBytes: section.sizeBytes, align: section.align, entrySizeBytes: section.entrySizeBytes, content: section.content,
    offset: !isRelocatable && (section.flags & SHF_ALLOC) !== 0 ? section.fileOffset : null,
    relocations: section.relocations.length > 0 && options.strip !== "all" && (isRelocatable || options.strip === "none")
      ? section.relocations.map(({ offset, type, symbol }) => {
          const index = symbol === 0 ? 0 : indices.get(symbol);
          if (index === undefined) throw new RewriteError(`section ${name} refers to ${elf.symbols[symbol]!.name || "a section"}, which would be left out`);
          return { offset, type, symbol: index };
        })
      : null,
    ...(section.type === SHT_GROUP ? { info: indices.get(section.info) ?? 0, linksToSymbols: true } : {}),
  }));
  const loaded = kept.filter(({ elf: section }) => !isRelocatable && (section.flags & SHF_ALLOC) !== 0 && section.type !== SHT_NOBITS);
  return written({
    type: elf.type, entry: elf.entry, sections, symbols: symbols.length > 0 || (isRelocatable && options.strip !== "all") ? symbols : null,
    localCount: symbols.filter(({ binding }) => binding === STB_LOCAL).length,
    headers: elf.segments.map((segment) => ({ ...segment })), start: Math.max(headerBytes(elf.segments.length), ...loaded.map(({ elf: section }) => section.fileOffset + section.sizeBytes)),
  });
}

function written(file: ElfFile): Uint8Array<ArrayBuffer> {
  try {
    return writeElf(file);
  } catch (error) {
    throw error instanceof FileSizeError ? new RewriteError(error.message) : error;
  }
}

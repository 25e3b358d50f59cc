/**
 * Merges equal constants and strings of sections that allow it (SHF_MERGE, SHF_STRINGS; ELF gABI, "Sections"). A string
 * that ends another one shares its bytes. What is kept stays in the section in which it first appeared, so that the
 * result has the order that GNU ld 2.40 gives it.
 */

import { alignUp } from "../object/align.ts";
import { SHT_NOBITS } from "../object/elf.ts";
import { latin1 } from "../object/elf-reader.ts";
import type { InputSection, SectionMove } from "./input-section.ts";
import { SEC_MERGE, SEC_STRINGS } from "./section-flags.ts";

interface Entry {
  /** The bytes, one UTF-16 unit each, with the terminator of a string. */
  readonly text: string;
  /** 0 when the entry was dropped for a better aligned copy, or lies within another one. */
  align: number;
  section: InputSection;
  offset: number;
  suffixOf: Entry | null;
}

interface Mapping {
  readonly start: number;
  readonly entry: Entry;
}

/** Sections that came into one output section, in the order of the objects. */
export function mergeSections(sections: readonly InputSection[]): void {
  const groups = new Map<string, InputSection[]>();
  for (const section of sections) {
    if (!canMerge(section)) continue;
    const key = `${section.flags & (SEC_MERGE | SEC_STRINGS)} ${section.elf.entrySizeBytes} ${section.align}`;
    const group = groups.get(key);
    if (group) group.push(section);
    else groups.set(key, [section]);
  }
  for (const group of groups.values()) new Merger(group).run();
}

function canMerge({ flags, elf, align, relocations }: InputSection): boolean {
  const { entrySizeBytes: unit, sizeBytes, type } = elf;
  if (
    !(flags & SEC_MERGE) ||
    type === SHT_NOBITS ||
    sizeBytes === 0 ||
    unit === 0 ||
    sizeBytes % unit !== 0 ||
    relocations.length > 0
  )
    return false;
  const isPower = (unit & (unit - 1)) === 0;
  if (unit < align && (!isPower || !(flags & SEC_STRINGS))) return false;
  return unit <= align || unit % align === 0;
}

class Merger {
  readonly #sections: readonly InputSection[];
  readonly #isStrings: boolean;
  readonly #unit: number;
  readonly #entries: Entry[] = [];
  readonly #known = new Map<string, Entry>();
  readonly #mappings = new Map<InputSection, Mapping[]>();

  constructor(sections: readonly InputSection[]) {
    this.#sections = sections;
    this.#isStrings = (sections[0]!.flags & SEC_STRINGS) !== 0;
    this.#unit = sections[0]!.elf.entrySizeBytes;
  }

  run(): void {
    for (const section of this.#sections) {
      const mappings: Mapping[] = [];
      this.#mappings.set(section, mappings);
      if (this.#isStrings) this.#recordStrings(section, mappings);
      else this.#recordConstants(section, mappings);
    }
    // What ends another string still counts where it appeared.
    const homes = new Set(this.#entries.map(({ section }) => section));
    if (this.#isStrings) this.#shareSuffixes();
    this.#assign(homes);
    let lastBytes = 0;
    this.#rewrite();
    for (const section of this.#sections) {
      section.isMergedAway = !homes.has(section);
      // GNU ld's map has the size of the section before for one whose strings all end others.
      if (section.sizeBytes > 0 || section.isMergedAway)
        lastBytes = section.isMergedAway ? lastBytes : section.sizeBytes;
      else section.mapBytes = lastBytes;
    }
  }

  #add(text: string, align: number, section: InputSection): Entry {
    const known = this.#known.get(text);
    if (known && known.align >= align) return known;
    if (known) known.align = 0;
    const entry: Entry = { text, align, section, offset: 0, suffixOf: null };
    this.#entries.push(entry);
    this.#known.set(text, entry);
    return entry;
  }

  #recordConstants(section: InputSection, mappings: Mapping[]): void {
    const { content } = section.elf;
    for (let at = 0; at < content.length; at += this.#unit)
      mappings.push({ start: at, entry: this.#add(latin1(content.subarray(at, at + this.#unit)), 1, section) });
  }

  /**
   * A string wants the alignment that it happened to have, up to the section's. Zeros that only pad count as one empty
   * string.
   */
  #recordStrings(section: InputSection, mappings: Mapping[]): void {
    const { content } = section.elf;
    const unit = this.#unit;
    // A last string may lack its end: it gets one.
    const isZero = (at: number): boolean => {
      for (let i = 0; i < unit; i++) if ((content[at + i] ?? 0) !== 0) return false;
      return true;
    };
    let hasEmpty = false;
    for (let at = 0; at < content.length; ) {
      let align = at & -at;
      if (align === 0 || align > section.align) align = section.align;
      let end = at;
      while (!isZero(end)) end += unit;
      end += unit;
      const text = latin1(content.subarray(at, end)).padEnd(end - at, "\0");
      mappings.push({ start: at, entry: this.#add(text, align, section) });
      at = end;
      for (; at < content.length && isZero(at); at += unit) {
        if (hasEmpty || at % section.align !== 0) continue;
        hasEmpty = true;
        mappings.push({ start: at, entry: this.#add("\0".repeat(unit), section.align, section) });
      }
    }
  }

  #shareSuffixes(): void {
    const live = this.#entries.filter(({ align }) => align > 0);
    const unit = this.#unit;
    const aligns = new Set(live.map(({ align }) => align));
    const [only] = aligns;
    const common = aligns.size === 1 && only! > unit ? only! : 0;
    const keyed = live.map((entry) => {
      const body = entry.text.slice(0, entry.text.length - unit);
      let reversed = "";
      for (let i = body.length - 1; i >= 0; i--) reversed += body[i]!;
      return { entry, reversed, tail: common > 0 ? body.length & (common - 1) : 0 };
    });
    keyed.sort((a, b) => a.tail - b.tail || (a.reversed < b.reversed ? -1 : a.reversed > b.reversed ? 1 : 0));
    let host = keyed.at(-1);
    for (let i = keyed.length - 2; i >= 0; i--) {
      const candidate = keyed[i]!;
      const fits =
        host!.entry.align >= candidate.entry.align &&
        ((host!.entry.text.length - candidate.entry.text.length) & (candidate.entry.align - 1)) === 0;
      if (fits && candidate.reversed.length < host!.reversed.length && host!.reversed.startsWith(candidate.reversed)) {
        candidate.entry.suffixOf = host!.entry;
        candidate.entry.align = 0;
      } else host = candidate;
    }
  }

  /** `homes` are the sections in which an entry appeared first. */
  #assign(homes: ReadonlySet<InputSection>): void {
    const sizes = new Map<InputSection, number>();
    for (const entry of this.#entries) {
      if (entry.align === 0) continue;
      const start = sizes.get(entry.section) ?? 0;
      entry.offset = alignUp(start, entry.align);
      sizes.set(entry.section, entry.offset + entry.text.length);
    }
    for (const entry of this.#entries) {
      if (!entry.suffixOf) continue;
      entry.section = entry.suffixOf.section;
      entry.offset = entry.suffixOf.offset + entry.suffixOf.text.length - entry.text.length;
    }
    for (const section of this.#sections) section.sizeBytes = sizes.get(section) ?? 0;
    // Where all that came in was padded, the end is, too.
    const { align } = this.#sections[0]!;
    const last = this.#sections.findLast((section) => homes.has(section));
    if (last && last.sizeBytes > 0 && this.#sections.every(({ elf }) => elf.sizeBytes % align === 0))
      last.sizeBytes = alignUp(last.sizeBytes, align);
  }

  #rewrite(): void {
    for (const section of this.#sections) {
      section.content = new Uint8Array(section.sizeBytes);
      section.moved = this.#moves(this.#mappings.get(section)!);
    }
    for (const { text, align, section, offset } of this.#entries) {
      if (align === 0) continue;
      const { content } = section;
      for (let i = 0; i < text.length; i++) content[offset + i] = text.charCodeAt(i);
    }
  }

  #moves(mappings: readonly Mapping[]): SectionMove {
    return (offset) => {
      let low = 0;
      let high = mappings.length;
      while (low + 1 < high) {
        const middle = (low + high) >> 1;
        if (mappings[middle]!.start <= offset) low = middle;
        else high = middle;
      }
      const { start, entry: found } = mappings[low]!;
      // Zeros after a string are an empty one.
      const empty = offset - start >= found.text.length ? this.#known.get("\0".repeat(this.#unit)) : undefined;
      if (empty) return { section: empty.section, offset: empty.offset };
      const entry = found.align === 0 && !found.suffixOf ? this.#known.get(found.text)! : found;
      return { section: entry.section, offset: entry.offset + Math.min(offset - start, entry.text.length) };
    };
  }
}

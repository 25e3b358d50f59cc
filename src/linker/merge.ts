/**
 * Merges equal constants and strings of sections that allow it (SHF_MERGE, SHF_STRINGS; ELF gABI, "Sections"). A string
 * that ends another one shares its bytes. What is kept stays in the section in which it first appeared, so that the
 * result has the order that GNU ld 2.40 gives it.
 */

import { FNV_PRIME, FNV_START, fnv1a } from "../bytes/fnv.ts";
import { alignUp } from "../object/align.ts";
import { SHT_NOBITS } from "../object/elf.ts";
import type { InputSection } from "./input-section.ts";
import { ENTRY_NUMBERS, type MergedEntries, MergedSection, SIZE } from "./merged-section.ts";
import { SEC_MERGE, SEC_STRINGS } from "./section-flags.ts";

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

/** What an entry is, in a table of numbers, beside the size: where its bytes begin among all there are. */
const START = 0;
/** 0 when the entry was dropped for a better aligned copy, or lies within another one. */
const ALIGN = 2;
/** The section that it is kept in, and its place there. */
const SECTION = 3;
const OFFSET = 4;
/** The entry that it ends, or -1. */
const HOST = 5;
/**
 * The entry that came after it where it was seen last, or -1. Objects that include the same headers have the same
 * strings in the same order, so most are found by looking there, without a hash.
 */
const NEXT = 6;
/** `hashOf` its bytes. */
const HASH = 7;

class Merger implements MergedEntries {
  readonly #sections: readonly InputSection[];
  readonly #isStrings: boolean;
  readonly #unit: number;
  /** Bytes of all entries, each after the one before. */
  #bytes = new Uint8Array(0x10000);
  #byteCount = 0;
  #entries = new Int32Array(0x1000 * ENTRY_NUMBERS);
  #entryCount = 0;
  /** By the hash of their bytes, with those that follow: entries, and -1 where none is. The last copy counts. */
  #known = new Int32Array(0x2000).fill(-1);
  #knownCount = 0;
  readonly #mappings: MergedSection[] = [];
  /** Those of the section at hand, and how many there are. */
  #starts = new Int32Array(0x400);
  #placed = new Int32Array(0x400);
  #found = 0;
  /** The empty string, once there is one; -1 before. */
  #empty = -1;
  /** The entry that was found last; -1 before. */
  #last = -1;

  constructor(sections: readonly InputSection[]) {
    this.#sections = sections;
    this.#isStrings = (sections[0]!.flags & SEC_STRINGS) !== 0;
    this.#unit = sections[0]!.elf.entrySizeBytes;
  }

  run(): void {
    this.#sections.forEach((section, index) => {
      const content = section.elf.peek?.() ?? section.elf.content;
      this.#found = 0;
      if (this.#isStrings) this.#recordStrings(content, section.align, index);
      else
        for (let at = 0; at < content.length; at += this.#unit)
          this.#map(at, this.#add(content, at, at + this.#unit, 1, index));
      this.#mappings.push(
        new MergedSection(this, this.#starts.slice(0, this.#found), this.#placed.slice(0, this.#found)),
      );
    });
    // What ends another string still counts where it appeared.
    const homes = new Set<number>();
    for (let entry = 0; entry < this.#entryCount; entry++) homes.add(this.#get(entry, SECTION));
    if (this.#isStrings) this.#shareSuffixes();
    this.#assign(homes);
    let lastBytes = 0;
    this.#rewrite();
    this.#sections.forEach((section, index) => {
      section.isMergedAway = !homes.has(index);
      // GNU ld's map has the size of the section before for one whose strings all end others.
      if (section.sizeBytes > 0 || section.isMergedAway)
        lastBytes = section.isMergedAway ? lastBytes : section.sizeBytes;
      else section.mapBytes = lastBytes;
    });
  }

  get entries(): Int32Array {
    return this.#entries;
  }

  #get(entry: number, field: number): number {
    return this.#entries[entry * ENTRY_NUMBERS + field]!;
  }

  #set(entry: number, field: number, value: number): void {
    this.#entries[entry * ENTRY_NUMBERS + field] = value;
  }

  /** An entry stands here in the section at hand. */
  #map(start: number, entry: number): void {
    if (this.#found === this.#starts.length) {
      this.#starts = doubled(this.#starts);
      this.#placed = doubled(this.#placed);
    }
    this.#starts[this.#found] = start;
    this.#placed[this.#found++] = entry;
  }

  /** The entry of these bytes; what is missing at the end of the content is zero. */
  #add(
    content: Uint8Array,
    start: number,
    end: number,
    align: number,
    section: number,
    hash = hashOf(content, start, end),
  ): number {
    if (this.#knownCount * 2 > this.#known.length) this.#grow();
    const slot = this.#slot(content, start, end, hash);
    const known = this.#known[slot]!;
    if (known >= 0) {
      if (this.#get(known, ALIGN) >= align) return known;
      this.#set(known, ALIGN, 0);
    } else this.#knownCount++;
    const entry = this.#entryCount++;
    if (this.#entries.length < this.#entryCount * ENTRY_NUMBERS) this.#entries = doubled(this.#entries);
    let at = known >= 0 ? this.#get(known, START) : -1;
    if (at < 0) {
      at = this.#byteCount;
      this.#byteCount += end - start;
      if (this.#bytes.length < this.#byteCount) {
        const larger = new Uint8Array(Math.max(this.#byteCount, this.#bytes.length * 2));
        larger.set(this.#bytes);
        this.#bytes = larger;
      }
      this.#bytes.set(content.subarray(start, end), at);
    }
    this.#set(entry, START, at);
    this.#set(entry, SIZE, end - start);
    this.#set(entry, ALIGN, align);
    this.#set(entry, SECTION, section);
    this.#set(entry, HOST, -1);
    this.#set(entry, NEXT, -1);
    this.#set(entry, HASH, hash);
    this.#known[slot] = entry;
    return entry;
  }

  /** Where the entry of these bytes is among the known ones, or is to be. */
  #slot(content: Uint8Array, start: number, end: number, hash: number): number {
    const known = this.#known;
    const mask = known.length - 1;
    const bytes = this.#bytes;
    const entries = this.#entries;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = known[slot]!;
      if (entry < 0) return slot;
      const row = entry * ENTRY_NUMBERS;
      if (entries[row + HASH] !== hash || entries[row + SIZE] !== end - start) continue;
      const at = entries[row + START]!;
      let i = start;
      while (i < end && bytes[at + i - start] === (content[i] ?? 0)) i++;
      if (i === end) return slot;
    }
  }

  #grow(): void {
    const before = this.#known;
    const known = new Int32Array(before.length * 2).fill(-1);
    const mask = known.length - 1;
    this.#known = known;
    for (const entry of before) {
      if (entry < 0) continue;
      // No two of them are equal: the first free place is theirs.
      let slot = this.#get(entry, HASH) & mask;
      while (known[slot]! >= 0) slot = (slot + 1) & mask;
      known[slot] = entry;
    }
  }

  /**
   * A string wants the alignment that it happened to have, up to the section's. Zeros that only pad count as one empty
   * string.
   */
  #recordStrings(content: Uint8Array, most: number, section: number): void {
    const unit = this.#unit;
    // A last string may lack its end: it gets one.
    const isZero = (at: number): boolean => {
      for (let i = 0; i < unit; i++) if ((content[at + i] ?? 0) !== 0) return false;
      return true;
    };
    const zeros = new Uint8Array(unit);
    let hasEmpty = false;
    for (let at = 0; at < content.length; ) {
      let align = at & -at;
      if (align === 0 || align > most) align = most;
      let entry = this.#expected(content, at, align);
      if (entry < 0) {
        let end = at;
        let hash: number | undefined;
        if (unit === 1) {
          // As `hashOf`, in the same walk; there is a terminator in thought where the content ends without.
          let sum = FNV_START;
          for (let byte = content[end]; byte !== undefined && byte !== 0; byte = content[++end])
            sum = Math.imul(sum ^ byte, FNV_PRIME);
          sum = Math.imul(sum, FNV_PRIME);
          hash = sum ^ (sum >>> 15);
        } else while (!isZero(end)) end += unit;
        entry = this.#add(content, at, end + unit, align, section, hash);
        if (this.#last >= 0) this.#set(this.#last, NEXT, entry);
      }
      this.#last = entry;
      this.#map(at, entry);
      at += this.#get(entry, SIZE);
      for (; at < content.length && isZero(at); at += unit) {
        if (hasEmpty || at % most !== 0) continue;
        hasEmpty = true;
        this.#map(at, this.#add(zeros, 0, unit, most, section));
      }
    }
  }

  /** The entry that came after the last one elsewhere, where it stands here, too; -1 where it does not. */
  #expected(content: Uint8Array, start: number, align: number): number {
    if (this.#last < 0) return -1;
    const entries = this.#entries;
    const entry = entries[this.#last * ENTRY_NUMBERS + NEXT]!;
    if (entry < 0 || entries[entry * ENTRY_NUMBERS + ALIGN]! < align) return -1;
    const bytes = this.#bytes;
    const from = entries[entry * ENTRY_NUMBERS + START]!;
    const size = entries[entry * ENTRY_NUMBERS + SIZE]!;
    for (let i = 0; i < size; i++) if (bytes[from + i] !== content[start + i]) return -1;
    return entry;
  }

  #shareSuffixes(): void {
    const live: number[] = [];
    const aligns = new Set<number>();
    for (let entry = 0; entry < this.#entryCount; entry++) {
      const align = this.#get(entry, ALIGN);
      if (align === 0) continue;
      live.push(entry);
      aligns.add(align);
    }
    const unit = this.#unit;
    const [only] = aligns;
    const mask = aligns.size === 1 && only! > unit ? only! - 1 : 0;
    const bytes = this.#bytes;
    const entries = this.#entries;
    /** By the last bytes before the terminator, then those before them. */
    const compare = (a: number, b: number): number => {
      const aSize = entries[a * ENTRY_NUMBERS + SIZE]! - unit;
      const bSize = entries[b * ENTRY_NUMBERS + SIZE]! - unit;
      const tails = (aSize & mask) - (bSize & mask);
      if (tails !== 0) return tails;
      const aEnd = entries[a * ENTRY_NUMBERS + START]! + aSize;
      const bEnd = entries[b * ENTRY_NUMBERS + START]! + bSize;
      const common = Math.min(aSize, bSize);
      for (let i = 1; i <= common; i++) {
        const difference = bytes[aEnd - i]! - bytes[bEnd - i]!;
        if (difference !== 0) return difference;
      }
      return aSize - bSize;
    };
    const ends = (short: number, long: number): boolean => {
      const size = this.#get(short, SIZE);
      const from = this.#get(long, START) + this.#get(long, SIZE) - size;
      const start = this.#get(short, START);
      for (let i = 0; i < size; i++) if (bytes[from + i] !== bytes[start + i]) return false;
      return true;
    };
    live.sort(compare);
    let host = live.at(-1)!;
    for (let i = live.length - 2; i >= 0; i--) {
      const candidate = live[i]!;
      const align = this.#get(candidate, ALIGN);
      const longer = this.#get(host, SIZE) - this.#get(candidate, SIZE);
      const fits = this.#get(host, ALIGN) >= align && (longer & (align - 1)) === 0;
      if (fits && longer > 0 && ends(candidate, host)) {
        this.#set(candidate, HOST, host);
        this.#set(candidate, ALIGN, 0);
      } else host = candidate;
    }
  }

  /** `homes` are the sections in which an entry appeared first. */
  #assign(homes: ReadonlySet<number>): void {
    // Not as a Float64Array: what is read of one is in a box, and so is every place that is counted from it.
    const sizes = this.#sections.map(() => 0);
    for (let entry = 0; entry < this.#entryCount; entry++) {
      const align = this.#get(entry, ALIGN);
      if (align === 0) continue;
      const section = this.#get(entry, SECTION);
      const offset = alignUp(sizes[section]!, align);
      this.#set(entry, OFFSET, offset);
      sizes[section] = offset + this.#get(entry, SIZE);
    }
    for (let entry = 0; entry < this.#entryCount; entry++) {
      const host = this.#get(entry, HOST);
      if (host < 0) continue;
      this.#set(entry, SECTION, this.#get(host, SECTION));
      this.#set(entry, OFFSET, this.#get(host, OFFSET) + this.#get(host, SIZE) - this.#get(entry, SIZE));
    }
    this.#sections.forEach((section, index) => {
      section.sizeBytes = sizes[index]!;
    });
    // Where all that came in was padded, the end is, too.
    const { align } = this.#sections[0]!;
    const last = this.#sections.findLast((_, index) => homes.has(index));
    if (last && last.sizeBytes > 0 && this.#sections.every(({ elf }) => elf.sizeBytes % align === 0))
      last.sizeBytes = alignUp(last.sizeBytes, align);
  }

  #rewrite(): void {
    this.#sections.forEach((section, index) => {
      section.content = new Uint8Array(section.sizeBytes);
      const merged = this.#mappings[index]!;
      section.merged = merged;
      section.moved = (offset) => this.#place(merged, offset);
    });
    const contents = this.#sections.map(({ content }) => content);
    for (let entry = 0; entry < this.#entryCount; entry++) {
      if (this.#get(entry, ALIGN) === 0) continue;
      const start = this.#get(entry, START);
      contents[this.#get(entry, SECTION)]!.set(
        this.#bytes.subarray(start, start + this.#get(entry, SIZE)),
        this.#get(entry, OFFSET),
      );
    }
    const zeros = new Uint8Array(this.#unit);
    this.#empty = this.#known[this.#slot(zeros, 0, zeros.length, hashOf(zeros, 0, zeros.length))]!;
  }

  /** Where an offset of the object's section lies now. */
  #place(merged: MergedSection, offset: number): { section: InputSection; offset: number } {
    const index = merged.find(offset);
    const entry = merged.entries[index]!;
    const within = offset - merged.starts[index]!;
    // Zeros after a string are an empty one.
    if (within >= this.#get(entry, SIZE) && this.#empty >= 0) return this.#placeOf(this.#empty, 0);
    const isDropped = this.#get(entry, ALIGN) === 0 && this.#get(entry, HOST) < 0;
    return this.#placeOf(isDropped ? this.#bestCopy(entry) : entry, within);
  }

  addresses(): Float64Array {
    const addresses = new Float64Array(this.#entryCount);
    const bases = this.#sections.map(({ output, offset }) => (output === null ? 0 : output.address + offset));
    for (let entry = 0; entry < addresses.length; entry++) {
      const isDropped = this.#get(entry, ALIGN) === 0 && this.#get(entry, HOST) < 0;
      const kept = isDropped ? this.#bestCopy(entry) : entry;
      addresses[entry] = bases[this.#get(kept, SECTION)]! + this.#get(kept, OFFSET);
    }
    return addresses;
  }

  /** The entry of the same bytes that is kept. */
  #bestCopy(entry: number): number {
    const start = this.#get(entry, START);
    const end = start + this.#get(entry, SIZE);
    return this.#known[this.#slot(this.#bytes, start, end, this.#get(entry, HASH))]!;
  }

  #placeOf(entry: number, within: number): { section: InputSection; offset: number } {
    return {
      section: this.#sections[this.#get(entry, SECTION)]!,
      offset: this.#get(entry, OFFSET) + Math.min(within, this.#get(entry, SIZE)),
    };
  }
}

function doubled(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  const hash = fnv1a(bytes, start, end);
  return hash ^ (hash >>> 15);
}

/**
 * Sections and their subsections. A subsection collects the bytes of its statements and the fragments that those bytes
 * are cut into; at the end the subsections of a section are strung together in the order of their numbers.
 */

import { FixupList } from "./fixup.ts";
import type { FragmentTable } from "./fragment.ts";
import type { AssemblySymbol } from "./symbol.ts";

/** ELF section types. */
export const SHT = {
  NULL: 0,
  PROGBITS: 1,
  SYMTAB: 2,
  STRTAB: 3,
  DYNAMIC: 6,
  NOTE: 7,
  NOBITS: 8,
  REL: 9,
  INIT_ARRAY: 14,
  FINI_ARRAY: 15,
  PREINIT_ARRAY: 16,
  GROUP: 17,
  SYMTAB_SHNDX: 18,
  GNU_ATTRIBUTES: 0x6ffffff5,
} as const;
/** ELF section flags. */
export const SHF = {
  WRITE: 1,
  ALLOC: 2,
  EXECINSTR: 4,
  MERGE: 0x10,
  STRINGS: 0x20,
  INFO_LINK: 0x40,
  LINK_ORDER: 0x80,
  GROUP: 0x200,
  TLS: 0x400,
  GNU_RETAIN: 0x200000,
  GNU_MBIND: 0x01000000,
  EXCLUDE: 0x80000000,
} as const;

/** A real section, or one of the places where a value can be without a section. */
export type SectionKind = "real" | "undefined" | "absolute" | "register" | "expression" | "common";

export class Subsection {
  readonly number: number;
  readonly section: Section;
  bytes = new Uint8Array(64);
  length = 0;
  readonly fragments: FragmentTable;
  /** Its number among the subsections of the program. */
  readonly owner: number;
  readonly first: number;
  /** Where spaces of a known size end that are settled bytes here: GNU as cuts its fragments there. */
  readonly spaces: number[] = [];
  /** Bytes of all those spaces. */
  spaceBytes = 0;
  /** The one that bytes are added to. */
  last: number;
  /** Where that begins. */
  lastStart = 0;
  /** In the order in which the statements asked for them. */
  readonly fixups: FixupList;
  /** How many alignments and origins came so far: fragments with the same count move together. */
  region = 0;

  constructor(section: Section, number: number) {
    this.section = section;
    this.number = number;
    this.fragments = section.fragments;
    this.fixups = new FixupList(this.fragments.frames);
    this.owner = this.fragments.adopt(this);
    this.first = this.fragments.add(this.owner, 0, 0);
    this.last = this.first;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  /** Offset of the next byte in the last fragment. */
  get position(): number {
    return this.length - this.lastStart;
  }

  /** Ends the last fragment, which now has its variable part, and begins the next. */
  advance(): void {
    const { fragments } = this;
    const fragment = fragments.add(this.owner, this.length, this.region);
    fragments.fixedSizes[this.last] = this.length - this.lastStart;
    fragments.nexts[this.last] = fragment;
    this.last = fragment;
    this.lastStart = this.length;
  }

  /** The last fragment gets its size: nothing is added any more. */
  finish(): void {
    this.fragments.fixedSizes[this.last] = this.length - this.lastStart;
  }

  /**
   * End of the last space of settled bytes at or before `position` in the fragment, counted from its beginning; 0
   * without one.
   */
  spaceBefore(fragment: number, position: number): number {
    const start = this.fragments.starts[fragment]!;
    const limit = start + position;
    let i = this.spaces.length - 1;
    while (i >= 0 && this.spaces[i]! > limit) i--;
    return i < 0 ? 0 : Math.max(0, this.spaces[i]! - start);
  }
}

export class Section {
  readonly name: string;
  readonly kind: SectionKind;
  /** Call frames, whose numbers are followed where a source writes them itself (`frame-data.ts`). */
  readonly holdsFrames: boolean;
  /** Those of the whole program. */
  readonly fragments: FragmentTable;
  type: number;
  flags: number;
  entrySize = 0;
  /** Name of the section group, `.section`'s `G`. */
  group: AssemblySymbol | null = null;
  isComdat = false;
  /** Section that this one goes with: the texts of stabs, or where the symbol `linkedName` turns out to be. */
  linkedTo: Section | null = null;
  /** Name of the symbol or section that it goes with (flag `o`), as the source has it. */
  linkedName: string | null = null;
  /** Number that tells it from others of its name (`unique,1`); -1 for none. */
  unique = -1;
  /** `sh_info` of a section with the flag `d`. */
  info = 0;
  /** Alignment as a power of two. */
  alignment = 0;
  /** Symbol that stands for the section's begin; null outside real sections. */
  symbol: AssemblySymbol | null = null;
  readonly subsections = new Map<number, Subsection>();
  /** Last subsection used, for `.previous` and the like. */
  sizeBytes = 0;
  /** Contents after layout; empty for a section without contents. */
  contents: Uint8Array = new Uint8Array(0);
  /** Index in the file's section table, when written. */
  index = 0;

  constructor(name: string, kind: SectionKind, type: number, flags: number, fragments: FragmentTable) {
    this.name = name;
    this.kind = kind;
    this.holdsFrames = name.startsWith(".debug_frame") || (name.startsWith(".eh_frame") && name[9] !== "_");
    this.fragments = fragments;
    this.type = type;
    this.flags = flags;
  }

  get isReal(): boolean {
    return this.kind === "real";
  }

  get isCode(): boolean {
    return (this.flags & SHF.EXECINSTR) !== 0;
  }

  /** The linker keeps it even where nothing names it. */
  get isRetained(): boolean {
    return (this.flags & SHF.GNU_RETAIN) !== 0;
  }

  /** It is in memory when the program runs, with contents from the file. */
  get isLoaded(): boolean {
    return (this.flags & SHF.ALLOC) !== 0 && this.type !== SHT.NOBITS;
  }

  get hasContents(): boolean {
    return this.type !== SHT.NOBITS;
  }

  subsection(number: number): Subsection {
    let subsection = this.subsections.get(number);
    if (subsection === undefined) {
      subsection = new Subsection(this, number);
      this.subsections.set(number, subsection);
    }
    return subsection;
  }

  /** In the order in which they lie in the section. */
  get ordered(): Subsection[] {
    return [...this.subsections.values()].sort((a, b) => a.number - b.number);
  }

  align(power: number): void {
    if (power > this.alignment) this.alignment = power;
  }
}

/** A section of an object on its way into the output: what the linker decides about it. */
import { SHF_LINK_ORDER, SHT_NOBITS } from "../object/elf.ts";
import type { ElfObject, ElfSection } from "../object/elf-reader.ts";
import type { ElfRelocations } from "../object/relocation-table.ts";
import type { MergedSection } from "./merged-section.ts";
import type { OutputSection } from "./output-section.ts";
import { flagsOf } from "./section-flags.ts";
import type { LinkSymbol } from "./symbols.ts";

export class InputSection {
  readonly object: InputObject;
  readonly elf: ElfSection;
  readonly name: string;
  /** SEC_ bits. */
  readonly flags: number;
  align: number;
  /** Changes when strings are merged or unwind information is dropped. */
  sizeBytes: number;
  relocations: ElfRelocations;
  output: OutputSection | null = null;
  /** From the start of the output section. */
  offset = 0;
  /** Thrown away: by /DISCARD/, by --gc-sections, or a second copy of a group. */
  isDiscarded = false;
  /** The copy that was kept instead of this one. */
  keptInstead: InputSection | null = null;
  /** KEEP in the script, or not subject to garbage collection. */
  isRoot = false;
  /** KEEP in the script put it where it is: the output section stays although it may be empty. */
  isKept = false;
  /** Signature of the group that it is a member of. */
  group: string | null = null;
  /** The note that `--build-id` asks for. */
  isBuildId = false;
  /** Made by the linker, empty and not needed: it has a place in the map, but takes none in memory. */
  isStripped = false;
  /** The map does not name it among what was thrown away. */
  isUnlisted = false;
  /** Nothing in it appeared in it first: other sections hold all of its strings or constants. */
  isMergedAway = false;
  /** Size that the map shows, where it is not that of the content. */
  mapBytes: number | null = null;
  /**
   * Where an offset of the object went within the output section's input, when the content was rearranged; null
   * elsewhere.
   */
  moved: SectionMove | null = null;
  /** The same of a section of strings or constants that were merged. */
  merged: MergedSection | null = null;
  /** What is linked instead of the object's content; null where nothing was changed. */
  #content: Uint8Array | null = null;

  constructor(object: InputObject, elf: ElfSection) {
    this.object = object;
    this.elf = elf;
    this.name = elf.name;
    this.flags = flagsOf(elf);
    this.align = elf.align;
    this.sizeBytes = elf.sizeBytes;
    this.relocations = elf.relocations;
  }

  get content(): Uint8Array {
    return this.#content ?? this.elf.content;
  }

  set content(content: Uint8Array) {
    this.#content = content;
  }

  /** What is linked, to be changed. */
  ownContent(): Uint8Array {
    if (this.#content !== null) return this.#content;
    const bytes = new Uint8Array(this.elf.type === SHT_NOBITS ? 0 : this.elf.sizeBytes);
    this.copyTo(bytes);
    return (this.#content = bytes);
  }

  /** Copies what is linked to a target of its size. */
  copyTo(target: Uint8Array): void {
    if (this.#content === null && this.elf.copyTo !== undefined) {
      this.elf.copyTo(target);
      return;
    }
    const bytes = this.content.subarray(0, target.length);
    target.set(bytes);
    target.fill(0, bytes.length);
  }

  /**
   * The section that it belongs to, beside whose companions it stands in the output (SHF_LINK_ORDER); null without one.
   */
  linkedTo(): InputSection | null {
    return (this.elf.flags & SHF_LINK_ORDER) === 0 ? null : (this.object.sections[this.elf.link] ?? null);
  }

  /** Address of an offset of the object's section, in the output. */
  addressOf(offset: number): number {
    const place = this.place(offset);
    return place.section.output === null ? 0 : place.section.output.address + place.section.offset + place.offset;
  }

  /** Where an offset of the object's section lies now. */
  place(offset: number): { section: InputSection; offset: number } {
    return this.moved === null ? { section: this, offset } : this.moved(offset);
  }
}

/** Old offset -> section that holds the bytes now, and the offset there. */
export type SectionMove = (offset: number) => { section: InputSection; offset: number };

export class InputObject {
  /** As messages and the map name it: `lib.a(member.o)`. */
  readonly path: string;
  /** What patterns of scripts see: `lib.a:member.o` for a member, the path otherwise. */
  readonly archive: string | null;
  readonly fileName: string;
  /** The name by which its file, or its archive, was given: patterns without wildcards mean this one. */
  givenName: string;
  /** The linker's own. */
  readonly isMade: boolean;
  readonly elf: ElfObject;
  /** By ELF index; null where there is nothing to link (tables, relocations). */
  readonly sections: (InputSection | null)[];
  /**
   * What its symbols mean, by their indices: global names as the table of them has entered them; null for local ones.
   */
  readonly globals: (LinkSymbol | null)[];
  /** Nothing of it is linked but the places of its symbols, which others may define as well (`--just-symbols`). */
  readonly isSymbolsAlone: boolean;
  /** Common symbols that this object won; filled when they are allocated. */
  common: InputSection | null = null;

  /** Tables among the sections that the linker makes are content. */
  constructor(elf: ElfObject, path: string, archive: string | null, fileName: string, isMade = false) {
    this.elf = elf;
    this.path = path;
    this.archive = archive;
    this.fileName = fileName;
    this.givenName = archive ?? fileName;
    this.isMade = isMade;
    this.globals = new Array<LinkSymbol | null>(elf.table.length).fill(null);
    this.sections = elf.sections.map((section) =>
      (isMade && section.type !== 0) || isLinked(section, elf) ? new InputSection(this, section) : null,
    );
    this.isSymbolsAlone = this.sections.every((section) => section === null);
  }
}

const TABLES = new Set([0, 2, 3, 4, 9, 18]);

function isLinked({ type, index }: ElfSection, elf: ElfObject): boolean {
  if (!TABLES.has(type)) return true;
  // A string table that belongs to no symbol table is content, such as .stabstr.
  return type === 3 && elf.sections[index]!.name.startsWith(".stab");
}

/** Adds a section that the linker makes to an object, as if it had been there; no garbage collection takes it away. */
export function addMadeSection(
  object: InputObject,
  { content, ...made }: Pick<ElfSection, "name" | "type" | "flags" | "align" | "content">,
): InputSection {
  const section = new InputSection(object, {
    ...made,
    index: object.sections.length,
    address: 0,
    entrySizeBytes: 0,
    sizeBytes: content.length,
    link: 0,
    info: 0,
    fileOffset: 0,
    content,
    relocations: [],
  });
  section.isRoot = true;
  object.sections.push(section);
  return section;
}

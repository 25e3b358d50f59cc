/**
 * What a program has one copy of: groups (comdat), and what older compilers wrote in their place, sections called
 * `.gnu.linkonce.KIND.NAME`. The first copy that comes is linked. A group of one section and a section of the other
 * kind stand for each other where they define the same symbols, as in GNU ld 2.40.
 */
import { GRP_COMDAT, SHT_GROUP, SHT_REL, STT_SECTION } from "../object/elf.ts";
import type { ElfSection, ElfSymbol } from "../object/elf-reader.ts";
import type { InputObject, InputSection } from "./input-section.ts";
import { SEC_DEBUGGING } from "./section-flags.ts";

const LINK_ONCE = ".gnu.linkonce.";

/** The first of a name: a group with its members, or a section by itself. */
interface Copy {
  readonly object: InputObject;
  readonly isGroup: boolean;
  readonly name: string;
  readonly sections: readonly InputSection[];
}

export class LinkOnce {
  /** By the signature of groups, which is the NAME of sections. */
  readonly #copies = new Map<string, Copy[]>();
  /** Of objects that were asked for theirs: symbols of single copies by the sections that they are in. */
  readonly #symbols = new Map<InputObject, Map<number, ElfSymbol[]>>();

  /** Drops what was there before, and remembers what was not. */
  enter(object: InputObject): void {
    // Which sections are members must be known before the first question for the symbols in them.
    for (const section of object.elf.sections)
      if (isGroup(section))
        for (const member of groupSections({ object, elf: section })) member.group = signatureOf(object, section);
    for (const section of object.elf.sections) {
      if (isGroup(section)) this.#group(object, section);
      else if (section.name.startsWith(LINK_ONCE)) this.#section(object, section);
    }
  }

  #group(object: InputObject, group: ElfSection): void {
    const signature = signatureOf(object, group);
    const sections = groupSections({ object, elf: group });
    if ((group.content[0]! & GRP_COMDAT) === 0) return;
    const copies = this.#of(signature);
    const known = copies.find(({ isGroup }) => isGroup);
    const itself = object.sections[group.index];
    const drop = (findKept: (section: InputSection) => InputSection | undefined): void => {
      if (itself) itself.isDiscarded = true;
      for (const section of sections) discard(section, findKept(section));
    };
    if (known) {
      drop((section) => known.sections.find((kept) => this.#isSame(kept, section)));
      return;
    }
    const [only] = sections;
    const older =
      only && sections.length === 1 ? copies.find((copy) => this.#isSame(copy.sections[0]!, only)) : undefined;
    if (older) drop(() => older.sections[0]);
    copies.push({ object, isGroup: true, name: group.name, sections });
  }

  #section(object: InputObject, { name, index }: ElfSection): void {
    const section = object.sections[index];
    if (!section || section.group !== null) return;
    const at = name.indexOf(".", LINK_ONCE.length);
    const copies = this.#of(at < 0 ? name : name.slice(at + 1));
    const known = copies.find((copy) => !copy.isGroup && copy.name === name);
    if (known) {
      discard(section, known.sections[0]);
      return;
    }
    const newer = copies.find(
      ({ isGroup, sections }) => isGroup && sections.length === 1 && this.#isSame(sections[0]!, section),
    );
    if (newer) discard(section, newer.sections[0]);
    // Constants of a routine whose code is that of another object.
    else if (
      name.startsWith(`${LINK_ONCE}r.`) &&
      copies.some((copy) => !copy.isGroup && copy.name.startsWith(`${LINK_ONCE}t.`) && copy.object !== object)
    )
      discard(section, undefined);
    copies.push({ object, isGroup: false, name, sections: [section] });
  }

  /** Both are of one type and define symbols that are alike, and at least one. */
  #isSame(first: InputSection, second: InputSection): boolean {
    if (first.elf.type !== second.elf.type) return false;
    // Debugging information has no names: the symbols of its sections tell that they belong together.
    const hasNames = (first.flags & SEC_DEBUGGING) === 0 || (first.group === null) !== (second.group === null);
    const [ours, theirs] = [first, second].map((section) =>
      this.#definitions(section)
        .filter(({ type }) => !hasNames || type !== STT_SECTION)
        .map(({ name, binding, type, visibility }) => `${name}\0${binding} ${type} ${visibility}`)
        .sort(),
    ) as [string[], string[]];
    return ours.length > 0 && ours.length === theirs.length && ours.every((text, i) => text === theirs[i]);
  }

  #definitions({ object, elf: { index } }: InputSection): readonly ElfSymbol[] {
    let bySection = this.#symbols.get(object);
    if (!bySection) {
      this.#symbols.set(object, (bySection = new Map<number, ElfSymbol[]>()));
      const { table } = object.elf;
      for (let at = 0; at < table.length; at++) {
        const index = table.sectionOf(at);
        const home = object.sections[index];
        if (!home || (home.group === null && !home.name.startsWith(LINK_ONCE))) continue;
        const others = bySection.get(index);
        if (others) others.push(table.at(at)!);
        else bySection.set(index, [table.at(at)!]);
      }
    }
    return bySection.get(index) ?? [];
  }

  #of(signature: string): Copy[] {
    const copies = this.#copies.get(signature) ?? [];
    this.#copies.set(signature, copies);
    return copies;
  }
}

/** What refers to a section that is dropped means the copy, where that has its size. */
function discard(section: InputSection, kept: InputSection | undefined): void {
  section.isDiscarded = true;
  // That copy may have been dropped for an older one.
  const home = kept?.isDiscarded ? kept.keptInstead : (kept ?? null);
  section.keptInstead = home?.sizeBytes === section.sizeBytes ? home : null;
}

/** By what the header says: a content is read from the file by whoever names it. */
const isGroup = ({ type, sizeBytes }: ElfSection): boolean => type === SHT_GROUP && sizeBytes >= 4;

function signatureOf(object: InputObject, group: ElfSection): string {
  const symbol = object.elf.table.at(group.info);
  if (!symbol) return "";
  return symbol.type === STT_SECTION ? (object.elf.sections[symbol.section]?.name ?? "") : symbol.name;
}

/** Section indices in a group section. */
function groupMembers(content: Uint8Array): number[] {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  return Array.from({ length: Math.max(0, (content.length >> 2) - 1) }, (_, i) => view.getUint32(4 + 4 * i, true));
}

/** Sections of an object that are members of a group of it. */
export function groupSections({ object, elf }: Pick<InputSection, "object" | "elf">): InputSection[] {
  return groupMembers(elf.content).flatMap((index) => object.sections[index] ?? []);
}

/** What is linked of a group: sections, and tables of relocations by the section that they are about. */
export function linkedMembers({ object, elf }: InputSection): { home: InputSection; isTable: boolean }[] {
  return groupMembers(elf.content).flatMap((index) => {
    const member = object.elf.sections[index];
    const isTable = member?.type === SHT_REL;
    const home = object.sections[isTable ? member.info : index] ?? null;
    return home !== null && home.output !== null ? [{ home, isTable }] : [];
  });
}

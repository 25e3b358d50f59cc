/**
 * Where sections go that no pattern of the script takes (GNU ld 2.40, "Orphan Sections"): after the section of their
 * kind, and after orphans that went there before.
 *
 * An orphan's flags choose one of eight places, each with the name of the section that such contents usually follow
 * (`.text`, `.data`, ...). If the script has no section of that name, the one whose flags come closest serves, and is
 * remembered for the orphans that follow. Which statements the new section stands between says statement-chain.ts.
 */
import { SHF_GROUP, SHT_NOTE, SHT_NULL, SHT_REL } from "../object/elf.ts";
import type { Chain } from "./chain.ts";
import type { InputSection } from "./input-section.ts";
import { DISCARD, OutputSection } from "./output-section.ts";
import {
  SEC_ALLOC,
  SEC_CODE,
  SEC_DATA,
  SEC_DEBUGGING,
  SEC_EXCLUDE,
  SEC_GROUP,
  SEC_HAS_CONTENTS,
  SEC_LOAD,
  SEC_READONLY,
  SEC_THREAD_LOCAL,
} from "./section-flags.ts";
import type { StatementChain } from "./statement-chain.ts";

interface Place {
  readonly name: string;
  readonly flags: number;
  section: OutputSection | null;
  /** The last orphan that was put here. */
  last: OutputSection | null;
  /** In the order of making the next one goes behind this section; null where that order begins. */
  made: OutputSection | null;
}

const KINDS = SEC_HAS_CONTENTS | SEC_ALLOC | SEC_LOAD | SEC_READONLY | SEC_CODE | SEC_THREAD_LOCAL;
const LOADED = SEC_HAS_CONTENTS | SEC_ALLOC | SEC_LOAD;

/** Its sections are not what ONLY_IF_RO or ONLY_IF_RW asks for. */
const isRefused = ({ command, exists }: OutputSection): boolean => command?.constraint != null && !exists;

export class OrphanPlaces {
  readonly #statements: StatementChain;
  readonly #made: Chain<OutputSection>;
  readonly #places: Readonly<Record<"text" | "rodata" | "tdata" | "data" | "bss" | "rel" | "note" | "other", Place>>;

  /** There was a note when the last one was placed. */
  #hasNotes = false;

  /** `made`: the sections there are, in the order in which the file lists them. */
  constructor(statements: StatementChain, made: Chain<OutputSection>) {
    this.#statements = statements;
    this.#made = made;
    const place = (name: string, flags: number): Place => ({ name, flags, section: null, last: null, made: null });
    this.#places = {
      text: place(".text", LOADED | SEC_READONLY | SEC_CODE),
      rodata: place(".rodata", LOADED | SEC_READONLY | SEC_DATA),
      tdata: place(".tdata", LOADED | SEC_DATA | SEC_THREAD_LOCAL),
      data: place(".data", LOADED | SEC_DATA),
      bss: place(".bss", SEC_ALLOC),
      rel: place("", LOADED | SEC_READONLY | SEC_DATA),
      note: place(".interp", LOADED | SEC_READONLY | SEC_DATA),
      other: place(".comment", SEC_HAS_CONTENTS),
    };
  }

  #sections(): OutputSection[] {
    return this.#statements.sections().filter(({ name }) => name !== DISCARD);
  }

  /** `namesakes`: all sections of its name, whatever object they are from. */
  outputFor(
    section: InputSection,
    { isRelocatable, keepsGroups }: { readonly isRelocatable: boolean; readonly keepsGroups: boolean },
    namesakes: readonly InputSection[],
    isAlone: boolean,
  ): OutputSection {
    const isDynamic = section.isStripped && section.elf.type === SHT_REL;
    const name = section.name === "COMMON" ? ".bss" : isDynamic ? ".rel.dyn" : section.name;
    // A partial link keeps each group and its members apart.
    const isUnique =
      isAlone || (keepsGroups && ((section.flags & SEC_GROUP) !== 0 || (section.elf.flags & SHF_GROUP) !== 0));
    if (!isUnique) {
      let unused: OutputSection | null = null;
      for (const candidate of name === DISCARD ? [] : this.#statements.named(name)) {
        if (isRefused(candidate)) continue;
        if (!candidate.exists) unused ??= candidate;
        else if (isRelocatable && isApart(section, candidate, keepsGroups)) continue;
        else if (
          candidate.flags === 0 ||
          (((section.flags ^ candidate.flags) & (SEC_LOAD | SEC_ALLOC)) === 0 &&
            candidate.inputType === elfTypeOf(section)) ||
          name !== section.name
        )
          return candidate;
      }
      if (unused) return unused;
    }
    // Common symbols that no pattern and no section of zeros takes come last.
    if (section.name === "COMMON") {
      const output = new OutputSection(name, null);
      this.#statements.insertBefore(null, { kind: "section", section: output });
      return output;
    }
    for (const place of Object.values(this.#places)) {
      if (place.section !== null || place.name === "") continue;
      place.section = this.#statements.named(place.name).find((candidate) => !isRefused(candidate)) ?? null;
      if (place.section && place.section.hintFlags === 0) place.section.hintFlags = place.flags;
    }
    // The linker's own build ID counts as a note without content while its place is looked for: it resembles nothing.
    let flags = section.isBuildId ? section.flags & ~SEC_HAS_CONTENTS : section.flags;
    // Orphans of one name share a section, those of the files that follow too: it is read-only only if all are.
    if (!isRelocatable)
      for (const other of namesakes)
        if (
          other.output === null &&
          !other.isDiscarded &&
          (other.flags & SEC_EXCLUDE) === 0 &&
          ((other.flags ^ flags) & (SEC_LOAD | SEC_ALLOC)) === 0 &&
          other.elf.type === section.elf.type
        )
          flags &= other.flags | ~SEC_READONLY;
    const place = this.#placeFor(section, flags);
    return this.#insert(new OutputSection(name, null), place, flags, elfTypeOf(section), section.align);
  }

  #placeFor({ elf }: InputSection, flags: number): Place | null {
    const places = this.#places;
    if ((flags & (SEC_ALLOC | SEC_DEBUGGING)) === 0) return places.other;
    if ((flags & SEC_ALLOC) === 0) return null;
    if ((flags & SEC_LOAD) !== 0 && elf.type === SHT_NOTE) return places.note;
    if ((flags & (SEC_LOAD | SEC_HAS_CONTENTS | SEC_THREAD_LOCAL)) === 0) return places.bss;
    if ((flags & SEC_THREAD_LOCAL) !== 0) return places.tdata;
    if ((flags & SEC_READONLY) === 0) return places.data;
    if (elf.type === SHT_REL) return places.rel;
    return (flags & SEC_CODE) === 0 ? places.rodata : places.text;
  }

  #insert(output: OutputSection, place: Place | null, flags: number, type: number, align: number): OutputSection {
    const statement = { kind: "section", section: output } as const;
    const after =
      place === null
        ? null
        : (place.section ??
          (place === this.#places.rel ? this.#findRelocations() : null) ??
          ((flags & SEC_ALLOC) !== 0 ? this.#findByFlags(flags, place, type) : null) ??
          this.#findByFlags(flags, place, null));
    if (place === null) {
      this.#statements.insertBefore(null, statement);
      return output;
    }
    if (after && (flags & (SEC_LOAD | SEC_ALLOC)) !== 0) {
      output.region = after.region;
      output.loadRegion = after.loadRegion;
      output.phdrs = after.phdrs;
    }
    place.made ??= this.#madeFor(after);
    const notes = this.#amongNotes(place.made, type === SHT_NOTE && (flags & SEC_LOAD) !== 0, align);
    const statements = this.#statements;
    if (notes !== null) {
      const { section, isBehind } = notes;
      statements.insertBefore(isBehind ? statements.slotAfter(section) : statements.slotBefore(section), statement);
      if (isBehind) this.#made.insertAfter(section, output);
      else this.#made.insertBefore(section, output);
    } else {
      const slot = place.last
        ? statements.nextTo(place.last)
        : after
          ? statements.slotAfter(after)
          : statements.slotAtStart();
      statements.insertBefore(slot, statement);
      this.#made.insertAfter(place.made, output);
    }
    output.exists = true;
    place.last = output;
    place.made = output;
    return output;
  }

  /** The section itself, or the one before it in the script if nothing was put into it. */
  #madeFor(section: OutputSection | null): OutputSection | null {
    if (section === null || this.#made.has(section)) return section;
    for (const before of this.#statements.sectionsBefore(section)) if (this.#made.has(before)) return before;
    return null;
  }

  /**
   * Notes stand together, those with the largest alignment first, so that those of one alignment make one segment;
   * nothing else goes between them. Null for the first one, and for what is not beside notes. `before`: what the orphan
   * would stand behind otherwise.
   */
  #amongNotes(
    before: OutputSection | null,
    isForNote: boolean,
    align: number,
  ): { readonly section: OutputSection; readonly isBehind: boolean } | null {
    const isNote = ({ flags, inputType }: OutputSection): boolean => inputType === SHT_NOTE && (flags & SEC_LOAD) !== 0;
    const next = this.#made.next(before);
    if (next === null || !(isForNote || isNote(next))) return null;
    if (!isForNote) {
      if (!this.#hasNotes) return null;
      for (const section of this.#made.before(null)) if (isNote(section)) return { section, isBehind: true };
    }
    let first: OutputSection | null = null;
    let last: OutputSection | null = null;
    for (const section of this.#made.after(null)) {
      if (!isNote(section)) {
        if (first === null) continue;
        break;
      }
      first ??= section;
      if (section.align >= align) last = section;
    }
    this.#hasNotes = first !== null;
    return first && { section: last ?? first, isBehind: last !== null };
  }

  /** A dynamic linker wants its relocations before all others, and else after what is read-only. */
  #findRelocations(): OutputSection | null {
    const sections = this.#sections();
    const first = sections.findIndex(({ name }) => name.startsWith(".rel"));
    const before = first < 0 ? sections : sections.slice(0, first);
    const allocated = before.filter(({ exists, flags }) => exists && (flags & SEC_ALLOC) !== 0);
    return allocated.findLast(({ flags }) => (flags & SEC_READONLY) !== 0) ?? allocated.at(-1) ?? before.at(-1) ?? null;
  }

  /**
   * Of whatever type: after what is thread-local, zeros after the rest of it, or after the last section with content.
   */
  #findForThreads(flags: number): OutputSection | null {
    let found: OutputSection | null = null;
    let hasSeen = false;
    for (const candidate of this.#sections()) {
      const own = candidate.exists ? candidate.flags : candidate.hintFlags;
      const differ = own ^ (flags | SEC_LOAD | SEC_HAS_CONTENTS);
      if ((differ & (SEC_THREAD_LOCAL | SEC_ALLOC)) === 0) {
        if ((own & SEC_LOAD) === 0 && (flags & SEC_LOAD) !== 0) break;
        found = candidate;
        hasSeen = true;
      } else if (hasSeen) break;
      else if ((differ & (SEC_HAS_CONTENTS | SEC_ALLOC | SEC_LOAD)) === 0) found = candidate;
    }
    return found;
  }

  /**
   * The last section with the same attributes, or with those that come closest. `type`: of the ELF sections in it; null
   * for any.
   */
  #findByFlags(flags: number, place: Place, type: number | null): OutputSection | null {
    const all = this.#statements.sections();
    const last = (mask: number): OutputSection | null =>
      all.findLast(
        (candidate) =>
          (((candidate.exists ? candidate.flags : candidate.hintFlags) ^ flags) & mask) === 0 &&
          (type === null || !candidate.exists || candidate.inputType === type),
      ) ?? null;
    const exact = last(KINDS);
    if (exact) {
      place.section = exact;
      return exact;
    }
    if ((flags & SEC_ALLOC) === 0) return last(SEC_DEBUGGING);
    if ((flags & SEC_CODE) !== 0) return last(LOADED | SEC_CODE | SEC_THREAD_LOCAL);
    if ((flags & SEC_READONLY) !== 0) return last(LOADED | SEC_READONLY);
    if ((flags & SEC_THREAD_LOCAL) !== 0) return this.#findForThreads(flags);
    if ((flags & SEC_HAS_CONTENTS) !== 0) return last(LOADED | SEC_THREAD_LOCAL);
    return last(SEC_ALLOC);
  }
}

/** ELF type as GNU ld compares it: some of the sections that it makes have none yet. */
export const elfTypeOf = ({ name, elf, isStripped, object }: InputSection): number =>
  (isStripped && (name === ".iplt" || name === ".igot.plt")) ||
  (object.isMade && name === ".got.plt") ||
  name === ".eh_frame_hdr"
    ? SHT_NULL
    : elf.type;

/** In an object neither members of groups nor what no program gets is mixed with what else has the name. */
function isApart(section: InputSection, candidate: OutputSection, keepsGroups: boolean): boolean {
  const [first] = candidate.inputs();
  if (first === undefined) return false;
  return (
    (keepsGroups && ((section.elf.flags ^ first.elf.flags) & SHF_GROUP) !== 0) ||
    ((section.flags ^ candidate.flags) & SEC_EXCLUDE) !== 0
  );
}

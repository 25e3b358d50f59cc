/**
 * Which output section each input section goes into: the patterns of the script, then the places of orphans, which no
 * pattern takes. The rules are GNU ld 2.40's ("Input Section Description", "Orphan Sections"); where a section goes
 * among others decides addresses.
 */
import { SHF_GNU_RETAIN, SHF_GROUP, SHT_NOBITS, SHT_NOTE, SHT_NULL, SHT_PROGBITS, SHT_REL } from "../object/elf.ts";
import { globMatch } from "../object/glob.ts";
import type { InputObject, InputSection } from "./input-section.ts";
import { OutputSection, type Statement } from "./output-section.ts";
import type { Assertion, Assignment, InputStatement, LinkerScript, SectionPattern, SortKind } from "./script/tree.ts";
import {
  SEC_ALLOC,
  SEC_CODE,
  SEC_DATA,
  SEC_DEBUGGING,
  SEC_EXCLUDE,
  SEC_GROUP,
  SEC_HAS_CONTENTS,
  SEC_LOAD,
  SEC_MERGE,
  SEC_NEVER_LOAD,
  SEC_READONLY,
  SEC_STRINGS,
  SEC_THREAD_LOCAL,
} from "./section-flags.ts";

export type TopStatement =
  | { readonly kind: "assign"; readonly assignment: Assignment; readonly scriptPath: string }
  | { readonly kind: "assert"; readonly assertion: Assertion; readonly scriptPath: string }
  | { readonly kind: "section"; readonly section: OutputSection }
  /** The end of the scripts: only orphans come behind it. */
  | { readonly kind: "end" };

export interface PlacementOptions {
  readonly isRelocatable: boolean;
  /** -S: debugging sections are left out. */
  readonly stripDebugging: boolean;
  /** --unique: an output section of its own for each orphan. */
  readonly discardOrphanGroups: boolean;
  readonly sectionStart: ReadonlyMap<string, number>;
  /** --sort-section: patterns that do not say how. */
  readonly sortSections: "name" | "alignment" | null;
  /** --orphan-handling */
  readonly orphans: "place" | "warn" | "error" | "discard";
}

/** The script with its patterns replaced by what they found. */
export class Placement {
  readonly statements: TopStatement[] = [];
  /** Orphans that --orphan-handling wants to be told of. */
  readonly unplaced: { readonly section: InputSection; readonly isError: boolean }[] = [];
  /** --orphan-handling=discard threw something away. */
  discardsOrphans = false;
  readonly problems: { readonly path: string; readonly line: number; readonly message: string }[] = [];
  readonly #options: PlacementOptions;
  readonly #objects: readonly InputObject[];
  readonly #matched = new Map<Statement, InputStatement>();
  readonly #places: OrphanPlaces;

  constructor(scripts: readonly LinkerScript[], objects: readonly InputObject[], options: PlacementOptions) {
    this.#options = options;
    this.#objects = objects;
    for (const script of scripts)
      this.statements.push(...script.statements.map((statement) => this.#topStatement(statement, script.path)));
    this.statements.push({ kind: "end" });
    for (const [name, address] of options.sectionStart) {
      const known = this.statements.find(
        (statement) => statement.kind === "section" && statement.section.name === name,
      );
      if (known?.kind === "section") known.section.fixedAddress = address;
      else {
        const section = new OutputSection(name, null);
        section.fixedAddress = address;
        section.exists = true;
        this.statements.unshift({ kind: "section", section });
      }
    }
    this.#places = new OrphanPlaces(this.statements);
    for (const script of scripts) {
      for (const { statements, place, section: name, line } of script.inserted) {
        const section = this.statements.find(
          (statement) => statement.kind === "section" && statement.section.name === name,
        );
        if (section?.kind !== "section")
          this.problems.push({ path: script.path, line, message: `there is no section ${name} to insert ${place}` });
        else {
          const at = place === "before" ? this.statements.indexOf(section) : this.#places.slotAfter(section.section);
          this.statements.splice(at, 0, ...statements.map((statement) => this.#topStatement(statement, script.path)));
        }
      }
    }
  }

  #topStatement(statement: LinkerScript["statements"][number], scriptPath: string): TopStatement {
    if (statement.kind === "assign") return { kind: "assign", assignment: statement, scriptPath };
    if (statement.kind === "assert") return { kind: "assert", assertion: statement, scriptPath };
    return { kind: "section", section: this.#sectionOf(statement, scriptPath) };
  }

  #sectionOf(
    command: Extract<LinkerScript["statements"][number], { kind: "section" }>,
    scriptPath: string,
  ): OutputSection {
    const section = new OutputSection(command.name, command);
    for (const inner of command.statements) {
      if (inner.kind === "input") {
        const wild: Statement = { kind: "wild", sections: [] };
        this.#matched.set(wild, inner);
        section.statements.push(wild);
      } else if (inner.kind === "assign") section.statements.push({ kind: "assign", assignment: inner, scriptPath });
      else if (inner.kind === "assert")
        section.statements.push({
          kind: "assert",
          condition: inner.condition,
          message: inner.message,
          line: inner.line,
        });
      else if (inner.kind === "data") section.statements.push({ kind: "data", statement: inner });
      else section.statements.push({ kind: "fill", value: inner.value, pattern: null });
    }
    return section;
  }

  /** The pattern that found a statement's sections, sorted as it was in effect; null for orphans. */
  patternOf(statement: Statement): InputStatement | null {
    const pattern = this.#matched.get(statement);
    if (!pattern || this.#options.sortSections === null) return pattern ?? null;
    return {
      ...pattern,
      patterns: pattern.patterns.map((one) => ({
        ...one,
        sort: one.sort[0] === "none" ? one.sort : this.#sortOf(one),
      })),
    };
  }

  /** Sections that KEEP protects, before anything is placed. */
  markKept(): void {
    for (const pattern of this.#matched.values()) {
      if (pattern.keep) for (const { section } of this.#find(pattern)) section.isRoot = true;
    }
  }

  place(): void {
    for (const statement of this.statements) {
      if (statement.kind !== "section") continue;
      const { section } = statement;
      if (section.name === "/DISCARD/") {
        for (const inner of section.statements)
          for (const found of this.#findFor(inner)) if (found.section.output === null) found.section.isDiscarded = true;
        continue;
      }
      if (!this.#meetsConstraint(section)) continue;
      for (const inner of section.statements) {
        if (inner.kind === "wild") {
          const sections = this.#order(this.#findFor(inner), this.#matched.get(inner)!);
          for (const found of sections) if (this.#add(section, found)) inner.sections.push(found);
        } else {
          if (inner.kind === "data" && !section.exists) section.flags |= SEC_READONLY;
          section.exists = true;
          if (inner.kind === "data") section.flags |= SEC_ALLOC | SEC_LOAD | SEC_HAS_CONTENTS;
        }
      }
      if (section.fixedAddress !== null) section.exists = true;
    }
    this.#orphans();
    for (const output of this.outputs()) {
      const { command } = output;
      if (command?.isReadonly) output.flags |= SEC_READONLY;
      if (command?.type?.kind === "number") output.type = Number(command.type.value);
    }
    this.#inheritLoadRegions();
  }

  /** A section of the same region as the one before is loaded behind it, unless the script says where. */
  #inheritLoadRegions(): void {
    let before: OutputSection | null = null;
    for (const statement of this.statements) {
      if (statement.kind !== "section" || statement.section.name === "/DISCARD/") continue;
      const { section } = statement;
      if (
        before &&
        section.loadRegion === null &&
        !section.command?.loadAddress &&
        !section.command?.address &&
        section.fixedAddress === null &&
        section.region === before.region
      )
        section.loadRegion = before.loadRegion;
      before = section;
    }
  }

  /** All sections of the output, in order. */
  outputs(): OutputSection[] {
    return this.statements.flatMap((statement) =>
      statement.kind === "section" && statement.section.exists ? [statement.section] : [],
    );
  }

  /**
   * Whether any pattern between DATA_SEGMENT_ALIGN and DATA_SEGMENT_RELRO_END finds something, be it linked there or
   * elsewhere.
   */
  hasRelroInput(): boolean {
    const at = (name: string): number =>
      this.statements.findIndex(
        (statement) =>
          statement.kind === "assign" &&
          statement.assignment.value.kind === "call" &&
          statement.assignment.value.name === name,
      );
    const [start, end] = [at("DATA_SEGMENT_ALIGN"), at("DATA_SEGMENT_RELRO_END")];
    return this.statements
      .slice(start + 1, Math.max(end, 0))
      .some(
        (statement) =>
          start >= 0 &&
          statement.kind === "section" &&
          statement.section.statements.some((inner) =>
            this.#findFor(inner).some(({ section }) => section.output !== null && section.sizeBytes > 0),
          ),
      );
  }

  #sectionsOf({ sections, common }: InputObject): readonly (InputSection | null)[] {
    return common ? [...sections, common] : sections;
  }

  #findFor(statement: Statement): Found[] {
    const pattern = this.#matched.get(statement);
    return pattern ? this.#find(pattern) : [];
  }

  #find(statement: InputStatement): Found[] {
    const found: Found[] = [];
    for (const object of this.#objects) {
      if (!matchesFile(statement.file, object) || statement.exclude.some((glob) => matchesFile(glob, object))) continue;
      const candidates = this.#sectionsOf(object);
      for (const section of candidates) {
        // A partial link keeps the members of groups apart, whatever the script says.
        if (!section || (this.#options.isRelocatable && (section.elf.flags & SHF_GROUP) !== 0)) continue;
        if (
          statement.flags &&
          ((section.elf.flags & statement.flags.wanted) !== statement.flags.wanted ||
            (section.elf.flags & statement.flags.refused) !== 0)
        )
          continue;
        const pattern =
          statement.patterns.length === 0
            ? EVERYTHING
            : statement.patterns.find(
                (candidate) =>
                  globMatch(candidate.pattern, section.name) &&
                  !candidate.exclude.some((glob) => matchesFile(glob, object)),
              );
        if (pattern) found.push({ section, pattern });
      }
    }
    if (statement.sortFiles) found.sort((a, b) => compare(a.section.object.path, b.section.object.path));
    return found;
  }

  /** A sorted pattern puts each section before the first one that has to follow it. */
  #order(found: readonly Found[], statement: InputStatement): InputSection[] {
    const free = found.filter(({ section }) => section.output === null && !section.isDiscarded);
    const sorts = new Map([...statement.patterns, EVERYTHING].map((pattern) => [pattern, this.#sortOf(pattern)]));
    if ([...sorts.values()].every((sort) => sort.length === 0)) return free.map(({ section }) => section);
    if (statement.patterns.length === 1)
      return free
        .map(({ section }) => section)
        .sort((a, b) => compareSections(sorts.get(statement.patterns[0]!)!, a, b));
    const ordered: InputSection[] = [];
    for (const { section, pattern } of free) {
      const sort = sorts.get(pattern)!;
      const at = sort.length === 0 ? -1 : ordered.findIndex((other) => compareSections(sort, section, other) < 0);
      if (at < 0) ordered.push(section);
      else ordered.splice(at, 0, section);
    }
    return ordered;
  }

  /** How a pattern sorts; --sort-section counts where it does not say, or does not say all. */
  #sortOf({ sort }: SectionPattern): readonly SortKind[] {
    if (sort[0] === "none") return [];
    const option = this.#options.sortSections;
    const other = sort[0] === "name" ? "alignment" : "name";
    if (option !== null && (sort.length === 0 || (sort[0] !== "init-priority" && option === other)))
      return [...new Set([...sort, option])];
    return sort;
  }

  #meetsConstraint({ command, statements }: OutputSection): boolean {
    if (!command?.constraint) return true;
    const all = statements
      .flatMap((statement) => this.#findFor(statement))
      .filter(({ section }) => section.output === null && !section.isDiscarded);
    const isReadonly = all.every(({ section }) => (section.flags & SEC_READONLY) !== 0);
    return command.constraint === "ro" ? isReadonly : !isReadonly;
  }

  /** False when the section is not to be in the output. */
  #add(output: OutputSection, section: InputSection): boolean {
    if (section.output !== null || section.isDiscarded) return false;
    const { isRelocatable, stripDebugging } = this.#options;
    if (!isRelocatable && (section.flags & (SEC_EXCLUDE | SEC_GROUP)) !== 0) return false;
    if (stripDebugging && (section.flags & SEC_DEBUGGING) !== 0) return false;
    let { flags } = section;
    if (output.command?.noalloc) flags &= ~SEC_ALLOC;
    if (output.command?.noload) flags = (flags & ~(SEC_LOAD | SEC_HAS_CONTENTS)) | SEC_NEVER_LOAD;
    if (!output.exists || (!output.hasInput && output.flags === 0 && output.command === null)) {
      output.exists = true;
      output.flags = flags;
    }
    output.flags &= flags | ~SEC_READONLY;
    if (output.hasInput) {
      flags &= ~SEC_READONLY;
      const mergeable = SEC_MERGE | SEC_STRINGS;
      if (
        (output.flags & mergeable) !== (flags & mergeable) ||
        ((flags & SEC_MERGE) !== 0 && output.entrySizeBytes !== section.elf.entrySizeBytes)
      ) {
        output.flags &= ~mergeable;
        flags &= ~mergeable;
      }
    }
    output.flags |= flags;
    output.keptFlags |= section.elf.flags & SHF_GNU_RETAIN;
    if (!output.hasInput) {
      output.hasInput = true;
      const { type, entrySizeBytes } = section.elf;
      if (output.flags === flags) output.inputType = typeOf(section);
      if (type !== SHT_PROGBITS && type !== SHT_NOBITS && output.flags === flags) output.type = type;
      if ((flags & SEC_MERGE) !== 0) output.entrySizeBytes = entrySizeBytes;
    }
    output.align = Math.max(output.align, section.align);
    section.output = output;
    return true;
  }

  #orphans(): void {
    for (const object of this.#objects) {
      const sections = this.#sectionsOf(object);
      for (const section of sections) {
        if (!section || section.output !== null || section.isDiscarded) continue;
        if (!this.#options.isRelocatable && (section.flags & (SEC_EXCLUDE | SEC_GROUP)) !== 0) continue;
        if (this.#options.stripDebugging && (section.flags & SEC_DEBUGGING) !== 0) continue;
        // A partial link leaves common symbols to a later one, unless it is told to give them memory.
        if (section === object.common && this.#options.isRelocatable && section.sizeBytes === 0) continue;
        if (this.#options.orphans === "discard") {
          section.isDiscarded = true;
          this.discardsOrphans = true;
          continue;
        }
        if (this.#options.orphans !== "place" && !section.isStripped && !section.name.startsWith(".rel")) {
          this.unplaced.push({ section, isError: this.#options.orphans === "error" });
        }
        const output = this.#places.outputFor(section, this.#options, object);
        if (
          output.fixedAddress === null &&
          !output.command?.address &&
          (this.#options.isRelocatable || (section.flags & (SEC_LOAD | SEC_ALLOC)) === 0)
        )
          output.fixedAddress = 0;
        const last = output.statements.at(-1);
        const wild: Statement =
          last?.kind === "wild" && !this.#matched.has(last) ? last : { kind: "wild", sections: [] };
        if (wild !== last) output.statements.push(wild);
        if (this.#add(output, section) && wild.kind === "wild") wild.sections.push(section);
      }
    }
  }
}

/** What a file's name without patterns means. */
const EVERYTHING: SectionPattern = { pattern: "*", sort: [], exclude: [] };

interface Found {
  readonly section: InputSection;
  readonly pattern: SectionPattern;
}

interface Place {
  readonly name: string;
  readonly flags: number;
  section: OutputSection | null;
  /** The last orphan that was put here. */
  last: OutputSection | null;
}

const KINDS = SEC_HAS_CONTENTS | SEC_ALLOC | SEC_LOAD | SEC_READONLY | SEC_CODE | SEC_THREAD_LOCAL;
const LOADED = SEC_HAS_CONTENTS | SEC_ALLOC | SEC_LOAD;

/**
 * Where sections go that no pattern takes: behind the section of their kind, and behind orphans that went there before.
 */
class OrphanPlaces {
  readonly #statements: TopStatement[];
  readonly #places: Readonly<Record<"text" | "rodata" | "tdata" | "data" | "bss" | "rel" | "note" | "other", Place>>;

  constructor(statements: TopStatement[]) {
    this.#statements = statements;
    const place = (name: string, flags: number): Place => ({ name, flags, section: null, last: null });
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
    return this.#statements.flatMap((statement) =>
      statement.kind === "section" && statement.section.name !== "/DISCARD/" ? [statement.section] : [],
    );
  }

  outputFor(section: InputSection, { isRelocatable }: PlacementOptions, object: InputObject): OutputSection {
    const isDynamic = section.isStripped && section.elf.type === SHT_REL;
    const name = section.name === "COMMON" ? ".bss" : isDynamic ? ".rel.dyn" : section.name;
    // A partial link keeps each group and its members apart.
    const isUnique = isRelocatable && ((section.flags & SEC_GROUP) !== 0 || (section.elf.flags & SHF_GROUP) !== 0);
    if (!isUnique) {
      let unused: OutputSection | null = null;
      for (const candidate of this.#sections()) {
        if (candidate.name !== name || (candidate.command?.constraint && !candidate.exists)) continue;
        if (!candidate.exists) unused ??= candidate;
        else if (
          candidate.flags === 0 ||
          ((section.flags ^ candidate.flags) & (SEC_LOAD | SEC_ALLOC)) === 0 ||
          name !== section.name
        )
          return candidate;
      }
      if (unused) return unused;
    }
    for (const place of Object.values(this.#places)) {
      if (place.section !== null || place.name === "") continue;
      place.section = this.#sections().find((candidate) => candidate.name === place.name) ?? null;
      if (place.section && place.section.hintFlags === 0) place.section.hintFlags = place.flags;
    }
    let { flags } = section;
    // Several orphans of one object and name share a section: it is read-only only if all are.
    if (!isRelocatable)
      for (const other of object.sections)
        if (
          other &&
          other.name === section.name &&
          other.output === null &&
          ((other.flags ^ flags) & (SEC_LOAD | SEC_ALLOC)) === 0
        )
          flags &= other.flags | ~SEC_READONLY;
    return this.#insert(new OutputSection(name, null), this.#placeFor(section, flags), flags, typeOf(section));
  }

  #placeFor({ name, elf }: InputSection, flags: number): Place | null {
    const places = this.#places;
    if ((flags & (SEC_ALLOC | SEC_DEBUGGING)) === 0) return places.other;
    if ((flags & SEC_ALLOC) === 0) return null;
    if ((flags & SEC_LOAD) !== 0 && (elf.type === SHT_NOTE || name.startsWith(".note"))) return places.note;
    if ((flags & (SEC_LOAD | SEC_HAS_CONTENTS | SEC_THREAD_LOCAL)) === 0) return places.bss;
    if ((flags & SEC_THREAD_LOCAL) !== 0) return places.tdata;
    if ((flags & SEC_READONLY) === 0) return places.data;
    if (elf.type === SHT_REL) return places.rel;
    return (flags & SEC_CODE) === 0 ? places.rodata : places.text;
  }

  #insert(output: OutputSection, place: Place | null, flags: number, type: number): OutputSection {
    const entry: TopStatement = { kind: "section", section: output };
    const after =
      place === null
        ? null
        : (place.section ??
          (place === this.#places.rel ? this.#findRelocations() : null) ??
          ((flags & SEC_ALLOC) !== 0 ? this.#findByFlags(flags, place, type) : null) ??
          this.#findByFlags(flags, place, null));
    if (place === null) {
      this.#statements.push(entry);
      return output;
    }
    output.follows = place?.last ?? after;
    if (after && (flags & (SEC_LOAD | SEC_ALLOC)) !== 0) {
      output.region = after.region;
      output.loadRegion = after.loadRegion;
      output.phdrs = after.phdrs;
    }
    if (place.last) {
      this.#statements.splice(this.#indexOf(place.last) + 1, 0, entry);
    } else this.#statements.splice(after ? this.slotAfter(after) : this.#slotAtStart(), 0, entry);
    place.last = output;
    return output;
  }

  #indexOf(section: OutputSection): number {
    return this.#statements.findIndex((statement) => statement.kind === "section" && statement.section === section);
  }

  /**
   * Behind the assignments that follow a section, but not behind one to the location counter that positions the next
   * section.
   */
  slotAfter(section: OutputSection): number {
    return this.#slotFrom(this.#indexOf(section) + 1, false);
  }

  /** Where something goes that resembles no section. */
  #slotAtStart(): number {
    return this.#slotFrom(0, true);
  }

  #slotFrom(start: number, skipsFirst: boolean): number {
    let assignment = -1;
    let skip = skipsFirst;
    for (let i = start; i < this.#statements.length; i++) {
      const statement = this.#statements[i]!;
      if (statement.kind === "assign") {
        if (assignment < 0 && statement.assignment.name === ".") {
          if (!skip) assignment = i;
          skip = false;
        }
      } else if (statement.kind === "section") {
        const { exists, hasInput, flags } = statement.section;
        return assignment >= 0 && (!exists || !hasInput || (flags & SEC_ALLOC) !== 0) ? assignment : i;
      }
    }
    return this.#statements.length;
  }

  /** A dynamic linker wants its relocations before all others, and else behind what is read-only. */
  #findRelocations(): OutputSection | null {
    const sections = this.#sections();
    const first = sections.findIndex(({ name }) => name.startsWith(".rel"));
    const before = first < 0 ? sections : sections.slice(0, first);
    const allocated = before.filter(({ exists, flags }) => exists && (flags & SEC_ALLOC) !== 0);
    return allocated.findLast(({ flags }) => (flags & SEC_READONLY) !== 0) ?? allocated.at(-1) ?? before.at(-1) ?? null;
  }

  /**
   * The last section with the same attributes, or with those that come closest. `type`: of the ELF sections in it; null
   * for any.
   */
  #findByFlags(flags: number, place: Place, type: number | null): OutputSection | null {
    const last = (mask: number): OutputSection | null =>
      this.#sections().findLast(
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
    if ((flags & SEC_THREAD_LOCAL) !== 0) return last(SEC_ALLOC | SEC_HAS_CONTENTS | SEC_LOAD);
    if ((flags & SEC_HAS_CONTENTS) !== 0) return last(LOADED | SEC_THREAD_LOCAL);
    return last(SEC_ALLOC);
  }
}

/** ELF type as GNU ld compares it: some of the sections that it makes have none yet. */
const typeOf = ({ name, elf, isStripped }: InputSection): number =>
  isStripped && (name === ".iplt" || name === ".igot.plt") ? SHT_NULL : elf.type;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function compareSections(sort: readonly SortKind[], a: InputSection, b: InputSection): number {
  for (const kind of sort) {
    const difference =
      kind === "name"
        ? compare(a.name, b.name)
        : kind === "alignment"
          ? b.align - a.align
          : kind === "init-priority"
            ? priority(a.name) - priority(b.name) || compare(a.name, b.name)
            : 0;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `.init_array.00100`; those of `.ctors` count the other way round. */
function priority(name: string): number {
  const match = /^\.(init_array|fini_array|ctors|dtors)\.(\d+)$/.exec(name);
  if (!match) return -1;
  return match[1]!.endsWith("tors") ? 65535 - Number(match[2]) : Number(match[2]);
}

/** `archive:member`, with either part left out, or a pattern for the whole name. */
function matchesFile(glob: string, object: InputObject): boolean {
  const colon = glob.indexOf(":");
  if (colon >= 0) {
    const [archive, member] = [glob.slice(0, colon), glob.slice(colon + 1)];
    if (archive === "") return object.archive === null && globMatch(member, object.fileName);
    return (
      object.archive !== null &&
      globMatch(archive, object.archive) &&
      (member === "" || globMatch(member, object.fileName))
    );
  }
  return globMatch(glob, object.fileName);
}

/**
 * Which output section each input section goes into. The rules are GNU ld 2.40's ("Input Section Description").
 *
 * The script's statements become a list of their own in which every pattern is a place for what it finds. Then the list
 * is walked once, from the first statement to the last: a section belongs to the first pattern that takes it, so the
 * order of the script decides, not how well a pattern fits. Within one pattern the sections stand in the order of the
 * command line unless it sorts. What no pattern took is an orphan (orphan-places.ts). The flags of an output section
 * follow from what went into it, one input after the other.
 */

import {
  SHF_EXECINSTR,
  SHF_GNU_RETAIN,
  SHF_GROUP,
  SHF_LINK_ORDER,
  SHF_TLS,
  SHF_WRITE,
  SHT_FINI_ARRAY,
  SHT_GROUP,
  SHT_INIT_ARRAY,
  SHT_NOBITS,
  SHT_NOTE,
  SHT_PREINIT_ARRAY,
  SHT_PROGBITS,
  SHT_REL,
  SHT_RELA,
  SHT_STRTAB,
} from "../object/elf.ts";
import { globMatch, globNames, isOneFile } from "../object/glob.ts";
import { knownSection } from "../object/known-sections.ts";
import { Chain } from "./chain.ts";
import type { InputObject, InputSection } from "./input-section.ts";
import { groupSections } from "./link-once.ts";
import type { LinkProblem } from "./link-problem.ts";
import { elfTypeOf, OrphanPlaces } from "./orphan-places.ts";
import { DISCARD, OutputSection, type Statement } from "./output-section.ts";
import { addMentionedSections } from "./script/mentioned-sections.ts";
import type { Expression, InputStatement, LinkerScript, SectionPattern, SortKind } from "./script/tree.ts";
import {
  SEC_ALLOC,
  SEC_DEBUGGING,
  SEC_EXCLUDE,
  SEC_GROUP,
  SEC_HAS_CONTENTS,
  SEC_LOAD,
  SEC_MERGE,
  SEC_NEVER_LOAD,
  SEC_READONLY,
  SEC_STRINGS,
} from "./section-flags.ts";
import { StatementChain } from "./statement-chain.ts";
import type { TopStatement } from "./top-statement.ts";

export interface PlacementOptions {
  readonly isRelocatable: boolean;
  /** -S: debugging sections are left out. */
  readonly stripDebugging: boolean;
  /** Groups of sections stay together in the output, as nobody has chosen among their copies for good. */
  readonly keepsGroups: boolean;
  readonly sectionStart: ReadonlyMap<string, number>;
  /** --sort-section: patterns that do not say how. */
  readonly sortSections: "name" | "alignment" | null;
  /** --orphan-handling */
  readonly orphans: "place" | "warn" | "error" | "discard";
  /** The result has no format, so that names of sections say nothing. */
  readonly isFlat: boolean;
  /** --unique: patterns of names; no section that has one is joined with another. */
  readonly uniqueNames: readonly string[];
  /** --unique without a pattern: nor is an orphan. */
  readonly hasUniqueOrphans: boolean;
}

/** The script with its patterns replaced by what they found. */
export class Placement {
  statements: TopStatement[] = [];
  /** Orphans that --orphan-handling wants to be told of. */
  readonly unplaced: { readonly section: InputSection; readonly isError: boolean }[] = [];
  /** --orphan-handling=discard threw something away. */
  discardsOrphans = false;
  readonly problems: LinkProblem[] = [];
  readonly #options: PlacementOptions;
  readonly #objects: readonly InputObject[];
  readonly #made = new Chain<OutputSection>();
  readonly #matched = new Map<Statement, InputStatement>();
  /** All sections there are by their names. */
  readonly #named = new Map<string, InputSection[]>();
  /** Their places in the order of the command line. */
  readonly #numbers = new Map<InputSection, number>();
  /** The sections whose names a statement's patterns fit: of most there are none. */
  readonly #fitting = new Map<InputStatement, InputSection[]>();

  constructor(scripts: readonly LinkerScript[], objects: readonly InputObject[], options: PlacementOptions) {
    this.#options = options;
    this.#objects = objects;
    for (const object of objects) {
      for (const section of this.#sectionsOf(object)) {
        if (!section) continue;
        this.#numbers.set(section, this.#numbers.size);
        const namesakes = this.#named.get(section.name);
        if (namesakes) namesakes.push(section);
        else this.#named.set(section.name, [section]);
      }
    }
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
        this.statements.unshift({ kind: "section", section });
      }
    }
    const chain = new StatementChain(this.statements);
    for (const script of scripts) {
      for (const { statements, place, section: name, line } of script.inserted) {
        const [section] = chain.named(name);
        if (section === undefined)
          this.problems.push({
            file: script.path,
            line,
            message: `there is no section ${name} to insert ${place}`,
            id: "link",
          });
        else {
          const slot = place === "before" ? chain.slotBefore(section) : chain.slotAfter(section);
          for (const statement of statements) chain.insertBefore(slot, this.#topStatement(statement, script.path));
        }
      }
    }
    this.statements = chain.toArray();
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
        this.#matched.set(wild, this.#sorted(inner));
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
    return this.#matched.get(statement) ?? null;
  }

  /** A pattern as --sort-section has it. */
  #sorted(statement: InputStatement): InputStatement {
    if (this.#options.sortSections === null) return statement;
    return { ...statement, patterns: statement.patterns.map((one) => ({ ...one, sort: this.#sortOf(one) })) };
  }

  /** Sections that KEEP protects, before anything is placed. */
  markKept(): void {
    for (const pattern of this.#matched.values()) {
      if (pattern.keep) for (const { section } of this.#find(pattern)) section.isRoot = true;
    }
  }

  place(): void {
    for (const name of this.#options.sectionStart.keys()) this.#makeNamed(name);
    for (const statement of this.statements) {
      if (statement.kind === "assign") this.#makeMentioned(statement.assignment.value);
      else if (statement.kind === "assert") this.#makeMentioned(statement.assertion.condition);
      if (statement.kind !== "section") continue;
      const { section } = statement;
      if (section.name === DISCARD) {
        for (const inner of section.statements)
          for (const { section: found } of this.#findFor(inner, true))
            if (found.output === null) found.isDiscarded = true;
        continue;
      }
      if (!this.#meetsConstraint(section)) continue;
      for (const inner of section.statements) {
        if (inner.kind === "wild") {
          const pattern = this.#matched.get(inner)!;
          for (const found of this.#order(this.#findFor(inner), pattern)) {
            if (!this.#add(section, found)) continue;
            inner.sections.push(found);
            if (pattern.keep) found.isKept = true;
          }
        } else this.#placeStatement(section, inner);
      }
    }
    this.#orphans();
    for (const output of this.outputs()) {
      const { command } = output;
      if ((output.flags & SEC_HAS_CONTENTS) !== 0) takeMeaning(output);
      else if (!output.hasInput && output.flags === 0 && !command?.type) takeWholeMeaning(output);
      const isKnown = output.type !== 0 || output.inputType !== 0 || (output.flags & SEC_HAS_CONTENTS) === 0;
      if (command?.type?.kind === "number" && !isKnown) output.declaredType = Number(command.type.value);
    }
    this.#inheritLoadRegions();
  }

  #placeStatement(section: OutputSection, inner: Exclude<Statement, { kind: "wild" }>): void {
    if (inner.kind === "data") {
      this.#makeMentioned(inner.statement.value);
      section.flags |= dataFlags(section.command) | (section.exists ? 0 : SEC_READONLY);
    }
    this.#make(section);
    if (inner.kind === "assign") this.#makeMentioned(inner.assignment.value);
    else if (inner.kind === "assert") this.#makeMentioned(inner.condition);
  }

  /** From now on there is this section, and with it those that its addresses are counted from. */
  #make(section: OutputSection): void {
    if (section.exists) return;
    section.exists = true;
    this.#made.insertBefore(null, section);
    const { address, loadAddress } = section.command ?? {};
    if (address) this.#makeMentioned(address);
    if (loadAddress) this.#makeMentioned(loadAddress);
  }

  #makeNamed(name: string): void {
    const named = this.statements.find((one) => one.kind === "section" && one.section.name === name);
    if (named?.kind === "section") this.#make(named.section);
  }

  /** Sections that an expression asks for have addresses, whether anything is in them or not. */
  #makeMentioned(expression: Expression): void {
    const names = new Set<string>();
    addMentionedSections(expression, names);
    for (const name of names) this.#makeNamed(name);
  }

  /** A section of the same region as the one before is loaded after it, unless the script says where. */
  #inheritLoadRegions(): void {
    let before: OutputSection | null = null;
    for (const statement of this.statements) {
      if (statement.kind !== "section" || statement.section.name === DISCARD) continue;
      const { section } = statement;
      if (
        before &&
        section.loadRegion === null &&
        !section.command?.loadAddress &&
        !section.command?.address &&
        !section.command?.overlay?.before &&
        section.fixedAddress === null &&
        section.region === before.region
      )
        section.loadRegion = before.loadRegion;
      before = section;
    }
  }

  /** The sections of the output in the order in which the file lists them: that in which they came to be. */
  made(): OutputSection[] {
    return [...this.#made.after(null)];
  }

  /** All sections of the output, in order. */
  outputs(): OutputSection[] {
    return this.statements.flatMap((statement) =>
      statement.kind === "section" && statement.section.exists ? [statement.section] : [],
    );
  }

  /**
   * Whether any pattern between DATA_SEGMENT_ALIGN and DATA_SEGMENT_RELRO_END, or the script's end where there is none,
   * finds something, be it linked there or elsewhere.
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
      .slice(start + 1, end < 0 ? undefined : end)
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

  #findFor(statement: Statement, isToDiscard = false): Found[] {
    const pattern = this.#matched.get(statement);
    return pattern ? this.#find(pattern, isToDiscard) : [];
  }

  #find(statement: InputStatement, isToDiscard = false): Found[] {
    const found: Found[] = [];
    let object: InputObject | null = null;
    let isTaken = false;
    for (const section of this.#namedAs(statement)) {
      if (section.object !== object) {
        object = section.object;
        isTaken = isOf(statement.file, object) && !statement.exclude.some((glob) => matchesFile(glob, section.object));
      }
      // A partial link keeps the members of groups apart, wherever the script puts them.
      const isApart = this.#options.keepsGroups && !isToDiscard;
      if (!isTaken || (isApart && (section.elf.flags & SHF_GROUP) !== 0) || this.#hasUniqueName(section)) continue;
      if (statement.flags) {
        // Common symbols are in no section of the file that could have flags.
        const flags = section === section.object.common ? 0 : section.elf.flags;
        const { wanted, refused } = statement.flags;
        if ((flags & wanted) !== wanted || (flags & refused) !== 0) continue;
      }
      const pattern =
        statement.patterns.length === 0
          ? EVERYTHING
          : statement.patterns.find(
              (candidate) =>
                globMatch(candidate.pattern, section.name) &&
                !candidate.exclude.some((glob) => matchesFile(glob, section.object)),
            );
      if (pattern) found.push({ section, pattern });
    }
    if (statement.sortFiles) found.sort((a, b) => compare(a.section.object.path, b.section.object.path));
    return found;
  }

  #hasUniqueName({ name }: InputSection): boolean {
    return this.#options.uniqueNames.some((pattern) => globMatch(pattern, name));
  }

  /** The sections whose names a statement's patterns fit, in the order of the command line. */
  #namedAs(statement: InputStatement): readonly InputSection[] {
    let named = this.#fitting.get(statement);
    if (named === undefined) {
      const { patterns } = statement;
      const names = new Set(
        patterns.length === 0
          ? this.#named.keys()
          : patterns.flatMap(({ pattern }) => [...globNames(pattern, this.#named)]),
      );
      named = [...names].flatMap((name) => this.#named.get(name)!);
      // Those of one name stand in this order already.
      if (names.size > 1) named.sort((a, b) => this.#numbers.get(a)! - this.#numbers.get(b)!);
      this.#fitting.set(statement, named);
    }
    return named;
  }

  /** A sorted pattern puts each section before the first one that has to follow it. */
  #order(found: readonly Found[], statement: InputStatement): InputSection[] {
    const free = found.filter(({ section }) => section.output === null && !section.isDiscarded);
    const sorts = new Map<SectionPattern, readonly SortKind[]>([[EVERYTHING, this.#sortOf(EVERYTHING)]]);
    for (const pattern of statement.patterns) sorts.set(pattern, pattern.sort[0] === "none" ? [] : pattern.sort);
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
  #sortOf({ pattern, sort }: SectionPattern): readonly SortKind[] {
    if (sort[0] === "none" || PIECES.has(pattern)) return sort;
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

  #isLeftOut(section: InputSection): boolean {
    const { isRelocatable, keepsGroups, stripDebugging } = this.#options;
    const unwanted =
      (isRelocatable ? 0 : SEC_EXCLUDE) | (keepsGroups ? 0 : SEC_GROUP) | (stripDebugging ? SEC_DEBUGGING : 0);
    if ((section.flags & unwanted) !== 0) return true;
    return section.elf.type === SHT_GROUP && this.#isEmptyGroup(section);
  }

  /** A group all of whose members were thrown away, or are left out, goes with them. */
  #isEmptyGroup(group: InputSection): boolean {
    const members = groupSections(group);
    // Groups have no groups as members; a file that says so is not followed in circles.
    const isGone = (member: InputSection): boolean =>
      member.isDiscarded || (member.elf.type !== SHT_GROUP && this.#isLeftOut(member));
    return members.length > 0 && members.every(isGone);
  }

  /** False when the section is not to be in the output. */
  #add(output: OutputSection, section: InputSection): boolean {
    if (section.output !== null || section.isDiscarded) return false;
    if (this.#isLeftOut(section)) return false;
    let { flags } = section;
    if (output.command?.noalloc) flags &= ~SEC_ALLOC;
    if (output.command?.noload) flags = (flags & ~(SEC_LOAD | SEC_HAS_CONTENTS)) | SEC_NEVER_LOAD;
    if (output.command?.isReadonly) flags |= SEC_READONLY;
    if (!output.exists || (!output.hasInput && output.flags === 0 && output.command === null)) {
      this.#make(output);
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
    // In a program the first input alone decides.
    if (this.#options.isRelocatable || !output.hasInput) output.keptFlags |= section.elf.flags & SHF_GNU_RETAIN;
    if (!output.hasInput) {
      output.hasInput = true;
      const { type, entrySizeBytes } = section.elf;
      output.keptFlags |= section.elf.flags & SHF_LINK_ORDER;
      output.linkedTo = section.linkedTo();
      const changed = output.flags ^ section.flags;
      if (changed === 0 || (output.command?.isReadonly && changed === SEC_READONLY)) {
        output.inputType = (this.#options.isFlat ? null : typeOfName(output.name)) ?? elfTypeOf(section);
        if (type !== SHT_PROGBITS && type !== SHT_NOBITS) output.type = type;
      }
      if ((flags & SEC_MERGE) !== 0) output.entrySizeBytes = entrySizeBytes;
    }
    output.align = Math.max(output.align, section.align);
    section.output = output;
    return true;
  }

  #orphans(): void {
    const statements = new StatementChain(this.statements);
    const places = new OrphanPlaces(statements, this.#made);
    for (const object of this.#objects) {
      for (const section of this.#sectionsOf(object)) {
        if (!section || section.output !== null || section.isDiscarded) continue;
        if (this.#isLeftOut(section)) continue;
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
        const output = places.outputFor(
          section,
          this.#options,
          this.#named.get(section.name)!,
          this.#options.hasUniqueOrphans || this.#hasUniqueName(section),
        );
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
    this.statements = statements.toArray();
  }
}

/** Pieces of two functions, whose order is that of the files. */
const PIECES: ReadonlySet<string> = new Set([".init", ".fini"]);

/** What a file's name without patterns means. */
const EVERYTHING: SectionPattern = { pattern: "*", sort: [], exclude: [] };

interface Found {
  readonly section: InputSection;
  readonly pattern: SectionPattern;
}

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

/** A name without wildcards means one file, which may be an archive: not a member of some archive. */
const isOf = (file: string, object: InputObject): boolean =>
  isOneFile(file) ? object.givenName === file : matchesFile(file, object);

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

/** What data of the script make of their section. */
function dataFlags(command: OutputSection["command"]): number {
  if (command?.noalloc) return SEC_HAS_CONTENTS;
  if (command?.noload) return SEC_NEVER_LOAD | SEC_ALLOC;
  return SEC_ALLOC | SEC_LOAD | SEC_HAS_CONTENTS | (command?.isReadonly ? SEC_READONLY : 0);
}

/**
 * A table of addresses or strings is one by its name, whatever goes into it. What the script alone writes into a
 * section has the permissions, too, that its name says.
 */
function takeMeaning(output: OutputSection): void {
  const known = knownSection(output.name);
  if (known === null) return;
  if (NAMED_TYPES.has(known.type) || (!output.hasInput && known.type === SHT_NOTE)) output.type = known.type;
  if (!output.hasInput) output.keptFlags |= known.flags & (SHF_WRITE | SHF_EXECINSTR | SHF_TLS);
}

/** Where the script only counts, nothing but the name says what the section is. */
function takeWholeMeaning(output: OutputSection): void {
  const known = knownSection(output.name);
  if (known === null || known.type === SHT_REL || known.type === SHT_RELA) return;
  output.type = known.type;
  output.keptFlags |= known.flags;
}

/** The type by which orphans know a section, where its name says more than its contents. */
function typeOfName(name: string): number | null {
  const type = knownSection(name)?.type;
  return type === undefined || PLAIN_TYPES.has(type) ? null : type;
}

const PLAIN_TYPES: ReadonlySet<number> = new Set([0, SHT_PROGBITS, SHT_NOTE, SHT_NOBITS]);

/**
 * Types that a name gives to its section; those of tables for dynamic linking, which nobody makes here, are left out.
 */
const NAMED_TYPES: ReadonlySet<number> = new Set([SHT_STRTAB, SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_PREINIT_ARRAY]);

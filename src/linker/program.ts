/** A program being linked: its inputs, the places of all sections, and everything that is wrong with it. */

import { alignUp } from "../object/align.ts";
import { SHF_ALLOC, SHF_WRITE, SHT_GROUP, SHT_NOBITS, STT_OBJECT, STV_DEFAULT, STV_PROTECTED } from "../object/elf.ts";
import { ElfError } from "../object/elf-reader.ts";
import { headerBytes } from "../object/elf-writer.ts";
import { greatest } from "../object/extremes.ts";
import { assignments, overriddenNames } from "./assigned-names.ts";
import { addBuildId, type BuildId, dropBuildIds } from "./build-id.ts";
import { orderCompanions } from "./companions.ts";
import type { Inflate } from "./compressed-sections.ts";
import { shrinkUnwind } from "./eh-frame.ts";
import { type FileLayout, fileLayout, withoutSegments } from "./file-offsets.ts";
import { FrameHeader } from "./frame-header.ts";
import { collectGarbage, scriptAliases } from "./garbage.ts";
import { takeWarnings } from "./gnu-warning.ts";
import { type CallFill, GlobalOffsetTable } from "./got.ts";
import { type InputObject, InputSection, madeSection } from "./input-section.ts";
import { type IncludedMember, Inputs, type LinkInput } from "./inputs.ts";
import { Layout } from "./layout.ts";
import { linkedMembers } from "./link-once.ts";
import type { LinkProblem, LinkWarning } from "./link-problem.ts";
import { mergeSections } from "./merge.ts";
import { DISCARD, type OutputSection } from "./output-section.ts";
import { overlaps } from "./overlaps.ts";
import { addPackageMetadata } from "./package-metadata.ts";
import { Placement, type PlacementOptions } from "./placement.ts";
import { duplicateProblem, ProblemReport } from "./problems.ts";
import { mergeProperties } from "./properties.ts";
import { scriptSegments } from "./script/segments.ts";
import type { Assignment, Expression, LinkerScript } from "./script/tree.ts";
import { SEC_READONLY, SEC_THREAD_LOCAL } from "./section-flags.ts";
import { mapSegments, PAGE_BYTES, type Segment } from "./segments.ts";
import { dropGoneStabs, joinStabs } from "./stabs.ts";
import { addStackNote, stackNoteOf } from "./stack-note.ts";
import type { LinkSymbol, SymbolTable } from "./symbols.ts";
import { FINDER, relaxThreadLocal } from "./thread-local.ts";

/** Where a program begins when neither an option nor a script says so. */
const USUAL_ENTRY = "start";

/** How often the number of program headers may change, and how often it may become smaller (ldelf_map_segments). */
const ATTEMPTS = 10;
const ATTEMPTS_TO_SHRINK = 4;
/** Where mistakes in the values of the command line's symbols are said to be. */
export const DEFINES_PATH = "--defsym";

export interface ProgramOptions {
  readonly script: LinkerScript;
  readonly isDefaultScript: boolean;
  /** What stands where on the command line, for the map; "script" is that which lays the sections out. */
  readonly commandOrder?: readonly ("file" | "define" | "section-start" | "script")[];
  /** Name or number; the script's ENTRY when absent. */
  readonly entry?: string;
  /** A missing entry point is an error, not the start of .text. */
  readonly requiresEntry?: boolean;
  /** --defsym */
  readonly defines?: readonly Assignment[];
  /** --defsym stands after the script on the command line. */
  readonly definesFollow?: boolean;
  readonly sectionStart?: ReadonlyMap<string, number>;
  readonly segmentStart?: ReadonlyMap<string, number>;
  /** -u */
  readonly undefinedNames?: readonly string[];
  /** -r */
  readonly isRelocatable?: boolean;
  /** --force-group-allocation: the members of groups are sections like others, also with -r. */
  readonly allocatesGroups?: boolean;
  /** -q */
  readonly emitRelocations?: boolean;
  /** The result says which relocations were applied; true when absent. Large programs are linked sooner without. */
  readonly keepsApplied?: boolean;
  readonly collectGarbage?: boolean;
  /** -n and -N: sections lie in the file as close as their alignment allows. */
  readonly isPaged?: boolean;
  /** -N */
  readonly isTextWritable?: boolean;
  readonly separateCode?: boolean;
  /** -z max-page-size, -z common-page-size: powers of two. */
  readonly pageBytes?: number;
  readonly commonPageBytes?: number;
  readonly relro?: boolean;
  readonly strip?: "none" | "debugging" | "all";
  readonly discard?: "merged-labels" | "labels" | "all" | "none";
  /** Of equal constants of several objects one is in the table. */
  readonly mergesConstants?: boolean;
  /** -z execstack, -z noexecstack; by default what the objects say. */
  readonly stack?: "executable" | "plain";
  /** Symbols that are defined twice; but for "report" the first definition counts. */
  readonly duplicateSymbols?: "report" | "warn" | "ignore";
  /** --unresolved-symbols=ignore-all, --warn-unresolved-symbols: they count as 0. */
  readonly undefinedSymbols?: "report" | "warn" | "ignore";
  /** --ignore-unresolved-symbol: these may stay undefined, and count as 0. */
  readonly ignoredNames?: ReadonlySet<string>;
  /** --require-defined */
  readonly requiredNames?: readonly string[];
  /** Loaded sections that overlap are errors. */
  readonly checksOverlaps?: boolean;
  /** --noinhibit-exec: what is wrong with the program does not keep it from being written, as far as there is one. */
  readonly enduresProblems?: boolean;
  /** --sort-common: by alignment. */
  readonly sortCommon?: "ascending" | "descending";
  readonly definesCommon?: boolean;
  /** --sort-section */
  readonly sortSections?: "name" | "alignment";
  /** --orphan-handling: what happens to sections that the script does not mention. */
  readonly orphans?: "place" | "warn" | "error" | "discard";
  /** --unique: patterns of sections that are joined with no other; no pattern means all orphans. */
  readonly unique?: readonly string[];
  /** --package-metadata: what the note says. */
  readonly packageMetadata?: string;
  /** -z start-stop-gc: `__start_NAME` and `__stop_NAME` keep no section. */
  readonly boundsKeepNothing?: boolean;
  /** --eh-frame-hdr */
  readonly hasFrameHeader?: boolean;
  /** --build-id */
  readonly buildId?: BuildId;
  readonly callFill?: CallFill;
  /** Decompresses sections; without it, objects that have compressed ones are refused. */
  readonly inflate?: Inflate;
  /** Properties that the program gets besides those of its objects: type -> bits. */
  readonly properties?: ReadonlyMap<number, number>;
  /** Of `__start_NAME` and `__stop_NAME` that the linker defines; protected when absent. */
  readonly boundsVisibility?: number;
  /** --retain-symbols-file: no other symbol is in the output's table. */
  readonly retainedSymbols?: ReadonlySet<string>;
  /** The output has no format: strings are not merged, and there are no headers. */
  readonly isFlat?: boolean;
}

/** The script, and the symbols of the command line as one of their own. */
function scriptsInOrder({ script, defines, definesFollow }: ProgramOptions): readonly LinkerScript[] {
  if (!defines?.length) return [script];
  const own = { ...script, path: DEFINES_PATH, statements: defines, inserted: [] };
  return definesFollow ? [script, own] : [own, script];
}

export class Program {
  readonly options: ProgramOptions;
  readonly objects: readonly InputObject[];
  readonly symbols: SymbolTable;
  readonly got: GlobalOffsetTable;
  readonly placement: Placement;
  readonly layout: Layout;
  /** Sections that --gc-sections threw away. */
  readonly removed: readonly InputSection[];
  /** As they were given. */
  readonly files: readonly LinkInput[];
  readonly included: readonly IncludedMember[];
  /** Common symbols in the order in which they got their memory. */
  readonly commons: { readonly name: string; readonly sizeBytes: number; readonly path: string }[] = [];
  /** The table of unwind information (`--eh-frame-hdr`). */
  readonly frameHeader: FrameHeader | null;
  readonly segments: readonly Segment[];
  readonly file: FileLayout;
  readonly report: ProblemReport;
  /** A partial link leaves groups together, unless the command line or the script says otherwise. */
  readonly keepsGroups: boolean;
  entry = 0;
  readonly warnings: LinkWarning[] = [];

  /** Throws `ElfError` for an input that cannot be read. */
  constructor(files: readonly LinkInput[], asked: ProgramOptions) {
    // GNU ld collects no garbage in flat images: a raw file with everything in it is what was asked for before.
    const options = asked.isFlat ? { ...asked, collectGarbage: false } : asked;
    this.options = options;
    this.report = new ProblemReport(options.enduresProblems ?? false);
    const isRelocatable = options.isRelocatable ?? false;
    const inputs = new Inputs(options);
    this.symbols = inputs.symbols;
    const { script } = options;
    const entryName = options.entry ?? script.entry;
    this.keepsGroups = isRelocatable && !script.allocatesGroups && !(options.allocatesGroups ?? false);
    this.#demandNames(entryName);
    for (const file of files) inputs.add(file);
    this.files = files;
    this.included = inputs.included;
    this.#tellDuplicates();
    this.#markScriptNames(script);
    const { objects, provided } = inputs;
    if (!isRelocatable) this.warnings.push(...takeWarnings(objects, this.symbols));
    this.#rewriteNotes(objects);
    this.frameHeader = options.hasFrameHeader && !isRelocatable && !options.isFlat ? FrameHeader.addTo(objects) : null;
    const scripts = scriptsInOrder(options);
    this.removed = options.collectGarbage ? this.#collectGarbage(objects, scripts, entryName, provided) : [];
    if (!isRelocatable) this.#relaxThreadLocals(objects);
    this.got = new GlobalOffsetTable(
      isRelocatable ? [] : objects,
      this.symbols,
      options,
      new Set(scripts.flatMap((one) => assignments(one).map(({ name }) => name))),
    );
    if (!isRelocatable || options.definesCommon || script.forcesCommon) this.#allocateCommon(objects);
    else for (const object of objects) this.#commonSection(object, 1);
    this.objects = this.got.object ? [...objects.slice(0, 1), this.got.object, ...objects.slice(1)] : objects;
    this.placement = new Placement(scripts, this.objects, this.#placementOptions());
    this.placement.place();
    this.#tellPlacement();
    if (!options.isFlat) this.#rearrange();
    alignThreadLocals(this.placement.made());
    if (!isRelocatable) this.#defineBounds();
    this.layout = new Layout(this.placement, this.symbols, script, {
      isRelocatable,
      relro: (options.relro ?? true) && !isRelocatable,
      segmentStart: options.segmentStart ?? new Map(),
      pageBytes: options.pageBytes ?? PAGE_BYTES,
      commonPageBytes: options.commonPageBytes ?? PAGE_BYTES,
      checksRegions: options.checksOverlaps ?? false,
      provided,
    });
    ({ segments: this.segments, file: this.file } = this.#layOut());
    this.layout.finish();
    this.#tellLayout();
    this.#findEntry(entryName);
    for (const name of options.requiredNames ?? []) if (!this.symbols.get(name)?.isDefined) this.report.required(name);
    if (options.checksOverlaps && !isRelocatable)
      for (const message of overlaps(this.outputs())) this.#fail(message, "section-overlap");
  }

  /** Names that archives are searched for although no object asks for them. */
  #demandNames(entryName: string | null): void {
    const { entry, isRelocatable = false, undefinedNames = [], script } = this.options;
    // A partial link begins nowhere, unless the command line says so.
    const needsEntry = !isRelocatable || entry !== undefined;
    if (entryName && !/^[0-9]/.test(entryName) && needsEntry) this.symbols.demand(entryName);
    for (const name of [...undefinedNames, ...script.externs]) this.symbols.demand(name);
  }

  #tellDuplicates(): void {
    const { duplicateSymbols } = this.options;
    const { duplicates } = this.symbols;
    if (duplicateSymbols === "warn") this.warnings.push(...duplicates.map(duplicateProblem));
    else if (duplicateSymbols !== "ignore") this.report.duplicates(duplicates);
  }

  /** Notes and debugging strings: one of each for the program in the place of the objects'. */
  #rewriteNotes(objects: readonly InputObject[]): void {
    const { isRelocatable = false, isFlat = false, strip = "none", buildId, packageMetadata, stack } = this.options;
    const [first] = objects;
    if (!isFlat && strip === "none") joinStabs(objects);
    if (!isRelocatable) dropBuildIds(objects);
    if (buildId && !isFlat && first) addBuildId(first, buildId);
    if (packageMetadata && !isFlat && first) addPackageMetadata(first, packageMetadata);
    if (!isFlat) mergeProperties(objects, this.options.properties ?? new Map());
    if (isRelocatable && stack && first) addStackNote(first, stack === "executable");
  }

  #placementOptions(): PlacementOptions {
    const { options } = this;
    return {
      isRelocatable: options.isRelocatable ?? false,
      stripDebugging: options.strip === "debugging" || options.strip === "all",
      keepsGroups: this.keepsGroups,
      sectionStart: options.sectionStart ?? new Map(),
      sortSections: options.sortSections ?? null,
      uniqueNames: (options.unique ?? []).filter((pattern) => pattern !== ""),
      hasUniqueOrphans: options.unique?.includes("") ?? false,
      orphans: options.orphans ?? "place",
      isFlat: options.isFlat ?? false,
    };
  }

  #collectGarbage(
    objects: readonly InputObject[],
    scripts: readonly LinkerScript[],
    entryName: string | null,
    provided: ReadonlySet<Assignment>,
  ): InputSection[] {
    const { isRelocatable = false, undefinedNames = [], script, boundsKeepNothing = false } = this.options;
    new Placement(scripts, objects, this.#placementOptions()).markKept();
    const roots = [entryName ?? USUAL_ENTRY, ...undefinedNames, ...script.externs];
    if (isRelocatable && !roots.some((name) => this.symbols.get(name)?.isDefined))
      this.report.script({
        file: "--gc-sections",
        line: 0,
        message: "a partial link needs a defined symbol to begin from: name one by -e or -u",
        id: "link",
      });
    return collectGarbage(objects, this.symbols, {
      roots,
      aliases: scriptAliases(scripts),
      overridden: overriddenNames(scripts, provided),
      isRelocatable,
      boundsKeepNothing,
    });
  }

  #tellPlacement(): void {
    for (const { section, isError } of this.placement.unplaced) {
      const file = section.object.path;
      const orphan = `orphan section \`${section.name}'`;
      if (isError)
        this.report.script({ file, line: 0, message: `${orphan} has no place in the script`, id: "orphan-section" });
      else {
        const message = `${orphan} is placed in section \`${section.output?.name ?? section.name}'`;
        this.warnings.push({ file, message, id: "orphan-section" });
      }
    }
    for (const problem of this.placement.problems) this.report.script(problem);
  }

  #tellLayout(): void {
    for (const [name, { path, line }] of this.layout.regions.undeclared)
      this.warnings.push({
        file: path,
        line,
        message: `memory region \`${name}' is not declared`,
        id: "undeclared-region",
        name,
      });
    for (const message of this.file.problems) this.#fail(message, "link");
    const { path } = this.options.script;
    for (const message of this.file.warnings) this.warnings.push({ file: path, message, id: "link" });
    for (const problem of this.layout.problems) this.report.script(problem);
  }

  /** A problem of the program as a whole: the script is to blame. */
  #fail(message: string, id: LinkProblem["id"]): void {
    this.report.script({ file: this.options.script.path, line: 0, message, id });
  }

  get problems(): readonly LinkProblem[] {
    return this.report.problems(this.symbols);
  }

  /** Output sections that are in the file, in order. */
  outputs(): OutputSection[] {
    const all = this.placement.made().filter(({ excluded, name }) => !excluded && name !== DISCARD);
    // Groups come before the sections that they gather.
    return [...all.filter(({ type }) => type === SHT_GROUP), ...all.filter(({ type }) => type !== SHT_GROUP)];
  }

  /** How many bytes of headers there are depends on the segments, and those on the addresses: until both agree. */
  #layOut(): { segments: readonly Segment[]; file: FileLayout } {
    const { options, layout } = this;
    if (options.isRelocatable || options.emitRelocations)
      for (const section of this.placement.outputs())
        section.keepsEmpty = section.inputs().some(({ object }) => object !== this.got.object);
    const isPaged = options.isPaged ?? true;
    if (options.isRelocatable || options.isFlat) {
      layout.run(options.isFlat ? 0 : headerBytes(0), true);
      return { segments: [], file: withoutSegments() };
    }
    const given = options.script.phdrs;
    const usesHeaders = options.isDefaultScript || options.script.usesHeaders;
    let count = given
      ? given.length
      : 2 +
        Number((options.relro ?? true) && this.placement.hasRelroInput()) +
        Number(this.#stackFlags() !== null) +
        Number(this.#frameHeaderOutput() !== null);
    let segments: readonly Segment[] = [];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt === 0 || usesHeaders) {
        layout.run(headerBytes(count), attempt === 0);
        if (this.outputs().filter(orderCompanions).length > 0) layout.run(headerBytes(count), false);
      }
      // .text is read-only whatever went into it, and with -N it is not.
      for (const section of this.placement.outputs())
        if (section.name === ".text")
          section.flags = options.isTextWritable ? section.flags & ~SEC_READONLY : section.flags | SEC_READONLY;
      segments = given
        ? scriptSegments(
            given,
            this.placement.statements.flatMap((one) => (one.kind === "section" ? one.section : [])),
            (expression) => layout.valueOf(expression),
            (line, message) => this.report.script({ file: options.script.path, line, message, id: "link" }),
          )
        : mapSegments(
            this.outputs(),
            {
              isPaged,
              pageBytes: options.pageBytes ?? PAGE_BYTES,
              separateCode: options.separateCode ?? true,
              stackFlags: this.#stackFlags(),
              frameHeader: this.#frameHeaderOutput(),
              relroStart: layout.segment.relroStart,
              relroEnd: layout.segment.relroEnd,
              loadsHeaders: usesHeaders,
            },
            count,
          );
      if (segments.length === count || given) break;
      // Whether the headers are loaded depends on how many there are. What does not settle only grows from then on.
      if (attempt >= ATTEMPTS_TO_SHRINK && segments.length < count) break;
      count = segments.length;
    }
    if (!given && areThreadLocalsApart(this.outputs()))
      this.#fail("thread-local sections are not next to each other: a thread's memory is one piece", "link");
    const { relroStart, relroEnd } = layout.segment;
    const file = fileLayout(segments, this.outputs(), {
      isPaged,
      pageBytes: options.pageBytes ?? PAGE_BYTES,
      headerCount: count,
      relroStart,
      relroEnd,
    });
    this.#defineHeaderStart(segments, file);
    return { segments, file };
  }

  /** `__ehdr_start`: where the ELF header is in memory, for programs that look at themselves. */
  #defineHeaderStart(segments: readonly Segment[], { headers, headersIn }: FileLayout): void {
    const symbol = this.symbols.get("__ehdr_start");
    if (symbol === undefined || symbol.isDefined) return;
    const header = headers[headersIn];
    if (header === undefined) return;
    const first =
      segments[headersIn]!.sections[0] ?? segments.find(({ sections }) => sections.length > 0)?.sections[0] ?? null;
    symbol.state = "defined";
    symbol.output = first;
    symbol.value = header.address - (first?.address ?? 0);
    symbol.isForcedLocal = true;
  }

  #frameHeaderOutput(): OutputSection | null {
    return this.frameHeader === null || this.frameHeader.section.isStripped ? null : this.frameHeader.section.output;
  }

  /** Permissions that the objects ask for the stack; null when none of them speaks of it. */
  #stackFlags(): number | null {
    if (this.options.stack) return this.options.stack === "executable" ? 7 : 6;
    const notes = this.objects.map((object) => (object.sections.length > 0 ? stackNoteOf(object) : null));
    if (notes.every((note) => note === null)) return null;
    const isExecutable = notes.some(
      (note, index) =>
        !this.objects[index]!.isMade &&
        !this.objects[index]!.isSymbolsAlone &&
        (note === null || (note.flags & 4) !== 0),
    );
    return isExecutable ? 7 : 6;
  }

  #relaxThreadLocals(objects: readonly InputObject[]): void {
    const sections = objects.flatMap((object) => object.sections.flatMap((section) => section ?? []));
    for (const section of sections) relaxThreadLocal(section);
    const finder = this.symbols.get(FINDER);
    if (finder === undefined || finder.isDefined) return;
    const isCalled = sections.some(({ object, relocations }) =>
      [...relocations].some(({ symbol }) => object.globals[symbol] === finder),
    );
    if (!isCalled) finder.isUnused = true;
  }

  /** Each common symbol gets memory in a section COMMON of the object that asked for most. */
  #allocateCommon(objects: readonly InputObject[]): void {
    const { options } = this;
    const byObject = new Map<InputObject, LinkSymbol[]>();
    for (const symbol of this.symbols.walk()) {
      if (symbol.state !== "common" || !symbol.object) continue;
      this.commons.push({ name: symbol.name, sizeBytes: symbol.sizeBytes, path: symbol.object.path });
      const list = byObject.get(symbol.object);
      if (list) list.push(symbol);
      else byObject.set(symbol.object, [symbol]);
    }
    for (const object of objects) {
      const list = byObject.get(object) ?? [];
      const section = this.#commonSection(
        object,
        greatest(
          list.map(({ align }) => align),
          1,
        ),
      );
      if (!section) continue;
      if (options.collectGarbage && list.length === 0) section.isDiscarded = true;
      const { sortCommon } = options;
      if (sortCommon) list.sort((a, b) => (sortCommon === "ascending" ? a.align - b.align : b.align - a.align));
      for (const symbol of list) {
        if (symbol.align > 0x10000000 || (symbol.align & (symbol.align - 1)) !== 0)
          throw new ElfError(
            object.path,
            `the common symbol ${symbol.name} has alignment ${symbol.align}, which is not a power of two`,
          );
        const offset = alignUp(section.sizeBytes, symbol.align);
        section.sizeBytes = offset + symbol.sizeBytes;
        // Nothing uses any symbol of the object: the section is thrown away.
        if (symbol.isUnused) {
          section.isDiscarded = true;
          continue;
        }
        symbol.value = offset;
        symbol.state = "defined";
        symbol.section = section;
        if (symbol.type === 0) symbol.type = STT_OBJECT;
      }
    }
  }

  /**
   * Makes the section COMMON of an object that asked for the most memory for some symbol when it was read, also if
   * others asked for more later.
   */
  #commonSection(object: InputObject, align: number): InputSection | null {
    if (!this.symbols.commonObjects.has(object)) return null;
    const elf = madeSection({ name: "COMMON", type: SHT_NOBITS, flags: SHF_ALLOC | SHF_WRITE, align });
    return (object.common = new InputSection(object, elf));
  }

  #rearrange(): void {
    for (const { sections } of this.objects)
      for (const section of sections) {
        if (!section || section.elf.type !== SHT_GROUP || section.output === null) continue;
        section.sizeBytes = 4 + 4 * linkedMembers(section).length;
        section.content = section.content.subarray(0, section.sizeBytes);
      }
    const order = new Map(this.objects.map((object, index) => [object, index]));
    for (const output of this.placement.outputs()) {
      const inputs = output.inputs();
      if (!this.options.isRelocatable)
        mergeSections(
          [...inputs].sort((a, b) => order.get(a.object)! - order.get(b.object)! || a.elf.index - b.elf.index),
        );
      if (output.name === ".stab")
        for (const input of inputs) dropGoneStabs(input, this.options.isRelocatable ?? false);
      if (output.name === ".eh_frame")
        shrinkUnwind(
          inputs.filter(({ name }) => name === ".eh_frame"),
          !this.options.isRelocatable,
        );
    }
    const frames = this.placement.outputs().find(({ name }) => name === ".eh_frame");
    this.frameHeader?.settle(frames?.inputs().filter(({ name }) => name === ".eh_frame") ?? [], this.symbols);
  }

  /** __start_NAME and __stop_NAME of sections whose names are C identifiers, where something asks for them. */
  #defineBounds(): void {
    const ownNames = new Set(assignments(this.options.script).map(({ name }) => name));
    for (const output of this.placement.outputs()) {
      if (!C_IDENTIFIER.test(output.name) || !output.hasInput) continue;
      for (const [prefix, atEnd] of [
        ["__start_", false],
        ["__stop_", true],
      ] as const) {
        const symbol = this.symbols.get(prefix + output.name);
        if (!symbol || symbol.isDefined || symbol.state === "common") continue;
        const section: Expression[] = [{ kind: "name", name: output.name, line: 0 }];
        const start: Expression = { kind: "call", name: "ADDR", args: section, line: 0 };
        const value: Expression = atEnd
          ? {
              kind: "binary",
              operator: "+",
              left: start,
              right: { kind: "call", name: "SIZEOF", args: section, line: 0 },
            }
          : start;
        this.placement.statements.push({
          kind: "assign",
          scriptPath: this.options.script.path,
          assignment: { kind: "assign", name: symbol.name, value, mode: "provide", line: 0 },
        });
        // A reference may ask for less, and a script's own symbol is as visible as others.
        if (symbol.visibility === STV_DEFAULT && !ownNames.has(symbol.name))
          symbol.visibility = this.options.boundsVisibility ?? STV_PROTECTED;
      }
    }
  }

  /** Names on the right of assignments count as referenced, so that a PROVIDE for them takes effect. */
  #markScriptNames(script: LinkerScript): void {
    const visit = (expression: Expression): void => {
      if (expression.kind === "name" && expression.name !== ".") {
        const known = this.symbols.get(expression.name);
        if (known) known.isReferenced = true;
      } else if (expression.kind === "unary") visit(expression.operand);
      else if (expression.kind === "binary") [expression.left, expression.right].forEach(visit);
      else if (expression.kind === "conditional") [expression.condition, expression.yes, expression.no].forEach(visit);
    };
    for (const statement of script.statements) if (statement.kind === "assign") visit(statement.value);
  }

  #findEntry(name: string | null): void {
    if (name && /^[0-9]/.test(name)) {
      this.entry = Number(name);
      return;
    }
    const symbol = this.symbols.get(name ?? USUAL_ENTRY);
    if (symbol?.isDefined) {
      this.entry = symbol.address();
      return;
    }
    if (this.options.isRelocatable) {
      if (this.options.entry)
        this.warnings.push({
          message: `cannot find entry symbol ${name}; not setting start address`,
          id: "entry-symbol",
        });
      return;
    }
    // Also one that turned out to be empty, and is not in the file.
    const text = this.placement.outputs().find((section) => section.name === ".text");
    if (this.options.requiresEntry)
      this.report.script({
        file: this.options.script.path,
        line: 1,
        message: `the entry point ${name} is not defined`,
        id: "entry-symbol",
      });
    else if (name)
      this.warnings.push({
        message: `cannot find entry symbol ${name}; ${text ? `defaulting to ${(text.address >>> 0).toString(16).padStart(8, "0")}` : "not setting start address"}`,
        id: "entry-symbol",
      });
    this.entry = text?.address ?? 0;
  }
}

/** Each thread's copy begins at its largest alignment: so does the first of its sections. */
function alignThreadLocals(sections: readonly OutputSection[]): void {
  const isThreadLocal = ({ flags }: OutputSection): boolean => (flags & SEC_THREAD_LOCAL) !== 0;
  const start = sections.findIndex(isThreadLocal);
  if (start < 0) return;
  const end = sections.findIndex((section, index) => index > start && !isThreadLocal(section));
  const all = sections.slice(start, end < 0 ? sections.length : end);
  sections[start]!.align = greatest(all.map(({ align }) => align));
}

/** Whether anything stands between the first thread-local section and the last one. */
function areThreadLocalsApart(sections: readonly OutputSection[]): boolean {
  const isThreadLocal = ({ flags }: OutputSection): boolean => (flags & SEC_THREAD_LOCAL) !== 0;
  const [first, last] = [sections.findIndex(isThreadLocal), sections.findLastIndex(isThreadLocal)];
  return first >= 0 && !sections.slice(first, last).every(isThreadLocal);
}

const C_IDENTIFIER = /^[A-Za-z_]\w*$/;

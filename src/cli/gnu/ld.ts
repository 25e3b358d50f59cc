/** `qure ld`: links objects and archives as GNU ld does. */
import { existsSync, statSync } from "node:fs";
import { blobObject, symbolsAlone } from "../../binutils/raw-object.ts";
import { type Diagnostic, formatDiagnostic } from "../../diagnostic/diagnostic.ts";
import { inflate } from "../../host/compression.ts";
import { describeError } from "../../host/describe-error.ts";
import { isReplaceable, writeFileAside, writeFilesAside } from "../../host/files.ts";
import { assignmentInput } from "../../linker/assigned-names.ts";
import { linkDiagnostics } from "../../linker/diagnostics.ts";
import type { LinkInput } from "../../linker/inputs.ts";
import { linkProgram, linkTo } from "../../linker/link.ts";
import { linkMap } from "../../linker/link-map.ts";
import type { LinkProblem } from "../../linker/link-problem.ts";
import { memoryUsage } from "../../linker/memory-usage.ts";
import type { Program, ProgramOptions } from "../../linker/program.ts";
import { flatImage } from "../../linker/program-file.ts";
import { propertiesAsked } from "../../linker/properties.ts";
import { defaultScript, type ScriptKind } from "../../linker/script/default.ts";
import { mergeScripts } from "../../linker/script/merge.ts";
import { parseScript } from "../../linker/script/parser.ts";
import { type Assignment, type LinkerScript, ScriptError } from "../../linker/script/tree.ts";
import { linkWarnings } from "../../linker/warnings.ts";
import { isArchive } from "../../object/archive.ts";
import type { ByteSource } from "../../object/byte-source.ts";
import { SHN_UNDEF } from "../../object/elf.ts";
import { ElfError } from "../../object/elf-reader.ts";
import { VERSION } from "../../version.ts";
import { readListed, readRegularFile } from "../bounded-file.ts";
import { CommandError, commandName, say, UsageError, withFile } from "../fail.ts";
import { standardError, standardOutput } from "../streams.ts";
import { type SymbolNaming, symbolNaming } from "./demangling.ts";
import { type GnuArgument, parseArguments } from "./gnu-options.ts";
import { boundsVisibility, callFill, pageSize } from "./ld-keywords.ts";
import { crossReferences, dependencyRules, tracedFiles } from "./ld-lists.ts";
import { NamedFiles } from "./ld-named-files.ts";
import { buildIdOf, packageMetadataOf } from "./ld-notes.ts";
import { LD_COMMAND } from "./ld-options.ts";
import { memberReader, readBytes } from "./object-input.ts";
import { OpenFiles } from "./open-files.ts";
import { StreamedFile } from "./streamed-file.ts";

const RETAIN = "--retain-symbols-file";
/** Options that each take the place of the one before. */
const STRIPPING: ReadonlySet<string> = new Set(["-s", "-S", RETAIN]);

/** What the map shows in the order of the command line. */
const COMMAND_ORDER: Readonly<Record<string, "file" | "define" | "section-start" | "script">> = {
  "": "file",
  "-l": "file",
  "--defsym": "define",
  "-Ttext": "section-start",
  "-Tdata": "section-start",
  "-Tbss": "section-start",
  "--section-start": "section-start",
  "-T": "script",
};

export function run(args: readonly string[]): void {
  const parsed = parseArguments(LD_COMMAND, args);
  if (parsed === null) return;
  new LinkCommand(parsed).run();
}

class LinkCommand {
  readonly #parsed: readonly GnuArgument[];
  readonly #folders: readonly string[];
  /** In the order of the command line. */
  readonly #scripts: LinkerScript[] = [];
  #replacesDefault = false;
  readonly #files = new OpenFiles();
  /** Files of the link, in the order in which they were read. */
  readonly #opened: string[] = [];

  readonly #nameOf: SymbolNaming;

  constructor(parsed: readonly GnuArgument[]) {
    this.#parsed = parsed;
    const naming = symbolNaming(parsed, true);
    this.#nameOf = (symbol) => Buffer.from(naming(symbol), "latin1").toString();
    this.#folders = this.#values("-L").map((folder) => folder.replace(/^=/, ""));
  }

  #has(option: string): boolean {
    return this.#parsed.some((argument) => argument.option === option);
  }

  #values(option: string): string[] {
    return this.#parsed.filter((argument) => argument.option === option).map(({ value }) => value);
  }

  #last(option: string): string | undefined {
    return this.#values(option).at(-1);
  }

  run(): void {
    try {
      this.#link();
    } finally {
      this.#files.close();
    }
  }

  #link(): void {
    if (this.#has("-v") || this.#has("-V")) standardOutput().write(`GNU ld (QuRe ${VERSION}) 2.40\n`);
    if (this.#has("-V")) standardOutput().write("  Supported emulations:\n   elf_i386\n");
    const format = this.#last("--oformat") ?? "elf32-i386";
    if (format !== "binary" && format !== "elf32-i386")
      throw new UsageError(`--oformat ${format}: it is elf32-i386 or binary`);
    if (this.#has("--print-sysroot")) return;
    if (this.#has("--print-output-format")) return void standardOutput().write(`${format}\n`);
    const inputs = this.#inputs();
    if (this.#has("--verbose")) this.#showScript();
    if (inputs.length === 0 && this.#has("--verbose")) return;
    if (inputs.length === 0) {
      if (this.#has("-v") || this.#has("-V")) return;
      throw new UsageError("no files to link (see qure ld --help)");
    }
    const plain = this.#options();
    const flat =
      format === "binary" ||
      (this.#scripts.some(({ outputFormat }) => outputFormat === "binary") && !this.#has("--oformat"));
    const options = { ...plain, isFlat: flat };
    const outputPath = this.#last("-o") ?? plain.script.outputFile ?? "a.out";
    // What is looked at as a whole when it is done is made in memory, and so is what goes to a device.
    const isWhole = flat || options.buildId !== undefined || !isReplaceable(outputPath);
    const mode = options.isRelocatable ? 0o666 : 0o777;
    const file = new StreamedFile(outputPath, mode);
    try {
      const whole = isWhole ? linkProgram(inputs, options) : null;
      const { program, image, problems } = whole ?? linkTo(inputs, options, () => file.sink());
      this.#tell(program, problems, outputPath, flat);
      if (whole === null) file.finish(image!.sizeBytes);
      else {
        const content = flat ? flatImage(program!, whole.image!) : whole.image!.bytes;
        if (content === null) throw new CommandError(program!.problems.at(-1)!.message);
        writeFilesAside([{ path: outputPath, content, mode, isProduct: true }]);
      }
    } finally {
      file.discard();
    }
  }

  /** All that is said about a link. Throws `CommandError` when nothing came of it. */
  #tell(program: Program | null, problems: readonly LinkProblem[], outputPath: string, flat: boolean): void {
    if (program) this.#trace(program);
    const warnings =
      program && !this.#has("-w")
        ? linkWarnings(program, outputPath, {
            rwxSegments: this.#lastOf("--warn-rwx-segments", "--no-warn-rwx-segments") ?? true,
            stack: this.#lastOf("--warn-execstack", "--no-warn-execstack") ?? true,
            common: this.#has("--warn-common"),
          })
        : [];
    this.#report(linkDiagnostics(warnings, readSource, "warning"));
    if (this.#has("--print-gc-sections"))
      for (const section of program?.removed.filter(({ elf }) => elf.sizeBytes > 0) ?? [])
        say(
          "note",
          `removing unused section '${section.name}${section.group ? `[${section.group}]` : ""}' in file '${section.object.path}'`,
        );
    if (problems.length > 0) {
      const diagnostics = linkDiagnostics(problems, readSource);
      this.#report(diagnostics);
      if (program) this.#list(program, outputPath, flat); // It tells what went wrong.
      throw new CommandError(`nothing was linked: ${diagnostics.length} error${diagnostics.length === 1 ? "" : "s"}`);
    }
    this.#report(linkDiagnostics(program!.report.endured, readSource, "warning"));
    const isFatal = this.#lastOf("--fatal-warnings", "--no-fatal-warnings") && !this.#has("--noinhibit-exec");
    if (warnings.length > 0 && isFatal)
      throw new CommandError("nothing was linked: --fatal-warnings makes errors of the warnings");
    const dependencies = this.#last("--dependency-file");
    if (dependencies !== undefined) {
      const scripts = this.#parsed.filter(({ option }) => option === "-T" || option === "-dT");
      const paths = scripts.map(({ value }) => this.#find(value));
      writeFileAside(dependencies, dependencyRules(outputPath, [...paths, ...this.#opened]));
    }
    this.#list(program!, outputPath, flat);
  }

  /** `-t`, the map, `--print-memory-usage`. */
  #list(program: Program, outputPath: string, flat: boolean): void {
    const traces = this.#values("-t").length;
    if (traces > 0) standardOutput().write(tracedFiles(program.files, program, traces > 1));
    this.#writeMap(program, outputPath, flat);
    if (this.#has("--print-memory-usage")) standardOutput().write(memoryUsage(program));
  }

  /** `-y`, and `--cref`. */
  #trace(program: Program): void {
    const wanted = this.#values("-y");
    for (const { path, elf, isMade } of program.objects) {
      if (isMade || wanted.length === 0) continue;
      for (const index of elf.table.globals) {
        const { name, section } = elf.table.at(index)!;
        if (wanted.includes(name))
          standardError().write(
            `${commandName()}: ${path}: ${section === SHN_UNDEF ? "reference to" : "definition of"} ${name}\n`,
          );
      }
    }
    // The end of the map, where there is one.
    if (this.#has("--cref") && !this.#wantsMap) standardOutput().write(crossReferences(program, this.#nameOf));
  }

  /** Of an option and its opposite the last one counts; null when neither is there. */
  #lastOf(option: string, opposite: string): boolean | null {
    const last = this.#parsed.findLast((argument) => argument.option === option || argument.option === opposite);
    return last ? last.option === option : null;
  }

  #report(diagnostics: readonly Diagnostic[]): void {
    // A caret stays under the name that the source has.
    const named = (message: string): string => message.replace(/[\w.$]+/g, this.#nameOf);
    for (const found of diagnostics) {
      const suggestion = found.suggestion === undefined ? {} : { suggestion: this.#nameOf(found.suggestion) };
      const diagnostic = { ...found, ...suggestion, message: named(found.message) };
      standardError().write(`${formatDiagnostic(diagnostic, { colour: standardError().isTTY === true })}\n`);
    }
  }

  get #wantsMap(): boolean {
    return this.#has("-M") || this.#has("-Map");
  }

  #writeMap(program: Program, outputPath: string, flat: boolean): void {
    if (!this.#wantsMap) return;
    const list = linkMap(program, {
      outputPath,
      format: flat ? "binary" : "elf32-i386",
      nameOf: this.#nameOf,
      listsDiscarded: !this.#has("--no-print-map-discarded"),
    });
    const map = this.#has("--cref") ? list + crossReferences(program, this.#nameOf) : list;
    const path = this.#last("-Map");
    if (this.#has("-M") || path === "-") standardOutput().write(map);
    else writeFileAside(path!, map);
    if (this.#has("-M") && path !== undefined && path !== "-") writeFileAside(path, map);
  }

  #scriptKind(separateCode: boolean): ScriptKind {
    if (this.#has("-r")) return "partial";
    if (this.#has("-N")) return "writable-text";
    return this.#has("-n") ? "unpaged" : separateCode ? "paged" : "no-separate-code";
  }

  /** `--verbose`: the script between lines of equal signs, from where Makefiles take it. */
  #showScript(): void {
    const own = this.#values("-T").map((path) => Buffer.from(readBytes(this.#find(path))).toString("latin1"));
    const kind = this.#scriptKind(!this.#values("-z").includes("noseparate-code"));
    const rule = "=".repeat(50);
    const origin = own.length > 0 ? "external" : "internal";
    const text = own.length > 0 ? own.join("") : defaultScript(kind);
    standardOutput().write(`GNU ld (QuRe ${VERSION}) 2.40\n  Supported emulations:\n   elf_i386\n`);
    standardOutput().write(`using ${origin} linker script:\n${rule}\n${text}\n${rule}\n`);
  }

  #options(): ProgramOptions {
    const pages = this.#pageOptions();
    return {
      ...pages,
      ...this.#scriptOptions(pages.separateCode),
      ...this.#sectionOptions(),
      ...this.#symbolOptions(),
      ...this.#noteOptions(),
      isRelocatable: this.#has("-r"),
      emitRelocations: this.#has("-q"),
      keepsApplied: false,
      enduresProblems: this.#has("--noinhibit-exec"),
      inflate,
    };
  }

  /** What becomes of pages, and of the rights that they have. */
  #pageOptions(): Partial<ProgramOptions> & { readonly separateCode: boolean } {
    const isUnpaged = this.#has("-n") || this.#has("-N");
    const keywords = this.#values("-z");
    const on = (name: string): boolean => keywords.includes(name);
    const commonBytes = pageSize(keywords, "common-page-size");
    const pageBytes = pageSize(keywords, "max-page-size") ?? Math.max(0x1000, commonBytes ?? 0);
    if (commonBytes !== null && commonBytes > pageBytes)
      throw new UsageError(`-z common-page-size=${commonBytes}: it is larger than max-page-size`);
    return {
      isPaged: !isUnpaged,
      isTextWritable: this.#has("-N"),
      separateCode: !on("noseparate-code") && !isUnpaged,
      pageBytes,
      commonPageBytes: Math.min(pageBytes, commonBytes ?? 0x1000),
      relro: !on("norelro"),
      ...(on("execstack") ? { stack: "executable" as const } : on("noexecstack") ? { stack: "plain" as const } : {}),
    };
  }

  /** Scripts, and what the command line says in the place of one. */
  #scriptOptions(separateCode: boolean): Partial<ProgramOptions> & Pick<ProgramOptions, "script" | "isDefaultScript"> {
    const entry = this.#last("-e");
    const script = this.#replacesDefault
      ? mergeScripts(this.#scripts)
      : mergeScripts([
          ...this.#scripts,
          parseScript(defaultScript(this.#scriptKind(separateCode)), "the built-in script"),
        ]);
    const segments = new Map<string, number>();
    const sectionStart = this.#sectionStarts();
    for (const name of ["text-segment", "rodata-segment", "ldata-segment"]) {
      const value = this.#last(`-T${name}`);
      if (value !== undefined) segments.set(name, hexadecimal(value, `-T${name}`));
    }
    const position = (option: string): number => this.#parsed.findIndex((argument) => argument.option === option);
    const [scriptAt, definesAt] = [position("-T"), position("--defsym")];
    return {
      script,
      isDefaultScript: !this.#replacesDefault,
      commandOrder: this.#commandOrder(scriptAt),
      definesFollow: scriptAt >= 0 && definesAt > scriptAt,
      ...(entry === undefined ? {} : { entry }),
      defines: this.#values("--defsym").flatMap(defsym),
      sectionStart,
      segmentStart: segments,
    };
  }

  /** The statements of all scripts are one list, which stands where the first script is named. */
  #commandOrder(scriptAt: number): NonNullable<ProgramOptions["commandOrder"]> {
    const order = this.#parsed.flatMap(({ option }, index) =>
      option === "-T" && index !== scriptAt ? [] : (COMMAND_ORDER[option] ?? []),
    );
    if (this.#replacesDefault && order.includes("script")) return order;
    return [...order.filter((item) => item !== "script"), "script"];
  }

  #sectionStarts(): Map<string, number> {
    const starts = new Map<string, number>();
    for (const { option, value } of this.#parsed) {
      const section = { "-Ttext": ".text", "-Tdata": ".data", "-Tbss": ".bss" }[option];
      if (section) starts.set(section, hexadecimal(value, option));
      if (option !== "--section-start") continue;
      const match = /^([^=]+)=(.+)$/.exec(value);
      if (!match) throw new UsageError(`--section-start ${value}: it wants NAME=ADDRESS`);
      starts.set(match[1]!, hexadecimal(match[2]!, "--section-start"));
    }
    return starts;
  }

  /** Which sections are in the program, and in what order. */
  #sectionOptions(): Partial<ProgramOptions> {
    const sortSections = this.#choice("--sort-section", ["name", "alignment"] as const);
    const orphans = this.#choice("--orphan-handling", ["place", "warn", "error", "discard"] as const);
    const sortCommon = this.#last("--sort-common") === "ascending" ? "ascending" : "descending";
    return {
      collectGarbage: this.#lastOf("--gc-sections", "--no-gc-sections") ?? false,
      definesCommon: this.#has("-d"),
      allocatesGroups: this.#has("--force-group-allocation"),
      checksOverlaps: this.#lastOf("--check-sections", "--no-check-sections") ?? true,
      unique: this.#values("--unique"),
      ...(sortSections ? { sortSections } : {}),
      ...(orphans ? { orphans } : {}),
      ...(this.#has("--sort-common") ? { sortCommon } : {}),
    };
  }

  /** Which symbols there are, which of them may be missing or twice, and which are in the table. */
  #symbolOptions(): Partial<ProgramOptions> {
    const endures = this.#has("--noinhibit-exec");
    const keywords = this.#values("-z");
    // The last of them says what is left out.
    const stripping = this.#parsed.findLast(({ option }) => STRIPPING.has(option))?.option;
    const retained = stripping === RETAIN ? this.#last(RETAIN) : undefined;
    const ignoresDuplicates = this.#has("--allow-multiple-definition") || keywords.includes("muldefs");
    const ignoresUndefined = this.#last("--unresolved-symbols")?.startsWith("ignore") ?? false;
    const warnsOfUndefined = this.#lastOf("--warn-unresolved-symbols", "--error-unresolved-symbols") ?? endures;
    return {
      undefinedNames: [...this.#values("-u"), ...this.#values("--require-defined")],
      requiredNames: this.#values("--require-defined"),
      // An object's relocations need its symbols.
      strip:
        stripping === "-s" && !this.#has("-r")
          ? "all"
          : stripping === "-s" || stripping === "-S"
            ? "debugging"
            : "none",
      discard: this.#discard(stripping),
      duplicateSymbols: ignoresDuplicates ? "ignore" : endures ? "warn" : "report",
      ignoredNames: new Set(this.#values("--ignore-unresolved-symbol")),
      undefinedSymbols: ignoresUndefined ? "ignore" : warnsOfUndefined ? "warn" : "report",
      boundsKeepNothing: keywords.findLast((word) => word.endsWith("start-stop-gc")) === "start-stop-gc",
      boundsVisibility: boundsVisibility(keywords),
      ...(retained === undefined ? {} : { retainedSymbols: namesIn(retained) }),
    };
  }

  /** Which local symbols are left out. */
  #discard(stripping: string | undefined): NonNullable<ProgramOptions["discard"]> {
    if (this.#has("-x") || (this.#has("-r") && stripping === "-s")) return "all";
    if (this.#has("-X")) return "labels";
    return this.#has("--discard-none") ? "none" : "merged-labels";
  }

  /** What the linker itself puts into the program. */
  #noteOptions(): Partial<ProgramOptions> {
    const isQuiet = this.#has("-w");
    const keywords = this.#values("-z");
    const buildId = buildIdOf(this.#last("--build-id"), isQuiet);
    const metadata = packageMetadataOf(this.#last("--package-metadata") ?? "", isQuiet);
    return {
      hasFrameHeader: this.#lastOf("--eh-frame-hdr", "--no-eh-frame-hdr") ?? false,
      ...(buildId ? { buildId } : {}),
      ...(metadata === null ? {} : { packageMetadata: metadata }),
      properties: propertiesAsked(keywords),
      ...callFill(keywords),
    };
  }

  /** The value of an option that is one of a few words. */
  #choice<Word extends string>(option: string, words: readonly Word[]): Word | undefined {
    const value = this.#last(option);
    const word = words.find((candidate) => candidate === value);
    if (value !== undefined && word === undefined)
      throw new UsageError(`${option}=${value}: it is one of ${words.join(", ")}`);
    return word;
  }

  /**
   * Files, archives and groups in the order of the command line. A file that is neither object nor archive is a script.
   */
  #inputs(): LinkInput[] {
    const top: LinkInput[] = [];
    let group: LinkInput[] | null = null;
    let whole = false;
    const states: boolean[] = [];
    let format = "elf32-i386";
    const wrapped = new Set(this.#values("--wrap"));
    const named = new NamedFiles();
    const add = (path: string, name = path): void => {
      this.#opened.push(path);
      const bytes =
        format === "binary" ? blobObject(readBytes(path), path) : (this.#largeObject(path) ?? readBytes(path));
      if (!(bytes instanceof Uint8Array) || isArchive(bytes) || isElf(bytes)) {
        const input = {
          kind: "file",
          path,
          name,
          bytes,
          wholeArchive: whole,
          readMember: memberReader(path),
          wrapped,
        } as const;
        named.give(name, input);
        (group ?? top).push(input);
        return;
      }
      const script = this.#parseScriptFile(
        Buffer.from(bytes).toString("latin1"),
        path,
        `${path}: it is neither an object nor an archive, and not a linker script either`,
      );
      addScript(script, path);
    };
    const addScript = (script: LinkerScript, path?: string): void => {
      this.#scripts.push(script);
      (group ?? top).push(assignmentInput(script, path));
      this.#scriptInputs(script, add, top);
      (group ?? top).push(named.ask(script));
    };
    for (const { option, value } of [
      ...this.#parsed,
      ...this.#parsed
        .filter((argument) => argument.option === "-dT")
        .slice(-1)
        .map(({ value: path }) => ({ option: "default script", value: path })),
    ]) {
      if (option === "") add(value);
      else if (option === "--just-symbols" || (option === "-R" && !isFolder(value))) {
        this.#opened.push(value);
        (group ?? top).push({ kind: "file", path: value, bytes: justSymbols(value) });
      } else if (option === "-T" || option === "default script") {
        const script = this.#readScript(value);
        addScript(script);
        // A script that only adds to another one leaves the built-in one in force.
        if (script.inserted.length === 0) this.#replacesDefault = true;
      } else if (option === "-l") add(this.#library(value), `-l${value}`);
      else if (option === "--defsym") (group ?? top).push({ kind: "assignments", statements: defsym(value) });
      else if (option === "-b") {
        format = value === "default" ? "elf32-i386" : value;
        if (format !== "binary" && format !== "elf32-i386")
          throw new UsageError(`-b ${value}: files are elf32-i386 or binary`);
      } else if (option === "--whole-archive") whole = true;
      else if (option === "--no-whole-archive") whole = false;
      else if (option === "--push-state") states.push(whole);
      else if (option === "--pop-state") {
        if (states.length === 0) throw new UsageError("--pop-state without --push-state");
        whole = states.pop()!;
      } else if (option === "-(") {
        if (group) throw new UsageError("--start-group within a group");
        group = [];
      } else if (option === "-)") {
        if (!group) throw new UsageError("-) or --end-group without -( or --start-group");
        top.push({ kind: "group", inputs: group });
        group = null;
      }
    }
    if (group) top.push({ kind: "group", inputs: group });
    group = null;
    named.settle((name) => {
      const path = this.#find(name);
      if (!existsSync(path)) throw new CommandError(`cannot find ${name}, of which the script takes sections`);
      add(path, name);
    });
    return top;
  }

  /** An object that stays on the disk; null for any other file. */
  #largeObject(path: string): ByteSource | null {
    const file = this.#files.open(path);
    return file !== null && isElf(file.read(0, 2)) ? file : null;
  }

  #scriptInputs(script: LinkerScript, add: (path: string, name: string) => void, top: LinkInput[]): void {
    for (const { names, isGroup } of script.inputs) {
      const before = top.length;
      for (const name of names) add(name.startsWith("-l") ? this.#library(name.slice(2)) : this.#find(name), name);
      if (isGroup) top.push({ kind: "group", inputs: top.splice(before) });
    }
  }

  #library(name: string): string {
    const file = name.startsWith(":") ? name.slice(1) : `lib${name}.a`;
    const path = this.#folders.map((folder) => `${folder}/${file}`).find((candidate) => existsSync(candidate));
    if (path === undefined)
      throw new CommandError(
        `cannot find -l${name}: there is no ${file} in ${this.#folders.length === 0 ? "any folder, for none was given with -L" : this.#folders.join(", ")}`,
      );
    return path;
  }

  #find(name: string): string {
    return existsSync(name)
      ? name
      : (this.#folders.map((folder) => `${folder}/${name}`).find((candidate) => existsSync(candidate)) ?? name);
  }

  #readScript(path: string): LinkerScript {
    return this.#parseScriptFile(Buffer.from(readBytes(this.#find(path))).toString("latin1"), path, null);
  }

  #parseScriptFile(text: string, path: string, otherwise: string | null): LinkerScript {
    try {
      return parseScript(text, path, (name) => {
        const found = this.#find(name);
        return existsSync(found) ? { path: found, text: Buffer.from(readBytes(found)).toString("latin1") } : null;
      });
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      if (otherwise !== null) throw new CommandError(otherwise);
      const { path: file, line, message } = error;
      this.#report(linkDiagnostics([{ file, line, message, id: "script-syntax" }], readSource));
      throw new CommandError("");
    }
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** `--just-symbols`: where the symbols of another program are. */
function justSymbols(path: string): Uint8Array {
  try {
    return symbolsAlone(readBytes(path), path);
  } catch (error) {
    throw error instanceof ElfError ? new CommandError(error.message) : error;
  }
}

const isElf = (bytes: Uint8Array): boolean => bytes[0] === 0x7f && bytes[1] === 0x45;

/** Addresses on the command line are hexadecimal, with or without 0x. */
function hexadecimal(text: string, option: string): number {
  if (!/^(0x)?[0-9a-f]+$/i.test(text)) throw new UsageError(`${option} ${text}: it wants an address in hexadecimal`);
  const value = parseInt(text, 16);
  if (value > 0xffffffff) throw new UsageError(`${option} ${text}: addresses have 32 bits`);
  return value;
}

function defsym(text: string): Assignment[] {
  try {
    const [statement] = parseScript(`${text};`, "--defsym").statements;
    if (statement?.kind === "assign" && statement.name !== ".") return [statement];
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
  }
  throw new UsageError(`--defsym ${text}: it wants NAME=EXPRESSION`);
}

function readSource(path: string): string | null {
  try {
    return Buffer.from(readRegularFile(path)).toString("latin1");
  } catch {
    return null;
  }
}

/** The words of a file: one name in each line, as a rule. */
function namesIn(path: string): Set<string> {
  try {
    const text = withFile(path, () => readListed(path));
    return new Set(text.split(/\s+/).filter((name) => name !== ""));
  } catch (error) {
    throw new CommandError(describeError(error));
  }
}

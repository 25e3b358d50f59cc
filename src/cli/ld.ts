/** `qure ld`: links objects and archives as GNU ld does. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatDiagnostic } from "../assembler/diagnostic.ts";
import { writeFileAside } from "../host/files.ts";
import { defaultScript, type ScriptKind } from "../linker/default-script.ts";
import { linkDiagnostics } from "../linker/diagnostics.ts";
import { isArchive } from "../linker/archive.ts";
import type { LinkInput } from "../linker/inputs.ts";
import { linkProgram } from "../linker/link.ts";
import { writeMap } from "../linker/map.ts";
import { flatImage } from "../linker/program-file.ts";
import type { ProgramOptions } from "../linker/program.ts";
import { parseScript, ScriptError, type Assignment, type LinkerScript } from "../linker/script.ts";
import { CommandError, UsageError } from "./fail.ts";
import { parseArguments, type GnuArgument, type GnuCommand } from "./gnu-options.ts";
import { readBytes } from "./object-input.ts";
import { standardError, standardOutput } from "./streams.ts";

const COMMAND: GnuCommand = {
  name: "ld",
  usage: "[options] file...",
  summary: "Links objects and archives into a program, with the options, scripts and output of GNU ld for elf_i386.",
  singleDash: true,
  options: [
    { names: ["-o", "--output"], value: "FILE", help: "the program (default: a.out)" },
    { names: ["-T", "--script"], value: "SCRIPT", help: "linker script" },
    { names: ["-e", "--entry"], value: "SYMBOL", help: "entry point: a symbol or an address" },
    { names: ["-r", "--relocatable", "-i"], help: "link into an object" },
    { names: ["-q", "--emit-relocs"], help: "keep the relocations" },
    { names: ["-m"], value: "EMULATION", help: "elf_i386 is the only one" },
    { names: ["-Ttext"], value: "ADDRESS", help: "address of .text" },
    { names: ["-Tdata"], value: "ADDRESS", help: "address of .data" },
    { names: ["-Tbss"], value: "ADDRESS", help: "address of .bss" },
    { names: ["-Ttext-segment"], value: "ADDRESS", help: "address of the first segment" },
    { names: ["-Trodata-segment"], value: "ADDRESS", help: "address of the segment of constants" },
    { names: ["--section-start"], value: "NAME=ADDRESS", help: "address of a section" },
    { names: ["--defsym"], value: "NAME=EXPR", help: "define a symbol" },
    { names: ["-u", "--undefined"], value: "SYMBOL", help: "a symbol that must come from an archive" },
    { names: ["-L", "--library-path"], value: "DIR", help: "where -l looks for archives" },
    { names: ["-l", "--library"], value: "NAME", help: "the archive libNAME.a; -l:FILE for a file of that name" },
    { names: ["-(", "--start-group"], help: "search the archives up to --end-group until nothing more is found" },
    { names: ["-)", "--end-group"], help: "end of the group" },
    { names: ["--whole-archive"], help: "link every member of the archives that follow" },
    { names: ["--no-whole-archive"], help: "only the members that are needed (default)" },
    { names: ["--gc-sections"], help: "leave out sections that nothing refers to" },
    { names: ["--no-gc-sections"], help: "" },
    { names: ["--print-gc-sections"], help: "name the sections that are left out" },
    { names: ["--oformat"], value: "FORMAT", help: "elf32-i386 (default) or binary" },
    { names: ["-b", "--format", "-A", "--architecture"], value: "FORMAT", help: "elf32-i386 is the only one" },
    { names: ["-Map"], value: "FILE", help: "write a map" },
    { names: ["-M", "--print-map"], help: "print the map" },
    { names: ["-N", "--omagic"], help: "code and data in one writable segment" },
    { names: ["-n", "--nmagic"], help: "do not align segments to pages" },
    { names: ["--no-omagic", "--no-nmagic"], help: "" },
    { names: ["-s", "--strip-all"], help: "without symbols" },
    { names: ["-S", "--strip-debug"], help: "without debugging information" },
    { names: ["-x", "--discard-all"], help: "without local symbols" },
    { names: ["-X", "--discard-locals"], help: "without temporary local symbols" },
    { names: ["--discard-none"], help: "with all local symbols" },
    { names: ["-d", "-dc", "-dp"], help: "allocate common symbols even with -r" },
    { names: ["-z"], value: "KEYWORD", help: "execstack, noexecstack, relro, norelro, separate-code, noseparate-code, defs, muldefs, max-page-size=0x1000 ..." },
    { names: ["--allow-multiple-definition"], help: "of several definitions the first counts" },
    { names: ["--no-undefined"], help: "undefined symbols are errors (always so)" },
    { names: ["--unresolved-symbols"], value: "METHOD", help: "report-all (default) or ignore-all" },
    { names: ["--noinhibit-exec"], help: "" },
    { names: ["-static", "-Bstatic", "-dn", "-non_shared"], help: "accepted: every program is static" },
    { names: ["-nostdlib"], help: "only search folders of -L (always so)" },
    { names: ["--build-id"], value: "STYLE", optional: true, help: "only none" },
    { names: ["-O"], value: "LEVEL", optional: true, help: "" },
    { names: ["--hash-style"], value: "STYLE", help: "" },
    { names: ["-t", "--trace"], help: "name the files as they are linked" },
    { names: ["-v", "-V"], help: "print the version" },
    ...[
      "--no-warn-rwx-segments", "--warn-rwx-segments", "--no-check-sections", "--check-sections", "--warn-common", "--warn-once", "--no-warn-mismatch", "--fatal-warnings", "--no-fatal-warnings",
      "--no-warn-execstack", "--warn-execstack", "--no-dynamic-linker", "--no-relax", "--relax", "--no-export-dynamic", "--no-undefined-version", "-g", "--no-warnings", "-w", "--no-eh-frame-hdr",
      "--no-ld-generated-unwind-info", "--sort-section", "--no-pie", "-no-pie", "--no-keep-memory", "--orphan-handling", "--no-demangle", "--demangle", "--stats", "--warn-section-align",
    ].map((name) => (name === "--sort-section" || name === "--orphan-handling" ? { names: [name], value: "METHOD", help: "" } : name === "--demangle" ? { names: [name], value: "STYLE", optional: true, help: "" } : { names: [name], help: "" })),
  ],
  example: "qure ld -m elf_i386 -T kernel.ld -Map kernel.map -o kernel.elf main.o lib.a",
};

export function run(args: readonly string[]): void {
  const parsed = parseArguments(COMMAND, args);
  if (parsed === null) return;
  new LinkCommand(parsed).run();
}

class LinkCommand {
  private readonly parsed: readonly GnuArgument[];
  private readonly folders: readonly string[];
  private readonly scripts: LinkerScript[] = [];

  constructor(parsed: readonly GnuArgument[]) {
    this.parsed = parsed;
    this.folders = this.values("-L").map((folder) => folder.replace(/^=/, ""));
  }

  private has(option: string): boolean {
    return this.parsed.some((argument) => argument.option === option);
  }

  private values(option: string): string[] {
    return this.parsed.filter((argument) => argument.option === option).map(({ value }) => value);
  }

  private last(option: string): string | undefined {
    return this.values(option).at(-1);
  }

  run(): void {
    if (this.has("-v")) standardOutput().write("qure ld (compatible with GNU ld 2.40)\n");
    const emulation = this.last("-m") ?? "elf_i386";
    if (emulation !== "elf_i386") throw new UsageError(`ld: -m ${emulation}: elf_i386 is the only emulation`);
    const format = this.last("--oformat") ?? "elf32-i386";
    if (format !== "binary" && format !== "elf32-i386") throw new UsageError(`ld: --oformat ${format}: it is elf32-i386 or binary`);
    const buildId = this.last("--build-id");
    if (buildId !== undefined && buildId !== "none") throw new UsageError("ld: --build-id: only --build-id=none is supported");
    const inputs = this.inputs();
    if (inputs.length === 0) {
      if (this.has("-v")) return;
      throw new UsageError("ld: no files to link (see qure ld --help)");
    }
    const plain = this.options();
    const flat = format === "binary" || (this.scripts.some(({ outputFormat }) => outputFormat === "binary") && !this.has("--oformat"));
    const options = { ...plain, isFlat: flat };
    const { linked, problems, program, image } = linkProgram(inputs, options);
    const warn = (text: string): void => void standardError().write(`qure ld: warning: ${text}\n`);
    for (const text of program?.warnings ?? []) warn(text);
    if (this.has("--print-gc-sections")) for (const { name, object } of program?.removed ?? []) standardError().write(`qure ld: removing unused section '${name}' in file '${object.path}'\n`);
    if (!linked) {
      const diagnostics = linkDiagnostics(problems, readSource);
      for (const diagnostic of diagnostics) standardError().write(`${formatDiagnostic(diagnostic, { colour: standardError().isTTY === true })}\n`);
      throw new CommandError(`nothing was linked: ${diagnostics.length} error${diagnostics.length === 1 ? "" : "s"}`);
    }
    if (this.has("-t")) for (const { path } of program!.objects) standardOutput().write(`${path}\n`);
    const map = this.has("-M") || this.has("-Map") ? writeMap(linked) : "";
    if (this.has("-M")) standardOutput().write(map);
    if (this.has("-Map")) writeFileAside(this.last("-Map")!, map);
    const bytes = flat ? flatImage(program!, image!) : linked.file;
    if (bytes === null) throw new CommandError(program!.problems.at(-1)!.message);
    writeFileAside(this.last("-o") ?? "a.out", bytes, 0, options.isRelocatable ? 0o666 : 0o777);
  }

  private options(): ProgramOptions {
    const isRelocatable = this.has("-r");
    const isUnpaged = this.has("-n") || this.has("-N");
    const keywords = this.values("-z");
    const on = (name: string): boolean => keywords.includes(name);
    for (const keyword of keywords) if (/^(max|common)-page-size=/.test(keyword) && Number(keyword.split("=")[1]) !== 0x1000) throw new UsageError(`ld: -z ${keyword}: pages have 0x1000 bytes`);
    const separateCode = !on("noseparate-code") && !isUnpaged;
    const kind: ScriptKind = isRelocatable ? "partial" : this.has("-N") ? "writable-text" : this.has("-n") ? "unpaged" : separateCode ? "paged" : "no-separate-code";
    const given = this.values("-T");
    for (const path of given) this.scripts.push(this.readScript(path));
    const base = this.scripts[0];
    const script: LinkerScript = base && base.statements.some(({ kind: type }) => type === "section") ? base : { ...parseScript(defaultScript(kind), "the built-in script"), ...(base?.entry ? { entry: base.entry } : {}) };
    const isDefaultScript = script.path === "the built-in script";
    if (base && isDefaultScript) (script.statements as LinkerScript["statements"][number][]).unshift(...base.statements);
    const extra = this.scripts.filter((other) => other !== base);
    const merged: LinkerScript = extra.length === 0 ? script : { ...script, entry: extra.find(({ entry }) => entry)?.entry ?? script.entry, statements: [...extra.flatMap(({ statements }) => statements), ...script.statements] };
    const starts = new Map<string, number>();
    for (const [option, section] of [["-Ttext", ".text"], ["-Tdata", ".data"], ["-Tbss", ".bss"]] as const) {
      const value = this.last(option);
      if (value !== undefined) starts.set(section, hexadecimal(value, option));
    }
    for (const value of this.values("--section-start")) {
      const match = /^([^=]+)=(.+)$/.exec(value);
      if (!match) throw new UsageError(`ld: --section-start ${value}: it wants NAME=ADDRESS`);
      starts.set(match[1]!, hexadecimal(match[2]!, "--section-start"));
    }
    const segments = new Map<string, number>();
    for (const name of ["text-segment", "rodata-segment", "ldata-segment"]) {
      const value = this.last(`-T${name}`);
      if (value !== undefined) segments.set(name, hexadecimal(value, `-T${name}`));
    }
    const entry = this.last("-e");
    return {
      script: merged, isDefaultScript,
      isScriptFirst: !isDefaultScript && this.parsed.findIndex(({ option }) => option === "-T") < this.parsed.findIndex(({ option }) => option === ""), ...(entry === undefined ? {} : { entry }), defines: this.values("--defsym").flatMap(defsym), sectionStart: starts, segmentStart: segments,
      undefinedNames: this.values("-u"), isRelocatable, emitRelocations: this.has("-q"), collectGarbage: this.has("--gc-sections") && this.parsed.findLastIndex(({ option }) => option === "--gc-sections") > this.parsed.findLastIndex(({ option }) => option === "--no-gc-sections"),
      isPaged: !isUnpaged, isTextWritable: this.has("-N"), separateCode, relro: !on("norelro"), strip: this.has("-s") ? "all" : this.has("-S") ? "debugging" : "none",
      discard: this.has("-x") ? "all" : this.has("-X") ? "labels" : this.has("--discard-none") ? "none" : "merged-labels",
      ...(on("execstack") ? { stack: "executable" as const } : on("noexecstack") ? { stack: "plain" as const } : {}), allowMultiple: this.has("--allow-multiple-definition") || on("muldefs"),
      ignoreUndefined: this.last("--unresolved-symbols")?.startsWith("ignore") ?? false, definesCommon: this.has("-d"),
    };
  }

  /** Files, archives and groups in the order of the command line. A file that is neither object nor archive is a script. */
  private inputs(): LinkInput[] {
    const top: LinkInput[] = [];
    let group: LinkInput[] | null = null;
    let whole = false;
    const add = (path: string): void => {
      const bytes = readBytes(path);
      if (isArchive(bytes) || (bytes[0] === 0x7f && bytes[1] === 0x45)) {
        (group ?? top).push({ kind: "file", path, bytes, wholeArchive: whole });
        return;
      }
      const script = this.parseScriptFile(Buffer.from(bytes).toString("latin1"), path, `${path}: it is neither an object nor an archive, and not a linker script either`);
      this.scripts.push(script);
      this.scriptInputs(script, add, top);
    };
    for (const path of this.values("-T")) this.scriptInputs(this.readScript(path), add, top);
    for (const { option, value } of this.parsed) {
      if (option === "") add(value);
      else if (option === "-l") add(this.library(value));
      else if (option === "--whole-archive") whole = true;
      else if (option === "--no-whole-archive") whole = false;
      else if (option === "-(") {
        if (group) throw new UsageError("ld: --start-group within a group");
        group = [];
      } else if (option === "-)") {
        if (!group) throw new UsageError("ld: --end-group without --start-group");
        top.push({ kind: "group", inputs: group });
        group = null;
      }
    }
    if (group) top.push({ kind: "group", inputs: group });
    return top;
  }

  private scriptInputs(script: LinkerScript, add: (path: string) => void, top: LinkInput[]): void {
    for (const { names, isGroup } of script.inputs) {
      const before = top.length;
      for (const name of names) add(name.startsWith("-l") ? this.library(name.slice(2)) : this.find(name));
      if (isGroup) top.push({ kind: "group", inputs: top.splice(before) });
    }
  }

  private library(name: string): string {
    const file = name.startsWith(":") ? name.slice(1) : `lib${name}.a`;
    const path = this.folders.map((folder) => join(folder, file)).find((candidate) => existsSync(candidate));
    if (path === undefined) throw new CommandError(`cannot find -l${name}: there is no ${file} in ${this.folders.length === 0 ? "any folder, for none was given with -L" : this.folders.join(", ")}`);
    return path;
  }

  private find(name: string): string {
    return existsSync(name) ? name : (this.folders.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate)) ?? name);
  }

  private readScript(path: string): LinkerScript {
    return this.parseScriptFile(Buffer.from(readBytes(this.find(path))).toString("latin1"), path, null);
  }

  private parseScriptFile(text: string, path: string, otherwise: string | null): LinkerScript {
    try {
      return parseScript(text, path, (name) => {
        const found = this.find(name);
        return existsSync(found) ? { path: found, text: Buffer.from(readBytes(found)).toString("latin1") } : null;
      });
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      if (otherwise !== null) throw new CommandError(otherwise);
      const diagnostics = linkDiagnostics([{ file: error.path, line: error.line, message: error.message }], readSource);
      throw new CommandError(`\n${diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join("\n")}`);
    }
  }
}

/** Addresses on the command line are hexadecimal, with or without 0x. */
function hexadecimal(text: string, option: string): number {
  if (!/^(0x)?[0-9a-f]+$/i.test(text)) throw new UsageError(`ld: ${option} ${text}: it wants an address in hexadecimal`);
  const value = parseInt(text, 16);
  if (value > 0xffffffff) throw new UsageError(`ld: ${option} ${text}: addresses have 32 bits`);
  return value;
}

function defsym(text: string): Assignment[] {
  try {
    const [statement] = parseScript(`${text};`, "--defsym").statements;
    if (statement?.kind === "assign" && statement.name !== ".") return [statement];
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
  }
  throw new UsageError(`ld: --defsym ${text}: it wants NAME=EXPRESSION`);
}

function readSource(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}

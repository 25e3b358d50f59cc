/** `qure as`: the assembler with the command line of GNU as. */
import { existsSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { getHeapStatistics } from "node:v8";
import { assemble } from "../../assembler/assemble.ts";
import { LIMITS } from "../../assembler/model/limits.ts";
import type { SourceFile, SourceFiles } from "../../assembler/model/options.ts";
import { type Diagnostic, formatDiagnostic, withoutPlace } from "../../diagnostic/diagnostic.ts";
import { makeFolder } from "../../host/folder.ts";
import { VERSION } from "../../version.ts";
import { readBounded, readRegularFile, readWithRoom } from "../bounded-file.ts";
import { CommandError, say, withFile } from "../fail.ts";
import { standardError, standardOutput } from "../streams.ts";
import { type AsCommand, idleWarning, parseAsArguments } from "./as-options.ts";
import { versionText } from "./gnu-options.ts";

/** What the instructions of compilers are encoded as (`shapesOf`), in base 64: put in by the bundler. */
declare const QURE_SHAPES: string | undefined;

/** What the assembler wants after a source (`SourceFile.roomBytes`). */
const ROOM_BYTES = 3;

const VERSION_LINE = `GNU assembler version 2.40 (i386) using QuRe ${VERSION}\n`;

const STANDARD_INPUT = "{standard input}";

const HELP = `Usage: qure as [arguments...]

assemble, with the command line of GNU as

Options of GNU as: -o FILE, -I FOLDER, --defsym NAME=NUMBER, --MD FILE, -march=PROCESSOR, -n, -R, -L, -g, --gdwarf-2 to --gdwarf-5, --gstabs[+],
--debug-prefix-map OLD=NEW, -a[chlms][=FILE], --listing-*, --warn, --fatal-warnings, -W, -Z, @FILE, - for the standard input; -O, -O2, -Os;
of code -msyntax=, -mmnemonic=, -mnaked-reg, -mshared, -mlfence-after-load=, -mlfence-before-indirect-branch=, -mlfence-before-ret=,
-mbranches-within-32B-boundaries, -malign-branch*=, -momit-lock-prefix=, -mfence-as-lock-add=, -mrelax-relocations=, -msse-check=.
And: --max-errors=N (20), --diagnostics=json, --each: every source becomes an object of its own, in the folder that -o names or
beside the source.

Example:
  qure as -g -I asm/include asm/lib/string.s -o string.o
`;

export function run(args: readonly string[]): void {
  if (args.includes("--help")) standardOutput().write(HELP);
  else if (args.includes("--version")) standardOutput().write(versionText("as"));
  else if (isVersionOnly(args)) standardError().write(VERSION_LINE);
  else {
    const command = parseAsArguments(args);
    if (args.includes("-V")) standardError().write(VERSION_LINE);
    if (command.isEach) assembleEach(command);
    else assembleFiles(command);
  }
}

/** `as -v` without a source, with the standard input at its end or a terminal: scripts ask so for the version. */
function isVersionOnly(args: readonly string[]): boolean {
  return args.length === 1 && args[0] === "-v" && process.stdin.isTTY === true;
}

/**
 * One process for many sources, since Node's start takes longer than most of them. A source with a mistake does not
 * keep the others from their objects.
 */
function assembleEach(command: AsCommand): void {
  const outputs = new Map<string, string>();
  for (const source of command.sources) {
    if (source === "-") throw new CommandError("--each takes files, not the standard input", 2);
    const folder = command.output === "a.out" ? dirname(source) : command.output;
    const output = join(folder, `${basename(source, extname(source))}.o`);
    if (output === source) throw new CommandError(`--each: the object of ${source} would take its place`, 2);
    const other = outputs.get(output);
    if (other !== undefined) throw new CommandError(`--each: ${other} and ${source} would both become ${output}`, 2);
    outputs.set(output, source);
  }
  if (outputs.size === 0) throw new CommandError("--each takes the sources", 2);
  if (command.dependencyFile !== null || command.listingFile !== "")
    throw new CommandError("--each does not go with --MD or the file of a listing, which are for one source", 2);
  if (command.output !== "a.out") withFile(command.output, () => makeFolder(command.output));
  let failures = 0;
  for (const [output, source] of outputs) {
    try {
      assembleFiles({ ...command, sources: [source], output });
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (error.message !== "") say("error", error.message);
      failures++;
    }
  }
  if (failures > 0)
    throw new CommandError(
      `${failures} of ${outputs.size} source${outputs.size === 1 ? "" : "s"} could not be assembled`,
    );
}

const MIB = 1 << 20;
/** Of V8's heap, what one assembly may hold: the rest is for the young generation and for what is not counted. */
const HEAP_SHARE = 0.6;

/** A host with little memory gives Node a small heap: the limit is below what ends the process. */
function heldBytes(): number {
  const heapBytes = getHeapStatistics().heap_size_limit;
  return Math.min(LIMITS.heldBytes, Math.floor((heapBytes * HEAP_SHARE) / MIB) * MIB);
}

function assembleFiles(command: AsCommand): void {
  const files = sourceFiles(command);
  const path = command.sources.length > 1 ? command.sources.join(" ") : (command.sources[0] ?? "-");
  const result = assemble({
    path: path === "-" ? STANDARD_INPUT : path,
    files,
    defines: command.defines,
    syntax: command.syntax,
    arch: command.arch,
    tune: command.tune,
    code: command.code,
    intelNames: command.intelNames,
    nakedRegisters: command.nakedRegisters,
    indexRegister: command.indexRegister,
    commonType: command.commonType,
    stripsNumbers: command.stripsNumbers,
    debugLines: command.debugLines,
    ...(command.stabs === undefined ? {} : { stabs: command.stabs }),
    dwarfVersion: command.dwarfVersion,
    compilationDirectory: process.cwd(),
    folderMap: command.folderMap,
    optimizeAlignment: command.optimizeAlignment,
    foldData: command.foldData,
    keepLocals: command.keepLocals,
    alternateMacros: command.alternateMacros,
    warnings: command.warnings,
    notesLoads: command.notesLoads,
    maxErrors: command.maxErrors,
    objectDespiteErrors: command.objectDespiteErrors,
    allowsOddSizes: command.allowsOddSizes,
    frameVersion: command.frameVersion,
    ...(command.stack ? { stack: command.stack } : {}),
    limits: { heldBytes: heldBytes() },
    ...(typeof QURE_SHAPES === "string" ? { shapes: new Uint8Array(Buffer.from(QURE_SHAPES, "base64")) } : {}),
    ...(command.listing === null ? {} : { listing: command.listing }),
    print: (text) => void standardOutput().write(`${text}\n`),
  });
  const idle = command.warnings === "none" ? [] : command.idle.map(idleDiagnostic);
  report(command, [...idle, ...result.diagnostics]);
  if (result.listing !== null) {
    if (command.listingFile === "") standardOutput().write(result.listing);
    else write(command.listingFile, result.listing);
  }
  if (command.dependencyFile !== null)
    write(command.dependencyFile, dependencyText(command.output, result.dependencies));
  if (result.object === null) {
    // A stale object must not pass for the result of this run.
    if (command.output !== "/dev/null") rmSync(command.output, { force: true });
    throw new CommandError("");
  }
  write(command.output, result.object);
}

/**
 * Writes a file aside and then gives it its name: who reads it meanwhile, or finds it after a full disk, has a whole
 * one. It need not be on the disk yet, as what host/files.ts writes: an object can be made again.
 */
function write(path: string, content: string | Uint8Array): void {
  withFile(path, () => {
    // A device or a pipe is written to, not replaced.
    if (!(statSync(path, { throwIfNoEntry: false })?.isFile() ?? true)) return writeFileSync(path, content);
    const aside = `${path}.${process.pid}.part`;
    try {
      writeFileSync(aside, content);
      renameSync(aside, path);
    } catch (error) {
      rmSync(aside, { force: true });
      // What is said is said of the file that was asked for.
      throw Object.assign(error as Error, { path });
    }
  });
}

/** Columns of a line of dependencies, with room for the backslash at its end. */
const DEPENDENCY_COLUMNS = 69;

/** A rule for make, as GNU as writes it: the file that was read last comes first. */
function dependencyText(output: string, dependencies: readonly string[]): string {
  const quoted = (path: string): string => path.replace(/[ \t]/g, "\\$&").replaceAll("$", "$$$$");
  let text = `${quoted(output)}:`;
  let column = text.length;
  for (const path of dependencies.toReversed().map(quoted)) {
    const isBroken = column > 0 && column + path.length > DEPENDENCY_COLUMNS;
    text += isBroken ? ` \\\n ${path}` : ` ${path}`;
    column = isBroken ? path.length : column + 1 + path.length;
  }
  return `${text}\n`;
}

/** About an option, not a place in a source. */
const idleDiagnostic = (word: string): Diagnostic => withoutPlace("warning", "option", idleWarning(word));

function report(command: AsCommand, diagnostics: readonly Diagnostic[]): void {
  if (command.json) {
    standardError().write(`${JSON.stringify(diagnostics, null, 2)}\n`);
    return;
  }
  if (diagnostics.length === 0) return;
  const colour = standardError().isTTY === true;
  for (const diagnostic of diagnostics)
    standardError().write(`${formatDiagnostic(diagnostic, { colour, command: "qure as" })}\n`);
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  if (errors >= command.maxErrors) say("error", `gave up after ${errors} errors (--max-errors)`);
}

/**
 * The main source may be several files, which then count as one text. Includes are looked for as written, then in each
 * `-I`.
 */
function sourceFiles(command: AsCommand): SourceFiles {
  const read = (path: string): Uint8Array | null => {
    try {
      return readRegularFile(path);
    } catch (error) {
      if (error instanceof CommandError) throw error;
      return null;
    }
  };
  return {
    read(path, from) {
      if (from === null) return mainSource(command);
      for (const folder of ["", ...command.includes]) {
        const candidate = folder === "" ? path : join(folder, path);
        if (!existsSync(candidate)) continue;
        const bytes = read(candidate);
        if (bytes !== null) return { path: candidate, bytes };
      }
      return null;
    },
  };
}

function mainSource(command: AsCommand): SourceFile {
  const sources = command.sources.length === 0 ? ["-"] : command.sources;
  const [only] = sources;
  if (sources.length === 1 && only !== "-")
    return { path: only!, ...withFile(only!, () => readWithRoom(only!, ROOM_BYTES)) };
  const parts: Uint8Array[] = [];
  for (const source of sources) {
    const bytes = source === "-" ? readBounded(0) : withFile(source, () => readBounded(source));
    // Each source of several is announced, so that lines are counted in it.
    if (sources.length > 1) parts.push(Buffer.from(`# 1 "${source}"\n`));
    parts.push(bytes, bytes.length > 0 && bytes.at(-1) !== 0x0a ? Buffer.from("\n") : new Uint8Array(0));
  }
  return {
    path: sources[0] === "-" ? STANDARD_INPUT : sources[0]!,
    bytes: sources.length === 1 && parts.length === 2 ? parts[0]! : Buffer.concat(parts),
  };
}

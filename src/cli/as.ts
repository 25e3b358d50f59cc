/** `qure as`: the assembler with the command line of GNU as. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assemble } from "../assembler/assemble.ts";
import type { SourceFiles } from "../assembler/model/options.ts";
import { formatDiagnostic } from "../diagnostic/diagnostic.ts";
import { VERSION } from "../version.ts";
import { type AsCommand, parseAsArguments } from "./as-options.ts";
import { readBounded, readRegularFile } from "./bounded-file.ts";
import { CommandError, say, withFile } from "./fail.ts";
import { versionText } from "./gnu-options.ts";
import { standardError, standardOutput } from "./streams.ts";

const STANDARD_INPUT = "{standard input}";

const HELP = `Usage: qure as [arguments...]

assemble, with the command line of GNU as

Options of GNU as: -o FILE, -I FOLDER, --defsym NAME=NUMBER, --MD FILE, -march=PROCESSOR, -n, -R, -L, -g, --gdwarf-2 to --gdwarf-5,
-a[chlms][=FILE], --listing-*, --warn, --fatal-warnings, -W, -Z, -msyntax=intel, @FILE, - for the standard input.
And: --max-errors=N (20), --diagnostics=json.

Example:
  qure as -g -I asm/include asm/lib/string.s -o string.o
`;

export function run(args: readonly string[]): void {
  if (args.includes("--help")) standardOutput().write(HELP);
  else if (args.includes("--version")) standardOutput().write(versionText("as"));
  else if (isVersionOnly(args)) standardError().write(`GNU assembler version 2.40 (i386) using QuRe ${VERSION}\n`);
  else assembleFiles(parseAsArguments(args));
}

/** `as -v` without a source, with the standard input at its end or a terminal: scripts ask so for the version. */
function isVersionOnly(args: readonly string[]): boolean {
  return args.length === 1 && args[0] === "-v" && process.stdin.isTTY === true;
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
    debugLines: command.debugLines,
    dwarfVersion: command.dwarfVersion,
    compilationDirectory: process.cwd(),
    optimizeAlignment: command.optimizeAlignment,
    foldData: command.foldData,
    keepLocals: command.keepLocals,
    alternateMacros: command.alternateMacros,
    warnings: command.warnings,
    maxErrors: command.maxErrors,
    objectDespiteErrors: command.objectDespiteErrors,
    allowsOddSizes: command.allowsOddSizes,
    frameVersion: command.frameVersion,
    ...(command.listing === null ? {} : { listing: command.listing }),
    print: (text) => void standardOutput().write(`${text}\n`),
  });
  report(command, result.diagnostics);
  if (result.listing !== null) {
    if (command.listingFile === "") standardOutput().write(result.listing);
    else write(command.listingFile, result.listing);
  }
  if (command.dependencyFile !== null)
    write(command.dependencyFile, `${command.output}: ${result.dependencies.join(" \\\n ")}\n`);
  if (result.object === null) {
    // A stale object must not pass for the result of this run.
    if (command.output !== "/dev/null") rmSync(command.output, { force: true });
    throw new CommandError("");
  }
  write(command.output, result.object);
}

function write(path: string, content: string | Uint8Array): void {
  withFile(path, () => writeFileSync(path, content));
}

function report(command: AsCommand, diagnostics: ReturnType<typeof assemble>["diagnostics"]): void {
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

function mainSource(command: AsCommand): { path: string; bytes: Uint8Array } {
  const sources = command.sources.length === 0 ? ["-"] : command.sources;
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

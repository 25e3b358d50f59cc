/** The command line of `qure as`: that of GNU as, as data. */

import type { CodeOptions } from "../assembler/model/code-options.ts";
import { DEFAULT_LISTING, type ListingOptions } from "../assembler/model/listing-options.ts";
import { codeOption, withCodeOption } from "./as-code-options.ts";
import { readListed } from "./bounded-file.ts";
import { CommandError } from "./fail.ts";

export interface AsCommand {
  sources: string[];
  output: string;
  /** `--each`: a source becomes an object of its own. */
  isEach: boolean;
  includes: string[];
  defines: Map<string, number>;
  folderMap: [before: string, after: string][];
  dependencyFile: string | null;
  arch: string;
  tune: string;
  code: Partial<CodeOptions>;
  intelNames: boolean;
  nakedRegisters: boolean;
  indexRegister: boolean;
  commonType: boolean;
  stripsNumbers: boolean;
  /** Options that have no effect here although they have one in GNU as, each with what they leave undone. */
  idle: string[];
  syntax: "intel" | "att";
  optimizeAlignment: boolean;
  foldData: boolean;
  debugLines: boolean;
  stabs?: "plain" | "gnu";
  dwarfVersion: number;
  keepLocals: boolean;
  alternateMacros: boolean;
  warnings: "show" | "none" | "fatal";
  notesLoads: boolean;
  objectDespiteErrors: boolean;
  allowsOddSizes: boolean;
  frameVersion: 1 | 3 | 4;
  stack?: "executable" | "plain";
  maxErrors: number;
  json: boolean;
  listing: ListingOptions | null;
  /** "" for the standard output. */
  listingFile: string;
}

type Handler = (command: AsCommand, value: string) => void;

/** Options with their value in the next argument, or after `=` or the letter. */
const WITH_VALUE: Readonly<Record<string, Handler>> = {
  "-o": (command, value) => void (command.output = value),
  "-I": (command, value) => void command.includes.push(value),
  "--defsym": (command, value) => {
    const [, name, text] = /^([^=]+)=(.+)$/.exec(value) ?? [];
    const number = Number(text);
    if (name === undefined || !Number.isInteger(number))
      throw new CommandError(`--defsym takes NAME=NUMBER, not ${value}`, 2);
    command.defines.set(name, number);
  },
  "--debug-prefix-map": (command, value) => {
    const [before = "", after] = value.split(/=(.*)/s);
    if (after === undefined) throw new CommandError(`--debug-prefix-map takes OLD=NEW, not ${value}`, 2);
    command.folderMap.push([before, after]);
  },
  "--MD": (command, value) => void (command.dependencyFile = value),
  "--listing-lhs-width": (command, value) => listing(command, { words: Number(value) }),
  "--listing-lhs-width2": (command, value) => listing(command, { continuationWords: Number(value) }),
  "--listing-rhs-width": (command, value) => listing(command, { sourceWidth: Number(value) }),
  "--listing-cont-lines": (command, value) => listing(command, { continuationLines: Number(value) }),
  "--max-errors": (command, value) => void (command.maxErrors = Number(value) || Infinity),
};

/** DWARF of a version, and no stabs: the last wish counts. */
function debugLines(command: AsCommand, version: number): void {
  command.debugLines = true;
  command.dwarfVersion = version;
  delete command.stabs;
}

const PLAIN: Readonly<Record<string, Handler>> = {
  "-n": (command) => void (command.optimizeAlignment = false),
  "-R": (command) => void (command.foldData = true),
  "-g": (command) => debugLines(command, 2),
  "--gen-debug": (command) => debugLines(command, 2),
  "--gstabs": (command) => void ([command.debugLines, command.stabs] = [false, "plain"]),
  "--gstabs+": (command) => void ([command.debugLines, command.stabs] = [false, "gnu"]),
  "-L": (command) => void (command.keepLocals = true),
  "--each": (command) => void (command.isEach = true),
  "--keep-locals": (command) => void (command.keepLocals = true),
  "--alternate": (command) => void (command.alternateMacros = true),
  "-W": (command) => void (command.warnings = "none"),
  "--no-warn": (command) => void (command.warnings = "none"),
  "--warn": (command) => {
    command.warnings = "show";
    command.notesLoads = true;
  },
  "--fatal-warnings": (command) => void (command.warnings = "fatal"),
  "-Z": (command) => void (command.objectDespiteErrors = true),
  "--diagnostics=json": (command) => void (command.json = true),
  "--diagnostics=text": (command) => void (command.json = false),
  "-mintel64": () => {},
  "--size-check=warning": (command) => void (command.allowsOddSizes = true),
  "--size-check=error": (command) => void (command.allowsOddSizes = false),
  "--gdwarf-cie-version=1": (command) => void (command.frameVersion = 1),
  "--gdwarf-cie-version=3": (command) => void (command.frameVersion = 3),
  "--gdwarf-cie-version=4": (command) => void (command.frameVersion = 4),
  "--execstack": (command) => void (command.stack = "executable"),
  "--noexecstack": (command) => void (command.stack = "plain"),
  "-msyntax=intel": (command) => void (command.syntax = "intel"),
  "-mmnemonic=intel": (command) => void (command.intelNames = true),
  "-mmnemonic=att": (command) => void (command.intelNames = false),
  "-mnaked-reg": (command) => void (command.nakedRegisters = true),
  "-mindex-reg": (command) => void (command.indexRegister = true),
  "--elf-stt-common=yes": (command) => void (command.commonType = true),
  "--elf-stt-common=no": (command) => void (command.commonType = false),
  "--strip-local-absolute": (command) => void (command.stripsNumbers = true),
  "-msyntax=att": (command) => void (command.syntax = "att"),
};

/** What GNU as does by these options is not done here: whoever gives one is told so each time. */
const IDLE: readonly (readonly [option: RegExp, undone: string])[] = [
  [/^--?gdwarf-sections$/, "line numbers stay in one section"],
  [/^--compress-debug-sections(=(zlib|zlib-gnu|zlib-gabi|zstd))?$/, "sections are not compressed"],
  [/^-mx86-used-note=yes$/, "no note about the processor is made"],
  [/^--traditional-format$/, "call frames are shortened nevertheless"],
  [/^--statistics$/, "nothing is counted"],
  [/^--multibyte-handling=(warn|warn-sym-only)$/, "names of any bytes are taken"],
];

/**
 * What GNU as takes and what changes nothing here: its objects are the same with and without, or those of other code.
 */
const IGNORED = new Set([
  "--32",
  // Makefiles give it as to a compiler: a warning each time would be about something that nobody asked for.
  "-c",
  "-J",
  "-D",
  "-f",
  "-k",
  "-q",
  "-Qy",
  "-Qn",
  "-s",
  "-w",
  "-X",
  "-mamd64",
  "-mvexwig=0",
  "-mvexwig=1",
  "-mevexwig=0",
  "-mevexwig=1",
  "--divide",
  "--nocpp",
  "--compress-debug-sections=none",
  "--multibyte-handling=allow",
  // Of AVX, which is not assembled.
  "-mavxscalar=128",
  "-mavxscalar=256",
  "-mevexlig=128",
  "-mevexlig=256",
  "-mevexlig=512",
  "-mevexrcig=rne",
  "-mevexrcig=rd",
  "-mevexrcig=ru",
  "-mevexrcig=rz",
  "-mx86-used-note=no",
  "--reduce-memory-overheads",
  "-v",
  "-V",
  "--verbose",
  "--generate-missing-build-notes=no",
  "--no-pad-sections",
]);
const IGNORED_PREFIXES = ["--hash-size=", "--nocompress-debug-sections"];

function listing(command: AsCommand, change: Partial<ListingOptions>): void {
  command.listing = { ...(command.listing ?? DEFAULT_LISTING), ...change };
}

/** `-a`, `-alms`, `-al=FILE` */
function listingOption(command: AsCommand, text: string): void {
  const [letters = "", file = ""] = text.split(/=(.*)/s);
  if (file !== "") command.listingFile = file;
  const all = letters === "" || !/[lsh]/.test(letters);
  listing(command, {
    lines: all || letters.includes("l"),
    symbols: all || letters.includes("s"),
    macros: letters.includes("m"),
    skipped: !letters.includes("c"),
  });
}

/** Arguments with `@FILE` replaced by what the file holds: words separated by blanks, with quotes. */
function expand(args: readonly string[], depth = 0): string[] {
  return args.flatMap((arg) => {
    if (!arg.startsWith("@") || depth > 8) return [arg];
    let text: string;
    try {
      text = Buffer.from(readListed(arg.slice(1)), "latin1").toString("utf8");
    } catch (error) {
      if (error instanceof CommandError) throw error;
      return [arg];
    }
    const words = [...text.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(
      (match) => match[1] ?? match[2] ?? match[3]!,
    );
    return expand(words, depth + 1);
  });
}

/**
 * Long options of GNU as, which it takes by any beginning that is that of one alone.
 * Those of the processor, which begin with an `m`, are not among them.
 */
const LONG_OPTIONS = [
  "32",
  "64",
  "alternate",
  "compress-debug-sections",
  "debug-prefix-map",
  "defsym",
  "divide",
  "dump-config",
  "elf-stt-common",
  "emulation",
  "execstack",
  "fatal-warnings",
  "gdwarf-2",
  "gdwarf-3",
  "gdwarf-4",
  "gdwarf-5",
  "gdwarf-cie-version",
  "gdwarf-sections",
  "gen-debug",
  "generate-missing-build-notes",
  "gsframe",
  "gstabs",
  "gstabs+",
  "hash-size",
  "help",
  "keep-locals",
  "listing-cont-lines",
  "listing-lhs-width",
  "listing-lhs-width2",
  "listing-rhs-width",
  "no-pad-sections",
  "no-warn",
  "nocompress-debug-sections",
  "nocpp",
  "noexecstack",
  "reduce-memory-overheads",
  "sectname-subst",
  "size-check",
  "statistics",
  "strip-local-absolute",
  "target-help",
  "traditional-format",
  "verbose",
  "version",
  "warn",
  "x32",
];
/** Letters that are options of their own, and those of a listing. */
const SHORT = /^-([a-z]|a[cdghlmns]+)(=|$)/;

/** An option by its whole name, where it is the beginning of one. */
function completed(word: string): string {
  const [, start = "", value = ""] = /^--?([a-z][a-z0-9-]*)(=.*)?$/s.exec(word) ?? [];
  if (start === "" || start.startsWith("m") || LONG_OPTIONS.includes(start)) return word;
  if (SHORT.test(word)) return word;
  const fitting = LONG_OPTIONS.filter((name) => name.startsWith(start));
  return fitting.length === 1 ? `--${fitting[0]}${value}` : word;
}

/** `-divide`, `-listing-lhs-width=2`: GNU as takes its long options with one dash, too. */
function withTwoDashes(word: string): string {
  if (!/^-[a-z][a-z-]{2}/.test(word) || PLAIN[word] !== undefined || IGNORED.has(word)) return word;
  const [name = ""] = word.split("=");
  const isKnown = [`-${word}`, `-${name}`].some(
    (long) => WITH_VALUE[long] !== undefined || PLAIN[long] !== undefined || IGNORED.has(long),
  );
  return isKnown ||
    IDLE.some(([option]) => option.test(`-${word}`)) ||
    IGNORED_PREFIXES.some((prefix) => prefix.startsWith("--") && `-${word}`.startsWith(prefix))
    ? `-${word}`
    : word;
}

/** What is said of an option that has no effect here. */
export function idleWarning(word: string): string {
  const undone = IDLE.find(([option]) => option.test(word))![1];
  return `${word} has no effect: ${undone}`;
}

export function parseAsArguments(args: readonly string[]): AsCommand {
  const command: AsCommand = {
    sources: [],
    output: "a.out",
    isEach: false,
    includes: [],
    defines: new Map(),
    folderMap: [],
    dependencyFile: null,
    arch: "",
    tune: "",
    code: {},
    intelNames: false,
    nakedRegisters: false,
    indexRegister: false,
    commonType: false,
    stripsNumbers: false,
    idle: [],
    syntax: "att",
    optimizeAlignment: true,
    foldData: false,
    debugLines: false,
    dwarfVersion: 0,
    keepLocals: false,
    alternateMacros: false,
    warnings: "show",
    notesLoads: false,
    objectDespiteErrors: false,
    allowsOddSizes: false,
    frameVersion: 1,
    maxErrors: 20,
    json: false,
    listing: null,
    listingFile: "",
  };
  const words = expand(args);
  for (let i = 0; i < words.length; i++) {
    const word = withTwoDashes(completed(words[i]!));
    const code = codeOption(word);
    if (code !== null) {
      command.code = withCodeOption(command.code, code);
      continue;
    }
    if (word === "-" || !word.startsWith("-")) {
      command.sources.push(word);
      continue;
    }
    if (word === "--") continue;
    const [name = "", attached] = word.startsWith("--")
      ? word.split(/=(.*)/s)
      : /^-[oI]./.test(word)
        ? [word.slice(0, 2), word.slice(2)]
        : [word];
    if (WITH_VALUE[name] !== undefined && PLAIN[word] === undefined) {
      const value = attached ?? words[++i];
      if (value === undefined) throw new CommandError(`${name} needs a value`, 2);
      WITH_VALUE[name](command, value);
    } else if (PLAIN[word] !== undefined) PLAIN[word](command, "");
    else if (/^-a[a-z]*(=|$)/.test(word)) listingOption(command, word.slice(2));
    else if (/^--?gdwarf-?[2-5]$/.test(word)) debugLines(command, Number(word.at(-1)));
    else if (word.startsWith("-march=")) command.arch = word.slice("-march=".length);
    else if (word.startsWith("-mtune=")) command.tune = word.slice("-mtune=".length);
    else if (IDLE.some(([option]) => option.test(word))) command.idle.push(word);
    else if (!IGNORED.has(word) && !IGNORED_PREFIXES.some((prefix) => word.startsWith(prefix)))
      throw new CommandError(`unknown option ${word} (see qure as --help)`, 2);
  }
  return command;
}

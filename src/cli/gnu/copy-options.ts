/**
 * The options that `qure objcopy` and `qure strip` share, and what all of theirs come to. Strip's letters are not
 * objcopy's: each command has its own in front of the long names.
 */
import { basename } from "node:path";
import type { BinaryImageOptions } from "../../binutils/binary-image.ts";
import { debugLink } from "../../binutils/debug-link.ts";
import type { HexOptions } from "../../binutils/hex-image.ts";
import type { ObjectSection } from "../../binutils/object-file.ts";
import type { AddedSection, RewriteOptions } from "../../binutils/rewrite.ts";
import { type AddressChange, matchesSection, type SectionWords } from "../../binutils/section-changes.ts";
import { NameList, type NewSymbol, type SymbolChanges } from "../../binutils/symbol-changes.ts";
import {
  STB_GLOBAL,
  STB_LOCAL,
  STB_WEAK,
  STT_FILE,
  STT_FUNC,
  STT_GNU_IFUNC,
  STT_NOTYPE,
  STT_OBJECT,
} from "../../object/elf.ts";
import { globMatch } from "../../object/glob.ts";
import { CommandError, UsageError } from "../fail.ts";
import type { GnuArgument } from "./gnu-options.ts";
import { readBytes } from "./object-input.ts";

/** The arguments by the long names of their options. */
export class CopyArguments {
  readonly #parsed: readonly GnuArgument[];
  constructor(parsed: readonly GnuArgument[]) {
    this.#parsed = parsed;
  }

  values(option: string): string[] {
    return this.#parsed.filter((argument) => argument.option === option).map(({ value }) => value);
  }

  has(option: string): boolean {
    return this.#parsed.some((argument) => argument.option === option);
  }

  last(option: string): string | undefined {
    return this.values(option).at(-1);
  }

  /** Names that are given one by one, and those in files, of which each line holds one. */
  names(option: string, fileOption: string): NameList {
    const inFiles = this.values(fileOption).flatMap((path) => linesOf(path).map(([name]) => name!));
    return new NameList([...this.values(option), ...inFiles], this.has("--wildcard"));
  }

  /** The format of these that `option` names, or `--target`. */
  format<Format extends string>(option: "--input-target" | "--output-target", formats: readonly Format[]): Format {
    const named = this.last(option) ?? this.last("--target") ?? "elf32-i386";
    const format = formats.find((known) => known === named);
    if (format === undefined)
      throw new UsageError(`${option} ${named}: it is ${formats.slice(0, -1).join(", ")} or ${formats.at(-1)}`);
    return format;
  }
}

/** The words of each line that has any; what follows `#` is a comment. */
function linesOf(path: string): string[][] {
  return Buffer.from(readBytes(path))
    .toString("latin1")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "")
    .map((line) => line.split(/\s+/));
}

export function copyOptions(args: CopyArguments, output: string): RewriteOptions {
  const renamed = renamedSections(args);
  const prefix = (section: ObjectSection): string =>
    (section.traits.alloc ? args.last("--prefix-alloc-sections") : undefined) ?? args.last("--prefix-sections") ?? "";
  const words = sectionWords(args);
  const wordsFor = (section: ObjectSection): SectionWords | null =>
    words.findLast(({ glob }) => globMatch(glob, section.name))?.words ?? renamed.get(section.name)?.words ?? null;
  const unrelocated = [...args.values("--remove-relocations"), ...removedTables(args)];
  return {
    chosen: chosenBy(args),
    dropsHomeless: args.has("--only-section") || args.has("--extract-dwo"),
    isKept: ({ name }) => matchesSection(args.values("--keep-section"), name),
    onlyDebugging: args.has("--only-keep-debug"),
    changes: symbolChanges(args),
    updated: new Map(args.values("--update-section").map((text) => fileOf(text))),
    added: addedSections(args, output, (name) => words.findLast(({ glob }) => globMatch(glob, name))?.words ?? null),
    newName: (section) => prefix(section) + (renamed.get(section.name)?.name ?? section.name),
    wordsFor,
    alignments: new Map(args.values("--set-section-alignment").map(alignmentOf)),
    isRelocated: ({ name }) => !matchesSection(unrelocated, name),
    addresses: addressChanges(args),
    entry: (old) => startOf(args, old),
  };
}

/** Where the program begins, which began at an address. */
function startOf(args: CopyArguments, old: number): number {
  const start = args.last("--set-start");
  const offset = signed(args.last("--change-start") ?? args.last("--change-addresses") ?? "0", "--change-start");
  return ((start === undefined ? old : number(start, "--set-start")) + offset) >>> 0;
}

/** `entry`: where the program began. */
export function hexOptions(args: CopyArguments, output: string, entry: number): HexOptions {
  const wordBytes = number(args.last("--verilog-data-width") ?? "1", "--verilog-data-width");
  if (![1, 2, 4, 8, 16].includes(wordBytes))
    throw new UsageError(`--verilog-data-width ${wordBytes}: it is 1, 2, 4, 8 or 16`);
  return {
    ...imageOptions(args),
    start: startOf(args, entry),
    name: output,
    recordBytes: number(args.last("--srec-len") ?? "16", "--srec-len"),
    hasLongAddresses: args.has("--srec-forceS3"),
    wordBytes,
  };
}

export function imageOptions(args: CopyArguments): BinaryImageOptions {
  const words = sectionWords(args);
  const padTo = args.last("--pad-to");
  return {
    chosen: chosenBy(args),
    wordsFor: ({ name }) => words.findLast(({ glob }) => globMatch(glob, name))?.words ?? null,
    gapFill: number(args.last("--gap-fill") ?? "0", "--gap-fill") & 0xff,
    fillsGaps: args.has("--gap-fill"),
    padTo: padTo === undefined ? null : number(padTo, "--pad-to"),
  };
}

const isSplitDebugging = (name: string): boolean => name.endsWith(".dwo");

function chosenBy(args: CopyArguments): (section: ObjectSection) => boolean {
  const only = args.values("--only-section");
  const removed = args.values("--remove-section").filter((glob) => !isTable(glob));
  return ({ name }) =>
    (only.length === 0 || matchesSection(only, name)) &&
    !matchesSection(removed, name) &&
    !(args.has("--strip-dwo") && isSplitDebugging(name)) &&
    !(args.has("--extract-dwo") && !isSplitDebugging(name));
}

const isTable = (glob: string): boolean => glob.startsWith(".rel.");
/** `-R .rel.text` speaks of the relocations of `.text`. */
const removedTables = (args: CopyArguments): string[] =>
  args
    .values("--remove-section")
    .filter(isTable)
    .map((glob) => glob.slice(".rel".length));

function symbolChanges(args: CopyArguments): SymbolChanges {
  const pairs = args.values("--redefine-sym").map((text): readonly [string, string] => {
    const [, old, name] = parts(/^([^=]+)=(.+)$/, text, "--redefine-sym", "OLD=NEW");
    return [old!, name!];
  });
  for (const path of args.values("--redefine-syms"))
    for (const [old, name] of linesOf(path)) if (name !== undefined) pairs.push([old!, name]);
  for (const [at, [old, name]] of pairs.entries()) {
    const before = pairs.slice(0, at);
    if (before.some(([other]) => other === old)) throw new CommandError(`${old} is given two new names`);
    if (before.some(([, other]) => other === name)) throw new CommandError(`two symbols are to be called ${name}`);
  }
  return {
    strip: args.has("--strip-all")
      ? "all"
      : args.has("--strip-unneeded")
        ? "unneeded"
        : args.has("--strip-debug")
          ? "debugging"
          : "none",
    discard: args.has("--discard-all") ? "all" : args.has("--discard-locals") ? "labels" : "none",
    redefined: new Map(pairs),
    prefix: args.last("--prefix-symbols") ?? "",
    localized: args.names("--localize-symbol", "--localize-symbols"),
    localizesHidden: args.has("--localize-hidden"),
    globalized: args.names("--globalize-symbol", "--globalize-symbols"),
    weakened: args.names("--weaken-symbol", "--weaken-symbols"),
    weakensAll: args.has("--weaken"),
    keptGlobal: args.names("--keep-global-symbol", "--keep-global-symbols"),
    kept: args.names("--keep-symbol", "--keep-symbols"),
    keepsFiles: args.has("--keep-file-symbols"),
    keepsSections: args.has("--keep-section-symbols"),
    stripped: args.names("--strip-symbol", "--strip-symbols"),
    strippedUnneeded: args.names("--strip-unneeded-symbol", "--strip-unneeded-symbols"),
    added: args.values("--add-symbol").map(newSymbol),
  };
}

const BINDINGS: Readonly<Record<string, number>> = { local: STB_LOCAL, global: STB_GLOBAL, weak: STB_WEAK };
const TYPES: Readonly<Record<string, number>> = {
  function: STT_FUNC,
  object: STT_OBJECT,
  file: STT_FILE,
  "indirect-function": STT_GNU_IFUNC,
};

/** Words for other object formats say nothing here. */
function newSymbol(text: string): NewSymbol {
  const form = "NAME=[SECTION:]VALUE[,FLAGS]";
  const pattern = /^([^=]+)=(?:([^:]+):)?(0x[0-9a-f]+|\d+)((?:,[^,]+)*)$/i;
  const [, name, section, value, flags] = parts(pattern, text, "--add-symbol", form);
  const words = flags!.toLowerCase().split(",");
  const among = (table: Readonly<Record<string, number>>): number | undefined =>
    words.map((word) => table[word]).findLast((found) => found !== undefined);
  return {
    name: name!,
    section: section ?? null,
    value: number(value!, "--add-symbol"),
    binding: among(BINDINGS) ?? STB_GLOBAL,
    type: among(TYPES) ?? STT_NOTYPE,
  };
}

const WORDS = new Set(
  "alloc load noload readonly debug code data rom exclude share contents merge strings large".split(" "),
);

function wordsOf(text: string, option: string): SectionWords {
  const words = text.split(",").map((word) => word.trim().toLowerCase());
  const strange = words.find((word) => !WORDS.has(word));
  if (strange !== undefined) throw new UsageError(`${option}: no flag is called ${strange}: ${[...WORDS].join(", ")}`);
  return new Set(words);
}

function sectionWords(args: CopyArguments): { readonly glob: string; readonly words: SectionWords }[] {
  return args.values("--set-section-flags").map((text) => {
    const [, glob, flags] = parts(/^([^=]+)=(.+)$/, text, "--set-section-flags", "NAME=FLAGS");
    return { glob: glob!, words: wordsOf(flags!, "--set-section-flags") };
  });
}

function renamedSections(args: CopyArguments): Map<string, { name: string; words: SectionWords | null }> {
  return new Map(
    args.values("--rename-section").map((text) => {
      const pattern = /^([^=]+)=([^,]+)(?:,(.+))?$/;
      const [, old, name, flags] = parts(pattern, text, "--rename-section", "OLD=NEW[,FLAGS]");
      return [old!, { name: name!, words: flags === undefined ? null : wordsOf(flags, "--rename-section") }];
    }),
  );
}

function addedSections(
  args: CopyArguments,
  output: string,
  wordsFor: (name: string) => SectionWords | null,
): AddedSection[] {
  return [
    ...args
      .values("--add-section")
      .map(fileOf)
      .map(([name, content]) => ({ name, content, align: 1, words: wordsFor(name) })),
    ...args.values("--add-gnu-debuglink").map((path) => ({
      name: ".gnu_debuglink",
      // Some Makefiles name the output itself; GNU objcopy checks whatever it has written of that by then, which no
      // debugger can match: here it is nothing.
      content: debugLink(basename(path), path === output ? new Uint8Array(0) : readBytes(path)),
      align: 4,
      words: null,
    })),
  ];
}

/** Which addresses an option changes, and what stands before its value. */
const ADDRESS_OPTIONS = [
  ["--change-section-address", "both"],
  ["--change-section-vma", "address"],
  ["--change-section-lma", "loadAddress"],
] as const;

export function addressChanges(args: CopyArguments): AddressChange[] {
  const all = args.values("--change-addresses").map((text): AddressChange => {
    const offset = signed(text, "--change-addresses");
    return { glob: "*", operator: offset < 0 ? "-" : "+", value: Math.abs(offset), of: "both" };
  });
  const single = ADDRESS_OPTIONS.flatMap(([option, of]) =>
    args.values(option).map((text): AddressChange => {
      const pattern = /^(.+?)([=+-])(0x[0-9a-f]+|\d+)$/i;
      const [, glob, operator, value] = parts(pattern, text, option, "NAME=ADDRESS, NAME+OFFSET or NAME-OFFSET");
      return { glob: glob!, operator: operator as AddressChange["operator"], value: number(value!, option), of };
    }),
  );
  return [...all, ...single];
}

function alignmentOf(text: string): readonly [name: string, align: number] {
  const [, name, value] = parts(/^([^=]+)=(.+)$/, text, "--set-section-alignment", "NAME=ALIGNMENT");
  const align = /^\d+$/.test(value!) ? Number(value) : NaN;
  if (!Number.isInteger(Math.log2(align)))
    throw new UsageError(`--set-section-alignment ${text}: an alignment is a power of two in decimal digits`);
  return [name!, align];
}

/** `NAME=FILE` */
function fileOf(text: string): readonly [name: string, content: Uint8Array] {
  const [, name, path] = parts(/^([^=]+)=(.+)$/, text, "", "NAME=FILE");
  return [name!, readBytes(path!)];
}

function parts(pattern: RegExp, text: string, option: string, form: string): (string | undefined)[] {
  const match = pattern.exec(text);
  if (!match) throw new UsageError(`${option} ${text}: it wants ${form}`.trim());
  return [...match];
}

/** What of a distance reaches addresses of 32 bits. */
function signed(text: string, option: string): number {
  const low = Number(BigInt.asUintN(32, wholeNumber(text.replace(/^[-+]/, ""), option)));
  return text.startsWith("-") ? -low : low;
}

function number(text: string, option: string): number {
  const value = wholeNumber(text, option);
  if (value > 0xffffffffn) throw notANumber(text, option);
  return Number(value);
}

/** As C reads numbers: 010 is eight. */
function wholeNumber(text: string, option: string): bigint {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) throw notANumber(text, option);
  return BigInt(text.replace(/^0(?=[0-7]+$)/, "0o"));
}

const notANumber = (text: string, option: string): UsageError =>
  new UsageError(`${option} ${text}: it wants a number, such as 0xff`);

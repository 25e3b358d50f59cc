/**
 * Options as the GNU tools take them, which the command line's own parser does not know: clusters of letters (`-dr`),
 * values after a letter (`-j.text`), long names with one dash (`-Ttext 0`), options whose order among the files
 * matters, and `@file`.
 */
import { VERSION } from "../version.ts";
import { readListed } from "./bounded-file.ts";
import { CommandError, UsageError } from "./fail.ts";
import { standardOutput } from "./streams.ts";

export interface GnuOption {
  /** Every spelling, with its dashes: `-j`, `--section`, `-Ttext`. */
  readonly names: readonly string[];
  /** Name of the value in the help; absent when the option has none. */
  readonly value?: string;
  /** The value can only stand after `=` (or, for a letter, right after it). */
  readonly optional?: boolean;
  readonly help: string;
}

/** An option with its value, or an operand, as they came. */
export interface GnuArgument {
  /** The option's first name; empty for an operand. */
  readonly option: string;
  readonly value: string;
}

export interface GnuCommand {
  /** As the user types it: `qure nm`. */
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly options: readonly GnuOption[];
  readonly example: string;
  /** What the help ends with. */
  readonly atEnd?: () => string;
  /** `-Map file`: long names also with one dash, as in GNU ld. */
  readonly singleDash?: boolean;
}

/** What scripts that look for GNU's tools read: the name and the version that it behaves as. */
export function versionText(name: string): string {
  return `GNU ${name} (QuRe ${VERSION}) 2.40\nThis is qure ${name} ${VERSION}, which takes the options of GNU ${name} 2.40.\n`;
}

/** The arguments in order, or null when the help or the version was asked for (and printed). Throws `UsageError`. */
export function parseArguments(command: GnuCommand, args: readonly string[]): GnuArgument[] | null {
  const parsed: GnuArgument[] = [];
  const words = expandFiles(args, 0);
  const refuse = (word: string): never => {
    throw new UsageError(`unknown option ${word} (see qure ${command.name} --help)`);
  };
  const byName = new Map(command.options.flatMap((option) => option.names.map((name) => [name, option] as const)));
  const take = (option: GnuOption, word: string, value: string | null, index: number): number => {
    if (option.value === undefined) {
      if (value !== null) throw new UsageError(`${word} takes no value`);
      parsed.push({ option: option.names[0]!, value: "" });
      return index;
    }
    if (value === null && !option.optional) {
      if (index + 1 >= words.length) throw new UsageError(`${word} wants a value: ${option.value}`);
      parsed.push({ option: option.names[0]!, value: words[index + 1]! });
      return index + 1;
    }
    parsed.push({ option: option.names[0]!, value: value ?? "" });
    return index;
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const isShortHelp = (word === "-h" || word === "-H") && !command.singleDash && !byName.has(word);
    if (word === "--help" || isShortHelp) {
      standardOutput().write(helpText(command) + (command.atEnd?.() ?? ""));
      return null;
    }
    // What the letter means elsewhere, each command says that has it.
    if (word === "--version" || ((word === "-V" || word === "-v") && !byName.has(word))) {
      standardOutput().write(versionText(command.name));
      return null;
    }
    if (word === "--") {
      parsed.push(...words.slice(i + 1).map((value) => ({ option: "", value })));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      parsed.push({ option: "", value: word });
      continue;
    }
    const equals = word.indexOf("=");
    const name = equals > 0 ? word.slice(0, equals) : word;
    const value = equals > 0 ? word.slice(equals + 1) : null;
    // `-omagic` names the output, as in GNU ld: what begins with an o wants two dashes.
    const mayLackDash = command.singleDash && !word.startsWith("--") && !word.startsWith("-o");
    const long = byName.get(name) ?? (mayLackDash ? byName.get(`-${name}`) : undefined);
    if (long && (word.startsWith("--") || name.length > 2)) {
      i = take(long, name, value, i);
      continue;
    }
    if (word.startsWith("--")) {
      // Like getopt_long: a unique beginning of a name will do.
      const candidates = new Set([...byName].filter(([known]) => known.startsWith(name)).map(([, option]) => option));
      const [only] = candidates;
      if (candidates.size !== 1 || only === undefined) refuse(name);
      i = take(only!, name, value, i);
      continue;
    }
    i = letters(word, i);
  }
  return parsed;

  /** `-dN`: nothing but letters without a value. */
  function isCluster(word: string): boolean {
    return [...word.slice(1)].every(
      (letter) => byName.get(`-${letter}`)?.value === undefined && byName.has(`-${letter}`),
    );
  }

  function letters(word: string, index: number): number {
    for (let at = 1; at < word.length; at++) {
      const option = byName.get(`-${word[at]!}`);
      if (!option) return refuse(word.length > 2 && command.singleDash ? word : `-${word[at]!}`);
      if (option.value === undefined) {
        if (command.singleDash && !isCluster(word)) return refuse(word);
        parsed.push({ option: option.names[0]!, value: "" });
        continue;
      }
      const rest = word.slice(at + 1);
      return take(option, `-${word[at]!}`, rest !== "" ? rest : null, index);
    }
    return index;
  }
}

/** The words of a command line, with the words of each `@file` in its place. */
export const withFiles = (args: readonly string[]): string[] => expandFiles(args, 0);

const MAX_DEPTH = 16;

/**
 * `@file` stands for the words in the file; quotes and backslashes keep spaces. A file that cannot be read stays as it
 * is.
 */
function expandFiles(args: readonly string[], depth: number): string[] {
  return args.flatMap((word) => {
    if (!word.startsWith("@") || word.length === 1) return [word];
    if (depth >= MAX_DEPTH) throw new UsageError(`${word}: the files of options include each other`);
    let text: string;
    try {
      text = readListed(word.slice(1));
    } catch (error) {
      if (error instanceof CommandError) throw error;
      return [word];
    }
    return expandFiles(splitWords(text), depth + 1);
  });
}

function splitWords(text: string): string[] {
  const words: string[] = [];
  for (const match of text.matchAll(/(?:[^\s"'\\]|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*')+/g)) {
    words.push(
      match[0].replace(
        /\\([\s\S])|"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'/g,
        (_, escaped: string, double: string, single: string) =>
          escaped ?? (double ?? single).replace(/\\([\s\S])/g, "$1"),
      ),
    );
  }
  return words;
}

function helpText({ name, usage, summary, options, example }: GnuCommand): string {
  const rows = options
    .filter(({ help }) => help !== "")
    .map(({ names, value, optional, help }) => {
      const shown =
        value === undefined ? names.join(", ") : `${names.join(", ")}${optional ? `[=${value}]` : ` ${value}`}`;
      return shown.length > 32 ? `  ${shown}\n  ${" ".repeat(33)}${help}` : `  ${shown.padEnd(33)}${help}`;
    });
  return [
    `Usage: qure ${name} ${usage}`,
    "",
    summary,
    "",
    "Options:",
    ...rows,
    `  ${"@file".padEnd(33)}take more options from a file`,
    "",
    "Example:",
    `  ${example}`,
    "",
  ].join("\n");
}

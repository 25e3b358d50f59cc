/**
 * Options as the GNU tools take them, which the command line's own parser does not know: clusters of letters (`-dr`),
 * values after a letter (`-j.text`), long names with one dash (`-Ttext 0`), options whose order among the files
 * matters, and `@file`.
 */
import { VERSION } from "../version.ts";
import { readListed } from "./bounded-file.ts";
import { CommandError, say, UsageError } from "./fail.ts";
import { standardOutput } from "./streams.ts";

export interface GnuOption {
  /** Every spelling, with its dashes: `-j`, `--section`, `-Ttext`. */
  readonly names: readonly string[];
  /** Name of the value in the help; absent when the option has none. */
  readonly value?: string;
  /** The value can only stand after `=` (or, for a letter, right after it). */
  readonly optional?: boolean;
  readonly help: string;
  /**
   * What it asks for is not there, but the next tool of this name on PATH has it; a function says so of a value alone.
   */
  readonly elsewhere?: string | ((value: string) => string | null);
  /** Why it is not taken. */
  readonly refused?: string;
  /** It is taken, and does nothing of what GNU's does: that is said each time. */
  readonly idle?: string | ((value: string) => string | null);
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

/** `--demangle=STYLE`: names of languages that are not taken apart here. */
export const otherStyle = (style: string): string | null =>
  /^(java|gnat|dlang)$/.test(style) ? "it is none, auto, gnu-v3 or rust" : null;

/** What scripts that look for GNU's tools read: the name and the version that it behaves as. */
export function versionText(name: string): string {
  return `GNU ${name} (QuRe ${VERSION}) 2.40\nThis is qure ${name} ${VERSION}, which takes the options of GNU ${name} 2.40.\n`;
}

/** The arguments in order, or null when the help or the version was asked for (and printed). Throws `UsageError`. */
export function parseArguments(command: GnuCommand, args: readonly string[]): GnuArgument[] | null {
  const parsed: GnuArgument[] = [];
  const idle = new Set<string>();
  const isWhole = new ArgumentReader(command, {
    take: (option, word, value) => {
      const reason = option?.refused ?? (option && elsewhereOf(option, value));
      if (reason) throw new UsageError(`${wordsOf(word, value)}: ${reason}`);
      const isIdle = typeof option?.idle === "function" ? option.idle(value) : option?.idle;
      if (option && isIdle && !idle.has(wordsOf(word, value))) {
        idle.add(wordsOf(word, value));
        say("warning", `${wordsOf(word, value)} has no effect: ${isIdle}`);
      }
      parsed.push({ option: option?.names[0] ?? "", value });
    },
    refuse: (message) => {
      throw new UsageError(message);
    },
  }).read(expandFiles(args, 0));
  return isWhole ? parsed : null;
}

/** An option with its value as people write it. */
export const wordsOf = (word: string, value: string): string =>
  value === "" ? word : `${word}${word.startsWith("--") ? "=" : " "}${value}`;

/** An argument as `scanArguments` finds it. */
export interface ScannedArgument extends GnuArgument {
  /** As the user typed the option. */
  readonly word: string;
  /** Why the next tool of the name has to do it; null where this one can. */
  readonly elsewhere: string | null;
}

/** The same without a word about mistakes: what nobody knows is left out. */
export function scanArguments(command: GnuCommand, args: readonly string[]): ScannedArgument[] {
  const found: ScannedArgument[] = [];
  let words: string[];
  try {
    words = expandFiles(args, 0);
  } catch {
    // Whoever runs the tool says so.
    return found;
  }
  const isWhole = new ArgumentReader(command, {
    take: (option, word, value) =>
      void found.push({
        option: option?.names[0] ?? "",
        value,
        word,
        elsewhere: option ? elsewhereOf(option, value) : null,
      }),
    refuse: () => {},
    asks: () => {},
  }).read(words);
  return isWhole ? found : [];
}

function elsewhereOf({ elsewhere }: GnuOption, value: string): string | null {
  return typeof elsewhere === "function" ? elsewhere(value) : (elsewhere ?? null);
}

interface ArgumentTaker {
  /** `option` is null for an operand. */
  take(option: GnuOption | null, word: string, value: string): void;
  refuse(message: string): void;
  /** What is printed for --help and --version; those of the command where absent. */
  asks?(text: string): void;
}

class ArgumentReader {
  readonly #command: GnuCommand;
  readonly #taker: ArgumentTaker;
  readonly #byName: ReadonlyMap<string, GnuOption>;
  #words: readonly string[] = [];

  constructor(command: GnuCommand, taker: ArgumentTaker) {
    this.#command = command;
    this.#taker = taker;
    this.#byName = new Map(command.options.flatMap((option) => option.names.map((name) => [name, option] as const)));
  }

  /** False when the help or the version was asked for. */
  read(words: readonly string[]): boolean {
    this.#words = words;
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      if (this.#isQuestion(word)) return false;
      if (word === "--") {
        for (const operand of words.slice(i + 1)) this.#taker.take(null, operand, operand);
        return true;
      }
      if (!word.startsWith("-") || word === "-") this.#taker.take(null, word, word);
      else i = this.#option(word, i);
    }
    return true;
  }

  #isQuestion(word: string): boolean {
    const command = this.#command;
    const print = this.#taker.asks?.bind(this.#taker) ?? ((text: string) => void standardOutput().write(text));
    const isFree = !this.#byName.has(word);
    if (word === "--help" || ((word === "-h" || word === "-H") && !command.singleDash && isFree)) {
      print(helpText(command) + (command.atEnd?.() ?? ""));
      return true;
    }
    // What the letter means elsewhere, each command says that has it.
    if (word !== "--version" && !((word === "-V" || word === "-v") && isFree)) return false;
    print(versionText(command.name));
    return true;
  }

  #option(word: string, index: number): number {
    const equals = word.indexOf("=");
    const name = equals > 0 ? word.slice(0, equals) : word;
    const value = equals > 0 ? word.slice(equals + 1) : null;
    // `-omagic` names the output, as in GNU ld: what begins with an o wants two dashes.
    const mayLackDash = this.#command.singleDash && !word.startsWith("--") && !word.startsWith("-o");
    const long = this.#byName.get(name) ?? (mayLackDash ? this.#byName.get(`-${name}`) : undefined);
    if (long && (word.startsWith("--") || name.length > 2)) return this.#take(long, name, value, index);
    if (!word.startsWith("--")) return this.#letters(word, index);
    // Like getopt_long: a unique beginning of a name will do.
    const candidates = new Set(
      [...this.#byName].filter(([known]) => known.startsWith(name)).map(([, option]) => option),
    );
    const [only] = candidates;
    if (candidates.size === 1 && only !== undefined) return this.#take(only, name, value, index);
    this.#refuseUnknown(name);
    return index;
  }

  #refuseUnknown(word: string): void {
    this.#taker.refuse(`unknown option ${word} (see qure ${this.#command.name} --help)`);
  }

  #take(option: GnuOption, word: string, value: string | null, index: number): number {
    if (option.value === undefined) {
      if (value !== null) this.#taker.refuse(`${word} takes no value`);
      this.#taker.take(option, word, "");
      return index;
    }
    if (value !== null || option.optional) {
      this.#taker.take(option, word, value ?? "");
      return index;
    }
    const next = this.#words[index + 1];
    if (next === undefined) this.#taker.refuse(`${word} wants a value: ${option.value}`);
    else this.#taker.take(option, word, next);
    return index + 1;
  }

  /** `-dN`: nothing but letters without a value. */
  #isCluster(word: string): boolean {
    return [...word.slice(1)].every(
      (letter) => this.#byName.get(`-${letter}`)?.value === undefined && this.#byName.has(`-${letter}`),
    );
  }

  #letters(word: string, index: number): number {
    const { singleDash } = this.#command;
    for (let at = 1; at < word.length; at++) {
      const letter = `-${word[at]!}`;
      const option = this.#byName.get(letter);
      if (!option || (option.value === undefined && singleDash && !this.#isCluster(word))) {
        this.#refuseUnknown(singleDash && word.length > 2 ? word : letter);
        return index;
      }
      if (option.value !== undefined) {
        const rest = word.slice(at + 1);
        return this.#take(option, letter, rest !== "" ? rest : null, index);
      }
      this.#taker.take(option, letter, "");
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

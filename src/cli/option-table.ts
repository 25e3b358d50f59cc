/**
 * Options as data. A command's options are one table: what commander declares, the type of the values, the checks
 * between options and the table in the documentation all come from it.
 */
import { type Command, Option } from "commander";
import { UsageError } from "./fail.ts";

export interface OptionSpec<Value> {
  /** As commander reads them: `-n, --nodes <n>`. */
  readonly flags: string;
  readonly help: string;
  /** Heading above the option in `--help` and in the documentation. */
  readonly group: string;
  /** The value of an option that is not given. */
  readonly initial: Value;
  /** Takes the place of commander's text for the value, and of the argument of the next one of a list. */
  readonly parse?: (text: string, previous: unknown) => Value;
  /** The words that may be given. */
  readonly choices?: readonly string[];
  /** Names of options that say the same or the opposite. */
  readonly conflicts?: readonly string[];
  /** Name of an option without which this one means nothing, or names of which one is enough. */
  readonly needs?: string | readonly string[];
  /** What the help says of the value that is taken when none is given. */
  readonly defaultText?: string;
}

export type OptionTable = Readonly<Record<string, OptionSpec<unknown>>>;

/** The values of a table's options, by their names. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends OptionSpec<infer Value> ? Value : never;
};

interface Texts {
  readonly flags: string;
  readonly help: string;
  readonly group: string;
  readonly conflicts?: readonly string[];
  readonly needs?: string | readonly string[];
}

/** An argument's parser; `option` is the option's name, for the message of the `UsageError` that it throws. */
export type ArgumentParser<Value> = (text: string, option: string) => Value;

export function longName({ flags }: { readonly flags: string }): string {
  return /--[\w-]+/.exec(flags)![0];
}

/** An option without argument. */
export function flag(texts: Texts): OptionSpec<boolean> {
  return { ...texts, initial: longName(texts).startsWith("--no-") };
}

/** An option with an argument; null when it is not given. `defaultText` says what happens then. */
export function optional<Value>(
  texts: Texts & { readonly parse: ArgumentParser<Value>; readonly defaultText?: string },
): OptionSpec<Value | null> {
  return { ...texts, initial: null, parse: (text) => texts.parse(text, longName(texts)) };
}

/** An option with an argument that has a default. */
export function withDefault<Value>(
  texts: Texts & { readonly parse: ArgumentParser<Value>; readonly default: string },
): OptionSpec<Value> {
  const parse = (text: string): Value => texts.parse(text, longName(texts));
  return { ...texts, parse, initial: parse(texts.default), defaultText: texts.default };
}

/** An option whose argument is one of a few words. */
export function choice<const Words extends readonly string[]>(
  texts: Texts & { readonly choices: Words; readonly default: Words[number] },
): OptionSpec<Words[number]> {
  return { ...texts, initial: texts.default, defaultText: texts.default };
}

/** An option that may be given several times, or with several arguments. */
export function list(texts: Texts & { readonly defaultText?: string }): OptionSpec<readonly string[]> {
  return {
    ...texts,
    initial: [],
    parse: (text, previous) => [...((previous as readonly string[] | undefined) ?? []), text],
  };
}

/** An option that may be given several times, each time with an argument of its own. */
export function listOf<Value>(texts: Texts & { readonly parse: ArgumentParser<Value> }): OptionSpec<readonly Value[]> {
  return {
    ...texts,
    initial: [],
    parse: (argument, previous) => [
      ...((previous as readonly Value[] | undefined) ?? []),
      texts.parse(argument, longName(texts)),
    ],
  };
}

export const text: ArgumentParser<string> = (argument) => argument;

export function wholeNumber(least: number, most: number): ArgumentParser<number> {
  return (argument, option) => {
    const value = Number(argument);
    if (!/^\d+$/.test(argument) || value < least || value > most)
      throw new UsageError(`${option} ${argument}: not a whole number from ${least} to ${most}`);
    return value;
  };
}

function commanderOption(spec: OptionSpec<unknown>): Option {
  const { flags, help, group, choices, parse, initial, conflicts = [], defaultText } = spec;
  const isDeclared = defaultText !== undefined && initial !== null && !Array.isArray(initial);
  const note = defaultText !== undefined && !isDeclared ? ` (default: ${defaultText})` : "";
  const option = new Option(flags, `${help}${note}`).helpGroup(`${group}:`).conflicts([...conflicts]);
  if (isDeclared) option.default(initial, defaultText);
  if (choices) option.choices(choices);
  else if (parse) option.argParser((argument: string, previous: unknown) => parse(argument, previous));
  return option;
}

/** Declares the options of the table that are called `names`; all of them without names. */
export function declareOptions(
  command: Command,
  table: OptionTable,
  names: readonly string[] = Object.keys(table),
): Command {
  for (const name of names) {
    const option = commanderOption(table[name]!);
    if (option.attributeName() !== name) throw new Error(`the option ${option.flags} is called ${name} in its table`);
    command.addOption(option);
  }
  return command;
}

/**
 * All values of a table, out of those that commander found; options that the command does not have are not given.
 * Throws `UsageError` for an option without the one that it needs.
 */
export function readOptions<Table extends OptionTable>(
  table: Table,
  found: Readonly<Record<string, unknown>>,
): OptionValues<Table> {
  for (const [name, spec] of Object.entries(table)) {
    const needed = [spec.needs ?? []].flat();
    if (needed.length === 0 || found[name] === undefined || needed.some((one) => found[one] !== undefined)) continue;
    throw new UsageError(`${longName(spec)}: give ${needed.map((one) => longName(table[one]!)).join(" or ")} too`);
  }
  const values = Object.entries(table).map(([name, { initial }]) => [name, found[name] ?? initial]);
  return Object.fromEntries(values) as OptionValues<Table>;
}

/**
 * What completion knows of a command: its words, without what they do. The build takes it out of what the commands
 * declare (scripts/build.mjs), so that completing a word loads none of them.
 */
import type { Command, Option } from "commander";

export interface KnownOption {
  /** `--driver`, `-d`; those that it has. */
  readonly names: readonly string[];
  readonly help: string;
  /** What stands for its value: `file`; null: it takes none. */
  readonly value: string | null;
  /** Its value is a word of its own only with `=`. */
  readonly isOptional: boolean;
  readonly choices: readonly string[];
}

interface KnownArgument {
  readonly name: string;
  readonly isVariadic: boolean;
  readonly choices: readonly string[];
}

export interface KnownCommand {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly help: string;
  readonly options: readonly KnownOption[];
  readonly arguments: readonly KnownArgument[];
  readonly commands: readonly KnownCommand[];
}

function optionOf({ long, short, flags, description, argChoices = [], optional }: Option): KnownOption {
  const value = /[<[]([^>\]]*)[>\]]/.exec(flags)?.[1]?.replace(/\.\.\.$/, "") ?? null;
  const names = [long, short].filter((name) => typeof name === "string");
  return { names, help: lineOf(description), value, isOptional: optional, choices: argChoices };
}

/** Shells show a line, and say themselves how long. */
const lineOf = (text: string): string => text.replace(/\s+/g, " ").trim();

export function treeOf(command: Command): KnownCommand {
  return {
    name: command.name(),
    aliases: command.aliases(),
    help: lineOf(command.description()),
    options: command.options.filter(({ hidden }) => !hidden).map(optionOf),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      isVariadic: argument.variadic,
      // `[on|off]` is written so in its name.
      choices: argument.argChoices ?? (argument.name().includes("|") ? argument.name().split("|") : []),
    })),
    commands: command.commands.map(treeOf),
  };
}

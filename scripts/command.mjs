/**
 * How the workshop's own commands (npm run bench, prove, corpora, mutants; node scripts/NAME.mjs) read their words:
 * commander's --help with an example, and one line and exit code 2 for a word that is wrong.
 */
import { Command, InvalidArgumentError } from "commander";

/** The command that is called as `name`; `example` is what a person would type after it, "" when nothing. */
export function workshopCommand(name, description, example) {
  return new Command(name)
    .description(description)
    .addHelpText("after", `\nExample:\n  ${`${name} ${example}`.trimEnd()}`)
    .showHelpAfterError("(see --help)")
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
}

/** Reads a whole number of the range as the value of an option or argument. */
export const wholeNumber =
  (least, most = Number.MAX_SAFE_INTEGER) =>
  (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It is not a whole number ${range}.`);
  };

/** Reads a number above 0, such as minutes. */
export function positiveNumber(text) {
  const value = Number(text);
  if (text.trim() !== "" && value > 0) return value;
  throw new InvalidArgumentError("It is not a number above 0.");
}

/** Reads values with commas between them, each with `read`. */
export const listOf =
  (read = (text) => text) =>
  (text) =>
    text.split(",").map((part) => read(part));

/** Reads one of the words. */
export const oneOf = (words) => (text) => {
  if (words.includes(text)) return text;
  throw new InvalidArgumentError(`There are ${words.join(", ")}.`);
};

/** `qure strip`: removes symbols and debugging information from objects, programs and archives, in place. */
import { GNU_FORMATS } from "../../binutils/formats.ts";
import { CommandError, say, UsageError } from "../fail.ts";
import { standardOutput } from "../streams.ts";
import { CopyArguments } from "./copy-options.ts";
import { STRIP_COMMAND } from "./copy-tables.ts";
import { parseArguments } from "./gnu-options.ts";
import { copy } from "./objcopy.ts";

/** One of these says what goes; without any all symbols do, whatever else is asked for. */
const CHOICES = [
  "--strip-all",
  "--strip-debug",
  "--strip-unneeded",
  "--strip-dwo",
  "--only-keep-debug",
  "--discard-all",
  "--discard-locals",
  "--strip-symbol",
];

export function run(args: readonly string[]): void {
  // GNU strip's own letter for --version.
  const parsed = parseArguments(STRIP_COMMAND, args.includes("-V") ? ["--version"] : args);
  if (parsed === null) return;
  const given = new CopyArguments(parsed);
  if (given.has("--info")) return void standardOutput().write(GNU_FORMATS);
  const files = given.values("");
  const output = given.last("-o");
  if (files.length === 0) throw new UsageError("it wants a file (see qure strip --help)");
  if (output !== undefined && files.length > 1) throw new UsageError("-o goes with one file only");
  const options = CHOICES.some((choice) => given.has(choice))
    ? given
    : new CopyArguments([...parsed, { option: "--strip-all", value: "" }]);
  let failures = 0;
  for (const file of files) {
    try {
      copy(options, file, output ?? file);
    } catch (error) {
      if (!(error instanceof CommandError) || error instanceof UsageError) throw error;
      say("error", error.message);
      failures++;
    }
  }
  if (failures > 0) throw new CommandError("");
}

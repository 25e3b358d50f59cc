/** `qure strip`: removes symbols and debugging information from objects and programs, in place. */
import { VERSION } from "../version.ts";
import { UsageError } from "./fail.ts";
import { run as runObjcopy } from "./objcopy.ts";
import { standardOutput } from "./streams.ts";

const HELP = `Usage: qure strip [options] file...

removes symbols and debugging information, as GNU strip does; the files are replaced

Options: -s --strip-all (default), -g -S -d --strip-debug, --strip-unneeded, -R NAME --remove-section=NAME, -N NAME --strip-symbol=NAME,
-K NAME is not supported, -o FILE, -p -v.

Example:
  qure strip -g kernel.o
`;

/** Strip's letters are not objcopy's. */
const LETTERS: Readonly<Record<string, string>> = {
  "-s": "--strip-all",
  "--strip-all": "--strip-all",
  "-g": "--strip-debug",
  "-S": "--strip-debug",
  "-d": "--strip-debug",
  "--strip-debug": "--strip-debug",
  "--strip-unneeded": "--strip-unneeded",
};
const IGNORED =
  /^(-p|-v|-D|-U|--preserve-dates|--verbose|--enable-deterministic-archives|--disable-deterministic-archives|--plugin.*)$/;
const WITH_VALUE: Readonly<Record<string, string>> = {
  "-R": "--remove-section",
  "--remove-section": "--remove-section",
  "-N": "--strip-symbol",
  "--strip-symbol": "--strip-symbol",
};

export function run(args: readonly string[]): void {
  if (args.includes("--help")) return void standardOutput().write(HELP);
  if (args.includes("--version") || args.includes("-V"))
    return void standardOutput().write(`GNU strip (QuRe) ${VERSION}, compatible with GNU strip 2.40\n`);
  const options: string[] = [];
  const files: string[] = [];
  let output: string | null = null;
  let strips = false;
  for (let i = 0; i < args.length; i++) {
    const [word, value] = args[i]!.startsWith("--")
      ? args[i]!.split(/=(.*)/s)
      : [args[i]!.slice(0, 2), args[i]!.slice(2)];
    const plain = LETTERS[args[i]!];
    const name = WITH_VALUE[word!];
    if (plain !== undefined) {
      options.push(plain);
      strips = true;
    } else if (name !== undefined) options.push(`${name}=${value || args[++i] || ""}`);
    else if (word === "-o") output = value || args[++i] || "";
    else if (!args[i]!.startsWith("-")) files.push(args[i]!);
    else if (!IGNORED.test(args[i]!)) throw new UsageError(`unknown option ${args[i]} (see qure strip --help)`);
  }
  if (files.length === 0) throw new UsageError("it wants a file (see qure strip --help)");
  if (output !== null && files.length > 1) throw new UsageError("-o goes with one file only");
  if (!strips && options.length === 0) options.push("--strip-all");
  for (const file of files) runObjcopy([...options, file, ...(output === null ? [] : [output])]);
}

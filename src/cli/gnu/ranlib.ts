/** `qure ranlib`: gives archives their symbol index. */
import { VERSION } from "../../version.ts";
import { say, UsageError } from "../fail.ts";
import { standardOutput } from "../streams.ts";
import { run as runAr } from "./ar.ts";
import { withFiles } from "./gnu-options.ts";

const HELP = `Usage: qure ranlib [-D] [-U] [-t] archive...

gives archives a symbol index, as GNU ranlib does; the same as qure ar s

Example:
  qure ranlib libkernel.a
`;

export function run(args: readonly string[]): void {
  if (args.includes("--help")) return void standardOutput().write(HELP);
  if (args.includes("--version") || args.includes("-V") || args.includes("-v"))
    return void standardOutput().write(`GNU ranlib (QuRe) ${VERSION}, compatible with GNU ranlib 2.40\n`);
  const unknown = args.find((word) => word.startsWith("-") && !/^-[DUt]+$/.test(word) && !word.startsWith("--plugin"));
  if (unknown !== undefined) throw new UsageError(`unknown option ${unknown} (see qure ranlib --help)`);
  if (args.some((word) => /^-[Dt]*U/.test(word))) say("warning", "-U has no effect: dates and owners are always zero");
  const paths = withFiles(args).filter((word) => !word.startsWith("-"));
  if (paths.length === 0) throw new UsageError("it wants an archive (see qure ranlib --help)");
  for (const path of paths) runAr(["s", path]);
}

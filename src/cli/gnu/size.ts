/** `qure size`: how large the parts of programs are. */
import {
  BERKELEY_HEAD,
  berkeleyLine,
  GNU_HEAD,
  gnuLine,
  gnuTotalsOf,
  type SizeRadix,
  sysvLines,
  totalsOf,
} from "../../binutils/size.ts";
import { UsageError } from "../fail.ts";
import { parseArguments } from "./gnu-options.ts";
import { forEachInput, writeOutput } from "./object-input.ts";
import { SIZE_COMMAND } from "./size-options.ts";

export function run(args: readonly string[]): void {
  const parsed = parseArguments(SIZE_COMMAND, args);
  if (parsed === null) return;
  let format = "b";
  let radix: SizeRadix = 10;
  let totals = false;
  const files: string[] = [];
  for (const { option, value } of parsed) {
    if (option === "") files.push(value);
    else if (option === "-A" || option === "-B" || option === "-G") format = option[1]!.toLowerCase().replace("a", "s");
    else if (option === "--format") {
      if (!/^[sbg]/i.test(value)) throw new UsageError(`--format ${value}: it is sysv, berkeley or gnu`);
      format = value[0]!.toLowerCase();
    } else if (option === "-d") radix = 10;
    else if (option === "-o") radix = 8;
    else if (option === "-x") radix = 16;
    else if (option === "--radix") {
      if (!["8", "10", "16"].includes(value)) throw new UsageError(`--radix ${value}: it is 8, 10 or 16`);
      radix = Number(value) as SizeRadix;
    } else if (option === "-t") totals = true;
  }
  const sum = { text: 0, data: 0, bss: 0 };
  let first = true;
  forEachInput(files.length === 0 ? ["a.out"] : files, ({ path, archive, objects }) => {
    const lines: string[] = [];
    if (first && format !== "s") lines.push(format === "g" ? GNU_HEAD : BERKELEY_HEAD[radix]);
    first = false;
    for (const object of objects) {
      const name = archive ? `${object.path} (ex ${path})` : path;
      const sizes = format === "g" ? gnuTotalsOf(object) : totalsOf(object);
      for (const part of ["text", "data", "bss"] as const) sum[part] += sizes[part];
      if (format === "s")
        lines.push(...sysvLines(object, archive ? `${object.path}   (ex ${path})` : `${path}  `, radix));
      else lines.push(format === "g" ? gnuLine(sizes, name, radix) : berkeleyLine(sizes, name, radix));
    }
    writeOutput(`${lines.join("\n")}\n`);
  });
  if (totals && format !== "s")
    writeOutput(`${format === "g" ? gnuLine(sum, "(TOTALS)", radix) : berkeleyLine(sum, "(TOTALS)", radix)}\n`);
}

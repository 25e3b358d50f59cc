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
} from "../binutils/size.ts";
import { UsageError } from "./fail.ts";
import { type GnuCommand, parseArguments } from "./gnu-options.ts";
import { forEachInput, writeOutput } from "./object-input.ts";

const COMMAND: GnuCommand = {
  name: "size",
  usage: "[options] [file...]",
  summary:
    "Prints the sizes of the sections of objects, executables and archives (a.out when no file is given), as GNU size does.",
  options: [
    { names: ["-A"], help: "each section with its address" },
    { names: ["-B"], help: "text, data and bss on one line (default)" },
    { names: ["-G"], help: "the same, with constants counted as data" },
    { names: ["--format"], value: "FORMAT", help: "sysv (-A), berkeley (-B) or gnu (-G)" },
    { names: ["-d"], help: "sizes in decimal (default)" },
    { names: ["-o"], help: "sizes in octal" },
    { names: ["-x"], help: "sizes in hexadecimal" },
    { names: ["--radix"], value: "RADIX", help: "8, 10 or 16" },
    { names: ["-t", "--totals"], help: "the sum of all files, too" },
    { names: ["--common"], help: "" },
    { names: ["-f"], help: "" },
  ],
  example: "qure size -A build/kernel.elf",
};

export function run(args: readonly string[]): void {
  const parsed = parseArguments(COMMAND, args);
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

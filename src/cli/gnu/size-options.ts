/** The options of `qure size`, as data. */
import type { GnuCommand } from "./gnu-options.ts";

export const SIZE_COMMAND: GnuCommand = {
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

/** The options of `qure readelf`, as data. */
import { type GnuCommand, otherStyle } from "./gnu-options.ts";

/** What the next tool shows: names, and the value; in brackets one that can be left out. */
const ELSEWHERE: readonly (readonly [names: string, value?: string])[] = [
  ["-w --debug-dump", "[WHAT"],
  ["-c --archive-index"],
  ["-D --use-dynamic"],
  ["-I --histogram"],
  ["-L --lint --enable-checks"],
  ["-R --relocated-dump", "SECTION"],
  ["-t --section-details"],
  ["-z --decompress"],
  ["-P --process-links"],
  ["-U", "LETTER"],
  ["--unicode", "METHOD"],
  ["--dyn-syms"],
  ["--sym-base", "BASE"],
  ["--ctf", "SECTION"],
  ["--ctf-symbols", "SECTION"],
  ["--ctf-strings", "SECTION"],
  ["--sframe", "[SECTION"],
];

export const READELF_COMMAND: GnuCommand = {
  name: "readelf",
  usage: "options file...",
  summary: "Shows the headers and tables of ELF files for the 386, as GNU readelf does.",
  options: [
    { names: ["-a", "--all"], help: "-h -l -S -g -s -r -d -n -A" },
    { names: ["-h", "--file-header"], help: "the header of the file" },
    { names: ["-l", "--program-headers", "--segments"], help: "the program headers, and the sections in each segment" },
    { names: ["-S", "--section-headers", "--sections"], help: "the section headers" },
    { names: ["-g", "--section-groups"], help: "the groups of sections" },
    { names: ["-e", "--headers"], help: "-h -l -S" },
    { names: ["-s", "--syms", "--symbols"], help: "the symbol tables" },
    { names: ["-r", "--relocs"], help: "the relocations" },
    { names: ["-d", "--dynamic"], help: "the dynamic section" },
    { names: ["-n", "--notes"], help: "the notes" },
    { names: ["-x", "--hex-dump"], value: "SECTION", help: "the bytes of a section, by its name or number" },
    { names: ["-p", "--string-dump"], value: "SECTION", help: "the strings in a section" },
    { names: ["-W", "--wide"], help: "names are not cut" },
    { names: ["-u", "--unwind"], help: "accepted: there is nothing to show for this processor" },
    { names: ["-V", "--version-info"], help: "accepted: the versions of symbols in shared libraries" },
    { names: ["-C"], help: "names as in C++ or Rust" },
    {
      names: ["--demangle"],
      value: "STYLE",
      optional: true,
      elsewhere: otherStyle,
      help: "the same: auto (default), gnu-v3, rust or none",
    },
    { names: ["--no-demangle"], help: "names as they are in the file (default)" },
    { names: ["--recurse-limit", "--no-recurse-limit", "--recursion-limit", "--no-recursion-limit"], help: "" },
    { names: ["-A", "--arch-specific"], help: "the attributes of objects (`.gnu_attribute`)" },
    // What says something of other processors, or of debugging information.
    { names: ["--lto-syms"], help: "" },
    ...ELSEWHERE.map(([names, value]) => ({
      names: names.split(" "),
      ...(value === undefined ? {} : { value, optional: value.startsWith("[") }),
      help: "",
      elsewhere: "that is not shown here",
    })),
    { names: ["--dwarf-depth", "--dwarf-start", "--ctf-parent"], value: "TEXT", help: "" },
    { names: ["-T", "--silent-truncation"], help: "names are cut without `[...]`" },
  ],
  example: "qure readelf -W -l build/kernel.elf",
};

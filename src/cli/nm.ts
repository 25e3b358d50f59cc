/** `qure nm`: the symbols of objects, executables and archives. */
import { listSymbols, type NmOptions } from "../binutils/nm.ts";
import { symbolNaming } from "./demangling.ts";
import { say, UsageError } from "./fail.ts";
import { type GnuCommand, parseArguments } from "./gnu-options.ts";
import { forEachInput, writeOutput } from "./object-input.ts";

const COMMAND: GnuCommand = {
  name: "nm",
  usage: "[options] [file...]",
  summary: "Lists the symbols of objects, executables and archives (a.out when no file is given), as GNU nm does.",
  options: [
    { names: ["-a", "--debug-syms"], help: "also the symbols of sections and source files" },
    { names: ["-A", "-o", "--print-file-name"], help: "the name of the file before each symbol" },
    { names: ["-g", "--extern-only"], help: "external symbols only" },
    { names: ["-u", "--undefined-only"], help: "undefined symbols only" },
    { names: ["-U", "--defined-only"], help: "defined symbols only" },
    { names: ["-W", "--no-weak"], help: "without weak symbols" },
    { names: ["-n", "-v", "--numeric-sort"], help: "sort by address" },
    { names: ["-p", "--no-sort"], help: "do not sort" },
    { names: ["-r", "--reverse-sort"], help: "sort the other way round" },
    { names: ["--size-sort"], help: "sort by size" },
    { names: ["-S", "--print-size"], help: "sizes of symbols, too" },
    { names: ["-s", "--print-armap"], help: "the symbol index of archives, too" },
    { names: ["-f", "--format"], value: "FORMAT", help: "bsd (default), posix, sysv or just-symbols" },
    { names: ["-P", "--portability"], help: "the same as --format=posix" },
    { names: ["-B"], help: "the same as --format=bsd" },
    { names: ["-j", "--just-symbols"], help: "only the names" },
    { names: ["-t", "--radix"], value: "RADIX", help: "d, o or x: radix of the numbers" },
    { names: ["-C"], help: "names as in C++ or Rust" },
    {
      names: ["--demangle"],
      value: "STYLE",
      optional: true,
      help: "the same: auto (default), gnu-v3, rust or none",
    },
    { names: ["--no-demangle"], help: "names as they are in the file (default)" },
    // What says nothing about objects of this processor and static programs.
    { names: ["--special-syms", "-e", "--with-symbol-versions", "--recurse-limit", "--recursion-limit"], help: "" },
    { names: ["--no-recurse-limit", "--no-recursion-limit"], help: "" },
    { names: ["-X", "--plugin", "--target"], value: "WORD", help: "" },
    { names: ["--quiet"], help: "say nothing of files without symbols" },
  ],
  example: "qure nm -n build/kernel.elf",
};

/** The last of these decides. */
const SORTS: Readonly<Record<string, NmOptions["sort"]>> = { "-p": "none", "--size-sort": "size", "-n": "address" };

export function run(args: readonly string[]): void {
  const parsed = parseArguments(COMMAND, args);
  if (parsed === null) return;
  const has = (option: string): boolean => parsed.some((argument) => argument.option === option);
  const argumentOf = (option: string): string | undefined =>
    parsed.findLast((argument) => argument.option === option)?.value;
  const files = parsed.filter(({ option }) => option === "").map(({ value }) => value);
  const format = has("-P") ? "posix" : (argumentOf("-f") ?? "bsd");
  const formats: Readonly<Record<string, NmOptions["format"]>> = { b: "bsd", p: "posix", s: "sysv", j: "bsd" };
  if (!(format[0]! in formats)) throw new UsageError(`--format ${format}: it is bsd, posix, sysv or just-symbols`);
  const radix = { d: 10, o: 8, x: 16 }[argumentOf("-t") ?? "x"];
  if (radix === undefined) throw new UsageError(`--radix ${argumentOf("-t")}: it is d, o or x`);
  const nameOf = symbolNaming(parsed, false);
  const isBare = has("-j") || format.startsWith("j");
  const paths = files.length === 0 ? ["a.out"] : files;
  forEachInput(paths, ({ path, archive, objects }) => {
    const lines: string[] = [];
    if (archive && has("-s") && archive.index) {
      const names = new Map(archive.members.map(({ offset, name }) => [offset, name]));
      lines.push(
        "",
        "Archive index:",
        ...archive.index.map(({ symbol, offset }) => `${nameOf(symbol)} in ${names.get(offset) ?? "?"}`),
      );
    }
    for (const object of objects) {
      const options: NmOptions = {
        title: archive ? `${path}[${object.path}]` : path,
        format: formats[format[0]!]!,
        radix: radix as NmOptions["radix"],
        sort: SORTS[parsed.findLast(({ option }) => option in SORTS)?.option ?? ""] ?? "name",
        reverse: has("-r"),
        all: has("-a"),
        externOnly: has("-g"),
        undefinedOnly: has("-u"),
        definedOnly: has("-U"),
        withoutWeak: has("-W"),
        printSize: has("-S"),
        linePrefix: !has("-A")
          ? null
          : !format.startsWith("p")
            ? `${archive ? `${path}:` : ""}${object.path}:`
            : `${archive ? `${path}[${object.path}]` : object.path}: `,
        namesOnly: isBare,
        nameOf,
      };
      const found = listSymbols(object, options);
      if (!has("-A")) {
        if (options.format === "posix") {
          if (archive || paths.length > 1) lines.push(archive ? `${path}[${object.path}]:` : `${path}:`);
        } else if (options.format === "bsd" && !isBare && (archive || paths.length > 1))
          lines.push("", `${object.path}:`);
      }
      if (found === null) {
        if (!has("--quiet")) say("note", `${object.path}: no symbols`);
      } else for (const line of found) lines.push(line);
    }
    if (lines.length > 0) writeOutput(`${lines.join("\n")}\n`);
  });
}

/** `qure nm`: the symbols of objects, executables and archives. */
import { listSymbols, type NmOptions } from "../../binutils/nm.ts";
import { say, UsageError } from "../fail.ts";
import { symbolNaming } from "./demangling.ts";
import { parseArguments } from "./gnu-options.ts";
import { NM_COMMAND } from "./nm-options.ts";
import { forEachInput, writeOutput } from "./object-input.ts";

/** The last of these decides. */
const SORTS: Readonly<Record<string, NmOptions["sort"]>> = { "-p": "none", "--size-sort": "size", "-n": "address" };

export function run(args: readonly string[]): void {
  const parsed = parseArguments(NM_COMMAND, args);
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

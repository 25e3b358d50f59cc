/** `qure readelf`: what an ELF file says of itself. */
import { attributes } from "../../binutils/readelf/attributes.ts";
import { dynamicTable, fileHeader, groups, sectionTable, segmentTable } from "../../binutils/readelf/headers.ts";
import { RawElf } from "../../binutils/readelf/raw-elf.ts";
import {
  hexDump,
  notes,
  relocationTables,
  sectionNamed,
  stringDump,
  symbolTables,
} from "../../binutils/readelf/tables.ts";
import { isArchive, readArchive } from "../../object/archive.ts";
import { ElfError } from "../../object/elf-reader.ts";
import { CommandError, say, UsageError } from "../fail.ts";
import { type SymbolNaming, symbolNaming } from "./demangling.ts";
import { type GnuArgument, parseArguments } from "./gnu-options.ts";
import { memberReader, readBytes, writeOutput } from "./object-input.ts";
import { READELF_COMMAND } from "./readelf-options.ts";

const ALL = ["-h", "-S", "-g", "-l", "-d", "-r", "-u", "-s", "-V", "-n", "-A"];

export function run(args: readonly string[]): void {
  const parsed = parseArguments(READELF_COMMAND, args);
  if (parsed === null) return;
  const files = parsed.filter(({ option }) => option === "").map(({ value }) => value);
  const wanted = new Set(parsed.map(({ option }) => option));
  if (wanted.has("-a")) for (const option of ALL) wanted.add(option);
  if (wanted.has("-e")) for (const option of ["-h", "-l", "-S"]) wanted.add(option);
  if (![...ALL, "-x", "-p"].some((option) => wanted.has(option)))
    throw new UsageError("nothing to show: name an option such as -a (see qure readelf --help)");
  if (files.length === 0) throw new UsageError("no file (see qure readelf --help)");
  const nameOf = symbolNaming(parsed, false);
  let failures = 0;
  for (const path of files) {
    try {
      for (const [title, bytes] of elfFiles(path)) {
        const lines = show(new RawElf(bytes, title), title, wanted, parsed, nameOf);
        if (title !== path || files.length > 1) lines.unshift("", `File: ${title}`);
        if (lines.length > 0) writeOutput(`${lines.join("\n")}\n`);
      }
    } catch (error) {
      if (!(error instanceof ElfError) && !(error instanceof CommandError)) throw error;
      say("error", error.message);
      failures++;
    }
  }
  if (failures > 0) throw new CommandError("");
}

/** The file, or the members of an archive. */
function elfFiles(path: string): [title: string, bytes: Uint8Array][] {
  const bytes = readBytes(path);
  if (!isArchive(bytes)) return [[path, bytes]];
  return readArchive(bytes, path, memberReader(path)).members.map(({ name, content }) => [`${path}(${name})`, content]);
}

function show(
  elf: RawElf,
  title: string,
  wanted: ReadonlySet<string>,
  parsed: readonly GnuArgument[],
  nameOf: SymbolNaming,
): string[] {
  const has = (option: string): boolean => wanted.has(option);
  const isWide = has("-W");
  const lines: string[] = [];
  // One by one, as there may be more lines than a call takes arguments.
  const add = (more: readonly string[]): void => {
    for (const line of more) lines.push(line);
  };
  if (has("-h")) add(fileHeader(elf));
  if (has("-S")) add(sectionTable(elf, isWide, !has("-h")));
  if (has("-g")) add(groups(elf));
  if (has("-l")) add(segmentTable(elf, !has("-h")));
  if (has("-d")) add(dynamicTable(elf));
  if (has("-r")) add(relocationTables(elf, isWide, nameOf));
  if (has("-u")) add(["No processor specific unwind information to decode"]);
  if (has("-s")) add(symbolTables(elf, isWide, nameOf));
  for (const { option, value } of parsed) {
    if (option !== "-x" && option !== "-p") continue;
    const section = sectionNamed(elf, value);
    if (section === null) say("warning", `there is no section \`${value}' to dump`);
    else add(option === "-x" ? hexDump(elf, section) : stringDump(elf, section));
  }
  if (has("-V")) add(["", "No version information found in this file."]);
  if (has("-n")) add(notes(elf, isWide));
  if (has("-A")) add(attributes(elf, (problem) => say("error", `${title}: ${problem}`)));
  return lines;
}

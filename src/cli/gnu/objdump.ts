/** `qure objdump`: headers, symbols, relocations, contents and code of objects, executables and archives. */
import { disassembleFile } from "../../binutils/disassembly.ts";
import { dynamicSection } from "../../binutils/dynamic.ts";
import { GNU_FORMATS } from "../../binutils/formats.ts";
import {
  fileHeader,
  programHeaders,
  relocationTables,
  sectionContents,
  sectionTable,
  symbolTable,
} from "../../binutils/headers.ts";
import { movedObject, type ObjectFile, type ObjectSection } from "../../binutils/object-file.ts";
import { rawObject } from "../../binutils/raw-object.ts";
import { SourceLines } from "../../binutils/source-lines.ts";
import type { ArchiveMember } from "../../object/archive.ts";
import { readRegularFile } from "../bounded-file.ts";
import { CommandError, UsageError } from "../fail.ts";
import { symbolNaming } from "./demangling.ts";
import { type GnuArgument, parseArguments } from "./gnu-options.ts";
import { OBJDUMP_COMMAND } from "./objdump-options.ts";
import { forEachInput, readBytes, writeOutput } from "./object-input.ts";

export function run(args: readonly string[]): void {
  const parsed = parseArguments(OBJDUMP_COMMAND, args);
  if (parsed === null) return;
  const actions = new Set(parsed.map(({ option }) => option));
  if (actions.has("-i")) return writeOutput(GNU_FORMATS);
  if (
    !["-d", "--disassemble", "-D", "-S", "-l", "-r", "-t", "-h", "-p", "-f", "-x", "-s", "-a"].some((option) =>
      actions.has(option),
    )
  ) {
    throw new UsageError("say what to show: -d, -h, -t, -r, -s ... (see qure objdump --help)");
  }
  if (actions.has("--disassemble")) actions.add("-d");
  if (actions.has("-x")) for (const option of ["-a", "-f", "-p", "-h", "-r", "-t"]) actions.add(option);
  const last = (option: string): string | undefined => parsed.findLast((argument) => argument.option === option)?.value;
  const files = parsed.filter(({ option }) => option === "").map(({ value }) => value);
  const paths = files.length === 0 ? ["a.out"] : files;
  const lines = new SourceLines({
    source: actions.has("-S"),
    numbers: actions.has("-l"),
    read: readLines,
    nameOf: symbolNaming(parsed, false),
  });
  const show = (file: ObjectFile, member: ArchiveMember | null): void => dump(file, member, parsed, actions, lines);
  const target = last("-b") ?? "";
  if (target === "binary") {
    for (const path of paths)
      show(rawObject(readBytes(path), path, address(last("--adjust-vma") ?? "0", "--adjust-vma")), null);
    return;
  }
  if (target !== "" && target !== "elf32-i386") throw new UsageError(`-b ${target}: it is elf32-i386 or binary`);
  const offset = address(last("--adjust-vma") ?? "0", "--adjust-vma");
  const seen = new Set<string>();
  forEachInput(paths, ({ path, archive, objects }) => {
    if (archive) writeOutput(`In archive ${path}:\n`);
    objects.forEach((object, index) => {
      for (const { name } of object.sections) seen.add(name);
      show(offset === 0 ? object : movedObject(object, offset), archive ? archive.members[index]! : null);
    });
  });
  const unseen = parsed.find(
    ({ option, value }) => option === "-j" && ![...seen].some((name) => sectionPattern(value).test(name)),
  );
  if (unseen !== undefined) throw new CommandError(`no file has a section ${unseen.value} (-j)`);
}

/** A name of -j, with `*` and `?`. */
function sectionPattern(name: string): RegExp {
  const text = name
    .replace(/[\\^$+.()|{}]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${text}$`);
}

function dump(
  file: ObjectFile,
  member: ArchiveMember | null,
  parsed: readonly GnuArgument[],
  actions: ReadonlySet<string>,
  lines: SourceLines,
): void {
  const last = (option: string): string | undefined => parsed.findLast((argument) => argument.option === option)?.value;
  const isRaw = file.elf.type === 0;
  const text: string[] = [];
  // One by one, as there may be more lines than a call takes arguments.
  const show = (lines: readonly string[]): void => {
    for (const line of lines) text.push(line);
  };
  show(["", `${file.path}:     file format ${isRaw ? "binary" : "elf32-i386"}`]);
  if (actions.has("-a")) text.push(member ? memberLine(member) : file.path);
  if (actions.has("-f")) show(fileHeader(file));
  else text.push("");
  const names = new Set(parsed.filter(({ option }) => option === "-j").map(({ value }) => value));
  const patterns = [...names].map(sectionPattern);
  const chosen = ({ name }: ObjectSection): boolean =>
    patterns.length === 0 || patterns.some((pattern) => pattern.test(name));
  const wide = actions.has("-w");
  const nameOf = symbolNaming(parsed, false);
  if (actions.has("-p")) show(isRaw ? [] : [...programHeaders(file), ...dynamicSection(file)]);
  if (actions.has("-h")) show(sectionTable(file, chosen, wide));
  if (actions.has("-t")) show(symbolTable(file, nameOf));
  const disassembles =
    ["-d", "-D", "-S", "-l"].some((option) => actions.has(option)) &&
    (actions.has("-d") || actions.has("-D") || actions.has("-S"));
  if (actions.has("-r") && !disassembles) show(relocationTables(file, chosen, nameOf));
  const from = address(last("--start-address") ?? "0", "--start-address");
  const to = address(last("--stop-address") ?? "0x100000000", "--stop-address");
  if (actions.has("-s"))
    for (const section of file.sections)
      if (section.traits.contents && chosen(section)) show(sectionContents(section, from, to));
  writeOutput(`${text.join("\n")}\n`);
  if (!disassembles) return;
  const machine = disassemblerOptions(parsed);
  if (actions.has("-S") || actions.has("-l")) lines.enter(file);
  disassembleFile(
    file,
    {
      ...machine,
      all: actions.has("-D"),
      chosen,
      named: names.size > 0,
      symbols: parsed
        .filter(({ option, value }) => option === "--disassemble" && value !== "")
        .map(({ value }) => value),
      bytesPerLine: bytesPerLine(last("--insn-width")),
      relocations: actions.has("-r"),
      rawBytes:
        !actions.has("--no-show-raw-insn") ||
        parsed.findLastIndex(({ option }) => option === "--show-raw-insn") >
          parsed.findLastIndex(({ option }) => option === "--no-show-raw-insn"),
      addresses: !actions.has("--no-addresses"),
      zeros: actions.has("-z"),
      wide,
      from,
      to,
      linesBefore: actions.has("-S") || actions.has("-l") ? (section, offset) => lines.before(section, offset) : null,
      nameOf,
    },
    writeOutput,
  );
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** As `ar tv` shows a member. */
function memberLine({ name, content, time, user, group, mode }: ArchiveMember): string {
  const letters = [...Array(9).keys()].map((bit) => (mode & (0o400 >> bit) ? "rwx"[bit % 3]! : "-")).join("");
  const date = new Date(time * 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const when = `${MONTHS[date.getMonth()]!} ${String(date.getDate()).padStart(2)} ${two(date.getHours())}:${two(date.getMinutes())} ${date.getFullYear()}`;
  return `${letters} ${user}/${group} ${String(content.length).padStart(6)} ${when} ${name}`;
}

function disassemblerOptions(parsed: readonly GnuArgument[]): { bits: 16 | 32; syntax: "intel" | "att" } {
  let bits: 16 | 32 = 32;
  let syntax: "intel" | "att" = "att";
  for (const { option, value } of parsed) {
    if (option === "-m") {
      const machine = /^(?:i?(386|8086)|i386:(intel|i8086))$/.exec(value.replace("i386:i386", "i386"));
      if (!machine) throw new UsageError(`-m ${value}: it is i386 or i8086`);
      bits = value.includes("8086") ? 16 : 32;
      if (value.includes("intel")) syntax = "intel";
    }
    if (option !== "-M") continue;
    for (const word of value.split(",")) {
      if (word === "intel" || word === "intel-mnemonic") syntax = "intel";
      else if (word === "att" || word === "att-mnemonic") syntax = "att";
      else if (word === "i8086" || word === "addr16,data16") bits = 16;
      else if (word === "i386") bits = 32;
      else if (word === "data16" || word === "addr16") bits = 16;
      else if (word === "data32" || word === "addr32") bits = 32;
      else if (word !== "" && word !== "suffix") throw new UsageError(`-M ${word}: it is intel, att, i386 or i8086`);
    }
  }
  return { bits, syntax };
}

function bytesPerLine(text: string | undefined): number | null {
  if (text === undefined) return null;
  const count = Number(text);
  if (!(count > 0 && count <= 64)) throw new UsageError(`--insn-width ${text}: it is a number from 1 to 64`);
  return count;
}

function address(text: string, option: string): number {
  const value = /^(0x[0-9a-f]+|[0-9]+)$/i.test(text) ? Number(text) : NaN;
  if (!(value <= 0x100000000)) throw new UsageError(`${option} ${text}: it is an address, such as 0x100000`);
  return value;
}

function readLines(path: string): string[] | null {
  try {
    const lines = Buffer.from(readRegularFile(path)).toString("latin1").split("\n");
    // GNU objdump does not show a last line that has no end either.
    lines.pop();
    return lines;
  } catch {
    return null;
  }
}

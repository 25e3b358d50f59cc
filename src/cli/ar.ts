/** `qure ar`: makes archives and takes them apart, as GNU ar does. `qure ranlib` is its `s`. */
import { existsSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative } from "node:path";
import { writeFileAside } from "../host/files.ts";
import { makeFolder } from "../host/folder.ts";
import { type Archive, isArchive, readArchive } from "../object/archive.ts";
import { type NewMember, writeArchive } from "../object/archive-writer.ts";
import { ElfError } from "../object/elf-reader.ts";
import { VERSION } from "../version.ts";
import { CommandError, say, UsageError } from "./fail.ts";
import { withFiles } from "./gnu-options.ts";
import { memberReader, readBytes } from "./object-input.ts";
import { standardOutput } from "./streams.ts";

const HELP = `Usage: qure ar [-]OPERATION[MODIFIERS] archive [file...]

makes archives and takes them apart, as GNU ar does

Operations: r replace or add, q append, d delete, t list, x extract, p print, s write the symbol index.
Modifiers: c do not say that the archive is new, u only what is newer, v say what is done, s with the symbol index (always so),
S without it, T a thin archive, which has the names of files only, D and U (dates and owners are always zero), P full names, o keep dates, N and a, b, i are not supported.

@FILE stands for the words in a file.

Example:
  qure ar rcs libkernel.a console.o string.o
`;

const OPERATIONS = "rqdtxps";
const MODIFIERS = "cuvsSDUPoflT";

export function run(args: readonly string[]): void {
  const words = withFiles(args).filter((word) => !/^--(plugin|target|record-libdeps)(=|$)/.test(word));
  if (words.includes("--help")) return void standardOutput().write(HELP);
  if (words.includes("--version") || words[0] === "-V" || words[0] === "V")
    return void standardOutput().write(`GNU ar (QuRe) ${VERSION}, compatible with GNU ar 2.40\n`);
  const [first, ...rest] = words;
  const letters = (first ?? "").replace(/^-/, "");
  const operations = [...letters].filter((letter) => OPERATIONS.includes(letter));
  const operation = operations.find((letter) => letter !== "s") ?? operations[0];
  const unknown = [...letters].find((letter) => !OPERATIONS.includes(letter) && !MODIFIERS.includes(letter));
  if (unknown !== undefined) throw new UsageError(`unknown modifier ${unknown} (see qure ar --help)`);
  const [path, ...files] = rest;
  if (operation === undefined || path === undefined)
    throw new UsageError("it wants an operation and an archive (see qure ar --help)");
  new ArchiveCommand(path, files, letters).run(operation);
}

class ArchiveCommand {
  readonly #path: string;
  readonly #files: readonly string[];
  readonly #letters: string;
  /** Its members are files of their own, whose paths from the archive's folder it has. */
  #isThin = false;

  constructor(path: string, files: readonly string[], letters: string) {
    this.#path = path;
    this.#files = files;
    this.#letters = letters;
  }

  #has(letter: string): boolean {
    return this.#letters.includes(letter);
  }

  run(operation: string): void {
    const exists = existsSync(this.#path);
    if (!exists && operation !== "r" && operation !== "q") throw new CommandError(`${this.#path}: no such file`);
    const { members, isThin } = exists ? readMembers(this.#path) : { members: [], isThin: this.#has("T") };
    const changes = "rqd".includes(operation) && members.length > 0;
    if (changes && operation !== "d" && isThin !== this.#has("T"))
      throw new CommandError(`${this.#path}: it is ${isThin ? "a thin archive: T says so" : "no thin archive"}`);
    this.#isThin = isThin;
    switch (operation) {
      case "r":
      case "q":
        if (!exists && !this.#has("c")) say("note", `creating ${this.#path}`);
        this.#write(this.#replaced(members, operation === "q"));
        break;
      case "d":
        for (const name of this.#files) if (this.#has("v")) this.#say(`d - ${name}`);
        this.#write(members.filter(({ name }) => !this.#wanted().includes(name)));
        break;
      case "s":
        this.#write(members);
        break;
      default:
        this.#read(operation, members);
    }
  }

  /** What a file is called as a member. */
  #nameOf(file: string): string {
    if (this.#isThin) return isAbsolute(file) ? file : relative(dirname(this.#path), file);
    return this.#has("P") ? file : basename(file);
  }

  /** How a list names a member: one of a thin archive by its path from here. */
  #shown(name: string): string {
    return this.#isThin && !isAbsolute(name) ? join(dirname(this.#path), name) : name;
  }

  #wanted(): string[] {
    return this.#files.map((file) => this.#nameOf(file));
  }

  /** The members that a file becomes: a thin archive has those of an archive rather than the archive. */
  #membersOf(file: string): NewMember[] {
    const content = readBytes(file);
    const name = this.#nameOf(file);
    if (!this.#isThin || !isArchive(content)) return [{ name, content }];
    const inner = readMembers(file);
    return inner.members.map((member) =>
      inner.isThin
        ? { ...member, name: this.#nameOf(isAbsolute(member.name) ? member.name : join(dirname(file), member.name)) }
        : { name, origin: member.offset, content: member.content },
    );
  }

  #say(text: string): void {
    standardOutput().write(`${text}\n`);
  }

  #replaced(members: readonly NewMember[], appends: boolean): NewMember[] {
    const result = [...members];
    // Files of one name from several folders, given together, become members side by side.
    const old = new Set(members);
    for (const file of this.#files) {
      for (const member of this.#membersOf(file)) {
        const isSame = ({ name, origin = null }: NewMember): boolean =>
          name === member.name && origin === (member.origin ?? null);
        const before = appends ? -1 : result.findIndex((one) => isSame(one) && old.has(one));
        if (this.#has("v")) this.#say(`${before < 0 ? "a" : "r"} - ${file}`);
        if (before < 0) result.push(member);
        else result[before] = member;
      }
    }
    return result;
  }

  #write(members: readonly NewMember[]): void {
    // GNU ar with its default D has neither dates nor owners, and every member readable.
    const plain = members.map(({ name, content, origin = null }) => ({ name, content, origin }));
    writeFileAside(this.#path, writeArchive(plain, !this.#has("S"), this.#isThin), 0, 0o666);
  }

  #read(operation: string, members: readonly NewMember[]): void {
    if (this.#isThin && operation === "x")
      throw new CommandError(`${this.#path}: a thin archive: its members are files of their own`);
    const wanted = this.#wanted();
    for (const { name, content } of members) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      if (operation === "t")
        this.#say(
          `${this.#has("v") ? `rw-r--r-- 0/0 ${String(content.length).padStart(6)} ` : ""}${this.#shown(name)}`,
        );
      else if (operation === "p") standardOutput().write(Buffer.from(content));
      else {
        if (this.#has("v")) this.#say(`x - ${name}`);
        // A member's name must not lead out of the folder at hand.
        const target = this.#has("P") ? join(".", name.replace(/^\/+/, "")) : basename(name);
        if (target.startsWith(".."))
          throw new CommandError(`${this.#path}: its member ${name} would be written elsewhere`);
        if (dirname(target) !== ".") makeFolder(dirname(target));
        writeFileAside(target, content, 0, 0o666);
      }
    }
    const missing = wanted.find((name) => !members.some((member) => member.name === name));
    if (missing !== undefined) throw new CommandError(`${this.#path}: no member ${missing}`);
  }
}

function readMembers(path: string): Pick<Archive, "members" | "isThin"> {
  const bytes = readBytes(path);
  if (!isArchive(bytes)) throw new CommandError(`${path}: not an archive`);
  try {
    return readArchive(bytes, path, memberReader(path));
  } catch (error) {
    if (error instanceof ElfError) throw new CommandError(error.message);
    throw error;
  }
}

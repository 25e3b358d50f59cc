/** `qure ar`: makes archives and takes them apart, as GNU ar does. `qure ranlib` is its `s`. */
import { VERSION } from "../../version.ts";
import { CommandError, say, UsageError } from "../fail.ts";
import { standardOutput } from "../streams.ts";
import { extractMember, listLine, type Member, MemberList, type Place } from "./archive/member-list.ts";
import { readScript, runScript } from "./archive/script.ts";
import { withFiles } from "./gnu-options.ts";

const HELP = `Usage: qure ar [-]OPERATION[MODIFIERS] [MEMBER] [COUNT] archive [file...]
       qure ar -M <script

makes archives and takes them apart, as GNU ar does

Operations: r replace or add, q append, d delete, m move to the end, t list, x extract, p print, s write the symbol index.
Modifiers: a, b or i put members after or before MEMBER, N means the COUNTth of several members of one name, c do not say
that the archive is new, v say what is done, O say where members are, s with the symbol index (always so), S without it,
T a thin archive, which has the names of files only (also --thin), P full names, f names of 15 characters, o keep dates,
u only what is newer (without effect, since D is the default), D and U (dates and owners are always zero).
-M runs a script: CREATE, OPEN, ADDLIB, ADDMOD, DELETE, REPLACE, EXTRACT, CLEAR, LIST, DIRECTORY, VERBOSE, SAVE, END.

--output FOLDER is where x writes; -l TEXT (--record-libdeps) keeps what a linker needs beside the archive; @FILE stands for
the words in a file.

Example:
  qure ar rcs libkernel.a console.o string.o
`;

const OPERATIONS = "rqdmtxps";
const MODIFIERS = "abicuvsSDUPoflTNOMV";
/** Where what -l says is kept. */
const DEPENDENCIES = "__.LIBDEP";

interface Command {
  readonly letters: string;
  readonly words: readonly string[];
  readonly folder: string;
  readonly dependencies: string | null;
}

export function run(args: readonly string[]): void {
  const words = withFiles(args);
  if (words.includes("--help")) return void standardOutput().write(HELP);
  const command = parse(words);
  if (command.letters.includes("V") || words.includes("--version"))
    return void standardOutput().write(`GNU ar (QuRe) ${VERSION}, compatible with GNU ar 2.40\n`);
  if (command.letters.includes("M")) return runScript(readScript());
  const rest = [...command.words];
  const next = (): string => {
    const word = rest.shift();
    if (word === undefined) throw new UsageError("it wants an operation and an archive (see qure ar --help)");
    return word;
  };
  const operations = new Set([...command.letters].filter((letter) => OPERATIONS.includes(letter) && letter !== "s"));
  const [operation = command.letters.includes("s") ? "s" : undefined, other] = operations;
  if (other !== undefined) throw new UsageError(`${operation} and ${other} are two operations: it does one`);
  if (operation === undefined) throw new UsageError("it wants an operation and an archive (see qure ar --help)");
  const side = [...command.letters].findLast((letter) => "abi".includes(letter));
  const place: Place | null = side === undefined ? null : { side: side === "a" ? "after" : "before", name: next() };
  let count = 1;
  if (command.letters.includes("N")) {
    if (!"xd".includes(operation)) throw new UsageError("N goes with x and d only");
    count = Number(next());
    if (!(count > 0)) throw new UsageError("N wants a number from 1 on");
  }
  new ArchiveCommand(next(), rest, command, place, count).run(operation);
}

/** Letters stand in the first word and in each that begins with a dash. */
function parse(words: readonly string[]): Command {
  let letters = "";
  let folder = ".";
  let dependencies: string | null = null;
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const long = /^--(plugin|target|output|record-libdeps|thin|version)(?:=(.*))?$/.exec(word);
    const value = (): string => {
      const text = long?.[2] ?? words[++i];
      if (text === undefined) throw new UsageError(`${word} wants a value (see qure ar --help)`);
      return text;
    };
    if (word === "--") {
      rest.push(...words.slice(i + 1));
      break;
    }
    if (long !== null) {
      if (long[1] === "thin") letters += "T";
      else if (long[1] === "output") folder = value();
      else if (long[1] === "record-libdeps") dependencies = value();
      else if (long[1] !== "version") value();
    } else if (word === "-X32_64") continue;
    else if (word.startsWith("--") || (i > 0 && !word.startsWith("-"))) {
      if (word.startsWith("--")) throw new UsageError(`unknown option ${word} (see qure ar --help)`);
      rest.push(word);
    } else {
      const given = word.replace(/^-/, "");
      for (let at = 0; at < given.length; at++) {
        const letter = given[at]!;
        if (!OPERATIONS.includes(letter) && !MODIFIERS.includes(letter))
          throw new UsageError(`unknown modifier ${letter} (see qure ar --help)`);
        if (letter !== "l") letters += letter;
        else {
          dependencies = given.slice(at + 1) || value();
          break;
        }
      }
    }
  }
  return { letters, words: rest, folder, dependencies };
}

class ArchiveCommand {
  readonly #files: readonly string[];
  readonly #command: Command;
  readonly #place: Place | null;
  readonly #count: number;
  readonly #list: MemberList;

  constructor(path: string, files: readonly string[], command: Command, place: Place | null, count: number) {
    this.#files = files;
    this.#command = command;
    this.#place = place;
    this.#count = count;
    const naming = { wholeNames: this.#has("P"), cutNames: this.#has("f") };
    this.#list = new MemberList(path, naming, this.#has("T"));
  }

  #has(letter: string): boolean {
    return this.#command.letters.includes(letter);
  }

  run(operation: string): void {
    const list = this.#list;
    if (!list.exists && operation !== "r" && operation !== "q") throw new CommandError(`${list.path}: no such file`);
    const adds = operation === "r" || operation === "q";
    if (adds && list.members.length > 0 && list.isThin !== this.#has("T"))
      throw new CommandError(`${list.path}: it is ${list.isThin ? "a thin archive: T says so" : "no thin archive"}`);
    if (this.#has("u") && adds) say("warning", "u has no effect: archives have no dates here (D)");
    switch (operation) {
      case "r":
      case "q":
        if (!list.exists && !this.#has("c")) say("note", `creating ${list.path}`);
        this.#add(operation === "q");
        list.write(!this.#has("S"));
        break;
      case "d":
        if (this.#delete()) list.write(!this.#has("S"));
        break;
      case "m":
        this.#move();
        list.write(!this.#has("S"));
        break;
      case "s":
        list.write(!this.#has("S"));
        break;
      default:
        this.#read(operation);
    }
  }

  #say(text: string): void {
    standardOutput().write(`${text}\n`);
  }

  /** Where a member goes: to what a, b or i name, else to `otherwise`. */
  #put(members: readonly Member[], otherwise: number): void {
    const at = this.#place === null ? otherwise : this.#list.placeFor(this.#place);
    this.#list.members.splice(at, 0, ...members);
  }

  #add(appends: boolean): void {
    const list = this.#list;
    // Files of one name from several folders, given together, become members side by side.
    const old = new Set<Member>(list.members);
    for (const file of this.#files) {
      for (const member of list.membersOf(file)) {
        const isSame = ({ name, origin = null }: Member): boolean =>
          name === member.name && origin === (member.origin ?? null);
        const before = appends ? -1 : list.members.findIndex((one) => isSame(one) && old.has(one));
        if (this.#has("v")) this.#say(`${before < 0 ? "a" : "r"} - ${file}`);
        if (before < 0) this.#put([member], list.members.length);
        else {
          const [replaced] = list.members.slice(before, before + 1);
          this.#put([member], before + 1);
          list.members.splice(list.members.indexOf(replaced!), 1);
        }
      }
    }
    const { dependencies } = this.#command;
    if (dependencies === null) return;
    list.members = list.members.filter(({ name }) => name !== DEPENDENCIES);
    this.#put([{ name: DEPENDENCIES, content: Buffer.from(`${dependencies}\0`, "latin1"), old: null }], Infinity);
  }

  /** Whether there was something to delete. */
  #delete(): boolean {
    let isChanged = false;
    for (const file of this.#files) {
      const at = this.#list.find(file, this.#count);
      if (this.#has("v")) this.#say(at < 0 ? `No member named \`${file}'` : `d - ${file}`);
      if (at < 0) continue;
      this.#list.members.splice(at, 1);
      isChanged = true;
    }
    return isChanged;
  }

  #move(): void {
    for (const file of this.#files) {
      const at = this.#list.find(file);
      if (at < 0) throw new CommandError(`${this.#list.path}: no member ${file}`);
      const moved = this.#list.members.splice(at, 1);
      this.#put(moved, this.#list.members.length);
      if (this.#has("v")) this.#say(`m - ${file}`);
    }
  }

  #read(operation: string): void {
    const list = this.#list;
    if (list.isThin && operation === "x")
      throw new CommandError(`${list.path}: a thin archive: its members are files of their own`);
    if (this.#files.length === 0) for (const member of list.members) this.#readOne(operation, member);
    // A member is shown once however often it is named; of several of one name, each time the next.
    const read = new Set<Member>();
    for (const file of this.#files) {
      const name = list.nameOf(file);
      const same = list.members.filter((member) => member.name === name || list.shownName(member) === file);
      const member = this.#has("N") ? same[this.#count - 1] : same.find((one) => !read.has(one));
      if (member === undefined) {
        say("warning", `${list.path}: no member ${file}`);
        continue;
      }
      read.add(member);
      this.#readOne(operation, member);
    }
  }

  #readOne(operation: string, member: Member): void {
    const shown = this.#list.shownName(member);
    if (operation === "t")
      standardOutput().write(Buffer.from(listLine(member, shown, this.#has("v"), this.#has("O")), "latin1"));
    else if (operation === "p") {
      if (this.#has("v")) this.#say(`\n<${shown}>\n`);
      standardOutput().write(Buffer.from(member.content));
    } else {
      const { folder } = this.#command;
      if (this.#has("v")) this.#say(`x - ${folder === "." ? "" : `${folder}/`}${member.name}`);
      extractMember(member, this.#list.path, folder, this.#has("P"));
    }
  }
}

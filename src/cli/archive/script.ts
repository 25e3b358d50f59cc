/**
 * Scripts of `ar -M`, in the language of MRI's librarian: how Makefiles join archives. What a script adds comes before
 * what is there already, as in GNU ar.
 */
import { existsSync, readFileSync } from "node:fs";
import { writeFileAside } from "../../host/files.ts";
import { CommandError, say } from "../fail.ts";
import { readBytes } from "../object-input.ts";
import { standardOutput } from "../streams.ts";
import { extractMember, listLine, type Member, MemberList } from "./member-list.ts";

const MAX_SCRIPT_BYTES = 2 ** 24;
const PLAIN_NAMES = { wholeNames: false, cutNames: false };

/** The script that comes on the standard input. */
export function readScript(): string {
  const text = readFileSync(0);
  if (text.length > MAX_SCRIPT_BYTES) throw new CommandError("the script is too long");
  return text.toString("latin1");
}

interface Statement {
  readonly line: number;
  readonly command: string;
  /** Names before a parenthesis, within it, and behind it. */
  readonly names: readonly string[];
  readonly listed: readonly string[] | null;
  readonly after: readonly string[];
}

/** Lines with their continuations (`+` at the end), without comments. */
export function scriptStatements(text: string): Statement[] {
  const statements: Statement[] = [];
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const line = i + 1;
    let whole = "";
    for (; ; i++) {
      const part = (lines[i] ?? "").replace(/[;*].*$/, "").trimEnd();
      whole += part.replace(/\+$/, " ");
      if (!part.endsWith("+") || i >= lines.length) break;
    }
    const match = /^([^()]*)(?:\(([^()]*)\)([^()]*))?$/.exec(whole.trim());
    if (match === null) throw new CommandError(`line ${line} of the script: a parenthesis stands alone`);
    const words = (part: string | undefined): string[] => (part ?? "").split(/[\s,]+/).filter((word) => word !== "");
    const [command, ...names] = words(match[1]);
    if (command === undefined) continue;
    const listed = match[2] === undefined ? null : words(match[2]);
    statements.push({ line, command: command.toUpperCase(), names, listed, after: words(match[3]) });
  }
  return statements;
}

export function runScript(text: string): void {
  const script = new Script();
  for (const statement of scriptStatements(text)) {
    if (statement.command === "END") return;
    script.run(statement);
  }
}

class Script {
  #open: MemberList | null = null;
  #isVerbose = false;

  run({ line, command, names, listed, after }: Statement): void {
    const fail = (problem: string): never => {
      throw new CommandError(`line ${line} of the script: ${problem}`);
    };
    const open = (): MemberList => this.#open ?? fail(`${command} wants an archive: CREATE or OPEN one before`);
    const [first] = names;
    const named = (): string => first ?? fail(`${command} wants a name`);
    /** The first member of each name. */
    const places = (name: string): number => {
      const at = open().find(name);
      return at < 0 ? fail(`no member ${name}`) : at;
    };
    switch (command) {
      case "CREATE":
        this.#open = new MemberList(named(), PLAIN_NAMES, false);
        this.#open.members = [];
        break;
      case "OPEN":
        if (!existsSync(named())) fail(`${named()}: no such file`);
        this.#open = new MemberList(named(), PLAIN_NAMES, false);
        break;
      case "ADDLIB": {
        const { members } = open();
        for (const member of chosen(named(), listed, false, fail)) members.unshift(member);
        break;
      }
      case "ADDMOD":
        open().members.unshift(...names.flatMap((name) => open().membersOf(name)));
        break;
      case "CLEAR":
        open().members = [];
        break;
      case "DELETE":
        for (const name of names) {
          const { name: gone } = open().members[places(name)]!;
          open().members = open().members.filter((member) => member.name !== gone);
        }
        break;
      case "EXTRACT":
        for (const name of names) extractMember(open().members[places(name)]!, open().path, ".", false);
        break;
      case "REPLACE":
        for (const name of names) {
          const list = open();
          const [file] = list.membersOf(name);
          if (list.find(name) < 0) {
            say("warning", `line ${line} of the script: no member ${name}: it is added`);
            list.members.push(file!);
          } else list.members = list.members.map((member) => (member.name === file!.name ? file! : member));
        }
        break;
      case "LIST":
        this.#say(`Current open archive is ${open().path}\n`);
        for (const member of open().members) this.#say(listLine(member, member.name, true, false));
        break;
      case "DIRECTORY": {
        const lines = chosen(named(), listed, true, fail).map((one) => listLine(one, one.name, this.#isVerbose, false));
        const [file] = after;
        if (file === undefined) this.#say(lines.join(""));
        else writeFileAside(file, Buffer.from(lines.join(""), "latin1"));
        break;
      }
      case "VERBOSE":
        this.#isVerbose = !this.#isVerbose;
        break;
      case "SAVE":
        open().write(true);
        this.#open = null;
        break;
      default:
        fail(
          `no command ${command}: ADDLIB, ADDMOD, CLEAR, CREATE, DELETE, DIRECTORY, END, EXTRACT, LIST, OPEN, REPLACE, SAVE, VERBOSE`,
        );
    }
  }

  #say(text: string): void {
    standardOutput().write(Buffer.from(text, "latin1"));
  }
}

/** The members of another archive, or those named: all of a name or its first. */
function chosen(
  path: string,
  listed: readonly string[] | null,
  all: boolean,
  fail: (problem: string) => never,
): Member[] {
  if (!existsSync(path)) fail(`${path}: no such file`);
  readBytes(path);
  const archive = new MemberList(path, PLAIN_NAMES, false);
  if (listed === null) return archive.members;
  // GNU ar takes the names from the last to the first.
  return [...listed].reverse().flatMap((name) => {
    const first = archive.members[archive.find(name)] ?? fail(`${path}: no member ${name}`);
    return all ? archive.members.filter((member) => member.name === first.name) : [first];
  });
}

/** The monitor for people, and for scripts that speak like them: lines of commands, text as QEMU prints it. */
import type { LabCluster } from "../lab/cluster.ts";
import { readArguments } from "./arguments.ts";
import type { Command, HumanCommand } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import type { Control } from "./control.ts";
import { MonitorError, SyntaxProblem } from "./error.ts";
import { INFO } from "./info.ts";
import { Session } from "./session.ts";

/** QEMU's, for scripts wait for it. */
const PROMPT = "(qemu) ";

function humanRows(rows: readonly Command[]): readonly HumanCommand[] {
  return rows.flatMap(({ human }) => (human ? [human] : []));
}

const OWN: readonly HumanCommand[] = [
  {
    name: "help|?",
    takes: "name:S?",
    parameters: "[cmd]",
    does: "show the help",
    run: (_, values) => help(values.word("name") ?? ""),
  },
  {
    name: "info",
    takes: "",
    parameters: "[subcommand]",
    does: "show various information about the system state",
    run: () => help("info"),
  },
];

const nameOf = ({ name }: HumanCommand): string => name;
const byName = (a: HumanCommand, b: HumanCommand): number => (nameOf(a) < nameOf(b) ? -1 : 1);

export const INFO_ROWS = humanRows(INFO);
export const HUMAN_ROWS: readonly HumanCommand[] = [...humanRows(COMMANDS), ...OWN].sort(byName);

function find(rows: readonly HumanCommand[], name: string): HumanCommand | undefined {
  return rows.find((row) => row.name.split("|").includes(name));
}

function helpLine({ name, parameters, does }: HumanCommand, before = ""): string {
  return `${before}${name} ${parameters} -- ${does}\n`;
}

function help(text: string): string {
  const [name = "", inner] = text.trim().split(/\s+/);
  if (name === "") return HUMAN_ROWS.map((row) => helpLine(row)).join("");
  if (name === "info") {
    const shown = inner === undefined ? INFO_ROWS : INFO_ROWS.filter((row) => row.name === inner);
    return shown.length > 0
      ? shown.map((row) => helpLine(row, "info ")).join("")
      : `unknown command: 'info ${inner}'\n`;
  }
  const row = find(HUMAN_ROWS, name);
  return row ? helpLine(row) : `unknown command: '${name}'\n`;
}

/** Runs one line and returns what it prints. */
export function runLine(session: Session, line: string): string {
  const [, name = "", rest = ""] = /^\s*([^\s/]*)(.*)$/s.exec(line)!;
  if (name === "" && rest.trim() === "") return "";
  const [, inner = "", after = ""] = /^\s+(\S+)(.*)$/s.exec(rest) ?? [];
  const isInfo = name === "info" && inner !== "";
  const row = isInfo ? find(INFO_ROWS, inner) : find(HUMAN_ROWS, name);
  if (!row) return `unknown command: '${isInfo ? `info ${inner}` : name || line.trim()}'\n`;
  const typed = isInfo ? `info ${inner}` : name;
  try {
    const values = readArguments(row.takes, isInfo ? after : rest, session.registers, session.format);
    return row.run(session, values) ?? "";
  } catch (error) {
    if (error instanceof SyntaxProblem)
      return `${error.named ? `${row.name}: ` : ""}${error.message}\nTry "help ${typed}" for more information\n`;
    if (error instanceof MonitorError) return `Error: ${error.message}\n`;
    throw error;
  }
}

/** Lets gdb's `monitor` command have the commands of this monitor, those of the node that it debugs. */
export function answerDebuggers(lab: LabCluster, control: Control): void {
  const sessions = lab.nodes.map(({ index }) => {
    const session = new Session(control);
    session.chooseNode(index);
    return session;
  });
  lab.debug().ask = (line, node) => runLine(sessions[node]!, line);
}

/** A connection: bytes come in, text goes out. */
export class HumanMonitor {
  readonly #session: Session;
  readonly #write: (text: string) => void;
  #line = "";

  constructor(session: Session, write: (text: string) => void) {
    this.#session = session;
    this.#write = write;
    write(`QuRe ${session.control.host.version} monitor - type 'help' for more information\n${PROMPT}`);
  }

  receive(text: string): void {
    for (const character of text) {
      if (character === "\r") continue;
      if (character !== "\n") {
        // What is longer is no command.
        if (this.#line.length < LONGEST_LINE) this.#line += character;
        continue;
      }
      const line = this.#line;
      this.#line = "";
      this.#write(`${runLine(this.#session, line)}${PROMPT}`);
    }
  }

  close(): void {}
}

const LONGEST_LINE = 4096;

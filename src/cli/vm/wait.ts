/** What a console says, for those who wait for something: `wait`, `exec`. */
import type { Socket } from "node:net";
import { MachineError } from "../../vm/host/home.ts";
import { folderName } from "../../vm/name.ts";
import { isMachineOn } from "../../vm/protocol.ts";
import { withoutAsides } from "../../vm/said-aside.ts";
import { UsageError } from "../fail.ts";
import { makeProgress } from "../progress.ts";
import { type Common, type Context, notRunning, type Result, type Verb } from "./context.ts";

const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])/g;
const POLL_MS = 25;
/** Ctrl-C. */
const INTERRUPT = "\x03";
const MOST_TEXT = 1 << 20;
/** Of a line that is longer than the console's, its editor shows the end: so much of it in any case. */
const LEAST_SHOWN = 16;
/** Of QuRe's shell: its host name, a place, and nothing after it. */
const PROMPT = /(?:^|\n)[\w-]+:\/\S*> $/;
/** Have its shell mark what no command prints, or no longer. */
const [MARK, MARK_NO_MORE] = ["console mark", "console plain"];
const MEMBER = /cloud: \S+ [\d.]+ era \d+ age \d+/;

const plain = (text: string): string => text.replace(ESCAPES, "").replaceAll("\r", "");

/** The last line of a text, for a message: what runs in the machine may have sent anything to whoever reads it. */
const lastOf = (text: string): string =>
  plain(text)
    .trimEnd()
    .split("\n")
    .at(-1)!
    .replace(/[\x00-\x1f\x7f-\x9f]/g, "?") || "(nothing)";

export async function lastLine(context: Context, key: string): Promise<string> {
  const found = (await context.owner.ask({ verb: "tail", key }, context.timeoutMs)) as { tail: string } | null;
  return lastOf(found?.tail ?? "");
}

/** A console whose text is waited for. */
class Listener {
  text: string;
  isOver = false;
  /** What is said aside is marked in the text, and not waited for. */
  isMarked = false;
  readonly socket: Socket;

  constructor(socket: Socket, tail: string) {
    this.socket = socket;
    this.text = tail;
    socket.on("data", (bytes) => (this.text = (this.text + (bytes as Buffer).toString("latin1")).slice(-MOST_TEXT)));
    socket.on("close", () => (this.isOver = true));
    socket.resume();
  }

  /** Waits until something is found in the text; throws with what was waited for. */
  async until<Found>(
    find: (text: string) => Found | null,
    what: string,
    context: Context,
    key: string,
  ): Promise<Found> {
    const untilMs = performance.now() + context.timeoutMs;
    const progress = makeProgress(process.stderr);
    try {
      for (;;) {
        const found = find(plain(this.isMarked ? withoutAsides(this.text) : this.text));
        if (found !== null) return found;
        const last = lastOf(this.text);
        if (this.isOver)
          throw new MachineError(`${folderName(key)} ended before ${what}; its console ends with: ${last}`);
        if (performance.now() > untilMs)
          throw new MachineError(
            `${folderName(key)}: ${what} did not come within ${context.timeoutMs / 1000} s; its console ends with: ${last}`,
          );
        progress.step(`${folderName(key)}: waiting for ${what}`);
        await new Promise((done) => setTimeout(done, POLL_MS));
      }
    } finally {
      progress.done();
    }
  }
}

async function listen(context: Context, name: string): Promise<{ readonly listener: Listener; readonly key: string }> {
  const machine = context.machine(name);
  const status = await context.state(machine);
  if (status.state !== "running") throw notRunning(machine.key, status);
  const { socket, tail } = await context.owner.console(machine.key);
  return { listener: new Listener(socket, tail), key: machine.key };
}

async function waitAddress(context: Context, name: string): Promise<Result> {
  const machine = context.machine(name);
  const untilMs = performance.now() + context.timeoutMs;
  for (;;) {
    const status = await context.state(machine);
    if (status.address !== null)
      return { json: { machine: machine.key, address: status.address }, text: status.address };
    if (status.state === "no answer") throw notRunning(machine.key, status);
    if (!isMachineOn(status)) throw new MachineError(`machine ${machine.key} is ${status.state}: it has no address`);
    if (performance.now() > untilMs)
      throw new MachineError(
        `${folderName(machine.key)}: no address came within ${context.timeoutMs / 1000} s; its console ends with: ${await lastLine(context, machine.key)}`,
      );
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

interface WaitOptions extends Common {
  readonly for?: string;
}

const WORDS: Readonly<Record<string, readonly [RegExp, string]>> = {
  shell: [PROMPT, "a prompt of its shell"],
  cluster: [MEMBER, "its membership in a cluster"],
};

/** For all of them, however long each takes. */
async function wait(context: Context, names: readonly string[], options: WaitOptions): Promise<Result> {
  const results: Result[] = [];
  for (const { key } of context.machines(names)) results.push(await waitFor(context, key, options.for ?? "shell"));
  const [only] = results;
  if (only && results.length === 1) return only;
  return { json: { machines: results.map(({ json }) => json) }, text: results.map(({ text }) => text).join("\n") };
}

async function waitFor(context: Context, name: string, goal: string): Promise<Result> {
  if (goal === "address") return waitAddress(context, name);
  let pattern: RegExp;
  let what: string;
  try {
    [pattern, what] = WORDS[goal] ?? [new RegExp(goal, "m"), `/${goal}/`];
  } catch (error) {
    throw new UsageError(`--for ${goal}: ${(error as Error).message}`);
  }
  const { listener, key } = await listen(context, name);
  try {
    const [found] = await listener.until((text) => pattern.exec(text), what, context, key);
    return { json: { machine: key, for: goal, found }, text: found.trim() };
  } finally {
    listener.socket.destroy();
  }
}

/**
 * Types a line at the shell, and what its status is; the lines between are what it printed. What the kernel says
 * meanwhile is marked. A kernel that is older has no marks, and says how to use its command.
 */
const exec = (context: Context, [name, ...words]: readonly string[]): Promise<Result> =>
  runIn(context, name!, words.join(" "));

export async function runIn(context: Context, name: string, command: string): Promise<Result> {
  if (command.trim() === "") throw new UsageError("exec: name the machine, then -- and a command");
  if (/[^\x20-\x7e]/.test(command)) throw new UsageError("exec: a command is one line of ASCII characters");
  const { listener, key } = await listen(context, name);
  try {
    // It may wait for a line, and have said so before anybody listened.
    if (!PROMPT.test(plain(listener.text))) listener.socket.write("\r");
    await listener.until((text) => PROMPT.exec(text), "a prompt of its shell", context, key);
    listener.text = "";
    listener.isMarked = true;
    listener.socket.write(`${MARK}\r`);
    await listener.until((text) => outputOf(text, MARK), "a prompt of its shell", context, key);
    listener.text = "";
    const mark = `qure-${Math.random().toString(36).slice(2, 10)}`;
    listener.socket.write(`${command}\r`);
    const output = await listener
      .until((text) => outputOf(text, command), "the end of the command", context, key)
      .catch((error: unknown) => {
        // Whoever waits no longer leaves nothing behind that the next one would wait for.
        listener.socket.write(INTERRUPT);
        throw error;
      });
    listener.text = "";
    listener.socket.write(`echo ${mark} $?; ${MARK_NO_MORE}\r`);
    const status = new RegExp(`(?:^|\\n)${mark} (\\d+)`);
    const [, found] = await listener.until((text) => status.exec(text), "its status", context, key);
    return {
      json: { machine: key, command, status: Number(found), output },
      text: output.replace(/\n$/, ""),
      exitCode: Number(found) & 0xff,
    };
  } finally {
    listener.socket.end();
  }
}

/** What stands between the line as it was typed and the next prompt; null while that is not there. */
function outputOf(text: string, command: string): string | null {
  const shown = command.slice(-LEAST_SHOWN);
  const at = text.indexOf(`${shown}\n`);
  const start = at < 0 ? -1 : at + shown.length;
  const end = PROMPT.exec(text);
  return start < 0 || !end || end.index < start
    ? null
    : text.slice(start + 1, end.index + (end[0].startsWith("\n") ? 1 : 0));
}

export const WAIT_VERBS: readonly Verb[] = [
  {
    usage: "wait <machines...>",
    summary: "wait until machines' consoles say something",
    example: "wait web --for cluster --timeout 30",
    options: (command) =>
      command.option("--for <what>", "shell, cluster, address, or a regular expression (default: shell)"),
    run: wait,
  },
  {
    usage: "exec <machine> [command...]",
    summary: "run a command in a machine's shell; its exit status is this command's",
    example: "exec web -- cat /net/settings",
    run: exec,
  },
];

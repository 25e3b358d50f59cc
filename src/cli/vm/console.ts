/** A machine's console at this terminal: what is typed goes to it, but for the key that leads out. */
import { logPath } from "../../vm/host/home.ts";
import { folderName } from "../../vm/name.ts";
import { type Context, notRunning, type Result, type Verb } from "./context.ts";

/** Ctrl-]. */
const LEAVE = 0x1d;

async function attach(context: Context, [name]: readonly string[]): Promise<Result> {
  const machine = context.machine(name!);
  const { key } = machine;
  const status = await context.state(machine);
  if (status.state !== "running" && status.state !== "paused")
    throw notRunning(key, status, `; its last words are in ${logPath(machine)}`);
  const { socket, tail } = await context.owner.console(key);
  const { stdin, stdout, stderr } = process;
  const isTerminal = stdin.isTTY === true;
  if (isTerminal) stderr.write(`${folderName(key)}: Ctrl-] leaves; the machine goes on\n`);
  stdout.write(Buffer.from(tail, "latin1"));
  if (isTerminal) stdin.setRawMode(true);
  const isLeft = await new Promise<boolean>((done) => {
    socket.on("data", (bytes) => void stdout.write(bytes as Buffer));
    socket.resume();
    socket.on("close", () => done(false));
    socket.on("error", () => done(false));
    stdin.on("data", (bytes: Buffer) => {
      const end = isTerminal ? bytes.indexOf(LEAVE) : -1;
      socket.write(isTerminal ? bytes.subarray(0, end < 0 ? bytes.length : end) : lines(bytes));
      if (end >= 0) done(true);
    });
    stdin.on("end", () => done(true));
  });
  if (isTerminal) stdin.setRawMode(false);
  stdin.pause();
  // What a file holds is sent to its end.
  if (isTerminal) socket.destroy();
  else socket.end();
  if (isTerminal) stderr.write(isLeft ? "\n" : `\n${folderName(key)} has ended\n`);
  return { json: { machine: key, isLeft }, text: "" };
}

/** A file's lines end as the Enter key does. */
const lines = (bytes: Buffer): Buffer => Buffer.from(bytes.toString("latin1").replaceAll("\n", "\r"), "latin1");

export const CONSOLE_VERB: Verb = {
  usage: "console <machine>",
  summary: "type at a machine; Ctrl-] leaves, and the machine goes on",
  example: "console web",
  run: attach,
};

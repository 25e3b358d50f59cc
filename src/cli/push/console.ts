/** A push over a console that this host reaches: of a machine of `qure vm`, a serial device, or a socket. */

import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, statSync } from "node:fs";
import { isatty, ReadStream, WriteStream } from "node:tty";
import { type ConsoleAsk, ConsolePush } from "../../cloud/console-push.ts";
import type { PushOutcome } from "../../cloud/pushes.ts";
import { openStream } from "../../host/byte-stream.ts";
import { describeError } from "../../host/describe-error.ts";
import { parseStreamPlace, type StreamPlace } from "../../host/places.ts";
import { CommandError, UsageError } from "../fail.ts";
import { type Context, notRunning } from "../vm/context.ts";

const TICK_MS = 20;
/** Of the node's COM1 (asm/console/serial.s). */
const BAUD = "115200";

interface Wire {
  write(text: string): void;
  close(): void;
}

/** What hears the console: its bytes as Latin-1, and that it has ended. */
interface Listener {
  heard(text: string): void;
  ended(): void;
}

/** Throws a UsageError for what is no console, and a CommandError for one that cannot be opened. */
export async function pushAtConsole(context: Context, where: string, ask: ConsoleAsk): Promise<PushOutcome> {
  let text = "";
  let isOver = false;
  const wire = await opened(context, where, {
    heard: (piece) => void (text += piece),
    ended: () => void (isOver = true),
  });
  // Of what was said before nothing is an answer.
  text = "";
  const untilMs = performance.now() + context.timeoutMs;
  const push = new ConsolePush(ask, (typed) => wire.write(typed));
  try {
    for (;;) {
      await new Promise((done) => setTimeout(done, TICK_MS));
      const piece = text;
      text = "";
      push.heard(piece, performance.now());
      push.tick(performance.now());
      if (push.outcome) return push.outcome;
      if (isOver) return { result: "no answer", why: "the console has been closed" };
      if (performance.now() > untilMs) {
        push.stop();
        return { result: "no answer", why: `it takes longer than ${context.timeoutMs / 1000} s (--timeout)` };
      }
    }
  } finally {
    wire.close();
  }
}

/** A socket that `--console` names; null: a device or a machine. Throws a UsageError for what is none. */
export function consolePlace(where: string): Exclude<StreamPlace, { kind: "stdio" }> | null {
  if (!/^(?:tcp|telnet|unix):/.test(where)) return null;
  let place: StreamPlace;
  try {
    place = parseStreamPlace(where);
  } catch (error) {
    throw new UsageError(`--console ${(error as Error).message}`);
  }
  if (place.kind !== "stdio" && !place.listens) return place;
  throw new UsageError(`--console ${where}: it connects to somebody who listens: leave ",server" out`);
}

async function opened(context: Context, where: string, listener: Listener): Promise<Wire> {
  const place = consolePlace(where);
  if (place) return openedPlace(place, where, listener);
  if (where.includes("/")) return openedPath(where, listener);
  const machine = context.machine(where);
  const status = await context.state(machine);
  if (status.state !== "running") throw notRunning(machine.key, status);
  const { socket } = await context.owner.console(machine.key);
  socket.on("data", (bytes: Buffer) => listener.heard(bytes.toString("latin1")));
  socket.on("close", () => listener.ended());
  socket.on("error", () => socket.destroy());
  socket.resume();
  return { write: (text) => void socket.write(text, "latin1"), close: () => void socket.destroy() };
}

async function openedPlace(place: StreamPlace, where: string, listener: Listener): Promise<Wire> {
  let write: (text: string) => void = () => {};
  try {
    const stream = await openStream(place, (send) => {
      write = (text) => send(Buffer.from(text, "latin1"));
      return {
        receive: (bytes) => listener.heard(Buffer.from(bytes).toString("latin1")),
        close: () => listener.ended(),
      };
    });
    return { write: (text) => write(text), close: () => stream.close() };
  } catch (error) {
    throw new CommandError(`--console ${where}: ${describeError(error)}`);
  }
}

/** A device is a terminal: raw, at the node's speed. */
async function openedPath(path: string, listener: Listener): Promise<Wire> {
  let handle: number;
  try {
    if (statSync(path).isSocket()) return await openedPlace(consolePlace(`unix:${path}`)!, path, listener);
    handle = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`--console ${path}: ${describeError(error)}`);
  }
  if (!isatty(handle)) {
    closeSync(handle);
    throw new CommandError(`--console ${path}: it is no terminal; name a serial device, a pty or a socket`);
  }
  spawnSync("stty", [BAUD, "crtscts", "clocal"], { stdio: [handle, "ignore", "ignore"] });
  const input = new ReadStream(handle);
  const output = new WriteStream(handle);
  input.setRawMode(true);
  input.on("data", (bytes: Buffer) => listener.heard(bytes.toString("latin1")));
  input.on("close", () => listener.ended());
  input.on("error", () => listener.ended());
  output.on("error", () => listener.ended());
  return {
    write: (text) => void output.write(text, "latin1"),
    close() {
      input.destroy();
      output.destroy();
    },
  };
}

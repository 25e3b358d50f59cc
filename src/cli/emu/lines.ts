/**
 * `--serial`, `--parallel` and `--debugcon`: the serial lines, the printer and the debug console of a machine. On this
 * terminal Ctrl-A X ends the run, as in QEMU; Ctrl-C goes to the guest of a terminal.
 */
import { type CharacterPort, DEBUG_CONSOLE, LPT1, type SerialPort } from "../../../emulator/board-config.ts";
import { firstClient, openStream } from "../../host/byte-stream.ts";
import { RecordFile } from "../../host/record-file.ts";
import type { ConsoleText } from "../../lab/console.ts";
import type { LabCluster, LabNode } from "../../lab/lab.ts";
import type { LinePlace } from "../../plan/line-place.ts";
import type { Plan } from "../../plan/schema.ts";
import { CommandError, UsageError } from "../fail.ts";
import type { Surroundings } from "./shelf.ts";

/** Why a run was ended that the person left by Ctrl-A X: nothing went wrong. */
export const LEFT_BY_KEY = new Error("left by Ctrl-A X");

const CTRL_A = 1;

/** Where the lines of the one machine lead. */
export type Lines = Pick<Plan["outputs"], "serial" | "parallel" | "debugConsole">;

interface Line {
  readonly port: CharacterPort;
  readonly place: LinePlace;
  readonly option: string;
}

/** The lines that lead somewhere, each with the option that says so. */
export function linesOf({ serial, parallel, debugConsole }: Lines): Line[] {
  return [
    ...serial.map((place, index): Line => ({ port: index as SerialPort, place, option: "--serial" })),
    ...(parallel === null ? [] : [{ port: LPT1, place: parallel, option: "--parallel" } as const]),
    ...(debugConsole === null ? [] : [{ port: DEBUG_CONSOLE, place: debugConsole, option: "--debugcon" } as const]),
  ];
}

/** Does somebody talk with the machine over a line, who then decides when it is over? */
export function hasConversation(lines: Lines): boolean {
  return linesOf(lines).some(({ place }) => isConversation(place));
}

export function isConversation({ kind }: LinePlace): boolean {
  return kind !== "file" && kind !== "null";
}

/** What says something over a line; null for those that only listen, a printer's and the debug console. */
function senderOf(node: LabNode, port: Line["port"]): ((bytes: Uint8Array) => void) | null {
  return port === LPT1 || port === DEBUG_CONSOLE ? null : (bytes) => node.send(bytes, port);
}

/** Returns what disconnects. */
function connectStdio(text: ConsoleText, send: ((bytes: Uint8Array) => void) | null, end: AbortController): () => void {
  const { stdin, stdout } = process;
  const silence = text.listen((bytes) => void stdout.write(bytes));
  if (send === null) return silence;
  let escaped = false;
  const onData = (data: Uint8Array): void => {
    const bytes: number[] = [];
    for (const byte of data) {
      if (escaped) {
        escaped = false;
        if (byte === 0x78 || byte === 0x58) return end.abort(LEFT_BY_KEY);
        bytes.push(byte);
      } else if (byte === CTRL_A && stdin.isTTY) escaped = true;
      // A line that comes from a pipe ends with the key that a person would press.
      else bytes.push(byte === 0x0a && !stdin.isTTY ? 0x0d : byte);
    }
    send(Uint8Array.from(bytes));
  };
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.on("data", onData);
  stdin.resume();
  return () => {
    silence();
    stdin.off("data", onData);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
  };
}

/** Connects the lines of the one machine, and waits for clients where that was asked for. */
export async function connectLines(
  lab: LabCluster,
  lines: Lines,
  { progress, signal, closers }: Surroundings,
  end: AbortController,
): Promise<void> {
  const node = lab.nodes[0]!;
  for (const { port, place, option } of linesOf(lines)) {
    const text = node.outputs[port]!;
    const send = senderOf(node, port);
    if (place.kind === "null") continue;
    if (place.kind === "stdio") closers.push(connectStdio(text, send, end));
    else if (place.kind === "file") {
      const file = new RecordFile(place.path);
      const silence = text.listen((bytes) => file.append(bytes));
      closers.push(() => {
        silence();
        file.close();
      });
    } else {
      try {
        const stream = await openStream(place, (write) => {
          // The bytes are one array that is used again.
          const silence = text.listen((bytes) => write(bytes.slice()));
          return { receive: (bytes) => send?.(bytes), close: silence };
        });
        closers.push(() => stream.close());
        progress.note(`${option}: at ${stream.where}`);
        await firstClient(stream, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        throw new CommandError(`${option}: ${(error as Error).message}`);
      }
    }
  }
}

/** Throws a UsageError where the machines of a run have no such lines; `ports`: the serial ones of each. */
export function checkLines(lines: Lines, machines: number, ports: number, hasPrinter: boolean): void {
  const [line] = linesOf(lines);
  if (line === undefined) return;
  if (machines > 1) throw new UsageError(`${line.option} is for a single machine: leave --nodes out`);
  if (lines.serial.length > ports)
    throw new UsageError(`--serial: more than ${ports} times, and the machine has COM1 to COM${ports}`);
  if (lines.parallel !== null && !hasPrinter) throw new UsageError("--parallel: the machine has no parallel port");
}

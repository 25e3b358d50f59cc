/**
 * The options of `qure emu` for watching what goes on inside: gdb, traces, counters. docs/debugging.md describes them.
 */
import { writeSync } from "node:fs";
import { Trace } from "../../../emulator/debug/trace.ts";
import { describeError } from "../../host/describe-error.ts";
import { type GdbServer, serveGdb } from "../../host/gdb-server.ts";
import { RecordFile } from "../../host/record-file.ts";
import type { LabCluster } from "../../lab/lab.ts";
import type { Plan } from "../../plan/schema.ts";
import { CommandError, UsageError } from "../fail.ts";
import type { Progress } from "../progress.ts";
import type { Surroundings } from "./shelf.ts";
import { loadSymbols } from "./symbols.ts";

type Debugging = Plan["debugging"];

const LAST_PORT = 65535;

/** Every node has a port of its own. Throws `UsageError`. */
export function checkPorts({ gdb }: Debugging, nodes: number): void {
  if (gdb !== null && gdb + nodes - 1 > LAST_PORT)
    throw new UsageError(`--gdb ${gdb}: ${nodes} nodes have ports from there to ${LAST_PORT} only`);
}

/**
 * Starts what was asked for. `image`: the CD or disk that is booted; symbols are looked for beside it when none are
 * named.
 */
export async function startDebugging(
  lab: LabCluster,
  debugging: Debugging,
  stopped: boolean,
  image: string | null,
  { progress, closers, onlookers }: Surroundings,
): Promise<void> {
  if (debugging.trace.length > 0) closers.push(startTrace(lab, debugging, image));
  if (debugging.gdb === null) return;
  const server = await openGdb(lab, debugging.gdb, stopped, progress);
  onlookers.push(() => server.hasClient);
  closers.push(() => server.close());
}

const TRACE_BUFFER_CHARACTERS = 1 << 16;

function startTrace(lab: LabCluster, { trace, traceFile, symbols }: Debugging, image: string | null): () => void {
  const table = loadSymbols(symbols, image);
  const file = traceFile === null ? null : new RecordFile(traceFile);
  let text = "";
  const flush = (): void => {
    const lines = text;
    // A failure is said once: what could not be written is not tried again at the end.
    text = "";
    if (file !== null) file.append(lines);
    else for (let bytes = Buffer.from(lines); bytes.length > 0; ) bytes = bytes.subarray(writeSync(2, bytes));
  };
  const debuggers = lab.debug();
  debuggers.nodes.forEach(
    ({ machine, index }) =>
      new Trace(machine, debuggers.probes[index]!, {
        kinds: new Set(trace),
        symbols: table,
        isMuted: () => debuggers.history.isRepeating(index),
        write: (line) => {
          text += line;
          if (text.length > TRACE_BUFFER_CHARACTERS) flush();
        },
      }),
  );
  return () => {
    try {
      flush();
    } finally {
      file?.close();
    }
  };
}

async function openGdb(lab: LabCluster, first: number, stopped: boolean, progress: Progress): Promise<GdbServer> {
  const last = first + lab.nodes.length - 1;
  try {
    const server = await serveGdb(lab.debug(stopped), first, {
      connected: (node) => progress.note(`${node}: gdb is connected; all nodes stand still while it holds this one`),
      disconnected: (node) => progress.note(`${node}: gdb is gone`),
    });
    progress.note(`gdb: target remote localhost:${first}${last > first ? `, the other nodes up to port ${last}` : ""}`);
    return server;
  } catch (error) {
    throw new CommandError(`--gdb ${first}: cannot listen at ports ${first} to ${last}: ${describeError(error)}`);
  }
}

/**
 * The options of `qure emu` for watching what goes on inside: gdb, traces, counters. docs/debugging.md describes them.
 */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import { TRACE_KINDS, Trace, type TraceKind } from "../../emulator/debug/trace.ts";
import type { LabCluster } from "../lab/lab.ts";
import { CommandError, UsageError } from "./fail.ts";
import type { Progress } from "./progress.ts";
import { loadSymbols } from "./symbols.ts";

export interface DebugOptions {
  readonly gdb?: string;
  readonly stopped?: boolean;
  readonly trace?: string;
  readonly traceFile?: string;
  readonly symbols?: readonly string[];
  readonly stats?: boolean;
}

export interface DebugSettings {
  /** First TCP port for gdb; null without gdb. */
  readonly gdb: number | null;
  /** The machines wait for gdb before they run. */
  readonly stopped: boolean;
  readonly trace: ReadonlySet<TraceKind>;
  /** Null: standard error. */
  readonly traceFile: string | null;
  readonly symbols: readonly string[];
  /** The image beside which symbols are looked for when none are named. */
  readonly image: string | null;
}

export function declareDebugOptions(command: Command): Command {
  return command
    .option("--gdb <port>", "let gdb debug node 1 at this TCP port, node 2 at the next one, ... (docs/debugging.md)")
    .option("-S, --stopped", "with --gdb: run nothing until gdb lets it")
    .option("-d, --trace <kinds>", `trace events, a list of ${TRACE_KINDS.join(",")}`)
    .option("-D, --trace-file <file>", "where the trace goes (default: standard error)")
    .option(
      "--symbols <file...>",
      "ELF files with names for the trace (default: kernel.elf and loader.elf beside the image)",
    )
    .option("--stats", "print the engine's counters at the end");
}

/** Checks the options. `image`: the CD or disk that is booted. Throws `UsageError`. */
export function checkDebugOptions(options: DebugOptions, nodes: number, image: string | null): DebugSettings {
  const { gdb, stopped = false, trace = "", traceFile, symbols = [] } = options;
  const port = Number(gdb);
  if (gdb !== undefined && (!/^\d+$/.test(gdb) || port < 1 || port + nodes > 65536))
    throw new UsageError(`--gdb ${gdb}: not a TCP port from 1 to ${65536 - nodes}`);
  if (stopped && gdb === undefined) throw new UsageError("-S waits for gdb: give --gdb PORT too");
  if (traceFile !== undefined && trace === "")
    throw new UsageError("-D names the file of a trace: say with -d what to trace");
  const kinds = new Set<TraceKind>();
  for (const word of trace === "" ? [] : trace.split(",")) {
    const kind = TRACE_KINDS.find((known) => known === word);
    if (kind === undefined)
      throw new UsageError(`-d ${word}: not a kind of event; there are ${TRACE_KINDS.join(", ")}`);
    kinds.add(kind);
  }
  return { gdb: gdb === undefined ? null : port, stopped, trace: kinds, traceFile: traceFile ?? null, symbols, image };
}

/** Starts what was asked for. What has to be done at the end is added to `closers`. */
export async function startDebugging(
  lab: LabCluster,
  settings: DebugSettings,
  progress: Progress,
  closers: (() => void)[],
): Promise<void> {
  if (settings.trace.size > 0) closers.push(startTrace(lab, settings));
  if (settings.gdb !== null) closers.push(await openGdb(lab, settings.gdb, settings.stopped, progress));
}

const TRACE_BUFFER_CHARACTERS = 1 << 16;

function startTrace(lab: LabCluster, { trace, traceFile, symbols, image }: DebugSettings): () => void {
  const table = loadSymbols(symbols, image);
  if (traceFile !== null) mkdirSync(dirname(traceFile), { recursive: true });
  const file = traceFile === null ? 2 : openSync(traceFile, "w");
  let text = "";
  const flush = (): void => {
    for (let bytes = Buffer.from(text); bytes.length > 0; ) bytes = bytes.subarray(writeSync(file, bytes));
    text = "";
  };
  const debuggers = lab.debug();
  debuggers.nodes.forEach(
    ({ machine, index }) =>
      new Trace(machine, debuggers.probes[index]!, {
        kinds: trace,
        symbols: table,
        isMuted: () => debuggers.history.isRepeating(index),
        write: (line) => {
          text += line;
          if (text.length > TRACE_BUFFER_CHARACTERS) flush();
        },
      }),
  );
  return () => {
    flush();
    if (traceFile !== null) closeSync(file);
  };
}

async function openGdb(lab: LabCluster, first: number, stopped: boolean, progress: Progress): Promise<() => void> {
  const { serveGdb } = await import("../host/gdb-server.ts");
  const last = first + lab.nodes.length - 1;
  try {
    const server = await serveGdb(lab.debug(stopped), first, {
      connected: (node) => progress.note(`${node}: gdb is connected; all nodes stand still while it holds this one`),
      disconnected: (node) => progress.note(`${node}: gdb is gone`),
    });
    progress.note(`gdb: target remote localhost:${first}${last > first ? `, the other nodes up to port ${last}` : ""}`);
    return () => server.close();
  } catch (error) {
    throw new CommandError(`--gdb ${first}: cannot listen at ports ${first} to ${last}: ${(error as Error).message}`);
  }
}

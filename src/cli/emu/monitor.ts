/** `--monitor` and `--qmp`: monitors of the machines, where the person wants them. docs/monitor.md describes them. */

import { statSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { type Conversation, firstClient, openStream, type StreamPlace } from "../../host/byte-stream.ts";
import { writeFileAside } from "../../host/files.ts";
import { encodePng } from "../../host/png.ts";
import type { LabCluster } from "../../lab/lab.ts";
import { Control, type MonitorHost } from "../../lab/monitor/control.ts";
import { MonitorError } from "../../lab/monitor/error.ts";
import { answerDebuggers, HumanMonitor } from "../../lab/monitor/human.ts";
import { QmpMonitor } from "../../lab/monitor/qmp.ts";
import { Session } from "../../lab/monitor/session.ts";
import { VERSION } from "../../version.ts";
import { CommandError, describeError, UsageError } from "../fail.ts";
import { deleteSnapshot, listSnapshots, readSnapshot, writeSnapshot } from "../snapshot-store.ts";
import { LEFT_BY_KEY, linesOf } from "./lines.ts";
import { type Media, readMedium, type Surroundings } from "./machines.ts";
import type { EmuOptions } from "./options.ts";

type MonitorOptions = Pick<
  EmuOptions,
  "gdb" | "monitor" | "qmp" | "serial" | "parallel" | "debugcon" | "store" | "reboot" | "fda" | "fdb"
>;

/** Places where one monitor listens, each with its language. */
function placesOf({ monitor, qmp }: MonitorOptions): { place: StreamPlace; option: string; isQmp: boolean }[] {
  return [
    ...(monitor === null ? [] : [{ place: monitor, option: "--monitor", isQmp: false }]),
    ...(qmp === null ? [] : [{ place: qmp, option: "--qmp", isQmp: true }]),
  ];
}

/** The options that have this terminal: monitors, and lines of the machine. */
function claimsOf(options: MonitorOptions): string[] {
  const places = [...placesOf(options), ...linesOf(options)];
  return places.flatMap(({ place, option }) => (place.kind === "stdio" ? [option] : []));
}

/** Does a monitor, or a line of the machine, have this terminal? */
export function ownsStdio(options: MonitorOptions): boolean {
  return claimsOf(options).length > 0;
}

/** One terminal is one conversation. Throws `UsageError`. */
export function checkMonitors(options: MonitorOptions): void {
  const claims = claimsOf(options);
  if (claims.length > 1) throw new UsageError(`${claims.join(" and ")}: only one of them can have stdio`);
}

/** Errors of the host and of the command line as the monitor's. */
function orSay<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw new MonitorError(describeError(error));
  }
}

/** What is no file may never end. */
function readForDrive(path: string): Uint8Array {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new CommandError(`Could not open '${path}': No such file or directory`);
  if (!found.isFile()) throw new CommandError(`Could not open '${path}': it is no regular file`);
  return readMedium(path);
}

function hostOf(store: string, media: Media, floppies: readonly (string | null)[], end: AbortController): MonitorHost {
  const files: Readonly<Record<string, string | null | undefined>> = {
    "ide0-hd0": media.hda,
    "ide1-cd0": media.cdrom,
    floppy0: floppies[0],
    floppy1: floppies[1],
  };
  return {
    version: VERSION,
    processId: process.pid,
    writeFile: (path, bytes) => orSay(() => writeFileAside(path, bytes)),
    readFile: (path) => orSay(() => readForDrive(path)),
    encodePng: ({ width, height, rgba }) => encodePng(width, height, rgba),
    mediumName: (drive) => files[drive] ?? null,
    snapshots: {
      list: () =>
        orSay(() => listSnapshots(store)).flatMap(({ name, sizeBytes, modified, content }) =>
          typeof content === "string" ? [] : [{ name, sizeBytes, modified, virtualTimeNs: content.config.nowNs }],
        ),
      save: (name, bytes) => void orSay(() => writeSnapshot(store, name, bytes)),
      load: (name) => orSay(() => readSnapshot(store, name).bytes),
      delete: (name) => orSay(() => deleteSnapshot(store, name)),
    },
    quit: () => end.abort(LEFT_BY_KEY),
  };
}

export interface Monitors {
  /** Takes what a machine says. */
  hear(node: number, line: string): void;
  /** All machines are off, and stay so. */
  shutDown(): void;
}

/** Opens what was asked for; null when nothing was. Waits for clients where that was asked for too. */
export async function openMonitors(
  lab: LabCluster,
  options: MonitorOptions,
  media: Media,
  { progress, signal, closers, onlookers }: Surroundings,
  end: AbortController,
): Promise<Monitors | null> {
  const places = placesOf(options);
  if (places.length === 0 && options.gdb === null) return null;
  const host = hostOf(options.store, media, [options.fda, options.fdb], end);
  const control = new Control(lab, host, options.reboot);
  if (options.gdb !== null) answerDebuggers(lab, control);
  for (const { place, option, isQmp } of places) {
    const serve = (write: (text: string) => void): Conversation =>
      inText(isQmp ? new QmpMonitor(new Session(control), write) : new HumanMonitor(new Session(control), write));
    try {
      const listener = await openStream(place, serve);
      closers.push(() => listener.close());
      onlookers.push(() => listener.hasClient);
      if (place.kind === "stdio") {
        if (process.stdin.isTTY) lab.realtime = true;
        continue;
      }
      progress.note(`${option}: at ${listener.where}`);
      await firstClient(listener, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new CommandError(`${option}: cannot listen: ${(error as Error).message}`);
    }
  }
  return control;
}

/** A monitor hears characters, which may come in pieces. */
function inText(monitor: HumanMonitor | QmpMonitor): Conversation {
  const decoder = new StringDecoder("utf8");
  return {
    receive: (bytes) => monitor.receive(decoder.write(Buffer.from(bytes))),
    close: () => monitor.close(),
  };
}

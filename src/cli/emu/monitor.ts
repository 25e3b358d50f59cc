/** `--monitor` and `--qmp`: monitors of the machines, where the person wants them. docs/monitor.md describes them. */

import { statSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { type Conversation, firstClient, openStream } from "../../host/byte-stream.ts";
import { describeError } from "../../host/describe-error.ts";
import { writeFileAside } from "../../host/files.ts";
import type { StreamPlace } from "../../host/places.ts";
import { encodePng } from "../../host/png.ts";
import type { LabCluster } from "../../lab/lab.ts";
import { Control, type MonitorHost } from "../../monitor/control.ts";
import { MonitorError } from "../../monitor/error.ts";
import { answerDebuggers, HumanMonitor } from "../../monitor/human.ts";
import { QmpMonitor } from "../../monitor/qmp.ts";
import { Session } from "../../monitor/session.ts";
import { driveAt } from "../../plan/machines.ts";
import type { Plan } from "../../plan/schema.ts";
import { VERSION } from "../../version.ts";
import { CommandError, UsageError } from "../fail.ts";
import { deleteSnapshot, listSnapshots, readSnapshot, writeSnapshot } from "../snapshot-store.ts";
import { LEFT_BY_KEY, linesOf } from "./lines.ts";
import { readMedium, type Surroundings } from "./shelf.ts";

type Claims = Pick<Plan, "debugging" | "outputs">;

/** Places where one monitor listens, each with its language. */
function placesOf({ monitor, qmp }: Plan["debugging"]): { place: StreamPlace; option: string; isQmp: boolean }[] {
  return [
    ...(monitor === null ? [] : [{ place: monitor, option: "--monitor", isQmp: false }]),
    ...(qmp === null ? [] : [{ place: qmp, option: "--qmp", isQmp: true }]),
  ];
}

/** The options that have this terminal: monitors, and lines of the machine. */
function claimsOf({ debugging, outputs }: Claims): string[] {
  const places = [...placesOf(debugging), ...linesOf(outputs)];
  return places.flatMap(({ place, option }) => (place.kind === "stdio" ? [option] : []));
}

/** Does a monitor, or a line of the machine, have this terminal? */
export function ownsStdio(plan: Claims): boolean {
  return claimsOf(plan).length > 0;
}

/** One terminal is one conversation. Throws `UsageError`. */
export function checkMonitors(plan: Claims): void {
  const claims = claimsOf(plan);
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

/** Where QEMU's names of drives are. */
const PLACES: Readonly<Record<string, string>> = {
  "ide0-hd0": "hda",
  "ide1-cd0": "hdc",
  floppy0: "fda",
  floppy1: "fdb",
};

function hostOf({ machines: [machine], snapshots: { folder: store } }: Plan, end: AbortController): MonitorHost {
  return {
    version: VERSION,
    processId: process.pid,
    writeFile: (path, bytes) => orSay(() => writeFileAside(path, bytes)),
    readFile: (path) => orSay(() => readForDrive(path)),
    encodePng: ({ width, height, rgba }) => encodePng(width, height, rgba),
    mediumName: (drive) => (machine && driveAt(machine, PLACES[drive] ?? "")?.path) ?? null,
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
  plan: Plan,
  { progress, signal, closers, onlookers }: Surroundings,
  end: AbortController,
): Promise<Monitors | null> {
  const places = placesOf(plan.debugging);
  if (places.length === 0 && plan.debugging.gdb === null) return null;
  const control = new Control(lab, hostOf(plan, end), plan.run.reboot);
  if (plan.debugging.gdb !== null) answerDebuggers(lab, control);
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

/** `qure volume map` and `unmap`: a volume over NBD, for QEMU and all that speaks it. */
import { renameSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { BackgroundError, startInBackground } from "../../host/background.ts";
import { type NbdPlace, serveNbd } from "../../host/nbd-server.ts";
import { isAlive } from "../../host/process-identity.ts";
import { askMap, type MapRequest, type MapStatus, mapLog, nbdSocket, serveMap } from "../../host/volume-map.ts";
import { type VolumeDevice, VolumeError, type Volumes } from "../../volume/model.ts";
import { exportFlags } from "../../volume/nbd/options.ts";
import { CommandError, say, UsageError } from "../fail.ts";
import { secondsArgument } from "./show.ts";
import { addVerb, type Common, openPlace } from "./verb.ts";

interface MapOptions extends Common {
  readonly readOnly?: boolean;
  readonly port?: number;
  readonly socket?: string;
  readonly detach?: boolean;
  readonly timeout?: number;
}

const START_MS = 60_000;
const LOOK_MS = 50;
/** A process that has written all ends within this time. */
const END_MS = 1000;

/** What whoever serves a volume answers; null: nobody does. */
export async function ifMapped(place: string, volume: string, request: MapRequest): Promise<unknown> {
  try {
    return await askMap(process.env, place, volume, request);
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
}

/** Whoever comes next finds a volume that nobody holds: waits for a process's end, if it ends soon. */
async function untilGone(pid: number): Promise<void> {
  for (let waitedMs = 0; isAlive(pid) && waitedMs < END_MS; waitedMs += LOOK_MS) await sleep(LOOK_MS);
}

function portArgument(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError(`--port ${text}: write 0 to 65535`);
  return port;
}

export function declareMap(command: Command, program: string): void {
  const options = (added: Command): Command =>
    added
      .option("--read-only", "without its lock, as it is at each moment")
      .option("--port <port>", "a TCP port of this host's loopback; 0 is any that is free", portArgument)
      .option("--socket <path>", "a Unix socket; one of its own when neither is given")
      .option("-d, --detach", "go on in the background until unmap")
      .option("--timeout <seconds>", "how long to wait for whoever has it", secondsArgument);
  addVerb(
    command,
    program,
    { usage: "map <volume>", summary: "serve it over NBD", example: "map web --detach", options },
    ([volume], found: MapOptions) => (found.detach ? detach(volume!, found) : map(volume!, found)),
  );
  addVerb(
    command,
    program,
    { usage: "unmap <volume>", summary: "end serving a volume", example: "unmap web" },
    async ([volume], found) => {
      const { place, close } = await openPlace(found);
      close();
      const status = (await ifMapped(place, volume!, { verb: "status" })) as MapStatus | null;
      if (status === null) throw new CommandError(`${volume}: nobody on this host serves it`);
      try {
        await ifMapped(place, volume!, { verb: "stop" });
      } finally {
        await untilGone(status.pid);
      }
      process.stdout.write(
        found.json ? `${JSON.stringify({ volume, isMapped: false })}\n` : `${volume}: served no more\n`,
      );
    },
  );
}

/** Where it is to be served. Throws when it is already. */
async function socketFor(volume: string, place: string, { port, socket }: MapOptions): Promise<NbdPlace> {
  if (port !== undefined && socket !== undefined) throw new UsageError("--port and --socket are two places: name one");
  if ((await ifMapped(place, volume, { verb: "status" })) !== null)
    throw new CommandError(`${volume} is served on this host already: "qure volume unmap ${volume}" ends that`);
  return port === undefined ? { path: socket ?? nbdSocket(process.env, place, volume) } : { host: "127.0.0.1", port };
}

async function map(volume: string, options: MapOptions): Promise<void> {
  const { volumes, place, close } = await openPlace(options);
  try {
    const socket = await socketFor(volume, place, options);
    const { readOnly = false, timeout = 0 } = options;
    const device = await volumes.open(volume, { readOnly, timeoutMs: timeout * 1000 });
    let closing: Promise<void> | null = null;
    const closeOnce = (): Promise<void> => (closing ??= device.close());
    try {
      await serve(volumes, device, closeOnce, { place, socket, isJson: options.json === true });
    } finally {
      await closeOnce();
    }
  } finally {
    close();
  }
}

/** Until somebody asks for its end. An error ends it, too: what holds the volume is gone then. */
async function serve(
  volumes: Volumes,
  device: VolumeDevice,
  close: () => Promise<void>,
  { place, socket, isJson }: { readonly place: string; readonly socket: NbdPlace; readonly isJson: boolean },
): Promise<void> {
  const { name: volume, readOnly } = device;
  let end = (): void => {};
  const ended = new Promise<void>((done) => (end = done));
  const server = await serveNbd(socket, [{ name: volume, device, flags: exportFlags(device) }], (error) =>
    say("error", (error as Error).message),
  );
  const status: MapStatus = { volume, uri: server.uri, pid: process.pid, isReadOnly: readOnly };
  const answer = async (request: MapRequest): Promise<unknown> => {
    if (request.verb === "snapshot") return volumes.snapshot(volume, request.name);
    if (request.verb === "clone") return volumes.clone(volume, request.name);
    if (request.verb !== "stop") return status;
    try {
      await device.flush();
    } catch (error) {
      // On a full disk it goes on: room is made, and it is asked again. A lock that was broken never comes back.
      if (error instanceof VolumeError && error.trouble === "fenced") setTimeout(end, LOOK_MS);
      throw error;
    }
    try {
      await server.close();
      await close();
    } finally {
      setTimeout(end, LOOK_MS);
    }
    return true;
  };
  try {
    const stopAnswering = await serveMap(process.env, place, volume, answer);
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
    process.stdout.write(isJson ? `${JSON.stringify(status)}\n` : `${status.uri}\n`);
    await ended;
    stopAnswering();
  } finally {
    await server.close();
  }
}

/** Starts the same command in the background, and waits for its answer. */
async function detach(volume: string, options: MapOptions): Promise<void> {
  const { place, close } = await openPlace(options);
  close();
  await socketFor(volume, place, options);
  const log = mapLog(process.env, place, volume);
  // Of two that are started at once each has its own, until one of them serves it.
  const own = `${log}.${process.pid}`;
  const args = process.argv.slice(1).filter((word) => word !== "-d" && word !== "--detach");
  try {
    const status = await startInBackground({
      args: [...process.execArgv, ...args],
      env: process.env,
      log: own,
      withinMs: START_MS + (options.timeout ?? 0) * 1000,
      ask: async (pid) => {
        const request = { verb: "status" } as const;
        const found = (await askMap(process.env, place, volume, request).catch(() => null)) as MapStatus | null;
        return found?.pid === pid ? found : null;
      },
    });
    renameSync(own, log);
    process.stdout.write(options.json ? `${JSON.stringify(status)}\n` : `${status.uri}\n`);
  } catch (error) {
    rmSync(own, { force: true });
    if (!(error instanceof BackgroundError)) throw error;
    throw new CommandError(error.isMute ? `${volume}: it is not served after ${START_MS / 1000} s` : error.message);
  }
}

/** Asks the owner of a cluster, and starts one where there is none. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { BackgroundError, startInBackground } from "../../host/background.ts";
import { lives, parseIdentity } from "../../host/process-identity.ts";
import type { Answer, MachineEvent, MachineStatus, OwnerStatus, Request } from "../protocol.ts";
import { type Environment, endedPath, type Home, type Machine, MachineError, memoryPath } from "./home.ts";
import { runsStill } from "./orphan.ts";

const STATUS_MS = 3_000;
const START_MS = 15_000;

/** What is known of a cluster's owner: there is none, it answers, or it is there and mute. */
export type Found =
  | { readonly kind: "none" }
  | { readonly kind: "here"; readonly status: OwnerStatus }
  | { readonly kind: "mute"; readonly pid: number | null };

export class OwnerClient {
  readonly #home: Home;
  readonly #env: Environment;

  constructor(home: Home, env: Environment) {
    this.#home = home;
    this.#env = env;
  }

  get #path(): string {
    return this.#home.runFile(this.#env, "sock");
  }

  /** Never waits for a lock, nor longer than a few seconds for an answer. */
  async find(waitMs = STATUS_MS): Promise<Found> {
    if (!this.#home.isThere) return { kind: "none" };
    try {
      const status = (await this.#request({ verb: "status" }, waitMs)) as OwnerStatus | null;
      return status === null ? { kind: "none" } : { kind: "here", status };
    } catch (error) {
      if (!(error instanceof MuteError)) throw error;
      return { kind: "mute", pid: this.#holder };
    }
  }

  /** Whoever has the owner's lock; null: nobody who lives. */
  get #holder(): number | null {
    const path = this.#home.runFile(this.#env, "owner");
    const identity = existsSync(path) ? parseIdentity(readFileSync(path, "utf8")) : null;
    return identity && lives(identity) ? identity.pid : null;
  }

  /** What each of these machines is, by its key. */
  async states(
    machines: readonly Machine[],
  ): Promise<{ readonly owner: Found; readonly statuses: ReadonlyMap<string, MachineStatus> }> {
    const owner = await this.find();
    const statuses = new Map<string, MachineStatus>();
    for (const machine of machines) {
      const { key, configuration } = machine;
      const told = owner.kind === "here" ? owner.status.machines.find(({ id }) => id === configuration?.id) : undefined;
      const left = told || owner.kind !== "none" ? null : await runsStill(machine, this.#home, this.#env);
      statuses.set(key, told ?? restingStatus(machine, owner, left));
    }
    return { owner, statuses };
  }

  /** Asks the owner. Throws a MachineError for what it refuses, and when it does not answer; null: there is none. */
  async ask(request: Request, waitMs: number): Promise<unknown> {
    try {
      return await this.#request(request, waitMs);
    } catch (error) {
      if (!(error instanceof MuteError)) throw error;
      // One machine that is slow is no reason to end all of them.
      if ("key" in request && (await this.find()).kind === "here")
        throw new MachineError(
          `machine ${request.key} does not ${request.verb} within ${waitMs / 1000} s: "qure vm status ${request.key}" says which process runs it`,
        );
      throw muteError(this.#home.cluster, this.#holder);
    }
  }

  #request(request: Request, waitMs: number): Promise<unknown> {
    return new Promise((done, fail) => {
      const socket = connect(this.#path);
      let text = "";
      socket.setEncoding("utf8");
      const timer = setTimeout(() => {
        socket.destroy();
        fail(new MuteError("mute"));
      }, waitMs);
      socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
      socket.on("data", (piece) => (text += String(piece)));
      socket.on("error", (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        if (error.code === "ENOENT" || error.code === "ECONNREFUSED") done(null);
        else if (error.code === "ECONNRESET" || error.code === "EPIPE") done(null);
        else fail(error);
      });
      socket.on("close", () => {
        clearTimeout(timer);
        if (!text.includes("\n")) done(null);
        else settle(text, done, fail);
      });
    });
  }

  /** Starts an owner unless there is one. Throws when none answers. */
  async ensure(): Promise<void> {
    const before = await this.find();
    if (before.kind === "here") return;
    if (before.kind === "mute") throw muteError(this.#home.cluster, before.pid);
    const log = this.#home.runFile(this.#env, "log");
    rmSync(log, { force: true });
    await startInBackground({
      args: [process.argv[1]!, "vm", "own", "--cluster", this.#home.cluster],
      env: this.#env,
      cwd: "/",
      log,
      withinMs: START_MS,
      mayYield: true,
      ask: async () => ((await this.find()).kind === "here" ? true : null),
    }).catch((error: unknown) => {
      if (!(error instanceof BackgroundError)) throw error;
      const { isMute, message } = error;
      throw new MachineError(
        `the owner of cluster ${this.#home.cluster}${isMute ? "" : " does not start"}: ${message}`,
      );
    });
  }

  /** A connection that has been answered, for a console. */
  async console(key: string): Promise<{ readonly socket: Socket; readonly tail: string }> {
    const { socket, ok } = await this.#open({ verb: "console", key });
    return { socket, tail: (ok as { tail: string }).tail };
  }

  /** Events, until the owner ends or the signal comes. */
  async watch(heard: (event: MachineEvent) => void, signal: AbortSignal): Promise<void> {
    const { socket } = await this.#open({ verb: "watch" });
    let text = "";
    await new Promise<void>((done) => {
      signal.addEventListener("abort", () => socket.destroy());
      socket.resume();
      socket.on("data", (piece) => {
        text += String(piece);
        const lines = text.split("\n");
        text = lines.pop()!;
        for (const line of lines) heard(JSON.parse(line) as MachineEvent);
      });
      socket.on("close", () => done());
    });
  }

  #open(request: Request): Promise<{ readonly socket: Socket; readonly ok: unknown }> {
    return new Promise((done, fail) => {
      const socket = connect(this.#path);
      let pending = Buffer.alloc(0);
      const onData = (bytes: Buffer): void => {
        pending = Buffer.concat([pending, bytes]);
        const end = pending.indexOf(0x0a);
        if (end < 0) return;
        socket.off("data", onData);
        socket.pause();
        const rest = pending.subarray(end + 1);
        if (rest.length > 0) socket.unshift(rest);
        settle(pending.subarray(0, end + 1).toString(), (ok) => done({ socket, ok }), fail);
      };
      socket.on("data", onData);
      socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
      socket.on("error", (error: NodeJS.ErrnoException) =>
        fail(
          error.code === "ENOENT" || error.code === "ECONNREFUSED"
            ? new MachineError(`no machine of cluster ${this.#home.cluster} is running`)
            : error,
        ),
      );
    });
  }
}

class MuteError extends Error {}

function settle(text: string, done: (value: unknown) => void, fail: (error: Error) => void): void {
  const answer = JSON.parse(text.slice(0, text.indexOf("\n"))) as Answer;
  if ("error" in answer) fail(new MachineError(answer.error));
  else done(answer.ok);
}

const muteError = (cluster: string, pid: number | null): MachineError =>
  new MachineError(
    `the owner of cluster ${cluster} does not answer${pid === null ? "" : `: look at process ${pid}, which may be stopped, and end it with "kill -9 ${pid}" if it never will`}`,
  );

/** A machine that no owner speaks of; `left` still runs it. */
function restingStatus(machine: Machine, owner: Found, left: string | null): MachineStatus {
  const { key, configuration, trouble } = machine;
  const isMute = owner.kind === "mute" || left !== null;
  const without =
    left && `${left} runs it still, without its disk, for its owner is dead: "qure vm stop --kill ${key}" ends it`;
  const ended = existsSync(endedPath(machine)) ? readEnded(machine) : null;
  const state = isMute ? "no answer" : existsSync(memoryPath(machine)) ? "suspended" : ended ? "failed" : "off";
  const rest = { address: null, sinceMs: null, pid: null, processorSeconds: 0, instructions: null };
  return { key, id: configuration?.id ?? "", state, note: trouble ?? without ?? ended, ...rest };
}

function readEnded(machine: Machine): string | null {
  try {
    return (JSON.parse(readFileSync(endedPath(machine), "utf8")) as { note: string | null }).note ?? "ended";
  } catch {
    return null;
  }
}

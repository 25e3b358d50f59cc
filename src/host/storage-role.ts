/**
 * Roles of the storage as processes of this host. A role listens at Unix sockets in a folder that its user alone may
 * enter; it is known by its answer there, so that no file can say that one runs which does not, and no process is ever
 * signalled.
 */

import { createHash, randomBytes } from "node:crypto";
import { appendFileSync, readFileSync, realpathSync, statSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { assert } from "../diagnostic/invariant.ts";
import { Patience } from "../volume/patience.ts";
import { type Connect, openRemoteStore, type RoleStatus, Session } from "../volume/remote/client.ts";
import { parseConfiguration, type RoleSettings, type StorageConfiguration } from "../volume/remote/configuration.ts";
import { type Link, type LinkUser, REQUEST } from "../volume/remote/frames.ts";
import { RoutedStore } from "../volume/remote/routed.ts";
import { Role } from "../volume/remote/server.ts";
import type { Store } from "../volume/store.ts";
import { makeOwnFolder } from "./folder.ts";
import { listenAt, type OwnSocket, socketFolder } from "./unix-socket.ts";
import { openFolderStore } from "./volume-folder.ts";
import { openS3Place } from "./volume-s3.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration, and the folder in which its roles meet. */
export interface Storage extends StorageConfiguration {
  readonly path: string;
  readonly runFolder: string;
}

const PATIENCE_MS = 60_000;
/** A role that has just been started answers sooner. */
const FIRST_WAIT_MS = 2_000;
/** Whether a role still has its own sockets is looked at this often. */
const WATCH_MS = 2_000;
const LEVELS = ["error", "warning", "info", "debug"];

/** Where a configuration is looked for when none is named, in this order. */
export function configurationPaths(env: Environment): string[] {
  const given = env["QURE_STORAGE_CONFIG"] ?? "";
  if (given !== "") return [given];
  const folder = env["XDG_CONFIG_HOME"] || join(homedir(), ".config");
  return [join(folder, "qure", "storage.conf"), "/etc/archipelago/archipelago.conf"];
}

/** Reads the configuration; null when none is named and there is none. Throws a `ConfigurationError`. */
export function readStorage(given: string | null, env: Environment): Storage | null {
  for (const path of given === null ? configurationPaths(env) : [given]) {
    if (given === null && statSync(path, { throwIfNoEntry: false }) === undefined) continue;
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      throw Object.assign(error as Error, { path });
    }
    return { ...parseConfiguration(text, path), path, runFolder: runFolderOf(path, env) };
  }
  return null;
}

function runFolderOf(path: string, env: Environment): string {
  const name = `qure-storage-${createHash("sha256").update(realpathSync(path)).digest("hex").slice(0, 12)}`;
  return socketFolder(env, name, "port-65535");
}

export const socketOf = ({ runFolder }: Storage, port: number): string => join(runFolder, `port-${port}`);
export const logOf = ({ runFolder }: Storage, name: string): string => join(runFolder, `${name}.log`);

/** How a connection is made to the socket at a path. */
function connectTo(path: string): Connect {
  return (user) =>
    new Promise((done, fail) => {
      const socket = connect(path);
      socket.once("error", fail);
      socket.once("connect", () => {
        socket.off("error", fail);
        // A connection that nobody waits for keeps no command alive.
        socket.unref();
        done(linkOver(socket, user));
      });
    });
}

function linkOver(socket: Socket, user: LinkUser): Link {
  let reason = "the connection ended";
  socket.on("data", (bytes) => user.receive(plain(bytes)));
  socket.on("error", (error) => {
    reason = error.message;
  });
  socket.on("close", () => user.closed(reason));
  return {
    send: (bytes) => void socket.write(bytes),
    pause: (isPaused) => void (isPaused ? socket.pause() : socket.resume()),
    close: () => void socket.destroy(),
  };
}

/** Node's buffers are no plain arrays of bytes: their `slice` shares memory. */
const plain = ({ buffer, byteOffset, length }: Buffer): Uint8Array => new Uint8Array(buffer, byteOffset, length);

const patienceOf = (name: string, waitMs: number): Patience =>
  new Patience(
    name,
    { nowMs: () => Date.now(), sleep: (ms) => new Promise((done) => setTimeout(done, ms)), draw: () => Math.random() },
    waitMs,
    Math.min(waitMs, FIRST_WAIT_MS),
  );

/** A store behind the role at a port. Throws a `StoreError` when there is none. */
function openPort(storage: Storage, port: number, waitMs: number): Promise<Store> {
  const role = storage.roles.find(({ firstPort, lastPort }) => firstPort <= port && port <= lastPort);
  const name = `role ${role?.name ?? port}`;
  return openRemoteStore(name, connectTo(socketOf(storage, port)), patienceOf(name, waitMs));
}

/**
 * The store that `role:` names: `role:NAME` is one role, `role:` what vlmc has in the configuration, or the only
 * mapper. Throws a RangeError or a `StoreError`.
 */
export async function openRolePlace(text: string, env: Environment, waitMs = PATIENCE_MS): Promise<Store> {
  const storage = readStorage(null, env);
  if (storage === null)
    throw new RangeError(`${text}: there is no configuration: ${configurationPaths(env).join(", ")}`);
  const wanted = text.replace(/^role:/, "");
  const mappers = storage.roles.filter(({ kind }) => kind === "mapper");
  const role =
    wanted === ""
      ? (storage.roles.find(({ kind }) => kind === "vlmc") ?? (mappers.length === 1 ? mappers[0] : undefined))
      : storage.roles.find(({ name }) => name === wanted);
  if (role === undefined)
    throw new RangeError(
      `${text}: ${storage.path} has ${wanted === "" ? "no vlmc and not one mapper" : `no role ${wanted}`}`,
    );
  if (role.kind !== "vlmc") return openPort(storage, role.firstPort, waitMs);
  const objects = await openPort(storage, role.objectsPort, waitMs);
  return new RoutedStore(objects, await openPort(storage, role.mapsPort, waitMs));
}

/** What a role says of itself; null when nobody listens. Throws when somebody does and does not answer. */
export async function askRole(storage: Storage, role: RoleSettings, waitMs: number): Promise<RoleStatus | null> {
  const session = await reach(storage, role, waitMs);
  if (session === null) return null;
  try {
    const reply = await inTime(session.request(REQUEST.status), role.name, waitMs);
    if ("lost" in reply) return null;
    return JSON.parse(new TextDecoder().decode(reply.fields.rest())) as RoleStatus;
  } finally {
    session.close();
  }
}

/** Asks a role to end, and waits until nobody listens any more; false when nobody did. */
export async function endRole(storage: Storage, role: RoleSettings, waitMs: number): Promise<boolean> {
  const session = await reach(storage, role, waitMs);
  if (session === null) return false;
  try {
    await inTime(session.request(REQUEST.stop), role.name, waitMs);
    await inTime(session.ended, role.name, waitMs);
    return true;
  } finally {
    session.close();
  }
}

async function reach(storage: Storage, role: RoleSettings, waitMs: number): Promise<Session | null> {
  try {
    return await Session.open(connectTo(socketOf(storage, role.firstPort)), waitMs);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ECONNREFUSED" || code === "ECONNRESET") return null;
    throw stuck(role.name);
  }
}

const stuck = (name: string): Error => new Error(`${name} listens, and does not answer: end its process by hand`);

async function inTime<Result>(work: Promise<Result>, name: string, waitMs: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(stuck(name)), waitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Serves a role in this process until somebody asks for its end. Throws when it serves already. */
export async function serveRole(storage: Storage, role: RoleSettings, env: Environment): Promise<void> {
  makeOwnFolder(storage.runFolder);
  const log = (level: number, text: string): void => {
    if (level > role.logLevel) return;
    appendFileSync(logOf(storage, role.name), `${new Date().toISOString()} ${LEVELS[level]}: ${text}\n`);
  };
  const store = await storeOf(storage, role, env, (message) => log(1, message));
  let stop = (): void => {};
  const stopped = new Promise<void>((done) => {
    stop = done;
  });
  const served = new Role(store, {
    name: role.name,
    instance: randomBytes(8).toString("hex"),
    mostRequests: role.operations,
    nowMs: () => Date.now(),
    log,
    onStop: stop,
  });
  const ports = Array.from({ length: role.lastPort - role.firstPort + 1 }, (_, index) => role.firstPort + index);
  const listeners: Listener[] = [];
  for (const port of ports) listeners.push(await Listener.at(socketOf(storage, port), role.name, served));
  log(
    2,
    `serves ${store.place} at ${ports.length === 1 ? `port ${ports[0]}` : `ports ${ports[0]} to ${ports.at(-1)}`}`,
  );
  const watch = setInterval(() => {
    if (listeners.every((listener) => listener.isOwn)) return;
    log(0, "another process has taken its socket");
    stop();
  }, WATCH_MS);
  const signals = ["SIGTERM", "SIGINT"] as const;
  for (const signal of signals) process.on(signal, stop);
  await stopped;
  for (const signal of signals) process.off(signal, stop);
  clearInterval(watch);
  await Promise.all(listeners.map((listener) => listener.close()));
  log(2, "stopped");
}

async function storeOf(
  storage: Storage,
  role: RoleSettings,
  env: Environment,
  onTrouble: (message: string) => void,
): Promise<Store> {
  if (role.kind === "mapper") {
    const objects = await openPort(storage, role.objectsPort, PATIENCE_MS);
    if (role.objectsPort === role.mapsPort) return objects;
    return new RoutedStore(objects, await openPort(storage, role.mapsPort, PATIENCE_MS));
  }
  assert(role.store !== null, "a blocker keeps something");
  if ("bucket" in role.store!) return openS3Place(role.store.bucket, env, onTrouble);
  const { folder, mostOpen } = role.store!;
  return openFolderStore(resolve(dirname(storage.path), folder), mostOpen === null ? {} : { mostOpen });
}

/** A socket that is this process's own. */
class Listener {
  readonly #server: Server;
  readonly #socket: OwnSocket;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(server: Server, socket: OwnSocket, sockets: ReadonlySet<Socket>) {
    this.#server = server;
    this.#socket = socket;
    this.#sockets = sockets;
  }

  /** Listens at a path; what a process that is gone left there is taken away. Throws when somebody answers there. */
  static async at(path: string, name: string, role: Role): Promise<Listener> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      const users: LinkUser[] = [];
      const link = linkOver(socket, {
        receive: (bytes) => users[0]?.receive(bytes),
        closed: (reason) => users[0]?.closed(reason),
      });
      users.push(role.accept(link));
    });
    const own = await listenAt(server, path, `${name} runs already: ${path} answers`);
    return new Listener(server, own, sockets);
  }

  get isOwn(): boolean {
    return this.#socket.isOwn;
  }

  async close(): Promise<void> {
    this.#socket.remove();
    const closed = new Promise<void>((done) => this.#server.close(() => done()));
    // What was answered is sent before the end.
    for (const socket of this.#sockets) socket.end(() => socket.destroy());
    await closed;
  }
}

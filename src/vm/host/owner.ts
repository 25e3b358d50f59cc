/**
 * The owner of a cluster: the one process that has its Ethernet, runs its machines and says what they are. It is known
 * by its answer, so that no file can say that something runs which does not; it ends when nothing is left to be run.
 */
import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { describeError } from "../../host/describe-error.ts";
import { writeFileAside } from "../../host/files.ts";
import { makeFolder } from "../../host/folder.ts";
import type { OpenForward } from "../../host/forward.ts";
import { thisProcess } from "../../host/process-identity.ts";
import { takeProcessLock } from "../../host/process-lock.ts";
import { listenAt, type OwnSocket } from "../../host/unix-socket.ts";
import { keyCode } from "../../monitor/keys.ts";
import type { Configuration } from "../configuration.ts";
import { isSnapshotName } from "../name.ts";
import {
  type Answer,
  type CloudRequest,
  type MachineEvent,
  type MachineState,
  type MachineStatus,
  type OwnerStatus,
  PROTOCOL_VERSION,
  type Request,
} from "../protocol.ts";
import { RUNNERS } from "./drivers.ts";
import {
  type Environment,
  endedPath,
  type Home,
  logPath,
  type Machine,
  MachineError,
  memoryPath,
  newIdentity,
  snapshotPath,
  snapshotsFolder,
} from "./home.ts";
import { readLink, uplinkOf } from "./link.ts";
import { writeMemory } from "./memory-file.ts";
import { OwnerCloud } from "./owner-cloud.ts";
import { isTurnRunner, type Moment, type Runner, type RunnerPlace, type RunnerSetup } from "./runner.ts";
import { Turns } from "./turns.ts";
import { Wire } from "./wire.ts";

/** Without machines and without anybody who asks it stays for so long. */
const IDLE_MS = 3_000;
/** A turn comes this often at least, in milliseconds: what sockets bring in between waits for it. */
const LONGEST_SLEEP_MS = 20;
const BUSY_SLEEP_MS = 1;
/** Machines that only count their clock's ticks are run together. */
const GRAIN_MS = 10;
const MOST_LINE_BYTES = 65_536;
/** For so long it is kept what a machine that is being made begins with. */
const BORN_MS = 60_000;
/** Of what a console said, so much is shown to those who come later. */
const TAIL_BYTES = 32_768;
const MOST_LOG_BYTES = 1 << 20;
const MOST_WAITING_BYTES = 1 << 20;

/** What is asked of the cluster, and the texts that it needs. */
const CLOUD_WORDS: Readonly<Record<string, readonly string[]>> = {
  cloud: [],
  set: ["name"],
  move: ["address", "node"],
  invite: [],
  join: ["code"],
  pushed: [],
  push: ["name", "path"],
  unpush: ["name"],
};
/** What is asked of several members. */
const OF_NODES: readonly string[] = ["pushed", "push", "unpush"];
const isCloudRequest = (request: Request): request is CloudRequest => Object.hasOwn(CLOUD_WORDS, request.verb);

const isText = (value: unknown): boolean => typeof value === "string";

/** Whoever asks may be of another version, or no qure at all. */
function parseRequest(line: string): Request {
  let request: unknown = null;
  try {
    request = JSON.parse(line);
  } catch {
    // Said below.
  }
  if (typeof request !== "object" || request === null || !("verb" in request))
    throw new MachineError("expected a line of JSON with a verb");
  if ("key" in request && typeof request.key !== "string") throw new MachineError("key is a machine's name or number");
  if (request.verb === "sendkey" && !("keys" in request && Array.isArray(request.keys)))
    throw new MachineError("sendkey needs keys, a list");
  const text = (name: string): unknown => (request as Readonly<Record<string, unknown>>)[name];
  if (request.verb === "fork" && !/^[0-9a-f]{32}$/.test(`${text("id")}`)) throw new MachineError("fork needs an id");
  if (request.verb === "keep" && !isSnapshotName(`${text("name")}`)) throw new MachineError("keep needs a name");
  if (
    OF_NODES.includes(`${request.verb}`) &&
    !(Array.isArray(text("nodes")) && (text("nodes") as unknown[]).every(isText))
  )
    throw new MachineError(`${request.verb} needs nodes, a list of names`);
  if (!isCloudRequest(request as Request)) return request as Request;
  for (const word of CLOUD_WORDS[`${request.verb}`]!)
    if (!isText(text(word))) throw new MachineError(`${request.verb} needs ${word}, a text`);
  if (request.verb === "set" && text("value") !== null && !isText(text("value")))
    throw new MachineError("set needs a value: a text, or null for none");
  return request as Request;
}

interface Active {
  readonly machine: Machine & { readonly configuration: Configuration };
  readonly sinceMs: number;
  runner: Runner | null;
  readonly forwards: OpenForward[];
}

export class Owner {
  readonly #home: Home;
  readonly #env: Environment;
  readonly #identity = thisProcess();
  readonly #nonce = randomBytes(8).toString("hex");
  readonly #wire = new Wire();
  readonly #cloud: OwnerCloud;
  readonly #turns = new Turns();
  readonly #active = new Map<string, Active>();
  /** What machines go on from that are not there yet, by their ids. */
  readonly #born = new Map<string, Moment>();
  readonly #tails = new Map<string, Buffer>();
  readonly #consoles = new Map<string, Set<Socket>>();
  readonly #watchers = new Set<Socket>();
  readonly #connections = new Set<Socket>();
  /** Who works on a machine: the end of the last one's work. */
  readonly #busy = new Map<string, Promise<unknown>>();
  readonly #server: Server;
  #socket: OwnSocket | null = null;
  #closeWire: () => void = () => {};
  #closeLink: () => void = () => {};
  #release: () => void = () => {};
  #idleSinceMs = performance.now();
  #stop: () => void = () => {};
  #timer: NodeJS.Timeout | NodeJS.Immediate | null = null;
  /** The timer is one for as soon as possible. */
  #isHurried = false;
  /** It ends: no turn follows. */
  #isOver = false;

  constructor(home: Home, env: Environment) {
    this.#home = home;
    this.#env = env;
    this.#server = createServer((socket) => this.#attend(socket));
    const { send } = this.#wire.plug(() => {});
    this.#cloud = new OwnerCloud(home, send);
    this.#wire.onWanted = () => this.#hurry();
    this.#wire.onFrame = (frame) => this.#cloud.receive(frame);
  }

  #file(suffix: string): string {
    return this.#home.runFile(this.#env, suffix);
  }

  /** Runs until nothing is left to do; false when the cluster has an owner already. */
  async run(): Promise<boolean> {
    const taken = takeProcessLock(this.#file("owner"));
    if (typeof taken !== "function") return false;
    this.#release = taken;
    try {
      await this.#endOrphans();
      this.#closeWire = await this.#wire.listen(this.#file("wire"));
      this.#socket = await listenAt(this.#server, this.#file("sock"), `cluster ${this.#home.cluster} has an owner`);
      await this.#link();
      const stopped = new Promise<void>((done) => {
        this.#stop = done;
      });
      const signals = ["SIGTERM", "SIGINT"] as const;
      for (const signal of signals) process.on(signal, this.#stop);
      process.on("SIGHUP", () => {});
      this.#turn();
      await stopped;
    } finally {
      await this.#close();
    }
    return true;
  }

  async #close(): Promise<void> {
    // Not by its timer, which may be either of two kinds.
    this.#isOver = true;
    for (const { runner } of this.#active.values()) await runner?.end().catch(() => {});
    this.#server.close();
    for (const socket of this.#connections) socket.destroy();
    this.#closeWire();
    this.#closeLink();
    this.#wire.close();
    this.#socket?.remove();
    this.#release();
  }

  async #endOrphans(): Promise<void> {
    for (const { key, configuration, folder } of this.#home.machines())
      if (configuration)
        await RUNNERS[configuration.driver].endOrphan(configuration, this.#place(key), folder, this.#env);
  }

  /** Opens what the file `link` says, in place of what it said before. */
  async #link(): Promise<void> {
    const link = readLink(this.#home);
    this.#closeLink();
    this.#closeLink = () => {};
    if (link)
      this.#closeLink = await this.#wire.link(uplinkOf(link)).catch((error: Error) => {
        throw new MachineError(`${link.way}: ${error.message}`);
      });
    this.#wire.setSecond(link?.isSecond ?? false);
    this.#cloud.setSecond(link?.isSecond ?? false);
  }

  #place(key: string): RunnerPlace {
    return { file: (suffix) => this.#file(`${key}.${suffix}`), wire: this.#file("wire") };
  }

  // ---- Time

  readonly #turn = (): void => {
    if (this.#isOver) return;
    this.#isHurried = false;
    const nowMs = performance.now();
    this.#wire.turn(nowMs);
    for (const active of this.#active.values()) this.#run(active, nowMs);
    this.#wire.turn(performance.now());
    this.#cloud.tick();
    if (this.#active.size > 0 || this.#connections.size > 0 || this.#busy.size > 0) this.#idleSinceMs = nowMs;
    else if (nowMs - this.#idleSinceMs > IDLE_MS) {
      this.#stop();
      return;
    }
    const sleepMs = this.#nextMs - performance.now();
    this.#isHurried = sleepMs <= 0;
    this.#timer = this.#isHurried ? setImmediate(this.#turn) : setTimeout(this.#turn, sleepMs);
  };

  /** The next turn is now, not when it was due. */
  #hurry(): void {
    if (this.#timer === null || this.#isHurried || this.#isOver) return;
    this.#isHurried = true;
    clearTimeout(this.#timer as NodeJS.Timeout);
    this.#timer = setImmediate(this.#turn);
  }

  /** What goes wrong in one machine ends that one, and no other. */
  #run(active: Active, nowMs: number): void {
    const { runner, machine } = active;
    if (!runner || !isTurnRunner(runner)) return;
    try {
      this.#turns.run(runner, nowMs);
    } catch (error) {
      console.error(error);
      void runner.end().catch(() => {});
      this.#ended(machine.key, active, "failed", `its emulator failed: ${describeError(error)}`);
    }
  }

  /** When the next turn is due. */
  get #nextMs(): number {
    const nowMs = performance.now();
    const runners = [...this.#active.values()].map(({ runner }) => runner);
    const own = runners.filter((runner) => runner !== null && isTurnRunner(runner));
    const machinesMs = this.#turns.nextMs(own);
    if (machinesMs === 0) return 0;
    const isAnyElsewhere = own.length < runners.length;
    const wireMs = this.#wire.nextMs;
    const longest = isAnyElsewhere || this.#wire.isBusy ? BUSY_SLEEP_MS : LONGEST_SLEEP_MS;
    const grainMs = Math.ceil(machinesMs / GRAIN_MS) * GRAIN_MS;
    return Math.min(nowMs + longest, wireMs, grainMs);
  }

  // ---- Those who ask

  #attend(socket: Socket): void {
    this.#connections.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#connections.delete(socket);
      this.#watchers.delete(socket);
      for (const all of this.#consoles.values()) all.delete(socket);
    });
    let pending = Buffer.alloc(0);
    const onData = (bytes: Buffer): void => {
      pending = Buffer.concat([pending, bytes]);
      const end = pending.indexOf(0x0a);
      if (end < 0) {
        if (pending.length > MOST_LINE_BYTES) socket.destroy();
        return;
      }
      socket.off("data", onData);
      const [line, rest] = [pending.subarray(0, end).toString(), pending.subarray(end + 1)];
      void this.#answer(socket, line, rest);
    };
    socket.on("data", onData);
  }

  async #answer(socket: Socket, line: string, rest: Buffer): Promise<void> {
    let answer: Answer;
    let request: Request | null = null;
    try {
      request = this.#named(parseRequest(line));
      answer = { ok: await this.#do(request) };
    } catch (error) {
      answer = { error: describeError(error) };
    }
    const text = `${JSON.stringify(answer)}\n`;
    if ("error" in answer || request === null) socket.end(text);
    else if (request.verb === "console") this.#join(socket, request.key, text, rest);
    else if (request.verb === "watch") {
      socket.write(text);
      this.#watchers.add(socket);
      socket.resume();
    } else {
      socket.end(text);
      if (request.verb === "quit") this.#stop();
    }
  }

  /** A machine that runs is known by its id: its folder may have been renamed by hand meanwhile. */
  #named(request: Request): Request {
    if (!("key" in request) || this.#active.has(request.key)) return request;
    const id = this.#home.machines().find(({ key }) => key === request.key)?.configuration?.id;
    const own = [...this.#active.values()].find(({ machine }) => machine.configuration.id === id);
    return own ? { ...request, key: own.machine.key } : request;
  }

  async #do(request: Request): Promise<unknown> {
    if (request.verb === "status") return this.#status();
    if (isCloudRequest(request)) return this.#cloud.do(request);
    if (request.verb === "quit" || request.verb === "watch") return true;
    if (request.verb === "link") return this.#link().then(() => true);
    const { key } = request;
    if (key === undefined) throw new MachineError(`${request.verb} needs a key`);
    if (request.verb === "start") return this.#alone(key, () => this.#start(key));
    if (request.verb === "tail") return { tail: (this.#tails.get(key) ?? Buffer.alloc(0)).toString("latin1") };
    const runner = this.#runnerOf(key);
    if (request.verb === "console") return { tail: (this.#tails.get(key) ?? Buffer.alloc(0)).toString("latin1") };
    if (request.verb === "fork") return this.#alone(key, () => this.#fork(key, request));
    if (request.verb === "keep") return this.#alone(key, () => this.#keep(key, request));
    if (request.verb === "screenshot") return { png: Buffer.from(await runner.screenshot()).toString("base64") };
    if (request.verb === "button") await runner.pressPowerButton();
    else if (request.verb === "reset") {
      await runner.reset();
      this.#wire.begin(this.#active.get(key)!.machine.configuration.mac);
    } else if (request.verb === "sendkey") {
      const unknown = request.keys.find((name) => keyCode(name) === null);
      if (unknown !== undefined) throw new MachineError(`there is no key ${unknown}`);
      await runner.pressKeys(request.keys);
    } else if (request.verb === "pause" || request.verb === "unpause") {
      await runner.pause(request.verb === "pause");
      this.#tell(key, request.verb === "pause" ? "paused" : "running", null);
    } else if (request.verb === "copy-disk")
      await this.#alone(key, () => runner.copyDisk(request.isSnapshot ? "snapshot" : "clone", request.volume));
    else if (request.verb === "suspend") await this.#alone(key, () => this.#suspend(key));
    else if (request.verb === "kill") await this.#alone(key, () => this.#kill(key));
    else throw new MachineError(`this owner knows nothing of ${(request as { verb: string }).verb}`);
    return true;
  }

  #alone<Result>(key: string, action: () => Promise<Result>): Promise<Result> {
    const work = (this.#busy.get(key) ?? Promise.resolve()).then(action);
    const end = work.catch(() => {}).then(() => void (this.#busy.get(key) === end && this.#busy.delete(key)));
    this.#busy.set(key, end);
    return work;
  }

  #runnerOf(key: string): Runner {
    const runner = this.#active.get(key)?.runner;
    if (!runner) throw new MachineError(`machine ${key} is not running: "qure vm start ${key}"`);
    return runner;
  }

  #status(): OwnerStatus {
    return {
      version: PROTOCOL_VERSION,
      cluster: this.#home.cluster,
      folder: this.#home.folder,
      nonce: this.#nonce,
      ...this.#identity,
      memoryBytes: process.memoryUsage.rss(),
      machines: [...this.#active.values()].flatMap(({ machine, runner, sinceMs }): MachineStatus[] =>
        runner === null
          ? []
          : [
              {
                key: machine.key,
                id: machine.configuration.id,
                state: runner.mute !== null ? "no answer" : runner.isPaused ? "paused" : "running",
                note: runner.mute ?? runner.trouble,
                address: this.#wire.addressInUse(machine.configuration.mac),
                sinceMs,
                pid: runner.pid,
                processorSeconds: runner.processorSeconds,
                instructions: runner.instructions,
              },
            ],
      ),
    };
  }

  // ---- Machines

  async #start(key: string): Promise<{ readonly wasRunning: boolean }> {
    if (this.#active.has(key)) return { wasRunning: true };
    const machine = this.#home.usable(key);
    const { configuration } = machine;
    const twin = [...this.#active.values()].find((other) => other.machine.configuration.mac === configuration.mac);
    if (twin)
      throw new MachineError(
        `machine ${key} has the MAC address ${configuration.mac}, and so has ${twin.machine.key}, which runs: give it another, such as "qure vm set ${key} mac=${newIdentity().mac}"`,
      );
    const active: Active = { machine, sinceMs: Date.now(), runner: null, forwards: [] };
    const setup: RunnerSetup = {
      configuration,
      born: this.#born.get(configuration.id) ?? null,
      memoryPath: memoryPath(machine),
      plug: (take) => this.#wire.plug(take),
      heard: (bytes) => this.#heard(machine, bytes),
      ended: (state, note) => this.#ended(key, active, state, note),
      note: (text) => this.#remark(machine, text),
      stood: (why) => this.#stood(machine, why),
    };
    this.#born.delete(configuration.id);
    this.#wire.nameHost(configuration.mac, configuration.hostname);
    if (!existsSync(memoryPath(machine))) this.#wire.begin(configuration.mac);
    rmSync(endedPath(machine), { force: true });
    this.#tails.delete(key);
    this.#active.set(key, active);
    try {
      for (const forward of configuration.forward)
        active.forwards.push(
          await this.#wire.forward(forward, configuration.mac).catch((error: unknown) => {
            throw new MachineError(
              `its port ${forward} cannot be had: ${describeError(error)}; "qure vm set ${key} forward=" gives it up`,
            );
          }),
        );
      active.runner = await RUNNERS[configuration.driver].start(setup, this.#place(key), this.#env);
    } catch (error) {
      this.#forget(key, active);
      throw error;
    }
    this.#tell(key, "running", null);
    return { wasRunning: false };
  }

  /** Its disk and its memory at one moment: nothing of it runs between the two. */
  async #moment(key: string, verb: "snapshot" | "clone", volume: string | null): Promise<Moment> {
    const { machine, runner } = this.#active.get(key)!;
    if (!runner?.moment)
      throw new MachineError(
        `machine ${key}: ${machine.configuration.driver} keeps no memory that could go on: --disk-only copies its disk`,
      );
    if (volume !== null) await runner.copyDisk(verb, volume);
    return runner.moment();
  }

  async #fork(
    key: string,
    { volume, id }: { readonly volume: string | null; readonly id: string },
  ): Promise<Configuration> {
    const { configuration } = this.#active.get(key)!.machine;
    this.#born.set(id, await this.#moment(key, "clone", volume));
    setTimeout(() => this.#born.delete(id), BORN_MS).unref();
    return configuration;
  }

  async #keep(
    key: string,
    { volume, name }: { readonly volume: string | null; readonly name: string },
  ): Promise<Configuration> {
    const { machine } = this.#active.get(key)!;
    const moment = await this.#moment(key, "snapshot", volume);
    makeFolder(snapshotsFolder(machine), 0o700);
    const { id } = machine.configuration;
    writeMemory(snapshotPath(machine, name), { machine: id, disk: null, isCopy: true, ...moment });
    return machine.configuration;
  }

  #forget(key: string, { forwards }: Active): void {
    this.#active.delete(key);
    for (const forward of forwards) forward.close();
    for (const socket of this.#consoles.get(key) ?? []) socket.end();
  }

  #ended(key: string, active: Active, state: "off" | "failed", note: string | null): void {
    if (this.#active.get(key) !== active) return;
    this.#leave(active, state, note ?? "switched off", note);
    if (state === "failed")
      writeFileAside(endedPath(active.machine), `${JSON.stringify({ state, note, atMs: Date.now() })}\n`);
  }

  /** It runs no more: that is said to its console, and to those who watch. */
  #leave(active: Active, state: MachineState, said: string, note: string | null = null): void {
    const { machine } = active;
    this.#forget(machine.key, active);
    this.#remark(machine, said);
    this.#tell(machine.key, state, note);
  }

  #stood(machine: Machine, why: string): void {
    this.#remark(machine, why);
    this.#tell(machine.key, "paused", why);
  }

  async #kill(key: string): Promise<void> {
    const active = this.#active.get(key)!;
    await active.runner!.end();
    this.#leave(active, "off", "its power was cut");
  }

  async #suspend(key: string): Promise<void> {
    const active = this.#active.get(key)!;
    await active.runner!.suspend();
    this.#leave(active, "suspended", "suspended");
  }

  #tell(key: string, state: MachineState, note: string | null): void {
    const event: MachineEvent = { atMs: Date.now(), key, state, note };
    for (const socket of this.#watchers)
      if (socket.writableLength > MOST_WAITING_BYTES) socket.destroy();
      else socket.write(`${JSON.stringify(event)}\n`);
  }

  // ---- Consoles

  #heard(machine: Machine, bytes: Uint8Array): void {
    const { key } = machine;
    const tail = Buffer.concat([this.#tails.get(key) ?? Buffer.alloc(0), bytes]);
    this.#tails.set(key, tail.subarray(Math.max(0, tail.length - TAIL_BYTES)));
    this.#log(machine, bytes);
    for (const socket of this.#consoles.get(key) ?? [])
      if (socket.writableLength > MOST_WAITING_BYTES) socket.destroy();
      else socket.write(bytes);
  }

  #remark(machine: Machine, text: string): void {
    this.#log(machine, `\r\n[qure vm: ${text}]\r\n`);
  }

  #log(machine: Machine, said: Uint8Array | string): void {
    const path = logPath(machine);
    try {
      if (existsSync(path) && statSync(path).size > MOST_LOG_BYTES) renameSync(path, `${path}.1`);
      appendFileSync(path, said, { mode: 0o600 });
    } catch {
      // A full disk costs the log, and nothing else.
    }
  }

  #join(socket: Socket, key: string, answer: string, rest: Buffer): void {
    const all = this.#consoles.get(key) ?? new Set();
    this.#consoles.set(key, all.add(socket));
    socket.write(answer);
    const type = (bytes: Uint8Array): void => this.#active.get(key)?.runner?.type(bytes);
    if (rest.length > 0) type(rest);
    socket.on("data", type);
    socket.on("end", () => socket.end());
  }
}

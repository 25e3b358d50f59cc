/**
 * Machines whose owner, commands and QEMU are killed and stopped at drawn moments. After each, what is said of every
 * machine must be true, nothing half-made may be left, and the next command must work without a hand.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../../emulator/state/random.ts";
import { lives, parseIdentity } from "../../src/host/process-identity.ts";
import { builtFiles } from "../setup/built-files.ts";

const bundle = join(import.meta.dirname, "../../dist/qure.cjs");
/** A daemon has looked at its machines, and acts. */
const LONGEST_DAEMON_MS = 2_000;

/** One for all folders: to build it takes longer than some rounds. */
let image: Uint8Array | null = null;

interface Listed {
  readonly machine: string;
  readonly state: string;
  readonly note: string | null;
  readonly isRemoved: boolean;
  readonly disk: string | null;
  readonly pid: number | null;
}

export class Kills {
  readonly folder = mkdtempSync(join(tmpdir(), "qvk-"));
  readonly #env: NodeJS.ProcessEnv;
  readonly #random: Random;
  readonly #drivers: readonly string[];
  /** A process of somebody else's, whose number stands in our files now and then. */
  readonly #stranger: ChildProcess;
  #names = 0;
  /** Those that were there after the last round. */
  #machines: readonly string[] = [];
  /** A machine that is added, removed and purged, a step in each round: the change that settles what was cut off. */
  #probe = "";
  #step = 0;
  /** A command that is killed is so within this time, in milliseconds: about as long as one takes on this host. */
  #longestMs = 500;

  constructor(seed: number, drivers: readonly string[], bundled = bundle) {
    this.#random = new Random(seed, "kills");
    this.#drivers = drivers;
    this.#bundle = bundled;
    for (const name of ["run", "build"]) mkdirSync(join(this.folder, name), { mode: 0o700 });
    this.#env = {
      ...process.env,
      XDG_RUNTIME_DIR: join(this.folder, "run"),
      XDG_STATE_HOME: join(this.folder, "state"),
      QURE_STORE: join(this.folder, "volumes"),
      QURE_MACHINES: join(this.folder, "machines"),
    };
    image ??= builtFiles(1)("qure.iso");
    writeFileSync(join(this.folder, "build/qure.iso"), image);
    this.#stranger = spawn("sleep", ["100000"], { stdio: "ignore" });
  }

  readonly #bundle: string;

  #run(...args: string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
    return spawnSync("node", [this.#bundle, "vm", ...args], { cwd: this.folder, env: this.#env, encoding: "utf8" });
  }

  #done(...args: string[]): string {
    const { status, stdout, stderr } = this.#run(...args);
    if (status !== 0) throw new Error(`qure vm ${args.join(" ")} ended with ${status}: ${stderr}`);
    return stdout;
  }

  list(...args: string[]): Listed[] {
    return (JSON.parse(this.#done("list", "--json", ...args)) as { machines: Listed[] }).machines;
  }

  /** Of the process that has the owner's lock and lives; null: there is none. */
  get owner(): number | null {
    const folder = join(this.folder, "run/qure-vm");
    const name = existsSync(folder) ? readdirSync(folder).find((one) => one.endsWith(".owner")) : undefined;
    const identity = name === undefined ? null : parseIdentity(this.#read(`run/qure-vm/${name}`));
    return identity && lives(identity) ? identity.pid : null;
  }

  #read(name: string): string {
    try {
      return readFileSync(join(this.folder, name), "utf8");
    } catch {
      return "";
    }
  }

  #draw<Item>(items: readonly Item[]): Item {
    return items[this.#random.below(items.length)]!;
  }

  /** Starts a command, and kills it in the middle, or at its end. */
  async #killed(...args: string[]): Promise<void> {
    const child = spawn("node", [this.#bundle, "vm", ...args], { cwd: this.folder, env: this.#env, stdio: "ignore" });
    const ended = new Promise((done) => child.on("close", done));
    const timer = setTimeout(() => child.kill("SIGKILL"), this.#random.below(Math.ceil(this.#longestMs)));
    await ended;
    clearTimeout(timer);
  }

  /** One drawn event, and what must be true after it. Throws where it is not. */
  async round(): Promise<string> {
    if (this.#machines.length === 0) this.#addWhole();
    const event = this.#draw(Object.keys(EVENTS));
    await EVENTS[event as keyof typeof EVENTS].call(this, this.#draw(this.#machines));
    await this.#check(event);
    return event;
  }

  async #check(event: string): Promise<void> {
    const fail = (why: string): never => {
      throw new Error(`after ${event}: ${why}`);
    };
    if (this.#stranger.exitCode !== null || this.#stranger.signalCode !== null)
      fail("somebody else's process was ended");
    const { owner } = this;
    const isOn = ({ state }: Listed): boolean => state === "running" || state === "paused";
    const on = this.list("--removed").filter(isOn);
    if (owner === null && on.length > 0) fail(`${on[0]!.machine} is said to run, and nobody runs it`);
    for (const { machine, pid } of on)
      if (pid !== null && !isAlive(pid)) fail(`${machine} is said to run in process ${pid}, which is dead`);
    // Whatever happened: a change settles what was cut off, and each machine can be started.
    this.#change();
    const settled = this.list("--removed");
    const left = settled.flatMap(({ disk }) => (disk === null ? [] : [disk.slice("volume:".length)]));
    const volumes = (
      JSON.parse(
        spawnSync("node", [this.#bundle, "volume", "list", "--json"], { env: this.#env, encoding: "utf8" }).stdout,
      ) as { name: string }[]
    ).map(({ name }) => name);
    const orphan = volumes.find((name) => name.startsWith("main.") && !left.includes(name));
    if (orphan !== undefined) fail(`${orphan} is the disk of no machine`);
    const diskless = left.find((name) => !volumes.includes(name));
    if (diskless !== undefined) fail(`${diskless} is not there, and its machine is`);
    const present = settled.filter(({ isRemoved, machine }) => !isRemoved && machine !== this.#probe);
    this.#machines = present.map(({ machine }) => machine);
    const some = present.find(({ state }) => state === "off" || state === "failed");
    if (some) this.#done("start", some.machine);
    if (some && this.list().find(({ machine }) => machine === some.machine)!.state !== "running")
      fail(`${some.machine} was started and does not run`);
  }

  #change(): void {
    const verb = (["add", "remove", "purge"] as const)[this.#step++ % 3]!;
    if (verb === "add") this.#probe = `probe${++this.#names}`;
    this.#done(verb, this.#probe);
  }

  // ---- Events

  #addWhole(): void {
    const name = `m${++this.#names}`;
    const begun = performance.now();
    this.#done("add", name, "--driver", this.#draw(this.#drivers));
    this.#longestMs = 1.2 * (performance.now() - begun);
    this.#machines = [name];
  }

  async add(): Promise<void> {
    await this.#killed("add", `m${++this.#names}`, "--driver", this.#draw(this.#drivers));
  }

  async clone(some: string): Promise<void> {
    await this.#killed("clone", some, `m${++this.#names}`);
  }

  async start(some: string): Promise<void> {
    await this.#killed("start", some);
  }

  async stop(some: string): Promise<void> {
    await this.#killed("stop", "--kill", some);
  }

  async suspend(some: string): Promise<void> {
    this.#run("start", some);
    await this.#killed("suspend", some);
    this.#run("start", "--discard", some);
  }

  async removal(some: string): Promise<void> {
    this.#run("stop", "--kill", some);
    this.#run("remove", some);
    await this.#killed("purge", some);
    this.#run("purge", some);
  }

  async rename(some: string): Promise<void> {
    this.#run("stop", "--kill", some);
    await this.#killed("rename", some, `m${++this.#names}`);
  }

  /** It has taken the lock, and a machine that is off is to run. */
  async daemon(some: string): Promise<void> {
    this.#run("stop", "--kill", some);
    this.#done("autostart", some);
    const child = spawn("node", [this.#bundle, "vm", "daemon"], {
      cwd: this.folder,
      env: this.#env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const said = await new Promise<boolean>((done) => {
      child.stdout.once("data", () => done(true));
      child.once("close", () => done(false));
    });
    if (!said) throw new Error("the daemon ended by itself");
    const ended = new Promise((done) => child.once("close", done));
    setTimeout(() => child.kill("SIGKILL"), this.#random.below(LONGEST_DAEMON_MS));
    await ended;
    this.#done("autostart", some, "off");
  }

  /** A machine's folder is copied by hand: the copy is none, and what becomes of it costs the machine nothing. */
  async copy(some: string): Promise<void> {
    const [copy, machines] = [`m${++this.#names}`, join(this.folder, "machines/main")];
    cpSync(join(machines, `qure-${some}`), join(machines, `qure-${copy}`), { recursive: true });
    const { note = null } = this.list().find(({ machine }) => machine === copy) ?? {};
    if (!note?.includes("is a copy of")) throw new Error(`of a copy of ${some} is said: ${note}`);
    if (this.#run("start", copy).status === 0) throw new Error(`a copy of ${some} was started`);
    this.#done("remove", copy);
    await this.#killed("purge", copy);
    this.#run("purge", copy);
  }

  async killOwner(): Promise<void> {
    if (this.owner !== null) process.kill(this.owner, "SIGKILL");
  }

  /** In the middle of something. */
  async killOwnerAtWork(some: string): Promise<void> {
    const begun = this.#killed("start", some);
    await new Promise((done) => setTimeout(done, this.#random.below(Math.ceil(this.#longestMs))));
    if (this.owner !== null) process.kill(this.owner, "SIGKILL");
    await begun;
  }

  async killQemu(): Promise<void> {
    const pids = this.list().flatMap(({ pid }) => (pid === null ? [] : [pid]));
    if (pids.length > 0) process.kill(this.#draw(pids), "SIGKILL");
    await new Promise((done) => setTimeout(done, 200));
  }

  /** It is mute while it stands still, and goes on. */
  async stopOwner(): Promise<void> {
    const { owner } = this;
    if (owner === null) return;
    process.kill(owner, "SIGSTOP");
    try {
      const wrong = this.list().find(({ state }) => state !== "no answer");
      if (wrong) throw new Error(`${wrong.machine} is said to be ${wrong.state}, and its owner says nothing`);
    } finally {
      process.kill(owner, "SIGCONT");
    }
  }

  /** After a reboot: the owner's number is another process's, its socket is a file that nobody listens at. */
  async reboot(): Promise<void> {
    await this.killOwner();
    await new Promise((done) => setTimeout(done, 100));
    const folder = join(this.folder, "run/qure-vm");
    const name = readdirSync(folder).find((one) => one.endsWith(".owner"));
    if (name === undefined) return;
    const boot = this.#random.chance(50)
      ? "another-boot"
      : readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    writeFileSync(join(folder, name), JSON.stringify({ pid: this.#stranger.pid, boot, started: "1" }));
  }

  close(): void {
    const { owner } = this;
    const pids = owner === null ? [] : this.list().flatMap(({ pid }) => (pid === null ? [] : [pid]));
    for (const pid of [...pids, ...(owner === null ? [] : [owner])]) process.kill(pid, "SIGKILL");
    this.#stranger.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

const EVENTS = {
  add: Kills.prototype.add,
  clone: Kills.prototype.clone,
  start: Kills.prototype.start,
  stop: Kills.prototype.stop,
  suspend: Kills.prototype.suspend,
  removal: Kills.prototype.removal,
  rename: Kills.prototype.rename,
  daemon: Kills.prototype.daemon,
  copy: Kills.prototype.copy,
  killOwner: Kills.prototype.killOwner,
  killOwnerAtWork: Kills.prototype.killOwnerAtWork,
  killQemu: Kills.prototype.killQemu,
  stopOwner: Kills.prototype.stopOwner,
  reboot: Kills.prototype.reboot,
};

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

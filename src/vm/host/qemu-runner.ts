/**
 * A machine in QEMU, on the cluster's Ethernet: its disk comes over NBD from the owner's process, so that its lock is
 * the machine's as under any other driver, and it ends with the owner at the latest when the next one finds it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { statOf } from "../../host/process-identity.ts";
import { type Environment, MachineError } from "./home.ts";
import { checkSealed, forgetSealed, MachineDisk, readSealed, reserveSeal, seal } from "./machine-disk.ts";
import { takePicture } from "./picture.ts";
import { connectWithin, Qmp } from "./qmp.ts";
import type { Runner, RunnerPlace, RunnerSetup } from "./runner.ts";

const PROGRAM = "qemu-system-i386";
/** At which QEMU listens. */
const SOCKETS = ["qmp", "con"];
const START_MS = 10_000;
const END_MS = 5_000;
const POLL_MS = 20;
/** A QEMU that says nothing for so long does not answer. */
const MUTE_MS = 3_000;
/** So much of what QEMU says is kept, to be told when it fails. */
const MOST_SAID = 4_096;

export class QemuRunner implements Runner {
  readonly instructions = null;
  readonly #setup: RunnerSetup;
  readonly #place: RunnerPlace;
  readonly #env: Environment;
  #disk: MachineDisk | null = null;
  #child: ChildProcess | null = null;
  #qmp: Qmp | null = null;
  #console: Socket | null = null;
  #isPaused = false;
  /** Why it stands still by itself: QEMU stops where a disk is full, so that nothing is lost. */
  #trouble: string | null = null;
  /** It has opened the disk of a machine whose memory is kept. */
  #isResuming = false;
  #isEnding = false;
  #wasSwitchedOff = false;
  #said = "";
  #ended: Promise<void> = Promise.resolve();

  private constructor(setup: RunnerSetup, place: RunnerPlace, env: Environment) {
    this.#setup = setup;
    this.#place = place;
    this.#env = env;
  }

  /** Rejects with a line that says why it does not start. */
  static async start(setup: RunnerSetup, place: RunnerPlace, env: Environment): Promise<QemuRunner> {
    const runner = new QemuRunner(setup, place, env);
    try {
      await runner.#start();
      return runner;
    } catch (error) {
      runner.#isEnding = true;
      runner.#child?.kill("SIGKILL");
      await runner.#letGo();
      await runner.#keepSealed().catch((trouble: Error) => setup.note(trouble.message));
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" && runner.#said === "" && !runner.#child?.pid)
        throw new MachineError(`${PROGRAM} is not installed: set driver=emu, or install QEMU`);
      throw new MachineError(runner.#said === "" ? (error as Error).message : `QEMU: ${lastLine(runner.#said)}`);
    }
  }

  /** What is left of an owner that is dead; one with another id is nobody's business. */
  static async endOrphan(place: RunnerPlace, id: string): Promise<void> {
    let qmp: Qmp;
    try {
      qmp = await Qmp.open(place.file("qmp"), 0);
    } catch {
      return;
    }
    try {
      const { UUID } = (await qmp.run("query-uuid")) as { UUID: string };
      if (UUID.replaceAll("-", "") === id) await qmp.run("quit").catch(() => {});
    } finally {
      qmp.close();
    }
  }

  async #start(): Promise<void> {
    const { configuration, memoryPath } = this.#setup;
    // An owner that was killed has left its sockets behind.
    for (const suffix of SOCKETS) rmSync(this.#place.file(suffix), { force: true });
    const sealed = readSealed(memoryPath, configuration.id);
    this.#disk = await MachineDisk.open(configuration, this.#env);
    if (sealed) await checkSealed(sealed, this.#disk);
    this.#isResuming = sealed !== null;
    await this.#disk?.serve(this.#place.file("nbd"), (text) => this.#setup.note(text));
    const child = spawn(PROGRAM, this.#arguments(sealed !== null), { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    child.stderr!.setEncoding("utf8").on("data", (piece: string) => {
      this.#said = (this.#said + piece).slice(-MOST_SAID);
    });
    const early = new Promise<never>((_, fail) => {
      child.once("error", fail);
      child.once("exit", (status) => fail(new Error(`QEMU ended with status ${status}`)));
    });
    early.catch(() => {});
    this.#ended = new Promise((done) => {
      child.once("exit", (status) => void this.#onExit(status).then(done));
      child.once("error", () => done());
    });
    this.#qmp = await Promise.race([early, Qmp.open(this.#place.file("qmp"), START_MS)]);
    this.#qmp.onEvent = (name, data) => this.#hear(name, data);
    this.#console = await Promise.race([early, connectWithin(this.#place.file("con"), START_MS)]);
    this.#console.on("data", (bytes) => this.#setup.heard(bytes as Buffer));
    this.#console.on("error", () => {});
    if (sealed) {
      await this.#settled("inmigrate");
      forgetSealed(memoryPath);
    }
    await this.#qmp.run("cont");
  }

  /** QEMU's QMP reference: SHUTDOWN, BLOCK_IO_ERROR, RESUME. */
  #hear(event: string, data: Readonly<Record<string, unknown>>): void {
    if (event === "SHUTDOWN") this.#wasSwitchedOff = data["guest"] === true;
    else if (event === "RESUME") this.#trouble = null;
    else if (event === "BLOCK_IO_ERROR" && data["action"] === "stop" && this.#trouble === null) {
      this.#trouble = "it stands still, since its disk finds no room: make some, and unpause it";
      this.#isPaused = true;
      this.#setup.stood(this.#trouble);
    }
  }

  get trouble(): string | null {
    return this.#trouble;
  }

  /** What could not go on now may later: its disk was opened, which is a change, and nothing was written. */
  async #keepSealed(): Promise<void> {
    const { configuration, memoryPath } = this.#setup;
    if (this.#isResuming && existsSync(memoryPath)) await seal(memoryPath, configuration.id, this.#disk);
  }

  #arguments(isIncoming: boolean): string[] {
    const { displayName, hostname, accelerator, memory, cpus, mac, id, boot, cdrom } = this.#setup.configuration;
    const uuid = id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    const place = this.#place;
    return [
      ...["-name", displayName.replaceAll(",", ",,"), "-uuid", uuid, "-machine", `pc,accel=${accelerator}`],
      ...["-m", memory, "-smp", `${cpus}`, "-nodefaults", "-display", "none", "-vga", "std", "-S"],
      ...["-qmp", `unix:${place.file("qmp")},server=on,wait=off`],
      ...["-chardev", `socket,id=console,path=${place.file("con")},server=on,wait=off`, "-serial", "chardev:console"],
      ...["-fw_cfg", `name=opt/qure/hostname,string=${hostname}`],
      ...["-netdev", `stream,id=ethernet,server=off,addr.type=unix,addr.path=${place.wire}`],
      ...["-device", `e1000,netdev=ethernet,mac=${mac}`],
      ...(this.#disk ? ["-drive", `file=nbd+unix:///disk?socket=${place.file("nbd")},format=raw,if=ide,index=0`] : []),
      ...(cdrom === null
        ? []
        : ["-drive", `file=${cdrom.replaceAll(",", ",,")},media=cdrom,if=ide,index=2,readonly=on`]),
      ...["-boot", `order=${boot.order}`],
      ...(isIncoming ? ["-incoming", `exec:cat ${quoted(this.#setup.memoryPath)}`] : []),
    ];
  }

  async #onExit(status: number | null): Promise<void> {
    await this.#letGo();
    if (this.#isEnding) return;
    if (status === 0 && this.#wasSwitchedOff) this.#setup.ended("off", null);
    else this.#setup.ended("failed", `QEMU ended${this.#said === "" ? "" : `: ${lastLine(this.#said)}`}`);
  }

  async #letGo(): Promise<void> {
    this.#qmp?.close();
    this.#console?.destroy();
    await this.#disk?.close().catch((error: Error) => this.#setup.note(error.message));
    for (const suffix of SOCKETS) rmSync(this.#place.file(suffix), { force: true });
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get mute(): string | null {
    const { pid } = this;
    if (this.#qmp === null || pid === null) return null;
    const advice = `"kill -9 ${pid}" ends it`;
    if (/^[Tt]$/.test(statOf(pid)[0] ?? ""))
      return `its QEMU, process ${pid}, is stopped: "kill -CONT ${pid}" has it go on, ${advice}`;
    const { waitingMs } = this.#qmp;
    if (waitingMs > MUTE_MS) return `its QEMU, process ${pid}, does not answer: ${advice}`;
    // Whoever asks next hears what becomes of this.
    if (waitingMs === 0) this.#qmp.run("query-status").catch(() => {});
    return null;
  }

  /** As the host counts: user and system time, the 14th and 15th field of /proc/PID/stat, in hundredths (proc(5)). */
  get processorSeconds(): number {
    const fields = this.pid === null ? [] : statOf(this.pid);
    return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
  }

  type(bytes: Uint8Array): void {
    this.#console?.write(bytes);
  }

  #run(command: string, args: Readonly<Record<string, unknown>> = {}): void {
    this.#qmp?.run(command, args).catch((error: Error) => this.#setup.note(error.message));
  }

  pressKeys(names: readonly string[]): void {
    this.#run("send-key", { keys: names.map((data) => ({ type: "qcode", data })) });
  }

  pressPowerButton(): void {
    this.#run("system_powerdown");
  }

  reset(): void {
    this.#run("system_reset");
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#run(isPaused ? "stop" : "cont");
  }

  async screenshot(): Promise<Uint8Array> {
    const path = this.#place.file("ppm");
    return takePicture(path, () => this.#qmp!.run("screendump", { filename: path }));
  }

  async suspend(): Promise<void> {
    const { memoryPath, configuration } = this.#setup;
    const aside = `${memoryPath}.part`;
    const whole = `${memoryPath}.whole`;
    const [from, to] = [quoted(aside), quoted(whole)];
    await this.#qmp!.run("stop");
    try {
      reserveSeal(memoryPath);
      // What is in the pipe yet may find no space when QEMU is through: only a file with the other name is whole.
      await this.#qmp!.run("migrate", { uri: `exec:(cat > ${from} && mv ${from} ${to}) || rm -f ${from}` });
      await this.#migrated();
      while (!existsSync(whole)) {
        if (!existsSync(aside) && !existsSync(whole)) throw new MachineError(NO_ROOM);
        await new Promise((done) => setTimeout(done, POLL_MS));
      }
    } catch (error) {
      for (const path of [aside, whole, memoryPath]) forgetSealed(path);
      if (!this.#isPaused) await this.#qmp!.run("cont");
      throw error;
    }
    await this.end();
    await seal(memoryPath, configuration.id, this.#disk);
    renameSync(whole, memoryPath);
  }

  async #migrated(): Promise<void> {
    for (;;) {
      const { status } = (await this.#qmp!.run("query-migrate")) as { status?: string };
      if (status === "completed") return;
      if (status === "failed" || status === "cancelled") throw new MachineError(NO_ROOM);
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  }

  /** Waits until it is in another state than this. */
  async #settled(state: string): Promise<void> {
    for (;;) {
      const { status } = (await this.#qmp!.run("query-status")) as { status: string };
      if (status !== state) return;
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  }

  async copyDisk(verb: "snapshot" | "clone", volume: string): Promise<void> {
    if (!this.#disk) throw new MachineError("it has no disk");
    await this.#disk.copy(verb, volume);
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    this.#run("quit");
    const timer = setTimeout(() => this.#child?.kill("SIGKILL"), END_MS);
    await this.#ended;
    clearTimeout(timer);
  }
}

const NO_ROOM = "QEMU cannot keep its memory, and goes on: is there room for it beside its file?";

/** For the shell that QEMU starts. */
const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;

const lastLine = (text: string): string =>
  text
    .trim()
    .split("\n")
    .at(-1)!
    .replace(/^qemu-system-i386: /, "");

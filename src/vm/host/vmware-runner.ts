/**
 * A machine in VMware, by files in its folder and by `vmrun`. VMware's own network has it, not the cluster's Ethernet;
 * its disk is a copy of its volume until it ends.
 */
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeFileAside } from "../../host/files.ts";
import { formatVmx } from "../vmx.ts";
import { ConsoleSocket } from "./console-socket.ts";
import { type Environment, MachineError } from "./home.ts";
import { checkSealed, forgetSealed, MachineDisk, readSealed, reserveSeal, seal } from "./machine-disk.ts";
import { VMX } from "./orphan.ts";
import type { Runner, RunnerPlace, RunnerSetup } from "./runner.ts";
import { isVmdkOut, VMDK, VmdkFile } from "./vmdk-file.ts";
import { Vmrun } from "./vmrun.ts";

/** What VMware keeps of a machine that is suspended. */
const MEMORY = /^qure.*\.(?:vmss|vmem)$/;
const POLL_MS = 1_000;

const WITHOUT_TOOLS = "which VMware does for no system that has not VMware's tools";

export class VmwareRunner implements Runner {
  readonly pid = null;
  readonly mute = null;
  readonly trouble = null;
  readonly instructions = null;
  readonly processorSeconds = 0;
  readonly #setup: RunnerSetup;
  readonly #place: RunnerPlace;
  readonly #env: Environment;
  readonly #folder: string;
  readonly #vmrun: Vmrun;
  readonly #console: ConsoleSocket;
  #disk: VmdkFile | null = null;
  #volume: MachineDisk | null = null;
  #isPaused = false;
  #isOver = false;
  #isSuspending = false;
  #trouble = "";

  private constructor(setup: RunnerSetup, place: RunnerPlace, env: Environment) {
    this.#setup = setup;
    this.#place = place;
    this.#env = env;
    this.#folder = dirname(setup.memoryPath);
    this.#vmrun = new Vmrun(join(this.#folder, VMX), env);
    this.#console = new ConsoleSocket((bytes) => setup.heard(bytes));
  }

  /** Rejects with a line that says why it does not start. */
  static async start(setup: RunnerSetup, place: RunnerPlace, env: Environment): Promise<VmwareRunner> {
    const runner = new VmwareRunner(setup, place, env);
    try {
      await runner.#start();
    } catch (error) {
      await runner.#letGo();
      throw error;
    }
    void runner.#watch();
    return runner;
  }

  /** What a dead owner has left running goes off, so that its disk can be taken back. */
  static async endOrphan(folder: string, env: Environment): Promise<void> {
    if (!isVmdkOut(folder)) return;
    const vmrun = new Vmrun(join(folder, VMX), env);
    // Without vmrun nobody can know; the next start says so.
    if (await vmrun.isRunning().catch(() => false)) await vmrun.do("stop", "hard").catch(() => {});
  }

  async #start(): Promise<void> {
    const { configuration, memoryPath } = this.#setup;
    if (configuration.forward.length > 0)
      throw new MachineError('forward: VMware\'s network has ports of its own: "qure vm set NAME forward=" first');
    const sealed = readSealed(memoryPath, configuration.id);
    this.#volume = await MachineDisk.open(configuration, this.#env);
    if (sealed) await checkSealed(sealed, this.#volume);
    else this.#writeFiles();
    if (await this.#vmrun.isRunning()) await this.#vmrun.do("stop", "hard");
    this.#disk = this.#volume && new VmdkFile(this.#folder, configuration.id, this.#volume);
    await this.#disk?.checkOut();
    await this.#console.listen(this.#place.file("con"));
    try {
      await this.#vmrun.do("start", "nogui");
    } catch (error) {
      // It may have begun all the same, and its disk is taken back now.
      await this.#vmrun.do("stop", "hard").catch(() => {});
      throw error;
    }
    forgetSealed(memoryPath);
  }

  #writeFiles(): void {
    for (const name of readdirSync(this.#folder)) if (MEMORY.test(name)) rmSync(join(this.#folder, name));
    const { configuration } = this.#setup;
    const files = { disk: configuration.disk === null ? null : VMDK, console: this.#place.file("con") };
    writeFileAside(this.#vmrun.path, formatVmx(configuration, files), 0o600);
  }

  /** VMware says of a machine that runs no more nothing but that. */
  async #watch(): Promise<void> {
    while (!this.#isOver) {
      await new Promise((done) => setTimeout(done, POLL_MS));
      if (this.#isOver) return;
      const isRunning = await this.#vmrun.isRunning().catch((error: Error) => {
        if (this.#trouble !== error.message) this.#setup.note(error.message);
        this.#trouble = error.message;
        return true;
      });
      if (isRunning || this.#isOver || this.#isSuspending) continue;
      const trouble = await this.#letGo();
      this.#setup.ended(trouble === null ? "off" : "failed", trouble);
    }
  }

  /** Null, or what keeps its disk from being taken back: the next start tries it again. */
  async #letGo(): Promise<string | null> {
    this.#isOver = true;
    this.#console.close();
    try {
      if (this.#disk && isVmdkOut(this.#folder)) await this.#disk.checkIn();
      await this.#volume?.close();
      return null;
    } catch (error) {
      await this.#volume?.close().catch(() => {});
      return (error as Error).message;
    }
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  type(bytes: Uint8Array): void {
    this.#console.write(bytes);
  }

  pressKeys(): void {
    throw new MachineError("vmrun has no keyboard: type at its console");
  }

  async pressPowerButton(): Promise<void> {
    try {
      await this.#vmrun.do("stop", "soft");
    } catch (error) {
      throw new MachineError(
        `${(error as Error).message}: a power button, ${WITHOUT_TOOLS}: switch it off at its console, or "stop --kill"`,
      );
    }
  }

  async reset(): Promise<void> {
    await this.#vmrun.do("reset", "hard");
  }

  async pause(isPaused: boolean): Promise<void> {
    await this.#vmrun.do(isPaused ? "pause" : "unpause");
    this.#isPaused = isPaused;
  }

  async screenshot(): Promise<Uint8Array> {
    throw new MachineError(`a picture of its screen, ${WITHOUT_TOOLS}`);
  }

  async suspend(): Promise<void> {
    const { memoryPath, configuration } = this.#setup;
    reserveSeal(memoryPath);
    this.#isSuspending = true;
    try {
      await this.#vmrun.do("suspend", "hard");
    } catch (error) {
      forgetSealed(memoryPath);
      throw error;
    } finally {
      this.#isSuspending = false;
    }
    const trouble = await this.#letGo();
    if (trouble !== null) throw new MachineError(trouble);
    await seal(memoryPath, configuration.id, this.#volume);
    writeFileAside(memoryPath, `in ${VMX}'s .vmss, by VMware\n`, 0o600);
  }

  async copyDisk(): Promise<void> {
    throw new MachineError("its disk is VMware's until it is off: stop it first");
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#vmrun.do("stop", "hard").catch(async (error: Error) => {
      if (await this.#vmrun.isRunning()) throw error;
    });
    const trouble = await this.#letGo();
    if (trouble !== null) this.#setup.note(trouble);
  }
}

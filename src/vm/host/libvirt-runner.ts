/**
 * A machine as a domain of libvirt's, at this host or another: its disk comes over NBD from the owner's process, its
 * console and the cluster's Ethernet are sockets of the owner's. What it is, is what libvirt answers; events only say
 * when to ask. The domain is defined for as long as the machine is on.
 */
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { keyCode } from "../../monitor/keys.ts";
import type { Configuration } from "../configuration.ts";
import { formatDomain, securityModels } from "../domain.ts";
import { ConsoleSocket } from "./console-socket.ts";
import { type Environment, MachineError } from "./home.ts";
import { checkSealed, forgetSealed, MachineDisk, readSealed, reserveSeal, seal } from "./machine-disk.ts";
import { takePicture } from "./picture.ts";
import type { Runner, RunnerPlace, RunnerSetup } from "./runner.ts";
import { type FarHost, farHostOf, Tunnel } from "./tunnel.ts";
import { type DomainState, Virsh } from "./virsh.ts";

/** What libvirt's QEMU driver says when a system switched itself off, or somebody did that to it. */
const OFF_REASONS = ["shutdown", "destroyed"];
/** Models that keep a domain from files of other users; `dac` is chosen by the user, and `none` is no model. */
const BARRIERS = ["apparmor", "selinux"];
/** For `virsh send-key`: codes of set 1, in which bit 7 says that E0 comes before. */
const CODESET = "qnum";
const EXTENDED = 0x80;
/** So long an owner that begins waits for a libvirt that may be gone. */
const ORPHAN_MS = 4_000;

export class LibvirtRunner implements Runner {
  readonly pid = null;
  readonly mute = null;
  readonly trouble = null;
  readonly instructions = null;
  readonly processorSeconds = 0;
  readonly #setup: RunnerSetup;
  readonly #place: RunnerPlace;
  readonly #env: Environment;
  readonly #virsh: Virsh;
  readonly #console: ConsoleSocket;
  #disk: MachineDisk | null = null;
  #far: Tunnel | null = null;
  #unwatch: () => void = () => {};
  #isPaused = false;
  /** Somebody waits for its end, and says what it was. */
  #isEnding = false;
  #looking: Promise<void> = Promise.resolve();

  private constructor(setup: RunnerSetup, place: RunnerPlace, env: Environment) {
    this.#setup = setup;
    this.#place = place;
    this.#env = env;
    const { uri, id } = setup.configuration;
    this.#virsh = new Virsh(uri, id, env);
    this.#console = new ConsoleSocket((bytes) => setup.heard(bytes));
  }

  /** Rejects with a line that says why it does not start. */
  static async start(setup: RunnerSetup, place: RunnerPlace, env: Environment): Promise<LibvirtRunner> {
    const runner = new LibvirtRunner(setup, place, env);
    try {
      await runner.#start();
      return runner;
    } catch (error) {
      runner.#isEnding = true;
      await runner.#forget().catch(() => {});
      await runner.#letGo();
      throw error;
    }
  }

  /** What a dead owner has left: its disk ended with that. */
  static async endOrphan({ uri, id }: Configuration, place: RunnerPlace, env: Environment): Promise<void> {
    const path = place.file("xml");
    if (!existsSync(path)) return;
    const virsh = new Virsh(uri, id, env, ORPHAN_MS);
    // Where libvirt does not answer nothing can be done; the next start says so.
    const state = await virsh.state().catch(() => null);
    if (state) await removeDomain(virsh, state).catch(() => {});
    rmSync(path, { force: true });
  }

  async #start(): Promise<void> {
    const { configuration, memoryPath } = this.#setup;
    const far = farHostOf(configuration.uri);
    if (far && configuration.cdrom !== null)
      throw new MachineError(`cdrom=${configuration.cdrom}: that is a file of this host, and not of ${far.host}`);
    const sealed = readSealed(memoryPath, configuration.id);
    const before = await this.#virsh.state();
    if (before) await removeDomain(this.#virsh, before);
    this.#disk = await MachineDisk.open(configuration, this.#env);
    if (sealed) await checkSealed(sealed, this.#disk);
    await this.#disk?.serve(this.#place.file("nbd"), (text) => this.#setup.note(text));
    await this.#console.listen(this.#place.file("con"));
    if (far) await this.#tunnel(far);
    const path = this.#place.file("xml");
    const models = securityModels(await this.#virsh.ask("capabilities"));
    writeFileSync(path, this.#domain(models), { mode: 0o600 });
    await this.#virsh.ask("define", path);
    this.#unwatch = this.#virsh.watch(() => void this.#look());
    if (sealed) {
      await this.#virsh.ask("restore", memoryPath, "--running");
      forgetSealed(memoryPath);
    } else await this.#virsh.do("start");
  }

  #domain(models: readonly string[]): string {
    const { configuration } = this.#setup;
    const { uid, gid } = this.#far?.user ?? { uid: process.getuid!(), gid: process.getgid!() };
    const at = (name: string): string => this.#far?.path(name) ?? this.#place.file(name);
    return formatDomain(configuration, {
      name: `qure-${configuration.id.slice(0, 8)}-${basename(dirname(this.#setup.memoryPath)).replace(/^qure-/, "")}`,
      disk: this.#disk && at("nbd"),
      console: at("con"),
      wire: this.#far?.path("wire") ?? this.#place.wire,
      user: models.includes("dac") ? { uid, gid } : null,
      models: models.filter((model) => BARRIERS.includes(model)),
    });
  }

  async #tunnel(far: FarHost): Promise<void> {
    const sockets = { con: this.#place.file("con"), wire: this.#place.wire };
    this.#far = await Tunnel.open(far, this.#disk ? { ...sockets, nbd: this.#place.file("nbd") } : sockets, this.#env);
    void this.#far.ended.then((reason) => {
      if (!this.#isEnding) void this.#over(null, `ssh: ${reason}`);
    });
  }

  /** Asks what it is now, one question after the other. */
  #look(): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      const found = await this.#virsh.state().catch((error: Error) => {
        this.#setup.note(error.message);
        return undefined;
      });
      if (found === undefined || this.#isEnding) return;
      this.#isPaused = found?.state === "paused";
      if (found === null || found.state === "shut off" || found.state === "crashed") await this.#over(found);
    });
    return this.#looking;
  }

  async #over(found: DomainState | null, reason = "libvirt: the domain is gone"): Promise<void> {
    this.#isEnding = true;
    await this.#forget().catch((error: Error) => this.#setup.note(error.message));
    await this.#letGo();
    if (found && OFF_REASONS.includes(found.reason)) this.#setup.ended("off", null);
    else this.#setup.ended("failed", found ? `libvirt: ${found.state}, ${found.reason}` : reason);
  }

  async #forget(): Promise<void> {
    const state = await this.#virsh.state();
    if (state) await removeDomain(this.#virsh, state);
  }

  async #letGo(): Promise<void> {
    this.#unwatch();
    this.#console.close();
    await this.#far?.close();
    await this.#disk?.close().catch((error: Error) => this.#setup.note(error.message));
    rmSync(this.#place.file("xml"), { force: true });
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  type(bytes: Uint8Array): void {
    this.#console.write(bytes);
  }

  async pressKeys(names: readonly string[]): Promise<void> {
    const codes = names.map((name) => {
      const code = keyCode(name);
      if (code === null) throw new MachineError(`there is no key ${name}`);
      return `${code > 0xff ? (code & 0x7f) | EXTENDED : code}`;
    });
    await this.#virsh.do("send-key", "--codeset", CODESET, ...codes);
  }

  async pressPowerButton(): Promise<void> {
    await this.#virsh.do("shutdown", "--mode", "acpi");
  }

  async reset(): Promise<void> {
    await this.#virsh.do("reset");
  }

  async pause(isPaused: boolean): Promise<void> {
    await this.#virsh.do(isPaused ? "suspend" : "resume");
    this.#isPaused = isPaused;
  }

  async screenshot(): Promise<Uint8Array> {
    const path = this.#place.file("png");
    return takePicture(path, () => this.#virsh.do("screenshot", path));
  }

  async suspend(): Promise<void> {
    const { memoryPath, configuration } = this.#setup;
    if (this.#far)
      throw new MachineError("its memory would lie at the other host: pause it, or move it to qemu:///system first");
    this.#isEnding = true;
    const aside = `${memoryPath}.part`;
    try {
      reserveSeal(memoryPath);
      await this.#virsh.do("save", aside, "--running");
    } catch (error) {
      this.#isEnding = false;
      rmSync(aside, { force: true });
      forgetSealed(memoryPath);
      throw error;
    }
    await this.#forget().catch((error: Error) => this.#setup.note(error.message));
    await this.#letGo();
    await seal(memoryPath, configuration.id, this.#disk);
    renameSync(aside, memoryPath);
  }

  async copyDisk(verb: "snapshot" | "clone", volume: string): Promise<void> {
    if (!this.#disk) throw new MachineError("it has no disk");
    await this.#disk.copy(verb, volume);
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    try {
      await this.#forget();
    } finally {
      await this.#letGo();
    }
  }
}

async function removeDomain(virsh: Virsh, { state }: DomainState): Promise<void> {
  if (state !== "shut off") await virsh.do("destroy");
  await virsh.do("undefine");
}

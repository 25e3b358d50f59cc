/**
 * A machine in the emulator, paced to the host's clock. Until it sends its first frame nobody can tell how fast its
 * time goes, and it runs as fast as it can: so its shell is there sooner.
 */
import { randomInt } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { Outlet } from "../../../emulator/ether/outlet.ts";
import { parseMac } from "../../../emulator/ether/packet.ts";
import { StateError } from "../../../emulator/state/state-io.ts";
import { FileDisk } from "../../host/file-disk.ts";
import { loadFirmware } from "../../host/package.ts";
import { encodePng } from "../../host/png.ts";
import { VolumeDisk } from "../../host/volume-disk.ts";
import { LabCluster, type LabNode } from "../../lab/lab.ts";
import type { Medium } from "../../lab/media.ts";
import { keyCode } from "../../monitor/keys.ts";
import { bytesOf } from "../configuration.ts";
import { MachineError, volumeOf } from "./home.ts";
import { OTHER_DISK } from "./machine-disk.ts";
import { type Memory, readMemory, writeMemory } from "./memory-file.ts";
import { Pace } from "./pace.ts";
import type { Cable, Moment, RunnerSetup, TurnRunner } from "./runner.ts";

/** So long a turn takes at most, in milliseconds of the host's. */
const TURN_MS = 4;
/** Its time goes ahead no further than this. */
const LONGEST_HASTE_NS = 5e9;
const KEY_NS = 100_000_000;

/** Each copy of a machine is another one. */
const copyNumber = (): number => randomInt(1, 2 ** 31);

export class EmuRunner implements TurnRunner {
  readonly pid = null;
  readonly mute = null;
  readonly #setup: RunnerSetup;
  readonly #disk: VolumeDisk | null;
  readonly #cd: FileDisk | null;
  readonly #lab: LabCluster;
  readonly #cable: Cable;
  /** What it has said in this turn. */
  readonly #said: number[] = [];
  readonly #keys: { readonly code: number; readonly untilNs: number }[] = [];
  readonly #pace = new Pace();
  #hasSent = false;
  #isWanted = false;
  #isPaused = false;
  #isOver = false;
  #processorMs = 0;

  constructor(setup: RunnerSetup) {
    this.#setup = setup;
    const { configuration, memoryPath, born } = setup;
    const volume = volumeOf(configuration);
    const memory = !born && existsSync(memoryPath) ? readMemory(memoryPath, configuration.id) : null;
    this.#disk =
      volume === null
        ? null
        : new VolumeDisk(`volume:${volume}`, {
            readOnly: false,
            machine: configuration.id,
            onTrouble: (text) => setup.note(text),
          });
    try {
      this.#cd = configuration.cdrom === null ? null : new FileDisk(configuration.cdrom, { readOnly: true });
      this.#lab = this.#make((born ?? memory)?.startSeconds ?? Math.floor(Date.now() / 1000));
      if (born) this.#begin(born);
      else if (memory) this.#resume(memory);
    } catch (error) {
      if (memory && memory.disk === (this.#disk?.identity ?? null)) this.#keep(memory);
      this.#close();
      throw error;
    }
    const outlet = new Outlet("ethernet", (frame) => {
      this.#hasSent = true;
      this.#cable.send(frame);
    });
    this.#lab.cluster.attach(outlet);
    this.#cable = setup.plug((frame) => {
      this.#isWanted = true;
      this.#lab.cluster.network.send(outlet, 0, frame);
    });
    this.#pace.meet(performance.now(), this.#lab.nowNs);
    this.#node.console.listen((bytes) => void this.#said.push(...bytes));
  }

  get #node(): LabNode {
    return this.#lab.nodes[0]!;
  }

  #make(startSeconds: number): LabCluster {
    const { hostname, memory, mac, cpus, boot } = this.#setup.configuration;
    const media: { disk?: Medium; cdrom?: Medium } = {
      ...(this.#disk ? { disk: this.#disk } : {}),
      ...(this.#cd ? { cdrom: this.#cd } : {}),
    };
    return new LabCluster({
      firmware: loadFirmware(),
      gateway: false,
      startSeconds,
      tripleFault: "go on",
      linkLatency: "1us",
      nodes: [
        {
          name: hostname,
          ramBytes: bytesOf(memory),
          macAddress: parseMac(mac),
          processors: cpus,
          bootOrder: boot.order,
          hostName: hostname,
          ...media,
        },
      ],
    });
  }

  /** As another machine: its system is told so, and has another card. */
  #begin(moment: Moment): void {
    this.#goOn(moment);
    this.#lab.cluster.hosts[0]!.becomeTwin(copyNumber());
  }

  #goOn({ nowNs, state }: Moment): void {
    this.#lab.cluster.hosts[0]!.restoreState(state);
    this.#lab.cluster.skipTo(nowNs);
    this.#hasSent = true;
  }

  #resume(memory: Memory): void {
    const { nowNs, startSeconds, disk, isCopy } = memory;
    if (disk !== (this.#disk?.identity ?? null)) throw new MachineError(OTHER_DISK);
    try {
      this.#goOn(memory);
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      // Its configuration was changed since.
      const { memoryPath } = this.#setup;
      throw new MachineError(
        `${memoryPath}: ${error.message}: "qure vm set" it back, or "qure vm start --discard" begins anew`,
      );
    }
    if (isCopy) this.#node.becomeCopy(copyNumber());
    const elapsedSeconds = Math.floor(Date.now() / 1000) - startSeconds - Math.floor(nowNs / 1e9);
    if (elapsedSeconds > 0) this.#node.shiftClock(elapsedSeconds * 1e9);
    rmSync(this.#setup.memoryPath, { force: true });
  }

  /** What could not go on now may later: its disk was opened, which is a change, and nothing was written. */
  #keep(memory: Memory): void {
    this.#disk?.seal();
    writeMemory(this.#setup.memoryPath, { ...memory, disk: this.#disk?.identity ?? null });
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get trouble(): string | null {
    const trouble = this.#disk?.trouble ?? null;
    return trouble && `its disk: ${trouble}`;
  }

  get instructions(): number {
    return this.#lab.instructions;
  }

  get processorSeconds(): number {
    return this.#processorMs / 1000;
  }

  get nextMs(): number {
    if (this.#isOver || this.#isPaused) return Infinity;
    return this.#pace.momentOf(this.#lab.cluster.nextEventNs);
  }

  get #isHasty(): boolean {
    return !this.#hasSent && this.#lab.nowNs < LONGEST_HASTE_NS;
  }

  get isWanted(): boolean {
    return this.#isWanted || (this.#isHasty && !this.#isOver && !this.#isPaused);
  }

  turn(nowMs: number): void {
    this.#isWanted = false;
    if (this.#isOver || this.#isPaused) return;
    const startMs = performance.now();
    const { cluster } = this.#lab;
    const isHasty = this.#isHasty;
    if (!isHasty && cluster.nextEventNs !== Infinity) this.#pace.forgive(nowMs, this.#lab.nowNs);
    const targetNs = isHasty ? LONGEST_HASTE_NS : this.#pace.timeAt(nowMs);
    const look = (): boolean => performance.now() - startMs > TURN_MS || (isHasty && this.#hasSent) || this.#node.isOff;
    this.#lab.runTo(targetNs, look);
    if (isHasty) this.#pace.meet(nowMs, this.#lab.nowNs);
    this.#releaseKeys();
    this.#tellSaid();
    this.#processorMs += performance.now() - startMs;
    if (this.#node.isOff) this.#finish("off", null);
  }

  /** A byte comes at a time, in an array that the next one is put into. */
  #tellSaid(): void {
    if (this.#said.length === 0) return;
    this.#setup.heard(Uint8Array.from(this.#said.splice(0)));
    this.#node.console.forget();
  }

  #finish(state: "off" | "failed", note: string | null): void {
    if (this.#isOver) return;
    this.#close();
    this.#setup.ended(state, note);
  }

  /** Nothing of it goes on; its disk is flushed. */
  #close(): void {
    this.#isOver = true;
    this.#cable?.setLink(false);
    this.#cd?.close();
    try {
      this.#disk?.close();
    } catch (error) {
      this.#setup.note((error as Error).message);
    }
    this.#lab?.close();
  }

  type(bytes: Uint8Array): void {
    this.#isWanted = true;
    this.#node.send(bytes);
  }

  pressKeys(names: readonly string[]): void {
    const untilNs = this.#lab.nowNs + KEY_NS;
    for (const name of names) {
      const code = keyCode(name);
      if (code === null) throw new Error(`there is no key ${name}`);
      this.#node.key(code, true);
      this.#keys.push({ code, untilNs });
    }
  }

  #releaseKeys(): void {
    while (this.#keys.length > 0 && this.#keys.at(-1)!.untilNs <= this.#lab.nowNs)
      this.#node.key(this.#keys.pop()!.code, false);
  }

  pressPowerButton(): void {
    this.#node.pressPowerButton();
  }

  reset(): void {
    this.#node.reset();
  }

  pause(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (!isPaused) this.#pace.meet(performance.now(), this.#lab.nowNs);
  }

  async screenshot(): Promise<Uint8Array> {
    const { width, height, rgba } = this.#node.screenshot();
    return encodePng(width, height, rgba);
  }

  async suspend(): Promise<void> {
    const { configuration, memoryPath } = this.#setup;
    this.#disk?.flush();
    const moment = this.moment();
    // Where either fails for want of space, the machine goes on, and opens its disk again.
    this.#disk?.seal();
    const disk = this.#disk?.identity ?? null;
    writeMemory(memoryPath, { machine: configuration.id, disk, isCopy: false, ...moment });
    this.#close();
  }

  moment(): Moment {
    const { hosts, nowNs, config } = this.#lab.cluster;
    return { nowNs, startSeconds: config.startSeconds, state: hosts[0]!.saveState() };
  }

  async copyDisk(verb: "snapshot" | "clone", volume: string): Promise<void> {
    if (!this.#disk) throw new Error("it has no disk");
    this.#disk.flush();
    this.#disk.copy(verb, volume);
  }

  async end(): Promise<void> {
    if (!this.#isOver) this.#close();
  }
}

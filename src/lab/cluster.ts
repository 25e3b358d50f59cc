/**
 * Machines and clusters as a person or a test uses them: type at a console, wait for text in virtual time, look at
 * screens, memory and disks, pull cables. Everything that QuRe's own tests of whole machines do, they do through this
 * file. It needs nothing of Node: what it needs of its host comes in as a `LabHost`, and lab.ts lends Node's.
 */

import { CHARACTER_PORTS, type CharacterPort, type SerialPort, SOUND_CARDS } from "../../emulator/board-config.ts";
import { Cluster } from "../../emulator/cluster/cluster.ts";
import type { GroupFactory, MachineHost } from "../../emulator/cluster/machine-host.ts";
import { type Snapshot, saveCluster, saveMachine } from "../../emulator/cluster/snapshot.ts";
import { TRIPLE_FAULT } from "../../emulator/cpu/triple-fault.ts";
import { ClusterDebugger } from "../../emulator/debug/cluster-debugger.ts";
import type { ProcessorView } from "../../emulator/debug/processor-view.ts";
import type { SymbolTable } from "../../emulator/debug/symbols.ts";
import type { BlockBackend } from "../../emulator/disk/block.ts";
import { checkRaw } from "../../emulator/disk/format.ts";
import { sameBytes } from "../../emulator/ether/packet.ts";
import type { Machine, Picture } from "../../emulator/machine.ts";
import {
  type ClusterOptions,
  DEFAULT_RAM_BYTES,
  DEFAULT_START_SECONDS,
  type StopSignal,
  type WaitOptions,
} from "./cluster-options.ts";
import type { Companion } from "./companion.ts";
import { CONSOLES, ConsoleText, restoreConsoles, saveConsoles } from "./console.ts";
import { TripleFaultError } from "./errors.ts";
import type { LabHost } from "./host.ts";
import { Media, partsOf } from "./media.ts";
import { LabPlug } from "./plug.ts";
import { keysOfSites, worldOf } from "./sites.ts";
import { SoundTrack } from "./sound.ts";
import { type TimeSpan, toNs } from "./time.ts";
import { failedWait, type Shown, whereabouts } from "./whereabouts.ts";

export type { ClusterOptions, NodeOptions, WaitOptions } from "./cluster-options.ts";

/** How often a wait looks at the consoles, in virtual time. */
const LOOK_NS = 1_000_000;
/** How often at least where only what machines say or do by themselves counts, which is looked at within LOOK_NS. */
const SELDOM_NS = 10 * LOOK_NS;
const COM1 = 0;
const DISK_PIECE_BYTES = 65_536;
/** All times that instructions may take are divisors of it. */
const LONGEST_TICK_NS = 100;
/** The last that the firmware of the emulated PC says when no drive starts. */
const NOTHING_BOOTABLE = "No bootable device. Attach one and press a key.\n";
/** `LabNode.standstill` of a machine that waits so. */
export const NOTHING_FOUND = "nothing bootable was found";
/** The host's event loop gets a turn this often, in milliseconds of wall time. */
const TURN_MS = 20;

/** Has a disk hold what another one does. What is the same is not written. */
function copyDisk(from: BlockBackend, to: BlockBackend): void {
  const [wanted, found] = [new Uint8Array(DISK_PIECE_BYTES), new Uint8Array(DISK_PIECE_BYTES)];
  for (let at = 0; at < from.sizeBytes; at += DISK_PIECE_BYTES) {
    const length = Math.min(DISK_PIECE_BYTES, from.sizeBytes - at);
    from.read(at, wanted.subarray(0, length));
    to.read(at, found.subarray(0, length));
    if (!sameBytes(wanted, found)) to.write(at, wanted.subarray(0, length));
  }
}

export class LabNode {
  readonly index: number;
  readonly name: string;
  /** What the machine sent over COM1 to COM4, printed, and wrote to its debug console, by CharacterPort. */
  readonly outputs: readonly ConsoleText[] = Array.from({ length: CHARACTER_PORTS }, () => new ConsoleText());
  /** What its sound cards played, by their place in `sound`. */
  readonly sounds: readonly SoundTrack[] = SOUND_CARDS.map(() => new SoundTrack());
  /** What it sent over COM1. */
  readonly console = this.outputs[COM1]!;
  /** Names of what it runs, for `whereabouts`; null where none are known. */
  symbols: SymbolTable | null = null;
  /** When the last of it was sent, by the machine's own clock. */
  outputNs = 0;
  readonly #disk: BlockBackend | null;
  readonly #lab: LabCluster;

  constructor(lab: LabCluster, index: number, name: string, disk: BlockBackend | null) {
    this.#lab = lab;
    this.index = index;
    this.name = name;
    this.#disk = disk;
  }

  /**
   * The machine underneath: registers of its devices, memory, power. Throws a RangeError when it runs in another
   * thread.
   */
  get machine(): Machine {
    return this.#lab.cluster.machines[this.index]!;
  }

  get #host(): MachineHost {
    return this.#lab.cluster.hosts[this.index]!;
  }

  /** Its drive hda, when it has one, as it is now; it can be written only when the machine runs in this thread. */
  get disk(): BlockBackend | null {
    return this.#disk && this.#lab.host.liveDisk(this.#host, this.#disk);
  }

  /** Types over the serial line. A newline is sent as the carriage return of the Enter key. */
  type(text: string): void {
    this.send(Uint8Array.from(text.replace(/\n/g, "\r"), (character) => character.charCodeAt(0)));
  }

  /** Sends bytes as they are over COM1, or over another serial port that the machine has. */
  send(bytes: Uint8Array, port: SerialPort = COM1): void {
    if (port === COM1) this.#lab.note("type", this.index, String.fromCharCode(...bytes));
    this.#host.serialInput(port, bytes);
  }

  /** Types on the PS/2 keyboard. */
  typeKeys(text: string): void {
    this.#lab.note("keys", this.index, text.replace(/\n/g, "\r"));
    this.#host.typeText(text);
  }

  /** A key of the PS/2 keyboard goes down or comes up: its set 1 make code. */
  key(code: number, down: boolean): void {
    this.#lab.note("key", this.index, down ? code : code + 0x10000);
    this.#host.key(code, down);
  }

  /**
   * Moves the mouse: counts to the right, downwards, and steps of the wheel towards the person, up to 9,999 each way.
   */
  moveMouse(right: number, down: number, wheel = 0): void {
    this.#lab.note("mouse", this.index, `${right}`, `${down}`, `${wheel}`);
    this.#host.moveMouse(right, down, wheel);
  }

  /** Holds buttons of the mouse: the sum of 1 left, 2 right, 4 middle, 8 and 16 those at the side; 0 for none. */
  holdMouseButtons(buttons: number): void {
    this.#lab.note("buttons", this.index, buttons);
    this.#host.holdMouseButtons(buttons);
  }

  /** Lets virtual time pass until the console's unread text matches; consumes it up to the end of the match. */
  async waitFor(pattern: RegExp | string, options: WaitOptions = {}): Promise<RegExpExecArray> {
    return this.#lab.until(
      () => this.console.take(pattern),
      `${this.name} did not print ${typeof pattern === "string" ? JSON.stringify(pattern) : pattern}`,
      { ...options, look: "output" },
      { node: this, title: "the console", text: () => this.console.unread },
    );
  }

  /** Types a line and waits for what follows it. */
  async enter(line: string, pattern: RegExp | string, options: WaitOptions = {}): Promise<RegExpExecArray> {
    this.type(`${line}\n`);
    return this.waitFor(pattern, options);
  }

  /** The 25 lines of the VGA text screen, without trailing spaces. */
  screen(): string[] {
    return this.#host.screen().lines;
  }

  async waitForScreen(pattern: RegExp, options: WaitOptions = {}): Promise<RegExpExecArray> {
    return this.#lab.until(
      () => pattern.exec(this.screen().join("\n")),
      `${this.name} did not show ${pattern}`,
      options,
      { node: this, title: "the screen", text: () => this.screen().join("\n") },
    );
  }

  readMemory(physicalAddress: number, lengthBytes: number): Uint8Array {
    return this.#host.readMemory(physicalAddress, lengthBytes);
  }

  readDisk(offsetBytes: number, lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(lengthBytes);
    this.disk?.read(offsetBytes, bytes);
    return bytes;
  }

  /** A picture of the VGA screen. */
  screenshot(): Picture {
    return this.#host.screenshot();
  }

  /** This machine alone as a snapshot: restored, it has a network of its own. */
  save(): Uint8Array {
    return saveMachine(this.#lab.cluster, this.index, this.#lab.host.compressor, saveConsoles([this]));
  }

  /** Presses the reset button. */
  reset(): void {
    this.#lab.note("reset", this.index);
    this.#host.reset();
  }

  powerOff(): void {
    this.#lab.note("cut", this.index);
    this.#host.powerOff();
  }

  powerOn(): void {
    this.#lab.note("power", this.index);
    this.#host.powerOn();
  }

  /** Presses the power button, which the guest may heed. */
  pressPowerButton(): void {
    this.#lab.note("button", this.index);
    this.#host.pressPowerButton();
  }

  /** Its processor stands still for so much virtual time; its devices go on. */
  freeze(span: TimeSpan): void {
    this.#lab.note("freeze", this.index, toNs(span));
    this.#host.hold(this.#lab.nowNs + toNs(span));
  }

  /** Its drives take this many times as long from now on; 1 is right again. */
  slowDisk(factor: number): void {
    this.#lab.note("slow", this.index, factor);
    this.#host.slowDisk(factor);
  }

  /**
   * Of all accesses to its disks, these shares fail from now on, in percent: 0, 0 is right again; 0, 100 is a full one.
   */
  failDisk(readPercent: number, writePercent: number): void {
    this.#lab.note("fail", this.index, readPercent, writePercent);
    this.#host.troubleDisk({ readPercent, writePercent });
  }

  /** Of the reads of its disks, this share has a wrong bit from now on, in percent. */
  flipDisk(flippedPercent: number): void {
    this.#lab.note("flip", this.index, flippedPercent);
    this.#host.troubleDisk({ flippedPercent });
  }

  /** Of the sectors written and not flushed, this share is lost when the power goes, from now on, in percent. */
  loseUnflushed(unflushedPercent: number): void {
    this.#lab.note("unflushed", this.index, unflushedPercent);
    this.#host.troubleDisk({ unflushedPercent });
  }

  /**
   * Takes the power away and puts an older copy into its drives: what they held when the machine was made or restored.
   */
  revertDisks(): void {
    this.#lab.note("older", this.index);
    this.#host.revertDisks();
  }

  /**
   * Presses the button of a drive, by QEMU's name, and takes out what is in it; returns whether it opened. It does not
   * where the guest has locked it, unless it is forced, nor where there is none.
   */
  eject(drive: string, isForced = false): boolean {
    this.#lab.note("eject", this.index, drive, isForced ? "force" : "gently");
    return this.#host.eject(drive, isForced);
  }

  /**
   * Likewise puts a medium in the place of what is in a drive: the content of a CD or of a diskette. Throws a
   * RangeError for one that does not fit or has no such drive, and where the run is recorded: no link holds a medium.
   */
  insert(drive: string, content: Uint8Array): boolean {
    if (this.#lab.onAction) throw new RangeError("the run is recorded, and a link holds no medium but the image");
    checkRaw(null, content);
    return this.#host.insert(drive, content);
  }

  /**
   * It goes on as a copy of itself, as a machine does that comes back from a snapshot; where it has a key, its system
   * is told so. Each number is another copy.
   */
  becomeCopy(number: number): void {
    this.#lab.note("copy", this.index, number);
    this.#host.becomeCopy(number | 0);
  }

  /**
   * Another machine of this cluster, which is off, goes on from here as a second one: with this one's memory and drive
   * hda as they are now, and with the network card and the settings that it was made with. Its system is told that it
   * is this copy. Both are alike in all else. Throws a RangeError where a run is recorded: no link holds a memory.
   */
  cloneInto(other: LabNode, number: number): void {
    if (this.#lab.onAction) throw new RangeError("the run is recorded, and a link holds no memory");
    if (!other.isOff) throw new RangeError(`${other.name} is on`);
    other.#becomeTwin(this.#host.saveState(), number);
    // Through a machine of this thread: who goes back to an earlier state finds what was there.
    const { hda } = other.#host as Partial<Machine>;
    const [from, to] = [this.disk, hda ?? other.disk];
    if (from && to) copyDisk(from, to);
  }

  #becomeTwin(state: Uint8Array, number: number): void {
    this.#host.powerOn();
    this.#host.restoreState(state);
    this.#host.becomeTwin(number | 0);
  }

  /** Puts the clock on its board forward. */
  shiftClock(span: TimeSpan): void {
    this.#lab.note("clock", this.index, toNs(span));
    this.#host.shiftClock(Math.round(toNs(span) / 1e9));
  }

  /**
   * Whether it hears, from now on, what comes from another machine, or from the gateway where `from` is their number.
   */
  hear(from: number, hears: boolean): void {
    this.#lab.note(hears ? "hear" : "deaf", this.index, from + 1);
    this.#lab.cluster.setHearing(this.index, from, hears);
  }

  /**
   * Why the machine does nothing more by itself though it is on: its firmware has found nothing to boot and waits for
   * a key, or its processor has halted with interrupts off. Null while it goes on.
   */
  get standstill(): string | null {
    if (!this.#host.halted) return null;
    if (!this.#host.mayWake) return "the processor has halted with interrupts off";
    return this.console.text.endsWith(NOTHING_BOOTABLE) ? NOTHING_FOUND : null;
  }

  /**
   * Where its processor is, in a line: code segment and EIP, the symbol where `symbols` knows one, IF, the last
   * interrupt.
   */
  get whereabouts(): string {
    const { name, isOff, exitStatus, standstill, symbols } = this;
    const host = this.#host;
    const view = (): ProcessorView => host.processorView(0);
    return whereabouts({ name, isOff, exitStatus, standstill, symbols, isHalted: host.halted, view });
  }

  /** True once the machine is off: by ACPI, by the debug exit port, or by hand. */
  get isOff(): boolean {
    return this.#host.power === "off";
  }

  /** The status that the guest gave at the debug exit port (as QEMU's isa-debug-exit forms it), or null. */
  get exitStatus(): number | null {
    return this.#host.exitStatus;
  }

  /** Presses the button for a non-maskable interrupt. */
  pressNmiButton(): void {
    this.#lab.note("nmi", this.index);
    this.#host.pressNmiButton();
  }

  /** Pulls this node's network cable. */
  cut(): void {
    this.#lab.note("unplug", this.index);
    this.#lab.cluster.setCable(this.index, false);
  }

  /** Plugs it in again. */
  connect(): void {
    this.#lab.note("plug", this.index);
    this.#lab.cluster.setCable(this.index, true);
  }
}

/** A host without threads runs all machines in its one. */
function groupsFor({ threads = 1, host }: ClusterOptions): { groups?: GroupFactory } {
  return threads > 1 && host.spreadOver ? { groups: host.spreadOver(threads) } : {};
}

export class LabCluster {
  readonly nodes: readonly LabNode[];
  readonly cluster: Cluster;
  readonly host: LabHost;
  /** Paces virtual time to the host's clock; may be switched while the cluster runs. */
  realtime: boolean;
  /** Hears of all that is done to machines and cables (src/lab/actions.ts), just before it is done. */
  onAction: ((word: string, node: number, values: readonly (number | string)[]) => void) | null = null;
  readonly #signal: StopSignal | undefined;
  #outputBytes = 0;
  #turnMs: number;
  /** What the next wait is to throw. */
  #tripleFault: TripleFaultError | null = null;
  #debugger: ClusterDebugger | null = null;
  readonly #companions: Companion[] = [];
  #stopped = false;
  /** Who waits for time to go on. */
  #waiting: (() => void)[] = [];

  constructor(options: ClusterOptions) {
    this.host = options.host;
    this.#turnMs = this.host.nowMs();
    this.realtime = options.realtime ?? false;
    this.#signal = options.signal;
    const media = new Media();
    const world = options.world && worldOf(options.world, options.nodes.length);
    const keys = options.world ? keysOfSites(options.world, options.seed ?? 1) : [];
    const parts = options.nodes.map((node, index) => {
      const disk = node.disk ? media.disk(node.disk) : null;
      const cdrom = node.cdrom ? media.cdrom(node.cdrom) : null;
      return {
        name: node.name ?? `qure-${index + 1}`,
        ramBytes: node.ramBytes ?? DEFAULT_RAM_BYTES,
        disk,
        cdrom,
        ...(node.macAddress ? { macAddress: node.macAddress } : {}),
        ...partsOf({ ...node, ...(keys[index] === undefined ? {} : { key: keys[index] }) }, media, disk, cdrom),
      };
    });
    const nodes = parts.map(({ name, disk }, index) => new LabNode(this, index, name, disk));
    this.nodes = nodes;
    const byte = new Uint8Array(1);
    this.cluster = new Cluster({
      firmware: options.firmware,
      seed: options.seed ?? 1,
      gateway: options.gateway ?? true,
      ...(options.hostNames ? { hostNames: options.hostNames } : {}),
      ...(world ? { world } : {}),
      linkLatencyNs: toNs(options.linkLatency ?? "50us"),
      startSeconds: options.startSeconds ?? DEFAULT_START_SECONDS,
      ...(options.capture
        ? {
            capture: (bytes: Uint8Array): void =>
              void (this.#debugger?.history.isNetworkRepeating || options.capture!(bytes)),
          }
        : {}),
      ...(options.jit !== undefined ? { jit: options.jit } : {}),
      ...(options.reboot !== undefined ? { reboot: options.reboot } : {}),
      ...(options.nsPerInstruction !== undefined ? { tickNs: options.nsPerInstruction } : {}),
      ...groupsFor(options),
      nodes: parts.map((part, index) => ({
        ...part,
        characterOutput: (port: CharacterPort, value: number, timeNs: number) => {
          if (this.#debugger?.history.isRepeating(index)) return;
          const node = nodes[index]!;
          byte[0] = value;
          node.outputs[port]!.append(byte);
          if (port !== COM1) return;
          node.outputNs = timeNs;
          this.#outputBytes++;
          this.cluster.lookSoon(timeNs);
        },
        soundOutput: (card: number, rateHertz: number, samples: Int16Array): void => {
          if (!this.#debugger?.history.isRepeating(index)) nodes[index]!.sounds[card]!.append(rateHertz, samples);
        },
        log: (line: string): void => {
          if (this.#debugger?.history.isRepeating(index)) return;
          const { nowNs } = this.cluster.hosts[index]!;
          options.log?.(part.name, line, nowNs);
          // It may have been switched off.
          this.cluster.lookSoon(nowNs);
          if (line.startsWith(TRIPLE_FAULT) && options.tripleFault !== "go on")
            this.#tripleFault ??= new TripleFaultError(part.name, nowNs, line);
        },
      })),
    });
    options.nodes.forEach(({ off }, index) => {
      if (off) this.cluster.hosts[index]!.powerOff();
    });
  }

  /**
   * Lets debuggers hold the cluster: from now on waits take as long as they do. `startHeld`: nothing runs until a
   * debugger lets it. What machines say a second time, after a debugger went back in time, is heard once.
   */
  debug(startHeld = false): ClusterDebugger {
    return (this.#debugger ??= new ClusterDebugger(this.cluster, startHeld));
  }

  // Somebody has virtual time stand still: waits take as long as that lasts.

  get isStopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
  }

  cont(): void {
    this.#stopped = false;
    this.#debugger?.begin();
    for (const go of this.#waiting.splice(0)) go();
  }

  note(word: string, node: number, ...values: readonly (number | string)[]): void {
    this.onAction?.(word, node, values);
  }

  /** Virtual time since power-on, in ns. */
  get nowNs(): number {
    return this.cluster.nowNs;
  }

  /** Instructions retired by all machines. */
  get instructions(): number {
    return this.cluster.instructions;
  }

  /** Bytes that all consoles have printed: to see cheaply whether there is something new. */
  get outputBytes(): number {
    return this.#outputBytes;
  }

  /** Lets virtual time pass. */
  async advance(span: TimeSpan): Promise<void> {
    const end = this.nowNs + toNs(span);
    while (this.nowNs < end) await this.#slice(end, SELDOM_NS, () => false);
  }

  /**
   * Lets virtual time pass until `condition` gives something, which is looked at each virtual millisecond. Throws
   * `WaitError` when it does not within the time, or when all machines are off.
   */
  async until<Result>(
    condition: () => Result | null | false | undefined,
    what: string,
    options: WaitOptions = {},
    shown: Shown | (() => string) | null = null,
  ): Promise<Result> {
    const start = this.nowNs;
    const end = options.within === "forever" ? Infinity : start + toNs(options.within ?? "60s");
    let result = condition();
    let seen = this.#outputBytes;
    const isMet = (): boolean => {
      if (options.look === "output" && this.#outputBytes === seen) return false;
      seen = this.#outputBytes;
      result = condition();
      return result !== null && result !== false && result !== undefined;
    };
    const areOff = (): boolean => this.nodes.every(({ isOff }) => isOff);
    while (result === null || result === false || result === undefined) {
      if (this.nowNs >= end || areOff()) throw failedWait(this.nodes, what, this.nowNs - start, shown);
      if ((options.look ?? "time") !== "time") await this.#slice(end, SELDOM_NS, () => isMet() || areOff());
      else {
        await this.#slice(end, LOOK_NS, () => true);
        isMet();
      }
    }
    return result;
  }

  /**
   * Runs for a while of wall time at most, or until `stop`, which is asked as often at least as `spanNs` says, each
   * virtual millisecond in which a machine has said something or was switched off, and must not change anything.
   */
  async #slice(endNs: number, spanNs: number, stop: () => boolean): Promise<void> {
    await this.#whileHeld();
    if (this.#debugger) {
      this.#debugger.runUntil(Math.min(endNs, this.nowNs + LOOK_NS));
      stop();
    } else {
      const isWanted = (): boolean => this.#companions.some((companion) => companion.isWanted?.());
      let isMet = false;
      const look = (): boolean => {
        isMet = stop();
        return isMet || isWanted() || this.realtime || this.host.nowMs() - this.#turnMs >= TURN_MS;
      };
      const dueNs = this.#companions.reduce((least, { nextNs = Infinity }) => Math.min(least, nextNs), endNs);
      const atLeastEveryNs = this.realtime ? LOOK_NS : spanNs;
      this.cluster.runUntil(Math.max(this.nowNs, dueNs), { everyNs: LOOK_NS, atLeastEveryNs, look });
      // At the last moment nobody has looked.
      if (!isMet && this.nowNs >= dueNs) stop();
    }
    for (const companion of this.#companions) companion.tick?.();
    if (this.#tripleFault) {
      const error = this.#tripleFault;
      this.#tripleFault = null;
      throw error;
    }
    const elapsedMs = this.host.nowMs() - this.#turnMs;
    const aheadMs = this.realtime ? LOOK_NS / 1e6 : 0;
    if (aheadMs === 0 && elapsedMs < TURN_MS) return;
    await this.host.turn(Math.max(0, aheadMs - elapsedMs));
    // Where the host cannot keep pace, the time that was lost is not made up for.
    this.#turnMs = Math.max(this.#turnMs + aheadMs, this.host.nowMs() - TURN_MS * Number(this.realtime));
    this.#signal?.throwIfAborted();
  }

  /** Lets time pass to a moment, or until `look` says so, in one piece: for a loop of the caller's own. */
  runTo(momentNs: number, look: () => boolean = () => false): void {
    const timeNs = Math.floor(momentNs / LONGEST_TICK_NS) * LONGEST_TICK_NS;
    if (timeNs > this.nowNs) this.cluster.runUntil(timeNs, { everyNs: LOOK_NS, atLeastEveryNs: 2 * LOOK_NS, look });
    for (const companion of this.#companions) companion.tick?.();
  }

  /** Has something go along with the cluster until it is closed. */
  accompany(companion: Companion): void {
    this.#companions.push(companion);
  }

  /** Ends the threads and the ways out of a cluster that is not wanted any more. It must not be used afterwards. */
  close(): void {
    for (const companion of this.#companions.splice(0)) companion.close();
    this.cluster.close();
  }

  /** Plugs a device of the test's own into the switch, with a cable like those of the nodes. */
  plug(name: string): LabPlug {
    return new LabPlug(this.cluster, this.cluster.plug(name));
  }

  /** The whole cluster as a file (docs/formats/snapshot.md); `restoreCluster` goes on from it. */
  save(): Uint8Array {
    const [outside] = this.cluster.outside;
    if (outside !== undefined)
      throw new RangeError(`${outside} is plugged into the switch: what it does is in no snapshot`);
    return saveCluster(this.cluster, this.host.compressor, saveConsoles(this.nodes));
  }

  /**
   * Goes on, in place, from a snapshot of this very cluster. Throws a SnapshotError for another one's, and a RangeError
   * where something took part that is in no snapshot.
   */
  load(snapshot: Snapshot): void {
    const [outside] = this.cluster.outside;
    if (outside !== undefined) throw new RangeError(`${outside} is plugged into the switch: it cannot go back in time`);
    if (this.#debugger) throw new RangeError("a debugger watches the machines: it has its own way back");
    if (this.onAction) throw new RangeError("the run is recorded: it cannot go back in time");
    snapshot.restoreOver(this.cluster);
    restoreConsoles(this.nodes, snapshot.extra(CONSOLES));
  }

  /** Waits until nobody holds the cluster, or the signal ends the wait. */
  async #whileHeld(): Promise<void> {
    const running = this.#stopped
      ? new Promise<void>((resolve) => void this.#waiting.push(resolve))
      : this.#debugger?.whenRunning();
    if (!running) return;
    const signal = this.#signal;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        signal?.removeEventListener("abort", go);
        resolve();
      };
      signal?.addEventListener("abort", go);
      void running.then(go);
    });
    signal?.throwIfAborted();
    this.#turnMs = this.host.nowMs();
  }

  /**
   * Digest of the whole state: processors, devices, memories, disks, frames in flight. Equal runs give equal digests.
   */
  digest(): string {
    return this.cluster.digest();
  }
}

/**
 * What monitors can do to a cluster, whichever language they speak: people's (human.ts) and programs' (qmp.ts). All
 * monitors of a cluster share one of these, and hear from it what happens to the machines.
 */
import { Snapshot } from "../../emulator/cluster/snapshot.ts";
import type { DriveView } from "../../emulator/debug/drive-view.ts";
import type { Picture } from "../../emulator/machine.ts";
import type { LabCluster, LabNode } from "../lab/cluster.ts";
import { deviceNotFound, MonitorError } from "./error.ts";

/** A snapshot that is kept. */
export interface KeptSnapshot {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modified: Date;
  readonly virtualTimeNs: number;
}

/** What a monitor needs of the program that it runs in. */
export interface MonitorHost {
  /** Of this program, such as 0.2.0. */
  readonly version: string;
  /** Of the process that runs the machines. */
  readonly processId: number;
  /** Throws an Error with a sentence. */
  writeFile(path: string, bytes: Uint8Array): void;
  /** Throws an Error with a sentence as well. */
  readFile(path: string): Uint8Array;
  encodePng(picture: Picture): Uint8Array;
  /** The file that was in a drive when the run began, null where it has none. */
  mediumName(drive: string): string | null;
  readonly snapshots: {
    list(): readonly KeptSnapshot[];
    save(name: string, bytes: Uint8Array): void;
    load(name: string): Uint8Array;
    delete(name: string): void;
  };
  /** Ends the run; nothing went wrong. */
  quit(): void;
}

export interface MonitorEvent {
  readonly name: "STOP" | "RESUME" | "RESET" | "SHUTDOWN" | "POWERDOWN" | "DEVICE_TRAY_MOVED";
  readonly data?: Readonly<Record<string, unknown>>;
  /** The machine that it happened to; null for all of them. */
  readonly node: number | null;
}

/** A key that is held, and when it comes up. */
interface HeldKey {
  readonly node: LabNode;
  readonly code: number;
  readonly untilNs: number;
}

const MOST_HELD_KEYS = 1024;
const BUTTON_RESET = "reset by its button";
const RESET = "reset by ";
const POWER_OFF = "power off";
const RESET_FROM_OUTSIDE = { name: "RESET", data: { guest: false, reason: "host-qmp-system-reset" } } as const;
const MS_NS = 1e6;

export class Control {
  readonly lab: LabCluster;
  readonly host: MonitorHost;
  readonly #listeners = new Set<(event: MonitorEvent) => void>();
  readonly #reboots: boolean;
  /** Machines that are switched off because their guests wanted a reset. */
  readonly #resets = new Set<number>();
  #keys: HeldKey[] = [];
  /** The files that came into drives since the run began, by machine and drive. */
  readonly #files = new Map<string, string>();
  #follows = false;
  /** The machines were reset while they stood still, or have never run. */
  #isNew: boolean;
  /** All machines were off when they were stopped: only a reset brings one back. */
  #isShutDown = false;
  #hasQuit = false;

  /** `reboots`: a guest's reset happens; otherwise its machine is switched off. */
  constructor(lab: LabCluster, host: MonitorHost, reboots: boolean) {
    this.lab = lab;
    this.host = host;
    this.#reboots = reboots;
    this.#isNew = lab.isStopped;
  }

  /** Returns what ends it. */
  listen(listener: (event: MonitorEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #emit(event: MonitorEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Takes what a machine says (`ClusterOptions.log`). */
  hear(node: number, line: string): void {
    if (line.startsWith(RESET) && (this.#reboots || line === BUTTON_RESET))
      this.#emit(
        line === BUTTON_RESET
          ? { ...RESET_FROM_OUTSIDE, node }
          : { name: "RESET", data: { guest: true, reason: "guest-reset" }, node },
      );
    else if (line.startsWith(RESET)) this.#resets.add(node);
    else if (line === POWER_OFF) {
      const reason = this.#resets.delete(node) ? "guest-reset" : "guest-shutdown";
      this.#emit({ name: "SHUTDOWN", data: { guest: true, reason }, node });
    }
  }

  /** QEMU's word for how the machines are. */
  get status(): "running" | "paused" | "prelaunch" | "shutdown" {
    if (!this.lab.isStopped) return "running";
    if (this.#isShutDown) return "shutdown";
    return this.#isNew ? "prelaunch" : "paused";
  }

  stop(): void {
    if (this.lab.isStopped) return;
    this.lab.stop();
    this.#emit({ name: "STOP", node: null });
  }

  /** All machines are off: time stands still until somebody resets one. */
  shutDown(): void {
    if (this.#isShutDown) return;
    this.stop();
    this.#isShutDown = true;
  }

  cont(): void {
    if (!this.lab.isStopped) return;
    if (this.#isShutDown) throw new MonitorError("Resetting the Virtual Machine is required");
    this.#isNew = false;
    this.#emit({ name: "RESUME", node: null });
    this.lab.cont();
  }

  /** A machine that is off is switched on. */
  reset(node: LabNode): void {
    if (node.isOff) {
      node.powerOn();
      this.#emit({ ...RESET_FROM_OUTSIDE, node: node.index });
    } else node.reset();
    this.#isShutDown = false;
    if (this.lab.isStopped) this.#isNew = true;
  }

  powerDown(node: LabNode): void {
    this.#emit({ name: "POWERDOWN", node: node.index });
    node.pressPowerButton();
  }

  quit(): void {
    if (this.#hasQuit) return;
    this.#hasQuit = true;
    this.#emit({ name: "SHUTDOWN", data: { guest: false, reason: "host-qmp-quit" }, node: null });
    this.host.quit();
  }

  /** Presses keys in their order; they come up again after so much virtual time. */
  sendKeys(node: LabNode, codes: readonly number[], holdMs: number): void {
    if (this.#keys.length + codes.length > MOST_HELD_KEYS) throw new MonitorError("too many keys are held");
    if (!this.#follows) {
      this.#follows = true;
      const nextKeyNs = (): number => this.#keys.reduce((least, { untilNs }) => Math.min(least, untilNs), Infinity);
      this.lab.accompany({
        get nextNs() {
          return nextKeyNs();
        },
        tick: () => this.#releaseKeys(),
        close: () => {},
      });
    }
    for (const code of codes) {
      node.key(code, true);
      this.#keys.push({ node, code, untilNs: this.lab.nowNs + holdMs * MS_NS });
    }
  }

  /** The last that went down comes up first. */
  #releaseKeys(): void {
    const due = this.#keys.filter(({ untilNs }) => untilNs <= this.lab.nowNs);
    if (due.length === 0) return;
    this.#keys = this.#keys.filter(({ untilNs }) => untilNs > this.lab.nowNs);
    for (const { node, code } of due.reverse()) node.key(code, false);
  }

  /** The names that a machine's cable goes by: the card's, the cable's end in the switch. */
  setLink(node: LabNode, name: string, isUp: boolean): void {
    if (!linkNames(node).includes(name)) throw deviceNotFound(name);
    if (isUp) node.connect();
    else node.cut();
  }

  /** Takes out what is in a drive; forced, even if the guest has locked it. */
  eject(node: LabNode, name: string, isForced: boolean): void {
    this.#change(node, name, () => node.eject(name, isForced));
  }

  /** Puts a file in the place of what is in a drive. */
  insert(node: LabNode, name: string, path: string, isForced: boolean): void {
    findDrive(node, name);
    const content = this.host.readFile(path);
    if (isForced && findDrive(node, name).removable?.isLocked) this.eject(node, name, true);
    this.#change(node, name, () => node.insert(name, content));
    this.#files.set(`${node.index} ${name}`, path);
  }

  /** The file in a drive, if it has one. */
  mediumName(node: LabNode, name: string): string | null {
    return this.#files.get(`${node.index} ${name}`) ?? this.host.mediumName(name);
  }

  #change(node: LabNode, name: string, change: () => boolean): void {
    const before = findDrive(node, name).removable;
    if (!before) throw new MonitorError(`Device '${name}' is not removable`);
    if (!this.#orSay(change))
      throw new MonitorError(
        `Device '${name}' is locked and force was not specified, wait for tray to open and try again`,
      );
    const after = findDrive(node, name).removable!;
    const tell = (isOpen: boolean): void =>
      this.#emit({ name: "DEVICE_TRAY_MOVED", data: { device: name, "tray-open": isOpen, id: "" }, node: node.index });
    if (!hasTray(name)) return;
    if (!before.isOpen) tell(true);
    if (!after.isOpen) tell(false);
  }

  screendump(node: LabNode, path: string, format: string): void {
    const picture = node.screenshot();
    if (format !== "png" && format !== "ppm")
      throw new MonitorError(`Parameter 'format' does not accept value '${format}'`);
    this.host.writeFile(path, format === "png" ? this.host.encodePng(picture) : encodePpm(picture));
  }

  save(name: string): void {
    this.host.snapshots.save(
      name,
      this.#orSay(() => this.lab.save()),
    );
  }

  /** All machines go on from a snapshot of theirs. */
  load(name: string): void {
    const bytes = this.host.snapshots.load(name);
    this.#orSay(() => this.lab.load(new Snapshot(bytes, this.lab.host.compressor)));
    this.#keys = [];
    this.#isShutDown = this.lab.isStopped && this.lab.nodes.every(({ isOff }) => isOff);
  }

  #orSay<Result>(run: () => Result): Result {
    try {
      return run();
    } catch (error) {
      throw new MonitorError((error as Error).message);
    }
  }
}

/** QEMU's name of the card, and ours of the cable. */
export function linkNames({ machine }: LabNode): readonly string[] {
  return [`${machine.nic}.0`, "net0"];
}

function findDrive({ machine }: LabNode, name: string): DriveView {
  const drive = machine.drives.find((known) => known.name === name);
  if (!drive) throw deviceNotFound(name);
  return drive;
}

function hasTray(drive: string): boolean {
  return drive.startsWith("ide");
}

/** A portable pixmap, netpbm's P6. */
function encodePpm({ width, height, rgba }: Picture): Uint8Array {
  const head = new TextEncoder().encode(`P6\n${width} ${height}\n255\n`);
  const bytes = new Uint8Array(head.length + width * height * 3);
  bytes.set(head);
  for (let point = 0; point < width * height; point++)
    bytes.set(rgba.subarray(4 * point, 4 * point + 3), head.length + 3 * point);
  return bytes;
}

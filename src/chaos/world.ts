/**
 * A run as invariants see it: machines with what is wrong with them now, since when nothing is, and what was done. It
 * knows nothing of what the machines run.
 */
import type { Trouble } from "../../emulator/ether/trouble.ts";
import type { Action } from "../lab/actions.ts";
import type { LabCluster, LabNode } from "../lab/cluster.ts";
import { GuestMemory } from "../lab/guest-memory.ts";

/** A frame that was sent into a cable. */
export interface WireFrame {
  /** Whose cable: a machine's number, or one above the last machine's for the gateway. */
  readonly cable: number;
  /** From the machine into the switch, or out of it. */
  readonly toSwitch: boolean;
  readonly sentNs: number;
  /** Null when it is lost. */
  readonly arrivalNs: number | null;
  readonly bytes: Uint8Array;
}

/** Words that trouble a disk, and when they do. */
const DISK_WORDS: Readonly<Record<string, (values: readonly (number | string)[]) => boolean>> = {
  slow: ([factor]) => factor !== 1,
  fail: ([reads, writes]) => reads !== 0 || writes !== 0,
  full: () => true,
  flip: ([share]) => share !== 0,
  unflushed: ([share]) => share !== 0,
};

/** How often invariants look, in virtual time. */
export const LOOK_NS = 10e6;
/** More machines are looked at less often. */
const MACHINES_AT_ONCE = 10;

/** Of a machine whose kernel nobody knows: nothing is read of it. */
class SealedMemory extends GuestMemory {
  override bytes(): null {
    return null;
  }

  override word(): null {
    return null;
  }

  override has(): boolean {
    return false;
  }
}

interface Made {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly value: unknown;
}

export class WorldNode {
  readonly index: number;
  readonly name: string;
  readonly memory: GuestMemory;
  /** Nothing is known of its kernel: its memory says nothing. */
  readonly isSealed: boolean;
  /** How often it was switched on or reset since the run began. */
  boots = 0;
  /** Since when nothing is wrong with it: it has power, its cable and disks are right. Infinity while something is. */
  cleanSinceNs = Infinity;
  /** As `cleanSinceNs`, whether its processor runs or not. */
  hearsSinceNs = Infinity;
  /** Its processor stands still until then. */
  frozenUntilNs = 0;
  /** When it last became a copy of itself, which it finds out a moment later. */
  copiedNs = -Infinity;
  /** Somebody told it to leave. */
  hasLeft = false;
  /** How often its system had restarted by itself when that was looked at last. */
  restarts: number;
  /** Its power button was pressed: it goes off once it runs. */
  isPressed = false;
  /** Words that trouble its disks now. */
  readonly diskWords = new Set<string>();
  /** They have been in trouble since it began to boot, */
  diskWasBad = false;
  /** and have refused something, or read it wrong. */
  diskHasFailed = false;
  readonly #of: LabNode;
  readonly #read = new Map<string, unknown>();
  /** When that was read: how often it was switched on, whether it was off, and the instructions until then. */
  #readBoots = -1;
  #readOff = false;
  #readInstructions = -1;
  /** What was made of bytes of its memory, by a name or by their address. */
  readonly #made = new Map<string | number, Made>();

  constructor(lab: LabCluster, index: number, isSealed: boolean) {
    this.index = index;
    this.#of = lab.nodes[index]!;
    this.name = this.#of.name;
    this.isSealed = isSealed;
    this.restarts = this.#of.machine.restarts;
    this.memory = new (isSealed ? SealedMemory : GuestMemory)(this.#of.machine);
  }

  /** What `read` makes of its memory, by a name: read anew only when the machine has run since, or began anew. */
  once<T>(name: string, read: () => T): T {
    const { isOff, machine } = this.#of;
    const { instructions } = machine;
    const isAsItWas =
      instructions === this.#readInstructions && this.boots === this.#readBoots && isOff === this.#readOff;
    if (!isAsItWas) this.#read.clear();
    this.#readBoots = this.boots;
    this.#readOff = isOff;
    this.#readInstructions = instructions;
    const known = this.#read.get(name) as T | undefined;
    if (known !== undefined) return known;
    const found = read();
    this.#read.set(name, found);
    return found;
  }

  /**
   * What `make` makes of bytes of its memory and of nothing else, by a name, or by their address: made anew only when
   * they are others. Null where not all of them are memory.
   */
  made<T>(name: string | number, address: number, lengthBytes: number, make: (bytes: Uint8Array) => T): T | null {
    const known = this.#made.get(name);
    if (known?.address === address && known.bytes.length === lengthBytes && this.memory.has(address, known.bytes))
      return known.value as T;
    const bytes = this.memory.bytes(address, lengthBytes);
    if (bytes === null) return null;
    const value = make(bytes);
    this.#made.set(name, { address, bytes, value });
    return value;
  }
}

function isTroubled(trouble: Trouble): boolean {
  const { lostPercent, delayedPercent, reorderedPercent, duplicatedPercent, corruptedPercent, kilobits } = trouble;
  // Nothing is below zero: this is asked of each cable at each look.
  const share = lostPercent + delayedPercent + reorderedPercent + duplicatedPercent + corruptedPercent;
  return trouble.blocked || share > 0 || kilobits > 0;
}

/** What is slow, or lost with the power before it was flushed, does as it says. */
const isFailing = ({ diskWords }: WorldNode): boolean => diskWords.has("fail") || diskWords.has("flip");

export class World {
  readonly lab: LabCluster;
  readonly nodes: readonly WorldNode[];
  /** When the run began. */
  readonly startNs: number;
  /** How often invariants look at so many machines. */
  readonly lookNs: number;
  /** When all that was wrong had been mended; null before. */
  healedNs: number | null = null;
  /** Frames came from outside, which no link can hold. */
  heardStranger = false;
  /** Whether a machine's system keeps it apart from the others, whatever the wires are. */
  isApart: (index: number) => boolean = () => false;
  /** What is typed at a machine that is to leave the others, and to return; null: nothing is. */
  leaving: { readonly leave: string; readonly enter: string } | null = null;
  /** The machines that must live on after that. */
  core: readonly number[];
  readonly actions: Action[] = [];
  /** Machines that do not hear somebody, or are not heard. */
  readonly #parted = new Set<number>();

  /** From `sealedFrom` on machines run a kernel whose names are not known. */
  constructor(lab: LabCluster, sealedFrom = Infinity) {
    this.lab = lab;
    this.startNs = lab.nowNs;
    this.nodes = lab.nodes.map((_, index) => new WorldNode(lab, index, index >= sealedFrom));
    this.lookNs = LOOK_NS * Math.max(1, Math.ceil(lab.nodes.length / MACHINES_AT_ONCE));
    this.core = this.nodes.map(({ index }) => index);
    this.refresh();
  }

  get nowNs(): number {
    return this.lab.nowNs;
  }

  /** Machines that are on. */
  get living(): number[] {
    return this.nodes.filter(({ index }) => this.isOn(index)).map(({ index }) => index);
  }

  isOn(index: number): boolean {
    return !this.lab.nodes[index]!.isOff;
  }

  /** Whether a machine has a disk of its own, on which it keeps what its next boot is to know. */
  hasDisk(index: number): boolean {
    return this.lab.nodes[index]!.disk !== null;
  }

  /** For how long nothing has been wrong with a machine; 0 while something is. */
  cleanForNs(index: number): number {
    return Math.max(0, this.nowNs - this.nodes[index]!.cleanSinceNs);
  }

  /** As `cleanForNs`, whether its processor runs or not. */
  hearsForNs(index: number): number {
    return Math.max(0, this.nowNs - this.nodes[index]!.hearsSinceNs);
  }

  /** Whether a frame is for a machine that it comes to: what a switch does not know the way to it sends to all. */
  takes(index: number, frame: Uint8Array): boolean {
    return (frame[0]! & 1) !== 0 || this.lab.cluster.macAddresses[index]!.every((byte, at) => byte === frame[at]);
  }

  /** A machine began anew. */
  booted(index: number): void {
    const node = this.nodes[index]!;
    node.boots++;
    node.cleanSinceNs = Infinity;
    node.hearsSinceNs = Infinity;
    node.hasLeft = false;
    node.isPressed = false;
    node.frozenUntilNs = 0;
    node.diskWasBad = node.diskWords.size > 0;
    node.diskHasFailed = isFailing(node);
  }

  /** Follows what was just done. */
  note(action: Action): void {
    const { word, values } = action;
    const node = this.nodes[action.node]!;
    if (word === "power" || word === "add" || word === "reset") this.booted(action.node);
    if (word === "button") node.isPressed = true;
    // Its system begins anew.
    if (word === "copy") {
      node.cleanSinceNs = node.hearsSinceNs = Infinity;
      node.copiedNs = this.nowNs;
    }
    if (word === "freeze") node.frozenUntilNs = Math.max(node.frozenUntilNs, this.nowNs + Number(values[0]));
    const isTroubling = DISK_WORDS[word];
    if (isTroubling) {
      const name = word === "full" ? "fail" : word;
      if (isTroubling(values)) {
        node.diskWords.add(name);
        node.diskWasBad = true;
      }
      if (!isTroubling(values)) node.diskWords.delete(name);
      node.diskHasFailed ||= isFailing(node);
    }
    if (word === "deaf" || word === "hear" || word === "heal") this.#findParted();
    if (word === "type" && values[0] === this.leaving?.leave) node.hasLeft = true;
    if (word === "type" && values[0] === this.leaving?.enter) node.hasLeft = false;
    this.refresh();
  }

  #findParted(): void {
    this.#parted.clear();
    for (const { index } of this.nodes)
      for (const from of this.lab.cluster.deafTo(index)) {
        this.#parted.add(index);
        this.#parted.add(from);
      }
  }

  #hears({ index, hasLeft, diskWords }: WorldNode): boolean {
    const { cluster } = this.lab;
    return (
      this.isOn(index) &&
      !hasLeft &&
      diskWords.size === 0 &&
      cluster.isPlugged(index) &&
      !isTroubled(cluster.trouble(index, "in")) &&
      !isTroubled(cluster.trouble(index, "out")) &&
      !this.#parted.has(index) &&
      !this.isApart(index)
    );
  }

  /** Looks again at what is wrong with whom. */
  refresh(): void {
    for (const node of this.nodes) {
      const { restarts } = this.lab.nodes[node.index]!.machine;
      if (restarts !== node.restarts) this.booted(node.index);
      node.restarts = restarts;
      const hears = this.#hears(node);
      node.hearsSinceNs = hears ? Math.min(node.hearsSinceNs, this.nowNs) : Infinity;
      const isClean = hears && node.frozenUntilNs <= this.nowNs;
      node.cleanSinceNs = isClean ? Math.min(node.cleanSinceNs, this.nowNs) : Infinity;
    }
  }
}

/**
 * The way back: checkpoints of the cluster while it runs under a debugger, and exact repetition from one of them.
 * Because a run is determined by its state, "one instruction back" is "from the last checkpoint, up to one instruction
 * less".
 *
 * What comes from outside (keys, bytes on a line, what a debugger writes) is followed by a checkpoint, and a repetition
 * never crosses such a moment. Who goes back before it takes it back: the cluster then goes on as if it had not come.
 */
import type { Cluster } from "../cluster/cluster.ts";
import { Checkpoints, type Spacing, total } from "./checkpoints.ts";

/**
 * Instructions: a tenth of a second of repetition. Virtual time: of a cluster that rests, which goes through minutes in
 * a second.
 */
const SPACING: Spacing = {
  instructions: 4_000_000,
  timeNs: 20_000_000_000,
  most: 48,
  mostBytes: 512 * 1024 * 1024,
};
/** When the way back to a checkpoint was long, another one is made this many instructions before the goal. */
const NEAR_INSTRUCTIONS = 20_000;
/** A repetition goes in legs of this much virtual time. */
const LEG_NS = 1_000_000_000;

interface Frontier {
  readonly clusterNs: number;
  readonly machineNs: readonly number[];
}

export class History {
  readonly #cluster: Cluster;
  readonly #checkpoints: Checkpoints;
  #recording = false;
  /** Something came from outside since the last checkpoint. */
  #touched = false;
  /** How far the cluster had come when it went back; null while it is there. */
  #frontier: Frontier | null = null;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#checkpoints = new Checkpoints(cluster, SPACING);
  }

  /** The first moment that can be reached, in virtual ns; null when nothing is recorded. */
  get beginsNs(): number | null {
    return this.#checkpoints.all[0]?.clusterNs ?? null;
  }

  get count(): number {
    return this.#checkpoints.all.length;
  }

  get sizeBytes(): number {
    return this.#checkpoints.sizeBytes;
  }

  begin(): void {
    if (this.#recording) return;
    this.#recording = true;
    this.#take(false);
  }

  end(): void {
    this.#recording = false;
    this.#checkpoints.cut(0);
  }

  /** Whether a machine repeats what it has done before: what it says has been said. */
  isRepeating(index: number): boolean {
    return this.#frontier !== null && this.#cluster.machines[index]!.nowNs < this.#frontier.machineNs[index]!;
  }

  /** The same for the wires. */
  get isNetworkRepeating(): boolean {
    return this.#frontier !== null && this.#cluster.nowNs < this.#frontier.clusterNs;
  }

  /** To be called after something came from outside: what was known of the future does not hold any longer. */
  touched(): void {
    this.#touched = true;
    if (this.#frontier === null) return;
    this.#frontier = null;
    const here = this.#cluster.instructions;
    this.#checkpoints.keep((checkpoint) => total(checkpoint) <= here && checkpoint.clusterNs <= this.#cluster.nowNs);
  }

  /** To be called before each run: makes a checkpoint when one is due. Returns how far the run may go at most. */
  record(timeNs: number): number {
    const cluster = this.#cluster;
    const frontier = this.#frontier;
    if (
      frontier !== null &&
      cluster.nowNs >= frontier.clusterNs &&
      cluster.machines.every(({ nowNs }, index) => nowNs >= frontier.machineNs[index]!)
    )
      this.#frontier = null;
    if (this.#recording && this.#frontier === null && (this.#touched || this.#checkpoints.isDue))
      this.#take(this.#touched);
    return this.isNetworkRepeating ? Math.min(timeNs, this.#frontier!.clusterNs) : timeNs;
  }

  #take(isAnchor: boolean): void {
    this.#touched = false;
    this.#checkpoints.take(isAnchor);
  }

  /** The last checkpoint at which a machine had retired at most so many instructions; -1 when there is none. */
  find(index: number, retired: number): number {
    return this.#checkpoints.all.findLastIndex((checkpoint) => checkpoint.retired[index]! <= retired);
  }

  /** What a machine had retired at a checkpoint. */
  retiredAt(checkpoint: number, index: number): number {
    return this.#checkpoints.all[checkpoint]!.retired[index]!;
  }

  /** Goes back to a checkpoint. The clocks of all machines go back with it. */
  restore(number: number): void {
    const cluster = this.#cluster;
    this.#frontier ??= { clusterNs: cluster.nowNs, machineNs: cluster.machines.map(({ nowNs }) => nowNs) };
    const checkpoint = this.#checkpoints.all[number]!;
    const anchor = this.#checkpoints.all.findIndex((later, at) => at > number && later.isAnchor);
    if (anchor >= 0) {
      const { clusterNs, machineNs } = this.#checkpoints.all[anchor]!;
      this.#frontier = { clusterNs, machineNs };
      this.#checkpoints.cut(anchor);
    }
    checkpoint.restore(cluster);
    this.#checkpoints.moved();
    this.#touched = false;
  }

  /**
   * From where the cluster stands, lets it repeat the past until a machine has retired so many instructions, and pauses
   * that machine there.
   */
  repeat(index: number, retired: number): void {
    const { machines } = this.#cluster;
    const machine = machines[index]!;
    for (const other of machines) other.resume();
    machine.pauseAt(retired);
    while (!machine.paused) {
      const limitNs = this.isNetworkRepeating ? this.#frontier!.clusterNs : Infinity;
      this.#cluster.runUntil(Math.min(this.#cluster.nowNs + LEG_NS, limitNs));
    }
  }

  /**
   * Brings the cluster to the moment at which a machine had retired so many instructions, its past being known. False
   * when it is not.
   */
  travel(index: number, retired: number): boolean {
    const number = this.find(index, retired);
    if (number < 0) return false;
    this.restore(number);
    const near = retired - NEAR_INSTRUCTIONS / 10;
    if (retired - this.retiredAt(number, index) > NEAR_INSTRUCTIONS) {
      this.repeat(index, near);
      this.#checkpoints.insertAfter(number);
    }
    this.repeat(index, retired);
    return true;
  }
}

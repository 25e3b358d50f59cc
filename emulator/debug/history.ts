/**
 * The way back: checkpoints of the cluster while it runs under a debugger, and exact repetition from one of them.
 * Because a run is determined by its state, "one instruction back" is "from the last checkpoint, up to one instruction
 * less".
 *
 * What comes from outside (keys, bytes on a line, what a debugger writes) is followed by a checkpoint, and a repetition
 * never crosses such a moment. Who goes back before it takes it back: the cluster then goes on as if it had not come.
 */
import type { Cluster } from "../cluster/cluster.ts";
import { Checkpoint } from "./checkpoint.ts";

/** Instructions of all machines between two checkpoints: a tenth of a second of repetition. */
const INTERVAL_INSTRUCTIONS = 4_000_000;
/** When the way back to a checkpoint was long, another one is made this many instructions before the goal. */
const NEAR_INSTRUCTIONS = 20_000;
/** A repetition goes in legs of this much virtual time. */
const LEG_NS = 1_000_000_000;
const MAX_CHECKPOINTS = 48;
const MAX_BYTES = 512 * 1024 * 1024;

interface Frontier {
  readonly clusterNs: number;
  readonly machineNs: readonly number[];
}

export class History {
  readonly #cluster: Cluster;
  #checkpoints: Checkpoint[] = [];
  #recording = false;
  /** Something came from outside since the last checkpoint. */
  #touched = false;
  /** How far the cluster had come when it went back; null while it is there. */
  #frontier: Frontier | null = null;
  #atInstructions = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The first moment that can be reached, in virtual ns; null when nothing is recorded. */
  get beginsNs(): number | null {
    return this.#checkpoints[0]?.clusterNs ?? null;
  }

  get count(): number {
    return this.#checkpoints.length;
  }

  get sizeBytes(): number {
    return this.#checkpoints.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
  }

  begin(): void {
    if (this.#recording) return;
    this.#recording = true;
    this.#take(false);
  }

  end(): void {
    this.#recording = false;
    this.#checkpoints = [];
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
    this.#checkpoints = this.#checkpoints.filter(
      (checkpoint) => total(checkpoint) <= here && checkpoint.clusterNs <= this.#cluster.nowNs,
    );
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
    if (
      this.#recording &&
      this.#frontier === null &&
      (this.#touched || cluster.instructions - this.#atInstructions >= INTERVAL_INSTRUCTIONS)
    )
      this.#take(this.#touched);
    return this.isNetworkRepeating ? Math.min(timeNs, this.#frontier!.clusterNs) : timeNs;
  }

  #take(isAnchor: boolean): void {
    this.#touched = false;
    this.#atInstructions = this.#cluster.instructions;
    this.#checkpoints.push(new Checkpoint(this.#cluster, this.#checkpoints.at(-1) ?? null, isAnchor));
    this.#thin();
  }

  /** Old times are kept at wider distances; where nothing can be left out, the oldest time is forgotten. */
  #thin(): void {
    while (this.#checkpoints.length > MAX_CHECKPOINTS || this.sizeBytes > MAX_BYTES) {
      if (this.#checkpoints.length < 3) return;
      const older = this.#checkpoints.slice(1, Math.max(2, this.#checkpoints.length >> 1));
      let least = Infinity;
      let victim = 0;
      older.forEach((checkpoint, i) => {
        const gap = total(this.#checkpoints[i + 2]!) - total(this.#checkpoints[i]!);
        if (!checkpoint.isAnchor && gap < least) {
          least = gap;
          victim = i + 1;
        }
      });
      this.#checkpoints.splice(victim, 1);
    }
  }

  /** The last checkpoint at which a machine had retired at most so many instructions; -1 when there is none. */
  find(index: number, retired: number): number {
    return this.#checkpoints.findLastIndex((checkpoint) => checkpoint.retired[index]! <= retired);
  }

  /** What a machine had retired at a checkpoint. */
  retiredAt(checkpoint: number, index: number): number {
    return this.#checkpoints[checkpoint]!.retired[index]!;
  }

  /** Goes back to a checkpoint. The clocks of all machines go back with it. */
  restore(number: number): void {
    const cluster = this.#cluster;
    this.#frontier ??= { clusterNs: cluster.nowNs, machineNs: cluster.machines.map(({ nowNs }) => nowNs) };
    const checkpoint = this.#checkpoints[number]!;
    const anchor = this.#checkpoints.findIndex((later, at) => at > number && later.isAnchor);
    if (anchor >= 0) {
      const { clusterNs, machineNs } = this.#checkpoints[anchor]!;
      this.#frontier = { clusterNs, machineNs };
      this.#checkpoints.length = anchor;
    }
    checkpoint.restore(cluster);
    this.#atInstructions = cluster.instructions;
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
      this.#checkpoints.splice(number + 1, 0, new Checkpoint(this.#cluster, this.#checkpoints[number]!, false));
      this.#thin();
    }
    this.repeat(index, retired);
    return true;
  }
}

function total(checkpoint: Checkpoint): number {
  return checkpoint.retired.reduce((sum, retired) => sum + retired, 0);
}

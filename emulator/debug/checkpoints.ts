/**
 * Checkpoints of a run in the order of time: when the next one is due, and which are left out when they are too many or
 * hold too much. They are due by instructions, so that repeating a busy time is short, and by virtual time, so that a
 * cluster that rests can be gone back in as well.
 */
import type { Cluster } from "../cluster/cluster.ts";
import { Checkpoint } from "./checkpoint.ts";

export interface Spacing {
  /** Of all machines, between two checkpoints. */
  readonly instructions: number;
  /** Virtual time between two checkpoints; Infinity: it alone is no reason for one. */
  readonly timeNs: number;
  readonly most: number;
  readonly mostBytes: number;
}

export class Checkpoints {
  readonly #cluster: Cluster;
  readonly #spacing: Spacing;
  #all: Checkpoint[] = [];
  #atInstructions = 0;
  #atNs = 0;

  constructor(cluster: Cluster, spacing: Spacing) {
    this.#cluster = cluster;
    this.#spacing = spacing;
  }

  /** In the order of time. */
  get all(): readonly Checkpoint[] {
    return this.#all;
  }

  get sizeBytes(): number {
    return this.#all.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
  }

  get isDue(): boolean {
    const { instructions, timeNs } = this.#spacing;
    const cluster = this.#cluster;
    return cluster.instructions - this.#atInstructions >= instructions || cluster.nowNs - this.#atNs >= timeNs;
  }

  /** The run stands somewhere else: the next one is due as far from here as from a checkpoint. */
  moved(): void {
    this.#atInstructions = this.#cluster.instructions;
    this.#atNs = this.#cluster.nowNs;
  }

  /** Remembers the present, which is later than all that is remembered. */
  take(isAnchor: boolean): void {
    this.moved();
    this.#all.push(Checkpoint.of(this.#cluster, this.#all.at(-1) ?? null, isAnchor));
    this.#thin();
  }

  /** These are all, instead of those that there were. */
  replace(checkpoints: readonly Checkpoint[]): void {
    this.cut(0);
    this.#all = [...checkpoints];
  }

  /** Remembers the present, which comes right after the checkpoint of this number. */
  insertAfter(number: number): void {
    this.#all.splice(number + 1, 0, Checkpoint.of(this.#cluster, this.#all[number]!, false));
    this.#thin();
  }

  /** Forgets those from this number on. */
  cut(number: number): void {
    for (const checkpoint of this.#all.splice(number)) checkpoint.release();
  }

  keep(wanted: (checkpoint: Checkpoint) => boolean): void {
    this.#all = this.#all.filter((checkpoint) => {
      const isWanted = wanted(checkpoint);
      if (!isWanted) checkpoint.release();
      return isWanted;
    });
  }

  /** Old times are kept at wider distances; where nothing can be left out, the oldest time is forgotten. */
  #thin(): void {
    const { most, mostBytes } = this.#spacing;
    const all = this.#all;
    while (all.length > most || this.sizeBytes > mostBytes) {
      if (all.length < 3) return;
      const older = all.slice(1, Math.max(2, all.length >> 1));
      let least = Infinity;
      let victim = 0;
      older.forEach((checkpoint, i) => {
        const gap = this.#distance(all[i]!, all[i + 2]!);
        if (!checkpoint.isAnchor && gap < least) {
          least = gap;
          victim = i + 1;
        }
      });
      const [forgotten] = all.splice(victim, 1);
      all[victim]?.inherit(forgotten!, all[victim - 1] ?? null);
      forgotten!.release();
    }
  }

  /** How far apart two checkpoints are, as parts of what is wanted between two of them. */
  #distance(from: Checkpoint, to: Checkpoint): number {
    const { instructions, timeNs } = this.#spacing;
    return (total(to) - total(from)) / instructions + (to.clusterNs - from.clusterNs) / timeNs;
  }
}

/** Instructions that all machines had retired. */
export function total(checkpoint: Checkpoint): number {
  return checkpoint.retired.reduce((sum, retired) => sum + retired, 0);
}

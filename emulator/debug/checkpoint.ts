/** The state of a cluster in memory, to come back to, wherever its machines run. */
import type { Cluster } from "../cluster/cluster.ts";
import type { GroupMemory } from "../cluster/machine-host.ts";
import { KeptState } from "../state/kept-state.ts";

/** A checkpoint as plain data: what differs from the one before it. */
export interface CheckpointDescription {
  readonly retired: readonly number[];
  readonly machineNs: readonly number[];
  readonly clusterNs: number;
  readonly machines: readonly Uint8Array[];
  readonly network: Uint8Array;
}

export class Checkpoint {
  /** Instructions that each machine had retired, and its virtual time in ns. */
  readonly retired: readonly number[];
  readonly machineNs: readonly number[];
  readonly clusterNs: number;
  /** Something came from outside just before. */
  readonly isAnchor: boolean;
  readonly #openQuantumNs: number | null;
  readonly #groups: readonly GroupMemory[];
  readonly #network: KeptState;

  private constructor(
    { retired, machineNs, clusterNs }: Pick<CheckpointDescription, "retired" | "machineNs" | "clusterNs">,
    groups: readonly GroupMemory[],
    network: KeptState,
    openQuantumNs: number | null,
    isAnchor: boolean,
  ) {
    this.retired = retired;
    this.machineNs = machineNs;
    this.clusterNs = clusterNs;
    this.#groups = groups;
    this.#network = network;
    this.#openQuantumNs = openQuantumNs;
    this.isAnchor = isAnchor;
  }

  /** The present. */
  static of(cluster: Cluster, previous: Checkpoint | null, isAnchor: boolean): Checkpoint {
    const groups = cluster.remember(previous === null ? null : previous.#groups);
    const before = previous === null ? null : previous.#network;
    const network = KeptState.of((visitor) => cluster.visitNetwork(visitor), before);
    const moments = {
      retired: cluster.hosts.map(({ instructions }) => instructions),
      machineNs: cluster.hosts.map(({ nowNs }) => nowNs),
      clusterNs: cluster.nowNs,
    };
    return new Checkpoint(moments, groups, network, cluster.openQuantumNs, isAnchor);
  }

  /** Throws a RangeError for what is no checkpoint of such a cluster. */
  static described(cluster: Cluster, description: CheckpointDescription, before: Checkpoint | null): Checkpoint {
    const groups = cluster.remembered(description.machines, before === null ? null : before.#groups);
    const network = KeptState.described(description.network, before === null ? null : before.#network);
    return new Checkpoint(description, groups, network, null, false);
  }

  /** For a file, of a checkpoint between two quanta. */
  describe(cluster: Cluster, before: Checkpoint | null): CheckpointDescription {
    const { retired, machineNs, clusterNs } = this;
    const machines = cluster.describe(this.#groups, before === null ? null : before.#groups);
    return {
      retired,
      machineNs,
      clusterNs,
      machines,
      network: this.#network.describe(before === null ? null : before.#network),
    };
  }

  /** Bytes that no earlier checkpoint holds. */
  get ownBytes(): number {
    return this.#groups.reduce((sum, { ownBytes }) => sum + ownBytes, this.#network.ownBytes);
  }

  /**
   * The checkpoint between this one and `before` is forgotten: what it shares with this one alone is now this one's.
   */
  inherit(forgotten: Checkpoint, before: Checkpoint | null): void {
    this.#groups.forEach((group, index) =>
      group.inherit(forgotten.#groups[index]!, before === null ? null : before.#groups[index]!),
    );
    this.#network.inherit(forgotten.#network, before === null ? null : before.#network);
  }

  restore(cluster: Cluster): void {
    for (const group of this.#groups) group.restore();
    this.#network.restore((visitor) => cluster.visitNetwork(visitor));
    cluster.openQuantumNs = this.#openQuantumNs;
  }

  /** It is not needed any more. */
  release(): void {
    for (const group of this.#groups) group.release();
  }
}

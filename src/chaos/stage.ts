/** Machines that stand in one state, from which any number of runs begin. */
import { Checkpoint } from "../../emulator/debug/checkpoint.ts";
import type { LabCluster } from "../lab/cluster.ts";
import type { RunDescription } from "../lab/run-link.ts";
import { machinesOf, type Subject } from "./invariant.ts";

export class Stage {
  readonly subject: Subject;
  readonly lab: LabCluster;
  /** How the machines came to its beginning from power-on; null when no link can say it. */
  readonly run: RunDescription | null;
  /** The same system in another state, from which a share of all seeds begins; null: all begin here. */
  readonly variant: Stage | null;
  readonly #beginning: Checkpoint;
  readonly #consoles: readonly ReturnType<LabCluster["nodes"][number]["console"]["save"]>[];

  private constructor(subject: Subject, lab: LabCluster, run: RunDescription | null, variant: Stage | null) {
    this.subject = subject;
    this.lab = lab;
    this.run = run;
    this.variant = variant;
    this.#beginning = Checkpoint.of(lab.cluster, null, false);
    this.#consoles = lab.nodes.map(({ console }) => console.save());
  }

  static async of(subject: Subject, run: RunDescription | null = null, variant: Stage | null = null): Promise<Stage> {
    return new Stage(subject, await subject.make(), run, variant);
  }

  /** The same machines, with the state that they are in now for the beginning. */
  fromNow(): Stage {
    return new Stage(this.subject, this.lab, null, null);
  }

  /** How many machines take part from the beginning: the others may join. */
  get machines(): number {
    return machinesOf(this.subject, this.lab.nodes.length);
  }

  get nowNs(): number {
    return this.#beginning.clusterNs;
  }

  rewind(): void {
    this.#beginning.restore(this.lab.cluster);
    this.lab.nodes.forEach(({ console }, index) => console.restore(this.#consoles[index]!));
  }
}

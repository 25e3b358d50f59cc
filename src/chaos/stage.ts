/** Machines that stand in one state, from which any number of runs begin. */
import { Checkpoint } from "../../emulator/debug/checkpoint.ts";
import type { LabCluster } from "../lab/cluster.ts";
import type { Subject } from "./invariant.ts";

export class Stage {
  readonly subject: Subject;
  readonly lab: LabCluster;
  readonly #beginning: Checkpoint;
  readonly #consoles: readonly ReturnType<LabCluster["nodes"][number]["console"]["save"]>[];

  private constructor(subject: Subject, lab: LabCluster) {
    this.subject = subject;
    this.lab = lab;
    this.#beginning = Checkpoint.of(lab.cluster, null, false);
    this.#consoles = lab.nodes.map(({ console }) => console.save());
  }

  static async of(subject: Subject): Promise<Stage> {
    return new Stage(subject, await subject.make());
  }

  get nowNs(): number {
    return this.#beginning.clusterNs;
  }

  rewind(): void {
    this.#beginning.restore(this.lab.cluster);
    this.lab.nodes.forEach(({ console }, index) => console.restore(this.#consoles[index]!));
  }
}

/**
 * How kernels go from cluster to cluster (docs/protocols/wide-area.md, "Kernels"): each follows those that it trusts,
 * which publish what all of their members run. Some kernels fail at some clusters. Numbers are those of the assembly.
 */
import { readFileSync } from "node:fs";
import { Random } from "../../emulator/state/random.ts";

function numberOf(file: string, name: string): number {
  const found = new RegExp(`^${name}\\s*= (\\d+)`, "m").exec(readFileSync(file, "utf8"))?.[1];
  if (found === undefined) throw new Error(`${file} has no ${name} any more`);
  return Number(found);
}

const STEP_S = numberOf("asm/wide/follow.s", "LOOK_MS") / 1000;
const SETTLED_S = numberOf("asm/wide/offer.s", "SETTLED_MS") / 1000;
const VAIN_S = numberOf("asm/wide/follow.s", "VAIN_MS") / 1000;
const VAINS = numberOf("asm/wide/follow.s", "VAINS_MAXIMUM");
const SUMMARY_S = numberOf("asm/include/wide.inc", "WIDE_SUMMARY_MS") / 1000;
/** From one node to the next: fetch, restart, trial. */
const TURN_S = 40;
const LOAD_S = 15;
const OLD = 1;

/** What is left out of the rules, for tests of the model. */
export type Without = "settling" | "seat" | "failed" | "trust" | "stop";

interface Told {
  readonly published: number;
  readonly failed: number;
  readonly loading: number;
  readonly served: number;
}

interface Cluster {
  readonly revisions: number[];
  readonly links: readonly number[];
  readonly trusts: readonly number[];
  /** The revision of its plan, and whether that is open, or came to no good end. */
  plan: number;
  state: "none" | "run" | "stop" | "done";
  turnAtS: number;
  changedS: number;
  /** Clusters that load from it, and since when. */
  readonly loads: Map<number, number>;
  served: number;
  readonly told: Map<number, Told>;
  loadsFrom: number;
  vain: { revision: number; count: number; untilS: number };
  /** Nodes that have failed. */
  fallen: number;
}

export interface Outcome {
  /** How many clusters run the revision at the end. */
  readonly arrived: number;
  /** At how many clusters it has failed. */
  readonly failed: number;
  /** Something happened that must not. */
  readonly wrong: string | null;
  readonly clusters: readonly { readonly plan: number; readonly trusts: readonly number[] }[];
}

/** A person begins revision 2 at cluster 0; `fails`: where it does not work. */
export class KernelsModel {
  readonly #random: Random;
  readonly #all: Cluster[];
  readonly #fails: (cluster: number) => boolean;
  readonly #without: Without | null;
  #nowS = 0;
  #wrong: string | null = null;

  constructor(seed: number, clusters: number, fails: (cluster: number) => boolean, without: Without | null = null) {
    this.#random = new Random(seed, "kernels");
    this.#fails = fails;
    this.#without = without;
    const links = Array.from({ length: clusters }, () => new Set<number>());
    // A tree, so that all are reached, and some more links.
    for (let one = 1; one < clusters; one++)
      for (const other of [this.#random.below(one), ...(this.#random.chance(40) ? [this.#random.below(one)] : [])]) {
        links[one]!.add(other);
        links[other]!.add(one);
      }
    this.#all = links.map((of) => ({
      revisions: Array.from({ length: 1 + this.#random.below(4) }, () => OLD),
      links: [...of],
      trusts: [...of].filter(() => this.#random.chance(80)),
      ...{ plan: 0, state: "none", turnAtS: 0, changedS: 0, loads: new Map(), served: 0, told: new Map() },
      ...{ loadsFrom: -1, vain: { revision: 0, count: 0, untilS: 0 }, fallen: 0 },
    }));
  }

  run(seconds: number): Outcome {
    this.#begin(this.#all[0]!, OLD + 1);
    for (; this.#nowS < seconds && this.#wrong === null; this.#nowS += STEP_S) this.#step();
    return {
      arrived: this.#all.filter(({ revisions }) => revisions.every((one) => one > OLD)).length,
      failed: this.#all.filter(({ fallen }) => fallen > 0).length,
      wrong: this.#wrong,
      clusters: this.#all,
    };
  }

  #begin(cluster: Cluster, revision: number): void {
    cluster.plan = revision;
    cluster.state = "run";
    cluster.turnAtS = this.#nowS + TURN_S;
  }

  #publishes({ revisions, state, plan, changedS }: Cluster): number {
    const isSettled = this.#nowS - changedS >= SETTLED_S || this.#without === "settling";
    const isWhole = revisions.every((one) => one === revisions[0]) || this.#without === "settling";
    const isOpen = state !== "none" && (state !== "done" || plan > revisions[0]!);
    return isWhole && isSettled && (!isOpen || this.#without === "settling") ? revisions[0]! : 0;
  }

  #step(): void {
    this.#all.forEach((cluster, index) => {
      if (cluster.state === "run" && this.#nowS >= cluster.turnAtS) this.#turn(cluster, index);
      if (this.#nowS % SUMMARY_S === 0) this.#tell(cluster, index);
      if (cluster.loadsFrom >= 0) this.#load(cluster, index);
      else if (cluster.state !== "run") this.#follow(cluster, index);
    });
    for (const { loads, revisions } of this.#all) {
      if (loads.size > 1) this.#wrong ??= "two load from one";
      if (loads.size > 0 && new Set(revisions).size > 1) this.#wrong ??= "one in development is loaded from";
    }
  }

  #turn(cluster: Cluster, index: number): void {
    const next = cluster.revisions.findIndex((one) => one < cluster.plan);
    if (next >= 0) cluster.changedS = this.#nowS;
    if (next < 0) cluster.state = "done";
    else if (this.#fails(index)) {
      cluster.fallen++;
      if (this.#without !== "stop") cluster.state = "stop";
      if (cluster.fallen > 1) this.#wrong ??= "a failure was followed by another";
    } else cluster.revisions[next] = cluster.plan;
    cluster.turnAtS = this.#nowS + TURN_S;
  }

  #tell(cluster: Cluster, index: number): void {
    const failed = cluster.fallen > 0 ? cluster.plan : 0;
    const told = { published: this.#publishes(cluster), failed, loading: cluster.loads.size, served: cluster.served };
    for (const link of cluster.links) this.#all[link]!.told.set(index, told);
  }

  #mayFollow(cluster: Cluster, link: number): number {
    const revision = cluster.told.get(link)?.published ?? 0;
    if (revision <= Math.max(...cluster.revisions) || cluster.plan >= revision) return 0;
    if (cluster.vain.revision === revision && this.#nowS < cluster.vain.untilS) return 0;
    if (!cluster.trusts.includes(link) && this.#without !== "trust") return 0;
    const isFailed = cluster.trusts.some((one) => cluster.told.get(one)?.failed === revision);
    return isFailed && this.#without !== "failed" ? 0 : revision;
  }

  #follow(cluster: Cluster, index: number): void {
    const rank = (link: number): number => {
      const { loading, served } = cluster.told.get(link)!;
      return loading * 100 + served;
    };
    const from = cluster.links
      .filter((link) => this.#mayFollow(cluster, link) > 0)
      .sort((one, other) => rank(one) - rank(other))[0];
    if (from === undefined) return;
    const source = this.#all[from]!;
    const isBusy = source.loads.size > 0 && this.#without !== "seat";
    if (isBusy || this.#publishes(source) === 0) this.#inVain(cluster);
    else {
      source.loads.set(index, this.#nowS);
      cluster.loadsFrom = from;
    }
  }

  #inVain(cluster: Cluster): void {
    const count = cluster.vain.revision === OLD + 1 ? Math.min(cluster.vain.count + 1, VAINS) : 1;
    cluster.vain = { revision: OLD + 1, count, untilS: this.#nowS + VAIN_S * 2 ** count };
  }

  #load(cluster: Cluster, index: number): void {
    const source = this.#all[cluster.loadsFrom]!;
    if (this.#nowS - source.loads.get(index)! < LOAD_S) return;
    source.loads.delete(index);
    source.served++;
    const revision = this.#mayFollow(cluster, cluster.loadsFrom);
    if (revision > 0) {
      if (!cluster.trusts.includes(cluster.loadsFrom)) this.#wrong ??= "one that is not trusted was followed";
      if (cluster.trusts.some((one) => this.#all[one]!.fallen > 0 && cluster.told.get(one)?.failed === revision))
        this.#wrong ??= "what failed at one that is trusted was followed";
      if (source.revisions.some((one) => one !== revision)) this.#wrong ??= "what not all members ran was followed";
      this.#begin(cluster, revision);
    } else this.#inVain(cluster);
    cluster.loadsFrom = -1;
  }
}

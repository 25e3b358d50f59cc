/**
 * What becomes of a program that goes on at another member while a cable is cut, the cluster is parted or a machine
 * dies (docs/protocols/job.md). It is tried on the side: afterwards the cluster is as it was.
 */
import type { LabNode } from "../../lab/cluster.ts";
import type { Drill } from "../drill.ts";
import type { World } from "../world.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { drawPair, Pair, type PairCase } from "./pair.ts";
import { triedAside } from "./staged.ts";

/** How often it counts, and how soon it must have done so. */
const COUNT_MS = 50;
const COUNTS_MS = 3000;
/** How long a move lasts, about. */
const TRANSFER_MS = 300;
/** The target's patience, the source's, and what a repeated segment waits for after a long fault. */
const OVER_MS = 90_000;
const STEADY_MS = 1000;

/** What a shell draws meanwhile may stand between the two pieces of a line. */
const COUNT = /^(?:counter: )?(\d+)$/gm;
const WENT = /^counter goes on at \S+: /m;
const STAYED = /^job: counter: (.*)$/m;
const WAITS = /^\S+ has not said whether it runs there: /m;
/** Reasons that have nothing to do with faults. */
const CANNOT = /an open cluster|memory|another revision/;

class JobTrial {
  readonly #pair: Pair;

  constructor(world: World, layout: KernelLayout, now: PairCase) {
    this.#pair = new Pair(world, layout, now);
  }

  #numbers(node: LabNode): number[] {
    return [...this.#pair.said(node).matchAll(COUNT)].map(([, number]) => Number(number));
  }

  /** What it says twice, or leaves out, where it runs at both or in the wrong order. */
  #notInOrder(): string | null {
    const { source, target } = this.#pair;
    const all = [source, target].flatMap((node) => this.#numbers(node)).sort((a, b) => a - b);
    const wrong = all.find((number, index) => number !== index + 1);
    return wrong === undefined
      ? null
      : `a program that moves from ${source.name} to ${target.name} counts ${wrong} twice`;
  }

  /** At which of the two the program counts. */
  #counting(): LabNode[] {
    const { living } = this.#pair;
    const before = living.map((node) => this.#numbers(node).length);
    this.#pair.advance(STEADY_MS);
    return living.filter((node, index) => this.#numbers(node).length > before[index]!);
  }

  /** What is wrong, in a sentence; null: nothing. */
  judge(): string | null {
    const pair = this.#pair;
    const { source, target, fault } = pair;
    const address = pair.addressOf(target);
    source.type(`counter ${COUNT_MS} &\r`);
    pair.advance(COUNTS_MS);
    if (this.#numbers(source).length === 0) return null; // No such program on its disk, or no memory.
    source.type(`cloud job move counter ${address}\r`);
    const stayed = (): string | undefined => STAYED.exec(pair.said(source))?.[1];
    const isOver = (): boolean =>
      source.isOff || stayed() !== undefined || pair.says(source, WENT) || (target.isOff && pair.says(source, WAITS));
    if (!pair.goOn(OVER_MS, isOver)) return `nothing becomes of a program that moves from ${source.name}: ${fault}`;
    // What waits at a target for a source that is gone ends.
    if (source.isOff) pair.advance(OVER_MS / 6);
    const counting = this.#counting();
    const places = counting.map(({ name }) => name).join(" and ");
    if (counting.length > 1) return `a program runs at ${places} after a move: ${fault}`;
    if (counting.length === 0 && pair.living.length === 2) return `a program runs nowhere after a move: ${fault}`;
    if (fault === "nothing" && counting[0] !== target && !CANNOT.test(stayed() ?? ""))
      return `a program does not move from ${source.name}, and nothing hinders it: ${stayed()}`;
    return this.#notInOrder();
  }
}

export function jobDrill(world: World, layout: KernelLayout): Drill {
  return {
    name: "job",
    rule: "a program that moves runs at one machine, whatever is cut or dies meanwhile, and counts no number twice",
    begin: (random) => {
      const now = drawPair(world, random, TRANSFER_MS);
      return now && triedAside(world, random, () => new JobTrial(world, layout, now).judge());
    },
  };
}

/** Two machines of which one gives something over to the other, and what happens to them meanwhile. */

import type { Random } from "../../../emulator/state/random.ts";
import type { LabNode } from "../../lab/cluster.ts";
import type { World } from "../world.ts";
import { isKeyed } from "./clone-drills.ts";
import { addressText, factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { isAtPrompt } from "./keys.ts";

const MS = 1e6;
/** How often it is looked at what has become of it. */
export const LOOK_MS = 50;
/** A fault lasts for less than either side's patience, or for more. */
const FAULT_MS = [300, 12_000] as const;

const FAULTS = [
  "nothing",
  "they are cut apart",
  "both are cut off from the others",
  "the source dies",
  "the target dies",
] as const;

export interface PairCase {
  readonly source: number;
  readonly target: number;
  readonly fault: (typeof FAULTS)[number];
  readonly fromMs: number;
  readonly forMs: number;
}

/** Null: there are no two members that could. `withinMs`: when a fault begins at the latest. */
export function drawPair(world: World, random: Random, withinMs: number): PairCase | null {
  const { core } = world;
  if (core.length < 2 || !core.every((index) => isKeyed(world, index))) return null;
  // A command of the run may still be at work there.
  if (!core.every((index) => isAtPrompt(world, index))) return null;
  const source = random.pick(core);
  const target = random.pick(core.filter((index) => index !== source));
  const fault = random.pick(FAULTS);
  const fromMs = random.below(withinMs);
  return { source, target, fault, fromMs, forMs: fault === "nothing" ? 0 : random.pick(FAULT_MS) };
}

export class Pair {
  readonly source: LabNode;
  readonly target: LabNode;
  readonly fault: PairCase["fault"];
  readonly #world: World;
  readonly #facts: ReturnType<typeof factsOf>;
  readonly #case: PairCase;
  /** How much each had said before. */
  readonly #before: readonly number[];

  constructor(world: World, layout: KernelLayout, now: PairCase) {
    this.#world = world;
    this.#case = now;
    this.fault = now.fault;
    this.source = world.lab.nodes[now.source]!;
    this.target = world.lab.nodes[now.target]!;
    this.#facts = factsOf(world, layout);
    this.#before = world.lab.nodes.map(({ console }) => console.text.length);
  }

  /** Those of the two that are on. */
  get living(): LabNode[] {
    return [this.source, this.target].filter(({ isOff }) => !isOff);
  }

  addressOf({ index }: LabNode): string {
    return addressText(this.#facts.of(index).address);
  }

  /** What a machine's console has shown since the beginning. */
  said({ index, console }: LabNode): string {
    return console.text.slice(this.#before[index]);
  }

  says(node: LabNode, what: RegExp): boolean {
    return what.test(this.said(node));
  }

  advance(ms: number): void {
    const { lab } = this.#world;
    lab.cluster.runUntil(lab.nowNs + ms * MS);
  }

  /** Lets time pass until something is so, with the fault meanwhile: false where it was not so within the time. */
  goOn(withinMs: number, isOver: (hasBegun: boolean) => boolean): boolean {
    const { fromMs, forMs } = this.#case;
    for (let ms = 0; ms < withinMs; ms += LOOK_MS) {
      if (isOver(ms >= fromMs) && ms > fromMs + forMs) return true;
      if (ms >= fromMs && ms < fromMs + LOOK_MS) this.#strike(false);
      if (ms >= fromMs + forMs && ms < fromMs + forMs + LOOK_MS) this.#strike(true);
      this.advance(LOOK_MS);
    }
    return false;
  }

  /** Has the fault begin, or end. */
  #strike(hears: boolean): void {
    const { source, target, fault } = this;
    const others = this.#world.lab.nodes.filter((node) => node !== source && node !== target);
    const apart: Partial<Record<PairCase["fault"], readonly (readonly [LabNode, LabNode])[]>> = {
      "they are cut apart": [[source, target]],
      "both are cut off from the others": others.flatMap((other) => [
        [source, other] as const,
        [target, other] as const,
      ]),
    };
    for (const [one, other] of apart[fault] ?? []) {
      one.hear(other.index, hears);
      other.hear(one.index, hears);
    }
    if (!hears && fault === "the source dies") source.powerOff();
    if (!hears && fault === "the target dies") target.powerOff();
  }
}

/**
 * An upgrade of the cluster to a later kernel that is on all disks, while faults go on (docs/protocols/upgrade.md). A
 * person goes on with what has stopped, until all members run it. In some runs the network of the first node on trial
 * is dead until it has returned: to the others that is a poisoned revision.
 */
import type { Random } from "../../../emulator/state/random.ts";
import { type FaultAction, faultKind } from "../../lab/fault-kinds.ts";
import type { Drill } from "../drill.ts";
import type { World } from "../world.ts";
import { factsOf } from "./facts.ts";
import type { KernelLayout } from "./kernel-layout.ts";
import { running, slotsOf } from "./kernels.ts";
import { isAtPrompt } from "./keys.ts";
import { type Plan, upgradeMemory } from "./upgrade-drills.ts";
import { canAgree } from "./values.ts";

const MS = 1e6;
/** Of a hundred runs with two kernels so many begin with it. */
const PERCENT = 30;
/** A turn takes half a minute, one that comes to nothing three; nobody needs so long. */
const LASTS_NS = 1_800_000 * MS;
const MOST_FAULTS = 6;
/** Between faults at most. */
const APART_MS = 25_000;
const LONGEST_MS = 8000;
const POISON_PERCENT = 25;
/** A trial that nobody confirms is over by then. */
const POISONED_NS = 200_000 * MS;
/** Between two things that a person types. */
const TYPED_NS = 12_000 * MS;
/** What may happen to a node meanwhile: all of it ends, and no disk becomes an older one. */
const FAULTS = [
  ...["reset", "cut", "unplug", "block", "lose", "delay", "reorder", "duplicate"],
  ...["freeze", "slow", "unflushed", "clock"],
] as const;

/** Faults that come one after the other, each over before the next. */
class Faults {
  readonly #random: Random;
  readonly #count: number;
  #left: number;
  #nextNs: number;
  #end: readonly FaultAction[] | null = null;
  #endNs = 0;

  constructor(random: Random, nowNs: number, count: number) {
    this.#random = random;
    this.#count = count;
    this.#left = random.below(MOST_FAULTS + 1);
    this.#nextNs = nowNs + random.below(APART_MS) * MS;
  }

  get isOver(): boolean {
    return this.#left === 0 && this.#end === null;
  }

  /** `turn`: the node whose turn it is, which half of them happen to. */
  take(nowNs: number, those: readonly number[], turn: number | undefined): readonly FaultAction[] {
    const random = this.#random;
    if (this.#end !== null) {
      if (nowNs < this.#endNs) return [];
      const end = this.#end;
      this.#end = null;
      this.#nextNs = nowNs + (500 + random.below(APART_MS)) * MS;
      return end;
    }
    if (this.#left === 0 || nowNs < this.#nextNs) return [];
    this.#left--;
    const kind = faultKind(random.pick(FAULTS));
    const who = [turn !== undefined && random.chance(50) ? turn : random.pick(those)];
    this.#end = kind.end(who, this.#count);
    this.#endNs = nowNs + Math.ceil(100 * (LONGEST_MS / 100) ** (random.below(1000) / 1000)) * MS;
    return kind.begin(random, who, this.#count);
  }
}

/** What must not be, whatever happens to nodes meanwhile: a sentence, or null. */
function watched(world: World, layout: KernelLayout, target: number, planOf: (index: number) => Plan | null) {
  const facts = factsOf(world, layout);
  const givenTo = new Map<number, string>();
  const failuresOf = (index: number): number =>
    slotsOf(world, index)?.failures.find(({ revision }) => revision === target)?.count ?? 0;
  const failed = world.nodes.map(({ index }) => failuresOf(index));
  const restarts = world.nodes.map((node) => node.restarts);
  /** Nodes that have restarted by themselves, and to which nothing has happened since. */
  const away = new Set<number>();
  let trials = 0;
  return {
    /** `begun`: how often a person has begun it, or gone on. */
    look: (begun: number): string | null => {
      for (const { index, name, restarts: now, cleanSinceNs } of world.nodes) {
        if (now !== restarts[index]) away.add(index);
        restarts[index] = now;
        if (facts.of(index).isMember || cleanSinceNs === Infinity) away.delete(index);
        const failures = failuresOf(index);
        trials += Math.max(0, failures - failed[index]!);
        failed[index] = failures;
        if (trials > begun) return `${name} failed, and ${begun} of ${trials} failures had been seen by a person`;
      }
      const names = [...away].map((index) => world.nodes[index]!.name);
      if (names.length > 1) return `${names.join(" and ")} are away at once`;
      const trying = world.core.filter((index) => running(world, layout, index)?.isOnTrial);
      if (trying.length > 1)
        return `${trying.map((index) => world.nodes[index]!.name).join(" and ")} are on trial at once`;
      for (const plan of world.core.map(planOf)) {
        if (!plan?.isGiven || plan.revision !== target) continue;
        const before = givenTo.get(plan.epoch) ?? plan.turn;
        if (before !== plan.turn) return `turn ${plan.epoch} is ${before}'s and ${plan.turn}'s`;
        givenTo.set(plan.epoch, plan.turn);
      }
      return null;
    },
    touched: (index: number): void => void away.delete(index),
  };
}

/** The network of the first node on trial is dead until it has returned. */
class Poison {
  readonly #world: World;
  readonly #layout: KernelLayout;
  #victim: number | null = null;
  #untilNs = 0;
  isOver: boolean;

  constructor(world: World, layout: KernelLayout, isWanted: boolean) {
    this.#world = world;
    this.#layout = layout;
    this.isOver = !isWanted;
  }

  take(): readonly FaultAction[] {
    const world = this.#world;
    const isTrying = (index: number): boolean => running(world, this.#layout, index)?.isOnTrial === true;
    if (this.isOver) return [];
    if (this.#victim === null) {
      const victim = world.core.find(isTrying);
      if (victim === undefined) return [];
      this.#victim = victim;
      this.#untilNs = world.nowNs + POISONED_NS;
      return [{ word: "block", node: victim, values: ["both"] }];
    }
    const kernel = running(world, this.#layout, this.#victim);
    if (world.nowNs < this.#untilNs && (kernel === null || kernel.isOnTrial)) return [];
    this.isOver = true;
    return [{ word: "heal", node: this.#victim, values: [] }];
  }

  get hasBegun(): boolean {
    return this.#victim !== null;
  }
}

export function rollingDrill(world: World, layout: KernelLayout, wellNot: () => string | null): Drill {
  const facts = factsOf(world, layout);
  const of = (name: string): number => layout.constant(name);
  const { planOf, failures } = upgradeMemory(world, layout);
  const nameOf = (index: number): string => world.nodes[index]!.name;
  /** The plan as those know it who know the latest. */
  const planNow = (): Plan | null =>
    world.core.map(planOf).reduce((best, plan) => (plan && (!best || plan.epoch >= best.epoch) ? plan : best), null);
  const goesNot = (target: number): string | null => {
    for (const index of world.core) {
      const record = slotsOf(world, index);
      if (running(world, layout, index)?.revision !== target) return `${nameOf(index)} does not run revision ${target}`;
      if (record === null || record.trial !== null || record.slots[record.good]!.revision !== target)
        return `${nameOf(index)} has not confirmed revision ${target}`;
    }
    return null;
  };
  return {
    name: "rolling upgrade",
    percent: PERCENT,
    rule: "an upgrade goes through all members whatever happens meanwhile: one away and on trial at a time, a turn is one node's, each failure stops it until a person goes on",
    begin: (random) => {
      const target = Math.max(...world.core.map((index) => Math.max(...slotRevisions(world, index))));
      if (world.core.length < 2 || !canAgree(world, layout) || goesNot(target) === null) return null;
      const faults = new Faults(random, world.nowNs, world.nodes.length);
      const poison = new Poison(world, layout, random.chance(POISON_PERCENT));
      const watch = watched(world, layout, target, planOf);
      let [begun, typedNs] = [0, -Infinity];
      const person = (): readonly FaultAction[] => {
        if (world.nowNs < typedNs + TYPED_NS) return [];
        const plan = planNow();
        const isOurs = plan?.revision === target;
        const isDone = goesNot(target) === null;
        const goesOn = plan !== null && isOurs && plan.state < of("PLAN_STOP");
        // Who is off may come back within ten minutes, for which an upgrade waits.
        if (isDone ? !goesOn || plan.isGiven : goesOn) return [];
        const here = world.core.filter((index) => facts.of(index).isMember && isAtPrompt(world, index));
        if (here.length < world.core.length) return [];
        typedNs = world.nowNs;
        const isRefused = here.some((index) => failures(index, target) > 1);
        const word = isRefused ? `allow ${target}` : isOurs && plan.state === of("PLAN_STOP") ? "resume" : `${target}`;
        if (!isDone) begun++;
        return [{ word: "type", node: random.pick(here), values: [`cloud upgrade ${isDone ? "abort" : word}\r`] }];
      };
      return {
        lastsNs: LASTS_NS,
        step: () => {
          const plan = planNow();
          const turn = plan?.isGiven ? facts.indexOf(plan.turn) : undefined;
          const isPoisoned = poison.hasBegun && !poison.isOver;
          const happens = isPoisoned ? [] : faults.take(world.nowNs, world.core, turn);
          const actions = [...happens, ...poison.take()];
          for (const { node } of actions) watch.touched(node);
          return faults.isOver || actions.length === 0 ? [...actions, ...person()] : actions;
        },
        wrong: () => watch.look(begun),
        missing: () => {
          const problem = goesNot(target);
          if (problem !== null) return problem;
          if (!faults.isOver) return "faults go on";
          return (planNow()?.state ?? 0) < of("PLAN_DONE") ? "the upgrade has no end" : wellNot();
        },
      };
    },
  };
}

function slotRevisions(world: World, index: number): number[] {
  return slotsOf(world, index)?.slots.map(({ sectors, revision }) => (sectors === 0 ? 0 : revision)) ?? [0];
}

/**
 * What a seed draws: faults with their times or the events they wait for, whom they happen to, and how long they last.
 * A draw is text before it is anything else; what it comes to, once it is known who the coordinator is, are the words
 * of actions.ts with their times.
 */
import { Random } from "../../emulator/state/random.ts";
import { FAULT_KINDS, type FaultAction, type FaultKind, faultKind } from "../lab/fault-kinds.ts";
import { formatNs } from "../lab/time.ts";
import { machinesOf, type Subject } from "./invariant.ts";
import { chooseWho, whoNames } from "./who.ts";
import type { World } from "./world.ts";

const MS = 1e6;
/** Between faults, on average. */
const INTERVALS_MS = [150, 400, 1000, 2500];
const MOST_STEPS = 24;
/** Of a hundred steps so many wait for an event. */
const EVENT_PERCENT = 20;
const EVENT_DELAYS_MS = [0, 0, 5, 40, 300];
/** Of a hundred draws so many stay within what must be survived. */
const BUDGET_PERCENT = 50;

export interface DrawOptions {
  /** Names of kinds of faults; all when absent. */
  readonly faults?: readonly string[];
  /** Names of patterns and roles, and numbers of machines; all patterns and roles when absent. */
  readonly who?: readonly string[];
  /** Virtual time over which faults begin. */
  readonly spanNs: number;
  /** How many machines may be in trouble at once; drawn when absent. */
  readonly budget?: "any" | "minority";
  readonly intervalMs?: number;
}

/** One fault as it was drawn. */
export interface Step {
  /** From the beginning of the run; when `event` is given, from then on it is waited for. */
  readonly fromNs: number;
  readonly event: { readonly name: string; readonly delayNs: number } | null;
  readonly kind: FaultKind;
  readonly who: string;
  readonly lastsNs: number;
  /** Its own source of chance: what becomes of one fault does not change another. */
  readonly seed: number;
}

export interface Draw {
  readonly budget: "any" | "minority";
  readonly steps: readonly Step[];
  /** How many machines must live on after the faults. */
  readonly coreCount: number;
  readonly seed: number;
}

/** The faults that mean something to so many machines of a system. */
export function kindsFor(
  { isAtPrompt, faults, isDiskless = false }: Pick<Subject, "isAtPrompt" | "faults" | "isDiskless">,
  machines: number,
): FaultKind[] {
  if (faults) return FAULT_KINDS.filter(({ name }) => faults.includes(name));
  return FAULT_KINDS.filter(
    (kind) =>
      kind.machines <= machines &&
      !kind.isOfSite &&
      (isAtPrompt !== undefined || !kind.isTyped) &&
      (isDiskless || !kind.isDiskless),
  );
}

/** Whether one of these faults happens to machines without disks alone. */
export const anyDiskless = (names: readonly string[] | null): boolean =>
  names?.some((name) => faultKind(name).isDiskless) ?? false;

export function draw(seed: number, subject: Subject, machines: number, options: DrawOptions): Draw {
  const random = new Random(seed, "chaos");
  const { spanNs } = options;
  const spanMs = Math.max(2, Math.floor(spanNs / MS));
  const allowed = kindsFor(subject, machines).filter(
    ({ name }) => options.faults === undefined || options.faults.includes(name),
  );
  // Each run has a few kinds of faults only: with all of them at once most of what is rare would never show.
  const some = allowed.filter(() => random.chance(35));
  const kinds = some.length > 0 ? some : [random.pick(allowed)];
  const names = options.who ?? whoNames(subject);
  const events = subject.events ?? [];
  const interval = options.intervalMs ?? random.pick(INTERVALS_MS);
  const count = 1 + random.below(Math.min(MOST_STEPS, Math.ceil(spanMs / interval)));
  const steps = Array.from({ length: count }, (): Step => {
    const isAwaited = events.length > 0 && random.chance(EVENT_PERCENT);
    return {
      fromNs: random.below(spanMs - 1) * MS,
      event: isAwaited ? { name: random.pick(events).name, delayNs: random.pick(EVENT_DELAYS_MS) * MS } : null,
      kind: random.pick(kinds),
      who: random.pick(names),
      // Short and long ones alike.
      lastsNs: Math.ceil(10 ** (1 + (random.below(1000) / 1000) * Math.max(0.5, Math.log10(spanMs) - 1.2))) * MS,
      seed: random.u32(),
    };
  });
  const isBound = random.chance(BUDGET_PERCENT);
  const all = random.chance(70);
  const majority = Math.floor(machines / 2) + 1;
  return {
    budget: options.budget ?? (isBound ? "minority" : "any"),
    steps: steps.sort((a, b) => a.fromNs - b.fromNs),
    coreCount: all ? machines : majority + random.below(machines - majority + 1),
    seed,
  };
}

/** One line for each step: what `--seed` brings. */
export function formatStep({ fromNs, event, kind, who, lastsNs }: Step): string {
  const when = event
    ? `on ${event.name} after ${fromNs / MS}ms${event.delayNs > 0 ? `, ${event.delayNs / MS}ms later` : ""}`
    : `${fromNs / MS}ms`;
  const isLasting = kind.end([0], 2).length > 0;
  return `${when}: ${kind.name} ${who}${isLasting ? ` for ${formatNs(lastsNs)}` : ""}`;
}

interface Due {
  readonly atNs: number;
  readonly do: () => FaultAction[];
}

/** Lets what was drawn happen: says when something is due, and what it comes to. */
export class Director {
  readonly #world: World;
  readonly #subject: Subject;
  readonly #most: number;
  #due: Due[] = [];
  readonly #waiting: { step: Step; happened: () => boolean }[];
  readonly #machines: number;

  constructor(world: World, subject: Subject, { steps, budget }: Draw) {
    this.#world = world;
    this.#subject = subject;
    this.#machines = machinesOf(subject, world.nodes.length);
    this.#most = budget === "any" ? this.#machines : Math.max(1, Math.floor((this.#machines - 1) / 2));
    for (const step of steps) if (!step.event) this.#at(world.startNs + step.fromNs, () => this.#begin(step));
    this.#waiting = steps.flatMap((step) => {
      const event = subject.events?.find(({ name }) => name === step.event?.name);
      return event ? [{ step, happened: event.watch(world) }] : [];
    });
  }

  #at(atNs: number, act: () => FaultAction[]): void {
    this.#due.push({ atNs, do: act });
    // Stable: what was drawn first happens first.
    this.#due.sort((a, b) => a.atNs - b.atNs);
  }

  get nextNs(): number {
    return this.#due[0]?.atNs ?? Infinity;
  }

  /** Looks for events that have happened. */
  look(): void {
    for (const waiting of [...this.#waiting]) {
      const { step, happened } = waiting;
      if (!happened() || this.#world.nowNs < this.#world.startNs + step.fromNs) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      this.#at(this.#world.nowNs + step.event!.delayNs, () => this.#begin(step));
    }
  }

  /** What is due now. */
  take(): FaultAction[] {
    const actions: FaultAction[] = [];
    while (this.nextNs <= this.#world.nowNs) actions.push(...this.#due.shift()!.do());
    return actions;
  }

  #begin({ kind, who, lastsNs, seed }: Step): FaultAction[] {
    const random = new Random(seed, "step");
    const all = chooseWho(who, random, this.#world, this.#subject);
    const troubled = this.#world.nodes.filter(
      ({ index, cleanSinceNs }) => index < this.#machines && cleanSinceNs === Infinity,
    );
    const room = this.#most - troubled.length;
    const isTroubled = (index: number): boolean => troubled.some((node) => node.index === index);
    const fresh = all.filter((index) => !isTroubled(index)).slice(0, Math.max(0, room));
    const chosen = all.filter((index) => isTroubled(index) || fresh.includes(index));
    // A network that falls apart troubles all machines in it.
    if (chosen.length === 0 || (kind.machines > 1 && room <= 0)) return [];
    const end = kind.end(chosen, this.#machines);
    if (end.length > 0) this.#at(this.#world.nowNs + lastsNs, () => end);
    return kind.begin(random, chosen, this.#machines);
  }
}

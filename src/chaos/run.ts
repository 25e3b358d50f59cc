/**
 * One run: faults happen to machines for a while, then those that must live on are mended one by one, and have to be
 * well again within a bound. All the time every invariant looks.
 */
import { Random } from "../../emulator/state/random.ts";
import { type Action, perform } from "../lab/actions.ts";
import type { FaultAction } from "../lab/fault-kinds.ts";
import { PANIC_LINE } from "../lab/panic-line.ts";
import { Director, type Draw } from "./draw.ts";
import type { Drill, Drills, Trial } from "./drill.ts";
import { type Figures, Meter } from "./figures.ts";
import type { FailureKind, Subject, Watch } from "./invariant.ts";
import type { Stage } from "./stage.ts";
import { LOOK_NS, type WireFrame, World } from "./world.ts";

const MS = 1e6;
const STEADY_NS = 1500 * MS;
const DRILLS = 3;
/** Before the next drill all is well for so long: who has just come to watch somebody counts from then on. */
const RECOVERED_NS = 500 * MS;
/** Machines are mended up to so long after each other. */
const MEND_SPREAD_MS = 200;
/** So long a machine takes at most to go off after its power button was pressed. */
const OFF_NS = 1000 * MS;
/** What was typed has been read. */
const READ_NS = 500 * MS;
/** A kernel that is not up so long after its machine was switched on does not come by itself. */
const BOOT_NS = 5000 * MS;

export interface RunOptions {
  /** Virtual time in which faults begin and end. */
  readonly spanNs: number;
  /** Virtual time within which the machines that must live on are well again. */
  readonly boundNs: number;
  /** Once all is well it has to stay so for this virtual time; 1.5 s when absent. */
  readonly steadyNs?: number;
  /** How many drills are tried once all is well, or which of them; 3 when absent. */
  readonly drills?: number | readonly string[];
  /** Keeps the last frames, for a picture of them. */
  readonly keepFrames?: boolean;
}

export interface Failure {
  readonly kind: FailureKind;
  readonly invariant: string;
  readonly message: string;
  /** Since the beginning of the run. */
  readonly atNs: number;
}

export interface RunResult {
  readonly failure: Failure | null;
  /**
   * All that was done, with times since the beginning of the run; what mended the machines at the end is not among it.
   */
  readonly actions: readonly Action[];
  readonly mending: readonly Action[];
  readonly healedNs: number | null;
  readonly endNs: number;
  /** Of the machines at the end of a broken run; null when nothing was broken, or no link can hold what happened. */
  readonly digest: string | null;
  /** The machines that were mended; drills may have switched some of them off since. */
  readonly core: readonly number[];
  readonly figures: Figures;
  readonly frames: readonly WireFrame[];
}

/** What happens in a run: drawn, or given. */
export type Plan =
  | { readonly draw: Draw }
  | { readonly actions: readonly Action[]; readonly core: readonly number[]; readonly seed: number };

class Broken extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

interface Watcher {
  readonly name: string;
  readonly kind: FailureKind;
  readonly watch: Watch;
}

const MOST_FRAMES = 6000;

class Run {
  readonly #stage: Stage;
  readonly #subject: Subject;
  readonly #options: RunOptions;
  readonly #world: World;
  readonly #watchers: readonly Watcher[];
  readonly #meter: Meter;
  readonly #frames: WireFrame[] = [];
  readonly #drills: Drills | null;
  readonly #person: () => readonly FaultAction[];
  #trial: Trial | null = null;
  #frameProblem: Broken | null = null;
  readonly #mending: Action[] = [];

  constructor(stage: Stage, options: RunOptions) {
    this.#stage = stage;
    this.#subject = stage.subject;
    this.#options = options;
    stage.rewind();
    const { subject } = stage;
    this.#world = new World(stage.lab, subject.sealedFrom);
    this.#world.leaving = subject.leaving ?? null;
    this.#world.isApart = (index) => subject.isApart?.(this.#world, index) ?? false;
    this.#person = subject.person?.(this.#world) ?? (() => []);
    this.#watchers = stage.subject.invariants.map(({ name, kind, watch }) => ({
      name,
      kind,
      watch: watch(this.#world),
    }));
    this.#meter = new Meter(this.#world, stage.subject);
    this.#drills = options.drills === 0 ? null : (stage.subject.drills?.(this.#world) ?? null);
    this.#listen();
  }

  #listen(): void {
    const { lab } = this.#stage;
    const cables = new Map([
      ...lab.nodes.map(({ name }, index) => [name, index] as const),
      ["gateway", lab.nodes.length],
    ]);
    const hearing = this.#watchers.filter(({ watch }) => watch.frame !== undefined);
    const isKept = this.#options.keepFrames === true;
    lab.cluster.network.onFrame = (link, sender, sentNs, arrivalNs, bytes) => {
      const frame: WireFrame = { cable: cables.get(link.name) ?? -1, toSwitch: sender === 0, sentNs, arrivalNs, bytes };
      this.#meter.frame(frame);
      this.#drills?.frame?.(frame);
      this.#trial?.frame?.(frame);
      if (isKept) {
        this.#frames.push(frame);
        if (this.#frames.length > 2 * MOST_FRAMES) this.#frames.splice(0, MOST_FRAMES);
      }
      if (this.#frameProblem !== null) return;
      for (const { name, kind, watch } of hearing) {
        const message = watch.frame!(frame);
        if (message !== null) this.#frameProblem = this.#broken(name, kind, message);
      }
    };
  }

  #broken(invariant: string, kind: FailureKind, message: string): Broken {
    return new Broken({ invariant, kind, message, atNs: this.#world.nowNs - this.#world.startNs });
  }

  #look(): void {
    const world = this.#world;
    world.refresh();
    for (const { exitStatus, name, console } of this.#stage.lab.nodes)
      if (exitStatus !== null) {
        const [panic] = PANIC_LINE.exec(console.text) ?? [];
        const message = `${name} ended with status ${exitStatus}${panic === undefined ? "" : `: ${panic}`}`;
        throw this.#broken("no panic", "crash", message);
      }
    for (const { index, name } of world.nodes) {
      const { standstill } = this.#stage.lab.nodes[index]!;
      if (standstill !== null && world.cleanForNs(index) > BOOT_NS)
        throw this.#broken("no standstill", "stuck", `${name}: ${standstill}`);
    }
    if (this.#frameProblem !== null) throw this.#frameProblem;
    for (const { name, kind, watch } of this.#watchers) {
      const message = watch.look?.() ?? null;
      if (message !== null) throw this.#broken(name, kind, message);
    }
    this.#meter.look();
  }

  #perform(action: FaultAction): void {
    const world = this.#world;
    const timed: Action = { ...action, atNs: world.nowNs - world.startNs };
    const found = (when: "before" | "after"): Broken | null => {
      for (const { name, kind, watch } of this.#watchers) {
        const message = watch[when]?.(timed) ?? null;
        if (message !== null) return this.#broken(name, kind, message);
      }
      return null;
    };
    // What is already so is not done.
    if (isIdle(world, action)) return;
    if (world.healedNs === null && !this.#isMending) world.actions.push(timed);
    else this.#mending.push(timed);
    const before = found("before");
    perform(this.#stage.lab, action);
    world.note(timed);
    this.#meter.action(timed);
    const broken = before ?? found("after");
    if (broken !== null) throw broken;
  }

  #isMending = false;

  /** Lets time pass to a moment; looks on the way. */
  #runTo(untilNs: number): void {
    const world = this.#world;
    const { cluster } = this.#stage.lab;
    const everyNs = world.lookNs;
    while (world.nowNs < untilNs) {
      cluster.runUntil(Math.min(untilNs, (Math.floor(world.nowNs / everyNs) + 1) * everyNs));
      this.#look();
    }
  }

  #faults(plan: Plan): void {
    const world = this.#world;
    const endNs = world.startNs + this.#options.spanNs;
    if ("actions" in plan) {
      for (const action of plan.actions) {
        this.#runTo(Math.min(endNs, world.startNs + action.atNs));
        this.#perform(action);
      }
      this.#runTo(endNs);
      return;
    }
    // Machines that were in step are so no more.
    const random = new Random(plan.draw.seed, "spread");
    for (const { index } of world.nodes) this.#perform({ word: "freeze", node: index, values: [random.below(MS)] });
    const director = new Director(world, this.#subject, plan.draw);
    const joining = this.#joining(plan.draw.seed);
    while (world.nowNs < endNs) {
      for (const action of director.take()) if (!this.#waits(action)) this.#perform(action);
      while (joining[0] && joining[0].atNs <= world.nowNs) this.#perform(joining.shift()!);
      const nextLookNs = (Math.floor(world.nowNs / LOOK_NS) + 1) * LOOK_NS;
      this.#runTo(Math.min(endNs, director.nextNs, nextLookNs));
      director.look();
    }
  }

  /** Whether what is typed would wait for another command to end, and happen who knows when: in a drill, even. */
  #waits({ word, node }: FaultAction): boolean {
    return word === "type" && this.#subject.isAtPrompt?.(this.#world, node) === false;
  }

  /** Machines of another version join in the first half of the faults. */
  #joining(seed: number): Action[] {
    const { nodes, startNs } = this.#world;
    const random = new Random(seed, "join");
    return nodes
      .filter(({ isSealed }) => isSealed)
      .map(({ index }): Action => {
        const atNs = startNs + random.below(Math.max(1, this.#options.spanNs / (2 * MS))) * MS;
        return { atNs, word: "add", node: index, values: [] };
      });
  }

  /** Mends the machines of the core; takes the others away. */
  #heal(core: readonly number[], seed: number): void {
    const world = this.#world;
    const random = new Random(seed, "mend");
    this.#isMending = true;
    world.core = core;
    const mend = (node: number, word: Action["word"], ...values: (number | string)[]): void =>
      this.#perform({ word, node, values });
    for (const { index } of world.nodes) if (!core.includes(index) && world.isOn(index)) mend(index, "cut");
    for (const index of core) {
      const node = world.nodes[index]!;
      // A loader that met a bad disk waits for somebody.
      const isLost = node.diskWasBad && this.#subject.isUp?.(world, index) === false;
      mend(index, "heal");
      mend(index, "plug");
      mend(index, "slow", 1);
      mend(index, "fail", 0, 0);
      mend(index, "flip", 0);
      mend(index, "unflushed", 0);
      for (const action of this.#subject.mending?.(world, index) ?? []) this.#perform(action);
      if (!world.isOn(index)) mend(index, "power");
      else if (isLost) mend(index, "reset");
      else if (node.hasLeft && world.leaving) mend(index, "type", world.leaving.enter);
      this.#runTo(world.nowNs + random.below(MEND_SPREAD_MS) * MS);
    }
    const still = core.filter((index) => world.nodes[index]!.frozenUntilNs > world.nowNs);
    const stillNs = Math.max(world.nowNs, ...still.map((index) => world.nodes[index]!.frozenUntilNs));
    const isPressed = core.some((index) => world.isOn(index) && world.nodes[index]!.isPressed);
    this.#runTo(isPressed ? stillNs + OFF_NS : stillNs);
    // A machine that stood still when its power button was pressed has gone off since.
    for (const index of core) if (!world.isOn(index)) mend(index, "power");
    // What was typed while a machine stood still is begun only now.
    if (still.length > 0) this.#runTo(world.nowNs + READ_NS);
    for (const index of still) for (const action of this.#subject.mending?.(world, index) ?? []) this.#perform(action);
    world.healedNs = world.nowNs;
  }

  #live(): void {
    const world = this.#world;
    let limitNs = world.healedNs! + this.#options.boundNs;
    let wellNs: number | null = null;
    let missing: string | null = null;
    while (world.nowNs < limitNs || wellNs !== null) {
      this.#runTo(world.nowNs + LOOK_NS);
      if (this.#help()) limitNs = world.nowNs + this.#options.boundNs;
      missing = this.#subject.missing(world);
      if (missing === null) {
        wellNs ??= world.nowNs;
        this.#meter.healed(wellNs - world.healedNs!);
        if (world.nowNs - wellNs >= (this.#options.steadyNs ?? STEADY_NS)) return;
      } else {
        if (wellNs !== null && world.nowNs >= limitNs) break;
        wellNs = null;
      }
    }
    throw this.#broken("well again", "stuck", `${missing ?? "nothing is missing"}, though nothing is wrong any more`);
  }

  /** A person does what is to be done, if anything is. */
  #help(): boolean {
    const actions = this.#person();
    for (const action of actions) this.#perform(action);
    return actions.length > 0;
  }

  /** Tries a few things with machines that are well. */
  #drill(seed: number): void {
    const random = new Random(seed, "drills");
    const all = this.#drills?.all ?? [];
    const asked = this.#options.drills ?? DRILLS;
    const isDrawn = typeof asked === "number";
    for (const drill of isDrawn && asked > 0 ? all : [])
      if (drill.percent !== undefined && random.chance(drill.percent)) this.#try(drill, random);
    const drills = all.filter(({ name, percent }) => (isDrawn ? percent === undefined : asked.includes(name)));
    for (let left = isDrawn ? asked : drills.length; left > 0 && drills.length > 0; left--) {
      const [drill] = drills.splice(random.below(drills.length), 1);
      this.#try(drill!, random);
    }
  }

  #try(drill: Drill, random: Random): void {
    const world = this.#world;
    const trial = drill.begin(random);
    if (trial === null) return;
    this.#trial = trial;
    const endNs = world.nowNs + trial.lastsNs;
    let missing = trial.missing?.() ?? null;
    do {
      for (const action of trial.step?.() ?? []) this.#perform(action);
      if (trial.hasPerson) this.#help();
      this.#runTo(Math.min(endNs, world.nowNs + LOOK_NS));
      const wrong = trial.wrong?.() ?? null;
      if (wrong !== null) throw this.#broken(drill.name, "wrong", wrong);
      missing = trial.missing?.() ?? null;
    } while (world.nowNs < endNs && trial.isLate?.() !== true && (missing !== null || !trial.missing));
    this.#trial = null;
    if (missing !== null) throw this.#broken(drill.name, "stuck", missing);
    world.core = world.core.filter((index) => world.isOn(index));
    this.#recover(drill.name);
  }

  /** Waits until those that are left are well after a drill. */
  #recover(after: string): void {
    const world = this.#world;
    let limitNs = world.nowNs + this.#options.boundNs;
    let wellNs = world.nowNs;
    for (;;) {
      if (this.#help()) limitNs = world.nowNs + this.#options.boundNs;
      const missing = this.#subject.missing(world);
      if (missing !== null) wellNs = world.nowNs;
      else if (world.nowNs - wellNs >= RECOVERED_NS) return;
      if (missing !== null && world.nowNs >= limitNs)
        throw this.#broken("well again", "stuck", `${missing}, long after this: ${after}`);
      this.#runTo(world.nowNs + LOOK_NS);
    }
  }

  do(plan: Plan): RunResult {
    const world = this.#world;
    const [core, seed] = "draw" in plan ? [this.#coreOf(plan.draw), plan.draw.seed] : [plan.core, plan.seed];
    let failure: Failure | null = null;
    try {
      this.#faults(plan);
      this.#heal(core, seed);
      this.#live();
      this.#drill(seed);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      ({ failure } = error);
    } finally {
      this.#stage.lab.cluster.network.onFrame = null;
    }
    const { startNs } = world;
    // A link repeats a run from the machines' beginning, where an older copy of a disk is another one than here.
    const hasLink = !world.heardStranger && ![...world.actions, ...this.#mending].some(({ word }) => word === "older");
    return {
      failure,
      actions: world.actions,
      mending: this.#mending,
      healedNs: world.healedNs === null ? null : world.healedNs - startNs,
      endNs: world.nowNs - startNs,
      digest: failure && hasLink ? this.#stage.lab.digest() : null,
      core,
      figures: this.#meter.figures(),
      frames: this.#frames,
    };
  }

  #coreOf({ coreCount, seed }: Draw): number[] {
    const random = new Random(seed, "core");
    const world = this.#world;
    const machines = world.nodes.map(({ index }) => index).slice(0, this.#stage.machines);
    const chosen: number[] = [];
    while (chosen.length < coreCount) chosen.push(...machines.splice(random.below(machines.length), 1));
    return chosen.sort((a, b) => a - b);
  }
}

/** Whether a machine is already as an action would make it. */
function isIdle(world: World, { word, node }: FaultAction): boolean {
  const { cluster } = world.lab;
  const isOn = world.isOn(node);
  if (word === "cut" || word === "button" || word === "reset" || word === "freeze" || word === "type") return !isOn;
  if (word === "power" || word === "add") return isOn;
  if (word === "plug") return cluster.isPlugged(node);
  return false;
}

/** Lets a run happen on a stage, from its beginning. The same plan gives the same result. */
export function runOnce(stage: Stage, plan: Plan, options: RunOptions): RunResult {
  return new Run(stage, options).do(plan);
}

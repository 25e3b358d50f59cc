/**
 * A run that can be gone back in. It holds what was done and when; any moment of it is reached from the checkpoint
 * before it, by doing again what was done after that. What is done at a moment that has a future begins another future;
 * the old one is kept as a branch.
 */
import type { Checkpoint } from "../../emulator/debug/checkpoint.ts";
import { Checkpoints } from "../../emulator/debug/checkpoints.ts";
import { type Action, perform } from "./actions.ts";
import type { LabCluster } from "./cluster.ts";
import type { ConsoleText } from "./console.ts";

/** A future that was left. */
export interface Branch {
  readonly name: string;
  readonly actions: readonly Action[];
  /** Where it parts from what came instead, and how far it had come. */
  readonly fromNs: number;
  readonly endNs: number;
}

export interface TimelineOptions {
  /** What checkpoints may hold. */
  readonly budgetBytes: number;
  /** What an observer wants to have back when the run goes back to this moment. */
  readonly save?: () => unknown;
  /** The run has gone back: what was observed from this time on will be observed again. `saved` is from there. */
  readonly wentBack?: (toNs: number, saved: unknown) => void;
  /** What was known of later times than this is the future of another branch now, or of none. */
  readonly parted?: (afterNs: number) => void;
  /** Something was done, for the first time or again. */
  readonly performed?: (action: Pick<Action, "word" | "node">) => void;
}

type ConsoleState = ReturnType<ConsoleText["save"]>;

/** What goes with a checkpoint. */
export interface KeptWith {
  readonly consoles: readonly ConsoleState[];
  readonly saved: unknown;
}

const MOST_CHECKPOINTS = 160;
/** Of one machine: a sixth of a second of repetition. */
const INSTRUCTIONS = 8_000_000;
/** A checkpoint looks at all memory: with more machines they are further apart. */
const SPACING_NS = 1_500_000_000;
const MACHINES_AT_ONCE = 4;
/** A run is cut here at the least, so that checkpoints come when they are due. */
const LEG_NS = 50_000_000;
/** How often a lookout may stop it. */
const LOOK_NS = 1_000_000;

export class Timeline {
  readonly lab: LabCluster;
  readonly #options: TimelineOptions;
  readonly #checkpoints: Checkpoints;
  readonly #kept = new WeakMap<Checkpoint, KeptWith>();
  #actions: readonly Action[];
  /** The first of them that has not been done. */
  #next = 0;
  /** How far the run is known. */
  #endNs: number;
  readonly #branches: Branch[] = [];
  #branchCount = 0;

  /** `lab` stands at its beginning. `endNs`: how far what is known of the run goes. */
  constructor(lab: LabCluster, actions: readonly Action[], endNs: number, options: TimelineOptions) {
    this.lab = lab;
    this.#options = options;
    this.#actions = actions;
    this.#endNs = endNs;
    const machines = lab.nodes.length;
    this.#checkpoints = new Checkpoints(lab.cluster, {
      instructions: INSTRUCTIONS * machines,
      timeNs: SPACING_NS * Math.max(1, machines / MACHINES_AT_ONCE),
      most: MOST_CHECKPOINTS,
      mostBytes: options.budgetBytes,
    });
    this.#perform();
    this.#take();
  }

  get nowNs(): number {
    return this.lab.nowNs;
  }

  get endNs(): number {
    return Math.max(this.#endNs, this.nowNs);
  }

  get actions(): readonly Action[] {
    return this.#actions;
  }

  /** What has been done up to now. */
  get done(): readonly Action[] {
    return this.#actions.slice(0, this.#next);
  }

  get branches(): readonly Branch[] {
    return this.#branches;
  }

  get sizeBytes(): number {
    return this.#checkpoints.sizeBytes;
  }

  get checkpointCount(): number {
    return this.#checkpoints.all.length;
  }

  /** In the order of time, the first at the beginning. */
  get checkpoints(): readonly Checkpoint[] {
    return this.#checkpoints.all;
  }

  keptWith(checkpoint: Checkpoint): KeptWith {
    return this.#kept.get(checkpoint)!;
  }

  /**
   * Takes up a run that was kept: these are its checkpoints, instead of those that there are, and its other futures.
   */
  adopt(kept: ReadonlyMap<Checkpoint, KeptWith>, branches: readonly Branch[]): void {
    for (const [checkpoint, others] of kept) this.#kept.set(checkpoint, others);
    this.#checkpoints.replace([...kept.keys()]);
    this.#branches.splice(0, Infinity, ...branches);
    this.#branchCount = branches.length;
    this.#restore(this.#checkpoints.all.at(-1)!);
  }

  /** Does what is due now. */
  #perform(): void {
    for (;;) {
      const action = this.#actions[this.#next];
      if (action === undefined || action.atNs > this.nowNs) return;
      this.#next++;
      this.#do(action);
    }
  }

  #do(action: Omit<Action, "atNs">): void {
    perform(this.lab, action);
    this.#options.performed?.(action);
  }

  #take(): void {
    this.#checkpoints.take(false);
    const consoles = this.lab.nodes.map(({ console }) => console.save());
    this.#kept.set(this.#checkpoints.all.at(-1)!, { consoles, saved: this.#options.save?.() });
  }

  /** Lets virtual time pass up to a time, doing what was done on the way; `stop` may end it at any millisecond. */
  run(untilNs: number, stop: () => boolean = () => false): void {
    const { cluster } = this.lab;
    let stopped = false;
    const look = (): boolean => (stopped = stop());
    while (this.nowNs < untilNs && !stopped) {
      if (this.#checkpoints.isDue && cluster.openQuantumNs === null && this.nowNs > this.#lastNs) this.#take();
      const actionNs = this.#actions[this.#next]?.atNs ?? Infinity;
      cluster.runUntil(Math.min(untilNs, actionNs, this.nowNs + LEG_NS), { everyNs: LOOK_NS, look });
      this.#perform();
      stopped ||= stop();
    }
    this.#endNs = Math.max(this.#endNs, this.nowNs);
  }

  get #lastNs(): number {
    return this.#checkpoints.all.at(-1)?.clusterNs ?? -1;
  }

  /** Goes to the last checkpoint that is not after a time, if that is nearer than where the run stands. */
  approach(timeNs: number): void {
    const number = this.#checkpoints.all.findLastIndex(({ clusterNs }) => clusterNs <= timeNs);
    const checkpoint = this.#checkpoints.all[Math.max(0, number)]!;
    if (timeNs >= this.nowNs && checkpoint.clusterNs <= this.nowNs) return;
    this.#restore(checkpoint);
  }

  #restore(checkpoint: Checkpoint): void {
    this.#settle();
    checkpoint.restore(this.lab.cluster);
    const { consoles, saved } = this.#kept.get(checkpoint)!;
    this.lab.nodes.forEach(({ console }, index) => console.restore(consoles[index]!));
    this.#checkpoints.moved();
    this.#next = firstAfter(this.#actions, checkpoint.clusterNs);
    this.#options.wentBack?.(checkpoint.clusterNs, saved);
  }

  /** Machines that were paused within a quantum go on to its end. */
  #settle(): void {
    const { cluster } = this.lab;
    for (const host of cluster.hosts) if (host.paused) host.resume();
    if (cluster.openQuantumNs !== null) cluster.runUntil(cluster.openQuantumNs);
  }

  /** Lets one machine execute so many instructions; the others keep pace. */
  stepInstructions(index: number, count: number): void {
    const { cluster } = this.lab;
    const machine = cluster.hosts[index]!;
    for (const other of cluster.hosts) if (other.paused) other.resume();
    if (machine.power === "off") return;
    machine.pauseAt(machine.instructions + count);
    const limitNs = this.nowNs + 10e9;
    while (!machine.paused && this.nowNs < limitNs) {
      const actionNs = this.#actions[this.#next]?.atNs ?? Infinity;
      cluster.runUntil(Math.min(limitNs, actionNs));
      if (!machine.paused) this.#perform();
    }
    this.#endNs = Math.max(this.#endNs, this.nowNs);
  }

  /** Does something now. What was known of the future is kept as a branch; returns it if there was one. */
  act(action: Omit<Action, "atNs">): Branch | null {
    this.#settle();
    this.#perform();
    const atNs = this.nowNs;
    const hadFuture = this.#next < this.#actions.length || this.#endNs > atNs;
    const left = hadFuture ? this.#keepBranch(atNs) : null;
    this.#actions = [...this.done, { ...action, atNs }];
    this.#next++;
    this.#endNs = atNs;
    // What stands at this very moment stands before the action.
    this.#checkpoints.keep(({ clusterNs }) => clusterNs < atNs || clusterNs === 0);
    this.#do(action);
    if (this.#lastNs >= atNs) this.#checkpoints.cut(0);
    if (this.checkpointCount === 0) this.#take();
    this.#options.parted?.(atNs);
    return left;
  }

  #keepBranch(fromNs: number): Branch {
    const branch: Branch = { name: branchName(this.#branchCount++), actions: this.#actions, fromNs, endNs: this.endNs };
    this.#branches.push(branch);
    return branch;
  }

  /**
   * Takes up a future that was left; what goes on now is kept in its place, and returned. The run then stands where
   * they part.
   */
  switchTo(branch: Branch): Branch | null {
    const index = this.#branches.indexOf(branch);
    if (index < 0) return null;
    this.#settle();
    const partNs = partingNs(this.#actions, branch.actions);
    const here = {
      name: branchName(this.#branchCount++),
      actions: this.#actions,
      fromNs: branch.fromNs,
      endNs: this.endNs,
    };
    this.#branches.splice(index, 1, here);
    this.#checkpoints.keep(({ clusterNs }) => clusterNs < partNs || clusterNs === 0);
    this.#actions = branch.actions;
    this.#endNs = branch.endNs;
    this.#options.parted?.(partNs - 1);
    if (this.nowNs >= partNs) this.#restore(this.#checkpoints.all.at(-1)!);
    return here;
  }
}

function firstAfter(actions: readonly Action[], timeNs: number): number {
  const index = actions.findIndex(({ atNs }) => atNs > timeNs);
  return index < 0 ? actions.length : index;
}

/** The time of the first action that only one of two lists has. */
function partingNs(first: readonly Action[], second: readonly Action[]): number {
  for (let index = 0; ; index++) {
    const [a, b] = [first[index], second[index]];
    if (a === undefined && b === undefined) return Infinity;
    if (a === b) continue;
    return Math.min(a?.atNs ?? Infinity, b?.atNs ?? Infinity);
  }
}

function branchName(number: number): string {
  const letter = String.fromCharCode("A".charCodeAt(0) + (number % 26));
  return number < 26 ? letter : `${letter}${Math.floor(number / 26) + 1}`;
}

/** What must hold in every run, and what a system has to tell of itself so that it can be put through faults. */
import type { Action } from "../lab/actions.ts";
import type { LabCluster } from "../lab/cluster.ts";
import type { FaultAction } from "../lab/fault-kinds.ts";
import type { Drills } from "./drill.ts";
import type { WireFrame, World } from "./world.ts";

/**
 * `crash`: a machine ended by a fault of its own; `wrong`: it did what it must not; `stuck`: it does not do what it
 * must.
 */
export type FailureKind = "crash" | "wrong" | "stuck";

export interface Invariant {
  /** A few words, by which failures are grouped. */
  readonly name: string;
  readonly kind: FailureKind;
  /** The rule as a sentence. */
  readonly rule: string;
  /** Begins to watch a run. */
  watch(world: World): Watch;
}

/** Each returns what is wrong, as a sentence, or null. Nothing may be changed. */
export interface Watch {
  /** Called every few virtual milliseconds, after everything that happened up to now. */
  look?(): string | null;
  /** A frame was sent into a cable. */
  frame?(frame: WireFrame): string | null;
  /** Something is about to be done: a machine that will have no power still has its memory. */
  before?(action: Action): string | null;
  /** It has been done, and nothing has happened since. */
  after?(action: Action): string | null;
}

/** Something that faults can wait for. */
export interface WorldEvent {
  readonly name: string;
  /** Called at each look: has it happened since the last one? */
  watch(world: World): () => boolean;
}

/** What a system knows of its machines' deaths. */
export interface Watchfulness {
  /** Whether a machine takes another one for alive; null when it cannot say. */
  sees(world: World, observer: number, other: number): boolean | null;
  /** Who speaks for all; null when nobody does. */
  speaker(world: World): number | null;
}

/** A system under faults. */
export interface Subject {
  /** Machines that stand in the state from which each run begins, in this thread. */
  readonly make: () => LabCluster | Promise<LabCluster>;
  readonly invariants: readonly Invariant[];
  /**
   * Called after all faults are over, for the machines that must live on: what is still missing, as a sentence, or null
   * when the system is well again.
   */
  readonly missing: (world: World) => string | null;
  /** Whether what a machine boots has come up: one that met a bad disk on the way is restarted in the end. */
  readonly isUp?: (world: World, index: number) => boolean;
  /** Whether a machine does at once what is typed; it is not typed where it would have to wait. */
  readonly isAtPrompt?: (world: World, index: number) => boolean;
  /**
   * Whether a machine is apart from the others by what it knows, such as another key: that is trouble, as a cable's is.
   */
  readonly isApart?: (world: World, index: number) => boolean;
  /** Names of the faults that are drawn for it; all that mean something to any system's machines when absent. */
  readonly faults?: readonly string[];
  /** All its machines but the first are without hard disks. */
  readonly isDiskless?: boolean;
  /** What else ends all that is wrong with a machine, or with where it stands. */
  readonly mending?: (world: World, index: number) => readonly FaultAction[];
  /** What is typed at a machine that is to leave the others, and to return. */
  readonly leaving?: { readonly leave: string; readonly enter: string };
  /**
   * Called at the beginning of each run: a person, who is asked at each look once faults are over what to do. The bound
   * is counted from what was done last.
   */
  readonly person?: (world: World) => () => readonly FaultAction[];
  /** Machines by what they do: called when a fault needs one; null while none does it. */
  readonly roles?: Readonly<Record<string, (world: World) => number | null>>;
  /** Other names of roles, which `--who` takes; what a seed draws has them under one name. */
  readonly otherNames?: Readonly<Record<string, string>>;
  readonly events?: readonly WorldEvent[];
  /** Called at the beginning of each run: what may be tried at its end. */
  readonly drills?: (world: World) => Drills;
  /** For figures; without it none are taken of deaths. */
  readonly watchfulness?: Watchfulness;
  /** Machines that are off in the beginning and may be switched on: from this number on; none when absent. */
  readonly sparesFrom?: number;
  /** Machines whose memory is not read, as their kernel is another one: from this number on. */
  readonly sealedFrom?: number;
}

/** How many of `count` machines take part from the beginning. */
export function machinesOf({ sparesFrom }: Pick<Subject, "sparesFrom">, count: number): number {
  return Math.min(sparesFrom ?? count, count);
}

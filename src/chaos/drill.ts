/** What is tried at the end of a run, when all is well: what happens, and what must come of it within a stated time. */
import type { Random } from "../../emulator/state/random.ts";
import type { FaultAction } from "../lab/fault-kinds.ts";
import type { WireFrame } from "./world.ts";

export interface Drill {
  /** A few words, by which failures are grouped. */
  readonly name: string;
  /** Of a hundred runs so many begin their drills with it, beside those that are drawn; absent: it is drawn. */
  readonly percent?: number;
  /** What must come of it, as a sentence. */
  readonly rule: string;
  /** Begins one; null when it cannot be tried with the machines as they are. */
  begin(random: Random): Trial | null;
}

/** A drill that goes on. What it says is a sentence, or null. */
export interface Trial {
  readonly lastsNs: number;
  /** The person is there, and does what the machines ask for. */
  readonly hasPerson?: boolean;
  /** Called at each look: what is to be done now. */
  step?(): readonly FaultAction[];
  frame?(frame: WireFrame): void;
  /** What must not be. */
  wrong?(): string | null;
  /** What has to come before it is over; null ends it. */
  missing?(): string | null;
  /** What is missing does not come any more. */
  isLate?(): boolean;
}

/** The drills of a run. */
export interface Drills {
  readonly all: readonly Drill[];
  /** Every frame of the run. */
  frame?(frame: WireFrame): void;
}

/** Gives its actions the first time it is asked. */
export class Once {
  readonly #actions: readonly FaultAction[];
  isDone = false;

  constructor(...actions: readonly FaultAction[]) {
    this.#actions = actions;
  }

  take(): readonly FaultAction[] {
    const actions = this.isDone ? [] : this.#actions;
    this.isDone = true;
    return actions;
  }
}

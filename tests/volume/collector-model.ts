/**
 * How what nobody has is found and deleted while volumes are cloned and removed (docs/formats/volume.md, "Garbage"), as
 * a model: one object that a snapshot has, somebody who clones that, somebody who removes it, and two collectors. Heads
 * are read one after the other, in either order.
 */
import { type Actor, copyOf, type Explored, explore } from "./explore.ts";

interface CollectorState {
  at: "begin" | "scan" | "note" | "sweep" | "end";
  generation: number;
  /** Heads that are still to be read. */
  left: string[];
  hasSeen: boolean;
  rounds: number;
}

interface State {
  generation: number;
  /** Generations in which the object was had by no head that was read. */
  condemned: number[];
  isThere: boolean;
  snapshot: "there" | "removed";
  clone: "none" | "provisional" | "there" | "void";
  cloner: { at: "begin" | "read" | "make" | "check" | "confirm" | "end"; generation: number };
  collectors: Record<string, CollectorState>;
}

export interface Faults {
  /** The clone counts without a look whether a collection has begun meanwhile. */
  readonly noCheck?: boolean;
  /** What one collection finds is deleted in it. */
  readonly atOnce?: boolean;
  /** A clone that is not confirmed yet is no reason to keep an object. */
  readonly ignoresProvisional?: boolean;
  /** What a collector finds counts though another has begun meanwhile. */
  readonly lateNotes?: boolean;
}

const ROUNDS = 2;
const COLLECTORS = ["one", "two"] as const;

function beginning(): State {
  const collector = (): CollectorState => ({ at: "begin", generation: 0, left: [], hasSeen: false, rounds: 0 });
  return {
    generation: 1,
    condemned: [],
    isThere: true,
    snapshot: "there",
    clone: "none",
    cloner: { at: "begin", generation: 0 },
    collectors: Object.fromEntries(COLLECTORS.map((name) => [name, collector()])),
  };
}

function clones(state: State, faults: Faults): State[] {
  const me = state.cloner;
  if (me.at === "begin") {
    me.generation = state.generation;
    me.at = "read";
  } else if (me.at === "read") me.at = state.snapshot === "there" ? "make" : "end";
  else if (me.at === "make") {
    state.clone = "provisional";
    me.at = "check";
  } else if (me.at === "check") {
    const isSure = faults.noCheck || state.generation === me.generation;
    if (!isSure) state.clone = "void";
    me.at = isSure ? "confirm" : "end";
  } else {
    state.clone = "there";
    me.at = "end";
  }
  return [state];
}

function collects(state: State, name: string, faults: Faults): State[] {
  const me = state.collectors[name]!;
  if (me.at === "begin") {
    // A swap of what all collectors count by; who loses looks again.
    me.generation = ++state.generation;
    me.left = ["snapshot", "clone"];
    me.hasSeen = false;
    me.at = "scan";
    return [state];
  }
  if (me.at === "scan")
    return me.left.map((head) => {
      const after = copyOf(state);
      const then = after.collectors[name]!;
      const { snapshot, clone } = state;
      const isSure = clone === "there" || (clone === "provisional" && !faults.ignoresProvisional);
      const isHad = head === "snapshot" ? snapshot === "there" : isSure;
      then.hasSeen ||= isHad;
      then.left = then.left.filter((other) => other !== head);
      if (then.left.length === 0) then.at = "note";
      return after;
    });
  if (me.at === "note") {
    // Swapped as well: what was found in a generation counts if that ended before the next one began.
    const isOwn = faults.lateNotes || state.generation === me.generation;
    if (!me.hasSeen && isOwn) state.condemned.push(me.generation);
    me.at = "sweep";
    return [state];
  }
  const { condemned } = state;
  const isOld = faults.atOnce || condemned.includes(me.generation - 1);
  if (isOld && condemned.includes(me.generation)) state.isThere = false;
  me.rounds++;
  me.at = me.rounds < ROUNDS ? "begin" : "end";
  return [state];
}

export function exploreCollection(faults: Faults = {}): Explored & { readonly deletes: boolean } {
  let deletes = false;
  const actors: Actor<State>[] = [
    { name: "cloner", step: (state) => clones(state, faults), hasEnded: ({ cloner }) => cloner.at === "end" },
    {
      name: "remover",
      step: (state) => [{ ...state, snapshot: "removed" }],
      hasEnded: ({ snapshot }) => snapshot === "removed",
    },
    ...COLLECTORS.map((name) => ({
      name,
      step: (state: State) => collects(state, name, faults),
      hasEnded: ({ collectors }: State) => collectors[name]!.at === "end",
    })),
  ];
  const explored = explore(beginning(), actors, ({ isThere, snapshot, clone }) => {
    deletes ||= !isThere;
    return !isThere && (snapshot === "there" || clone === "there") ? "an object is deleted that a volume has" : null;
  });
  return { ...explored, deletes };
}

/**
 * How a volume changes its owner (docs/formats/volume.md, "The head"), as a model: one object of one block, writers
 * that write, make it durable and only then answer, and others who break the lock of whoever has it, in the middle of a
 * rescue too. Every swap's answer may be lost.
 */
import { type Actor, copyOf, type Explored, explore } from "./explore.ts";

interface Head {
  readonly epoch: number;
  readonly owner: string;
  /** Objects of this epoch are still to be copied into those of the head's own; null: all are. */
  readonly from: number | null;
}

interface WriterState {
  at: "look" | "swap" | "unsure" | "copy" | "paste" | "finish" | "write" | "check" | "answer" | "end";
  seen: Head | null;
  mine: number;
  copied: number;
  wrote: number;
}

interface State {
  head: Head;
  /** Of an epoch's object: the last thing written into it. Absent: there is none. */
  objects: Record<number, number>;
  writers: Record<string, WriterState>;
  /** The last write that a writer was told is durable, and the epoch in which that was. */
  answered: { value: number; epoch: number } | null;
  /** What is wrong, found by a step. */
  wrong: string | null;
}

/** What a planted fault leaves out. */
export interface Faults {
  /** A writer answers without looking whether it is still the owner. */
  readonly noCheck?: boolean;
  /** Who breaks a lock goes on with the old owner's objects, and copies none. */
  readonly noCopy?: boolean;
  /** The objects are copied before the head says that the epoch is another. */
  readonly copyFirst?: boolean;
  /** A rescue that was interrupted is taken for one that was finished. */
  readonly forgetsRescue?: boolean;
}

const WRITES = 2;
const NAMES = ["a", "b", "c"] as const;

const beginning = (): State => ({
  head: { epoch: 1, owner: "a", from: null },
  objects: { 1: 0 },
  writers: Object.fromEntries(
    NAMES.map((name) => [name, { at: name === "a" ? "write" : "look", seen: null, mine: 1, copied: 0, wrote: 0 }]),
  ),
  answered: null,
  wrong: null,
});

const isSame = (one: Head, other: Head): boolean => JSON.stringify(one) === JSON.stringify(other);

/** What somebody finds that has the volume and reads: all that was answered in epochs before. */
function read(state: State, epoch: number): void {
  const value = state.objects[epoch];
  const { answered } = state;
  if (value === undefined) state.wrong = "an object is missing";
  else if (answered !== null && answered.epoch < epoch && value < answered.value)
    state.wrong = `write ${answered.value} was answered, and ${value} is read`;
}

function step(state: State, name: string, faults: Faults): State[] {
  const me = state.writers[name]!;
  switch (me.at) {
    case "look": {
      me.seen = state.head;
      me.copied = state.objects[state.head.epoch] ?? -1;
      me.at = "swap";
      return [state];
    }
    case "swap":
      return swapped(state, me, faults, breaking(me.seen!, name, faults), "copy");
    case "unsure": {
      // The answer was lost: whose head it is says what happened.
      const happened = state.head.owner === name && state.head.epoch === me.seen!.epoch + 1;
      me.at = happened ? (state.head.from === null ? "write" : "copy") : "look";
      if (me.at !== "look") me.mine = state.head.epoch;
      if (me.at === "write") read(state, me.mine);
      return [state];
    }
    case "copy": {
      me.copied = state.objects[breaking(me.seen!, name, faults).from!] ?? -1;
      me.at = "paste";
      return [state];
    }
    case "paste": {
      if (faults.noCopy) state.objects[me.mine] = state.objects[me.seen!.epoch]!;
      else if (me.copied >= 0) state.objects[me.mine] = me.copied;
      me.at = "finish";
      return [state];
    }
    case "finish": {
      const wanted: Head = { epoch: me.mine, owner: name, from: null };
      if (state.head.owner !== name || state.head.epoch !== me.mine) me.at = "end";
      else {
        state.head = wanted;
        me.at = "write";
        read(state, me.mine);
      }
      return [state];
    }
    case "write": {
      // Values grow with what their writer has seen, so that a lost one shows.
      const epoch = faults.noCopy && name !== "a" ? me.seen!.epoch : me.mine;
      state.objects[epoch] = 10 * me.mine + ++me.wrote;
      me.at = "check";
      return [state];
    }
    case "check": {
      const isOwner = state.head.epoch === me.mine && state.head.owner === name;
      me.at = isOwner || faults.noCheck ? "answer" : "end";
      return [state];
    }
    case "answer": {
      const value = 10 * me.mine + me.wrote;
      if (state.answered === null || value > state.answered.value) state.answered = { value, epoch: me.mine };
      // A later owner may have begun to read meanwhile.
      if (state.head.from === null && state.head.epoch > me.mine) read(state, state.head.epoch);
      me.at = me.wrote < WRITES ? "write" : "end";
      return [state];
    }
    default:
      return [state];
  }
}

/** The head of whoever takes the volume from another. */
function breaking(seen: Head, name: string, faults: Faults): Head {
  const from = faults.forgetsRescue ? seen.epoch : (seen.from ?? seen.epoch);
  return { epoch: seen.epoch + 1, owner: name, from };
}

/** Swaps the head for `wanted`: it may have been another meanwhile, and the answer may be lost either way. */
function swapped(state: State, me: WriterState, faults: Faults, wanted: Head, then: WriterState["at"]): State[] {
  const isMine = isSame(state.head, me.seen!);
  const lost = copyOf(state);
  const name = wanted.owner;
  lost.writers[name]!.at = "unsure";
  const never = copyOf(lost);
  if (!isMine) {
    me.at = "look";
    return [state, never];
  }
  if (faults.copyFirst) {
    state.objects[wanted.epoch] = me.copied;
    lost.objects[wanted.epoch] = me.copied;
  }
  state.head = faults.copyFirst ? { ...wanted, from: null } : wanted;
  lost.head = state.head;
  me.mine = wanted.epoch;
  me.at = faults.copyFirst ? "write" : then;
  return [state, lost, never];
}

export function exploreOwners(faults: Faults = {}): Explored {
  const actors: Actor<State>[] = NAMES.map((name) => ({
    name,
    step: (state) => step(state, name, faults),
    hasEnded: (state) => state.writers[name]!.at === "end" || state.head.epoch > 4,
  }));
  return explore(beginning(), actors, (state) => state.wrong);
}

/**
 * What can be seen of a run, as one list: each frame and each line on a console, by its time and a hash. Two futures
 * are compared by their lists; a moment that is repeated after going back is already in its list.
 */
import { fnv1a, fnv1aOfText } from "../../bytes/fnv.ts";
import type { Branch } from "../../lab/timeline.ts";

/** More is not remembered: futures are then compared up to here. */
const MOST_EVENTS = 500_000;
/** Stands for no arrival where only numbers can. */
const LOST = -1;

interface Event {
  readonly atNs: number;
  readonly hash: number;
  /** A cable's number, or -1 less a machine's for its console. */
  readonly where: number;
  /** Of a frame that comes; null of one that is lost, and of lines. */
  readonly arrivalNs: number | null;
}

/** Where two futures show something else for the first time. */
export interface Difference {
  readonly atNs: number;
  readonly where: number;
}

/** A list, and up to where it is the same as that of the run that goes on. */
interface Left {
  readonly events: readonly Event[];
  same: number;
}

export class Trace {
  #events: Event[] = [];
  /** How many of them are before where the run stands. */
  #count = 0;
  #left = new Map<Branch, Left>();

  /** Something was seen; after going back it is what was seen there before. */
  note(atNs: number, where: number, bytes: Uint8Array | string, arrivalNs: number | null = null): void {
    if (this.#count >= MOST_EVENTS) return;
    if (this.#count === this.#events.length)
      this.#events.push({
        atNs,
        hash: typeof bytes === "string" ? fnv1aOfText(bytes) : fnv1a(bytes),
        where,
        arrivalNs,
      });
    this.#count++;
  }

  /** For `restore`: where the run stands. */
  get position(): number {
    return this.#count;
  }

  /** The part of the list between two positions, as numbers in a row, for `adopt`. */
  slice(from: number, to: number): number[] {
    return this.#events
      .slice(from, to)
      .flatMap(({ atNs, hash, where, arrivalNs }) => [atNs, hash, where, arrivalNs ?? LOST]);
  }

  /** The list of a run that was kept, as `slice` gave its parts; the run stands at its end. */
  adopt(numbers: readonly number[]): void {
    this.#events = [];
    for (let at = 0; at + 3 < numbers.length; at += 4) {
      const [atNs = 0, hash = 0, where = 0, arrivalNs = LOST] = numbers.slice(at, at + 4);
      this.#events.push({ atNs, hash, where, arrivalNs: arrivalNs === LOST ? null : arrivalNs });
    }
    this.#count = this.#events.length;
  }

  /** The run has gone back to where this was its position. */
  restore(position: number): void {
    this.#count = position;
  }

  /** The future that was known from here on is left for another one. Without a branch, nothing was to be kept. */
  part(branch: Branch | null): void {
    if (branch) this.#left.set(branch, { events: this.#events, same: 0 });
    this.#events = this.#events.slice(0, this.#count);
    this.#afresh();
  }

  /** A future that was left is taken up; what goes on now is left in its place. */
  exchange(taken: Branch, left: Branch): void {
    const events = this.#left.get(taken)?.events ?? [];
    this.#left.delete(taken);
    this.#left.set(left, { events: this.#events, same: 0 });
    this.#events = [...events];
    this.#count = Math.min(this.#count, this.#events.length);
    this.#afresh();
  }

  #afresh(): void {
    for (const left of this.#left.values()) left.same = 0;
  }

  /** Null while the two have shown the same, as far as both are known. */
  difference(branch: Branch, knownNs: number): Difference | null {
    const left = this.#left.get(branch);
    if (!left) return null;
    const [here, there] = [this.#events, left.events];
    while (left.same < here.length && left.same < there.length && isSame(here[left.same]!, there[left.same]!))
      left.same++;
    const [ours, theirs] = [here[left.same], there[left.same]];
    if (ours && theirs) return ours.atNs <= theirs.atNs ? ours : theirs;
    // One of them has nothing more: that is a difference only where it is known to be silent.
    if (ours && ours.atNs < branch.endNs) return ours;
    return theirs && theirs.atNs < knownNs ? theirs : null;
  }
}

function isSame(first: Event, second: Event): boolean {
  const isSameMoment = first.atNs === second.atNs && first.arrivalNs === second.arrivalNs;
  return isSameMoment && first.hash === second.hash && first.where === second.where;
}

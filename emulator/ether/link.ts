/**
 * A cable with two ends: latency, the rate of gigabit Ethernet, a bounded queue for each direction, up or down, and for
 * each direction what is wrong with it.
 * A link holds no frames; it says when a frame that is sent now arrives, if it does.
 */
import { Random } from "../state/random.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";

/** Time of one byte at 1 Gb/s. */
const BYTE_NS = 8;
/** Preamble, start delimiter, FCS and the gap between frames. */
const OVERHEAD_BYTES = 24;
/** A sender's queue: what it may have waiting, as time on the wire. About 256 full frames. */
const QUEUE_NS = 3_000_000;

/** Which end of the link: 0 or 1. */
export type LinkEnd = 0 | 1;

/** What is wrong with one direction of a cable. */
export interface Trouble {
  /** Nothing gets through, and neither end's link goes down. */
  readonly blocked: boolean;
  /** How many of a hundred frames are lost, and how many come later by `delayNs`. */
  readonly lostPercent: number;
  readonly delayedPercent: number;
  readonly delayNs: number;
}

export const NO_TROUBLE: Trouble = { blocked: false, lostPercent: 0, delayedPercent: 0, delayNs: 0 };

/** A direction of a cable that has had trouble. */
interface Direction {
  trouble: Trouble;
  /** Frames so far: a frame's number decides its fate. */
  frames: number;
  /** Frames never overtake each other. */
  lastArrivalNs: number;
}

export class Link implements Stateful {
  readonly name: string;
  /** From the last bit sent to the last bit received, in ns; at least 1. */
  readonly latencyNs: number;
  #up: boolean;
  /** Grows each time the cable is pulled, so that frames under way can be told from later ones. */
  #epoch = 0;
  /** When each end's transmitter has sent all that was given to it. */
  readonly #idleAtNs: [number, number] = [0, 0];
  readonly #sequence: [number, number] = [0, 0];
  #dropped = 0;
  /** Null as long as nothing was ever wrong with it. */
  #troubles: readonly [Direction, Direction] | null = null;

  constructor(name: string, latencyNs: number, up = true) {
    if (!(Number.isInteger(latencyNs) && latencyNs >= 1))
      throw new RangeError(`link ${name}: a latency of ${latencyNs} ns; it must be a positive integer`);
    this.name = name;
    this.latencyNs = latencyNs;
    this.#up = up;
  }

  get up(): boolean {
    return this.#up;
  }

  set up(up: boolean) {
    if (this.#up && !up) this.#epoch++;
    this.#up = up;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** What is wrong with the direction in which an end sends, from now on. */
  setTrouble(end: LinkEnd, trouble: Trouble): void {
    const { lostPercent, delayedPercent, delayNs } = trouble;
    const arePercents = [lostPercent, delayedPercent].every((percent) => percent >= 0 && percent <= 100);
    if (!arePercents || !(Number.isInteger(delayNs) && delayNs >= 0))
      throw new RangeError(`link ${this.name}: ${lostPercent} % lost, ${delayedPercent} % later by ${delayNs} ns`);
    this.#troubles ??= [newDirection(), newDirection()];
    this.#troubles[end].trouble = trouble;
  }

  trouble(end: LinkEnd): Trouble {
    return this.#troubles?.[end].trouble ?? NO_TROUBLE;
  }

  /** Frames that found the cable pulled or the queue full, or were lost on the way. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * When the last bit of a frame of `sizeBytes` that `end` sends at `timeNs` arrives at the other end; null when it is
   * lost.
   */
  send(end: LinkEnd, timeNs: number, sizeBytes: number): number | null {
    const startNs = Math.max(timeNs, this.#idleAtNs[end]);
    if (!this.#up || startNs - timeNs > QUEUE_NS) {
      this.#dropped++;
      return null;
    }
    const sentNs = startNs + (sizeBytes + OVERHEAD_BYTES) * BYTE_NS;
    this.#idleAtNs[end] = sentNs;
    const arrivalNs = sentNs + this.latencyNs;
    if (this.#troubles === null) return arrivalNs;
    const direction = this.#troubles[end];
    const delayNs = this.#delayNs(direction, end);
    if (delayNs === null) {
      this.#dropped++;
      return null;
    }
    return (direction.lastArrivalNs = Math.max(arrivalNs + delayNs, direction.lastArrivalNs));
  }

  /** How much later than otherwise the next frame of a direction arrives; null when it is lost. */
  #delayNs(direction: Direction, end: LinkEnd): number | null {
    const { blocked, lostPercent, delayedPercent, delayNs } = direction.trouble;
    if (blocked) return null;
    const chance = new Random(direction.frames++, `trouble ${this.name} ${end}`);
    if (chance.chance(lostPercent)) return null;
    return chance.chance(delayedPercent) ? delayNs : 0;
  }

  /**
   * The next number in the order of the frames that an end sends. Each end counts for itself: how time is cut must not
   * show.
   */
  nextSequence(end: LinkEnd): number {
    return this.#sequence[end]++;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("link", 3);
    this.#up = visitor.bool(this.#up);
    this.#epoch = visitor.integer(this.#epoch);
    this.#idleAtNs[0] = visitor.integer(this.#idleAtNs[0]);
    this.#idleAtNs[1] = visitor.integer(this.#idleAtNs[1]);
    this.#sequence[0] = visitor.integer(this.#sequence[0]);
    this.#sequence[1] = visitor.integer(this.#sequence[1]);
    this.#dropped = visitor.integer(this.#dropped);
    const isTroubled = visitor.bool(this.#troubles !== null);
    if (visitor.restoring) this.#troubles = isTroubled ? [newDirection(), newDirection()] : null;
    for (const direction of this.#troubles ?? []) {
      const { blocked, lostPercent, delayedPercent, delayNs } = direction.trouble;
      direction.trouble = {
        blocked: visitor.bool(blocked),
        lostPercent: visitor.f64(lostPercent),
        delayedPercent: visitor.f64(delayedPercent),
        delayNs: visitor.integer(delayNs),
      };
      direction.frames = visitor.integer(direction.frames);
      direction.lastArrivalNs = visitor.integer(direction.lastArrivalNs);
    }
  }
}

function newDirection(): Direction {
  return { trouble: NO_TROUBLE, frames: 0, lastArrivalNs: 0 };
}

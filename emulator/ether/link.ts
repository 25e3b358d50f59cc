/**
 * A cable with two ends: latency, the rate of gigabit Ethernet, a bounded queue for each direction, and up or down.
 * A link holds no frames; it says when a frame that is sent now arrives, if it does.
 */
import type { Stateful, StateVisitor } from "../state/state.ts";

/** Time of one byte at 1 Gb/s. */
const BYTE_NS = 8;
/** Preamble, start delimiter, FCS and the gap between frames. */
const OVERHEAD_BYTES = 24;
/** A sender's queue: what it may have waiting, as time on the wire. About 256 full frames. */
const QUEUE_NS = 3_000_000;

/** Which end of the link: 0 or 1. */
export type LinkEnd = 0 | 1;

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

  /** Frames that found the cable pulled or the queue full. */
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
    return sentNs + this.latencyNs;
  }

  /**
   * The next number in the order of the frames that an end sends. Each end counts for itself: how time is cut must not
   * show.
   */
  nextSequence(end: LinkEnd): number {
    return this.#sequence[end]++;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("link", 2);
    this.#up = visitor.bool(this.#up);
    this.#epoch = visitor.integer(this.#epoch);
    this.#idleAtNs[0] = visitor.integer(this.#idleAtNs[0]);
    this.#idleAtNs[1] = visitor.integer(this.#idleAtNs[1]);
    this.#sequence[0] = visitor.integer(this.#sequence[0]);
    this.#sequence[1] = visitor.integer(this.#sequence[1]);
    this.#dropped = visitor.integer(this.#dropped);
  }
}

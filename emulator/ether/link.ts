/**
 * A cable with two ends: latency, the rate of gigabit Ethernet, a bounded queue for each direction, up or down, and for
 * each direction what is wrong with it.
 * A link holds no frames; it says when a frame that is sent now arrives, if it does.
 */
import type { Stateful, StateVisitor } from "../state/state.ts";
import type { TimedFrame } from "./cable-end.ts";
import type { EthernetFrame } from "./port.ts";
import { checkTrouble, NO_TROUBLE, type Trouble, TroubledDirection } from "./trouble.ts";

/** Time of one byte at 1 Gb/s. */
const BYTE_NS = 8;
/** Preamble, start delimiter, FCS and the gap between frames. */
const OVERHEAD_BYTES = 24;
/** A sender's queue: about 256 full frames. */
const QUEUE_BYTES = 375_000;
const NS_BY_KILOBITS = 8e6;

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
  /** Null as long as nothing was ever wrong with it. */
  #troubles: readonly [TroubledDirection, TroubledDirection] | null = null;

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
    checkTrouble(this.name, trouble);
    this.#troubles ??= this.#newDirections();
    this.#troubles[end].trouble = trouble;
  }

  #newDirections(): [TroubledDirection, TroubledDirection] {
    return [new TroubledDirection(`trouble ${this.name} 0`), new TroubledDirection(`trouble ${this.name} 1`)];
  }

  trouble(end: LinkEnd): Trouble {
    return this.#troubles?.[end].trouble ?? NO_TROUBLE;
  }

  /** Frames that found the cable pulled or the queue full, or were lost on the way. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * When the last bit of a frame of `sizeBytes` that `end` sends at `timeNs` would arrive at the other end; null when
   * the cable is pulled or the queue full. `fate` says what becomes of it on a troubled link.
   */
  send(end: LinkEnd, timeNs: number, sizeBytes: number): number | null {
    const kilobits = this.#troubles?.[end].trouble.kilobits ?? 0;
    const byteNs = kilobits === 0 ? BYTE_NS : Math.max(BYTE_NS, Math.ceil(NS_BY_KILOBITS / kilobits));
    const startNs = Math.max(timeNs, this.#idleAtNs[end]);
    if (!this.#up || startNs - timeNs > QUEUE_BYTES * byteNs) {
      this.#dropped++;
      return null;
    }
    const sentNs = startNs + (sizeBytes + OVERHEAD_BYTES) * byteNs;
    this.#idleAtNs[end] = sentNs;
    return sentNs + this.latencyNs;
  }

  /**
   * What arrives, and when, of a frame that `send` has taken; the frame itself at its time on a link without trouble.
   */
  fate(end: LinkEnd, arrivalNs: number, frame: EthernetFrame): readonly TimedFrame[] {
    if (this.#troubles === null) return [{ timeNs: arrivalNs, frame }];
    const arrivals = this.#troubles[end].fate(arrivalNs, frame);
    if (arrivals.length === 0) this.#dropped++;
    return arrivals;
  }

  /**
   * The next number in the order of the frames that an end sends. Each end counts for itself: how time is cut must not
   * show.
   */
  nextSequence(end: LinkEnd): number {
    return this.#sequence[end]++;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("link", 4);
    this.#up = visitor.bool(this.#up);
    this.#epoch = visitor.integer(this.#epoch);
    this.#idleAtNs[0] = visitor.integer(this.#idleAtNs[0]);
    this.#idleAtNs[1] = visitor.integer(this.#idleAtNs[1]);
    this.#sequence[0] = visitor.integer(this.#sequence[0]);
    this.#sequence[1] = visitor.integer(this.#sequence[1]);
    this.#dropped = visitor.integer(this.#dropped);
    const isTroubled = visitor.bool(this.#troubles !== null);
    if (visitor.restoring) this.#troubles = isTroubled ? this.#newDirections() : null;
    for (const direction of this.#troubles ?? []) direction.visitState(visitor);
  }
}

/**
 * How much a sender of TCP may have under way, and how long it waits for an answer: slow start, congestion avoidance
 * and fast recovery (RFC 5681, RFC 6582), and the retransmission timeout (RFC 6298). Times are virtual, in ns.
 */
import { holds } from "../../state/invariant.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";

/** RFC 6928: ten segments at the start. */
const INITIAL_SEGMENTS = 10;
const MOST_BYTES = 1 << 20;
const DUPLICATES = 3;
const FIRST_TIMEOUT_NS = 1e9;
const SHORTEST_TIMEOUT_NS = 200e6;
const LONGEST_TIMEOUT_NS = 60e9;

export class CongestionControl implements Stateful {
  #mss: number;
  #windowBytes: number;
  #thresholdBytes = Infinity;
  #duplicates = 0;
  #recovering = false;
  #smoothedNs = 0;
  #variationNs = 0;
  #timeoutNs = FIRST_TIMEOUT_NS;
  /** Timeouts since something new was acknowledged: each doubles the next (RFC 6298, 5.5). */
  #waits = 0;

  constructor(mss: number) {
    this.#mss = mss;
    holds(mss > 0, "congestion control", "segments without bytes");
    this.#windowBytes = INITIAL_SEGMENTS * mss;
  }

  get windowBytes(): number {
    return this.#windowBytes;
  }

  get timeoutNs(): number {
    return Math.min(LONGEST_TIMEOUT_NS, this.#timeoutNs * 2 ** this.#waits);
  }

  /** A segment that was sent once was acknowledged after this time (RFC 6298, 2). */
  measured(timeNs: number): void {
    holds(timeNs >= 0, "congestion control", "an answer came before its question");
    if (this.#smoothedNs === 0) {
      this.#smoothedNs = timeNs;
      this.#variationNs = timeNs / 2;
    } else {
      this.#variationNs += (Math.abs(this.#smoothedNs - timeNs) - this.#variationNs) / 4;
      this.#smoothedNs += (timeNs - this.#smoothedNs) / 8;
    }
    this.#timeoutNs = Math.max(SHORTEST_TIMEOUT_NS, this.#smoothedNs + 4 * this.#variationNs);
  }

  /** New bytes were acknowledged. `isAll`: everything up to where recovery began. True: send what is lost next. */
  acknowledged(bytes: number, isAll: boolean): boolean {
    this.#duplicates = 0;
    this.#waits = 0;
    if (!this.#recovering) {
      const growth = this.#windowBytes < this.#thresholdBytes ? bytes : (this.#mss * this.#mss) / this.#windowBytes;
      this.#windowBytes = Math.min(MOST_BYTES, this.#windowBytes + growth);
      return false;
    }
    if (isAll) {
      this.#recovering = false;
      this.#windowBytes = this.#thresholdBytes;
      return false;
    }
    this.#windowBytes = Math.max(this.#mss, this.#windowBytes - bytes + this.#mss);
    return true;
  }

  /** The same acknowledgment came again. True: the first segment is taken for lost, and is to be sent again. */
  repeated(flightBytes: number): boolean {
    if (this.#recovering) {
      this.#windowBytes = Math.min(MOST_BYTES, this.#windowBytes + this.#mss);
      return false;
    }
    if (++this.#duplicates < DUPLICATES) return false;
    this.#recovering = true;
    this.#thresholdBytes = Math.max(flightBytes / 2, 2 * this.#mss);
    this.#windowBytes = this.#thresholdBytes + DUPLICATES * this.#mss;
    return true;
  }

  /** Nothing was heard for the timeout; the next one is twice as long. */
  timedOut(flightBytes: number): void {
    holds(flightBytes >= 0, "congestion control", "less than nothing is under way");
    this.#recovering = false;
    this.#duplicates = 0;
    this.#thresholdBytes = Math.max(flightBytes / 2, 2 * this.#mss);
    this.#windowBytes = this.#mss;
    this.waited();
  }

  /** The guest has opened a window that was closed: it is there, and what was under way was a probe. */
  opened(): void {
    this.#recovering = false;
    this.#duplicates = 0;
    this.#waits = 0;
  }

  /** The wait for an open window or for the answer to a SYN was in vain. */
  waited(): void {
    this.#waits++;
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("congestion control", 1);
    this.#mss = visitor.u16(this.#mss);
    this.#windowBytes = visitor.f64(this.#windowBytes);
    this.#thresholdBytes = visitor.f64(this.#thresholdBytes);
    this.#duplicates = visitor.integer(this.#duplicates);
    this.#recovering = visitor.bool(this.#recovering);
    this.#smoothedNs = visitor.f64(this.#smoothedNs);
    this.#variationNs = visitor.f64(this.#variationNs);
    this.#timeoutNs = visitor.f64(this.#timeoutNs);
    this.#waits = visitor.integer(this.#waits);
  }
}

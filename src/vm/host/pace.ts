/** The host's clock for something that has a virtual time: how far that is to be. */

/** What is this far behind a host that was asleep or busy does not hurry: the time between is left out. */
const MOST_BEHIND_MS = 200;

export class Pace {
  /** The host's time at which its own was 0, in milliseconds. */
  #originMs = performance.now();

  /** From now on this virtual time is this moment of the host's. */
  meet(nowMs: number, timeNs: number): void {
    this.#originMs = nowMs - timeNs / 1e6;
  }

  /** Leaves out what has come to be too much, for something that has come to a virtual time. */
  forgive(nowMs: number, timeNs: number): void {
    if (nowMs - this.momentOf(timeNs) > MOST_BEHIND_MS) this.meet(nowMs - MOST_BEHIND_MS, timeNs);
  }

  /** When a virtual time is, by the host's clock. */
  momentOf(timeNs: number): number {
    return timeNs === Infinity ? Infinity : this.#originMs + timeNs / 1e6;
  }

  timeAt(nowMs: number): number {
    return (nowMs - this.#originMs) * 1e6;
  }
}

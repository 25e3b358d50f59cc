/**
 * The timers of one machine. A machine has a few dozen timers and arms them often, so a plain array that remembers its
 * earliest deadline is faster than a heap, and its order of firing is easy to see: by deadline, then by age of the
 * timer.
 */

import { broken } from "../state/invariant.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import type { Clock, Timer } from "./clock.ts";

class QueuedTimer implements Timer {
  readonly name: string;
  readonly callback: (deadlineNs: number) => void;
  deadlineNs = Infinity;
  readonly #queue: TimerQueue;

  constructor(queue: TimerQueue, name: string, callback: (deadlineNs: number) => void) {
    this.#queue = queue;
    this.name = name;
    this.callback = callback;
  }

  arm(deadlineNs: number): void {
    if (!Number.isInteger(deadlineNs)) broken(`timer ${this.name}`, `armed for ${deadlineNs} ns`);
    this.deadlineNs = deadlineNs;
    this.#queue.deadlineChanged(deadlineNs);
  }

  disarm(): void {
    this.deadlineNs = Infinity;
  }
}

export interface TimerQueueHost {
  /** The machine's current virtual time in ns. */
  now(): number;
  /** A timer was armed for a time before every other one: the current run of the processor must end there. */
  nextDeadlineMovedUp(deadlineNs: number): void;
}

export class TimerQueue implements Clock, Stateful {
  readonly #host: TimerQueueHost;
  readonly #timers: QueuedTimer[] = [];
  /** Not later than the earliest deadline; earlier than it after a timer was disarmed or postponed. */
  #lowerBoundNs = Infinity;
  /** When callbacks ran last: what comes after is not earlier. */
  #firedNs = 0;

  constructor(host: TimerQueueHost) {
    this.#host = host;
  }

  get nowNs(): number {
    return this.#host.now();
  }

  timer(name: string, callback: (deadlineNs: number) => void): Timer {
    const timer = new QueuedTimer(this, name, callback);
    this.#timers.push(timer);
    return timer;
  }

  /** Called by a timer whose deadline was set. */
  deadlineChanged(deadlineNs: number): void {
    if (deadlineNs < this.#lowerBoundNs) {
      this.#lowerBoundNs = deadlineNs;
      this.#host.nextDeadlineMovedUp(deadlineNs);
    }
  }

  /** The earliest deadline, Infinity when no timer is armed. */
  get nextDeadlineNs(): number {
    let earliest = Infinity;
    for (const timer of this.#timers) if (timer.deadlineNs < earliest) earliest = timer.deadlineNs;
    this.#lowerBoundNs = earliest;
    return earliest;
  }

  /**
   * Runs the callbacks of all timers that are due now, also of those that a callback arms for a time that has passed.
   */
  fireDue(): void {
    const now = this.#host.now();
    if (this.#lowerBoundNs > now) return;
    if (now < this.#firedNs) broken("timers", `time went back from ${this.#firedNs} ns to ${now} ns`);
    this.#firedNs = now;
    for (;;) {
      let first: QueuedTimer | null = null;
      for (const timer of this.#timers) {
        if (timer.deadlineNs <= now && (first === null || timer.deadlineNs < first.deadlineNs)) first = timer;
      }
      if (first === null) break;
      const deadlineNs = first.deadlineNs;
      first.deadlineNs = Infinity;
      first.callback(deadlineNs);
    }
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("timers", 1);
    for (const timer of this.#timers) timer.deadlineNs = visitor.integer(timer.deadlineNs);
    this.#lowerBoundNs = 0;
    this.#firedNs = 0;
  }
}

/** When machines of this process run: each is asked once a turn when it has something to do next. */
import type { TurnRunner } from "./runner.ts";

export class Turns {
  /** When each is due, as it said after its last turn. */
  readonly #due = new WeakMap<TurnRunner, number>();

  run(runner: TurnRunner, nowMs: number): void {
    if (runner.isWanted || (this.#due.get(runner) ?? nowMs) <= nowMs) runner.turn(nowMs);
  }

  /** When the next of them is due; 0: at once. */
  nextMs(runners: Iterable<TurnRunner>): number {
    let nextMs = Infinity;
    for (const runner of runners) {
      const dueMs = runner.isWanted ? 0 : runner.nextMs;
      this.#due.set(runner, dueMs);
      nextMs = Math.min(nextMs, dueMs);
    }
    return nextMs;
  }
}

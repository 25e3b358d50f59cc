/** Turns of machines in the owner's process, with machines that count what they are asked. */
import { expect, test } from "vitest";
import type { TurnRunner } from "../../src/vm/host/runner.ts";
import { Turns } from "../../src/vm/host/turns.ts";

class Counting {
  isWanted = false;
  dueMs = 0;
  asked = 0;
  readonly turns: number[] = [];

  get nextMs(): number {
    this.asked++;
    return this.dueMs;
  }

  turn(nowMs: number): void {
    this.turns.push(nowMs);
    this.isWanted = false;
    this.dueMs = nowMs + 10;
  }

  get runner(): TurnRunner {
    return this as unknown as TurnRunner;
  }
}

test("machines run when they are due or wanted, and each is asked once a turn", () => {
  const turns = new Turns();
  const [a, b] = [new Counting(), new Counting()];
  const next = (nowMs: number): number => {
    for (const { runner } of [a, b]) turns.run(runner, nowMs);
    return turns.nextMs([a.runner, b.runner]);
  };
  expect(next(0)).toBe(10);
  expect(next(5)).toBe(10);
  b.isWanted = true;
  expect(next(6)).toBe(10);
  expect(next(10)).toBe(16);
  b.isWanted = true;
  expect(turns.nextMs([a.runner, b.runner])).toBe(0);
  expect(next(11)).toBe(20);
  // What was done to it from outside, such as a reset, it says at the next turn.
  a.dueMs = 12;
  expect(next(12)).toBe(12);
  expect(next(13)).toBe(21);
  expect([a.turns, b.turns]).toEqual([
    [0, 10, 13],
    [0, 6, 11],
  ]);
  expect([a.asked, b.asked]).toEqual([8, 7]);
});

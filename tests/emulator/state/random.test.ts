/** Draws: even, the same for the same seed, and never for ever. */
import { expect, test } from "vitest";
import { Random } from "../../../emulator/state/random.ts";

test("numbers below a limit come about equally often, and again for the same seed and stream", () => {
  const counts = new Array<number>(6).fill(0);
  const random = new Random(7, "dice");
  for (let draw = 0; draw < 6000; draw++) counts[random.below(6)]!++;
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  const draws = (stream: string): number[] =>
    Array.from(
      { length: 8 },
      (
        (r) => () =>
          r.below(100)
      )(new Random(7, stream)),
    );
  expect(draws("dice")).toEqual(draws("dice"));
  expect(draws("dice")).not.toEqual(draws("coins"));
});

test("from nothing there is nothing to draw", () => {
  const random = new Random(1);
  expect(() => random.below(0)).toThrow("a draw from 0 possibilities");
  expect(() => random.pick([])).toThrow(RangeError);
  expect(random.pickAny([])).toBeUndefined();
  expect(random.pickAny(["it"])).toBe("it");
});

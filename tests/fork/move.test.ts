/** A kernel that moves lives once: all orders of all steps of its hand-over, and what shows when a rule is left out. */
import { expect, test } from "vitest";
import { type Explored, explore } from "../volume/explore.ts";
import { beginning, type Faults, lost, type Move, nextOf, wrongMove } from "./move-model.ts";

function all(faults: Faults = {}): Explored {
  const step = (move: Move): Move[] => nextOf(move, faults);
  return explore(beginning(), [{ name: "step", step, hasEnded: () => false }], (move) => {
    return wrongMove(move) ?? lost(move, faults);
  });
}

test("of source and target never both live, and one does as long as neither has died", () => {
  const { broken, states } = all();
  expect(broken).toBeNull();
  expect(states).toBeGreaterThan(500);
});

test.each<[keyof Faults, string]>([
  ["livesAtOnce", "both live"],
  ["livesAlone", "both live"],
  ["goesOn", "both live"],
  ["forgetsAbort", "nobody lives"],
  ["noLease", "nobody lives"],
  ["saysOnce", "nobody lives"],
  ["givesUp", "nobody lives"],
])("without a rule: %s", (fault, why) => {
  expect(all({ [fault]: true }).broken?.why).toBe(why);
});

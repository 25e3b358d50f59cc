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

test("of source and target never both live, and one does as long as the source has not died", () => {
  const { broken, states } = all();
  expect(broken).toBeNull();
  expect(states).toBeGreaterThan(1000);
});

test.each<[keyof Faults, string]>([
  ["noDone", "both live"],
  ["noLease", "both live"],
  ["goesOn", "both live"],
  ["notSilent", "both live"],
  ["outEarly", "both live"],
  ["forgetsAbort", "both live"],
  ["staysGiven", "nobody lives"],
  ["forgetsGone", "nobody lives"],
])("without a rule: %s", (fault, why) => {
  expect(all({ [fault]: true }).broken?.why).toBe(why);
});

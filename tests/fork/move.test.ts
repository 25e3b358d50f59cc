/** A kernel that moves lives once: all orders of all steps of its hand-over, and what shows when a rule is left out. */
import { expect, test } from "vitest";
import { type Explored, explore } from "../volume/explore.ts";
import { beginning, type Faults, lost, type Move, nextOf, wrongMove } from "./move-model.ts";

function all(faults: Faults = {}, hasVolume = false): Explored {
  const step = (move: Move): Move[] => nextOf(move, faults);
  return explore(beginning(hasVolume), [{ name: "step", step, hasEnded: () => false }], (move) => {
    return wrongMove(move, faults) ?? lost(move, faults);
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

test("after power cuts at any moments somebody has all of the files, and no two have an id", () => {
  const { broken, states } = all({}, true);
  expect(broken).toBeNull();
  expect(states).toBeGreaterThan(10_000);
});

test.each<[keyof Faults, string]>([
  ["keepsId", "two have one id"],
  ["wipesLate", "half of the files are there"],
  ["readyUnflushed", "half of the files are there"],
  ["livesFirst", "nobody has the files"],
  ["livesUnflushed", "nobody has the files"],
  ["awayAtGone", "nobody has the files"],
  ["neverAway", "both have the files"],
  ["livesAlone", "both have the files"],
])("with a volume, without a rule: %s", (fault, why) => {
  expect(all({ [fault]: true }, true).broken?.why).toBe(why);
});

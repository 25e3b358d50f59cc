/** What delegates believe of each other, whatever is late, lost, doubled, or said again by somebody else. */
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { type Cases, casesOf } from "../setup/tier.ts";
import { type Faults, World } from "./link-model.ts";

const STEPS = 120;

/** What goes wrong with a seed, if anything does. */
function faultOf(seed: number, faults: Faults): string | null {
  const world = new World(new Random(seed, "links"), faults);
  try {
    for (let step = 0; step < STEPS; step++) world.step(true);
    return world.settle() ? null : "they do not find each other";
  } catch (error) {
    return (error as Error).message;
  }
}

function firstFault(cases: Pick<Cases, "firstSeed" | "count">, faults: Faults = {}): string | null {
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const fault = faultOf(seed, faults);
    if (fault !== null) return `seed ${seed}: ${fault}`;
  }
  return null;
}

const drawn = casesOf("wide/link");

test(`nothing of the past and no stranger's place is believed, and they find each other: ${drawn.title}`, () => {
  expect(firstFault(drawn), drawn.repeat()).toBe(null);
});

test.each<[keyof Faults, RegExp]>([
  ["anyNumber", /an earlier delegate is believed again|believed twice/],
  ["noEcho", /an earlier delegate is believed again|believed twice/],
  ["noWindow", /a packet is believed twice/],
  ["noTry", /a stranger's place is believed/],
  ["sameDare", /a stranger's place is believed/],
  ["saysTwice", /more went to a stranger's place than came from it/],
  ["saysAll", /more went to a stranger's place than came from it/],
  ["hintProves", /a stranger's place is believed/],
  ["relayPulls", /a better endpoint that is heard is given up/],
  ["connectionPulls", /a better endpoint that is heard is given up/],
])("without its rule the model finds what it is for: %s", (name, fault) => {
  expect(firstFault({ firstSeed: 1, count: 300 }, { [name]: true })).toMatch(fault);
});

/**
 * Every device's saved state is complete: each case of each chip, and random work on a board that has everything, come
 * to the same when the board is saved and restored into a fresh one on the way (relay.ts).
 */
import { describe, expect, test } from "vitest";
import { Random } from "../../../emulator/state/random.ts";
import { CHIPS, complete } from "./chips.ts";
import { TestBoard } from "./harness.ts";
import { Relay, randomSteps } from "./relay.ts";
import { parseScript } from "./script.ts";

const SEED = Number(process.env["QURE_SEED"] ?? 20261120);
const STEPS = 6000;

for (const { name: chip, cases, config } of CHIPS) {
  describe(chip, () => {
    test.each(cases)("$name", ({ script }) => {
      const relay = new Relay(() => new TestBoard(config()));
      for (const step of parseScript(script)) {
        relay.handOver();
        relay.step(step);
      }
      relay.handOver();
      relay.sweep();
    });
  });
}

test.each([1, 2, 3, 4])(`random work, part %i (QURE_SEED=${SEED})`, (part) => {
  const random = new Random(SEED, `part ${part}`);
  const relay = new Relay(() => new TestBoard(complete()));
  let count = 0;
  for (const step of randomSteps(random)) {
    relay.step(step);
    if (++count === STEPS) break;
    if (random.chance(part * 5)) relay.handOver();
    if (random.chance(1)) relay.compare();
  }
  relay.sweep();
  expect(count).toBe(STEPS);
});

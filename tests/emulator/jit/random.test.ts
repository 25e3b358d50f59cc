/**
 * Compiled code against the interpreter on random programs, in pieces that end anywhere, with interrupts between them.
 */
import { expect, test } from "vitest";
import { casesOf, rowsOf } from "../../setup/tier.ts";
import { lockstep, totals } from "./lockstep.ts";

const cases = casesOf("emulator/jit/random");
const INSTRUCTIONS = 8000;

const WORLDS = [false, true].flatMap((paged) =>
  [false, true].flatMap((user) => [false, true].map((segmented) => ({ paged, user, segmented }))),
);

// The rows of the fast tier are spread so that each of the three properties is there both ways.
for (const world of rowsOf(WORLDS, [3, 5]))
  for (const engine of ["compiled", "cold"] as const) {
    const name = `${world.paged ? "paged" : "unpaged"}, ring ${world.user ? 3 : 0}${world.segmented ? ", segmented" : ""}`;
    test(`${engine} code leaves the interpreter's state: ${name}`, { timeout: 120_000 }, () => {
      for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
        const difference = lockstep(seed, world, INSTRUCTIONS, engine);
        if (difference !== null) expect.fail(`${cases.repeat(seed)}\n${difference}`);
      }
    });
  }

test("much of it was compiled", { timeout: 120_000 }, () => {
  // Seeds of its own: some programs end soon in HLT or a triple fault, and say nothing about the others.
  const before = { ...totals };
  for (let seed = 1; seed <= 3; seed++) lockstep(seed, { paged: false, user: true, segmented: false }, INSTRUCTIONS);
  expect((totals.compiled - before.compiled) / (totals.retired - before.retired)).toBeGreaterThan(0.2);
});

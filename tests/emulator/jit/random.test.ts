/**
 * Compiled code against the interpreter on random programs, in pieces that end anywhere, with interrupts between them.
 */
import { expect, test } from "vitest";
import { lockstep, totals } from "./lockstep.ts";

const FIRST_SEED = Number(process.env["QURE_JIT_SEED"] ?? 1);
const SEEDS = Number(process.env["QURE_JIT_SEEDS"] ?? 6);
const INSTRUCTIONS = 8000;

const WORLDS = [false, true].flatMap((paged) =>
  [false, true].flatMap((user) => [false, true].map((segmented) => ({ paged, user, segmented }))),
);

for (const world of WORLDS)
  for (const engine of ["compiled", "cold"] as const) {
    const name = `${world.paged ? "paged" : "unpaged"}, ring ${world.user ? 3 : 0}${world.segmented ? ", segmented" : ""}`;
    test(`${engine} code leaves the interpreter's state: ${name}`, { timeout: 120_000 }, () => {
      for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
        const difference = lockstep(seed, world, INSTRUCTIONS, engine);
        if (difference !== null)
          expect.fail(
            `seed ${seed}; repeat with QURE_JIT_SEED=${seed} QURE_JIT_SEEDS=1 npx vitest run tests/emulator/jit/random.test.ts\n${difference}`,
          );
      }
    });
  }

test("much of it was compiled", { timeout: 120_000 }, () => {
  // Seeds of its own: some programs end soon in HLT or a triple fault, and say nothing about the others.
  const before = { ...totals };
  for (let seed = 1; seed <= 3; seed++) lockstep(seed, { paged: false, user: true, segmented: false }, INSTRUCTIONS);
  expect((totals.compiled - before.compiled) / (totals.retired - before.retired)).toBeGreaterThan(0.2);
});

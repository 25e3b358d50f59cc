/** What one machine has compiled, another one with the same code takes over: its state stays the interpreter's. */
import { expect, test } from "vitest";
import { moduleCounts } from "../../../emulator/jit/module-cache.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { casesOf, rowsOf } from "../../setup/tier.ts";
import { lockstep, totals } from "./lockstep.ts";
import { makeWorld } from "./random-program.ts";

const cases = casesOf("emulator/jit/experience");
const INSTRUCTIONS = 30_000;
/** Fewer than a machine needs that is alone. */
const BRIEF = 8000;
const OFTEN = 2_000_000;

for (const paged of rowsOf([true, false], 1))
  test(`code that another machine has compiled, ${paged ? "paged" : "unpaged"}`, { timeout: 120_000 }, () => {
    const before = { ...totals };
    for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
      const difference = lockstep(seed, { paged, user: seed % 2 === 0, segmented: false }, INSTRUCTIONS, "shared");
      if (difference !== null) expect.fail(`${cases.repeat(seed)}\n${difference}`);
    }
    expect(totals.regions).toBeGreaterThan(before.regions);
    expect(totals.compiled).toBeGreaterThan(before.compiled);
  });

thoroughly(
  "what none of thirty machines runs often none compiles; what one of them has compiled another takes over",
  () => {
    // A limit that no other test has: what those have compiled, these machines do not take over.
    const options = { paged: true, user: false, segmented: false, codeLimit: 0x1fdfff };
    const regionsAfter = (instructions: number): number => {
      const { cpu } = makeWorld(77, options, "on");
      cpu.run(instructions);
      return cpu.engine!.statistics.regions;
    };
    const { compiled } = moduleCounts;
    expect(Array.from({ length: 30 }, () => regionsAfter(BRIEF))).toEqual(new Array(30).fill(0));
    expect(moduleCounts.compiled).toBe(compiled);
    expect(regionsAfter(OFTEN)).toBeGreaterThan(0);
    const alone = moduleCounts.compiled;
    expect(alone).toBeGreaterThan(compiled);
    expect(regionsAfter(BRIEF)).toBeGreaterThan(0);
    expect(moduleCounts.compiled).toBe(alone);
  },
);

test("a program's code that was compiled at another address", { timeout: 120_000 }, () => {
  const before = { ...totals };
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const difference = lockstep(seed, { paged: true, user: true, segmented: false }, INSTRUCTIONS, "moved");
    if (difference !== null) expect.fail(`${cases.repeat(seed)}\n${difference}`);
  }
  expect(totals.regions).toBeGreaterThan(before.regions);
});

/**
 * A few cases of the emulator's fuzzer (scripts/fuzz-emulator.mjs runs more), those that once found something among
 * them.
 */
import { expect, test } from "vitest";
import { EmulatorFuzz } from "./fuzz-target.ts";

/** Seed and what it found. */
const FOUND: readonly (readonly [number, string])[] = [
  [1127, "a damaged snapshot whose cached translation led nowhere ended in a RangeError"],
];
const SAMPLE = 12;

test("random machines neither throw nor differ", { timeout: 300_000 }, () => {
  const target = new EmulatorFuzz(".");
  const seeds = [...FOUND.map(([seed]) => seed), ...Array.from({ length: SAMPLE }, (_, seed) => seed)];
  const findings = seeds.flatMap((seed) => {
    const { kind, finding } = target.run(seed);
    return finding === null
      ? []
      : [`seed ${seed} (${kind}), repeat with node scripts/fuzz-emulator.mjs 10 ${seed}: ${finding}`];
  });
  expect(findings).toEqual([]);
});

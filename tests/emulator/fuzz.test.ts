/**
 * A few cases of the emulator's fuzzer (scripts/fuzz-emulator.mjs runs more), those that once found something among
 * them.
 */
import { expect, test } from "vitest";
import { casesOf } from "../setup/tier.ts";
import { EmulatorFuzz } from "./fuzz-target.ts";

/** Seed and what it found. */
const FOUND: readonly (readonly [number, string])[] = [
  [1127, "a damaged snapshot whose cached translation led nowhere ended in a RangeError"],
];
const cases = casesOf("emulator/fuzz", 0);

test("random machines neither throw nor differ", { timeout: 300_000 }, () => {
  const target = new EmulatorFuzz(".");
  const seeds = [
    ...FOUND.map(([seed]) => seed),
    ...Array.from({ length: cases.count }, (_, index) => cases.firstSeed + index),
  ];
  const findings = seeds.flatMap((seed) => {
    const { kind, finding } = target.run(seed);
    return finding === null
      ? []
      : [`seed ${seed} (${kind}), repeat with node scripts/fuzz-emulator.mjs 10 ${seed}: ${finding}`];
  });
  expect(findings).toEqual([]);
});

/** Wrong bytes and hostile volumes: a part of what `npm run prove -- oofs` does as a whole. */
import { describe, expect, test } from "vitest";
import { casesOf } from "../../setup/tier.ts";
import { flip, forge, makeSample, spoil, tryHostile } from "./damage.ts";
import { Random } from "./disks.ts";

const sample = makeSample();
const cases = casesOf("disk/oofs/damage");

describe("a wrong byte", () => {
  test("is an error with its place, never data, and never loses the volume", () => {
    const random = new Random(cases.firstSeed);
    const used = [...sample.owners.keys()];
    const found: string[] = [];
    for (let count = 0; count < cases.count; count++) {
      const bit = random.pick(used) * 4096 * 8 + random.below(random.below(2) ? 512 * 8 : 4096 * 8);
      const problem = flip(sample, bit);
      if (problem) found.push(`bit ${bit}: ${problem}`);
    }
    expect(found.slice(0, 5)).toEqual([]);
  });

  test("No single sector loses the volume or turns it back", () => {
    const random = new Random(2);
    const found: string[] = [];
    for (const block of sample.owners.keys()) {
      const problem = spoil(sample, block * 8, random);
      if (problem) found.push(`block ${block}: ${problem}`);
    }
    expect(found.slice(0, 5)).toEqual([]);
  });
});

test("A hostile volume is an error", () => {
  const found: string[] = [];
  let mounted = 0;
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const random = new Random(seed);
    const result = tryHostile(forge(sample, random), random);
    if (result.mounted) mounted++;
    if (result.problem) found.push(`seed ${seed}: ${result.problem}`);
  }
  expect(found.slice(0, 5)).toEqual([]);
  expect(mounted).toBeGreaterThan(cases.count / 4);
});

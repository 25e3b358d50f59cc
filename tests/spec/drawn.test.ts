/**
 * Specs drawn at random, right and wrong: the builder's reader and the schema for editors are of one mind.
 */
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { readFile, resolve, SpecError } from "../../src/spec/layers.ts";
import { specSchema } from "../../src/spec/schema.ts";
import { casesOf } from "../setup/tier.ts";
import { drawn, holds } from "./drawn.ts";

const cases = casesOf("spec/drawn");

test(`reader and schema are of one mind (${cases.title})`, () => {
  const schema = specSchema();
  const counts = { right: 0, wrong: 0 };
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const value = drawn(schema, new Random(seed), 0);
    const text = JSON.stringify(value);
    let isTaken = true;
    try {
      resolve(readFile("build.json", "build.json", text));
    } catch (error) {
      if (!(error instanceof SpecError)) throw error;
      isTaken = false;
    }
    expect([isTaken, text], cases.repeat(seed)).toEqual([holds(schema, JSON.parse(text)), text]);
    counts[isTaken ? "right" : "wrong"]++;
  }
  // One case alone is either.
  if (cases.count >= 100) expect(Math.min(counts.right, counts.wrong)).toBeGreaterThan(cases.count / 10);
});

/** Random programs: where GNU as takes one, ours makes the same object of it. */

import { describe, expect, test } from "vitest";
import { requireOracle } from "../oracle.ts";
import { casesOf } from "../setup/tier.ts";
import { compare } from "./differential.ts";
import { ProgramGenerator } from "./generator.ts";

const STATEMENTS = 40;
const cases = casesOf("assembler/random");

describe("random programs", () => {
  test(`programs of ${STATEMENTS} lines: ${cases.title}`, { timeout: 300_000 }, (context) => {
    const assembler = requireOracle("as", context);
    let taken = 0;
    for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
      const text = new ProgramGenerator(seed).program(STATEMENTS);
      const result = compare(assembler, { text });
      if (result.expected === null) continue;
      taken++;
      const repeat = cases.repeat(seed);
      expect(result.object, `${repeat}\n${result.messages}`).not.toBeNull();
      expect(Buffer.compare(Buffer.from(result.object!), Buffer.from(result.expected)), `${repeat}\n${text}`).toBe(0);
    }
    // Too many refusals would mean that the test tests nothing.
    expect(taken).toBeGreaterThan(cases.count / 2);
  });
});

/** Random programs: where GNU as takes one, ours makes the same object of it. */

import { describe, expect, test } from "vitest";
import { requireOracle } from "../oracle.ts";
import { compare } from "./differential.ts";
import { ProgramGenerator } from "./generator.ts";

const STATEMENTS = 40;
const PROGRAMS = Number(process.env["QURE_PROGRAMS"] ?? 300);
/** Another seed: QURE_SEED=... repeats a failure. */
const FIRST_SEED = Number(process.env["QURE_SEED"] ?? 1);

describe("random programs", () => {
  test(`${PROGRAMS} programs of ${STATEMENTS} lines from seed ${FIRST_SEED} on`, { timeout: 300_000 }, (context) => {
    const assembler = requireOracle("as", context);
    let taken = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + PROGRAMS; seed++) {
      const text = new ProgramGenerator(seed).program(STATEMENTS);
      const result = compare(assembler, { text });
      if (result.expected === null) continue;
      taken++;
      const repeat = `repeat with QURE_SEED=${seed} QURE_PROGRAMS=1 npx vitest run tests/assembler/random.test.ts`;
      expect(result.object, `${repeat}\n${result.messages}`).not.toBeNull();
      expect(Buffer.compare(Buffer.from(result.object!), Buffer.from(result.expected)), `${repeat}\n${text}`).toBe(0);
    }
    // Too many refusals would mean that the test tests nothing.
    expect(taken).toBeGreaterThan(PROGRAMS / 2);
  });
});

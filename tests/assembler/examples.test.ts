/** The examples of `qure explain`: each wrong one earns its diagnostic, each right one none. */

import { describe, expect, test } from "vitest";
import { EXAMPLES } from "../../src/assembler/examples.ts";
import { EXPLANATIONS } from "../../src/assembler/explanations.ts";
import { assembleText } from "./differential.ts";

/** Diagnostics that no short source earns. */
const WITHOUT_EXAMPLE: Readonly<Record<string, string>> = {
  "bad-fence": "an option asks for it",
  "fence-cut": "an option asks for it",
  "sse-instruction": "an option asks for it",
  "too-complex": "what overflows the stack depends on the host",
  unfenced: "an option asks for it",
};

const idsOf = (source: string): string[] =>
  assembleText(`.intel_syntax noprefix\n${source}\n`, { notesLoads: true }).diagnostics.map(({ id }) => id);

describe("examples of explanations", () => {
  test("every diagnostic that is explained has one", () => {
    expect([...Object.keys(EXAMPLES), ...Object.keys(WITHOUT_EXAMPLE)].sort()).toEqual(
      Object.keys(EXPLANATIONS).sort(),
    );
  });

  test.each(Object.entries(EXAMPLES))("%s", (id, { wrong, right }) => {
    expect(idsOf(wrong)).toContain(id);
    expect(idsOf(right)).toEqual([]);
  });
});

/** Options of as that are refused, or taken without effect: a person is told so each time. */

import { expect, test } from "vitest";
import { idleWarning, parseAsArguments } from "../../../src/cli/gnu/as-options.ts";
import { TABLE } from "./options/as.ts";

const optionsOf = (verdict: string): string[] =>
  TABLE.rows
    .filter((row) => row[1] === verdict)
    .flatMap(([spellings, , value]) =>
      spellings.split(", ").map((name) => (value === undefined ? name : `${name}=${value}`)),
    );

test.each(optionsOf("warned"))("%s is taken with a warning that names it", (option) => {
  const { idle } = parseAsArguments([option, "a.s"]);
  expect(idle.map(idleWarning)).toEqual([expect.stringContaining(`${option} has no effect`)]);
});

/** What only the assembler itself finds out. */
const LATER = "-march=i8087";

test.each(optionsOf("refused").filter((option) => option !== LATER))("%s is refused by its name", (option) => {
  expect(() => parseAsArguments([option, "a.s"])).toThrow(option.split("=")[0]);
});

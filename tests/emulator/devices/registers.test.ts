/** Register scripts of all chips on our board. They run without a processor, so all of them take a moment. */
import { describe, expect, test } from "vitest";
import { CHIPS } from "./chips.ts";
import { TestBoard } from "./harness.ts";

for (const { name: chip, cases, config } of CHIPS) {
  describe(chip, () => {
    test.each(cases)("$name", ({ script }) => {
      expect(() => new TestBoard(config()).run(script)).not.toThrow();
    });
  });
}

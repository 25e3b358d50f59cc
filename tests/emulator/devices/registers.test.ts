/** Register scripts of all chips on our board. They run without a processor, so all of them take a moment. */
import { describe, expect, test } from "vitest";
import { CHIPS } from "./chips.ts";
import { TestBoard } from "./harness.ts";

for (const { name: chip, cases, config } of CHIPS) {
  describe(chip, () => {
    test.each(cases)("$name", ({ script }) => {
      const board = new TestBoard(config());
      expect(() => board.run(script)).not.toThrow();
      board.giveBack();
    });
  });
}

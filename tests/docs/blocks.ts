/** Declares the tests of pages: their blocks in order, in one scratch copy for each page. */
import { afterAll, beforeAll, describe, test } from "vitest";
import { blocksOf } from "./page.ts";
import { runBlock } from "./runner.ts";
import { missingPrograms, Scratch } from "./scratch.ts";

/** Pages whose blocks run within seconds; the others' are of the thorough tier. */
export const FAST_PAGES = ["docs/assembler.md"];

export function testPage(page: string): void {
  const blocks = blocksOf(page).filter(({ exemption }) => exemption === null);
  if (blocks.length === 0) return;
  describe(page, () => {
    let scratch: Scratch;
    beforeAll(() => (scratch = new Scratch()));
    afterAll(() => scratch.remove());
    blocks.forEach((block) => {
      test(`line ${block.line}: ${block.language}`, async (context) => {
        const missing = missingPrograms(block.text);
        if (missing.length > 0) context.skip(`not installed: ${missing.join(", ")}`);
        await runBlock(block, scratch);
      });
    });
  });
}

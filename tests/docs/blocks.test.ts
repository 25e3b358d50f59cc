/** What can be said in seconds of the code in the pages. */
import { afterAll, describe, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { FAST_PAGES, testPage } from "./blocks.ts";
import { blocksOf, pages } from "./page.ts";
import { checkTypes } from "./runner.ts";
import { Scratch } from "./scratch.ts";

for (const page of FAST_PAGES) testPage(page);

describe("blocks of code", () => {
  const all = pages.filter((page) => page === "README.md" || page.startsWith("docs/")).flatMap(blocksOf);

  test("are fenced and have a language", () => {
    expect(all.filter(({ language }) => language === "").map(({ page, line }) => `${page}:${line}`)).toEqual([]);
  });

  test("are run, but for drawings and ten at most, which say why not", () => {
    const exempt = all.filter(({ exemption }) => exemption !== null && exemption !== "a drawing");
    expect(exempt.length).toBeLessThanOrEqual(10);
  });

  thoroughly("in TypeScript have the types of the package", async () => {
    const scratch = new Scratch();
    afterAll(() => scratch.remove());
    const programs = all.filter(({ language, exemption }) => language === "ts" && exemption === null);
    await checkTypes(
      programs.map(({ text }) => text),
      scratch,
    );
  });
});

/** docs/formats/plan.md lists the fields of a plan as its tables have them. */
import { expect, test } from "vitest";
import { machineCount, planOf } from "../../src/plan/plan.ts";
import { PLAN } from "../../src/plan/schema.ts";
import { fieldTables } from "./field-tables.ts";
import { blocksOf, generatedPart } from "./page.ts";

const PAGE = "docs/formats/plan.md";

test("the page of plans lists each field", () => {
  const wanted = `${fieldTables(PLAN, "Plan", true).join("\n").trimEnd()}\n`;
  expect(generatedPart(PAGE, "fields of a plan", wanted)).toBe(wanted);
});

test("the example of the page is a plan", () => {
  const [example] = blocksOf(PAGE).filter(({ language }) => language === "json");
  expect(machineCount(planOf(JSON.parse(example!.text)))).toBe(3);
});

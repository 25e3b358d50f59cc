/** docs/formats/plan.md lists the fields of a plan as its tables have them. */
import { expect, test } from "vitest";
import type { Field, FieldTable } from "../../src/plan/fields.ts";
import { machineCount, planOf } from "../../src/plan/plan.ts";
import { PLAN } from "../../src/plan/schema.ts";
import { blocksOf, generatedPart } from "./page.ts";

const PAGE = "docs/formats/plan.md";

const heading = (path: string): string => (path === "" ? "Plan" : path);

function initialText(field: Field<unknown>): string {
  if (field.isRequired) return "needed";
  if (field.table || field.initial === null) return "";
  const written = JSON.stringify(field.write(field.initial));
  return written === "[]" ? "" : `\`${written}\``;
}

/** A table for an object, and those of the objects in it. */
function tables(table: FieldTable, path: string): string[] {
  const rows = Object.entries(table).map(([name, field]) => {
    const kind = field.kind.replaceAll("|", "\\|");
    const said = field.option ?? field.madeFrom;
    const option = said === undefined ? "" : `\`--${said}\``;
    return `| \`${name}\` | ${kind} | ${initialText(field)} | ${field.help} | ${option} |`;
  });
  const inner = Object.entries(table).flatMap(([name, field]) =>
    field.table
      ? tables(field.table, `${path === "" ? "" : `${path}.`}${name}${field.kind === "list" ? "[]" : ""}`)
      : [],
  );
  const head = ["| field | value | default | what it is | option |", "|---|---|---|---|---|"];
  return [`### ${path === "" ? heading(path) : `\`${path}\``}`, "", ...head, ...rows, "", ...inner];
}

test("the page of plans lists each field", () => {
  const wanted = `${tables(PLAN, "").join("\n").trimEnd()}\n`;
  expect(generatedPart(PAGE, "fields of a plan", wanted)).toBe(wanted);
});

test("the example of the page is a plan", () => {
  const [example] = blocksOf(PAGE).filter(({ language }) => language === "json");
  expect(machineCount(planOf(JSON.parse(example!.text)))).toBe(3);
});

/** What is published of a spec's keys is what the tables say: the page, and the schema for editors. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SPEC, specSchema } from "../../src/spec/schema.ts";
import { fieldTables } from "../docs/field-tables.ts";
import { generatedPart, root } from "../docs/page.ts";

test("the page of specs lists each key", () => {
  const wanted = `${fieldTables(SPEC, "Spec", false).join("\n").trimEnd()}\n`;
  expect(generatedPart("docs/formats/spec.md", "keys of a spec", wanted)).toBe(wanted);
});

test("the schema in the package is that of the tables", () => {
  const path = join(root, "vm/build.schema.json");
  // Lists of words in a line each, as Biome has them.
  const text = JSON.stringify(specSchema(), null, 2).replace(
    /\[\s+([^[\]{}]*?)\s+\]/g,
    (_, items: string) => `[${items.replace(/\s+/g, " ")}]`,
  );
  if (process.env["QURE_UPDATE"]) writeFileSync(path, `${text}\n`);
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(specSchema());
});

/**
 * The instruction table as it was reviewed. The other tests are derived from the table, so that what is missing in it
 * is missing in them too; here each row has a digest of all that was made of it. QURE_UPDATE=1 npx vitest run
 * tests/isa/forms.test.ts writes the list anew: look at what changed before it is committed.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Form } from "../../src/isa/form.ts";
import { REGISTERS } from "../../src/isa/registers.ts";
import { allForms } from "../../src/isa/table/index.ts";

const PATH = join(import.meta.dirname, "forms.expected.txt");

const FIELDS = [
  "mnemonic16",
  "mnemonic32",
  "att16",
  "att32",
  "names",
  "attNames",
  "operands",
  "map",
  "opcode",
  "prefix",
  "modrm",
  "modrmValue",
  "mod",
  "opcodeRegister",
  "operandSize",
  "addressSized",
  "semantic",
  "condition",
  "feature",
  "lockable",
  "repeat",
  "defaultSize",
  "stackSize",
  "needsSuffix",
  "encodeOnly",
  "decodeOnly",
  "code16Only",
  "impliedImmediate",
] as const satisfies readonly (keyof Form)[];
/** What few forms have. */
const FLAGS = ["bare", "address32"] as const satisfies readonly (keyof Form)[];

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 8);
}

function lines(): string[] {
  const forms = allForms().map(
    (form) =>
      `${digest([...FIELDS.map((field) => form[field]), ...FLAGS.filter((flag) => form[flag])])} ${form.text.replace(/\s+/g, " ").trim()}`,
  );
  const registers = [...REGISTERS].map(([name, register]) => `${digest(register)} register ${name}`);
  return [...forms, ...registers];
}

test("every row of the table and every register means what it meant when it was reviewed", () => {
  if ((process.env["QURE_UPDATE"] ?? "") !== "") writeFileSync(PATH, `${lines().join("\n")}\n`);
  const expected = readFileSync(PATH, "utf8").trimEnd().split("\n");
  const found = lines();
  const known = new Set(expected);
  const now = new Set(found);
  expect({
    missing: expected.filter((line) => !now.has(line)).slice(0, 10),
    unexpected: found.filter((line) => !known.has(line)).slice(0, 10),
  }).toEqual({ missing: [], unexpected: [] });
  expect(found.length, "and none twice").toBe(expected.length);
});

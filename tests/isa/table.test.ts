/**
 * The table's own consistency: one meaning for each opcode, one operand in each field, and no
 * semantics but those that `semantics.ts` lists.
 */

import { expect, test } from "vitest";
import type { Form } from "../../src/isa/form.ts";
import { knownOpcodes } from "../../src/isa/known-opcodes.ts";
import { formAt } from "../../src/isa/opcode-map.ts";
import { SEMANTICS } from "../../src/isa/semantics.ts";
import { allForms } from "../../src/isa/table/index.ts";

const decodable = allForms().filter(({ encodeOnly }) => !encodeOnly);

test("every form that can be decoded is reached by some bytes", () => {
  const reached = new Set<Form>();
  for (const map of knownOpcodes()) {
    for (const entry of map) {
      if (entry === null) continue;
      for (let prefix = 0; prefix < 4; prefix++) {
        for (let modrm = 0; modrm < 256; modrm++) {
          const form = formAt(entry, prefix, modrm);
          if (form !== null) reached.add(form);
        }
      }
    }
  }
  expect(decodable.filter((form) => !reached.has(form)).map(({ text }) => text)).toEqual([]);
});

test("no two rows claim the same bytes", () => {
  const claims = new Map<string, string>();
  const conflicts: string[] = [];
  for (const form of decodable) {
    for (let i = 0; i < (form.opcodeRegister ? 8 : 1); i++) {
      const mods = form.mod === "any" || form.mod === "ignored" ? ["register", "memory"] : [form.mod];
      for (const mod of form.modrm === "none"
        ? [""]
        : form.modrm === "exact" || form.modrm === "register"
          ? [`${form.modrm}${form.modrmValue}`]
          : mods) {
        const digits =
          form.modrm === "digit"
            ? [form.modrmValue]
            : form.modrm === "none" || form.modrm === "exact" || form.modrm === "register"
              ? [0]
              : [0, 1, 2, 3, 4, 5, 6, 7];
        for (const digit of digits) {
          const key = `${form.map}:${form.opcode + i}:${form.prefix}:${mod}:${digit}`;
          const other = claims.get(key);
          if (other !== undefined) conflicts.push(`${form.text} <> ${other}`);
          claims.set(key, form.text);
        }
      }
    }
  }
  expect(conflicts).toEqual([]);
});

test("each field of the encoding holds one operand", () => {
  const single = new Set(["reg", "rm", "vvvv", "reg+rm", "opcode", "relative", "far", "moffs", "selector"]);
  const wrong = allForms().filter(({ operands }) => {
    const fields = operands.map(({ field }) => field).filter((field) => single.has(field));
    return new Set(fields).size !== fields.length;
  });
  expect(wrong.map(({ text }) => text)).toEqual([]);
});

test("a form with a register or memory field has a ModRM byte that holds it", () => {
  const wrong = allForms().filter((form) => {
    const hasRm = form.operands.some(({ field }) => field === "rm" || field === "reg+rm");
    const hasReg = form.operands.some(({ field }) => field === "reg" || field === "reg+rm");
    if (hasReg !== (form.modrm === "reg")) return true;
    return hasRm && form.modrm === "none";
  });
  expect(wrong.map(({ text }) => text)).toEqual([]);
});

test("the list of semantics is that of the table", () => {
  expect([...new Set(allForms().map(({ semantic }) => semantic))].sort()).toEqual([...SEMANTICS].sort());
});

test("the table is large enough to be the whole instruction set", () => {
  expect(allForms().length).toBeGreaterThan(1_100);
});

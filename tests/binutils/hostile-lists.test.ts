/** Lists in objects whose members say themselves where the next one is: those of others may lie over one another. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run as objdump } from "../../src/cli/gnu/objdump.ts";
import { objectOf } from "../linker/mutations.ts";
import { captured } from "./captured.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-lists-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MEMBERS = 20_000;

test.each([
  ["references", "version_r", "0x6ffffffe", ".long 0xffff0001, 0, 0, 16"],
  ["definitions", "version_d", "0x6ffffffd", ".long 1, 0xffff0001, 0, 0, 20"],
])(
  "versions whose lists of %s are one another's are shown within the size of their section",
  (_what, name, type, one) => {
    const path = join(folder, `${name}.o`);
    const source = `.section .gnu.${name}, "a", @${type}\n.rept ${MEMBERS}\n${one}\n.endr\n`;
    writeFileSync(path, objectOf(source, "lists.s"));
    const shown = captured(objdump, ["-p", path]);
    expect(shown).toContain("ersion ");
    expect(shown.length).toBeLessThan(100 * 3 * MEMBERS);
  },
);

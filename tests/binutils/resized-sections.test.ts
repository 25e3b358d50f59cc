/**
 * `objcopy --update-section` of a program with contents of other sizes: GNU's file, or an error where the result would
 * not run.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run as objcopy } from "../../src/cli/objcopy.ts";
import { objectOfGnu, requireOracle } from "../oracle.ts";

const SOURCE = `.globl _start
_start: nop
.section .table,"a"
.long 1
.data
.long 3
.section .last,"aw"
.long 5
`;
const CONTENTS = { more: "twenty-five bytes of text", fewer: "two" };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-resized-"));
  for (const [name, text] of Object.entries(CONTENTS)) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const link = (as: string, ld: string, source: string): string => {
  const object = join(folder, "a.o");
  const program = join(folder, "program");
  writeFileSync(object, objectOfGnu(as, source));
  execFileSync(ld, ["-m", "elf_i386", object, "-o", program]);
  return program;
};

test("a section that is its segment's last grows and shrinks with it", (context) => {
  const [as, ld, gnu] = ["as", "ld", "objcopy"].map((name) => requireOracle(name, context)) as [string, string, string];
  const program = link(as, ld, SOURCE);
  const [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")];
  for (const [section, content] of [
    [".table", "more"],
    [".table", "fewer"],
    [".text", "more"],
    [".last", "more"],
    [".last", "fewer"],
    [".data", "fewer"],
  ]) {
    const option = `--update-section=${section}=${join(folder, content!)}`;
    execFileSync(gnu, [option, program, theirs]);
    objcopy([option, program, ours]);
    expect(readFileSync(ours).equals(readFileSync(theirs)), `${section} with ${content}`).toBe(true);
  }
});

test("a section does not grow into the next one", (context) => {
  const [as, ld] = ["as", "ld"].map((name) => requireOracle(name, context)) as [string, string];
  const program = link(as, ld, `${SOURCE}.bss\n.skip 8\n`);
  const grow = (section: string) => () =>
    objcopy([`--update-section=${section}=${join(folder, "more")}`, program, join(folder, "ours")]);
  expect(grow(".data")).toThrow(".data would have 25 bytes and run into .last, which is 4 bytes after its begin");
  expect(grow(".last")).toThrow(".last would have 25 bytes and run into .bss, which is 4 bytes after its begin");
  expect(grow(".bss")).toThrow(".bss has no content in the file that another one could replace");
});

/**
 * Objects with more sections than 16 bits can number (gABI, "ELF Header" and "Symbol Table"), by GNU's tools and ours.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run as as } from "../../src/cli/gnu/as.ts";
import { run as ld } from "../../src/cli/gnu/ld.ts";
import { run as nm } from "../../src/cli/gnu/nm.ts";
import { run as objcopy } from "../../src/cli/gnu/objcopy.ts";
import { run as objdump } from "../../src/cli/gnu/objdump.ts";
import { run as readelf } from "../../src/cli/gnu/readelf.ts";
import { objectOfGnu, requireOracle } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { captured } from "./captured.ts";

/** Each has a symbol and a relocation, so that the file has twice as many sections and symbols. */
const SECTIONS = 33_000;
const FLAGS = ["a", "aw", "ax", ""];
const SOURCE = [
  ".globl first\nfirst: .long first\n.comm shared, 4\nnumber = 5",
  ...Array.from({ length: SECTIONS }, (_, i) => `.section .s.${i},"${FLAGS[i % 4]}"\nat${i}: .long at${i}`),
  '.section .both,"axG",@progbits,both,comdat\n.weak both\nboth: jmp both',
].join("\n");

let folder: string;
let object: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-sections-"));
  object = join(folder, "many.o");
  const source = join(folder, "many.s");
  writeFileSync(source, `${SOURCE}\n`);
  captured(as, [source, "-o", object]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("are assembled", (context) => {
  const theirs = objectOfGnu(requireOracle("as", context), `${SOURCE}\n`);
  expect(readFileSync(object).equals(theirs)).toBe(true);
});

const WRITERS = [
  ["ld", ld, ["-w", "-e", "first"], ["-m", "elf_i386", "-e", "first"]],
  ["ld", ld, ["-w", "-r"], ["-m", "elf_i386", "-r"]],
  ["objcopy", objcopy, ["-R", ".s.7"], ["-R", ".s.7"]],
  ["objcopy", objcopy, ["--strip-all"], ["--strip-all"]],
] as const;
for (const [name, run, ours, theirs] of rowsOf(WRITERS, [0, 2]))
  test(`are written by ${name} ${ours.join(" ")}`, (context) => {
    const [mine, gnus] = [join(folder, "ours"), join(folder, "theirs")];
    const files = (output: string): string[] => (name === "ld" ? [object, "-o", output] : [object, output]);
    const { status, stderr } = spawnSync(requireOracle(name, context), [...theirs, ...files(gnus)], {
      encoding: "utf8",
    });
    expect(status, stderr).toBe(0);
    captured(run, [...ours, ...files(mine)]);
    expect(readFileSync(mine).equals(readFileSync(gnus))).toBe(true);
  });

const READERS = [
  ["nm", nm, []],
  ["objdump", objdump, ["-htr"]],
  ["readelf", readelf, ["-hSsW"]],
] as const;
for (const [name, run, args] of rowsOf(READERS, [0, 1]))
  test(`are shown by ${name} ${args.join(" ")}`, (context) => {
    const theirs = spawnSync(requireOracle(name, context), [...args, object], {
      encoding: "latin1",
      maxBuffer: 2 ** 28,
    });
    expect(captured(run, [...args, object]) === theirs.stdout).toBe(true);
  });

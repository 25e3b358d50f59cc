/**
 * Which of several symbols names an address, and what a symbol cuts: sources, and what objdump 2.40 says of them. The
 * answers were taken from it once; where it is installed they are compared anew.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run as objdump } from "../../src/cli/gnu/objdump.ts";
import { objectOf } from "../linker/mutations.ts";
import { oracle } from "../oracle.ts";
import { captured } from "./captured.ts";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-symbols-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A jump out of the section `.here`, to 0x6f, before which all the symbols stand at 0. */
const JUMP = '.section .here, "a"\n.byte 0x74, 0x6d\n';

const NAMES: readonly (readonly [title: string, symbols: string, name: string])[] = [
  ["by name, not by section", ".section .s1\n.globl d\nd: .long 0\n.section .s2\n.globl b\nb: .long 0", "b"],
  ["objects first", ".data\n.globl a\na: .long 0\n.bss\n.globl b\n.type b, @object\nb: .long 0", "b"],
  [
    "functions before objects",
    ".data\n.globl a\n.type a, @object\na: .long 0\n.text\n.type f, @function\nf: .long 0",
    "f",
  ],
  ["global before local, whatever their sizes", ".data\n.globl d\nd: .long 0\n.bss\nb: .long 0\n.size b, 4", "d"],
  ["weak before local", ".data\n.weak d\nd: .long 0\n.bss\nb: .long 0", "d"],
  ["global before weak", ".data\n.weak b\nb: .long 0\n.bss\n.globl d\nd: .long 0", "d"],
  ["the larger of two", ".data\n.globl b\nb: .long 0\n.size b, 1\n.bss\n.globl d\nd: .long 0\n.size d, 4", "d"],
  ["a constant as any other", ".globl b, d\nb = 0\n.data\nd: .long 0", "b"],
];

const CODE: readonly (readonly [title: string, options: readonly string[], source: string])[] = [
  ["a symbol cuts an instruction in code", ["-d"], "first: .byte 0x30\nsecond: .byte 0xa0, 4, 8, 1, 7, 8"],
  ["and not with -D", ["-D"], "first: .byte 0x30\nsecond: .byte 0xa0, 4, 8, 1, 7, 8"],
  ["and not in data", ["-d", "-j", ".data"], ".data\nfirst: .byte 0x30\nsecond: .byte 0xa0, 4, 8, 1, 7, 8"],
];

function shown(options: readonly string[], source: string): string {
  const path = join(folder, "part.o");
  writeFileSync(path, objectOf(`${source}\n`, "part.s"));
  const ours = captured(objdump, [...options, path]);
  const theirs = oracle("objdump");
  if (theirs !== null)
    expect(ours).toBe(execFileSync(theirs, [...options, path], { encoding: "latin1", env: { LC_ALL: "C" } }));
  return ours;
}

describe("the symbol that names an address", () => {
  test.each(NAMES)("%s", (_title, symbols, name) => {
    expect(shown(["-D", "-j", ".here"], `${symbols}\n${JUMP}`)).toContain(`<${name}+0x6f>`);
  });
});

describe("code between symbols", () => {
  test.each(CODE)("%s", (title, options, source) => {
    expect(/xor .*%ah/.test(shown(options, source))).toBe(title !== "a symbol cuts an instruction in code");
  });
});

test("only what has relocations says so", () => {
  expect(shown(["-f"], ".data\n.long 5")).not.toContain("HAS_RELOC");
  expect(shown(["-f"], "call outside")).toContain("HAS_RELOC");
});

/**
 * The processor against QEMU: random instructions state by state, and programs that provoke exceptions. What QEMU does not check is
 * compared with answers that were worked out from the manual (*.expected).
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { requireOracle } from "../../oracle.ts";
import { assembleProgram, runHere, runInQemu } from "./bare-machine.ts";
import { Random, packCases, randomCase, unpackOutcomes } from "./random-instructions.ts";
import type { Case, Outcome } from "./random-instructions.ts";
import { TESTABLE, UNDEFINED_FLAGS } from "./testable-forms.ts";

const FOLDER = dirname(fileURLToPath(import.meta.url));
const SEED = Number(process.env["QURE_SEED"] ?? 20240607);
const CASES_PER_FORM = Number(process.env["QURE_CASES"] ?? 8);
/** QEMU does not set RF in the image that a fault pushes; the manual does (SDM 3B 17.3.1.1). */
const RF = 0x10000;

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1").trimEnd();
}

function isSame(one: Case, ours: Outcome, theirs: Outcome): boolean {
  const defined = ~((UNDEFINED_FLAGS[one.form.semantic] ?? 0) | RF);
  return (
    ours.vector === theirs.vector &&
    ours.errorCode === theirs.errorCode &&
    ours.eip === theirs.eip &&
    ((ours.eflags ^ theirs.eflags) & defined) === 0 &&
    ours.registers.every((value, register) => value === theirs.registers[register]) &&
    ours.memory === theirs.memory
  );
}

function describeCase(one: Case, ours: Outcome, theirs: Outcome): string {
  const hex = (value: number): string => (value >>> 0).toString(16);
  const show = (outcome: Outcome): string =>
    `vector ${outcome.vector} error ${hex(outcome.errorCode)} eip +${hex(outcome.eip)} registers ${outcome.registers.map(hex).join(" ")} eflags ${hex(outcome.eflags)} memory ${hex(outcome.memory)}`;
  const code = one.code.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `${one.form.text.trim()}\n  code ${code}\n  from registers ${one.registers.map(hex).join(" ")} eflags ${hex(one.eflags)}\n  ours ${show(ours)}\n  qemu ${show(theirs)}`;
}

describe("against QEMU", () => {
  it(`random instructions of all forms (QURE_SEED=${SEED} QURE_CASES=${CASES_PER_FORM})`, (context) => {
    requireOracle("as", context);
    const qemu = requireOracle("qemu-system-i386", context);
    const random = new Random(SEED);
    const cases = TESTABLE.flatMap((form) => Array.from({ length: CASES_PER_FORM }, () => randomCase(random, form)));
    const program = assembleProgram("states.s");
    const data = packCases(cases);
    const ours = unpackOutcomes(runHere(program, data));
    const theirs = unpackOutcomes(runInQemu(qemu, program, data));
    expect(ours.length).toBe(cases.length);
    expect(theirs.length).toBe(cases.length);
    const differences = cases.flatMap((one, i) => (isSame(one, ours[i]!, theirs[i]!) ? [] : [describeCase(one, ours[i]!, theirs[i]!)]));
    expect(differences.slice(0, 5).join("\n")).toBe("");
  }, 120_000);

  for (const name of ["protection", "paging", "tasks", "virtual8086"]) {
    it(name, (context) => {
      requireOracle("as", context);
      const qemu = requireOracle("qemu-system-i386", context);
      const program = assembleProgram(`${name}.s`);
      const nothing = new Uint8Array(16);
      expect(text(runHere(program, nothing))).toBe(text(runInQemu(qemu, program, nothing)));
    }, 60_000);
  }
});

describe("against the manual, where QEMU checks nothing", () => {
  for (const name of ["limits", "vme"]) {
    it(name, (context) => {
      requireOracle("as", context);
      const expected = readFileSync(join(FOLDER, `${name}.expected`), "latin1").trimEnd();
      expect(text(runHere(assembleProgram(`${name}.s`), new Uint8Array(16)))).toBe(expected);
    });
  }
});

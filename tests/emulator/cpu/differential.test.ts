/**
 * The processor against QEMU: random instructions state by state, and programs that provoke exceptions. What QEMU does
 * not check is compared with answers that were worked out from the manual (*.expected).
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Random } from "../../../emulator/state/random.ts";
import { requireOracle } from "../../oracle.ts";
import { assembleProgram, runHere, runInQemu } from "./bare-machine.ts";
import { ALL_FORMS, DifferentialTester } from "./differential.ts";
import { definedSums, isSameInQemu, packSwitches, randomSwitch } from "./random-switches.ts";

const FOLDER = dirname(fileURLToPath(import.meta.url));
const SEED = Number(process.env["QURE_SEED"] ?? 20240607);
const SWITCHES = 1000;
const CASES = Number(process.env["QURE_CASES"] ?? 2500);

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1").trimEnd();
}

describe("against QEMU", () => {
  it(`random cases, and each form at least once (QURE_SEED=${SEED} QURE_CASES=${CASES})`, (context) => {
    requireOracle("as", context);
    const tester = new DifferentialTester(requireOracle("qemu-system-i386", context));
    expect(tester.run(SEED, CASES, ALL_FORMS).join("\n\n")).toBe("");
  }, 900_000);

  it(`random task switches (QURE_SEED=${SEED})`, (context) => {
    requireOracle("as", context);
    const qemu = requireOracle("qemu-system-i386", context);
    const random = new Random(SEED);
    const cases = Array.from({ length: SWITCHES }, () => randomSwitch(random));
    const program = assembleProgram("switches.s");
    const [ours, theirs] = [runHere(program, packSwitches(cases)), runInQemu(qemu, program, packSwitches(cases))].map(
      (bytes) => definedSums(bytes),
    );
    expect(ours!.length).toBe(SWITCHES);
    const differing = cases.filter((one, index) => isSameInQemu(one) && ours![index] !== theirs![index]);
    expect(differing.slice(0, 5)).toEqual([]);
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
  for (const name of ["limits", "vme", "task-faults", "debug", "x87-environment"]) {
    it(name, (context) => {
      requireOracle("as", context);
      const expected = readFileSync(join(FOLDER, `${name}.expected`), "latin1").trimEnd();
      expect(text(runHere(assembleProgram(`${name}.s`), new Uint8Array(16)))).toBe(expected);
    });
  }
});

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
import { describeThoroughly, thoroughly } from "../../setup/thoroughly.ts";
import { casesOf, rowsOf } from "../../setup/tier.ts";
import { assembleProgram, runHere, runInQemu } from "./bare-machine.ts";
import { ALL_FORMS, DifferentialTester } from "./differential.ts";
import { definedSums, isSameInQemu, packSwitches, randomSwitch } from "./random-switches.ts";

const FOLDER = dirname(fileURLToPath(import.meta.url));
const cases = casesOf("emulator/cpu/differential", 20240607);
const SEED = cases.firstSeed;
const SWITCHES = 1000;

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1").trimEnd();
}

describe("against QEMU", () => {
  it(`each form at least once, and random ones: ${cases.title}`, (context) => {
    requireOracle("as", context);
    const tester = new DifferentialTester(requireOracle("qemu-system-i386", context));
    expect(tester.run(SEED, cases.count, ALL_FORMS).join("\n\n"), cases.repeat()).toBe("");
  }, 900_000);

  thoroughly(
    `random task switches from seed ${SEED}`,
    (context) => {
      requireOracle("as", context);
      const qemu = requireOracle("qemu-system-i386", context);
      const random = new Random(SEED);
      const switches = Array.from({ length: SWITCHES }, () => randomSwitch(random));
      const program = assembleProgram("switches.s");
      const [ours, theirs] = [
        runHere(program, packSwitches(switches)),
        runInQemu(qemu, program, packSwitches(switches)),
      ].map((bytes) => definedSums(bytes));
      expect(ours!.length).toBe(SWITCHES);
      const differing = switches.filter((one, index) => isSameInQemu(one) && ours![index] !== theirs![index]);
      expect(differing.slice(0, 5)).toEqual([]);
    },
    120_000,
  );

  for (const name of rowsOf(["protection", "paging", "tasks", "virtual8086"], 2)) {
    it(name, (context) => {
      requireOracle("as", context);
      const qemu = requireOracle("qemu-system-i386", context);
      const program = assembleProgram(`${name}.s`);
      const nothing = new Uint8Array(16);
      expect(text(runHere(program, nothing))).toBe(text(runInQemu(qemu, program, nothing)));
    }, 60_000);
  }
});

describe.each(rowsOf(["paging", "pae", "tasks"], 1))("%s: how many address spaces are kept changes nothing", (name) => {
  it.for(rowsOf(["off", "force"] as const, 1))("with the JIT %s", { timeout: 60_000 }, (jit, context) => {
    requireOracle("as", context);
    const program = assembleProgram(`${name}.s`);
    const [one, two, all] = [1, 2, 8].map((spaces) => text(runHere(program, new Uint8Array(16), { jit, spaces })));
    expect([one, two]).toEqual([all, all]);
  });
});

describeThoroughly("PAE paging against QEMU", () => {
  it.for(["off", "force"] as const)("with the JIT %s", { timeout: 60_000 }, (jit, context) => {
    requireOracle("as", context);
    const qemu = requireOracle("qemu-system-i386", context);
    const program = assembleProgram("pae.s");
    const nothing = new Uint8Array(16);
    const theirs = text(runInQemu(qemu, program, nothing, { qemuCpu: "pentium3,+nx" }));
    // Of a reserved bit, QEMU 7.2 says that the page is not present (SDM 3A 4.7: bit 0 is set).
    const corrected = theirs.replace(
      /^(0000000E 000000[01])(8|A)/gm,
      (_, start, code) => `${start}${code === "8" ? "9" : "B"}`,
    );
    expect(text(runHere(program, nothing, { jit }))).toBe(corrected);
  });
});

describe("against the manual, where QEMU checks nothing", () => {
  for (const name of ["limits", "vme", "task-faults", "debug", "x87-environment", "pae-pointers"]) {
    it(name, (context) => {
      requireOracle("as", context);
      const expected = readFileSync(join(FOLDER, `${name}.expected`), "latin1").trimEnd();
      expect(text(runHere(assembleProgram(`${name}.s`), new Uint8Array(16)))).toBe(expected);
    });
  }
});

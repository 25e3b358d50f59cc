/**
 * The x87, interpreted and compiled, against the processor of the host: every form with random states, operands,
 * rounding, precision and masks.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { Random } from "../../../emulator/state/random.ts";
import { requireOracle } from "../../oracle.ts";
import { casesOf } from "../../setup/tier.ts";
import { assembleProgram, runHere } from "./bare-machine.ts";
import { isSameX87, packX87, randomX87Case, X87_CASE_BYTES, X87_FORMS } from "./random-x87.ts";

const FOLDER = dirname(fileURLToPath(import.meta.url));
const perForm = casesOf("emulator/cpu/x87", 20240607);
/** Few at a time: in each machine only so much is compiled before much has run. */
const AT_ONCE = 250;

function runOnHost(gcc: string, data: Uint8Array): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "qure-x87-"));
  try {
    const program = join(folder, "x87-host");
    execFileSync(gcc, ["-O1", "-o", program, join(FOLDER, "x87-host.c")]);
    return execFileSync(program, { input: data, maxBuffer: 1 << 28 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it(`computes what the host computes, for each form: ${perForm.title}`, (context) => {
  if (process.arch !== "x64") context.skip("the host has no x87");
  const gcc = requireOracle("gcc", context);
  requireOracle("as", context);
  const random = new Random(perForm.firstSeed);
  const cases = X87_FORMS.flatMap((form) => Array.from({ length: perForm.count }, () => randomX87Case(random, form)));
  const theirs = runOnHost(gcc, packX87(cases));
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const program = assembleProgram("x87.s");
  for (let first = 0; first < cases.length; first += AT_ONCE) {
    const some = cases.slice(first, first + AT_ONCE);
    const interpreted = runHere(program, packX87(some));
    for (const jit of ["off", "force"] as const) {
      const differences: string[] = [];
      const ours = jit === "off" ? interpreted : runHere(program, packX87(some), { jit });
      expect(ours.length).toBe(some.length * X87_CASE_BYTES);
      some.forEach((one, i) => {
        const mine = ours.subarray(i * X87_CASE_BYTES, (i + 1) * X87_CASE_BYTES);
        const host = theirs.subarray((first + i) * X87_CASE_BYTES, (first + i + 1) * X87_CASE_BYTES);
        if (!isSameX87(one.form, mine, host))
          differences.push(
            `${one.form.text.trim()}\n  from ${hex(one.bytes)}\n  ours ${hex(mine)}\n  host ${hex(host)}`,
          );
      });
      expect(differences.slice(0, 5).join("\n"), `with the JIT ${jit}: ${perForm.repeat()}`).toBe("");
      // Among ourselves the pointers to code and data are equal too.
      expect(Buffer.compare(ours, interpreted), `with the JIT ${jit}: ${perForm.repeat()}`).toBe(0);
    }
  }
}, 120_000);

/**
 * MMX, SSE and all up to SSE4.2, interpreted and compiled, against the processor of the host: every form with random
 * states, operands, rounding and masks.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { Random } from "../../../emulator/state/random.ts";
import { requireOracle } from "../../oracle.ts";
import { casesOf, rowsOf } from "../../setup/tier.ts";
import { assembleProgram, runHere } from "./bare-machine.ts";
import { differencesOf, packVectors, randomVectorCase, VECTOR_CASE_BYTES, VECTOR_FORMS } from "./random-vector.ts";

const FOLDER = dirname(fileURLToPath(import.meta.url));
const perForm = casesOf("emulator/cpu/vector", 20261121);
/** Few at a time: in each machine only so much is compiled before much has run. */
const AT_ONCE = 250;
/** One case hides which lane went where: some of its lanes are equal. */
const SHUFFLES = /pshuf|shufp|unpck|punpck/i;

function runOnHost(gcc: string, data: Uint8Array): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "qure-vector-"));
  try {
    const program = join(folder, "vector-host");
    execFileSync(gcc, ["-O1", "-o", program, join(FOLDER, "vector-host.c")]);
    return execFileSync(program, { input: data, maxBuffer: 1 << 28 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it(`computes what the host computes, for each form: ${perForm.title}`, (context) => {
  if (process.arch !== "x64") context.skip("the host has no SSE");
  const gcc = requireOracle("gcc", context);
  requireOracle("as", context);
  const random = new Random(perForm.firstSeed);
  const cases = rowsOf(VECTOR_FORMS, 120).flatMap((form) =>
    Array.from({ length: SHUFFLES.test(form.text) ? Math.max(4, perForm.count) : perForm.count }, () =>
      randomVectorCase(random, form),
    ),
  );
  const theirs = runOnHost(gcc, packVectors(cases));
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const program = assembleProgram("vector.s");
  for (let first = 0; first < cases.length; first += AT_ONCE) {
    const some = cases.slice(first, first + AT_ONCE);
    const interpreted = runHere(program, packVectors(some), { model: "max" });
    for (const jit of ["off", "force", "interpret"] as const) {
      const ours = jit === "off" ? interpreted : runHere(program, packVectors(some), { jit, model: "max" });
      expect(ours.length).toBe(some.length * VECTOR_CASE_BYTES);
      const differences: string[] = [];
      some.forEach((one, i) => {
        const mine = ours.subarray(i * VECTOR_CASE_BYTES, (i + 1) * VECTOR_CASE_BYTES);
        const host = theirs.subarray((first + i) * VECTOR_CASE_BYTES, (first + i + 1) * VECTOR_CASE_BYTES);
        const found = differencesOf(one.form, mine, host);
        if (found.length > 0)
          differences.push(`${one.form.text.trim()}\n  ${found.join("\n  ")}\n  from ${hex(one.bytes)}`);
      });
      expect(differences.slice(0, 5).join("\n"), `with the JIT ${jit}: ${perForm.repeat()}`).toBe("");
      expect(Buffer.compare(ours, interpreted), `with the JIT ${jit}: ${perForm.repeat()}`).toBe(0);
    }
  }
}, 600_000);

/**
 * The x87 against the processor of the host: every form with random states, operands, rounding, precision and masks.
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
  const data = packX87(cases);
  const ours = runHere(assembleProgram("x87.s"), data);
  const theirs = runOnHost(gcc, data);
  expect(ours.length).toBe(theirs.length);
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const differences = cases.flatMap((one, i) => {
    const at = i * X87_CASE_BYTES;
    const mine = ours.subarray(at, at + X87_CASE_BYTES);
    const host = theirs.subarray(at, at + X87_CASE_BYTES);
    return isSameX87(one.form, mine, host)
      ? []
      : [`${one.form.text.trim()}\n  from ${hex(one.bytes)}\n  ours ${hex(mine)}\n  host ${hex(host)}`];
  });
  expect(differences.slice(0, 5).join("\n"), perForm.repeat()).toBe("");
}, 120_000);

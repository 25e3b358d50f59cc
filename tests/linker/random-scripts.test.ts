/** Random linker scripts, linked by GNU ld and by `qure ld`: the same file, or an error of both. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../src/cli/gnu/ld.ts";
import { linkOfGnuWithin, objectOfGnu, requireOracle } from "../oracle.ts";
import { casesOf } from "../setup/tier.ts";
import { randomScript } from "./random-scripts.ts";

const cases = casesOf("linker/random-scripts");
/** Load addresses far apart make files of gigabytes, which say nothing more. */
const MOST_BYTES = 1 << 24;
/** Seeds of cases that differ (docs/linker.md), of the first three hundred. */
const KNOWN = {
  headers: new Set([6, 53, 86, 204, 250, 263, 268, 277, 294]),
  plain: new Set([50, 70, 110, 137, 140, 169, 215, 270]),
};

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-scripts-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What differs, or null. */
function difference(as: string, ld: string, seed: number, hasHeaders: boolean): string | null {
  const { sources, script, options } = randomScript(seed, hasHeaders);
  const objects = sources.map((source, index) => {
    const path = join(folder, `part${index}.o`);
    writeFileSync(path, objectOfGnu(as, source));
    return path;
  });
  const scriptPath = join(folder, "script.ld");
  const ours = join(folder, "ours");
  writeFileSync(scriptPath, script);
  rmSync(ours, { force: true });
  const args = [...options, "-T", scriptPath, ...objects];
  const gnu = linkOfGnuWithin(MOST_BYTES, ld, folder, args);
  if (gnu === "too large") return null;
  let failure: string | null = null;
  try {
    run(["-m", "elf_i386", "-w", ...args, "-o", ours]);
  } catch (error) {
    failure = String(error);
  }
  if (gnu === "refused") return failure === null ? "only GNU ld refuses it" : null;
  if (failure !== null) return failure;
  return readFileSync(ours).equals(gnu) ? null : "the files differ";
}

test.for([
  ["with PHDRS", true, KNOWN.headers],
  ["without PHDRS", false, KNOWN.plain],
] as const)(`scripts %s: ${cases.title}`, ([, hasHeaders, known], context) => {
  const [as, ld] = ["as", "ld"].map((name) => requireOracle(name, context)) as [string, string];
  const problems: string[] = [];
  for (let seed = cases.firstSeed; seed < cases.firstSeed + cases.count; seed++) {
    const found = known.has(seed) ? null : difference(as, ld, seed, hasHeaders);
    if (found !== null) problems.push(`${cases.repeat(seed)}: ${found}`);
  }
  expect(problems).toEqual([]);
});

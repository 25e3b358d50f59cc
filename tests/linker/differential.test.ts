/** Random programs linked by GNU ld and by `qure ld`, in many ways: the files must be equal, byte for byte. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../src/cli/ld.ts";
import { requireOracle } from "../oracle.ts";
import { LINK_OPTIONS, randomProgram, SCRIPTS } from "./programs.ts";

const seed = Number(process.env["SEED"] ?? 1);
const programs = Number(process.env["PROGRAMS"] ?? 12);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "qure-ld-"));
  for (const [name, text] of Object.entries(SCRIPTS)) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What differs between two ways of linking the same files, or null. */
function difference(ld: string, args: readonly string[]): string | null {
  const theirs = join(folder, "theirs");
  const ours = join(folder, "ours");
  rmSync(theirs, { force: true });
  rmSync(ours, { force: true });
  const gnu = spawnSync(ld, ["-m", "elf_i386", "--no-warn-rwx-segments", ...args, "-o", theirs], { encoding: "utf8" });
  let failure: string | null = null;
  try {
    run(["-m", "elf_i386", ...args, "-o", ours]);
  } catch (error) {
    failure = String(error);
  }
  if (gnu.status !== 0) return failure === null ? `GNU ld refuses: ${gnu.stderr}` : null;
  if (failure !== null) return failure;
  return readFileSync(theirs).equals(readFileSync(ours)) ? null : "the files differ";
}

describe("the same bytes as GNU ld", () => {
  test(`${programs} programs from seed ${seed} (SEED=${seed} PROGRAMS=${programs} npx vitest run tests/linker/differential.test.ts)`, (context) => {
    const [as, ld] = ["as", "ld"].map((name) => requireOracle(name, context)) as [string, string];
    const problems: string[] = [];
    let compared = 0;
    for (let number = seed; number < seed + programs; number++) {
      const sources = randomProgram(number);
      const objects = sources.map((source, index) => {
        const path = join(folder, `part${index}.o`);
        execFileSync(as, ["--32", "-o", path, "-"], { input: source, stdio: ["pipe", "ignore", "inherit"] });
        return path;
      });
      const hasGroups = sources.some((source) => source.includes("comdat"));
      for (const options of LINK_OPTIONS) {
        // GNU ld links every copy of a group into a flat image (docs/linker.md).
        if (hasGroups && options.includes("binary")) continue;
        const args = [...options.map((word) => (word in SCRIPTS ? join(folder, word) : word)), ...objects];
        const found = difference(ld, args);
        compared++;
        if (found !== null) problems.push(`seed ${number}, ${options.join(" ")}: ${found}`);
      }
    }
    expect(compared).toBeGreaterThan(0);
    expect(problems.slice(0, Number(process.env["SHOW"] ?? 20))).toEqual([]);
  });
});

/** What gcc makes of the C in `c/`, in both syntaxes and at several levels of optimisation: our object is GNU as's. */

import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { requireOracle, withFolder } from "../oracle.ts";
import { rowsOf } from "../setup/tier.ts";
import { compare } from "./differential.ts";

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), "c");
const LEVELS = ["-O0", "-O2", "-Os"];
const SYNTAXES = ["-masm=att", "-masm=intel"];

/** The assembly that gcc writes, or null where this gcc makes no 32-bit code. */
function compile(gcc: string, file: string, options: readonly string[]): string | null {
  return withFolder((folder) => {
    const output = join(folder, "out.s");
    const run = spawnSync(gcc, ["-m32", "-w", "-S", ...options, join(FOLDER, file), "-o", output], {
      encoding: "utf8",
    });
    return run.status === 0 ? readFileSync(output, "latin1") : null;
  });
}

describe("the output of gcc", () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".c"));
  for (const file of rowsOf(files, 1)) {
    test(file, { timeout: 240_000 }, (context) => {
      const gcc = requireOracle("gcc", context);
      const assembler = requireOracle("as", context);
      if (!execFileSync(gcc, ["--version"], { encoding: "utf8" }).includes("Free Software Foundation"))
        context.skip("this gcc is not GNU's");
      for (const level of LEVELS) {
        for (const syntax of SYNTAXES) {
          const extra =
            level === "-Os" ? ["-g"] : level === "-O2" ? ["-fno-pic", "-fno-asynchronous-unwind-tables"] : [];
          const options = [level, syntax, ...extra];
          const text = compile(gcc, file, options);
          if (text === null) return void context.skip("this gcc makes no 32-bit code");
          const result = compare(assembler, { text });
          expect(result.expected, `${options.join(" ")}: ${result.expectedMessages}`).not.toBeNull();
          expect(result.object, `${options.join(" ")}: ${result.messages}`).not.toBeNull();
          expect(
            Buffer.compare(Buffer.from(result.object!), Buffer.from(result.expected!)),
            `gcc -m32 -S ${options.join(" ")} ${file}`,
          ).toBe(0);
        }
      }
    });
  }
});

/** What is made from asm/system-calls.json is what that file says now. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
// @ts-expect-error a script without types
import { systemCallFiles } from "../../scripts/system-calls.mjs";

const root = join(import.meta.dirname, "../..");

test.each(Object.entries(systemCallFiles() as Record<string, string>))(
  "%s follows asm/system-calls.json: run node scripts/system-calls.mjs",
  (path, content) => {
    expect(readFileSync(join(root, path), "utf8")).toBe(content);
  },
);

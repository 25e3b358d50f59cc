/** The interpreter's module that bundles and tests take from dist/ in place of making one. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeInterpreter, USUAL_SHAPE } from "../../../emulator/jit/threaded/module.ts";

test("is the one that the source makes", () => {
  const made = readFileSync(join(import.meta.dirname, "../../../dist/interpreter.wasm"));
  expect(made.equals(encodeInterpreter(USUAL_SHAPE))).toBe(true);
});

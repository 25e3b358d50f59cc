/** The interpreter's modules that bundles and tests take from dist/ in place of making them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeInterpreter, usualShape } from "../../../emulator/jit/threaded/module.ts";

test.each([16, 32] as const)("that of %i-bit code is the one that the source makes", (codeBits) => {
  const made = readFileSync(join(import.meta.dirname, `../../../dist/interpreter-${codeBits}.wasm`));
  expect(made.equals(encodeInterpreter(usualShape(codeBits)))).toBe(true);
});

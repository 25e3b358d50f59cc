/**
 * The loop of the interpreter is half as fast when it has more values than V8's better allocator of registers takes
 * (Node 20: 8,192). Later versions do not know the flag, and choose by other rules.
 */
import { join } from "node:path";
import { execaSync } from "execa";
import { expect, test } from "vitest";

const DIST = join(import.meta.dirname, "../../../dist");
/** Prints how large the machine code of a module is, with all of it optimised. */
const MEASURE = `
  const v8 = require("node:v8");
  const [path, ...flags] = process.argv.slice(1);
  for (const flag of ["--no-liftoff", "--no-wasm-lazy-compilation", "--no-wasm-dynamic-tiering", ...flags])
    v8.setFlagsFromString(flag);
  const module = new WebAssembly.Module(require("node:fs").readFileSync(path));
  v8.setFlagsFromString("--allow-natives-syntax");
  console.log(new Function("m", "return %SerializeWasmModule(m)")(module).byteLength);
`;

function machineCodeBytes(codeBits: 16 | 32, ...flags: string[]): number {
  const path = join(DIST, `interpreter-${codeBits}.wasm`);
  return Number(execaSync("node", ["-e", MEASURE, path, ...flags]).stdout);
}

test.each([16, 32] as const)("the interpreter of %i-bit code gets V8's better choice of registers", (codeBits) => {
  const bytes = machineCodeBytes(codeBits);
  expect(bytes).toBeGreaterThan(1_000_000);
  expect(machineCodeBytes(codeBits, "--no-turbo-use-mid-tier-regalloc-for-huge-functions")).toBe(bytes);
});

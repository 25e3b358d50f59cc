/**
 * Machines take the interpreter's module from dist/, which the global setup has made of the sources as they are, as
 * bundles do: to emit it takes each process a quarter of a second.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

declare global {
  var QURE_INTERPRETER: () => Uint8Array<ArrayBuffer>;
}

globalThis.QURE_INTERPRETER = () => readFileSync(join(import.meta.dirname, "../../dist/interpreter.wasm"));

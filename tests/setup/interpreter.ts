/**
 * Machines take the interpreter's modules from dist/, which the global setup has made of the sources as they are, as
 * bundles do: to emit them takes each process half a second.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

declare global {
  var QURE_INTERPRETER: (codeBits: 16 | 32) => Uint8Array<ArrayBuffer>;
}

globalThis.QURE_INTERPRETER = (codeBits) =>
  readFileSync(join(import.meta.dirname, `../../dist/interpreter-${codeBits}.wasm`));

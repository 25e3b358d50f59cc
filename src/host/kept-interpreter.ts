/**
 * The interpreter's modules for commands (emulator/jit/threaded/module.ts): files beside the scripts, of which commands
 * keep the machine code. Libraries leave V8's flags and the user's folders alone (ready-interpreter.ts).
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { KeptCode } from "./kept-code.ts";
import { moduleWithCode } from "./machine-code.ts";
import { loadBuilt } from "./package.ts";

/** Of both modules: put in by the bundler. */
declare const QURE_INTERPRETER_HASH: string;

export const QURE_INTERPRETER = (codeBits: 16 | 32): WebAssembly.Module =>
  moduleWithCode(
    loadBuilt(`interpreter-${codeBits}.wasm`),
    new KeptCode(dirname(fileURLToPath(import.meta.url)), `interpreter-${codeBits}`, QURE_INTERPRETER_HASH),
  );

/**
 * What commands keep of the code that runs guests, with the machine code that V8 has made of it: the interpreter's modules
 * (emulator/jit/threaded/module.ts), which are files beside the scripts, and compiled regions (emulator/jit/
 * region-store.ts). Libraries leave V8's flags and the user's folders alone (ready-interpreter.ts).
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { KeptCode } from "./kept-code.ts";
import { KeptRegions } from "./kept-regions.ts";
import { moduleWithCode } from "./machine-code.ts";
import { loadBuilt } from "./package.ts";

/** Of both modules of the interpreter, and of the sources that compile guest code: put in by the bundler. */
declare const QURE_INTERPRETER_HASH: string;
declare const QURE_EMULATOR_HASH: string;

const kept = (name: string, build: string): KeptCode =>
  new KeptCode(dirname(fileURLToPath(import.meta.url)), name, build);

export const QURE_INTERPRETER = (codeBits: 16 | 32): WebAssembly.Module =>
  moduleWithCode(loadBuilt(`interpreter-${codeBits}.wasm`), kept(`interpreter-${codeBits}`, QURE_INTERPRETER_HASH));

export const QURE_REGION_STORE = new KeptRegions(kept("regions", QURE_EMULATOR_HASH));

/** The interpreter's module for bundles that run in Node (emulator/jit/threaded/module.ts): a file beside them. */
import { loadBuilt } from "./package.ts";

export const QURE_INTERPRETER = (): Uint8Array<ArrayBuffer> => loadBuilt("interpreter.wasm");

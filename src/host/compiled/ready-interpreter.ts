/** The interpreter's modules for bundles that run in Node (emulator/jit/threaded/module.ts): files beside them. */
import { loadBuilt } from "../package.ts";

export const QURE_INTERPRETER = (codeBits: 16 | 32): Uint8Array<ArrayBuffer> =>
  loadBuilt(`interpreter-${codeBits}.wasm`);

/**
 * The code that runs guests, for commands: the interpreter's modules (emulator/jit/threaded/module.ts), and compiled
 * regions (emulator/jit/region-store.ts), which they keep. Libraries leave the user's folders alone
 * (ready-interpreter.ts).
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { KeptCode } from "./kept-code.ts";
import { KeptRegions } from "./kept-regions.ts";

export { QURE_INTERPRETER } from "./ready-interpreter.ts";

/** Of the sources that compile guest code: put in by the bundler. */
declare const QURE_EMULATOR_HASH: string;

const beside = dirname(fileURLToPath(import.meta.url));
export const QURE_REGION_STORE = new KeptRegions(new KeptCode(beside, "regions", QURE_EMULATOR_HASH));

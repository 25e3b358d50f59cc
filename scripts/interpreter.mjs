// The interpreter of the emulated processor (emulator/jit/threaded/module.ts), made beforehand for the bundles.

import { pathToFileURL } from "node:url";
import { bundle } from "./bundle.mjs";

/** The module that most machines run. */
export async function readyInterpreter() {
  const outfile = "build/interpreter.mjs";
  await bundle("emulator/jit/threaded/module.ts", outfile);
  const { encodeInterpreter, USUAL_SHAPE } = await import(pathToFileURL(outfile).href);
  return Buffer.from(encodeInterpreter(USUAL_SHAPE));
}

// The interpreter of the emulated processor (emulator/jit/threaded/module.ts), made beforehand for the bundles.

import { pathToFileURL } from "node:url";
import { bundle } from "./bundle.mjs";

/** What to define for esbuild, so that a bundle has the module that most machines run. */
export async function interpreterDefine() {
  const outfile = "build/interpreter.mjs";
  await bundle("emulator/jit/threaded/module.ts", outfile);
  const { encodeInterpreter, USUAL_SHAPE } = await import(pathToFileURL(outfile).href);
  return { QURE_INTERPRETER: JSON.stringify(Buffer.from(encodeInterpreter(USUAL_SHAPE)).toString("base64")) };
}

// The interpreter of the emulated processor (emulator/jit/threaded/module.ts), made beforehand for the bundles.

import { pathToFileURL } from "node:url";
import { bundle } from "./bundle.mjs";

/** The module that most machines run code of 16 or 32 bits with. */
export async function readyInterpreter(codeBits) {
  const outfile = "build/interpreter.mjs";
  await bundle("emulator/jit/threaded/module.ts", outfile);
  const { encodeInterpreter, usualShape } = await import(pathToFileURL(outfile).href);
  return Buffer.from(encodeInterpreter(usualShape(codeBits)));
}

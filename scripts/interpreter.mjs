// The interpreter of the emulated processor (emulator/jit/threaded/module.ts), made beforehand for the bundles.

import { pathToFileURL } from "node:url";
import { bundle } from "./bundle.mjs";

/** The modules that most machines run, by the size of code. */
export async function readyInterpreters() {
  const outfile = "build/interpreter.mjs";
  await bundle("emulator/jit/threaded/module.ts", outfile);
  const { encodeInterpreter, usualShape } = await import(pathToFileURL(outfile).href);
  return [16, 32].map((codeBits) => ({ codeBits, content: Buffer.from(encodeInterpreter(usualShape(codeBits))) }));
}

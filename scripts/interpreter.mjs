// The interpreter of the emulated processor (emulator/jit/threaded/module.ts), made beforehand for the bundles.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { bundle } from "./bundle.mjs";

/** The module that most machines run code of 16 or 32 bits with; `folder` is for what is needed in between. */
export async function readyInterpreter(codeBits, folder) {
  const outfile = join(folder, `interpreter-${codeBits}.mjs`);
  await bundle("emulator/jit/threaded/module.ts", outfile);
  const { encodeInterpreter, usualShape } = await import(pathToFileURL(outfile).href);
  return Buffer.from(encodeInterpreter(usualShape(codeBits)));
}

/**
 * Encodings made beforehand. To encode an instruction takes some hundred functions, which a short run executes before
 * they are compiled: for a compiler's output of 100,000 lines that was a quarter of the time. Its instructions are of
 * some two thousand shapes, so a tool can come with what those are encoded as.
 */

import { Assembler } from "./read/assembler.ts";
import { assembleInput } from "./read/statement.ts";

/**
 * The encodings of all shapes of instructions in a source, for `AssembleOptions.shapes`, in this machine's byte order.
 */
export function shapesOf(path: string, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const assembler = new Assembler({ path, files: { read: () => null } });
  assembler.input.pushFile(path, bytes, 0);
  assembleInput(assembler);
  const [mistake] = assembler.reporter.diagnostics;
  if (mistake !== undefined) throw new Error(`${mistake.file}:${mistake.line}: ${mistake.message}`);
  return assembler.instructions.shapes.save();
}

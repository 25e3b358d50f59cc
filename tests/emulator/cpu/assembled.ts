/** Machine code from source text, by the project's own assembler: for tests whose program is a few lines. */
import { assemble } from "../../../src/assembler/assemble.ts";
import { readElf } from "../../../src/object/elf-reader.ts";

const known = new Map<string, Uint8Array>();

/** The bytes of `.text` of a source in Intel syntax. All addresses in it are relative to its beginning. */
export function codeOf(source: string, bits: 16 | 32): Uint8Array {
  const key = `${bits} ${source}`;
  let code = known.get(key);
  // The same program runs in every mode of the compiler.
  if (code === undefined) known.set(key, (code = assembled(source, bits)));
  return code;
}

function assembled(source: string, bits: 16 | 32): Uint8Array {
  const path = "test.s";
  const bytes = new TextEncoder().encode(source);
  const { object, diagnostics } = assemble({ path, syntax: "intel", bits, files: { read: () => ({ path, bytes }) } });
  if (object === null) throw new Error(diagnostics.map(({ line, message }) => `line ${line}: ${message}`).join("\n"));
  return readElf(object, path).sections.find(({ name }) => name === ".text")!.content;
}

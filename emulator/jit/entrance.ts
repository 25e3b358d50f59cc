/**
 * The way into the regions of a machine, from each other and from the interpreter: a function that goes on in a slot of
 * the machine's table. It alone imports the table. V8 copies a table for each instance that imports it, and writes to
 * all copies for each slot that is set, so that what regions cost would grow with the square of their number.
 */

import { typesOf } from "./imports.ts";
import type { EngineFunction } from "./instance.ts";
import { PARAMETERS } from "./locals.ts";
import { Code, encodeModule } from "./wasm.ts";

let module: WebAssembly.Module | null = null;

function entranceModule(): WebAssembly.Module {
  if (module !== null) return module;
  const code = new Code();
  code.get(0).get(1).get(2).get(3).returnCallIndirect(0).end();
  module = new WebAssembly.Module(
    encodeModule({
      types: typesOf(PARAMETERS),
      imports: [],
      functions: [{ type: 2, locals: [], code }],
      memoryPages: null,
      table: "imported",
      exports: ["enter"],
    }),
  );
  return module;
}

/** `enter` of imports.ts. */
export function entranceTo(table: WebAssembly.Table): EngineFunction {
  const { exports } = new WebAssembly.Instance(entranceModule(), { m: { t: table } });
  return exports["enter"] as EngineFunction;
}

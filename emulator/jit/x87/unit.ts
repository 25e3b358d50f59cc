/**
 * The x87 for compiled code: what the interpreter does with any number in any state (cpu/handlers/x87.ts) is done here
 * for the plain case - registers that are not empty, room on the stack, numbers that are normal or zero, results that
 * are so too, and no exception but an inexact result that is masked - with the same 80 bits. Everything else is refused
 * before anything has changed, and the interpreter does it.
 *
 * One module serves all machines; each has an instance over its memory, whose functions its regions import. All take
 * two numbers and return one, so that one type serves them.
 */

import type { EngineFunction, RegionImports } from "../instance.ts";
import { encodeModule } from "../wasm.ts";
import { addArithmetic } from "./arithmetic.ts";
import { addCommonRoutines, Routines } from "./common.ts";
import { addTransfers, FORMAT_NAMES } from "./transfer.ts";

let module: WebAssembly.Module | null = null;

function unitModule(): WebAssembly.Module {
  if (module !== null) return module;
  const r = new Routines();
  addCommonRoutines(r);
  addArithmetic(r);
  addTransfers(r);
  module = new WebAssembly.Module(
    encodeModule({
      types: r.types,
      imports: [],
      functions: r.bodies,
      memoryPages: { initial: 1, maximum: 65536 },
      exports: r.exports,
    }),
  );
  return module;
}

/** The functions that regions import, by the names of the unit's exports. */
export const X87_FUNCTIONS: readonly string[] = [
  ...["add", "multiply", "divide", "squareRoot", "compare", "roundToInteger"],
  ...["loadRegister", "loadConstant", "storeRegister", "exchange", "conditionalMove", "changeSign"],
  ...FORMAT_NAMES.flatMap((name) => [`operand${name}`, `load${name}`, `store${name}`]),
];

/** The unit of one machine; `imports` as for a region. */
export function x87Unit(imports: RegionImports): Readonly<Record<string, EngineFunction>> {
  return new WebAssembly.Instance(unitModule(), imports).exports as Record<string, EngineFunction>;
}

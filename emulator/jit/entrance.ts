/**
 * What the regions of one machine and its interpreter import: the way into regions by number, and the functions of the
 * engine. V8 keeps a copy of a table for each instance that imports it, and makes code for each module that imports a
 * function of JavaScript; functions of WebAssembly cost it nothing. So one instance has all of it and passes it on.
 */
import { importsOf, typesOf } from "./imports.ts";
import type { EngineFunction, RegionImports } from "./instance.ts";
import { PARAMETERS } from "./locals.ts";
import { Code, encodeModule, type FunctionBody } from "./wasm.ts";

const ENTER = "enter";
const OF_ENGINE = importsOf(false).filter(({ name }) => name !== ENTER);
const TYPES = typesOf(PARAMETERS);

let module: WebAssembly.Module | null = null;

/** A function that passes its parameters on. */
function passing(type: number, call: (code: Code) => Code): FunctionBody {
  const code = new Code();
  TYPES[type]!.parameters.forEach((_, parameter) => void code.get(parameter));
  call(code).end();
  return { type, locals: [], code };
}

function entranceModule(): WebAssembly.Module {
  return (module ??= new WebAssembly.Module(
    encodeModule({
      types: TYPES,
      imports: OF_ENGINE,
      importsTable: true,
      functions: [
        ...OF_ENGINE.map(({ type }, number) => passing(type, (code) => code.call(number))),
        passing(2, (code) => code.returnCallIndirect(0)),
      ],
      memoryPages: { initial: 1, maximum: 65536 },
      exports: [...OF_ENGINE.map(({ name }) => name), ENTER],
    }),
  ));
}

/** `imports`: the machine's memory and table, and the functions of its engine. */
export function entranceOf(imports: RegionImports): Readonly<Record<string, EngineFunction>> {
  return new WebAssembly.Instance(entranceModule(), imports).exports as Record<string, EngineFunction>;
}

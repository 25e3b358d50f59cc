/**
 * The interpreter as a WebAssembly module. It is the same for all machines with one model of processor. To emit it
 * takes a process that has just begun as long as all else until a guest's first instruction, so the one that most
 * machines have comes with the bundle.
 */

import { DEFAULT_MODEL, MODELS } from "../../cpu/model.ts";
import { arithmeticFunction, carriesFunction, imageFunction } from "../flags.ts";
import { Code, encodeModule, type FunctionBody, I32 } from "../wasm.ts";
import { scaledFunction } from "./address.ts";
import {
  branchFunction,
  farFunction,
  hotFunction,
  leapFunction,
  leaveFunction,
  pauseFunction,
  startFunction,
  turnFunction,
  unknownFunction,
} from "./functions.ts";
import { HandlerCode, HandlerLocals } from "./handler-code.ts";
import { makeHandlers, makeLoop } from "./handlers.ts";
import {
  FIRST_HANDLER,
  HANDLER_TYPE,
  type HandlerShape,
  PAIR_TYPE,
  START,
  THREAD_IMPORTS,
  THREAD_TYPES,
} from "./parts.ts";

type Encoded = Uint8Array<ArrayBuffer>;

/**
 * What `encodeInterpreter` makes for the usual shape of a code size, or the module of it, where it was made beforehand:
 * bundles get this from one of the files ready-interpreter.ts and kept-guest-code.ts. From source there is none.
 */
declare const QURE_INTERPRETER: ((codeBits: 16 | 32) => Encoded | WebAssembly.Module | null) | undefined;

/** Those of the interpreters which are made with the bundle. */
export const usualShape = (codeBits: 16 | 32): HandlerShape => ({
  codeBits,
  model: MODELS[DEFAULT_MODEL],
  takesTurns: false,
});

const MEMORY_PAGES = { initial: 1, maximum: 65536 };

function ownFunction(make: (c: Code) => void): FunctionBody {
  const locals = new HandlerLocals();
  const code = new HandlerCode(locals);
  make(code);
  return { type: HANDLER_TYPE, locals: locals.types, code };
}

function helper(type: number, locals: readonly number[], make: (c: Code) => void): FunctionBody {
  const code = new Code();
  make(code);
  return { type, locals, code };
}

export function encodeInterpreter(shape: HandlerShape): Encoded {
  const { codeBits } = shape;
  const functions: FunctionBody[] = [
    helper(2, [], carriesFunction),
    helper(1, [I32], arithmeticFunction),
    helper(4, [], imageFunction),
    helper(PAIR_TYPE, [I32, I32], scaledFunction),
    ownFunction(leaveFunction),
    ownFunction((c) => turnFunction(c, codeBits)),
    ownFunction(pauseFunction),
    ownFunction((c) => branchFunction(c, codeBits)),
    ownFunction((c) => hotFunction(c, codeBits)),
    ownFunction(startFunction),
    ownFunction(farFunction),
    ownFunction(leapFunction),
    // The first handler is for all opcodes without one.
    ownFunction((c) => unknownFunction(c, codeBits)),
  ];
  const unknown = FIRST_HANDLER - THREAD_IMPORTS.length;
  const loop = functions.push({ type: HANDLER_TYPE, ...makeLoop(shape) }) - 1;
  const table = makeHandlers(shape).map((handler) => {
    if (handler === undefined) return loop;
    if (handler === null) return unknown;
    functions.push({ type: HANDLER_TYPE, ...handler });
    return functions.length - 1;
  });
  return encodeModule({
    types: THREAD_TYPES,
    imports: THREAD_IMPORTS,
    functions,
    memoryPages: MEMORY_PAGES,
    table,
    exports: functions.map((_, index) => (index === START - THREAD_IMPORTS.length ? "run" : null)),
  });
}

const modules = new Map<string, WebAssembly.Module>();

const keyOf = ({ codeBits, model, takesTurns }: HandlerShape): string =>
  `${codeBits}/${model.name}${takesTurns ? "/turns" : ""}`;

function readyInterpreter(codeBits: 16 | 32, key: string): Encoded | WebAssembly.Module | null {
  const isReady = typeof QURE_INTERPRETER === "function" && key === keyOf(usualShape(codeBits));
  return isReady ? QURE_INTERPRETER(codeBits) : null;
}

export function interpreterModule(shape: HandlerShape): WebAssembly.Module {
  const key = keyOf(shape);
  let module = modules.get(key);
  if (module === undefined) {
    const made = readyInterpreter(shape.codeBits, key) ?? encodeInterpreter(shape);
    modules.set(key, (module = made instanceof WebAssembly.Module ? made : new WebAssembly.Module(made)));
  }
  return module;
}

/** To be called before threads begin that run machines: they get what this one has, with all that V8 has made of it. */
export function prepareInterpreters(): void {
  for (const codeBits of [16, 32] as const) interpreterModule(usualShape(codeBits));
}

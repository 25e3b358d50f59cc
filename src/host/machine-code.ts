/**
 * Modules of WebAssembly with the machine code that V8 has made of them in an earlier process: what it has optimised there
 * need not be compiled and optimised again. Only programs that embed V8 are given this by an interface; V8 has it for
 * JavaScript too, as functions for its own tests (src/runtime/runtime-test-wasm.cc), which are asked for here.
 */
import { setFlagsFromString } from "node:v8";
import { crc32 } from "node:zlib";
import type { KeptCode } from "./kept-code.ts";

/** Whether those functions are known to be there as they are called here: Node 20, 22 and 24. */
const hasCode = /^(11\.3|12\.4|13\.6)\./.test(process.versions.v8);
const CHECK_BYTES = 4;
const MEMORY = { initial: 1, maximum: 65536 };

/**
 * Compiles a module, or takes it with its code from what was kept. For one module of a process: workers get the same code
 * from V8 when they compile the same bytes. As to its imports and exports see optimisedCode.
 */
export function moduleWithCode(bytes: Uint8Array<ArrayBuffer>, kept: KeptCode): WebAssembly.Module {
  if (!hasCode) return new WebAssembly.Module(bytes);
  const code = checked(kept.read());
  let module = code && moduleFromCode(code, bytes);
  if (module === null) {
    kept.refuse();
    module = new WebAssembly.Module(bytes);
  }
  const made = module;
  kept.keepAtExit(() => {
    // V8 may have optimised a part of it and not what begins it.
    natively("%WasmTierUpFunction(a)", exportedFunction(made));
    const codeNow = optimisedCode(made);
    return codeNow && withCheck(codeNow);
  });
  return module;
}

/** A module with its code; null where V8 does not take that. It does not find out whether the code is damaged. */
export function moduleFromCode(code: Uint8Array, bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module | null {
  return natively("%DeserializeWasmModule(a, b)", Uint8Array.from(code).buffer, bytes) ?? null;
}

/**
 * What V8 has made of a module; null where it has not optimised its first exported function. It may import functions, a
 * memory and a table.
 */
export function optimisedCode(module: WebAssembly.Module): Uint8Array<ArrayBuffer> | null {
  // V8 ends the process where nothing is optimised.
  if (!hasCode || natively("%IsTurboFanFunction(a)", exportedFunction(module)) !== true) return null;
  const code = natively<ArrayBuffer>("%SerializeWasmModule(a)", module);
  return code instanceof ArrayBuffer ? new Uint8Array(code) : null;
}

function checked(kept: Buffer | null): Uint8Array | null {
  if (kept === null || kept.length <= CHECK_BYTES) return null;
  const code = kept.subarray(CHECK_BYTES);
  return crc32(code) === kept.readUInt32LE() ? code : null;
}

function withCheck(code: Uint8Array): Buffer {
  const check = Buffer.alloc(CHECK_BYTES);
  check.writeUInt32LE(crc32(code));
  return Buffer.concat([check, code]);
}

const STAND_INS = {
  function: () => (): number => 0,
  memory: () => new WebAssembly.Memory(MEMORY),
  table: () => new WebAssembly.Table({ element: "anyfunc", initial: 1 }),
} as const;

/** The first function that a module exports, of an instance that is never run. */
function exportedFunction(module: WebAssembly.Module): unknown {
  const imports: Record<string, Record<string, unknown>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module))
    (imports[from] ??= {})[name] = STAND_INS[kind as keyof typeof STAND_INS]();
  const [first] = WebAssembly.Module.exports(module);
  return new WebAssembly.Instance(module, imports).exports[first!.name];
}

/** Evaluates a call of one of V8's own functions; undefined where it is none after all. */
function natively<T>(call: string, a: unknown, b?: unknown): T | undefined {
  try {
    setFlagsFromString("--allow-natives-syntax");
    return (new Function("a", "b", `return ${call}`) as (a: unknown, b: unknown) => T)(a, b);
  } catch {
    return undefined;
  } finally {
    // V8 takes kept code only under the flags under which it was made.
    setFlagsFromString("--no-allow-natives-syntax");
  }
}

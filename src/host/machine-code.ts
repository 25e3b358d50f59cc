/**
 * Modules of WebAssembly with the machine code that V8 has made of them in an earlier process: what it has optimised there
 * need not be compiled and optimised again. Only programs that embed V8 are given this by an interface; V8 has it for
 * JavaScript too, as functions for its own tests (src/runtime/runtime-test-wasm.cc), which are asked for here.
 */
import { setFlagsFromString } from "node:v8";
import { crc32 } from "node:zlib";
import type { KeptCode } from "./kept-code.ts";

/** Where those functions are known to be as they are called here: Node 20, 22 and 24. */
const KNOWN_V8 = /^(11\.3|12\.4|13\.6)\./;
const CHECK_BYTES = 4;
const MEMORY = { initial: 1, maximum: 65536 };

/**
 * Compiles a module, or takes it with its code from what was kept. For one module of a process: workers get the same code
 * from V8 when they compile the same bytes. The module has to export a function, and to import at most functions and a
 * memory.
 */
export function moduleWithCode(bytes: Uint8Array<ArrayBuffer>, kept: KeptCode): WebAssembly.Module {
  if (!KNOWN_V8.test(process.versions.v8)) return new WebAssembly.Module(bytes);
  const code = checked(kept.read());
  let module = code && (natively("%DeserializeWasmModule(a, b)", code, bytes) as WebAssembly.Module | undefined);
  if (!module) {
    kept.refuse();
    module = new WebAssembly.Module(bytes);
  }
  const made = module;
  kept.keepAtExit(() => codeOf(made));
  return module;
}

/** V8 does not find out whether code is damaged. */
function checked(kept: Buffer | null): ArrayBuffer | null {
  if (kept === null || kept.length <= CHECK_BYTES) return null;
  const code = kept.subarray(CHECK_BYTES);
  return crc32(code) === kept.readUInt32LE() ? Uint8Array.from(code).buffer : null;
}

function codeOf(module: WebAssembly.Module): Buffer | null {
  // A module of which nothing is optimised yet cannot be kept, and V8 ends the process.
  natively("%WasmTierUpFunction(a)", exportedFunction(module));
  const code = natively("%SerializeWasmModule(a)", module);
  if (!(code instanceof ArrayBuffer)) return null;
  const check = Buffer.alloc(CHECK_BYTES);
  check.writeUInt32LE(crc32(Buffer.from(code)));
  return Buffer.concat([check, Buffer.from(code)]);
}

/** A function of the module, of an instance that is never run. */
function exportedFunction(module: WebAssembly.Module): unknown {
  const imports: Record<string, Record<string, unknown>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module))
    (imports[from] ??= {})[name] = kind === "memory" ? new WebAssembly.Memory(MEMORY) : (): number => 0;
  const [first] = WebAssembly.Module.exports(module);
  return new WebAssembly.Instance(module, imports).exports[first!.name];
}

/** Evaluates a call of one of V8's own functions; undefined where it is none after all. */
function natively(call: string, a: unknown, b?: unknown): unknown {
  try {
    setFlagsFromString("--allow-natives-syntax");
    return (new Function("a", "b", `return ${call}`) as (a: unknown, b: unknown) => unknown)(a, b);
  } catch {
    return undefined;
  } finally {
    // V8 takes kept code only under the flags under which it was made.
    setFlagsFromString("--no-allow-natives-syntax");
  }
}

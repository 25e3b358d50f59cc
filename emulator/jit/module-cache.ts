/**
 * Compiled modules of the whole process, by the content they were made from: guest bytes, guest addresses and the shape
 * of memory. Machines that run the same code share them; what differs between machines is in their memories and tables.
 */

/** Beyond this many bytes of keys and modules the cache starts anew; machines keep what they use. */
const MAX_BYTES = 64 << 20;

/** Other threads, which have caches of their own. */
export interface ModuleExchange {
  /** Tells the others of a module that was compiled here. */
  offer(key: string, module: WebAssembly.Module): void;
  /** Hands over what the others have offered since the last time. */
  take(accept: (key: string, module: WebAssembly.Module) => void): void;
}

const modules = new Map<string, WebAssembly.Module>();
let sizeBytes = 0;
let exchange: ModuleExchange | null = null;
/** For tests: modules that were compiled here, and that came from other threads. */
export const moduleCounts = { compiled: 0, taken: 0 };

/** From now on modules are exchanged so. Returns how they were until now. */
export function exchangeModules(others: ModuleExchange | null): ModuleExchange | null {
  const before = exchange;
  exchange = others;
  return before;
}

/** The shortest module that there is: its magic and its version. */
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
let refusal: string | null | undefined;

/**
 * Why the host compiles nothing: a page whose policy lacks `wasm-unsafe-eval`, say. Null where it does. Guests cannot
 * tell, people should be told.
 */
export function compilationRefusal(): string | null {
  if (refusal === undefined) {
    try {
      new WebAssembly.Module(EMPTY_MODULE);
      refusal = null;
    } catch (error) {
      refusal = (error as Error).message;
    }
  }
  return refusal;
}

function keep(key: string, module: WebAssembly.Module, moduleBytes: number): void {
  if (sizeBytes > MAX_BYTES) {
    modules.clear();
    sizeBytes = 0;
  }
  sizeBytes += 2 * key.length + moduleBytes;
  modules.set(key, module);
}

export interface CompiledModule {
  readonly module: WebAssembly.Module;
  /** What it was compiled from, if that was now. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
}

export function moduleFor(key: string, make: () => Uint8Array<ArrayBuffer>): CompiledModule {
  const known = modules.get(key);
  if (known !== undefined) return { module: known, bytes: null };
  // A module has about ten bytes for each character of its key.
  exchange?.take((otherKey, module) => {
    moduleCounts.taken++;
    keep(otherKey, module, 10 * otherKey.length);
  });
  const taken = modules.get(key);
  if (taken !== undefined) return { module: taken, bytes: null };
  const bytes = make();
  const module = new WebAssembly.Module(bytes);
  moduleCounts.compiled++;
  keep(key, module, bytes.length);
  exchange?.offer(key, module);
  return { module, bytes };
}

/**
 * Compiled modules of the whole process, by the content they were made from: guest bytes, guest addresses and the shape of memory. Machines that
 * run the same code share them; what differs between machines is in their memories and tables.
 */

/** Beyond this many bytes of keys and modules the cache starts anew; machines keep what they use. */
const MAX_BYTES = 64 << 20;

const modules = new Map<string, WebAssembly.Module>();
let sizeBytes = 0;

export function moduleFor(key: string, make: () => Uint8Array<ArrayBuffer>): WebAssembly.Module {
  let module = modules.get(key);
  if (module !== undefined) return module;
  const bytes = make();
  module = new WebAssembly.Module(bytes);
  if (sizeBytes > MAX_BYTES) {
    modules.clear();
    sizeBytes = 0;
  }
  sizeBytes += key.length + bytes.length;
  modules.set(key, module);
  return module;
}

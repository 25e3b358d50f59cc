/**
 * Compiled modules go from thread to thread: what one has compiled the others take when they need it, instead of
 * compiling it again.
 */
import { BroadcastChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { exchangeModules } from "../../../emulator/jit/module-cache.ts";

const CHANNEL = "qure compiled modules";
let isShared = false;

/** To be called in each thread that runs machines. */
export function shareModules(): void {
  if (isShared) return;
  isShared = true;
  const channel = new BroadcastChannel(CHANNEL);
  channel.unref();
  // Node takes either kind; its types know of one.
  const port = channel as unknown as MessagePort;
  exchangeModules({
    offer: (key, module) => channel.postMessage({ key, module }),
    take: (accept) => {
      for (let received = receiveMessageOnPort(port); received !== undefined; received = receiveMessageOnPort(port)) {
        const { key, module } = received.message as { key: string; module: WebAssembly.Module };
        accept(key, module);
      }
    },
  });
}

/**
 * Memories of machines that are gone, for later ones. V8 counts each new one with all its 160 MB of addresses and
 * collects garbage for it, which was a third of the time of all tests that have machines. A memory is cleared when the
 * test that took it has ended, and waits for the next: no machine runs on after its test, but for those that `shared`
 * or a hook makes for a whole file.
 */
import { broken } from "../../emulator/state/invariant.ts";
import { isZero, PAGE_BYTES } from "../../emulator/state/pages.ts";
import { heldPages } from "../../src/host/held-pages.ts";

interface Pooled {
  readonly pages: number;
  readonly memory: WebAssembly.Memory;
  readonly bytes: Uint8Array;
}

/** Machines have more than this; what a test makes for itself has less, or may grow. */
const LEAST_PAGES = 1024;
/** So many wait for the next test: each holds all that its machines have ever touched. */
const MOST_FREE = 16;
/** A machine that runs changes its registers and counters, which lie here. */
const REGISTERS_BYTES = 0x4000;

const New = WebAssembly.Memory;
const free: Pooled[] = [];
/** In the order in which they were taken. */
const ofFile: Pooled[] = [];
const ofTest: Pooled[] = [];

function made(pages: number): Pooled {
  const memory = new New({ initial: pages, maximum: pages });
  return { pages, memory, bytes: new Uint8Array(memory.buffer) };
}

function take(pages: number): WebAssembly.Memory {
  const at = free.findLastIndex((one) => one.pages === pages);
  const one = at < 0 ? made(pages) : free.splice(at, 1)[0]!;
  if (!isZero(one.bytes.subarray(0, REGISTERS_BYTES)))
    broken("tests", "a machine ran on after its test: `shared` or a hook makes one for all tests of a file");
  ofTest.push(one);
  return one.memory;
}

/** Zeroes what was written; false where the host does not tell what that is. */
function clear(bytes: Uint8Array): boolean {
  const held = heldPages(bytes);
  if (held === null) return false;
  for (let page = 0; page < held.length; ) {
    let end = page;
    while (end < held.length && held[end] !== 0) end++;
    bytes.fill(0, page * PAGE_BYTES, end * PAGE_BYTES);
    for (page = end; page < held.length && held[page] === 0; ) page++;
  }
  return true;
}

/** From now on a machine's memory may be one that another machine had. */
export function poolMemories(): void {
  WebAssembly.Memory = new Proxy(New, {
    construct(target, [{ initial, maximum }]: [{ initial: number; maximum?: number }], newTarget) {
      const isMachines = newTarget === WebAssembly.Memory && initial === maximum && initial >= LEAST_PAGES;
      return isMachines ? take(initial) : Reflect.construct(target, [{ initial, maximum }], newTarget);
    },
  });
}

/** All that was taken, but the first so many of the running test, stays until the file ends. */
export function keepForFile(since = 0): void {
  ofFile.push(...ofTest.splice(since));
}

/** How many memories the running test has. */
export const memoriesOfTest = (): number => ofTest.length;

/** All machines that the test had are gone. */
export function endTest(): void {
  for (const one of ofTest.splice(0).slice(-MOST_FREE)) if (clear(one.bytes)) free.push(one);
  // Those go that have waited longest: of sizes that few machines have.
  free.splice(0, Math.max(0, free.length - MOST_FREE));
}

/** All machines that there were are gone. */
export function endFile(): void {
  ofTest.push(...ofFile.splice(0));
  endTest();
}

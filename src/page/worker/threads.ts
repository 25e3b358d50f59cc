/**
 * The workers over which the machines of a run are spread. Threads share memory only where the page's host isolates it
 * (crossOriginIsolated); elsewhere one worker runs them all.
 */
import type { GroupFactory } from "../../../emulator/cluster/machine-host.ts";
import { spreadOver } from "../../../emulator/cluster/worker-group.ts";
import { serveMachines } from "../../../emulator/cluster/worker-machines.ts";
import type { WorkerSetup } from "../../../emulator/cluster/worker-protocol.ts";

/** What a worker that only runs machines is called; it is of the same program as the one that has the run. */
export const MACHINES_WORKER = "machines";
const READY = "ready";
/** A worker for fewer machines costs more in turns than it does. */
const MACHINES_BY_WORKER = 4;
const MOST_WORKERS = 8;

/** Started once, and used by one run after the other. */
const workers: Worker[] = [];

/** How many workers a run of so many machines is to have, the one that has the run included. */
export function workersFor(machines: number, wanted: number | null): number {
  if (!globalThis.crossOriginIsolated) return 1;
  // The page itself, the compositor and V8's compilers have work for a processor of their own.
  const usual = Math.min(navigator.hardwareConcurrency - 1, Math.floor(machines / MACHINES_BY_WORKER));
  return Math.max(1, Math.min(wanted ?? usual, machines, MOST_WORKERS));
}

/**
 * Sees to it that there are so many workers, the one that calls included, and returns how many there are. A worker that
 * waits for another one's answer starts none, so this comes before.
 */
export async function startWorkers(count: number, program: URL): Promise<number> {
  const starting: Promise<Worker>[] = [];
  for (let have = workers.length + 1; have < count; have++) starting.push(startWorker(program));
  for (const result of await Promise.allSettled(starting))
    if (result.status === "fulfilled") workers.push(result.value);
  return Math.min(count, workers.length + 1);
}

function startWorker(program: URL): Promise<Worker> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(program, { type: "module", name: MACHINES_WORKER });
    worker.addEventListener("message", () => resolve(worker), { once: true });
    worker.addEventListener("error", ({ message }) => reject(new Error(message)), { once: true });
  });
}

/** A run that was closed has left the workers, or will have when they come to what is sent to them here. */
export function spreadOverWorkers(count: number): GroupFactory {
  let next = 0;
  return spreadOver(count, {
    start: (setup) => workers[next++]!.postMessage(setup),
    describeFile: () => null,
  });
}

/** What such a worker does. */
export function beMachinesWorker(): void {
  self.addEventListener("message", (event) =>
    serveMachines((event as MessageEvent<WorkerSetup>).data, ({ path }) => {
      throw new Error(`${path} is no file of this page`);
    }),
  );
  self.postMessage(READY);
}

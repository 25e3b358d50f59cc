/** Spreads the seeds of a campaign over threads. What a seed comes to does not depend on where it runs. */
import { Worker } from "node:worker_threads";
import { prepareInterpreters } from "../../emulator/jit/threaded/module.ts";
import { builtFile } from "../host/package.ts";
import { type CampaignOptions, runSeed, type SeedResult } from "./campaign.ts";
import { openStage, type StageSetup } from "./setup.ts";

export interface PoolOptions {
  readonly setup: StageSetup;
  readonly options: CampaignOptions;
  readonly threads: number;
  /** Begins no further run once this is aborted. */
  readonly signal: AbortSignal;
  /** Hears of each run, in the order in which they end. */
  readonly done: (result: SeedResult) => void;
}

const PROGRAM = "chaos-worker.js";

export async function runSeeds(
  seeds: readonly number[],
  { setup, options, threads, signal, done }: PoolOptions,
): Promise<void> {
  const waiting = [...seeds];
  if (threads === 1) {
    const stage = await openStage(setup);
    for (let seed = waiting.shift(); seed !== undefined && !signal.aborted; seed = waiting.shift()) {
      done(runSeed(stage, seed, options));
      // Whoever wants to interrupt has a turn.
      await new Promise((resolve) => void setImmediate(resolve));
    }
    return;
  }
  prepareInterpreters();
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(builtFile(PROGRAM), { workerData: { setup, options } });
      worker.on("error", reject);
      worker.on("exit", () => resolve());
      worker.on("message", (result: SeedResult | null) => {
        if (result) done(result);
        const seed = signal.aborted ? undefined : waiting.shift();
        if (seed === undefined) void worker.terminate();
        else worker.postMessage(seed);
      });
    });
  await Promise.all(Array.from({ length: Math.min(threads, waiting.length) }, work));
}

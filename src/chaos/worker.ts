/** A thread's program: runs of a campaign, one after the other, on a stage of its own (pool.ts). */
import { parentPort, workerData } from "node:worker_threads";
import { type CampaignOptions, runSeed } from "./campaign.ts";
import { openStage, type StageSetup } from "./setup.ts";

const { setup, options } = workerData as { setup: StageSetup; options: CampaignOptions };
const stage = await openStage(setup);
parentPort!.on("message", (seed: number) => parentPort!.postMessage(runSeed(stage, seed, options)));
parentPort!.postMessage(null);

/** Kernels that move in runs under faults: what campaigns have found (npm run prove -- cloud --moves). */
import { expect, test } from "vitest";
import { type CampaignOptions, parseTimed, runGiven } from "../../src/chaos/campaign.ts";
import { clusterStage } from "./images.ts";

const OPTIONS: CampaignOptions = { spanNs: 6e9, boundNs: 30e9, drills: 0, minimise: false };

test("who slept finds the kernel at its new machine, though the old one has spoken in the same moment", async () => {
  const stage = await clusterStage(3, undefined, { isDiskless: true });
  const faults = ["683ms freeze 1 6.8s", "4297ms type 3 cloud fork accept\\n", "4317ms type 2 cloud migrate any\\n"];
  const { failure } = runGiven(stage, faults.map(parseTimed), [0, 1, 2], 971, OPTIONS);
  expect(failure).toBeNull();
  expect(stage.lab.nodes[2]!.console.text).toMatch(/^I am qure-2, moved to the machine that was qure-3$/m);
}, 180_000);

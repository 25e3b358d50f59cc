/** Kernels that move in runs under faults: what campaigns have found (npm run prove -- cloud --moves). */
import { beforeAll, expect, test } from "vitest";
import { type CampaignOptions, parseTimed, runGiven } from "../../src/chaos/campaign.ts";
import type { Stage } from "../../src/chaos/stage.ts";
import { clusterStage } from "./images.ts";

const OPTIONS: CampaignOptions = { spanNs: 6e9, boundNs: 30e9, drills: 0, minimise: false };
const ALL = [0, 1, 2];

let stage: Stage;
beforeAll(async () => {
  stage = await clusterStage(3, undefined, { isDiskless: true });
}, 120_000);

test("who slept finds the kernel at its new machine, though the old one has spoken in the same moment", () => {
  const faults = ["683ms freeze 1 6.8s", "4297ms type 3 cloud fork accept\\n", "4317ms type 2 cloud migrate any\\n"];
  const { failure } = runGiven(stage, faults.map(parseTimed), ALL, 971, OPTIONS);
  expect(failure).toBeNull();
  expect(stage.lab.nodes[2]!.console.text).toMatch(/^I am qure-2, moved to the machine that was qure-3$/m);
}, 60_000);

test("members that tell a copy of its age are not said to send much though nothing happens", () => {
  const drills = ["copies", "idle"];
  const { failure } = runGiven(stage, [], ALL, 16, { ...OPTIONS, spanNs: 0.1e9, drills });
  expect(failure).toBeNull();
}, 60_000);

test("a coordinator without a disk that wakes as a copy joins anew, and may follow a higher id", () => {
  const faults = ["2081ms freeze 2 2.526s", "3816ms copy 2 660911544"];
  const { failure } = runGiven(stage, faults.map(parseTimed), ALL, 2450, OPTIONS);
  expect(failure).toBeNull();
  expect(stage.lab.nodes[1]!.console.text).toContain("come back from a snapshot; its node joins anew");
}, 60_000);

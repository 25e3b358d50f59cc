/** Clusters at sites under faults: a campaign is survived, and a hostile cluster is not believed. */
import { expect, test } from "vitest";
import { runGiven, runSeed } from "../../src/chaos/campaign.ts";
import { openStage } from "../../src/chaos/setup.ts";
import { shared } from "../setup/shared.ts";
import { images } from "../system/images.ts";

const stageOf = shared(() => {
  const { iso: cdrom, kernelElf: kernel, firmware } = images();
  const sites = { cdrom, firmware, ramBytes: 8 << 20, nodes: 2 };
  return openStage({ snapshot: cdrom, kernel, sparesFrom: null, run: null, module: null, sites });
});

const OPTIONS = { spanNs: 10e9, boundNs: 60e9, steadyNs: 1e9, minimise: false, drills: 0 };

test("sites that are cut off, moved and restarted see each other again", async () => {
  const faults = ["cut-site", "move-gateway", "restart-gateway", "line-of-site", "gateway-lies", "drop-udp"];
  const { failure, faults: happened } = runSeed(await stageOf(), 4, { ...OPTIONS, faults });
  expect(failure, happened.join("\n")).toBeNull();
});

test("a linked cluster that is hostile moves no link, and has nobody flooded", async () => {
  const options = { ...OPTIONS, spanNs: 0.1e9, drills: ["hostile cluster"] };
  expect(runGiven(await stageOf(), [], [0, 1, 2, 3, 4, 5], 1, options).failure).toBeNull();
});

test("a delegate dies, and the other clusters see it", async () => {
  const options = { ...OPTIONS, spanNs: 0.1e9, drills: ["delegate dies"] };
  expect(runGiven(await stageOf(), [], [0, 1, 2, 3, 4, 5], 1, options).failure).toBeNull();
});

/**
 * The machine that a kernel has left gets its lease again, and with it the address that the kernel has kept
 * (docs/protocols/fork.md, "A move"): whatever kept the two from hearing of each other, one of them gives it up.
 */
import { beforeAll, expect, test } from "vitest";
import { parseTimed, runGiven } from "../../src/chaos/campaign.ts";
import type { Stage } from "../../src/chaos/stage.ts";
import { clusterStage } from "./images.ts";

const MOVE = [
  "2023ms type 2 cloud fork accept\\n",
  "2023ms type 1 nc -l 5000 | wc &\\n",
  "2192ms type 3 seq 60000 | nc 10.0.2.15 5000 &\\ncloud migrate any\\n",
];
/** The machine starts again at some 5.5 s. */
const OPTIONS = { spanNs: 9e9, boundNs: 30e9, steadyNs: 1.5e9, minimise: false, drills: 0 };

let stage: Stage;
beforeAll(async () => {
  stage = await clusterStage(3, undefined, { isDiskless: true });
});

test.each([
  ["nothing did", []],
  ["the kernel's new machine stood still", ["4400ms freeze 2 4s"]],
  ["its cable was cut off", ["5400ms block 2 both", "8500ms heal 2"]],
])("%s", async (_what, faults) => {
  const { failure } = runGiven(stage, [...MOVE, ...faults].map(parseTimed), [0, 1, 2], 5, OPTIONS);
  expect(failure).toBeNull();
  // A server is not asked again for 10 s after a DECLINE.
  await stage.lab.advance("12s");
  const [, kernel, machine] = stage.lab.nodes.map(({ console }) => console.text);
  expect(kernel).not.toContain("another machine uses");
  expect(machine).toMatch(/another machine uses 10\.0\.2\.17[\s\S]*address 10\.0\.2\.18\/24 by DHCP/);
});

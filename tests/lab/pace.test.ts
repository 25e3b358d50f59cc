/** A cluster at the pace of the host's clock. */
import { performance } from "node:perf_hooks";
import { expect, onTestFinished, test } from "vitest";
import { startCluster } from "../../src/index.ts";

const PACED_MS = 400;

test("a paced cluster takes the time that it says, and waits for it without work", async () => {
  const lab = startCluster({ nodes: [{ ramBytes: 1 << 20 }] });
  onTestFinished(() => lab.close());
  await lab.nodes[0]!.waitFor("No bootable device");
  lab.realtime = true;
  const startMs = performance.now();
  const before = performance.eventLoopUtilization();
  await lab.advance(`${PACED_MS}ms`);
  const { idle } = performance.eventLoopUtilization(before);
  expect(performance.now() - startMs).toBeGreaterThan(0.9 * PACED_MS);
  expect(idle).toBeGreaterThan(PACED_MS / 4);
});

/**
 * Machines that have been up for weeks: milliseconds pass 2^31 after 24.8 days and begin anew after 49.7, and nobody
 * notices.
 */
import { expect, test } from "vitest";
import type { LabCluster, LabNode } from "../../src/index.ts";
import { isAgreed, lastStatus } from "../../src/lab/cloud-status.ts";
import { addressOf } from "../guest/agreement-scene.ts";
import { boot, images, inState, PROMPT } from "./images.ts";

const TICK_MS = 10;
/** Before that moment. */
const BEFORE_MS = 3000;
const AFTER = "6s";
/** In which three members say what they have to. */
const MOST_FRAMES = 600;

/** Waits until nodes are one cluster of them alone. */
async function agreed(lab: LabCluster, nodes: readonly LabNode[], within: `${number}s`): Promise<void> {
  const have = (): boolean => isAgreed(nodes.map(({ console }) => lastStatus(console.text)));
  await lab.until(have, "the nodes did not agree", { within });
}

test.each([
  ["24.8 days", 2 ** 31],
  ["49.7 days", 2 ** 32],
])("a cluster goes on after %s", async (_name, wrapMs) => {
  const lab = await inState("three", async () => {
    const booted = boot({ nodes: Array.from({ length: 3 }, () => ({ cdrom: images().iso, ramBytes: 8 << 20 })) });
    for (const node of booted.nodes) await node.waitFor(PROMPT);
    await agreed(booted, booted.nodes, "30s");
    return booted;
  });
  for (const { machine } of lab.nodes) {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, Math.floor((wrapMs - BEFORE_MS) / TICK_MS), true);
    machine.memory.dma.write(addressOf("clock_ticks"), bytes);
  }
  // What was waited for until some moment of before is over.
  await lab.advance("1s");
  const plug = lab.plug("listener");
  await lab.advance(AFTER);
  expect(plug.received.length).toBeLessThan(MOST_FRAMES);
  // Somebody dies, and the others know it as soon as ever.
  lab.nodes[2]!.cut();
  await agreed(lab, lab.nodes.slice(0, 2), "2s");
  const [one] = lab.nodes as [(typeof lab.nodes)[number]];
  await one.enter("ping -c 2 10.0.2.2", /2 sent, 2 received/, { within: "5s" });
  await one.waitFor(PROMPT);
  await one.enter("sleep 2; echo slept", /^slept$/m, { within: "3s" });
});

/**
 * The clock of an idle machine: its timer ticks seldom or not at all until something wakes it, and no wake costs time.
 */
import { expect, test } from "vitest";
import type { LabNode } from "../../src/index.ts";
import { addressOf } from "../guest/agreement-scene.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { asMember, atPrompt } from "./booted.ts";
import { boot, images, PROMPT } from "./images.ts";
import { partitioned, RecordingDisk } from "./recording-disk.ts";

const TICK_NS = 10_000_000;
const SHIFT = 0x2a;

/** Ticks that the kernel has counted. */
function ticks(node: LabNode): number {
  return new DataView(node.readMemory(addressOf("clock_ticks"), 4).buffer).getUint32(0, true);
}

/** Pauses of all lengths up to 100 ms, and some of seconds, after each of which a key goes down or up. */
const PAUSES = Array.from({ length: 40 }, (_, index) => (index % 10 === 9 ? 100 : 1) * (1.3 + ((index * 37) % 97)));

/** How many ticks the kernel is behind when a key has just woken it. */
async function behind(how: "idle" | "waiting"): Promise<number[]> {
  const lab = await (how === "idle" ? atPrompt({ gateway: false }) : asMember());
  const node = lab.nodes[0]!;
  if (how === "idle") await node.enter("service stop network", PROMPT);
  await lab.advance("5s");
  const found: number[] = [];
  for (const [index, ms] of PAUSES.entries()) {
    await lab.advance(`${Math.round(ms * 1000)}us`);
    node.key(SHIFT, index % 2 === 0);
    await lab.advance("3ms"); // the keyboard sends its code
    found.push(lab.nowNs / TICK_NS - ticks(node));
  }
  return found;
}

test.each([
  ["that waits for something", "waiting"],
  ["for which nothing is due", "idle"],
] as const)("a machine %s keeps the time, however often it is woken", async (_name, how) => {
  const found = await behind(how);
  expect(Math.max(...found) - Math.min(...found)).toBeLessThan(1.5);
});

/** Timer interrupts that have come. */
function interrupts(node: LabNode): number {
  return new DataView(node.readMemory(addressOf("irq_counts"), 4).buffer).getUint32(0, true);
}

thoroughly("a machine that waits for less than a second is not woken at each tick", async () => {
  const lab = await atPrompt({ gateway: false });
  const node = lab.nodes[0]!;
  await node.enter("service stop network", PROMPT);
  node.type("for x in 1 2 3 4 5 6; do sleep 400; done\n");
  await lab.advance("400ms");
  const [begun, before] = [ticks(node), interrupts(node)];
  await lab.advance("1600ms");
  expect(ticks(node) - begun).toBeGreaterThan(150);
  const came = interrupts(node) - before;
  expect(came).toBeGreaterThan(20);
  expect(came).toBeLessThan(80);
});

test("a clock goes beyond what a signed number of seconds since 2000 reaches, and files have their times", async () => {
  const startSeconds = Date.UTC(2071, 1, 28, 23, 59, 50) / 1000;
  const disk = new RecordingDisk();
  disk.content = partitioned();
  const lab = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false, startSeconds });
  const node = lab.nodes[0]!;
  await node.waitFor(PROMPT);
  await node.enter("service stop network; mkfs -t oofs hda0; mount hda0 /a; touch /a/x", PROMPT);
  await node.enter("date", /^Sat 2071-02-28 23:59:5\d$/m);
  await node.enter("ls -l /a", /2071-02-28 23:59/);
  await lab.advance("10s");
  await node.enter("date", /^Sun 2071-03-01 00:00:0\d$/m);
});

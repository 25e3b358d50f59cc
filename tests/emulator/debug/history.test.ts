/**
 * Going back in time: memory, disks, devices and frames in flight are as they were, and what follows is what followed.
 */
import { expect, test } from "vitest";
import { Checkpoints } from "../../../emulator/debug/checkpoints.ts";
import type { ClusterDebugger } from "../../../emulator/debug/cluster-debugger.ts";
import type { Stop } from "../../../emulator/debug/stop.ts";
import { blankDisk, type LabCluster } from "../../../src/index.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { boot, images, PROMPT } from "../../system/images.ts";

const MIB = 1024 * 1024;

async function booted(nodes: number): Promise<LabCluster> {
  const lab = boot({
    nodes: Array.from({ length: nodes }, () => ({
      cdrom: images().iso,
      disk: blankDisk(16 * MIB),
      ramBytes: 16 * MIB,
    })),
  });
  for (const node of lab.nodes) await node.waitFor(PROMPT);
  return lab;
}

/** Lets a debugger search back for a stop and returns it. */
function back(debuggers: ClusterDebugger, stops: Stop[]): Stop {
  debuggers.resume(0, { kind: "reverse continue" });
  const before = stops.length;
  for (let leg = 0; leg < 1000 && stops.length === before; leg++)
    debuggers.runUntil(debuggers.cluster.nowNs + 1_000_000);
  return stops.at(-1)!;
}

thoroughly(
  "a cluster goes back over disk writes and frames, and forwards to the same digests, saying everything once",
  async () => {
    const lab = await booted(2);
    const [node] = lab.nodes;
    const debuggers = lab.debug();
    const stops: Stop[] = [];
    debuggers.attach(0, (stop) => void stops.push(stop));
    const begin = lab.digest();
    const beginNs = lab.nowNs;
    debuggers.resume(0, { kind: "continue" });
    // Nothing comes from outside: the guests by themselves write to their consoles and send frames.
    await lab.advance("300ms");
    const text = node!.console.text;
    const end = lab.digest();
    const endNs = lab.nowNs;
    debuggers.interrupt(0);
    expect(back(debuggers, stops)).toEqual({ kind: "history begins" });
    expect(lab.nowNs).toBe(beginNs);
    expect(lab.digest()).toBe(begin);
    debuggers.resume(0, { kind: "continue" });
    await lab.advance(endNs - beginNs);
    expect(lab.digest()).toBe(end);
    expect(node!.console.text).toBe(text);
  },
);

thoroughly("what was typed is taken back by going before it; disks hold what they held", async () => {
  const lab = await booted(1);
  const [node] = lab.nodes;
  const debuggers = lab.debug();
  const stops: Stop[] = [];
  debuggers.attach(0, (stop) => void stops.push(stop));
  debuggers.resume(0, { kind: "continue" });
  await lab.advance("10ms");
  const before = lab.digest();
  const beforeNs = lab.nowNs;
  const sector = (): number => node!.readDisk(0, 512).reduce((sum, byte) => sum + byte, 0);
  expect(sector()).toBe(0);
  await node!.enter("fdisk hda init", /if so: $/);
  await node!.enter("Yes", /if so: $/);
  await node!.enter("Yes", PROMPT, { within: "60s" });
  expect(sector()).toBeGreaterThan(0);
  debuggers.interrupt(0);
  expect(back(debuggers, stops)).toEqual({ kind: "history begins" });
  expect(sector()).toBe(0);
  debuggers.resume(0, { kind: "continue" });
  await lab.advance(beforeNs - lab.nowNs);
  expect(lab.digest()).toBe(before);
  // Nobody typed in this future.
  const length = node!.console.text.length;
  await lab.advance("500ms");
  expect(node!.console.text.slice(length)).not.toMatch(/fdisk/);
  expect(sector()).toBe(0);
  // And the machine takes what is typed now.
  await node!.enter("echo hello", /^hello$/m);
});

thoroughly("a cable that was pulled is plugged again before that", async () => {
  const lab = await booted(2);
  const debuggers = lab.debug();
  const stops: Stop[] = [];
  debuggers.attach(0, (stop) => void stops.push(stop));
  debuggers.resume(0, { kind: "continue" });
  await lab.advance("5ms");
  const before = lab.digest();
  const beforeNs = lab.nowNs;
  lab.nodes[1]!.cut();
  await lab.advance("50ms");
  debuggers.interrupt(0);
  expect(back(debuggers, stops)).toEqual({ kind: "history begins" });
  debuggers.resume(0, { kind: "continue" });
  await lab.advance(beforeNs - lab.nowNs);
  expect(lab.digest()).toBe(before);
});

test("there is no way back while a program of the owner's takes part in the network", async () => {
  const lab = await booted(1);
  lab.plug("prober");
  const debuggers = lab.debug();
  const stops: Stop[] = [];
  debuggers.attach(0, (stop) => void stops.push(stop));
  debuggers.resume(0, { kind: "continue" });
  await lab.advance("5ms");
  debuggers.interrupt(0);
  const { nowNs } = lab;
  expect(back(debuggers, stops)).toEqual({ kind: "history begins" });
  expect(lab.nowNs).toBe(nowNs);
});

test("what is remembered of a run is thinned by its bytes, and by its number", async () => {
  const counts = [
    { most: 100, mostBytes: Infinity },
    { most: 100, mostBytes: 1 },
    { most: 4, mostBytes: Infinity },
  ].map((bounds) => {
    const { cluster } = boot({ nodes: [{ ramBytes: 1 * MIB }] });
    const checkpoints = new Checkpoints(cluster, { instructions: 1, timeNs: 1, ...bounds });
    for (let taken = 0; taken < 8; taken++) {
      cluster.runUntil(cluster.nowNs + 100_000);
      checkpoints.take(taken === 0);
    }
    return checkpoints.all.length;
  });
  // The first and the last one stay whatever they hold.
  expect(counts).toEqual([8, 2, 4]);
});

/** Going back in a run: any moment is as it was, and what is done there begins another future. */
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { replay } from "../../src/lab/actions.ts";
import { blankDisk, LabCluster } from "../../src/lab/lab.ts";
import { Timeline } from "../../src/lab/timeline.ts";
import { atLength } from "../setup/thoroughly.ts";
import { many } from "../setup/tier.ts";
import { images } from "../system/images.ts";

const MIB = 1024 * 1024;

function cluster(threads = 1): LabCluster {
  const { iso, firmware } = images();
  const nodes = Array.from({ length: 3 }, () => ({ cdrom: iso, disk: blankDisk(16 * MIB), ramBytes: 16 * MIB }));
  return new LabCluster({ firmware, nodes, threads });
}

test.for([
  { threads: 1, rounds: many(0, 2, 5) },
  { threads: 2, rounds: 1 },
])(
  "moments in any order, $threads threads, have the digests of a run that went straight to them, and branches do too",
  async ({ threads, rounds }) => {
    const random = new Random(3);
    const timeline = new Timeline(cluster(threads), [], 0, { budgetBytes: 96 * MIB });
    timeline.run(3e9);
    timeline.act({ word: "unplug", node: 0, values: [] });
    timeline.run(9e9);
    timeline.act({ word: "lose", node: 1, values: [40] });
    timeline.act({ word: "type", node: 1, values: ["cloud\r"] });
    timeline.run(12e9);
    expect(timeline.sizeBytes).toBeLessThan(96 * MIB);
    const check = async (): Promise<void> => {
      const straight = cluster();
      await replay(straight, timeline.done, timeline.nowNs);
      expect(timeline.lab.digest()).toBe(straight.digest());
      expect(timeline.lab.nodes.map(({ console }) => console.text)).toEqual(
        straight.nodes.map(({ console }) => console.text),
      );
    };
    const goTo = (timeNs: number): void => {
      timeline.approach(timeNs);
      timeline.run(timeNs);
    };
    for (let round = 0; round < rounds; round++) {
      goTo(random.below(1200) * 1e7 + 130);
      await check();
    }
    goTo(5e9);
    const before = timeline.lab.cluster.hosts[2]!.instructions;
    timeline.stepInstructions(2, 1000);
    expect(timeline.lab.cluster.hosts[2]!.instructions).toBe(before + 1000);
    const branch = timeline.act({ word: "cut", node: 2, values: [] });
    expect(branch).toMatchObject({ name: "A", endNs: 12e9 });
    timeline.run(8e9);
    await check();
    timeline.switchTo(branch!);
    goTo(11e9);
    await check();
    expect(timeline.actions.map(({ word }) => word)).toEqual(["unplug", "lose", "type"]);
    timeline.switchTo(timeline.branches[0]!);
    goTo(7e9);
    await check();
    expect(timeline.actions.map(({ word }) => word)).toEqual(["unplug", "cut"]);
    timeline.lab.close();
  },
);

/** Of all machines. Two cores of today repeat so many in half a second, also where others use them. */
const MOST_REPEATED = 40_000_000;

atLength("any of ten minutes of three machines is reached by repeating less than takes a second", () => {
  const timeline = new Timeline(cluster(), [], 0, { budgetBytes: 320 * MIB });
  const { lab } = timeline;
  timeline.run(300e9);
  timeline.act({ word: "cut", node: 1, values: [] });
  timeline.run(320e9);
  timeline.act({ word: "power", node: 1, values: [] });
  timeline.run(600e9);
  const random = new Random(4);
  const moments = Array.from({ length: 20 }, () => random.below(600_000) * 1e6);
  const spent: number[] = [];
  let most = 0;
  // The moments that are furthest from what is remembered as well.
  const { checkpoints } = timeline;
  checkpoints.forEach(({ clusterNs }, number) => {
    if (number > 0 && number % 12 === 0) moments.push(clusterNs - 1e6);
  });
  for (const timeNs of moments) {
    const startMs = performance.now();
    timeline.approach(timeNs);
    const { instructions } = lab;
    timeline.run(timeNs);
    spent.push(performance.now() - startMs);
    most = Math.max(most, lab.instructions - instructions);
  }
  expect(most).toBeLessThan(MOST_REPEATED);
  spent.sort((a, b) => a - b);
  process.stdout.write(
    `${moments.length} moments of ten minutes: ${spent[spent.length >> 1]!.toFixed(0)} ms in the middle, ${spent.at(-1)!.toFixed(0)} ms at most, for ${(most / 1e6).toFixed(1)} million instructions; ${checkpoints.length} checkpoints of ${(timeline.sizeBytes / MIB).toFixed(0)} MB\n`,
  );
  lab.close();
});

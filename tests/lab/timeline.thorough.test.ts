/** Going back in a run: any moment is as it was, and what is done there begins another future. */
import { expect, test } from "vitest";
import { Random } from "../../emulator/state/random.ts";
import { replay } from "../../src/lab/actions.ts";
import { blankDisk, LabCluster } from "../../src/lab/lab.ts";
import { Timeline } from "../../src/lab/timeline.ts";
import { images } from "../system/images.ts";

const MIB = 1024 * 1024;

function cluster(threads = 1): LabCluster {
  const { iso, firmware } = images();
  const nodes = Array.from({ length: 3 }, () => ({ cdrom: iso, disk: blankDisk(16 * MIB), ramBytes: 16 * MIB }));
  return new LabCluster({ firmware, nodes, threads });
}

test.for([
  { threads: 1, rounds: 12 },
  { threads: 2, rounds: 3 },
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

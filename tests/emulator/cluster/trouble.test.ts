/** What is wrong with a cable is wrong in one direction, of one machine, and stays so in a snapshot. */
import { expect, test } from "vitest";
import { NO_TROUBLE } from "../../../emulator/ether/trouble.ts";
import { restoreCluster } from "../../../src/index.ts";
import { boot } from "../../system/images.ts";

test.each(["in", "out"] as const)("trouble on the way %s is there alone, after a snapshot too", (direction) => {
  const original = boot({ nodes: [{ ramBytes: 1 << 20 }, { ramBytes: 1 << 20 }] });
  const trouble = { ...NO_TROUBLE, lostPercent: 7 };
  original.cluster.setTrouble(1, direction, trouble);
  for (const { cluster } of [original, restoreCluster(original.save())]) {
    expect(cluster.trouble(1, direction)).toEqual(trouble);
    expect(cluster.trouble(1, direction === "in" ? "out" : "in")).toEqual(NO_TROUBLE);
    expect(cluster.trouble(0, direction)).toEqual(NO_TROUBLE);
  }
});

test("a machine that does not hear another is deaf to it alone, and again hears it", () => {
  const { cluster } = boot({ nodes: [{ ramBytes: 1 << 20 }, { ramBytes: 1 << 20 }, { ramBytes: 1 << 20 }] });
  cluster.setHearing(1, 2, false);
  expect([0, 1, 2].map((index) => cluster.deafTo(index))).toEqual([[], [2], []]);
  // The number after the machines' is the gateway's.
  cluster.setHearing(1, 3, false);
  cluster.setHearing(1, 2, true);
  expect([0, 1, 2].map((index) => cluster.deafTo(index))).toEqual([[], [3], []]);
});

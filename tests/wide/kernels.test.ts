/** The model of kernels that go from cluster to cluster: what holds of it, and that it notices what is left out. */
import { expect, test } from "vitest";
import { many } from "../setup/tier.ts";
import { KernelsModel, type Without } from "./kernels-model.ts";

const HOUR_S = 3600;
const SEEDS = Array.from({ length: many(10, 40) }, (_, index) => index + 1);

test("a good kernel comes to all that trust one which has it, one load from each source at a time", () => {
  for (const seed of SEEDS) {
    const { wrong, arrived, failed, clusters } = new KernelsModel(seed, 12, () => false).run(6 * HOUR_S);
    expect([wrong, failed], `seed ${seed}`).toEqual([null, 0]);
    const reached = new Set([0]);
    for (let before = 0; before !== reached.size; ) {
      before = reached.size;
      clusters.forEach(({ trusts }, index) => {
        if (trusts.some((one) => reached.has(one))) reached.add(index);
      });
    }
    expect(arrived, `seed ${seed}`).toBe(reached.size);
  }
});

test("a kernel that fails where it was begun comes to nobody else", () => {
  for (const seed of SEEDS) {
    const { wrong, failed, clusters } = new KernelsModel(seed, 12, () => true).run(HOUR_S);
    expect([wrong, failed], `seed ${seed}`).toEqual([null, 1]);
    expect(clusters.filter(({ plan }) => plan > 0)).toHaveLength(1);
  }
});

test("one that fails at some clusters fails at one node of each", () => {
  for (const seed of SEEDS)
    expect(new KernelsModel(seed, 12, (cluster) => cluster % 4 === 3).run(4 * HOUR_S).wrong, `seed ${seed}`).toBeNull();
});

test.each<Without>(["settling", "seat", "failed", "trust", "stop"])(
  "without the rule of %s the model says so",
  (rule) => {
    const wrong = SEEDS.map(
      (seed) => new KernelsModel(seed, 12, (cluster) => cluster % 4 === 3, rule).run(HOUR_S).wrong,
    );
    expect(wrong.filter((one) => one !== null).length).toBeGreaterThan(0);
  },
);

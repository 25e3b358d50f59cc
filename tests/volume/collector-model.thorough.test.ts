/** Garbage of volumes: no order of steps deletes what somebody has, and the model notices where a rule is left out. */
import { expect, test } from "vitest";
import { exploreCollection, type Faults } from "./collector-model.ts";

test("what a volume has is deleted in no order of a clone, a removal and two collectors, and garbage is", () => {
  const { broken, deletes } = exploreCollection();
  expect(broken).toBeNull();
  expect(deletes).toBe(true);
});

test.each<Faults>([{ noCheck: true }, { atOnce: true }, { ignoresProvisional: true }, { lateNotes: true }])(
  "without a rule an object is deleted that a volume has: %j",
  (faults) => {
    expect(exploreCollection(faults).broken).not.toBeNull();
  },
);

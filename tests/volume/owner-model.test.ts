/** Who owns a volume: what no order of steps breaks, and that the model notices where a rule is left out. */
import { expect, test } from "vitest";
import { exploreOwners, type Faults } from "./owner-model.ts";

test("whatever is answered is read by each later owner, in all orders of three writers", () => {
  const { states, broken } = exploreOwners();
  expect(broken).toBeNull();
  expect(states).toBeGreaterThan(10_000);
});

test.each<Faults>([{ noCheck: true }, { noCopy: true }, { copyFirst: true }, { forgetsRescue: true }])(
  "without a rule something that was answered is lost: %j",
  (faults) => {
    expect(exploreOwners(faults).broken).not.toBeNull();
  },
);

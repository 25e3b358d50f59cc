/** A kernel spreads over 1,000 clusters in few rounds of transfers, by the rules of docs/protocols/upgrade.md. */
import { expect, test } from "vitest";
import { type Spread, spread } from "./propagation-model.ts";

const SCENE: Spread = { clusters: 1000, transferS: 60, restartS: 0, isShared: false, seed: 1 };
/** Of 1,000 clusters: what doubling takes, and a fifth more. */
const MOST_ROUNDS = 1.2 * Math.log2(SCENE.clusters);

test("1,000 clusters have it after fewer rounds of transfers than 1.2 times their logarithm", () => {
  const { rounds, depth, refused, unlisted, wrong } = spread(SCENE);
  expect(wrong).toBeNull();
  expect(Math.max(rounds, depth)).toBeLessThan(MOST_ROUNDS);
  // It is there to be tried: some hear 503, and for some the list is empty.
  expect(Math.min(refused, unlisted)).toBeGreaterThan(1000);
});

test("where two downloads share the line of their source it takes as many rounds, which are twice as long", () => {
  const { rounds, depth, wrong } = spread({ ...SCENE, isShared: true });
  expect(wrong).toBeNull();
  expect(depth).toBeLessThan(MOST_ROUNDS);
  expect(rounds).toBeLessThan(15);
});

test.each<[Partial<Spread>, string]>([
  [{ listsBusy: true }, "a busy source is listed"],
  [{ listsEarly: true, restartS: 30 }, "a cluster is listed that has not come back"],
])("a rule that is left out shows: %j", (left, wrong) => {
  expect(spread({ ...SCENE, clusters: 50, ...left }).wrong).toBe(wrong);
});

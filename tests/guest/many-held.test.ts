/**
 * A node that holds all the service addresses that a cluster can have (docs/protocols/cluster.md, "Service addresses").
 */
import { expect, test } from "vitest";
import { PROMPT } from "../system/images.ts";
import { nowMs, type Scene, TICK_MS } from "./agreement-scene.ts";
import { HOLD, holding, SAY_MS } from "./holder-scene.ts";

const MOST = 8;
const HELD_AT = 128;
const LEASE_MS = 250;
/** What is lapsed is asked for twice, all at once. */
const CHECK_MS = 2 * (20 + TICK_MS);

/** When how many addresses were said to be held. */
const words = (s: Scene, fromMs: number): { atMs: number; count: number }[] =>
  s.wire.of(HOLD, fromMs).map(({ atMs, data }) => ({ atMs, count: (data.length - HELD_AT) / 4 }));

test("it says so without a gap while it claims more, and after it stood still says all of them again at once", async () => {
  const { s } = await holding();
  const addedMs = nowMs(s);
  for (let last = 51; last < 50 + MOST; last++) s.node.type(`cloud address add 10.0.2.${last}\n`);
  await s.node.waitFor(new RegExp(`10\\.0\\.2\\.${49 + MOST} is here now`));
  await s.lab.advance("1s");
  const times = words(s, addedMs).map(({ atMs }) => atMs);
  expect(words(s, addedMs).at(-1)!.count).toBe(MOST);
  expect(Math.max(...times.slice(1).map((atMs, index) => atMs - times[index]!))).toBeLessThan(LEASE_MS);

  await s.node.enter("cloud address", PROMPT);
  s.node.freeze("400ms");
  const awakeMs = nowMs(s) + 400;
  await s.lab.advance("1400ms");
  const [first, ...more] = words(s, awakeMs);
  expect(first).toMatchObject({ count: MOST });
  expect(first!.atMs - awakeMs).toBeLessThan(CHECK_MS + 6 * TICK_MS);
  expect(more.length).toBeGreaterThanOrEqual(Math.floor(800 / (SAY_MS + TICK_MS)));
  expect(more.every(({ count }) => count === MOST)).toBe(true);
});

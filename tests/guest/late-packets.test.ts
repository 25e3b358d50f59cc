/** Packets of a session that come late (docs/protocols/cluster.md, "Freshness"): each number once, and not too far below the highest. */
import { expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { founded, HIGH, report, type Scene, SELF } from "./agreement-scene.ts";
import { PROBE } from "./cluster-wire.ts";
import { Counts } from "./packet-wire.ts";

/** How far below the highest number one is still told from those that were heard. */
const LATE = 31;

/** Whether each of these numbers, said one after the other, is new. */
async function news(s: Scene, sequences: readonly number[]): Promise<boolean[]> {
  const counts = new Counts(s.node);
  const old = (): number => counts.read().get("cloud heard before")!;
  const found: boolean[] = [];
  for (const sequence of sequences) {
    const before = old();
    s.wire.say({ ...report(HIGH, 1, SELF), kind: PROBE, sequence });
    await s.lab.advance("1ms");
    found.push(old() === before);
  }
  return found;
}

/** HIGH is believed, at number 1000. */
async function scene(): Promise<Scene> {
  const s = await founded();
  s.wire.say({ ...report(HIGH, 1, SELF), sequence: 1000 });
  await s.lab.advance("5ms");
  return s;
}

test("are new once, up to 31 below the highest number, whatever comes between", async () => {
  const s = await scene();
  const top = 1100;
  const numbers = [top, top - LATE, top - LATE, top - LATE - 1, top - 1, top - 1, top, top - 16, top - 15, top - 16];
  expect(await news(s, numbers)).toEqual([true, true, false, false, true, false, false, true, true, false]);
  // One more: what was 31 below is too late, what was 30 below is not.
  expect(await news(s, [top + 1, top - LATE, top - LATE + 1, top - LATE + 1, top, top - 1])).toEqual([
    ...[true, false, true, false, false, false],
  ]);
});

thoroughly("are known as heard or not after the number went on by 31, and forgotten after 32", async () => {
  const s = await scene();
  expect(await news(s, [2000, 2000 + LATE, 2000, 2001, 2001])).toEqual([true, true, false, true, false]);
  expect(await news(s, [3000, 3000 + LATE + 1, 3000, 3001, 3001, 3000 + LATE + 1])).toEqual([
    ...[true, true, false, true, false, false],
  ]);
  expect(await news(s, [5000, 4999, 4999, 5000 - LATE, 5000 - LATE - 1])).toEqual([true, true, false, true, false]);
});

thoroughly("from before a session was believed are too late", async () => {
  const s = await scene();
  expect(await news(s, [999, 1000, 1001, 999, 1000 - LATE, 1002])).toEqual([false, false, true, false, false, true]);
});

/**
 * What a member that moves to a cluster of a better name makes of those with whom it was (docs/protocols/cluster.md,
 * rule 3).
 */
import { expect, test } from "vitest";
import { HIGH, LOW, LOWEST, nowMs, until, view } from "./agreement-scene.ts";
import { ERA, member, shown, tell } from "./view-scene.ts";

const PATIENCE_MS = 850;

test("who does not follow is alive for as long as a silent node is, from the move on, and then offline", async () => {
  const { s, self, coordinator } = await member();
  const all = [self, coordinator, { id: HIGH }];
  tell(s, { all, entries: [{ id: HIGH }] });
  for (let ms = 0; ms < 1200; ms += 400) {
    await s.lab.advance("400ms");
    tell(s, { all });
  }
  const movedMs = nowMs(s);
  s.wire.say(view(LOW, ERA + 1));
  await until(s, movedMs + PATIENCE_MS - 200);
  s.wire.say(view(LOW, ERA + 1));
  expect(await shown(s)).toEqual([`${LOWEST} member`, `${LOW} member`, `${HIGH} member`]);
  expect(nowMs(s)).toBeLessThan(movedMs + PATIENCE_MS);
  await until(s, movedMs + PATIENCE_MS + 50);
  expect(await shown(s)).toEqual([`${LOWEST} offline`, `${LOW} member`, `${HIGH} offline`]);
});

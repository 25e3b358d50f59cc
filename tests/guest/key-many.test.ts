/** How a new key is offered to many (docs/protocols/cluster-key.md): to eight at a time, as their answers are work. */
import { expect, test } from "vitest";
import { describeThoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { TICK_MS } from "./agreement-scene.ts";
import { OFFER_KEY } from "./key-scene.ts";
import { foundedWithKey, live, Member } from "./keyed-node.ts";

const OFFERS = 8;
const OFFER_MS = 200;
const STEP_MS = 20;

describeThoroughly("a new key", () => {
  test("is offered to eight at a time, to the others a step later, and to each every 200 ms", async () => {
    const s = await foundedWithKey();
    const members = Array.from(
      { length: OFFERS + 3 },
      (_, index) => new Member(s, `525400fffeff00${(0x70 + index).toString(16)}`, 0x50 + index),
    );
    await live(s, members, 300);
    await s.node.waitFor(PROMPT);
    s.node.type("cloud key rotate\n");
    await live(s, members, 2000, () => s.wire.of(OFFER_KEY).length > 0);
    const fromMs = s.wire.of(OFFER_KEY)[0]!.atMs;
    await live(s, members, 500);
    const offers = s.wire.of(OFFER_KEY, fromMs);
    const first = offers.filter(({ atMs }) => atMs - fromMs < STEP_MS - TICK_MS / 2);
    expect(first.map(({ to }) => to)).toEqual(members.slice(0, OFFERS).map(({ address }) => address));
    const next = offers.filter(({ atMs }) => atMs - fromMs >= STEP_MS - TICK_MS / 2 && atMs - fromMs < OFFER_MS / 2);
    expect(next.map(({ to }) => to)).toEqual(members.slice(OFFERS).map(({ address }) => address));
    expect(next[0]!.atMs - fromMs).toBeLessThan(STEP_MS + 3 * TICK_MS);
    for (const member of members) {
      const times = member.told(OFFER_KEY).map(({ atMs }) => atMs);
      expect(times.length).toBeGreaterThanOrEqual(3);
      expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(OFFER_MS - TICK_MS);
      expect(times[1]! - times[0]!).toBeLessThan(OFFER_MS + 5 * TICK_MS);
    }
  });
});

/**
 * When a coordinator compares its view with the history, and what that is shown as (docs/protocols/cluster-history.md,
 * "Who writes"): whenever the view changes, and once a second; never because another one has written something.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { PROMPT } from "../../system/images.ts";
import { outputAmong } from "../../system/output.ts";
import { founded, HIGH, LOW, nowMs, report, type Scene, SELF, TICK_MS } from "./agreement-scene.ts";
import { EVENTS, HEADER_BYTES } from "./cluster-wire.ts";
import { DIED, EVENT_BYTES, type Event, eventBytes, JOINED } from "./history-wire.ts";

const LOOK_MS = 1000;

const tell = (s: Scene, event: Event): void =>
  s.wire.say({ ...report(HIGH, 1, SELF), kind: EVENTS, rest: eventBytes({ era: 1, ...event }) });

/** When the node has told that a node joined, since a moment. */
const joinings = (s: Scene, subject: string, fromMs: number): number[] =>
  s.wire
    .of(EVENTS, fromMs)
    .filter(({ data }) => {
      const events = Array.from({ length: (data.length - HEADER_BYTES) / EVENT_BYTES }, (_, index) =>
        data.subarray(HEADER_BYTES + index * EVENT_BYTES),
      );
      return events.some(
        (event) => event[24] === JOINED && Buffer.from(event.subarray(16, 24)).toString("hex") === subject,
      );
    })
    .map(({ atMs }) => atMs);

describeThoroughly("a coordinator", () => {
  test("contradicts others once a second, however often they say that it has died", async () => {
    const s = await founded();
    for (let time = 0; time < 10; time++) {
      s.wire.say(report(HIGH, 1, SELF));
      await s.lab.advance("100ms");
    }
    const fromMs = nowMs(s);
    for (let time = 0; time < 45; time++) {
      tell(s, { number: 100 + time * 5, kind: DIED, subject: SELF });
      s.wire.say(report(HIGH, 1, SELF));
      await s.lab.advance("100ms");
    }
    const times = [...new Set(joinings(s, SELF, fromMs))];
    expect(times.length).toBeGreaterThanOrEqual(4);
    for (const [index, atMs] of times.slice(1).entries()) {
      expect(atMs - times[index]!).toBeGreaterThanOrEqual(LOOK_MS - TICK_MS);
      expect(atMs - times[index]!).toBeLessThan(LOOK_MS + 12 * TICK_MS);
    }
  });

  test("writes at once who came, and contradicts the others then", async () => {
    const s = await founded();
    for (let time = 0; time < 10; time++) {
      s.wire.say(report(HIGH, 1, SELF));
      await s.lab.advance("100ms");
    }
    const [last] = joinings(s, HIGH, 0);
    expect(last).toBeDefined();
    tell(s, { number: 100, kind: DIED, subject: SELF });
    const fromMs = nowMs(s);
    s.wire.say(report(LOW, 1, SELF));
    await s.lab.advance("60ms");
    expect(joinings(s, LOW, fromMs)[0]! - fromMs).toBeLessThan(4 * TICK_MS);
    expect(joinings(s, SELF, fromMs)[0]! - fromMs).toBeLessThan(4 * TICK_MS);
  });
});

describe("events", () => {
  test.each(rowsOf([255, 256, 300, 40_000], 1))(
    "of %i members are shown so, and by a bar as long as fifty columns",
    async (members) => {
      const s = await founded();
      await s.node.waitFor(PROMPT);
      s.wire.say(report(HIGH, 1, SELF));
      await s.lab.advance("200ms");
      tell(s, { number: 100, kind: JOINED, subject: HIGH, detail: 4, members, after: 7 });
      tell(s, { number: 101, kind: JOINED, subject: HIGH, detail: 5, members: 1, after: 9 });
      await s.lab.advance("50ms");
      expect(await outputAmong(s.node, "cloud events")).toMatch(
        new RegExp(` {2}1\\.100 {2}someone joined, age 4, revision 0 {2}\\(${members} online\\)$`, "m"),
      );
      const rows = (await outputAmong(s.node, "cloud graph")).split("\n").filter((row) => row.startsWith("2024"));
      expect(rows).toEqual([
        `2024-03-01 12:00:07    1 ${String(members).padStart(6)} ${"#".repeat(50)}`,
        `2024-03-01 12:00:09    1      1 `,
      ]);
    },
  );
});

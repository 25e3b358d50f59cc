/**
 * What a member makes of its coordinator's views (docs/protocols/cluster.md, "Packet" and rule 8): it knows by a digest
 * whether its own view is the coordinator's, asks for the whole one where it is not, and takes over what that says.
 */
import { describe, expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { HIGH, HIGHEST, LOW, LOWEST, nowMs, report, type Scene, TICK_MS, view } from "./agreement-scene.ts";
import { ASK, REPORT } from "./cluster-wire.ts";
import {
  digestOf,
  type Entry,
  ERA,
  entryBytes,
  JOINING,
  LEFT,
  MEMBER,
  member,
  NAMED,
  OFFLINE,
  shown,
  tell,
  type Words,
} from "./view-scene.ts";

const asks = (s: Scene, fromMs: number): number[] =>
  s.wire.of(REPORT, fromMs).flatMap(({ flags, atMs, to }) => ((flags & ASK) !== 0 && to === "10.0.2.98" ? [atMs] : []));

describe("a member whose view is the coordinator's", () => {
  test("asks for nothing, as long as number and digest are its own", async () => {
    const { s, self, coordinator } = await member();
    const other = { id: LOW, age: 7, flags: 1, name: "stranger" };
    tell(s, { all: [self, coordinator, other], entries: [other] });
    await s.lab.advance("50ms");
    const fromMs = nowMs(s);
    for (let time = 0; time < 10; time++) {
      tell(s, { all: [self, coordinator, other] });
      s.wire.say({ ...report(LOW, ERA, LOWEST), age: 7, flags: 1 });
      await s.lab.advance("200ms");
    }
    expect(asks(s, fromMs)).toEqual([]);
    expect(await shown(s)).toEqual([`${LOWEST} member`, `${LOW} member`]);
  });

  test.each<[string, (all: readonly Entry[]) => Partial<Words>]>([
    ["digest", () => ({ digest: 5 })],
    [
      "number of members",
      (all) => ({
        all: [...all, { id: HIGH }],
        digest: all.reduce((sum, one) => (sum + digestOf(entryBytes(one))) >>> 0, 0),
      }),
    ],
  ])("asks for all of it when the %s is another one for 250 to 350 ms, and not before", async (_what, other) => {
    const { s, self, coordinator } = await member();
    const all = [self, coordinator];
    for (let time = 0; time < 8; time++) {
      tell(s, { all });
      await s.lab.advance("200ms");
    }
    const fromMs = nowMs(s);
    for (let ms = 0; ms < 800; ms += 50) {
      if (ms % 100 === 0) tell(s, { all, ...other(all) });
      await s.lab.advance("50ms");
    }
    expect(asks(s, fromMs)[0]! - fromMs).toBeGreaterThanOrEqual(250 - TICK_MS);
    expect(asks(s, fromMs)[0]! - fromMs).toBeLessThan(350 + 4 * TICK_MS);
  });
});

thoroughly("a member that knows others reports to a new coordinator within 100 ms, and not at once", async () => {
  const { s, self, coordinator } = await member();
  tell(s, { all: [self, coordinator, { id: LOW }], entries: [{ id: LOW }] });
  await s.lab.advance("600ms");
  const took: number[] = [];
  // Of two coordinators the one with the lower id goes on.
  for (let last = 0x69; last > 0x60; last--) {
    const fromMs = nowMs(s);
    s.wire.say(view(`01000000000000${last.toString(16)}`, ERA, LOWEST));
    await s.lab.advance("150ms");
    took.push(s.wire.of(REPORT, fromMs)[0]!.atMs - fromMs);
  }
  expect(Math.max(...took)).toBeGreaterThan(50);
  expect(Math.max(...took)).toBeLessThan(100 + 4 * TICK_MS);
});

describe("entries of a view", () => {
  thoroughly("change the digest by what they change: where that is the new one, nothing is asked for", async () => {
    const { s, self, coordinator } = await member();
    let other: Entry = { id: HIGH };
    const fromMs = nowMs(s);
    for (const change of [{}, { name: "renamed" }, { address: "10.0.2.77" }, { age: 2, session: LOW }, { flags: 1 }]) {
      other = { ...other, ...change };
      for (let time = 0; time < 5; time++) {
        tell(s, { all: [self, coordinator, other], entries: time === 0 ? [other] : [] });
        await s.lab.advance("200ms");
      }
    }
    expect(asks(s, fromMs)).toEqual([]);
  });

  test("say who is a member, has restarted, is offline or has left", async () => {
    const { s, self, coordinator } = await member();
    const all = [self, coordinator, { id: LOW }];
    tell(s, { all, entries: [{ id: LOW }, { id: HIGH, state: OFFLINE }, { id: HIGHEST, state: LEFT }] });
    await s.lab.advance("20ms");
    expect(await shown(s)).toEqual([`${LOWEST} member`, `${LOW} member`, `${HIGH} offline`, `${HIGHEST} left`]);
    tell(s, { all: [self, coordinator], entries: [{ id: LOW, state: JOINING, session: HIGH, age: 2 }] });
    await s.lab.advance("20ms");
    expect(await shown(s)).toEqual([`${LOWEST} member`, `${LOW} joining`, `${HIGH} offline`, `${HIGHEST} left`]);
  });

  test("of a range leave out who is not alive, within it and nowhere else", async () => {
    const { s, self, coordinator } = await member();
    const others = [LOW, HIGH, HIGHEST].map((id) => ({ id }));
    tell(s, { all: [self, coordinator, ...others], entries: others });
    await s.lab.advance("20ms");
    expect((await shown(s)).filter((row) => row.endsWith("member"))).toHaveLength(4);
    // Above LOW and up to HIGH lives nobody but this node.
    tell(s, { all: [self, coordinator, { id: LOW }, { id: HIGHEST }], from: LOW, to: HIGH, entries: [self] });
    await s.lab.advance("20ms");
    expect(await shown(s)).toEqual([`${LOWEST} member`, `${LOW} member`, `${HIGH} offline`, `${HIGHEST} member`]);
    // Above HIGH, up to the last.
    tell(s, { all: [self, coordinator, { id: LOW }], from: HIGH, to: "f".repeat(16) });
    await s.lab.advance("20ms");
    expect(await shown(s)).toEqual([`${LOWEST} member`, `${LOW} member`, `${HIGH} offline`, `${HIGHEST} offline`]);
  });

  thoroughly("about the node itself have it report at once where it is no member, and no sooner else", async () => {
    for (const [state, reports] of [
      [JOINING, 1],
      [NAMED, 0],
      [MEMBER, 0],
    ] as const) {
      const { s, self, coordinator } = await member();
      await s.lab.advance("100ms");
      const fromMs = nowMs(s);
      tell(s, { all: [self, coordinator], entries: [{ ...self, state }] });
      await s.lab.advance("50ms");
      expect(s.wire.of(REPORT, fromMs), `state ${state}`).toHaveLength(reports);
    }
  });
});

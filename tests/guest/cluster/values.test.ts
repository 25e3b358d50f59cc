/**
 * How members agree on values, and how all come to know them (docs/protocols/cluster-values.md): the node votes, asks
 * for votes, takes values over and tells them, packet by packet. Nobody has a disk.
 */
import { describe, expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { Counts } from "../net/packet-wire.ts";
import { HIGH, idBytes, LOW, nowMs, SELF, TICK_MS } from "./agreement-scene.ts";
import { type Heard, regionDigest } from "./cluster-wire.ts";
import {
  type Ballot,
  ballotBytes,
  joined,
  NOTHING,
  numberBytes,
  OFFER,
  PREPARE,
  PROMISE,
  regionOf,
  rest,
  TEXT_AT,
  VALUES,
  VOTED,
  withTwo,
} from "./values-scene.ts";

describe("a voter", () => {
  const ONE = regionOf({ colour: "blue" });
  const TWO = regionOf({ colour: "red", taste: "sweet" });

  thoroughly("promises no lower ballot than it has, votes in none, and says what it has voted for", async () => {
    const v = await withTwo();
    const promised = async (id: string, ballot: Ballot): Promise<readonly Uint8Array[]> =>
      (await v.answers(() => v.prepare(id, 1, ballot), [PROMISE])).map(rest);
    const votes = async (ballot: Ballot, region: Uint8Array): Promise<readonly Uint8Array[]> =>
      (await v.answers(() => v.offer(ballot![1], 1, ballot, region), [VOTED])).map(rest);
    const says = (ballot: Ballot, vote: Ballot = null, region: Uint8Array = new Uint8Array(0)): Uint8Array[] => [
      joined(numberBytes(1), ballotBytes(ballot), ballotBytes(vote), region),
    ];
    expect(await promised(HIGH, [3, HIGH])).toEqual(says([3, HIGH]));
    expect(await promised(HIGH, [3, HIGH])).toEqual(says([3, HIGH]));
    expect(await promised(LOW, [2, LOW])).toEqual(says([3, HIGH]));
    // Of equal counts the higher id is the higher ballot.
    expect(await promised(LOW, [3, LOW])).toEqual(says([3, HIGH]));
    expect(await votes([2, LOW], TWO)).toEqual([]);
    expect(await votes([3, LOW], TWO)).toEqual([]);
    expect(await votes([3, HIGH], ONE)).toEqual([joined(numberBytes(1), ballotBytes([3, HIGH]))]);
    expect(await promised(LOW, [4, LOW])).toEqual(says([4, LOW], [3, HIGH], ONE));
    expect(await votes([3, HIGH], ONE)).toEqual([]);
    expect(await votes([5, HIGH], TWO)).toEqual([joined(numberBytes(1), ballotBytes([5, HIGH]))]);
    expect(await promised(LOW, [0x100, LOW])).toEqual(says([0x100, LOW], [5, HIGH], TWO));
    expect(await v.get("")).toBe("Nothing has been set (cloud set NAME VALUE).");
  });

  test("does not vote for a number that does not follow what it knows, and is told what was before", async () => {
    const v = await withTwo();
    const asked = (number: number): Promise<Heard[]> => v.answers(() => v.prepare(HIGH, number, [3, HIGH]), [PROMISE]);
    expect(await asked(2)).toEqual([]);
    v.tell(HIGH, 1, ONE);
    v.live(1, ONE);
    await v.s.lab.advance("50ms");
    expect(await asked(1)).toEqual([]);
    expect((await asked(2)).map(rest)).toEqual([joined(numberBytes(2), ballotBytes([3, HIGH]), NOTHING)]);
  });

  test("has voted for nothing of the next number; what it has promised holds", async () => {
    const v = await withTwo();
    expect(await v.answers(() => v.prepare(HIGH, 1, [9, HIGH]), [PROMISE])).toHaveLength(1);
    expect(await v.answers(() => v.offer(HIGH, 1, [9, HIGH], ONE), [VOTED])).toHaveLength(1);
    v.tell(HIGH, 1, ONE);
    v.live(1, ONE);
    await v.s.lab.advance("50ms");
    for (const [asked, promised] of [
      [8, [9, HIGH]],
      [10, [10, LOW]],
    ] as const) {
      const [answer] = await v.answers(() => v.prepare(LOW, 2, [asked, LOW]), [PROMISE]);
      expect(rest(answer!).subarray(0, 20)).toEqual(joined(numberBytes(2), ballotBytes(promised), numberBytes(0)));
      expect(rest(answer!)).toHaveLength(28);
    }
  });
});

describe("what others know", () => {
  test("is taken over when its number is higher, or its digest of equal numbers", async () => {
    const v = await withTwo();
    const [one, other] = [regionOf({ colour: "blue" }), regionOf({ colour: "red" })];
    const [low, high] = regionDigest(one) >>> 0 < regionDigest(other) >>> 0 ? [one, other] : [other, one];
    const text = (region: Uint8Array): string => (region[TEXT_AT + 7] === "b".charCodeAt(0) ? "blue" : "red");
    const told = async (number: number, region: Uint8Array): Promise<string> => {
      v.tell(HIGH, number, region);
      await v.s.lab.advance("20ms");
      return v.get("colour");
    };
    expect(await told(5, low)).toBe(text(low));
    expect(await told(4, high)).toBe(text(low));
    expect(await told(5, high)).toBe(text(high));
    expect(await told(5, low)).toBe(text(high));
    expect(await told(6, low)).toBe(text(low));
    expect(await told(0x101, high)).toBe(text(high));
    expect(await told(7, low)).toBe(text(high));
    expect(await v.get("")).toContain(
      "change 257; the next is agreed on by a majority of 3 members: stranger qure-1 stranger",
    );
  });

  const MALFORMED: readonly (readonly [string, Uint8Array])[] = [
    ["17 members that agree", ((region) => (region.set([17], 0), region))(regionOf({ a: "1" }))],
    ["a name with a blank", regionOf({ "a b": "1" })],
    ["a name of 32 characters", regionOf({ ["n".repeat(32)]: "1" })],
    ["a value of 128 characters", regionOf({ a: "v".repeat(128) })],
    ["a value without an end", ((region) => (region.fill(0x61, TEXT_AT + 2), region))(regionOf({ a: "1" }))],
    ["too much text", regionOf(Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`n${i}`, "v".repeat(120)])))],
  ];
  test.each(rowsOf(MALFORMED, 2))("a region with %s is malformed, and nothing of it counts", async (_what, region) => {
    const v = await withTwo();
    const counts = new Counts(v.s.node);
    const before = counts.read().get("cloud malformed")!;
    v.tell(HIGH, 5, region);
    await v.s.lab.advance("20ms");
    expect(counts.read().get("cloud malformed")! - before).toBe(1);
    expect(await v.get("")).toBe("Nothing has been set (cloud set NAME VALUE).");
  });

  test("is told to the group when a member is behind, after up to 40 ms, at most each 100 ms, unless another did", async () => {
    const v = await withTwo();
    const region = regionOf({ colour: "blue" });
    v.tell(HIGH, 3, region);
    v.live(3, region);
    await v.s.lab.advance("300ms");
    const fromMs = nowMs(v.s);
    const told = (sinceMs: number): number[] => v.s.wire.of(VALUES, sinceMs).map(({ atMs }) => atMs);
    for (let ms = 0; ms < 400; ms += 20) {
      v.live(2, region, [LOW]);
      v.live(3, region, [HIGH]);
      await v.s.lab.advance("20ms");
    }
    const times = told(fromMs);
    expect(times[0]! - fromMs).toBeLessThan(40 + 3 * TICK_MS);
    expect(times.length).toBeGreaterThanOrEqual(3);
    for (const [index, atMs] of times.slice(1).entries())
      expect(atMs - times[index]!).toBeGreaterThanOrEqual(100 - TICK_MS);
    const [first] = v.s.wire.of(VALUES, fromMs);
    expect(rest(first!)).toEqual(region);
    expect(first!.to).toBe("239.255.81.82");
    v.live(3, region);
    await v.s.lab.advance("200ms");
    const againMs = nowMs(v.s);
    v.live(2, region, [LOW]);
    v.tell(HIGH, 3, region);
    await v.s.lab.advance("90ms");
    expect(told(againMs)).toEqual([]);
    // Whoever tells older ones is behind like others.
    await v.s.lab.advance("200ms");
    const olderMs = nowMs(v.s);
    v.tell(LOW, 2, regionOf({ colour: "red" }));
    await v.s.lab.advance("90ms");
    expect(told(olderMs)).toHaveLength(1);
  });
});

describe("who wants a change", () => {
  const count = (heard: Heard): number => new DataView(heard.data.buffer, heard.data.byteOffset).getUint32(132, true);

  test("asks for the next number, and again each 200 ms; without a majority nothing is changed", async () => {
    const v = await withTwo();
    const fromMs = nowMs(v.s);
    v.s.node.type("cloud set colour blue; echo status $?\r");
    for (let ms = 0; ms < 4500; ms += 100) {
      v.live();
      await v.s.lab.advance("100ms");
    }
    const asked = v.s.wire.of(PREPARE, fromMs);
    expect(asked[0]!.data.subarray(128, 132)).toEqual(numberBytes(1));
    expect(asked[0]!.data.subarray(136, 144)).toEqual(idBytes(SELF));
    expect(asked[0]!.to).toBe("239.255.81.82");
    for (const [index, { atMs }] of asked.slice(1).entries()) {
      expect(atMs - asked[index]!.atMs).toBeGreaterThanOrEqual(200 - TICK_MS);
      expect(atMs - asked[index]!.atMs).toBeLessThan(200 + 3 * TICK_MS);
    }
    expect(asked.at(-1)!.atMs - fromMs).toBeLessThan(4200);
    expect(v.s.node.console.text).toMatch(
      /^cluster: colour is not changed, or not yet: of the 3 members that agreed last 1 answer\nstatus 1$/m,
    );
  });

  test("offers what somebody has voted for in the highest ballot before its own change, and then that", async () => {
    const v = await withTwo();
    const [early, later] = [regionOf({ taste: "sour" }), regionOf({ taste: "sweet" })];
    v.s.node.type("cloud set colour blue\r");
    await v.s.lab.until(() => v.s.wire.of(PREPARE)[0], "it asks nobody");
    const first = count(v.s.wire.of(PREPARE)[0]!);
    v.promise(HIGH, 1, [first, SELF], [1, HIGH], early);
    v.promise(LOW, 1, [first, SELF], [2, LOW], later);
    const offer = await v.s.lab.until(() => v.s.wire.of(OFFER)[0], "it offers nothing");
    // Its own promise and one more are a majority.
    expect(rest(offer)).toEqual(joined(numberBytes(1), ballotBytes([first, SELF]), NOTHING, early));
    v.voted(HIGH, 1, [first, SELF]);
    const told = await v.s.lab.until(() => v.s.wire.of(VALUES)[0], "it tells nobody");
    expect(rest(told)).toEqual(early);
    v.live(1, early);
    const next = await v.s.lab.until(
      () => v.s.wire.of(PREPARE).find(({ data }) => data[128] === 2),
      "it does not go on with its own change",
    );
    v.promise(HIGH, 2, [count(next), SELF]);
    const own = await v.s.lab.until(() => v.s.wire.of(OFFER).find(({ data }) => data[128] === 2), "no second offer");
    expect(rest(own).subarray(28)).toEqual(regionOf({ taste: "sour", colour: "blue" }));
    v.voted(LOW, 2, [count(next), SELF]);
    await v.s.node.waitFor(/^colour is set\.$/m, { within: "100ms" });
    expect(await v.get("taste")).toBe("sour");
  });

  test("counts no vote twice, for another number, or in another ballot", async () => {
    const v = await withTwo();
    v.s.node.type("cloud set colour blue\r");
    await v.s.lab.until(() => v.s.wire.of(PREPARE)[0], "it asks nobody");
    const ballot = count(v.s.wire.of(PREPARE)[0]!);
    v.promise(HIGH, 2, [ballot, SELF]);
    v.promise(HIGH, 1, [ballot - 1, SELF]);
    await v.s.lab.advance("50ms");
    expect(v.s.wire.of(OFFER)).toEqual([]);
    v.promise(HIGH, 1, [ballot, SELF]);
    await v.s.lab.until(() => v.s.wire.of(OFFER)[0], "it offers nothing");
    v.voted(HIGH, 2, [ballot, SELF]);
    v.voted(HIGH, 1, [ballot, LOW]);
    await v.s.lab.advance("50ms");
    expect(v.s.node.console.text).not.toContain("colour is set");
    v.voted(LOW, 1, [ballot, SELF]);
    await v.s.node.waitFor(/^colour is set\.$/m, { within: "100ms" });
  });
});

test("packets say which values a member has", async () => {
  const v = await withTwo();
  const region = regionOf({ colour: "blue" });
  v.tell(HIGH, 9, region);
  v.live(9, region);
  await v.s.lab.advance("600ms");
  const { data } = v.s.wire.heard.at(-1)!;
  const fields = new DataView(data.buffer, data.byteOffset);
  expect([fields.getUint32(112, true), fields.getInt32(116, true)]).toEqual([9, regionDigest(region)]);
});

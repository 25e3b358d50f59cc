/**
 * How a member brings a change of the values about (docs/protocols/cluster-values.md, "How they agree"), and how a
 * coordinator has others agree when the members have been others for a while, as those see it who are asked.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { outputAmong } from "../system/output.ts";
import { HIGH, HIGHEST, LOW, LOWEST, nowMs, report, SELF, TICK_MS, view } from "./agreement-scene.ts";
import { BYE, type Heard, regionDigest, VIEW } from "./cluster-wire.ts";
import {
  type Ballot,
  ballotBytes,
  DISKLESS,
  joined,
  NOTHING,
  numberBytes,
  OFFER,
  PREPARE,
  PROMISE,
  regionOf,
  rest,
  VALUES,
  type Values,
  withTwo,
} from "./values-scene.ts";

const AGAIN_MS = 200;
const GIVE_UP_MS = 4000;
const STEADY_MS = 2000;
const RETRY_MS = 10_000;
const FIFTH = "fe00000000000065";

const numberOf = ({ data }: Heard): number => new DataView(data.buffer, data.byteOffset).getUint32(128, true);
const countOf = ({ data }: Heard): number => new DataView(data.buffer, data.byteOffset).getUint32(132, true);
const ballotOf = (heard: Heard): Ballot => [countOf(heard), SELF];
/** The ids that agree on what comes after a region. */
const votersOf = (region: Uint8Array): string[] =>
  Array.from({ length: region[0]! }, (_, at) => Buffer.from(region.subarray(4 + at * 8, 12 + at * 8)).toString("hex"));

/** What the node asks for next; members with these ids live meanwhile, and know these values. */
async function asked(
  v: Values,
  kind: number,
  fromMs: number,
  number = 0,
  region: Uint8Array | null = null,
  ids?: readonly string[],
) {
  for (let ms = 0; ms < 6000; ms += 20) {
    const found = v.s.wire.of(kind, fromMs)[0];
    if (found) return found;
    if (ms % 200 === 0) v.live(number, region, ids);
    await v.s.lab.advance("20ms");
  }
  throw new Error(`nothing of kind ${kind} was said`);
}

/** Values `number` count on all members, agreed on by these. */
async function agreed(v: Values, number: number, region: Uint8Array): Promise<void> {
  v.tell(HIGH, number, region);
  v.live(number, region);
  await v.s.lab.advance("100ms");
}

describe("who wants a change", () => {
  test("asks nobody for one that counts already", async () => {
    const v = await withTwo();
    const region = regionOf({ colour: "blue", taste: "sour" });
    await agreed(v, 7, region);
    const fromMs = nowMs(v.s);
    expect(await outputAmong(v.s.node, "cloud set colour blue; echo status $?")).toBe("colour is set.\nstatus 0\n");
    expect(await outputAmong(v.s.node, "cloud set shape; echo status $?")).toBe("shape is gone.\nstatus 0\n");
    expect(v.s.wire.of(PREPARE, fromMs)).toHaveLength(0);
    v.live(7, region);
    v.s.node.type("cloud set colour blu\r");
    expect(numberOf(await asked(v, PREPARE, fromMs, 7, region))).toBe(8);
  });

  thoroughly("offers the other values with it, or without the one that is to go", async () => {
    for (const [command, values] of [
      ["cloud set taste", { colour: "blue", size: "9" }],
      ["cloud set taste salty", { colour: "blue", size: "9", taste: "salty" }],
      ["cloud set colour red", { taste: "sour", size: "9", colour: "red" }],
    ] as const) {
      const v = await withTwo();
      const region = regionOf({ colour: "blue", taste: "sour", size: "9" });
      await agreed(v, 7, region);
      const fromMs = nowMs(v.s);
      v.s.node.type(`${command}\r`);
      const prepared = await asked(v, PREPARE, fromMs, 7, region);
      v.promise(LOW, 8, ballotOf(prepared));
      const offer = await asked(v, OFFER, fromMs, 7, region);
      expect(offer.to).toBe("239.255.81.82");
      expect(rest(offer).subarray(0, 16)).toEqual(joined(numberBytes(8), ballotBytes(ballotOf(prepared))));
      expect(rest(offer).subarray(28)).toEqual(regionOf(values));
      v.voted(LOW, 8, ballotOf(prepared));
      await v.s.node.waitFor(/is (set|gone)\.$/m, { within: "100ms" });
      // All hear of it at once, and it is not proposed again.
      const [told] = v.s.wire.of(VALUES, offer.atMs);
      expect(rest(told!)).toEqual(regionOf(values));
      await v.s.lab.advance("300ms");
      expect(v.s.wire.of(PREPARE, offer.atMs)).toHaveLength(0);
    }
  });

  thoroughly(
    "takes a ballot above the one that it has promised itself, and repeats each step every 200 ms",
    async () => {
      const v = await withTwo();
      v.prepare(HIGH, 1, [0x123, HIGH]);
      await v.s.lab.advance("50ms");
      const fromMs = nowMs(v.s);
      v.s.node.type("cloud set colour blue\r");
      const first = await asked(v, PREPARE, fromMs);
      expect(countOf(first)).toBe(0x124);
      expect(Buffer.from(first.data.subarray(136, 144)).toString("hex")).toBe(SELF);
      expect(first.data).toHaveLength(144);
      v.promise(LOW, 1, ballotOf(first));
      for (let ms = 0; ms < 900; ms += 100) {
        v.live();
        await v.s.lab.advance("100ms");
      }
      const offers = v.s.wire.of(OFFER, fromMs);
      const prepared = first.data.subarray(128);
      expect(offers.length).toBeGreaterThanOrEqual(4);
      for (const [index, { atMs, data }] of offers.entries()) {
        expect([data.subarray(128, 144), data.subarray(156)]).toEqual([prepared, regionOf({ colour: "blue" })]);
        if (index > 0) expect(atMs - offers[index - 1]!.atMs).toBeGreaterThanOrEqual(AGAIN_MS - 1);
        if (index > 0) expect(atMs - offers[index - 1]!.atMs).toBeLessThan(AGAIN_MS + 1.5 * TICK_MS);
      }
      expect(v.s.wire.of(PREPARE, offers[0]!.atMs)).toHaveLength(0);
    },
  );

  thoroughly("pauses for 50 to 200 ms when another goes first, draws how long, and begins above that one", async () => {
    const pauses: number[] = [];
    for (const [index, id] of [HIGH, LOW, HIGHEST, HIGH, LOW].entries()) {
      const v = await withTwo();
      await v.s.lab.advance(index * 30e6);
      v.live();
      const fromMs = nowMs(v.s);
      v.s.node.type("cloud set colour blue\r");
      const first = await asked(v, PREPARE, fromMs);
      const higher = countOf(first) + 5;
      v.promise(HIGH, 1, [higher, id]);
      const heardMs = nowMs(v.s);
      await v.s.lab.advance("10ms");
      // Late answers to what it asked before are none.
      v.promise(HIGH, 1, ballotOf(first));
      v.promise(LOW, 1, ballotOf(first));
      const again = await asked(v, PREPARE, heardMs);
      expect(countOf(again)).toBe(higher + 1);
      expect(v.s.wire.of(OFFER, fromMs)).toHaveLength(0);
      pauses.push(again.atMs - heardMs);
    }
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(50 - TICK_MS);
    expect(Math.max(...pauses)).toBeLessThan(200 + 2 * TICK_MS);
    expect(new Set(pauses.map((ms) => Math.round(ms / TICK_MS))).size).toBeGreaterThan(1);
  });

  thoroughly("begins anew with the next number when others have agreed on this one meanwhile", async () => {
    const v = await withTwo();
    const fromMs = nowMs(v.s);
    v.s.node.type("cloud set colour blue\r");
    const first = await asked(v, PREPARE, fromMs);
    const region = regionOf({ taste: "sour" });
    await agreed(v, 1, region);
    const next = await v.s.lab.until(
      () => v.s.wire.of(PREPARE, fromMs).find((heard) => numberOf(heard) === 2),
      "it does not go on",
      { within: "300ms" },
    );
    expect(countOf(next)).toBe(countOf(first) + 1);
    v.promise(LOW, 2, ballotOf(next));
    const offer = await asked(v, OFFER, fromMs, 1, region);
    expect(rest(offer).subarray(28)).toEqual(regionOf({ taste: "sour", colour: "blue" }));
  });

  thoroughly("says that it is set when others have agreed on that meanwhile", async () => {
    const v = await withTwo();
    const fromMs = nowMs(v.s);
    v.s.node.type("cloud set colour blue\r");
    await asked(v, PREPARE, fromMs);
    await agreed(v, 1, regionOf({ colour: "blue" }));
    await v.s.node.waitFor(/^colour is set\.$/m, { within: "300ms" });
  });

  thoroughly("offers of several votes that of the highest ballot, by count and then by id", async () => {
    const five = [LOWEST, LOW, SELF, HIGH, HIGHEST];
    const base = regionOf({ size: "9" }, five);
    const votes: readonly (readonly [Ballot, string])[] = [
      [[3, LOW], "first"],
      [[3, HIGH], "second"],
      [[2, HIGHEST], "third"],
    ];
    for (const [order, best] of [
      [[0, 1, 2], "second"],
      [[1, 0, 2], "second"],
      [[2, 0], "first"],
    ] as const) {
      const v = await withTwo();
      for (const id of [LOWEST, HIGHEST]) v.s.wire.say({ ...report(id, 1, SELF), flags: DISKLESS });
      await agreed(v, 7, base);
      const fromMs = nowMs(v.s);
      v.s.node.type("cloud set colour blue\r");
      const first = await asked(v, PREPARE, fromMs, 7, base);
      // Its own promise, and two or more: the first two of three are needed.
      const others = [HIGHEST, HIGH, LOW];
      for (const [at, index] of order.entries()) {
        const [ballot, text] = votes[index]!;
        v.promise(others[at]!, 8, ballotOf(first), ballot, regionOf({ vote: text }, five));
        if (at === 0) {
          await v.s.lab.advance("20ms");
          expect(v.s.wire.of(OFFER, fromMs)).toHaveLength(0);
        }
      }
      const offer = await asked(v, OFFER, fromMs, 7, base);
      expect(rest(offer).subarray(28)).toEqual(regionOf({ vote: best }, five));
    }
  });

  thoroughly("gives up after four seconds, and says how many of how many have answered last", async () => {
    const v = await withTwo();
    const five = [LOWEST, LOW, SELF, HIGH, HIGHEST];
    const base = regionOf({ size: "9" }, five);
    await agreed(v, 7, base);
    const fromMs = nowMs(v.s);
    v.s.node.type("cloud set colour blue; echo status $?\r");
    const first = await asked(v, PREPARE, fromMs, 7, base);
    v.promise(HIGH, 8, ballotOf(first));
    const said = /^cluster: colour is not changed, or not yet: of the 5 members that agreed last 2 answer\nstatus 1$/m;
    for (let ms = 0; ms < 4500 && !said.test(v.s.node.console.text); ms += 20) {
      if (ms % 200 === 0) v.live(7, base);
      await v.s.lab.advance("20ms");
    }
    expect(nowMs(v.s) - first.atMs).toBeGreaterThanOrEqual(GIVE_UP_MS - TICK_MS);
    expect(nowMs(v.s) - first.atMs).toBeLessThan(GIVE_UP_MS + 5 * TICK_MS);
    expect(await v.get("colour")).toBe("cluster: there is no value colour");
    // The next change begins anew.
    const againMs = nowMs(v.s);
    v.s.node.type("cloud set taste sour\r");
    const again = await asked(v, PREPARE, againMs, 7, base);
    expect(countOf(again)).toBeGreaterThan(countOf(first));
  });
});

describeThoroughly("a majority is", () => {
  /** Whether a change is offered when these promise, of those that agreed last. */
  test.each<[string, readonly string[], readonly string[], boolean]>([
    ["two of three", [LOW, SELF, HIGH], [HIGH], true],
    ["half of four with the first", [LOW, SELF, HIGH, HIGHEST], [LOW], true],
    ["not half of four without the first", [LOW, SELF, HIGH, HIGHEST], [HIGH], false],
    ["half of two as the first", [SELF, HIGH], [], true],
    ["not half of two as the second", [LOW, SELF], [], false],
    ["not one that was not asked", [LOW, SELF, HIGHEST], [HIGH], false],
    ["not the others without this node, of five, by two", [LOWEST, LOW, HIGH, HIGHEST, FIFTH], [LOW, HIGH], false],
    ["three of five", [LOWEST, LOW, HIGH, HIGHEST, FIFTH], [LOW, HIGH, HIGHEST], true],
  ])("%s", async (_what, voters, promising, isEnough) => {
    const v = await withTwo();
    const base = regionOf({ size: "9" }, voters);
    for (const id of voters.filter((one) => one !== SELF)) v.s.wire.say({ ...report(id, 1, SELF), flags: DISKLESS });
    await v.s.lab.advance("20ms");
    await agreed(v, 7, base);
    const fromMs = nowMs(v.s);
    v.s.node.type("cloud set colour blue\r");
    const first = await asked(v, PREPARE, fromMs, 7, base);
    for (const id of promising) {
      // A second time it is the same answer.
      for (let time = 0; time < 2; time++) v.promise(id, 8, ballotOf(first));
    }
    await v.s.lab.advance("50ms");
    expect(v.s.wire.of(OFFER, fromMs).length > 0).toBe(isEnough);
  });
});

describeThoroughly("who agrees next", () => {
  const others = { ids: [LOW, HIGH, HIGHEST] };

  /**
   * The coordinator and these others live on with values 7, which these agreed on; when it asked who will vote for 8.
   */
  async function proposes(
    voters: readonly string[],
    ids: readonly string[],
    ms: number,
    flags = DISKLESS,
  ): Promise<{ v: Values; atMs: number[]; fromMs: number; base: Uint8Array }> {
    const v = await withTwo();
    const base = regionOf({ size: "9" }, voters);
    const values = { number: 7, digest: regionDigest(base) };
    const live = (): void => {
      for (const id of ids) v.s.wire.say({ ...report(id, 1, SELF), flags, values });
    };
    live();
    for (const id of [LOW, HIGH])
      if (!ids.includes(id)) v.s.wire.say({ ...report(id, 1, SELF), kind: BYE, flags: DISKLESS });
    await v.s.lab.advance("100ms");
    v.tell(ids[0]!, 7, base);
    const fromMs = nowMs(v.s);
    for (let passed = 0; passed < ms; passed += 200) {
      live();
      await v.s.lab.advance("200ms");
    }
    const atMs = v.s.wire.of(PREPARE, fromMs).map((heard) => heard.atMs - fromMs);
    return { v, atMs, fromMs, base };
  }

  test("is proposed by the coordinator when the members were others for two seconds: all, by id", async () => {
    const { v, atMs, fromMs, base } = await proposes([LOW, SELF, HIGH], others.ids, 2200);
    expect(atMs[0]).toBeGreaterThanOrEqual(STEADY_MS - TICK_MS);
    expect(atMs[0]).toBeLessThan(STEADY_MS + 3 * TICK_MS);
    const [first] = v.s.wire.of(PREPARE, fromMs);
    expect(numberOf(first!)).toBe(8);
    v.promise(LOW, 8, ballotOf(first!));
    const offer = await asked(v, OFFER, fromMs, 7, base, others.ids);
    const region = regionOf({ size: "9" }, [LOW, SELF, HIGH, HIGHEST]);
    expect(rest(offer).subarray(28)).toEqual(region);
    v.voted(LOW, 8, ballotOf(first!));
    for (let ms = 0; ms < 4000; ms += 200) {
      v.live(8, region, others.ids);
      await v.s.lab.advance("200ms");
    }
    // They have agreed on themselves: there is no more to propose.
    expect(v.s.wire.of(PREPARE, offer.atMs)).toHaveLength(0);
    expect(await v.get("")).toContain("change 8; the next is agreed on by a majority of 4 members");
  });

  test.each<[string, readonly string[], readonly string[], readonly string[]]>([
    ["as the lowest", [SELF, HIGH], [HIGH, HIGHEST], [SELF, HIGH, HIGHEST]],
    ["as the highest", [LOWEST, LOW, SELF], [LOWEST, LOW, "525400fffea4cafe"], [LOWEST, LOW, "525400fffea4cafe", SELF]],
  ])("holds this node %s, too", async (_where, voters, ids, expected) => {
    const { v, fromMs, base } = await proposes(voters, ids, 2200);
    const [first] = v.s.wire.of(PREPARE, fromMs);
    for (const id of ids) v.promise(id, 8, ballotOf(first!));
    const offer = await asked(v, OFFER, fromMs, 7, base, ids);
    expect(votersOf(rest(offer).subarray(28))).toEqual(expected);
    expect(rest(offer).subarray(28)).toEqual(regionOf({ size: "9" }, expected));
  });

  test("is those who have a disk, where one has", async () => {
    const { v, fromMs } = await proposes([LOW, SELF, HIGH], [LOW, HIGH], 2200, 0);
    const [first] = v.s.wire.of(PREPARE, fromMs);
    for (const id of [LOW, HIGH])
      v.s.wire.say({
        ...report(id, 1, SELF),
        kind: PROMISE,
        rest: joined(numberBytes(8), ballotBytes(ballotOf(first!)), NOTHING),
      });
    const offer = await v.s.lab.until(() => v.s.wire.of(OFFER, fromMs)[0], "no offer", { within: "100ms" });
    expect(votersOf(rest(offer).subarray(28))).toEqual([LOW, HIGH]);
  });

  test("is tried again in vain after ten seconds, and after twice as long each time", async () => {
    const { atMs } = await proposes([LOW, SELF, HIGH], others.ids, 36_000);
    const begun = atMs.filter((ms, index) => index === 0 || ms - atMs[index - 1]! > 1000);
    expect(begun).toHaveLength(3);
    for (const [index, ms] of [STEADY_MS, STEADY_MS + RETRY_MS, STEADY_MS + 3 * RETRY_MS].entries()) {
      expect(begun[index]).toBeGreaterThanOrEqual(ms - TICK_MS);
      expect(begun[index]).toBeLessThan(ms + 6 * TICK_MS);
    }
    // Each is given up after four seconds.
    const first = atMs.filter((ms) => ms < begun[1]!);
    expect(first.at(-1)! - first[0]!).toBeGreaterThan(GIVE_UP_MS - 2 * AGAIN_MS);
    expect(first.at(-1)! - first[0]!).toBeLessThan(GIVE_UP_MS);
  });

  test.each<[string, readonly string[], readonly string[]]>([
    ["the members are those that agreed", [LOW, SELF, HIGH], [LOW, HIGH]],
    ["most of those are away", [LOW, SELF, LOWEST, HIGHEST, FIFTH], [LOW, HIGH]],
  ])("is not proposed while %s", async (_what, voters, ids) => {
    expect((await proposes(voters, ids, 3000)).atMs).toEqual([]);
  });

  test("is proposed when half of those that agreed are here", async () => {
    expect((await proposes([LOW, SELF, LOWEST, HIGHEST], [LOW, HIGH], 3000)).atMs.length).toBeGreaterThan(0);
  });

  test("is not proposed by a member that does not coordinate", async () => {
    const v = await withTwo();
    const base = regionOf({ size: "9" }, [LOW, SELF, HIGHEST]);
    v.s.wire.say({ ...view(LOW, 1, SELF), flags: DISKLESS, members: [HIGH] });
    await v.s.lab.advance("50ms");
    v.tell(HIGH, 7, base);
    const fromMs = nowMs(v.s);
    for (let ms = 0; ms < 4000; ms += 200) {
      v.s.wire.say({ ...view(LOW, 1, SELF), flags: DISKLESS, values: { number: 7, digest: regionDigest(base) } });
      v.live(7, base, [HIGH]);
      await v.s.lab.advance("200ms");
    }
    expect(v.s.wire.of(VIEW, fromMs)).toHaveLength(0);
    expect(v.s.wire.of(PREPARE, fromMs)).toHaveLength(0);
  });
});

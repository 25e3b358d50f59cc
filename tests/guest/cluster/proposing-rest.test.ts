/**
 * Who agrees next in a large cluster, and how long a coordinator goes on to propose them in vain
 * (docs/protocols/cluster-values.md, "What counts").
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { addressOf, HIGH, HIGHEST, LOW, nowMs, report, SELF, TICK_MS } from "./agreement-scene.ts";
import { type Heard, regionDigest } from "./cluster-wire.ts";
import { type Ballot, DISKLESS, OFFER, PREPARE, regionOf, rest, type Values, withTwo } from "./values-scene.ts";

const VOTERS = 16;
const GIVE_UP_MS = 4000;
const STEADY_MS = 2000;
const RETRY_MS = 10_000;
const RETRY_LONGEST_MS = 640_000;

/** So many ids below the node's, and above it, by id. */
const below = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `020000000000${(0x6070 + index).toString(16)}`);
const above = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `fe0000000000${(0x6090 + index).toString(16)}`);

const ballotOf = ({ data }: Heard): Ballot => [new DataView(data.buffer, data.byteOffset).getUint32(132, true), SELF];
const votersOf = (region: Uint8Array): string[] =>
  Array.from({ length: region[0]! }, (_, at) => Buffer.from(region.subarray(4 + at * 8, 12 + at * 8)).toString("hex"));

const FIRST: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["all sixteen of sixteen, the node in their midst", below(7), above(6)],
  ["the sixteen with the lowest ids of more, the node as the last", below(13), above(9)],
  ["the sixteen with the lowest ids of more, the node not among them", below(16), above(3)],
];

describe("the first to agree", () => {
  test.each(rowsOf(FIRST, 1))("are %s", async (_which, lower, higher) => {
    const v = await withTwo();
    const others = [...lower, LOW, HIGH, ...higher].sort();
    for (let time = 0; time < 3; time++) {
      for (const id of others) {
        v.s.wire.say({ ...report(id, 1, SELF), flags: DISKLESS });
        await v.s.lab.advance("2ms");
      }
      await v.s.lab.advance("100ms");
    }
    const fromMs = nowMs(v.s);
    v.s.node.type("cloud set colour blue\r");
    const prepared = await v.s.lab.until(() => v.s.wire.of(PREPARE, fromMs)[0], "it asks nobody", { within: "1s" });
    const expected = [...others, SELF].sort().slice(0, VOTERS);
    // One more than half, the node's own promise among them where it is asked.
    const needed = VOTERS / 2 + 1 - (expected.includes(SELF) ? 1 : 0);
    const asked = expected.filter((id) => id !== SELF);
    // The first one would decide between two halves.
    for (const [index, id] of asked.slice(1, 1 + needed).entries()) {
      expect(v.s.wire.of(OFFER, fromMs)).toHaveLength(0);
      v.promise(id, 1, ballotOf(prepared));
      await v.s.lab.advance("10ms");
      expect(v.s.wire.of(OFFER, fromMs).length > 0, `${index + 1} of ${needed}`).toBe(index + 1 === needed);
    }
    const [offer] = v.s.wire.of(OFFER, fromMs);
    expect(votersOf(rest(offer!).subarray(28))).toEqual(expected);
    expect(rest(offer!).subarray(28)).toEqual(regionOf({ colour: "blue" }, expected));
  });
});

describeThoroughly("what is proposed in vain", () => {
  /** So much time goes by for the node, in which it does nothing. */
  function skip({ s }: Values, ms: number): void {
    const ticks = new Uint8Array(4);
    s.node.machine.memory.dma.read(addressOf("clock_ticks"), ticks);
    const fields = new DataView(ticks.buffer);
    fields.setUint32(0, fields.getUint32(0, true) + ms / TICK_MS, true);
    s.node.machine.memory.dma.write(addressOf("clock_ticks"), ticks);
  }

  test("is so again after twice as long each time, up to eleven minutes", async () => {
    const v = await withTwo();
    const ids = [LOW, HIGH, HIGHEST];
    const region = regionOf({ size: "9" }, [LOW, SELF, HIGH]);
    const values = { number: 7, digest: regionDigest(region) };
    const live = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 200) {
        for (const id of ids) v.s.wire.say({ ...report(id, 1, SELF), flags: DISKLESS, values });
        await v.s.lab.advance(Math.min(left, 200) * 1e6);
      }
    };
    await live(100);
    v.tell(LOW, 7, region);
    let fromMs = nowMs(v.s);
    await live(STEADY_MS + 200);
    const asked = (): Heard[] => v.s.wire.of(PREPARE, fromMs);
    expect(asked().length).toBeGreaterThan(0);
    let begunMs = asked()[0]!.atMs;
    for (const waitMs of [1, 2, 4, 8, 16, 32, 64, 64, 64].map((times) => times * RETRY_MS)) {
      expect(waitMs).toBeLessThanOrEqual(RETRY_LONGEST_MS);
      // It gives up after four seconds; nothing comes then until a moment before the next.
      await live(GIVE_UP_MS + 400);
      const quietMs = waitMs - (nowMs(v.s) - begunMs) - 1000;
      skip(v, Math.floor(quietMs / TICK_MS) * TICK_MS);
      fromMs = nowMs(v.s);
      await live(800);
      expect(asked(), `before ${waitMs} ms`).toHaveLength(0);
      await live(600);
      expect(asked().length, `after ${waitMs} ms`).toBeGreaterThan(0);
      begunMs = asked()[0]!.atMs;
    }
  });
});

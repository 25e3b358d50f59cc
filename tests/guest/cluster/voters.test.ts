/**
 * Who votes on the next values, and when others are to agree than last time (docs/protocols/cluster-values.md, "What
 * counts"), as members on the wire without disks see it.
 */
import { expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { HIGH, HIGHEST, LOW, nowMs, report, SELF, TICK_MS } from "./agreement-scene.ts";
import { BYE, REPORT } from "./cluster-wire.ts";
import {
  ballotBytes,
  joined,
  NOTHING,
  numberBytes,
  PREPARE,
  PROMISE,
  regionOf,
  rest,
  VOTED,
  withTwo,
} from "./values-scene.ts";

/** Ids that differ from SELF in one half. */
const [SAME_HEAD, SAME_TAIL] = ["525400fffea4ca65", "525401fffea4caff"];

test("whoever asks about a number far ahead is told what the node knows, alone", async () => {
  const v = await withTwo();
  const [answer, ...more] = await v.answers(() => v.prepare(HIGH, 3, [3, HIGH]), [PROMISE, REPORT], 20);
  expect(more).toEqual([]);
  expect(answer).toMatchObject({ kind: REPORT, to: "10.0.2.99" });
  expect(Buffer.from(answer!.data.subarray(88, 92)).toString("hex")).toBe(HIGH.slice(0, 8));
  // Its third packet: two reports were before.
  expect(new DataView(answer!.data.buffer, answer!.data.byteOffset).getUint32(92, true)).toBe(3);
  expect(await v.answers(() => v.prepare(HIGH, 0, [3, HIGH]), [PROMISE, REPORT], 20)).toEqual([]);
});

const VOTERS: readonly (readonly [voters: readonly string[], votes: boolean])[] = [
  [[SELF], true],
  [[LOW, SELF, HIGH], true],
  [[SELF, HIGH, HIGHEST], true],
  [[LOW, HIGH, SELF], true],
  [[LOW, HIGH], false],
  [[SAME_HEAD, HIGH], false],
  [[SAME_TAIL, HIGH], false],
  [[LOW], false],
];

test.each(rowsOf(VOTERS, 0))("of the voters %j the node votes: %s", async (voters, votes) => {
  const v = await withTwo();
  const region = regionOf({ a: "1" }, voters);
  v.tell(HIGH, 1, region);
  v.live(1, region);
  await v.s.lab.advance("30ms");
  const promised = await v.answers(() => v.prepare(HIGH, 2, [3, HIGH]), [PROMISE]);
  expect(promised.map(rest)).toEqual(votes ? [joined(numberBytes(2), ballotBytes([3, HIGH]), NOTHING)] : []);
  const other = regionOf({ a: "2" }, voters);
  const voted = await v.answers(() => v.offer(HIGH, 2, [3, HIGH], other), [VOTED]);
  expect(voted.map(rest)).toEqual(votes ? [joined(numberBytes(2), ballotBytes([3, HIGH]))] : []);
});

/** Who agreed last, who of others is here, and whether the coordinator proposes those. */
const AGREED: readonly (readonly [voters: readonly string[], here: readonly string[], proposes: boolean])[] = [
  [[LOW, SELF, HIGH], [LOW, HIGH], false],
  [[LOW, SELF, HIGH], [LOW], true],
  [[LOW, SELF, HIGH], [], false],
  [[SELF, HIGH], [], true],
  [[LOW, SELF], [], true],
  [[SELF, HIGH, HIGHEST, SAME_HEAD], [HIGH], true],
  [[SELF, HIGH, HIGHEST, SAME_HEAD], [LOW], false],
  [[LOW, SELF, HIGH, HIGHEST, SAME_HEAD], [LOW], false],
  [[LOW, SELF, HIGH, HIGHEST, SAME_HEAD], [LOW, HIGH], true],
  [[SELF], [LOW], true],
];

for (const [voters, here, proposes] of AGREED)
  thoroughly(
    `the coordinator ${proposes ? "has others agree than" : "leaves it with"} ${voters.join()} when [${here.join()}] are here beside it`,
    async () => {
      const v = await withTwo();
      const region = regionOf({ a: "1" }, voters);
      v.tell(HIGH, 1, region);
      v.live(1, region);
      await v.s.lab.advance("30ms");
      for (const id of [LOW, HIGH]) if (!here.includes(id)) v.s.wire.say({ ...report(id, 1, SELF), kind: BYE });
      const fromMs = nowMs(v.s);
      for (let ms = 0; ms < 3000; ms += 100) {
        v.live(1, region, here);
        await v.s.lab.advance("100ms");
      }
      const [asked] = v.s.wire.of(PREPARE, fromMs);
      expect(asked !== undefined).toBe(proposes);
      if (!asked) return;
      expect(asked.atMs - fromMs).toBeGreaterThanOrEqual(2000 - 10 * TICK_MS);
      expect(asked.atMs - fromMs).toBeLessThan(2000 + 500);
      expect(asked.data.subarray(128, 132)).toEqual(numberBytes(2));
    },
  );

/** What a node that remembers the age of others says to one that comes back younger: its disk is an older copy. */
import { expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { cloud, HIGH, HIGHEST, isIn, LOW, report, type Scene, SELF, says, scene, view } from "./agreement-scene.ts";
import { BYE, type Heard, REPORT, type Said, VIEW } from "./cluster-wire.ts";

const DISKLESS = 1;
/** Sessions of later boots. */
const [SECOND, THIRD] = [LOW, HIGHEST];
/** What was said before HIGH was heard names no later packet of the node than its first. */
const RECORDED = { number: 1 };

/** A coordinator that hears HIGH in its first boot, of age 9. */
async function hearsAge9(): Promise<Scene> {
  const s = await scene();
  await says(s, VIEW);
  s.wire.say({ ...report(HIGH, 1, SELF), age: 9 });
  await s.lab.advance("100ms");
  return s;
}

/** That boot is over. */
async function knowsAge9(): Promise<Scene> {
  const s = await hearsAge9();
  s.wire.say({ ...report(HIGH, 1, SELF), kind: BYE, age: 9 });
  await s.lab.advance("10ms");
  return s;
}

/** What the node reports to others within 900 ms after it hears HIGH in another boot. */
async function told(s: Scene, session: string, age: number, more: Partial<Said> = {}): Promise<number[]> {
  const fromMs = s.lab.nowNs / 1e6;
  for (let part = 0; part < 3; part++) {
    s.wire.say({ ...report(HIGH, 1, SELF), session, age, ...more });
    await s.lab.advance("300ms");
  }
  const reports = s.wire.of(REPORT, fromMs);
  expect(reports.every(({ to }) => to === "10.0.2.99")).toBe(true);
  return reports.map(({ data }: Heard) => new DataView(data.buffer, data.byteOffset).getUint32(20, true));
}

thoroughly("a coordinator tells a member each beat how old it was, until its age is above that", async () => {
  const s = await knowsAge9();
  const ages = await told(s, SECOND, 3);
  expect(ages.length).toBeGreaterThanOrEqual(2);
  expect(new Set(ages)).toEqual(new Set([9]));
  expect(await told(s, SECOND, 10)).toEqual([]);
});

test("it remembers the highest age, not that of the last boot", async () => {
  const s = await knowsAge9();
  await told(s, SECOND, 3);
  expect(new Set(await told(s, THIRD, 4))).toEqual(new Set([9]));
});

test("a node without a disk, whose age is 1 at each boot, is told nothing", async () => {
  const s = await knowsAge9();
  expect(await told(s, SECOND, 1, { flags: DISKLESS })).toEqual([]);
});

test("a node that stays as it is, as it may know better, is told no more after 20 times", async () => {
  const s = await knowsAge9();
  const ages: number[] = [];
  for (let round = 0; round < 12; round++) ages.push(...(await told(s, SECOND, 9)));
  expect(ages).toHaveLength(20);
});

test("while a member lives, an earlier boot of it is not believed: that is a recording, whomever it names", async () => {
  const s = await hearsAge9();
  expect(await told(s, SECOND, 8, RECORDED)).toEqual([]);
  // Who really is in its ninth boot is believed as before.
  s.wire.say({ ...view(HIGH, 6, HIGHEST), age: 9 });
  await s.lab.advance("100ms");
  expect(await cloud(s)).toBe(isIn(6, HIGHEST, 1));
});

test("who comes back is believed, though an earlier boot of it was recorded and said while it was away", async () => {
  const s = await knowsAge9();
  expect(await told(s, SECOND, 8, RECORDED)).toEqual([]);
  s.wire.say({ ...view(HIGH, 6, HIGHEST), age: 9 });
  await s.lab.advance("100ms");
  expect(await cloud(s)).toBe(isIn(6, HIGHEST, 1));
});

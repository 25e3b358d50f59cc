/** Who takes a coordinator's place, and when (docs/protocols/cluster.md, rule 7), as strangers on the wire see it. */
import { expect, test } from "vitest";
import { rowsOf } from "../../setup/tier.ts";
import {
  greeting,
  HIGH,
  hello,
  LOW,
  LOWEST,
  report,
  SELF,
  says,
  scene,
  TICK_MS,
  until,
  view,
} from "./agreement-scene.ts";
import { BYE, HELLO, PROBE, REPORT, type Said, VIEW } from "./cluster-wire.ts";

const SUSPECT = 12;
/** Of whom a packet speaks, and whether that one is silent. */
const TARGET = 128;
const SILENT = 136;

/** Ids whose last byte has its highest bit, and has it not. */
const ENDS = [LOW, "525400fffe0000e1"] as const;

test.each(ENDS)("a member whose coordinator %s says bye takes its place at once", async (id) => {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say(view(id, 5));
  await says(s, REPORT);
  const atMs = s.lab.nowNs / 1e6;
  s.wire.say({ ...report(id, 5), kind: BYE });
  const first = await says(s, VIEW);
  expect(first).toMatchObject({ era: 5, founder: id });
  expect(first.atMs - atMs).toBeLessThan(3 * TICK_MS);
});

test.each([
  ["at once, if its id is the lowest", HIGH, 0, 3 * TICK_MS],
  ["after 200 to 800 ms, if it is not and nobody else does", LOW, 200, 800 + 3 * TICK_MS],
])("of several members one takes a coordinator's place %s", async (_when, other, leastMs, mostMs) => {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say({ ...view(LOWEST, 5), members: [other] });
  await says(s, REPORT);
  const atMs = s.lab.nowNs / 1e6;
  s.wire.say({ ...report(LOWEST, 5), kind: BYE });
  const first = await says(s, VIEW);
  expect(first.atMs - atMs).toBeGreaterThanOrEqual(leastMs);
  expect(first.atMs - atMs).toBeLessThan(mostMs);
});

test("a hello of the coordinator as if it had restarted, which may be a recording, gives it 300 ms to speak", async () => {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say(view(HIGH, 5));
  await says(s, REPORT);
  const recorded = { ...hello(HIGH), session: LOWEST, echo: LOWEST };
  s.wire.say(recorded);
  await s.lab.advance("100ms");
  s.wire.say(view(HIGH, 5));
  await s.lab.advance("500ms");
  expect(s.wire.of(VIEW)).toHaveLength(0);
  const atMs = s.lab.nowNs / 1e6;
  s.wire.say(recorded);
  s.wire.say(view(HIGH, 5));
  await s.lab.advance("100ms");
  s.wire.say(recorded);
  const first = await says(s, VIEW);
  expect(first).toMatchObject({ era: 5, founder: HIGH });
  expect(first.atMs - atMs).toBeGreaterThanOrEqual(390);
  expect(first.atMs - atMs).toBeLessThan(400 + 3 * TICK_MS);
});

test.each(
  rowsOf(
    [
      ["a report", REPORT],
      ["a probe", PROBE],
      ["a bye", BYE],
      ["a view", VIEW],
    ] as const,
    1,
  ),
)("%s that shows nothing is no hello: the coordinator need not answer it", async (_what, kind) => {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say(view(HIGH, 5));
  await says(s, REPORT);
  await s.lab.advance("200ms");
  s.wire.say(view(HIGH, 5));
  s.wire.say({ ...report("525400fffe000059", 5, HIGH), kind, echo: "0".repeat(16) });
  await s.lab.advance("500ms");
  expect(s.wire.of(VIEW)).toEqual([]);
});

/** Of a later boot; the last two differ from that of the boot before, which is HIGH too, in their second half only. */
const LATER = [LOWEST, "02000062000000e2", `${HIGH.slice(0, 8)}00000062`, `${HIGH.slice(0, 8)}000000e2`];

test.each(LATER)(
  "a member whose coordinator has restarted, in session %s, takes its place at once",
  async (session) => {
    const s = await scene();
    await says(s, HELLO);
    s.wire.say(view(HIGH, 5));
    await says(s, REPORT);
    const atMs = s.lab.nowNs / 1e6;
    s.wire.say({ ...report(HIGH, 5), session });
    const first = await says(s, VIEW);
    expect(first.atMs - atMs).toBeLessThan(3 * TICK_MS);
  },
);

test("a member tells its coordinator of itself each time that this one asks who is there", async () => {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say(view(HIGH, 5));
  await says(s, REPORT);
  for (let time = 0; time < 5; time++) {
    await s.lab.advance("70ms");
    const atMs = s.lab.nowNs / 1e6;
    s.wire.say(greeting(HIGH, 5));
    await s.lab.advance("40ms");
    expect(s.wire.of(REPORT, atMs).map(({ to }) => to)).toContain("10.0.2.99");
  }
});

test("a member follows another who coordinates once its own one, though it lives, does so no more", async () => {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say({ ...view(LOWEST, 5), members: [LOW, SELF] });
  const fromMs = s.lab.nowNs / 1e6;
  await says(s, REPORT);
  const toldTo = (id: string, sinceMs: number) =>
    s.wire
      .of(REPORT, sinceMs)
      .filter(({ data }) => Buffer.from(data.subarray(88, 92)).toString("hex") === id.slice(0, 8));
  for (let time = 0; time < 11; time++) {
    await until(s, fromMs + (time + 1) * 100);
    s.wire.say(report(LOWEST, 5));
    if (time % 4 === 1) s.wire.say({ ...view(LOW, 5, LOWEST), members: [LOWEST, SELF] });
    if (time === 6) expect(toldTo(LOW, fromMs)).toHaveLength(0);
  }
  await s.lab.advance("200ms");
  expect(toldTo(LOW, fromMs).length).toBeGreaterThan(0);
  expect(s.wire.of(VIEW)).toHaveLength(0);
});

test("a member accuses whom its coordinator vouches for in a boot that is over, once the next one is over too", async () => {
  const s = await scene();
  await says(s, HELLO);
  const vouch = async (): Promise<number> => {
    const fromMs = s.lab.nowNs / 1e6;
    for (let beat = 0; beat < 3; beat++) {
      s.wire.say({ ...view(LOW, 5), members: [HIGH] });
      await s.lab.advance("150ms");
    }
    return s.wire.of(SUSPECT, fromMs).length;
  };
  expect(await vouch()).toBe(0);
  s.wire.say(report(HIGH, 5, LOW));
  await s.lab.advance("50ms");
  const second: Said = { ...report(HIGH, 5, LOW), session: LOWEST, age: 2 };
  s.wire.say(second);
  await s.lab.advance("50ms");
  expect(await vouch()).toBe(0);
  s.wire.say({ ...second, kind: BYE });
  await s.lab.advance("50ms");
  expect(await vouch()).toBe(3);
  const { data, to } = s.wire.of(SUSPECT)[0]!;
  expect(to).toBe("10.0.2.97");
  expect(Buffer.from(data.subarray(TARGET, SILENT)).toString("hex")).toBe(HIGH);
  expect(data[SILENT]).toBe(1);
});

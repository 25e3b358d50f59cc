/**
 * When a coordinator says what (docs/protocols/cluster.md, "States and timers" and rules 4, 6 and 8), and whom it
 * counts, as those on the wire hear it.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import {
  founded,
  HIGH,
  HIGHEST,
  hello,
  idBytes,
  LOW,
  LOWEST,
  nowMs,
  report,
  type Scene,
  SELF,
  says,
  scene,
  TICK_MS,
  until,
  view,
} from "./agreement-scene.ts";
import { ASK, BYE, HELLO, type Heard, PROBE, REPORT, type Said, spans, VIEW } from "./cluster-wire.ts";

const GROUP = "239.255.81.82";
const BEAT_MS = 400;
const LARGE_BEAT_MS = 1000;
/** Members of a small cluster, the node included. */
const SMALL = 33;
const REPEATS_MS = [250, 250];
const TELL_MS = 80;
const PATIENCE_MS = 850;
const LARGE_PATIENCE_MS = 1650;
const ROLL = 16;
const SUSPECT = 12;

/** `more` strangers' ids above the node's. */
const ids = (more: number): string[] =>
  Array.from({ length: more }, (_, index) => `fe000000000000${(0x80 + index).toString(16)}`);
const views = (s: Scene, fromMs = 0): Heard[] => s.wire.of(VIEW, fromMs);

/**
 * Whether waits are as long as expected; the clock counts in tens of milliseconds, and a wait takes one of them longer.
 */
function expectWaits(waits: readonly number[], expected: readonly number[]): void {
  expect(waits.length).toBeGreaterThanOrEqual(expected.length);
  for (const [index, ms] of expected.entries()) {
    expect(waits[index]).toBeGreaterThanOrEqual(ms);
    expect(waits[index]).toBeLessThan(ms + 1.5 * TICK_MS);
  }
}

/** The node follows LOWEST in era 5, among others. */
async function following(...others: readonly string[]): Promise<Scene> {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say({ ...view(LOWEST, 5), members: others });
  await says(s, REPORT);
  return s;
}

const bye = (id: string): Said => ({ ...report(id, 5, LOWEST), kind: BYE });

describe("a new coordinator", () => {
  test("says its view, again after 250 and 500 ms, and then every beat", async () => {
    const s = await scene();
    await says(s, VIEW);
    await s.lab.advance("2s");
    expectWaits(spans(views(s)), [...REPEATS_MS, BEAT_MS, BEAT_MS, BEAT_MS]);
    expect(views(s).every(({ to, members }) => to === GROUP && members === 1)).toBe(true);
  });

  thoroughly("that follows another one does so too", async () => {
    const s = await following();
    s.wire.say(bye(LOWEST));
    await says(s, VIEW);
    await s.lab.advance("2s");
    expectWaits(spans(views(s)), [...REPEATS_MS, BEAT_MS, BEAT_MS]);
    expect(views(s)[0]).toMatchObject({ id: SELF, era: 5, founder: LOWEST, members: 1 });
  });

  thoroughly("waits as long as ever for the others to report to it, each of them, and not longer", async () => {
    const s = await following(HIGH, HIGHEST, ...ids(1));
    const [late] = ids(1) as [string];
    s.wire.appear(HIGHEST);
    s.wire.say(report(HIGHEST, 5, LOWEST));
    s.wire.say(bye(LOWEST));
    const { atMs, members } = await says(s, VIEW);
    expect(members).toBe(4);
    for (let ms = 0; ms < 3000; ms += 100) {
      s.wire.say(report(HIGH, 5, LOWEST));
      if (ms < 500) s.wire.say(report(late, 5, LOWEST));
      await s.lab.advance("100ms");
    }
    const gone = views(s).find((heard) => heard.members === 3)!;
    expect(gone.atMs - atMs).toBeGreaterThanOrEqual(PATIENCE_MS - TICK_MS);
    expect(gone.atMs - atMs).toBeLessThan(PATIENCE_MS + TELL_MS + 3 * TICK_MS);
    // HIGHEST was asked before it was given up.
    const asked = s.wire.of(PROBE).filter(({ to }) => to === "10.0.2.100");
    expect(asked[0]!.atMs - atMs).toBeLessThan(BEAT_MS + 60 + 3 * TICK_MS);
    expect(views(s).at(-1)!.members).toBe(2);
  });

  thoroughly("has waited for the one before it already, and counts it no more", async () => {
    const s = await following(HIGH);
    s.wire.say(view(LOWEST, 5));
    const lastMs = nowMs(s);
    for (let ms = 0; ms < 1200; ms += 100) {
      s.wire.say(report(HIGH, 5, LOWEST));
      await s.lab.advance("100ms");
    }
    const [first] = views(s);
    expect(first!.atMs - lastMs).toBeGreaterThanOrEqual(PATIENCE_MS - TICK_MS);
    expect(first!.atMs - lastMs).toBeLessThan(PATIENCE_MS + 3 * TICK_MS);
    const gone = views(s).find(({ members }) => members === 2)!;
    expect(gone.atMs - first!.atMs).toBeLessThan(TELL_MS + 2 * TICK_MS);
  });
});

describe("a coordinator", () => {
  test("says what changed within 80 ms of its last view, many changes in one", async () => {
    const s = await founded();
    const last = await s.lab.until(() => views(s, nowMs(s) - 5)[0], "it says nothing");
    await until(s, last.atMs + 10);
    for (const id of [HIGH, LOW, HIGHEST]) {
      s.wire.say(report(id, 1, SELF));
      await s.lab.advance("10ms");
    }
    await s.lab.advance("500ms");
    const [first, second] = views(s, last.atMs + 1);
    expect(first).toMatchObject({ members: 4 });
    expect(first!.atMs - last.atMs).toBeGreaterThanOrEqual(70);
    expect(first!.atMs - last.atMs).toBeLessThan(TELL_MS + 2 * TICK_MS);
    expect(second!.atMs - first!.atMs).toBeGreaterThanOrEqual(BEAT_MS);
    expect(first!.data.length).toBe(152 + 3 * 68);
    expect(second!.data.length).toBe(152);
  });

  thoroughly(
    "names who was heard and is not believed within 80 ms, and answers what is no news each 100 ms",
    async () => {
      const s = await founded();
      s.wire.say(report(HIGH, 1, SELF));
      await s.lab.advance("1s");
      const answers = async (said: (time: number) => Said): Promise<number[]> => {
        const fromMs = nowMs(s);
        for (let time = 0; time < 100; time++) {
          s.wire.say(said(time));
          await s.lab.advance("10ms");
        }
        return spans(views(s, fromMs)).slice(1);
      };
      const unproven = { echo: "0".repeat(16), session: "5555555555555555" };
      const named = await answers((time) => ({ ...hello(time % 2 === 0 ? HIGHEST : LOW), ...unproven }));
      const repeated = await answers(() => ({ ...report(HIGH, 1, SELF), kind: HELLO, sequence: 1 }));
      for (const [waits, leastMs] of [
        [named, 70],
        [repeated, 100],
      ] as const) {
        expect(waits.length).toBeGreaterThanOrEqual(6);
        expectWaits(
          waits.map((ms) => ms + 0.1),
          waits.map(() => leastMs),
        );
      }
    },
  );

  thoroughly(
    "sends the whole view 50 ms after one asks, to that one; to all if another one asks meanwhile",
    async () => {
      const s = await founded();
      for (const id of [LOW, HIGH]) s.wire.appear(id);
      for (const id of [LOW, HIGH]) s.wire.say(report(id, 1, SELF));
      await s.lab.advance("700ms");
      const whole = (fromMs: number): Heard[] =>
        views(s, fromMs).filter(({ data }) => data.subarray(144, 152).every((byte) => byte === 0xff));
      const ask = (id: string): void => s.wire.say({ ...report(id, 1, SELF), flags: ASK });
      for (const [askers, to] of [
        [[LOW], "10.0.2.97"],
        [[HIGH], "10.0.2.99"],
        [[LOW, HIGH], GROUP],
        [[LOW, LOW, HIGH], GROUP],
      ] as const) {
        const fromMs = nowMs(s);
        for (const id of askers) ask(id);
        await s.lab.advance("150ms");
        const answers = whole(fromMs);
        expect(answers).toMatchObject([{ to, members: 3 }]);
        expect(answers[0]!.atMs - fromMs).toBeGreaterThanOrEqual(50 - TICK_MS);
        expect(answers[0]!.atMs - fromMs).toBeLessThan(50 + 2 * TICK_MS);
        expect(answers[0]!.data.length).toBe(152 + 2 * 68);
        for (const id of [LOW, HIGH]) s.wire.say(report(id, 1, SELF));
        await s.lab.advance("50ms");
      }
    },
  );

  thoroughly("that yields to another has nothing more to send to those who have asked it", async () => {
    const s = await founded();
    s.wire.appear(HIGH);
    s.wire.say(report(HIGH, 1, SELF));
    await s.lab.advance("100ms");
    s.wire.say({ ...report(HIGH, 1, SELF), flags: ASK });
    s.wire.say(view(LOW, 1, SELF));
    await s.lab.advance("100ms");
    const fromMs = nowMs(s);
    s.wire.say({ ...view(LOW, 1, SELF), kind: BYE });
    await s.lab.advance("300ms");
    expect(views(s, fromMs).length).toBeGreaterThan(0);
    expect(views(s, fromMs).every(({ to }) => to === GROUP)).toBe(true);
  });
});

describeThoroughly("a large cluster", () => {
  /** The node coordinates so many members, which all live. */
  async function with_(
    members: number,
  ): Promise<{ s: Scene; live: (ms: number, who?: readonly string[]) => Promise<void> }> {
    const s = await founded();
    const others = ids(members - 1);
    const live = async (ms: number, who: readonly string[] = others): Promise<void> => {
      for (let left = ms; left > 0; left -= 200) {
        for (const id of who) s.wire.say(report(id, 1, SELF));
        await s.lab.advance("200ms");
      }
    };
    await live(1200);
    expect(views(s).at(-1)!.members).toBe(members);
    return { s, live };
  }

  test.each([
    [SMALL, BEAT_MS],
    [SMALL + 1, LARGE_BEAT_MS],
  ])("of %i members is told its view each %i ms", async (members, beatMs) => {
    const { s, live } = await with_(members);
    const fromMs = nowMs(s);
    await live(4000);
    expectWaits(spans(views(s, fromMs)).slice(0, 3), [beatMs, beatMs, beatMs].slice(0, spans(views(s, fromMs)).length));
    expect(views(s, fromMs).length).toBeGreaterThanOrEqual(3);
    // Each member hears of the node by its views; it reports to the next in the ring only as a member.
    expect(s.wire.of(REPORT, fromMs)).toEqual([]);
  });

  test.each([
    [SMALL, PATIENCE_MS, BEAT_MS, 500],
    [SMALL + 1, LARGE_PATIENCE_MS, LARGE_BEAT_MS, 800],
  ])("of %i members waits %i ms for one", async (members, patienceMs, beatMs, rollMs) => {
    const { s, live } = await with_(members);
    // The node watches the one before it in the ring: the highest of all, as it is the lowest.
    const silent = ids(members - 1).at(-1)!;
    const others = ids(members - 1).slice(0, -1);
    await live(200);
    const lastMs = nowMs(s) - 200;
    await live(patienceMs + 600, others);
    const asked = s.wire.of(PROBE, lastMs).filter(({ to }) => to === `10.0.2.${Number.parseInt(silent.slice(-2), 16)}`);
    expect(asked[0]!.atMs - lastMs).toBeGreaterThanOrEqual(beatMs + 60 - TICK_MS);
    expect(asked[0]!.atMs - lastMs).toBeLessThan(beatMs + 60 + 3 * TICK_MS);
    const gone = views(s, lastMs).find((heard) => heard.members === members - 1)!;
    expect(gone.atMs - lastMs).toBeGreaterThanOrEqual(patienceMs - TICK_MS);
    expect(gone.atMs - lastMs).toBeLessThan(patienceMs + TELL_MS + 4 * TICK_MS);
    // A death calls the roll: views do so for as long as the members have to report.
    await live(1200, others);
    const rolls = views(s, lastMs).filter(({ flags }) => (flags & ROLL) !== 0);
    expect(rolls.length).toBeGreaterThan(0);
    expect(rolls.at(-1)!.atMs - gone.atMs).toBeLessThan(rollMs + 2 * TICK_MS);
    expect(views(s).at(-1)!.members).toBe(members - 1);
  });
});

thoroughly(
  "a coordinator that leaves says so to all, once, and a member only to its coordinator; then they are silent",
  async () => {
    for (const [s, to] of [
      [await founded(), GROUP],
      [await following(HIGH), "10.0.2.98"],
    ] as const) {
      s.wire.appear(LOWEST);
      await s.node.waitFor(PROMPT);
      if (to !== GROUP) s.wire.say({ ...view(LOWEST, 5), members: [HIGH] });
      s.node.type("cloud stop\n");
      const { atMs } = await says(s, BYE);
      await s.lab.advance("1s");
      expect(s.wire.of(BYE)).toMatchObject([{ to }]);
      expect(s.wire.heard.filter((heard) => heard.atMs > atMs)).toEqual([]);
    }
  },
);

describeThoroughly("who is accused", () => {
  /** By the number of members: how long who is accused is asked, and how long all may take to report then. */
  const PATIENCE = [
    [34, 300, 500],
    [36, 300, 800],
    [33, 200, 500],
  ] as const;

  function accuse(s: Scene, who: string, target: string): void {
    const rest = new Uint8Array(16);
    rest.set(idBytes(target));
    rest[8] = 1;
    s.wire.say({ ...report(who, 1, SELF), kind: SUSPECT, rest });
  }

  test.each(PATIENCE)("of %i members is asked for %i ms, and then all for %i ms", async (members, lastMs, rollMs) => {
    const s = await founded();
    const others = ids(members - 1);
    const [silent, mute] = [others[3]!, others[5]!];
    const live = async (ms: number, without: readonly string[]): Promise<void> => {
      for (let left = ms; left > 0; left -= 100) {
        if (left % 200 === 0) for (const id of others) if (!without.includes(id)) s.wire.say(report(id, 1, SELF));
        await s.lab.advance("100ms");
      }
    };
    await live(600, []);
    expect(s.wire.of(VIEW).at(-1)!.members).toBe(members);
    // Neither is watched by the coordinator: nobody misses them until one of them is accused.
    await live(2400, [silent, mute]);
    expect(s.wire.of(VIEW).at(-1)!.members).toBe(members);
    const atMs = nowMs(s);
    accuse(s, others[4]!, silent);
    await live(400, [silent, mute]);
    const gone = s.wire.of(VIEW, atMs).find((heard) => heard.members === members - 1)!;
    expect(gone.atMs - atMs).toBeGreaterThanOrEqual(lastMs - TICK_MS);
    expect(gone.atMs - atMs).toBeLessThan(lastMs + TELL_MS + 3 * TICK_MS);
    const asked = s.wire.of(PROBE, atMs).filter(({ to }) => to === `10.0.2.${0x80 + 3}`);
    expect(asked.length).toBeGreaterThanOrEqual(3);
    await live(1600, [silent, mute]);
    const alone = s.wire.of(VIEW, gone.atMs).find((heard) => heard.members === members - 2)!;
    expect(alone.atMs - gone.atMs).toBeGreaterThanOrEqual(rollMs - TELL_MS - 2 * TICK_MS);
    expect(alone.atMs - gone.atMs).toBeLessThan(rollMs + TELL_MS + 3 * TICK_MS);
    const rolls = s.wire.of(VIEW, atMs).filter(({ flags }) => (flags & ROLL) !== 0);
    expect(rolls[0]!.atMs - gone.atMs).toBeLessThan(2 * TICK_MS);
    expect(s.wire.of(VIEW).at(-1)!.members).toBe(members - 2);
  });
});

/**
 * What a member owes its coordinator, and when it follows another one or becomes one itself (docs/protocols/cluster.md,
 * "States and timers", rules 6 to 8), as those on the wire hear it.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly, thoroughly } from "../../setup/thoroughly.ts";
import { PROMPT } from "../../system/images.ts";
import {
  greeting,
  HIGH,
  HIGHEST,
  hello,
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
import { ASK, BYE, HELLO, type Heard, MEMBER, PROBE, REPORT, spans, VIEW } from "./cluster-wire.ts";

const ERA = 5;
const BEAT_MS = 400;
const HOME_MS = 400;
const LATE_MS = 60;
const PROBE_MS = 30;
const PATIENCE_MS = 850;
const ROLL = 16;
/** Addresses of those who speak. */
const [TO_LOWEST, TO_HIGH] = ["10.0.2.98", "10.0.2.99"];

/** A member of LOWEST's cluster among so many others. */
async function member(coordinator = LOWEST, ...others: readonly string[]): Promise<Scene> {
  const s = await scene();
  await says(s, HELLO);
  for (const id of [coordinator, ...others]) s.wire.appear(id);
  s.wire.say({ ...view(coordinator, ERA, LOWEST), members: others });
  await says(s, REPORT);
  for (const id of others) s.wire.say(report(id, ERA, LOWEST));
  return s;
}

/** The coordinator goes on for so long, and the others do. */
async function live(s: Scene, ms: number, coordinator = LOWEST, ...others: readonly string[]): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    s.wire.say(view(coordinator, ERA, LOWEST));
    if (left % 200 === 0) for (const id of others) s.wire.say(report(id, ERA, LOWEST));
    await s.lab.advance("100ms");
  }
}

const reports = (s: Scene, to: string, fromMs = 0): Heard[] =>
  s.wire.of(REPORT, fromMs).filter((heard) => heard.to === to);

describeThoroughly("a member reports", () => {
  thoroughly("to its coordinator each 400 ms times the members, and each 400 ms to the next in the ring", async () => {
    const s = await member(LOWEST, HIGH);
    await live(s, 400, LOWEST, HIGH);
    const fromMs = nowMs(s);
    await live(s, 5000, LOWEST, HIGH);
    const home = spans(reports(s, TO_LOWEST, fromMs));
    expect(home.length).toBeGreaterThanOrEqual(2);
    for (const ms of home) {
      expect(ms).toBeGreaterThanOrEqual(3 * HOME_MS - 1);
      expect(ms).toBeLessThan(3 * HOME_MS + 1.5 * TICK_MS);
    }
    const next = spans(reports(s, TO_HIGH, fromMs));
    expect(next.length).toBeGreaterThanOrEqual(10);
    for (const ms of next) {
      expect(ms).toBeGreaterThanOrEqual(BEAT_MS - 1);
      expect(ms).toBeLessThan(BEAT_MS + 1.5 * TICK_MS);
    }
    expect(s.wire.of(PROBE)).toHaveLength(0);
  });

  thoroughly("within 10 ms when it has just come, and within 100 ms to one that follows", async () => {
    const s = await scene();
    await says(s, HELLO);
    const cameMs = nowMs(s);
    s.wire.say(view(HIGH, ERA, LOWEST));
    expect((await says(s, REPORT)).atMs - cameMs).toBeLessThan(10 + 2 * TICK_MS);
    const delays: number[] = [];
    for (const id of [LOW, "525400fffe000060", "525400fffe00005f", "525400fffe00005e", "525400fffe00005d"]) {
      s.wire.appear(id);
      await live(s, 100, HIGH);
      const fromMs = nowMs(s);
      s.wire.say({ ...view(id, ERA, LOWEST), members: [HIGH] });
      const to = `10.0.2.${Number.parseInt(id.slice(-2), 16)}`;
      const first = await s.lab.until(() => reports(s, to, fromMs)[0], `${id} hears nothing`, { within: "200ms" });
      delays.push(first.atMs - fromMs);
    }
    // Drawn, so that members do not speak at once.
    expect(Math.max(...delays)).toBeLessThan(100 + 2 * TICK_MS);
    expect(Math.max(...delays)).toBeGreaterThan(2 * TICK_MS);
    expect(new Set(delays.map((ms) => Math.round(ms / TICK_MS))).size).toBeGreaterThan(1);
  });

  thoroughly("with its first word that it wants the whole view, and with each until it has had that", async () => {
    const s = await scene();
    await says(s, HELLO);
    s.wire.appear(LOWEST);
    s.wire.say({ ...view(LOWEST, ERA), members: [HIGH] });
    const first = await s.lab.until(() => reports(s, TO_LOWEST)[0], "it reports to nobody", { within: "100ms" });
    expect(first.flags & ASK).toBe(ASK);
    const fromMs = nowMs(s) + 1;
    // Until the coordinator's view was its own once it asks with what it says anyway.
    await live(s, 1600);
    const told = reports(s, TO_LOWEST, fromMs);
    expect(told.length).toBeGreaterThan(0);
    expect(told.every(({ flags }) => (flags & ASK) !== 0)).toBe(true);
  });

  thoroughly("within 100 ms when the roll is called", async () => {
    const s = await member(LOWEST, HIGH);
    await live(s, 600, LOWEST, HIGH);
    for (let time = 0; time < 4; time++) {
      const fromMs = nowMs(s);
      s.wire.say({ ...view(LOWEST, ERA), flags: ROLL });
      await s.lab.advance("125ms");
      expect(reports(s, TO_LOWEST, fromMs)).toHaveLength(1);
      await live(s, 100, LOWEST, HIGH);
    }
    // And not when somebody else calls it.
    await live(s, 200, LOWEST, HIGH);
    const fromMs = nowMs(s);
    s.wire.say({ ...view(HIGH, ERA, LOWEST), flags: ROLL });
    await s.lab.advance("50ms");
    expect(reports(s, TO_HIGH, fromMs).length).toBeLessThan(2);
  });

  thoroughly("at once when the coordinator takes it for offline", async () => {
    const s = await member(LOWEST, HIGH);
    await live(s, 600, LOWEST, HIGH);
    await s.lab.until(() => reports(s, TO_LOWEST, nowMs(s) - 5)[0], "no report");
    await live(s, 100, LOWEST, HIGH);
    const fromMs = nowMs(s);
    const { session } = s.wire.heard.at(-1)!;
    const entry = new Uint8Array(24 + 68);
    entry[0] = 2;
    const offline = entry.subarray(24);
    offline.set(Buffer.from(SELF, "hex"));
    offline[8] = 1;
    offline[17] = 3;
    offline.set([10, 0, 2, 15], 20);
    offline.set(Buffer.from("qure-1"), 24);
    offline.set(Buffer.from(session, "hex"), 56);
    s.wire.say({ ...view(LOWEST, ERA), rest: entry });
    await s.lab.advance("25ms");
    expect(reports(s, TO_LOWEST, fromMs)).toHaveLength(1);
  });

  thoroughly("to whoever probes it, at once and to that one alone", async () => {
    const s = await member(LOWEST, HIGH);
    await live(s, 300, LOWEST, HIGH);
    const fromMs = nowMs(s);
    s.wire.say({ ...report(HIGH, ERA, LOWEST), kind: PROBE });
    await s.lab.advance("15ms");
    const answers = reports(s, TO_HIGH, fromMs);
    expect(answers.length).toBeGreaterThanOrEqual(1);
    expect(Buffer.from(answers[0]!.data.subarray(88, 92)).toString("hex")).toBe(HIGH.slice(0, 8));
    expect(answers[0]).toMatchObject({ state: MEMBER, era: ERA, founder: LOWEST });
  });
});

describe("a coordinator that is late", () => {
  test("is asked 60 ms after its beat and each 30 ms, and replaced 850 ms after its last word", async () => {
    const s = await member(LOWEST);
    await live(s, 600, LOWEST);
    s.wire.say(view(LOWEST, ERA));
    const lastMs = nowMs(s);
    await s.lab.advance("1s");
    const asked = s.wire.of(PROBE, lastMs);
    expect(asked.every(({ to }) => to === TO_LOWEST)).toBe(true);
    expect(asked[0]!.atMs - lastMs).toBeGreaterThanOrEqual(BEAT_MS + LATE_MS - TICK_MS);
    expect(asked[0]!.atMs - lastMs).toBeLessThan(BEAT_MS + LATE_MS + 2 * TICK_MS);
    for (const ms of spans(asked)) {
      expect(ms).toBeGreaterThanOrEqual(PROBE_MS - 0.5 * TICK_MS);
      expect(ms).toBeLessThan(PROBE_MS + 1.5 * TICK_MS);
    }
    const [first] = s.wire.of(VIEW);
    expect(first!.atMs - lastMs).toBeGreaterThanOrEqual(PATIENCE_MS - TICK_MS);
    expect(first!.atMs - lastMs).toBeLessThan(PATIENCE_MS + 2 * TICK_MS);
    expect(asked.every(({ atMs }) => atMs < first!.atMs)).toBe(true);
  });

  thoroughly("is not replaced when it answers, whatever it says", async () => {
    const s = await member(LOWEST);
    await live(s, 300, LOWEST);
    for (let time = 0; time < 8; time++) {
      s.wire.say(report(LOWEST, ERA));
      await s.lab.advance("800ms");
    }
    expect(s.wire.of(VIEW)).toHaveLength(0);
  });

  thoroughly("is followed by the lowest of those who live, its own id apart, whoever lives above", async () => {
    const s = await member(LOWEST, HIGH, HIGHEST);
    await live(s, 600, LOWEST, HIGH, HIGHEST);
    const lastMs = nowMs(s) - 100;
    await s.lab.advance("900ms");
    const [first] = s.wire.of(VIEW);
    expect(first!.atMs - lastMs).toBeLessThan(PATIENCE_MS + 3 * TICK_MS);
  });
});

describeThoroughly("a hello that its coordinator does not answer for 300 ms", () => {
  const SILENT_MS = 300;
  test.each([
    ["has the member take its place", "525400fffe000059", true],
    ["does not, when it comes from a member that asks who this one is", HIGH, false],
  ])("%s", async (_what, id, isTaken) => {
    const s = await member(LOWEST, HIGH);
    await live(s, 300, LOWEST, HIGH);
    const fromMs = nowMs(s);
    s.wire.say(id === HIGH ? { ...greeting(HIGH, ERA, LOWEST), session: "3333333333333333" } : hello(id));
    await s.lab.advance("340ms");
    const taken = s.wire.of(VIEW, fromMs);
    if (!isTaken) expect(taken).toHaveLength(0);
    else {
      expect(taken[0]!.atMs - fromMs).toBeGreaterThanOrEqual(SILENT_MS - TICK_MS);
      expect(taken[0]!.atMs - fromMs).toBeLessThan(SILENT_MS + 2 * TICK_MS);
    }
  });

  test("and another one before that is over gives it no longer", async () => {
    const s = await member(LOWEST, HIGH);
    await live(s, 300, LOWEST, HIGH);
    const fromMs = nowMs(s);
    for (let ms = 0; ms < 340; ms += 20) {
      s.wire.say(hello("525400fffe000059"));
      await s.lab.advance("20ms");
    }
    expect(s.wire.of(VIEW, fromMs)[0]!.atMs - fromMs).toBeLessThan(SILENT_MS + 2 * TICK_MS);
  });

  test("is no matter when the coordinator speaks meanwhile", async () => {
    const s = await member(LOWEST, HIGH);
    await live(s, 300, LOWEST, HIGH);
    for (let time = 0; time < 5; time++) {
      s.wire.say(hello("525400fffe000059"));
      await s.lab.advance("280ms");
      s.wire.say(view(LOWEST, ERA));
    }
    await s.lab.advance("400ms");
    expect(s.wire.of(VIEW)).toHaveLength(0);
  });
});

describeThoroughly("of two who coordinate", () => {
  test("a member follows the lower, from then on", async () => {
    const s = await member(HIGH);
    await live(s, 500, HIGH);
    const fromMs = nowMs(s);
    s.wire.appear(LOW);
    s.wire.say({ ...view(LOW, ERA, LOWEST), members: [HIGH] });
    await s.lab.advance("150ms");
    await live(s, 2000, LOW, HIGH);
    expect(reports(s, "10.0.2.97", fromMs).length).toBeGreaterThanOrEqual(2);
    s.wire.say({ ...report(LOW, ERA, LOWEST), kind: BYE });
    expect((await says(s, VIEW, "1s")).era).toBe(ERA);
  });

  test.each([
    [690, false],
    [720, true],
  ])("one whose view is %i ms old is left for a higher one: %s", async (ageMs, isLeft) => {
    const s = await member(LOWEST, HIGH);
    await live(s, 500, LOWEST, HIGH);
    s.wire.say(view(LOWEST, ERA));
    const lastMs = nowMs(s);
    // It lives: what it says is no view.
    for (const ms of [200, 400, 600]) {
      await until(s, lastMs + ms);
      s.wire.say(report(LOWEST, ERA));
    }
    await until(s, lastMs + ageMs);
    s.wire.say({ ...view(HIGH, ERA, LOWEST), members: [LOWEST] });
    await s.lab.advance("15ms");
    s.wire.say({ ...report(LOWEST, ERA), kind: BYE });
    await s.lab.advance("100ms");
    // Who has left it does not take its place when it says bye.
    expect(s.wire.of(VIEW).length > 0).toBe(!isLeft);
  });
});

describeThoroughly("cloud start", () => {
  test("says hello first, and has the node coordinate when nobody answers for a second", async () => {
    const s = await member(HIGH);
    await live(s, 300, HIGH);
    await s.node.waitFor(PROMPT);
    await s.node.enter("cloud stop", PROMPT);
    await s.lab.advance("500ms");
    const fromMs = nowMs(s);
    await s.node.enter("cloud start", PROMPT);
    const first = await s.lab.until(() => s.wire.heard.find(({ atMs }) => atMs >= fromMs), "it says nothing");
    expect(first).toMatchObject({ kind: HELLO, state: MEMBER, era: ERA, founder: LOWEST, to: "239.255.81.82" });
    const took = await s.lab.until(() => s.wire.of(VIEW, fromMs)[0], "nobody coordinates");
    expect(took.atMs - first.atMs).toBeGreaterThanOrEqual(1000 - 2 * TICK_MS);
    expect(took.atMs - first.atMs).toBeLessThan(1000 + 2 * TICK_MS);
    // Once more it changes nothing.
    const againMs = nowMs(s);
    await s.node.enter("cloud start", PROMPT);
    await s.lab.advance("300ms");
    expect(s.wire.of(HELLO, againMs)).toHaveLength(0);
  });

  test("has it follow the one that answers", async () => {
    const s = await member(LOWEST);
    await live(s, 300, LOWEST);
    await s.node.waitFor(PROMPT);
    await s.node.enter("cloud stop", PROMPT);
    await s.node.enter("cloud start", PROMPT);
    const fromMs = nowMs(s);
    await live(s, 1500, LOWEST);
    expect(s.wire.of(VIEW, fromMs)).toHaveLength(0);
    expect(reports(s, TO_LOWEST, fromMs).length).toBeGreaterThan(0);
  });
});

describeThoroughly("in a cluster of 34 members", () => {
  const LARGE_BEAT_MS = 1000;
  const ids = Array.from({ length: 32 }, (_, index) => `525400fffeff01${(0x80 + index).toString(16)}`);

  /** A member of it; the others are named by LOWEST in two views. */
  async function large(): Promise<{ s: Scene; beat: () => void }> {
    const s = await scene();
    await says(s, HELLO);
    s.wire.appear(LOWEST);
    for (const part of [ids.slice(0, 16), ids.slice(16)]) s.wire.say({ ...view(LOWEST, ERA), members: part });
    await says(s, REPORT);
    return { s, beat: () => s.wire.say(view(LOWEST, ERA)) };
  }

  test("a member reports to the next each second, and to the coordinator by the number of members", async () => {
    const { s, beat } = await large();
    const next = ids[0]!;
    s.wire.appear(next);
    const fromMs = nowMs(s);
    for (let ms = 0; ms < 15_000; ms += 500) {
      beat();
      s.wire.say(report(next, ERA, LOWEST));
      await s.lab.advance("500ms");
    }
    const to = `10.0.2.${Number.parseInt(next.slice(-2), 16)}`;
    for (const ms of spans(reports(s, to, fromMs)).slice(1)) {
      expect(ms).toBeGreaterThanOrEqual(LARGE_BEAT_MS - 1);
      expect(ms).toBeLessThan(LARGE_BEAT_MS + 1.5 * TICK_MS);
    }
    const home = reports(s, TO_LOWEST, fromMs + 1000);
    expect(home.length).toBeLessThanOrEqual(2);
    expect(home.length).toBeGreaterThan(0);
  });

  test("a coordinator is asked 60 ms after a second, and replaced 1,650 ms after its last word", async () => {
    const { s, beat } = await large();
    for (let ms = 0; ms < 1000; ms += 100) {
      beat();
      await s.lab.advance("100ms");
    }
    beat();
    const lastMs = nowMs(s);
    const asked = await s.lab.until(() => s.wire.of(PROBE, lastMs).find(({ to }) => to === TO_LOWEST), "not asked");
    expect(asked.atMs - lastMs).toBeGreaterThanOrEqual(LARGE_BEAT_MS + LATE_MS - TICK_MS);
    expect(asked.atMs - lastMs).toBeLessThan(LARGE_BEAT_MS + LATE_MS + 2 * TICK_MS);
    const first = await says(s, VIEW);
    expect(first.atMs - lastMs).toBeGreaterThanOrEqual(1650 - TICK_MS);
    expect(first.atMs - lastMs).toBeLessThan(1650 + 2 * TICK_MS);
  });
});

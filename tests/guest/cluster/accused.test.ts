/**
 * Members watch each other in a ring, and accuse who is silent to the coordinator, which asks once more
 * (docs/protocols/cluster.md, "Death"): the node coordinates and is told, or watches and tells.
 */
import { describe, expect, test } from "vitest";
import {
  founded,
  HIGH,
  HIGHEST,
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
import { BYE, HELLO, PROBE, REPORT, spans, VIEW } from "./cluster-wire.ts";

const SUSPECT = 12;
const TARGET = 128;
const SILENT = 136;
const BEAT_MS = 400;
/** So much later than a beat a report is asked for, then again and again. */
const LATE_MS = 60;
const PROBE_MS = 30;
const ACCUSE_MS = 650;
const AGAIN_MS = 100;
/** So long a coordinator asks who is accused, unless it has heard it as lately. */
const LAST_CHANCE_MS = 200;
/** A flag of views that have all report, and for how long they may. */
const ROLL = 16;
const ROLL_MS = 500;

const addressOf = (id: string): string => `10.0.2.${Number.parseInt(id.slice(-2), 16)}`;

/** `who` says that `target` is silent, or was heard after all. */
function accuse(s: Scene, who: string, target: string, isSilent: boolean): void {
  const rest = new Uint8Array(16);
  rest.set(idBytes(target));
  rest[SILENT - TARGET] = isSilent ? 1 : 0;
  s.wire.say({ ...report(who, 1, SELF), kind: SUSPECT, rest });
}

describe("a coordinator", () => {
  /** It has two members, of which the one that reports to it watches the other. */
  async function withTwo(): Promise<Scene> {
    const s = await founded();
    for (const id of [LOW, HIGH]) s.wire.say(report(id, 1, SELF));
    await s.lab.advance("200ms");
    expect(s.wire.of(VIEW).at(-1)).toMatchObject({ members: 3 });
    return s;
  }

  /** One goes on to report for so long, the other is silent. */
  async function oneReports(s: Scene, ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      s.wire.say(report(LOW, 1, SELF));
      await s.lab.advance("100ms");
    }
  }

  const probesOf = (s: Scene, fromMs: number): number[] =>
    s.wire
      .of(PROBE, fromMs)
      .filter(({ to }) => to === addressOf(HIGH))
      .map(({ atMs }) => atMs);

  const members = (s: Scene): number => s.wire.of(VIEW).at(-1)!.members;

  test("waits for who is watched by another, until that one accuses it; then it asks, and says that it is offline", async () => {
    const s = await withTwo();
    await oneReports(s, 3000);
    expect(probesOf(s, 0)).toEqual([]);
    expect(members(s)).toBe(3);
    const atMs = nowMs(s);
    accuse(s, LOW, HIGH, true);
    await oneReports(s, 500);
    const probes = probesOf(s, atMs);
    expect(probes[0]! - atMs).toBeLessThan(2 * TICK_MS);
    expect(probes.length).toBeGreaterThanOrEqual(3);
    const gone = s.wire.of(VIEW, atMs).find((heard) => heard.members === 2);
    expect(gone!.atMs - atMs).toBeGreaterThanOrEqual(LAST_CHANCE_MS - TICK_MS);
    // Changes are said within 80 ms.
    expect(gone!.atMs - atMs).toBeLessThan(LAST_CHANCE_MS + 80 + 3 * TICK_MS);
    expect(probes.every((probe) => probe < gone!.atMs + TICK_MS)).toBe(true);
  });

  test.each([
    ["who accuses it takes that back", (s: Scene): void => accuse(s, LOW, HIGH, false)],
    ["it answers", (s: Scene): void => s.wire.say(report(HIGH, 1, SELF))],
  ])("goes on to count one that was accused when %s", async (_how, save) => {
    const s = await withTwo();
    await oneReports(s, 1000);
    accuse(s, LOW, HIGH, true);
    await s.lab.advance("100ms");
    const atMs = nowMs(s);
    expect(probesOf(s, 0).length).toBeGreaterThan(0);
    save(s);
    await oneReports(s, 2000);
    expect(members(s)).toBe(3);
    expect(probesOf(s, atMs + PROBE_MS + TICK_MS)).toEqual([]);
  });

  test("waits for the next report of one that was heard within the last 200 ms", async () => {
    const s = await withTwo();
    s.wire.say(report(HIGH, 1, SELF));
    await s.lab.advance("150ms");
    accuse(s, LOW, HIGH, true);
    await oneReports(s, 200);
    s.wire.say(report(HIGH, 1, SELF));
    await oneReports(s, 1000);
    expect(probesOf(s, 0)).toEqual([]);
    expect(members(s)).toBe(3);
  });

  test("calls the roll when one has died: who is not heard within 500 ms is offline too", async () => {
    const s = await withTwo();
    s.wire.say(report(HIGHEST, 1, SELF));
    await oneReports(s, 1000);
    expect(members(s)).toBe(4);
    accuse(s, LOW, HIGH, true);
    const fromMs = nowMs(s);
    const gone = await s.lab.until(() => s.wire.of(VIEW, fromMs).find((heard) => heard.members === 3), "nobody died");
    // Now all are asked; LOW says nothing any more, and HIGHEST does.
    await s.lab.until(() => s.wire.of(VIEW, gone.atMs - TICK_MS).some(({ flags }) => (flags & ROLL) !== 0), "no roll");
    await s.lab.advance("100ms");
    s.wire.say(report(HIGHEST, 1, SELF));
    const alone = await s.lab.until(() => s.wire.of(VIEW, fromMs).find((heard) => heard.members === 2), "LOW lives on");
    expect(alone.atMs - gone.atMs).toBeGreaterThanOrEqual(ROLL_MS - 80 - TICK_MS);
    expect(alone.atMs - gone.atMs).toBeLessThan(ROLL_MS + 80 + 3 * TICK_MS);
    s.wire.say(report(HIGHEST, 1, SELF));
    await s.lab.advance("300ms");
    expect(members(s)).toBe(2);
  });

  test("does nothing about a stranger, or one that has left, who is accused", async () => {
    const s = await withTwo();
    s.wire.say({ ...report(HIGH, 1, SELF), kind: BYE });
    await oneReports(s, 300);
    expect(members(s)).toBe(2);
    for (const target of [HIGH, LOWEST]) accuse(s, LOW, target, true);
    await oneReports(s, 1000);
    expect(s.wire.of(PROBE).filter(({ to }) => to !== addressOf(LOW))).toEqual([]);
    expect(members(s)).toBe(2);
  });
});

describe("a member", () => {
  /** It watches the one before it in the ring, and neither is the coordinator. */
  async function watching(): Promise<{ s: Scene; beat: () => void }> {
    const s = await scene();
    await says(s, HELLO);
    // Named in a view counts as heard: only changes are.
    s.wire.say({ ...view(LOWEST, 5), members: [LOW] });
    await says(s, REPORT);
    s.wire.say(report(LOW, 5, LOWEST));
    return { s, beat: () => s.wire.say(view(LOWEST, 5)) };
  }

  /** The coordinator goes on for so long. */
  async function beats(s: Scene, beat: () => void, ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      if (left % 200 === 0) beat();
      await s.lab.advance("50ms");
    }
  }

  test("asks one whose report is late, then accuses it each 100 ms, and takes that back when it is heard", async () => {
    const { s, beat } = await watching();
    const heardMs = nowMs(s);
    await beats(s, beat, 1000);
    const asked = s.wire.of(PROBE).filter(({ to }) => to === addressOf(LOW));
    expect(asked[0]!.atMs - heardMs).toBeGreaterThanOrEqual(BEAT_MS + LATE_MS - TICK_MS);
    expect(asked[0]!.atMs - heardMs).toBeLessThan(BEAT_MS + LATE_MS + 3 * TICK_MS);
    const spansMs = spans(asked);
    expect(Math.min(...spansMs)).toBeGreaterThanOrEqual(PROBE_MS - TICK_MS);
    expect(Math.max(...spansMs)).toBeLessThan(PROBE_MS + 3 * TICK_MS);
    const accusations = s.wire.of(SUSPECT);
    expect(accusations[0]!.atMs - heardMs).toBeGreaterThanOrEqual(ACCUSE_MS - TICK_MS);
    expect(accusations[0]!.atMs - heardMs).toBeLessThan(ACCUSE_MS + 3 * TICK_MS);
    expect(accusations.length).toBeGreaterThanOrEqual(3);
    for (const { to, data } of accusations) {
      expect(to).toBe(addressOf(LOWEST));
      expect(data.subarray(TARGET, TARGET + 8)).toEqual(idBytes(LOW));
      expect([...data.subarray(SILENT)]).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
    }
    expect(accusations[1]!.atMs - accusations[0]!.atMs).toBeGreaterThanOrEqual(AGAIN_MS - TICK_MS);
    expect(accusations[1]!.atMs - accusations[0]!.atMs).toBeLessThan(AGAIN_MS + 3 * TICK_MS);
    const backMs = nowMs(s);
    s.wire.say(report(LOW, 5, LOWEST));
    await beats(s, beat, 300);
    const [taken, ...more] = s.wire.of(SUSPECT, backMs);
    expect(taken!.atMs - backMs).toBeLessThan(3 * TICK_MS);
    expect(taken!.to).toBe(addressOf(LOWEST));
    expect(taken!.data.subarray(TARGET, TARGET + 8)).toEqual(idBytes(LOW));
    expect([...taken!.data.subarray(SILENT)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(more).toEqual([]);
  });

  test("accuses nobody who reports in time, and asks a coordinator whose views are late", async () => {
    const { s, beat } = await watching();
    for (let time = 0; time < 5; time++) {
      s.wire.say(report(LOW, 5, LOWEST));
      await beats(s, beat, 400);
    }
    expect(s.wire.of(SUSPECT)).toEqual([]);
    expect(s.wire.of(PROBE)).toEqual([]);
    beat();
    const lastMs = nowMs(s);
    s.wire.say(report(LOW, 5, LOWEST));
    await until(s, lastMs + BEAT_MS + LATE_MS + 3 * TICK_MS);
    s.wire.say(report(LOW, 5, LOWEST));
    const [first] = s.wire.of(PROBE);
    expect(first!.to).toBe(addressOf(LOWEST));
    expect(first!.atMs - lastMs).toBeGreaterThanOrEqual(BEAT_MS + LATE_MS - TICK_MS);
  });
});

/**
 * When a coordinator takes silence for death (docs/protocols/cluster.md, "Death"), as a member on the wire sees it: who
 * is late is asked, and how long it is waited for follows from how healthy the coordinator takes itself to be.
 */
import { expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import {
  founded,
  HIGH,
  HIGHEST,
  LOW,
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
import { HELLO, PROBE, REPORT, VIEW } from "./cluster-wire.ts";

const LATE_MS = 460;
const PATIENCE_MS = 850;
/** More patience for each answer that came after so many probes. */
const STEP_MS = 400;
const DOUBT = 6;

const speak = (s: Scene): void => s.wire.say(report(HIGH, 1, SELF));

/** The member reports in time for so long. Returns when it did so last. */
async function speaksFor(s: Scene, ms: number): Promise<number> {
  for (let left = ms; left > 0; left -= 200) {
    speak(s);
    await s.lab.advance("200ms");
  }
  return nowMs(s) - 200;
}

/** The member is silent until it was asked so often, and then it answers. */
async function answersAfter(s: Scene, probes: number): Promise<void> {
  const fromMs = nowMs(s);
  await s.lab.until(() => s.wire.of(PROBE, fromMs).length >= probes, "it was not asked so often");
  speak(s);
  await s.lab.advance("20ms");
}

/** How long a member that has spoken is waited for, in steps beyond the least. */
async function patience(s: Scene): Promise<number> {
  const fromMs = nowMs(s);
  speak(s);
  await s.lab.advance("100ms");
  const alone = await s.lab.until(
    () => s.wire.of(VIEW, fromMs + 100).find(({ members }) => members === 1),
    "the member is waited for without end",
  );
  const stepMs = alone.atMs - fromMs - PATIENCE_MS;
  const steps = Math.round(stepMs / STEP_MS);
  expect(stepMs - steps * STEP_MS).toBeGreaterThanOrEqual(-TICK_MS);
  expect(stepMs - steps * STEP_MS).toBeLessThan(10 * TICK_MS);
  return steps;
}

test("a member that reports in time is not asked whether it lives, and one that does not is", async () => {
  const s = await founded();
  const lastMs = await speaksFor(s, 2000);
  expect(s.wire.of(PROBE)).toEqual([]);
  const first = await says(s, PROBE);
  expect(first).toMatchObject({ to: "10.0.2.99" });
  expect(first.atMs - lastMs).toBeGreaterThanOrEqual(LATE_MS - TICK_MS);
  expect(first.atMs - lastMs).toBeLessThan(LATE_MS + 3 * TICK_MS);
});

test("late answers make a coordinator more patient, and five seconds without one take back a step", async () => {
  const s = await founded();
  speak(s);
  await answersAfter(s, DOUBT - 1);
  expect(await patience(s)).toBe(0);
  speak(s);
  await answersAfter(s, DOUBT);
  expect(await patience(s)).toBe(1);
  speak(s);
  await answersAfter(s, DOUBT);
  await speaksFor(s, 5200);
  expect(await patience(s)).toBe(1);
  await speaksFor(s, 5200);
  expect(await patience(s)).toBe(0);
});

thoroughly("a coordinator's patience ends after eight steps, which go one by one", async () => {
  const s = await founded();
  speak(s);
  for (let time = 0; time < 8; time++) await answersAfter(s, DOUBT);
  // It takes more than five seconds to find out: a step is taken back meanwhile.
  for (let time = 0; time < 4; time++) await answersAfter(s, DOUBT);
  expect(await patience(s)).toBe(8);
});

thoroughly("what comes 400 ms after the last probe is no answer: the coordinator had ceased to ask", async () => {
  for (const [afterMs, steps] of [
    [370, 1],
    [430, 0],
  ] as const) {
    const s = await founded();
    speak(s);
    await s.lab.until(() => s.wire.of(PROBE).length >= DOUBT, "it was not asked so often");
    const askedMs = nowMs(s);
    // From now on it watches another one, which stands before it in the ring.
    s.wire.say(report(LOW, 1, SELF));
    await until(s, askedMs + afterMs);
    expect(s.wire.of(PROBE)).toHaveLength(DOUBT);
    speak(s);
    s.wire.say(report(LOW, 1, SELF));
    const lastMs = nowMs(s);
    const gone = await s.lab.until(
      () => s.wire.of(VIEW, lastMs + 100).find(({ members }) => members === 2),
      "it is waited for without end",
    );
    expect(gone.atMs - lastMs).toBeGreaterThanOrEqual(PATIENCE_MS + steps * STEP_MS - TICK_MS);
    expect(gone.atMs - lastMs).toBeLessThan(PATIENCE_MS + steps * STEP_MS + 10 * TICK_MS);
  }
});

thoroughly("a member that doubts itself waits longer for its coordinator, too", async () => {
  const s = await scene();
  await says(s, HELLO);
  s.wire.appear(HIGH);
  s.wire.say(view(HIGH, 5));
  await says(s, REPORT);
  for (const steps of [0, 1, 2]) {
    if (steps > 0) {
      const fromMs = nowMs(s);
      await s.lab.until(() => s.wire.of(PROBE, fromMs).length >= DOUBT, "it was not asked so often");
    }
    s.wire.say(view(HIGH, 5));
    await s.lab.advance("50ms");
  }
  const lastMs = nowMs(s) - 50;
  const taken = await says(s, VIEW);
  expect(taken.atMs - lastMs).toBeGreaterThanOrEqual(PATIENCE_MS + 2 * STEP_MS - TICK_MS);
  expect(taken.atMs - lastMs).toBeLessThan(PATIENCE_MS + 2 * STEP_MS + 3 * TICK_MS);
});

thoroughly(
  "one that belongs to another cluster, for whom nobody vouches, is offline when it was silent for 850 ms",
  async () => {
    const s = await founded();
    s.wire.say(report(HIGH, 1, HIGHEST));
    const heardMs = nowMs(s);
    await s.node.waitFor(/peers 1$/m, { within: "300ms" });
    await s.node.waitFor(/peers 0$/m, { within: "1s" });
    expect(nowMs(s) - heardMs).toBeGreaterThanOrEqual(PATIENCE_MS - TICK_MS);
    expect(nowMs(s) - heardMs).toBeLessThan(PATIENCE_MS + 20 * TICK_MS);
    expect(s.wire.of(VIEW).every(({ members }) => members === 1)).toBe(true);
    // Nobody asks whether it lives.
    expect(s.wire.of(PROBE)).toEqual([]);
  },
);

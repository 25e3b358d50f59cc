/**
 * When a coordinator takes silence for death (docs/protocols/cluster.md, "Death"), as a member on the wire sees it: who
 * is late is asked, and how long it is waited for follows from how healthy the coordinator takes itself to be.
 */
import { expect, test } from "vitest";
import { founded, HIGH, nowMs, report, type Scene, SELF, says, TICK_MS } from "./agreement-scene.ts";
import { PROBE, VIEW } from "./cluster-wire.ts";

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

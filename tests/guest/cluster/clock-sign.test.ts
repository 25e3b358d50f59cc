/**
 * Milliseconds since boot pass 2^31 after 24.8 days: moments before that are later numbers than those after it, and
 * everything comes when it comes at any other time (docs/protocols/cluster.md, "States and timers").
 */
import { describe, expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { PROMPT } from "../../system/images.ts";
import {
  addressOf,
  founded,
  HIGH,
  LOW,
  nowMs,
  report,
  type Scene,
  SELF,
  TICK_MS,
  until,
  view,
} from "./agreement-scene.ts";
import { ASK, type Heard, HISTORY, PROBE, REPORT, spans, VIEW } from "./cluster-wire.ts";
import { HOLD, holding, holds, live, SAY_MS, SILENCE_MS } from "./holder-scene.ts";
import { PREPARE, regionOf, VALUES, Values } from "./values-scene.ts";

const SIGN_MS = 2 ** 31;
const SETTLE_MS = 2000;
const PATIENCE_MS = 850;
const BEAT_MS = 400;
const HALF_MS = 200;

/** The node's clock comes to that moment after so long: when that is. */
function soon({ node, lab }: Scene, ms: number): number {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, Math.floor((SIGN_MS - ms) / TICK_MS), true);
  node.machine.memory.dma.write(addressOf("clock_ticks"), bytes);
  return lab.nowNs / 1e6 + ms;
}

/** The node coordinates LOW and HIGH; what it waited for before is over. */
async function coordinating(): Promise<{ s: Scene; signMs: number }> {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  const signMs = soon(s, SETTLE_MS);
  for (const id of [LOW, HIGH]) s.wire.appear(id);
  for (let ms = 0; ms < SETTLE_MS / 2; ms += HALF_MS) {
    for (const id of [LOW, HIGH]) s.wire.say(report(id, 1, SELF));
    await s.lab.advance("200ms");
  }
  return { s, signMs };
}

/** Members report until a moment. */
async function reporting(s: Scene, ids: readonly string[], untilMs: number): Promise<void> {
  for (;;) {
    for (const id of ids) s.wire.say(report(id, 1, SELF));
    const next = nowMs(s) + HALF_MS;
    await until(s, Math.min(next, untilMs));
    if (next >= untilMs) return;
  }
}

function expectBetween(ms: number, leastMs: number, ticks = 3): void {
  expect(ms).toBeGreaterThanOrEqual(leastMs - TICK_MS);
  expect(ms).toBeLessThan(leastMs + ticks * TICK_MS);
}

describe("when milliseconds change their sign", () => {
  thoroughly("a coordinator says its view each beat, and the whole one 50 ms after it was asked for", async () => {
    const { s, signMs } = await coordinating();
    await reporting(s, [LOW, HIGH], signMs - 25);
    s.wire.say({ ...report(LOW, 1, SELF), flags: ASK });
    const askedMs = nowMs(s);
    await s.lab.advance("120ms");
    const whole = s.wire.of(VIEW, askedMs).find(({ to }) => to === "10.0.2.97");
    expectBetween(whole!.atMs - askedMs, 50);
    await reporting(s, [LOW, HIGH], signMs + 2000);
    const beats = s.wire.of(VIEW, signMs - 800).filter(({ to }) => to !== "10.0.2.97");
    for (const ms of spans(beats)) expectBetween(ms, BEAT_MS);
  });

  thoroughly("a coordinator asks who is silent, and takes it for offline after 850 ms", async () => {
    const { s, signMs } = await coordinating();
    // The node watches the member before it in the ring.
    await reporting(s, [LOW, HIGH], signMs - 400);
    const lastMs = signMs - 600;
    await reporting(s, [HIGH], signMs + 1000);
    const asked = s.wire.of(PROBE, lastMs).filter(({ to }) => to === "10.0.2.97");
    expectBetween(asked[0]!.atMs - lastMs, BEAT_MS + 60);
    const gone = s.wire.of(VIEW, lastMs).find(({ members }) => members === 2)!;
    expectBetween(gone.atMs - lastMs, PATIENCE_MS, 11);
    expect(s.wire.of(VIEW).at(-1)!.members).toBe(2);
  });

  thoroughly("a member reports when it is time, and replaces its coordinator 850 ms after its last word", async () => {
    const { s, signMs } = await coordinating();
    for (let ms = 0; nowMs(s) < signMs - 500; ms += 100) {
      s.wire.say({ ...view(LOW, 1, SELF), members: ms === 0 ? [HIGH, SELF] : [HIGH, SELF] });
      s.wire.say(report(HIGH, 1, SELF));
      await until(s, Math.min(nowMs(s) + 100, signMs - 500));
    }
    const lastMs = nowMs(s) - 100;
    const reports = (): Heard[] => s.wire.of(REPORT, lastMs - 300);
    for (let time = 0; time < 10; time++) {
      s.wire.say(report(HIGH, 1, SELF));
      await s.lab.advance("100ms");
    }
    // To the next in the ring each beat; and to the coordinator, of three, each third one.
    const next = reports().filter(({ to }) => to === "10.0.2.99");
    for (const ms of spans(next)) expectBetween(ms, BEAT_MS);
    expect(next.length).toBeGreaterThanOrEqual(2);
    const first = s.wire.of(VIEW, lastMs)[0]!;
    expectBetween(first.atMs - lastMs, PATIENCE_MS, 4);
  });

  thoroughly("a change is proposed each 200 ms, and given up after four seconds", async () => {
    const { s, signMs } = await coordinating();
    const v = new Values(s);
    await reporting(s, [LOW, HIGH], signMs - 1000);
    const fromMs = nowMs(s);
    s.node.type("cloud set colour blue\n");
    const failed = /colour is not changed, or not yet/;
    while (nowMs(s) < fromMs + 4500 && !failed.test(s.node.console.text)) {
      v.live();
      await s.lab.advance("50ms");
    }
    const asked = s.wire.of(PREPARE, fromMs);
    for (const ms of spans(asked)) expectBetween(ms, HALF_MS);
    expect(asked.length).toBeGreaterThan(15);
    expectBetween(nowMs(s) - asked[0]!.atMs, 4000, 6);
  });

  thoroughly("values are told to who is behind 100 to 140 ms after they were told last", async () => {
    const { s, signMs } = await coordinating();
    const v = new Values(s);
    await reporting(s, [LOW, HIGH], signMs - 60);
    const toldMs = nowMs(s);
    v.tell(HIGH, 1, regionOf({ colour: "blue" }));
    v.live(0, null, [LOW]);
    await s.lab.advance("300ms");
    expectBetween(s.wire.of(VALUES, toldMs)[0]!.atMs - toldMs, 100, 7);
  });

  thoroughly("a member asks its coordinator for another history each time after 200 ms", async () => {
    const { s, signMs } = await coordinating();
    while (nowMs(s) < signMs + 800) {
      s.wire.say({ ...view(LOW, 1, SELF), members: [HIGH, SELF], history: { number: 1, digest: 7 } });
      await s.lab.advance("50ms");
    }
    const waits = spans(s.wire.of(HISTORY, signMs - 600));
    expect(waits.length).toBeGreaterThanOrEqual(3);
    for (const ms of waits) expect(ms).toBeGreaterThanOrEqual(200 - TICK_MS);
  });

  test("a holder says so each 90 ms", async () => {
    const { s, said } = await holding();
    const fromMs = soon(s, SETTLE_MS) - 300;
    await s.lab.advance("2300ms");
    const times = said(HOLD, fromMs);
    expect(times.length).toBeGreaterThan(5);
    for (const ms of times.slice(1).map((atMs, index) => atMs - times[index]!)) expectBetween(ms, SAY_MS, 2);
  });

  thoroughly("a member takes an address over after its holder's silence", async () => {
    const { s, arp } = await holding();
    soon(s, SETTLE_MS);
    await s.lab.advance("1s");
    await live(s, [LOW], SETTLE_MS / 2 - 100);
    holds(s, LOW);
    const lastMs = nowMs(s);
    await live(s, [LOW], 500);
    const probe = arp.find(({ atMs, kind }) => kind === "probe" && atMs > lastMs)!;
    expectBetween(probe.atMs - lastMs, SILENCE_MS);
  });

  thoroughly("a node whose cable is out is alone after 850 ms", async () => {
    const { s, signMs } = await coordinating();
    await reporting(s, [LOW, HIGH], signMs - 400);
    s.node.cut();
    await s.lab.advance("500ms");
    expect((await s.node.enter("cloud", /(\d) other nodes are alive/))[1]).toBe("2");
    await s.node.waitFor(PROMPT);
    await s.lab.advance("500ms");
    expect((await s.node.enter("cloud", /(\d) other nodes are alive/))[1]).toBe("0");
  });
});

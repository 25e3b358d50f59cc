/**
 * A node that did not run for a while (docs/protocols/cluster.md, "Death"): from 600 ms on it takes the silence for its
 * own, and waits for each of the others as long as ever.
 */
import { describe, expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { PROMPT } from "../../system/images.ts";
import { outputAmong } from "../../system/output.ts";
import {
  addressOf,
  founded,
  HIGH,
  LOW,
  nowMs,
  report,
  type Scene,
  SELF,
  says,
  scene,
  TICK_MS,
  view,
} from "./agreement-scene.ts";
import { HELLO, REPORT, VIEW } from "./cluster-wire.ts";

const PATIENCE_MS = 850;
const FROZEN_MS = 600;

/** The node does nothing for so long, and its clock goes on, as when its disk is slow. */
function standsStill({ node }: Scene, ms: number): void {
  const { dma } = node.machine.memory;
  const ticks = new Uint8Array(4);
  dma.read(addressOf("clock_ticks"), ticks);
  const fields = new DataView(ticks.buffer);
  fields.setUint32(0, fields.getUint32(0, true) + ms / TICK_MS, true);
  dma.write(addressOf("clock_ticks"), ticks);
}

describe("a node that stood still", () => {
  const SPANS: readonly (readonly [number, string])[] = [
    [FROZEN_MS, "begins anew"],
    [FROZEN_MS - 50, "counts on"],
    [1500, "begins anew"],
  ];
  test.each(rowsOf(SPANS, 1))("for %i ms as the coordinator %s", async (ms, what) => {
    const s = await founded();
    const live = (): void => {
      for (const id of [LOW, HIGH]) s.wire.say(report(id, 1, SELF));
    };
    for (let time = 0; time < 5; time++) {
      live();
      await s.lab.advance("150ms");
    }
    live();
    await s.lab.advance("5ms");
    const fromMs = nowMs(s);
    standsStill(s, ms);
    await s.lab.advance("1500ms");
    const gone = s.wire.of(VIEW, fromMs).find(({ members }) => members < 3)!;
    const leftMs = PATIENCE_MS - (what === "counts on" ? ms : 0);
    expect(gone.atMs - fromMs).toBeGreaterThanOrEqual(leftMs - 2 * TICK_MS);
    expect(gone.atMs - fromMs).toBeLessThan(leftMs + 12 * TICK_MS);
  });

  thoroughly("as a member waits for its coordinator", async () => {
    const s = await scene();
    await says(s, HELLO);
    const live = (): void => s.wire.say({ ...view(LOW, 5), members: [HIGH] });
    live();
    await says(s, REPORT);
    for (let time = 0; time < 5; time++) {
      live();
      s.wire.say(report(HIGH, 5, LOW));
      await s.lab.advance("150ms");
    }
    const thawedMs = nowMs(s);
    standsStill(s, 1500);
    const first = await says(s, VIEW);
    expect(first.atMs - thawedMs).toBeGreaterThanOrEqual(PATIENCE_MS - TICK_MS);
    expect(first.atMs - thawedMs).toBeLessThan(PATIENCE_MS + 12 * TICK_MS);
  });

  thoroughly("has not heard those who were gone before", async () => {
    const s = await founded();
    s.wire.say(report(HIGH, 1, SELF));
    const heardMs = nowMs(s);
    await s.lab.advance("1200ms");
    await s.node.waitFor(PROMPT);
    standsStill(s, 1500);
    await s.lab.advance("100ms");
    const [, seconds] = /^stranger .* offline +(\d+\.\d) s$/m.exec(await outputAmong(s.node, "cloud"))!;
    expect(Number(seconds) * 1000).toBeGreaterThan(nowMs(s) + 1500 - heardMs - 700);
    expect(Number(seconds) * 1000).toBeLessThanOrEqual(nowMs(s) + 1500 - heardMs);
  });
});

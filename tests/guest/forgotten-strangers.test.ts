/**
 * Who makes room in the table of strangers, which has 128 places (docs/protocols/cluster.md, "Freshness"): who was
 * silent longest.
 */
import { describe, expect, test } from "vitest";
import { thoroughly } from "../setup/thoroughly.ts";
import { HIGHEST, hello, LOW, LOWEST, nowMs, type Scene, scene, TICK_MS, until } from "./agreement-scene.ts";
import { VIEW } from "./cluster-wire.ts";

const STRANGERS = 128;
const WINDOW_MS = 1500;
const NOBODY = "0".repeat(16);
/** So many nodes with ids above the node's. */
const crowd = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `fe${index.toString(16).padStart(12, "0")}63`);

describe("a joining node that hears one stranger more than it keeps in mind", () => {
  /** When it founds its cluster, after its window began: these join one after the other, and then the others. */
  async function founds(first: readonly string[], others: readonly string[]): Promise<number> {
    const s: Scene = await scene();
    const beganMs = nowMs(s);
    await until(s, beganMs + WINDOW_MS - 500);
    for (const id of first) {
      s.wire.say({ ...hello(id), echo: NOBODY });
      await s.lab.advance(`${2 * TICK_MS}ms`);
    }
    for (const id of others) {
      s.wire.say({ ...hello(id), echo: NOBODY });
      await s.lab.advance("500us");
    }
    expect(nowMs(s) - beganMs).toBeLessThan(WINDOW_MS);
    const { atMs } = await s.lab.until(() => s.wire.of(VIEW)[0], "it founds nothing");
    return atMs - beganMs;
  }

  test("waits for no lower one whom it has forgotten, as that was silent longest", async () => {
    expect(await founds([LOW, HIGHEST], crowd(STRANGERS - 1))).toBeLessThan(WINDOW_MS + 4 * TICK_MS);
  });

  thoroughly("waits for a lower one as long as another was silent for longer", async () => {
    expect(await founds([HIGHEST, LOW], crowd(STRANGERS - 1))).toBeGreaterThan(WINDOW_MS + 400);
    expect(await founds([LOW, HIGHEST, LOW], crowd(STRANGERS - 1))).toBeGreaterThan(WINDOW_MS + 400);
  });

  thoroughly("keeps all in mind as long as there is a place", async () => {
    expect(await founds([LOWEST], crowd(STRANGERS - 1))).toBeGreaterThan(WINDOW_MS + 400);
  });
});

/** A node whose cable is out (docs/protocols/cluster.md, "Death"): what it takes the others for, and what it holds. */
import { expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { PROMPT } from "../../system/images.ts";
import { outputAmong } from "../../system/output.ts";
import { HIGH, HIGHEST, nowMs, report, says, scene, TICK_MS, view } from "./agreement-scene.ts";
import { HELLO, REPORT, VIEW } from "./cluster-wire.ts";
import { HOLD, holding } from "./holder-scene.ts";

const ERA = 5;
const OUT_MS = 850;
const PEERS = /^cloud: \S+ \S+ era 5 age \d+ peers (\d)$/gm;

/** A member of HIGHEST's cluster, with HIGH. */
async function member() {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say({ ...view(HIGHEST, ERA), members: [HIGH] });
  await says(s, REPORT);
  await s.node.waitFor(/peers 2$/m);
  const live = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 100) {
      s.wire.say({ ...view(HIGHEST, ERA), members: [HIGH] });
      s.wire.say(report(HIGH, ERA, HIGHEST));
      await s.lab.advance("100ms");
    }
  };
  await live(400);
  return { s, live, peers: (): number => Number([...s.node.console.text.matchAll(PEERS)].at(-1)![1]) };
}

test("is alone after 850 ms, at once with all of them, and says nothing meanwhile", async () => {
  const { s, live, peers } = await member();
  s.wire.say({ ...view(HIGHEST, ERA), members: [HIGH] });
  await s.lab.advance("1ms");
  s.node.cut();
  const cutMs = nowMs(s);
  await live(OUT_MS - 50);
  expect(peers()).toBe(2);
  await s.node.waitFor(/peers 0$/m, { within: "200ms" });
  expect(nowMs(s) - cutMs).toBeGreaterThanOrEqual(OUT_MS - TICK_MS);
  expect(nowMs(s) - cutMs).toBeLessThan(OUT_MS + 4 * TICK_MS);
  expect(s.wire.heard.filter(({ atMs }) => atMs > cutMs + 1)).toHaveLength(0);
  // Now it coordinates itself, and says so when it can.
  s.node.connect();
  const joinedMs = nowMs(s);
  const first = await s.lab.until(() => s.wire.of(VIEW, joinedMs)[0], "it says nothing", { within: "3s" });
  expect(first).toMatchObject({ era: ERA, founder: HIGHEST, members: 1 });
});

thoroughly(
  "is not alone when it is in again before, and counts from the beginning when it is out once more",
  async () => {
    const { s, live, peers } = await member();
    for (let time = 0; time < 3; time++) {
      s.node.cut();
      await live(100);
      s.node.connect();
      // The card negotiates for half a second.
      await live(700);
    }
    expect(peers()).toBe(2);
    expect(s.wire.of(VIEW)).toHaveLength(0);
  },
);

thoroughly(
  "gives up at once what it holds, and asks for it half a second and 210 ms after it is in again",
  async () => {
    const { s, arp } = await holding();
    await s.lab.until(() => s.wire.of(HOLD, nowMs(s) - 5)[0], "it says nothing");
    s.node.cut();
    const cutMs = nowMs(s);
    await s.node.waitFor(/10\.0\.2\.50 is given up/, { within: "200ms" });
    // The next word would have been due after 90 ms.
    expect(nowMs(s) - cutMs).toBeLessThan(4 * TICK_MS);
    await s.lab.advance("300ms");
    s.node.connect();
    const joinedMs = nowMs(s);
    const asked = await s.lab.until(
      () => arp.find(({ kind, atMs }) => kind === "probe" && atMs > joinedMs),
      "not asked",
      {
        within: "3s",
      },
    );
    expect(asked.atMs - joinedMs).toBeGreaterThanOrEqual(710);
    expect(asked.atMs - joinedMs).toBeLessThan(710 + 600);
    await s.node.waitFor(/10\.0\.2\.50 is here now/, { within: "200ms" });
    await s.node.waitFor(PROMPT);
    expect(await outputAmong(s.node, "cloud address")).toContain("held here");
  },
);

thoroughly("a node that joins nothing makes nothing of it", async () => {
  const s = await scene();
  s.node.cut();
  await s.lab.advance("1s");
  expect(s.node.console.text).not.toMatch(/^cloud: .* era/m);
  s.node.connect();
  expect((await says(s, VIEW)).era).toBe(1);
});

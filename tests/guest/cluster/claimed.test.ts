/** What may come between a member that asks for a service address and its holding it (docs/protocols/cluster.md). */
import { expect, test } from "vitest";
import { thoroughly } from "../../setup/thoroughly.ts";
import { PROMPT } from "../../system/images.ts";
import { outputAmong } from "../../system/output.ts";
import { founded, HIGH, LOW, nowMs, report, SELF } from "./agreement-scene.ts";
import { HOLD, holding, holds, live } from "./holder-scene.ts";

/** Three probes, each 20 ms before the next, and as long for the last answer. */
const CLAIM_MS = 80;

/** The node has lost the address to LOW, which is silent: it asks for it at this moment. */
async function asking() {
  const found = await holding();
  const { s, arp } = found;
  await live(s, [LOW, HIGH], 200);
  holds(s, LOW);
  await s.node.waitFor(/10\.0\.2\.50 is given up/);
  const fromMs = nowMs(s);
  for (let ms = 0; ms < 500 && !arp.some(({ kind, atMs }) => kind === "probe" && atMs > fromMs); ms += 5) {
    if (ms % 100 === 0) for (const id of [LOW, HIGH]) s.wire.say(report(id, 1, SELF));
    await s.lab.advance("5ms");
  }
  return found;
}

const times = (text: string): number => text.match(/10\.0\.2\.50 is here now/g)!.length;

test("it holds the address when its claim is over and nothing came between", async () => {
  const { s } = await asking();
  const fromMs = nowMs(s);
  await s.node.waitFor(/10\.0\.2\.50 is here now/, { within: "200ms" });
  expect(nowMs(s) - fromMs).toBeGreaterThanOrEqual(CLAIM_MS - 15);
  expect(nowMs(s) - fromMs).toBeLessThan(CLAIM_MS + 25);
});

thoroughly("it does not where a holder was heard meanwhile, and waits for that one's silence", async () => {
  for (const id of [LOW, HIGH]) {
    const { s, arp } = await asking();
    const fromMs = nowMs(s);
    await s.lab.advance("30ms");
    holds(s, id);
    const heardMs = nowMs(s);
    await s.lab.advance("150ms");
    expect(times(s.node.console.text)).toBe(1);
    expect(s.wire.of(HOLD, fromMs)).toHaveLength(0);
    await live(s, [LOW, HIGH], 300);
    const again = arp.filter(({ kind, atMs }) => kind === "probe" && atMs > heardMs + CLAIM_MS);
    expect(again[0]!.atMs - heardMs).toBeGreaterThanOrEqual(200);
    await s.node.waitFor(/10\.0\.2\.50 is here now/, { within: "300ms" });
  }
});

thoroughly("it does not where the address was removed meanwhile", async () => {
  const s = await founded();
  await s.node.waitFor(PROMPT);
  await s.node.enter("cloud address add 10.0.2.50 255.255.255.0", PROMPT);
  await s.node.enter("cloud address remove 10.0.2.50", PROMPT);
  const isHeld = s.node.console.text.includes("is here now");
  await s.lab.advance("500ms");
  expect(isHeld).toBe(false);
  expect(s.node.console.text).not.toContain("10.0.2.50 is here now");
  expect(s.wire.of(HOLD)).toHaveLength(0);
  await s.node.enter("cloud address add 10.0.2.50 255.255.255.0", PROMPT);
  await s.node.waitFor(/10\.0\.2\.50 is here now/, { within: "300ms" });
  await s.node.waitFor(PROMPT);
  expect(await outputAmong(s.node, "cloud address")).toBe("10.0.2.50 mask 255.255.255.0 held here\n");
});

thoroughly("it does not where its cable went out meanwhile", async () => {
  const { s } = await asking();
  await s.lab.advance("30ms");
  s.node.cut();
  await s.lab.advance("300ms");
  expect(times(s.node.console.text)).toBe(1);
});

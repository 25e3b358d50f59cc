/**
 * What a node does at the moment at which its link goes, or comes (docs/protocols/cluster.md, "A cable that is out"): it
 * hears of that at once, whenever it would have looked next.
 */
import { expect, test } from "vitest";
import { describeThoroughly } from "../setup/thoroughly.ts";
import { nowMs, TICK_MS } from "./agreement-scene.ts";
import { HOLD, holding, SAY_MS } from "./holder-scene.ts";

describeThoroughly("a holder whose link goes", () => {
  test.each([5, 25, 45, 65])("%i ms after its last word gives the address up at once", async (afterMs) => {
    const { s, said } = await holding();
    await s.lab.advance("300ms");
    const fromMs = nowMs(s);
    await s.lab.until(() => said(HOLD, fromMs)[0], "it says nothing", { within: `${2 * SAY_MS}ms` });
    await s.lab.advance(afterMs * 1e6);
    expect(s.node.console.text).not.toContain("is given up");
    s.node.cut();
    await s.node.waitFor(/10\.0\.2\.50 is given up/, { within: `${2 * TICK_MS}ms` });
  });
});

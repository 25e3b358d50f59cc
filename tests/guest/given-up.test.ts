/**
 * When a holder gives a service address up, and who is in the row for it then (docs/protocols/cluster.md, "Service
 * addresses"): it does as soon as its link goes; all members that live are, but the last holder, whoever that is.
 */
import { describe, expect, test } from "vitest";
import { describeThoroughly } from "../setup/thoroughly.ts";
import { rowsOf } from "../setup/tier.ts";
import { HIGH, idBytes, LOW, nowMs, report, SELF, TICK_MS } from "./agreement-scene.ts";
import type { Said } from "./cluster-wire.ts";
import { ADDRESS, HOLD, holding, isBefore, NEXT_MS, RELEASE, SAY_MS, SILENCE_MS } from "./holder-scene.ts";

const GIVEN_UP = /10\.0\.2\.50 is given up/;
/** The member, of those whose ids begin or end so, that is before this node in the row. */
const aheadOf = (ids: readonly string[]): string => ids.find((id) => isBefore(id, SELF))!;

describeThoroughly("who gives an address up that was silent is its last holder", () => {
  const one = aheadOf(Array.from({ length: 60 }, (_, index) => `525400fffe0000${(0x70 + index).toString(16)}`));
  const other = aheadOf(["525401ff", "525402ff", "525403ff", "525404ff"].map((head) => `${head}${LOW.slice(8)}`));

  test.each([
    ["by the second half of its id", one, 0x70],
    ["by the first", other, 0x71],
  ])("%s: nobody waits for it", async (_which, id, last) => {
    const { s, arp } = await holding();
    const says = (from: string, more: Partial<Said> = {}): void =>
      s.wire.say({ ...report(from, 1, SELF), ...(from === id ? { last } : {}), ...more });
    const live = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 10) {
        if (left % 100 === 0) for (const member of [LOW, id]) says(member);
        await s.lab.advance("10ms");
      }
    };
    await live(200);
    says(LOW, { kind: HOLD, rest: Uint8Array.from(ADDRESS) });
    await s.node.waitFor(GIVEN_UP);
    await live(SILENCE_MS + 30);
    const rest = new Uint8Array(16);
    rest.set(idBytes(HIGH));
    rest.set(ADDRESS, 8);
    says(id, { kind: RELEASE, rest });
    const fromMs = nowMs(s);
    await live(600);
    const probe = arp.find(({ atMs, kind }) => kind === "probe" && atMs > fromMs)!;
    const expected = SILENCE_MS + (isBefore(LOW, SELF) ? NEXT_MS : 0);
    expect(probe.atMs - fromMs).toBeGreaterThanOrEqual(expected - TICK_MS);
    expect(probe.atMs - fromMs).toBeLessThan(expected + 2 * TICK_MS);
  });
});

describe("a holder whose link goes", () => {
  test.each(rowsOf([5, 25, 45, 65], 1))("%i ms after its last word gives the address up at once", async (afterMs) => {
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

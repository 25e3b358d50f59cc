/**
 * When a holder gives a service address up, and who is in the row for it then (docs/protocols/cluster.md, "Service
 * addresses"): it does as soon as its link goes; all members that live are, but the last holder, whoever that is.
 */
import { describe, expect, test } from "vitest";
import { arpBytes, ETHERTYPE_ARP, ethernetFrame, get16, parseArp } from "../../../emulator/ether/packet.ts";
import { describeThoroughly, thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { PROMPT } from "../../system/images.ts";
import { outputAmong } from "../../system/output.ts";
import { HIGH, idBytes, LOW, nowMs, report, SELF, TICK_MS } from "./agreement-scene.ts";
import { BYE, type Said } from "./cluster-wire.ts";
import { ADDRESS, HOLD, holding, holds, isBefore, live, NEXT_MS, RELEASE, SAY_MS, SILENCE_MS } from "./holder-scene.ts";

const REFUSALS = 10;
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

thoroughly(
  "of two addresses that fall silent together each is taken, the one that was there first before the other",
  async () => {
    const { s } = await holding();
    await s.node.waitFor(PROMPT);
    await s.node.enter("cloud address add 10.0.2.51", PROMPT);
    await s.node.waitFor(/10\.0\.2\.51 is here now/);
    await live(s, [LOW], 200);
    const rest = Uint8Array.from([...ADDRESS, 10, 0, 2, 51]);
    s.wire.say({ ...report(LOW, 1, SELF), kind: HOLD, rest });
    await s.node.waitFor(/10\.0\.2\.51 is given up/);
    const before = s.node.console.text.length;
    await live(s, [LOW], 700);
    const taken = [...s.node.console.text.slice(before).matchAll(/10\.0\.2\.(\d+) is here now/g)].map(
      ([, last]) => last,
    );
    expect(taken).toEqual(["50", "51"]);
  },
);

thoroughly("an address that this node held last does not move to it while it is silent", async () => {
  const { s } = await holding();
  await s.node.waitFor(PROMPT);
  await s.node.enter("cloud stop", PROMPT);
  expect(await outputAmong(s.node, "cloud address move 10.0.2.50 qure-1; echo status $?")).toBe(
    "cluster: it did not move\nstatus 1\n",
  );
});

thoroughly(
  "who leaves for another cluster gives its address to a member, and knows nothing of it any more",
  async () => {
    const { s } = await holding();
    await live(s, [HIGH], 300);
    await s.node.waitFor(PROMPT);
    await s.node.enter("cloud key forget", PROMPT);
    const [bye] = s.wire.of(BYE);
    const [release, ...more] = s.wire.of(RELEASE);
    expect(more).toEqual([]);
    expect(release!.atMs).toBeLessThanOrEqual(bye!.atMs);
    expect(release!.data.subarray(128, 136)).toEqual(idBytes(HIGH));
    expect(s.node.console.text.match(/10\.0\.2\.50 is given up/g)).toHaveLength(1);
    const known = await outputAmong(s.node, "cloud address; cloud get");
    expect(known).toContain("The cluster has no service addresses (cloud address add ADDRESS).\n");
    expect(known).not.toContain("255.255.255.0");
  },
);

describeThoroughly("claims in vain are counted anew", () => {
  /** The node holds the address; another machine answers for it from now on, where it is there. */
  async function beside() {
    const found = await holding();
    const { s } = found;
    const other = { isThere: false };
    const mac = Uint8Array.of(2, 0, 0, 0, 9, 9);
    s.lab.plug("neighbour").answer((frame) => {
      const arp = get16(frame, 12) === ETHERTYPE_ARP ? parseArp(frame.subarray(14)) : null;
      if (!other.isThere || arp?.operation !== 1 || arp.targetIp.some((byte, at) => byte !== ADDRESS[at])) return [];
      const [senderIp, targetIp, targetMac] = [arp.targetIp, arp.senderIp, arp.senderMac];
      const reply = { operation: 2, senderMac: mac, senderIp, targetMac, targetIp };
      return [ethernetFrame(targetMac, mac, ETHERTYPE_ARP, arpBytes(reply))];
    });
    await s.node.waitFor(PROMPT);
    const times = (): number => s.node.console.text.match(/10\.0\.2\.50 cannot be held/g)?.length ?? 0;
    /** So often the node asks in vain. */
    const refused = (claims: number): Promise<void> => s.lab.advance(`${claims * (SILENCE_MS + 20) + 100}ms`);
    await live(s, [LOW], 200);
    holds(s, LOW);
    await s.node.waitFor(GIVEN_UP);
    other.isThere = true;
    return { s, other, times, refused };
  }

  test("when somebody is heard to hold the address", async () => {
    const { s, times, refused } = await beside();
    for (let time = 0; time < 2; time++) {
      await refused(REFUSALS - 3);
      s.wire.say(report(LOW, 1, SELF));
      await s.lab.advance("20ms");
      holds(s, LOW);
    }
    expect(times()).toBe(0);
    await refused(REFUSALS + 2);
    expect(times()).toBe(1);
  });

  test("when this node has held it", async () => {
    const { s, other, times, refused } = await beside();
    await refused(REFUSALS - 3);
    other.isThere = false;
    await s.lab.until(() => s.node.console.text.match(/50 is here now/g)?.length === 2, "not taken", { within: "1s" });
    await s.node.enter("cloud stop", PROMPT);
    other.isThere = true;
    await s.node.enter("cloud start", PROMPT);
    await s.lab.advance("2s");
    expect(times()).toBe(0);
    await refused(REFUSALS);
    expect(times()).toBe(1);
  });
});

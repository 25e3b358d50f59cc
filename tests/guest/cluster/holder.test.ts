/**
 * Who holds a service address, and who takes it over (docs/protocols/cluster.md, "Service addresses"), as a member on
 * the wire sees it.
 */
import { expect, test } from "vitest";
import { ETHERTYPE_ARP, get16, parseArp } from "../../../emulator/ether/packet.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { HIGH, idBytes, LOW, nowMs, report, SELF, TICK_MS } from "./agreement-scene.ts";
import { BYE } from "./cluster-wire.ts";
import {
  ADDRESS,
  HOLD,
  hands,
  holding,
  holds,
  isBefore,
  live,
  MOVE,
  NEXT_MS,
  PROBE_MS,
  RELEASE,
  SAY_MS,
  SILENCE_MS,
} from "./holder-scene.ts";

const ADDRESS_MAC = [2, 0x51, ...ADDRESS];

thoroughly("a holder says so every 90 ms, and nobody else is asked", async () => {
  const { s, arp, said } = await holding();
  // The lower half of the time stamp counter begins anew after 43 s.
  await s.lab.advance("45s");
  const fromMs = nowMs(s);
  await s.lab.advance("2s");
  const times = said(HOLD, fromMs);
  const spans = times.slice(1).map((atMs, index) => atMs - times[index]!);
  expect(times.length).toBeGreaterThanOrEqual(2000 / (SAY_MS + 2 * TICK_MS));
  expect(Math.max(...spans)).toBeLessThan(SAY_MS + 2 * TICK_MS);
  expect(Math.min(...spans)).toBeGreaterThan(SAY_MS - 2 * TICK_MS);
  expect(arp.filter(({ atMs, kind }) => atMs > fromMs && kind === "probe")).toEqual([]);
});

test("of two holders that with the higher id gives the address up: this one goes on, and says so at once", async () => {
  const { s, arp, said } = await holding();
  await live(s, [HIGH], 300);
  const atMs = nowMs(s);
  holds(s, HIGH);
  await live(s, [HIGH], 500);
  expect(arp.some((asked) => asked.kind === "announcement" && asked.atMs - atMs < 3 * TICK_MS)).toBe(true);
  expect(said(HOLD, atMs)[0]! - atMs).toBeLessThan(3 * TICK_MS);
  expect(said(HOLD, atMs).length).toBeGreaterThan(3);
  expect(s.node.console.text).not.toContain("10.0.2.50 is given up");
});

test("it gives way to one with a lower id, and takes the address again 210 ms after that one's last word", async () => {
  const { s, arp, said } = await holding();
  await live(s, [LOW], 300);
  const atMs = nowMs(s);
  holds(s, LOW);
  await s.node.waitFor(/10\.0\.2\.50 is given up/);
  expect(nowMs(s) - atMs).toBeLessThan(3 * TICK_MS);
  for (let time = 0; time < 6; time++) {
    holds(s, LOW);
    await live(s, [LOW], 90);
  }
  const lastMs = nowMs(s) - 90;
  expect(said(HOLD, atMs + 3 * TICK_MS)).toEqual([]);
  expect(arp.filter((asked) => asked.kind === "probe" && asked.atMs > atMs)).toEqual([]);
  await live(s, [LOW], 500);
  const probes = arp.filter((asked) => asked.kind === "probe" && asked.atMs > atMs).map((asked) => asked.atMs);
  // LOW, which held it last, is in no row: nobody is before this node.
  expect(probes).toHaveLength(3);
  expect(probes[0]! - lastMs).toBeGreaterThanOrEqual(SILENCE_MS - TICK_MS);
  expect(probes[0]! - lastMs).toBeLessThan(SILENCE_MS + 2 * TICK_MS);
  for (const [index, probe] of probes.slice(1).entries()) {
    expect(probe - probes[index]!).toBeGreaterThanOrEqual(PROBE_MS - TICK_MS);
    expect(probe - probes[index]!).toBeLessThan(PROBE_MS + 2 * TICK_MS);
  }
  const again = said(HOLD, atMs + 3 * TICK_MS)[0]!;
  expect(again - probes[2]!).toBeGreaterThanOrEqual(PROBE_MS - TICK_MS);
  expect(again - lastMs).toBeLessThan(SILENCE_MS + 3 * PROBE_MS + 4 * TICK_MS);
});

/** Members whose place in the row is before this node's. */
const BEFORE = Array.from({ length: 20 }, (_, index) => `525400fffe0000${(0x70 + index).toString(16)}`).filter((id) =>
  isBefore(id, SELF),
);

test.each<[string, readonly string[], readonly string[], number]>([
  ["110 ms longer for each member that is before it in the row", BEFORE.slice(0, 2), [], 2 * NEXT_MS],
  ["no longer for one that has left", BEFORE.slice(0, 2), BEFORE.slice(0, 1), NEXT_MS],
])("after a holder's silence it waits %s", async (_what, members, gone, moreMs) => {
  const { s, arp, said } = await holding();
  await live(s, [LOW, ...members], 300);
  for (const id of gone) s.wire.say({ ...report(id, 1, SELF), kind: BYE });
  const alive = members.filter((id) => !gone.includes(id));
  await live(s, [LOW, ...alive], 100);
  holds(s, LOW);
  await s.node.waitFor(/10\.0\.2\.50 is given up/);
  const lastMs = nowMs(s);
  holds(s, LOW);
  await live(s, [LOW, ...alive], 700);
  const [first] = arp.filter((asked) => asked.kind === "probe" && asked.atMs > lastMs);
  expect(first!.atMs - lastMs).toBeGreaterThanOrEqual(SILENCE_MS + moreMs - TICK_MS);
  expect(first!.atMs - lastMs).toBeLessThan(SILENCE_MS + moreMs + 2 * TICK_MS);
  expect(said(HOLD, lastMs + 3 * TICK_MS)).not.toEqual([]);
});

test("a holder that is asked to hands the address to a member, and names it", async () => {
  const { s, said } = await holding();
  await live(s, [HIGH], 300);
  const atMs = nowMs(s);
  hands(s, MOVE, HIGH, HIGH);
  await live(s, [HIGH], 100);
  expect(s.node.console.text).toContain("10.0.2.50 is given up");
  const [release] = s.wire.of(RELEASE, atMs);
  expect(release!.atMs - atMs).toBeLessThan(3 * TICK_MS);
  expect(release!.data.subarray(128, 136)).toEqual(idBytes(HIGH));
  expect([...release!.data.subarray(136, 144)]).toEqual([...ADDRESS, 0, 0, 0, 0]);
  expect(said(HOLD, release!.atMs)).toEqual([]);
});

test("one that is named takes it after one probe, and one that is not waits for silence", async () => {
  const { s, arp, said } = await holding();
  await live(s, [LOW], 300);
  holds(s, LOW);
  await s.node.waitFor(/10\.0\.2\.50 is given up/);
  await live(s, [LOW], 50);
  const others = nowMs(s);
  hands(s, RELEASE, LOW, HIGH);
  await live(s, [LOW], 100);
  expect(arp.filter((asked) => asked.atMs > others)).toEqual([]);
  const atMs = nowMs(s);
  hands(s, RELEASE, LOW, SELF);
  await live(s, [LOW], 100);
  const probes = arp.filter((asked) => asked.kind === "probe" && asked.atMs > atMs);
  expect(probes).toHaveLength(1);
  expect(said(HOLD, atMs)[0]! - atMs).toBeLessThan(20 + 3 * TICK_MS);
});

test("who holds it answers for it with the address's own MAC address", async () => {
  const { s } = await holding();
  const asker = s.lab.plug("asker");
  let answer: Uint8Array | null = null;
  asker.answer((frame) => {
    const packet = get16(frame, 12) === ETHERTYPE_ARP ? parseArp(frame.subarray(14)) : null;
    if (packet?.operation === 2) answer = packet.senderMac.slice();
    return [];
  });
  const request = new Uint8Array(60);
  request.set([
    255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 10, 0, 2, 9,
  ]);
  request.set(ADDRESS, 38);
  asker.send(request);
  await s.lab.advance("20ms");
  expect([...answer!]).toEqual(ADDRESS_MAC);
});

/**
 * Who holds a service address, and who takes it over (docs/protocols/cluster.md, "Service addresses"), as a member on
 * the wire sees it.
 */
import { expect, test } from "vitest";
import { ETHERTYPE_ARP, get16, parseArp } from "../../emulator/ether/packet.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { founded, HIGH, idBytes, LOW, nowMs, report, type Scene, SELF, TICK_MS } from "./agreement-scene.ts";
import { BYE, MEMBER } from "./cluster-wire.ts";

const HOLD = 8;
const RELEASE = 9;
const MOVE = 10;
const ADDRESS = [10, 0, 2, 50] as const;
const ADDRESS_MAC = [2, 0x51, ...ADDRESS];
const SAY_MS = 90;
/** So long a holder may be silent, for the first in the row, and for each member before one. */
const SILENCE_MS = 210;
const NEXT_MS = 110;
const PROBE_MS = 20;

interface Asked {
  readonly atMs: number;
  /** A request with the sender's address 0, or with its own. */
  readonly kind: "probe" | "announcement";
}

/** A node that holds the address, alone in its cluster, and what is heard of it. */
async function holding(): Promise<{ s: Scene; arp: Asked[]; said: (kind: number, fromMs?: number) => number[] }> {
  const s = await founded();
  const arp: Asked[] = [];
  s.lab.plug("listener").answer((frame) => {
    const packet = get16(frame, 12) === ETHERTYPE_ARP ? parseArp(frame.subarray(14)) : null;
    if (packet?.operation === 1 && packet.targetIp.every((byte, index) => byte === ADDRESS[index]))
      arp.push({ atMs: nowMs(s), kind: packet.senderIp.some((byte) => byte !== 0) ? "announcement" : "probe" });
    return [];
  });
  await s.node.waitFor(PROMPT);
  await s.node.enter(`cloud address add ${ADDRESS.join(".")} 255.255.255.0`, PROMPT);
  await s.node.waitFor(/10\.0\.2\.50 is here now/);
  const said = (kind: number, fromMs = 0): number[] =>
    s.wire
      .of(kind, fromMs)
      .filter(({ data }) => kind !== HOLD || data.subarray(128, 132).every((byte, index) => byte === ADDRESS[index]))
      .map(({ atMs }) => atMs);
  return { s, arp, said };
}

const speak = (s: Scene, id: string): void => s.wire.say({ ...report(id, 1, SELF), state: MEMBER });
const holds = (s: Scene, id: string): void =>
  s.wire.say({ ...report(id, 1, SELF), kind: HOLD, rest: Uint8Array.from(ADDRESS) });
function hands(s: Scene, kind: number, from: string, to: string): void {
  const rest = new Uint8Array(16);
  rest.set(idBytes(to));
  rest.set(ADDRESS, 8);
  s.wire.say({ ...report(from, 1, SELF), kind, rest });
}

/** The members go on to report for so long. */
async function live(s: Scene, ids: readonly string[], ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10) {
    if (left % 100 === 0) for (const id of ids) speak(s, id);
    await s.lab.advance("10ms");
  }
}

thoroughly("a holder says so every 90 ms, and nobody else is asked", async () => {
  const { s, arp, said } = await holding();
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

/** Whether one node is before another in the row for the address. */
function isBefore(one: string, other: string): boolean {
  const rank = (id: string): number => {
    const dword = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer).getUint32(at, true);
    const bytes = idBytes(id);
    const mixed = (value: number): number => {
      const product = Math.imul(value, 0x01000193);
      return (product << 7) | (product >>> 25);
    };
    const a = mixed(dword(bytes, 0)) ^ dword(bytes, 4);
    const h = Math.imul(mixed(a) ^ dword(Uint8Array.from(ADDRESS), 0), 0x01000193);
    return Math.imul(h ^ (h >>> 15), 0x85ebca6b) >>> 0;
  };
  return rank(one) < rank(other);
}

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

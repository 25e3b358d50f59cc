/** A node that holds a service address, among members on the wire (docs/protocols/cluster.md, "Service addresses"). */
import { ETHERTYPE_ARP, get16, parseArp } from "../../../emulator/ether/packet.ts";
import { PROMPT } from "../../system/images.ts";
import { founded, idBytes, nowMs, report, type Scene, SELF } from "./agreement-scene.ts";
import { MEMBER } from "./cluster-wire.ts";

export const [HOLD, RELEASE, MOVE] = [8, 9, 10] as const;
export const ADDRESS = [10, 0, 2, 50] as const;
export const SAY_MS = 90;
/** So long a holder may be silent, for the first in the row, and for each member before one. */
export const SILENCE_MS = 210;
export const NEXT_MS = 110;
export const PROBE_MS = 20;

interface Asked {
  readonly atMs: number;
  /** A request with the sender's address 0, or with its own. */
  readonly kind: "probe" | "announcement";
}

/** A node that holds the address, alone in its cluster, and what is heard of it. */
export async function holding(): Promise<{
  s: Scene;
  arp: Asked[];
  said: (kind: number, fromMs?: number) => number[];
}> {
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
export const holds = (s: Scene, id: string): void =>
  s.wire.say({ ...report(id, 1, SELF), kind: HOLD, rest: Uint8Array.from(ADDRESS) });
export function hands(s: Scene, kind: number, from: string, to: string): void {
  const rest = new Uint8Array(16);
  rest.set(idBytes(to));
  rest.set(ADDRESS, 8);
  s.wire.say({ ...report(from, 1, SELF), kind, rest });
}

/** The members go on to report for so long. */
export async function live(s: Scene, ids: readonly string[], ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10) {
    if (left % 100 === 0) for (const id of ids) speak(s, id);
    await s.lab.advance("10ms");
  }
}

/** Whether one node is before another in the row for the address. */
export function isBefore(one: string, other: string): boolean {
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

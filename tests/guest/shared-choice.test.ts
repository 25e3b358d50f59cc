/**
 * Whom the holder of a shared address hands its clients to (docs/protocols/address.md, "Shared addresses"): by the
 * number that is made of a member's id and the client's address, and as it did before.
 */
import { expect, test } from "vitest";
import { ETHERTYPE_IPV4, formatIpv4, get16, parseIpv4, parseIpv4Packet } from "../../emulator/ether/packet.ts";
import type { LabPlug } from "../../src/index.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { PROMPT } from "../system/images.ts";
import { idBytes, LOW, nowMs, report, type Scene, SELF, says, scene, TICK_MS, view } from "./agreement-scene.ts";
import { HELLO, MEMBER, REPORT, regionDigest, type Said } from "./cluster-wire.ts";
import { arp, udp } from "./packet-wire.ts";
import { regionOf, VALUES } from "./values-scene.ts";

const ERA = 5;
const HOLD = 8;
const ADDRESS = "10.0.2.50";
const ADDRESS_MAC = Uint8Array.of(2, 0x51, ...parseIpv4(ADDRESS));
const CLIENTS = 1024;
const SETTLE_MS = 1000;
const DOUBT_MS = 3000;
/** Members whose ids hold their MAC addresses (EUI-64); the first one coordinates. */
const HEAD = "525400fffe000060";
const [A, B, C] = ["525400fffe000070", "525400fffe000071", "525400fffe000072"];

const macOf = (id: string): string => Buffer.from([0, 1, 2, 5, 6, 7].map((at) => idBytes(id)[at]!)).toString("hex");

/** The finalizer of MurmurHash3. */
function mix(number: number): number {
  let h = number;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const word = (bytes: Uint8Array, at = 0): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
const seed = (id: string): number => mix(mix(word(idBytes(id))) ^ word(idBytes(id), 4));
const number = (id: string, client: string): number => mix(seed(id) ^ word(parseIpv4(client)));
/** Who serves a client, of these members. */
const serverOf = (ids: readonly string[], client: string): string =>
  ids.reduce((best, id) => (number(id, client) > number(best, client) ? id : best));
const placeOf = (client: string): number => mix(word(parseIpv4(client))) & (CLIENTS - 1);

const clientsOf = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `10.1.${(from + index) >> 8}.${(from + index) & 255}`);

class Holder {
  readonly s: Scene;
  readonly #plug: LabPlug;
  members: readonly string[];
  constructor(s: Scene, members: readonly string[]) {
    this.s = s;
    this.members = members;
    this.#plug = s.lab.plug("client");
  }

  /** All who serve. */
  get all(): string[] {
    return [SELF, HEAD, ...this.members];
  }

  /** The coordinator names the members, in as many views as that takes. */
  names(ids: readonly string[]): void {
    for (let from = 0; from < ids.length; from += 19)
      this.s.wire.say({ ...view(HEAD, ERA), members: ids.slice(from, from + 19) });
  }

  /** The members live for so long. */
  async live(ms: number): Promise<void> {
    const beatMs = ms > 10_000 ? 400 : 200;
    for (let left = ms; left > 0; left -= beatMs) {
      this.s.wire.say(view(HEAD, ERA));
      for (const id of this.members.slice(0, 4)) this.s.wire.say(report(id, ERA, HEAD));
      await this.s.lab.advance(`${Math.min(beatMs, left)}ms`);
    }
  }

  /** Whether it answers a client's datagram that comes to its own station: nobody listens at the port. */
  async answersItself(client: string): Promise<boolean> {
    const before = this.#plug.received.length;
    const mac = this.s.lab.cluster.macAddresses[0]!;
    this.#plug.send(arp({ operation: 1, sender: client, target: "10.0.2.15" })({ mac, address: ADDRESS }));
    await this.s.lab.advance("5ms");
    this.#plug.send(udp({ port: 9, data: Uint8Array.of(1) }, { from: client, to: ADDRESS })({ mac, address: ADDRESS }));
    await this.s.lab.advance("50ms");
    return this.#plug.received.slice(before).some((frame) => {
      const packet = get16(frame, 12) === ETHERTYPE_IPV4 ? parseIpv4Packet(frame.subarray(14)) : null;
      return packet?.protocol === 1 && formatIpv4(packet.source) === ADDRESS;
    });
  }

  /** Whom each client's datagram is handed to; SELF where to nobody. */
  async asks(clients: readonly string[]): Promise<Map<string, string>> {
    const served = new Map(clients.map((client) => [client, SELF]));
    const before = this.#plug.received.length;
    for (const client of clients) {
      const datagram = udp({ port: 9, data: Uint8Array.of(1, 2, 3) }, { from: client, to: ADDRESS });
      this.#plug.send(datagram({ mac: ADDRESS_MAC, address: ADDRESS }));
      await this.s.lab.advance("300us");
    }
    await this.s.lab.advance("2ms");
    const byMac = new Map(this.all.map((id) => [macOf(id), id]));
    for (const frame of this.#plug.received.slice(before)) {
      const packet = get16(frame, 12) === ETHERTYPE_IPV4 ? parseIpv4Packet(frame.subarray(14)) : null;
      if (packet && formatIpv4(packet.destination) === ADDRESS)
        served.set(formatIpv4(packet.source), byMac.get(Buffer.from(frame.subarray(0, 6)).toString("hex")) ?? "nobody");
    }
    return served;
  }
}

/** The node holds a shared address; HEAD coordinates, and these are members too. */
async function holding(members: readonly string[], holder: string | null = null): Promise<Holder> {
  const s = await scene();
  await says(s, HELLO);
  s.wire.say(view(HEAD, ERA));
  await says(s, REPORT);
  const h = new Holder(s, members);
  h.names(members);
  const region = regionOf({ [`address.${ADDRESS}`]: "255.255.255.0 shared" });
  const values = { number: 1, digest: regionDigest(region) };
  s.wire.say({ ...view(HEAD, ERA), kind: VALUES, state: MEMBER, rest: region, values } as Said);
  if (holder !== null)
    for (let time = 0; time < 20; time++) {
      s.wire.say({ ...report(holder, ERA, HEAD), kind: HOLD, rest: parseIpv4(ADDRESS) });
      await h.live(100);
    }
  const fromMs = nowMs(s);
  while (!s.node.console.text.includes(`${ADDRESS} is here now`)) {
    if (nowMs(s) - fromMs > 4000) throw new Error("the node does not take the address");
    await h.live(100);
  }
  return h;
}

const expected = (ids: readonly string[], clients: readonly string[]): Map<string, string> =>
  new Map(clients.map((client) => [client, serverOf(ids, client)]));

test("each client is served by the member with the highest number, and a member that comes gets a part of those that come", async () => {
  const h = await holding([A!, B!]);
  await h.live(SETTLE_MS + 400);
  // Each has a place of its own: who has none is not remembered.
  const first = [...new Map(clientsOf(60).map((client) => [placeOf(client), client])).values()];
  const served = await h.asks(first);
  expect(served).toEqual(expected(h.all, first));
  expect(new Set(served.values()).size).toBe(4);
  const before = h.all;
  h.members = [A!, B!, C!];
  h.names([C!]);
  const cameMs = nowMs(h.s);
  await h.live(SETTLE_MS - 200);
  // It may not know the address yet.
  expect(await h.asks(clientsOf(20, 100))).toEqual(expected(before, clientsOf(20, 100)));
  expect(nowMs(h.s) - cameMs).toBeLessThan(SETTLE_MS);
  await h.live(400);
  const later = clientsOf(40, 200);
  expect(await h.asks(later)).toEqual(expected(h.all, later));
  expect([...expected(h.all, later).values()]).toContain(C);
  // Those who were served before go where they went.
  expect(await h.asks(first)).toEqual(served);
});

thoroughly("who dies loses its clients, and nobody else any; who says that it is another is another", async () => {
  const h = await holding([A!, B!, C!]);
  await h.live(SETTLE_MS + 400);
  const clients = [...new Map(clientsOf(60).map((client) => [placeOf(client), client])).values()];
  const served = await h.asks(clients);
  expect(served).toEqual(expected(h.all, clients));
  h.s.wire.say({ ...report(B!, ERA, HEAD), kind: 4 });
  h.members = [A!, C!];
  await h.live(400);
  const rest = new Map(
    clients.map((client) => [client, served.get(client) === B ? serverOf(h.all, client) : served.get(client)!]),
  );
  expect(await h.asks(clients)).toEqual(rest);
  // Whom they came to then they stay with, when another comes.
  const next = "525400fffe000073";
  h.members = [A!, C!, next];
  h.names([next]);
  await h.live(SETTLE_MS + 400);
  expect(clients.some((client) => served.get(client) === B && serverOf(h.all, client) === next)).toBe(true);
  expect(await h.asks(clients)).toEqual(rest);
});

thoroughly("a client is remembered for five minutes after its last packet", async () => {
  const h = await holding([A!, B!]);
  await h.live(SETTLE_MS + 400);
  const before = h.all;
  h.members = [A!, B!, C!];
  const moving = clientsOf(400)
    .filter((client) => serverOf(h.all, client) === C)
    .slice(0, 3) as [string, string, string];
  expect(new Set(moving.map(placeOf)).size).toBe(3);
  const old = expected(before, moving);
  expect(await h.asks(moving)).toEqual(old);
  h.names([C!]);
  await h.live(2000);
  const [first, second, third] = moving;
  const askedMs = nowMs(h.s);
  expect(await h.asks(moving)).toEqual(old);
  await h.live(150_000);
  expect((await h.asks([first])).get(first)).toBe(old.get(first));
  await h.live(askedMs + 299_000 - nowMs(h.s));
  expect((await h.asks([second])).get(second)).toBe(old.get(second));
  await h.live(askedMs + 300_100 - nowMs(h.s));
  expect((await h.asks([third])).get(third)).toBe(C);
  expect((await h.asks([first])).get(first)).toBe(old.get(first));
});

thoroughly("a client whose place is another's is served by the computed member each time", async () => {
  const h = await holding([A!, B!]);
  await h.live(SETTLE_MS + 400);
  const before = h.all;
  h.members = [A!, B!, C!];
  const all = clientsOf(8000);
  const first = new Map<number, string>();
  let pair: [string, string] | null = null;
  for (const client of all) {
    const other = first.get(placeOf(client));
    if (other && serverOf(h.all, client) === C && serverOf(h.all, other) === C) pair ??= [other, client];
    if (!other) first.set(placeOf(client), client);
  }
  expect(await h.asks(pair!)).toEqual(expected(before, pair!));
  h.names([C!]);
  await h.live(SETTLE_MS + 400);
  const [kept, moved] = pair!;
  expect(await h.asks(pair!)).toEqual(
    new Map([
      [kept, serverOf(before, kept)],
      [moved, C!],
    ]),
  );
});

thoroughly("of more than 128 members those with the lowest ids serve", async () => {
  const many = Array.from({ length: 139 }, (_, index) => `525400fffe01${(0x1000 + index * 3).toString(16)}`);
  const h = await holding(many);
  await h.live(SETTLE_MS + 600);
  const clients = clientsOf(300);
  // The node itself, the coordinator, and 126 more.
  const serving = [SELF, HEAD, ...many.slice(0, 126)];
  expect(await h.asks(clients)).toEqual(expected(serving, clients));
});

thoroughly("a holder that has fallen silent is given no clients for three seconds by who takes its place", async () => {
  const h = await holding([A!, B!], LOW);
  const tookMs = nowMs(h.s);
  h.members = [A!, B!, LOW];
  const all = [...h.all];
  const without = all.filter((id) => id !== LOW);
  await h.live(400);
  expect(await h.asks(clientsOf(60))).toEqual(expected(without, clientsOf(60)));
  // Its death is not known: the coordinator goes on to name it.
  h.names([LOW]);
  await h.live(tookMs + DOUBT_MS + SETTLE_MS + 40 * TICK_MS - nowMs(h.s));
  const later = clientsOf(60, 300);
  expect(await h.asks(later)).toEqual(expected(all, later));
  expect([...expected(all, later).values()]).toContain(LOW);
});

for (const stop of ["cloud stop", "service stop cluster"])
  thoroughly(`after ${stop} a holder serves nobody any more, nor hands anybody on`, async () => {
    const h = await holding([A!, B!]);
    await h.live(SETTLE_MS + 400);
    const clients = clientsOf(20);
    const others = [...expected(h.all, clients)].filter(([, id]) => id !== SELF).length;
    const handed = async (): Promise<number> =>
      [...(await h.asks(clients)).values()].filter((id) => id !== SELF).length;
    expect(await handed()).toBe(others);
    await h.s.node.waitFor(PROMPT);
    await h.s.node.enter(stop, PROMPT);
    await h.live(1000);
    expect(await handed()).toBe(0);
    // A frame to its own station is for an address that it does not have.
    expect(await h.answersItself("10.0.2.130")).toBe(false);
  });

thoroughly("a member serves the address at its own station too, as long as it is a member", async () => {
  const h = await holding([A!, B!]);
  expect(await h.answersItself("10.0.2.130")).toBe(true);
});

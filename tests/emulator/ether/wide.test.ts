/** Home gateways as those who are behind and beyond them see them: who can speak to whom, by which port, how long. */
import { describe, expect, test } from "vitest";
import { internetChecksum } from "../../../emulator/ether/internet-checksum.ts";
import { get16, ipv4Bytes, parseIpv4, parseIpv4Packet } from "../../../emulator/ether/packet.ts";
import { NAT_KINDS, type NatKind } from "../../../emulator/ether/wide/translation.ts";
import { DigestVisitor } from "../../../emulator/state/digest.ts";
import { StateReader, StateWriter } from "../../../emulator/state/state-io.ts";
import { SECOND_NS, World } from "./wide-world.ts";

const PUBLIC = "198.51.100.7";
const WAIT_NS = 100e6;

/** Whether, after a station has spoken to host 1, these may speak to its port: host 1, its other port, host 2. */
const LETS: Readonly<Record<NatKind, readonly [boolean, boolean, boolean]>> = {
  "full-cone": [true, true, true],
  "address-restricted": [true, true, false],
  "port-restricted": [true, false, false],
  symmetric: [true, false, false],
};

describe.each(Object.keys(NAT_KINDS) as NatKind[])("%s", (kind) => {
  test("lets in whom it says, and by one port or several", () => {
    const world = new World();
    const station = world.site(kind, PUBLIC).station("192.168.1.100");
    const [first, second] = world.hosts as [(typeof world.hosts)[0], (typeof world.hosts)[0]];
    station.say(5000, "203.0.113.1:7000", "hello");
    world.pass(WAIT_NS);
    expect(first.heard).toMatchObject([{ from: `${PUBLIC}:5000`, to: "203.0.113.1:7000", text: "hello" }]);

    first.say(7000, `${PUBLIC}:5000`, "same port");
    first.say(7001, `${PUBLIC}:5000`, "other port");
    second.say(7000, `${PUBLIC}:5000`, "other host");
    world.pass(WAIT_NS);
    const texts = ["same port", "other port", "other host"].filter((_, index) => LETS[kind][index]);
    expect(station.heard.map(({ text }) => text)).toEqual(texts);

    station.say(5000, "203.0.113.2:7000", "hello too");
    world.pass(WAIT_NS);
    expect(second.heard[0]!.from === `${PUBLIC}:5000`).toBe(kind !== "symmetric");
  });
});

test("two stations with one port leave by two, and each hears its own answers", () => {
  const world = new World();
  const site = world.site("port-restricted", PUBLIC);
  const stations = [site.station("192.168.1.100"), site.station("192.168.1.101")];
  for (const station of stations) station.say(5000, "203.0.113.1:7000", station.address);
  world.pass(WAIT_NS);
  const [host] = world.hosts;
  expect(new Set(host!.heard.map(({ from }) => from)).size).toBe(2);
  for (const { from, text } of [...host!.heard]) host!.say(7000, from, text);
  world.pass(WAIT_NS);
  for (const station of stations) expect(station.heard.map(({ text }) => text)).toEqual([station.address]);
});

test.each([30, 120, 300])("a mapping of UDP lives for %i s after the last word from inside", (seconds) => {
  const world = new World();
  const station = world.site("full-cone", PUBLIC, { udpIdleNs: seconds * SECOND_NS }).station("192.168.1.100");
  station.say(5000, "203.0.113.1:7000", "hello");
  world.pass((seconds - 1) * SECOND_NS);
  world.hosts[0]!.say(7000, `${PUBLIC}:5000`, "in time");
  world.pass(2 * SECOND_NS);
  world.hosts[0]!.say(7000, `${PUBLIC}:5000`, "late");
  world.pass(WAIT_NS);
  expect(station.heard.map(({ text }) => text)).toEqual(["in time"]);
});

test("what a person forwards reaches its machine, and the DMZ gets the rest", () => {
  const world = new World();
  const to = { address: 0xc0a80164, port: 80 };
  const forwards = [{ protocol: "udp" as const, port: 8080, to, endsNs: Infinity }];
  const site = world.site("port-restricted", PUBLIC, { forwards, dmz: "192.168.1.101" });
  const [web, dmz] = [site.station("192.168.1.100"), site.station("192.168.1.101")];
  world.hosts[0]!.say(7000, `${PUBLIC}:8080`, "web");
  world.hosts[0]!.say(7000, `${PUBLIC}:9999`, "rest");
  world.pass(WAIT_NS);
  expect(web.heard).toMatchObject([{ from: "203.0.113.1:7000", to: "192.168.1.100:80", text: "web" }]);
  expect(dmz.heard).toMatchObject([{ to: "192.168.1.101:9999", text: "rest" }]);
  web.say(80, "203.0.113.1:7000", "answer");
  world.pass(WAIT_NS);
  expect(world.hosts[0]!.heard).toMatchObject([{ from: `${PUBLIC}:8080`, text: "answer" }]);
});

test.each([true, false])("its own public address leads back in, or nowhere (hairpin: %s)", (hairpin) => {
  const world = new World();
  const site = world.site("full-cone", PUBLIC, { hairpin });
  const [one, other] = [site.station("192.168.1.100"), site.station("192.168.1.101")];
  other.say(6000, "203.0.113.1:7000", "opens");
  one.say(5000, `${PUBLIC}:6000`, "neighbour");
  world.pass(WAIT_NS);
  expect(other.heard).toMatchObject(hairpin ? [{ from: `${PUBLIC}:5000`, text: "neighbour" }] : []);
});

test("a gateway that drops UDP lets none through, either way", () => {
  const world = new World();
  const to = { address: 0xc0a80164, port: 80 };
  const forwards = [{ protocol: "udp" as const, port: 8080, to, endsNs: Infinity }];
  const site = world.site("full-cone", PUBLIC, { forwards, dropsUdp: true });
  const station = site.station("192.168.1.100");
  station.say(5000, "203.0.113.1:7000", "out");
  world.hosts[0]!.say(7000, `${PUBLIC}:8080`, "in");
  world.pass(WAIT_NS);
  expect([station.heard, world.hosts[0]!.heard]).toEqual([[], []]);
});

test("equal private nets do not meet, and two gateways in a row translate twice", () => {
  const world = new World();
  const outer = world.site("full-cone", PUBLIC, { lanAddress: "192.168.0.1" });
  const inner = outer.behind("full-cone", "192.168.1.1", "192.168.0.2", "192.168.0.1").station("192.168.1.100");
  const elsewhere = world.site("full-cone", "198.51.100.8").station("192.168.1.100");
  inner.say(5000, "203.0.113.1:7000", "inner");
  elsewhere.say(5000, "203.0.113.1:7000", "elsewhere");
  world.pass(WAIT_NS);
  expect(world.hosts[0]!.heard.map(({ from, text }) => [from, text])).toEqual([
    [`${PUBLIC}:5000`, "inner"],
    ["198.51.100.8:5000", "elsewhere"],
  ]);
  world.hosts[1]!.say(1, `${PUBLIC}:5000`, "to the inner one");
  world.pass(WAIT_NS);
  expect(inner.heard.map(({ text }) => text)).toEqual(["to the inner one"]);
  expect(elsewhere.heard).toEqual([]);
});

test("an error on the way comes to whom it is about, with the packet as that sent it", () => {
  const world = new World();
  const station = world.site("symmetric", PUBLIC).station("192.168.1.100");
  station.say(5000, "203.0.113.1:7000", "hello");
  world.pass(WAIT_NS);
  // What host 1 got, quoted back by its own "port unreachable".
  const quoted = ipv4Bytes(
    {
      source: parseIpv4(PUBLIC),
      destination: parseIpv4("203.0.113.1"),
      protocol: 17,
      payload: Uint8Array.of(0x13, 0x88, 0x1b, 0x58, 0, 13, 0, 0),
    },
    1,
  );
  const payload = Uint8Array.of(3, 3, 0, 0, 0, 0, 0, 0, ...quoted);
  payload.set(
    [internetChecksum(payload, 0, payload.length) >> 8, internetChecksum(payload, 0, payload.length) & 0xff],
    2,
  );
  world.hosts[0]!.sendPacket(
    ipv4Bytes({ source: parseIpv4("203.0.113.1"), destination: parseIpv4(PUBLIC), protocol: 1, payload }, 9),
  );
  world.pass(WAIT_NS);
  expect(station.packets).toHaveLength(1);
  const error = parseIpv4Packet(station.packets[0]!)!;
  expect(internetChecksum(error.payload, 0, error.payload.length)).toBe(0);
  const inside = parseIpv4Packet(error.payload.slice(8))!;
  expect([...inside.source]).toEqual([192, 168, 1, 100]);
  expect(get16(inside.payload, 0)).toBe(5000);
});

test("the wide net keeps packets for its latency, loses some, and lets none through that lie about their sender", () => {
  const world = new World({ latencyNs: 150e6, lostPercent: 50 });
  const [one, other] = world.hosts as [(typeof world.hosts)[0], (typeof world.hosts)[0]];
  for (let count = 0; count < 100; count++) one.say(1, "203.0.113.2:2", `${count}`);
  world.pass(SECOND_NS);
  expect(other.heard.length).toBeGreaterThan(30);
  expect(other.heard.length).toBeLessThan(70);
  expect(other.heard[0]!.timeNs).toBeGreaterThan(150e6);
  const forged = ipv4Bytes(
    {
      source: parseIpv4("203.0.113.9"),
      destination: parseIpv4("203.0.113.2"),
      protocol: 99,
      payload: new Uint8Array(8),
    },
    1,
  );
  for (let count = 0; count < 20; count++) one.sendPacket(forged);
  world.pass(SECOND_NS);
  expect(other.packets).toEqual([]);
});

test("a public address that is given to somebody else leads there from then on", () => {
  const world = new World();
  const [one, other] = [world.site("full-cone", PUBLIC), world.site("full-cone", "198.51.100.8")];
  const [before, after] = [one.station("192.168.1.100"), other.station("192.168.1.100")];
  before.say(5000, "203.0.113.1:7000", "before");
  world.pass(WAIT_NS);
  world.wide.assign(other.place!, 0xc6336407);
  other.router.move(0xc6336407);
  after.say(5000, "203.0.113.1:7000", "after");
  world.pass(WAIT_NS);
  world.hosts[0]!.say(7000, `${PUBLIC}:5000`, "who?");
  world.pass(WAIT_NS);
  expect(before.heard).toEqual([]);
  expect(after.heard.map(({ text }) => text)).toEqual(["who?"]);
});

test("its state is all there is: what is saved goes on where it was", () => {
  const [world, again] = [new World(), new World()];
  const [site, copy] = [world, again].map((one) =>
    one.site("port-restricted", PUBLIC, { portMapping: { natPmp: true, pcp: true } }),
  );
  const [station, other] = [site!, copy!].map((one) => one.station("192.168.1.100"));
  station!.say(5000, "203.0.113.1:7000", "hello");
  station!.say(5001, "192.168.1.1:5351", Uint8Array.of(0, 1, 0, 0, 0x13, 0x89, 0x20, 0, 0, 0, 2, 0));
  world.pass(WAIT_NS);
  const writer = new StateWriter();
  world.network.visitState(writer);
  again.network.visitState(new StateReader(writer.result()));
  const digests = [world, again].map(({ network }) => {
    const visitor = new DigestVisitor();
    network.visitState(visitor);
    return visitor.digest();
  });
  expect(digests[0]).toBe(digests[1]);
  again.hosts[0]!.say(7000, `${PUBLIC}:5000`, "answer");
  again.pass(WAIT_NS);
  expect(other!.heard.map(({ text }) => text)).toEqual(["answer"]);
});

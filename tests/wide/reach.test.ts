/** Links whose place is a name, and links by TCP where a gateway drops UDP. */
import { afterAll, expect, test } from "vitest";
import { get16, parseIpv4 } from "../../emulator/ether/packet.ts";
import { LAN } from "../../emulator/ether/wide/home-router.ts";
import { addressNumber } from "../../emulator/ether/wide/wide-net.ts";
import { type ClientScene, TcpClients } from "../guest/net/tcp-clients.ts";
import { shared } from "../setup/shared.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import {
  DOOR_BY_TCP,
  delegateOf,
  FORWARDED,
  link,
  listen,
  MUTE,
  SERVICE,
  said,
  type World,
  worldOf,
} from "./worlds.ts";

const [NAMES, HUB, NOBODY, MOVED] = ["198.51.100.1", "198.51.100.2", "198.51.100.88", "198.51.100.77"] as const;
const open: World[] = [];

afterAll(() => {
  for (const { lab } of open) lab.close();
});

/** A name server, a hub whose door has a name there, and a den that nobody reaches. */
const named = shared(async (): Promise<World> => {
  const world = await worldOf([
    { name: "names", nodes: 1, forwards: [`udp:53:${SERVICE}:53`], portMapping: MUTE },
    { name: "hub", nodes: 1, forwards: [FORWARDED], portMapping: MUTE },
    { name: "den", nodes: 1, nat: "symmetric", portMapping: MUTE },
  ]);
  open.push(world);
  const names = delegateOf(world, "names");
  await said(names, "dns add example 600 SOA ns.example hostmaster.example 7 3600 600 86400 60");
  await said(names, "dns add example 600 NS ns.example");
  for (const address of ["224.0.0.1", NOBODY, HUB]) await said(names, `dns add door.example 5 A ${address}`);
  await said(names, "dns on");
  await said(delegateOf(world, "den"), `set dns.server ${NAMES}`);
  return world;
});

test("a name that has no address is said to have none, and is no link", async () => {
  const world = await named();
  expect(await link(world, "hub", "den", "none.example")).toContain("no address of none.example was found: ");
  expect(await said(delegateOf(world, "den"), "cloud link list")).toContain("linked with no other");
});

test("a name stands for its addresses at the join, and stays in the link", async () => {
  const world = await named();
  const den = delegateOf(world, "den");
  const { out } = listen(world, 2);
  expect(await link(world, "hub", "den", "door.example")).toContain("This cluster is linked with the cluster hub.");
  expect(out.filter((frame) => frame[23] === 17 && frame[30]! >= 224 && get16(frame, 36) === 20_819)).toEqual([]);
  expect(await said(den, "cloud get link.hub")).toContain("door.example 20819");
  await world.lab.advance("12s");
  expect(await said(den, "cloud link list")).toMatch(/^hub +\w{16} 198\.51\.100\.2:20819 +heard \d s ago$/m);
});

test("a name that leads elsewhere costs hellos, and moves nothing", async () => {
  const world = await named();
  const [names, den] = [delegateOf(world, "names"), delegateOf(world, "den")];
  await said(names, `dns add forged.example 5 A ${NOBODY}`);
  const value = /^\w{64}/m.exec((await said(den, "cloud get link.hub")).replace(/.*?(?=[0-9a-f]{64})/s, ""))![0];
  const { out } = listen(world, 2);
  const helloes = (): number => out.filter((frame) => frame[30] === 198 && frame[33] === 88).length;
  expect(await said(den, `cloud set link.hub "${value} forged.example 20819"`)).toContain("is set");
  await world.lab.advance("30s");
  expect(await said(den, "cloud link list")).toMatch(/^hub +\w{16} 198\.51\.100\.2:20819 +heard 1?\d s ago$/m);
  expect(helloes()).toBe(0);
  await said(den, `cloud set link.hub "${value} door.example 20819"`);
});

test("a door that has moved is found by its name, while the other cluster has none", async () => {
  const world = await named();
  const [names, den] = [delegateOf(world, "names"), delegateOf(world, "den")];
  world.lab.cluster.world!.move(1, addressNumber(MOVED));
  await world.lab.advance("60s");
  expect(await said(den, "cloud link list")).toMatch(/^hub .* silent, heard \d+ s ago$/m);
  await said(names, "dns del door.example");
  await said(names, `dns add door.example 5 A ${MOVED}`);
  await world.lab.advance("40s");
  expect(await said(den, "cloud link list")).toMatch(/^hub +\w{16} 198\.51\.100\.77:20819 +heard \d s ago$/m);
});

/** A hub with a door, a den whose gateway drops UDP, and an attic that no gateway leads anybody to. */
const deaf = shared(async (): Promise<World> => {
  const world = await worldOf([
    { name: "hub", nodes: 1, forwards: [FORWARDED, DOOR_BY_TCP], portMapping: MUTE },
    { name: "den", nodes: 2, dropsUdp: true, nat: "symmetric", portMapping: MUTE },
    { name: "attic", nodes: 1, nat: "symmetric", portMapping: MUTE },
  ]);
  open.push(world);
  return world;
});

const THERE = "198.51.100.1";

test("two clusters link and talk by TCP where a gateway drops UDP", async () => {
  const world = await deaf();
  const [hub, den] = [delegateOf(world, "hub"), delegateOf(world, "den")];
  expect(await link(world, "hub", "den", THERE)).toContain("This cluster is linked with the cluster hub.");
  await world.lab.advance("15s");
  expect(await said(den, "cloud link list")).toMatch(/^hub +\w{16} by TCP 198\.51\.100\.1 +heard \d s ago$/m);
  expect(await said(hub, "cloud clusters")).toMatch(/^den +2 .* by TCP 198\.51\.100\.2 +heard \d s ago$/m);
  expect(await said(hub, "cloud nodes --all")).toMatch(/den:\n( {2}qure-[23] +\w{16} revision \d+\n){2}/);
  expect(await said(den, "cloud nodes --all")).toMatch(/hub:\n {2}qure-1 +\w{16} revision \d+\n/);
});

const REACHED_BY_TCP = /^ {2}den sees 198\.51\.100\.1, and reached it by TCP \d+ s ago$/m;

test("who calls by TCP has reached the door, by TCP alone, and not the one that was called", async () => {
  const world = await deaf();
  const [hub, den] = [delegateOf(world, "hub"), delegateOf(world, "den")];
  await world.lab.advance("10s");
  const text = await said(hub, "cloud public");
  expect(text).toMatch(REACHED_BY_TCP);
  expect(text).toContain("nobody has reached the door by UDP: have 192.168.1.1 lead UDP port 20819");
  expect(await said(den, "cloud public")).toContain("hub sees 198.51.100.2, and has not reached it");
  await said(den, "cloud set dns.domain den.example");
  await world.lab.advance("3s");
  expect(await said(den, "host clusters.den.example")).toContain(THERE);
});

test("a member asks the delegate for names of the domain, and nobody for those that there are not", async () => {
  const world = await deaf();
  const den = delegateOf(world, "den");
  const other = world.nodesOf.get("den")!.find((node) => node !== den)!;
  expect(await said(other, "host clusters.den.example")).toContain(THERE);
  for (const node of [other, den]) {
    const fromNs = world.lab.nowNs;
    expect(await said(node, "host download.den.example")).toContain("download.den.example: not found");
    expect(world.lab.nowNs - fromNs).toBeLessThan(1e9);
  }
  const fromNs = world.lab.nowNs;
  expect(await said(den, "host den.example.org")).toContain("host: den.example.org:");
  expect(world.lab.nowNs - fromNs).toBeGreaterThan(1e9);
});

/** Where strangers are who speak by TCP to the first site's service address, and hear what it says to them. */
function outside(world: World): ClientScene {
  const plug = world.lab.plug("strangers");
  const heard = listen(world, 0);
  const scene: ClientScene = {
    facts: { mac: Uint8Array.of(2, 0x51, ...parseIpv4(SERVICE)), address: SERVICE },
    plug,
    lab: {
      advance: async (time) => {
        for (let left = Number.parseInt(String(time), 10); left > 0; left -= 10) {
          await world.lab.advance("10ms");
          for (const frame of heard.out.splice(0)) for (const answer of scene.answer(frame)) plug.send(answer);
        }
      },
    },
    answer: () => [],
  };
  return scene;
}

/** Of either direction. */
const connectionsOf = async (world: World, site: string): Promise<readonly string[]> =>
  (await said(delegateOf(world, site), "netstat")).match(/^tcp .*:20819 (?:\S+ )?ESTABLISHED/gm) ?? [];

/** What frames of TCP to the door carry. */
const carriedBy = (frames: readonly Uint8Array[]): string =>
  frames
    .filter((frame) => frame[23] === 6 && get16(frame, 36) === 20_819)
    .map((frame) => String.fromCharCode(...frame.subarray(34 + (frame[46]! >> 4) * 4, 14 + get16(frame, 16))))
    .join("");

test("strangers by TCP change nothing, whatever they say and however many they are", async () => {
  const world = await deaf();
  const between = listen(world, 0);
  await world.lab.advance("21s");
  const recorded = carriedBy(between.into);
  expect(recorded.length).toBeGreaterThan(130);
  const held = await connectionsOf(world, "hub");
  expect(held).toHaveLength(1);
  const scene = outside(world);
  const clients = new TcpClients(scene);
  const hello = `H\0QRWA\x01\x01${"\x01".repeat(66)}`;
  const sayings = ["GET / HTTP/1.0\r\n\r\n", "\0\0", "\xff\xff", "", "H", hello.repeat(9), recorded];
  const all = [];
  for (let turn = 0; turn < 42; turn++) {
    const client = await clients.open(`203.0.113.${turn + 1}`, 20_819);
    client.say(sayings[turn % sayings.length]!);
    all.push(client);
  }
  await scene.lab.advance("1000ms");
  expect(all.filter((client, turn) => turn % sayings.length < 3 && client.over === "")).toEqual([]);
  expect(all.filter(({ heard }) => heard.length === 18 && heard.startsWith("\x10\0QRWA")).length).toBeGreaterThan(0);
  // Nobody gets more than has come from there.
  for (const client of all) expect(client.heard.length).toBeLessThanOrEqual(9 * 18);
  const slow = all.filter(({ over }) => over === "");
  for (let second = 0; second < 12; second++) {
    for (const client of slow) if (client.over === "") client.say("\x01");
    await scene.lab.advance("1000ms");
  }
  expect(all.filter(({ over }) => over === "")).toEqual([]);
  expect(await said(delegateOf(world, "hub"), "cloud clusters")).toMatch(
    /^den +2 .* by TCP 198\.51\.100\.2 +heard \d+ s ago$/m,
  );
  expect(await connectionsOf(world, "hub")).toEqual(held);
  const strangers = async (): Promise<number> =>
    Number(
      /(\d+) {2}wide {3}of clusters that are not linked/.exec(await said(delegateOf(world, "hub"), "netstat -a"))![1],
    );
  const before = await strangers();
  const client = await clients.open("203.0.113.99", 20_819);
  for (let time = 0; time < 6; time++) client.say(hello.repeat(10));
  await scene.lab.advance("900ms");
  expect((await strangers()) - before).toBeLessThan(25);
  clients.end();
}, 60_000);

test("a connection that is cut is made anew, and a gateway that restarts is none the wiser", async () => {
  const world = await deaf();
  const { lab } = world;
  const before = await connectionsOf(world, "hub");
  lab.cluster.world!.setUp(1, false);
  await lab.advance("32s");
  expect(await connectionsOf(world, "hub")).toEqual([]);
  lab.cluster.world!.routers[1]!.reboot(lab.nowNs);
  lab.cluster.world!.setUp(1, true);
  await lab.advance("35s");
  expect(await said(delegateOf(world, "hub"), "cloud clusters")).toMatch(/^den +2 .* by TCP \S+ +heard 1?\d s ago$/m);
  const after = await connectionsOf(world, "hub");
  expect(after).toHaveLength(1);
  expect(after).not.toEqual(before);
});

thoroughly("who is linked by TCP speaks by a relay too", async () => {
  const world = await deaf();
  expect(await link(world, "hub", "attic", THERE)).toContain("linked with the cluster hub.");
  await world.lab.advance("10s");
  expect(await link(world, "den", "attic", "den@hub")).toContain("linked with the cluster den.");
  await world.lab.advance("25s");
  expect(await said(delegateOf(world, "attic"), "cloud clusters")).toMatch(/^den +2 .* by hub +heard 1?\d s ago$/m);
});

thoroughly("UDP that gets through again is gone back to, and TCP is there when it does not", async () => {
  const world = await deaf();
  const gateway = world.lab.cluster.world!.routers[1]!;
  const hub = delegateOf(world, "hub");
  gateway.dropsUdp = false;
  await world.lab.advance("35s");
  expect(await said(hub, "cloud clusters")).toMatch(/^den +2 .* 198\.51\.100\.2:\d+ +heard 1?\d s ago$/m);
  expect(await connectionsOf(world, "hub")).toEqual([]);
  gateway.dropsUdp = true;
  await world.lab.advance("60s");
  expect(await said(hub, "cloud clusters")).toMatch(/^den +2 .* by TCP 198\.51\.100\.2 +heard 1?\d s ago$/m);
  expect(await said(delegateOf(world, "den"), "cloud clusters")).toMatch(/^hub +1 .* by TCP \S+ +heard 1?\d s ago$/m);
});

test("whoever brings a link's packets by TCP is not taken for it, and proves no door", async () => {
  const world = await deaf();
  const [gateway, there] = [0, 1].map((site) => world.lab.cluster.world!.routers[site]!);
  there!.dropsUdp = false;
  await world.lab.advance("45s");
  const scene = outside(world);
  const withheld: string[] = [];
  const receive = gateway!.receive.bind(gateway);
  gateway!.receive = (port, timeNs, frame, transmit) => {
    const isDens = port !== LAN && frame[23] === 17 && frame[29] === 2;
    if (!isDens) return receive(port, timeNs, frame, transmit);
    withheld.push(String.fromCharCode(...frame.subarray(42, 6 + get16(frame, 38) + 28)));
  };
  for (let second = 0; second < 36; second++) await scene.lab.advance("1000ms");
  const clients = new TcpClients(scene);
  const client = await clients.open("203.0.113.44", 20_819);
  const packet = withheld.at(-1)!;
  client.say(`${String.fromCharCode(packet.length, 0)}${packet}`);
  await scene.lab.advance("500ms");
  // It is believed, and asked where it comes from; what is asked comes back from there, but not an answer.
  expect(client.heard).toMatch(/^H\0QRWA\x01\x01/);
  client.say(client.heard);
  await scene.lab.advance("500ms");
  const hub = delegateOf(world, "hub");
  expect(await said(hub, "cloud public")).not.toContain("by TCP");
  expect(await said(hub, "cloud clusters")).toMatch(/^den +2 .* 198\.51\.100\.2:\d+ +heard \d s ago$/m);
  clients.end();
  gateway!.receive = receive;
});

thoroughly("the delegate dies, and the next one calls by TCP", async () => {
  const world = await deaf();
  world.lab.cluster.world!.routers[1]!.dropsUdp = true;
  await world.lab.advance("60s");
  delegateOf(world, "den").powerOff();
  await world.lab.advance("60s");
  expect(await said(delegateOf(world, "hub"), "cloud clusters")).toMatch(/^den +1 .* by TCP \S+ +heard 1?\d s ago$/m);
  expect(await connectionsOf(world, "hub")).toHaveLength(1);
});

thoroughly("two that call each other agree on one connection, which lasts", async () => {
  const doors = [DOOR_BY_TCP];
  const world = await worldOf([
    { name: "hub", nodes: 1, forwards: doors, portMapping: MUTE },
    { name: "den", nodes: 1, forwards: doors, portMapping: MUTE, dropsUdp: true },
  ]);
  open.push(world);
  expect(await link(world, "hub", "den", THERE)).toContain("linked with the cluster hub.");
  await world.lab.advance("30s");
  world.lab.cluster.world!.setUp(1, false);
  await world.lab.advance("60s");
  world.lab.cluster.world!.setUp(1, true);
  await world.lab.advance("60s");
  const there = await connectionsOf(world, "hub");
  expect(there).toHaveLength(1);
  await world.lab.advance("60s");
  expect(await connectionsOf(world, "hub")).toEqual(there);
  for (const site of ["hub", "den"])
    expect(await said(delegateOf(world, site), "cloud link list")).toMatch(
      / by TCP 198\.51\.100\.\d +heard 1?\d s ago$/m,
    );
});

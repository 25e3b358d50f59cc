/** Further addresses of an interface, fixed addresses that are probed, the user's routes, and forwarding. */
import { expect, test } from "vitest";
import { formatMac, get16 } from "../../../emulator/ether/packet.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { withAddress } from "../../system/booted.ts";
import { PROMPT } from "../../system/images.ts";
import { output } from "../../system/output.ts";
import { arp, echo, filler, icmp, PacketScene, PEER, PEER_MAC, tcp } from "./packet-wire.ts";

const PING = echo(7, 1, filler(8));
const SHARED_MAC = Uint8Array.of(2, 0x51, 0x52, 0, 0, 1);
const SHARED = formatMac(SHARED_MAC);

async function scene(): Promise<PacketScene> {
  const lab = await withAddress();
  return new PacketScene(lab);
}

test("a further address is probed three times, announced twice, and answered for", async () => {
  const s = await scene();
  await s.node.enter("ifconfig eth0 add 10.0.2.60 255.255.255.0", PROMPT);
  await s.lab.advance("3s");
  expect(s.seen.filter((row) => row.startsWith("arp"))).toEqual([
    "arp 0.0.0.0 asks for 10.0.2.60",
    "arp 0.0.0.0 asks for 10.0.2.60",
    "arp 0.0.0.0 asks for 10.0.2.60",
    "arp 10.0.2.60 asks for 10.0.2.60",
  ]);
  const own = formatMac(s.facts.mac);
  const cases = [
    { send: [arp({ operation: 1, target: "10.0.2.60" })], replies: [`arp 10.0.2.60 is at ${own}`] },
    { send: [icmp(PING, { to: "10.0.2.60" })], replies: ["icmp 10.0.2.60 > 10.0.2.77 echo reply id 7 seq 1 8 bytes"] },
    { send: [icmp(PING)], replies: ["icmp NODE > 10.0.2.77 echo reply id 7 seq 1 8 bytes"] },
    {
      send: [tcp({ port: 80, flags: 2 }, { to: "10.0.2.60" })],
      replies: ["tcp 10.0.2.60 > 10.0.2.77 80 > 6000 S. ack 1"],
    },
    { send: [icmp(PING, { from: "10.0.2.60" })], counts: ["ip impossible source address"] },
  ];
  for (const one of cases) expect(await s.run({ name: "", ...one })).toEqual([]);
  await s.node.enter("ifconfig eth0 del 10.0.2.60", PROMPT);
  expect(await s.run({ name: "", send: [arp({ operation: 1, target: "10.0.2.60" })] })).toEqual([]);
  expect(
    await s.run({ name: "", send: [icmp(PING, { to: "10.0.2.60" })], counts: ["ip not for this machine"] }),
  ).toEqual([]);
});

thoroughly("an address with its own MAC address is heard and answered from there", async () => {
  const s = await scene();
  const toShared = { to: "10.0.2.61", mac: SHARED_MAC };
  expect(await s.run({ name: "", send: [icmp(PING, toShared)] })).toEqual([]);
  await s.node.enter(`ifconfig eth0 add 10.0.2.61 255.255.255.0 ${SHARED}`, PROMPT);
  await s.lab.advance("3s");
  const cases = [
    { send: [arp({ operation: 1, target: "10.0.2.61" })], replies: [`arp 10.0.2.61 is at ${SHARED}`] },
    { send: [icmp(PING, toShared)], replies: ["icmp 10.0.2.61 > 10.0.2.77 echo reply id 7 seq 1 8 bytes"] },
    { send: [tcp({ port: 80, flags: 2 }, toShared)], replies: ["tcp 10.0.2.61 > 10.0.2.77 80 > 6000 S. ack 1"] },
  ];
  for (const one of cases) {
    expect(await s.run({ name: "", ...one })).toEqual([]);
    expect(formatMac(s.frames[0]!.slice(6, 12))).toBe(SHARED);
  }
  await s.node.enter("ifconfig", new RegExp(`further 10\\.0\\.2\\.61 mask 255\\.255\\.255\\.0 MAC ${SHARED}`, "i"));
  // Another machine says that it has the address: it is defended once in ten seconds.
  await s.lab.advance("10s");
  const claim = arp({ operation: 1, sender: "10.0.2.61", target: "10.0.2.61" });
  const defence = ["arp 10.0.2.61 asks for 10.0.2.61"];
  const counts = ["arp address conflicts seen"];
  expect(await s.run({ name: "", send: [claim], replies: defence, counts })).toEqual([]);
  expect(await s.run({ name: "", send: [claim], counts })).toEqual([]);
  await s.node.enter("ifconfig eth0 del 10.0.2.61", PROMPT);
  expect(await s.run({ name: "", send: [icmp(PING, toShared)] })).toEqual([]);
});

thoroughly("an address that another machine has is not taken", async () => {
  const s = await scene();
  await s.node.enter(`ifconfig eth0 add ${PEER} 255.255.255.0`, /ifconfig: .*exists/i);
});

test("nor one that is not of one machine, by its own mask or in the network of the interface", async () => {
  const s = await scene();
  const refused: readonly (readonly [line: string, said: string])[] = [
    ["add 10.0.2.255 255.255.255.0", "10.0.2.255 is the broadcast address of its network"],
    ["add 10.0.2.255 255.0.0.0", "10.0.2.255 is the broadcast address of its network"],
    ["add 10.0.2.255 255.255.255.255", "10.0.2.255 is the broadcast address of its network"],
    ["add 10.7.255.255 255.255.0.0", "10.7.255.255 is the broadcast address of its network"],
    ["add 10.0.2.0 255.255.255.0", "10.0.2.0 is a network, not a machine in it"],
    ["10.7.0.255 255.255.255.0", "10.7.0.255 is the broadcast address of its network"],
    ["10.7.0.0 255.255.255.0", "10.7.0.0 is a network, not a machine in it"],
  ];
  for (const [line, said] of refused)
    expect(await output(s.node, `ifconfig eth0 ${line}`), line).toBe(`ifconfig: ${said}\n`);
  expect(await output(s.node, "ifconfig eth0 add 10.9.0.1 255.255.255.255")).toBe("");
  expect(await output(s.node, "ifconfig eth0 del 10.9.0.1; ifconfig eth0 add 10.9.0.1 255.255.255.254")).toBe("");
  expect(await output(s.node, "ifconfig eth0 del 10.9.0.1; ifconfig eth0 add 1")).toContain(" | del ADDRESS]]");
  expect(await s.run({ name: "", send: [icmp(PING, { to: PEER })], counts: ["ip not for this machine"] })).toEqual([]);
  await s.node.enter(`ifconfig eth0 ${PEER} 255.255.255.0`, new RegExp(`another machine uses ${PEER}`));
  await s.node.enter("ifconfig", /no address/);
});

test("where a subnet has two addresses neither is that of all (RFC 3021)", async () => {
  const s = await scene();
  await s.node.enter("ifconfig eth0 10.0.2.76 255.255.255.254", PROMPT);
  await s.lab.advance("3s");
  const ping = icmp(PING, { to: "10.0.2.76" });
  expect(
    await s.run({ name: "", send: [ping], replies: ["icmp 10.0.2.76 > 10.0.2.77 echo reply id 7 seq 1 8 bytes"] }),
  ).toEqual([]);
  expect([...s.frames[0]!.slice(0, 6)]).toEqual([...PEER_MAC]);
});

test("a route leads to its gateway, the longest mask first", async () => {
  const s = await scene();
  await s.node.enter("route add 192.168.0.0 255.255.0.0 10.0.2.78", PROMPT);
  await s.node.enter("route add 192.168.9.0 255.255.255.0 10.0.2.79", PROMPT);
  await s.node.enter("route add 192.168.9.0 255.255.255.0 10.0.2.79", /route: /);
  await s.node.enter("route add 10.9.0.0 255.255.0.0 10.8.0.1", /route: /);
  await s.node.enter("route", /192\.168\.0\.0 mask 255\.255\.0\.0 by 10\.0\.2\.78 on eth0/);
  await s.node.enter("arp", PROMPT);
  await s.node.enter("ping -c 1 192.168.1.1", /no reply/);
  await s.node.enter("arp", /10\.0\.2\.78 is at 02:00:00:00:00:77/i);
  await s.node.enter("ping -c 1 192.168.9.1", /no reply/);
  await s.node.enter("arp", /10\.0\.2\.79 is at 02:00:00:00:00:77/i);
  expect(s.seen.filter((row) => row.startsWith("icmp"))).toEqual([
    expect.stringMatching(/> 192\.168\.1\.1 echo id/),
    expect.stringMatching(/> 192\.168\.9\.1 echo id/),
  ]);
  await s.node.enter("route del 192.168.9.0 255.255.255.0", PROMPT);
  await s.node.enter("route del 192.168.9.0 255.255.255.0", /route: /);
});

test("packets for others are sent on when the user says so, and only then", async () => {
  const s = await scene();
  const on = icmp(PING, { from: "10.0.2.79", to: "10.0.2.78" });
  expect(await s.run({ name: "", send: [on], counts: ["ip not for this machine"] })).toEqual([]);
  await s.node.enter("route forward on", PROMPT);
  const forwarded = "icmp 10.0.2.79 > 10.0.2.78 echo id 7 seq 1 8 bytes";
  expect(
    await s.run({ name: "", send: [on], replies: [forwarded], counts: ["ip packets sent on for others"] }),
  ).toEqual([]);
  const [sent] = s.frames;
  expect([...sent!.slice(0, 6)]).toEqual([...PEER_MAC]);
  expect({ ttl: sent![22], id: get16(sent!, 18) }).toEqual({ ttl: 63, id: 1 });
  const cases = [
    {
      send: [icmp(PING, { to: "10.0.2.78", ttl: 1 })],
      replies: ["icmp NODE > 10.0.2.77 TTL exceeded, quoting 28 bytes"],
    },
    {
      send: [icmp(PING, { to: "10.0.2.250" }), 3200],
      replies: ["arp*", "arp*", "arp*", "icmp NODE > 10.0.2.77 no host, quoting 28 bytes"],
    },
    { send: [icmp(PING, { to: "169.254.1.1" })], counts: ["ip not for this machine"] },
    { send: [icmp(PING, { to: "224.0.0.9" })], counts: ["ip not for this machine"] },
  ];
  for (const one of cases) expect(await s.run({ name: "", ...one })).toEqual([]);
  await s.node.enter("route forward off", PROMPT);
  expect(await s.run({ name: "", send: [on], counts: ["ip not for this machine"] })).toEqual([]);
});

/** What passes in everyday traffic, and what is dropped below IP, is counted as `netstat -a` says. */
import { expect, test } from "vitest";
import { BROADCAST_MAC, ETHERTYPE_IPV4, ethernetFrame, get16 } from "../../../emulator/ether/packet.ts";
import { shared } from "../../setup/shared.ts";
import { withAddress } from "../../system/booted.ts";
import { boot, CLOUD, images, PROMPT } from "../../system/images.ts";
import { outputAmong } from "../../system/output.ts";
import { answerBytes, asked, nameBytes, nodeThatAsks } from "./dns-wire.ts";
import {
  echo,
  filler,
  icmp,
  icmpBytes,
  ip,
  join,
  type PacketCase,
  PacketScene,
  PEER,
  tcp,
  udp,
} from "./packet-wire.ts";

const DNS_PORT = 53;
const scene = shared(nodeThatAsks);

/** The peer answers pings, and questions for names with its address. */
function answers(frame: Uint8Array, { facts }: PacketScene): Uint8Array[] {
  if (get16(frame, 12) !== ETHERTYPE_IPV4) return [];
  const data = frame.subarray(34, 14 + get16(frame, 16));
  if (frame[23] === 1 && data[0] === 8) return [icmp(icmpBytes(0, 0, [...data.subarray(4, 8)], data.slice(8)))(facts)];
  if (frame[23] !== 17 || get16(data, 2) !== DNS_PORT) return [];
  const said = answerBytes(data.slice(8), [{ name: asked(data.slice(8)).name, type: 1, data: [10, 0, 2, 77] }]);
  return [udp({ source: DNS_PORT, port: get16(data, 0), data: said })(facts)];
}

type Row = readonly [name: string, act: (s: PacketScene) => Promise<unknown>, counts: Readonly<Record<string, number>>];

const type = (line: string) => (s: PacketScene) => outputAmong(s.node, line);
const send = (frame: Parameters<typeof sent>[0]) => (s: PacketScene) => sent(frame, s);
async function sent(frame: (facts: PacketScene["facts"]) => Uint8Array, s: PacketScene): Promise<void> {
  s.plug.send(frame(s.facts));
  await s.lab.advance("20ms");
}

const SYN = 2;
const QUESTION = join([0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], nameBytes("x.counted"), [0, 1, 0, 1]);

const ROWS: readonly Row[] = [
  [
    "an echo request",
    send(icmp(echo(1, 1, filler(8)))),
    { "icmp messages received": 1, "icmp echo requests answered": 1 },
  ],
  [
    "an echo reply to a ping",
    type(`ping -c 1 ${PEER}`),
    { "icmp messages received": 1, "icmp echo replies received": 1 },
  ],
  [
    "a neighbour that does not answer",
    async (s) => {
      await type("ping -c 1 10.0.2.99")(s);
      await s.lab.advance("4s");
    },
    { "arp requests sent": 3 },
  ],
  [
    "a name that is asked for",
    type("host counted.example"),
    { "dns questions asked": 1, "dns answers to them": 1, "udp datagrams sent": 1 },
  ],
  [
    "a name that is known already",
    async (s) => {
      await type("host known.example")(s);
      await type("host known.example")(s);
    },
    { "dns names that were known": 1, "dns questions asked": 1 },
  ],
  [
    "a question to the node",
    async (s) => {
      await type("dns on")(s);
      await send(udp({ port: DNS_PORT, data: QUESTION }))(s);
      await type("dns off")(s);
    },
    { "dns questions to us": 1 },
  ],
  ["a segment", send(tcp({ port: 4, flags: SYN })), { "tcp segments received": 1, "tcp connections opened": 0 }],
  ["a connection of the node's own", type(`nc ${PEER} 4`), { "tcp connections opened": 1 }],
  [
    "a router that asks for groups",
    async (s) => {
      const query = ip({
        protocol: 2,
        payload: Uint8Array.of(0x11, 1, 0xee, 0xfe, 0, 0, 0, 0),
        to: "224.0.0.1",
        mac: Uint8Array.of(1, 0, 0x5e, 0, 0, 1),
      });
      await send(query)(s);
      await s.lab.advance("200ms");
    },
    // The cluster's and that of mDNS.
    { "igmp reports sent": 2 },
  ],
  [
    "a frame of the node's own that comes back",
    send(({ mac }) => ethernetFrame(BROADCAST_MAC, mac, 0x88cc, filler(46))),
    { "ether own frames that came back": 1 },
  ],
  [
    "a frame for an interface that is down",
    async (s) => {
      await type("ifconfig eth0 down")(s);
      await send(({ mac }) => ethernetFrame(BROADCAST_MAC, Uint8Array.from(mac).fill(2), 0x88cc, filler(46)))(s);
      await type("ifconfig eth0 up")(s);
    },
    { "ether frames while the interface was down": 1 },
  ],
  [
    "a packet that there is no memory for",
    async (s) => {
      // One of the first allocations of a ping is that of its packet.
      for (let number = 1; number <= 8; number++)
        if (/packet_make/.test(await outputAmong(s.node, `mem fail ${number}; ping -c 1 ${PEER}; mem fail`))) return;
    },
    { "packets not built: out of memory": 1 },
  ],
  [
    "an address that is asked for",
    async (s) => {
      await type("zconf")(s);
      await s.lab.advance("5s");
    },
    { "dhcp messages sent": 2, "dhcp messages accepted": 2 },
  ],
  [
    "what has no way",
    async (s) => {
      await type("ifconfig eth0 down")(s);
      await type("ping -c 1 8.8.8.8")(s);
      await type("ifconfig eth0 up")(s);
    },
    { "ip packets without a route": 1 },
  ],
];

test.each(ROWS)("%s is counted", async (_name, act, wanted) => {
  const s = await scene();
  s.answer = (frame) => answers(frame, s);
  const before = s.counts.read();
  await act(s);
  const after = s.counts.read();
  const rises = Object.keys(wanted).map((count) => [count, after.get(count)! - before.get(count)!]);
  expect(Object.fromEntries(rises)).toEqual(wanted);
});

test("what a machine says to itself while the network stands still waits up to a bound, and more is counted", async () => {
  const s = new PacketScene(await withAddress());
  await s.node.enter("service stop network", PROMPT);
  for (let ping = 0; ping < 4; ping++) await s.node.enter("ping -c 70 127.0.0.1 &", PROMPT);
  await s.lab.advance("75s");
  expect(s.counts.read().get("ip packets to this machine itself dropped: too many wait")).toBe(4 * 70 - 256);
});

test("frames for others, which a card with one address lets through when it is to have two, are counted", async () => {
  const lab = boot({ nodes: [{ cdrom: images().iso, nic: "rtl8139" }] });
  const node = lab.nodes[0]!;
  await node.waitFor(CLOUD, { within: "20s" });
  await node.waitFor(PROMPT);
  await lab.advance("5s");
  const s = new PacketScene(lab);
  const stray: PacketCase = { name: "", send: [icmp(echo(1, 1, filler(8)), { mac: Uint8Array.of(2, 0, 0, 0, 0, 9) })] };
  const counted = "ether frames for another machine";
  const count = (): number => s.counts.read().get(counted)!;
  expect(await s.run(stray)).toEqual([]);
  expect(count()).toBe(0);
  await node.enter("ifconfig eth0 add 10.0.2.60 255.255.255.0 02:51:52:00:00:01", PROMPT);
  await lab.advance("3s");
  expect(await s.run({ ...stray, counts: [counted] })).toEqual([]);
  expect(count()).toBe(1);
});

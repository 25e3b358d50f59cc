/**
 * What a packet does, by the RFC that says so: each case is for one node that goes on from the case before
 * (packet-wire.ts).
 */
import { BROADCAST_MAC, ethernetFrame } from "../../emulator/ether/packet.ts";
import { FRAGMENT_CASES } from "./fragment-cases.ts";
import { groupMac } from "./igmp-wire.ts";
import {
  arp,
  echo,
  type Frame,
  filler,
  icmp,
  icmpBytes,
  ip,
  join,
  type PacketCase,
  PEER,
  PEER_MAC,
  tcp,
  udp,
} from "./packet-wire.ts";

const PING = echo(7, 1, filler(56));
const PONG = "icmp NODE > 10.0.2.77 echo reply id 7 seq 1 56 bytes";
const REQUEST = 1;
const REPLY = 2;
const NOBODY = "10.0.2.200";
const UNUSED_PORT = 4000;
const NO_PORT = "icmp NODE > 10.0.2.77 no port, quoting 28 bytes";
const UDP = 17;
const MALFORMED = ["ip malformed"] as const;

const ETHERNET: readonly PacketCase[] = [
  {
    name: "a frame of an unknown type is counted",
    send: [({ mac }) => ethernetFrame(mac, PEER_MAC, 0x86dd, filler(40))],
    counts: ["ether frames of unknown type"],
  },
  {
    name: "a frame whose type is a length (IEEE 802.3) is counted",
    send: [({ mac }) => ethernetFrame(mac, PEER_MAC, 46, filler(46))],
    counts: ["ether frames of unknown type"],
  },
  {
    name: "a packet in a frame to all, but for one machine, is not taken (RFC 1122, 3.3.6)",
    send: [icmp(PING, { mac: BROADCAST_MAC })],
    counts: ["ip not for this machine"],
  },
];

const ARP: readonly PacketCase[] = [
  { name: "a request is answered", send: [arp({ operation: REQUEST })], replies: ["arp NODE is at *"] },
  {
    name: "a request to this machine alone is answered",
    send: [(node) => arp({ operation: REQUEST, mac: node.mac })(node)],
    replies: ["arp NODE is at *"],
  },
  {
    name: "a probe (sender 0.0.0.0) is answered (RFC 5227, 2.1.1)",
    send: [arp({ operation: REQUEST, sender: "0.0.0.0" })],
    replies: ["arp NODE is at *"],
  },
  { name: "a request for another machine is not answered", send: [arp({ operation: REQUEST, target: NOBODY })] },
  { name: "a request for 0.0.0.0 is not answered", send: [arp({ operation: REQUEST, target: "0.0.0.0" })] },
  { name: "a reply is not answered", send: [arp({ operation: REPLY })] },
  ...(
    [
      ["hardware other than Ethernet", 1, 6],
      ["a protocol other than IPv4", 2, 0x86],
      ["hardware addresses of five bytes", 4, 5],
      ["hardware addresses of 255 bytes", 4, 255],
      ["protocol addresses of sixteen bytes", 5, 16],
      ["protocol addresses of no byte", 5, 0],
      ["operation 0", 7, 0],
      ["operation 3 (RARP)", 7, 3],
      ["operation 256", 6, 1],
      ["a group as the sender's MAC address", 8, 1],
      ["a group as the sender", 14, 224],
      ["loopback as the sender", 14, 127],
      ["an address of network 0 as the sender", 14, 0],
    ] as const
  ).map(([what, at, value]) => ({
    name: `ARP with ${what} is malformed`,
    send: [
      arp({
        operation: REQUEST,
        change: (bytes) => {
          bytes[at] = value;
          return bytes;
        },
      }),
    ],
    counts: ["arp malformed"],
  })),
];

const IPV4: readonly PacketCase[] = [
  { name: "an echo request is answered", send: [icmp(PING)], replies: [PONG] },
  ...[0, 5, 6, 15].map((version) => ({
    name: `version ${version} is malformed`,
    send: [icmp(PING, { version: (version << 4) | 5 })],
    counts: MALFORMED,
  })),
  ...[0, 1, 2, 3, 4].map((words) => ({
    name: `a header of ${words} words is malformed`,
    send: [icmp(PING, { version: 0x40 | words })],
    counts: MALFORMED,
  })),
  {
    name: "a header longer than the packet is malformed",
    send: [icmp(PING, { length: 20, version: 0x4f })],
    counts: MALFORMED,
  },
  ...[0, 1, 19].map((length) => ({
    name: `a total length of ${length} is malformed`,
    send: [icmp(PING, { length })],
    counts: MALFORMED,
  })),
  ...[85, 200, 1500, 65535].map((length) => ({
    name: `a total length of ${length} in a frame of 84 bytes is malformed`,
    send: [icmp(PING, { length })],
    counts: MALFORMED,
  })),
  {
    name: "bytes after the packet are none of it",
    send: [icmp(join(PING, filler(20)), { length: 84 })],
    replies: [PONG],
  },
  {
    name: "a total length that cuts the message makes its checksum wrong",
    send: [icmp(PING, { length: 83 })],
    counts: ["icmp malformed or wrong checksum"],
  },
  {
    name: "a wrong header checksum is counted",
    send: [icmp(PING, { badChecksum: true })],
    counts: ["ip wrong checksum"],
  },
  { name: "TTL 1 is enough for this machine", send: [icmp(PING, { ttl: 1 })], replies: [PONG] },
  { name: "TTL 0 is taken too (RFC 1122, 3.2.1.7)", send: [icmp(PING, { ttl: 0 })], replies: [PONG] },
  {
    name: "a packet for another machine is not taken",
    send: [icmp(PING, { to: NOBODY })],
    counts: ["ip not for this machine"],
  },
  ...["127.0.0.1", "127.9.9.9", "224.0.0.1", "239.1.2.3", "255.255.255.255", "240.0.0.1", "0.0.0.0", "0.1.2.3"].map(
    (from) => ({
      name: `source ${from} is impossible (RFC 1122, 3.2.1.3)`,
      send: [icmp(PING, { from })],
      counts: ["ip impossible source address"],
    }),
  ),
  {
    name: "the subnet's broadcast address as the source is impossible",
    send: [icmp(PING, { from: "10.0.2.255" })],
    counts: ["ip impossible source address"],
  },
  {
    name: "our own address as the source is impossible",
    send: [(node) => icmp(PING, { from: node.address })(node)],
    counts: ["ip impossible source address"],
  },
  {
    name: "127.0.0.1 never comes from a wire",
    send: [icmp(PING, { to: "127.0.0.1" })],
    counts: ["ip not for this machine"],
  },
  { name: "0.0.0.0 is nobody's address", send: [icmp(PING, { to: "0.0.0.0" })], counts: ["ip not for this machine"] },
  {
    name: "an address of class E is not ours",
    send: [icmp(PING, { to: "240.0.0.1" })],
    counts: ["ip not for this machine"],
  },
  {
    name: "a group that nobody joined is not taken",
    send: [icmp(PING, { to: "224.0.0.250", mac: groupMac("224.0.0.1") })],
    counts: ["ip not for this machine"],
  },
  ...[3, 4, 5, 8, 33, 41, 47, 50, 51, 58, 89, 103, 112, 132, 136, 253, 254, 255].map((protocol) => ({
    name: `protocol ${protocol} is refused (RFC 1122, 3.2.2.1)`,
    send: [ip({ protocol, payload: filler(40) })],
    replies: ["icmp NODE > 10.0.2.77 no protocol, quoting 28 bytes"],
    counts: ["ip unknown protocol", "icmp errors sent"],
  })),
  {
    name: "a refusal quotes no more than there was",
    send: [ip({ protocol: 99, payload: filler(3) })],
    replies: ["icmp NODE > 10.0.2.77 no protocol, quoting 23 bytes"],
  },
  {
    name: "a refusal quotes the options too",
    send: [ip({ protocol: 99, payload: filler(30), options: [1, 1, 1, 1] })],
    replies: ["icmp NODE > 10.0.2.77 no protocol, quoting 32 bytes"],
  },
  {
    name: "nothing is refused that was sent to all",
    send: [ip({ protocol: 99, payload: filler(30), to: "255.255.255.255", mac: BROADCAST_MAC })],
  },
  {
    name: "nothing is refused that was sent to the subnet's broadcast address",
    send: [ip({ protocol: 99, payload: filler(30), to: "10.0.2.255", mac: BROADCAST_MAC })],
  },
  {
    name: "nothing is refused that was sent to a group",
    send: [ip({ protocol: 99, payload: filler(30), to: "224.0.0.1", mac: groupMac("224.0.0.1") })],
  },
];

/** Options whose bytes follow each other as they say, and such that lie. */
const OPTIONS: readonly PacketCase[] = [
  ...(
    [
      ["no operation", [1, 1, 1, 1]],
      ["an end", [0]],
      ["an end, then anything", [0, 131, 255, 255]],
      ["Router Alert (RFC 2113)", [148, 4, 0, 0]],
      ["an empty record of the route", [7, 7, 4, 0, 0, 0, 0]],
      ["a full record of the route", [7, 7, 8, 1, 2, 3, 4]],
      ["a record of the route with a wrong pointer", [7, 7, 200, 1, 2, 3, 4]],
      ["times", [68, 8, 5, 0, 0, 0, 0, 0]],
      ["times that overflow", [68, 4, 5, 0xf0]],
      ["security (RFC 1108)", [130, 3, 0]],
      ["an unknown option", [222, 6, 1, 2, 3, 4]],
      ["an unknown option of two bytes", [94, 2]],
      ["forty bytes", [222, 40, ...filler(38)]],
    ] as const
  ).map(([what, options]) => ({
    name: `a packet with ${what} is taken`,
    send: [icmp(PING, { options })],
    replies: [PONG],
  })),
  ...(
    [
      ["a loose source route", [131, 7, 4, 10, 0, 2, 78]],
      ["a strict source route", [137, 7, 4, 10, 0, 2, 78]],
      ["a source route of the shortest length", [131, 3, 4]],
      ["a source route after padding", [1, 1, 1, 131, 7, 4, 10, 0, 2, 78]],
      ["an option of length 0", [222, 0, 1, 1]],
      ["an option of length 1", [222, 1, 1, 1]],
      ["an option longer than the header", [222, 5, 1, 1]],
      ["an option of length 255", [222, 255, 1, 1]],
      ["an option without a length", [1, 1, 1, 222]],
      ["Router Alert of length 0", [148, 0, 0, 0]],
      ["a second option that is too long", [222, 4, 0, 0, 7, 9, 4, 0]],
    ] as const
  ).map(([what, options]) => ({
    name: `a packet with ${what} is dropped`,
    send: [icmp(PING, { options })],
    counts: ["ip options that lie, or source routes"],
  })),
];

/** An error about a packet that the node is said to have sent. */
const quoting = (
  type: number,
  code: number,
  quoted: Frame,
  rest: readonly number[] = [0, 0, 0, 0],
  bytes = 28,
): Frame => {
  return (node) => icmp(icmpBytes(type, code, rest, quoted(node).subarray(14, 14 + bytes)))(node);
};
const fromNode: Frame = (node) => icmp(PING, { from: node.address, to: PEER })(node);
const MALFORMED_ICMP = ["icmp malformed or wrong checksum"] as const;

const ICMP_CASES: readonly PacketCase[] = [
  {
    name: "an echo request without data",
    send: [icmp(echo(9, 2, filler(0)))],
    replies: ["icmp NODE > 10.0.2.77 echo reply id 9 seq 2 0 bytes"],
  },
  {
    name: "an echo request with one byte",
    send: [icmp(echo(9, 2, filler(1)))],
    replies: ["icmp NODE > 10.0.2.77 echo reply id 9 seq 2 1 bytes"],
  },
  {
    name: "an echo request that fills a frame",
    send: [icmp(echo(65535, 65535, filler(1472)))],
    replies: ["icmp NODE > 10.0.2.77 echo reply id 65535 seq 65535 1472 bytes"],
  },
  { name: "an echo request to all is passed over", send: [icmp(PING, { to: "255.255.255.255", mac: BROADCAST_MAC })] },
  {
    name: 'an echo request to the subnet is passed over ("smurf")',
    send: [icmp(PING, { to: "10.0.2.255", mac: BROADCAST_MAC })],
  },
  {
    name: "an echo request to a group is passed over",
    send: [icmp(PING, { to: "224.0.0.1", mac: groupMac("224.0.0.1") })],
  },
  {
    name: "an echo request with a wrong checksum",
    send: [icmp(PING.map((byte, at) => (at === 2 ? byte ^ 1 : byte)))],
    counts: MALFORMED_ICMP,
  },
  ...[0, 1, 4, 7].map((bytes) => ({
    name: `a message of ${bytes} bytes is malformed`,
    send: [icmp(PING.subarray(0, bytes))],
    counts: MALFORMED_ICMP,
  })),
  {
    name: "a reply that nobody waits for",
    send: [icmp(icmpBytes(0, 0, [1, 2, 3, 4], filler(8)))],
    counts: ["icmp echo replies that nobody waits for"],
  },
  ...[4, 5, 9, 10, 13, 15, 17, 18, 30, 37, 42, 255].map((type) => ({
    name: `type ${type} is counted and nothing else`,
    send: [icmp(icmpBytes(type, 0, [0, 0, 0, 0], filler(28)))],
    counts: ["icmp other types"],
  })),
  ...[3, 11, 12].flatMap((type) =>
    [0, 1, 19, 20, 27].map((bytes) => ({
      name: `an error of type ${type} that quotes ${bytes} bytes is malformed`,
      send: [quoting(type, 0, fromNode, undefined, bytes)],
      counts: MALFORMED_ICMP,
    })),
  ),
  {
    name: "an error whose quoted header says more than there is",
    send: [
      (node) => {
        const quoted = fromNode(node).subarray(14, 42).slice();
        quoted[0] = 0x4f;
        return icmp(icmpBytes(3, 1, [0, 0, 0, 0], quoted))(node);
      },
    ],
    counts: MALFORMED_ICMP,
  },
  {
    name: "an error whose quoted header is of version 6",
    send: [
      (node) => {
        const quoted = fromNode(node).subarray(14, 42).slice();
        quoted[0] = 0x65;
        return icmp(icmpBytes(3, 1, [0, 0, 0, 0], quoted))(node);
      },
    ],
    counts: MALFORMED_ICMP,
  },
  {
    name: "an error about a packet that another machine sent is nobody's",
    send: [quoting(3, 1, (node) => icmp(PING, { from: NOBODY, to: PEER })(node))],
    counts: ["icmp echo replies that nobody waits for"],
  },
  {
    name: "an error about an echo request that nobody waits for",
    send: [quoting(11, 0, fromNode)],
    counts: ["icmp errors received", "icmp echo replies that nobody waits for"],
  },
  {
    name: "an error about a datagram that nobody has sent makes no path smaller",
    send: [quoting(3, 4, fromNode, [0, 0, 3, 0]), 2, icmp(echo(7, 1, filler(1000)))],
    replies: ["icmp NODE > 10.0.2.77 echo reply id 7 seq 1 1000 bytes"],
  },
  {
    name: "errors are bounded: twenty at once, fifty in a second (RFC 1812, 4.3.2.8)",
    send: [500, ...Array.from({ length: 25 }, () => udp({ port: UNUSED_PORT, data: filler(4) }))],
    replies: [NO_PORT],
    atMost: 22,
    counts: ["icmp errors held back"],
  },
];

const UDP_CASES: readonly PacketCase[] = [
  {
    name: "a datagram that nobody listens for is refused",
    send: [500, udp({ port: UNUSED_PORT, data: filler(10) })],
    replies: [NO_PORT],
    counts: ["udp nobody listens at the port"],
  },
  {
    name: "one without a checksum is",
    send: [udp({ port: UNUSED_PORT, data: filler(10), checksum: "none" })],
    replies: [NO_PORT],
  },
  {
    name: "one with a wrong checksum is not",
    send: [udp({ port: UNUSED_PORT, data: filler(10), checksum: "bad" })],
    counts: ["udp wrong checksum"],
  },
  { name: "an empty one is", send: [udp({ port: UNUSED_PORT, data: filler(0) })], replies: [NO_PORT] },
  { name: "port 0 is refused", send: [udp({ port: 0, data: filler(4) })], replies: [NO_PORT] },
  {
    name: "one to all is not refused",
    send: [udp({ port: UNUSED_PORT, data: filler(4) }, { to: "255.255.255.255", mac: BROADCAST_MAC })],
  },
  {
    name: "one to the subnet is not",
    send: [udp({ port: UNUSED_PORT, data: filler(4) }, { to: "10.0.2.255", mac: BROADCAST_MAC })],
  },
  {
    name: "one to a group is not",
    send: [udp({ port: UNUSED_PORT, data: filler(4) }, { to: "224.0.0.1", mac: groupMac("224.0.0.1") })],
  },
  ...[0, 1, 7].map((length) => ({
    name: `a length of ${length} is malformed`,
    send: [udp({ port: UNUSED_PORT, data: filler(10), length })],
    counts: ["udp malformed"],
  })),
  ...[19, 1500, 65535].map((length) => ({
    name: `a length of ${length} in a packet of 18 is malformed`,
    send: [udp({ port: UNUSED_PORT, data: filler(10), length })],
    counts: ["udp malformed"],
  })),
  ...[0, 1, 7].map((bytes) => ({
    name: `a header of ${bytes} bytes is malformed`,
    send: [ip({ protocol: UDP, payload: filler(bytes) })],
    counts: ["udp malformed"],
  })),
];

const TCP_FORM: readonly PacketCase[] = [
  ...[0, 1, 19].map((bytes) => ({
    name: `a TCP header of ${bytes} bytes is malformed`,
    send: [ip({ protocol: 6, payload: filler(bytes) })],
    counts: ["tcp malformed"],
  })),
  ...[0, 1, 4, 6, 15].map((offset) => ({
    name: `a TCP offset of ${offset} in a segment of 20 bytes is malformed`,
    send: [tcp({ port: 9, flags: 2, offset })],
    counts: ["tcp malformed"],
  })),
  {
    name: "a SYN to all is not answered (RFC 9293, 3.9.2.3)",
    send: [tcp({ port: 80, flags: 2 }, { to: "255.255.255.255", mac: BROADCAST_MAC })],
    counts: ["tcp not from one machine to this one alone"],
  },
  {
    name: "a SYN to the subnet is not answered",
    send: [tcp({ port: 80, flags: 2 }, { to: "10.0.2.255", mac: BROADCAST_MAC })],
    counts: ["tcp not from one machine to this one alone"],
  },
  {
    name: "a SYN to a group is not answered",
    send: [tcp({ port: 80, flags: 2 }, { to: "224.0.0.1", mac: groupMac("224.0.0.1") })],
    counts: ["tcp not from one machine to this one alone"],
  },
  ...Array.from({ length: 64 }, (_, flags) => flags)
    .filter((flags) => (flags & 4) === 0)
    .map((flags) => ({
      name: `flags ${flags.toString(2).padStart(6, "0")} at a port where nobody listens are reset (RFC 9293, 3.10.7.1)`,
      send: [tcp({ port: 9, flags, sequence: 100, acknowledgement: 500 })],
      replies: [
        flags & 16
          ? "tcp NODE > 10.0.2.77 9 > 6000 R ack 0"
          : `tcp NODE > 10.0.2.77 9 > 6000 R. ack ${100 + (flags & 1) + ((flags >> 1) & 1)}`,
      ],
    })),
  ...Array.from({ length: 64 }, (_, flags) => flags)
    .filter((flags) => (flags & 4) !== 0)
    .map((flags) => ({
      name: `flags ${flags.toString(2).padStart(6, "0")}, with RST, are never answered`,
      send: [tcp({ port: 9, flags, sequence: 100, acknowledgement: 500 })],
    })),
];

export const PACKET_CASES: readonly PacketCase[] = [
  ...ETHERNET,
  ...ARP,
  ...IPV4,
  ...OPTIONS,
  ...FRAGMENT_CASES,
  ...UDP_CASES,
  ...TCP_FORM,
  ...ICMP_CASES,
];

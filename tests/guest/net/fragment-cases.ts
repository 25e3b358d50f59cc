/** Fragments of IPv4 packets: what is put together, what is given up (RFC 791, 815, 1858, 5722). */
import { echo, type Frame, filler, icmp, ip, type PacketCase, PEER, pieces, udpDatagram } from "./packet-wire.ts";

const PING = echo(7, 1, filler(56));
const NO_PORT = "icmp NODE > 10.0.2.77 no port, quoting 28 bytes";
const UNUSED_PORT = 4000;
const ICMP = 1;
const UDP = 17;
const MORE = 0x2000;
const MALFORMED = ["ip malformed"] as const;
const reversed = (frames: readonly Frame[]): Frame[] => [...frames].reverse();
const LONG_PING = echo(7, 1, filler(1000));
const LONG_PONG = "icmp NODE > 10.0.2.77 echo reply id 7 seq 1 1000 bytes";
const HUGE_PING = echo(7, 1, filler(5000));

export const FRAGMENT_CASES: readonly PacketCase[] = [
  {
    name: "two fragments are put together",
    send: pieces(ICMP, LONG_PING, 504),
    replies: [LONG_PONG],
    counts: ["ip packets put together"],
  },
  { name: "fragments in the wrong order", send: reversed(pieces(ICMP, LONG_PING, 504)), replies: [LONG_PONG] },
  { name: "many fragments", send: pieces(ICMP, LONG_PING, 24, { id: 2 }), replies: [LONG_PONG] },
  {
    name: "many fragments in the wrong order",
    send: reversed(pieces(ICMP, LONG_PING, 24, { id: 3 })),
    replies: [LONG_PONG],
  },
  {
    name: "a fragment that came twice",
    send: pieces(ICMP, LONG_PING, 504, { id: 4 }).flatMap((frame, index) => (index === 0 ? [frame, frame] : [frame])),
    replies: [LONG_PONG],
    counts: ["ip fragments that came twice"],
  },
  {
    name: "fragments of two packets at once",
    send: pieces(ICMP, LONG_PING, 504, { id: 5 }).flatMap((frame, index) => [
      frame,
      pieces(ICMP, LONG_PING, 504, { id: 6 })[index]!,
    ]),
    replies: [LONG_PONG, LONG_PONG],
  },
  {
    name: "a reply that does not fit a frame leaves in fragments",
    send: pieces(ICMP, HUGE_PING, 1480, { id: 7 }),
    replies: [
      "piece NODE > 10.0.2.77 0+1480 more",
      "piece NODE > 10.0.2.77 1480+1480 more",
      "piece NODE > 10.0.2.77 2960+1480 more",
      "piece NODE > 10.0.2.77 4440+568",
    ],
    counts: ["ip packets sent in fragments"],
  },
  {
    name: "a datagram in fragments for a port where nobody listens is refused, with its first header",
    send: pieces(UDP, udpDatagram({ port: UNUSED_PORT, data: filler(2000) }, PEER, "10.0.2.15"), 1480, { id: 8 }),
    replies: [NO_PORT],
  },
  {
    name: "a fragment that ends within eight bytes is malformed",
    send: [icmp(PING.subarray(0, 20), { fragment: MORE, id: 9 })],
    counts: MALFORMED,
  },
  {
    name: "an empty fragment is malformed",
    send: [icmp(new Uint8Array(0), { fragment: MORE, id: 10 })],
    counts: MALFORMED,
  },
  {
    name: 'a fragment that ends after byte 65,535 is malformed ("ping of death")',
    send: [icmp(filler(64), { fragment: 0x1fff, id: 11 })],
    counts: MALFORMED,
  },
  {
    name: "the highest fragment that may be",
    send: [icmp(filler(7), { fragment: 0x1ffd, id: 12 })],
    counts: ["ip fragments received"],
  },
  ...(
    [
      ["begins in the middle of another", 0, 64, 32, 64],
      ["ends in the middle of another", 32, 64, 0, 64],
      ['lies within another ("teardrop")', 0, 64, 24, 16],
      ["holds another", 24, 16, 0, 64],
      ["begins with another, but is longer", 0, 32, 0, 64],
      ["begins with another, but is shorter", 0, 64, 0, 32],
    ] as const
  ).map(([what, firstAt, firstBytes, secondAt, secondBytes], index) => ({
    name: `a fragment that ${what} takes the packet with it`,
    send: [
      icmp(filler(firstBytes), { fragment: MORE | (firstAt >> 3), id: 20 + index }),
      icmp(filler(secondBytes), { fragment: MORE | (secondAt >> 3), id: 20 + index }),
    ],
    counts: ["ip packets given up: fragments overlap"],
  })),
  {
    name: "two ends at different places take the packet with them",
    send: [icmp(filler(8), { fragment: 10, id: 30 }), icmp(filler(8), { fragment: 20, id: 30 })],
    counts: ["ip packets given up: fragments overlap"],
  },
  {
    name: "an end before what came already takes the packet with it",
    send: [icmp(filler(8), { fragment: MORE | 20, id: 31 }), icmp(filler(8), { fragment: 10, id: 31 })],
    counts: ["ip packets given up: fragments overlap"],
  },
  {
    name: "a fragment after the end takes the packet with it",
    send: [icmp(filler(8), { fragment: 10, id: 32 }), icmp(filler(8), { fragment: MORE | 20, id: 32 })],
    counts: ["ip packets given up: fragments overlap"],
  },
  {
    name: "a tiny first fragment of TCP is no way around a check (RFC 1858)",
    send: [
      ip({ protocol: 6, payload: filler(8), fragment: MORE, id: 33 }),
      ip({ protocol: 6, payload: filler(8), fragment: 1, id: 33 }),
    ],
    counts: ["tcp malformed"],
  },
  {
    name: "one sender cannot begin more than four packets",
    send: [40, 41, 42, 43, 44].map((id) => icmp(filler(64), { fragment: MORE, id, from: "10.0.2.79" })),
    counts: ["ip fragments given up: too many"],
  },
  {
    name: "what is not whole after half a minute is told to the sender of the first fragment",
    send: [icmp(PING.subarray(0, 64), { fragment: MORE, id: 50 }), 31_000],
    replies: ["icmp NODE > 10.0.2.77 pieces exceeded, quoting 28 bytes"],
    counts: ["ip packets given up: fragments are missing"],
  },
  {
    name: "nobody is told when the first fragment is what is missing",
    send: [icmp(filler(64), { fragment: MORE | 8, id: 51 }), 31_000],
    counts: ["ip packets given up: fragments are missing"],
  },
  {
    name: "a packet of 65 fragments is given up",
    send: pieces(ICMP, echo(7, 1, filler(8 * 64)), 8, { id: 52 }),
    counts: ["ip fragments given up: too many"],
  },
];

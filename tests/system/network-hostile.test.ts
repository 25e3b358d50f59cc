/**
 * Strangers on the wire: frames that are wrong in every way, packets that only look like the cluster's, DHCP servers
 * that lie.
 */
import { describe, expect, test } from "vitest";
import { internetChecksum } from "../../emulator/ether/internet-checksum.ts";
import {
  arpBytes,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  ipv4Bytes,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  parseIpv4,
  parseIpv4Packet,
  parseUdp,
  put16,
  udpBytes,
} from "../../emulator/ether/packet.ts";
import { Random } from "../../emulator/state/random.ts";
import { type LabCluster, type LabNode, type LabPlug, restoreCluster } from "../../src/index.ts";
import {
  answer,
  ENTRY_BYTES,
  HEADER_BYTES,
  lastHeard,
  OPEN,
  REQUEST_BYTES,
  signed,
  VERSION,
  VIEW_BYTES,
} from "../guest/cluster/cluster-wire.ts";
import { thoroughly } from "../setup/thoroughly.ts";
import { casesOf, rowsOf } from "../setup/tier.ts";
import { asMember, atPrompt } from "./booted.ts";
import { boot, CLOUD, images, inState, PROMPT } from "./images.ts";

const FRAMES = casesOf("system/network-hostile").count;
/** So many spoilt frames are wrong under each heading. */
const EVERY_WAY = 300;
const STRANGER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x66);
const STRANGER_IP = parseIpv4("10.0.2.200");
const CLUSTER_GROUP = parseIpv4("239.255.81.82");
const CLUSTER_GROUP_MAC = Uint8Array.of(0x01, 0x00, 0x5e, 0x7f, 0x51, 0x52);
const CLUSTER_PORT = 20818;
const EVERYONE = parseIpv4("255.255.255.255");

interface Scene {
  readonly lab: LabCluster;
  readonly node: LabNode;
  readonly plug: LabPlug;
}

/** One node, a member of its own cluster, and a stranger on the switch. */
async function member(): Promise<Scene> {
  const lab = await asMember();
  const plug = lab.plug("stranger");
  const node = lab.nodes[0]!;
  // The node's views come by, for those who want to see one.
  await lab.advance("1s");
  return { lab, node, plug };
}

/** What `netstat -a` counts. */
async function counters(node: LabNode): Promise<Map<string, number>> {
  const from = node.console.text.length;
  await node.enter("netstat -a", /cloud {2}requests to reboot\n/);
  await node.waitFor(PROMPT);
  const rows = [...node.console.text.slice(from).matchAll(/^ *(\d+) {2}(.+)$/gm)];
  return new Map(rows.map(([, count, name]) => [name!.replace(/ +/g, " "), Number(count)]));
}

function udpFrame(
  data: Uint8Array,
  to: { mac: Uint8Array; ip: Uint8Array; port: number },
  from: { ip: Uint8Array; port: number } = { ip: STRANGER_IP, port: to.port },
): Uint8Array {
  const payload = udpBytes(from.ip, to.ip, { sourcePort: from.port, destinationPort: to.port, data });
  return ethernetFrame(
    to.mac,
    STRANGER_MAC,
    ETHERTYPE_IPV4,
    ipv4Bytes({ source: from.ip, destination: to.ip, protocol: PROTOCOL_UDP, payload }, 1),
  );
}

/**
 * A packet of the cluster's protocol (docs/protocols/cluster.md) from a joining node of an open cluster; `change`
 * spoils it, before it gets its code.
 */
function cloudPacket(
  change: (packet: DataView, bytes: Uint8Array) => void = () => {},
  sizeBytes = HEADER_BYTES,
): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  const packet = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("QRCL"));
  bytes.set([VERSION, 1, 1, 1 | OPEN], 4); // version, hello, joining, diskless
  packet.setUint32(12, 1, true);
  bytes.set([2, 0, 0, 0xff, 0xfe, 0, 0, 0x66], 24);
  bytes.set(new TextEncoder().encode("stranger"), 40);
  bytes.fill(0x5e, 72, 80); // session
  packet.setUint32(80, ++sequence, true);
  bytes.set(STRANGER_IP, 84);
  change(packet, bytes);
  return signed(bytes);
}

/** Of the stranger's packets. */
let sequence = 0;

/** A view of a coordinator that is no member of the node's cluster but of a worse one; `change` spoils it. */
function viewPacket(change: (packet: DataView, bytes: Uint8Array) => void = () => {}, entries = 1): Uint8Array {
  return cloudPacket(
    (packet, bytes) => {
      bytes.set([2, 2], 5); // view, member
      packet.setUint32(8, 1, true);
      bytes.fill(0xff, 32, 40);
      packet.setUint32(HEADER_BYTES, 1 + entries, true);
      for (let index = 0; index < entries; index++) {
        const at = VIEW_BYTES + ENTRY_BYTES * index;
        bytes.set([2, 0, 0, 0xff, 0xfe, 0, 1, index], at);
        packet.setUint32(at + 8, 1, true);
        bytes[at + 17] = 2;
        bytes.set(STRANGER_IP, at + 20);
        bytes.set(new TextEncoder().encode("invented"), at + 24);
      }
      change(packet, bytes);
    },
    VIEW_BYTES + ENTRY_BYTES * entries,
  );
}

/** What a member says with a text behind the header. */
function memberPacket(kind: number, text: string): Uint8Array {
  return cloudPacket((packet, bytes) => {
    bytes.set([kind, 2], 5);
    packet.setUint32(8, 1, true);
    bytes.fill(0xff, 32, 40);
    bytes.set(new TextEncoder().encode(text), HEADER_BYTES);
  }, HEADER_BYTES + text.length);
}

const toCluster = (packet: Uint8Array, port = CLUSTER_PORT): Uint8Array =>
  udpFrame(packet, { mac: CLUSTER_GROUP_MAC, ip: CLUSTER_GROUP, port: CLUSTER_PORT }, { ip: STRANGER_IP, port });

describe("fuzzed frames", () => {
  /** Frames that a node would act on, to be spoilt. */
  function corpus({ lab, node, plug }: Scene): Uint8Array[] {
    const nodeMac = lab.cluster.macAddresses[0]!;
    const nodeIp = parseIpv4(CLOUD.exec(node.console.text)![2]!);
    const icmp = (...head: number[]): Uint8Array => {
      const bytes = Uint8Array.of(...head, 0, 0, 0, 1, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8);
      put16(bytes, 2, internetChecksum(bytes, 0, bytes.length));
      return bytes;
    };
    const ip = (protocol: number, payload: Uint8Array, destination = nodeIp): Uint8Array =>
      ethernetFrame(
        nodeMac,
        STRANGER_MAC,
        ETHERTYPE_IPV4,
        ipv4Bytes({ source: STRANGER_IP, destination, protocol, payload }, 7),
      );
    const arp = (operation: number, mac: Uint8Array): Uint8Array =>
      ethernetFrame(
        mac,
        STRANGER_MAC,
        ETHERTYPE_ARP,
        arpBytes({ operation, senderMac: STRANGER_MAC, senderIp: STRANGER_IP, targetMac: nodeMac, targetIp: nodeIp }),
      );
    const igmp = Uint8Array.of(0x11, 20, 0, 0, 0, 0, 0, 0);
    put16(igmp, 2, internetChecksum(igmp, 0, igmp.length));
    return [
      ...plug.received
        .filter((frame) => frame[0]! & 1)
        .slice(-4)
        .map(asStranger),
      arp(1, BROADCAST_MAC),
      arp(2, nodeMac),
      ip(PROTOCOL_ICMP, icmp(8, 0)),
      ip(PROTOCOL_ICMP, icmp(0, 0)),
      ip(PROTOCOL_ICMP, icmp(3, 3)),
      ip(2, igmp, parseIpv4("224.0.0.1")),
      toCluster(cloudPacket()),
      toCluster(viewPacket()),
      toCluster(viewPacket((packet) => packet.setUint32(8, 2, true), 24)),
      udpFrame(new Uint8Array(300), { mac: nodeMac, ip: nodeIp, port: 68 }, { ip: parseIpv4("10.0.2.2"), port: 67 }),
      udpFrame(new Uint8Array(1400), { mac: nodeMac, ip: nodeIp, port: CLUSTER_PORT }),
    ];
  }

  /** The frame as if it came from the stranger. */
  function asStranger(original: Uint8Array): Uint8Array {
    const frame = original.slice();
    frame.set(STRANGER_MAC, 6);
    if (get16(frame, 12) === ETHERTYPE_IPV4) frame.set(STRANGER_IP, 26);
    return repaired(frame);
  }

  /** With a plain IPv4 header of right checksum and no UDP checksum, so that deeper layers see what is after. */
  function repaired(frame: Uint8Array): Uint8Array {
    if (frame.length < 34 || get16(frame, 12) !== ETHERTYPE_IPV4) return frame;
    frame[14] = 0x45;
    put16(frame, 16, Math.min(get16(frame, 16), frame.length - 14));
    put16(frame, 24, 0);
    put16(frame, 24, internetChecksum(frame, 14, 34));
    if (frame[23] === PROTOCOL_UDP && frame.length >= 42) put16(frame, 40, 0);
    return frame;
  }

  function spoil(random: Random, frame: Uint8Array): Uint8Array {
    let bytes = frame.slice();
    switch (random.below(5)) {
      case 0:
        bytes = bytes.slice(0, 14 + random.below(Math.max(1, bytes.length - 14)));
        break;
      case 1:
        bytes = Uint8Array.from({ length: 14 + random.below(1500) }, (_, index) => bytes[index] ?? random.below(256));
        break;
      case 2:
        bytes = Uint8Array.from({ length: 14 + random.below(1500) }, (_, index) =>
          index < 14 ? bytes[index]! : random.below(256),
        );
        break;
    }
    for (let flips = random.below(6); flips > 0; flips--)
      if (bytes.length > 12) bytes[12 + random.below(bytes.length - 12)] = random.below(256);
    return random.below(4) > 0 ? repaired(bytes) : bytes;
  }

  test.each(rowsOf([1, 2], 1))(`${FRAMES} of them do not stop a node (seed %i)`, async (seed) => {
    const scene = await member();
    const { lab, node, plug } = scene;
    const random = new Random(seed, "hostile frames");
    const frames = corpus(scene);
    for (let count = 0; count < FRAMES; count++) {
      plug.send(spoil(random, frames[random.below(frames.length)]!));
      if (count % 8 === 0) await lab.advance("1ms");
    }
    await lab.advance("2s");
    await node.enter("cls", PROMPT);
    await node.enter("mem check", /all headers agree/);
    const counts = await counters(node);
    // Whatever kind of damage a hundred packets of the cluster have had.
    const kinds = ["malformed", "of another port, version or magic", "forged, or made with another key"];
    const cloud = kinds.reduce((sum, kind) => sum + counts.get(`cloud ${kind}`)!, 0);
    expect(cloud, "cloud").toBeGreaterThan(0);
    const headings = ["ip malformed", "ip wrong checksum", "arp malformed", "udp malformed"];
    expect(Math.max(...headings.map((name) => counts.get(name)!))).toBeGreaterThan(0);
    // Few frames need not be spoilt in every way.
    if (FRAMES >= EVERY_WAY) for (const name of headings) expect(counts.get(name), name).toBeGreaterThan(0);
    expect(node.console.text).not.toMatch(/PANIC/);
  });
});

describe("packets that look like the cluster's", () => {
  /** What the text of values begins behind. */
  const NO_VOTERS = "\0".repeat(132);
  const MALFORMED: readonly (readonly [string, Uint8Array])[] = [
    ["kind 0", cloudPacket((p) => p.setUint8(5, 0))],
    ["a probe of a joiner", cloudPacket((p) => p.setUint8(5, 7))],
    ["kind 12", cloudPacket((p) => p.setUint8(5, 12))],
    ["a byte too long", cloudPacket(undefined, HEADER_BYTES + 1)],
    ["a byte too short", cloudPacket().slice(0, -1)],
    ["a request that ends with its header", cloudPacket((p) => p.setUint8(5, 5))],
    ["a report of a joiner", cloudPacket((p) => p.setUint8(5, 3))],
    ["state 0", cloudPacket((p) => p.setUint8(6, 0))],
    ["state 3", cloudPacket((p) => p.setUint8(6, 3))],
    ["a joiner with a founder", cloudPacket((p) => p.setUint8(32, 1))],
    ["a member without a founder", cloudPacket((p) => (p.setUint8(5, 3), p.setUint8(6, 2), p.setUint8(8, 1)))],
    ["a member in era 0", cloudPacket((p) => (p.setUint8(5, 3), p.setUint8(6, 2), p.setUint8(32, 1)))],
    ["an era too large", cloudPacket((p) => p.setUint32(8, 0x80000000, true))],
    ["age 0", cloudPacket((p) => p.setUint32(12, 0, true))],
    ["node id 0", cloudPacket((_, bytes) => bytes.fill(0, 24, 32))],
    ["a name that does not end", cloudPacket((_, bytes) => bytes.fill(0x61, 40, 72))],
    ["a name with a blank", cloudPacket((p) => p.setUint8(42, 0x20))],
    ["a name with an escape", cloudPacket((p) => p.setUint8(42, 0x1b))],
    ["a view of a joiner", viewPacket((p) => (p.setUint8(6, 1), p.setUint32(32, 0)))],
    ["a view without its own part", viewPacket().slice(0, HEADER_BYTES)],
    ["a view of nobody", viewPacket((p) => p.setUint32(HEADER_BYTES, 0))],
    ["a view that ends in an entry", viewPacket().slice(0, -1)],
    ["an entry without an id", viewPacket((_, bytes) => bytes.fill(0, VIEW_BYTES, VIEW_BYTES + 8))],
    ["an entry with age 0", viewPacket((p) => p.setUint32(VIEW_BYTES + 8, 0))],
    ["an entry in state 0", viewPacket((p) => p.setUint8(VIEW_BYTES + 17, 0))],
    ["an entry in state 6", viewPacket((p) => p.setUint8(VIEW_BYTES + 17, 6))],
    ["an entry with a multicast address", viewPacket((p) => p.setUint8(VIEW_BYTES + 20, 239))],
    ["an entry whose name does not end", viewPacket((_, bytes) => bytes.fill(0x61, VIEW_BYTES + 24, VIEW_BYTES + 56))],
    ["a hold of no address", memberPacket(8, "")],
    ["a hold of nine addresses", memberPacket(8, "a".repeat(36))],
    ["a hold of half an address", memberPacket(8, "ab")],
    ["a release with a byte too many", memberPacket(9, "a".repeat(17))],
    ["values with a wrong digest", memberPacket(11, `${NO_VOTERS}name\0value\0`)],
    ["values whose name does not end", memberPacket(11, NO_VOTERS + "a".repeat(40))],
    ["values whose text does not end", memberPacket(11, `${NO_VOTERS}name\0abc`)],
    ["values that do not end", memberPacket(11, `${NO_VOTERS}name\0${"a".repeat(1100)}\0`)],
    ["values with a blank in a name", memberPacket(11, `${NO_VOTERS}a b\0c\0\0\0`)],
    ["values of seventeen members", memberPacket(11, `\x11${NO_VOTERS.slice(1)}`)],
    ["values that end in their members", memberPacket(11, NO_VOTERS.slice(4))],
    ["an offer of nothing", memberPacket(18, "a".repeat(28))],
    ["an offer whose text does not end", memberPacket(18, `${"a".repeat(28)}${NO_VOTERS}name\0abc`)],
    ["a promise that has lost its vote", memberPacket(19, "a".repeat(28))],
    ["a promise that ends before its vote", memberPacket(19, "\0".repeat(27))],
    ["a vote with a byte too many", memberPacket(20, "a".repeat(17))],
    ["events, but none", memberPacket(15, "")],
    ["half an event", memberPacket(15, "a".repeat(71))],
    ["an event of an unknown kind", memberPacket(15, `${"a".repeat(24)}\x09\0${"a".repeat(14)}${"\0".repeat(32)}`)],
    ["an event of nobody", memberPacket(15, `${"a".repeat(16)}${"\0".repeat(8)}\x03\0${"\0".repeat(46)}`)],
    ["an event with a name that does not end", memberPacket(15, `${"a".repeat(24)}\x03\0${"a".repeat(46)}`)],
    ["an event in era 0", memberPacket(15, `\0\0\0\0${"a".repeat(20)}\x03\0${"\0".repeat(46)}`)],
    ["digests of a history that are too few", memberPacket(16, "a".repeat(255))],
    ["a history of a joiner", cloudPacket((p) => p.setUint8(5, 16), HEADER_BYTES + 256)],
  ];
  const FOREIGN: readonly (readonly [string, Uint8Array, number])[] = [
    ["another magic", cloudPacket((p) => p.setUint8(0, 0x71)), CLUSTER_PORT],
    ["version 0", cloudPacket((p) => p.setUint8(4, 0)), CLUSTER_PORT],
    ["version 2", cloudPacket((p) => p.setUint8(4, 2)), CLUSTER_PORT],
    ["another source port", cloudPacket(), 1024],
  ];

  test("are counted and dropped, each under its heading, and good ones are not", async () => {
    const { lab, node, plug } = await member();
    const before = await counters(node);
    const nodeId = lastHeard(plug).slice(24, 32);
    const FORGED = [
      cloudPacket().map((byte, at) => (at === 96 ? byte ^ 1 : byte)),
      cloudPacket().map((byte, at) => (at === HEADER_BYTES - 1 ? byte ^ 0x80 : byte)),
      cloudPacket((p) => p.setUint8(87, 77)),
      cloudPacket((_, bytes) => bytes.fill(0, 72, 80)),
    ];
    for (const [, packet] of MALFORMED) {
      plug.send(toCluster(packet));
      await lab.advance("2ms");
    }
    for (const [, packet, port] of FOREIGN) {
      plug.send(toCluster(packet, port));
      await lab.advance("2ms");
    }
    for (const packet of FORGED) {
      plug.send(toCluster(packet));
      await lab.advance("2ms");
    }
    plug.send(toCluster(cloudPacket((p) => p.setUint8(7, 1))));
    await lab.advance("2ms");
    plug.send(toCluster(cloudPacket((_, bytes) => bytes.set(nodeId, 24))));
    await lab.advance("2ms");
    const after = await counters(node);
    const grown = (name: string): number => after.get(name)! - before.get(name)!;
    expect(grown("cloud malformed")).toBe(MALFORMED.length);
    expect(grown("cloud of another port, version or magic")).toBe(FOREIGN.length);
    expect(grown("cloud with this node's own id")).toBe(1);
    expect(grown("cloud forged, or made with another key")).toBe(FORGED.length);
    expect(grown("cloud of an open cluster in a keyed one, or the reverse")).toBe(1);
    expect(grown("cloud packets received")).toBe(MALFORMED.length + FOREIGN.length + FORGED.length + 2);
    await node.enter("cloud", /0 other nodes are alive/);
    await node.waitFor(PROMPT);
    const report = (change: (packet: DataView, bytes: Uint8Array) => void = () => {}): Uint8Array =>
      cloudPacket((packet, bytes) => {
        bytes.set([3, 2], 5);
        packet.setUint32(8, 1, true);
        bytes.set(lastHeard(plug).subarray(32, 40), 32);
        change(packet, bytes);
      });
    plug.send(toCluster(report()));
    await lab.advance("5ms");
    await node.enter("cloud", /0 other nodes are alive/);
    await node.waitFor(PROMPT);
    plug.send(toCluster(report((_, bytes) => answer(bytes, lastHeard(plug)))));
    await lab.advance("5ms");
    await node.enter("cloud", /^stranger +10\.0\.2\.200 +020000fffe000066 /m);
  });

  test("a request to reboot that does not name the node's life exactly is refused, even where reboots are allowed", async () => {
    const { lab, node, plug } = await member();
    await node.enter("set cloud.reboot yes", PROMPT);
    const said = lastHeard(plug);
    const nodeId = said.slice(24, 32);
    const request = (era: number, age: number, target = nodeId): Uint8Array =>
      toCluster(
        cloudPacket((packet, bytes) => {
          bytes[5] = 5;
          packet.setUint32(20, 1, true);
          answer(bytes, said);
          bytes.set(target, HEADER_BYTES);
          packet.setUint32(HEADER_BYTES + 8, era, true);
          packet.setUint32(HEADER_BYTES + 12, age, true);
        }, REQUEST_BYTES),
      );
    for (const frame of [
      request(2, 1),
      request(1, 2),
      request(0, 0),
      request(
        1,
        1,
        Uint8Array.from(nodeId, (byte) => byte ^ 1),
      ),
    ]) {
      plug.send(frame);
      await lab.advance("50ms");
    }
    expect(node.console.text).not.toMatch(/rebooting/);
    expect(node.console.text.match(/refused to reboot for stranger 10\.0\.2\.200/g)).toHaveLength(3);
    plug.send(request(1, 1));
    await node.waitFor(/rebooting, as stranger 10\.0\.2\.200 asked/);
    await node.waitFor(/QuRe loader/);
  });
});

describe("a DHCP server that lies", () => {
  interface Lie {
    address?: string;
    mask?: readonly number[];
    router?: string;
    xid?: number;
    hostName?: string;
    /** Raw options instead of the usual ones. */
    options?: readonly number[];
    /** Type of the answer to a REQUEST; 5 is ACK, 6 is NAK. */
    answer?: number;
    ackAddress?: string;
    cookie?: number;
  }

  function reply(question: Uint8Array, type: number, lie: Lie): Uint8Array {
    const data = new Uint8Array(400);
    data.set([2, 1, 6, 0]);
    data.set(question.subarray(4, 8), 4);
    if (lie.xid !== undefined) data[4]! ^= lie.xid;
    data.set(parseIpv4((type === 5 ? lie.ackAddress : undefined) ?? lie.address ?? "10.9.8.7"), 16);
    data.set(question.subarray(28, 34), 28);
    data.set([0x63, 0x82, 0x53, lie.cookie ?? 0x63], 236);
    const name = new TextEncoder().encode(lie.hostName ?? "");
    const usual = [
      53,
      1,
      type,
      54,
      4,
      10,
      9,
      8,
      1,
      51,
      4,
      0,
      0,
      14,
      16,
      1,
      4,
      ...(lie.mask ?? [255, 255, 255, 0]),
      3,
      4,
      ...parseIpv4(lie.router ?? "10.9.8.1"),
      ...(name.length > 0 ? [12, name.length, ...name] : []),
      255,
    ];
    data.set((lie.options ?? usual).slice(0, 160), 240);
    return data;
  }

  async function lieTo(lie: Lie): Promise<LabNode> {
    const lab = await atPrompt({ gateway: false });
    lab.plug("liar").answer((frame) => {
      const packet = get16(frame, 12) === ETHERTYPE_IPV4 ? parseIpv4Packet(frame.subarray(14)) : null;
      const question = packet?.protocol === PROTOCOL_UDP ? parseUdp(packet) : null;
      if (question?.destinationPort !== 67) return;
      const type = question.data[question.data.indexOf(53, 240) + 2] === 1 ? 2 : (lie.answer ?? 5);
      const [client, server] = [
        { mac: BROADCAST_MAC, ip: EVERYONE, port: 68 },
        { ip: parseIpv4("10.9.8.1"), port: 67 },
      ];
      return [udpFrame(reply(question.data, type, lie), client, server)];
    });
    const node = lab.nodes[0]!;
    await node.waitFor(/eth0: .*address .*\n/, { within: "60s" });
    await node.enter("ifconfig", PROMPT);
    await node.enter("mem check", /all headers agree/);
    return node;
  }

  test("is believed when it does not", async () => {
    expect((await lieTo({})).console.text).toMatch(/eth0: address 10\.9\.8\.7\/24 by DHCP/);
  });

  test.each(
    rowsOf<[string, Lie]>(
      [
        ["offers address 0.0.0.0", { address: "0.0.0.0" }],
        ["offers a loopback address", { address: "127.0.0.1" }],
        ["offers a multicast address", { address: "224.0.0.5" }],
        ["offers the broadcast address", { address: "255.255.255.255" }],
        ["answers another transaction", { xid: 1 }],
        ["has another cookie", { cookie: 0x64 }],
        ["sends an option that ends beyond the message", { options: [53, 1, 2, 54, 4, 10, 9, 8, 1, 12, 255] }],
        ["sends no type", { options: [54, 4, 10, 9, 8, 1, 255] }],
        ["sends a mask of three bytes", { options: [53, 1, 2, 54, 4, 10, 9, 8, 1, 1, 3, 255, 255, 255, 255] }],
        ["says no to every request", { answer: 6 }],
      ],
      4,
    ),
  )("gets nowhere when it %s: the node takes a link-local address", async (_, lie) => {
    expect((await lieTo(lie)).console.text).toMatch(/eth0: .*address 169\.254\./);
  });

  test.each(
    rowsOf<[string, Lie]>(
      [
        ["a host name with an escape sequence", { hostName: "a\x1b[2Jb" }],
        ["a host name that is too long", { hostName: "n".repeat(80) }],
        ["a mask with a hole", { mask: [255, 0, 255, 0] }],
        ["a router that is not in the subnet", { router: "192.168.7.7" }],
      ],
      2,
    ),
  )("does no harm with %s", async (_, lie) => {
    const node = await lieTo(lie);
    expect(node.console.text).toMatch(/eth0: .*address /);
    await node.enter("hostname", /^(qure[-a-z0-9]*|n{1,15})$/m);
  });
});

test("a plug in the switch hears what is for all and answers at that moment; a cluster with one is in no snapshot", async () => {
  const { lab, plug } = await member();
  const before = plug.received.length;
  await lab.advance("2500ms");
  expect(
    plug.received.slice(before).filter((frame) => frame[0] === CLUSTER_GROUP_MAC[0]).length,
  ).toBeGreaterThanOrEqual(2);
  expect(() => lab.save()).toThrow(/stranger is plugged into the switch/);
  plug.unplug();
  const [copy, digest] = [restoreCluster(lab.save()), lab.digest()];
  expect(copy.digest()).toBe(digest);
});

/** Frames of strangers, ten in a millisecond, from addresses of the members' network. */
interface Flood {
  readonly name: string;
  /** Each address is a station's, the members' too; else each frame comes from another one. */
  readonly stations?: boolean;
  frame(
    from: { mac: Uint8Array; ip: Uint8Array },
    to: { mac: Uint8Array; ip: Uint8Array },
    any: Uint8Array,
  ): Uint8Array;
}

const asking = (from: { mac: Uint8Array; ip: Uint8Array }, targetIp: Uint8Array): Uint8Array =>
  ethernetFrame(
    BROADCAST_MAC,
    from.mac,
    ETHERTYPE_ARP,
    arpBytes({ operation: 1, senderMac: from.mac, senderIp: from.ip, targetMac: new Uint8Array(6), targetIp }),
  );

const FLOODS: readonly Flood[] = [
  { name: "claims of everybody's addresses", frame: (from, _, any) => asking(from, any) },
  {
    name: "requests of 240 stations for the members' addresses",
    stations: true,
    frame: (from, to) => asking(from, to.ip),
  },
  {
    name: "echo requests of stations that do not answer",
    frame: (from, to) => {
      const payload = Uint8Array.of(8, 0, 0, 0, 0, 1, 0, 1);
      put16(payload, 2, internetChecksum(payload, 0, payload.length));
      const packet = { source: from.ip, destination: to.ip, protocol: PROTOCOL_ICMP, payload };
      return ethernetFrame(to.mac, from.mac, ETHERTYPE_IPV4, ipv4Bytes(packet, 7));
    },
  },
];

for (const { name, stations, frame } of rowsOf(FLOODS, [0, 1]))
  thoroughly(`10,000 ${name} a second keep no three nodes apart`, async () => {
    const lab = await inState("three members", async () => {
      const booted = boot({ nodes: Array.from({ length: 3 }, () => ({ cdrom: images().iso })) });
      for (const node of booted.nodes) await node.waitFor(/peers 2/, { within: "20s" });
      await booted.advance("3s");
      return booted;
    });
    const plug = lab.plug("stranger");
    const random = new Random(11);
    const members = lab.nodes.map(({ console }, index) => ({
      mac: lab.cluster.macAddresses[index]!,
      ip: parseIpv4(CLOUD.exec(console.text)![2]!),
    }));
    const peers = (): readonly (string | undefined)[] =>
      lab.nodes.map(({ console }) => [...console.text.matchAll(/^cloud: .* peers (\d+)/gm)].at(-1)?.[1]);
    for (let ms = 1; ms <= 1500; ms++) {
      for (let count = 0; count < 10; count++) {
        const mac = Uint8Array.of(2, ...Array.from({ length: 5 }, () => random.below(256)));
        const [ip, any] = [0, 0].map(() => Uint8Array.of(10, 0, 2, random.below(256))) as [Uint8Array, Uint8Array];
        if (stations) mac.set([0, 0, 0, 0, ip[3]!], 1);
        plug.send(frame({ mac, ip }, members[random.below(3)]!, any));
      }
      await lab.advance("1ms");
      if (ms % 250 === 0) expect(peers(), `after ${ms} ms`).toEqual(["2", "2", "2"]);
    }
  });

/** ARP at work, as a neighbour on the wire sees it: how often it asks, for how long it believes, and how it defends. */
import { describe, expect, test } from "vitest";
import { internetChecksum } from "../../../emulator/ether/internet-checksum.ts";
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
  put16,
  sameBytes,
} from "../../../emulator/ether/packet.ts";
import type { LabCluster, LabNode, LabPlug } from "../../../src/index.ts";
import { thoroughly } from "../../setup/thoroughly.ts";
import { rowsOf } from "../../setup/tier.ts";
import { withAddress } from "../../system/booted.ts";
import { CLOUD, PROMPT } from "../../system/images.ts";

const NEIGHBOUR_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x77);
const NEIGHBOUR = "10.0.2.77";
const NOBODY = Uint8Array.of(0, 0, 0, 0, 0, 0);
const REQUEST = 1;
const REPLY = 2;

interface ArpSeen {
  readonly atMs: number;
  readonly operation: number;
  readonly senderMac: Uint8Array;
  readonly sender: string;
  readonly target: string;
}

interface Scene {
  readonly lab: LabCluster;
  readonly node: LabNode;
  readonly plug: LabPlug;
  readonly address: string;
  /** What the node has sent by ARP since the scene began. */
  readonly seen: ArpSeen[];
  /** Frames of IPv4 to the neighbour. */
  readonly packets: Uint8Array[];
  /** Has the neighbour answer no more. */
  silence(): void;
}

/** A node with an address, and a neighbour that answers for NEIGHBOUR when `answers`. */
async function scene(answers: boolean): Promise<Scene> {
  const lab = await withAddress();
  const node = lab.nodes[0]!;
  const address = CLOUD.exec(node.console.text)![2]!;
  const plug = lab.plug("neighbour");
  const seen: ArpSeen[] = [];
  const packets: Uint8Array[] = [];
  let answering = answers;
  plug.answer((frame) => {
    if (get16(frame, 12) === ETHERTYPE_IPV4 && sameBytes(frame.subarray(0, 6), NEIGHBOUR_MAC)) packets.push(frame);
    if (get16(frame, 12) !== ETHERTYPE_ARP) return [];
    const at = 14;
    const request = {
      atMs: lab.nowNs / 1e6,
      operation: get16(frame, at + 6),
      senderMac: frame.slice(at + 8, at + 14),
      sender: frame.slice(at + 14, at + 18).join("."),
      target: frame.slice(at + 24, at + 28).join("."),
    };
    seen.push(request);
    if (!answering || request.operation !== REQUEST || request.target !== NEIGHBOUR) return [];
    return [arp(REPLY, NEIGHBOUR, request.sender, request.senderMac)];
  });
  const silence = (): void => void (answering = false);
  return { lab, node, plug, address, seen, packets, silence };
}

function arp(operation: number, sender: string, target: string, to: Uint8Array = BROADCAST_MAC): Uint8Array {
  return ethernetFrame(
    to,
    NEIGHBOUR_MAC,
    ETHERTYPE_ARP,
    arpBytes({
      operation,
      senderMac: NEIGHBOUR_MAC,
      senderIp: parseIpv4(sender),
      targetMac: to === BROADCAST_MAC ? NOBODY : to,
      targetIp: parseIpv4(target),
    }),
  );
}

/** An echo request from a station that hears no ARP. */
function echoRequest(source: string, destination: string, to: Uint8Array): Uint8Array {
  const payload = Uint8Array.of(8, 0, 0, 0, 0, 1, 0, 1);
  put16(payload, 2, internetChecksum(payload, 0, payload.length));
  const packet = { source: parseIpv4(source), destination: parseIpv4(destination), protocol: PROTOCOL_ICMP, payload };
  return ethernetFrame(to, NEIGHBOUR_MAC, ETHERTYPE_IPV4, ipv4Bytes(packet, 7));
}

/** What `netstat -a` counts under a heading. */
async function counter(node: LabNode, heading: string): Promise<number> {
  const match = await node.enter("netstat -a", new RegExp(`^ *(\\d+) {2}arp +${heading}`, "m"));
  await node.waitFor(PROMPT);
  return Number(match[1]);
}

const asked = (seen: readonly ArpSeen[]): number[] =>
  seen.filter(({ operation, target }) => operation === REQUEST && target === NEIGHBOUR).map(({ atMs }) => atMs);

async function ping(node: LabNode): Promise<void> {
  await node.enter(`ping -c 1 ${NEIGHBOUR}`, /1 requests?|no reply|bytes from/);
  await node.waitFor(PROMPT);
}

describe("a neighbour that does not answer", () => {
  test("is asked three times, a second apart, and then no more", async () => {
    const { lab, node, seen, address } = await scene(false);
    const before = await counter(node, "packets given up: no answer");
    await ping(node);
    await lab.advance("8s");
    const times = asked(seen);
    expect(times).toHaveLength(3);
    for (const [index, time] of times.slice(1).entries()) {
      expect(time - times[index]!).toBeGreaterThanOrEqual(1000);
      expect(time - times[index]!).toBeLessThan(1100);
    }
    expect(seen.filter(({ target }) => target === NEIGHBOUR).every(({ sender }) => sender === address)).toBe(true);
    expect(await counter(node, "packets given up: no answer")).toBe(before + 1);
  });

  thoroughly("gets what waited when it answers at last", async () => {
    const { lab, node, plug, seen, packets, address } = await scene(false);
    const waiting = node.enter(`ping -c 1 ${NEIGHBOUR}`, PROMPT);
    await lab.until(() => asked(seen).length === 2, "there was no second request");
    expect(packets).toHaveLength(0);
    plug.send(arp(REPLY, NEIGHBOUR, address, seen[0]!.senderMac));
    await lab.until(() => packets.length > 0, "the packet that waited did not come", { within: "100ms" });
    await waiting;
    await lab.advance("5s");
    expect(asked(seen)).toHaveLength(2);
  });
});

test("what waits for a neighbour goes out in order when it answers, and is all given up when it does not", async () => {
  const { lab, node, plug, seen, packets, address } = await scene(false);
  node.type(`ping -c 3 ${NEIGHBOUR}\n`);
  await lab.until(() => asked(seen).length === 3, "there was no third request");
  await lab.advance("800ms");
  plug.send(arp(REPLY, NEIGHBOUR, address, seen[0]!.senderMac));
  await lab.advance("20ms");
  // Sequence numbers of the echo requests.
  const sequence = packets.map((frame) => get16(frame, 14 + 20 + 6));
  expect(sequence.length).toBeGreaterThanOrEqual(2);
  expect(sequence).toEqual(sequence.map((_, index) => sequence[0]! + index));
  expect(asked(seen)).toHaveLength(3);
});

test("a packet waits for a neighbour although another program's fill the queue, which hears of it and repeats", async () => {
  const { lab, node, plug, seen, packets, address } = await scene(false);
  // What is logged goes there, and starting services is.
  await node.enter(`set syslog.server ${NEIGHBOUR}`, PROMPT);
  for (const service of ["netboot", "telnet", "dns"]) await node.enter(`${service} on`, PROMPT);
  await lab.advance("500ms");
  node.type(`ping -c 1 ${NEIGHBOUR}\n`);
  await lab.advance("100ms");
  plug.send(arp(REPLY, NEIGHBOUR, address, seen[0]!.senderMac));
  await lab.advance("20ms");
  const protocols = packets.map((frame) => frame[14 + 9]);
  expect(protocols).toEqual([PROTOCOL_UDP, PROTOCOL_UDP, PROTOCOL_UDP, PROTOCOL_ICMP]);
  await node.waitFor(PROMPT);
  expect(await counter(node, "packets given up: queue or table full")).toBe(2);
  await lab.advance("10s");
  expect(packets.slice(4).map((frame) => Buffer.from(frame).toString("latin1"))).toContainEqual(
    expect.stringContaining("dhcp-server: ready"),
  );
});

test("neighbours that do not answer are asked side by side", async () => {
  const { lab, node, seen } = await scene(false);
  await ping(node);
  await node.enter("ping -c 1 10.0.2.78", PROMPT);
  await lab.advance("5s");
  expect(asked(seen)).toHaveLength(3);
  expect(seen.filter(({ target }) => target === "10.0.2.78")).toHaveLength(3);
  expect(await counter(node, "packets given up: no answer")).toBe(2);
});

thoroughly("an answer is believed for a minute, then asked for again", async () => {
  const { lab, node, seen } = await scene(true);
  await ping(node);
  expect(asked(seen)).toHaveLength(1);
  await lab.advance("50s");
  await ping(node);
  expect(asked(seen)).toHaveLength(1);
  await lab.advance("10s");
  await ping(node);
  expect(asked(seen)).toHaveLength(2);
});

describe("another one with our address", () => {
  const defences = (seen: readonly ArpSeen[], address: string): number =>
    seen.filter(({ operation, sender, target }) => operation === REQUEST && sender === address && target === address)
      .length;

  test("hears a defence each time, when it comes no sooner than every ten seconds", async () => {
    const { lab, node, plug, seen, address } = await scene(false);
    for (let round = 1; round <= 3; round++) {
      plug.send(arp(REQUEST, address, address));
      await lab.advance("100ms");
      expect(defences(seen, address)).toBe(round);
      await lab.advance("10200ms");
    }
    await node.enter("ifconfig", new RegExp(`address ${address} .*dhcp`, "i"));
  });

  thoroughly("does not take a leased address when it comes again within ten seconds", async () => {
    const { lab, node, plug, seen, address } = await scene(false);
    plug.send(arp(REQUEST, address, address));
    await lab.advance("9500ms");
    expect(defences(seen, address)).toBe(1);
    plug.send(arp(REPLY, address, address));
    await lab.advance("50ms");
    expect(defences(seen, address)).toBe(1);
    await lab.advance("20s");
    await node.enter("ifconfig", new RegExp(`address ${address} .*dhcp`, "i"));
  });

  thoroughly("does not take an address that a user has set", async () => {
    const { lab, node, plug, seen } = await scene(false);
    await node.enter("ifconfig eth0 10.0.2.50 255.255.255.0", PROMPT);
    // Probes, and two announcements.
    await lab.advance("5s");
    const before = defences(seen, "10.0.2.50");
    for (let round = 0; round < 3; round++) {
      plug.send(arp(REQUEST, "10.0.2.50", "10.0.2.50"));
      await lab.advance("1s");
    }
    expect(defences(seen, "10.0.2.50")).toBe(before + 1);
    await node.enter("ifconfig", /address 10\.0\.2\.50 /);
  });
});

/** An ARP packet of 28 bytes from the neighbour, with changes at some offsets, and the node's answers to it. */
async function heardBy(
  { lab, plug, seen, address }: Scene,
  change: readonly (readonly [offset: number, ...bytes: number[]])[] = [],
): Promise<ArpSeen[]> {
  const frame = arp(REQUEST, NEIGHBOUR, address);
  for (const [offset, ...bytes] of change) frame.set(bytes, 14 + offset);
  const from = seen.length;
  plug.send(frame);
  await lab.advance("50ms");
  return seen.slice(from);
}

/** Makes the neighbour another one: its addresses end in `last`. */
const as = (last: number): readonly (readonly [number, ...number[]])[] => [
  [8, 2, 0, 0, 0, 1, last],
  [14, 10, 0, 2, last],
];
/** Packets to another machine: nobody is meant. */
const ELSEWHERE = [24, 10, 0, 2, 99] as const;

async function shown(node: LabNode): Promise<string> {
  const from = node.console.text.length;
  await node.enter("arp", /arp\r?\n(?:[\s\S]*\n)?\S*:\/> $/);
  return node.console.text.slice(from);
}

describe("a packet", () => {
  test("that asks says so field by field", async () => {
    const s = await scene(false);
    const frames: Uint8Array[] = [];
    s.plug.answer((frame) => {
      if (get16(frame, 12) === ETHERTYPE_ARP) frames.push(frame);
      return [];
    });
    await ping(s.node);
    const mac = s.lab.cluster.macAddresses[0]!;
    const [asks] = frames as [Uint8Array];
    expect([...asks.subarray(0, 14)]).toEqual([...BROADCAST_MAC, ...mac, 8, 6]);
    const own = parseIpv4(s.address);
    expect([...asks.subarray(14, 42)]).toEqual([0, 1, 8, 0, 6, 4, 0, 1, ...mac, ...own, ...NOBODY, 10, 0, 2, 77]);
    frames.length = 0;
    await heardBy(s);
    // Its own question may come again in between.
    const [answers] = frames.filter((frame) => get16(frame, 20) === REPLY) as [Uint8Array];
    expect([...answers.subarray(0, 14)]).toEqual([...NEIGHBOUR_MAC, ...mac, 8, 6]);
    expect([...answers.subarray(14, 42)]).toEqual([
      ...[0, 1, 8, 0, 6, 4, 0, 2, ...mac, ...own],
      ...[...NEIGHBOUR_MAC, 10, 0, 2, 77],
    ]);
  });

  test("that asks for the node's address is answered, and its sender need not be asked for", async () => {
    const s = await scene(false);
    const before = await counter(s.node, "replies sent");
    expect(await heardBy(s)).toMatchObject([{ operation: REPLY, sender: s.address }]);
    expect(await counter(s.node, "replies sent")).toBe(before + 1);
    await ping(s.node);
    expect(asked(s.seen)).toHaveLength(0);
    expect(s.packets.length).toBeGreaterThan(0);
  });

  test.each(
    rowsOf<[string, Parameters<typeof heardBy>[1]]>(
      [
        ["asks for another's address", [ELSEWHERE]],
        ["is a reply to another", [[7, 2], ELSEWHERE]],
      ],
      1,
    ),
  )("that %s is not answered, and its sender not kept", async (_name, change) => {
    const s = await scene(false);
    expect(await heardBy(s, change)).toEqual([]);
    await ping(s.node);
    expect(asked(s.seen).length).toBeGreaterThan(0);
  });

  test("that is a reply is not answered, but its sender is kept", async () => {
    const s = await scene(false);
    expect(await heardBy(s, [[7, 2]])).toEqual([]);
    await ping(s.node);
    expect(asked(s.seen)).toHaveLength(0);
  });

  test("that claims a known neighbour's address is not believed while the neighbour answers", async () => {
    const s = await scene(true);
    await ping(s.node);
    await s.lab.advance("1s");
    const count = s.packets.length;
    await heardBy(s, [[8, 2, 0, 0, 0, 0, 0x88], ELSEWHERE]);
    await s.lab.advance("1s");
    // One for the ping, one to see whether the neighbour is still there.
    expect(asked(s.seen)).toHaveLength(2);
    for (let claim = 0; claim < 5; claim++) await heardBy(s, [[8, 2, 0, 0, 0, 0, 0x88], ELSEWHERE]);
    await ping(s.node);
    expect(s.packets.length).toBeGreaterThan(count);
    expect(asked(s.seen).length).toBeLessThan(5);
    expect(await shown(s.node)).toMatch(/^10\.0\.2\.77 is at 02:00:00:00:00:77 on eth0, confirmed \d s ago$/m);
    expect(await counter(s.node, "claims of an address that another station has")).toBe(6);
  });

  thoroughly("that claims the address of a neighbour who is gone changes where the node sends to", async () => {
    const s = await scene(true);
    await ping(s.node);
    await s.lab.advance("1s");
    s.silence();
    await heardBy(s, [[8, 2, 0, 0, 0, 0, 0x88], ELSEWHERE]);
    await s.lab.advance("400ms");
    const count = s.packets.length;
    await ping(s.node);
    // What goes to 02:..:88 is not among those to the neighbour's old address.
    expect(s.packets).toHaveLength(count);
    expect(await shown(s.node)).toMatch(/^10\.0\.2\.77 is at 02:00:00:00:00:88 on eth0, confirmed \d s ago$/m);
  });

  thoroughly("that is a probe for the node's address is answered, and nobody kept", async () => {
    const s = await scene(false);
    expect(await heardBy(s, [[14, 0, 0, 0, 0]])).toMatchObject([
      { operation: REPLY, sender: s.address, target: "0.0.0.0" },
    ]);
    expect(await shown(s.node)).not.toContain("0.0.0.0 is at");
    expect(await counter(s.node, "malformed")).toBe(0);
  });

  test("that is wrong in any field is counted as malformed, and nothing else", async () => {
    const s = await scene(false);
    const received = await counter(s.node, "packets received");
    const wrong: readonly (readonly [number, ...number[]])[] = [
      [1, 6], // hardware
      [2, 0x86], // protocol
      [4, 8], // bytes of a hardware address
      [5, 16], // and of a protocol's
      [7, 0], // operation
      [7, 3],
      [8, 3], // a group's MAC address
      [14, 224, 0, 0, 1], // a group's address
      [14, 127, 0, 0, 1], // the loopback
    ];
    for (const change of wrong) expect(await heardBy(s, [change])).toEqual([]);
    expect(await counter(s.node, "malformed")).toBe(wrong.length);
    expect(await counter(s.node, "packets received")).toBe(received + wrong.length);
    expect(await shown(s.node)).toContain("No neighbour is known.");
  });
});

describe("the table", () => {
  test("says who answers and who does not", async () => {
    const s = await scene(false);
    await heardBy(s, as(5));
    await s.lab.advance("3s");
    await ping(s.node);
    const text = await shown(s.node);
    expect(text).toMatch(/^10\.0\.2\.5 is at 02:00:00:00:01:05 on eth0, confirmed [3-6] s ago$/m);
    await s.lab.advance("4s");
    expect(await shown(s.node)).not.toContain(NEIGHBOUR);
  });

  thoroughly("is empty after the address has changed", async () => {
    const s = await scene(false);
    await heardBy(s, as(5));
    await s.node.enter("ifconfig eth0 10.0.2.50 255.255.255.0", PROMPT);
    expect(await shown(s.node)).toMatch(/^No neighbour is known\.$/m);
  });

  thoroughly("keeps the 64 that were confirmed last", async () => {
    const s = await scene(false);
    for (let last = 100; last < 170; last++) {
      await heardBy(s, as(last));
      // The first of all is confirmed again.
      if (last === 150) await heardBy(s, as(100));
    }
    const known = new Set(
      [...(await shown(s.node)).matchAll(/^10\.0\.2\.(\d+) is at/gm)].map(([, last]) => Number(last)),
    );
    expect(known.size).toBe(64);
    expect(known.has(100)).toBe(true);
    for (let last = 108; last < 170; last++) expect(known.has(last)).toBe(true);
  });

  test("keeps the neighbour that the node has asked for, whoever asks for the node", async () => {
    const s = await scene(true);
    await ping(s.node);
    for (let last = 100; last < 170; last++) await heardBy(s, as(last));
    const text = await shown(s.node);
    expect(text).toMatch(/^10\.0\.2\.77 is at/m);
    expect(text.match(/ is at /g)).toHaveLength(64);
  });

  test("has room for 32 that do not answer, so that those who do are not driven out", async () => {
    const s = await scene(true);
    await ping(s.node);
    const refused = await counter(s.node, "packets given up: queue or table full");
    const mac = s.lab.cluster.macAddresses[0]!;
    for (let last = 100; last < 170; last++) {
      s.plug.send(echoRequest(`10.0.2.${last}`, s.address, mac));
      await s.lab.advance("1ms");
    }
    const text = await shown(s.node);
    expect(text).toMatch(/^10\.0\.2\.77 is at/m);
    expect(text.match(/ does not answer yet on eth0/g)).toHaveLength(32);
    expect(await counter(s.node, "packets given up: queue or table full")).toBe(refused + 70 - 32);
  });
});

test.each(
  rowsOf(
    [
      ["first", 1],
      ["last", 5],
    ],
    1,
  ),
)(
  "one whose MAC address differs from the node's in one of its %s bytes is in conflict with it",
  async (_part, index) => {
    const s = await scene(false);
    const mac = [...s.lab.cluster.macAddresses[0]!];
    const own = [14, ...parseIpv4(s.address)] as const;
    await heardBy(s, [[8, ...mac], own]);
    expect(await counter(s.node, "address conflicts seen")).toBe(0);
    await heardBy(s, [[8, ...mac.with(index, mac[index]! ^ 0x10)], own]);
    expect(await counter(s.node, "address conflicts seen")).toBe(1);
    expect(await counter(s.node, "announcements in defence")).toBe(1);
  },
);

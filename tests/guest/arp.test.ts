/** ARP at work, as a neighbour on the wire sees it: how often it asks, for how long it believes, and how it defends. */
import { describe, expect, test } from "vitest";
import {
  arpBytes,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  parseIpv4,
} from "../../emulator/ether/packet.ts";
import type { LabCluster, LabNode, LabPlug } from "../../src/index.ts";
import { boot, CLOUD, images, inState, PROMPT } from "../system/images.ts";

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
}

/** A node with an address, and a neighbour that answers for NEIGHBOUR when `answers`. */
async function scene(answers: boolean): Promise<Scene> {
  const lab = await inState("address", async () => {
    const booted = boot({ nodes: [{ cdrom: images().iso }] });
    await booted.nodes[0]!.waitFor(CLOUD, { within: "20s" });
    await booted.nodes[0]!.waitFor(PROMPT);
    await booted.advance("5s");
    return booted;
  });
  const node = lab.nodes[0]!;
  const address = CLOUD.exec(node.console.text)![2]!;
  const plug = lab.plug("neighbour");
  const seen: ArpSeen[] = [];
  const packets: Uint8Array[] = [];
  plug.answer((frame) => {
    if (get16(frame, 12) === ETHERTYPE_IPV4 && frame[5] === NEIGHBOUR_MAC[5]) packets.push(frame);
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
    if (!answers || request.operation !== REQUEST || request.target !== NEIGHBOUR) return [];
    return [arp(REPLY, NEIGHBOUR, request.sender, request.senderMac)];
  });
  return { lab, node, plug, address, seen, packets };
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

  test("gets what waited when it answers at last", async () => {
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

test("an answer is believed for a minute, then asked for again", async () => {
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

  test("makes the node give the address up when it comes again within ten seconds", async () => {
    const { lab, node, plug, seen, address } = await scene(false);
    plug.send(arp(REQUEST, address, address));
    await lab.advance("9500ms");
    expect(defences(seen, address)).toBe(1);
    plug.send(arp(REPLY, address, address));
    await lab.advance("50ms");
    expect(defences(seen, address)).toBe(1);
    await node.waitFor(/eth0: address (\S+) /, { within: "60s" });
  });

  test("does not take an address that a user has set", async () => {
    const { lab, node, plug, seen } = await scene(false);
    await node.enter("ifconfig eth0 10.0.2.50 255.255.255.0", PROMPT);
    await lab.advance("2s");
    const before = defences(seen, "10.0.2.50");
    for (let round = 0; round < 3; round++) {
      plug.send(arp(REQUEST, "10.0.2.50", "10.0.2.50"));
      await lab.advance("1s");
    }
    expect(defences(seen, "10.0.2.50")).toBe(before + 1);
    await node.enter("ifconfig", /address 10\.0\.2\.50 /);
  });
});

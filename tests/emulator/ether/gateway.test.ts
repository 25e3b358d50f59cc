/** The gateway as packets: (packet -> reply). */

import { describe, expect, test } from "vitest";
import { Gateway, isForGateway } from "../../../emulator/ether/gateway.ts";
import {
  arpBytes,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  ipv4Bytes,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  parseArp,
  parseIpv4,
  parseIpv4Packet,
  parseUdp,
  udpBytes,
} from "../../../emulator/ether/packet.ts";
import { Random } from "../../../emulator/state/random.ts";

const MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const OTHER_MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x57);
const GATEWAY_MAC = Uint8Array.of(0x52, 0x55, 10, 0, 2, 2);
const ROUTER = parseIpv4("10.0.2.2");
const NOWHERE = parseIpv4("0.0.0.0");
const EVERYONE = parseIpv4("255.255.255.255");

const names = new Map([["52:54:00:12:34:56", "node-one"]]);

function ask(gateway: Gateway, frame: Uint8Array, timeNs = 0): Uint8Array | null {
  let reply: Uint8Array | null = null;
  gateway.receive(0, timeNs, frame, (_port, answer) => void (reply = answer));
  return reply;
}

test("of two hosts with a gateway each, no frame to or from the own one is the other's", () => {
  const arp = (targetIp: string, sender = MAC): Uint8Array => {
    const asked = { operation: 1, senderMac: sender, senderIp: parseIpv4("10.0.2.15"), targetMac: new Uint8Array(6) };
    return ethernetFrame(BROADCAST_MAC, sender, ETHERTYPE_ARP, arpBytes({ ...asked, targetIp: parseIpv4(targetIp) }));
  };
  const udp = (to: Uint8Array, from: Uint8Array, destinationPort: number): Uint8Array => {
    const addresses = { source: parseIpv4("10.0.2.15"), destination: EVERYONE };
    const ports = { sourcePort: 1024, destinationPort, data: new Uint8Array(8) };
    const payload = udpBytes(addresses.source, addresses.destination, ports);
    return ethernetFrame(to, from, ETHERTYPE_IPV4, ipv4Bytes({ ...addresses, protocol: PROTOCOL_UDP, payload }, 1));
  };
  const own = [
    arp("10.0.2.2"),
    arp("10.0.2.3"),
    arp("10.0.2.15", GATEWAY_MAC),
    udp(GATEWAY_MAC, MAC, 53),
    udp(BROADCAST_MAC, MAC, 67),
    udp(BROADCAST_MAC, OTHER_MAC, 68),
    udp(MAC, GATEWAY_MAC, 20818),
  ];
  const others = [arp("10.0.2.15"), udp(BROADCAST_MAC, MAC, 20818), udp(OTHER_MAC, MAC, 53), new Uint8Array(13)];
  expect(own.map(isForGateway)).toEqual(own.map(() => true));
  expect(others.map(isForGateway)).toEqual(others.map(() => false));
});

describe("ARP", () => {
  const request = (target: string): Uint8Array =>
    ethernetFrame(
      BROADCAST_MAC,
      MAC,
      ETHERTYPE_ARP,
      arpBytes({
        operation: 1,
        senderMac: MAC,
        senderIp: parseIpv4("10.0.2.15"),
        targetMac: new Uint8Array(6),
        targetIp: parseIpv4(target),
      }),
    );

  test.each(["10.0.2.2", "10.0.2.3"])("answers for %s", (address) => {
    const reply = ask(new Gateway(), request(address))!;
    expect(reply.subarray(0, 6)).toEqual(MAC);
    expect(parseArp(reply.subarray(14))).toEqual({
      operation: 2,
      senderMac: GATEWAY_MAC,
      senderIp: parseIpv4(address),
      targetMac: MAC,
      targetIp: parseIpv4("10.0.2.15"),
    });
  });

  test("does not answer for others", () => {
    expect(ask(new Gateway(), request("10.0.2.15"))).toBeNull();
    const off = new Gateway();
    off.enabled = false;
    expect(ask(off, request("10.0.2.2"))).toBeNull();
  });
});

test("echoes a ping", () => {
  const payload = Uint8Array.of(8, 0, 0, 0, 0x12, 0x34, 0, 1, 1, 2, 3);
  const sum = 0xffff - ((0x0800 + 0x1234 + 1 + 0x0102 + 0x0300) % 0xffff);
  payload.set([sum >> 8, sum & 0xff], 2);
  const packet = ipv4Bytes(
    { source: parseIpv4("10.0.2.15"), destination: ROUTER, protocol: PROTOCOL_ICMP, payload },
    1,
  );
  const reply = parseIpv4Packet(
    ask(new Gateway(), ethernetFrame(GATEWAY_MAC, MAC, ETHERTYPE_IPV4, packet))!.subarray(14),
  )!;
  expect(reply.destination).toEqual(parseIpv4("10.0.2.15"));
  expect(Array.from(reply.payload.subarray(4))).toEqual(Array.from(payload.subarray(4)));
  expect(reply.payload[0]).toBe(0);
});

interface Message {
  type: number;
  mac?: Uint8Array;
  current?: string;
  options?: [number, readonly number[]][];
  broadcast?: boolean;
}

function dhcp(
  gateway: Gateway,
  message: Message,
  timeNs = 0,
): { type: number; yours: string; options: Map<number, number[]>; toMac: number[]; toIp: string } | null {
  const mac = message.mac ?? MAC;
  const data = new Uint8Array(300);
  data.set([1, 1, 6, 0, 1, 2, 3, 4, 0, 0, message.broadcast ? 0x80 : 0, 0]);
  data.set(parseIpv4(message.current ?? "0.0.0.0"), 12);
  data.set(mac, 28);
  data.set(
    [
      0x63,
      0x82,
      0x53,
      0x63,
      53,
      1,
      message.type,
      ...(message.options ?? []).flatMap(([code, value]) => [code, value.length, ...value]),
      255,
    ],
    236,
  );
  const source = message.current ? parseIpv4(message.current) : NOWHERE;
  const udp = udpBytes(source, EVERYONE, { sourcePort: 68, destinationPort: 67, data });
  const reply = ask(
    gateway,
    ethernetFrame(
      BROADCAST_MAC,
      mac,
      ETHERTYPE_IPV4,
      ipv4Bytes({ source, destination: EVERYONE, protocol: PROTOCOL_UDP, payload: udp }, 1),
    ),
    timeNs,
  );
  if (reply === null) return null;
  const packet = parseIpv4Packet(reply.subarray(14))!;
  const answer = parseUdp(packet)!.data;
  expect(Array.from(answer.subarray(4, 8))).toEqual([1, 2, 3, 4]);
  const options = new Map<number, number[]>();
  for (let offset = 240; answer[offset] !== 255; offset += 2 + answer[offset + 1]!)
    options.set(answer[offset]!, Array.from(answer.subarray(offset + 2, offset + 2 + answer[offset + 1]!)));
  return {
    type: options.get(53)![0]!,
    yours: answer.subarray(16, 20).join("."),
    options,
    toMac: Array.from(reply.subarray(0, 6)),
    toIp: packet.destination.join("."),
  };
}

const asks = (address: string): [number, readonly number[]] => [50, [...parseIpv4(address)]];
const SERVER: [number, readonly number[]] = [54, [10, 0, 2, 2]];

describe("DHCP", () => {
  test("discover, offer, request, acknowledge", () => {
    const gateway = new Gateway({ hostNames: names, leaseSeconds: 600 });
    const offer = dhcp(gateway, { type: 1 })!;
    expect([offer.type, offer.yours, offer.toIp]).toEqual([2, "10.0.2.15", "10.0.2.15"]);
    expect(offer.toMac).toEqual([...MAC]);
    const ack = dhcp(gateway, { type: 3, options: [asks("10.0.2.15"), SERVER] })!;
    expect([ack.type, ack.yours]).toEqual([5, "10.0.2.15"]);
    expect(Object.fromEntries(ack.options)).toEqual({
      53: [5],
      54: [10, 0, 2, 2],
      1: [255, 255, 255, 0],
      3: [10, 0, 2, 2],
      6: [10, 0, 2, 3],
      12: [...new TextEncoder().encode("node-one")],
      51: [0, 0, 2, 88],
      58: [0, 0, 1, 44],
      59: [0, 0, 2, 13],
    });
  });

  test("a client that cannot hear unicast asks for a broadcast", () => {
    const offer = dhcp(new Gateway(), { type: 1, broadcast: true })!;
    expect([offer.toIp, offer.toMac]).toEqual(["255.255.255.255", [255, 255, 255, 255, 255, 255]]);
  });

  test("each client has an address of its own and gets it again", () => {
    const gateway = new Gateway();
    expect(dhcp(gateway, { type: 1 })!.yours).toBe("10.0.2.15");
    expect(dhcp(gateway, { type: 1, mac: OTHER_MAC })!.yours).toBe("10.0.2.16");
    expect(dhcp(gateway, { type: 1 })!.yours).toBe("10.0.2.15");
    expect(dhcp(gateway, { type: 1, mac: OTHER_MAC, options: [asks("10.0.2.100")] })!.yours).toBe("10.0.2.16");
  });

  test("an address of someone else, or of another network, is refused", () => {
    const gateway = new Gateway();
    dhcp(gateway, { type: 3, options: [asks("10.0.2.15"), SERVER] });
    const refused = dhcp(gateway, { type: 3, mac: OTHER_MAC, options: [asks("10.0.2.15"), SERVER] })!;
    expect([refused.type, refused.toIp]).toEqual([6, "255.255.255.255"]);
    expect(dhcp(gateway, { type: 3, options: [asks("192.168.1.7")] })!.type).toBe(6);
  });

  test("release frees the address, expiry too, renewal keeps it", () => {
    const gateway = new Gateway({ leaseSeconds: 100 });
    const take = (mac: Uint8Array, timeNs: number): number =>
      dhcp(gateway, { type: 3, mac, options: [asks("10.0.2.15")] }, timeNs)!.type;
    expect(take(MAC, 0)).toBe(5);
    expect(take(OTHER_MAC, 50e9)).toBe(6);
    expect(dhcp(gateway, { type: 3, current: "10.0.2.15" }, 60e9)!.type).toBe(5);
    expect(take(OTHER_MAC, 150e9)).toBe(6);
    expect(take(OTHER_MAC, 161e9)).toBe(5);
    expect(dhcp(gateway, { type: 7, mac: OTHER_MAC, current: "10.0.2.15" }, 162e9)).toBeNull();
    expect(take(MAC, 163e9)).toBe(5);
  });

  test("inform gets options and no lease; a declined address is not offered again", () => {
    const gateway = new Gateway();
    const informed = dhcp(gateway, { type: 8, current: "10.0.2.77" })!;
    expect([informed.type, informed.yours, informed.options.has(51), informed.toIp]).toEqual([
      5,
      "0.0.0.0",
      false,
      "10.0.2.77",
    ]);
    dhcp(gateway, { type: 1 });
    expect(dhcp(gateway, { type: 4, options: [asks("10.0.2.15")] })).toBeNull();
    expect(dhcp(gateway, { type: 1 })!.yours).toBe("10.0.2.16");
  });

  test("messages to another server are not for us", () => {
    expect(dhcp(new Gateway(), { type: 3, options: [asks("10.0.2.15"), [54, [10, 0, 2, 99]]] })).toBeNull();
  });
});

test("anything malformed is ignored", () => {
  const gateway = new Gateway();
  const good = ethernetFrame(
    BROADCAST_MAC,
    MAC,
    ETHERTYPE_IPV4,
    ipv4Bytes(
      {
        source: NOWHERE,
        destination: EVERYONE,
        protocol: PROTOCOL_UDP,
        payload: udpBytes(NOWHERE, EVERYONE, { sourcePort: 68, destinationPort: 67, data: new Uint8Array(300) }),
      },
      1,
    ),
  );
  for (let length = 0; length < good.length; length += 7) expect(ask(gateway, good.subarray(0, length))).toBeNull();
  for (let seed = 1; seed < 2000; seed++) {
    const bytes = good.slice();
    const random = new Random(seed);
    for (let change = 0; change < 8; change++) bytes[random.below(bytes.length)] = random.below(256);
    expect(() => ask(gateway, bytes)).not.toThrow();
  }
});

/** When a machine has the address that it was lent: frames of one that comes up, by the moments at which they come. */
import { expect, test } from "vitest";
import {
  arpBytes,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  ipv4Bytes,
  PROTOCOL_UDP,
  parseIpv4,
  parseMac,
  udpBytes,
} from "../../emulator/ether/packet.ts";
import { AddressUse } from "../../src/vm/host/address-use.ts";

const MAC = "52:54:00:12:34:56";
const [NOBODY, EVERYBODY, OWN] = ["0.0.0.0", "255.255.255.255", "10.0.2.15"].map(parseIpv4) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

function udp(source: Uint8Array, sourcePort: number, mac = MAC): Uint8Array {
  const payload = udpBytes(source, EVERYBODY, { sourcePort, destinationPort: 67, data: new Uint8Array(300) });
  const packet = ipv4Bytes({ source, destination: EVERYBODY, protocol: PROTOCOL_UDP, payload }, 1);
  return ethernetFrame(BROADCAST_MAC, parseMac(mac), ETHERTYPE_IPV4, packet);
}

function arp(senderIp: Uint8Array, mac = MAC): Uint8Array {
  const sender = parseMac(mac);
  const packet = arpBytes({ operation: 1, senderMac: sender, senderIp, targetMac: new Uint8Array(6), targetIp: OWN });
  return ethernetFrame(BROADCAST_MAC, sender, ETHERTYPE_ARP, packet);
}

test("one that probes its address does not have it yet, and has it when it says so", () => {
  const use = new AddressUse();
  expect(use.isUsed(MAC, 0)).toBe(true);
  use.begin(MAC);
  expect(use.isUsed(MAC, 1e9)).toBe(false);
  use.hear(udp(NOBODY, 68), 1000);
  use.hear(arp(NOBODY), 1010);
  use.hear(arp(OWN, "52:54:00:00:00:01"), 1020);
  expect(use.isUsed(MAC, 1300)).toBe(false);
  use.hear(arp(OWN), 1310);
  expect(use.isUsed(MAC, 1310)).toBe(true);
  use.begin(MAC);
  expect(use.isUsed(MAC, 1400)).toBe(false);
  use.hear(udp(OWN, 1234), 1500);
  expect(use.isUsed(MAC, 1500)).toBe(true);
});

test("one that says nothing after its DHCP has it a while later", () => {
  const use = new AddressUse();
  use.begin(MAC);
  use.hear(udp(NOBODY, 5353), 0);
  expect(use.isUsed(MAC, 5000)).toBe(false);
  use.hear(udp(NOBODY, 68), 5000);
  use.hear(new Uint8Array(20), 5500);
  expect([use.isUsed(MAC, 8000), use.isUsed(MAC, 8001)]).toEqual([false, true]);
});

test("a machine has the address that it has announced last since it began", () => {
  const use = new AddressUse();
  use.hear(arp(OWN), 0);
  expect(use.announcedBy(MAC)).toBeNull();
  use.begin(MAC);
  use.hear(arp(NOBODY), 1);
  use.hear(udp(OWN, 1234), 2);
  expect(use.announcedBy(MAC)).toBeNull();
  use.hear(arp(OWN), 3);
  use.hear(arp(parseIpv4("10.0.2.16"), "52:54:00:00:00:01"), 4);
  expect(use.announcedBy(MAC)).toBe("10.0.2.15");
  use.hear(arp(parseIpv4("10.0.2.17")), 5);
  expect(use.announcedBy(MAC)).toBe("10.0.2.17");
  use.begin(MAC);
  expect(use.announcedBy(MAC)).toBeNull();
});

/** The peer's end of the cable in the fuzzer of the network: what it says to the node, could say, and hears. */
import {
  arpBytes,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  get16,
  ipv4Bytes,
  type MacAddress,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  parseIpv4,
  parseIpv4Packet,
  parseUdp,
  put16,
  type UdpDatagram,
  udpBytes,
} from "../../../emulator/ether/packet.ts";
import type { LabCluster, LabPlug } from "../../../src/index.ts";

export const PEER = "10.0.2.77";
export const EVERYONE = "255.255.255.255";
export const MDNS_GROUP = "224.0.0.251";
const PEER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x77);
const STEP = "5ms";
const PATIENCE_NS = 300e9;
/** Of a packet that an error of ICMP is about, as many bytes as routers quote. */
const QUOTED_BYTES = 20 + 32;
/** Type, code and next hop's MTU of errors (RFC 792, RFC 1191). */
const ERRORS = [
  [3, 0, 0],
  [3, 1, 0],
  [3, 3, 0],
  [3, 4, 600],
  [3, 4, 0],
  [11, 0, 0],
  [12, 0, 0],
] as const;

/** The MAC address behind an IPv4 address (RFC 1112, 6.4, for groups). */
function macOf(destination: string, mac: MacAddress): MacAddress {
  if (destination === EVERYONE) return BROADCAST_MAC;
  const [first, ...rest] = parseIpv4(destination);
  return first! >= 224 ? Uint8Array.of(1, 0, 0x5e, rest[0]! & 127, rest[1]!, rest[2]!) : mac;
}

export class FuzzWire {
  readonly lab: LabCluster;
  readonly plug: LabPlug;
  /** The node's addresses. */
  readonly mac: MacAddress;
  address: string;
  /** What the peer could say next: it is changed, and was not sent. */
  readonly possible: Uint8Array[] = [];
  #heard: number;

  constructor(lab: LabCluster, plug: LabPlug, mac: MacAddress, address: string) {
    this.lab = lab;
    this.plug = plug;
    this.mac = mac;
    this.address = address;
    this.#heard = plug.received.length;
  }

  packet(protocol: number, payload: Uint8Array, to = this.address): Uint8Array {
    const [source, destination] = [parseIpv4(PEER), parseIpv4(to)];
    const bytes = ipv4Bytes({ source, destination, protocol, payload }, 1);
    return ethernetFrame(macOf(to, this.mac), PEER_MAC, ETHERTYPE_IPV4, bytes);
  }

  udp(sourcePort: number, destinationPort: number, data: Uint8Array, to = this.address): Uint8Array {
    const datagram = { sourcePort, destinationPort, data };
    return this.packet(PROTOCOL_UDP, udpBytes(parseIpv4(PEER), parseIpv4(to), datagram), to);
  }

  arp(operation: number, sender: string, target = this.address): Uint8Array {
    const [senderIp, targetIp] = [parseIpv4(sender), parseIpv4(target)];
    const body = arpBytes({ operation, senderMac: PEER_MAC, senderIp, targetMac: this.mac, targetIp });
    return ethernetFrame(operation === 1 ? BROADCAST_MAC : this.mac, PEER_MAC, ETHERTYPE_ARP, body);
  }

  /** Errors about what the node has sent. */
  errorsAbout(frame: Uint8Array): Uint8Array[] {
    if (get16(frame, 12) !== ETHERTYPE_IPV4) return [];
    const quoted = frame.subarray(14, 14 + QUOTED_BYTES);
    return ERRORS.map(([type, code, mtu]) => {
      const payload = new Uint8Array(8 + quoted.length);
      payload.set([type, code]);
      put16(payload, 6, mtu);
      payload.set(quoted, 8);
      return this.packet(PROTOCOL_ICMP, payload);
    });
  }

  /** The next datagram that the node sends to a port. */
  async hear(port: number): Promise<UdpDatagram> {
    const { received } = this.plug;
    const started = this.lab.nowNs;
    for (;;) {
      while (this.#heard < received.length) {
        const frame = received[this.#heard++]!;
        const packet = get16(frame, 12) === ETHERTYPE_IPV4 ? parseIpv4Packet(frame.subarray(14)) : null;
        const datagram = packet?.protocol === PROTOCOL_UDP ? parseUdp(packet) : null;
        if (datagram?.destinationPort === port) return datagram;
      }
      if (this.lab.nowNs - started > PATIENCE_NS) throw new Error(`the node said nothing to port ${port}`);
      await this.lab.advance(STEP);
    }
  }
}

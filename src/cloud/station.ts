/** A place on the cluster's Ethernet: frames taken apart, and made. */
import {
  arpBytes,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  formatIpv4,
  get16,
  ipv4Bytes,
  PROTOCOL_UDP,
  parseArp,
  parseIpv4,
  parseIpv4Packet,
  parseUdp,
  sameBytes,
  udpBytes,
} from "../../emulator/ether/packet.ts";
import { CLUSTER_PORT } from "../wire/cluster.ts";

const ETHERNET_BYTES = 14;
const ARP_REQUEST = 1;
const ARP_REPLY = 2;

/** Where all nodes hear what is said: 239.255.81.82. */
export const GROUP = { from: "239.255.81.82", mac: Uint8Array.of(0x01, 0x00, 0x5e, 0x7f, 0x51, 0x52) };

/** The data of a datagram between two ports of the cluster. */
export interface Datagram {
  readonly data: Uint8Array;
  readonly from: string;
  readonly to: string;
  readonly mac: Uint8Array;
}

export class Station {
  readonly address: string;
  readonly #ip: Uint8Array;
  readonly #mac: Uint8Array;
  readonly #send: (frame: Uint8Array) => void;
  #packets = 0;

  constructor(mac: Uint8Array, address: string, send: (frame: Uint8Array) => void) {
    if (mac.length !== 6) throw new RangeError(`a MAC address has six bytes, not ${mac.length}`);
    this.address = address;
    this.#ip = parseIpv4(address);
    this.#mac = mac.slice();
    this.#send = send;
  }

  /** Null for a frame without one. Whoever asks where this station is gets its answer. */
  take(frame: Uint8Array): Datagram | null {
    if (frame.length < ETHERNET_BYTES) return null;
    const payload = frame.subarray(ETHERNET_BYTES);
    if (get16(frame, 12) === ETHERTYPE_ARP) this.#answer(payload);
    const packet = get16(frame, 12) === ETHERTYPE_IPV4 ? parseIpv4Packet(payload) : null;
    const datagram = packet?.protocol === PROTOCOL_UDP ? parseUdp(packet) : null;
    if (datagram?.destinationPort !== CLUSTER_PORT || datagram.sourcePort !== CLUSTER_PORT) return null;
    const { source, destination } = packet!;
    return { data: datagram.data, from: formatIpv4(source), to: formatIpv4(destination), mac: frame.slice(6, 12) };
  }

  /** Sends a packet to one node, or to the group. */
  say(data: Uint8Array, { from, mac }: Pick<Datagram, "from" | "mac">): void {
    const ports = { sourcePort: CLUSTER_PORT, destinationPort: CLUSTER_PORT };
    const destination = parseIpv4(from);
    const payload = udpBytes(this.#ip, destination, { ...ports, data });
    const packet = { source: this.#ip, destination, protocol: PROTOCOL_UDP, payload };
    this.#packets = (this.#packets + 1) & 0xffff;
    this.#send(ethernetFrame(mac, this.#mac, ETHERTYPE_IPV4, ipv4Bytes(packet, this.#packets)));
  }

  #answer(payload: Uint8Array): void {
    const asked = parseArp(payload);
    if (asked?.operation !== ARP_REQUEST || !sameBytes(asked.targetIp, this.#ip)) return;
    if (sameBytes(asked.senderMac, this.#mac)) return;
    const reply = { operation: ARP_REPLY, senderMac: this.#mac, senderIp: this.#ip };
    const to = { targetMac: asked.senderMac, targetIp: asked.senderIp };
    this.#send(ethernetFrame(asked.senderMac, this.#mac, ETHERTYPE_ARP, arpBytes({ ...reply, ...to })));
  }
}

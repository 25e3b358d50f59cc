/**
 * Ethernet, ARP, IPv4, ICMP and UDP as bytes: what the gateway reads and writes. Sources: RFC 826, 791, 792, 768, 894.
 */
import { holds } from "../state/invariant.ts";
import { internetChecksum, onesSum } from "./internet-checksum.ts";

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;

export type MacAddress = Uint8Array;
/** Four bytes as they lie in a packet. */
export type Ipv4Address = Uint8Array;

const ETHERNET_HEADER_BYTES = 14;
const IPV4_HEADER_BYTES = 20;
const UDP_HEADER_BYTES = 8;
const SHORTEST_FRAME = 60;
const TIME_TO_LIVE = 64;

export const BROADCAST_MAC: MacAddress = new Uint8Array(6).fill(0xff);

export function get16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

export function get32(bytes: Uint8Array, offset: number): number {
  return get16(bytes, offset) * 0x10000 + get16(bytes, offset + 2);
}

export function put16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = (value >> 8) & 0xff;
  bytes[offset + 1] = value & 0xff;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

/** "10.0.2.15" to bytes. Throws a RangeError when it is not an address. */
export function parseIpv4(text: string): Ipv4Address {
  const parts = text.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !(Number.isInteger(part) && part >= 0 && part <= 255)))
    throw new RangeError(`${text} is not an IPv4 address`);
  return Uint8Array.from(parts);
}

export function formatIpv4(address: Ipv4Address): string {
  return address.join(".");
}

export function formatMac(address: MacAddress): string {
  return Array.from(address, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** As `formatMac` writes it. */
export function parseMac(text: string): MacAddress {
  return Uint8Array.from(text.split(":"), (digits) => Number.parseInt(digits, 16));
}

export function ethernetFrame(
  destination: MacAddress,
  source: MacAddress,
  type: number,
  payload: Uint8Array,
): Uint8Array {
  const frame = new Uint8Array(Math.max(SHORTEST_FRAME, ETHERNET_HEADER_BYTES + payload.length));
  holds(destination.length === 6 && source.length === 6, "frame", "a hardware address has six bytes");
  holds(type >= 0 && type <= 0xffff, "frame", "a type has sixteen bits");
  frame.set(destination, 0);
  frame.set(source, 6);
  put16(frame, 12, type);
  frame.set(payload, ETHERNET_HEADER_BYTES);
  return frame;
}

export interface ArpPacket {
  operation: number;
  senderMac: MacAddress;
  senderIp: Ipv4Address;
  targetMac: MacAddress;
  targetIp: Ipv4Address;
}

export function parseArp(bytes: Uint8Array): ArpPacket | null {
  if (
    bytes.length < 28 ||
    get16(bytes, 0) !== 1 ||
    get16(bytes, 2) !== ETHERTYPE_IPV4 ||
    bytes[4] !== 6 ||
    bytes[5] !== 4
  )
    return null;
  return {
    operation: get16(bytes, 6),
    senderMac: bytes.slice(8, 14),
    senderIp: bytes.slice(14, 18),
    targetMac: bytes.slice(18, 24),
    targetIp: bytes.slice(24, 28),
  };
}

export function arpBytes(packet: ArpPacket): Uint8Array {
  const bytes = new Uint8Array(28);
  holds(packet.senderMac.length === 6 && packet.targetMac.length === 6, "ARP", "a hardware address has six bytes");
  put16(bytes, 0, 1);
  put16(bytes, 2, ETHERTYPE_IPV4);
  bytes[4] = 6;
  bytes[5] = 4;
  put16(bytes, 6, packet.operation);
  bytes.set(packet.senderMac, 8);
  bytes.set(packet.senderIp, 14);
  bytes.set(packet.targetMac, 18);
  bytes.set(packet.targetIp, 24);
  return bytes;
}

export interface Ipv4Packet {
  source: Ipv4Address;
  destination: Ipv4Address;
  protocol: number;
  payload: Uint8Array;
}

/** Null for anything malformed, and for fragments: nobody here needs datagrams that do not fit a frame. */
export function parseIpv4Packet(bytes: Uint8Array): Ipv4Packet | null {
  if (bytes.length < IPV4_HEADER_BYTES || bytes[0]! >> 4 !== 4) return null;
  const headerBytes = (bytes[0]! & 15) * 4;
  const totalBytes = get16(bytes, 2);
  if (headerBytes < IPV4_HEADER_BYTES || totalBytes < headerBytes || totalBytes > bytes.length) return null;
  if (onesSum(bytes, 0, headerBytes) !== 0xffff || get16(bytes, 6) & 0x3fff) return null;
  return {
    source: bytes.slice(12, 16),
    destination: bytes.slice(16, 20),
    protocol: bytes[9]!,
    payload: bytes.subarray(headerBytes, totalBytes),
  };
}

/** `identification` makes packets of one sender different. */
export function ipv4Bytes(packet: Ipv4Packet, identification: number): Uint8Array {
  const bytes = new Uint8Array(IPV4_HEADER_BYTES + packet.payload.length);
  holds(bytes.length <= 0xffff, "packet", "its length has no room in the header");
  holds(packet.source.length === 4 && packet.destination.length === 4, "packet", "an address has four bytes");
  bytes[0] = 0x45;
  put16(bytes, 2, bytes.length);
  put16(bytes, 4, identification);
  bytes[8] = TIME_TO_LIVE;
  bytes[9] = packet.protocol;
  bytes.set(packet.source, 12);
  bytes.set(packet.destination, 16);
  put16(bytes, 10, internetChecksum(bytes, 0, IPV4_HEADER_BYTES));
  bytes.set(packet.payload, IPV4_HEADER_BYTES);
  return bytes;
}

export interface UdpDatagram {
  sourcePort: number;
  destinationPort: number;
  data: Uint8Array;
}

function pseudoHeaderSum(source: Ipv4Address, destination: Ipv4Address, udpBytes: number): number {
  return onesSum(Uint8Array.of(...source, ...destination, 0, PROTOCOL_UDP, udpBytes >> 8, udpBytes & 0xff), 0, 12);
}

export function parseUdp(packet: Ipv4Packet): UdpDatagram | null {
  const { payload } = packet;
  if (payload.length < UDP_HEADER_BYTES) return null;
  const length = get16(payload, 4);
  if (length < UDP_HEADER_BYTES || length > payload.length) return null;
  if (
    get16(payload, 6) !== 0 &&
    onesSum(payload, 0, length, pseudoHeaderSum(packet.source, packet.destination, length)) !== 0xffff
  )
    return null;
  return {
    sourcePort: get16(payload, 0),
    destinationPort: get16(payload, 2),
    data: payload.subarray(UDP_HEADER_BYTES, length),
  };
}

export function udpBytes(source: Ipv4Address, destination: Ipv4Address, datagram: UdpDatagram): Uint8Array {
  const bytes = new Uint8Array(UDP_HEADER_BYTES + datagram.data.length);
  holds(bytes.length <= 0xffff, "datagram", "its length has no room in the header");
  put16(bytes, 0, datagram.sourcePort);
  put16(bytes, 2, datagram.destinationPort);
  put16(bytes, 4, bytes.length);
  bytes.set(datagram.data, UDP_HEADER_BYTES);
  put16(
    bytes,
    6,
    internetChecksum(bytes, 0, bytes.length, pseudoHeaderSum(source, destination, bytes.length)) || 0xffff,
  );
  return bytes;
}

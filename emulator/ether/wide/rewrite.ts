/**
 * Another address or port in a packet of IPv4, with checksums kept right by what changed (RFC 1624): a checksum that
 * was wrong stays wrong, so that the receiver sees it. Errors of ICMP name the packet that they are about, which is
 * rewritten in them (RFC 5508, 4.2).
 */
import { holds } from "../../state/invariant.ts";
import { internetChecksum, onesSum } from "../internet-checksum.ts";
import { get16, get32, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP, put16 } from "../packet.ts";
import type { Endpoint, Protocol } from "./translation.ts";

/** Where in a packet something lies, and who it is for. */
export interface Flow {
  readonly protocol: Protocol;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** Of an error of ICMP: where the packet begins that it is about. The flow is that packet's, turned round. */
  readonly quotedAt: number | null;
  /** Of TCP: FIN or RST is there. */
  readonly isEnding: boolean;
}

const HEADER_BYTES = 20;
const SOURCE_AT = 12;
const DESTINATION_AT = 16;
const CHECKSUM_AT = 10;
const TIME_TO_LIVE_AT = 8;
const FRAGMENT_MASK = 0x3fff;
const [ECHO_REPLY, UNREACHABLE, ECHO, TIME_EXCEEDED, PARAMETER] = [0, 3, 8, 11, 12];
const ERRORS: readonly number[] = [UNREACHABLE, TIME_EXCEEDED, PARAMETER];
const FIN_OR_RST = 0b101;

const headerBytes = (packet: Uint8Array, at: number): number => (packet[at]! & 15) * 4;

/** Of a packet whose header is right, in a buffer of its own; null where there is nothing to translate by. */
export function flowOf(packet: Uint8Array): Flow | null {
  if (packet.length < HEADER_BYTES || packet[0]! >> 4 !== 4 || get16(packet, 6) & FRAGMENT_MASK) return null;
  const start = headerBytes(packet, 0);
  if (start < HEADER_BYTES || get16(packet, 2) !== packet.length || packet.length < start + 8) return null;
  if (onesSum(packet, 0, start) !== 0xffff) return null;
  if (packet[9] !== PROTOCOL_ICMP || !ERRORS.includes(packet[start]!)) return endsOf(packet, 0);
  const quotedAt = start + 8;
  if (packet.length < quotedAt + HEADER_BYTES + 8) return null;
  const quoted = endsOf(packet, quotedAt);
  return quoted && { ...quoted, source: quoted.destination, destination: quoted.source, quotedAt };
}

function endsOf(packet: Uint8Array, at: number): Flow | null {
  const start = at + headerBytes(packet, at);
  if (start < at + HEADER_BYTES || packet.length < start + 8) return null;
  const protocol = packet[at + 9]!;
  const isEcho = protocol === PROTOCOL_ICMP && (packet[start] === ECHO || packet[start] === ECHO_REPLY);
  if (!isEcho && protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP) return null;
  const [source, destination] = [get32(packet, at + SOURCE_AT), get32(packet, at + DESTINATION_AT)];
  const ports = isEcho
    ? [get16(packet, start + 4), get16(packet, start + 4)]
    : [get16(packet, start), get16(packet, start + 2)];
  return {
    protocol: isEcho ? "icmp" : protocol === PROTOCOL_TCP ? "tcp" : "udp",
    source: { address: source, port: ports[0]! },
    destination: { address: destination, port: ports[1]! },
    quotedAt: null,
    isEnding: protocol === PROTOCOL_TCP && packet.length > start + 13 && (packet[start + 13]! & FIN_OR_RST) !== 0,
  };
}

/** Puts another source or destination into a packet, in place. The side is that of the flow, as `flowOf` gave it. */
export function rewrite(packet: Uint8Array, flow: Flow, side: "source" | "destination", to: Endpoint): void {
  holds(to.address >= 0 && to.port >= 0 && to.port <= 0xffff, "translation", "an address or port that is none");
  if (flow.quotedAt === null) {
    rewriteEnd(packet, 0, side, to);
    return;
  }
  // The packet in the error went the other way; of the error itself, whose sender may be any router, one end alone.
  rewriteEnd(packet, flow.quotedAt, side === "source" ? "destination" : "source", to);
  putAddress(packet, 0, side === "source" ? SOURCE_AT : DESTINATION_AT, to.address);
  const start = headerBytes(packet, 0);
  put16(packet, start + 2, 0);
  put16(packet, start + 2, internetChecksum(packet, start, packet.length));
}

function rewriteEnd(packet: Uint8Array, at: number, side: "source" | "destination", to: Endpoint): void {
  const start = at + headerBytes(packet, at);
  const protocol = packet[at + 9]!;
  const addressAt = side === "source" ? SOURCE_AT : DESTINATION_AT;
  const before = packet.slice(at + addressAt, at + addressAt + 4);
  putAddress(packet, at, addressAt, to.address);
  const portAt = protocol === PROTOCOL_ICMP ? start + 4 : side === "source" ? start : start + 2;
  const oldPort = get16(packet, portAt);
  put16(packet, portAt, to.port);
  if (protocol === PROTOCOL_ICMP) {
    adjust(packet, start + 2, [oldPort], [to.port]);
    return;
  }
  const checksumAt = protocol === PROTOCOL_TCP ? start + 16 : start + 6;
  // A datagram without a checksum stays without one; a quoted segment may end before its own.
  if (checksumAt + 2 > packet.length || (protocol === PROTOCOL_UDP && get16(packet, checksumAt) === 0)) return;
  adjust(
    packet,
    checksumAt,
    [get16(before, 0), get16(before, 2), oldPort],
    [to.address >>> 16, to.address & 0xffff, to.port],
  );
  if (protocol === PROTOCOL_UDP && get16(packet, checksumAt) === 0) put16(packet, checksumAt, 0xffff);
}

function putAddress(packet: Uint8Array, at: number, offset: number, address: number): void {
  const before = [get16(packet, at + offset), get16(packet, at + offset + 2)];
  put16(packet, at + offset, address >>> 16);
  put16(packet, at + offset + 2, address & 0xffff);
  adjust(packet, at + CHECKSUM_AT, before, [address >>> 16, address & 0xffff]);
}

/** One hop less to live. False: none is left, and the packet goes no further. */
export function takeHop(packet: Uint8Array): boolean {
  const left = packet[TIME_TO_LIVE_AT]!;
  if (left <= 1) return false;
  packet[TIME_TO_LIVE_AT] = left - 1;
  adjust(packet, CHECKSUM_AT, [left << 8], [(left - 1) << 8]);
  return true;
}

/** RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). */
function adjust(packet: Uint8Array, at: number, before: readonly number[], after: readonly number[]): void {
  let sum = ~get16(packet, at) & 0xffff;
  for (const word of before) sum += ~word & 0xffff;
  for (const word of after) sum += word & 0xffff;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  put16(packet, at, ~sum & 0xffff);
}

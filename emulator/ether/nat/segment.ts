/** TCP segments as bytes (RFC 9293, 3.1; options of RFC 9293, 3.2, and RFC 7323, 2.2). */
import { holds } from "../../state/invariant.ts";
import { internetChecksum, onesSum } from "../internet-checksum.ts";
import { get16, get32, type Ipv4Address, type Ipv4Packet, put16 } from "../packet.ts";

export const PROTOCOL_TCP = 6;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

const HEADER_BYTES = 20;
const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;
const OPTION_SCALE = 3;
/** RFC 7323, 2.3: a larger shift is taken as this one. */
const LARGEST_SHIFT = 14;

export interface Segment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Both modulo 2^32. */
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  /** As it stands in the header, not scaled. */
  readonly window: number;
  /** Only in a SYN: the largest segment that its sender takes, and its window's shift; null when it says nothing. */
  readonly mss: number | null;
  readonly shift: number | null;
  readonly data: Uint8Array;
}

/** How far sequence number `a` is after `b`: negative when it is before it (RFC 9293, 3.4). */
export function distance(a: number, b: number): number {
  return (a - b) | 0;
}

function pseudoHeaderSum(source: Ipv4Address, destination: Ipv4Address, sizeBytes: number): number {
  return onesSum(
    Uint8Array.of(...source, ...destination, 0, PROTOCOL_TCP, (sizeBytes >> 8) & 0xff, sizeBytes & 0xff),
    0,
    12,
  );
}

interface Options {
  mss: number | null;
  shift: number | null;
}

/** Null when an option's length lies. */
function readOptions(bytes: Uint8Array): Options | null {
  const found: Options = { mss: null, shift: null };
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at]!;
    if (kind === OPTION_END) break;
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    if (length < 2 || at + length > bytes.length) return null;
    if (kind === OPTION_MSS && length === 4) found.mss = get16(bytes, at + 2);
    if (kind === OPTION_SCALE && length === 3) found.shift = Math.min(bytes[at + 2]!, LARGEST_SHIFT);
    at += length;
  }
  return found;
}

/** Null for anything malformed. The data are a view of the packet. */
export function parseSegment({ source, destination, payload }: Ipv4Packet): Segment | null {
  if (payload.length < HEADER_BYTES) return null;
  const headerBytes = (payload[12]! >> 4) * 4;
  if (headerBytes < HEADER_BYTES || headerBytes > payload.length) return null;
  if (onesSum(payload, 0, payload.length, pseudoHeaderSum(source, destination, payload.length)) !== 0xffff) return null;
  const options = readOptions(payload.subarray(HEADER_BYTES, headerBytes));
  if (options === null) return null;
  const flags = payload[13]! & 0x3f;
  return {
    sourcePort: get16(payload, 0),
    destinationPort: get16(payload, 2),
    sequence: get32(payload, 4),
    acknowledgment: get32(payload, 8),
    flags,
    window: get16(payload, 14),
    ...(flags & SYN ? options : { mss: null, shift: null }),
    data: payload.subarray(headerBytes),
  };
}

function put32(bytes: Uint8Array, offset: number, value: number): void {
  put16(bytes, offset, (value >>> 16) & 0xffff);
  put16(bytes, offset + 2, value & 0xffff);
}

export function segmentBytes(source: Ipv4Address, destination: Ipv4Address, segment: Segment): Uint8Array {
  const { mss, shift, data } = segment;
  const options = [
    ...(mss !== null ? [OPTION_MSS, 4, mss >> 8, mss & 0xff] : []),
    ...(shift !== null ? [OPTION_NOP, OPTION_SCALE, 3, shift] : []),
  ];
  const headerBytes = HEADER_BYTES + options.length;
  holds(headerBytes % 4 === 0 && headerBytes <= 60, "TCP segment", "its options do not fit its header");
  const bytes = new Uint8Array(headerBytes + data.length);
  holds(segment.window >= 0 && segment.window <= 0xffff, "TCP segment", "its window has no room in the header");
  put16(bytes, 0, segment.sourcePort);
  put16(bytes, 2, segment.destinationPort);
  put32(bytes, 4, segment.sequence);
  put32(bytes, 8, segment.acknowledgment);
  bytes[12] = (headerBytes / 4) << 4;
  bytes[13] = segment.flags;
  put16(bytes, 14, segment.window);
  bytes.set(options, HEADER_BYTES);
  bytes.set(data, headerBytes);
  put16(bytes, 16, internetChecksum(bytes, 0, bytes.length, pseudoHeaderSum(source, destination, bytes.length)));
  return bytes;
}

/** What answers a segment, other than a reset, of a connection that is none (RFC 9293, 3.10.7.1). */
export function refusalOf({ flags, sequence, acknowledgment, data, ...ports }: Segment): Segment {
  const length = data.length + (flags & SYN ? 1 : 0);
  return {
    sourcePort: ports.destinationPort,
    destinationPort: ports.sourcePort,
    sequence: flags & ACK ? acknowledgment : 0,
    acknowledgment: flags & ACK ? 0 : (sequence + length) >>> 0,
    flags: flags & ACK ? RST : RST | ACK,
    window: 0,
    mss: null,
    shift: null,
    data: new Uint8Array(0),
  };
}

/**
 * TCP and UDP segmentation in the network card: one large packet becomes frames of at most MSS bytes of payload, each
 * with an adjusted copy of the header. Source: Intel's Software Developer's Manual (317453), 3.5.
 */
import { holds } from "../../state/invariant.ts";

export interface OffloadContext {
  /** IP header: first byte, place of its checksum, last byte. */
  ipStart: number;
  ipOffset: number;
  ipEnd: number;
  /** TCP or UDP likewise; an end of 0 is the end of the frame. */
  payloadStart: number;
  payloadOffset: number;
  payloadEnd: number;
  isTcp: boolean;
  isIpv4: boolean;
  /** Length of all headers, and MSS. */
  headerBytes: number;
  segmentBytes: number;
}

/** TCP flags that only the last segment keeps: FIN and PSH. */
const LAST_ONLY_FLAGS = 0x09;

function get16(frame: Uint8Array, offset: number): number {
  return ((frame[offset] ?? 0) << 8) | (frame[offset + 1] ?? 0);
}

function put16(frame: Uint8Array, offset: number, value: number): void {
  if (offset + 2 > frame.length) return;
  frame[offset] = (value >> 8) & 0xff;
  frame[offset + 1] = value & 0xff;
}

/**
 * The frames of a packet, checksums not yet inserted: the pseudo header's sum in the checksum field gets its length.
 */
export function segmentFrame(packet: Uint8Array, context: OffloadContext): Uint8Array<ArrayBuffer>[] {
  const frames: Uint8Array<ArrayBuffer>[] = [];
  const header = packet.subarray(0, Math.min(context.headerBytes, packet.length));
  holds(context.segmentBytes > 0, "segmentation", "segments without bytes");
  const { ipStart, payloadStart } = context;
  for (
    let offset = header.length, index = 0;
    offset < packet.length || index === 0;
    offset += context.segmentBytes, index++
  ) {
    const payload = packet.subarray(offset, offset + context.segmentBytes);
    const isLast = offset + payload.length >= packet.length;
    const frame = new Uint8Array(header.length + payload.length);
    frame.set(header);
    frame.set(payload, header.length);
    if (context.isIpv4) {
      put16(frame, ipStart + 2, frame.length - ipStart);
      put16(frame, ipStart + 4, get16(header, ipStart + 4) + index);
    } else {
      put16(frame, ipStart + 4, frame.length - ipStart - 40);
    }
    const length = frame.length - payloadStart;
    if (context.isTcp) advanceTcp(frame, payloadStart, offset - header.length, isLast);
    else put16(frame, payloadStart + 4, length);
    const sum = get16(frame, context.payloadOffset) + length;
    put16(frame, context.payloadOffset, (sum & 0xffff) + (sum >>> 16));
    frames.push(frame);
  }
  return frames;
}

/** Sequence number and flags of a segment that begins `distance` bytes into the payload. */
function advanceTcp(frame: Uint8Array, tcpStart: number, distance: number, isLast: boolean): void {
  if (tcpStart + 14 > frame.length) return;
  const sequence = (get16(frame, tcpStart + 4) * 0x10000 + get16(frame, tcpStart + 6) + distance) % 0x100000000;
  put16(frame, tcpStart + 4, Math.floor(sequence / 0x10000));
  put16(frame, tcpStart + 6, sequence % 0x10000);
  if (!isLast) frame[tcpStart + 13]! &= ~LAST_ONLY_FLAGS;
}

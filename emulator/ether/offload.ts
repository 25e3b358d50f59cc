/**
 * What a sender left to its card. Where its frames reach us on the same host, inside a tunnel, there was no card: the
 * field of a transport checksum holds the sum of the pseudo-header alone, and a TCP segment may be longer than any
 * frame (Linux, Documentation/networking/checksum-offloads.rst and segmentation-offloads.rst). This does the card's
 * work.
 */
import { internetChecksum, onesSum } from "./internet-checksum.ts";
import { ETHERTYPE_IPV4, get16, get32, PROTOCOL_TCP, PROTOCOL_UDP, put16 } from "./packet.ts";

const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const TCP_BYTES = 20;
const TCP_FIELD = 16;
const UDP_FIELD = 6;
const FRAGMENT = 0x3fff;
/** Of a frame without FCS and tag. */
const LONGEST_BYTES = 1514;
const FIN_PSH = 0x09;
const CWR = 0x80;

/** Where the parts of a frame are. */
interface Layout {
  readonly isTcp: boolean;
  /** Of the transport header, of its checksum, and of what follows the packet. */
  readonly start: number;
  readonly field: number;
  readonly end: number;
}

/** Null for what is no whole TCP segment or UDP datagram over IPv4. */
function layoutOf(frame: Uint8Array): Layout | null {
  if (frame.length < ETHERNET_BYTES + IPV4_BYTES || get16(frame, 12) !== ETHERTYPE_IPV4) return null;
  const start = ETHERNET_BYTES + (frame[ETHERNET_BYTES]! & 15) * 4;
  const end = ETHERNET_BYTES + get16(frame, ETHERNET_BYTES + 2);
  const protocol = frame[ETHERNET_BYTES + 9]!;
  const isTcp = protocol === PROTOCOL_TCP;
  const isFragment = (get16(frame, ETHERNET_BYTES + 6) & FRAGMENT) !== 0;
  if ((!isTcp && protocol !== PROTOCOL_UDP) || isFragment || start < ETHERNET_BYTES + IPV4_BYTES) return null;
  const field = start + (isTcp ? TCP_FIELD : UDP_FIELD);
  return field + 2 <= end && end <= frame.length ? { isTcp, start, field, end } : null;
}

function pseudoSum(frame: Uint8Array, { start, end }: Layout): number {
  const addresses = onesSum(frame, ETHERNET_BYTES + 12, ETHERNET_BYTES + 20);
  return onesSum(frame, 0, 0, addresses + frame[ETHERNET_BYTES + 9]! + (end - start));
}

/** Completes a checksum that was left to hardware, in place. */
function fillChecksum(frame: Uint8Array, layout: Layout): void {
  const { start, field, end } = layout;
  const pseudo = pseudoSum(frame, layout);
  if (get16(frame, field) !== pseudo || onesSum(frame, start, end, pseudo) === 0xffff) return;
  // The sum of the pseudo-header is in the field, and so in this sum.
  put16(frame, field, internetChecksum(frame, start, end) || 0xffff);
}

/** A long TCP segment as frames of usual size. */
function segment(frame: Uint8Array, { start, end }: Layout): Uint8Array[] {
  const headers = start + Math.max(TCP_BYTES, (frame[start + 12]! >> 4) * 4);
  if (headers >= end || headers >= LONGEST_BYTES) return [];
  const pieceBytes = LONGEST_BYTES - headers;
  const sequence = get32(frame, start + 4);
  const identification = get16(frame, ETHERNET_BYTES + 4);
  const pieces: Uint8Array[] = [];
  for (let at = headers; at < end; at += pieceBytes) {
    const size = Math.min(pieceBytes, end - at);
    const piece = new Uint8Array(headers + size);
    piece.set(frame.subarray(0, headers));
    piece.set(frame.subarray(at, at + size), headers);
    put16(piece, ETHERNET_BYTES + 2, piece.length - ETHERNET_BYTES);
    put16(piece, ETHERNET_BYTES + 4, identification + pieces.length);
    put16(piece, ETHERNET_BYTES + 10, 0);
    put16(piece, ETHERNET_BYTES + 10, internetChecksum(piece, ETHERNET_BYTES, start));
    const next = (sequence + at - headers) >>> 0;
    put16(piece, start + 4, next >>> 16);
    put16(piece, start + 6, next & 0xffff);
    if (at + size < end) piece[start + 13]! &= ~FIN_PSH;
    if (pieces.length > 0) piece[start + 13]! &= ~CWR;
    put16(piece, start + TCP_FIELD, 0);
    const layout = { isTcp: true, start, field: start + TCP_FIELD, end: piece.length };
    put16(piece, start + TCP_FIELD, internetChecksum(piece, start, piece.length, pseudoSum(piece, layout)));
    pieces.push(piece);
  }
  return pieces;
}

/**
 * The frames that a card would have sent; a frame of the usual size is changed in place. Too long for any other: none.
 */
export function finishOffloads(frame: Uint8Array): readonly Uint8Array[] {
  const layout = layoutOf(frame);
  if (frame.length > LONGEST_BYTES && layout?.isTcp) return segment(frame, layout);
  if (layout !== null) fillChecksum(frame, layout);
  return [frame];
}

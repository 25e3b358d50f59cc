/** Checksums of TCP and UDP over IPv4 in Ethernet II frames without tags, as cards look at them. */
import { onesSum } from "./internet-checksum.ts";
import { ETHERTYPE_IPV4, get16, PROTOCOL_TCP, PROTOCOL_UDP } from "./packet.ts";

const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const FRAGMENT = 0x3fff;
const TCP_BYTES = 20;
const UDP_BYTES = 8;
const UDP_FIELD = 6;
/** The sum of what includes its own checksum. */
const RIGHT = 0xffff;

/** Where the payload of IPv4 begins and ends, by its header; null where there is no such header. */
export function ipv4Payload(frame: Uint8Array): { readonly start: number; readonly end: number } | null {
  if (frame.length < ETHERNET_BYTES + IPV4_BYTES || get16(frame, 12) !== ETHERTYPE_IPV4) return null;
  const start = ETHERNET_BYTES + (frame[ETHERNET_BYTES]! & 15) * 4;
  const end = ETHERNET_BYTES + get16(frame, ETHERNET_BYTES + 2);
  if (frame[ETHERNET_BYTES]! >> 4 !== 4 || start < ETHERNET_BYTES + IPV4_BYTES || start > frame.length) return null;
  return { start, end };
}

/** Whether the header of IPv4 up to `start` is right. */
export const isHeaderRight = (frame: Uint8Array, start: number): boolean =>
  onesSum(frame, ETHERNET_BYTES, start) === RIGHT;

/** Whether the segment or datagram from `start` to `end` is right; null where there is none that has a checksum. */
export function isPayloadRight(frame: Uint8Array, start: number, end: number): boolean | null {
  const protocol = frame[ETHERNET_BYTES + 9]!;
  if (get16(frame, ETHERNET_BYTES + 6) & FRAGMENT) return null;
  if (protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP) return null;
  if (end > frame.length || end - start < (protocol === PROTOCOL_TCP ? TCP_BYTES : UDP_BYTES)) return null;
  if (protocol === PROTOCOL_UDP && get16(frame, start + UDP_FIELD) === 0) return null;
  const pseudo = onesSum(frame, ETHERNET_BYTES + 12, ETHERNET_BYTES + 20, protocol + (end - start));
  return onesSum(frame, start, end, pseudo) === RIGHT;
}

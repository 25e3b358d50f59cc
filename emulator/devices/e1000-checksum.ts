/**
 * What an 82540EM says of a received frame's checksums. Source: Software Developer's Manual (317453), 3.2.3.2, 3.2.3.3,
 * 3.2.9 and 13.4.30.
 */
import { onesSum } from "../ether/internet-checksum.ts";
import { ETHERTYPE_IPV4, get16, PROTOCOL_UDP } from "../ether/packet.ts";

/** RXCSUM: look at the checksum of IP, at that of TCP and UDP. */
const RXCSUM_IPOFLD = 1 << 8;
const RXCSUM_TUOFLD = 1 << 9;

/** The indications do not apply. */
const STATUS_IXSM = 0x04;
/** The checksum of TCP or UDP, and that of IP, was calculated. */
const STATUS_TCPCS = 0x20;
const STATUS_IPCS = 0x40;
const ERROR_TCPE = 0x20;
const ERROR_IPE = 0x40;

const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const FRAGMENT = 0x3fff;
const RIGHT = 0xffff;
const PROTOCOL_TCP = 6;
const TCP_BYTES = 20;
const UDP_BYTES = 8;
const UDP_FIELD = 6;

export interface ChecksumReport {
  /** Bits of the descriptor's status and errors. */
  readonly status: number;
  readonly errors: number;
}

const NOTHING: ChecksumReport = { status: STATUS_IXSM, errors: 0 };

/** Whether the segment or datagram at `start` is right; null where there is none that has a checksum. */
function isPayloadRight(frame: Uint8Array, start: number, end: number): boolean | null {
  const protocol = frame[ETHERNET_BYTES + 9]!;
  if (get16(frame, ETHERNET_BYTES + 6) & FRAGMENT) return null;
  if (protocol !== PROTOCOL_TCP && protocol !== PROTOCOL_UDP) return null;
  if (end > frame.length || end - start < (protocol === PROTOCOL_TCP ? TCP_BYTES : UDP_BYTES)) return null;
  if (protocol === PROTOCOL_UDP && get16(frame, start + UDP_FIELD) === 0) return null;
  const pseudo = onesSum(frame, ETHERNET_BYTES + 12, ETHERNET_BYTES + 20, protocol + (end - start));
  return onesSum(frame, start, end, pseudo) === RIGHT;
}

/** The card looks at untagged IPv4 on Ethernet II, as far as RXCSUM has it do so. */
export function reportChecksums(frame: Uint8Array, rxcsum: number): ChecksumReport {
  if (!(rxcsum & (RXCSUM_IPOFLD | RXCSUM_TUOFLD))) return NOTHING;
  if (frame.length < ETHERNET_BYTES + IPV4_BYTES || get16(frame, 12) !== ETHERTYPE_IPV4) return NOTHING;
  const start = ETHERNET_BYTES + (frame[ETHERNET_BYTES]! & 15) * 4;
  const end = ETHERNET_BYTES + get16(frame, ETHERNET_BYTES + 2);
  if (frame[ETHERNET_BYTES]! >> 4 !== 4 || start < ETHERNET_BYTES + IPV4_BYTES || start > frame.length) return NOTHING;
  let status = 0;
  let errors = 0;
  if (rxcsum & RXCSUM_IPOFLD) {
    status |= STATUS_IPCS;
    if (onesSum(frame, ETHERNET_BYTES, start) !== RIGHT) errors |= ERROR_IPE;
  }
  const isRight = rxcsum & RXCSUM_TUOFLD ? isPayloadRight(frame, start, end) : null;
  if (isRight !== null) {
    status |= STATUS_TCPCS;
    if (!isRight) errors |= ERROR_TCPE;
  }
  return status ? { status, errors } : NOTHING;
}

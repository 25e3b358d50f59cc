/**
 * What an 82540EM says of a received frame's checksums. Source: Software Developer's Manual (317453), 3.2.3.2, 3.2.3.3,
 * 3.2.9 and 13.4.30.
 */
import { ipv4Payload, isHeaderRight, isPayloadRight } from "../../ether/transport-checksum.ts";

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

export interface ChecksumReport {
  /** Bits of the descriptor's status and errors. */
  readonly status: number;
  readonly errors: number;
}

const NOTHING: ChecksumReport = { status: STATUS_IXSM, errors: 0 };

/** The card looks at untagged IPv4 on Ethernet II, as far as RXCSUM has it do so. */
export function reportChecksums(frame: Uint8Array, rxcsum: number): ChecksumReport {
  if (!(rxcsum & (RXCSUM_IPOFLD | RXCSUM_TUOFLD))) return NOTHING;
  const payload = ipv4Payload(frame);
  if (payload === null) return NOTHING;
  const { start, end } = payload;
  let status = 0;
  let errors = 0;
  if (rxcsum & RXCSUM_IPOFLD) {
    status |= STATUS_IPCS;
    if (!isHeaderRight(frame, start)) errors |= ERROR_IPE;
  }
  const isRight = rxcsum & RXCSUM_TUOFLD ? isPayloadRight(frame, start, end) : null;
  if (isRight !== null) {
    status |= STATUS_TCPCS;
    if (!isRight) errors |= ERROR_TCPE;
  }
  return status ? { status, errors } : NOTHING;
}

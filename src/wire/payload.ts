/** Where a frame has the payload of a UDP datagram: behind an IPv4 header without options (RFC 791, RFC 768). */
import { get16 } from "../../emulator/ether/packet.ts";

const UDP_HEADER_BYTES = 8;
/** Bytes before it. */
export const UDP_PAYLOAD = 14 + 20 + UDP_HEADER_BYTES;

/** The payload; null when the frame is too short for so many bytes of one, or of another kind. */
export function udpPayloadOf(frame: Uint8Array, leastBytes: number): Uint8Array | null {
  if (frame.length < UDP_PAYLOAD + leastBytes || get16(frame, 12) !== 0x0800 || frame[14] !== 0x45) return null;
  return frame.subarray(UDP_PAYLOAD, UDP_PAYLOAD - UDP_HEADER_BYTES + get16(frame, 38));
}

/** One HTTP request on a TCP connection of its own, from the peer of packet-wire.ts. */
import { get16, get32 } from "../../../emulator/ether/packet.ts";
import { type PacketScene, tcp } from "./packet-wire.ts";

const SYN_ACK = 0x12;
const DATA_BYTES = 1000;
const HTTP_PORT = 80;
let nextPort = 40_000;

/** Sends a request, and gives what came back within `ms`. The connection `stays` open if that is said. */
export async function http(s: PacketScene, request: string, ms = 200, stays = false): Promise<string> {
  return (await httpSegments(s, request, ms, stays)).join("");
}

/** The same, segment by segment. */
export async function httpSegments(s: PacketScene, request: string, ms = 200, stays = false): Promise<string[]> {
  const source = nextPort++;
  const pieces = new Map<number, string>();
  let first = 0;
  s.answer = (frame) => {
    if (frame[23] !== 6 || get16(frame, 36) !== source) return [];
    const bytes = frame.subarray(34, 14 + get16(frame, 16));
    const sequence = get32(bytes, 4);
    if (bytes[13] === SYN_ACK) {
      first = (sequence + 1) >>> 0;
      return Array.from({ length: Math.ceil(request.length / DATA_BYTES) }, (_, index) => {
        const at = index * DATA_BYTES;
        const data = Uint8Array.from(request.slice(at, at + DATA_BYTES), (sign) => sign.charCodeAt(0));
        return tcp({ source, port: HTTP_PORT, flags: 0x18, sequence: 1 + at, acknowledgement: first, data })(s.facts);
      });
    }
    const data = bytes.subarray((bytes[12]! >> 4) * 4);
    if (data.length > 0) pieces.set((sequence - first) >>> 0, String.fromCharCode(...data));
    const acknowledgement = (sequence + data.length) >>> 0;
    const acknowledge = { source, port: HTTP_PORT, flags: 0x10, sequence: 1 + request.length, acknowledgement };
    return data.length > 0 ? [tcp(acknowledge)(s.facts)] : [];
  };
  s.plug.send(tcp({ source, port: HTTP_PORT, flags: 2 })(s.facts));
  await s.lab.advance(`${ms}ms`);
  s.answer = () => [];
  if (!stays) s.plug.send(tcp({ source, port: HTTP_PORT, flags: 4, sequence: 1 + request.length })(s.facts));
  return [...pieces].sort(([a], [b]) => a - b).map(([, text]) => text);
}

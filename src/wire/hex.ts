/** Bytes as hexadecimal digits: how ids and sessions are written. */

const BYTES_AS_HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** As many as there are, from `at` on. */
export function packetHex(bytes: Uint8Array, at: number, sizeBytes: number): string {
  let text = "";
  for (let index = at; index < Math.min(at + sizeBytes, bytes.length); index++) text += BYTES_AS_HEX[bytes[index]!];
  return text;
}

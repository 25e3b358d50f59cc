/**
 * The section by which a debugger finds a program's debugging information in another file (GDB manual, "Separate Debug
 * Files").
 */

/** The cyclic redundancy check of IEEE 802.3, by bytes. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** Content of .gnu_debuglink: the file's name, zeros up to a multiple of four bytes, and the check of its content. */
export function debugLink(fileName: string, content: Uint8Array): Uint8Array {
  const nameBytes = new TextEncoder().encode(fileName);
  const nameEnd = (nameBytes.length + 4) & ~3;
  const result = new Uint8Array(nameEnd + 4);
  result.set(nameBytes);
  new DataView(result.buffer).setUint32(nameEnd, crc32(content), true);
  return result;
}

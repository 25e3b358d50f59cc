/** CRC-32 of IEEE 802.3 (3.2.9), as frames, partition tables and all of QuRe's formats have it. */

/** Bytes that one step takes: a quarter of the time of byte after byte, which counts where snapshots are read. */
const SLICES = 8;

/**
 * Reflected, polynomial EDB88320; initial value and final XOR are all ones. Entry 256 * n + byte is what the byte makes
 * of the value when n zeros follow it (slicing by 8: Kounavis and Berry, IEEE Transactions on Computers 57, 2008).
 */
const TABLE = new Int32Array(256 * SLICES);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  TABLE[byte] = value;
}
for (let index = 256; index < TABLE.length; index++) {
  const shorter = TABLE[index - 256]!;
  TABLE[index] = (shorter >>> 8) ^ TABLE[shorter & 0xff]!;
}

/** Of the bytes in their order, as a u32. The check sequence of a frame is this, its lowest byte first. */
export function crc32(bytes: Uint8Array): number {
  let value = -1;
  let index = 0;
  for (const end = bytes.length - SLICES; index <= end; index += SLICES) {
    value ^= bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24);
    value =
      TABLE[0x700 + (value & 0xff)]! ^
      TABLE[0x600 + ((value >>> 8) & 0xff)]! ^
      TABLE[0x500 + ((value >>> 16) & 0xff)]! ^
      TABLE[0x400 + (value >>> 24)]! ^
      TABLE[0x300 + bytes[index + 4]!]! ^
      TABLE[0x200 + bytes[index + 5]!]! ^
      TABLE[0x100 + bytes[index + 6]!]! ^
      TABLE[bytes[index + 7]!]!;
  }
  for (; index < bytes.length; index++) value = TABLE[(value ^ bytes[index]!) & 0xff]! ^ (value >>> 8);
  return ~value >>> 0;
}

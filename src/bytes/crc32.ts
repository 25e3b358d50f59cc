/** CRC-32 of IEEE 802.3 (3.2.9), as frames, partition tables and all of QuRe's formats have it. */

/** Reflected, polynomial EDB88320; initial value and final XOR are all ones. */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value;
});

/** Of the bytes in their order, as a u32. The check sequence of a frame is this, its lowest byte first. */
export function crc32(bytes: Uint8Array): number {
  let value = -1;
  for (let index = 0; index < bytes.length; index++) value = TABLE[(value ^ bytes[index]!) & 0xff]! ^ (value >>> 8);
  return ~value >>> 0;
}

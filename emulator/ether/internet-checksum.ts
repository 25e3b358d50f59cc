/** The Internet checksum (RFC 1071), as network cards compute it for their drivers and hosts for themselves. */

/** Ones' complement sum of big-endian 16-bit words, folded; an odd last byte is the upper half of a word. */
export function onesSum(bytes: Uint8Array, start: number, end: number, initial = 0): number {
  let sum = initial;
  let index = start;
  for (; index + 4 <= end; index += 4)
    sum += ((bytes[index]! + bytes[index + 2]!) << 8) + bytes[index + 1]! + bytes[index + 3]!;
  for (; index < end; index += 2) sum += (bytes[index]! << 8) | (index + 1 < end ? bytes[index + 1]! : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

/** The checksum to store: the complement of the sum. */
export function internetChecksum(bytes: Uint8Array, start: number, end: number, initial = 0): number {
  return ~onesSum(bytes, start, end, initial) & 0xffff;
}

/** Numbers as x86 keeps them in memory and as the cluster's packets have them. */

/** The u32 at an offset. */
export function little32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

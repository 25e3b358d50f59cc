/**
 * FNV-1a of 32 bits (RFC 9923), for tables in memory: neither a checksum of what is kept nor a defence against anybody.
 */

export const FNV_START = 0x811c9dc5;
export const FNV_PRIME = 0x01000193;

/** Of the bytes from `start` to before `end`, as an i32; `hash` is that of what came before them. */
export function fnv1a(bytes: Uint8Array, start = 0, end = bytes.length, hash = FNV_START): number {
  let result = hash;
  for (let at = start; at < end; at++) result = Math.imul(result ^ bytes[at]!, FNV_PRIME);
  return result;
}

/** Of the UTF-16 units of a text. */
export function fnv1aOfText(text: string, hash = FNV_START): number {
  let result = hash;
  for (let at = 0; at < text.length; at++) result = Math.imul(result ^ text.charCodeAt(at), FNV_PRIME);
  return result;
}

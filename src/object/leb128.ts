/** Numbers of variable length, seven bits to a byte, lowest first (DWARF 5, section 7.6). */

/** How many bytes `putUnsigned` writes. What is negative counts as its 64 bits. */
export function unsignedLength(value: number | bigint): number {
  let length = 1;
  if (typeof value === "number" && value >= 0 && value === (value | 0)) {
    for (let rest = value >>> 7; rest !== 0; rest >>>= 7) length++;
    return length;
  }
  for (let rest = unsigned64(value) >> 7n; rest !== 0n; rest >>= 7n) length++;
  return length;
}

/** How many bytes `putSigned` writes. */
export function signedLength(value: number | bigint): number {
  let length = 1;
  if (typeof value === "number" && value === (value | 0)) {
    for (let rest = value; rest < -64 || rest > 63; rest >>= 7) length++;
    return length;
  }
  for (let rest = BigInt(value); rest < -64n || rest > 63n; rest >>= 7n) length++;
  return length;
}

/** Returns the number of bytes. */
export function putUnsigned(out: Uint8Array, at: number, value: number | bigint): number {
  let end = at;
  if (typeof value === "number" && value >= 0 && value === (value | 0)) {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) out[end++] = rest | 0x80;
    out[end++] = rest;
    return end - at;
  }
  let rest = unsigned64(value);
  for (; rest > 0x7fn; rest >>= 7n) out[end++] = Number(rest & 0x7fn) | 0x80;
  out[end++] = Number(rest);
  return end - at;
}

/** Returns the number of bytes. */
export function putSigned(out: Uint8Array, at: number, value: number | bigint): number {
  let end = at;
  if (typeof value === "number" && value === (value | 0)) {
    let rest = value;
    for (; rest < -64 || rest > 63; rest >>= 7) out[end++] = rest | 0x80;
    out[end++] = rest & 0x7f;
    return end - at;
  }
  let rest = BigInt(value);
  for (; rest < -64n || rest > 63n; rest >>= 7n) out[end++] = Number(rest & 0x7fn) | 0x80;
  out[end++] = Number(rest & 0x7fn);
  return end - at;
}

/** Numbers beyond 64 bits (`.uleb128` of a large constant) are not cut. */
function unsigned64(value: number | bigint): bigint {
  const wide = BigInt(value);
  return wide < 0n ? BigInt.asUintN(64, wide) : wide;
}

/**
 * The assembler's arithmetic: 64-bit two's complement, as GNU as computes on every target. A value is a JavaScript
 * number while that is exact and a bigint beyond, always in this one form, so the common case costs nothing.
 */

export type Integer = number | bigint;

const SAFE_MIN = BigInt(Number.MIN_SAFE_INTEGER);
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** Wraps to 64 bits, signed, in canonical form. */
export function canonical(value: bigint): Integer {
  const wrapped = BigInt.asIntN(64, value);
  return wrapped >= SAFE_MIN && wrapped <= SAFE_MAX ? Number(wrapped) : wrapped;
}

export function add(a: Integer, b: Integer): Integer {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return canonical(BigInt(a) + BigInt(b));
}

export function subtract(a: Integer, b: Integer): Integer {
  if (typeof a === "number" && typeof b === "number") {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return canonical(BigInt(a) - BigInt(b));
}

export function multiply(a: Integer, b: Integer): Integer {
  if (typeof a === "number" && typeof b === "number") {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return canonical(BigInt(a) * BigInt(b));
}

/** Towards zero; the divisor is not zero. */
export function divide(a: Integer, b: Integer): Integer {
  return canonical(BigInt(a) / BigInt(b));
}

/** Sign of the dividend; the divisor is not zero. */
export function remainder(a: Integer, b: Integer): Integer {
  return canonical(BigInt(a) % BigInt(b));
}

function isSmall(value: Integer): value is number {
  return typeof value === "number" && value === (value | 0);
}

export function and(a: Integer, b: Integer): Integer {
  return isSmall(a) && isSmall(b) ? a & b : canonical(BigInt(a) & BigInt(b));
}

export function or(a: Integer, b: Integer): Integer {
  return isSmall(a) && isSmall(b) ? a | b : canonical(BigInt(a) | BigInt(b));
}

export function xor(a: Integer, b: Integer): Integer {
  return isSmall(a) && isSmall(b) ? a ^ b : canonical(BigInt(a) ^ BigInt(b));
}

export function not(a: Integer): Integer {
  return typeof a === "number" ? -1 - a : canonical(~a);
}

/** Counts outside 0-63 give 0. */
export function shiftLeft(a: Integer, count: Integer): Integer {
  if (count < 0 || count > 63) return 0;
  const product = typeof a === "number" ? a * 2 ** Number(count) : NaN;
  return Number.isSafeInteger(product) ? product + 0 : canonical(BigInt(a) << BigInt(count));
}

/** Logical, on 64 bits; counts outside 0-63 give 0. */
export function shiftRight(a: Integer, count: Integer): Integer {
  if (count < 0 || count > 63) return 0;
  return canonical(BigInt.asUintN(64, BigInt(a)) >> BigInt(count));
}

/** The value as a signed 32-bit number: its low half. */
export function low32(value: Integer): number {
  return typeof value === "number" && value === (value | 0) ? value : Number(BigInt.asIntN(32, BigInt(value)));
}

/** Little-endian bytes, sign-extended or cut to `size`. */
export function writeInteger(bytes: Uint8Array, offset: number, value: Integer, size: number): void {
  if (typeof value === "number" && size <= 4) {
    let rest = value === (value | 0) ? value : low32(value);
    for (let i = 0; i < size; i++) {
      bytes[offset + i] = rest;
      rest >>= 8;
    }
    return;
  }
  let rest = BigInt(value);
  for (let i = 0; i < size; i++) {
    bytes[offset + i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

/** 2 to the power of the bits in so many bytes: what an unsigned field of that size stays below. */
export const FIELD_LIMITS: readonly number[] = Array.from({ length: 17 }, (_, sizeBytes) => 2 ** (8 * sizeBytes));

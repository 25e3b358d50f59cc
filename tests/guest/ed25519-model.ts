/**
 * Ed25519 as RFC 8032 writes it, with big integers: what makes the signatures that no honest signer makes. Slow, and
 * for tests only.
 */
import { createHash } from "node:crypto";

export const P = (1n << 255n) - 19n;
export const L = (1n << 252n) + 27742317777372353535851937790883648493n;

const modulo = (value: bigint, by: bigint): bigint => ((value % by) + by) % by;
const bits = (value: bigint): boolean[] => Array.from(value.toString(2), (digit) => digit === "1");
const power = (base: bigint, exponent: bigint): bigint =>
  bits(exponent).reduce((result, bit) => (result * result * (bit ? base : 1n)) % P, 1n);
const inverse = (value: bigint): bigint => power(modulo(value, P), P - 2n);
const CURVE = modulo(-121665n * inverse(121666n), P);

/** x and y. */
export type Point = readonly [bigint, bigint];

export const ZERO: Point = [0n, 1n];

export function add([x1, y1]: Point, [x2, y2]: Point): Point {
  const way = (CURVE * x1 * x2 * y1 * y2) % P;
  const over = inverse(1n - way * way);
  return [modulo((x1 * y2 + x2 * y1) * (1n - way) * over, P), modulo((y1 * y2 + x1 * x2) * (1n + way) * over, P)];
}

export const times = (scalar: bigint, point: Point): Point =>
  bits(scalar).reduce<Point>((sum, bit) => (bit ? add(add(sum, sum), point) : add(sum, sum)), ZERO);

/** Null where the curve has no such point. */
export function decode(encoding: Uint8Array): Point | null {
  const number = fromBytes(encoding);
  const y = modulo(number & ((1n << 255n) - 1n), P);
  const square = modulo((y * y - 1n) * inverse(CURVE * y * y + 1n), P);
  const candidate = power(square, (P + 3n) / 8n);
  const root = [candidate, (candidate * power(2n, (P - 1n) / 4n)) % P].find((x) => (x * x) % P === square);
  if (root === undefined) return null;
  return [(root & 1n) === number >> 255n ? root : modulo(-root, P), y];
}

export const encode = ([x, y]: Point): Uint8Array => toBytes(y | ((x & 1n) << 255n));

export const BASE: Point = decode(toBytes(modulo(4n * inverse(5n), P)))!;

export function toBytes(number: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((number >> BigInt(8 * index)) & 255n));
}

export function fromBytes(bytes: Uint8Array): bigint {
  return bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

/** The number that a signature's equation has for the key. */
export function challenge(r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint {
  return fromBytes(createHash("sha512").update(r).update(key).update(message).digest()) % L;
}

/** All points of small order: the multiples of one that has order 8. */
export const TORSION: readonly Point[] = torsion();

function torsion(): readonly Point[] {
  for (let y = 2n; ; y++) {
    const point = decode(toBytes(y));
    const small = point && times(L, point);
    if (!small || times(4n, small)[1] === 1n) continue;
    return [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n].map((count) => times(count, small));
  }
}

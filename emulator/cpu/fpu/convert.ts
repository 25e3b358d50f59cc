/**
 * Between 80-bit numbers and the formats of memory: single and double precision, integers, packed decimal (SDM volume
 * 1, 4.2 and 8.2).
 */

import { fromInteger, toInteger } from "./arithmetic.ts";
import { BIAS, Float80, INDEFINITE, infinity, MAX_EXPONENT, unpack, zero } from "./float80.ts";
import type { FloatContext, FloatFormat } from "./rounding.ts";
import { DOUBLE, INVALID, PRECISION, roundToFormat, SINGLE } from "./rounding.ts";

const INTEGER_BIT = 0x80000000 | 0;

/**
 * From a memory format, the fraction left-aligned below the integer bit of `high`. Raises nothing: what a denormal or a
 * signaling NaN means depends on the instruction.
 */
function fromFormat(
  context: FloatContext,
  sign: boolean,
  exponent: number,
  high: number,
  low: number,
  format: FloatFormat,
): Float80 {
  const signBit = sign ? 0x8000 : 0;
  if (exponent === format.maxExponent) {
    if (high === 0 && low === 0) return infinity(sign);
    return new Float80(signBit | MAX_EXPONENT, high | INTEGER_BIT, low);
  }
  if (exponent !== 0) return new Float80(signBit | (exponent - format.bias + BIAS), high | INTEGER_BIT, low);
  if (high === 0 && low === 0) return zero(sign);
  context.denormalOperand = true;
  // 0.fraction * 2^(1 - bias), normalised. In the wide format the same bits with exponent 1 mean 0.fraction * 2^(1 -
  // BIAS).
  const wide = unpack(new Float80(1, high, low));
  return new Float80(signBit | (wide.exponent - (1 - BIAS) + (1 - format.bias) + BIAS), wide.high, wide.low);
}

export function fromSingle(context: FloatContext, bits: number): Float80 {
  return fromFormat(context, bits < 0, (bits >>> 23) & 0xff, (bits & 0x7fffff) << 8, 0, SINGLE);
}

export function fromDouble(context: FloatContext, high: number, low: number): Float80 {
  return fromFormat(
    context,
    high < 0,
    (high >>> 20) & 0x7ff,
    ((high & 0xfffff) << 11) | (low >>> 21),
    low << 11,
    DOUBLE,
  );
}

/** A number in a memory format before it is packed. Null: nothing is to be stored. */
function toFormat(
  context: FloatContext,
  value: Float80,
  format: FloatFormat,
): { sign: boolean; exponent: number; high: number; low: number } | null {
  const { sign } = value;
  if (value.isUnsupported) {
    context.raise(INVALID);
    return { sign: true, exponent: format.maxExponent, high: INDEFINITE.high, low: 0 };
  }
  if (value.isNaN) {
    if (value.isSignaling) context.raise(INVALID);
    return { sign, exponent: format.maxExponent, high: value.quieted.high, low: value.low };
  }
  if (value.isInfinity) return { sign, exponent: format.maxExponent, high: INTEGER_BIT, low: 0 };
  if (value.isZero) return { sign, exponent: 0, high: 0, low: 0 };
  return roundToFormat(context, { ...unpack(value), extra: 0 }, format);
}

/** Null when an unmasked exception keeps the store back. */
export function toSingle(context: FloatContext, value: Float80): number | null {
  const parts = toFormat(context, value, SINGLE);
  return parts === null
    ? null
    : (parts.sign ? INTEGER_BIT : 0) | (parts.exponent << 23) | ((parts.high >>> 8) & 0x7fffff);
}

export function toDouble(
  context: FloatContext,
  value: Float80,
): { readonly high: number; readonly low: number } | null {
  const parts = toFormat(context, value, DOUBLE);
  if (parts === null) return null;
  return {
    high: (parts.sign ? INTEGER_BIT : 0) | (parts.exponent << 20) | ((parts.high >>> 11) & 0xfffff),
    low: (parts.high << 21) | (parts.low >>> 11),
  };
}

/** FIST: a signed integer of `bits`; what does not fit is the integer indefinite, the smallest number. */
export function toSigned(context: FloatContext, value: Float80, bits: number): bigint {
  const indefinite = -(1n << BigInt(bits - 1));
  if (!value.isFinite || value.isUnsupported) {
    context.raise(INVALID);
    return indefinite;
  }
  const { magnitude, inexact, up } = toInteger(context, value);
  const signed = value.sign ? -magnitude : magnitude;
  if (signed < indefinite || signed >= -indefinite) {
    context.raise(INVALID);
    return indefinite;
  }
  if (inexact) {
    context.raise(PRECISION);
    context.roundedUp = up;
  }
  return signed;
}

const DECIMAL_DIGITS = 18;
/** Packed decimal indefinite: FFFF C000 0000 0000 0000. */
const DECIMAL_INDEFINITE = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff);

/** FBSTP: ten bytes, two digits each, the sign in the last. */
export function toDecimal(context: FloatContext, value: Float80): Uint8Array {
  if (!value.isFinite || value.isUnsupported) {
    context.raise(INVALID);
    return DECIMAL_INDEFINITE;
  }
  const { magnitude, inexact, up } = toInteger(context, value);
  if (magnitude >= 10n ** BigInt(DECIMAL_DIGITS)) {
    context.raise(INVALID);
    return DECIMAL_INDEFINITE;
  }
  if (inexact) {
    context.raise(PRECISION);
    context.roundedUp = up;
  }
  const digits = magnitude.toString().padStart(DECIMAL_DIGITS, "0");
  const bytes = new Uint8Array(10);
  for (let i = 0; i < 9; i++) bytes[8 - i] = Number(digits[2 * i]) * 16 + Number(digits[2 * i + 1]);
  bytes[9] = value.sign ? 0x80 : 0;
  return bytes;
}

/** FBLD. Digits above 9 are undefined and taken as they are. */
export function fromDecimal(bytes: Uint8Array): Float80 {
  let magnitude = 0n;
  for (let i = 8; i >= 0; i--) magnitude = magnitude * 100n + BigInt((bytes[i]! >>> 4) * 10 + (bytes[i]! & 15));
  const negative = (bytes[9]! & 0x80) !== 0;
  if (magnitude === 0n) return zero(negative);
  return fromInteger(negative ? -magnitude : magnitude);
}

/**
 * The four operations, square root, remainders, comparison and scaling of 80-bit numbers, exact before the final
 * rounding.
 */

import type { Unpacked } from "./float80.ts";
import { Float80, INDEFINITE, infinity, unpack, zero } from "./float80.ts";
import type { Exact } from "./rounding.ts";
import {
  DENORMAL,
  DOWN,
  exactFromBigInt,
  FloatContext,
  INVALID,
  PRECISION,
  roundsUp,
  roundToFloat80,
  shiftRightSticky,
  ZERO_DIVIDE,
} from "./rounding.ts";

/** The answer when an operand is a NaN or no number at all; null when both are numbers (SDM volume 1, table 4-7). */
function propagateNaN(context: FloatContext, a: Float80, b: Float80): Float80 | null {
  if (a.isUnsupported || b.isUnsupported) {
    context.raise(INVALID);
    return INDEFINITE;
  }
  if (!a.isNaN && !b.isNaN) return null;
  if (a.isSignaling || b.isSignaling) context.raise(INVALID);
  if (!b.isNaN) return a.quieted;
  if (!a.isNaN) return b.quieted;
  if (a.isSignaling !== b.isSignaling) return a.isSignaling ? b : a;
  // Of two alike the larger significand wins, then the positive one.
  const x = a.significand;
  const y = b.significand;
  return (x > y || (x === y && !a.sign) ? a : b).quieted;
}

function noteDenormals(context: FloatContext, a: Float80, b: Float80): void {
  if (a.isDenormal || b.isDenormal || context.denormalOperand) context.raise(DENORMAL);
}

function invalid(context: FloatContext): Float80 {
  context.raise(INVALID);
  return INDEFINITE;
}

export function add(context: FloatContext, a: Float80, b: Float80): Float80 {
  const nan = propagateNaN(context, a, b);
  if (nan !== null) return nan;
  if (a.isInfinity || b.isInfinity) {
    if (a.isInfinity && b.isInfinity && a.sign !== b.sign) return invalid(context);
    noteDenormals(context, a, b);
    return a.isInfinity ? a : b;
  }
  noteDenormals(context, a, b);
  if (a.isZero && b.isZero) return a.sign === b.sign ? a : zero(context.rounding === DOWN);
  if (a.isZero) return roundToFloat80(context, { ...unpack(b), extra: 0 });
  if (b.isZero) return roundToFloat80(context, { ...unpack(a), extra: 0 });
  const x = unpack(a);
  const y = unpack(b);
  return x.sign === y.sign ? addMagnitudes(context, x, y) : subtractMagnitudes(context, x, y);
}

export function subtract(context: FloatContext, a: Float80, b: Float80): Float80 {
  // The sign of a NaN is not changed by subtracting it.
  return add(context, a, b.isNaN || b.isUnsupported ? b : b.negated);
}

function isLarger(x: Unpacked, y: Unpacked): boolean {
  if (x.exponent !== y.exponent) return x.exponent > y.exponent;
  return x.high !== y.high ? x.high >>> 0 > y.high >>> 0 : x.low >>> 0 > y.low >>> 0;
}

function addMagnitudes(context: FloatContext, x: Unpacked, y: Unpacked): Float80 {
  const large = isLarger(x, y) ? x : y;
  const small = large === x ? y : x;
  const shifted = shiftRightSticky({ ...small, extra: 0 }, large.exponent - small.exponent);
  const low = (large.low >>> 0) + (shifted.low >>> 0);
  const high = (large.high >>> 0) + (shifted.high >>> 0) + (low >= 2 ** 32 ? 1 : 0);
  let sum: Exact = { sign: x.sign, exponent: large.exponent, high: high | 0, low: low | 0, extra: shifted.extra };
  if (high >= 2 ** 32) {
    sum = shiftRightSticky(sum, 1);
    sum = { ...sum, high: sum.high | 0x80000000 };
  }
  return roundToFloat80(context, sum);
}

function subtractMagnitudes(context: FloatContext, x: Unpacked, y: Unpacked): Float80 {
  const large = isLarger(x, y) ? x : y;
  const small = large === x ? y : x;
  const shifted = shiftRightSticky({ ...small, extra: 0 }, large.exponent - small.exponent);
  const extra = -(shifted.extra >>> 0);
  const low = (large.low >>> 0) - (shifted.low >>> 0) - (extra < 0 ? 1 : 0);
  const high = (large.high >>> 0) - (shifted.high >>> 0) - (low < 0 ? 1 : 0);
  const difference: Exact = {
    sign: large.sign,
    exponent: large.exponent,
    high: high | 0,
    low: low | 0,
    extra: extra | 0,
  };
  if (difference.high === 0 && difference.low === 0 && difference.extra === 0) return zero(context.rounding === DOWN);
  return roundToFloat80(context, normalise(difference));
}

/** Shifts a 96-bit significand left until its top bit is set. */
function normalise(exact: Exact): Exact {
  let { high, low, extra, exponent } = exact;
  while (high === 0) {
    high = low;
    low = extra;
    extra = 0;
    exponent -= 32;
  }
  const shift = Math.clz32(high);
  if (shift > 0) {
    high = (high << shift) | (low >>> (32 - shift));
    low = (low << shift) | (extra >>> (32 - shift));
    extra <<= shift;
    exponent -= shift;
  }
  return { sign: exact.sign, exponent, high, low, extra };
}

/** The product of two dwords as [high, low]. */
function multiply32(a: number, b: number): readonly [number, number] {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const low = al * bl;
  const middle = ah * bl + Math.floor(low / 65536);
  const middle2 = al * bh + (middle % 65536);
  return [
    ah * bh + Math.floor(middle / 65536) + Math.floor(middle2 / 65536),
    ((middle2 & 0xffff) * 65536 + (low & 0xffff)) >>> 0,
  ];
}

export function multiply(context: FloatContext, a: Float80, b: Float80): Float80 {
  const nan = propagateNaN(context, a, b);
  if (nan !== null) return nan;
  const sign = a.sign !== b.sign;
  if (a.isInfinity || b.isInfinity) {
    if (a.isZero || b.isZero) return invalid(context);
    noteDenormals(context, a, b);
    return infinity(sign);
  }
  noteDenormals(context, a, b);
  if (a.isZero || b.isZero) return zero(sign);
  const x = unpack(a);
  const y = unpack(b);
  const [hh, hl] = multiply32(x.high, y.high);
  const [ah, al] = multiply32(x.high, y.low);
  const [bh, bl] = multiply32(x.low, y.high);
  const [lh, ll] = multiply32(x.low, y.low);
  const second = lh + al + bl;
  const third = hl + ah + bh + Math.floor(second / 2 ** 32);
  const top = hh + Math.floor(third / 2 ** 32);
  const product: Exact = {
    sign,
    exponent: x.exponent + y.exponent + 1,
    high: top | 0,
    low: third | 0,
    extra: second | 0,
  };
  // The lowest dword counts as sticky, also when the product is shifted by one place.
  const normal =
    product.high < 0
      ? product
      : { ...normalise({ ...product, extra: product.extra }), extra: (second << 1) | (ll >>> 31) };
  const rest = product.high < 0 ? ll : ll << 1;
  return roundToFloat80(context, { ...normal, extra: rest !== 0 ? normal.extra | 1 : normal.extra });
}

export function divide(context: FloatContext, a: Float80, b: Float80): Float80 {
  const nan = propagateNaN(context, a, b);
  if (nan !== null) return nan;
  const sign = a.sign !== b.sign;
  if ((a.isInfinity && b.isInfinity) || (a.isZero && b.isZero)) return invalid(context);
  if (b.isZero && !a.isInfinity) {
    context.raise(ZERO_DIVIDE);
    return infinity(sign);
  }
  noteDenormals(context, a, b);
  if (a.isInfinity) return infinity(sign);
  if (a.isZero || b.isInfinity) return zero(sign);
  const x = normalInteger(a);
  const y = normalInteger(b);
  const dividend = x.significand << 97n;
  const quotient = dividend / y.significand;
  const exact = exactFromBigInt(sign, quotient, x.exponent - y.exponent - 97, quotient * y.significand !== dividend);
  return roundToFloat80(context, exact);
}

/** A finite number that is not zero as significand * 2^exponent, the significand having 64 bits. */
export function normalInteger(value: Float80): { readonly significand: bigint; readonly exponent: number } {
  const { high, low, exponent } = unpack(value);
  return { significand: (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0), exponent: exponent - 63 };
}

/** The integer square root of a number from 1 to 2^1000: the largest whose square is not above it. */
export function integerSquareRoot(value: bigint): bigint {
  // A double has 53 places right, and each step of Newton's twice as many; from the first one on it comes from above.
  let root = BigInt(Math.floor(Math.sqrt(Number(value))));
  root = (root + value / root) >> 1n;
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

export function squareRoot(context: FloatContext, a: Float80): Float80 {
  const nan = propagateNaN(context, a, a);
  if (nan !== null) return nan;
  if (a.isZero) return a;
  if (a.sign) return invalid(context);
  if (a.isInfinity) return a;
  noteDenormals(context, a, a);
  const { significand, exponent } = normalInteger(a);
  const odd = exponent & 1;
  const radicand = significand << BigInt(132 + odd);
  const root = integerSquareRoot(radicand);
  return roundToFloat80(context, exactFromBigInt(false, root, (exponent - odd - 132) / 2, root * root !== radicand));
}

export type Order = "less" | "equal" | "greater" | "unordered";

/** Compares. `quiet`: only a signaling NaN is invalid (FUCOM), else any NaN (FCOM). */
export function compare(context: FloatContext, a: Float80, b: Float80, quiet: boolean): Order {
  if (a.isUnsupported || b.isUnsupported || a.isNaN || b.isNaN) {
    if (!quiet || a.isSignaling || b.isSignaling || a.isUnsupported || b.isUnsupported) context.raise(INVALID);
    return "unordered";
  }
  noteDenormals(context, a, b);
  if (a.isZero && b.isZero) return "equal";
  if (a.sign !== b.sign) return a.sign ? "less" : "greater";
  const x = Math.max(a.exponent, 1);
  const y = Math.max(b.exponent, 1);
  let difference = x - y;
  if (difference === 0) difference = (a.high >>> 0) - (b.high >>> 0);
  if (difference === 0) difference = (a.low >>> 0) - (b.low >>> 0);
  if (difference === 0) return "equal";
  return difference < 0 !== a.sign ? "less" : "greater";
}

/** Rounds to an integer as a big number, by the context's rounding. Reports whether digits were lost and which way. */
export function toInteger(
  context: FloatContext,
  a: Float80,
): { readonly magnitude: bigint; readonly inexact: boolean; readonly up: boolean } {
  if (a.isZero) return { magnitude: 0n, inexact: false, up: false };
  const { significand, exponent } = normalInteger(a);
  if (exponent >= 0)
    return { magnitude: exponent > 1024 ? 1n << 1024n : significand << BigInt(exponent), inexact: false, up: false };
  // Beyond 66 places only "smaller than a half" matters.
  const shift = BigInt(Math.min(-exponent, 66));
  const magnitude = significand >> shift;
  const cut = significand - (magnitude << shift);
  const halfBit = 1n << (shift - 1n);
  const half = cut > halfBit ? 1 : cut === halfBit ? 0 : -1;
  const up = cut !== 0n && roundsUp(context.rounding, a.sign, true, half, (magnitude & 1n) === 1n);
  return { magnitude: up ? magnitude + 1n : magnitude, inexact: cut !== 0n, up };
}

export function roundToInteger(context: FloatContext, a: Float80): Float80 {
  const nan = propagateNaN(context, a, a);
  if (nan !== null) return nan;
  if (a.isInfinity || a.isZero) return a;
  noteDenormals(context, a, a);
  if (unpack(a).exponent >= 63) return a;
  const { magnitude, inexact, up } = toInteger(context, a);
  if (inexact) {
    context.raise(PRECISION);
    context.roundedUp = up;
  }
  return magnitude === 0n
    ? zero(a.sign)
    : roundToFloat80(quietContext(), exactFromBigInt(a.sign, magnitude, 0, false), 64);
}

/** A context for steps that cannot raise anything. */
function quietContext(): FloatContext {
  return new FloatContext();
}

/** FSCALE: a * 2^trunc(b). */
export function scale(context: FloatContext, a: Float80, b: Float80): Float80 {
  const nan = propagateNaN(context, a, b);
  if (nan !== null) return nan;
  noteDenormals(context, a, b);
  if (b.isInfinity) {
    if ((b.sign && a.isInfinity) || (!b.sign && a.isZero)) return invalid(context);
    if (a.isInfinity || a.isZero) return a;
    return b.sign ? zero(a.sign) : infinity(a.sign);
  }
  if (a.isInfinity || a.isZero) return a;
  const truncating = quietContext();
  truncating.rounding = 3;
  const { magnitude } = toInteger(truncating, b);
  // More than the whole range of exponents in either direction is the same as just beyond it.
  const steps = Number(magnitude > 0x10000n ? 0x10000n : magnitude) * (b.sign ? -1 : 1);
  const x = unpack(a);
  return roundToFloat80(context, { ...x, exponent: x.exponent + steps, extra: 0 }, 64);
}

export interface Remainder {
  readonly value: Float80;
  /** Low bits of the quotient, for C0, C3, C1; null when there was none. */
  readonly quotient: number | null;
  /** The reduction is not finished: C2. */
  readonly partial: boolean;
}

/** FPREM (`nearest` false) and FPREM1: the partial remainder, at most 63 bits of quotient at a time. */
export function remainder(context: FloatContext, a: Float80, b: Float80, nearest: boolean): Remainder {
  const done = (value: Float80): Remainder => ({ value, quotient: null, partial: false });
  const nan = propagateNaN(context, a, b);
  if (nan !== null) return done(nan);
  if (a.isInfinity || b.isZero) return done(invalid(context));
  noteDenormals(context, a, b);
  if (a.isZero) return { value: a, quotient: 0, partial: false };
  if (b.isInfinity)
    return { value: roundToFloat80(context, { ...unpack(a), extra: 0 }, 64), quotient: 0, partial: false };
  const x = normalInteger(a);
  const y = normalInteger(b);
  const difference = x.exponent - y.exponent;
  if (difference < (nearest ? -1 : 0))
    return { value: roundToFloat80(context, { ...unpack(a), extra: 0 }, 64), quotient: 0, partial: false };
  if (difference >= 64) {
    // Reduces the difference by a number between 32 and 63 that leaves whole quotient bits.
    const step = 32 + (difference & 31);
    const kept = BigInt(step);
    const scaled = x.significand << kept;
    const rest = scaled % y.significand;
    const value =
      rest === 0n ? zero(a.sign) : roundToFloat80(context, exactFromBigInt(a.sign, rest, x.exponent - step, false), 64);
    return { value, quotient: 0, partial: true };
  }
  const base = Math.min(x.exponent, y.exponent);
  const dividend = x.significand << BigInt(x.exponent - base);
  const divisor = y.significand << BigInt(y.exponent - base);
  let quotient = dividend / divisor;
  let rest = dividend - quotient * divisor;
  let { sign } = a;
  if (nearest && (2n * rest > divisor || (2n * rest === divisor && (quotient & 1n) === 1n))) {
    quotient++;
    rest = divisor - rest;
    sign = !sign;
  }
  const value = rest === 0n ? zero(a.sign) : roundToFloat80(context, exactFromBigInt(sign, rest, base, false), 64);
  return { value, quotient: Number(quotient & 7n), partial: false };
}

/** FXTRACT: exponent and significand of a number. */
export function extract(
  context: FloatContext,
  a: Float80,
): { readonly exponent: Float80; readonly significand: Float80 } {
  const nan = propagateNaN(context, a, a);
  if (nan !== null) return { exponent: nan, significand: nan };
  if (a.isInfinity) return { exponent: infinity(false), significand: a };
  if (a.isZero) {
    context.raise(ZERO_DIVIDE);
    return { exponent: infinity(true), significand: a };
  }
  noteDenormals(context, a, a);
  const x = unpack(a);
  return {
    exponent: fromInteger(BigInt(x.exponent)),
    significand: new Float80((a.signExponent & 0x8000) | 16383, x.high, x.low),
  };
}

/** An integer of at most 64 bits: always exact. */
export function fromInteger(value: bigint): Float80 {
  if (value === 0n) return zero(false);
  const negative = value < 0n;
  return roundToFloat80(quietContext(), exactFromBigInt(negative, negative ? -value : value, 0, false), 64);
}

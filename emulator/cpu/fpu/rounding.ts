/**
 * Rounding of exact results to what a register or a memory format holds, with the exceptions that this raises (SDM
 * volume 1, 4.8.4 and 8.5.4-8.5.6). An exact result is a sign, an unbiased exponent and 96 bits of significand whose
 * top bit is set; bits beyond are folded into the lowest one ("sticky").
 */
import { BIAS, Float80, infinity, MAX_EXPONENT, zero } from "./float80.ts";

// Exception flags, as they lie in status and control word.
export const INVALID = 1;
export const DENORMAL = 2;
export const ZERO_DIVIDE = 4;
const OVERFLOW = 8;
export const UNDERFLOW = 0x10;
export const PRECISION = 0x20;

export const TO_NEAREST = 0;
export const DOWN = 1;
const UP = 2;
export const TOWARDS_ZERO = 3;

/**
 * By how much an unmasked overflow or underflow shifts the exponent of the result it stores. Only FSCALE goes beyond
 * even that.
 */
const EXPONENT_WRAP = 24576;

/** Sign, exponent and significand before rounding. */
export interface Exact {
  readonly sign: boolean;
  readonly exponent: number;
  readonly high: number;
  readonly low: number;
  /** The 32 bits below `low`, sticky. */
  readonly extra: number;
}

/** What an operation is told about rounding and masks, and what it reports. */
export class FloatContext {
  rounding = TO_NEAREST;
  /** Significant bits of results: 24, 53 or 64. */
  precision = 64;
  /** Exceptions that are masked. */
  masks = 0x3f;
  /** Exceptions that have occurred. */
  raised = 0;
  /** The operand in memory was denormal in its own format, which its wide form does not show. */
  denormalOperand = false;
  /** The last rounding went away from zero: C1. */
  roundedUp = false;

  raise(exceptions: number): void {
    this.raised |= exceptions;
  }
}

/** Decides about an increment, from what is cut off: `half` compares it with one half of the last place. */
export function roundsUp(rounding: number, sign: boolean, inexact: boolean, half: number, odd: boolean): boolean {
  switch (rounding) {
    case TO_NEAREST:
      return half > 0 || (half === 0 && odd);
    case DOWN:
      return sign && inexact;
    case UP:
      return !sign && inexact;
    default:
      return false;
  }
}

interface Rounded {
  high: number;
  low: number;
  /** The increment carried out of the top: the significand is 1.0 of the next exponent. */
  carry: boolean;
  inexact: boolean;
  up: boolean;
}

/** Rounds a 96-bit significand to its upper `precision` bits. */
function roundSignificand(exact: Exact, precision: number, rounding: number): Rounded {
  const { sign, extra } = exact;
  let { high, low } = exact;
  let inexact: boolean;
  let half: number;
  let odd: boolean;
  if (precision === 64) {
    inexact = extra !== 0;
    half = compareHalf(extra, 0x80000000, false);
    odd = (low & 1) !== 0;
  } else if (precision === 53) {
    const cut = low & 0x7ff;
    inexact = cut !== 0 || extra !== 0;
    half = compareHalf(cut, 0x400, extra !== 0);
    odd = (low & 0x800) !== 0;
    low &= ~0x7ff;
  } else {
    const cut = high & 0xff;
    inexact = cut !== 0 || low !== 0 || extra !== 0;
    half = compareHalf(cut, 0x80, low !== 0 || extra !== 0);
    odd = (high & 0x100) !== 0;
    high &= ~0xff;
    low = 0;
  }
  const up = inexact && roundsUp(rounding, sign, inexact, half, odd);
  let carry = false;
  if (up) {
    const step = precision === 64 ? 1 : precision === 53 ? 0x800 : 0;
    const before = low;
    low = (low + step) | 0;
    const intoHigh = precision === 24 ? 0x100 : low >>> 0 < before >>> 0 ? 1 : 0;
    const beforeHigh = high;
    high = (high + intoHigh) | 0;
    carry = high >>> 0 < beforeHigh >>> 0;
    if (carry) high = 0x80000000 | 0;
  }
  return { high, low, carry, inexact, up };
}

function compareHalf(cut: number, half: number, sticky: boolean): number {
  const value = cut >>> 0;
  if (value !== half) return value > half ? 1 : -1;
  return sticky ? 1 : 0;
}

/** Shifts a 96-bit significand right, keeping what falls out as a sticky bit. */
export function shiftRightSticky(exact: Exact, count: number): Exact {
  let { high, low, extra } = exact;
  let sticky = false;
  let left = count;
  while (left >= 32) {
    sticky ||= extra !== 0;
    extra = low;
    low = high;
    high = 0;
    left -= 32;
    if (high === 0 && low === 0 && extra === 0) {
      left = 0;
      break;
    }
  }
  if (left > 0) {
    sticky ||= extra << (32 - left) !== 0;
    extra = (extra >>> left) | (low << (32 - left));
    low = (low >>> left) | (high << (32 - left));
    high >>>= left;
  }
  return { sign: exact.sign, exponent: exact.exponent + count, high, low, extra: sticky ? extra | 1 : extra };
}

/** Rounds to a register, under the precision of the context (`precision` overrides it). */
export function roundToFloat80(context: FloatContext, exact: Exact, precision = context.precision): Float80 {
  const { sign } = exact;
  const signBit = sign ? 0x8000 : 0;
  let exponent = exact.exponent + BIAS;
  let rounded = roundSignificand(exact, precision, context.rounding);
  const roundedExponent = exponent + (rounded.carry ? 1 : 0);
  if (roundedExponent <= 0) {
    // Tiny: detected after rounding as if the exponent had no bound.
    if ((context.masks & UNDERFLOW) === 0) {
      context.raise(UNDERFLOW);
      exponent = roundedExponent + EXPONENT_WRAP;
      if (exponent > 0) return finish(context, rounded, signBit, exponent);
      context.raise(PRECISION);
      return zero(sign);
    }
    rounded = roundSignificand(shiftRightSticky({ ...exact, exponent }, 1 - exponent), precision, context.rounding);
    if (rounded.inexact) context.raise(UNDERFLOW);
    // An increment may have made the smallest normal number.
    return finish(context, rounded, signBit, rounded.high < 0 ? 1 : 0);
  }
  if (exponent <= 0) {
    // Rounds up to the smallest normal number, without being tiny.
    rounded = roundSignificand(shiftRightSticky({ ...exact, exponent }, 1 - exponent), precision, context.rounding);
    return finish(context, rounded, signBit, rounded.high < 0 ? 1 : 0);
  }
  if (roundedExponent >= MAX_EXPONENT) {
    context.raise(OVERFLOW);
    const wrapped = roundedExponent - EXPONENT_WRAP;
    const unmasked = (context.masks & OVERFLOW) === 0;
    if (unmasked && wrapped < MAX_EXPONENT) return finish(context, rounded, signBit, wrapped);
    context.raise(PRECISION);
    const toInfinity =
      unmasked ||
      context.rounding === TO_NEAREST ||
      (context.rounding === UP && !sign) ||
      (context.rounding === DOWN && sign);
    context.roundedUp = toInfinity;
    if (toInfinity) return infinity(sign);
    const largest = { 24: [0xffffff00, 0], 53: [0xffffffff, 0xfffff800], 64: [0xffffffff, 0xffffffff] }[
      precision as 24 | 53 | 64
    ];
    return new Float80(signBit | (MAX_EXPONENT - 1), largest[0]!, largest[1]!);
  }
  return finish(context, rounded, signBit, roundedExponent);
}

function finish(context: FloatContext, rounded: Rounded, signBit: number, exponent: number): Float80 {
  if (rounded.inexact) {
    context.raise(PRECISION);
    context.roundedUp = rounded.up;
  }
  return new Float80(signBit | exponent, rounded.high, rounded.low);
}

/** A memory format: 32 or 64 bits. */
export interface FloatFormat {
  readonly precision: 24 | 53;
  readonly bias: number;
  readonly maxExponent: number;
}

export const SINGLE: FloatFormat = { precision: 24, bias: 127, maxExponent: 0xff };
export const DOUBLE: FloatFormat = { precision: 53, bias: 1023, maxExponent: 0x7ff };

/** A number in a memory format: biased exponent, and the significand with its integer bit at the top of `high`. */
export interface Formatted {
  readonly sign: boolean;
  readonly exponent: number;
  readonly high: number;
  readonly low: number;
}

/**
 * Rounds a finite number that is not zero to a memory format. Null: an unmasked overflow or underflow, nothing is to be
 * stored.
 */
export function roundToFormat(context: FloatContext, exact: Exact, format: FloatFormat): Formatted | null {
  const { sign } = exact;
  const exponent = exact.exponent + format.bias;
  let rounded = roundSignificand(exact, format.precision, context.rounding);
  const roundedExponent = exponent + (rounded.carry ? 1 : 0);
  if (exponent <= 0) {
    const tiny = roundedExponent <= 0;
    if (tiny && (context.masks & UNDERFLOW) === 0) {
      context.raise(UNDERFLOW);
      return null;
    }
    rounded = roundSignificand(
      shiftRightSticky({ ...exact, exponent }, 1 - exponent),
      format.precision,
      context.rounding,
    );
    if (rounded.inexact) {
      context.raise(tiny ? UNDERFLOW | PRECISION : PRECISION);
      context.roundedUp = rounded.up;
    }
    return { sign, exponent: rounded.high < 0 ? 1 : 0, high: rounded.high, low: rounded.low };
  }
  if (roundedExponent >= format.maxExponent) {
    context.raise(OVERFLOW);
    if ((context.masks & OVERFLOW) === 0) return null;
    context.raise(PRECISION);
    const toInfinity =
      context.rounding === TO_NEAREST || (context.rounding === UP && !sign) || (context.rounding === DOWN && sign);
    context.roundedUp = toInfinity;
    if (toInfinity) return { sign, exponent: format.maxExponent, high: 0x80000000 | 0, low: 0 };
    return { sign, exponent: format.maxExponent - 1, high: -1, low: -1 };
  }
  if (rounded.inexact) {
    context.raise(PRECISION);
    context.roundedUp = rounded.up;
  }
  return { sign, exponent: roundedExponent, high: rounded.high, low: rounded.low };
}

/** So many digits a positive number has, in base 2. */
export function bitLength(value: bigint): number {
  let length = 0;
  let top = value;
  for (; top > 0xffffffffn; length += 32) top >>= 32n;
  return length + 32 - Math.clz32(Number(top));
}

/** An exact result from a big integer: value = magnitude * 2^scale; `inexact` when more digits follow. */
export function exactFromBigInt(sign: boolean, magnitude: bigint, scale: number, inexact: boolean): Exact {
  const length = bitLength(magnitude);
  const shift = length - 96;
  let top = shift > 0 ? magnitude >> BigInt(shift) : magnitude << BigInt(-shift);
  const lost = inexact || (shift > 0 && top << BigInt(shift) !== magnitude);
  if (lost) top |= 1n;
  return {
    sign,
    exponent: length - 1 + scale,
    high: Number(top >> 64n) | 0,
    low: Number((top >> 32n) & 0xffffffffn) | 0,
    extra: Number(top & 0xffffffffn) | 0,
  };
}

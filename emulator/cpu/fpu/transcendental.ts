/**
 * The transcendental functions, computed with big fixed-point integers to far more digits than a register has, then
 * rounded once: the answer is the nearest number in all but astronomically rare cases. Angles are reduced with the
 * 66-bit value of pi that the manual documents for this family (SDM volume 1, 8.3.8), so that large arguments give what
 * the hardware gives.
 */
import { integerSquareRoot, normalInteger } from "./arithmetic.ts";
import { Float80, INDEFINITE, infinity, ONE, unpack, zero } from "./float80.ts";
import type { Exact, FloatContext } from "./rounding.ts";
import { bitLength, DENORMAL, exactFromBigInt, INVALID, PRECISION, roundToFloat80, ZERO_DIVIDE } from "./rounding.ts";

/** Fraction bits of the fixed-point numbers. */
const BITS = 256;
const UNIT = 1n << BigInt(BITS);

/** atan(1/n) for pi by Machin's formula, and atanh(1/n) for ln 2. */
function arcOfReciprocal(n: bigint, alternating: boolean): bigint {
  let term = UNIT / n;
  let sum = 0n;
  let k = 1n;
  let sign = 1n;
  while (term !== 0n) {
    sum += (sign * term) / k;
    term /= n * n;
    k += 2n;
    if (alternating) sign = -sign;
  }
  return sum;
}

let constants: { readonly pi: bigint; readonly ln2: bigint; readonly ln10: bigint } | null = null;

function constant(name: "pi" | "ln2" | "ln10"): bigint {
  if (constants === null) {
    const atanh = (n: bigint): bigint => arcOfReciprocal(n, false);
    const ln2 = 18n * atanh(26n) - 2n * atanh(4801n) + 8n * atanh(8749n);
    // ln 10 = 3 ln 2 + ln(10/8) = 3 ln 2 + 2 atanh(1/9).
    constants = {
      pi: 16n * arcOfReciprocal(5n, true) - 4n * arcOfReciprocal(239n, true),
      ln2,
      ln10: 3n * ln2 + 2n * atanh(9n),
    };
  }
  return constants[name];
}

/** pi/2 with 66 significant bits: C90FDAA2 2168C234 C * 2^-67. */
const HALF_PI_66 = 0xc90fdaa22168c234cn;
const HALF_PI_66_SCALE = 67;

/** Rounds a fixed-point number with `bits` fraction bits; results of these functions are never exact. */
function roundFixed(context: FloatContext, value: bigint, bits = BITS): Float80 {
  const sign = value < 0n;
  return roundExact(context, exactFromBigInt(sign, sign ? -value : value, -bits, true));
}

function roundExact(context: FloatContext, exact: Exact): Float80 {
  return roundToFloat80(context, exact, 64);
}

/** A finite number as fixed point; digits below the last place are cut off. */
function toFixed(value: Float80): bigint {
  if (value.isZero) return 0n;
  const { significand, exponent } = normalInteger(value);
  const shift = exponent + BITS;
  const magnitude = shift >= 0 ? significand << BigInt(shift) : significand >> BigInt(-shift);
  return value.sign ? -magnitude : magnitude;
}

/** Handles NaNs and unsupported encodings of one operand; null when it is a number. */
function checkOperand(context: FloatContext, a: Float80): Float80 | null {
  if (a.isUnsupported) return invalid(context);
  if (a.isNaN) {
    if (a.isSignaling) context.raise(INVALID);
    return a.quieted;
  }
  if (a.isDenormal) context.raise(DENORMAL);
  return null;
}

/** An invalid operation outranks a denormal operand. */
function invalid(context: FloatContext): Float80 {
  context.raised &= ~DENORMAL;
  context.raise(INVALID);
  return INDEFINITE;
}

/** The product of a small number with a fixed-point factor: first term of a series whose others do not matter. */
function scaleBy(context: FloatContext, a: Float80, factor: bigint): Float80 {
  const { significand, exponent } = normalInteger(a);
  return roundExact(context, exactFromBigInt(a.sign, significand * factor, exponent - BITS, true));
}

/** Arguments below 2^-SMALL: the series' second term is beyond the register. */
const SMALL = -80;

/** e^x - 1 for fixed-point |x| <= 1. */
function exponentialMinusOne(x: bigint): bigint {
  let term = x;
  let sum = 0n;
  for (let k = 2n; term !== 0n && term !== -1n; k++) {
    sum += term;
    term = ((term * x) >> BigInt(BITS)) / k;
  }
  return sum;
}

/** F2XM1: 2^x - 1 for -1 <= x <= 1; outside the result is undefined, and is what it was. */
export function twoToXMinusOne(context: FloatContext, x: Float80): Float80 {
  const special = checkOperand(context, x);
  if (special !== null) return special;
  if (x.isZero) return x;
  if (x.isInfinity) return x.sign ? ONE.negated : x;
  const { exponent } = unpack(x);
  if (exponent >= 0) {
    if (exponent === 0 && x.high === ONE.high && x.low === 0) return x.sign ? new Float80(0xbffe, ONE.high, 0) : x;
    context.raise(PRECISION);
    return x;
  }
  if (exponent < SMALL) return scaleBy(context, x, constant("ln2"));
  return roundFixed(context, exponentialMinusOne((toFixed(x) * constant("ln2")) >> BigInt(BITS)));
}

/** 2 * atanh(z) for fixed-point z = numerator / denominator: ln((1 + z) / (1 - z)). */
function twiceAtanh(numerator: bigint, denominator: bigint): bigint {
  const z = (numerator << BigInt(BITS)) / denominator;
  const square = (z * z) >> BigInt(BITS);
  let term = z;
  let sum = 0n;
  for (let k = 1n; term !== 0n && term !== -1n; k += 2n) {
    sum += term / k;
    term = (term * square) >> BigInt(BITS);
  }
  return 2n * sum;
}

/** log2 of a positive finite number, as fixed point. */
function log2(x: Float80): bigint {
  let { exponent } = unpack(x);
  const mantissa = normalInteger(x).significand;
  let scale = 1n << 63n;
  // The mantissa goes to the interval around 1 where the series is fast and a result near 0 keeps its digits.
  if (mantissa > 0xb504f333f9de6484n) {
    exponent++;
    scale <<= 1n;
  }
  const ln = twiceAtanh(mantissa - scale, mantissa + scale);
  return (BigInt(exponent) << BigInt(BITS)) + (ln << BigInt(BITS)) / constant("ln2");
}

/** y times a fixed-point number that is not zero. */
function timesFixed(context: FloatContext, y: Float80, factor: bigint): Float80 {
  const { significand, exponent } = normalInteger(y);
  const negative = factor < 0n;
  return roundExact(
    context,
    exactFromBigInt(y.sign !== negative, significand * (negative ? -factor : factor), exponent - BITS, true),
  );
}

/** FYL2X: y * log2(x). */
export function yLog2X(context: FloatContext, y: Float80, x: Float80): Float80 {
  const special = checkPair(context, y, x);
  if (special !== null) return special;
  if (x.isZero) {
    if (y.isZero) return invalid(context);
    if (y.isInfinity) return infinity(!y.sign);
    context.raised &= ~DENORMAL;
    context.raise(ZERO_DIVIDE);
    return infinity(!y.sign);
  }
  if (x.sign) return invalid(context);
  const isOne = x.signExponent === ONE.signExponent && x.high === ONE.high && x.low === 0;
  if (x.isInfinity) {
    if (y.isZero) return invalid(context);
    return infinity(y.sign);
  }
  if (isOne) return y.isInfinity ? invalid(context) : zero(y.sign);
  const below = unpack(x).exponent < 0;
  if (y.isInfinity) return infinity(y.sign !== below);
  if (y.isZero) return zero(y.sign !== below);
  const power = normalInteger(x);
  if (power.significand === 1n << 63n) {
    // An exact power of two has an exact logarithm. Hardware reports it as inexact all the same.
    context.raise(PRECISION);
    const logarithm = BigInt(power.exponent + 63);
    const { significand, exponent } = normalInteger(y);
    const negative = logarithm < 0n;
    return roundExact(
      context,
      exactFromBigInt(y.sign !== negative, significand * (negative ? -logarithm : logarithm), exponent, false),
    );
  }
  return timesFixed(context, y, log2(x));
}

/** FYL2XP1: y * log2(1 + x) for |x| below 1 - sqrt(1/2). */
export function yLog2XPlusOne(context: FloatContext, y: Float80, x: Float80): Float80 {
  const special = checkPair(context, y, x);
  if (special !== null) return special;
  if (x.isZero) return y.isInfinity ? invalid(context) : zero(x.sign !== y.sign);
  if (x.isInfinity) return x.sign || y.isZero ? invalid(context) : infinity(y.sign);
  if (y.isInfinity) return infinity(x.sign !== y.sign);
  if (y.isZero) return zero(x.sign !== y.sign);
  const { exponent } = unpack(x);
  if (exponent < SMALL) {
    const a = normalInteger(x);
    const b = normalInteger(y);
    const factor = (UNIT << BigInt(BITS)) / constant("ln2");
    return roundExact(
      context,
      exactFromBigInt(x.sign !== y.sign, a.significand * b.significand * factor, a.exponent + b.exponent - BITS, true),
    );
  }
  if (x.sign && exponent >= 0) {
    // Beyond the logarithm's pole, far out of the documented range: hardware leaves the argument.
    context.raise(PRECISION);
    return x;
  }
  const fixed = toFixed(x);
  // Near -1 the series would not end; there the sum is far enough from 1 to be taken as a number of its own.
  const ln =
    exponent < -1
      ? twiceAtanh(fixed, 2n * UNIT + fixed)
      : (log2OfFixed(UNIT + fixed) * constant("ln2")) >> BigInt(BITS);
  return timesFixed(context, y, (ln << BigInt(BITS)) / constant("ln2"));
}

/** log2 of a fixed-point number above 1, for arguments of FYL2XP1 outside its documented range. */
function log2OfFixed(value: bigint): bigint {
  const exponent = bitLength(value) - 1 - BITS;
  const mantissa = exponent >= 0 ? value >> BigInt(exponent) : value << BigInt(-exponent);
  return (
    (BigInt(exponent) << BigInt(BITS)) +
    (twiceAtanh(mantissa - UNIT, mantissa + UNIT) << BigInt(BITS)) / constant("ln2")
  );
}

function checkPair(context: FloatContext, a: Float80, b: Float80): Float80 | null {
  if (a.isUnsupported || b.isUnsupported) return invalid(context);
  if (a.isNaN || b.isNaN) {
    if (a.isSignaling || b.isSignaling) context.raise(INVALID);
    if (!b.isNaN) return a.quieted;
    if (!a.isNaN) return b.quieted;
    if (a.isSignaling !== b.isSignaling) return a.isSignaling ? b : a;
    return (a.significand >= b.significand ? a : b).quieted;
  }
  if (a.isDenormal || b.isDenormal) context.raise(DENORMAL);
  return null;
}

/** The angle modulo pi/2 and the quadrant. The remainder is in [-pi/4, pi/4], as numerator * 2^scale. */
interface Reduced {
  readonly angle: bigint;
  readonly scale: number;
  readonly quadrant: number;
}

function reduce(x: Float80): Reduced {
  const { significand, exponent } = normalInteger(x);
  const scale = Math.min(exponent, -HALF_PI_66_SCALE);
  const value = significand << BigInt(exponent - scale);
  const halfPi = HALF_PI_66 << BigInt(-HALF_PI_66_SCALE - scale);
  const quotient = (2n * value + halfPi) / (2n * halfPi);
  const rest = value - quotient * halfPi;
  const quadrant = Number(quotient & 3n);
  return x.sign ? { angle: -rest, scale, quadrant: (4 - quadrant) & 3 } : { angle: rest, scale, quadrant };
}

/** sin and cos of a fixed-point angle of at most pi/4. */
function sineCosine(x: bigint, bits: number): { readonly sine: bigint; readonly cosine: bigint } {
  const shift = BigInt(bits);
  const series = (first: bigint, start: bigint): bigint => {
    const square = (x * x) >> shift;
    let term = first;
    let sum = 0n;
    for (let k = start; term !== 0n && term !== -1n; k += 2n) {
      sum += term;
      term = -(((term * square) >> shift) / (k * (k + 1n)));
    }
    return sum;
  };
  return { sine: series(x, 2n), cosine: series(1n << shift, 1n) };
}

export interface SineCosine {
  readonly sine: Float80;
  readonly cosine: Float80;
  /** The angle was out of range, |x| >= 2^63: nothing happens but C2. */
  readonly outOfRange: boolean;
}

/** FSIN, FCOS and FSINCOS. Exceptions are those of the results that are asked for. */
export function sinCos(
  context: FloatContext,
  x: Float80,
  wants: { readonly sine: boolean; readonly cosine: boolean },
): SineCosine {
  const special = checkOperand(context, x);
  const both = (value: Float80): SineCosine => ({ sine: value, cosine: value, outOfRange: false });
  if (special !== null) return both(special);
  if (x.isInfinity) return both(invalid(context));
  if (x.isZero) return { sine: x, cosine: ONE, outOfRange: false };
  if (unpack(x).exponent >= 63) return { sine: x, cosine: x, outOfRange: true };
  const fixed = fixedAngle(x);
  if (fixed === null) {
    // x - x^3/6 and 1 - x^2/2: a hair below.
    return {
      sine: wants.sine ? slightlyBelow(context, x) : x,
      cosine: wants.cosine ? slightlyBelow(context, ONE) : ONE,
      outOfRange: false,
    };
  }
  const { sine, cosine } = sineCosine(fixed.angle, fixed.bits);
  const bySine = (negative: boolean): Float80 => roundFixed(context, negative ? -sine : sine, fixed.bits);
  const byCosine = (negative: boolean): Float80 => roundFixed(context, negative ? -cosine : cosine, fixed.bits);
  const { quadrant } = fixed;
  return {
    sine: wants.sine ? (quadrant % 2 === 0 ? bySine(quadrant === 2) : byCosine(quadrant === 3)) : x,
    cosine: wants.cosine ? (quadrant % 2 === 0 ? byCosine(quadrant === 2) : bySine(quadrant === 1)) : x,
    outOfRange: false,
  };
}

/** The reduced angle with as many fraction bits as its size needs; null for an angle so small that sin x is x. */
function fixedAngle(x: Float80): { readonly angle: bigint; readonly bits: number; readonly quadrant: number } | null {
  if (unpack(x).exponent < SMALL) return null;
  const { angle, scale, quadrant } = reduce(x);
  const bits = Math.max(BITS, -scale);
  return { angle: angle << BigInt(bits + scale), bits, quadrant };
}

/** A result that is smaller than `value` by less than any digit that is kept. */
function slightlyBelow(context: FloatContext, value: Float80): Float80 {
  const { significand, exponent } = normalInteger(value);
  return roundExact(context, exactFromBigInt(value.sign, (significand << 40n) - 1n, exponent - 40, true));
}

/** FPTAN: the tangent; the caller pushes 1. Null when the angle is out of range. */
export function tangent(context: FloatContext, x: Float80): Float80 | null {
  const special = checkOperand(context, x);
  if (special !== null) return special;
  if (x.isInfinity) return invalid(context);
  if (x.isZero) return x;
  if (unpack(x).exponent >= 63) return null;
  const fixed = fixedAngle(x);
  if (fixed === null) {
    const { significand, exponent } = normalInteger(x);
    return roundExact(context, exactFromBigInt(x.sign, (significand << 40n) + 1n, exponent - 40, true));
  }
  const { sine, cosine } = sineCosine(fixed.angle, fixed.bits);
  const [numerator, denominator] = fixed.quadrant % 2 === 0 ? [sine, cosine] : [-cosine, sine];
  return roundFixed(context, (numerator << BigInt(fixed.bits)) / denominator, fixed.bits);
}

/** atan of a fixed-point number in [0, 1]: the argument is halved twice by atan x = 2 atan(x / (1 + sqrt(1 + x^2))). */
function arcTangent(value: bigint): bigint {
  let x = value;
  let doublings = 0n;
  for (; doublings < 3n; doublings++) {
    x = (x << BigInt(BITS)) / (UNIT + integerSquareRoot((UNIT + ((x * x) >> BigInt(BITS))) << BigInt(BITS)));
  }
  const square = (x * x) >> BigInt(BITS);
  let term = x;
  let sum = 0n;
  for (let k = 1n, sign = 1n; term !== 0n; k += 2n, sign = -sign) {
    sum += (sign * term) / k;
    term = (term * square) >> BigInt(BITS);
  }
  return sum << doublings;
}

/** FPATAN: the angle of the point (x, y), from -pi to pi. */
export function arcTangentOf(context: FloatContext, y: Float80, x: Float80): Float80 {
  const special = checkPair(context, y, x);
  if (special !== null) return special;
  const pi = constant("pi");
  const signed = (angle: bigint): Float80 => roundFixed(context, y.sign ? -angle : angle);
  if (y.isInfinity) return signed(x.isInfinity ? (x.sign ? (3n * pi) >> 2n : pi >> 2n) : pi >> 1n);
  if (x.isInfinity || y.isZero) {
    if (x.sign) return signed(pi);
    return zero(y.sign);
  }
  if (x.isZero) return signed(pi >> 1n);
  const a = normalInteger(y);
  const b = normalInteger(x);
  const difference = unpack(y).exponent - unpack(x).exponent;
  if (difference < SMALL) {
    if (x.sign) return signed(pi);
    // atan q is q, a hair below.
    const quotient = (a.significand << 200n) / b.significand;
    const isExact = quotient * b.significand === a.significand << 200n;
    return roundExact(
      context,
      exactFromBigInt(y.sign, isExact ? quotient - 1n : quotient, a.exponent - b.exponent - 200, true),
    );
  }
  if (difference > -SMALL) return signed(pi >> 1n);
  const base = Math.min(a.exponent, b.exponent);
  const ys = a.significand << BigInt(a.exponent - base);
  const xs = b.significand << BigInt(b.exponent - base);
  let angle = ys <= xs ? arcTangent((ys << BigInt(BITS)) / xs) : (pi >> 1n) - arcTangent((xs << BigInt(BITS)) / ys);
  if (x.sign) angle = pi - angle;
  return signed(angle);
}

/** What FLD1, FLDPI and their kin load, rounded by the context (SDM 2, FLD1). */
export function loadConstant(context: FloatContext, name: "l2t" | "l2e" | "pi" | "lg2" | "ln2"): Float80 {
  const ln2 = constant("ln2");
  const ln10 = constant("ln10");
  const shift = BigInt(BITS);
  const value = {
    l2t: () => (ln10 << shift) / ln2,
    l2e: () => (UNIT << shift) / ln2,
    pi: () => constant("pi"),
    lg2: () => (ln2 << shift) / ln10,
    ln2: () => ln2,
  }[name]();
  const raised = context.raised;
  const result = roundFixed(context, value);
  // Loading a constant is exact by definition.
  context.raised = raised;
  return result;
}

/**
 * Arithmetic of single and double precision under MXCSR (SDM volume 1, 4.8.4, 10.2.3 and 11.5). What is exact or rounds
 * to nearest between ordinary numbers, when a rounding has been noted before, is the host's own arithmetic, whose
 * results are the same by IEEE 754. Everything else is computed with the x87's 80-bit numbers: truncated to 64 bits
 * with a last bit that says "and more" ("round to odd"), which another rounding to 53 or 24 bits cannot tell from the
 * exact result.
 */
import { add, compare, divide, fromInteger, multiply, type Order, squareRoot, subtract } from "../fpu/arithmetic.ts";
import { fromDouble, fromSingle, toSigned } from "../fpu/convert.ts";
import { Float80, unpack } from "../fpu/float80.ts";
import {
  DENORMAL,
  DOUBLE,
  DOWN,
  FloatContext,
  INVALID,
  PRECISION,
  roundToFormat,
  SINGLE,
  TO_NEAREST,
  TOWARDS_ZERO,
  UNDERFLOW,
} from "../fpu/rounding.ts";
import type { Lanes } from "./lanes.ts";

// MXCSR.
const DENORMALS_ARE_ZEROS = 0x40;
const MASK_SHIFT = 7;
const ROUNDING_SHIFT = 13;
const FLUSH_TO_ZERO = 0x8000;
const EXCEPTIONS = 0x3f;

const SMALLEST_SINGLE = 2 ** -126;
const LARGEST_SINGLE = 3.4028234663852886e38;
const SMALLEST_DOUBLE = 2 ** -1022;

/** Precision of the operands. */
export type Precision = "single" | "double";

export type Operation = "add" | "sub" | "mul" | "div" | "min" | "max";

const EXACT = { add, sub: subtract, mul: multiply, div: divide } as const;

/** Of the host: exact results rounded to nearest, as doubles; rounding those to singles again is innocuous. */
const HOST: Readonly<Record<keyof typeof EXACT, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
};

/** To whole numbers, by the bits of MXCSR.RC. */
const ROUNDINGS: readonly ((value: number) => number)[] = [roundToEven, Math.floor, Math.ceil, Math.trunc];

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const beyond = value - below;
  return beyond < 0.5 || (beyond === 0.5 && below % 2 === 0) ? below : below + 1;
}

export class VectorFloats {
  /** Exceptions of the running instruction. */
  raised = 0;
  /** The host's arithmetic may be used: to nearest, and that a result was rounded need not be found out. */
  mayUseHost = false;
  readonly #context = new FloatContext();
  #rounding = TO_NEAREST;
  #masks = EXCEPTIONS;
  #zeroDenormals = false;
  #flushToZero = false;

  /** Takes MXCSR. */
  control(mxcsr: number): void {
    this.#rounding = (mxcsr >>> ROUNDING_SHIFT) & 3;
    this.#masks = (mxcsr >>> MASK_SHIFT) & EXCEPTIONS;
    this.#zeroDenormals = (mxcsr & DENORMALS_ARE_ZEROS) !== 0;
    this.#flushToZero = (mxcsr & FLUSH_TO_ZERO) !== 0;
    this.mayUseHost = this.#rounding === TO_NEAREST && (mxcsr & this.#masks & PRECISION) !== 0;
  }

  /** d = d OP s in one lane. */
  binary(operation: Operation, precision: Precision, d: Lanes, s: Lanes, lane: number): void {
    if (operation === "min" || operation === "max") return this.#select(operation, precision, d, s, lane);
    if (this.mayUseHost) {
      const host = HOST[operation];
      if (precision === "single") {
        const a = d.f32[lane]!;
        const b = s.f32[lane]!;
        const result = Math.fround(host(a, b));
        if (isPlain(isOrdinarySingle, operation, a, b, result)) {
          d.f32[lane] = result;
          return;
        }
      } else {
        const a = d.f64[lane]!;
        const b = s.f64[lane]!;
        const result = host(a, b);
        if (isPlain(isOrdinaryDouble, operation, a, b, result)) {
          d.f64[lane] = result;
          return;
        }
      }
    }
    const a = this.#load(precision, d, lane);
    const b = this.#load(precision, s, lane);
    if (this.#propagate(precision, d, s, lane, a, b)) return;
    const context = this.#begin();
    context.denormalOperand = isDenormal(precision, d, lane, a) || isDenormal(precision, s, lane, b);
    const result = EXACT[operation](context, a, b);
    const isSum = operation === "add" || operation === "sub";
    // A sum of nothing has the sign of both, or that which rounding gives.
    const signs = a.isZero && b.isZero && a.sign === (operation === "sub" ? !b.sign : b.sign);
    const exact = isSum && result.isZero && !signs ? withSign(result, this.#rounding === DOWN) : result;
    this.#store(precision, d, lane, exact);
  }

  squareRoot(precision: Precision, d: Lanes, s: Lanes, lane: number): void {
    const a = this.#load(precision, s, lane);
    if (this.#propagate(precision, d, s, lane, a, a, true)) return;
    const context = this.#begin();
    context.denormalOperand = isDenormal(precision, s, lane, a);
    this.#store(precision, d, lane, squareRoot(context, a));
  }

  /** Compares; `quiet`: a quiet NaN is not invalid. */
  order(precision: Precision, d: Lanes, s: Lanes, lane: number, quiet: boolean): Order {
    const x = precision === "single" ? d.f32[lane]! : d.f64[lane]!;
    const y = precision === "single" ? s.f32[lane]! : s.f64[lane]!;
    const isOrdinary = precision === "single" ? isOrdinarySingle : isOrdinaryDouble;
    if (isOrdinary(x) && isOrdinary(y)) return x < y ? "less" : x > y ? "greater" : "equal";
    const a = this.#load(precision, d, lane);
    const b = this.#load(precision, s, lane);
    const context = this.#begin();
    context.denormalOperand = isDenormal(precision, d, lane, a) || isDenormal(precision, s, lane, b);
    const order = compare(context, a, b, quiet);
    this.raised |= context.raised;
    return order;
  }

  /** To a signed dword; what does not fit is the integer indefinite. */
  toInteger(precision: Precision, s: Lanes, lane: number, truncate: boolean): number {
    const context = this.#begin();
    context.rounding = truncate ? TOWARDS_ZERO : this.#rounding;
    const value = Number(toSigned(context, this.#load(precision, s, lane), 32));
    this.raised |= context.raised;
    return value;
  }

  fromInteger(precision: Precision, d: Lanes, lane: number, value: number): void {
    this.#begin();
    this.#store(precision, d, lane, fromInteger(BigInt(value)));
  }

  /** From one precision to the other: lane `from` of `s` to lane `to` of `d`. */
  convert(from: Precision, s: Lanes, fromLane: number, to: Precision, d: Lanes, toLane: number): void {
    const a = this.#load(from, s, fromLane);
    const context = this.#begin();
    if (a.isNaN) {
      if (a.isSignaling) this.raised |= INVALID;
      writeBits(to, d, toLane, a.sign, a.quieted.high, a.low);
      return;
    }
    if (isDenormal(from, s, fromLane, a)) context.raise(DENORMAL);
    this.#store(to, d, toLane, a);
  }

  /**
   * One lane of `s` to a whole number in `d`: rounded as `mode` says, -1 for as MXCSR does. `isSilent`: that it was not
   * whole is not noted. Denormal operands are not either.
   */
  roundToInteger(precision: Precision, d: Lanes, s: Lanes, lane: number, mode: number, isSilent: boolean): void {
    const a = this.#load(precision, s, lane);
    if (this.#propagate(precision, d, s, lane, a, a, true)) return;
    const value = a.isZero ? 0 : precision === "single" ? s.f32[lane]! : s.f64[lane]!;
    const whole = ROUNDINGS[mode < 0 ? this.#rounding : mode]!(value);
    if (whole === 0) writeZero(precision, d, lane, a.sign);
    else if (precision === "single") d.f32[lane] = whole;
    else d.f64[lane] = whole;
    if (whole !== value && !isSilent) this.raised |= PRECISION;
  }

  /** MIN and MAX give the second operand unless the first is really smaller or larger. */
  #select(operation: "min" | "max", precision: Precision, d: Lanes, s: Lanes, lane: number): void {
    const order = this.order(precision, d, s, lane, false);
    if (order === (operation === "min" ? "less" : "greater")) {
      // An operand that counts as zero is one.
      const a = this.#load(precision, d, lane);
      if (a.isZero) writeZero(precision, d, lane, a.sign);
      return;
    }
    const b = this.#load(precision, s, lane);
    if (b.isZero) writeZero(precision, d, lane, b.sign);
    else copyLane(precision, d, s, lane);
  }

  #begin(): FloatContext {
    const context = this.#context;
    context.rounding = TOWARDS_ZERO;
    context.precision = 64;
    context.masks = EXCEPTIONS;
    context.raised = 0;
    context.roundedUp = false;
    context.denormalOperand = false;
    return context;
  }

  #load(precision: Precision, lanes: Lanes, lane: number): Float80 {
    const context = this.#context;
    const value =
      precision === "single"
        ? fromSingle(context, lanes.i32[lane]!)
        : fromDouble(context, lanes.i32[2 * lane + 1]!, lanes.i32[2 * lane]!);
    return this.#zeroDenormals && isDenormal(precision, lanes, lane, value) ? zeroOf(value) : value;
  }

  /**
   * The answer to a NaN: the first operand that is one, quiet (SDM volume 1, table 4-7). `alone`: only the second
   * operand counts.
   */
  #propagate(precision: Precision, d: Lanes, s: Lanes, lane: number, a: Float80, b: Float80, alone = false): boolean {
    if (!a.isNaN && !b.isNaN) return false;
    if (a.isSignaling || b.isSignaling) this.raised |= INVALID;
    if (alone || !a.isNaN) copyLane(precision, d, s, lane);
    if (precision === "single") d.i32[lane]! |= 0x400000;
    else d.i32[2 * lane + 1]! |= 0x80000;
    return true;
  }

  /** Rounds to the format and writes the lane; notes what was raised. */
  #store(precision: Precision, d: Lanes, lane: number, value: Float80): void {
    const context = this.#context;
    const inexact = (context.raised & PRECISION) !== 0;
    context.raised &= ~PRECISION;
    if (value.isNaN) writeBits(precision, d, lane, true, 0xc0000000 | 0, 0);
    else if (value.isZero) writeZero(precision, d, lane, value.sign);
    else if (value.isInfinity) writeBits(precision, d, lane, value.sign, 0x80000000 | 0, 0);
    else {
      const odd = inexact ? new Float80(value.signExponent, value.high, value.low | 1) : value;
      this.#round(precision, d, lane, odd);
    }
    this.raised |= context.raised;
  }

  #round(precision: Precision, d: Lanes, lane: number, value: Float80): void {
    const context = this.#context;
    const flushes = this.#flushToZero && (this.#masks & UNDERFLOW) !== 0;
    context.rounding = this.#rounding;
    context.masks = flushes ? this.#masks & ~UNDERFLOW : this.#masks;
    const parts = roundToFormat(context, { ...unpack(value), extra: 0 }, precision === "single" ? SINGLE : DOUBLE);
    if (parts !== null) {
      writeParts(precision, d, lane, parts.sign, parts.exponent, parts.high, parts.low);
      return;
    }
    if (flushes && (context.raised & UNDERFLOW) !== 0) {
      context.raise(PRECISION);
      writeZero(precision, d, lane, value.sign);
    } else if (isLonger(precision, value)) context.raise(PRECISION);
  }
}

/** Neither zero, denormal, infinite nor NaN, and not at the very edge of being denormal. */
function isOrdinarySingle(value: number): boolean {
  const size = Math.abs(value);
  return size > SMALLEST_SINGLE && size <= LARGEST_SINGLE;
}

function isOrdinaryDouble(value: number): boolean {
  const size = Math.abs(value);
  return size > SMALLEST_DOUBLE && size <= Number.MAX_VALUE;
}

/**
 * Whether an operation on ordinary numbers, or zeros, has an ordinary result or one that is exactly zero: then nothing
 * but its rounding can be noted.
 */
function isPlain(
  isOrdinary: (value: number) => boolean,
  operation: keyof typeof EXACT,
  a: number,
  b: number,
  result: number,
): boolean {
  if (!(a === 0 || isOrdinary(a)) || !(isOrdinary(b) || (b === 0 && operation !== "div"))) return false;
  const isSum = operation === "add" || operation === "sub";
  return isOrdinary(result) || (result === 0 && (isSum || a === 0 || b === 0));
}

/** Whether the lane is denormal in its own format, which its wide form does not show. */
function isDenormal(precision: Precision, lanes: Lanes, lane: number, value: Float80): boolean {
  if (value.isZero) return false;
  return precision === "single" ? (lanes.i32[lane]! & 0x7f800000) === 0 : (lanes.i32[2 * lane + 1]! & 0x7ff00000) === 0;
}

/** Whether the significand has digits beyond the format's. */
function isLonger(precision: Precision, { high, low }: Float80): boolean {
  return precision === "single" ? low !== 0 || (high & 0xff) !== 0 : (low & 0x7ff) !== 0;
}

function zeroOf(value: Float80): Float80 {
  return new Float80(value.signExponent & 0x8000, 0, 0);
}

function withSign(value: Float80, sign: boolean): Float80 {
  return new Float80((value.signExponent & 0x7fff) | (sign ? 0x8000 : 0), value.high, value.low);
}

function copyLane(precision: Precision, d: Lanes, s: Lanes, lane: number): void {
  if (precision === "single") d.i32[lane] = s.i32[lane]!;
  else d.u64[lane] = s.u64[lane]!;
}

function writeZero(precision: Precision, d: Lanes, lane: number, sign: boolean): void {
  writeParts(precision, d, lane, sign, 0, 0, 0);
}

/** What is not finite: a significand with its integer bit at the top, under the largest exponent. */
function writeBits(precision: Precision, d: Lanes, lane: number, sign: boolean, high: number, low: number): void {
  writeParts(precision, d, lane, sign, precision === "single" ? SINGLE.maxExponent : DOUBLE.maxExponent, high, low);
}

function writeParts(
  precision: Precision,
  d: Lanes,
  lane: number,
  sign: boolean,
  exponent: number,
  high: number,
  low: number,
): void {
  const signBit = sign ? 0x80000000 : 0;
  if (precision === "single") {
    d.i32[lane] = signBit | (exponent << 23) | ((high >>> 8) & 0x7fffff);
    return;
  }
  d.i32[2 * lane + 1] = signBit | (exponent << 20) | ((high >>> 11) & 0xfffff);
  d.i32[2 * lane] = (high << 21) | (low >>> 11);
}

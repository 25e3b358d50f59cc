/** Numbers of the x87: 80 bits, with an explicit integer bit (SDM volume 1, 4.2.2 and 8.2). */

export const BIAS = 16383;
export const MAX_EXPONENT = 0x7fff;
const INTEGER_BIT = 0x80000000 | 0;
const QUIET_BIT = 0x40000000;

export class Float80 {
  /** Sign in bit 15, biased exponent below. */
  readonly signExponent: number;
  /** The significand's halves, as signed dwords. */
  readonly high: number;
  readonly low: number;

  constructor(signExponent: number, high: number, low: number) {
    this.signExponent = signExponent;
    this.high = high | 0;
    this.low = low | 0;
  }

  get sign(): boolean {
    return (this.signExponent & 0x8000) !== 0;
  }

  get exponent(): number {
    return this.signExponent & MAX_EXPONENT;
  }

  get isZero(): boolean {
    return this.exponent === 0 && this.high === 0 && this.low === 0;
  }

  /** Denormal or pseudo-denormal: what raises the denormal-operand exception. */
  get isDenormal(): boolean {
    return this.exponent === 0 && (this.high !== 0 || this.low !== 0);
  }

  get isInfinity(): boolean {
    return this.exponent === MAX_EXPONENT && this.high === INTEGER_BIT && this.low === 0;
  }

  get isNaN(): boolean {
    return this.exponent === MAX_EXPONENT && this.high < 0 && !this.isInfinity;
  }

  get isSignaling(): boolean {
    return this.isNaN && (this.high & QUIET_BIT) === 0;
  }

  /** Unnormal, pseudo-infinity, pseudo-NaN: encodings that later processors refuse (SDM volume 1, table 8-3). */
  get isUnsupported(): boolean {
    return this.exponent !== 0 && this.high >= 0;
  }

  get isFinite(): boolean {
    return this.exponent !== MAX_EXPONENT;
  }

  /** The significand as an integer of 64 bits. */
  get significand(): bigint {
    return (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0);
  }

  get negated(): Float80 {
    return new Float80(this.signExponent ^ 0x8000, this.high, this.low);
  }

  get absolute(): Float80 {
    return new Float80(this.signExponent & MAX_EXPONENT, this.high, this.low);
  }

  /** A NaN with its quiet bit set. */
  get quieted(): Float80 {
    return new Float80(this.signExponent, this.high | QUIET_BIT, this.low);
  }
}

export function zero(sign: boolean): Float80 {
  return new Float80(sign ? 0x8000 : 0, 0, 0);
}

export function infinity(sign: boolean): Float80 {
  return new Float80(MAX_EXPONENT | (sign ? 0x8000 : 0), INTEGER_BIT, 0);
}

export const ONE = new Float80(BIAS, INTEGER_BIT, 0);
/** Real indefinite: the answer to an invalid operation. */
export const INDEFINITE = new Float80(0xffff, 0xc0000000, 0);

/**
 * The unbiased, normalised form of a finite number that is not zero: value = significand * 2^(exponent - 63), bit 63
 * set.
 */
export interface Unpacked {
  readonly sign: boolean;
  readonly exponent: number;
  readonly high: number;
  readonly low: number;
}

export function unpack(value: Float80): Unpacked {
  const { sign } = value;
  let { high, low } = value;
  let exponent = Math.max(value.exponent, 1) - BIAS;
  if (high >= 0) {
    const shift = high !== 0 ? Math.clz32(high) : 32 + Math.clz32(low);
    exponent -= shift;
    high = shiftLeftHigh(high, low, shift);
    low = shift >= 32 ? 0 : low << shift;
  }
  return { sign, exponent, high, low };
}

/** Upper half of (high:low) << shift, shift below 64. */
function shiftLeftHigh(high: number, low: number, shift: number): number {
  if (shift === 0) return high;
  return shift >= 32 ? low << (shift - 32) : (high << shift) | (low >>> (32 - shift));
}

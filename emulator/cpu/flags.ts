/**
 * The arithmetic flags, kept as two words and computed when somebody asks.
 *
 * FLAG_RESULT is the last result, sign-extended to 32 bits. FLAG_CARRIES holds what the result does not tell: bit 31
 * the carry out of the top bit (CF), bit 30 the carry into it (OF is their difference), bit 3 the carry out of bit 3
 * (AF), bits 8-15 a correction that parity takes by exclusive or, and bit 0 a correction of the sign, so that any
 * combination of flags can be held (POPF may set both ZF and SF). Carries follow from operands and result by bitwise
 * logic alone, so no handler remembers which operation came last and no condition has to branch on it. (SDM volume 1,
 * 3.4.3.1.)
 */
import { EFLAGS, FLAG_CARRIES, FLAG_RESULT } from "./layout.ts";

export const CF = 0x1;
export const PF = 0x4;
export const AF = 0x10;
export const ZF = 0x40;
export const SF = 0x80;
export const TF = 0x100;
export const IF = 0x200;
export const DF = 0x400;
export const OF = 0x800;
export const IOPL = 0x3000;
export const NT = 0x4000;
export const RF = 0x10000;
export const VM = 0x20000;
export const AC = 0x40000;
export const VIF = 0x80000;
export const VIP = 0x100000;
export const ID = 0x200000;

export const ARITHMETIC = CF | PF | AF | ZF | SF | OF;

/** CF, the carry below it, and AF: what an addition or subtraction of 32 bits leaves of its carries. */
const CARRY_BITS = 0xc0000008 | 0;
const HALF_CARRY = 8;
const SIGN_BIT = 0x80000000 | 0;
const BELOW_SIGN = 0x40000000;
const ROTATION_KEEPS = 0x3fffffff;

type State = Int32Array;

export function add32(s: State, a: number, b: number): number {
  const result = (a + b) | 0;
  s[FLAG_RESULT] = result;
  s[FLAG_CARRIES] = ((a & b) | ((a | b) & ~result)) & CARRY_BITS;
  return result;
}

export function sub32(s: State, a: number, b: number): number {
  const result = (a - b) | 0;
  s[FLAG_RESULT] = result;
  s[FLAG_CARRIES] = ((~a & b) | ((~a | b) & result)) & CARRY_BITS;
  return result;
}

export function adc32(s: State, a: number, b: number): number {
  const result = (a + b + (s[FLAG_CARRIES]! >>> 31)) | 0;
  s[FLAG_RESULT] = result;
  s[FLAG_CARRIES] = ((a & b) | ((a | b) & ~result)) & CARRY_BITS;
  return result;
}

export function sbb32(s: State, a: number, b: number): number {
  const result = (a - b - (s[FLAG_CARRIES]! >>> 31)) | 0;
  s[FLAG_RESULT] = result;
  s[FLAG_CARRIES] = ((~a & b) | ((~a | b) & result)) & CARRY_BITS;
  return result;
}

export function logic32(s: State, result: number): number {
  s[FLAG_RESULT] = result;
  s[FLAG_CARRIES] = 0;
  return result;
}

/** INC keeps CF: the carry into the top bit is stored so that its difference to the kept CF is the new OF. */
export function inc32(s: State, a: number): number {
  const result = (a + 1) | 0;
  const carry = s[FLAG_CARRIES]! & SIGN_BIT;
  s[FLAG_RESULT] = result;
  s[FLAG_CARRIES] = carry | (((carry ^ (~a & result)) >>> 1) & BELOW_SIGN) | (((a ^ result) >>> 1) & HALF_CARRY);
  return result;
}

export function dec32(s: State, a: number): number {
  const result = (a - 1) | 0;
  const carry = s[FLAG_CARRIES]! & SIGN_BIT;
  s[FLAG_RESULT] = result;
  s[FLAG_CARRIES] = carry | (((carry ^ (a & ~result)) >>> 1) & BELOW_SIGN) | (((a ^ result) >>> 1) & HALF_CARRY);
  return result;
}

// Shifts and rotations of 32 bits by 1 to 31, bit by bit in the terms of FLAG_CARRIES. OF of counts above 1 is
// undefined; it follows the last step, as the P6 leaves it.

export function shl32(s: State, value: number, count: number): number {
  const result = value << count;
  s[FLAG_RESULT] = result;
  s[FLAG_CARRIES] = ((value << (count - 1)) & SIGN_BIT) | ((result >>> 1) & BELOW_SIGN);
  return result;
}

export function shr32(s: State, value: number, count: number): number {
  const before = value >>> (count - 1);
  s[FLAG_RESULT] = before >>> 1;
  s[FLAG_CARRIES] = (before << 31) | (((before << 30) ^ (before >>> 1)) & BELOW_SIGN);
  return before >>> 1;
}

export function sar32(s: State, value: number, count: number): number {
  const before = value >> (count - 1);
  s[FLAG_RESULT] = before >> 1;
  s[FLAG_CARRIES] = (before << 31) | ((before << 30) & BELOW_SIGN);
  return before >> 1;
}

export function rol32(s: State, value: number, count: number): number {
  const result = (value << count) | (value >>> (32 - count));
  s[FLAG_CARRIES] = (s[FLAG_CARRIES]! & ROTATION_KEEPS) | (result << 31) | ((result >>> 1) & BELOW_SIGN);
  return result;
}

export function ror32(s: State, value: number, count: number): number {
  const result = (value >>> count) | (value << (32 - count));
  s[FLAG_CARRIES] = (s[FLAG_CARRIES]! & ROTATION_KEEPS) | (result & ~ROTATION_KEEPS);
  return result;
}

/** IMUL of 32 bits: CF and OF tell that the product did not fit. */
export function imul32(s: State, a: number, b: number): number {
  const low = Math.imul(a, b);
  s[FLAG_RESULT] = low;
  // A product that fits 32 bits is exact as a double, and one that does not differs from its low half.
  s[FLAG_CARRIES] = a * b === low ? 0 : SIGN_BIT;
  return low;
}

// The narrow forms take and return zero-extended values. `lift` moves the carries of a narrow addition to their places.

function lift(carries: number, bits: 8 | 16): number {
  return ((bits === 8 ? carries << 24 : carries << 16) & 0xc0000000) | (carries & HALF_CARRY);
}

function signExtend(value: number, bits: 8 | 16): number {
  return bits === 8 ? (value << 24) >> 24 : (value << 16) >> 16;
}

function setNarrow(s: State, result: number, carries: number, bits: 8 | 16): number {
  s[FLAG_RESULT] = signExtend(result, bits);
  s[FLAG_CARRIES] = lift(carries, bits);
  return bits === 8 ? result & 0xff : result & 0xffff;
}

function addNarrow(s: State, a: number, b: number, carry: number, bits: 8 | 16): number {
  const result = a + b + carry;
  return setNarrow(s, result, (a & b) | ((a | b) & ~result), bits);
}

function subNarrow(s: State, a: number, b: number, carry: number, bits: 8 | 16): number {
  const result = a - b - carry;
  return setNarrow(s, result, (~a & b) | ((~a | b) & result), bits);
}

export const add8 = (s: State, a: number, b: number): number => addNarrow(s, a, b, 0, 8);
export const add16 = (s: State, a: number, b: number): number => addNarrow(s, a, b, 0, 16);
export const adc8 = (s: State, a: number, b: number): number => addNarrow(s, a, b, s[FLAG_CARRIES]! >>> 31, 8);
export const adc16 = (s: State, a: number, b: number): number => addNarrow(s, a, b, s[FLAG_CARRIES]! >>> 31, 16);
export const sub8 = (s: State, a: number, b: number): number => subNarrow(s, a, b, 0, 8);
export const sub16 = (s: State, a: number, b: number): number => subNarrow(s, a, b, 0, 16);
export const sbb8 = (s: State, a: number, b: number): number => subNarrow(s, a, b, s[FLAG_CARRIES]! >>> 31, 8);
export const sbb16 = (s: State, a: number, b: number): number => subNarrow(s, a, b, s[FLAG_CARRIES]! >>> 31, 16);
export function logic8(s: State, result: number): number {
  logic32(s, signExtend(result, 8));
  return result & 0xff;
}
export function logic16(s: State, result: number): number {
  logic32(s, signExtend(result, 16));
  return result & 0xffff;
}

/** INC and DEC of 8 or 16 bits: `step` is 1 or -1. */
export function stepNarrow(s: State, a: number, step: 1 | -1, bits: 8 | 16): number {
  const carry = s[FLAG_CARRIES]! & 0x80000000;
  const result = signExtend(a + step, bits);
  const edge = bits === 8 ? 0x80 : 0x8000;
  const overflow = result === (step === 1 ? -edge : edge - 1) ? 0x40000000 : 0;
  const half = ((step === 1 ? result : a) & 15) === 0 ? HALF_CARRY : 0;
  s[FLAG_RESULT] = result;
  s[FLAG_CARRIES] = carry | ((carry >>> 1) ^ overflow) | half;
  return bits === 8 ? result & 0xff : result & 0xffff;
}

/** Flags of a result of any width whose CF and OF the caller knows (shifts, multiplications); AF is cleared. */
export function setResult(s: State, signExtendedResult: number, carry: boolean, overflow: boolean): void {
  s[FLAG_RESULT] = signExtendedResult;
  s[FLAG_CARRIES] = (carry ? 0x80000000 : 0) | (carry !== overflow ? 0x40000000 : 0);
}

/** Replaces CF and OF and keeps the others (rotations). */
export function setCarryOverflow(s: State, carry: boolean, overflow: boolean): void {
  s[FLAG_CARRIES] = (s[FLAG_CARRIES]! & 0x3fffffff) | (carry ? 0x80000000 : 0) | (carry !== overflow ? 0x40000000 : 0);
}

/** Replaces CF and keeps the others. */
export function setCarry(s: State, carry: boolean): void {
  setCarryOverflow(s, carry, getOverflow(s));
}

export function getCarry(s: State): boolean {
  return s[FLAG_CARRIES]! < 0;
}

export function getOverflow(s: State): boolean {
  const carries = s[FLAG_CARRIES]!;
  return (carries ^ (carries << 1)) < 0;
}

function getSign(s: State): boolean {
  return (s[FLAG_RESULT]! ^ (s[FLAG_CARRIES]! << 31)) < 0;
}

export function getZero(s: State): boolean {
  return s[FLAG_RESULT] === 0;
}

export function getParity(s: State): boolean {
  const byte = (s[FLAG_RESULT]! ^ (s[FLAG_CARRIES]! >>> 8)) & 0xff;
  return ((0x9669 >>> ((byte ^ (byte >>> 4)) & 15)) & 1) !== 0;
}

export function getAdjust(s: State): boolean {
  return (s[FLAG_CARRIES]! & HALF_CARRY) !== 0;
}

/** The six arithmetic flags in their places of EFLAGS. */
export function arithmeticFlags(s: State): number {
  return (
    (getCarry(s) ? CF : 0) |
    (getParity(s) ? PF : 0) |
    (getAdjust(s) ? AF : 0) |
    (getZero(s) ? ZF : 0) |
    (getSign(s) ? SF : 0) |
    (getOverflow(s) ? OF : 0)
  );
}

export function setArithmeticFlags(s: State, flags: number): void {
  const zero = (flags & ZF) !== 0;
  // A result of 0 has even parity, a result of 1 odd; both have a clear sign. The corrections make up for the rest.
  const parityCorrection = zero === ((flags & PF) !== 0) ? 0 : 0x100;
  const carry = (flags & CF) !== 0;
  const overflow = (flags & OF) !== 0;
  s[FLAG_RESULT] = zero ? 0 : 1;
  s[FLAG_CARRIES] =
    (carry ? 0x80000000 : 0) |
    (carry !== overflow ? 0x40000000 : 0) |
    ((flags & AF) !== 0 ? HALF_CARRY : 0) |
    parityCorrection |
    ((flags & SF) !== 0 ? 1 : 0);
}

/** EFLAGS as PUSHF sees it: arithmetic flags in place, bit 1 set. */
export function readEflags(s: State): number {
  return (s[EFLAGS]! & ~ARITHMETIC) | arithmeticFlags(s) | 2;
}

/** The conditions of Jcc, SETcc and CMOVcc by their four bits in the opcode (SDM volume 1, appendix B). */
export const CONDITIONS: readonly ((s: State) => boolean)[] = [
  (s) => getOverflow(s),
  (s) => !getOverflow(s),
  (s) => getCarry(s),
  (s) => !getCarry(s),
  (s) => getZero(s),
  (s) => !getZero(s),
  (s) => getCarry(s) || getZero(s),
  (s) => !getCarry(s) && !getZero(s),
  (s) => getSign(s),
  (s) => !getSign(s),
  (s) => getParity(s),
  (s) => !getParity(s),
  (s) => getSign(s) !== getOverflow(s),
  (s) => getSign(s) === getOverflow(s),
  (s) => getZero(s) || getSign(s) !== getOverflow(s),
  (s) => !getZero(s) && getSign(s) === getOverflow(s),
];

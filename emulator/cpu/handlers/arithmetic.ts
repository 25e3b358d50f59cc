/** Binary arithmetic and logic of all sizes and operand forms (SDM volume 1, 7.3.2 and 7.3.3). */
import type { Handler } from "../block.ts";
import type { Core } from "../core.ts";
import { DIVIDE_ERROR, raise } from "../exceptions.ts";
import {
  adc8,
  adc16,
  adc32,
  add8,
  add16,
  add32,
  dec32,
  imul32,
  inc32,
  logic8,
  logic16,
  logic32,
  sbb8,
  sbb16,
  sbb32,
  setResult,
  stepNarrow,
  sub8,
  sub16,
  sub32,
} from "../flags.ts";
import type { Builder, Builders } from "../instruction.ts";
import { EAX, EDX } from "../layout.ts";
import { accumulator, modify, operandSize, read, registerOf, write } from "../operands.ts";

type Binary = (s: Int32Array, a: number, b: number) => number;
/** One operation in its three sizes. */
type Sized<F> = Readonly<Record<8 | 16 | 32, F>>;

const bitwise = (operation: (a: number, b: number) => number): Sized<Binary> => ({
  8: (s, a, b) => logic8(s, operation(a, b)),
  16: (s, a, b) => logic16(s, operation(a, b)),
  32: (s, a, b) => logic32(s, operation(a, b)),
});

const AND = bitwise((a, b) => a & b);
const SUB: Sized<Binary> = { 8: sub8, 16: sub16, 32: sub32 };

/** Destination = operation(destination, source). */
function binary(operations: Sized<Binary>): Builder {
  return (core, insn) => {
    const { s } = core;
    const operation = operations[insn.size];
    const source = read(core, insn, 1);
    return modify(core, insn, 0, (a) => operation(s, a, source()));
  };
}

/** Flags of operation(destination, source); nothing is written. */
function comparison(operations: Sized<Binary>): Builder {
  return (core, insn) => {
    const { s } = core;
    const operation = operations[insn.size];
    const left = read(core, insn, 0);
    const right = read(core, insn, 1);
    return () => {
      operation(s, left(), right());
    };
  };
}

type Unary = (s: Int32Array, a: number) => number;

function unary(operations: Sized<Unary>): Builder {
  return (core, insn) => {
    const { s } = core;
    const operation = operations[insn.size];
    return modify(core, insn, 0, (a) => operation(s, a));
  };
}

/** The full product of two 32-bit numbers, unsigned or signed, as high and low dword: exact without BigInt. */
function multiplyHigh(a: number, b: number, signed: boolean): number {
  const aLow = a & 0xffff;
  const bLow = b & 0xffff;
  const aHigh = a >>> 16;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + Math.floor(low / 65536);
  const middle2 = aLow * bHigh + (middle % 65536);
  let high = (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(middle2 / 65536)) | 0;
  if (signed && a < 0) high = (high - b) | 0;
  if (signed && b < 0) high = (high - a) | 0;
  return high;
}

const signExtend = (value: number, bits: number): number => (value << (32 - bits)) >> (32 - bits);

/**
 * MUL and one-operand IMUL: the double-width product of the accumulator. SF, ZF and PF follow the low half, as on the
 * P6.
 */
function multiplyWide(signed: boolean): Builder {
  return (core, insn) => {
    const { s, r16 } = core;
    const source = read(core, insn, 0);
    if (insn.size === 32) {
      return () => {
        const a = s[EAX]!;
        const b = source();
        const low = Math.imul(a, b);
        const high = multiplyHigh(a, b, signed);
        s[EAX] = low;
        s[EDX] = high;
        const overflow = high !== (signed ? low >> 31 : 0);
        setResult(s, low, overflow, overflow);
      };
    }
    const bits = insn.size;
    const mask = bits === 8 ? 0xff : 0xffff;
    return () => {
      const a = r16[2 * EAX]! & mask;
      const b = source();
      const product = signed ? signExtend(a, bits) * signExtend(b, bits) : a * b;
      if (bits === 8) r16[2 * EAX] = product;
      else {
        r16[2 * EAX] = product;
        r16[2 * EDX] = product >> 16;
      }
      const low = signExtend(product, bits);
      const overflow = signed ? product !== low : product > mask;
      setResult(s, low, overflow, overflow);
    };
  };
}

/** IMUL with two or three operands. */
const multiplyTo: Builder = (core, insn) => {
  const { s } = core;
  const left = read(core, insn, insn.form.operands.length - 2);
  const right = read(core, insn, insn.form.operands.length - 1);
  const result = write(core, insn, 0);
  if (insn.size === 32) {
    return () => result(imul32(s, left(), right()));
  }
  return () => {
    const product = signExtend(left(), 16) * signExtend(right(), 16);
    const low = signExtend(product, 16);
    result(low);
    setResult(s, low, product !== low, product !== low);
  };
};

/**
 * Divides an unsigned 64-bit number by an unsigned 32-bit divisor that is larger than `high`, so that the quotient
 * fits. Returns the quotient; the remainder is `low - quotient * divisor` modulo 2^32. Two steps of 16 bits, each exact
 * in a double.
 */
function divide64(high: number, low: number, divisor: number): number {
  const divisorHigh = divisor >>> 0;
  const upper = (high >>> 0) * 65536 + (low >>> 16);
  const quotient1 = Math.floor(upper / divisorHigh);
  const rest = upper - quotient1 * divisorHigh;
  const lower = rest * 65536 + (low & 0xffff);
  const quotient0 = Math.floor(lower / divisorHigh);
  return (quotient1 * 65536 + quotient0) | 0;
}

function divideUnsigned32(core: Core, source: () => number): Handler {
  const { s } = core;
  return () => {
    const divisor = source() >>> 0;
    if (divisor === 0 || s[EDX]! >>> 0 >= divisor) raise(DIVIDE_ERROR);
    const quotient = divide64(s[EDX]!, s[EAX]!, divisor);
    s[EDX] = (s[EAX]! - Math.imul(quotient, divisor)) | 0;
    s[EAX] = quotient;
  };
}

function divideSigned32(core: Core, source: () => number): Handler {
  const { s } = core;
  return () => {
    const divisor = source();
    let low = s[EAX]!;
    let high = s[EDX]!;
    const negative = high < 0;
    if (negative) {
      low = -low | 0;
      high = (~high + (low === 0 ? 1 : 0)) | 0;
    }
    const magnitude = Math.abs(divisor);
    if (magnitude === 0 || high >>> 0 >= magnitude) raise(DIVIDE_ERROR);
    const quotient = divide64(high, low, magnitude);
    const negativeQuotient = negative !== divisor < 0;
    if (quotient >>> 0 > (negativeQuotient ? 0x80000000 : 0x7fffffff)) raise(DIVIDE_ERROR);
    const remainder = (low - Math.imul(quotient, magnitude)) | 0;
    s[EAX] = negativeQuotient ? -quotient : quotient;
    s[EDX] = negative ? -remainder : remainder;
  };
}

/** DIV and IDIV. Flags are undefined; the P6 leaves them alone. */
function divide(signed: boolean): Builder {
  return (core, insn) => {
    const { r16 } = core;
    const source = read(core, insn, 0);
    if (insn.size === 32) return signed ? divideSigned32(core, source) : divideUnsigned32(core, source);
    const bits = insn.size;
    const limit = signed ? 2 ** (bits - 1) : 2 ** bits;
    return () => {
      const divisor = signed ? signExtend(source(), bits) : source();
      if (divisor === 0) raise(DIVIDE_ERROR);
      const raw = bits === 8 ? r16[2 * EAX]! : r16[2 * EAX]! + r16[2 * EDX]! * 65536;
      const dividend = !signed ? raw : bits === 8 ? signExtend(raw, 16) : raw | 0;
      const quotient = Math.trunc(dividend / divisor);
      if (quotient >= limit || quotient < (signed ? -limit : 0)) raise(DIVIDE_ERROR);
      const remainder = dividend % divisor;
      if (bits === 8) r16[2 * EAX] = (quotient & 0xff) | ((remainder & 0xff) << 8);
      else {
        r16[2 * EAX] = quotient;
        r16[2 * EDX] = remainder;
      }
    };
  };
}

/** XADD: the sum to the destination, the old destination to the source register. */
const exchangeAdd: Builder = (core, insn) => {
  const { s } = core;
  const operation: Binary = { 8: add8, 16: add16, 32: add32 }[insn.size];
  const source = read(core, insn, 1);
  const toSource = write(core, insn, 1);
  if (registerOf(insn, 0) >= 0) {
    const destination = read(core, insn, 0);
    const toDestination = write(core, insn, 0);
    return () => {
      const old = destination();
      const sum = operation(s, old, source());
      toSource(old);
      toDestination(sum);
    };
  }
  return modify(core, insn, 0, (old) => {
    const sum = operation(s, old, source());
    toSource(old);
    return sum;
  });
};

/** CMPXCHG: the destination is written in either case, which a read-only page notices. */
const compareExchange: Builder = (core, insn) => {
  const { s } = core;
  const compare: Binary = SUB[insn.size];
  const { get, set } = accumulator(core, operandSize(insn, 0));
  const source = read(core, insn, 1);
  return modify(core, insn, 0, (old) => {
    compare(s, get(), old);
    if (get() === old) return source();
    set(old);
    return old;
  });
};

export const ARITHMETIC = {
  add: binary({ 8: add8, 16: add16, 32: add32 }),
  or: binary(bitwise((a, b) => a | b)),
  adc: binary({ 8: adc8, 16: adc16, 32: adc32 }),
  sbb: binary({ 8: sbb8, 16: sbb16, 32: sbb32 }),
  and: binary(AND),
  sub: binary(SUB),
  xor: binary(bitwise((a, b) => a ^ b)),
  cmp: comparison(SUB),
  test: comparison(AND),
  inc: unary({ 8: (s, a) => stepNarrow(s, a, 1, 8), 16: (s, a) => stepNarrow(s, a, 1, 16), 32: inc32 }),
  dec: unary({ 8: (s, a) => stepNarrow(s, a, -1, 8), 16: (s, a) => stepNarrow(s, a, -1, 16), 32: dec32 }),
  neg: unary({ 8: (s, a) => sub8(s, 0, a), 16: (s, a) => sub16(s, 0, a), 32: (s, a) => sub32(s, 0, a) }),
  not: unary({ 8: (_s, a) => a ^ 0xff, 16: (_s, a) => a ^ 0xffff, 32: (_s, a) => ~a }),
  mul: multiplyWide(false),
  imul: (core, insn) => (insn.form.operands.length === 1 ? multiplyWide(true) : multiplyTo)(core, insn),
  div: divide(false),
  idiv: divide(true),
  xadd: exchangeAdd,
  cmpxchg: compareExchange,
} satisfies Builders;

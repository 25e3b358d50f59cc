/**
 * Addition, multiplication, division, square roots and comparison in the x87 unit: exact to 128 bits, then rounded
 * once.
 */

import { CF, ZF } from "../../cpu/flags.ts";
import { C0, C1, C2, C3, FPU_STATUS } from "../../cpu/fpu/fpu.ts";
import { type Code, I32, I64, OP } from "../wasm.ts";
import {
  BIAS,
  HEAD,
  loadStatus,
  pushAnyEmpty,
  pushExponent,
  pushRounding,
  pushSign,
  ROUND_DOWN,
  type Routines,
  refuseIf,
  refuseUnlessPlain,
  SIGN,
  storeExact,
  TOP_BIT,
} from "./common.ts";

/** In the first number of `add`, `multiply` and `divide`, beside the destination. */
export const NEGATE_DESTINATION = 0x10;
export const NEGATE_SOURCE = 0x20;
export const REVERSED = 0x10;
export const POP = 0x40;
/** In the second number of `compare`, beside how often to pop: set the condition codes. */
export const TO_STATUS = 0x10;

const EXPORTED = { isExported: true };

/** Ends an operation on two registers: pops if its first number says so. */
function popAndReturn(r: Routines, c: Code): void {
  c.get(0).const(POP).op(OP.and).if().call(r.number("pop")).end().const(0).op(OP.return);
}

/** The frame of an operation on two registers: (destination and what else, source). */
const [PLACE, SOURCE, HEAD_A, HEAD_B, SHIFT, A, B, LOW] = [2, 3, 4, 5, 6, 7, 8, 9] as const;
const OPERATION_LOCALS = [I32, I32, I32, I32, I32, I64, I64, I64];

function operands(r: Routines, c: Code): void {
  c.get(0).const(7).op(OP.and).set(PLACE);
  pushAnyEmpty(r, c, PLACE, 1);
  refuseIf(c);
  c.get(PLACE).call(r.number("register")).set(PLACE).get(1).call(r.number("register")).set(SOURCE);
  refuseUnlessPlain(r, c, PLACE, SOURCE);
  c.get(PLACE).load64(0).set(A).get(SOURCE).load64(0).set(B);
  c.get(PLACE).load(4, HEAD).set(HEAD_A).get(SOURCE).load(4, HEAD).set(HEAD_B);
}

/** Exchanges the operands if the number on the stack is not 0. */
function exchangeIf(c: Code): void {
  c.if();
  c.get(A).get(B).set(A).set(B).get(HEAD_A).get(HEAD_B).set(HEAD_A).set(HEAD_B);
  c.end();
}

/** Rounds a result of sign, exponent in SHIFT, significand A:LOW into the destination. */
function finish(r: Routines, c: Code, pushResultSign: () => void): void {
  pushResultSign();
  c.get(SHIFT).get(A).get(LOW).get(PLACE).call(r.number("finish"));
  refuseIf(c);
  popAndReturn(r, c);
  c.const(0);
}

function addition(r: Routines): void {
  r.add(
    "add",
    [I32, I32],
    OPERATION_LOCALS,
    (c) => {
      operands(r, c);
      c.get(HEAD_A).get(0).const(NEGATE_DESTINATION).op(OP.and).const(11).op(OP.shl).op(OP.xor).set(HEAD_A);
      c.get(HEAD_B).get(0).const(NEGATE_SOURCE).op(OP.and).const(10).op(OP.shl).op(OP.xor).set(HEAD_B);
      // The larger magnitude comes first.
      pushExponent(c, HEAD_B);
      pushExponent(c, HEAD_A).op(OP.gt_u);
      pushExponent(c, HEAD_B);
      pushExponent(c, HEAD_A).op(OP.eq).get(B).get(A).op(OP.gt_u64).op(OP.and).op(OP.or);
      exchangeIf(c);
      c.get(A).op(OP.eqz64).if();
      const pushZeroHead = (): void => {
        c.get(HEAD_A);
        pushRounding(c).const(ROUND_DOWN).op(OP.eq).const(15).op(OP.shl);
        c.get(HEAD_A).get(HEAD_B).op(OP.eq).op(OP.select);
      };
      storeExact(r, c, PLACE, () => c.const64(0), pushZeroHead);
      popAndReturn(r, c);
      c.end();
      align(c);
      // SHIFT is the exponent from here on.
      pushExponent(c, HEAD_A).set(SHIFT);
      c.get(HEAD_A).get(HEAD_B).op(OP.xor).const(SIGN).op(OP.and).op(OP.eqz).if();
      c.get(A).get(B).op(OP.add64).tee(B).get(A).op(OP.lt_u64).if();
      c.get(LOW).const64(1).op(OP.shr_u64).get(LOW).const64(1).op(OP.and64).op(OP.or64);
      c.get(B).const64(63).op(OP.shl64).op(OP.or64).set(LOW);
      c.get(B).const64(1).op(OP.shr_u64).constBig(TOP_BIT).op(OP.or64).set(B);
      c.get(SHIFT).const(1).op(OP.add).set(SHIFT);
      c.end().get(B).set(A);
      c.else();
      c.get(A).get(B).op(OP.sub64).get(LOW).op(OP.eqz64).op(OP.eqz).op(OP.extend_u).op(OP.sub64).set(A);
      c.const64(0).get(LOW).op(OP.sub64).set(LOW);
      c.get(A).get(LOW).op(OP.or64).op(OP.eqz64).if();
      storeExact(
        r,
        c,
        PLACE,
        () => c.const64(0),
        () => pushRounding(c).const(ROUND_DOWN).op(OP.eq).const(15).op(OP.shl),
      );
      popAndReturn(r, c);
      c.end();
      normalise(c);
      c.end();
      finish(r, c, () => pushSign(c, HEAD_A));
    },
    EXPORTED,
  );
}

/** Shifts B:LOW right by the difference of the exponents; what falls out leaves a one. */
function align(c: Code): void {
  pushExponent(c, HEAD_A);
  pushExponent(c, HEAD_B).op(OP.sub).tee(SHIFT).if();
  const pushShift = (): Code => c.get(SHIFT).op(OP.extend_u);
  const pushRest = (): Code => c.const64(128).get(SHIFT).op(OP.extend_u).op(OP.sub64);
  c.get(SHIFT).const(64).op(OP.lt_u).if();
  c.get(B).const64(64);
  pushShift().op(OP.sub64).op(OP.shl64).set(LOW);
  c.get(B);
  pushShift().op(OP.shr_u64).set(B);
  c.else().get(SHIFT).const(64).op(OP.eq).if();
  c.get(B).set(LOW).const64(0).set(B);
  c.else().get(SHIFT).const(128).op(OP.lt_u).if();
  c.get(B).get(SHIFT).op(OP.extend_u).const64(64).op(OP.sub64).op(OP.shr_u64);
  c.get(B);
  pushRest().op(OP.shl64).op(OP.eqz64).op(OP.eqz).op(OP.extend_u).op(OP.or64).set(LOW).const64(0).set(B);
  c.else();
  c.get(B).op(OP.eqz64).op(OP.eqz).op(OP.extend_u).set(LOW).const64(0).set(B);
  c.end().end().end().end();
}

/** Shifts A:LOW, which is not 0, left until its top bit is set, and takes the places from the exponent in SHIFT. */
function normalise(c: Code): void {
  c.get(A).op(OP.eqz64).if();
  c.get(LOW).set(A).const64(0).set(LOW).get(SHIFT).const(64).op(OP.sub).set(SHIFT);
  c.end();
  c.get(A).op(OP.clz64).tee(B).op(OP.eqz64).op(OP.eqz).if();
  c.get(A).get(B).op(OP.shl64).get(LOW).const64(64).get(B).op(OP.sub64).op(OP.shr_u64).op(OP.or64).set(A);
  c.get(LOW).get(B).op(OP.shl64).set(LOW);
  c.get(SHIFT).get(B).op(OP.wrap).op(OP.sub).set(SHIFT);
  c.end();
}

/** Pushes the sign of a product or quotient. */
function pushProductSign(c: Code): Code {
  return c.get(HEAD_A).get(HEAD_B).op(OP.xor).const(15).op(OP.shr_u);
}

function storeSignedZero(r: Routines, c: Code): void {
  storeExact(
    r,
    c,
    PLACE,
    () => c.const64(0),
    () => pushProductSign(c).const(15).op(OP.shl),
  );
  popAndReturn(r, c);
}

const DWORD = 0xffffffffn;

function multiplication(r: Routines): void {
  const [b0, middle, middle2] = [10, 11, 12] as const;
  r.add(
    "multiply",
    [I32, I32],
    [...OPERATION_LOCALS, I64, I64, I64],
    (c) => {
      operands(r, c);
      c.get(A).op(OP.eqz64).get(B).op(OP.eqz64).op(OP.or).if();
      storeSignedZero(r, c);
      c.end();
      pushExponent(c, HEAD_A);
      pushExponent(c, HEAD_B)
        .op(OP.add)
        .const(BIAS - 1)
        .op(OP.sub)
        .set(SHIFT);
      const low = (local: number): Code => c.get(local).constBig(DWORD).op(OP.and64);
      const high = (local: number): Code => c.get(local).const64(32).op(OP.shr_u64);
      low(B).set(b0);
      low(A).get(b0).op(OP.mul64).set(LOW);
      high(A).get(b0).op(OP.mul64);
      high(LOW).op(OP.add64).set(middle);
      low(A);
      high(B).op(OP.mul64);
      low(middle).op(OP.add64).set(middle2);
      high(A);
      high(B).op(OP.mul64);
      high(middle).op(OP.add64);
      high(middle2).op(OP.add64).set(A);
      c.get(middle2).const64(32).op(OP.shl64);
      low(LOW).op(OP.or64).set(LOW);
      c.get(A).const64(0).op(OP.lt_s64).op(OP.eqz).if();
      c.get(A).const64(1).op(OP.shl64).get(LOW).const64(63).op(OP.shr_u64).op(OP.or64).set(A);
      c.get(LOW).const64(1).op(OP.shl64).set(LOW).get(SHIFT).const(1).op(OP.sub).set(SHIFT);
      c.end();
      finish(r, c, () => pushProductSign(c));
    },
    EXPORTED,
  );
}

/** Divides A:LOW by B into a local; what remains is A. Digits as in the routine "digit". */
function divideLong(r: Routines, c: Code, quotient: number): void {
  const digit = 11;
  const step = (pushNext: () => void): void => {
    c.get(A);
    pushNext();
    c.get(B).call(r.number("digit")).set(digit);
    c.get(A).const64(32).op(OP.shl64);
    pushNext();
    c.op(OP.or64).get(digit).get(B).op(OP.mul64).op(OP.sub64).set(A);
  };
  step(() => c.get(LOW).const64(32).op(OP.shr_u64));
  c.get(digit).const64(32).op(OP.shl64).set(quotient);
  step(() => c.get(LOW).constBig(DWORD).op(OP.and64));
  c.get(quotient).get(digit).op(OP.or64).set(quotient);
}

function division(r: Routines): void {
  // (remainder so far, next digit, divisor) -> quotient's digit. Digits have 32 bits, the divisor 64 with its top bit
  // set, and the remainder is below it (Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D).
  const [digit, rest] = [3, 4] as const;
  r.add(
    "digit",
    [I64, I64, I64],
    [I64, I64],
    (c) => {
      const high = (): Code => c.get(2).const64(32).op(OP.shr_u64);
      c.get(0);
      high().op(OP.div_u64).set(digit);
      c.get(0).get(digit);
      high().op(OP.mul64).op(OP.sub64).set(rest);
      c.block();
      const done = c.depth;
      c.loop();
      const again = c.depth;
      // A digit of 2^32 and more, or a product that is too large.
      c.get(digit).constBig(DWORD).op(OP.gt_u64).ifValue().const(1).else();
      c.get(digit).get(2).constBig(DWORD).op(OP.and64).op(OP.mul64);
      c.get(rest).const64(32).op(OP.shl64).get(1).op(OP.or64).op(OP.gt_u64).end();
      c.op(OP.eqz).brIf(done);
      c.get(digit).const64(1).op(OP.sub64).set(digit);
      c.get(rest);
      high().op(OP.add64).tee(rest).constBig(DWORD).op(OP.gt_u64).op(OP.eqz).brIf(again);
      c.end().end().get(digit);
    },
    { result: I64 },
  );
  const [quotient] = [10] as const;
  r.add(
    "divide",
    [I32, I32],
    [...OPERATION_LOCALS, I64, I64],
    (c) => {
      operands(r, c);
      c.get(0).const(REVERSED).op(OP.and);
      exchangeIf(c);
      refuseIf(c.get(B).op(OP.eqz64));
      c.get(A).op(OP.eqz64).if();
      storeSignedZero(r, c);
      c.end();
      pushExponent(c, HEAD_A);
      pushExponent(c, HEAD_B).op(OP.sub).const(BIAS).op(OP.add).set(SHIFT);
      // A dividend of 128 bits, A:LOW, whose upper half is below the divisor.
      c.get(A).get(B).op(OP.lt_u64).if();
      c.const64(0).set(LOW).get(SHIFT).const(1).op(OP.sub).set(SHIFT);
      c.else();
      c.get(A).const64(63).op(OP.shl64).set(LOW).get(A).const64(1).op(OP.shr_u64).set(A);
      c.end();
      divideLong(r, c, quotient);
      // The remainder says what follows: nothing, less than a half, a half, more.
      c.get(A).op(OP.eqz64).if().const64(0).set(LOW).else();
      c.constBig(TOP_BIT).const64(0).get(A).get(B).get(A).op(OP.sub64).op(OP.ge_u64).op(OP.select);
      c.get(A).get(B).get(A).op(OP.sub64).op(OP.ne64).op(OP.extend_u).op(OP.or64).set(LOW);
      c.end().get(quotient).set(A);
      finish(r, c, () => pushProductSign(c));
    },
    EXPORTED,
  );
}

/**
 * The square root of the top. A double's root r is right to some 2^12 of 2^64, and the mean of r and N / r, both
 * integers, is the integer root (Newton's step), or one more where the root is next to that: the remainder tells.
 */
function squareRoot(r: Routines): void {
  const [root, , high, rest, restHigh] = [10, 11, 12, 13, 14] as const;
  /** Of the significand: from there on the first root might be no larger than the upper half of the number. */
  const tooLarge = -(1n << 13n);
  r.add(
    "squareRoot",
    [I32, I32],
    [...OPERATION_LOCALS, I64, I64, I64, I64, I64],
    (c) => {
      c.const(0).set(PLACE);
      pushAnyEmpty(r, c, PLACE);
      refuseIf(c);
      c.const(0).call(r.number("register")).set(PLACE);
      refuseUnlessPlain(r, c, PLACE);
      c.get(PLACE).load64(0).set(A).get(PLACE).load(4, HEAD).set(HEAD_A);
      c.get(A).op(OP.eqz64).if();
      storeExact(
        r,
        c,
        PLACE,
        () => c.const64(0),
        () => c.get(HEAD_A),
      );
      c.const(0).op(OP.return).end();
      refuseIf(pushSign(c, HEAD_A));
      refuseIf(c.get(A).constBig(tooLarge).op(OP.ge_u64));
      pushExponent(c, HEAD_A)
        .const(BIAS)
        .op(OP.sub)
        .tee(HEAD_A)
        .const(1)
        .op(OP.shr_s)
        .const(BIAS)
        .op(OP.add)
        .set(SHIFT);
      // A number of 128 bits, A:LOW, whose root has 64.
      c.get(HEAD_A).const(1).op(OP.and).op(OP.eqz).if();
      c.get(A).const64(63).op(OP.shl64).set(LOW).get(A).const64(1).op(OP.shr_u64).set(A);
      c.end().get(A).set(high);
      c.get(A)
        .op(OP.convert_u64_f64)
        .constF64(2 ** 64)
        .op(OP.mul_f64)
        .op(OP.sqrt_f64)
        .op(OP.trunc_f64_u64)
        .set(B);
      divideLong(r, c, root);
      c.get(root).get(B).op(OP.and64).get(root).get(B).op(OP.xor64).const64(1).op(OP.shr_u64).op(OP.add64).set(root);
      setRestOfSquare(c, root, high, rest, restHigh);
      c.get(restHigh).const64(0).op(OP.lt_s64).if();
      c.get(root).const64(1).op(OP.sub64).set(root);
      setRestOfSquare(c, root, high, rest, restHigh);
      c.end();
      c.const64(0).set(LOW);
      c.get(rest).get(restHigh).op(OP.or64).op(OP.eqz64).op(OP.eqz).if();
      c.constBig(TOP_BIT + 1n)
        .const64(1)
        .get(restHigh)
        .op(OP.eqz64)
        .op(OP.eqz);
      c.get(rest).get(root).op(OP.gt_u64).op(OP.or).op(OP.select).set(LOW).end();
      c.get(root).set(A);
      finish(r, c, () => c.const(0));
    },
    EXPORTED,
  );
}

/** Sets `restHigh`:`rest` to `high`:LOW less the square of `root`; A and B are used. */
function setRestOfSquare(c: Code, root: number, high: number, rest: number, restHigh: number): void {
  const digit = (isHigh: boolean): Code =>
    isHigh ? c.get(root).const64(32).op(OP.shr_u64) : c.get(root).constBig(DWORD).op(OP.and64);
  // The square is `restHigh`:B, of three products of 32 bits each.
  digit(true);
  digit(false).op(OP.mul64).set(A);
  digit(true);
  digit(true).op(OP.mul64).get(A).const64(31).op(OP.shr_u64).op(OP.add64).set(restHigh);
  digit(false);
  digit(false).op(OP.mul64).tee(B).get(A).const64(33).op(OP.shl64).op(OP.add64).tee(rest).get(B).op(OP.lt_u64);
  c.op(OP.extend_u).get(restHigh).op(OP.add64).set(restHigh);
  c.get(high).get(restHigh).op(OP.sub64).get(LOW).get(rest).op(OP.lt_u64).op(OP.extend_u).op(OP.sub64).set(restHigh);
  c.get(LOW).get(rest).op(OP.sub64).set(rest);
}

/** compare (register, TO_STATUS and how often to pop) -> CF and ZF as FCOMI sets them, or -1 when it is refused. */
function comparison(r: Routines): void {
  const result = SHIFT;
  r.add(
    "compare",
    [I32, I32],
    OPERATION_LOCALS,
    (c) => {
      const refuse = (): void => void c.if().const(-1).op(OP.return).end();
      c.const(0).set(PLACE);
      pushAnyEmpty(r, c, PLACE, 0);
      refuse();
      c.get(PLACE).call(r.number("register")).set(PLACE).get(0).call(r.number("register")).set(SOURCE);
      c.get(PLACE).call(r.number("isPlain")).get(SOURCE).call(r.number("isPlain")).op(OP.and).op(OP.eqz);
      refuse();
      c.get(PLACE).load64(0).set(A).get(SOURCE).load64(0).set(B);
      c.get(PLACE).load(4, HEAD).set(HEAD_A).get(SOURCE).load(4, HEAD).set(HEAD_B);
      // Zeros are equal whatever their signs; else the sign, the exponent, the significand.
      c.get(A).get(B).op(OP.or64).op(OP.eqz64).ifValue().const(ZF).else();
      c.get(HEAD_A).get(HEAD_B).op(OP.xor).const(SIGN).op(OP.and).ifValue();
      pushSign(c, HEAD_A);
      c.else();
      c.get(HEAD_A).get(HEAD_B).op(OP.eq).get(A).get(B).op(OP.eq64).op(OP.and).ifValue().const(ZF).else();
      c.get(HEAD_A).get(HEAD_B).op(OP.lt_u).get(A).get(B).op(OP.lt_u64);
      c.get(HEAD_A).get(HEAD_B).op(OP.ne).op(OP.select);
      pushSign(c, HEAD_A).op(OP.xor).end().end().end().set(result);
      c.get(1).const(TO_STATUS).op(OP.and).if();
      c.const(0);
      loadStatus(c)
        .const(~(C0 | C1 | C2 | C3))
        .op(OP.and);
      c.const(C0).const(0).get(result).const(CF).op(OP.and).op(OP.select).op(OP.or);
      c.const(C3).const(0).get(result).const(ZF).op(OP.and).op(OP.select).op(OP.or).store(4, FPU_STATUS).end();
      c.get(1).const(3).op(OP.and).if().call(r.number("pop"));
      c.get(1).const(2).op(OP.and).if().call(r.number("pop")).end().end();
      c.get(result);
    },
    EXPORTED,
  );
}

/** Adds the routines. */
export function addArithmetic(r: Routines): void {
  addition(r);
  multiplication(r);
  division(r);
  squareRoot(r);
  comparison(r);
}

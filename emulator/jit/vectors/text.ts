/**
 * PCMPESTRI and its kin as C libraries use them: texts of bytes, of which each element is compared with its like
 * ("equal each") or with all of a set ("equal any"). Words, ranges and texts within texts are left to the handlers of
 * cpu/ (cpu/handlers/vector-text.ts, where the immediate's bits have their names).
 */
import { CF, OF, SF, ZF } from "../../cpu/flags.ts";
import { EAX, ECX, EDX, VECTOR_REGISTERS } from "../../cpu/layout.ts";
import { immediateOf } from "../../cpu/operands.ts";
import type { Emitter } from "../emitter.ts";
import { setArithmeticOfImage } from "../flags.ts";
import { T0, T1, T2, T3 } from "../locals.ts";
import { type Operation, pushOperand } from "../operands.ts";
import { requireVectors } from "../ready.ts";
import { OP, SIMD } from "../wasm.ts";
import { accessOperand, pushVector, RANGE } from "./common.ts";

/** Of the immediate: words, and the aggregations that are not done here. */
const LEFT = 5;
const EACH = 8;
const NEGATIVE_SHIFT = 4;
const VALID_ONLY_SHIFT = 5;
const UPPER_OR_WIDE = 0x40;
const COUNT = 16;
const ALL = 0xffff;

/** Sets a local to which elements of a text are valid, of one that ends before its first zero. */
function setImplicit({ c }: Emitter, vector: number, local: number): void {
  c.get(vector).constVector(new Uint8Array(16)).simd(SIMD.eq_i8).simd(SIMD.bitmask_i8).tee(local);
  c.const(0).get(local).op(OP.sub).op(OP.and).const(1).op(OP.sub).const(ALL).op(OP.and).set(local);
}

/** The same of one whose length, of whatever sign, is in a register. */
function setExplicit(t: Emitter, register: number, local: number): void {
  const { c } = t;
  const pushSign = (): void => {
    t.getRegister(register);
    c.const(31).op(OP.shr_s);
  };
  t.getRegister(register);
  pushSign();
  c.op(OP.xor);
  pushSign();
  c.op(OP.sub).tee(local).const(COUNT).get(local).const(COUNT).op(OP.lt_u).op(OP.select).set(local);
  c.const(1).get(local).op(OP.shl).const(1).op(OP.sub).set(local);
}

/** Sets T3 to which elements fit, by the vectors `a` and `b` and what is valid of them, T1 and T2. */
function setEqual(t: Emitter, a: number, b: number): void {
  const { c } = t;
  const found = t.vector(0);
  c.get(T0).const(EACH).op(OP.and).if();
  c.get(a).get(b).simd(SIMD.eq_i8).simd(SIMD.bitmask_i8).get(T1).op(OP.and).get(T2).op(OP.and);
  c.get(T1).get(T2).op(OP.or).const(ALL).op(OP.xor).op(OP.or).set(T3);
  c.else().constVector(new Uint8Array(16)).set(found).const(0).set(T3);
  c.block();
  const done = c.depth;
  c.loop();
  const again = c.depth;
  c.get(T1).get(T3).op(OP.shr_u).op(OP.eqz).brIf(done);
  c.get(a).get(T3).simd(SIMD.splat_i8).simd(SIMD.swizzle).get(b).simd(SIMD.eq_i8);
  c.get(found).simd(SIMD.or).set(found).get(T3).const(1).op(OP.add).set(T3).br(again).end().end();
  c.get(found).simd(SIMD.bitmask_i8).get(T2).op(OP.and).set(T3).end();
}

/** The bits of T3 as they are, or each as a byte of ones. */
function writeMask({ c }: Emitter): void {
  const bits = Uint8Array.from(RANGE, (i) => 1 << (i & 7));
  c.const(0)
    .get(T3)
    .simd(SIMD.splat_i16)
    .constVector(Uint8Array.from(RANGE, (i) => i >>> 3))
    .simd(SIMD.swizzle);
  c.constVector(bits).simd(SIMD.and).constVector(bits).simd(SIMD.eq_i8);
  const mask = Uint8Array.of(0xff, 0xff, ...new Array<number>(14).fill(0));
  c.get(T3).simd(SIMD.splat_i16).constVector(mask).simd(SIMD.and);
  c.get(T0).const(UPPER_OR_WIDE).op(OP.and).op(OP.eqz).const(1).op(OP.sub).simd(SIMD.splat_i8);
  c.simd(SIMD.bitselect).storeVector(VECTOR_REGISTERS);
}

/** ECX becomes the first or the last bit of T3, or 16 where there is none. */
function writeIndex(t: Emitter): void {
  t.writeRegister(ECX, 32, () => {
    const { c } = t;
    c.const(31).get(T3).op(OP.clz).op(OP.sub).const(COUNT);
    c.get(T3).op(OP.select);
    c.get(T3)
      .const(1 << COUNT)
      .op(OP.or)
      .op(OP.ctz);
    c.get(T0).const(UPPER_OR_WIDE).op(OP.and).op(OP.select);
  });
}

/** `isExplicit`: lengths are in EAX and EDX. `toIndex`: the result is ECX, else XMM0. */
export const compareTexts =
  (isExplicit: boolean, toIndex: boolean): Operation =>
  (t, insn) => {
    const known = immediateOf(insn, 2);
    if (known !== null && (known & LEFT) !== 0) return null;
    return () => {
      const { c } = t;
      const [a, b] = [t.vector(1), t.vector(2)];
      requireVectors(t);
      accessOperand(t, insn, 1, "read");
      pushOperand(t, insn, 2);
      c.set(T0);
      if (known === null) c.get(T0).const(LEFT).op(OP.and).brIf(t.access.slow);
      pushVector(t, insn, 0, 16);
      c.set(a);
      pushVector(t, insn, 1, 16);
      c.set(b);
      if (isExplicit) {
        setExplicit(t, EAX, T1);
        setExplicit(t, EDX, T2);
      } else {
        setImplicit(t, a, T1);
        setImplicit(t, b, T2);
      }
      setEqual(t, a, b);
      // A negative result is turned about in all elements, or in the valid ones.
      const pushBit = (shift: number): void => void c.get(T0).const(shift).op(OP.shr_u).const(1).op(OP.and);
      pushBit(VALID_ONLY_SHIFT);
      c.const(1).op(OP.sub).get(T2).op(OP.or).const(0);
      pushBit(NEGATIVE_SHIFT);
      c.op(OP.sub).op(OP.and).const(ALL).op(OP.and).get(T3).op(OP.xor).set(T3);
      if (toIndex) writeIndex(t);
      else writeMask(t);
      const pushFlag = (flag: number, push: () => void): void => {
        push();
        c.const(flag).op(OP.mul);
      };
      pushFlag(ZF, () => c.get(T2).const(ALL).op(OP.ne));
      pushFlag(SF, () => c.get(T1).const(ALL).op(OP.ne));
      pushFlag(CF, () => c.get(T3).const(0).op(OP.ne));
      pushFlag(OF, () => c.get(T3).const(1).op(OP.and));
      c.op(OP.or).op(OP.or).op(OP.or).set(T2);
      setArithmeticOfImage(t);
    };
  };

/**
 * Packed integers that SSSE3 and SSE4.1 brought: sums of neighbours, signs, wider lanes, choices between two vectors.
 */
import { CF, ZF } from "../../cpu/flags.ts";
import type { DecodedInstruction } from "../../cpu/instruction.ts";
import { VECTOR_REGISTERS } from "../../cpu/layout.ts";
import { registerOf } from "../../cpu/operands.ts";
import type { Emitter } from "../emitter.ts";
import { setArithmeticOfImage } from "../flags.ts";
import { T1, T2 } from "../locals.ts";
import { type Operation, pushOperand } from "../operands.ts";
import { requireVectors } from "../ready.ts";
import { OP, SIMD } from "../wasm.ts";
import { accessOperand, isXmm, pushVector, pushXmm, RANGE, storeRegister } from "./common.ts";
import { binary } from "./integer.ts";

/** Vectors of a number in each lane. */
const splat16 = (value: number): Uint8Array => new Uint8Array(new Uint16Array(8).fill(value).buffer);

/** Computes a vector from the source alone, of which so many bytes count. */
function fromSource(bytes: number, opcodes: readonly number[]): Operation {
  return (t, insn) => {
    // Two bytes are no vector.
    if (!isXmm(insn, 0) || (insn.isMemory && bytes < 4)) return null;
    return () => {
      requireVectors(t);
      accessOperand(t, insn, 1, "read");
      storeRegister(t, insn, () => {
        pushVector(t, insn, 1, insn.isMemory ? bytes : 16);
        for (const opcode of opcodes) t.c.simd(opcode);
      });
    };
  };
}

/** PABS. */
export const absolute = (opcode: number): Operation => fromSource(16, [opcode]);

/** PMOVSX and PMOVZX: what widens the lowest lanes, one step after the other. */
export const widen = (...opcodes: readonly number[]): Operation => fromSource(16 >>> opcodes.length, opcodes);

/** PHADD and PHSUB: pairs of neighbours, the destination's and then the source's. */
export function horizontal(opcode: number, laneBytes: 2 | 4): Operation {
  const each = (odd: 0 | 1): number[] =>
    RANGE.map((i) => (2 * Math.floor(i / laneBytes) + odd) * laneBytes + (i % laneBytes));
  return binary((t) => {
    const [a, b] = [t.vector(1), t.vector(2)];
    t.c.set(b).tee(a).get(b).shuffle(each(0)).get(a).get(b).shuffle(each(1)).simd(opcode);
  });
}

/** PSIGN: the destination with the source's sign, or zero where that is zero. */
export const applySign = (shift: number, bits: number, subtract: number, equal: number): Operation =>
  binary((t) => {
    const { c } = t;
    const [b, sign] = [t.vector(2), t.vector(1)];
    c.tee(b)
      .const(bits - 1)
      .simd(shift)
      .tee(sign)
      .simd(SIMD.xor)
      .get(sign)
      .simd(subtract);
    c.get(b).constVector(new Uint8Array(16)).simd(equal).simd(SIMD.andnot);
  });

/** PMULHRSW: of -1 by -1 the product overflows, which WebAssembly's is kept from. */
export const multiplyRounded = binary((t) => {
  const { c } = t;
  const [a, b] = [t.vector(1), t.vector(2)];
  c.set(b).tee(a).get(b).simd(SIMD.q15mulr_s_i16);
  for (const local of [a, b]) c.get(local).constVector(splat16(0x8000)).simd(SIMD.eq_i16);
  c.simd(SIMD.and).simd(SIMD.xor);
});

/** PMADDUBSW: unsigned bytes of the destination by signed ones of the source, of which no product overflows. */
export const multiplyAddBytes = binary((t) => {
  const { c } = t;
  const [a, b] = [t.vector(1), t.vector(2)];
  c.set(b).tee(a).constVector(splat16(0xff)).simd(SIMD.and);
  c.get(b).const(8).simd(SIMD.shl_i16).const(8).simd(SIMD.shr_s_i16).simd(SIMD.mul_i16);
  c.get(a).const(8).simd(SIMD.shr_u_i16).get(b).const(8).simd(SIMD.shr_s_i16).simd(SIMD.mul_i16);
  c.simd(SIMD.add_sat_s_i16);
});

/** PBLENDVB and its kin: the source where the sign in XMM0 is set. */
export const blendBySign = (shift: number, bits: number): Operation =>
  binary((t) => {
    const { c } = t;
    const [a, b] = [t.vector(1), t.vector(2)];
    c.set(b).set(a).get(b).get(a).const(0).loadVector(16, VECTOR_REGISTERS);
    c.const(bits - 1)
      .simd(shift)
      .simd(SIMD.bitselect);
  });

/** PBLENDW, BLENDPS and BLENDPD: the source where the lane's bit in the immediate is set. */
export function blendByBits(laneBytes: 2 | 4 | 8): Operation {
  const bits = Uint16Array.from({ length: 8 }, (_, word) => 1 << Math.floor((2 * word) / laneBytes));
  const bitOfLane = new Uint8Array(bits.buffer);
  return binary((t, insn) => {
    const { c } = t;
    const [a, b] = [t.vector(1), t.vector(2)];
    c.set(b).set(a).get(b).get(a);
    pushOperand(t, insn, 2);
    c.simd(SIMD.splat_i16).constVector(bitOfLane).simd(SIMD.and).constVector(bitOfLane).simd(SIMD.eq_i16);
    c.simd(SIMD.bitselect);
  });
}

/** PTEST: ZF where no bit is in both, CF where the source has none beyond the destination's. */
export const test: Operation = (t, insn) => () => {
  const { c } = t;
  const [a, b] = [t.vector(1), t.vector(2)];
  requireVectors(t);
  accessOperand(t, insn, 1, "read");
  pushVector(t, insn, 0, 16);
  c.set(a);
  pushVector(t, insn, 1, 16);
  c.tee(b).get(a).simd(SIMD.and).simd(SIMD.any_true).op(OP.eqz).const(ZF).op(OP.mul);
  c.get(b).get(a).simd(SIMD.andnot).simd(SIMD.any_true).op(OP.eqz).const(CF).op(OP.mul);
  c.op(OP.or).set(T2);
  setArithmeticOfImage(t);
};

/** Sets T1 to how far into its register the lane is that the immediate names. */
function setLane(t: Emitter, insn: DecodedInstruction, laneBytes: number): void {
  pushOperand(t, insn, 2);
  t.c
    .const(16 / laneBytes - 1)
    .op(OP.and)
    .const(laneBytes)
    .op(OP.mul)
    .set(T1);
}

/** PINSR: a lane from a register or memory. */
export const insertLane =
  (laneBytes: 1 | 2 | 4): Operation =>
  (t, insn) => {
    if (!isXmm(insn, 0)) return null;
    return () => {
      const { c } = t;
      requireVectors(t);
      if (insn.isMemory) t.access.operand(insn, laneBytes, "read");
      setLane(t, insn, laneBytes);
      const at = pushXmm(t, registerOf(insn, 0));
      c.get(T1).op(OP.add);
      if (insn.isMemory) t.access.load(laneBytes);
      else t.pushRegister(registerOf(insn, 1), 32);
      c.store(laneBytes, at);
    };
  };

/** PEXTR: a lane to a register, with zeros above, or to memory. */
export const extractLane =
  (laneBytes: 1 | 2 | 4): Operation =>
  (t, insn) => {
    if (!isXmm(insn, 1)) return null;
    return () => {
      const { c } = t;
      requireVectors(t);
      if (insn.isMemory) t.access.operand(insn, laneBytes, "write");
      setLane(t, insn, laneBytes);
      const push = (): void => {
        const at = pushXmm(t, registerOf(insn, 1));
        c.get(T1).op(OP.add).load(laneBytes, at);
      };
      if (insn.isMemory) t.access.store(laneBytes, push);
      else t.writeRegister(registerOf(insn, 0), 32, push);
    };
  };

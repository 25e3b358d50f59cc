/** What compiled MMX and SSE share: operands, and where registers lie. */
import { FPU_EMPTY, FPU_REGISTER_BYTES, FPU_STATUS } from "../../cpu/fpu/fpu.ts";
import { isUnaligned } from "../../cpu/handlers/vector-operands.ts";
import type { DecodedInstruction } from "../../cpu/instruction.ts";
import { FPU_BYTES, VECTOR_REGISTERS } from "../../cpu/layout.ts";
import { operandSize, registerOf } from "../../cpu/operands.ts";
import type { Emitter } from "../emitter.ts";
import { OP, SIMD } from "../wasm.ts";

const ALL_ONES = 0xffff;
const TOP_BITS = 0x3800;
export const RANGE = Array.from({ length: 16 }, (_, i) => i);

export const isXmm = (insn: DecodedInstruction, k: number): boolean =>
  insn.form.operands[k]!.register === "xmm" && registerOf(insn, k) >= 0;
export const isMm = (insn: DecodedInstruction, k: number): boolean =>
  insn.form.operands[k]!.register === "mm" && registerOf(insn, k) >= 0;
/** Push where a register lies, less the offset returned. */
export const pushXmm = (t: Emitter, register: number): number => t.pushPlace(register, VECTOR_REGISTERS, 16);
const pushMm = (t: Emitter, register: number): number => t.pushPlace(register, FPU_BYTES, FPU_REGISTER_BYTES);

/** What every MMX instruction does to the x87. */
export function enterMultimedia({ c }: Emitter): void {
  c.const(0).const(0).load(4, FPU_STATUS).const(~TOP_BITS).op(OP.and).store(4, FPU_STATUS);
  c.const(0).const(0).store(4, FPU_EMPTY);
}

/** Checks the memory operand, if it is one, for an access of its own size. */
export function accessOperand(t: Emitter, insn: DecodedInstruction, k: number, kind: "read" | "write"): void {
  if (registerOf(insn, k) >= 0 || insn.form.operands[k]!.field === "immediate") return;
  const bytes = operandSize(insn, k) >>> 3 || 16;
  t.access.operand(insn, bytes, kind);
  if (bytes === 16 && !isUnaligned(insn)) t.access.requireAligned();
}

/** Pushes a vector: a register, or so many bytes of the memory operand, with zeros above. */
export function pushVector(t: Emitter, insn: DecodedInstruction, k: number, bytes: number): void {
  const register = registerOf(insn, k);
  if (isXmm(insn, k)) t.c.loadVector(bytes, pushXmm(t, register));
  else if (isMm(insn, k)) t.c.loadVector(8, pushMm(t, register));
  else {
    t.access.pushHost();
    t.c.loadVector(bytes, 0);
  }
}

/** Stores what `push` pushes as the vector register that is the first operand. */
export function storeRegister(t: Emitter, insn: DecodedInstruction, push: () => void): void {
  const { c } = t;
  const register = registerOf(insn, 0);
  if (isXmm(insn, 0)) {
    const at = pushXmm(t, register);
    push();
    c.storeVector(at);
    return;
  }
  // Registers are 12 bytes apart: the upper half of what was computed must not reach the next one.
  push();
  c.set(t.vector(0));
  enterMultimedia(t);
  const at = pushMm(t, register);
  c.get(t.vector(0)).simd(SIMD.extract_lane_i64).op(0).store64(at);
  pushMm(t, register);
  c.const(ALL_ONES).store(4, at + 8);
}

/**
 * Operands of an instruction in compiled code: pushing their values, zero-extended below 32 bits, and writing them
 * back.
 */
import type { DecodedInstruction } from "../cpu/instruction.ts";
import { immediateOf, operandSize, registerOf } from "../cpu/operands.ts";
import type { Emitter } from "./emitter.ts";
import type { Bits } from "./flags.ts";
import { T0 } from "./locals.ts";
import type { RegionEmitter } from "./region-emitter.ts";
import { OP } from "./wasm.ts";

/** Emits code that was prepared for one instruction. */
export type Emit = () => void;
/** Null where the handlers of cpu/ have to do it. */
export type Operation = (t: Emitter, insn: DecodedInstruction) => Emit | null;
/** One that only regions have. */
export type RegionOperation = (t: RegionEmitter, insn: DecodedInstruction) => Emit | null;

const maskOf = (bits: Bits): number => (bits === 32 ? -1 : bits === 16 ? 0xffff : 0xff);

export function pushMasked(t: Emitter, bits: Bits): void {
  if (bits !== 32) t.c.const(maskOf(bits)).op(OP.and);
}

export function pushSignExtended(t: Emitter, bits: Bits): void {
  if (bits === 8) t.c.op(OP.extend8_s);
  else if (bits === 16) t.c.op(OP.extend16_s);
}

export const bitsOfOperand = (insn: DecodedInstruction, k: number): Bits => operandSize(insn, k) as Bits;

export function isRegister(insn: DecodedInstruction, k: number): boolean {
  return registerOf(insn, k) >= 0;
}

/** Pushes the value of operand `k`, which is checked first if it is in memory. */
export function pushOperand(t: Emitter, insn: DecodedInstruction, k: number): void {
  const immediate = immediateOf(insn, k);
  const bits = bitsOfOperand(insn, k);
  const operand = insn.form.operands[k]!;
  if (immediate !== null) t.c.const(immediate);
  else if (operand.field === "immediate") {
    t.pushImmediate(insn, operand.signExtended);
    if (insn.size === 16) t.c.const(0xffff).op(OP.and);
  } else if (isRegister(insn, k)) t.pushRegister(registerOf(insn, k), bits);
  else {
    t.access.operand(insn, bits >>> 3, "read");
    t.access.load(bits >>> 3);
  }
}

/** Writes operand `k`; `push` must not access memory. */
export function writeOperand(t: Emitter, insn: DecodedInstruction, k: number, push: () => void): void {
  const bits = bitsOfOperand(insn, k);
  if (isRegister(insn, k)) t.writeRegister(registerOf(insn, k), bits, push);
  else {
    t.access.operand(insn, bits >>> 3, "write");
    t.access.store(bits >>> 3, push);
  }
}

/**
 * Loads operand `k` into a local, to be replaced: a memory operand is checked for both, before anything else happens.
 */
export function beginModify(t: Emitter, insn: DecodedInstruction, k: number, local = T0): void {
  const bits = bitsOfOperand(insn, k);
  if (isRegister(insn, k)) t.pushRegister(registerOf(insn, k), bits);
  else {
    t.access.operand(insn, bits >>> 3, "modify");
    t.access.load(bits >>> 3);
  }
  t.c.set(local);
}

/** Writes what `beginModify` has loaded. */
export function endModify(t: Emitter, insn: DecodedInstruction, k: number, push: () => void): void {
  const bits = bitsOfOperand(insn, k);
  if (isRegister(insn, k)) t.writeRegister(registerOf(insn, k), bits, push);
  else t.access.store(bits >>> 3, push);
}

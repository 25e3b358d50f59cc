/**
 * What compiled code does itself, by the semantic names of the instruction table. A maker looks at the instruction
 * first and returns null where the form is left to the interpreter; what is not listed always is.
 */

import type { Semantic } from "../../src/isa/semantics.ts";
import { CONTROL_SLOTS, hasControl } from "../cpu/handlers/system.ts";
import type { DecodedInstruction } from "../cpu/instruction.ts";
import { CPL, CR4, EAX, EDX, JIT_VALUE } from "../cpu/layout.ts";
import { isFlat, operandSize, registerOf } from "../cpu/operands.ts";
import { CR4_TSD } from "../cpu/state.ts";
import { ARITHMETIC } from "./arithmetic.ts";
import { DIRECTORY, INVALIDATE } from "./imports.ts";
import { INTERRUPTS } from "./interrupts.ts";
import { MOVES } from "./moves.ts";
import type { Operation, RegionOperation } from "./operands.ts";
import { bitsOfOperand, pushOperand } from "./operands.ts";
import { SHIFTS } from "./shifts.ts";
import { STRINGS } from "./strings.ts";
import { VECTORS } from "./vectors/operations.ts";
import { OP } from "./wasm.ts";
import { X87 } from "./x87/operations.ts";

const readTimestamp: RegionOperation = (t) => () => {
  t.c
    .const(0)
    .load(4, 4 * CR4)
    .const(CR4_TSD)
    .op(OP.and)
    .brIf(t.access.slow);
  t.timestamp();
  t.setRegister(EAX);
  t.c.const(0).load(4, JIT_VALUE);
  t.setRegister(EDX);
};

// Ports, at CPL 0 only: the helper looks again.

const output: RegionOperation = (t, insn) => {
  if (t.isUser) return null;
  return () =>
    t.out(
      () => pushOperand(t, insn, 0),
      () => pushOperand(t, insn, 1),
      operandSize(insn, 1) >>> 3,
    );
};

const input: RegionOperation = (t, insn) => {
  if (t.isUser) return null;
  const bits = bitsOfOperand(insn, 0);
  return () =>
    t.in(
      () => pushOperand(t, insn, 1),
      bits >>> 3,
      () => t.writeRegister(registerOf(insn, 0), bits, () => t.c.const(0).load(4, JIT_VALUE)),
    );
};

// Page tables, at CPL 0 only: the helper looks again.

const moveToControl: RegionOperation = (t, insn) => {
  if (t.isUser || insn.reg !== 3) return null;
  return () => t.changeTables(DIRECTORY, () => t.getRegister(insn.rm));
};

const moveFromControl: RegionOperation = (t, insn) => {
  if (t.isUser || !hasControl(t.region.shape, insn.reg)) return null;
  const slot = CONTROL_SLOTS[insn.reg]!;
  return () => {
    t.c
      .const(0)
      .load(4, 4 * CPL)
      .brIf(t.access.slow)
      .const(0)
      .load(4, 4 * slot);
    t.setRegister(insn.rm);
  };
};

const invalidatePage: RegionOperation = (t, insn) => {
  if (t.isUser || !insn.isMemory || !isFlat(insn)) return null;
  return () => t.changeTables(INVALIDATE, () => t.access.pushEffective(insn));
};

/** What regions share with the interpreter. */
export const SHARED_OPERATIONS: Readonly<Partial<Record<Semantic, Operation>>> = {
  ...ARITHMETIC,
  ...SHIFTS,
  ...MOVES,
};

export const OPERATIONS: Readonly<Partial<Record<Semantic, RegionOperation>>> = {
  ...SHARED_OPERATIONS,
  ...INTERRUPTS,
  ...STRINGS,
  ...X87,
  ...VECTORS,
  rdtsc: readTimestamp,
  mov_to_creg: moveToControl,
  mov_from_creg: moveFromControl,
  invlpg: invalidatePage,
  out: output,
  in: input,
};

const STACK_OR_STRING = new Set<string>([
  "mov_from_creg",
  "push",
  "pop",
  "leave",
  "call",
  "call_indirect",
  "jmp_indirect",
  "ret",
  "xlat",
  "rdtsc",
  "div",
  "idiv",
  ...Object.keys(INTERRUPTS),
  ...Object.keys(STRINGS),
  ...Object.keys(X87),
  ...Object.keys(VECTORS),
]);
const ADDRESS_ONLY = new Set<Semantic>(["lea", "nop", "invlpg"]);

/** Whether an instruction has a slow path. */
export function mayLeave(insn: DecodedInstruction): boolean {
  const { semantic } = insn.form;
  return (
    STACK_OR_STRING.has(semantic) ||
    (!ADDRESS_ONLY.has(semantic) &&
      insn.form.operands.some(({ field }, k) => (field === "rm" || field === "moffs") && registerOf(insn, k) < 0))
  );
}

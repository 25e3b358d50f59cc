/**
 * What compiled code does itself, by the semantic names of the instruction table. A maker looks at the instruction
 * first and returns null where the form is left to the interpreter; what is not listed always is.
 */

import type { Semantic } from "../../src/isa/semantics.ts";
import { CONTROL_SLOTS, hasControl } from "../cpu/handlers/system.ts";
import type { DecodedInstruction } from "../cpu/instruction.ts";
import { CPL, CR4, EAX, EDX, JIT_VALUE, PORT_LATCHES } from "../cpu/layout.ts";
import { isFlat, registerOf } from "../cpu/operands.ts";
import { CR4_TSD, MODE_CODE32 } from "../cpu/state.ts";
import { ARITHMETIC } from "./arithmetic.ts";
import type { Emitter } from "./emitter.ts";
import { DIRECTORY, IN, INVALIDATE, OUT } from "./imports.ts";
import { FLAG_INSTRUCTIONS, INTERRUPTS } from "./interrupts.ts";
import { T1, T2 } from "./locals.ts";
import { MOVES } from "./moves.ts";
import type { Operation, RegionOperation } from "./operands.ts";
import { bitsOfOperand, pushOperand } from "./operands.ts";
import { FAR_TRANSFERS, REAL_MODE } from "./real-mode.ts";
import { SEGMENTS } from "./segments.ts";
import { SHIFTS } from "./shifts.ts";
import { STRINGS } from "./strings.ts";
import { VECTORS } from "./vectors/operations.ts";
import { OP } from "./wasm.ts";
import { X87 } from "./x87/operations.ts";

const readTimestamp: Operation = (t) => () => {
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

/** A latch is written here and now. */
const output: Operation = (t, insn) => {
  if (t.isUser) return null;
  const bits = bitsOfOperand(insn, 1);
  return () => {
    const { c, flags } = t;
    pushOperand(t, insn, 0);
    c.set(T1);
    pushOperand(t, insn, 1);
    c.set(T2);
    const { kind } = flags;
    if (bits === 8)
      c.const(0)
        .get(T1)
        .load(1, PORT_LATCHES)
        .const(0)
        .load(4, 4 * CPL)
        .op(OP.select)
        .if()
        .get(T1)
        .get(T2)
        .store(1, PORT_LATCHES + 0x10000)
        .else();
    t.device(
      insn,
      OUT,
      () =>
        c
          .get(T1)
          .get(T2)
          .const(bits >>> 3),
      () => undefined,
    );
    if (bits === 8) c.end();
    flags.kind = kind;
  };
};

const input: Operation = (t, insn) => {
  if (t.isUser) return null;
  const bits = bitsOfOperand(insn, 0);
  return () =>
    t.device(
      insn,
      IN,
      () => {
        pushOperand(t, insn, 1);
        t.c.const(bits >>> 3);
      },
      () => t.writeRegister(registerOf(insn, 0), bits, () => t.c.const(0).load(4, JIT_VALUE)),
    );
};

// Page tables, at CPL 0 only: the helper looks again.

const changeTables = (t: Emitter, insn: DecodedInstruction, call: number, push: () => void): void =>
  t.device(insn, call, push, () => undefined);

const moveToControl: RegionOperation = (t, insn) => {
  if (t.isUser || insn.reg !== 3) return null;
  return () => changeTables(t, insn, DIRECTORY, () => t.getRegister(insn.rm));
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
  return () => changeTables(t, insn, INVALIDATE, () => t.access.pushEffective(insn));
};

/** What regions share with the interpreter. */
export const SHARED_OPERATIONS: Readonly<Partial<Record<Semantic, Operation>>> = {
  ...ARITHMETIC,
  ...SHIFTS,
  ...MOVES,
  ...STRINGS,
  ...FLAG_INSTRUCTIONS,
  ...SEGMENTS,
  rdtsc: readTimestamp,
  out: output,
  in: input,
};

const NARROW_OPERATIONS: Readonly<Partial<Record<Semantic, RegionOperation>>> = { ...SHARED_OPERATIONS, ...REAL_MODE };

const WIDE_OPERATIONS: Readonly<Partial<Record<Semantic, RegionOperation>>> = {
  ...SHARED_OPERATIONS,
  ...INTERRUPTS,
  ...X87,
  ...VECTORS,
  mov_to_creg: moveToControl,
  mov_from_creg: moveFromControl,
  invlpg: invalidatePage,
};

/** What a region does of an instruction itself. x87, vectors and control registers are too rare in 16-bit code. */
export function operationOf({ form, mode }: DecodedInstruction): RegionOperation | undefined {
  return ((mode & MODE_CODE32) !== 0 ? WIDE_OPERATIONS : NARROW_OPERATIONS)[form.semantic];
}

/** Whether an instruction goes on in another code segment, in a region: with what the jump cache knows of that. */
export const isFarTransfer = ({ form, mode }: DecodedInstruction): boolean =>
  (mode & MODE_CODE32) === 0 && FAR_TRANSFERS.has(form.semantic);

/** Whether the engine is to run an instruction at the end of a block and go on where it leads: see LEAPS. */
export const isLeap = ({ form, mode }: DecodedInstruction): boolean =>
  (mode & MODE_CODE32) !== 0 && LEAPS.has(form.semantic);

/**
 * What leads to another privilege or address space, or depends on much that only the handlers of cpu/ know: they run it
 * while compiled code waits, which goes on where it leads to. In a region this is for those that end a block.
 */
export const LEAPS: ReadonlySet<Semantic> = new Set<Semantic>([
  "int",
  "iret",
  "sysenter",
  "sysexit",
  "cpuid",
  "invlpg",
  "mov_to_creg",
  "clts",
  "fxsave",
  "fxrstor",
]);

const STACK_OR_STRING = new Set<string>([
  "mov_from_creg",
  "push",
  "pop",
  "leave",
  "call",
  "call_indirect",
  "jmp_indirect",
  "ret",
  "mov_to_sreg",
  "mov_from_sreg",
  "push_sreg",
  "pop_sreg",
  "verw",
  "pusha",
  "popa",
  "xlat",
  "rdtsc",
  "div",
  "idiv",
  ...Object.keys(INTERRUPTS),
  ...Object.keys(REAL_MODE),
  ...Object.keys(STRINGS),
  ...Object.keys(X87),
  ...Object.keys(VECTORS),
]);
const ADDRESS_ONLY = new Set<Semantic>(["lea", "nop", "invlpg"]);

/** What 16-bit code draws with, and looks at what is drawn. */
const VIDEO = new Set<Semantic>([
  "mov",
  "movs",
  "stos",
  "lods",
  "scas",
  "cmp",
  "test",
  "and",
  "or",
  "xor",
  "add",
  "xchg",
]);
/** Whether an instruction may reach into the display adapter's memory where no page leads there. */
export function maySeeVideo(insn: DecodedInstruction): boolean {
  const { form, mode, repeat } = insn;
  return (mode & MODE_CODE32) === 0 && repeat === 0 && VIDEO.has(form.semantic) && mayLeave(insn);
}

/** Whether an instruction has a slow path. */
export function mayLeave(insn: DecodedInstruction): boolean {
  const { semantic } = insn.form;
  return (
    STACK_OR_STRING.has(semantic) ||
    (!ADDRESS_ONLY.has(semantic) &&
      insn.form.operands.some(({ field }, k) => (field === "rm" || field === "moffs") && registerOf(insn, k) < 0))
  );
}

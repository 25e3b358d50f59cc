/**
 * The x87 in compiled code: looks at whether the unit may be used, finds the memory operand, has the x87 unit do the
 * work (unit.ts) and notes where the instruction and its operand are. What the unit refuses takes the slow path.
 */
import type { Semantic } from "../../../src/isa/semantics.ts";
import { ZF } from "../../cpu/flags.ts";
import { CONTROL_BITS, CONTROL_FIXED, EXCEPTIONS, FPU_CONTROL, FPU_POINTERS, FPU_STATUS } from "../../cpu/fpu/fpu.ts";
import { opcodeOf } from "../../cpu/handlers/x87.ts";
import type { DecodedInstruction } from "../../cpu/instruction.ts";
import { CS, SELECTOR } from "../../cpu/layout.ts";
import { CANONICAL } from "../flags.ts";
import { x87Import } from "../imports.ts";
import { FLAG_R, FLAG_X, T0, T1, T2 } from "../locals.ts";
import { type RegionOperation, writeOperand } from "../operands.ts";
import { requireAvailable, requireReady } from "../ready.ts";
import type { RegionEmitter } from "../region-emitter.ts";
import { OP } from "../wasm.ts";
import { NEGATE_DESTINATION, NEGATE_SOURCE, POP, REVERSED, TO_STATUS } from "./arithmetic.ts";
import { EXPONENT, HEAD, OPERAND, OPERAND_BYTES, SIGN } from "./common.ts";

/** By the table's names of operands: the unit's name for the format, and its size. Packed decimals are left out. */
const FORMATS: Readonly<Record<string, { readonly name: string; readonly bytes: number }>> = {
  m32fp: { name: "Single", bytes: 4 },
  m64fp: { name: "Double", bytes: 8 },
  m80fp: { name: "Extended", bytes: 10 },
  m16int: { name: "Integer2", bytes: 2 },
  m32int: { name: "Integer4", bytes: 4 },
  m64int: { name: "Integer8", bytes: 8 },
};

const formatOf = (insn: DecodedInstruction) => FORMATS[insn.form.operands[0]!.text] ?? null;

/** Calls a routine of the unit with the two numbers on the stack; the slow path if it refuses. */
function call(t: RegionEmitter, name: string): void {
  t.c.call(x87Import(name)).brIf(t.access.slow);
}

/** Notes where the instruction and its operand are, for FSTENV. */
function note(t: RegionEmitter, insn: DecodedInstruction): void {
  const { c } = t;
  c.const(0);
  t.pushEip(insn.eip);
  c.store(4, FPU_POINTERS);
  c.const(0)
    .const(0)
    .load(4, 4 * (SELECTOR + CS))
    .store(4, FPU_POINTERS + 4);
  c.const(0)
    .const(opcodeOf(insn))
    .store(4, FPU_POINTERS + 16);
  if (!insn.isMemory) return;
  c.const(0);
  t.access.pushEffective(insn);
  c.store(4, FPU_POINTERS + 8);
  c.const(0)
    .const(0)
    .load(4, 4 * (SELECTOR + insn.segment))
    .store(4, FPU_POINTERS + 12);
}

/** An instruction on registers alone: `push` pushes the numbers that the routine takes. */
function onRegisters(name: string, push: (t: RegionEmitter, insn: DecodedInstruction) => void): RegionOperation {
  return (t, insn) => () => {
    requireReady(t);
    push(t, insn);
    call(t, name);
    note(t, insn);
  };
}

/** Brings the memory operand into the unit. */
function fetchOperand(
  t: RegionEmitter,
  insn: DecodedInstruction,
  format: { readonly name: string; readonly bytes: number },
) {
  t.access.operand(insn, format.bytes, "read");
  t.access.pushHost();
  t.c.const(0);
  call(t, `operand${format.name}`);
}

const load: RegionOperation = (t, insn) => {
  if (!insn.isMemory) return onRegisters("loadRegister", ({ c }) => c.const(insn.rm).const(0))(t, insn);
  const format = formatOf(insn);
  if (format === null) return null;
  return () => {
    requireReady(t);
    t.access.operand(insn, format.bytes, "read");
    t.access.pushHost();
    t.c.const(0);
    call(t, `load${format.name}`);
    note(t, insn);
  };
};

function store(pop: boolean): RegionOperation {
  return (t, insn) => {
    if (!insn.isMemory) return onRegisters("storeRegister", ({ c }) => c.const(insn.rm).const(pop ? 1 : 0))(t, insn);
    const format = formatOf(insn);
    if (format === null) return null;
    return () => {
      requireReady(t);
      t.access.operand(insn, format.bytes, "write");
      t.access.pushHost();
      t.c.const(pop ? 1 : 0);
      call(t, `store${format.name}`);
      note(t, insn);
    };
  };
}

function arithmetic(name: string, bits: number): RegionOperation {
  return (t, insn) => {
    const { c } = t;
    if (!insn.isMemory) {
      const toTop = insn.form.operands[0]!.field === "fixed";
      return onRegisters(name, () => c.const((toTop ? 0 : insn.rm) | bits).const(toTop ? insn.rm : 0))(t, insn);
    }
    const format = formatOf(insn);
    if (format === null) return null;
    return () => {
      requireReady(t);
      fetchOperand(t, insn, format);
      c.const(bits).const(OPERAND);
      call(t, name);
      note(t, insn);
    };
  };
}

const OPERATIONS = {
  add: ["add", 0],
  sub: ["add", NEGATE_SOURCE],
  subr: ["add", NEGATE_DESTINATION],
  mul: ["multiply", 0],
  div: ["divide", 0],
  divr: ["divide", REVERSED],
} as const;
type OperationName = keyof typeof OPERATIONS;

/** FADD, FADDP, FIADD and so on for the six operations. */
const ARITHMETIC = Object.fromEntries(
  Object.entries(OPERATIONS).flatMap(([name, [routine, bits]]) => [
    [`f${name}`, arithmetic(routine, bits)],
    [`f${name}p`, arithmetic(routine, bits | POP)],
    [`fi${name}`, arithmetic(routine, bits)],
  ]),
) as Readonly<Record<`f${OperationName}` | `f${OperationName}p` | `fi${OperationName}`, RegionOperation>>;

/** A comparison of the top, with st(i), with memory, with the register that is named, or with 0. */
function comparison(pops: number, { toFlags = false, register = -1, withZero = false } = {}): RegionOperation {
  return (t, insn) => {
    const { c, flags } = t;
    const format = insn.isMemory ? formatOf(insn) : null;
    if (insn.isMemory && format === null) return null;
    return () => {
      requireReady(t);
      if (format !== null) fetchOperand(t, insn, format);
      if (withZero)
        c.const(0)
          .const64(0)
          .store64(OPERAND_BYTES)
          .const(0)
          .const(0)
          .store(4, OPERAND_BYTES + HEAD);
      c.const(format !== null || withZero ? OPERAND : register >= 0 ? register : insn.rm).const(
        pops | (toFlags ? 0 : TO_STATUS),
      );
      c.call(x87Import("compare")).tee(T2).const(0).op(OP.lt_s).brIf(t.access.slow);
      note(t, insn);
      if (!toFlags) return;
      c.get(T2).const(ZF).op(OP.and).op(OP.eqz).set(FLAG_R);
      flags.pushCarriesOfImage(T2);
      c.set(FLAG_X);
      flags.kind = CANONICAL;
    };
  };
}

/** FCMOVcc, by the number of its condition. */
function conditionalMove(condition: number): RegionOperation {
  return onRegisters("conditionalMove", ({ c, flags }, insn) => {
    flags.pushCondition(condition);
    c.set(T1).const(insn.rm).get(T1);
  });
}

const loadControl: RegionOperation = (t, insn) => () => {
  const { c, access } = t;
  requireReady(t);
  access.operand(insn, 2, "read");
  access.load(2);
  c.const(CONTROL_BITS).op(OP.and).const(CONTROL_FIXED).op(OP.or).set(T0);
  // An exception that this unmasks.
  c.const(0).load(4, FPU_STATUS).const(EXCEPTIONS).op(OP.and).get(T0).const(-1).op(OP.xor).op(OP.and).brIf(access.slow);
  c.const(0).get(T0).store(4, FPU_CONTROL);
};

const storeWord =
  (address: number): RegionOperation =>
  (t, insn) =>
  () => {
    requireAvailable(t);
    writeOperand(t, insn, 0, () => t.c.const(0).load(2, address));
  };

export const X87: Readonly<Partial<Record<Semantic, RegionOperation>>> = {
  ...ARITHMETIC,
  fld: load,
  fild: load,
  fld1: onRegisters("loadConstant", ({ c }) => c.const(1).const(0)),
  fldz: onRegisters("loadConstant", ({ c }) => c.const(0).const(0)),
  fst: store(false),
  fstp: store(true),
  fist: store(false),
  fistp: store(true),
  fxch: onRegisters("exchange", ({ c }, insn) => c.const(insn.rm).const(0)),
  fchs: onRegisters("changeSign", ({ c }) => c.const(SIGN | EXPONENT).const(SIGN)),
  fabs: onRegisters("changeSign", ({ c }) => c.const(EXPONENT).const(0)),
  fsqrt: onRegisters("squareRoot", ({ c }) => c.const(0).const(0)),
  frndint: onRegisters("roundToInteger", ({ c }) => c.const(0).const(0)),
  fcom: comparison(0),
  fcomp: comparison(1),
  ficom: comparison(0),
  ficomp: comparison(1),
  fcompp: comparison(2, { register: 1 }),
  ftst: comparison(0, { withZero: true }),
  fucom: comparison(0),
  fucomp: comparison(1),
  fucompp: comparison(2, { register: 1 }),
  fcomi: comparison(0, { toFlags: true }),
  fcomip: comparison(1, { toFlags: true }),
  fucomi: comparison(0, { toFlags: true }),
  fucomip: comparison(1, { toFlags: true }),
  fcmovb: conditionalMove(2),
  fcmove: conditionalMove(4),
  fcmovbe: conditionalMove(6),
  fcmovu: conditionalMove(10),
  fcmovnb: conditionalMove(3),
  fcmovne: conditionalMove(5),
  fcmovnbe: conditionalMove(7),
  fcmovnu: conditionalMove(11),
  fldcw: loadControl,
  fnstcw: storeWord(FPU_CONTROL),
  fnstsw: storeWord(FPU_STATUS),
  fwait: (t) => () => requireReady(t),
};

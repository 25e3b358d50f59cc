/** Which instructions of flat 32-bit code have a maker of their own: those that kernels spend their time in. */
import type { Semantic } from "../../../src/isa/semantics.ts";
import type { Handler } from "../block.ts";
import type { Core } from "../core.ts";
import type { Builder, DecodedInstruction } from "../instruction.ts";
import { isFlat, registerOf } from "../operands.ts";
import { MODE_FLAT, MODE_STACK32 } from "../state.ts";
import { branchTarget } from "./control.ts";
import type { FlatAddress } from "./fast-alu.ts";
import { ALU_FORMS } from "./fast-alu.ts";
import * as control from "./fast-control.ts";
import * as move from "./fast-move.ts";

/** A maker for exactly this form and mode, or null where the general one has to do. */
export type Specialise = (insn: DecodedInstruction) => Builder | null;

/** 32-bit operands, and if one is in memory, 32-bit addresses in a flat segment. */
function isPlain(insn: DecodedInstruction): boolean {
  return insn.size === 32 && isReachable(insn);
}

function isReachable(insn: DecodedInstruction): boolean {
  return !insn.isMemory || (insn.address32 && isFlat(insn));
}

/** A 32-bit stack in a flat segment. */
function hasPlainStack(insn: DecodedInstruction): boolean {
  return insn.size === 32 && (insn.mode & (MODE_FLAT | MODE_STACK32)) === (MODE_FLAT | MODE_STACK32);
}

/** The shapes of a two-operand instruction; a shape that is left out goes to the general maker. */
interface Shapes {
  readonly rr?: (core: Core, to: number, from: number) => Handler;
  readonly ri?: (core: Core, to: number, value: number) => Handler;
  readonly rm?: (core: Core, to: number, address: FlatAddress) => Handler;
  readonly mr?: (core: Core, address: FlatAddress, from: number) => Handler;
  readonly mi?: (core: Core, address: FlatAddress, value: number) => Handler;
}

function byShape(insn: DecodedInstruction, shapes: Shapes): Builder | null {
  const to = registerOf(insn, 0);
  const isImmediate = insn.form.operands[1]!.field === "immediate";
  const from = isImmediate ? -1 : registerOf(insn, 1);
  const { rr, ri, rm, mr, mi } = shapes;
  if (isImmediate) {
    if (to >= 0) return ri === undefined ? null : (core) => ri(core, to, insn.immediate);
    return mi === undefined ? null : (core) => mi(core, insn, insn.immediate);
  }
  if (to >= 0 && from >= 0) return rr === undefined ? null : (core) => rr(core, to, from);
  if (to >= 0) return rm === undefined ? null : (core) => rm(core, to, insn);
  return from < 0 || mr === undefined ? null : (core) => mr(core, insn, from);
}

const MOV: Shapes = {
  rr: move.movRegister,
  ri: move.movImmediate,
  rm: move.movLoad,
  mr: move.movStore,
  mi: move.movStoreImmediate,
};
const MOV_BYTE: Shapes = {
  rr: move.movByteRegister,
  ri: move.movByteImmediate,
  rm: move.movByteLoad,
  mr: move.movByteStore,
  mi: move.movByteStoreImmediate,
};
const BYTE_SHAPES: Readonly<Partial<Record<string, Shapes>>> = {
  mov: MOV_BYTE,
  cmp: { ri: move.cmpByteImmediate, mi: move.cmpByteMemoryImmediate },
  test: { rr: move.testByteRegister, ri: move.testByteImmediate },
};

/** Whether the memory operand is one of ModRM or moffs, which `FlatAddress` describes. */
const twoOperands =
  (name: string, shapes: Shapes): Specialise =>
  (insn) => {
    if (insn.form.operands.some(({ field }) => field === "moffs")) return null;
    if (isPlain(insn)) return byShape(insn, shapes);
    const bytes = BYTE_SHAPES[name];
    return insn.size === 8 && bytes !== undefined && isReachable(insn) ? byShape(insn, bytes) : null;
  };

function extension(byte: Shapes, word: Shapes): Specialise {
  return (insn) => (isPlain(insn) ? byShape(insn, insn.form.operands[1]!.sizeBits === 8 ? byte : word) : null);
}

type RegisterMaker = (core: Core, register: number) => Handler;

function oneOperand(
  inRegister: RegisterMaker,
  inMemory: ((core: Core, address: FlatAddress) => Handler) | null,
): Specialise {
  return (insn) => {
    if (!isPlain(insn)) return null;
    const register = registerOf(insn, 0);
    if (register >= 0) return (core) => inRegister(core, register);
    return inMemory === null ? null : (core) => inMemory(core, insn);
  };
}

function shiftByConstant(make: (core: Core, register: number, count: number) => Handler): Specialise {
  return (insn) => {
    const register = insn.size === 32 ? registerOf(insn, 0) : -1;
    const count = insn.form.operands[1]!;
    const steps = count.field === "immediate" ? insn.immediate & 31 : count.register === null ? count.fixed : 0;
    return register < 0 || steps === 0 ? null : (core) => make(core, register, steps);
  };
}

const push: Specialise = (insn) => {
  if (!hasPlainStack(insn) || !isReachable(insn)) return null;
  const register = registerOf(insn, 0);
  if (register >= 0) return (core) => move.pushRegister(core, register);
  return insn.isMemory ? (core) => move.pushMemory(core, insn) : (core) => move.pushImmediate(core, insn.immediate);
};

const multiply: Specialise = (insn) => {
  const { operands } = insn.form;
  if (insn.size !== 32 || insn.isMemory || operands.length === 1) return null;
  if (operands.length === 2) return (core) => move.multiplyRegister(core, insn.reg, insn.rm);
  return (core) => move.multiplyImmediate(core, insn.reg, insn.rm, insn.immediate);
};

/** The whole address space can be jumped to. */
const ALL = 0xffffffff;

export const FAST: Readonly<Partial<Record<Semantic, Specialise>>> = {
  ...Object.fromEntries(Object.entries(ALU_FORMS).map(([name, forms]) => [name, twoOperands(name, forms)])),
  mov: twoOperands("mov", MOV),
  movzx: extension(
    { rr: move.zeroExtendByte, rm: move.zeroExtendByteLoad },
    { rr: move.zeroExtendWord, rm: move.zeroExtendWordLoad },
  ),
  movsx: extension(
    { rr: move.signExtendByte, rm: move.signExtendByteLoad },
    { rr: move.signExtendWord, rm: move.signExtendWordLoad },
  ),
  lea: (insn) => (insn.size === 32 && insn.address32 ? move.loadAddress : null),
  push,
  pop: (insn) => {
    const register = hasPlainStack(insn) ? registerOf(insn, 0) : -1;
    return register < 0 ? null : (core) => move.popRegister(core, register);
  },
  inc: oneOperand(move.increment, move.incrementMemory),
  dec: oneOperand(move.decrement, move.decrementMemory),
  neg: oneOperand(move.negate, null),
  not: oneOperand(move.complement, null),
  shl: shiftByConstant(move.shiftLeft),
  shr: shiftByConstant(move.shiftRight),
  sar: shiftByConstant(move.shiftRightSigned),
  rol: shiftByConstant(move.rotateLeft),
  ror: shiftByConstant(move.rotateRight),
  imul: multiply,
  jcc: (insn) => (branchTarget(insn) >>> 0 <= insn.codeLimit ? control.jumpConditional : null),
  call: (insn) => (hasPlainStack(insn) && branchTarget(insn) >>> 0 <= insn.codeLimit ? control.call : null),
  ret: (insn) => (hasPlainStack(insn) && insn.codeLimit === ALL ? control.ret : null),
  jmp_indirect: (insn) => (isPlain(insn) && insn.codeLimit === ALL ? control.jumpIndirect : null),
  call_indirect: (insn) =>
    hasPlainStack(insn) && isReachable(insn) && insn.codeLimit === ALL ? control.callIndirect : null,
};

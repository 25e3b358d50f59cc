/**
 * Binary arithmetic and logic in compiled code: the results of cpu/handlers/arithmetic.ts, the flags as flags.ts keeps
 * them.
 */
import type { Semantic } from "../../src/isa/semantics.ts";
import type { DecodedInstruction } from "../cpu/instruction.ts";
import { EAX, EDX } from "../cpu/layout.ts";
import type { Emitter } from "./emitter.ts";
import type { Bits } from "./flags.ts";
import { addKind, CANONICAL, decKind, incKind, LOGIC, subKind } from "./flags.ts";
import { FLAG_R, FLAG_X, FLAG_Y, T0, T1, T2, WIDE, WIDE2 } from "./locals.ts";
import type { Operation } from "./operands.ts";
import {
  beginModify,
  bitsOfOperand,
  endModify,
  isRegister,
  pushMasked,
  pushOperand,
  pushSignExtended,
  writeOperand,
} from "./operands.ts";
import { OP } from "./wasm.ts";

/** Loads destination and source into T0 and T1. A memory destination is checked before the source is read. */
function loadPair(t: Emitter, insn: DecodedInstruction, modifies: boolean): void {
  if (modifies) beginModify(t, insn, 0);
  else {
    pushOperand(t, insn, 0);
    t.c.set(T0);
  }
  pushOperand(t, insn, 1);
  t.c.set(T1);
}

function addition(subtract: boolean): Operation {
  return (t, insn) => () => {
    const { c } = t;
    const bits = insn.size;
    loadPair(t, insn, true);
    c.get(T0)
      .get(T1)
      .op(subtract ? OP.sub : OP.add);
    pushSignExtended(t, bits);
    c.set(FLAG_R).get(T1).set(FLAG_Y);
    if (subtract) c.get(T0);
    else {
      c.get(FLAG_R);
      pushMasked(t, bits);
    }
    c.set(FLAG_X);
    endModify(t, insn, 0, () => c.get(FLAG_R));
    t.flags.kind = subtract ? subKind(bits) : addKind(bits);
  };
}

/** ADC and SBB: the carries are computed at once, as the carry that goes in is not kept. */
function withCarry(subtract: boolean): Operation {
  return (t, insn) => () => {
    const { c } = t;
    const bits = insn.size;
    loadPair(t, insn, true);
    c.get(T0)
      .get(T1)
      .op(subtract ? OP.sub : OP.add);
    t.flags.pushCarry();
    c.op(subtract ? OP.sub : OP.add).set(T2);
    endModify(t, insn, 0, () => c.get(T2));
    setCarries(t, bits, subtract);
    c.get(T2);
    pushSignExtended(t, bits);
    c.set(FLAG_R);
    t.flags.kind = CANONICAL;
  };
}

/** FLAG_X = carries of T0 and T1 giving T2. */
function setCarries(t: Emitter, bits: Bits, subtract: boolean): void {
  const { c } = t;
  // a ^ -1 turns the carries of an addition into those of a subtraction, with the result inverted as well.
  const pushA = (): void => void (subtract ? c.get(T0).const(-1).op(OP.xor) : c.get(T0));
  const pushR = (): void => void (subtract ? c.get(T2) : c.get(T2).const(-1).op(OP.xor));
  pushA();
  c.get(T1).op(OP.and);
  pushA();
  c.get(T1).op(OP.or);
  pushR();
  c.op(OP.and).op(OP.or);
  if (bits === 32) c.const(0xc0000008 | 0).op(OP.and);
  else {
    c.const((bits === 8 ? 0xc0 : 0xc000) | 8).op(OP.and);
    c.const(bits === 8 ? 0x1000001 : 0x10001)
      .op(OP.mul)
      .const(0xc0000008 | 0)
      .op(OP.and);
  }
  c.set(FLAG_X);
}

const compare: Operation = (t, insn) => () => {
  const { c } = t;
  const bits = insn.size;
  loadPair(t, insn, false);
  c.get(T0).tee(FLAG_X).get(T1).tee(FLAG_Y).op(OP.sub);
  pushSignExtended(t, bits);
  c.set(FLAG_R);
  t.flags.kind = subKind(bits);
};

function setLogic(t: Emitter): void {
  t.c.const(0).set(FLAG_X).const(0).set(FLAG_Y);
  t.flags.kind = LOGIC;
}

function bitwise(opcode: number): Operation {
  return (t, insn) => () => {
    const { c } = t;
    loadPair(t, insn, true);
    c.get(T0).get(T1).op(opcode);
    pushSignExtended(t, insn.size);
    c.set(FLAG_R);
    endModify(t, insn, 0, () => c.get(FLAG_R));
    setLogic(t);
  };
}

const test: Operation = (t, insn) => () => {
  loadPair(t, insn, false);
  t.c.get(T0).get(T1).op(OP.and);
  pushSignExtended(t, insn.size);
  t.c.set(FLAG_R);
  setLogic(t);
};

/** INC and DEC keep CF: X and Y stay, if CF is their comparison. */
function step(up: boolean): Operation {
  return (t, insn) => () => {
    const { c } = t;
    const bits = insn.size;
    beginModify(t, insn, 0);
    if (t.flags.kind <= CANONICAL) {
      t.flags.pushCarry();
      c.set(FLAG_Y).const(0).set(FLAG_X);
    }
    c.get(T0)
      .const(1)
      .op(up ? OP.add : OP.sub);
    pushSignExtended(t, bits);
    c.set(FLAG_R);
    endModify(t, insn, 0, () => c.get(FLAG_R));
    t.flags.kind = up ? incKind(bits) : decKind(bits);
  };
}

const negate: Operation = (t, insn) => () => {
  const { c } = t;
  const bits = insn.size;
  beginModify(t, insn, 0);
  c.const(0).set(FLAG_X).get(T0).set(FLAG_Y);
  c.const(0).get(T0).op(OP.sub);
  pushSignExtended(t, bits);
  c.set(FLAG_R);
  endModify(t, insn, 0, () => c.get(FLAG_R));
  t.flags.kind = subKind(bits);
};

const not: Operation = (t, insn) => () => {
  beginModify(t, insn, 0);
  endModify(t, insn, 0, () => t.c.get(T0).const(-1).op(OP.xor));
};

/** Flags of a result whose CF and OF are both the condition that `push` pushes (0 or 1); AF is cleared. */
function setOverflowing(t: Emitter, push: () => void): void {
  push();
  t.c.const(31).op(OP.shl).set(FLAG_X);
  t.flags.kind = CANONICAL;
}

function multiplyWide(signed: boolean): Operation {
  return (t, insn) => () => {
    const { c } = t;
    const bits = insn.size;
    const extend = signed ? OP.extend_s : OP.extend_u;
    pushOperand(t, insn, 0);
    c.set(T1);
    if (bits === 32) {
      t.getRegister(EAX);
      c.op(extend).get(T1).op(extend).op(OP.mul64).set(WIDE);
      c.get(WIDE).op(OP.wrap).tee(FLAG_R);
      t.setRegister(EAX);
      c.get(WIDE).const64(32).op(OP.shr_u64).op(OP.wrap).tee(T0);
      t.setRegister(EDX);
      setOverflowing(t, () => {
        c.get(T0);
        if (signed) c.get(FLAG_R).const(31).op(OP.shr_s).op(OP.ne);
        else c.const(0).op(OP.ne);
      });
      return;
    }
    const pushExtended = (): void => (signed ? pushSignExtended(t, bits) : undefined);
    t.pushRegister(EAX, bits);
    pushExtended();
    c.get(T1);
    pushExtended();
    c.op(OP.mul).set(T0);
    t.writeRegister(EAX, 16, () => c.get(T0));
    if (bits === 16) t.writeRegister(EDX, 16, () => c.get(T0).const(16).op(OP.shr_u));
    c.get(T0);
    pushSignExtended(t, bits);
    c.set(FLAG_R);
    setOverflowing(t, () => {
      c.get(T0);
      if (signed) c.get(FLAG_R).op(OP.ne);
      else c.const(bits).op(OP.shr_u).const(0).op(OP.ne);
    });
  };
}

const multiplyTo: Operation = (t, insn) => () => {
  const { c } = t;
  const { operands } = insn.form;
  pushOperand(t, insn, operands.length - 2);
  c.set(T0);
  pushOperand(t, insn, operands.length - 1);
  c.set(T1);
  if (insn.size === 32) {
    c.get(T0).op(OP.extend_s).get(T1).op(OP.extend_s).op(OP.mul64).set(WIDE);
    c.get(T0).get(T1).op(OP.mul).set(FLAG_R);
    writeOperand(t, insn, 0, () => c.get(FLAG_R));
    setOverflowing(t, () => c.get(WIDE).get(FLAG_R).op(OP.extend_s).op(OP.ne64));
    return;
  }
  c.get(T0).op(OP.extend16_s).get(T1).op(OP.extend16_s).op(OP.mul).tee(T0).op(OP.extend16_s).set(FLAG_R);
  writeOperand(t, insn, 0, () => c.get(FLAG_R));
  setOverflowing(t, () => c.get(T0).get(FLAG_R).op(OP.ne));
};

/** DIV and IDIV of 32 bits; a quotient that does not fit is the interpreter's. */
function divide(signed: boolean): Operation {
  return (t, insn) => {
    if (insn.size !== 32) return null;
    return () => {
      const { c } = t;
      const { slow } = t.access;
      pushOperand(t, insn, 0);
      c.tee(T1).op(OP.eqz).brIf(slow);
      t.getRegister(EDX);
      c.op(OP.extend_u).const64(32).op(OP.shl64);
      t.getRegister(EAX);
      c.op(OP.extend_u).op(OP.or64).set(WIDE);
      if (signed) {
        // The one quotient that WebAssembly itself refuses.
        c.get(WIDE).const64(-1).const64(63).op(OP.shl64).op(OP.eq64).brIf(slow);
        c.get(WIDE)
          .get(T1)
          .op(OP.extend_s)
          .op(OP.div_s64)
          .tee(WIDE2)
          .get(WIDE2)
          .op(OP.wrap)
          .op(OP.extend_s)
          .op(OP.ne64)
          .brIf(slow);
      } else {
        t.getRegister(EDX);
        c.get(T1).op(OP.ge_u).brIf(slow);
        c.get(WIDE).get(T1).op(OP.extend_u).op(OP.div_u64).set(WIDE2);
      }
      t.getRegister(EAX);
      c.get(WIDE2).op(OP.wrap).tee(T0).get(T1).op(OP.mul).op(OP.sub);
      t.setRegister(EDX);
      c.get(T0);
      t.setRegister(EAX);
    };
  };
}

const exchangeAdd: Operation = (t, insn) => () => {
  const { c } = t;
  const bits = insn.size;
  loadPair(t, insn, true);
  c.get(T0).get(T1).op(OP.add);
  pushSignExtended(t, bits);
  c.set(FLAG_R).get(T1).set(FLAG_Y).get(FLAG_R);
  pushMasked(t, bits);
  c.set(FLAG_X);
  // The destination is written last: it wins when both are one register.
  if (isRegister(insn, 0)) {
    writeOperand(t, insn, 1, () => c.get(T0));
    writeOperand(t, insn, 0, () => c.get(FLAG_R));
  } else {
    endModify(t, insn, 0, () => c.get(FLAG_R));
    writeOperand(t, insn, 1, () => c.get(T0));
  }
  t.flags.kind = addKind(bits);
};

const compareExchange: Operation = (t, insn) => () => {
  const { c } = t;
  const bits = bitsOfOperand(insn, 0);
  beginModify(t, insn, 0);
  pushOperand(t, insn, 1);
  c.set(T1);
  t.pushRegister(EAX, bits);
  c.tee(FLAG_X).get(T0).tee(FLAG_Y).op(OP.sub);
  pushSignExtended(t, bits);
  c.set(FLAG_R);
  endModify(t, insn, 0, () => c.get(T1).get(T0).get(FLAG_R).op(OP.eqz).op(OP.select));
  // Equal: the accumulator keeps its value, or has just been written as the destination.
  c.get(FLAG_R).if();
  t.writeRegister(EAX, bits, () => c.get(T0));
  c.end();
  t.flags.kind = subKind(bits);
};

export const ARITHMETIC: Readonly<Partial<Record<Semantic, Operation>>> = {
  add: addition(false),
  sub: addition(true),
  adc: withCarry(false),
  sbb: withCarry(true),
  cmp: compare,
  and: bitwise(OP.and),
  or: bitwise(OP.or),
  xor: bitwise(OP.xor),
  test,
  inc: step(true),
  dec: step(false),
  neg: negate,
  not,
  mul: multiplyWide(false),
  imul: (t, insn) => (insn.form.operands.length === 1 ? multiplyWide(true) : multiplyTo)(t, insn),
  div: divide(false),
  idiv: divide(true),
  xadd: exchangeAdd,
  cmpxchg: compareExchange,
};

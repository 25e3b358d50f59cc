/**
 * Shifts, rotations, single bits and bit scans in compiled code; flags as cpu/handlers/shifts.ts and bits.ts leave
 * them.
 */
import type { Semantic } from "../../src/isa/semantics.ts";
import { immediateOf, isFlat } from "../cpu/operands.ts";
import type { Emitter } from "./emitter.ts";
import type { Bits } from "./flags.ts";
import { CANONICAL, LOGIC } from "./flags.ts";
import { FLAG_R, FLAG_X, FLAG_Y, T0, T1, T2 } from "./locals.ts";
import type { Operation } from "./operands.ts";
import {
  beginModify,
  bitsOfOperand,
  endModify,
  isRegister,
  pushOperand,
  pushSignExtended,
  writeOperand,
} from "./operands.ts";
import { OP } from "./wasm.ts";

/** A count that is known, 1 to 31; T0 is the zero-extended value. Sets T2 (the result) and the flags. */
type ConstantShift = (t: Emitter, bits: Bits, count: number) => void;
/** The same with a count in T1 that is not 0. */
type VariableShift = (t: Emitter, bits: Bits) => void;

/** FLAG_X from CF and from CF xor OF, each 0 or 1; all other flags follow FLAG_R. */
function setCarries(t: Emitter, pushCarry: () => void, pushDifference: () => void): void {
  pushCarry();
  t.c.const(31).op(OP.shl);
  pushDifference();
  t.c.const(30).op(OP.shl).op(OP.or).set(FLAG_X);
}

function setResult(t: Emitter, bits: Bits): void {
  t.c.get(T2);
  pushSignExtended(t, bits);
  t.c.set(FLAG_R);
}

const shiftLeft: VariableShift = (t, bits) => {
  const { c } = t;
  // CF is the bit that left last; as a double word it is bit `bits` of the wide result.
  if (bits === 32) {
    c.get(T0).get(T1).op(OP.shl).set(T2);
    setResult(t, bits);
    setCarries(
      t,
      () => c.get(T0).const(32).get(T1).op(OP.sub).op(OP.shr_u).const(1).op(OP.and),
      () => c.get(FLAG_R).const(31).op(OP.shr_u),
    );
  } else {
    c.get(T0).get(T1).op(OP.shl).set(T2);
    setResult(t, bits);
    // Beyond the size of the operand nothing leaves any more.
    setCarries(
      t,
      () =>
        c
          .get(T0)
          .op(OP.extend_u)
          .get(T1)
          .op(OP.extend_u)
          .op(OP.shl64)
          .const64(bits)
          .op(OP.shr_u64)
          .op(OP.wrap)
          .const(1)
          .op(OP.and),
      () => c.get(FLAG_R).const(31).op(OP.shr_u),
    );
  }
};

const shiftRight: VariableShift = (t, bits) => {
  const { c } = t;
  c.get(T0).get(T1).const(1).op(OP.sub).op(OP.shr_u).tee(T1).const(1).op(OP.shr_u).set(T2);
  setResult(t, bits);
  setCarries(
    t,
    () => c.get(T1).const(1).op(OP.and),
    () =>
      c
        .get(T1)
        .get(T1)
        .const(bits - 1)
        .op(OP.shr_u)
        .op(OP.xor)
        .const(1)
        .op(OP.and),
  );
};

const shiftRightSigned: VariableShift = (t, bits) => {
  const { c } = t;
  c.get(T0);
  pushSignExtended(t, bits);
  c.get(T1).const(1).op(OP.sub).op(OP.shr_s).tee(T1).const(1).op(OP.shr_s).set(T2);
  setResult(t, bits);
  setCarries(
    t,
    () => c.get(T1).const(1).op(OP.and),
    () => c.get(T1).const(1).op(OP.and),
  );
};

/** Replaces CF and CF xor OF in flags that are canonical. */
function replaceCarries(t: Emitter, pushCarry: () => void, pushDifference: () => void): void {
  t.c.get(FLAG_X).const(0x3fffffff).op(OP.and);
  pushCarry();
  t.c.const(31).op(OP.shl).op(OP.or);
  pushDifference();
  t.c.const(30).op(OP.shl).op(OP.or).set(FLAG_X);
}

const rotate =
  (left: boolean): VariableShift =>
  (t, bits) => {
    const { c } = t;
    if (bits === 32)
      c.get(T0)
        .get(T1)
        .op(left ? OP.rotl : OP.rotr)
        .set(T2);
    else {
      // The value repeated fills 32 bits, whose rotation holds that of the part.
      c.get(T0)
        .const(bits === 8 ? 0x01010101 : 0x00010001)
        .op(OP.mul)
        .get(T1)
        .op(left ? OP.rotl : OP.rotr)
        .set(T2);
    }
    const pushTop = (number: number): void => void c.get(T2).const(number).op(OP.shr_u).const(1).op(OP.and);
    if (left)
      replaceCarries(
        t,
        () => c.get(T2).const(1).op(OP.and),
        () => pushTop(bits - 1),
      );
    else
      replaceCarries(
        t,
        () => pushTop(bits - 1),
        () => pushTop(bits - 2),
      );
  };

/** RCL and RCR by 1. */
const rotateThroughCarry =
  (left: boolean): ConstantShift =>
  (t, bits) => {
    const { c } = t;
    const pushIn = (): void => void c.get(FLAG_X).const(31).op(OP.shr_u);
    if (left) {
      c.get(T0).const(1).op(OP.shl);
      pushIn();
      c.op(OP.or).set(T2);
      replaceCarries(
        t,
        () =>
          c
            .get(T0)
            .const(bits - 1)
            .op(OP.shr_u),
        () =>
          c
            .get(T2)
            .const(bits - 1)
            .op(OP.shr_u)
            .const(1)
            .op(OP.and),
      );
      return;
    }
    c.get(T0).const(1).op(OP.shr_u);
    pushIn();
    c.const(bits - 1)
      .op(OP.shl)
      .op(OP.or)
      .set(T2);
    // OF is the difference of the two top bits.
    replaceCarries(
      t,
      () => c.get(T0).const(1).op(OP.and),
      () =>
        c
          .get(T0)
          .get(T2)
          .const(bits - 1)
          .op(OP.shr_u)
          .op(OP.xor)
          .get(T2)
          .const(bits - 2)
          .op(OP.shr_u)
          .op(OP.xor)
          .const(1)
          .op(OP.and),
    );
  };

function shift(emitShift: VariableShift, keepsFlags: boolean): Operation {
  return (t, insn) => {
    const bits = bitsOfOperand(insn, 0);
    const count = immediateOf(insn, 1);
    const { c } = t;
    if (count !== null) {
      const steps = count & 31;
      return () => {
        beginModify(t, insn, 0);
        if (steps === 0) {
          endModify(t, insn, 0, () => c.get(T0));
          return;
        }
        if (keepsFlags) t.flags.canonicalise();
        c.const(steps).set(T1);
        emitShift(t, bits);
        endModify(t, insn, 0, () => c.get(T2));
        t.flags.kind = CANONICAL;
      };
    }
    return () => {
      beginModify(t, insn, 0);
      t.flags.canonicalise();
      c.get(T0).set(T2);
      pushOperand(t, insn, 1);
      c.const(31).op(OP.and).tee(T1).if();
      emitShift(t, bits);
      c.end();
      endModify(t, insn, 0, () => c.get(T2));
    };
  };
}

function throughCarry(left: boolean): Operation {
  return (t, insn) => {
    const bits = bitsOfOperand(insn, 0);
    const count = immediateOf(insn, 1);
    if (count === null || (count & 31) !== 1) return null;
    return () => {
      beginModify(t, insn, 0);
      t.flags.canonicalise();
      rotateThroughCarry(left)(t, bits, 1);
      endModify(t, insn, 0, () => t.c.get(T2));
    };
  };
}

/** SHLD and SHRD of 32 bits. */
function doubleShift(left: boolean): Operation {
  return (t, insn) => {
    if (insn.size !== 32) return null;
    const { c } = t;
    const count = immediateOf(insn, 2);
    if (count !== null && (count & 31) === 0) return null;
    return () => {
      beginModify(t, insn, 0);
      pushOperand(t, insn, 1);
      c.set(T2);
      if (count !== null) c.const(count & 31).set(T1);
      else {
        t.flags.canonicalise();
        pushOperand(t, insn, 2);
        c.const(31).op(OP.and).set(T1);
      }
      const body = (): void => {
        // Destination and source as one number of 64 bits.
        const pushWide = (): void =>
          void c
            .get(left ? T0 : T2)
            .op(OP.extend_u)
            .const64(32)
            .op(OP.shl64)
            .get(left ? T2 : T0)
            .op(OP.extend_u)
            .op(OP.or64);
        const pushShifted = (pushCount: () => void): void => {
          pushWide();
          pushCount();
          c.op(OP.extend_u);
          if (left) c.op(OP.shl64).const64(32).op(OP.shr_u64);
          else c.op(OP.shr_u64);
          c.op(OP.wrap);
        };
        pushShifted(() => c.get(T1));
        c.set(FLAG_R);
        pushShifted(() => c.get(T1).const(1).op(OP.sub));
        c.set(T1);
        const pushSign = (): void => void c.get(T1).const(31).op(OP.shr_u);
        const pushCarry = (): void => (left ? pushSign() : void c.get(T1).const(1).op(OP.and));
        setCarries(t, pushCarry, () => {
          pushCarry();
          pushSign();
          c.op(OP.xor).get(FLAG_R).const(31).op(OP.shr_u).op(OP.xor);
        });
        c.get(FLAG_R).set(T0);
      };
      if (count !== null) body();
      else {
        c.get(T1).if();
        body();
        c.end();
      }
      endModify(t, insn, 0, () => c.get(T0));
      t.flags.kind = CANONICAL;
    };
  };
}

/** Name of an address source for access.ts: the dword that a bit's number leads to. */
const BIT_REGISTER = 20;

/**
 * BT and its kin: only CF changes. A bit of memory whose number is in a register lies in the dword that it leads to,
 * wherever that is.
 */
function bitTest(change: ((t: Emitter) => void) | null): Operation {
  return (t, insn) => {
    const bits = insn.size;
    const isAnywhere = !isRegister(insn, 0) && insn.form.operands[1]!.field !== "immediate";
    if (isAnywhere && (bits !== 32 || !insn.address32)) return null;
    return () => {
      const { c } = t;
      if (isAnywhere) {
        t.access.pushEffective(insn);
        pushOperand(t, insn, 1);
        c.const(5).op(OP.shr_s).const(2).op(OP.shl).op(OP.add);
        t.access.segmented(insn.segment, isFlat(insn), 4, change === null ? "read" : "modify", BIT_REGISTER);
        t.access.load(4);
        c.set(T0);
      } else if (change === null) {
        pushOperand(t, insn, 0);
        c.set(T0);
      } else beginModify(t, insn, 0);
      pushOperand(t, insn, 1);
      c.const(bits - 1)
        .op(OP.and)
        .set(T1);
      t.flags.canonicalise();
      // Bit 30 is CF xor OF: it changes with CF so that OF stays.
      c.get(FLAG_X)
        .const(0x3fffffff)
        .op(OP.and)
        .get(FLAG_X)
        .get(FLAG_X)
        .const(1)
        .op(OP.shl)
        .op(OP.xor)
        .const(31)
        .op(OP.shr_u);
      c.get(T0).get(T1).op(OP.shr_u).const(1).op(OP.and).tee(T2).op(OP.xor).const(30).op(OP.shl).op(OP.or);
      c.get(T2).const(31).op(OP.shl).op(OP.or).set(FLAG_X);
      if (change === null) return;
      const pushChanged = (): void => {
        c.get(T0).const(1).get(T1).op(OP.shl);
        change(t);
      };
      if (isAnywhere) t.access.store(4, pushChanged);
      else endModify(t, insn, 0, pushChanged);
    };
  };
}

function bitScan(forward: boolean): Operation {
  return (t, insn) => () => {
    const { c } = t;
    const bits = insn.size;
    pushOperand(t, insn, 1);
    c.set(T0);
    pushOperand(t, insn, 0);
    c.set(T1);
    c.get(T0);
    pushSignExtended(t, bits);
    c.set(FLAG_R).const(0).set(FLAG_X).const(0).set(FLAG_Y);
    t.flags.kind = LOGIC;
    writeOperand(t, insn, 0, () => {
      if (forward) c.get(T0).op(OP.ctz);
      else c.const(31).get(T0).op(OP.clz).op(OP.sub);
      c.get(T1).get(T0).op(OP.select);
    });
  };
}

export const SHIFTS: Readonly<Partial<Record<Semantic, Operation>>> = {
  shl: shift(shiftLeft, false),
  shr: shift(shiftRight, false),
  sar: shift(shiftRightSigned, false),
  rol: shift(rotate(true), true),
  ror: shift(rotate(false), true),
  rcl: throughCarry(true),
  rcr: throughCarry(false),
  shld: doubleShift(true),
  shrd: doubleShift(false),
  bt: bitTest(null),
  bts: bitTest(({ c }) => c.op(OP.or)),
  btr: bitTest(({ c }) => c.const(-1).op(OP.xor).op(OP.and)),
  btc: bitTest(({ c }) => c.op(OP.xor)),
  bsf: bitScan(true),
  bsr: bitScan(false),
};

/**
 * Moves, the stack, branches and flags by themselves in emitted code, for regions and the interpreter alike. A maker
 * looks at the instruction first and returns null where the form is left to the handlers of cpu/.
 */
import type { Semantic } from "../../src/isa/semantics.ts";
import { AF, CF, DF, PF, SF, ZF } from "../cpu/flags.ts";
import { CS, EAX, EBP, EBX, ECX, EDI, EDX, EFLAGS, ESP, GS, SELECTOR, SS } from "../cpu/layout.ts";
import { immediateOf } from "../cpu/operands.ts";
import type { Emitter } from "./emitter.ts";
import type { Bits } from "./flags.ts";
import { setArithmeticOfImage } from "./flags.ts";
import { FLAG_X, T0, T1, T2, TARGET } from "./locals.ts";
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
import { accessStack, peekGuest, pushGuest, pushOnStack, release, releaseReturn, stackBits } from "./stack.ts";
import { OP } from "./wasm.ts";

/** What PUSHAD puts on the stack. */
const ALL_BYTES = 32;

const move: Operation = (t, insn) => () => {
  if (!isRegister(insn, 0)) {
    const bits = bitsOfOperand(insn, 0);
    t.access.operand(insn, bits >>> 3, "write");
    t.access.store(bits >>> 3, () => pushOperand(t, insn, 1));
    return;
  }
  writeOperand(t, insn, 0, () => pushOperand(t, insn, 1));
};

function extend(signed: boolean): Operation {
  return (t, insn) => () => {
    writeOperand(t, insn, 0, () => {
      pushOperand(t, insn, 1);
      if (signed) pushSignExtended(t, bitsOfOperand(insn, 1));
    });
  };
}

const exchange: Operation = (t, insn) => {
  const register = isRegister(insn, 1) ? 1 : 0;
  const other = 1 - register;
  const { c } = t;
  // Where processors take turns the interpreter looks whether this one waits for a lock.
  if (t.takesTurns && !isRegister(insn, other)) return null;
  return () => {
    beginModify(t, insn, other);
    pushOperand(t, insn, register);
    c.set(T1);
    if (isRegister(insn, other)) {
      writeOperand(t, insn, register, () => c.get(T0));
      writeOperand(t, insn, other, () => c.get(T1));
    } else {
      endModify(t, insn, other, () => c.get(T1));
      writeOperand(t, insn, register, () => c.get(T0));
    }
  };
};

const conditionalMove: Operation = (t, insn) => () => {
  const { c } = t;
  pushOperand(t, insn, 1);
  c.set(T0);
  pushOperand(t, insn, 0);
  c.set(T1);
  t.flags.pushCondition(insn.form.condition);
  c.set(T2);
  writeOperand(t, insn, 0, () => c.get(T0).get(T1).get(T2).op(OP.select));
};

const setOnCondition: Operation = (t, insn) => () => {
  const { c } = t;
  if (!isRegister(insn, 0)) {
    t.access.operand(insn, 1, "write");
    t.access.store(1, () => t.flags.pushCondition(insn.form.condition));
    return;
  }
  t.flags.pushCondition(insn.form.condition);
  c.set(T0);
  writeOperand(t, insn, 0, () => c.get(T0));
};

const push: Operation = (t, insn) => {
  const bits = insn.size === 16 ? 16 : 32;
  return () => {
    const immediate = immediateOf(insn, 0);
    if (immediate === null) {
      pushOperand(t, insn, 0);
      t.c.set(T0);
    }
    pushGuest(t, bits, () => (immediate !== null ? t.c.const(immediate) : t.c.get(T0)));
  };
};

const pop: Operation = (t, insn) => {
  // POP to memory through ESP computes its address with the new ESP.
  if (!isRegister(insn, 0) && t.isThroughStack(insn)) return null;
  return () => {
    const bits = insn.size === 16 ? 16 : 32;
    if (!isRegister(insn, 0)) t.requireNotThroughStack(insn);
    peekGuest(t, bits);
    t.c.set(T0);
    if (isRegister(insn, 0)) {
      release(t, bits >>> 3);
      writeOperand(t, insn, 0, () => t.c.get(T0));
      return;
    }
    writeOperand(t, insn, 0, () => t.c.get(T0));
    release(t, bits >>> 3);
  };
};

const leave: Operation = (t, insn) => () => {
  const bits = insn.size === 16 ? 16 : 32;
  accessStack(t, EBP, 0, bits >>> 3, "read");
  t.access.load(bits >>> 3);
  t.c.set(T0);
  t.writeRegister(ESP, stackBits(t), () => pushOnStack(t, EBP, bits >>> 3));
  t.writeRegister(EBP, bits, () => t.c.get(T0));
};

/** Checks TARGET against the code segment's limit. */
function checkTarget(t: Emitter): void {
  const { codeLimit } = t;
  if (codeLimit !== 0xffffffff) t.c.get(TARGET).const(codeLimit).op(OP.gt_u).brIf(t.access.slow);
}

const callNear: Operation = (t, insn) => () => pushGuest(t, insn.size === 16 ? 16 : 32, () => t.pushNext(insn));

const callIndirect: Operation = (t, insn) => () => {
  pushOperand(t, insn, 0);
  t.c.set(TARGET);
  checkTarget(t);
  pushGuest(t, insn.size === 16 ? 16 : 32, () => t.pushNext(insn));
};

const jumpIndirect: Operation = (t, insn) => () => {
  pushOperand(t, insn, 0);
  t.c.set(TARGET);
  checkTarget(t);
};

const ret: Operation = (t, insn) => () => {
  const bits = insn.size === 16 ? 16 : 32;
  peekGuest(t, bits);
  t.c.set(TARGET);
  checkTarget(t);
  releaseReturn(t, insn, bits >>> 3);
};

/** LOOP and its kin: pushes whether the branch is taken. */
function loop(condition: number): Operation {
  return (t, insn) => () => {
    const { c } = t;
    const bits: Bits = insn.address32 ? 32 : 16;
    if (condition >= 0) {
      t.flags.pushCondition(condition);
      c.set(T1);
    }
    t.pushRegister(ECX, bits);
    c.const(1).op(OP.sub).set(T0);
    t.writeRegister(ECX, bits, () => c.get(T0));
    t.pushRegister(ECX, bits);
    c.const(0).op(OP.ne);
    if (condition >= 0) c.get(T1).op(OP.and);
  };
}

const jumpCounterZero: Operation = (t, insn) => () => {
  t.pushRegister(ECX, insn.address32 ? 32 : 16);
  t.c.op(OP.eqz);
};

// Flags and conversions.

const setCarryFlag =
  (emitCarry: (t: Emitter) => void): Operation =>
  (t) =>
  () => {
    const { c } = t;
    t.flags.canonicalise();
    // OF is the difference of bits 31 and 30, and stays.
    c.get(FLAG_X).get(FLAG_X).const(1).op(OP.shl).op(OP.xor).const(31).op(OP.shr_u).set(T0);
    emitCarry(t);
    c.set(T1);
    c.get(FLAG_X).const(0x3fffffff).op(OP.and).get(T1).const(31).op(OP.shl).op(OP.or);
    c.get(T1).get(T0).op(OP.xor).const(30).op(OP.shl).op(OP.or).set(FLAG_X);
  };

const SAHF_FLAGS = SF | ZF | AF | PF | CF;

const storeFlagsByte: Operation = (t) => () => {
  const { c, flags } = t;
  flags.canonicalise();
  flags.pushArithmetic();
  c.const(~SAHF_FLAGS).op(OP.and);
  t.getRegister(EAX);
  c.const(8).op(OP.shr_u).const(SAHF_FLAGS).op(OP.and).op(OP.or).set(T2);
  setArithmeticOfImage(t);
};

const loadFlagsByte: Operation = (t) => () => {
  const { c, flags } = t;
  flags.canonicalise();
  flags.pushArithmetic();
  c.const(2).op(OP.or).set(T0);
  t.writeRegister(EAX + 4, 8, () => c.get(T0));
};

const compareExchange8: Operation = (t, insn) => {
  if (!insn.isMemory) return null;
  return () => {
    const { c, access, flags } = t;
    access.operand(insn, 8, "modify");
    access.load(4);
    c.set(T0);
    access.load(4, 4);
    c.set(T1);
    c.get(T0);
    t.getRegister(EAX);
    c.op(OP.eq).get(T1);
    t.getRegister(EDX);
    c.op(OP.eq).op(OP.and).set(T2);
    const store = (register: number, old: number, displacement: number): void =>
      access.store(
        4,
        () => {
          t.getRegister(register);
          c.get(old).get(T2).op(OP.select);
        },
        displacement,
      );
    store(EBX, T0, 0);
    store(ECX, T1, 4);
    const keep = (register: number, old: number): void => {
      t.getRegister(register);
      c.get(old).get(T2).op(OP.select);
      t.setRegister(register);
    };
    keep(EAX, T0);
    keep(EDX, T1);
    flags.canonicalise();
    flags.pushArithmetic();
    c.const(~ZF).op(OP.and).const(ZF).const(0).get(T2).op(OP.select).op(OP.or).set(T2);
    setArithmeticOfImage(t);
  };
};

const setDirection =
  (down: boolean): Operation =>
  ({ c }) =>
  () => {
    c.const(0)
      .const(0)
      .load(4, 4 * EFLAGS);
    if (down) c.const(DF).op(OP.or);
    else c.const(~DF).op(OP.and);
    c.store(4, 4 * EFLAGS);
  };

const extendAccumulator: Operation = (t, insn) => () => {
  const { c } = t;
  t.writeRegister(EAX, insn.size, () => {
    t.getRegister(EAX);
    c.op(insn.size === 32 ? OP.extend16_s : OP.extend8_s);
  });
};

const extendToPair: Operation = (t, insn) => () => {
  t.writeRegister(EDX, insn.size, () => {
    t.getRegister(EAX);
    if (insn.size === 16) t.c.op(OP.extend16_s);
    t.c.const(31).op(OP.shr_s);
  });
};

const byteSwap: Operation = (t, insn) => () => {
  const { c } = t;
  const n = insn.reg;
  if (insn.size === 16) {
    t.writeRegister(n, 16, () => c.const(0));
    return;
  }
  t.getRegister(n);
  c.const(8).op(OP.rotl).const(0x00ff00ff).op(OP.and);
  t.getRegister(n);
  c.const(8)
    .op(OP.rotr)
    .const(0xff00ff00 | 0)
    .op(OP.and)
    .op(OP.or);
  t.setRegister(n);
};

// Segment registers. To load them is for the handlers of cpu/, and in real mode for the interpreter
// (threaded/real-mode.ts).

const moveFromSegment: Operation = (t, insn) => {
  return () => {
    t.pushNumber(insn.reg);
    t.c
      .const(4 * GS)
      .op(OP.gt_u)
      .brIf(t.access.slow);
    t.pushNumber(insn.reg);
    t.c.load(4, 4 * SELECTOR).set(T0);
    writeOperand(t, insn, 0, () => t.c.get(T0));
  };
};

/** With a 32-bit push the upper half of the slot keeps what memory held (P6). */
const pushSegment: Operation = (t, insn) => {
  if (t.hasWideStack !== (insn.size === 32)) return null;
  const segment = insn.form.operands[0]!.fixed;
  const bytes = insn.size >>> 3;
  return () => {
    accessStack(t, ESP, -bytes, 2, "write");
    t.access.store(2, () => t.c.const(0).load(4, 4 * (SELECTOR + segment)));
    release(t, -bytes);
  };
};

/**
 * PUSHAD: all that it writes lies in one page. It is looked at in two parts, since code is looked for under 24 bytes at
 * most; the lower one is the last, from which on everything is stored.
 */
const pushAll: Operation = (t, insn) => {
  if (!t.hasWideStack || !t.access.flatData || insn.size !== 32) return null;
  return () => {
    const { c } = t;
    pushOnStack(t, ESP, -ALL_BYTES);
    c.const(0xfff)
      .op(OP.and)
      .const(0x1000 - ALL_BYTES)
      .op(OP.gt_u)
      .brIf(t.access.slow);
    for (const start of [-ALL_BYTES / 2, -ALL_BYTES]) {
      pushOnStack(t, ESP, start);
      t.access.segmented(SS, true, ALL_BYTES / 2, "write", ESP);
    }
    for (let register = EAX; register <= EDI; register++)
      t.access.store(4, () => t.getRegister(register), 4 * (EDI - register));
    release(t, -ALL_BYTES);
  };
};

/** POPAD: all that it reads lies in one page, and ESP is not taken from there. */
const popAll: Operation = (t, insn) => {
  if (!t.hasWideStack || !t.access.flatData || insn.size !== 32) return null;
  return () => {
    pushOnStack(t, ESP, 0);
    t.access.segmented(SS, true, ALL_BYTES, "read", ESP);
    for (let register = EAX; register <= EDI; register++)
      if (register !== ESP) t.writeRegister(register, 32, () => t.access.load(4, 4 * (EDI - register)));
    release(t, ALL_BYTES);
  };
};

const loadAddress: Operation = (t, insn) => () => {
  writeOperand(t, insn, 0, () => t.access.pushEffective(insn));
};

const translate: Operation = (t, insn) => () => {
  const { c } = t;
  t.getRegister(EBX);
  t.pushRegister(EAX, 8);
  c.op(OP.add);
  if (!insn.address32) c.const(0xffff).op(OP.and);
  t.access.segmented(insn.segment, t.access.flatData && insn.segment !== CS && insn.segment < 4, 1, "read", EBX);
  t.access.load(1);
  c.set(T0);
  t.writeRegister(EAX, 8, () => c.get(T0));
};

/** Where processors take turns, the interpreter ends this one's at PAUSE. */
const nothingOrPause: Operation = (t, insn) =>
  t.takesTurns && insn.form.mnemonic32 === "pause" ? null : () => undefined;

/** Nothing is out of order here. */
const nothing: Operation = () => () => undefined;

export const MOVES: Readonly<Partial<Record<Semantic, Operation>>> = {
  mov: move,
  movzx: extend(false),
  movsx: extend(true),
  xchg: exchange,
  cmovcc: conditionalMove,
  setcc: setOnCondition,
  lea: loadAddress,
  mov_from_sreg: moveFromSegment,
  push_sreg: pushSegment,
  pusha: pushAll,
  popa: popAll,
  xlat: translate,
  bswap: byteSwap,
  cbw: extendAccumulator,
  cwd: extendToPair,
  nop: nothingOrPause,
  lfence: nothing,
  mfence: nothing,
  sfence: nothing,
  push,
  pop,
  leave,
  call: callNear,
  call_indirect: callIndirect,
  jmp_indirect: jumpIndirect,
  ret,
  jcc: (t, insn) => () => t.flags.pushCondition(insn.form.condition),
  loop: loop(-1),
  loope: loop(4),
  loopne: loop(5),
  jcxz: jumpCounterZero,
  clc: setCarryFlag(({ c }) => c.const(0)),
  stc: setCarryFlag(({ c }) => c.const(1)),
  cmc: setCarryFlag(({ c }) => c.get(FLAG_X).const(-1).op(OP.xor).const(31).op(OP.shr_u)),
  sahf: storeFlagsByte,
  lahf: loadFlagsByte,
  cmpxchg8b: compareExchange8,
  cld: setDirection(false),
  std: setDirection(true),
};

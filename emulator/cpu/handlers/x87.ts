/**
 * The computing instructions of the x87: loads, stores, arithmetic, comparisons, functions (SDM volume 1, 8.3; each in
 * SDM 2).
 */
import type { Handler } from "../block.ts";
import type { Core } from "../core.ts";
import { CF, getCarry, getParity, getZero, PF, setArithmeticFlags, ZF } from "../flags.ts";
import type { Order } from "../fpu/arithmetic.ts";
import {
  add,
  compare,
  divide,
  extract,
  multiply,
  remainder,
  roundToInteger,
  scale,
  squareRoot,
  subtract,
} from "../fpu/arithmetic.ts";
import { type Float80, INDEFINITE, ONE, zero } from "../fpu/float80.ts";
import type { Fpu } from "../fpu/fpu.ts";
import { C0, C1, C2, C3 } from "../fpu/fpu.ts";
import type { FloatContext } from "../fpu/rounding.ts";
import { DENORMAL, INVALID, TOWARDS_ZERO } from "../fpu/rounding.ts";
import {
  arcTangentOf,
  loadConstant,
  sinCos,
  tangent,
  twoToXMinusOne,
  yLog2X,
  yLog2XPlusOne,
} from "../fpu/transcendental.ts";
import type { Builder, Builders, DecodedInstruction } from "../instruction.ts";
import { FORMATS, indefiniteOf, noteOperand, prepareWrite, readBytes } from "./x87-memory.ts";

/** The low three bits of the opcode's first byte, and ModRM, as FSTENV stores them. */
export function opcodeOf(insn: DecodedInstruction): number {
  return ((insn.form.opcode & 7) << 8) | (insn.mod << 6) | (insn.reg << 3) | insn.rm;
}

/** An instruction on registers alone. `clearing`: condition bits that are cleared first. */
function onRegisters(action: (fpu: Fpu, insn: DecodedInstruction, core: Core) => void, clearing = C1): Builder {
  return (core, insn) => {
    const { fpu } = core;
    const opcode = opcodeOf(insn);
    return () => {
      fpu.check();
      fpu.start(insn.eip, opcode, clearing);
      action(fpu, insn, core);
    };
  };
}

/** An instruction that reads memory: `action` gets the converted operand. */
function onMemory(core: Core, insn: DecodedInstruction, action: (fpu: Fpu, operand: Float80) => void): Handler {
  const { fpu } = core;
  const format = FORMATS[insn.form.operands[0]!.text]!;
  const bytes = readBytes(core, insn, format.bytes);
  const note = noteOperand(core, insn);
  const opcode = opcodeOf(insn);
  return () => {
    fpu.check();
    const convert = format.load(bytes());
    fpu.start(insn.eip, opcode);
    note();
    action(fpu, convert(fpu.context));
  };
}

/** Register number of the operand that names st(i). */
const stackIndex = (insn: DecodedInstruction): number => insn.rm;

type Operation = (context: FloatContext, destination: Float80, source: Float80) => Float80;

type OperationName = "add" | "mul" | "sub" | "subr" | "div" | "divr";

const OPERATIONS: Readonly<Record<OperationName, Operation>> = {
  add,
  mul: multiply,
  sub: subtract,
  subr: (context, destination, source) => subtract(context, source, destination),
  div: divide,
  divr: (context, destination, source) => divide(context, source, destination),
};

/** Stores a result unless an unmasked exception forbids it. */
function assign(fpu: Fpu, index: number, value: Float80, pop: boolean): void {
  if (!fpu.settle()) return;
  fpu.set(index, value);
  if (pop) fpu.pop();
}

/** An empty operand: the indefinite takes the result's place if that is masked. */
function underflow(fpu: Fpu, index: number, pop: boolean): void {
  if (!fpu.stackFault(false)) return;
  fpu.set(index, INDEFINITE);
  if (pop) fpu.pop();
}

function arithmetic(operation: Operation, pop: boolean): Builder {
  return (core, insn) => {
    if (insn.isMemory) {
      return onMemory(core, insn, (fpu, operand) => {
        if (fpu.isEmpty(0)) underflow(fpu, 0, false);
        else assign(fpu, 0, operation(fpu.context, fpu.get(0), operand), false);
      });
    }
    const toTop = insn.form.operands[0]!.field === "fixed";
    const destination = toTop ? 0 : stackIndex(insn);
    const source = toTop ? stackIndex(insn) : 0;
    return onRegisters((fpu) => {
      if (fpu.isEmpty(destination) || fpu.isEmpty(source)) underflow(fpu, destination, pop);
      else assign(fpu, destination, operation(fpu.context, fpu.get(destination), fpu.get(source)), pop);
    })(core, insn);
  };
}

/** FADD, FADDP, FIADD and so on for the six operations. */
const ARITHMETIC = Object.fromEntries(
  Object.entries(OPERATIONS).flatMap(([name, operation]) => [
    [`f${name}`, arithmetic(operation, false)],
    [`f${name}p`, arithmetic(operation, true)],
    [`fi${name}`, arithmetic(operation, false)],
  ]),
) as Readonly<Record<`f${OperationName}` | `f${OperationName}p` | `fi${OperationName}`, Builder>>;

const ORDER_CONDITIONS: Readonly<Record<Order, number>> = { greater: 0, less: C0, equal: C3, unordered: C0 | C2 | C3 };
const ORDER_FLAGS: Readonly<Record<Order, number>> = { greater: 0, less: CF, equal: ZF, unordered: ZF | PF | CF };

/**
 * Sets the condition codes, or EFLAGS, from a comparison of the top; pops unless an unmasked exception holds that back.
 */
function settleComparison(core: Core, order: Order, toFlags: boolean, pops: number): void {
  const { fpu, s } = core;
  const completed = fpu.settle();
  if (toFlags) setArithmeticFlags(s, ORDER_FLAGS[order]);
  else fpu.setConditions(ORDER_CONDITIONS[order]);
  for (let i = 0; completed && i < pops; i++) fpu.pop();
}

/** A comparison with an empty register. */
function underflowComparison(core: Core, toFlags: boolean, pops: number): void {
  const masked = core.fpu.stackFault(false);
  settleComparison(core, "unordered", toFlags, masked ? pops : 0);
}

function compareWith(core: Core, index: number, quiet: boolean, toFlags: boolean, pops: number): void {
  const { fpu } = core;
  if (fpu.isEmpty(0) || fpu.isEmpty(index)) underflowComparison(core, toFlags, pops);
  else settleComparison(core, compare(fpu.context, fpu.get(0), fpu.get(index), quiet), toFlags, pops);
}

function comparison(quiet: boolean, toFlags: boolean, pops: number): Builder {
  return (core, insn) => {
    if (!insn.isMemory)
      return onRegisters(() => compareWith(core, stackIndex(insn), quiet, toFlags, pops), toFlags ? 0 : C1)(core, insn);
    return onMemory(core, insn, (fpu, operand) => {
      if (fpu.isEmpty(0)) underflowComparison(core, false, pops);
      else settleComparison(core, compare(fpu.context, fpu.get(0), operand, quiet), false, pops);
    });
  };
}

/** FCOMPP and FUCOMPP. */
const compareAndPopTwice = (quiet: boolean): Builder =>
  onRegisters((_fpu, _insn, core) => compareWith(core, 1, quiet, false, 2));

const load: Builder = (core, insn) => {
  if (insn.isMemory) {
    // The wide format is loaded as it is; narrow ones are converted, which quiets NaNs.
    const isWide = insn.form.operands[0]!.text === "m80fp";
    return onMemory(core, insn, (fpu, operand) => {
      if (fpu.isEmpty(7) && !isWide) {
        const { context } = fpu;
        if (operand.isSignaling) context.raise(INVALID);
        if (context.denormalOperand) context.raise(DENORMAL);
        // Unlike other instructions, a load of a denormal completes also when its exception is not masked.
        if (!fpu.settle() && operand.isSignaling) return;
      }
      fpu.push(!isWide && operand.isNaN ? operand.quieted : operand);
    });
  }
  return onRegisters((fpu) => {
    const index = stackIndex(insn);
    if (!fpu.isEmpty(index)) fpu.push(fpu.get(index));
    else if (fpu.stackFault(false)) fpu.pushIndefinite();
  })(core, insn);
};

/** FST, FSTP, FIST, FISTP, FBSTP; FISTTP rounds towards zero whatever the control word says. */
function store(pop: boolean, truncating = false): Builder {
  return (core, insn) => {
    if (!insn.isMemory) {
      return onRegisters((fpu) => {
        if (fpu.isEmpty(0)) underflow(fpu, stackIndex(insn), pop);
        else assign(fpu, stackIndex(insn), fpu.get(0), pop);
      })(core, insn);
    }
    const { fpu } = core;
    const format = FORMATS[insn.form.operands[0]!.text]!;
    const prepare = prepareWrite(core, insn, format.bytes);
    const note = noteOperand(core, insn);
    const opcode = opcodeOf(insn);
    return () => {
      fpu.check();
      const commit = prepare();
      fpu.start(insn.eip, opcode);
      note();
      if (truncating) fpu.context.rounding = TOWARDS_ZERO;
      if (fpu.isEmpty(0)) {
        if (!fpu.stackFault(false)) return;
        commit(indefiniteOf(format));
      } else {
        const bytes = format.store(fpu.context, fpu.get(0));
        if (!fpu.settle() || bytes === null) return;
        commit(bytes);
      }
      if (pop) fpu.pop();
    };
  };
}

const exchange: Builder = onRegisters((fpu, insn) => {
  const index = stackIndex(insn);
  if ((fpu.isEmpty(0) || fpu.isEmpty(index)) && !fpu.stackFault(false)) return;
  const top = fpu.isEmpty(0) ? INDEFINITE : fpu.get(0);
  const other = fpu.isEmpty(index) ? INDEFINITE : fpu.get(index);
  fpu.set(0, other);
  fpu.set(index, top);
});

/** Replaces the top by a function of it. */
function function1(compute: (context: FloatContext, top: Float80) => Float80): Builder {
  return onRegisters((fpu) => {
    if (fpu.isEmpty(0)) underflow(fpu, 0, false);
    else assign(fpu, 0, compute(fpu.context, fpu.get(0)), false);
  });
}

/** Replaces st(1) by a function of st(1) and the top, and pops. */
function function2(compute: (context: FloatContext, below: Float80, top: Float80) => Float80): Builder {
  return onRegisters((fpu) => {
    if (fpu.isEmpty(0) || fpu.isEmpty(1)) underflow(fpu, 1, true);
    else assign(fpu, 1, compute(fpu.context, fpu.get(1), fpu.get(0)), true);
  });
}

/** Replaces the top by one value and pushes another; null sets C2. */
function replaceAndPush(
  clearing: number,
  compute: (context: FloatContext, top: Float80) => readonly [Float80, Float80] | null,
): Builder {
  return onRegisters((fpu) => {
    const full = !fpu.isEmpty(7);
    if (fpu.isEmpty(0) || full) {
      if (!fpu.stackFault(!fpu.isEmpty(0) && full)) return;
      fpu.set(0, INDEFINITE);
      fpu.top--;
      fpu.set(0, INDEFINITE);
      return;
    }
    const results = compute(fpu.context, fpu.get(0));
    if (results === null) return fpu.setConditions(fpu.conditions | C2);
    if (!fpu.settle()) return;
    fpu.set(0, results[0]);
    fpu.push(results[1]);
  }, clearing);
}

/** FSIN and FCOS. */
function sineOrCosine(which: "sine" | "cosine"): Builder {
  return onRegisters((fpu) => {
    if (fpu.isEmpty(0)) return underflow(fpu, 0, false);
    const result = sinCos(fpu.context, fpu.get(0), { sine: which === "sine", cosine: which === "cosine" });
    if (result.outOfRange) fpu.setConditions(fpu.conditions | C2);
    else assign(fpu, 0, result[which], false);
  }, C1 | C2);
}

function partialRemainder(nearest: boolean): Builder {
  return onRegisters((fpu) => {
    if (fpu.isEmpty(0) || fpu.isEmpty(1)) return underflow(fpu, 0, false);
    const { value, quotient, partial } = remainder(fpu.context, fpu.get(0), fpu.get(1), nearest);
    if (!fpu.settle()) return;
    fpu.set(0, value);
    if (partial) fpu.setConditions(C2);
    else if (quotient !== null)
      fpu.setConditions(
        ((quotient & 4) !== 0 ? C0 : 0) | ((quotient & 2) !== 0 ? C3 : 0) | ((quotient & 1) !== 0 ? C1 : 0),
      );
  }, C1 | C2);
}

/** FXAM: what kind of number the top is. */
const examine: Builder = onRegisters((fpu) => {
  const top = fpu.get(0);
  let kind: number;
  if (fpu.isEmpty(0)) kind = C3 | C0;
  else if (top.isUnsupported) kind = 0;
  else if (top.isNaN) kind = C0;
  else if (top.isInfinity) kind = C2 | C0;
  else if (top.isZero) kind = C3;
  else kind = top.isDenormal ? C3 | C2 : C2;
  fpu.setConditions(kind | (top.sign ? C1 : 0));
});

function constant(value: (context: FloatContext) => Float80): Builder {
  return onRegisters((fpu) => fpu.push(value(fpu.context)));
}

/** FCMOVcc. */
function conditionalMove(holds: (s: Int32Array) => boolean): Builder {
  return onRegisters((fpu, insn, core) => {
    const index = stackIndex(insn);
    if (fpu.isEmpty(0) || fpu.isEmpty(index)) {
      if (fpu.stackFault(false)) fpu.set(0, INDEFINITE);
    } else if (holds(core.s)) fpu.set(0, fpu.get(index));
  }, 0);
}

/** FCHS and FABS change the sign of anything, also of a NaN. */
const changeSign = (change: (value: Float80) => Float80): Builder => function1((_context, top) => change(top));

export const X87 = {
  ...ARITHMETIC,
  fld: load,
  fild: load,
  fbld: load,
  fst: store(false),
  fstp: store(true),
  fist: store(false),
  fistp: store(true),
  fisttp: store(true, true),
  fbstp: store(true),
  fxch: exchange,
  fcom: comparison(false, false, 0),
  fcomp: comparison(false, false, 1),
  ficom: comparison(false, false, 0),
  ficomp: comparison(false, false, 1),
  fcompp: compareAndPopTwice(false),
  fucom: comparison(true, false, 0),
  fucomp: comparison(true, false, 1),
  fucompp: compareAndPopTwice(true),
  fcomi: comparison(false, true, 0),
  fcomip: comparison(false, true, 1),
  fucomi: comparison(true, true, 0),
  fucomip: comparison(true, true, 1),
  ftst: onRegisters((fpu, _insn, core) => {
    if (fpu.isEmpty(0)) underflowComparison(core, false, 0);
    else settleComparison(core, compare(fpu.context, fpu.get(0), zero(false), false), false, 0);
  }),
  fxam: examine,
  fchs: changeSign((value) => value.negated),
  fabs: changeSign((value) => value.absolute),
  fld1: constant(() => ONE),
  fldz: constant(() => zero(false)),
  fldl2t: constant((context) => loadConstant(context, "l2t")),
  fldl2e: constant((context) => loadConstant(context, "l2e")),
  fldpi: constant((context) => loadConstant(context, "pi")),
  fldlg2: constant((context) => loadConstant(context, "lg2")),
  fldln2: constant((context) => loadConstant(context, "ln2")),
  fsqrt: function1(squareRoot),
  frndint: function1(roundToInteger),
  fscale: onRegisters((fpu) => {
    if (fpu.isEmpty(0) || fpu.isEmpty(1)) underflow(fpu, 0, false);
    else assign(fpu, 0, scale(fpu.context, fpu.get(0), fpu.get(1)), false);
  }),
  fprem: partialRemainder(false),
  fprem1: partialRemainder(true),
  fxtract: replaceAndPush(C1, (context, top) => {
    const { exponent, significand } = extract(context, top);
    return [exponent, significand];
  }),
  f2xm1: function1(twoToXMinusOne),
  fyl2x: function2(yLog2X),
  fyl2xp1: function2(yLog2XPlusOne),
  fpatan: function2(arcTangentOf),
  fptan: replaceAndPush(C1 | C2, (context, top) => {
    const result = tangent(context, top);
    return result === null ? null : [result, result.isNaN ? result : ONE];
  }),
  fsincos: replaceAndPush(C1 | C2, (context, top) => {
    const { sine, cosine, outOfRange } = sinCos(context, top, { sine: true, cosine: true });
    return outOfRange ? null : [sine, cosine];
  }),
  fsin: sineOrCosine("sine"),
  fcos: sineOrCosine("cosine"),
  fcmovb: conditionalMove(getCarry),
  fcmove: conditionalMove(getZero),
  fcmovbe: conditionalMove((s) => getCarry(s) || getZero(s)),
  fcmovu: conditionalMove(getParity),
  fcmovnb: conditionalMove((s) => !getCarry(s)),
  fcmovne: conditionalMove((s) => !getZero(s)),
  fcmovnbe: conditionalMove((s) => !getCarry(s) && !getZero(s)),
  fcmovnu: conditionalMove((s) => !getParity(s)),
  ffree: onRegisters((fpu, insn) => fpu.free(stackIndex(insn))),
  ffreep: onRegisters((fpu, insn) => {
    fpu.free(stackIndex(insn));
    fpu.top++;
  }),
  fincstp: onRegisters((fpu) => void fpu.top++),
  fdecstp: onRegisters((fpu) => void fpu.top--),
  fnop: onRegisters(() => undefined, 0),
} satisfies Builders;

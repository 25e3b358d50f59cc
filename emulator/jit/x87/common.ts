/**
 * The common ground of the x87 unit (unit.ts): its routines as WebAssembly functions, the register stack, and the
 * rounding of a result of 128 bits. A routine returns 0 when it is done, and 1 when it is not for here: then nothing
 * has changed and the interpreter does it all.
 */
import { C1, FPU_CONTROL, FPU_EMPTY, FPU_REGISTER_BYTES, FPU_STATUS } from "../../cpu/fpu/fpu.ts";
import { PRECISION } from "../../cpu/fpu/rounding.ts";
import { FPU_BYTES } from "../../cpu/layout.ts";
import { Code, type FunctionBody, type FunctionType, I32, I64, OP } from "../wasm.ts";

/** Number of a register beyond the stack: the memory operand of the instruction at hand, converted. */
export const OPERAND = 8;
/** Where it lies: after the state of the x87, which no snapshot holds. */
export const OPERAND_BYTES = FPU_BYTES + 128;
export const BIAS = 16383;
export const SIGN = 0x8000;
export const EXPONENT = 0x7fff;
/** Offset of sign and exponent in a register. */
export const HEAD = 8;
export const TOP_BIT = -(1n << 63n);
/** Of the control word: rounding towards minus infinity. */
export const ROUND_DOWN = 1;
const ROUND_UP = 2;

/** The routines of a module, as they are added. */
export class Routines {
  readonly types: FunctionType[] = [];
  readonly bodies: FunctionBody[] = [];
  readonly exports: (string | null)[] = [];
  readonly #numbers = new Map<string, number>();

  /** Adds a routine. `emit` leaves its result on the stack. */
  add(
    name: string,
    parameters: readonly number[],
    locals: readonly number[],
    emit: (c: Code) => void,
    { result = I32 as number | null, isExported = false } = {},
  ): void {
    const code = new Code();
    emit(code);
    code.end();
    this.#numbers.set(name, this.bodies.length);
    this.types.push({ parameters, results: result === null ? [] : [result] });
    this.bodies.push({ type: this.types.length - 1, locals, code });
    this.exports.push(isExported ? name : null);
  }

  /** Number of a routine that was added before. */
  number(name: string): number {
    const number = this.#numbers.get(name);
    if (number === undefined) throw new Error(`there is no routine ${name} yet`);
    return number;
  }
}

export const loadStatus = (c: Code): Code => c.const(0).load(4, FPU_STATUS);
/** Pushes the rounding mode of the control word. */
export const pushRounding = (c: Code): Code =>
  c.const(0).load(4, FPU_CONTROL).const(10).op(OP.shr_u).const(3).op(OP.and);
/** Returns 1 from the routine if the top of the stack is not 0. */
export const refuseIf = (c: Code): Code => c.if().const(1).op(OP.return).end();

const pushTop = (c: Code): Code => loadStatus(c).const(11).op(OP.shr_u);

function registers(r: Routines): void {
  // (number) -> address
  r.add("register", [I32], [], (c) => {
    c.const(OPERAND_BYTES);
    pushTop(c)
      .get(0)
      .op(OP.add)
      .const(7)
      .op(OP.and)
      .const(FPU_REGISTER_BYTES)
      .op(OP.mul)
      .const(FPU_BYTES)
      .op(OP.add)
      .get(0)
      .const(OPERAND)
      .op(OP.eq)
      .op(OP.select);
  });
  // (number) -> whether it is empty
  r.add("isEmpty", [I32], [], (c) => {
    c.const(0).load(4, FPU_EMPTY);
    pushTop(c).get(0).op(OP.add).const(7).op(OP.and).op(OP.shr_u).const(1).op(OP.and);
    c.get(0).const(OPERAND).op(OP.ne).op(OP.and);
  });
  // (address) -> whether a normal number or a zero is there
  r.add("isPlain", [I32], [I32], (c) => {
    c.get(0).load(4, HEAD).const(EXPONENT).op(OP.and).tee(1).op(OP.eqz).ifValue();
    c.get(0).load64(0).op(OP.eqz64);
    c.else();
    c.get(0).load64(0).const64(0).op(OP.lt_s64).get(1).const(EXPONENT).op(OP.ne).op(OP.and);
    c.end();
  });
  r.add(
    "pop",
    [],
    [],
    (c) => {
      c.const(0).const(0).load(4, FPU_EMPTY).const(1);
      pushTop(c).const(7).op(OP.and).op(OP.shl).op(OP.or).store(4, FPU_EMPTY);
      setTop(c, 1);
    },
    { result: null },
  );
  // Makes room for what has been put where the new top will be.
  r.add(
    "push",
    [],
    [],
    (c) => {
      setTop(c, -1);
      c.const(0).const(0).load(4, FPU_EMPTY).const(1);
      pushTop(c).const(7).op(OP.and).op(OP.shl).const(-1).op(OP.xor).op(OP.and).store(4, FPU_EMPTY);
      c.const(0);
      loadStatus(c).const(~C1).op(OP.and).store(4, FPU_STATUS);
    },
    { result: null },
  );
}

function setTop(c: Code, step: number): void {
  c.const(0);
  loadStatus(c).const(~0x3800).op(OP.and);
  pushTop(c).const(step).op(OP.add).const(7).op(OP.and).const(11).op(OP.shl).op(OP.or).store(4, FPU_STATUS);
}

function rounding(r: Routines): void {
  // (inexact, rounded up): notes them as the one exception that there was. Refuses if it is not masked.
  r.add("settle", [I32, I32], [], (c) => {
    c.get(0).const(0).load(4, FPU_CONTROL).const(PRECISION).op(OP.and).op(OP.eqz).op(OP.and);
    refuseIf(c);
    c.const(0);
    loadStatus(c).const(~C1).op(OP.and);
    c.const(PRECISION).const(0).get(0).op(OP.select).op(OP.or);
    c.const(C1).const(0).get(0).get(1).op(OP.and).op(OP.select).op(OP.or).store(4, FPU_STATUS).const(0);
  });
  // (significand, 64 bits below it, sign, mask of the bits to be cut off) -> significand; 0 if a one was carried out
  const cut = 4;
  const rest = 5;
  const mode = 6;
  r.add(
    "round",
    [I64, I64, I32, I64],
    [I64, I64, I32],
    (c) => {
      c.get(0).get(3).op(OP.and64).tee(cut).get(1).op(OP.or64).op(OP.eqz64).if().get(0).op(OP.return).end();
      c.get(0).get(cut).op(OP.xor64).set(0);
      pushRounding(c).tee(mode).op(OP.eqz).ifValue();
      // What is cut off, aligned to the top; beyond 64 bits only whether there is something matters.
      c.get(cut).get(3).op(OP.clz64).op(OP.shl64).get(1).op(OP.eqz64).op(OP.eqz).op(OP.extend_u).op(OP.or64);
      c.get(1).get(3).op(OP.eqz64).op(OP.eqz).op(OP.select).tee(rest).constBig(TOP_BIT).op(OP.gt_u64);
      c.get(rest).constBig(TOP_BIT).op(OP.eq64);
      c.get(0).get(3).const64(1).op(OP.add64).op(OP.and64).op(OP.eqz64).op(OP.eqz).op(OP.and).op(OP.or);
      c.else();
      c.get(mode).const(ROUND_DOWN).op(OP.eq).get(2).op(OP.and);
      c.get(mode).const(ROUND_UP).op(OP.eq).get(2).op(OP.eqz).op(OP.and).op(OP.or);
      c.end().if();
      c.get(0).get(3).op(OP.add64).const64(1).op(OP.add64).set(0);
      c.end().get(0);
    },
    { result: I64 },
  );
  // (sign, biased exponent, significand with its top bit set, 64 bits below it, address): rounds to the precision of
  // the control word and stores.
  const [exponent, significand, low, address, mask, rounded, inexact, up] = [1, 2, 3, 4, 5, 6, 7, 8] as const;
  r.add("finish", [I32, I32, I64, I64, I32], [I64, I64, I32, I32], (c) => {
    c.get(exponent).const(1).op(OP.lt_s);
    refuseIf(c);
    c.const(0).load(4, FPU_CONTROL).const(8).op(OP.shr_u).const(3).op(OP.and).set(inexact);
    c.constBig((1n << 40n) - 1n);
    c.const64(0x7ff).const64(0).get(inexact).const(2).op(OP.eq).op(OP.select);
    c.get(inexact).op(OP.eqz).op(OP.select).set(mask);
    c.get(significand).get(low).get(0).get(mask).call(r.number("round")).set(rounded);
    c.get(significand).get(mask).op(OP.and64).get(low).op(OP.or64).op(OP.eqz64).op(OP.eqz).set(inexact);
    c.get(rounded).get(significand).get(mask).const64(-1).op(OP.xor64).op(OP.and64).op(OP.ne64).set(up);
    c.get(rounded).op(OP.eqz64).if();
    c.constBig(TOP_BIT).set(rounded).get(exponent).const(1).op(OP.add).set(exponent);
    c.end();
    c.get(exponent).const(EXPONENT).op(OP.ge_s);
    refuseIf(c);
    c.get(inexact).get(up).call(r.number("settle"));
    refuseIf(c);
    c.get(address).get(rounded).store64(0);
    c.get(address).get(exponent).get(0).const(15).op(OP.shl).op(OP.or).store(4, HEAD).const(0);
  });
}

/** Adds what all routines use. */
export function addCommonRoutines(r: Routines): void {
  registers(r);
  rounding(r);
}

export const pushExponent = (c: Code, head: number): Code => c.get(head).const(EXPONENT).op(OP.and);
export const pushSign = (c: Code, head: number): Code => c.get(head).const(15).op(OP.shr_u);

/** Pushes 1 if one of the registers, by the locals that name them, is empty. */
export function pushAnyEmpty(r: Routines, c: Code, ...locals: readonly number[]): void {
  locals.forEach((local, i) => {
    c.get(local).call(r.number("isEmpty"));
    if (i > 0) c.op(OP.or);
  });
}

/** Returns 1 unless both addresses hold plain numbers. */
export function refuseUnlessPlain(r: Routines, c: Code, ...locals: readonly number[]): void {
  locals.forEach((local, i) => {
    c.get(local).call(r.number("isPlain"));
    if (i > 0) c.op(OP.and);
  });
  refuseIf(c.op(OP.eqz));
}

/** Stores a number whose head is on the stack... the significand in a local; then nothing was inexact. */
export function storeExact(
  r: Routines,
  c: Code,
  address: number,
  pushSignificand: () => void,
  pushHead: () => void,
): void {
  c.get(address);
  pushSignificand();
  c.store64(0).get(address);
  pushHead();
  c.store(4, HEAD).const(0).const(0).call(r.number("settle")).op(OP.drop);
}

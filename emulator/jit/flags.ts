/**
 * Arithmetic flags in compiled code. An instruction leaves its result and what its carry follows from in three locals,
 * and says here, at compile time, what kind it was; nothing is computed before somebody asks. Of every kind but
 * CANONICAL, CF is X < Y unsigned: an addition leaves sum and addend, a subtraction its operands, and INC and DEC leave
 * the two alone, which keeps CF.
 *
 * Where several ways meet, the kind is known only at run time and a local says it. When a region is left, and where a
 * reader needs it, the flags become FLAG_RESULT and FLAG_CARRIES as cpu/flags.ts defines them. The computation stands
 * in the path that leaves, and what is dead V8 does not compute.
 */

import { ZF } from "../cpu/flags.ts";
import { FLAG_KIND, FLAG_R, FLAG_X, FLAG_Y, T2 } from "./locals.ts";
import type { Code } from "./wasm.ts";
import { OP } from "./wasm.ts";

export type Bits = 8 | 16 | 32;

/** X is FLAG_CARRIES. */
export const CANONICAL = 0;
/** X: sum, zero-extended. Y: addend. */
const ADD = 1;
/** X, Y: operands, zero-extended. */
const SUB = 4;
/** CF, OF and AF are clear. X, Y: 0. */
export const LOGIC = 7;
const INC = 8;
const DEC = 11;
const KINDS = 14;
/** The kind is in the local FLAG_KIND. */
export const DYNAMIC = -1;

const SIZE_INDEX = { 32: 0, 16: 1, 8: 2 } as const;
const SIZES: readonly Bits[] = [32, 16, 8];

export const addKind = (bits: Bits): number => ADD + SIZE_INDEX[bits];
export const subKind = (bits: Bits): number => SUB + SIZE_INDEX[bits];
export const incKind = (bits: Bits): number => INC + SIZE_INDEX[bits];
export const decKind = (bits: Bits): number => DEC + SIZE_INDEX[bits];

const family = (kind: number): number =>
  kind >= DEC ? DEC : kind >= INC ? INC : kind >= LOGIC ? LOGIC : kind >= SUB ? SUB : kind >= ADD ? ADD : CANONICAL;
const bitsOf = (kind: number): Bits => SIZES[kind - family(kind)]!;

/** Numbers of the helper functions behind `carriesFunction`. */
const ARITHMETIC_FUNCTION = 1;
const IMAGE_FUNCTION = 2;

const CARRY_BITS = 0xc0000008 | 0;

/** Which locals hold the parts of the flags: those of the region, or parameters of the helper function. */
export interface FlagLocals {
  readonly kind: number;
  readonly result: number;
  readonly x: number;
  readonly y: number;
}

const REGION: FlagLocals = { kind: FLAG_KIND, result: FLAG_R, x: FLAG_X, y: FLAG_Y };

/** Pushes FLAG_CARRIES for a kind. */
function pushCarriesOf(c: Code, kind: number, at: FlagLocals): void {
  const { result, x, y } = at;
  const bits = bitsOf(kind);
  switch (family(kind)) {
    case CANONICAL:
      c.get(x);
      return;
    case LOGIC:
      c.const(0);
      return;
    case ADD:
      // a = result - y; (a & y) | ((a | y) & ~result)
      c.get(result).get(y).op(OP.sub).get(y).op(OP.and);
      c.get(result).get(y).op(OP.sub).get(y).op(OP.or).get(result).const(-1).op(OP.xor).op(OP.and).op(OP.or);
      lift(c, bits);
      return;
    case SUB:
      // (~x & y) | ((~x | y) & result)
      c.get(x).const(-1).op(OP.xor).get(y).op(OP.and);
      c.get(x).const(-1).op(OP.xor).get(y).op(OP.or).get(result).op(OP.and).op(OP.or);
      lift(c, bits);
      return;
    default: {
      const up = family(kind) === INC;
      const edge = bits === 32 ? 0x80000000 | 0 : -(2 ** (bits - 1));
      const overflowed = up ? edge : ~edge;
      // CF at bit 31, CF != OF at bit 30, AF at bit 3.
      c.get(x).get(y).op(OP.lt_u).const(31).op(OP.shl);
      c.get(x).get(y).op(OP.lt_u).get(result).const(overflowed).op(OP.eq).op(OP.xor).const(30).op(OP.shl).op(OP.or);
      c.get(result)
        .const(15)
        .op(OP.and)
        .const(up ? 0 : 15)
        .op(OP.eq)
        .const(3)
        .op(OP.shl)
        .op(OP.or);
    }
  }
}

/** Moves the carries of a narrow operation to their places. */
function lift(c: Code, bits: Bits): void {
  if (bits === 32) c.const(CARRY_BITS).op(OP.and);
  else {
    // (v << shift) & C0000000 | v & 8: a product with (1 << shift) + 1 has both, because only three bits of v are left.
    c.const((bits === 8 ? 0xc0 : 0xc000) | 8).op(OP.and);
    c.const(bits === 8 ? 0x1000001 : 0x10001)
      .op(OP.mul)
      .const(CARRY_BITS)
      .op(OP.and);
  }
}

/** The body of the helper function (kind, result, x, y) -> FLAG_CARRIES. */
export function carriesFunction(c: Code): void {
  const at: FlagLocals = { kind: 0, result: 1, x: 2, y: 3 };
  const levels: number[] = [];
  for (let kind = 0; kind < KINDS; kind++) {
    c.block();
    levels.unshift(c.depth);
  }
  c.get(at.kind).brTable([...levels, levels[0]!]);
  for (let kind = 0; kind < KINDS; kind++) {
    c.end();
    pushCarriesOf(c, kind, at);
    c.op(OP.return);
  }
  c.op(OP.unreachable).end();
}

/** The body of the helper function (FLAG_RESULT, FLAG_CARRIES) -> the arithmetic flags in their places of EFLAGS. */
export function arithmeticFunction(c: Code): void {
  const bit = (position: number): void => void c.const(position).op(OP.shl).op(OP.or);
  c.get(1).const(31).op(OP.shr_u);
  c.const(0x9669)
    .get(0)
    .get(1)
    .const(8)
    .op(OP.shr_u)
    .op(OP.xor)
    .tee(2)
    .get(2)
    .const(4)
    .op(OP.shr_u)
    .op(OP.xor)
    .const(15)
    .op(OP.and)
    .op(OP.shr_u)
    .const(1)
    .op(OP.and);
  bit(2);
  c.get(1).const(8).op(OP.and).const(1).op(OP.shl).op(OP.or);
  c.get(0).op(OP.eqz);
  bit(6);
  c.get(0).get(1).const(31).op(OP.shl).op(OP.xor).const(31).op(OP.shr_u);
  bit(7);
  c.get(1).get(1).const(1).op(OP.shl).op(OP.xor).const(31).op(OP.shr_u);
  bit(11);
  c.end();
}

/** The body of the helper function (image of EFLAGS) -> FLAG_CARRIES, for a FLAG_RESULT of 0 if ZF is set, else 1. */
export function imageFunction(c: Code): void {
  const bit = (position: number): void => void c.get(0).const(position).op(OP.shr_u).const(1).op(OP.and);
  bit(0);
  c.const(31).op(OP.shl);
  bit(0);
  bit(11);
  c.op(OP.xor).const(30).op(OP.shl).op(OP.or);
  bit(4);
  c.const(3).op(OP.shl).op(OP.or);
  bit(7);
  c.op(OP.or);
  // The parity of a result of 0 is even, that of 1 odd: bit 8 corrects what the image says otherwise.
  bit(6);
  bit(2);
  c.op(OP.xor).const(8).op(OP.shl).op(OP.or).end();
}

export class FlagEmitter {
  /** Kind of the flags at this point of the code, or DYNAMIC. */
  kind = DYNAMIC;
  readonly #c: Code;
  readonly #carriesIndex: number;

  /** `carriesIndex`: number of the helper function in the module. */
  constructor(c: Code, carriesIndex: number) {
    this.#c = c;
    this.#carriesIndex = carriesIndex;
  }

  /** Makes FLAG_KIND say at run time what is known here. */
  spill(): void {
    if (this.kind !== DYNAMIC) this.#c.const(this.kind).set(FLAG_KIND);
  }

  /** Pushes FLAG_CARRIES of the flags at run time: FLAG_KIND has to be up to date. */
  pushSpilledCarries(): void {
    const c = this.#c;
    c.get(FLAG_KIND)
      .ifValue()
      .get(FLAG_KIND)
      .get(FLAG_R)
      .get(FLAG_X)
      .get(FLAG_Y)
      .call(this.#carriesIndex)
      .else()
      .get(FLAG_X)
      .end();
  }

  /** Brings the flags into the canonical form. */
  canonicalise(): void {
    const c = this.#c;
    if (this.kind === CANONICAL) return;
    if (this.kind === DYNAMIC) {
      this.pushSpilledCarries();
      c.const(CANONICAL).set(FLAG_KIND);
    } else pushCarriesOf(c, this.kind, REGION);
    c.set(FLAG_X);
    this.kind = CANONICAL;
  }

  /** Pushes the arithmetic flags in their places of EFLAGS; they are canonical. */
  pushArithmetic(): void {
    this.#c
      .get(FLAG_R)
      .get(FLAG_X)
      .call(this.#carriesIndex + ARITHMETIC_FUNCTION);
  }

  /** Pushes FLAG_CARRIES for an image of EFLAGS in a local. */
  pushCarriesOfImage(local: number): void {
    this.#c.get(local).call(this.#carriesIndex + IMAGE_FUNCTION);
  }

  /** Pushes CF as 0 or 1. */
  pushCarry(): void {
    const c = this.#c;
    if (this.kind === DYNAMIC)
      c.get(FLAG_X).get(FLAG_Y).op(OP.lt_u).get(FLAG_X).const(31).op(OP.shr_u).get(FLAG_KIND).op(OP.select);
    else if (this.kind === CANONICAL) c.get(FLAG_X).const(31).op(OP.shr_u);
    else if (this.kind === LOGIC) c.const(0);
    else c.get(FLAG_X).get(FLAG_Y).op(OP.lt_u);
  }

  #pushZero(): void {
    this.#c.get(FLAG_R).op(OP.eqz);
  }

  #pushSign(): void {
    const c = this.#c;
    if (this.kind === DYNAMIC)
      c.get(FLAG_R)
        .const(0)
        .get(FLAG_X)
        .const(31)
        .op(OP.shl)
        .get(FLAG_KIND)
        .op(OP.select)
        .op(OP.xor)
        .const(31)
        .op(OP.shr_u);
    else if (this.kind === CANONICAL) c.get(FLAG_R).get(FLAG_X).const(31).op(OP.shl).op(OP.xor).const(31).op(OP.shr_u);
    else c.get(FLAG_R).const(31).op(OP.shr_u);
  }

  #pushOverflow(): void {
    const { kind } = this;
    const c = this.#c;
    if (kind === LOGIC) c.const(0);
    else if (family(kind) === INC || family(kind) === DEC) {
      const edge = -(2 ** (bitsOf(kind) - 1)) | 0;
      c.get(FLAG_R)
        .const(family(kind) === INC ? edge : ~edge)
        .op(OP.eq);
    } else {
      // Only FLAG_X of the canonical form holds both carries; it is computed into the stack twice, which V8 folds.
      pushCarriesOf(c, kind, REGION);
      pushCarriesOf(c, kind, REGION);
      c.const(1).op(OP.shl).op(OP.xor).const(31).op(OP.shr_u);
    }
  }

  #pushParity(): void {
    const c = this.#c;
    const pushByte = (): void => {
      c.get(FLAG_R);
      if (this.kind === DYNAMIC) c.const(0).get(FLAG_X).const(8).op(OP.shr_u).get(FLAG_KIND).op(OP.select).op(OP.xor);
      else if (this.kind === CANONICAL) c.get(FLAG_X).const(8).op(OP.shr_u).op(OP.xor);
    };
    // 9669 has a bit set for each nibble of even parity.
    c.const(0x9669);
    pushByte();
    pushByte();
    c.const(4).op(OP.shr_u).op(OP.xor).const(15).op(OP.and).op(OP.shr_u).const(1).op(OP.and);
  }

  #pushCompare(opcode: number, narrowBits: Bits): void {
    const c = this.#c;
    const shift = 32 - narrowBits;
    for (const local of [FLAG_X, FLAG_Y]) {
      c.get(local);
      if (shift > 0) c.const(shift).op(OP.shl);
    }
    c.op(opcode);
  }

  /** Pushes whether a condition of Jcc holds, 0 or 1. */
  pushCondition(condition: number): void {
    // OF follows from the kind; the others can be had without knowing it.
    if (this.kind === DYNAMIC && (condition < 2 || condition >= 12)) this.canonicalise();
    this.#pushEven(condition >> 1);
    if ((condition & 1) !== 0) this.#c.op(OP.eqz);
  }

  #pushEven(pair: number): void {
    const { kind } = this;
    const c = this.#c;
    const subtraction = family(kind) === SUB && kind !== DYNAMIC;
    switch (pair) {
      case 0:
        return this.#pushOverflow();
      case 1:
        return this.pushCarry();
      case 2:
        if (subtraction) c.get(FLAG_X).get(FLAG_Y).op(OP.eq);
        else this.#pushZero();
        return;
      case 3:
        if (subtraction) c.get(FLAG_X).get(FLAG_Y).op(OP.le_u);
        else {
          this.pushCarry();
          this.#pushZero();
          c.op(OP.or);
        }
        return;
      case 4:
        return this.#pushSign();
      case 5:
        return this.#pushParity();
      case 6:
      case 7:
        if (subtraction) this.#pushCompare(pair === 6 ? OP.lt_s : OP.le_s, bitsOf(kind));
        else {
          this.#pushSign();
          this.#pushOverflow();
          c.op(OP.xor);
          if (pair === 7) {
            this.#pushZero();
            c.op(OP.or);
          }
        }
    }
  }
}

/** Takes the arithmetic flags from the image in T2. */
export function setArithmeticOfImage({ c, flags }: { readonly c: Code; readonly flags: FlagEmitter }): void {
  c.get(T2).const(ZF).op(OP.and).op(OP.eqz).set(FLAG_R);
  flags.pushCarriesOfImage(T2);
  c.set(FLAG_X);
  flags.kind = CANONICAL;
}

/**
 * Loads of DS, ES, FS and GS by 32-bit code at CPL 0, and VERW: what kernels do on each way in and out. The descriptor
 * is looked up as the interpreter does it, but only the case is done here where it is one of the GDT for data that may
 * be loaded, accessed before, and DS and ES stay flat; all else takes the slow path. (SDM 3A 5.6 and 5.10.2, SDM 2 MOV,
 * POP, VERW.)
 */
import type { Semantic } from "../../src/isa/semantics.ts";
import { ZF } from "../cpu/flags.ts";
import {
  ACCESS,
  BASE,
  CPL,
  CS,
  FS,
  GDT_BASE,
  GDT_LIMIT,
  GS,
  LIMIT,
  READ_LIMIT_BYTES,
  SELECTOR,
  SS,
  WRITE_LIMIT_BYTES,
} from "../cpu/layout.ts";
import { type Emitter, pushState } from "./emitter.ts";
import { CANONICAL } from "./flags.ts";
import { GDT_REGISTER } from "./interrupts.ts";
import { FLAG_R, FLAG_X, T0, T1, T2, TARGET } from "./locals.ts";
import type { Operation } from "./operands.ts";
import { pushOperand } from "./operands.ts";
import { peekGuest, release } from "./stack.ts";
import { OP } from "./wasm.ts";

/** Bits for the numbers 0 to 5 that are not CS or SS. */
const LOADABLE = 0b111001;
// Of a descriptor's second dword.
const ACCESSED = 0x100;
const WRITABLE = 0x200;
const EXPAND_DOWN = 0x400;
const CODE = 0x800;
const CODE_OR_DATA = 0x1000;
const DPL_SHIFT = 13;
const PRESENT = 0x8000;
const GRANULAR = 0x800000;
const LOCAL_TABLE = 4;

/** Stores into an array of slots at the segment whose number is T1 / 4. */
function storeHidden({ c }: Emitter, slots: number, push: () => void): void {
  c.get(T1);
  push();
  c.store(4, 4 * slots);
}

/** The same into an array of doubles, of a number that `push` pushes as one. */
function storeLimit({ c }: Emitter, atBytes: number, push: () => void): void {
  c.get(T1).const(1).op(OP.shl);
  push();
  c.op(OP.reinterpret_i64_f64).store64(atBytes);
}

/** T2 and TARGET become the upper and the lower half of the descriptor that the selector in T0 names. */
function findData(t: Emitter): void {
  const { c, access } = t;
  const { slow } = access;
  c.get(T0).const(LOCAL_TABLE).op(OP.and).brIf(slow);
  c.get(T0).const(7).op(OP.or);
  pushState(t, GDT_LIMIT);
  c.op(OP.gt_u).brIf(slow);
  pushState(t, GDT_BASE);
  c.get(T0).const(0xfff8).op(OP.and).op(OP.add);
  access.linear(8, "read", GDT_REGISTER);
  access.load(4, 4);
  c.tee(T2)
    .const(PRESENT | CODE_OR_DATA | CODE | EXPAND_DOWN | ACCESSED)
    .op(OP.and)
    .const(PRESENT | CODE_OR_DATA | ACCESSED)
    .op(OP.ne)
    .brIf(slow);
  c.get(T0).const(3).op(OP.and);
  c.get(T2).const(DPL_SHIFT).op(OP.shr_u).const(3).op(OP.and).op(OP.gt_u).brIf(slow);
  access.load(4);
  c.set(TARGET);
}

/** Loads the selector in T0 into the segment register whose number is T1 / 4. Uses T2 and TARGET. */
function loadSegment(t: Emitter): void {
  const { c, access } = t;
  const { slow } = access;
  const pushIsFlat = (): void =>
    void c
      .get(T1)
      .const(4 * FS)
      .op(OP.lt_u);
  c.get(T0).const(0xfffc).op(OP.and).op(OP.eqz).if();
  pushIsFlat();
  c.brIf(slow);
  for (const slots of [BASE, LIMIT, ACCESS]) storeHidden(t, slots, () => c.const(0));
  for (const limits of [READ_LIMIT_BYTES, WRITE_LIMIT_BYTES]) storeLimit(t, limits, () => c.constF64(-1));
  c.else();
  findData(t);
  const pushBase = (): void => {
    c.get(TARGET).const(16).op(OP.shr_u);
    c.get(T2).const(0xff).op(OP.and).const(16).op(OP.shl).op(OP.or);
    c.get(T2)
      .const(0xff000000 | 0)
      .op(OP.and)
      .op(OP.or);
  };
  const pushPlainLimit = (): void => {
    c.get(TARGET).const(0xffff).op(OP.and);
    c.get(T2).const(0xf0000).op(OP.and).op(OP.or);
  };
  const pushLimit = (): void => {
    pushPlainLimit();
    c.const(12).op(OP.shl).const(0xfff).op(OP.or);
    pushPlainLimit();
    c.get(T2).const(GRANULAR).op(OP.and).op(OP.select);
  };
  pushIsFlat();
  c.if();
  pushBase();
  c.brIf(slow);
  pushLimit();
  c.const(-1).op(OP.ne).brIf(slow);
  c.get(T2).const(WRITABLE).op(OP.and).op(OP.eqz).brIf(slow).end();
  storeHidden(t, BASE, pushBase);
  storeHidden(t, LIMIT, pushLimit);
  storeHidden(t, ACCESS, () => c.get(T2).const(8).op(OP.shr_u).const(0xf0ff).op(OP.and));
  const pushDouble = (): void => {
    pushLimit();
    c.op(OP.convert_u_f64);
  };
  storeLimit(t, READ_LIMIT_BYTES, pushDouble);
  storeLimit(t, WRITE_LIMIT_BYTES, () => {
    pushDouble();
    c.constF64(-1).get(T2).const(WRITABLE).op(OP.and).op(OP.select);
  });
  c.end();
  storeHidden(t, SELECTOR, () => c.get(T0));
}

const isSuitable = (t: Emitter): boolean => t.isProtected && t.access.flatData && t.hasWideStack && !t.isUser;

function requireKernel(t: Emitter): void {
  pushState(t, CPL);
  t.c.brIf(t.access.slow);
  t.requireProtected();
}

const moveToSegment: Operation = (t, insn) => {
  if (!isSuitable(t) || insn.reg === CS || insn.reg === SS || (insn.reg > GS && insn.reg < 8)) return null;
  return () => {
    const { c, access } = t;
    requireKernel(t);
    t.pushNumber(insn.reg);
    c.set(T1);
    c.const(LOADABLE).get(T1).const(2).op(OP.shr_u).op(OP.shr_u).const(1).op(OP.and).op(OP.eqz).brIf(access.slow);
    pushOperand(t, insn, 1);
    c.const(0xffff).op(OP.and).set(T0);
    loadSegment(t);
  };
};

const popSegment: Operation = (t, insn) => {
  const segment = insn.form.operands[0]!.fixed;
  if (!isSuitable(t) || segment === SS) return null;
  return () => {
    requireKernel(t);
    t.c.const(4 * segment).set(T1);
    peekGuest(t, 16);
    t.c.set(T0);
    loadSegment(t);
    release(t, insn.size >>> 3);
  };
};

/** Only where it answers yes. */
const verifyWritable: Operation = (t, insn) => {
  if (!isSuitable(t)) return null;
  return () => {
    const { c, access, flags } = t;
    requireKernel(t);
    pushOperand(t, insn, 0);
    c.const(0xffff).op(OP.and).tee(T0).const(0xfffc).op(OP.and).op(OP.eqz).brIf(access.slow);
    findData(t);
    c.get(T2).const(WRITABLE).op(OP.and).op(OP.eqz).brIf(access.slow);
    flags.canonicalise();
    flags.pushArithmetic();
    c.const(ZF).op(OP.or).set(T2);
    c.const(0).set(FLAG_R);
    flags.pushCarriesOfImage(T2);
    c.set(FLAG_X);
    flags.kind = CANONICAL;
  };
};

export const SEGMENTS: Readonly<Partial<Record<Semantic, Operation>>> = {
  mov_to_sreg: moveToSegment,
  pop_sreg: popSegment,
  verw: verifyWritable,
};

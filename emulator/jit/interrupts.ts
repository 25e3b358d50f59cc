/**
 * INT n and IRET between code of one privilege, and the instructions on EFLAGS, at CPL 0 in protected mode: what
 * kernels do often. Everything is looked up as the interpreter does it - gate, descriptor, stack - but only the case is
 * done here where CS comes out as it is; all else takes the slow path. (SDM 3A 6.12.1, SDM 2 INT n, IRET, PUSHF, POPF.)
 */
import type { Semantic } from "../../src/isa/semantics.ts";
import { AC, ARITHMETIC, DF, ID, IF, IOPL, NT, RF, TF, VIF, VIP, VM, ZF } from "../cpu/flags.ts";
import { FLAGS_IMAGE } from "../cpu/interrupts.ts";
import {
  ACCESS,
  BASE,
  CPL,
  CS,
  EFLAGS,
  ESP,
  GDT_BASE,
  GDT_LIMIT,
  IDT_BASE,
  IDT_LIMIT,
  INT_COUNTS_BYTES,
  JIT_ATTENTION,
  SELECTOR,
  SS,
} from "../cpu/layout.ts";
import { type Emitter, pushState } from "./emitter.ts";
import { CANONICAL } from "./flags.ts";
import { FLAG_R, FLAG_X, T0, T1, T2, TARGET } from "./locals.ts";
import type { Operation, RegionOperation } from "./operands.ts";
import { OP } from "./wasm.ts";

const FRAME_BYTES = 12;
/** Present, DPL 0, code, not conforming, accessed: the bits of ACCESS that are looked at, and what they have to be. */
const PLAIN_CODE_MASK = 0xfd;
const PLAIN_CODE = 0x99;
/** Of a gate's second dword: present, system, 386 interrupt or trap gate. Bit 8 tells the two apart. */
const GATE_MASK = 0x9e00;
const GATE_386 = 0x8e00;
const GATE_TRAP = 0x100;

function requireKernel(t: Emitter): void {
  pushState(t, CPL);
  t.c.brIf(t.access.slow);
}

/** Takes the slow path unless loading the selector in T1 into CS would leave CS as it is. Uses T2. */
function requireSameCode(t: Emitter): void {
  const { c, access } = t;
  const { slow } = access;
  c.get(T1);
  pushState(t, SELECTOR + CS);
  c.op(OP.ne).brIf(slow);
  // Flat, not of the LDT.
  pushState(t, BASE + CS);
  c.get(T1).const(4).op(OP.and).op(OP.or).brIf(slow);
  c.get(T1).const(7).op(OP.or);
  pushState(t, GDT_LIMIT);
  c.op(OP.gt_u).brIf(slow);
  pushState(t, GDT_BASE);
  c.get(T1).const(0xfff8).op(OP.and).op(OP.add);
  access.linear(8, "read", GDT_REGISTER);
  access.load(4);
  c.const(0xffff).op(OP.ne).brIf(slow);
  pushState(t, ACCESS + CS);
  c.tee(T2).const(PLAIN_CODE_MASK).op(OP.and).const(PLAIN_CODE).op(OP.ne).brIf(slow);
  access.load(4, 4);
  c.get(T2).const(8).op(OP.shl).const(0xf0000).op(OP.or).op(OP.ne).brIf(slow);
}

/** Names of address sources for access.ts, beside those of operands. */
const IDT_REGISTER = 18;
export const GDT_REGISTER = 19;

/** Pushes EFLAGS as PUSHF sees it. */
export function pushImage(t: Emitter): void {
  const { c, flags } = t;
  flags.canonicalise();
  pushState(t, EFLAGS);
  c.const(~ARITHMETIC).op(OP.and).const(2).op(OP.or);
  flags.pushArithmetic();
  c.op(OP.or);
}

/** Takes EFLAGS from the image in T2 under a mask; what the processor lacks stays clear. */
export function loadImage(t: Emitter, wanted: number): void {
  const { c, flags } = t;
  const mask = wanted & ~t.model.missingFlags;
  if ((mask & ARITHMETIC) !== ARITHMETIC) throw new Error("all arithmetic flags change together");
  c.const(0);
  pushState(t, EFLAGS);
  c.const(~mask)
    .op(OP.and)
    .get(T2)
    .const(mask & ~ARITHMETIC)
    .op(OP.and)
    .op(OP.or)
    .const(2)
    .op(OP.or)
    .store(4, 4 * EFLAGS);
  c.get(T2).const(ZF).op(OP.and).op(OP.eqz).set(FLAG_R);
  flags.pushCarriesOfImage(T2);
  c.set(FLAG_X);
  flags.kind = CANONICAL;
}

const isSuitable = (t: Emitter): boolean =>
  t.isProtected && t.codeLimit === 0xffffffff && t.access.flatData && t.hasWideStack && !t.isUser;

const interrupt: RegionOperation = (t, insn) => {
  if (!isSuitable(t)) return null;
  const vector = insn.immediate & 0xff;
  return () => {
    const { c, access } = t;
    const { slow } = access;
    requireKernel(t);
    pushState(t, IDT_LIMIT);
    c.const(8 * vector + 7)
      .op(OP.lt_u)
      .brIf(slow);
    pushState(t, IDT_BASE);
    c.const(8 * vector).op(OP.add);
    access.linear(8, "read", IDT_REGISTER);
    access.load(4);
    c.set(TARGET);
    access.load(4, 4);
    c.tee(T0).const(GATE_MASK).op(OP.and).const(GATE_386).op(OP.ne).brIf(slow);
    c.get(TARGET).const(16).op(OP.shr_u).set(T1);
    requireSameCode(t);
    c.get(TARGET)
      .const(0xffff)
      .op(OP.and)
      .get(T0)
      .const(0xffff0000 | 0)
      .op(OP.and)
      .op(OP.or)
      .set(TARGET);
    t.getRegister(ESP);
    c.const(FRAME_BYTES).op(OP.sub);
    access.linear(FRAME_BYTES, "write", ESP);
    access.store(4, () => pushImage(t), 8);
    access.store(4, () => pushState(t, SELECTOR + CS), 4);
    access.store(4, () => t.pushNext(insn));
    c.const(0)
      .const(0)
      .load(4, INT_COUNTS_BYTES + 4 * vector)
      .const(1)
      .op(OP.add)
      .store(4, INT_COUNTS_BYTES + 4 * vector);
    t.getRegister(ESP);
    c.const(FRAME_BYTES).op(OP.sub);
    t.setRegister(ESP);
    c.const(0);
    pushState(t, EFLAGS);
    c.const(~(TF | NT | RF | VM))
      .const(~(TF | NT | RF | VM | IF))
      .get(T0)
      .const(GATE_TRAP)
      .op(OP.and)
      .op(OP.select)
      .op(OP.and)
      .store(4, 4 * EFLAGS);
  };
};

const interruptReturn: Operation = (t, insn) => {
  if (!isSuitable(t) || insn.size !== 32) return null;
  return () => {
    const { c, access } = t;
    const { slow } = access;
    requireKernel(t);
    t.requireProtected();
    // Something waits for IF, or NMI for the end of its handler.
    pushState(t, JIT_ATTENTION);
    pushState(t, EFLAGS);
    c.const(NT).op(OP.and).op(OP.or).brIf(slow);
    t.getRegister(ESP);
    access.linear(FRAME_BYTES, "read", ESP);
    access.load(4);
    c.set(TARGET);
    access.load(4, 4);
    c.const(0xffff).op(OP.and).set(T1);
    access.load(4, 8);
    c.tee(T0)
      .const(VM | TF | RF)
      .op(OP.and)
      .brIf(slow);
    requireSameCode(t);
    c.get(T0).set(T2);
    t.getRegister(ESP);
    c.const(FRAME_BYTES).op(OP.add);
    t.setRegister(ESP);
    loadImage(t, FLAGS_IMAGE | VIF | VIP);
  };
};

const pushFlags: Operation = (t, insn) => {
  if (!isSuitable(t)) return null;
  return () => {
    const { c, access } = t;
    const bytes = insn.size >>> 3;
    requireKernel(t);
    t.getRegister(ESP);
    c.const(bytes).op(OP.sub);
    access.segmented(SS, true, bytes, "write", ESP);
    access.store(bytes, () => {
      pushImage(t);
      c.const(0xfcffff).op(OP.and);
    });
    t.getRegister(ESP);
    c.const(bytes).op(OP.sub);
    t.setRegister(ESP);
  };
};

const popFlags: Operation = (t, insn) => {
  if (!isSuitable(t) || insn.size !== 32) return null;
  return () => {
    const { c, access } = t;
    requireKernel(t);
    t.getRegister(ESP);
    access.segmented(SS, true, 4, "read", ESP);
    access.load(4);
    c.tee(T2).const(TF).op(OP.and).brIf(access.slow);
    c.get(T2).const(IF).op(OP.and).if();
    pushState(t, JIT_ATTENTION);
    c.brIf(access.slow).end();
    t.getRegister(ESP);
    c.const(4).op(OP.add);
    t.setRegister(ESP);
    loadImage(t, ARITHMETIC | TF | DF | NT | AC | ID | IOPL | IF);
  };
};

const clearInterruptFlag: Operation = (t) => {
  if (t.isUser) return null;
  return () => {
    requireKernel(t);
    t.c.const(0);
    pushState(t, EFLAGS);
    t.c
      .const(~IF)
      .op(OP.and)
      .store(4, 4 * EFLAGS);
  };
};

/**
 * It holds interrupts off for one instruction, which nobody can tell while none waits and that instruction is certain
 * to run before the next event: there is budget for it.
 */
const setInterruptFlag: Operation = (t) => {
  if (t.isUser) return null;
  return () => {
    const { c } = t;
    requireKernel(t);
    pushState(t, EFLAGS);
    c.const(IF).op(OP.and).op(OP.eqz).if();
    pushState(t, JIT_ATTENTION);
    t.pushBudgetAfter();
    c.op(OP.eqz).op(OP.or).brIf(t.access.slow);
    c.const(0);
    pushState(t, EFLAGS);
    c.const(IF)
      .op(OP.or)
      .store(4, 4 * EFLAGS)
      .end();
  };
};

export const FLAG_INSTRUCTIONS: Readonly<Partial<Record<Semantic, Operation>>> = {
  iret: interruptReturn,
  pushf: pushFlags,
  popf: popFlags,
  cli: clearInterruptFlag,
  sti: setInterruptFlag,
};

export const INTERRUPTS: Readonly<Partial<Record<Semantic, RegionOperation>>> = {
  ...FLAG_INSTRUCTIONS,
  int: interrupt,
};

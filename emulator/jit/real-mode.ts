/**
 * What only 16-bit code does, and in real mode all the time: far transfers, INT and IRET, loads of segments, the flags
 * on the stack, PUSHA. A selector is its base there, limits and rights of segments stay (SDM 3B 21.1). What is not so
 * in virtual-8086 and protected mode takes the slow path there.
 */
import type { Semantic } from "../../src/isa/semantics.ts";
import { AC, ARITHMETIC, DF, ID, IF, IOPL, NT, RF, TF, VM } from "../cpu/flags.ts";
import type { DecodedInstruction } from "../cpu/instruction.ts";
import { FLAGS_IMAGE } from "../cpu/interrupts.ts";
import {
  ACCESS,
  BASE,
  CR0,
  CS,
  DS,
  EAX,
  EDI,
  EFLAGS,
  ES,
  ESP,
  FS,
  GS,
  IDT_BASE,
  IDT_LIMIT,
  INT_COUNTS_BYTES,
  JIT_ATTENTION,
  SELECTOR,
  SS,
} from "../cpu/layout.ts";
import { CR0_PE } from "../cpu/state.ts";
import { type Emitter, pushState } from "./emitter.ts";
import type { Bits } from "./flags.ts";
import { loadImage, pushImage } from "./interrupts.ts";
import { T0, T1, T2, TARGET } from "./locals.ts";
import type { Operation } from "./operands.ts";
import { pushOperand } from "./operands.ts";
import { peekGuest, pushGuest, pushOnStack, release, releaseReturn } from "./stack.ts";
import { OP } from "./wasm.ts";

const SEGMENT_BYTES = 0x10000;
/** What INT pushes: IP, CS, FLAGS. */
const FRAME_BYTES = 6;
/** What a far call pushes: IP, CS. */
const POINTER_BYTES = 4;
const BREAKPOINT_VECTOR = 3;
/** Rights of CS that a load in real mode gives it: present, writable, accessed. */
const REAL_CODE = 0x93;
/** Segment registers that MOV and POP load, by number. CS is none of them. */
const LOADABLE = (1 << ES) | (1 << SS) | (1 << DS) | (1 << FS) | (1 << GS);
/** The most that is checked for code at once (handler-access.ts). */
const CHECKED_BYTES = 16;

function requireReal(t: Emitter): void {
  pushState(t, CR0);
  t.c.const(CR0_PE).op(OP.and).brIf(t.access.slow);
}

/** Real or virtual-8086 mode: to load a segment changes its base and its selector. */
function requireParagraphs(t: Emitter): void {
  pushState(t, CR0);
  t.c.const(CR0_PE).op(OP.and);
  pushState(t, EFLAGS);
  t.c.const(VM).op(OP.and).op(OP.eqz).op(OP.and).brIf(t.access.slow);
}

/**
 * The same of CS: it has to be as an earlier load in real mode has left it, which it always is in virtual-8086 mode.
 */
function requireCodeParagraphs(t: Emitter): void {
  const { c } = t;
  pushState(t, EFLAGS);
  c.const(VM).op(OP.and).op(OP.eqz).if();
  requireRealCode(t);
  c.end();
}

/** Real mode, and CS as an earlier load in it has left it: only base and selector change. */
function requireRealCode(t: Emitter): void {
  requireReal(t);
  pushState(t, ACCESS + CS);
  t.c.const(0xff).op(OP.and).const(REAL_CODE).op(OP.ne).brIf(t.access.slow);
}

/** Loads CS from the selector in T1. */
function loadCode({ c }: Emitter): void {
  c.const(0)
    .get(T1)
    .store(4, 4 * (SELECTOR + CS));
  c.const(0)
    .get(T1)
    .const(4)
    .op(OP.shl)
    .store(4, 4 * (BASE + CS));
}

/** Loads the selector in T0 into the segment register of which `pushNumber` pushes four times the number. */
function loadSegment({ c }: Emitter, pushNumber: () => void): void {
  pushNumber();
  c.get(T0).store(4, 4 * SELECTOR);
  pushNumber();
  c.get(T0)
    .const(4)
    .op(OP.shl)
    .store(4, 4 * BASE);
}

/** Checks bytes of the stack that begin so far from its top and do not go round. */
function stackRun(t: Emitter, from: number, bytes: number, kind: "read" | "write"): void {
  const { c, access } = t;
  pushOnStack(t, ESP, from);
  c.tee(T0)
    .const(SEGMENT_BYTES - bytes)
    .op(OP.gt_u)
    .brIf(access.slow);
  c.get(T0);
  access.segmented(SS, false, bytes, kind, ESP);
}

/**
 * Interrupts are held off for one instruction: nobody can tell while none waits and that one is certain to run before
 * the next event, since there is budget for it.
 */
function requireNoneWaits(t: Emitter): void {
  pushState(t, JIT_ATTENTION);
  t.pushBudgetAfter();
  t.c.op(OP.eqz).op(OP.or).brIf(t.access.slow);
}

/** Splits the far pointer in T1 into TARGET and the selector in T1. */
function splitPointer({ c }: Emitter): void {
  c.get(T1).const(0xffff).op(OP.and).set(TARGET);
  c.get(T1).const(16).op(OP.shr_u).set(T1);
}

function interrupt(pushVector: (t: Emitter, insn: DecodedInstruction) => void): Operation {
  return (t, insn) => () => {
    const { c, access } = t;
    requireRealCode(t);
    pushVector(t, insn);
    c.const(2).op(OP.shl).tee(T2).const(3).op(OP.add);
    pushState(t, IDT_LIMIT);
    c.op(OP.gt_u).brIf(access.slow);
    pushState(t, IDT_BASE);
    c.get(T2).op(OP.add);
    access.linear(4, "read", ESP);
    access.load(4);
    c.set(T1);
    stackRun(t, -FRAME_BYTES, FRAME_BYTES, "write");
    access.store(2, () => pushImage(t), 4);
    access.store(2, () => pushState(t, SELECTOR + CS), 2);
    access.store(2, () => t.pushNext(insn));
    release(t, -FRAME_BYTES);
    c.get(T2).get(T2).load(4, INT_COUNTS_BYTES).const(1).op(OP.add).store(4, INT_COUNTS_BYTES);
    c.const(0);
    pushState(t, EFLAGS);
    c.const(~(TF | IF | AC | RF))
      .op(OP.and)
      .store(4, 4 * EFLAGS);
    splitPointer(t);
    loadCode(t);
  };
}

const interruptReturn: Operation = (t, insn) => {
  if (insn.size !== 16) return null;
  return () => {
    const { c, access } = t;
    requireRealCode(t);
    // Something waits for IF, or NMI for the end of its handler.
    pushState(t, JIT_ATTENTION);
    c.brIf(access.slow);
    stackRun(t, 0, FRAME_BYTES, "read");
    access.load(2, 4);
    c.tee(T2).const(TF).op(OP.and).brIf(access.slow);
    access.load(4);
    c.set(T1);
    splitPointer(t);
    loadCode(t);
    release(t, FRAME_BYTES);
    loadImage(t, FLAGS_IMAGE & 0xffff);
  };
};

/** JMP and CALL to a far pointer, in the instruction or in memory. */
function far(isCall: boolean): Operation {
  return (t, insn) => {
    const isDirect = insn.form.operands[0]!.field === "far";
    if (insn.size !== 16 || (!isDirect && !insn.isMemory)) return null;
    return () => {
      const { c, access } = t;
      requireCodeParagraphs(t);
      if (isDirect) t.pushImmediate(insn, false);
      else {
        access.operand(insn, POINTER_BYTES, "read");
        access.load(4);
      }
      c.set(T1);
      splitPointer(t);
      if (isCall) {
        stackRun(t, -POINTER_BYTES, POINTER_BYTES, "write");
        access.store(2, () => pushState(t, SELECTOR + CS), 2);
        access.store(2, () => t.pushNext(insn));
        release(t, -POINTER_BYTES);
      }
      loadCode(t);
    };
  };
}

const farReturn: Operation = (t, insn) => {
  if (insn.size !== 16) return null;
  return () => {
    const { c, access } = t;
    requireCodeParagraphs(t);
    stackRun(t, 0, POINTER_BYTES, "read");
    access.load(4);
    c.set(T1);
    splitPointer(t);
    loadCode(t);
    releaseReturn(t, insn, POINTER_BYTES);
  };
};

const moveToSegment: Operation = (t, insn) => {
  const pushNumber = (): void => t.pushNumber(insn.reg);
  return () => {
    const { c, access } = t;
    requireParagraphs(t);
    pushNumber();
    c.const(2).op(OP.shr_u).set(T1);
    c.const(LOADABLE).get(T1).op(OP.shr_u).const(1).op(OP.and).op(OP.eqz).brIf(access.slow);
    c.get(T1).const(SS).op(OP.eq).if();
    requireNoneWaits(t);
    c.end();
    pushOperand(t, insn, 1);
    c.const(0xffff).op(OP.and).set(T0);
    loadSegment(t, pushNumber);
  };
};

const popSegment: Operation = (t, insn) => {
  const segment = insn.form.operands[0]!.fixed;
  if (insn.size !== 16) return null;
  return () => {
    requireParagraphs(t);
    if (segment === SS) requireNoneWaits(t);
    peekGuest(t, 16);
    t.c.set(T0);
    // It is the old stack that the selector goes from.
    release(t, 2);
    loadSegment(t, () => t.c.const(4 * segment));
  };
};

/** LDS and its kin. LSS holds nothing off. */
function loadPointer(segment: number): Operation {
  return (t, insn) => {
    if (!insn.isMemory) return null;
    const bits: Bits = insn.size === 16 ? 16 : 32;
    const bytes = bits >>> 3;
    return () => {
      const { c, access } = t;
      requireParagraphs(t);
      access.operand(insn, bytes + 2, "read");
      access.load(2, bytes);
      c.set(T0);
      t.writeRegister(insn.reg, bits, () => access.load(bytes));
      loadSegment(t, () => c.const(4 * segment));
    };
  };
}

const pushFlags: Operation = (t, insn) => () => {
  requireReal(t);
  pushGuest(t, insn.size === 16 ? 16 : 32, () => {
    pushImage(t);
    t.c.const(0xfcffff).op(OP.and);
  });
};

const popFlags: Operation = (t, insn) => {
  const bits: Bits = insn.size === 16 ? 16 : 32;
  const mask = ARITHMETIC | TF | DF | NT | AC | ID | IOPL | IF;
  return () => {
    const { c, access } = t;
    requireReal(t);
    peekGuest(t, bits);
    c.tee(T2).const(TF).op(OP.and).brIf(access.slow);
    c.get(T2).const(IF).op(OP.and).if();
    pushState(t, JIT_ATTENTION);
    c.brIf(access.slow).end();
    release(t, bits >>> 3);
    loadImage(t, bits === 16 ? mask & 0xffff : mask);
  };
};

/** The registers lie on the stack with EDI at its top. Each run is checked before anything is stored. */
const pushAll: Operation = (t, insn) => {
  const bits: Bits = insn.size === 16 ? 16 : 32;
  const bytes = bits >>> 3;
  const all = 8 * bytes;
  return () => {
    for (let from = CHECKED_BYTES; from < all; from += CHECKED_BYTES) stackRun(t, -from, CHECKED_BYTES, "write");
    stackRun(t, -all, CHECKED_BYTES, "write");
    if (all > CHECKED_BYTES) requireOnePage(t, all);
    for (let register = EAX; register <= EDI; register++)
      t.access.store(bytes, () => t.pushRegister(register, bits), bytes * (EDI - register));
    release(t, -all);
  };
};

/** From the address that was checked last on, so many bytes have to lie in one page. */
function requireOnePage(t: Emitter, bytes: number): void {
  t.access.pushHost();
  t.c
    .const(0xfff)
    .op(OP.and)
    .const(0x1000 - bytes)
    .op(OP.gt_u)
    .brIf(t.access.slow);
}

const popAll: Operation = (t, insn) => {
  const bits: Bits = insn.size === 16 ? 16 : 32;
  const bytes = bits >>> 3;
  return () => {
    stackRun(t, 0, 8 * bytes, "read");
    for (let register = EAX; register <= EDI; register++)
      if (register !== ESP) t.writeRegister(register, bits, () => t.access.load(bytes, bytes * (EDI - register)));
    release(t, 8 * bytes);
  };
};

/** What goes on in another code segment. */
export const FAR_TRANSFERS: ReadonlySet<Semantic> = new Set<Semantic>([
  "int",
  "int3",
  "iret",
  "call_far",
  "jmp_far",
  "retf",
]);

export const REAL_MODE: Readonly<Partial<Record<Semantic, Operation>>> = {
  int: interrupt((t, insn) => t.pushImmediate(insn, false)),
  int3: interrupt(({ c }) => c.const(BREAKPOINT_VECTOR)),
  iret: interruptReturn,
  call_far: far(true),
  jmp_far: far(false),
  retf: farReturn,
  mov_to_sreg: moveToSegment,
  pop_sreg: popSegment,
  lds: loadPointer(DS),
  les: loadPointer(ES),
  lfs: loadPointer(FS),
  lgs: loadPointer(GS),
  lss: loadPointer(SS),
  pushf: pushFlags,
  popf: popFlags,
  pusha: pushAll,
  popa: popAll,
};

/**
 * String instructions in emitted code. Repeated ones go page by page: as much as lies in one page of source and target
 * at once, each element one tick, as the handlers of cpu/ count. What is different - backwards, a page that is not in
 * the tables or that holds code, a budget that does not reach - is left to these, from where they have got to.
 */
import type { Semantic } from "../../src/isa/semantics.ts";
import { DF } from "../cpu/flags.ts";
import type { DecodedInstruction } from "../cpu/instruction.ts";
import { CS, DS, EAX, ECX, EDI, EFLAGS, ES, ESI, FS } from "../cpu/layout.ts";
import type { Emitter } from "./emitter.ts";
import { DYNAMIC, subKind } from "./flags.ts";
import { BUDGET, FLAG_R, FLAG_X, FLAG_Y, T0, T1, T2, TARGET } from "./locals.ts";
import type { Operation } from "./operands.ts";
import { pushSignExtended } from "./operands.ts";
import { OP } from "./wasm.ts";

const PAGE_BYTES = 4096;
/** Up to so many elements a loop is faster than the host's copy. */
const SHORT_RUN = 16;

const sourceSegment = (insn: DecodedInstruction): number => (insn.override >= 0 ? insn.override : DS);

const isFlatSource = (t: Emitter, segment: number): boolean => t.access.flatData && segment !== CS && segment < FS;

function pushPointer(t: Emitter, insn: DecodedInstruction, register: number): void {
  t.pushRegister(register, insn.address32 ? 32 : 16);
}

function advance(t: Emitter, insn: DecodedInstruction, register: number, bytes: number): void {
  const { c } = t;
  t.writeRegister(register, insn.address32 ? 32 : 16, () => {
    t.getRegister(register);
    c.const(bytes)
      .const(-bytes)
      .const(0)
      .load(4, 4 * EFLAGS)
      .const(DF)
      .op(OP.and)
      .op(OP.eqz)
      .op(OP.select)
      .op(OP.add);
  });
}

function source(t: Emitter, insn: DecodedInstruction, bytes: number): void {
  const segment = sourceSegment(insn);
  pushPointer(t, insn, ESI);
  t.access.segmented(segment, isFlatSource(t, segment), bytes, "read", ESI);
  t.access.load(bytes);
}

function destination(t: Emitter, insn: DecodedInstruction, bytes: number, kind: "read" | "write"): void {
  pushPointer(t, insn, EDI);
  t.access.segmented(ES, t.access.flatData, bytes, kind, EDI);
}

const moveOnce: Operation = (t, insn) => () => {
  const bytes = insn.size >>> 3;
  source(t, insn, bytes);
  t.c.set(T0);
  destination(t, insn, bytes, "write");
  t.access.store(bytes, () => t.c.get(T0));
  advance(t, insn, ESI, bytes);
  advance(t, insn, EDI, bytes);
};

const storeOnce: Operation = (t, insn) => () => {
  const bytes = insn.size >>> 3;
  destination(t, insn, bytes, "write");
  t.access.store(bytes, () => t.getRegister(EAX));
  advance(t, insn, EDI, bytes);
};

const loadOnce: Operation = (t, insn) => () => {
  const bytes = insn.size >>> 3;
  source(t, insn, bytes);
  t.c.set(T0);
  t.writeRegister(EAX, insn.size, () => t.c.get(T0));
  advance(t, insn, ESI, bytes);
};

/** Flags of FLAG_X - FLAG_Y. */
function setComparison(t: Emitter, insn: DecodedInstruction): void {
  const { c } = t;
  c.get(FLAG_X).get(FLAG_Y).op(OP.sub);
  pushSignExtended(t, insn.size);
  c.set(FLAG_R);
  t.flags.kind = subKind(insn.size);
}

const compareOnce: Operation = (t, insn) => () => {
  const { c } = t;
  const bytes = insn.size >>> 3;
  source(t, insn, bytes);
  c.set(T0);
  destination(t, insn, bytes, "read");
  t.access.load(bytes);
  c.set(FLAG_Y).get(T0).set(FLAG_X);
  setComparison(t, insn);
  advance(t, insn, ESI, bytes);
  advance(t, insn, EDI, bytes);
};

const scanOnce: Operation = (t, insn) => () => {
  const { c } = t;
  const bytes = insn.size >>> 3;
  destination(t, insn, bytes, "read");
  t.access.load(bytes);
  c.set(FLAG_Y);
  t.pushRegister(EAX, insn.size);
  c.set(FLAG_X);
  setComparison(t, insn);
  advance(t, insn, EDI, bytes);
};

/** Pushes how many elements fit between a pointer and the end of its page. */
function pushRoom(t: Emitter, register: number, shift: number): void {
  const { c } = t;
  c.const(PAGE_BYTES);
  t.getRegister(register);
  c.const(PAGE_BYTES - 1)
    .op(OP.and)
    .op(OP.sub)
    .const(shift)
    .op(OP.shr_u);
}

/** The smaller of T0 and what is on the stack becomes T0. */
function limitRun(t: Emitter): void {
  t.c.tee(T1).get(T0).get(T1).get(T0).op(OP.lt_u).op(OP.select).set(T0);
}

const COUNT = T0;
const TARGET_HOST = TARGET;
const SOURCE_HOST = T2;

/** `at(i)`: T1 counts bytes from 0 to the length of the run. */
function forEachElement(t: Emitter, shift: number, body: () => void): void {
  const { c } = t;
  c.const(0).set(T1).loop();
  const again = c.depth;
  body();
  c.get(T1)
    .const(1 << shift)
    .op(OP.add)
    .tee(T1)
    .get(COUNT)
    .const(shift)
    .op(OP.shl)
    .op(OP.lt_u)
    .brIf(again)
    .end();
}

function copyRun(t: Emitter, shift: number): void {
  const { c } = t;
  const bytes = 1 << shift;
  c.get(COUNT).const(SHORT_RUN).op(OP.le_u).if();
  forEachElement(t, shift, () => {
    c.get(TARGET_HOST).get(T1).op(OP.add).get(SOURCE_HOST).get(T1).op(OP.add).load(bytes, 0).store(bytes, 0);
  });
  c.else();
  // Upwards to a target just above the source: what lies between the two repeats.
  c.get(TARGET_HOST).get(SOURCE_HOST).op(OP.sub).const(1).op(OP.sub);
  c.get(COUNT).const(shift).op(OP.shl).const(1).op(OP.sub).op(OP.lt_u).brIf(t.access.slow);
  c.get(TARGET_HOST).get(SOURCE_HOST).get(COUNT).const(shift).op(OP.shl).memoryCopy();
  c.end();
}

function fillRun(t: Emitter, shift: number): void {
  const { c } = t;
  const loop = (): void =>
    forEachElement(t, shift, () => {
      c.get(TARGET_HOST).get(T1).op(OP.add);
      t.getRegister(EAX);
      c.store(1 << shift, 0);
    });
  c.get(COUNT).const(SHORT_RUN).op(OP.le_u);
  if (shift > 0) {
    // Not one byte again and again.
    t.pushRegister(EAX, shift === 1 ? 16 : 32);
    t.pushRegister(EAX, 8);
    c.const(shift === 1 ? 0x101 : 0x1010101)
      .op(OP.mul)
      .op(OP.ne)
      .op(OP.or);
  }
  c.if();
  loop();
  c.else().get(TARGET_HOST);
  t.getRegister(EAX);
  c.get(COUNT).const(shift).op(OP.shl).memoryFill().end();
}

const shiftOf = ({ size }: DecodedInstruction): number => (size === 32 ? 2 : size === 16 ? 1 : 0);

/** Whether pages of both operands may be gone through at once. */
const isPlain = (t: Emitter, insn: DecodedInstruction, hasSource: boolean): boolean =>
  insn.address32 && t.access.flatData && (!hasSource || isFlatSource(t, sourceSegment(insn)));

/** COUNT becomes how many of ECX elements lie in the pages at hand. */
function beginRun(t: Emitter, shift: number, hasSource: boolean): void {
  t.getRegister(ECX);
  t.c.set(COUNT);
  pushRoom(t, EDI, shift);
  limitRun(t);
  if (!hasSource) return;
  pushRoom(t, ESI, shift);
  limitRun(t);
}

/**
 * SOURCE_HOST becomes where the source is. It is looked for before the target, as the element would be: where it
 * faults, the target's page was neither accessed nor written.
 */
function findSource(t: Emitter, pushLength: () => void): void {
  t.getRegister(ESI);
  t.access.run("read", pushLength);
  t.c.set(SOURCE_HOST);
}

/** Adds as many elements as a local says to a pointer. */
function advanceBy(t: Emitter, register: number, count: number, shift: number): void {
  t.getRegister(register);
  t.c.get(count).const(shift).op(OP.shl).op(OP.add);
  t.setRegister(register);
}

/** Takes as many elements as a local says from ECX, and as many ticks. */
function countDown(t: Emitter, count: number): void {
  const { c } = t;
  c.get(BUDGET).get(count).op(OP.sub).set(BUDGET);
  t.getRegister(ECX);
  c.get(count).op(OP.sub);
  t.setRegister(ECX);
}

/** The slow path backwards. */
function requireUpwards({ c, access }: Emitter): void {
  c.const(0)
    .load(4, 4 * EFLAGS)
    .const(DF)
    .op(OP.and)
    .brIf(access.slow);
}

/** REP MOVS and REP STOS. */
function repeated(moves: boolean): Operation {
  return (t, insn) => {
    if (!isPlain(t, insn, moves)) return null;
    const shift = shiftOf(insn);
    return () => {
      const { c, access } = t;
      t.getRegister(ECX);
      c.if();
      requireUpwards(t);
      c.loop();
      const again = c.depth;
      beginRun(t, shift, moves);
      // An element across two pages, or a budget that does not reach.
      c.get(COUNT).op(OP.eqz).get(COUNT).get(BUDGET).op(OP.gt_s).op(OP.or).brIf(access.slow);
      const pushLength = (): void => void c.get(COUNT).const(shift).op(OP.shl);
      if (moves) findSource(t, pushLength);
      t.getRegister(EDI);
      access.run("write", pushLength);
      c.set(TARGET_HOST);
      if (moves) copyRun(t, shift);
      else fillRun(t, shift);
      advanceBy(t, EDI, COUNT, shift);
      if (moves) advanceBy(t, ESI, COUNT, shift);
      countDown(t, COUNT);
      t.getRegister(ECX);
      c.brIf(again).end();
      // The block's count has the last element already.
      c.get(BUDGET).const(1).op(OP.add).set(BUDGET).end();
    };
  };
}

/** Repeated CMPS and SCAS: one run, and once more where neither the count nor what is found has ended it. */
function comparing(hasSource: boolean): Operation {
  return (t, insn) => {
    if (!isPlain(t, insn, hasSource)) return null;
    const { size } = insn;
    const bytes = size >>> 3;
    const shift = shiftOf(insn);
    return () => {
      const { c, access, flags } = t;
      const done = T1;
      flags.spill();
      flags.kind = DYNAMIC;
      t.getRegister(ECX);
      c.if();
      requireUpwards(t);
      beginRun(t, shift, hasSource);
      c.get(BUDGET);
      limitRun(t);
      c.get(COUNT).op(OP.eqz).get(BUDGET).const(0).op(OP.le_s).op(OP.or).brIf(access.slow);
      const pushLength = (): void => void c.get(COUNT).const(shift).op(OP.shl);
      if (hasSource) findSource(t, pushLength);
      t.getRegister(EDI);
      access.run("read", pushLength);
      c.set(TARGET_HOST);
      // Not before all has been looked at: it is a part of the flags.
      if (!hasSource) {
        t.pushRegister(EAX, size);
        c.set(FLAG_X);
      }
      const pushElement = (host: number): void =>
        void c.get(host).get(done).const(shift).op(OP.shl).op(OP.add).load(bytes, 0);
      c.const(0).set(done).loop();
      const again = c.depth;
      if (hasSource) {
        pushElement(SOURCE_HOST);
        c.set(FLAG_X);
      }
      pushElement(TARGET_HOST);
      c.set(FLAG_Y);
      c.get(done).const(1).op(OP.add).tee(done).get(COUNT).op(OP.lt_u);
      pushGoesOn(t, insn);
      c.op(OP.and).brIf(again).end();
      setComparison(t, insn);
      flags.spill();
      advanceBy(t, EDI, done, shift);
      if (hasSource) advanceBy(t, ESI, done, shift);
      countDown(t, done);
      pushGoesOn(t, insn);
      t.getRegister(ECX);
      c.const(0).op(OP.ne).op(OP.and).if();
      t.repeatOn();
      c.end();
      flags.kind = DYNAMIC;
      c.get(BUDGET).const(1).op(OP.add).set(BUDGET).end();
    };
  };
}

/** Pushes whether what was compared last does not end a repetition: REPE ends at a difference, REPNE at none. */
function pushGoesOn({ c }: Emitter, { repeat }: DecodedInstruction): void {
  c.get(FLAG_X)
    .get(FLAG_Y)
    .op(repeat === 0xf2 ? OP.ne : OP.eq);
}

const either =
  (once: Operation, many: Operation | null): Operation =>
  (t, insn) =>
    insn.repeat === 0 ? once(t, insn) : (many?.(t, insn) ?? null);

export const STRINGS: Readonly<Partial<Record<Semantic, Operation>>> = {
  movs: either(moveOnce, repeated(true)),
  stos: either(storeOnce, repeated(false)),
  lods: either(loadOnce, null),
  cmps: either(compareOnce, comparing(true)),
  scas: either(scanOnce, comparing(false)),
};

/** What handlers of the interpreter go on to: the next instruction, another page, compiled code, and the way out. */
import {
  BASE,
  CS,
  EIP,
  FLAG_CARRIES,
  FLAG_RESULT,
  JIT_BUDGET,
  THREAD_CONTEXT,
  THREAD_COUNT_ENTRIES,
  THREAD_COUNTS,
  THREAD_DELTA,
  THREAD_FIRST_READ_TABLE,
  THREAD_FIRST_WRITE_TABLE,
  THREAD_FLAG_KIND,
  THREAD_FLAG_Y,
  THREAD_LAST,
  THREAD_LENGTH,
  THREAD_PAGE_ENTRIES,
  THREAD_PAGES,
  THREAD_READ_TABLE,
  THREAD_START,
  THREAD_WAY,
  THREAD_WAY_ENTRIES,
  THREAD_WAYS,
  THREAD_WRITE_TABLE,
  TLB_DELTA,
} from "../../cpu/layout.ts";
import { EXIT_BUDGET, EXIT_INTERPRET, EXIT_LOOKUP, EXIT_PAGE, EXIT_STOPPED, EXIT_UNKNOWN } from "../exits.ts";
import { ENTER } from "../imports.ts";
import { pushContext, pushEipKey, pushIsInJumpCache, pushRegionEntry } from "../jump-cache.ts";
import { BUDGET, T0, T1, T2 } from "../locals.ts";
import type { Code } from "../wasm.ts";
import { OP } from "../wasm.ts";
import {
  ASK_HOT,
  ASK_LEAP,
  ASK_PAGE,
  BRANCH,
  BYTES,
  CARRIES,
  HANDLER_TYPE,
  HOT,
  LEAVE,
  PAUSE,
  PLACE,
  TURN,
} from "./parts.ts";

/** How often a place is come to before the engine is asked whether it is worth compiling. */
export const HOT_RUNS = 1024;
/** With less than this the interpreter goes on: a block has at most 32 instructions. */
export const LEAST_BUDGET = 64;
const PAGE_MASK = 0xfff;
/** In place of where a branch comes from: what it leads to is not looked for in compiled code. */
const UNCOUNTED = -2;
/** An instruction that might reach beyond the code segment's limit, or into a page that is elsewhere, is not begun. */
export const LONGEST_BYTES = 15;

type CodeBits = 16 | 32;

/** Limit of the code segments that the interpreter is for. */
export const codeLimitOf = (codeBits: CodeBits): number => (codeBits === 32 ? 0xffffffff : 0xffff);

const pushSlot = (c: Code, offset: number): Code => c.const(0).load(4, offset);

/** On to the instruction at PLACE. */
export function emitDispatch(c: Code): void {
  c.get(PLACE).load(4, 0).tee(BYTES).get(BUDGET).get(PLACE);
  c.get(BYTES).const(0xff).op(OP.and).returnCallIndirect(HANDLER_TYPE);
}

/** How an instruction ends: followed by the one whose place is on the stack, or by a jump to there. */
export interface Endings {
  next(c: Code): void;
  /** `isConditional`: T0 says whether the branch is taken. */
  branch(c: Code, isConditional: boolean): void;
}

/** Goes on with the instruction after an other one, whose place is on the stack, or pauses. */
export function emitNext(c: Code, dispatch: (c: Code) => void): void {
  c.set(PLACE);
  // One comparison for both: the page's end, and a budget of nothing.
  pushSlot(c, THREAD_LAST).get(PLACE).op(OP.sub);
  c.get(BUDGET).const(1).op(OP.sub).tee(BUDGET).const(1).op(OP.sub);
  c.op(OP.or).const(0).op(OP.lt_s).if();
  c.get(BYTES).get(BUDGET).get(PLACE).returnCall(PAUSE).end();
  dispatch(c);
}

/** Of a handler by itself. */
export const tailCalls = (codeBits: CodeBits): Endings => ({
  next: (c) => emitNext(c, emitDispatch),
  branch: (c, isConditional) => {
    c.set(T1);
    pushOrigin(c, codeBits, isConditional);
    c.get(BUDGET).get(T1).returnCall(BRANCH);
  },
});

/**
 * Pushes what BYTES has to be when a branch arrives: in 16-bit code, most of which runs once, the place that it comes
 * from, or -1 where it was not taken.
 */
export function pushOrigin(c: Code, codeBits: CodeBits, isConditional: boolean): void {
  if (codeBits === 32) c.get(BYTES);
  else if (isConditional) c.get(PLACE).const(-1).get(T0).op(OP.select);
  else c.get(PLACE);
}

/** Notes a branch from BYTES to PLACE, for the explanation of a triple fault. */
export function emitWay(c: Code): void {
  const pushEntry = (): void =>
    void pushSlot(c, THREAD_WAY)
      .const(THREAD_WAY_ENTRIES - 1)
      .op(OP.and)
      .const(4)
      .op(OP.shl);
  const pushTarget = (): void => {
    c.get(PLACE);
    pushSlot(c, THREAD_DELTA).op(OP.add);
  };
  c.get(BYTES).const(-1).op(OP.ne).if();
  c.get(BYTES);
  pushSlot(c, THREAD_DELTA).op(OP.add).set(T0);
  pushEntry();
  c.tee(T1).load(4, THREAD_WAYS).get(T0).op(OP.eq);
  c.get(T1).load(4, THREAD_WAYS + 4);
  pushTarget();
  c.op(OP.eq).op(OP.and).if();
  c.get(T1)
    .get(T1)
    .load(4, THREAD_WAYS + 8)
    .const(1)
    .op(OP.add)
    .store(4, THREAD_WAYS + 8);
  c.else().const(0);
  pushSlot(c, THREAD_WAY).const(1).op(OP.add).store(4, THREAD_WAY);
  pushEntry();
  c.tee(T1).get(T0).store(4, THREAD_WAYS).get(T1);
  pushTarget();
  c.store(4, THREAD_WAYS + 4)
    .get(T1)
    .const(1)
    .store(4, THREAD_WAYS + 8)
    .get(T1);
  pushSlot(c, 4 * (BASE + CS)).store(4, THREAD_WAYS + 12);
  c.end().end();
}

export function emitLeave(c: Code, reason: number): void {
  c.const(reason).get(BUDGET).get(PLACE).returnCall(LEAVE);
}

/** Counts that PLACE was come to, where code is compiled that is come to often, and goes on there. */
function emitCounted(c: Code, dispatch = emitDispatch): void {
  c.get(PLACE)
    .get(PLACE)
    .const(13)
    .op(OP.shr_u)
    .op(OP.xor)
    .const(THREAD_COUNT_ENTRIES - 1)
    .op(OP.and)
    .const(1)
    .op(OP.shl)
    .tee(T0);
  c.get(T0).load(2, THREAD_COUNTS).const(1).op(OP.add).tee(T1).store(2, THREAD_COUNTS);
  c.get(T1).const(HOT_RUNS).op(OP.ge_u).if();
  c.get(T0).get(BUDGET).get(PLACE).returnCall(HOT).end();
  dispatch(c);
}

/** The flags as the handlers of cpu/ keep them. */
function emitCanonical(c: Code): void {
  pushSlot(c, THREAD_FLAG_KIND).if();
  c.const(0);
  pushSlot(c, THREAD_FLAG_KIND);
  pushSlot(c, 4 * FLAG_RESULT);
  pushSlot(c, 4 * FLAG_CARRIES);
  pushSlot(c, THREAD_FLAG_Y);
  c.call(CARRIES)
    .store(4, 4 * FLAG_CARRIES)
    .const(0)
    .const(0)
    .store(4, THREAD_FLAG_KIND)
    .end();
}

/**
 * Has the engine do something with all state in memory, at the EIP of PLACE; pushes its answer. PLACE is what the EIP
 * is then.
 */
function emitAsk(c: Code, call: number): void {
  c.const(0).get(PLACE);
  pushSlot(c, THREAD_DELTA)
    .op(OP.add)
    .store(4, 4 * EIP);
  emitCanonical(c);
  pushSlot(c, 4 * EIP)
    .get(BUDGET)
    .call(call);
  pushSlot(c, 4 * EIP);
  pushSlot(c, THREAD_DELTA).op(OP.sub).set(PLACE);
}

export function leapFunction(c: Code): void {
  emitAsk(c, ASK_LEAP);
  c.tee(BUDGET).const(0).op(OP.lt_s).if().const(EXIT_STOPPED).op(OP.return).end();
  emitCounted(c);
  c.end();
}

export function leaveFunction(c: Code): void {
  c.const(0).get(PLACE);
  pushSlot(c, THREAD_DELTA)
    .op(OP.add)
    .store(4, 4 * EIP);
  c.const(0).get(BUDGET).store(4, JIT_BUDGET);
  emitCanonical(c);
  c.get(BYTES).end();
}

export function pauseFunction(c: Code): void {
  c.get(BUDGET).op(OP.eqz).if();
  emitLeave(c, EXIT_BUDGET);
  c.end().get(BYTES).get(BUDGET).get(PLACE).returnCall(TURN).end();
}

/** From outside: what compiled code leads to has to grow hot, too. */
export function startFunction(c: Code): void {
  emitCounted(c);
  c.end();
}

/** On at PLACE, which may be in another page, with the budget on the stack. */
export function emitArrival(c: Code, dispatch = emitDispatch): void {
  c.tee(BUDGET).op(OP.eqz).if();
  emitLeave(c, EXIT_BUDGET);
  c.end().get(PLACE);
  pushSlot(c, THREAD_START).op(OP.sub);
  pushSlot(c, THREAD_LENGTH).op(OP.gt_u).if();
  c.get(BYTES).get(BUDGET).get(PLACE).returnCall(TURN).end();
  emitCounted(c, dispatch);
}

export function branchFunction(c: Code, codeBits: CodeBits): void {
  if (codeBits === 16) emitWay(c);
  c.get(BUDGET).const(1).op(OP.sub);
  emitArrival(c);
  c.end();
}

export function farFunction(c: Code): void {
  emitWay(c);
  c.get(BUDGET).const(1).op(OP.sub).tee(BUDGET).op(OP.eqz).if();
  emitLeave(c, EXIT_BUDGET);
  c.end().get(BYTES).get(BUDGET).get(PLACE).returnCall(TURN).end();
}

/** Pages are known by their linear addresses, which EIPs of 32-bit code are. */
export function turnFunction(c: Code, codeBits: CodeBits): void {
  c.get(PLACE);
  pushSlot(c, THREAD_DELTA).op(OP.add);
  if (codeBits === 16) pushSlot(c, 4 * (BASE + CS)).op(OP.add);
  c.tee(T0).const(~PAGE_MASK).op(OP.and).set(T2);
  c.get(T0).const(12).op(OP.shr_u);
  if (codeBits === 16) pushSlot(c, THREAD_CONTEXT + 4);
  else pushContext(c, T0);
  c.op(OP.xor)
    .const(THREAD_PAGE_ENTRIES - 1)
    .op(OP.and)
    .const(4)
    .op(OP.shl)
    .tee(T1)
    .load64(THREAD_PAGES);
  if (codeBits === 16) c.get(T2).op(OP.extend_u).const(0).load64(THREAD_CONTEXT).op(OP.or64);
  else pushEipKey(c, T2);
  c.op(OP.ne64).if();
  if (codeBits === 32) {
    emitAsk(c, ASK_PAGE);
    c.if();
    emitCounted(c);
    c.end();
  }
  emitLeave(c, EXIT_PAGE);
  c.end();
  c.const(0)
    .get(T1)
    .load(4, THREAD_PAGES + 8)
    .store(4, THREAD_START);
  // The place first of all, by what leads there from the linear address.
  c.get(T0).get(T2).op(OP.sub);
  pushSlot(c, THREAD_START).op(OP.add).set(PLACE);
  c.const(0).get(T2);
  pushSlot(c, THREAD_START).op(OP.sub);
  if (codeBits === 16) {
    pushSlot(c, 4 * (BASE + CS)).op(OP.sub);
  }
  c.store(4, THREAD_DELTA);
  c.const(0)
    .get(T1)
    .load(4, THREAD_PAGES + 12)
    .set(T0);
  if (codeBits === 16) {
    c.const(codeLimitOf(16) - LONGEST_BYTES);
    pushSlot(c, THREAD_DELTA).op(OP.sub).tee(T1).get(T0).get(T1).get(T0).op(OP.lt_s).op(OP.select).set(T0);
  }
  c.get(T0).store(4, THREAD_LAST);
  c.const(0).get(T0);
  pushSlot(c, THREAD_START).op(OP.sub).store(4, THREAD_LENGTH);
  c.get(PLACE);
  pushSlot(c, THREAD_LAST).op(OP.gt_u).if();
  emitLeave(c, EXIT_UNKNOWN);
  c.end();
  if (codeBits === 16) {
    c.get(BYTES).const(UNCOUNTED).op(OP.eq).if();
    emitDispatch(c);
    c.end();
  }
  emitCounted(c);
  c.end();
}

/** The tables of translations, which compiled code has left as they are, may be those of another address space. */
function emitTables(c: Code): void {
  for (const [first, active] of [
    [THREAD_FIRST_READ_TABLE, THREAD_READ_TABLE],
    [THREAD_FIRST_WRITE_TABLE, THREAD_WRITE_TABLE],
  ] as const) {
    c.const(0);
    pushSlot(c, first);
    pushSlot(c, TLB_DELTA).op(OP.add).store(4, active);
  }
}

/**
 * Compiled code that begins at PLACE is entered, where the jump cache knows it, after what `begin` emits; what it does
 * not go on with is gone on with here.
 */
function emitCompiled(c: Code, codeBits: CodeBits, begin: () => void): void {
  c.get(PLACE);
  pushSlot(c, THREAD_DELTA).op(OP.add).set(T2);
  pushIsInJumpCache(c, codeBits === 16, T2, T1, T0);
  c.if();
  begin();
  emitCanonical(c);
  pushRegionEntry(c, T1, T0);
  c.call(ENTER).tee(T0).const(EXIT_LOOKUP).op(OP.ne).get(T0).const(EXIT_BUDGET).op(OP.ne).op(OP.and);
  // In 16-bit code it does by itself what compiled code has left.
  if (codeBits === 16) c.get(T0).const(EXIT_INTERPRET).op(OP.ne).op(OP.and);
  c.if().get(T0).op(OP.return).end();
  emitTables(c);
  pushSlot(c, 4 * EIP);
  pushSlot(c, THREAD_DELTA).op(OP.sub).set(PLACE);
  pushSlot(c, JIT_BUDGET);
  if (codeBits === 32) emitArrival(c);
  else {
    c.tee(BUDGET).op(OP.eqz).if();
    emitLeave(c, EXIT_BUDGET);
    // CS may have changed. What compiled code has left is not to be entered again at once.
    c.end()
      .const(UNCOUNTED)
      .const(-1)
      .get(T0)
      .const(EXIT_INTERPRET)
      .op(OP.eq)
      .op(OP.select)
      .get(BUDGET)
      .get(PLACE)
      .returnCall(TURN);
  }
  c.end();
}

/** A region that is not to be begun with less comes back at once. */
const pushIsTooLittle = (c: Code): Code => c.get(BUDGET).const(LEAST_BUDGET).op(OP.lt_u);

/**
 * The handler of opcodes without one. Code that begins with such an instruction is compiled before what leads to it,
 * since blocks of handlers become hot sooner.
 */
export function unknownFunction(c: Code, codeBits: CodeBits): void {
  if (codeBits === 32)
    emitCompiled(c, codeBits, () => {
      pushIsTooLittle(c).if();
      emitLeave(c, EXIT_UNKNOWN);
      c.end();
    });
  emitLeave(c, EXIT_UNKNOWN);
  c.end();
}

/**
 * BYTES: where the count lies. Compiled code is entered; else the engine is asked, and the count begins anew, unless
 * that has compiled the code or knows it.
 */
export function hotFunction(c: Code, codeBits: CodeBits): void {
  emitCompiled(c, codeBits, () => {
    c.get(BYTES)
      .const(HOT_RUNS - 1)
      .store(2, THREAD_COUNTS);
    pushIsTooLittle(c).if();
    emitDispatch(c);
    c.end();
  });
  c.get(BYTES).const(0).store(2, THREAD_COUNTS);
  emitAsk(c, ASK_HOT);
  c.tee(T0).const(0).op(OP.lt_s).if();
  emitLeave(c, EXIT_LOOKUP);
  c.end().get(T0).if();
  c.get(BYTES)
    .const(HOT_RUNS - 1)
    .store(2, THREAD_COUNTS);
  c.end();
  emitDispatch(c);
  c.end();
}

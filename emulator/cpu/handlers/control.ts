/** Transfer of control within and between segments (SDM volume 1, 7.3.8). Every one of these ends a block. */
import type { Handler } from "../block.ts";
import type { Core } from "../core.ts";
import {
  BOUND_RANGE,
  BREAKPOINT,
  DEBUG,
  GENERAL_PROTECTION,
  INVALID_OPCODE,
  NO_ERROR_CODE,
  OVERFLOW,
  raise,
} from "../exceptions.ts";
import { CONDITIONS, getOverflow, getZero } from "../flags.ts";
import type { Builder, Builders, DecodedInstruction } from "../instruction.ts";
import { linkTo } from "../instruction.ts";
import { ECX } from "../layout.ts";
import { read, readLiveImmediate, registerOf } from "../operands.ts";
import { readAt } from "./move.ts";

/** The target of a relative branch: wrapped to 16 bits by a 16-bit operand size. */
export function branchTarget(insn: DecodedInstruction): number {
  const target = (insn.next + insn.immediate) | 0;
  return insn.size === 16 ? target & 0xffff : target;
}

/** Goes to the branch's target. A target beyond the segment's limit is #GP(0) at the branch, when it is taken. */
function branch(core: Core, insn: DecodedInstruction): Handler {
  if (insn.immediateAt !== 0) {
    const distance = readLiveImmediate(core, insn, true);
    return () => core.gotoChecked((insn.next + distance()) | 0);
  }
  const target = branchTarget(insn);
  if (target >>> 0 > insn.codeLimit) return () => raise(GENERAL_PROTECTION, 0);
  const link = linkTo(insn, target);
  return () => {
    core.link = link;
  };
}

const jumpConditional: Builder = (core, insn) => {
  const { s } = core;
  const holds = CONDITIONS[insn.form.condition]!;
  const take = branch(core, insn);
  return () => {
    if (holds(s)) take();
  };
};

const jumpIndirect: Builder = (core, insn) => {
  const target = read(core, insn, 0);
  return () => core.gotoChecked(target());
};

const call: Builder = (core, insn) => {
  const take = branch(core, insn);
  const valid = branchTarget(insn) >>> 0 <= insn.codeLimit;
  const { next, size } = insn;
  return () => {
    if (valid) core.push(next, size);
    take();
  };
};

const callIndirect: Builder = (core, insn) => {
  const target = read(core, insn, 0);
  const { next, size, codeLimit } = insn;
  return () => {
    const eip = target();
    if (eip >>> 0 > codeLimit) raise(GENERAL_PROTECTION, 0);
    core.push(next, size);
    core.goto(eip);
  };
};

const ret: Builder = (core, insn) => {
  const { size, immediate } = insn;
  const bytes = size >>> 3;
  return () => {
    const eip = core.peek(0, size);
    core.gotoChecked(eip);
    core.release(bytes + immediate);
  };
};

/** JMP and CALL to a far pointer, in the instruction or in memory. */
function far(transfer: (core: Core, insn: DecodedInstruction, selector: number, offset: number) => void): Builder {
  return (core, insn) => {
    if (insn.form.operands[0]!.field === "far") return () => transfer(core, insn, insn.immediate2, insn.immediate);
    if (registerOf(insn, 0) >= 0) return raise(INVALID_OPCODE);
    const offset = readAt(core, insn, insn.size, 0);
    const selector = readAt(core, insn, 16, insn.size >>> 3);
    return () => transfer(core, insn, selector(), offset());
  };
}

/** LOOP, LOOPE, LOOPNE: the counter's width is the address size. */
function loop(condition: ((s: Int32Array) => boolean) | null): Builder {
  return (core, insn) => {
    const { s, r16 } = core;
    const take = branch(core, insn);
    const overlong = branchTarget(insn) >>> 0 > insn.codeLimit;
    return () => {
      const count = insn.address32 ? (s[ECX]! - 1) | 0 : (r16[2 * ECX]! - 1) & 0xffff;
      const taken = count !== 0 && (condition === null || condition(s));
      // The counter stays when the branch faults.
      if (taken && overlong) take();
      if (insn.address32) s[ECX] = count;
      else r16[2 * ECX] = count;
      if (taken) take();
    };
  };
}

const jumpCounterZero: Builder = (core, insn) => {
  const { s, r16 } = core;
  const take = branch(core, insn);
  return insn.address32
    ? () => {
        if (s[ECX] === 0) take();
      }
    : () => {
        if (r16[2 * ECX] === 0) take();
      };
};

/** INT n. In virtual-8086 mode it is sensitive to IOPL. */
const interrupt: Builder = (core, insn) => () => {
  if (core.state.virtual8086) core.interrupts.deliverVirtual8086(insn.immediate, insn.eip, insn.next);
  else core.interrupts.deliver(insn.immediate, "software", NO_ERROR_CODE, insn.next);
};

/** BOUND: signed index against two signed bounds in memory, both of which are read before they are looked at. */
const bound: Builder = (core, insn) => {
  if (!insn.isMemory) return raise(INVALID_OPCODE);
  const shift = 32 - insn.size;
  const index = read(core, insn, 0);
  const lower = readAt(core, insn, insn.size, 0);
  const upper = readAt(core, insn, insn.size, insn.size >>> 3);
  return () => {
    const value = (index() << shift) >> shift;
    const least = (lower() << shift) >> shift;
    const greatest = (upper() << shift) >> shift;
    if (value < least || value > greatest) raise(BOUND_RANGE);
  };
};

const undefinedOpcode: Builder =
  (core, { eip }) =>
  () =>
    core.interrupts.fault(INVALID_OPCODE, NO_ERROR_CODE, eip);

export const CONTROL = {
  jmp: branch,
  jcc: jumpConditional,
  jmp_indirect: jumpIndirect,
  jmp_far: far((core, insn, selector, offset) => core.far.jump(selector, offset, insn.next)),
  call,
  call_indirect: callIndirect,
  call_far: far((core, insn, selector, offset) => core.far.call(selector, offset, insn.size, insn.next)),
  ret,
  retf: (core, insn) => () => core.far.ret(insn.size, insn.immediate),
  iret: (core, insn) => () => core.iret(insn.size, insn.next),
  loop: loop(null),
  loope: loop(getZero),
  loopne: loop((s) => !getZero(s)),
  jcxz: jumpCounterZero,
  int: interrupt,
  int3: (core, insn) => () => core.interrupts.deliver(BREAKPOINT, "software", NO_ERROR_CODE, insn.next),
  into:
    (core, { next }) =>
    () => {
      if (getOverflow(core.s)) core.interrupts.deliver(OVERFLOW, "software", NO_ERROR_CODE, next);
    },
  int1:
    (core, { next }) =>
    () =>
      core.interrupts.deliver(DEBUG, "external", NO_ERROR_CODE, next),
  bound,
  ud0: undefinedOpcode,
  ud1: undefinedOpcode,
  ud2: undefinedOpcode,
} satisfies Builders;

/**
 * PUSH, POP and frames (SDM volume 1, 6.2 and 7.3.1.2). ESP changes only when every access of the instruction has
 * succeeded.
 */
import type { Core } from "../core.ts";
import { GENERAL_PROTECTION, raise } from "../exceptions.ts";
import { AC, ARITHMETIC, DF, ID, IF, IOPL, NT, TF, VIF, VIP } from "../flags.ts";
import type { Builder, Builders } from "../instruction.ts";
import { CR4, EBP, EFLAGS, ESP, SELECTOR, SS } from "../layout.ts";
import { read, registerOf, write } from "../operands.ts";
import { CR4_VME } from "../state.ts";
import { loadSegment } from "./move.ts";

const push: Builder = (core, insn) => {
  const source = read(core, insn, 0);
  return insn.size === 32 ? () => core.push32(source()) : () => core.push16(source());
};

/** POP to memory computes its address with ESP already incremented, but a fault finds the old one. */
const pop: Builder = (core, insn) => {
  const { s } = core;
  const { size } = insn;
  const destination = write(core, insn, 0);
  if (registerOf(insn, 0) >= 0) {
    return () => {
      const value = core.peek(0, size);
      core.release(size >>> 3);
      destination(value);
    };
  }
  return () => {
    const value = core.peek(0, size);
    const esp = s[ESP]!;
    core.release(size >>> 3);
    try {
      destination(value);
    } catch (fault) {
      s[ESP] = esp;
      throw fault;
    }
  };
};

/** Segment registers move as 16 bits; with a 32-bit push the upper half of the slot keeps what memory held (P6). */
const pushSegment: Builder = (core, insn) => {
  const { s } = core;
  const segment = insn.form.operands[0]!.fixed;
  if (insn.size === 16) return () => core.push16(s[SELECTOR + segment]!);
  return () => {
    const offset = core.stackOffset(core.stackPointer - 4);
    core.mmu.write16(core.segments.writeAddress(SS, offset, 2), s[SELECTOR + segment]!);
    core.stackPointer = offset;
  };
};

const popSegment: Builder = (core, insn) => {
  const segment = insn.form.operands[0]!.fixed;
  const bytes = insn.size >>> 3;
  return () => {
    const selector = core.peek(0, 16);
    // The stack pointer moves by the size of the old stack: POP SS may change it.
    const pointer = core.stackOffset(core.stackPointer + bytes);
    const wide = core.segments.stack32;
    loadSegment(core, segment, selector);
    if (wide) core.s[ESP] = pointer;
    else core.r16[2 * ESP] = pointer;
    if (segment === SS) core.shadow(true);
  };
};

const pushAll: Builder = (core, insn) => {
  const { s } = core;
  const bytes = insn.size >>> 3;
  return () => {
    // Probes the whole frame first, from the top down as the pushes go.
    for (let i = 1; i <= 8; i++) probe(core, -i * bytes, bytes);
    const esp = s[ESP]!;
    for (let i = 0; i < 8; i++) core.push(i === ESP ? esp : s[i]!, insn.size);
  };
};

function probe(core: Core, displacement: number, bytes: number): void {
  core.mmu.probeWrite(core.segments.writeAddress(SS, core.stackOffset(core.stackPointer + displacement), bytes), bytes);
}

const popAll: Builder = (core, insn) => {
  const { s, r16 } = core;
  const bytes = insn.size >>> 3;
  return () => {
    const values: number[] = [];
    for (let i = 0; i < 8; i++) values.push(core.peek(i * bytes, insn.size));
    for (let i = 0; i < 8; i++) {
      const register = 7 - i;
      if (register === ESP) continue;
      if (insn.size === 32) s[register] = values[i]!;
      else r16[2 * register] = values[i]!;
    }
    core.release(8 * bytes);
  };
};

/** ENTER (SDM 2): frame of `immediate` bytes with `immediate2` nesting levels. */
const enter: Builder = (core, insn) => {
  const { s, r16, mmu, segments } = core;
  const { size } = insn;
  const bytes = size >>> 3;
  const level = insn.immediate2 & 31;
  return () => {
    const esp = s[ESP]!;
    try {
      core.push(s[EBP]!, size);
      const frame = s[ESP]!;
      let ebp = s[EBP]!;
      for (let i = 1; i < level; i++) {
        ebp = core.stackOffset(ebp - bytes);
        const linear = segments.readAddress(SS, ebp, bytes);
        core.push(size === 32 ? mmu.read32(linear) : mmu.read16(linear), size);
      }
      if (level > 0) core.push(frame, size);
      const top = core.stackOffset(core.stackPointer - insn.immediate);
      // The new top must be writable: the frame is refused as a whole.
      mmu.probeWrite(segments.writeAddress(SS, top, bytes), bytes);
      core.stackPointer = top;
      if (size === 32) s[EBP] = frame;
      else r16[2 * EBP] = frame;
    } catch (fault) {
      s[ESP] = esp;
      throw fault;
    }
  };
};

const leave: Builder = (core, insn) => {
  const { s, r16, mmu, segments } = core;
  const bytes = insn.size >>> 3;
  return () => {
    const frame = core.stackOffset(s[EBP]!);
    const linear = segments.readAddress(SS, frame, bytes);
    const value = insn.size === 32 ? mmu.read32(linear) : mmu.read16(linear);
    core.stackPointer = core.stackOffset(frame + bytes);
    if (insn.size === 32) s[EBP] = value;
    else r16[2 * EBP] = value;
  };
};

/** PUSHF: RF and VM read as 0. In virtual-8086 mode it needs IOPL 3, or VME, which shows VIF in place of IF. */
const pushFlags: Builder = (core, insn) => () => {
  const { s, state } = core;
  let flags = state.eflags & 0xfcffff;
  if (state.virtual8086 && core.iopl < 3) {
    if (insn.size === 32 || (s[CR4]! & CR4_VME) === 0) raise(GENERAL_PROTECTION, 0);
    flags = (flags & ~IF) | IOPL | ((flags & VIF) !== 0 ? IF : 0);
  }
  core.push(flags, insn.size);
};

/** POPF (SDM 2): what may change depends on CPL, IOPL and mode. */
const popFlags: Builder = (core, insn) => () => {
  const { s, state } = core;
  const virtual8086 = state.virtual8086;
  let mask = ARITHMETIC | TF | DF | NT | AC | ID;
  if (virtual8086 && core.iopl < 3) {
    if (insn.size === 32 || (s[CR4]! & CR4_VME) === 0) raise(GENERAL_PROTECTION, 0);
    const image = core.peek(0, 16);
    if ((image & TF) !== 0 || ((image & IF) !== 0 && (s[EFLAGS]! & VIP) !== 0)) raise(GENERAL_PROTECTION, 0);
    core.release(2);
    mask &= 0xffff;
    state.eflags = (state.eflags & ~(mask | VIF)) | (image & mask) | ((image & IF) !== 0 ? VIF : 0);
    core.updateControls();
    return;
  }
  if (!virtual8086 && core.cpl === 0) mask |= IOPL;
  if (virtual8086 || core.cpl <= core.iopl) mask |= IF;
  const image = core.pop(insn.size);
  if (insn.size === 16) mask &= 0xffff;
  state.eflags = (state.eflags & ~mask & ~(insn.size === 32 ? 0x10000 : 0)) | (image & mask);
  core.updateControls();
};

export const STACK = {
  push,
  pop,
  push_sreg: pushSegment,
  pop_sreg: popSegment,
  pusha: pushAll,
  popa: popAll,
  enter,
  leave,
  pushf: pushFlags,
  popf: popFlags,
} satisfies Builders;

/**
 * Delivery of interrupts and exceptions through vector table and gates, and the way back with IRET (SDM 3A chapter 6,
 * 20).
 */
import { ATTENTION_SHADOW } from "./attention.ts";
import type { Core } from "./core.ts";
import {
  Descriptor,
  SYSTEM_INTERRUPT_GATE16,
  SYSTEM_INTERRUPT_GATE32,
  SYSTEM_TASK_GATE,
  SYSTEM_TRAP_GATE16,
  SYSTEM_TRAP_GATE32,
} from "./descriptor.ts";
import {
  CpuException,
  GENERAL_PROTECTION,
  INVALID_TSS,
  NO_ERROR_CODE,
  PAGE_FAULT,
  raise,
  SEGMENT_NOT_PRESENT,
} from "./exceptions.ts";
import { AC, IF, IOPL, NT, RF, TF, VIF, VIP, VM } from "./flags.ts";
import {
  BASE,
  CR4,
  CS,
  DS,
  EFLAGS,
  EIP,
  ES,
  ESP,
  FS,
  GS,
  IDT_BASE,
  IDT_LIMIT,
  LIMIT,
  SELECTOR,
  SS,
  TR,
} from "./layout.ts";
import { innerStack, PendingStack } from "./stack.ts";
import { CR4_VME } from "./state.ts";

/** INT n, INT3 and INTO are software; `external` events set the EXT bit in error codes of their own delivery. */
export type InterruptKind = "software" | "external";

const ERROR_IDT = 2;
const ERROR_EXTERNAL = 1;
const GATE_TYPES =
  (1 << SYSTEM_TASK_GATE) |
  (1 << SYSTEM_INTERRUPT_GATE16) |
  (1 << SYSTEM_TRAP_GATE16) |
  (1 << SYSTEM_INTERRUPT_GATE32) |
  (1 << SYSTEM_TRAP_GATE32);

/** Bits of EFLAGS that IRET and POPF take from a 32-bit image at most: all but reserved ones, VM, VIP and VIF. */
export const FLAGS_IMAGE = 0x00257fd5;

export class InterruptDelivery {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /**
   * Delivers a vector. `returnEip` is what the handler returns to. Throws the exceptions that the delivery itself
   * raises.
   */
  deliver(vector: number, kind: InterruptKind, errorCode: number, returnEip: number): void {
    const core = this.#core;
    core.interrupted = true;
    if (kind === "software") core.noteDelivery("software", vector, errorCode, returnEip);
    if (!core.state.protectedMode) {
      this.#deliverReal(vector, core.s[IDT_BASE]!, core.s[IDT_LIMIT]!, core.state.eflags, returnEip);
    } else if (kind === "software") this.#deliverProtected(vector, true, errorCode, returnEip);
    else {
      try {
        this.#deliverProtected(vector, false, errorCode, returnEip);
      } catch (error) {
        const nested = error instanceof CpuException && error.vector >= INVALID_TSS && error.vector < PAGE_FAULT;
        throw nested ? new CpuException(error.vector, error.errorCode | ERROR_EXTERNAL) : error;
      }
    }
    core.updateControls();
  }

  /** INT n in virtual-8086 mode: depends on IOPL and on the redirection bitmap of VME (SDM 3B 20.3.3). */
  deliverVirtual8086(vector: number, eip: number, returnEip: number): void {
    const core = this.#core;
    const { s } = core;
    const vme = (s[CR4]! & CR4_VME) !== 0;
    if (vme && !this.#isRedirected(vector)) {
      core.noteDelivery("software", vector, NO_ERROR_CODE, returnEip);
      let flags = core.state.eflags;
      if (core.iopl < 3) flags = (flags & ~IF) | IOPL | ((flags & VIF) !== 0 ? IF : 0);
      this.#deliverReal(vector, 0, 0x3ff, flags, returnEip);
      core.updateControls();
      return;
    }
    if (core.iopl < 3) this.fault(GENERAL_PROTECTION, 0, eip);
    else this.deliver(vector, "software", NO_ERROR_CODE, returnEip);
  }

  /**
   * A fault of the running instruction, which stands at `eip`, ends its block and has changed nothing: what the run
   * loop does of one that is thrown. To throw through compiled code costs as much as a hundred instructions, and
   * monitors of virtual-8086 mode live on faults. What is not simple is thrown all the same: a new task, a delivery
   * that faults.
   */
  fault(vector: number, errorCode: number, eip: number): void {
    const core = this.#core;
    const { s } = core;
    if (core.state.protectedMode && this.#isTaskGate(vector)) raise(vector, errorCode);
    s[EFLAGS]! |= RF;
    try {
      this.deliver(vector, "external", errorCode, eip);
    } catch (error) {
      if (!(error instanceof CpuException)) throw error;
      raise(vector, errorCode);
    }
    core.setAttention(ATTENTION_SHADOW, false);
    core.noteDelivery("exception", vector, errorCode, eip);
    core.branches.note(vector, eip, s[EIP]!, s[BASE + CS]!);
  }

  #isTaskGate(vector: number): boolean {
    const { s, mmu } = this.#core;
    if (vector * 8 + 7 > s[IDT_LIMIT]! >>> 0) return false;
    const upper = mmu.readSystem((s[IDT_BASE]! + vector * 8 + 4) | 0, 4);
    return ((upper >>> 8) & 0x1f) === SYSTEM_TASK_GATE;
  }

  /** Whether the TSS's bitmap, 32 bytes in front of the I/O map, sends a software interrupt through the IDT. */
  #isRedirected(vector: number): boolean {
    const { s, mmu } = this.#core;
    const base = s[BASE + TR]!;
    const limit = s[LIMIT + TR]! >>> 0;
    if (limit < 0x67) return true;
    const at = mmu.readSystem((base + 0x66) | 0, 2) - 32 + (vector >>> 3);
    if (at < 0 || at > limit) raise(GENERAL_PROTECTION, 0);
    return ((mmu.readSystem((base + at) | 0, 1) >>> (vector & 7)) & 1) !== 0;
  }

  /** Through a table of far pointers: real mode, and VME. `flags` is the image to push. */
  #deliverReal(vector: number, table: number, tableLimit: number, flags: number, returnEip: number): void {
    const core = this.#core;
    const { s, mmu } = core;
    if (vector * 4 + 3 > tableLimit >>> 0) raise(GENERAL_PROTECTION, vector * 8 + ERROR_IDT);
    const offset = mmu.readSystem((table + vector * 4) | 0, 2);
    const selector = mmu.readSystem((table + vector * 4 + 2) | 0, 2);
    const stack = PendingStack.current(core);
    stack.push(flags, 16);
    stack.push(s[SELECTOR + CS]!, 16);
    stack.push(returnEip, 16);
    core.stackPointer = stack.pointer;
    const cleared = core.state.virtual8086 && core.iopl < 3 ? TF | VIF | RF : TF | IF | AC | RF;
    s[EFLAGS]! &= ~cleared;
    if (core.state.virtual8086) core.segments.loadVirtual8086(CS, selector);
    else core.segments.loadReal(CS, selector);
    core.goto(offset);
  }

  #deliverProtected(vector: number, software: boolean, errorCode: number, returnEip: number): void {
    const core = this.#core;
    const { s, mmu } = core;
    const gateError = vector * 8 + ERROR_IDT;
    if (vector * 8 + 7 > s[IDT_LIMIT]! >>> 0) raise(GENERAL_PROTECTION, gateError);
    const address = (s[IDT_BASE]! + vector * 8) | 0;
    const gate = new Descriptor(address, mmu.readSystem(address, 4), mmu.readSystem((address + 4) | 0, 4));
    if (!gate.isSystem || ((GATE_TYPES >>> gate.systemType) & 1) === 0) raise(GENERAL_PROTECTION, gateError);
    if (software && gate.dpl < core.cpl) raise(GENERAL_PROTECTION, gateError);
    if (!gate.present) raise(SEGMENT_NOT_PRESENT, gateError);
    if (gate.systemType === SYSTEM_TASK_GATE) {
      core.tasks.enter(gate.gateSelector, "call", returnEip);
      if (errorCode !== NO_ERROR_CODE)
        core.push(errorCode, (core.segments.tables.get(gate.gateSelector).systemType & 8) !== 0 ? 32 : 16);
      return;
    }
    this.#throughGate(gate, errorCode, returnEip);
  }

  #throughGate(gate: Descriptor, errorCode: number, returnEip: number): void {
    const core = this.#core;
    const { s } = core;
    const selector = gate.gateSelector;
    if ((selector & 0xfffc) === 0) raise(GENERAL_PROTECTION, 0);
    const code = core.segments.tables.get(selector);
    const virtual8086 = core.state.virtual8086;
    const inner = code.isCode && !code.isConforming && code.dpl < core.cpl;
    const allowed = code.isCode && code.dpl <= core.cpl && (!virtual8086 || (inner && code.dpl === 0));
    if (!allowed) raise(GENERAL_PROTECTION, selector & 0xfffc);
    if (!code.present) raise(SEGMENT_NOT_PRESENT, selector & 0xfffc);
    const sizeBits = (gate.systemType & 8) !== 0 ? 32 : 16;
    const flags = core.state.eflags;
    const cpl = inner ? code.dpl : core.cpl;
    let stack: PendingStack;
    let innerSelector = 0;
    if (inner) {
      const next = innerStack(core, cpl);
      innerSelector = next.selector;
      stack = PendingStack.of(
        core,
        innerSelector,
        core.segments.checkStack(innerSelector, cpl, INVALID_TSS),
        next.pointer,
        cpl,
      );
      if (gate.gateOffset >>> 0 > code.limit >>> 0) raise(GENERAL_PROTECTION, 0);
      if (virtual8086) for (const segment of [GS, FS, DS, ES]) stack.push(s[SELECTOR + segment]!, sizeBits);
      stack.push(s[SELECTOR + SS]!, sizeBits);
      stack.push(s[ESP]!, sizeBits);
    } else {
      stack = PendingStack.current(core);
      if (gate.gateOffset >>> 0 > code.limit >>> 0) raise(GENERAL_PROTECTION, 0);
    }
    stack.push(flags, sizeBits);
    stack.push(s[SELECTOR + CS]!, sizeBits);
    stack.push(returnEip, sizeBits);
    if (errorCode !== NO_ERROR_CODE) stack.push(errorCode, sizeBits);

    // Committed: the loads below repeat checks that have just succeeded.
    const isInterruptGate = (gate.systemType & 1) === 0;
    s[EFLAGS]! &= ~(TF | NT | RF | VM | (isInterruptGate ? IF : 0));
    core.segments.loadCode(selector, code, cpl);
    if (inner) {
      core.segments.loadStack((innerSelector & 0xfffc) | cpl, cpl, INVALID_TSS);
      if (virtual8086) for (const segment of [GS, FS, DS, ES]) core.segments.clear(segment, 0);
      core.state.updateMode();
    }
    core.stackPointer = stack.pointer;
    core.goto(gate.gateOffset);
  }

  /** IRET and IRETD. */
  iret(sizeBits: number, nextEip: number): void {
    const core = this.#core;
    if (!core.state.protectedMode) this.#iretReal(sizeBits);
    else if (core.state.virtual8086) this.#iretVirtual8086(sizeBits);
    else if ((core.s[EFLAGS]! & NT) !== 0) core.tasks.leave(nextEip);
    else this.#iretProtected(sizeBits);
    core.updateControls();
  }

  /** Loads EFLAGS from an image under a mask of what may change; 16-bit images leave the upper half. */
  #loadFlags(image: number, mask: number, sizeBits: number): void {
    const { state } = this.#core;
    const changing = sizeBits === 32 ? mask : mask & 0xffff;
    state.eflags = (state.eflags & ~changing) | (image & changing);
  }

  #iretReal(sizeBits: number): void {
    const core = this.#core;
    const bytes = sizeBits >>> 3;
    const eip = core.peek(0, sizeBits);
    const selector = core.peek(bytes, sizeBits) & 0xffff;
    const flags = core.peek(2 * bytes, sizeBits);
    if (eip >>> 0 > core.s[LIMIT + CS]! >>> 0) raise(GENERAL_PROTECTION, 0);
    core.release(3 * bytes);
    core.segments.loadReal(CS, selector);
    core.goto(eip);
    this.#loadFlags(flags, FLAGS_IMAGE, sizeBits);
  }

  #iretVirtual8086(sizeBits: number): void {
    const core = this.#core;
    const { s } = core;
    const vme = (s[CR4]! & CR4_VME) !== 0;
    if (core.iopl < 3 && !(vme && sizeBits === 16)) raise(GENERAL_PROTECTION, 0);
    const bytes = sizeBits >>> 3;
    const eip = core.peek(0, sizeBits);
    const selector = core.peek(bytes, sizeBits) & 0xffff;
    const flags = core.peek(2 * bytes, sizeBits);
    if (eip >>> 0 > 0xffff) raise(GENERAL_PROTECTION, 0);
    if (core.iopl < 3) {
      if ((flags & TF) !== 0 || ((flags & IF) !== 0 && (s[EFLAGS]! & VIP) !== 0)) raise(GENERAL_PROTECTION, 0);
      this.#loadFlags(flags, FLAGS_IMAGE & ~(IOPL | IF), 16);
      s[EFLAGS] = (s[EFLAGS]! & ~VIF) | ((flags & IF) !== 0 ? VIF : 0);
    } else this.#loadFlags(flags, FLAGS_IMAGE & ~IOPL, sizeBits);
    core.release(3 * bytes);
    core.segments.loadVirtual8086(CS, selector);
    core.goto(eip);
  }

  #iretProtected(sizeBits: number): void {
    const core = this.#core;
    const bytes = sizeBits >>> 3;
    const eip = core.peek(0, sizeBits);
    const selector = core.peek(bytes, sizeBits) & 0xffff;
    const flags = core.peek(2 * bytes, sizeBits);
    if (sizeBits === 32 && (flags & VM) !== 0 && core.cpl === 0) return this.#iretToVirtual8086(eip, selector, flags);
    const code = core.far.checkReturn(selector);
    if (eip >>> 0 > code.limit >>> 0) raise(GENERAL_PROTECTION, 0);
    // What may change depends on the privilege that executes IRET, not on the one that it returns to.
    let mask = FLAGS_IMAGE & ~(IOPL | IF);
    if (core.cpl <= core.iopl) mask |= IF;
    if (core.cpl === 0) mask |= IOPL | VIF | VIP;
    if ((selector & 3) === core.cpl) {
      core.segments.loadCode(selector, code, selector & 3);
      core.release(3 * bytes);
    } else {
      const pointer = core.peek(3 * bytes, sizeBits);
      const stackSelector = core.peek(4 * bytes, sizeBits) & 0xffff;
      core.far.returnToOuter(selector, code, stackSelector, pointer, 0);
    }
    core.goto(eip);
    this.#loadFlags(flags, mask, sizeBits);
  }

  #iretToVirtual8086(eip: number, selector: number, flags: number): void {
    const core = this.#core;
    const esp = core.peek(12, 32);
    if (eip >>> 0 > 0xffff) raise(GENERAL_PROTECTION, 0);
    const selectors: number[] = [];
    for (let i = 0; i < 5; i++) selectors.push(core.peek(16 + 4 * i, 32) & 0xffff);
    core.state.eflags =
      (core.state.eflags & ~(FLAGS_IMAGE | VM | VIF | VIP)) | (flags & (FLAGS_IMAGE | VM | VIF | VIP));
    core.segments.loadVirtual8086(CS, selector);
    [SS, ES, DS, FS, GS].forEach((segment, i) => core.segments.loadVirtual8086(segment, selectors[i]!));
    core.segments.setCpl(3);
    core.state.updateMode();
    core.s[ESP] = esp;
    core.goto(eip);
  }
}

/**
 * Instructions that manage the processor (SDM volume 3A, 2.8): control and debug registers, descriptor tables, HLT,
 * caches, MSRs.
 */

import { ATTENTION_HALTED } from "../attention.ts";
import type { Core } from "../core.ts";
import { cpuid } from "../cpuid.ts";
import { DR6_GENERAL_DETECT, DR7_GENERAL_DETECT } from "../debug-registers.ts";
import { Descriptor } from "../descriptor.ts";
import { DEBUG, GENERAL_PROTECTION, INVALID_OPCODE, raise } from "../exceptions.ts";
import { IF, RF, VIF, VIP, VM } from "../flags.ts";
import type { Builder, Builders, DecodedInstruction } from "../instruction.ts";
import {
  BASE,
  CR0,
  CR2,
  CR3,
  CR4,
  CS,
  DR,
  EAX,
  ECX,
  EDX,
  EFLAGS,
  ESP,
  GDT_BASE,
  GDT_LIMIT,
  IDT_BASE,
  IDT_LIMIT,
  LDTR,
  SS,
  SYSENTER_CS,
  SYSENTER_EIP,
  SYSENTER_ESP,
  TR,
} from "../layout.ts";
import type { ProcessorModel } from "../model.ts";
import { readMsr, writeMsr } from "../msr.ts";
import { effectiveAddress, operandAddress, read, registerOf, write } from "../operands.ts";
import {
  CR0_CD,
  CR0_ET,
  CR0_NW,
  CR0_PE,
  CR0_PG,
  CR0_TS,
  CR0_WP,
  CR4_DE,
  CR4_PAE,
  CR4_PGE,
  CR4_PSE,
  CR4_PVI,
  CR4_TSD,
  CR4_VME,
} from "../state.ts";

/** #GP(0) unless CPL is 0. */
function requireRing0(core: Core): void {
  if (core.cpl !== 0) raise(GENERAL_PROTECTION, 0);
}

/** #UD in real and virtual-8086 mode, where selectors name no descriptors. */
function requireProtected(core: Core): void {
  if (!core.state.protectedMode || core.state.virtual8086) raise(INVALID_OPCODE);
}

/** State slots of the control registers by their number, -1 for what is none. */
export const CONTROL_SLOTS: readonly number[] = [CR0, -1, CR2, CR3, CR4, -1, -1, -1];

/** Whether the control register exists: CR4 does not where none of its bits does. */
export function hasControl({ model }: { readonly model: ProcessorModel }, register: number): boolean {
  return CONTROL_SLOTS[register]! >= 0 && (register !== 4 || model.cr4 !== 0);
}

/** Loads the PDPTE registers, with #GP(0) for an entry with reserved bits (SDM 3A 4.4.1). */
function loadPointers({ mmu }: Core, directory: number): void {
  if (!mmu.walker.loadPointers(directory)) raise(GENERAL_PROTECTION, 0);
}

/** Writes CR4 and what follows from it. */
function writeCr4(core: Core, value: number): void {
  const { s, mmu, model } = core;
  if ((value & ~model.cr4) !== 0) raise(GENERAL_PROTECTION, 0);
  const isLoading = ((value ^ s[CR4]!) & (CR4_PAE | CR4_PGE | CR4_PSE)) !== 0;
  if (isLoading && (value & CR4_PAE) !== 0 && (s[CR0]! & CR0_PG) !== 0) loadPointers(core, s[CR3]!);
  s[CR4] = value;
  mmu.flush();
  core.debug.update();
}

/** Writes CR0 and what follows from it. */
function writeCr0(core: Core, value: number): void {
  const { s, mmu, model } = core;
  if (((value & CR0_PG) !== 0 && (value & CR0_PE) === 0) || ((value & CR0_NW) !== 0 && (value & CR0_CD) === 0))
    raise(GENERAL_PROTECTION, 0);
  const old = s[CR0]!;
  const known = core.state.codeKey;
  if ((value & CR0_PG) !== 0 && (s[CR4]! & CR4_PAE) !== 0 && ((old ^ value) & (CR0_PG | CR0_CD | CR0_NW)) !== 0)
    loadPointers(core, s[CR3]!);
  s[CR0] = (value & model.cr0) | CR0_ET;
  const changed = old ^ s[CR0]!;
  if ((changed & (CR0_PG | CR0_WP)) !== 0) mmu.flush();
  // Without paging each address is where it was.
  else mmu.rebase(known, core.state.codeKey);
  // Protected mode begins at CPL 0, whatever CS says; real mode has no other.
  if ((changed & CR0_PE) !== 0) core.segments.setCpl(0);
  core.state.updateMode();
  core.updateControls();
}

/** Whether page tables are those of PAE paging. */
const isExtended = ({ s }: Core): boolean => (s[CR0]! & CR0_PG) !== 0 && (s[CR4]! & CR4_PAE) !== 0;

/** Whether a write of CR3 would not fault. Nothing changes. */
export function mayWriteCr3(core: Core, value: number): boolean {
  return !isExtended(core) || core.mmu.walker.arePointersValid(value);
}

/** Writes CR3 and what follows from it. */
export function writeCr3(core: Core, value: number): void {
  const { s, mmu, model } = core;
  if (isExtended(core)) loadPointers(core, value);
  // What 32-bit paging ignores is the place of a table for PAE, which may be switched on later.
  s[CR3] = value & ((model.cr4 & CR4_PAE) !== 0 ? ~7 : ~0xfe7);
  // Without paging nothing was translated by it.
  if ((s[CR0]! & CR0_PG) !== 0) mmu.loadDirectory();
}

const moveToControl: Builder = (core, insn) => {
  const { s } = core;
  const register = insn.reg;
  if (!hasControl(core, register)) return raise(INVALID_OPCODE);
  return () => {
    requireRing0(core);
    const value = s[insn.rm]!;
    switch (register) {
      case 0:
        writeCr0(core, value);
        break;
      case 2:
        s[CR2] = value;
        break;
      case 3:
        writeCr3(core, value);
        break;
      default:
        writeCr4(core, value);
    }
    // What follows is fetched anew: it may lie elsewhere now.
    core.goto(insn.next);
  };
};

const moveFromControl: Builder = (core, insn) => {
  const { s } = core;
  const slot = CONTROL_SLOTS[insn.reg]!;
  if (!hasControl(core, insn.reg)) return raise(INVALID_OPCODE);
  return () => {
    requireRing0(core);
    s[insn.rm] = s[slot]!;
  };
};

/** DR4 and DR5 are other names of DR6 and DR7 unless CR4.DE forbids them; general detect guards all. */
function debugRegister(core: Core, insn: DecodedInstruction): number {
  requireRing0(core);
  if (insn.reg === 4 || insn.reg === 5) {
    if ((core.s[CR4]! & CR4_DE) !== 0) raise(INVALID_OPCODE);
  }
  if ((core.s[DR + 7]! & DR7_GENERAL_DETECT) !== 0) {
    core.s[DR + 6]! |= DR6_GENERAL_DETECT;
    core.s[DR + 7]! &= ~DR7_GENERAL_DETECT;
    raise(DEBUG);
  }
  return insn.reg === 4 || insn.reg === 5 ? insn.reg + 2 : insn.reg;
}

const moveToDebug: Builder = (core, insn) => () => {
  const register = debugRegister(core, insn);
  const value = core.s[insn.rm]!;
  if (register === 6) core.s[DR + 6] = (value & 0xe00f) | (0xffff0ff0 | 0);
  else if (register === 7) core.s[DR + 7] = (value & (0xffff2fff | 0)) | 0x400;
  else core.s[DR + register] = value;
  core.debug.update();
};

const moveFromDebug: Builder = (core, insn) => () => {
  core.s[insn.rm] = core.s[DR + debugRegister(core, insn)]!;
};

/** LGDT and LIDT: limit and base; a 16-bit operand size takes 24 bits of the base. */
function loadTable(baseSlot: number, limitSlot: number): Builder {
  return (core, insn) => {
    const { s, mmu } = core;
    if (!insn.isMemory) return raise(INVALID_OPCODE);
    const limitAddress = operandAddress(core, insn, 2, false);
    const baseAddress = operandAddress(core, insn, 4, false, 2);
    return () => {
      requireRing0(core);
      const limit = mmu.read16(limitAddress());
      const base = mmu.read32(baseAddress());
      s[limitSlot] = limit;
      s[baseSlot] = insn.size === 16 ? base & 0xffffff : base;
    };
  };
}

function storeTable(baseSlot: number, limitSlot: number): Builder {
  return (core, insn) => {
    const { s, mmu } = core;
    if (!insn.isMemory) return raise(INVALID_OPCODE);
    const limitAddress = operandAddress(core, insn, 2, true);
    const baseAddress = operandAddress(core, insn, 4, true, 2);
    return () => {
      const base = baseAddress();
      mmu.probeWrite(base, 4);
      mmu.write16(limitAddress(), s[limitSlot]!);
      mmu.write32(base, s[baseSlot]!);
    };
  };
}

/** LMSW: the low four bits of CR0, but PE cannot be cleared. */
const loadMachineStatus: Builder = (core, insn) => {
  const source = read(core, insn, 0);
  return () => {
    requireRing0(core);
    const value = source() & 0xf;
    const old = core.s[CR0]!;
    writeCr0(core, (old & ~0xe) | value | (old & CR0_PE));
    core.goto(insn.next);
  };
};

/** The two-byte form in memory, or a whole register: SMSW, SLDT, STR. */
function storeWord(value: (core: Core) => number, protectedOnly: boolean): Builder {
  return (core, insn) => {
    const destination = write(core, insn, 0);
    return () => {
      if (protectedOnly) requireProtected(core);
      const whole = value(core);
      destination(registerOf(insn, 0) >= 0 && insn.size === 32 ? whole : whole & 0xffff);
    };
  };
}

/** STI and CLI: by IOPL, or through VIF with VME and PVI (SDM 2, STI). */
function setInterruptFlag(enable: boolean): Builder {
  return (core, { eip }) =>
    () => {
      const { s, state } = core;
      const virtual = state.virtual8086
        ? core.iopl < 3 && (s[CR4]! & CR4_VME) !== 0
        : state.protectedMode && core.cpl === 3 && core.iopl < 3 && (s[CR4]! & CR4_PVI) !== 0;
      if (virtual) {
        if (enable && (s[EFLAGS]! & VIP) !== 0) raise(GENERAL_PROTECTION, 0);
        s[EFLAGS] = enable ? s[EFLAGS]! | VIF : s[EFLAGS]! & ~VIF;
        return;
      }
      if (state.protectedMode && (state.virtual8086 ? core.iopl < 3 : core.cpl > core.iopl)) {
        core.interrupts.fault(GENERAL_PROTECTION, 0, eip);
        return;
      }
      if (enable && (s[EFLAGS]! & IF) === 0) core.shadow(false);
      s[EFLAGS] = enable ? s[EFLAGS]! | IF : s[EFLAGS]! & ~IF;
      core.leaveBlock();
    };
}

const halt: Builder =
  (core, { eip }) =>
  () => {
    if (core.cpl !== 0) core.interrupts.fault(GENERAL_PROTECTION, 0, eip);
    else core.setAttention(ATTENTION_HALTED, true);
  };

const readTimestamp: Builder = (core) => () => {
  const { s } = core;
  if ((s[CR4]! & CR4_TSD) !== 0 && core.cpl !== 0) raise(GENERAL_PROTECTION, 0);
  const value = core.timestamp;
  s[EAX] = value | 0;
  s[EDX] = Math.floor(value / 2 ** 32) | 0;
};

/** Performance counters exist, and count nothing. */
const readPerformance: Builder = (core) => () => {
  if (core.cpl !== 0 || core.s[ECX]! >>> 0 > 1) raise(GENERAL_PROTECTION, 0);
  core.s[EAX] = 0;
  core.s[EDX] = 0;
};

/** A flat segment descriptor for SYSENTER and SYSEXIT: base 0, limit 4 GiB. */
function flatDescriptor(code: boolean, dpl: number): Descriptor {
  return new Descriptor(0, 0x0000ffff, 0x00cf9000 | (dpl << 13) | (code ? 0xb00 : 0x300));
}

function enterFlat(core: Core, codeSelector: number, stackSelector: number, cpl: number): void {
  const code = flatDescriptor(true, cpl);
  const stack = flatDescriptor(false, cpl);
  const known = core.state.codeKey;
  core.segments.commit(CS, (codeSelector & 0xfffc) | cpl, code, code.access);
  core.mmu.rebase(known, core.state.codeKey);
  core.segments.commit(SS, (stackSelector & 0xfffc) | cpl, stack, stack.access);
  core.segments.setCpl(cpl);
  core.state.updateMode();
}

const fastEnter: Builder = (core) => () => {
  const { s } = core;
  const selector = s[SYSENTER_CS]!;
  if (!core.state.protectedMode || (selector & 0xfffc) === 0) raise(GENERAL_PROTECTION, 0);
  s[EFLAGS]! &= ~(IF | VM | RF);
  enterFlat(core, selector, selector + 8, 0);
  s[ESP] = s[SYSENTER_ESP]!;
  core.goto(s[SYSENTER_EIP]!);
  core.updateControls();
};

const fastExit: Builder = (core) => () => {
  const { s } = core;
  const selector = s[SYSENTER_CS]!;
  if (!core.state.protectedMode || (selector & 0xfffc) === 0 || core.cpl !== 0) raise(GENERAL_PROTECTION, 0);
  enterFlat(core, selector + 16, selector + 24, 3);
  s[ESP] = s[ECX]!;
  core.goto(s[EDX]!);
  core.updateControls();
};

const invalidatePage: Builder = (core, insn) => {
  if (!insn.isMemory) return raise(INVALID_OPCODE);
  const address = effectiveAddress(core, insn);
  return () => {
    requireRing0(core);
    core.mmu.flushPage((core.s[BASE + insn.segment]! + address()) | 0);
    core.goto(insn.next);
  };
};

/** INVD and WBINVD: there is no cache to write back. */
const cache: Builder = (core) => () => requireRing0(core);

export const SYSTEM = {
  mov_to_creg: moveToControl,
  mov_from_creg: moveFromControl,
  mov_to_dreg: moveToDebug,
  mov_from_dreg: moveFromDebug,
  mov_to_treg: () => raise(INVALID_OPCODE),
  mov_from_treg: () => raise(INVALID_OPCODE),
  rsm: () => raise(INVALID_OPCODE),
  lgdt: loadTable(GDT_BASE, GDT_LIMIT),
  lidt: loadTable(IDT_BASE, IDT_LIMIT),
  sgdt: storeTable(GDT_BASE, GDT_LIMIT),
  sidt: storeTable(IDT_BASE, IDT_LIMIT),
  lmsw: loadMachineStatus,
  smsw: storeWord((core) => core.s[CR0]!, false),
  clts: (core) => () => {
    requireRing0(core);
    core.s[CR0]! &= ~CR0_TS;
  },
  cli: setInterruptFlag(false),
  sti: setInterruptFlag(true),
  hlt: halt,
  invd: cache,
  wbinvd: cache,
  invlpg: invalidatePage,
  cpuid: (core) => () => cpuid(core),
  rdtsc: readTimestamp,
  rdpmc: readPerformance,
  rdmsr: (core) => () => {
    requireRing0(core);
    readMsr(core);
  },
  wrmsr: (core) => () => {
    requireRing0(core);
    writeMsr(core);
  },
  sysenter: fastEnter,
  sysexit: fastExit,
  sldt: storeWord((core) => core.segments.selector(LDTR), true),
  str: storeWord((core) => core.segments.selector(TR), true),
} satisfies Builders;

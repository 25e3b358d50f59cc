/** Instructions on selectors and descriptors: LLDT, LTR, VERR, VERW, LAR, LSL, ARPL (SDM volume 3A, 5.10). */
import type { Core } from "../core.ts";
import type { Descriptor } from "../descriptor.ts";
import {
  SYSTEM_CALL_GATE16,
  SYSTEM_CALL_GATE32,
  SYSTEM_LDT,
  SYSTEM_TASK_GATE,
  SYSTEM_TSS16,
  SYSTEM_TSS16_BUSY,
  SYSTEM_TSS32,
  SYSTEM_TSS32_BUSY,
} from "../descriptor.ts";
import { GENERAL_PROTECTION, INVALID_OPCODE, raise } from "../exceptions.ts";
import { arithmeticFlags, setArithmeticFlags, ZF } from "../flags.ts";
import type { Builder, Builders } from "../instruction.ts";
import { read, write } from "../operands.ts";

const LSL_TYPES =
  (1 << SYSTEM_TSS16) | (1 << SYSTEM_LDT) | (1 << SYSTEM_TSS16_BUSY) | (1 << SYSTEM_TSS32) | (1 << SYSTEM_TSS32_BUSY);
const LAR_TYPES = LSL_TYPES | (1 << SYSTEM_CALL_GATE16) | (1 << SYSTEM_TASK_GATE) | (1 << SYSTEM_CALL_GATE32);

function requireProtected(core: Core): void {
  if (!core.state.protectedMode || core.state.virtual8086) raise(INVALID_OPCODE);
}

function setZero(core: Core, zero: boolean): void {
  setArithmeticFlags(core.s, (arithmeticFlags(core.s) & ~ZF) | (zero ? ZF : 0));
}

/** The descriptor of a selector if the current privilege may see it, else null. */
function visible(core: Core, selector: number, systemTypes: number): Descriptor | null {
  if ((selector & 0xfffc) === 0) return null;
  const descriptor = core.segments.tables.find(selector);
  if (descriptor === null) return null;
  if (descriptor.isSystem && ((systemTypes >>> descriptor.systemType) & 1) === 0) return null;
  const conforming = descriptor.isCode && descriptor.isConforming;
  if (!conforming && descriptor.dpl < Math.max(core.cpl, selector & 3)) return null;
  return descriptor;
}

function verify(allowed: (descriptor: Descriptor) => boolean): Builder {
  return (core, insn) => {
    const source = read(core, insn, 0);
    return () => {
      requireProtected(core);
      const descriptor = visible(core, source(), 0);
      setZero(core, descriptor !== null && allowed(descriptor));
    };
  };
}

/** LAR and LSL. */
function loadFromDescriptor(systemTypes: number, value: (descriptor: Descriptor) => number): Builder {
  return (core, insn) => {
    const source = read(core, insn, 1);
    const destination = write(core, insn, 0);
    return () => {
      requireProtected(core);
      const descriptor = visible(core, source(), systemTypes);
      if (descriptor !== null) destination(value(descriptor));
      setZero(core, descriptor !== null);
    };
  };
}

function loadSystem(load: (core: Core, selector: number) => void): Builder {
  return (core, insn) => {
    const source = read(core, insn, 0);
    return () => {
      requireProtected(core);
      if (core.cpl !== 0) raise(GENERAL_PROTECTION, 0);
      load(core, source());
    };
  };
}

/**
 * ARPL raises the destination's RPL to the source's. A destination that stays as it is is not written, and may be
 * read-only.
 */
const adjustRpl: Builder = (core, insn) => {
  const source = read(core, insn, 1);
  const before = read(core, insn, 0);
  const after = write(core, insn, 0);
  return () => {
    requireProtected(core);
    const selector = before();
    const rpl = source() & 3;
    const lower = (selector & 3) < rpl;
    if (lower) after((selector & ~3) | rpl);
    setZero(core, lower);
  };
};

export const SELECTORS = {
  lldt: loadSystem((core, selector) => core.segments.loadLdt(selector)),
  ltr: loadSystem((core, selector) => core.segments.loadTask(selector)),
  verr: verify((descriptor) => descriptor.isReadable),
  verw: verify((descriptor) => descriptor.isWritableData),
  lar: loadFromDescriptor(LAR_TYPES, (descriptor) => descriptor.high & 0x00f0ff00),
  lsl: loadFromDescriptor(LSL_TYPES, (descriptor) => descriptor.limit),
  arpl: adjustRpl,
} satisfies Builders;

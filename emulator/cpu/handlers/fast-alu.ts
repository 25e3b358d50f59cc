/**
 * The 32-bit forms of arithmetic and logic with flat memory operands, each written out: one closure that does all of
 * one instruction. What differs between them is one expression, but a shared closure with the operation as a variable
 * would be a second call that the host cannot inline, and halve the speed of the interpreter.
 */
import type { Handler } from "../block.ts";
import type { Core } from "../core.ts";
import { adc32, add32, logic32, sbb32, sub32 } from "../flags.ts";
import type { DecodedInstruction } from "../instruction.ts";

/** A flat address: base + (index << scale) + displacement, registers by their slots. */
export type FlatAddress = Pick<DecodedInstruction, "base" | "index" | "scale" | "displacement">;

export interface AluForms {
  /** Register with register, and with an immediate. */
  readonly rr: (core: Core, to: number, from: number) => Handler;
  readonly ri: (core: Core, to: number, value: number) => Handler;
  /** Register with memory, memory with register, memory with an immediate. */
  readonly rm: (core: Core, to: number, address: FlatAddress) => Handler;
  readonly mr: (core: Core, address: FlatAddress, from: number) => Handler;
  readonly mi: (core: Core, address: FlatAddress, value: number) => Handler;
}

const ADD: AluForms = {
  rr:
    ({ s }, to, from) =>
    () =>
      void (s[to] = add32(s, s[to]!, s[from]!)),
  ri:
    ({ s }, to, value) =>
    () =>
      void (s[to] = add32(s, s[to]!, value)),
  rm:
    ({ s, mmu }, to, { base, index, scale, displacement }) =>
    () =>
      void (s[to] = add32(s, s[to]!, mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0))),
  mr:
    ({ s, mmu }, { base, index, scale, displacement }, from) =>
    () => {
      const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
      mmu.probeWrite(linear, 4);
      mmu.write32(linear, add32(s, mmu.read32(linear), s[from]!));
    },
  mi:
    ({ s, mmu }, { base, index, scale, displacement }, value) =>
    () => {
      const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
      mmu.probeWrite(linear, 4);
      mmu.write32(linear, add32(s, mmu.read32(linear), value));
    },
};

const OR: AluForms = {
  rr:
    ({ s }, to, from) =>
    () =>
      void (s[to] = logic32(s, s[to]! | s[from]!)),
  ri:
    ({ s }, to, value) =>
    () =>
      void (s[to] = logic32(s, s[to]! | value)),
  rm:
    ({ s, mmu }, to, { base, index, scale, displacement }) =>
    () =>
      void (s[to] = logic32(s, s[to]! | mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0))),
  mr:
    ({ s, mmu }, { base, index, scale, displacement }, from) =>
    () => {
      const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
      mmu.probeWrite(linear, 4);
      mmu.write32(linear, logic32(s, mmu.read32(linear) | s[from]!));
    },
  mi:
    ({ s, mmu }, { base, index, scale, displacement }, value) =>
    () => {
      const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
      mmu.probeWrite(linear, 4);
      mmu.write32(linear, logic32(s, mmu.read32(linear) | value));
    },
};

const AND: AluForms = {
  rr:
    ({ s }, to, from) =>
    () =>
      void (s[to] = logic32(s, s[to]! & s[from]!)),
  ri:
    ({ s }, to, value) =>
    () =>
      void (s[to] = logic32(s, s[to]! & value)),
  rm:
    ({ s, mmu }, to, { base, index, scale, displacement }) =>
    () =>
      void (s[to] = logic32(s, s[to]! & mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0))),
  mr:
    ({ s, mmu }, { base, index, scale, displacement }, from) =>
    () => {
      const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
      mmu.probeWrite(linear, 4);
      mmu.write32(linear, logic32(s, mmu.read32(linear) & s[from]!));
    },
  mi:
    ({ s, mmu }, { base, index, scale, displacement }, value) =>
    () => {
      const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
      mmu.probeWrite(linear, 4);
      mmu.write32(linear, logic32(s, mmu.read32(linear) & value));
    },
};

const SUB: AluForms = {
  rr:
    ({ s }, to, from) =>
    () =>
      void (s[to] = sub32(s, s[to]!, s[from]!)),
  ri:
    ({ s }, to, value) =>
    () =>
      void (s[to] = sub32(s, s[to]!, value)),
  rm:
    ({ s, mmu }, to, { base, index, scale, displacement }) =>
    () =>
      void (s[to] = sub32(s, s[to]!, mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0))),
  mr:
    ({ s, mmu }, { base, index, scale, displacement }, from) =>
    () => {
      const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
      mmu.probeWrite(linear, 4);
      mmu.write32(linear, sub32(s, mmu.read32(linear), s[from]!));
    },
  mi:
    ({ s, mmu }, { base, index, scale, displacement }, value) =>
    () => {
      const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
      mmu.probeWrite(linear, 4);
      mmu.write32(linear, sub32(s, mmu.read32(linear), value));
    },
};

const XOR: AluForms = {
  rr:
    ({ s }, to, from) =>
    () =>
      void (s[to] = logic32(s, s[to]! ^ s[from]!)),
  ri:
    ({ s }, to, value) =>
    () =>
      void (s[to] = logic32(s, s[to]! ^ value)),
  rm:
    ({ s, mmu }, to, { base, index, scale, displacement }) =>
    () =>
      void (s[to] = logic32(s, s[to]! ^ mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0))),
  mr:
    ({ s, mmu }, { base, index, scale, displacement }, from) =>
    () => {
      const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
      mmu.probeWrite(linear, 4);
      mmu.write32(linear, logic32(s, mmu.read32(linear) ^ s[from]!));
    },
  mi:
    ({ s, mmu }, { base, index, scale, displacement }, value) =>
    () => {
      const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
      mmu.probeWrite(linear, 4);
      mmu.write32(linear, logic32(s, mmu.read32(linear) ^ value));
    },
};

const ADC: AluForms = {
  rr:
    ({ s }, to, from) =>
    () =>
      void (s[to] = adc32(s, s[to]!, s[from]!)),
  ri:
    ({ s }, to, value) =>
    () =>
      void (s[to] = adc32(s, s[to]!, value)),
  rm:
    ({ s, mmu }, to, { base, index, scale, displacement }) =>
    () =>
      void (s[to] = adc32(s, s[to]!, mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0))),
  mr:
    ({ s, mmu }, { base, index, scale, displacement }, from) =>
    () => {
      const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
      mmu.probeWrite(linear, 4);
      mmu.write32(linear, adc32(s, mmu.read32(linear), s[from]!));
    },
  mi:
    ({ s, mmu }, { base, index, scale, displacement }, value) =>
    () => {
      const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
      mmu.probeWrite(linear, 4);
      mmu.write32(linear, adc32(s, mmu.read32(linear), value));
    },
};

const SBB: AluForms = {
  rr:
    ({ s }, to, from) =>
    () =>
      void (s[to] = sbb32(s, s[to]!, s[from]!)),
  ri:
    ({ s }, to, value) =>
    () =>
      void (s[to] = sbb32(s, s[to]!, value)),
  rm:
    ({ s, mmu }, to, { base, index, scale, displacement }) =>
    () =>
      void (s[to] = sbb32(s, s[to]!, mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0))),
  mr:
    ({ s, mmu }, { base, index, scale, displacement }, from) =>
    () => {
      const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
      mmu.probeWrite(linear, 4);
      mmu.write32(linear, sbb32(s, mmu.read32(linear), s[from]!));
    },
  mi:
    ({ s, mmu }, { base, index, scale, displacement }, value) =>
    () => {
      const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
      mmu.probeWrite(linear, 4);
      mmu.write32(linear, sbb32(s, mmu.read32(linear), value));
    },
};

const CMP: AluForms = {
  rr:
    ({ s }, left, right) =>
    () =>
      void sub32(s, s[left]!, s[right]!),
  ri:
    ({ s }, left, value) =>
    () =>
      void sub32(s, s[left]!, value),
  rm:
    ({ s, mmu }, left, { base, index, scale, displacement }) =>
    () =>
      void sub32(s, s[left]!, mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0)),
  mr:
    ({ s, mmu }, { base, index, scale, displacement }, right) =>
    () =>
      void sub32(s, mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0), s[right]!),
  mi:
    ({ s, mmu }, { base, index, scale, displacement }, value) =>
    () =>
      void sub32(s, mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0), value),
};

const TEST: AluForms = {
  rr:
    ({ s }, left, right) =>
    () =>
      void logic32(s, s[left]! & s[right]!),
  ri:
    ({ s }, left, value) =>
    () =>
      void logic32(s, s[left]! & value),
  rm:
    ({ s, mmu }, left, { base, index, scale, displacement }) =>
    () =>
      void logic32(s, s[left]! & mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0)),
  mr:
    ({ s, mmu }, { base, index, scale, displacement }, right) =>
    () =>
      void logic32(s, mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0) & s[right]!),
  mi:
    ({ s, mmu }, { base, index, scale, displacement }, value) =>
    () =>
      void logic32(s, mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0) & value),
};

/** By semantic name. */
export const ALU_FORMS: Readonly<Record<string, AluForms>> = {
  add: ADD,
  or: OR,
  adc: ADC,
  sbb: SBB,
  and: AND,
  sub: SUB,
  xor: XOR,
  cmp: CMP,
  test: TEST,
};

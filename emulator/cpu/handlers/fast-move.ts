/**
 * MOV, extensions, LEA, the stack, and single-operand arithmetic of flat 32-bit code, each form written out (see
 * fast-alu.ts for why).
 */
import type { Handler } from "../block.ts";
import type { Core } from "../core.ts";
import { byteRegister } from "../core.ts";
import { dec32, imul32, inc32, logic8, rol32, ror32, sar32, shl32, shr32, sub8, sub32 } from "../flags.ts";
import type { Builder } from "../instruction.ts";
import { ESP } from "../layout.ts";
import type { FlatAddress } from "./fast-alu.ts";

// MOV of 32 bits.

export const movRegister =
  ({ s }: Core, to: number, from: number): Handler =>
  () =>
    void (s[to] = s[from]!);
export const movImmediate =
  ({ s }: Core, to: number, value: number): Handler =>
  () =>
    void (s[to] = value);

export const movLoad =
  ({ s, mmu }: Core, to: number, { base, index, scale, displacement }: FlatAddress): Handler =>
  () =>
    void (s[to] = mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0));

export const movStore =
  ({ s, mmu }: Core, { base, index, scale, displacement }: FlatAddress, from: number): Handler =>
  () =>
    mmu.write32((s[base]! + (s[index]! << scale) + displacement) | 0, s[from]!);

export const movStoreImmediate =
  ({ s, mmu }: Core, { base, index, scale, displacement }: FlatAddress, value: number): Handler =>
  () =>
    mmu.write32((s[base]! + (s[index]! << scale) + displacement) | 0, value);

// MOV, CMP and TEST of 8 bits; `to`, `from` are register numbers.

export const movByteRegister = ({ r8 }: Core, to: number, from: number): Handler => {
  const target = byteRegister(to);
  const source = byteRegister(from);
  return () => void (r8[target] = r8[source]!);
};

export const movByteImmediate = ({ r8 }: Core, to: number, value: number): Handler => {
  const target = byteRegister(to);
  return () => void (r8[target] = value);
};

export const movByteLoad = (
  { s, r8, mmu }: Core,
  to: number,
  { base, index, scale, displacement }: FlatAddress,
): Handler => {
  const target = byteRegister(to);
  return () => void (r8[target] = mmu.read8((s[base]! + (s[index]! << scale) + displacement) | 0));
};

export const movByteStore = (
  { s, r8, mmu }: Core,
  { base, index, scale, displacement }: FlatAddress,
  from: number,
): Handler => {
  const source = byteRegister(from);
  return () => mmu.write8((s[base]! + (s[index]! << scale) + displacement) | 0, r8[source]!);
};

export const movByteStoreImmediate =
  ({ s, mmu }: Core, { base, index, scale, displacement }: FlatAddress, value: number): Handler =>
  () =>
    mmu.write8((s[base]! + (s[index]! << scale) + displacement) | 0, value);

export const cmpByteImmediate = ({ s, r8 }: Core, left: number, value: number): Handler => {
  const at = byteRegister(left);
  return () => void sub8(s, r8[at]!, value);
};

export const cmpByteMemoryImmediate =
  ({ s, mmu }: Core, { base, index, scale, displacement }: FlatAddress, value: number): Handler =>
  () =>
    void sub8(s, mmu.read8((s[base]! + (s[index]! << scale) + displacement) | 0), value);

export const testByteRegister = ({ s, r8 }: Core, left: number, right: number): Handler => {
  const a = byteRegister(left);
  const b = byteRegister(right);
  return () => void logic8(s, r8[a]! & r8[b]!);
};

export const testByteImmediate = ({ s, r8 }: Core, left: number, value: number): Handler => {
  const at = byteRegister(left);
  return () => void logic8(s, r8[at]! & value);
};

// MOVZX and MOVSX to 32 bits.

export const zeroExtendByte = ({ s, r8 }: Core, to: number, from: number): Handler => {
  const source = byteRegister(from);
  return () => void (s[to] = r8[source]!);
};

export const signExtendByte = ({ s, r8 }: Core, to: number, from: number): Handler => {
  const source = byteRegister(from);
  return () => void (s[to] = (r8[source]! << 24) >> 24);
};

export const zeroExtendWord =
  ({ s, r16 }: Core, to: number, from: number): Handler =>
  () =>
    void (s[to] = r16[2 * from]!);
export const signExtendWord =
  ({ s, r16 }: Core, to: number, from: number): Handler =>
  () =>
    void (s[to] = (r16[2 * from]! << 16) >> 16);

export const zeroExtendByteLoad =
  ({ s, mmu }: Core, to: number, { base, index, scale, displacement }: FlatAddress): Handler =>
  () =>
    void (s[to] = mmu.read8((s[base]! + (s[index]! << scale) + displacement) | 0));

export const signExtendByteLoad =
  ({ s, mmu }: Core, to: number, { base, index, scale, displacement }: FlatAddress): Handler =>
  () =>
    void (s[to] = (mmu.read8((s[base]! + (s[index]! << scale) + displacement) | 0) << 24) >> 24);

export const zeroExtendWordLoad =
  ({ s, mmu }: Core, to: number, { base, index, scale, displacement }: FlatAddress): Handler =>
  () =>
    void (s[to] = mmu.read16((s[base]! + (s[index]! << scale) + displacement) | 0));

export const signExtendWordLoad =
  ({ s, mmu }: Core, to: number, { base, index, scale, displacement }: FlatAddress): Handler =>
  () =>
    void (s[to] = (mmu.read16((s[base]! + (s[index]! << scale) + displacement) | 0) << 16) >> 16);

/** LEA needs no flat segment, only 32-bit addresses. */
export const loadAddress: Builder =
  ({ s }, { reg, base, index, scale, displacement }) =>
  () =>
    void (s[reg] = s[base]! + (s[index]! << scale) + displacement);

// The stack.

export const pushRegister =
  ({ s, mmu }: Core, from: number): Handler =>
  () => {
    const value = s[from]!;
    const esp = (s[ESP]! - 4) | 0;
    mmu.write32(esp, value);
    s[ESP] = esp;
  };

export const pushImmediate =
  ({ s, mmu }: Core, value: number): Handler =>
  () => {
    const esp = (s[ESP]! - 4) | 0;
    mmu.write32(esp, value);
    s[ESP] = esp;
  };

export const pushMemory =
  ({ s, mmu }: Core, { base, index, scale, displacement }: FlatAddress): Handler =>
  () => {
    const value = mmu.read32((s[base]! + (s[index]! << scale) + displacement) | 0);
    const esp = (s[ESP]! - 4) | 0;
    mmu.write32(esp, value);
    s[ESP] = esp;
  };

/** POP ESP loads the popped value: the register is written last. */
export const popRegister =
  ({ s, mmu }: Core, to: number): Handler =>
  () => {
    const value = mmu.read32(s[ESP]!);
    s[ESP] = s[ESP]! + 4;
    s[to] = value;
  };

// One operand.

export const increment =
  ({ s }: Core, register: number): Handler =>
  () =>
    void (s[register] = inc32(s, s[register]!));
export const decrement =
  ({ s }: Core, register: number): Handler =>
  () =>
    void (s[register] = dec32(s, s[register]!));
export const negate =
  ({ s }: Core, register: number): Handler =>
  () =>
    void (s[register] = sub32(s, 0, s[register]!));
export const complement =
  ({ s }: Core, register: number): Handler =>
  () =>
    void (s[register] = ~s[register]!);

export const incrementMemory =
  ({ s, mmu }: Core, { base, index, scale, displacement }: FlatAddress): Handler =>
  () => {
    const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
    mmu.probeWrite(linear, 4);
    mmu.write32(linear, inc32(s, mmu.read32(linear)));
  };

export const decrementMemory =
  ({ s, mmu }: Core, { base, index, scale, displacement }: FlatAddress): Handler =>
  () => {
    const linear = (s[base]! + (s[index]! << scale) + displacement) | 0;
    mmu.probeWrite(linear, 4);
    mmu.write32(linear, dec32(s, mmu.read32(linear)));
  };

// Shifts and rotations of a register by a constant from 1 to 31.

export const shiftLeft =
  ({ s }: Core, register: number, count: number): Handler =>
  () =>
    void (s[register] = shl32(s, s[register]!, count));
export const shiftRight =
  ({ s }: Core, register: number, count: number): Handler =>
  () =>
    void (s[register] = shr32(s, s[register]!, count));
export const shiftRightSigned =
  ({ s }: Core, register: number, count: number): Handler =>
  () =>
    void (s[register] = sar32(s, s[register]!, count));
export const rotateLeft =
  ({ s }: Core, register: number, count: number): Handler =>
  () =>
    void (s[register] = rol32(s, s[register]!, count));
export const rotateRight =
  ({ s }: Core, register: number, count: number): Handler =>
  () =>
    void (s[register] = ror32(s, s[register]!, count));

// IMUL with a register as destination.

export const multiplyRegister =
  ({ s }: Core, to: number, from: number): Handler =>
  () =>
    void (s[to] = imul32(s, s[to]!, s[from]!));
export const multiplyImmediate =
  ({ s }: Core, to: number, from: number, value: number): Handler =>
  () =>
    void (s[to] = imul32(s, s[from]!, value));

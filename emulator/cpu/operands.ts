/**
 * Access to the operands of a decoded instruction, for every form and mode: closures that read, write or modify. The
 * makers of hot handlers write these accesses out themselves (handlers/fast*.ts); everything else is composed from the
 * functions here. Values of 8 and 16 bits are zero-extended, values of 32 bits signed.
 */
import type { Handler } from "./block.ts";
import type { Core } from "./core.ts";
import { byteRegister } from "./core.ts";
import type { DecodedInstruction } from "./instruction.ts";
import { CS, EAX, FS } from "./layout.ts";
import { MODE_FLAT } from "./state.ts";

export type Reader = () => number;
export type Writer = (value: number) => void;

/** Size in bits of operand `k`; 0 where it has none. */
export function operandSize(insn: DecodedInstruction, k: number): number {
  const size = insn.form.operands[k]!.sizeBits;
  return size === "v" ? insn.size : size;
}

/** AL, AX or EAX. */
export function accumulator(core: Core, bits: number): { readonly get: Reader; readonly set: Writer } {
  const { s, r8, r16 } = core;
  switch (bits) {
    case 8:
      return { get: () => r8[0]!, set: (value) => void (r8[0] = value) };
    case 16:
      return { get: () => r16[0]!, set: (value) => void (r16[0] = value) };
    default:
      return { get: () => s[EAX]!, set: (value) => void (s[EAX] = value) };
  }
}

/** Whether accesses of this instruction to its memory operand need no segment check. */
export function isFlat(insn: DecodedInstruction): boolean {
  return (insn.mode & MODE_FLAT) !== 0 && insn.segment !== CS && insn.segment < FS;
}

/** The offset of the memory operand in its segment. */
export function effectiveAddress(core: Core, insn: DecodedInstruction): Reader {
  const { s } = core;
  const { base, index, scale, displacement } = insn;
  if (insn.displacementAt !== 0) {
    const { view } = core.memory;
    const at = insn.displacementAt;
    if (insn.displacementBytes === 1) return () => (s[base]! + (s[index]! << scale) + view.getInt8(at)) | 0;
    return () => (s[base]! + (s[index]! << scale) + view.getInt32(at, true)) | 0;
  }
  if (!insn.address32) return () => (s[base]! + s[index]! + displacement) & 0xffff;
  return () => (s[base]! + (s[index]! << scale) + displacement) | 0;
}

/** Linear address of the memory operand, checked for an access of `sizeBytes`; `delta` is added to its offset. */
export function operandAddress(
  core: Core,
  insn: DecodedInstruction,
  sizeBytes: number,
  write: boolean,
  delta = 0,
): Reader {
  const { segments } = core;
  const { segment } = insn;
  const mask = insn.address32 ? -1 : 0xffff;
  const plain = effectiveAddress(core, insn);
  const offset = delta === 0 ? plain : (): number => (plain() + delta) & mask;
  if (isFlat(insn)) return offset;
  if (write) return () => segments.writeAddress(segment, offset(), sizeBytes);
  return () => segments.readAddress(segment, offset(), sizeBytes);
}

function readMemory(core: Core, address: Reader, sizeBits: number): Reader {
  const { mmu } = core;
  switch (sizeBits) {
    case 8:
      return () => mmu.read8(address());
    case 16:
      return () => mmu.read16(address());
    default:
      return () => mmu.read32(address());
  }
}

function writeMemory(core: Core, address: Reader, sizeBits: number): Writer {
  const { mmu } = core;
  switch (sizeBits) {
    case 8:
      return (value) => mmu.write8(address(), value);
    case 16:
      return (value) => mmu.write16(address(), value);
    default:
      return (value) => mmu.write32(address(), value);
  }
}

function readRegister(core: Core, number: number, sizeBits: number): Reader {
  const { s, r8, r16 } = core;
  switch (sizeBits) {
    case 8: {
      const at = byteRegister(number);
      return () => r8[at]!;
    }
    case 16:
      return () => r16[2 * number]!;
    default:
      return () => s[number]!;
  }
}

export function writeRegister(core: Core, number: number, sizeBits: number): Writer {
  const { s, r8, r16 } = core;
  switch (sizeBits) {
    case 8: {
      const at = byteRegister(number);
      return (value) => {
        r8[at] = value;
      };
    }
    case 16:
      return (value) => {
        r16[2 * number] = value;
      };
    default:
      return (value) => {
        s[number] = value;
      };
  }
}

/** The value of an immediate operand, or null: where it is none, or one that changes. */
export function immediateOf(insn: DecodedInstruction, k: number): number | null {
  const operand = insn.form.operands[k]!;
  if (operand.field === "immediate") {
    if (insn.immediateAt !== 0) return null;
    const value = k > 0 && insn.form.operands[k - 1]!.field === "immediate" ? insn.immediate2 : insn.immediate;
    return insn.size === 16 && operand.signExtended ? value & 0xffff : value;
  }
  return operand.field === "fixed" && operand.register === null ? operand.fixed : null;
}

/** The register number of operand `k`, or -1 when it is in memory (or no register at all). */
export function registerOf(insn: DecodedInstruction, k: number): number {
  const operand = insn.form.operands[k]!;
  switch (operand.field) {
    case "reg":
    case "opcode":
    case "reg+rm":
      return insn.reg;
    case "rm":
      return insn.mod === 3 ? insn.rm : -1;
    case "fixed":
      return operand.register === null ? -1 : operand.fixed;
    default:
      return -1;
  }
}

/** Reads operand `k`. */
export function read(core: Core, insn: DecodedInstruction, k: number): Reader {
  const operand = insn.form.operands[k]!;
  const sizeBits = operandSize(insn, k);
  if (operand.field === "immediate" && insn.immediateAt !== 0)
    return readLiveImmediate(core, insn, operand.signExtended);
  if (operand.field === "immediate") {
    const value = k > 0 && insn.form.operands[k - 1]!.field === "immediate" ? insn.immediate2 : insn.immediate;
    const narrowed = insn.size === 16 && operand.signExtended ? value & 0xffff : value;
    return () => narrowed;
  }
  if (operand.field === "fixed" && operand.register === null) return () => operand.fixed;
  const register = registerOf(insn, k);
  if (register >= 0) return readRegister(core, register, sizeBits);
  return readMemory(core, operandAddress(core, insn, sizeBits >>> 3, false), sizeBits);
}

/** Reads an immediate where it lies. */
export function readLiveImmediate(core: Core, insn: DecodedInstruction, signExtended: boolean): Reader {
  const { view } = core.memory;
  const { immediateAt, immediateBytes } = insn;
  if (immediateBytes === 4) return () => view.getInt32(immediateAt, true);
  if (immediateBytes === 2) return () => view.getUint16(immediateAt, true);
  if (!signExtended) return () => view.getUint8(immediateAt);
  const mask = insn.size === 16 ? 0xffff : -1;
  return () => view.getInt8(immediateAt) & mask;
}

/** Writes operand `k`. */
export function write(core: Core, insn: DecodedInstruction, k: number): Writer {
  const sizeBits = operandSize(insn, k);
  const register = registerOf(insn, k);
  if (register >= 0) return writeRegister(core, register, sizeBits);
  return writeMemory(core, operandAddress(core, insn, sizeBits >>> 3, true), sizeBits);
}

/** Replaces operand `k` by a function of itself. Nothing of `change` happens when the operand cannot be written. */
export function modify(core: Core, insn: DecodedInstruction, k: number, change: (value: number) => number): Handler {
  const { mmu, s, r8, r16 } = core;
  const sizeBits = operandSize(insn, k);
  const register = registerOf(insn, k);
  if (register >= 0) {
    switch (sizeBits) {
      case 8: {
        const at = byteRegister(register);
        return () => {
          r8[at] = change(r8[at]!);
        };
      }
      case 16:
        return () => {
          r16[2 * register] = change(r16[2 * register]!);
        };
      default:
        return () => {
          s[register] = change(s[register]!);
        };
    }
  }
  const address = operandAddress(core, insn, sizeBits >>> 3, true);
  switch (sizeBits) {
    case 8:
      return () => {
        const linear = address();
        mmu.probeWrite(linear, 1);
        mmu.write8(linear, change(mmu.read8(linear)));
      };
    case 16:
      return () => {
        const linear = address();
        mmu.probeWrite(linear, 2);
        mmu.write16(linear, change(mmu.read16(linear)));
      };
    default:
      return () => {
        const linear = address();
        mmu.probeWrite(linear, 4);
        mmu.write32(linear, change(mmu.read32(linear)));
      };
  }
}

/**
 * Operands of a decoded instruction as a person names them: what the disassembler shows.
 */

import type { Decoded } from "./decode.ts";
import type { Form, OperandPattern } from "./form.ts";
import type { Prefix, Register, RegisterClass, SizeBits } from "./instruction.ts";
import { REGISTERS_BY_CLASS } from "./registers.ts";

/** The form's mnemonic at the size that was decoded. */
export const mnemonicOf = (form: Form, decoded: Decoded, att: boolean): string => {
  const [name16, name32] = att ? [form.att16, form.att32] : [form.mnemonic16, form.mnemonic32];
  const size = form.operandSize === "v" ? decoded.operandSize : decoded.addressSize;
  return (size === 16 ? name16 : name32) || name32;
};

/** Class of an operand's register at the size that was decoded. */
const classOf = ({ register }: OperandPattern, decoded: Decoded): RegisterClass => {
  if (register !== "rv" && register !== "ra" && register !== null) return register;
  return (register === "ra" ? decoded.addressSize : decoded.operandSize) === 16 ? "r16" : "r32";
};

/** The register that an operand is; one that does not exist has objdump's name for it. */
export const registerOf = (pattern: OperandPattern, decoded: Decoded): Register => {
  const form = decoded.form!;
  const number =
    pattern.field === "reg"
      ? decoded.reg
      : pattern.field === "rm"
        ? decoded.rm
        : pattern.field === "vvvv"
          ? decoded.vvvv
          : pattern.field === "opcode"
            ? form.opcodeRegister
              ? decoded.opcode & 7
              : decoded.rm
            : pattern.fixed;
  const registerClass = classOf(pattern, decoded);
  const missing = registerClass === "bnd" ? "(bad)" : "?";
  return REGISTERS_BY_CLASS[registerClass][number] ?? { name: missing, class: registerClass, number };
};

/** True when the operand lies in memory in this instruction. */
export const isInMemory = (pattern: OperandPattern, decoded: Decoded): boolean =>
  pattern.memory !== null && (pattern.field !== "rm" || decoded.isMemory);

/** Bits of a memory operand; 0 where nothing says them. */
export const memoryBits = (pattern: OperandPattern, decoded: Decoded): SizeBits | 0 => {
  const bits = pattern.sizeBits === "v" ? decoded.operandSize : pattern.sizeBits;
  switch (pattern.memory) {
    case "far":
      return bits === 16 ? 32 : 48;
    case "pair":
      return bits === 16 ? 32 : 64;
    case "sized":
    case "line":
      return bits as SizeBits;
    default:
      return 0;
  }
};

/** True when an operand of this instruction uses the segment override. */
export const usesSegment = (pattern: OperandPattern, decoded: Decoded): boolean =>
  isInMemory(pattern, decoded) && pattern.field !== "destination";

/** Names of the prefixes 66 and 67, which say the opposite of the code segment. */
export const sizePrefix = (kind: "data" | "addr", size: 16 | 32): Prefix => `${kind}${size}`;

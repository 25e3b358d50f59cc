/**
 * Decoded fields -> an instruction as the assembler would have handed it in: the way back from `decode` to `encode`,
 * and the view of an instruction for whoever wants operands and not fields.
 */

import type { Decoded } from "./decode.ts";
import type { Form, OperandPattern } from "./form.ts";
import type { Instruction, MemoryOperand, Operand, Prefix, Register, RegisterClass, SizeBits } from "./instruction.ts";
import { EIZ, REGISTERS_BY_CLASS } from "./registers.ts";

/** The form's mnemonic at the size that was decoded. */
export const mnemonicOf = (form: Form, decoded: Decoded, att: boolean): string => {
  const [name16, name32] = att ? [form.att16, form.att32] : [form.mnemonic16, form.mnemonic32];
  const size = form.operandSize === "v" ? decoded.operandSize : decoded.addressSize;
  return (size === 16 ? name16 : name32) || name32;
};

/** Class of an operand's register at the size that was decoded. */
const classOf = (pattern: OperandPattern, decoded: Decoded): RegisterClass =>
  pattern.register === "rv" || pattern.register === null
    ? decoded.operandSize === 16
      ? "r16"
      : "r32"
    : pattern.register;

/** The register that an operand is; a segment register that does not exist has the name "?". */
export const registerOf = (pattern: OperandPattern, decoded: Decoded): Register => {
  const form = decoded.form!;
  const number =
    pattern.field === "reg"
      ? decoded.reg
      : pattern.field === "rm"
        ? decoded.rm
        : pattern.field === "opcode"
          ? form.opcodeRegister
            ? decoded.opcode & 7
            : decoded.rm
          : pattern.fixed;
  const registerClass = classOf(pattern, decoded);
  return REGISTERS_BY_CLASS[registerClass][number] ?? { name: "?", class: registerClass, number };
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

const IMPLICIT_BASE: Readonly<Record<string, number>> = { destination: 7, source: 6, table: 3 };

/** True when an operand of this instruction uses the segment override. */
export const usesSegment = (pattern: OperandPattern, decoded: Decoded): boolean =>
  isInMemory(pattern, decoded) && pattern.field !== "destination";

const memoryOf = (pattern: OperandPattern, decoded: Decoded): MemoryOperand => {
  const registers = REGISTERS_BY_CLASS[decoded.addressSize === 16 ? "r16" : "r32"];
  const bits = memoryBits(pattern, decoded);
  const memory: { -readonly [Key in keyof MemoryOperand]: MemoryOperand[Key] } = { kind: "memory" };
  if (bits !== 0) memory.sizeBits = bits;
  if (decoded.segment >= 0 && usesSegment(pattern, decoded)) memory.segment = REGISTERS_BY_CLASS.sreg[decoded.segment]!;
  const implicit = IMPLICIT_BASE[pattern.field];
  if (implicit !== undefined) {
    memory.base = registers[implicit]!;
    return memory;
  }
  if (pattern.field === "rm") {
    if (decoded.base >= 0) memory.base = registers[decoded.base]!;
    if (decoded.index >= 0) {
      memory.index = registers[decoded.index]!;
      memory.scale = decoded.scale;
    } else if (decoded.hasSib && (decoded.base !== 4 || decoded.scale !== 1)) {
      memory.index = EIZ;
      memory.scale = decoded.scale;
    }
  }
  memory.displacement = decoded.displacement;
  return memory;
};

const operandOf = (pattern: OperandPattern, decoded: Decoded, immediate: number): Operand => {
  switch (pattern.field) {
    case "immediate":
      return { kind: "immediate", value: immediate };
    case "relative":
      return { kind: "target", distance: pattern.sizeBits === 8 ? "short" : "near" };
    case "far":
      return { kind: "far", selector: decoded.immediate2, offset: decoded.immediate };
    case "fixed":
      if (pattern.register === null) return { kind: "immediate", value: pattern.fixed };
  }
  return isInMemory(pattern, decoded)
    ? memoryOf(pattern, decoded)
    : { kind: "register", register: registerOf(pattern, decoded) };
};

/** Names of the prefixes 66 and 67, which say the opposite of the code segment. */
export const sizePrefix = (kind: "data" | "addr", size: 16 | 32): Prefix => `${kind}${size}`;

/**
 * The instruction in Intel's terms. Branch distances are not part of it; see `Decoded.immediate`. Prefixes that change
 * nothing are left out. `bits` is the code segment's size.
 */
export const instructionOf = (decoded: Decoded, bits: 16 | 32): Instruction => {
  const form = decoded.form;
  if (form === null) throw new Error(`there is no instruction: ${decoded.problem}`);
  let count = 0;
  // MONITOR's address is in AX then, which cannot be written.
  const patterns = form.semantic === "monitor" && decoded.addressSize === 16 ? [] : form.operands;
  const operands = patterns.map((pattern) => {
    const isSecond = pattern.field === "immediate" && count++ > 0;
    return operandOf(pattern, decoded, isSecond ? decoded.immediate2 : decoded.immediate);
  });
  const prefixes: Prefix[] = [];
  if (decoded.lock) prefixes.push("lock");
  if (decoded.repeat !== 0 && form.prefix !== decoded.repeat) prefixes.push(decoded.repeat === 0xf2 ? "repne" : "rep");
  const hasMemory = operands.some(({ kind }) => kind === "memory");
  if (decoded.segment >= 0 && !form.operands.some((pattern) => usesSegment(pattern, decoded))) {
    prefixes.push(REGISTERS_BY_CLASS.sreg[decoded.segment]!.name as Prefix);
  }
  // What the operands or the mnemonic do not show has to be said by a prefix.
  const showsAddressSize = form.mnemonic16 !== form.mnemonic32 && form.operandSize !== "v";
  const hasAddressRegisters = operands.some(
    (operand) => operand.kind === "memory" && (operand.base ?? operand.index) !== undefined,
  );
  const isAddressSized = hasMemory || (form.addressSized && (form.semantic !== "monitor" || operands.length === 0));
  if (decoded.addressSize !== bits && isAddressSized && !hasAddressRegisters && !showsAddressSize) {
    prefixes.push(sizePrefix("addr", decoded.addressSize));
  }
  const showsSize = operands.some(
    (operand, i) =>
      form.operands[i]!.sizeBits === "v" &&
      (operand.kind === "register" || (operand.kind === "memory" && operand.sizeBits !== undefined)),
  );
  if (form.operandSize === "v" && decoded.operandSize !== bits && !showsSize && form.mnemonic16 === form.mnemonic32) {
    prefixes.push(sizePrefix("data", decoded.operandSize));
  }
  return { mnemonic: mnemonicOf(form, decoded, false), prefixes, operands };
};

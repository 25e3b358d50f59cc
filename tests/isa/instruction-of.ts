/**
 * Decoded fields -> an instruction as the assembler would have handed it in: the way back from `decode` to `encode`, by
 * which the two are held against each other.
 */

import type { Decoded } from "../../src/isa/decode.ts";
import type { OperandPattern } from "../../src/isa/form.ts";
import type { Instruction, MemoryOperand, Operand, Prefix } from "../../src/isa/instruction.ts";
import { isInMemory, memoryBits, mnemonicOf, registerOf, sizePrefix, usesSegment } from "../../src/isa/lift.ts";
import { EIZ, REGISTERS_BY_CLASS } from "../../src/isa/registers.ts";

const IMPLICIT_BASE: Readonly<Record<string, number>> = { destination: 7, source: 6, table: 3 };

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

/**
 * The instruction in Intel's terms. Branch distances are not part of it; see `Decoded.immediate`. Prefixes that change
 * nothing are left out. `bits` is the code segment's size.
 */
export const instructionOf = (decoded: Decoded, bits: 16 | 32): Instruction => {
  const form = decoded.form;
  if (form === null) throw new Error(`there is no instruction: ${decoded.problem}`);
  let count = 0;
  // MONITOR's address is in AX then, which cannot be written.
  const patterns = form.semantic.startsWith("monitor") && decoded.addressSize === 16 ? [] : form.operands;
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
  const isAddressSized =
    hasMemory || (form.addressSized && (!form.semantic.startsWith("monitor") || operands.length === 0));
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

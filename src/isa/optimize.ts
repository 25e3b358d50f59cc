/**
 * Instructions that do the same in fewer bytes or without a result that nobody reads (`-O`, `-O2`, `-Os`). Which, is
 * GNU as's choice; what an option changes is in the binutils manual under "-O".
 */

import type { EncodeOptions, Instruction, Operand, RegisterOperand } from "./instruction.ts";
import { REGISTERS_BY_CLASS } from "./registers.ts";

type Level = "no" | "some" | "more" | "size";

/** The mnemonic without the suffix of a size, if it is one of these. */
const baseOf = (mnemonic: string, base: string): boolean =>
  mnemonic === base || (mnemonic.length === base.length + 1 && mnemonic.startsWith(base) && /[bwld]$/.test(mnemonic));

const suffixOf = (mnemonic: string, base: string): string => mnemonic.slice(base.length);

const isGeneral = (operand: Operand | undefined): operand is RegisterOperand =>
  operand?.kind === "register" && (operand.register.class === "r16" || operand.register.class === "r32");

/** LEA of one register, or of a number, is a MOV; a segment means nothing to it. */
const withoutLea = (written: Instruction, level: Level, bits: 16 | 32): Instruction => {
  const [target, memory] = written.operands;
  if (!isGeneral(target) || memory?.kind !== "memory") return written;
  const { segment: _, ...source } = memory;
  const instruction = { ...written, operands: [target, source] };
  const { base, index, scale = 1, displacement = 0 } = source;
  const only = base === undefined ? (scale === 1 ? index : undefined) : index === undefined ? base : undefined;
  const { class: size } = target.register;
  const mnemonic = `mov${suffixOf(instruction.mnemonic, "lea")}`;
  if (base === undefined && index === undefined) {
    // In 16-bit code the address is shorter than the number.
    if (level === "size" && bits === 16 && size === "r32") return instruction;
    const value: Operand = { kind: "immediate", value: displacement };
    return { ...instruction, mnemonic, operands: [target, value] };
  }
  if (only === undefined || displacement !== 0 || !(only.class === "r16" || only.class === "r32")) return instruction;
  if (only.class !== size && size === "r32") return instruction;
  const register = REGISTERS_BY_CLASS[size].find(({ number }) => number === only.number)!;
  const wish = { direction: "load" } as const;
  return { ...instruction, mnemonic, operands: [target, { kind: "register", register }], wish };
};

/** AND and OR of a register with itself only set the flags, as TEST does. */
const asTest = (instruction: Instruction, base: string): Instruction => {
  const [target, source] = instruction.operands;
  if (target?.kind !== "register" || source?.kind !== "register" || target.register !== source.register)
    return instruction;
  return { ...instruction, mnemonic: `test${suffixOf(instruction.mnemonic, base)}` };
};

/** TEST with a number below 128 needs the low byte of its register only. */
const withByteTest = (instruction: Instruction, att: boolean): Instruction => {
  const [target, value] = instruction.operands;
  if (!isGeneral(target) || value?.kind !== "immediate" || value.value === null) return instruction;
  if (value.value < 0 || value.value > 127 || target.register.number > 3) return instruction;
  const register = REGISTERS_BY_CLASS.r8.find(({ number }) => number === target.register.number)!;
  const mnemonic = instruction.mnemonic === "test" || !att ? "test" : "testb";
  return { ...instruction, mnemonic, operands: [{ kind: "register", register }, value] };
};

/** What is assembled in place of an instruction. */
export const optimized = (instruction: Instruction, level: Level, options: EncodeOptions): Instruction => {
  const { mnemonic, wish, prefixes } = instruction;
  if (level === "no" || prefixes.length > 0 || wish?.direction !== undefined) return instruction;
  if (baseOf(mnemonic, "lea")) return withoutLea(instruction, level, options.bits);
  if (level === "size" && baseOf(mnemonic, "test")) return withByteTest(instruction, options.att === true);
  if (level === "more" && baseOf(mnemonic, "and")) return asTest(instruction, "and");
  if (level === "more" && baseOf(mnemonic, "or")) return asTest(instruction, "or");
  return instruction;
};

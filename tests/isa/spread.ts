/**
 * A spread of instructions for every form of the table: each operand in turn takes all its choices, the others keep
 * their first. Also their text in GNU as's Intel syntax, which is printed here and not by the code under test.
 */

import type { Form, OperandPattern } from "../../src/isa/form.ts";
import type { Instruction, MemoryOperand, Operand, RegisterClass, SizeBits, Value } from "../../src/isa/instruction.ts";
import { REGISTERS_BY_CLASS } from "../../src/isa/registers.ts";

export interface Sample {
  readonly form: Form;
  readonly instruction: Instruction;
  /** Intel syntax. */
  readonly text: string;
}

const register = (registerClass: RegisterClass, number: number): Operand => ({
  kind: "register",
  register: REGISTERS_BY_CLASS[registerClass][number]!,
});

const memory = (
  bits: SizeBits | undefined,
  parts: { base?: string; index?: string; scale?: 1 | 2 | 4 | 8; displacement?: Value; segment?: number },
): MemoryOperand => {
  const find = (name: string) =>
    [...REGISTERS_BY_CLASS.r32, ...REGISTERS_BY_CLASS.r16].find((candidate) => candidate.name === name)!;
  return {
    kind: "memory",
    ...(bits === undefined ? {} : { sizeBits: bits }),
    ...(parts.base === undefined ? {} : { base: find(parts.base) }),
    ...(parts.index === undefined ? {} : { index: find(parts.index), scale: parts.scale ?? 1 }),
    ...(parts.segment === undefined ? {} : { segment: REGISTERS_BY_CLASS.sreg[parts.segment]! }),
    displacement: parts.displacement === undefined ? 0 : parts.displacement,
  };
};

const ADDRESSES: readonly Parameters<typeof memory>[1][] = [
  { base: "esi" },
  { base: "ebp" },
  { base: "esp", displacement: -4 },
  { base: "eax", index: "ecx", scale: 4, displacement: 0x7f },
  { base: "ebp", index: "edi", scale: 8, displacement: 0x80 },
  { index: "edx", scale: 2, displacement: -0x81 },
  { base: "esi", index: "esp" },
  { base: "edx", displacement: null },
  { displacement: 0x12345678 & 0x7fff },
  { displacement: null },
  { base: "ebx", displacement: 0xffffffff, segment: 4 },
  { base: "ebp", segment: 3 },
  { base: "bx", index: "si" },
  { base: "bp" },
  { base: "si", index: "bp", displacement: 0x1234 },
  { base: "di", displacement: -0x80 },
  { base: "bx", displacement: null, segment: 0 },
];

const size = (pattern: OperandPattern, operandBits: 16 | 32): number =>
  pattern.sizeBits === "v" ? operandBits : pattern.sizeBits;

const memoryBits = (pattern: OperandPattern, operandBits: 16 | 32, bits: 16 | 32): SizeBits | undefined => {
  const own = size(pattern, operandBits);
  switch (pattern.memory) {
    case "far":
      return (own + 16) as SizeBits;
    case "pair":
      return (own * 2) as SizeBits;
    case "descriptor":
      // The other size can be said by a suffix only.
      return own === 32 && bits === 16 ? 48 : undefined;
    case "sized":
    case "line":
      return own as SizeBits;
    default:
      return undefined;
  }
};

const numbers = (bits: number, signExtended: boolean): Value[] => {
  if (signExtended) return [5, -1, 127, -128];
  if (bits === 8) return [5, 0, 1, 255, -128];
  return [
    5,
    0x7f,
    0x80,
    -1,
    -0x80,
    -0x81,
    bits === 16 ? 0xffff : 0xffffffff,
    bits === 16 ? 0x8000 : 0x80000000,
    0x1234,
    null,
  ];
};

const choices = (pattern: OperandPattern, operandBits: 16 | 32, bits: 16 | 32): Operand[] => {
  const ofSize = (size: 16 | 32): RegisterClass => (size === 16 ? "r16" : "r32");
  const registerClass: RegisterClass | null =
    pattern.register === "rv" ? ofSize(operandBits) : pattern.register === "ra" ? ofSize(bits) : pattern.register;
  switch (pattern.field) {
    case "immediate":
      return numbers(size(pattern, operandBits), pattern.signExtended).map((value) => ({ kind: "immediate", value }));
    case "selector":
      return [{ kind: "immediate", value: 8 }];
    case "relative":
      return [{ kind: "target", distance: pattern.sizeBits === 8 ? "short" : "near" }];
    case "far":
      return [
        { kind: "far", selector: 8, offset: 0x1234 },
        { kind: "far", selector: 0xffff, offset: null },
      ];
    case "moffs":
      return [{ displacement: 0x1234 }, { displacement: null }, { displacement: 0x1234, segment: 1 }].map((parts) =>
        memory(memoryBits(pattern, operandBits, bits), parts),
      );
    case "destination":
      return [
        memory(size(pattern, operandBits) as SizeBits, { base: "edi" }),
        memory(size(pattern, operandBits) as SizeBits, { base: "di", segment: 0 }),
      ];
    case "source":
    case "table": {
      const [wide, narrow] = pattern.field === "source" ? ["esi", "si"] : ["ebx", "bx"];
      return [{ base: wide! }, { base: narrow! }, { base: wide!, segment: 5 }].map((parts) =>
        memory(size(pattern, operandBits) as SizeBits, parts),
      );
    }
    case "fixed":
      return [
        registerClass === null ? { kind: "immediate", value: pattern.fixed } : register(registerClass, pattern.fixed),
      ];
  }
  const operands: Operand[] = [];
  if (registerClass !== null)
    for (const number of registerClass === "sreg"
      ? [3, 0, 4]
      : registerClass === "bnd"
        ? [2, 0, 1, 3]
        : [2, 0, 1, 4, 7])
      operands.push(register(registerClass, number));
  if (pattern.memory !== null)
    for (const parts of ADDRESSES) operands.push(memory(memoryBits(pattern, operandBits, bits), parts));
  return operands;
};

const printNumber = (value: Value): string => (value === null ? "ext" : String(value));

const SIZE_WORDS: Readonly<Record<number, string>> = {
  8: "byte",
  16: "word",
  32: "dword",
  48: "fword",
  64: "qword",
  80: "tbyte",
  128: "xmmword",
};

/** One operand in Intel syntax. `ext` is an undefined symbol. */
export const printOperand = (operand: Operand): string => {
  switch (operand.kind) {
    case "register":
      return operand.register.name;
    case "immediate":
      return operand.value === null ? "offset ext" : String(operand.value);
    case "target":
      return operand.distance === "short" ? "." : "ext";
    case "far":
      return `${printNumber(operand.selector)}:${printNumber(operand.offset)}`;
    case "memory": {
      const { base, index, scale, displacement = 0 } = operand;
      const prefix =
        (operand.sizeBits === undefined ? "" : `${SIZE_WORDS[operand.sizeBits]!} ptr `) +
        (operand.segment === undefined ? "" : `${operand.segment.name}:`);
      const terms = [base?.name, index && (scale === 1 ? index.name : `${index.name}*${scale}`)].filter(
        (term) => term !== undefined,
      );
      if (terms.length === 0)
        return `${prefix}${operand.segment === undefined ? "ds:" : ""}${printNumber(displacement)}`;
      if (displacement !== 0) terms.push(printNumber(displacement));
      return `${prefix}[${terms.join("+")}]`;
    }
  }
};

const showsSize = (operand: Operand, pattern: OperandPattern): boolean =>
  pattern.sizeBits === "v" &&
  (operand.kind === "register" || (operand.kind === "memory" && operand.sizeBits !== undefined));

const nameFor = (form: Form, operandBits: 16 | 32, addressBits: 16 | 32): string =>
  form.operandSize === "v"
    ? operandBits === 16
      ? form.mnemonic16
      : form.mnemonic32
    : addressBits === 16
      ? form.mnemonic16
      : form.mnemonic32;

const hasStackIndex = (operand: Operand): boolean => operand.kind === "memory" && operand.index?.name === "esp";

const is16Bit = ({ base, index }: MemoryOperand): boolean => (base ?? index)?.class === "r16";

/** All samples of a form for one code size. */
export const samplesOf = (form: Form, bits: 16 | 32): Sample[] => {
  if (form.decodeOnly || (form.code16Only && bits !== 16)) return [];
  const samples: Sample[] = [];
  for (const operandBits of form.operandSize === "v" ? ([16, 32] as const) : ([bits] as const)) {
    for (const addressBits of form.mnemonic16 !== form.mnemonic32 && form.operandSize !== "v"
      ? ([16, 32] as const)
      : ([bits] as const)) {
      const lists = form.operands.map((pattern) => choices(pattern, operandBits, bits));
      const combinations = lists.flatMap((list, varied) =>
        list.slice(varied === 0 ? 0 : 1).map((choice) => lists.map((other, i) => (i === varied ? choice : other[0]!))),
      );
      for (const operands of form.operands.length === 0 ? [[]] : combinations) {
        let mnemonic = nameFor(form, operandBits, addressBits);
        if (mnemonic === "") continue;
        const isShown = operands.some((operand, i) => showsSize(operand, form.operands[i]!));
        const needsSuffix =
          form.needsSuffix ||
          (form.operandSize === "v" && !isShown && form.mnemonic16 === form.mnemonic32 && operandBits !== bits);
        // Both addresses of a string instruction are of one width.
        if (
          operands.length === 2 &&
          operands.every(({ kind }) => kind === "memory") &&
          new Set(operands.map((operand) => operand.kind === "memory" && operand.base?.class)).size > 1
        )
          continue;
        if (form.address32 && operands.some((operand) => operand.kind === "memory" && is16Bit(operand))) continue;
        // Nor do base and index trade places there.
        if (form.operands.some(({ text }) => text === "m") && form.address32 && operands.some(hasStackIndex)) continue;
        // A register that holds an address is as wide as the address beside it.
        const addressClass = bits === 16 ? "r16" : "r32";
        if (
          form.operands.some((pattern) => pattern.register === "ra") &&
          operands.some(
            (operand) =>
              operand.kind === "memory" &&
              (operand.base ?? operand.index ?? { class: addressClass }).class !== addressClass,
          )
        )
          continue;
        // A direct branch says its distance by the data prefix only, in GNU as; the suffix has a meaning of its own
        // there.
        const isBranch = operands.some(({ kind }) => kind === "target");
        if (needsSuffix && isBranch && form.semantic !== "call") continue;
        if (needsSuffix && form.operands.some((pattern) => pattern.memory === "state")) continue;
        if (needsSuffix) mnemonic += form.operandSize === 8 ? "b" : operandBits === 16 ? "w" : "d";
        // `jmp word ptr` is not the far one.
        if (form.operands.some((pattern) => pattern.memory === "far" && form.semantic.endsWith("_far"))) {
          if (form.code16Only === false && operandBits === 16) continue;
        }
        const instruction: Instruction = { mnemonic, prefixes: [], operands };
        samples.push({ form, instruction, text: [mnemonic, operands.map(printOperand).join(", ")].join(" ").trim() });
      }
    }
  }
  return samples;
};

/**
 * The encoder's view of the table: for each mnemonic, as it is written, the forms that it may mean, compiled to bit
 * masks. A form whose operand size varies becomes two candidates, so that matching is only a comparison of masks.
 * Compiled when a mnemonic is first used in a mode, then kept.
 */

import type { Form, OperandField, OperandPattern, SizeRule } from "./form.ts";
import { isVexMap, LAST_BYTE_MAP } from "./form.ts";
import type { EncodeOptions } from "./instruction.ts";
import { ESCAPES } from "./notation.ts";
import { formsNamed } from "./table/index.ts";

/** What an operand is, as one bit or several; a candidate accepts an operand when the two masks share a bit. */
export const KIND = {
  r8: 1 << 0,
  r16: 1 << 1,
  r32: 1 << 2,
  sreg: 1 << 3,
  creg: 1 << 4,
  dreg: 1 << 5,
  treg: 1 << 6,
  st: 1 << 7,
  mm: 1 << 8,
  xmm: 1 << 9,
  memory8: 1 << 10,
  memory16: 1 << 11,
  memory32: 1 << 12,
  memory48: 1 << 13,
  memory64: 1 << 14,
  memory80: 1 << 15,
  memory128: 1 << 16,
  /** Memory whose size the source does not say. */
  memoryUnsized: 1 << 17,
  immediate1: 1 << 18,
  immediate3: 1 << 19,
  /** Fits 8 bits, signed or not. */
  immediate8: 1 << 20,
  /** Fits 8 bits that are sign-extended to 16, or to 32. */
  immediate8to16: 1 << 21,
  immediate8to32: 1 << 22,
  immediate16: 1 << 23,
  immediate32: 1 << 24,
  /** Branch targets: short ones and near ones may be asked for by name. */
  short: 1 << 25,
  near: 1 << 26,
  far: 1 << 27,
  bnd: 1 << 28,
} as const;

export const SIZED_MEMORY =
  KIND.memory8 | KIND.memory16 | KIND.memory32 | KIND.memory48 | KIND.memory64 | KIND.memory80 | KIND.memory128;
export const ANY_MEMORY = SIZED_MEMORY | KIND.memoryUnsized;
export const ANY_IMMEDIATE =
  KIND.immediate1 |
  KIND.immediate3 |
  KIND.immediate8 |
  KIND.immediate8to16 |
  KIND.immediate8to32 |
  KIND.immediate16 |
  KIND.immediate32;
export const ANY_TARGET = KIND.short | KIND.near;

/** Kind of a memory operand of a size in bits. */
export const MEMORY_KIND: Readonly<Record<number, number>> = {
  8: KIND.memory8,
  16: KIND.memory16,
  32: KIND.memory32,
  48: KIND.memory48,
  64: KIND.memory64,
  80: KIND.memory80,
  128: KIND.memory128,
};

export interface CandidateOperand {
  readonly pattern: OperandPattern;
  readonly field: OperandField;
  readonly accept: number;
  /** The only register number, or -1. */
  readonly fixed: number;
  /** Of an immediate, displacement or far offset. */
  readonly sizeBytes: 0 | 1 | 2 | 4;
}

export interface Candidate {
  readonly form: Form;
  readonly operands: readonly CandidateOperand[];
  /** The operand size that is chosen, or that the operands have: 0 when there is none. */
  readonly sizeBits: 0 | 8 | 16 | 32;
  /** An address size that the mnemonic implies (JCXZ, LOOPW), or 0. */
  readonly addressBits: 0 | 16 | 32;
  /** Whether prefix 66 stands before it in a code segment of this mode. */
  readonly operandPrefix: boolean;
  /** F2 or F3 when it is part of the opcode, else 0. */
  readonly repeatPrefix: number;
  /** Opcode bytes without prefixes and ModRM. */
  readonly opcode: readonly number[];
  /** The reg field, or whole ModRM byte, as far as the form gives it. */
  readonly modrmBase: number;
  readonly hasModRM: boolean;
  /** The mnemonic told the size by a suffix. */
  readonly isSuffixed: boolean;
  /** Of another size than the default one, which it is only where an operand or a prefix says so. */
  readonly isUnusual: boolean;
}

const sizeOf = (rule: SizeRule, operandBits: 16 | 32): number => (rule === "v" ? operandBits : rule);

const registerKind = (register: OperandPattern["register"], operandBits: 16 | 32): number =>
  register === null
    ? 0
    : register === "rv" || register === "ra"
      ? operandBits === 16
        ? KIND.r16
        : KIND.r32
      : KIND[register];

const memoryKind = (pattern: OperandPattern, operandBits: 16 | 32, form: Form): number => {
  const bits = sizeOf(pattern.sizeBits, operandBits);
  switch (pattern.memory) {
    case null:
      return 0;
    case "any":
    case "line":
      return ANY_MEMORY;
    case "state":
      return KIND.memoryUnsized;
    case "sized":
      return MEMORY_KIND[bits]! | KIND.memoryUnsized;
    case "far":
      // `jmp dword ptr [bx]` is a far jump in 16-bit code; without the size it is a near one.
      return MEMORY_KIND[bits + 16]! | (form.code16Only ? 0 : KIND.memoryUnsized);
    case "pair":
      return MEMORY_KIND[bits * 2]! | KIND.memoryUnsized;
    case "descriptor":
      // `fword ptr` asks for the whole 32-bit base.
      return bits === 32 ? KIND.memory48 | KIND.memoryUnsized : KIND.memoryUnsized;
  }
};

const immediateKind = (pattern: OperandPattern, operandBits: 16 | 32, form: Form): number => {
  if (pattern.signExtended) return operandBits === 16 ? KIND.immediate8to16 : KIND.immediate8to32;
  const bits = sizeOf(pattern.sizeBits, operandBits);
  // Beside a 16-bit operand 0xfff0 is -16.
  if (bits === 8) {
    const isBesideRegister = form.operands.some(({ register }) => register === "rv");
    return KIND.immediate8 | (isBesideRegister ? (operandBits === 16 ? KIND.immediate8to16 : KIND.immediate8to32) : 0);
  }
  return bits === 16 ? KIND.immediate16 : KIND.immediate32;
};

const compileOperand = (pattern: OperandPattern, operandBits: 16 | 32, form: Form): CandidateOperand => {
  const bytes = (sizeOf(pattern.sizeBits, operandBits) / 8) as 1 | 2 | 4;
  const operand = { pattern, field: pattern.field, fixed: pattern.register === null ? -1 : pattern.fixed };
  switch (pattern.field) {
    case "immediate":
    case "selector":
      return { ...operand, accept: immediateKind(pattern, operandBits, form), sizeBytes: bytes };
    case "relative":
      return { ...operand, accept: pattern.sizeBits === 8 ? KIND.short : KIND.near, sizeBytes: bytes };
    case "far":
      return { ...operand, accept: KIND.far, sizeBytes: bytes };
    case "fixed":
      if (pattern.register === null)
        return { ...operand, accept: pattern.fixed === 1 ? KIND.immediate1 : KIND.immediate3, sizeBytes: 0 };
      return { ...operand, accept: registerKind(pattern.register, operandBits), sizeBytes: 0 };
    default:
      return {
        ...operand,
        accept: registerKind(pattern.register, operandBits) | memoryKind(pattern, operandBits, form),
        sizeBytes: 0,
      };
  }
};

/** A register that holds an address, and so tells the address size (MONITOR, MOVDIR64B). */
const isAddressRegister = ({ register }: OperandPattern): boolean => register === "ra";

/** LOOP and its like: the address size is the only size they have, and their suffix or a register says it. */
const sizedByAddress = ({ addressSized, operandSize, operands }: Form): boolean =>
  addressSized &&
  operandSize === 0 &&
  (operands.some(isAddressRegister) || !operands.some(({ memory }) => memory !== null));

/**
 * The operation's size where the form's does not vary: that of a general register or of plain memory that is its
 * subject.
 */
const fixedSize = (form: Form): 0 | 8 | 16 | 32 => {
  if (form.operandSize === 8) return 8;
  for (const { sizeBits, register, memory, attSuffix } of form.operands) {
    if (attSuffix !== "" || (register === null ? memory === null : register !== "r16" && register !== "r32")) continue;
    if (sizeBits === 16 || sizeBits === 32) return sizeBits;
  }
  return 0;
};

const compile = (form: Form, sizeBits: 16 | 32, bits: 16 | 32, isSuffixed: boolean, isUnusual: boolean): Candidate => {
  const byAddress = sizedByAddress(form);
  // VEX holds the prefixes that are part of an opcode.
  const ownPrefix = isVexMap(form.map) ? 0 : form.prefix;
  const operandPrefix = ownPrefix === 0x66 || (form.operandSize === "v" && sizeBits !== bits);
  return {
    form,
    operands: form.operands.map((pattern) => compileOperand(pattern, sizeBits, form)),
    sizeBits: form.operandSize === "v" ? sizeBits : byAddress ? 0 : fixedSize(form),
    addressBits: byAddress ? sizeBits : 0,
    operandPrefix,
    repeatPrefix: ownPrefix === 0xf2 || ownPrefix === 0xf3 ? ownPrefix : 0,
    opcode: form.map === LAST_BYTE_MAP ? ESCAPES[form.map]! : [...ESCAPES[form.map]!, form.opcode],
    modrmBase:
      form.modrm === "digit"
        ? form.modrmValue << 3
        : form.modrm === "exact" || form.modrm === "register"
          ? form.modrmValue
          : 0,
    hasModRM: form.modrm !== "none",
    isSuffixed,
    isUnusual,
  };
};

/** Suffixes that select a candidate, in the given syntax. */
const suffixesOf = (candidate: Candidate, att: boolean): readonly string[] => {
  if (candidate.form.bare || candidate.form.operands.some(isAddressRegister)) return [];
  for (const { attSuffix, intelSuffix } of candidate.form.operands) {
    if (attSuffix === "ll") return att ? ["ll", "q"] : ["q"];
    if (attSuffix !== "") return [att ? attSuffix : intelSuffix];
  }
  switch (candidate.sizeBits || candidate.addressBits) {
    case 8:
      return ["b"];
    case 16:
      // The short state of the x87 has a letter of its own.
      return [att && candidate.form.operands[0]?.memory === "state" ? "s" : "w"];
    case 32:
      return [att ? "l" : "d"];
    default:
      return [];
  }
};

const isString = (form: Form): boolean => form.repeat === "rep" || form.repeat === "repe";

/** What a suffix can be; the longer one (x87's `ll`) only where the shorter makes no sense (`mull`). */
const SUFFIXES: readonly RegExp[] = [/^(.+)([bwlstqd])$/, /^(.+)(ll)$/];

const expand = (name: string, suffix: string, options: EncodeOptions): Candidate[] => {
  const att = options.att === true;
  const attNames = att && options.intelNames !== true;
  const candidates: Candidate[] = [];
  for (const form of formsNamed(name, attNames)) {
    if (form.code16Only && options.bits !== 16) continue;
    const first: 16 | 32 = form.stackSize && options.stack32 === true ? 32 : options.bits;
    const byAddress = sizedByAddress(form);
    const sizes: readonly (16 | 32)[] =
      form.operandSize === "v" || byAddress ? [first, first === 16 ? 32 : 16] : [options.bits];
    for (const size of sizes) {
      if (!(attNames ? form.attNames : form.names).some((pair) => pair[size === 16 ? 0 : 1] === name)) continue;
      const candidate = compile(
        form,
        size,
        options.bits,
        suffix !== "",
        suffix === "" && form.defaultSize && size !== first,
      );
      // AT&T takes `movs` alone for one of the code segment's size.
      const needsSuffix = form.needsSuffix && !(att && candidate.sizeBits === options.bits);
      if (suffix === "" ? needsSuffix : !suffixesOf(candidate, att).includes(suffix)) continue;
      candidates.push(candidate);
    }
  }
  return candidates;
};

/**
 * The candidates of one mode, by mnemonic. Modes differ in the order of sizes and in what a suffix means.
 */
class CandidateTable {
  readonly #options: EncodeOptions;
  readonly #byMnemonic = new Map<string, readonly Candidate[] | null>();

  constructor(options: EncodeOptions) {
    this.#options = options;
  }

  /** Candidates in order of preference; null when there is no such mnemonic. */
  get(mnemonic: string): readonly Candidate[] | null {
    const known = this.#byMnemonic.get(mnemonic);
    if (known !== undefined) return known;
    const found = this.#find(mnemonic);
    this.#byMnemonic.set(mnemonic, found);
    return found;
  }

  #find(mnemonic: string): readonly Candidate[] | null {
    const exact = expand(mnemonic, "", this.#options);
    let suffixed: Candidate[] = [];
    for (const pattern of SUFFIXES) {
      const match = pattern.exec(mnemonic);
      if (match !== null && suffixed.length === 0) suffixed = expand(match[1]!, match[2]!, this.#options);
    }
    // MOVSD and CMPSD are string instructions and SSE2's, MOVD is MOV too; any other exact name has no second meaning.
    const all =
      exact.length === 0
        ? suffixed
        : [...exact, ...suffixed.filter(({ form }) => isString(form) || form.semantic.split("_")[0] === "mov")];
    return all.length === 0 ? null : all;
  }
}

const tables = new Map<number, CandidateTable>();

/** The shared table for a mode. */
export const candidateTable = (options: EncodeOptions): CandidateTable => {
  const key =
    options.bits +
    (options.stack32 === true ? 1 : 0) +
    (options.att === true ? 2 : 0) +
    (options.intelNames === true ? 4 : 0);
  let table = tables.get(key);
  if (table === undefined) {
    table = new CandidateTable({
      bits: options.bits,
      stack32: options.stack32 === true,
      att: options.att === true,
      intelNames: options.intelNames === true,
    });
    tables.set(key, table);
  }
  return table;
};

/**
 * Instruction -> bytes, with the choices of GNU as: the first form of the table that takes the operands wins, so the table's order
 * is the policy and this file has none of its own. The one freedom of the format, the length of a displacement, goes to the
 * shortest; a value that only a relocation knows takes a field of full size.
 */

import { KIND, MEMORY_KIND, SIZED_MEMORY, candidateTable } from "./candidate.ts";
import type { Candidate } from "./candidate.ts";
import { explainMismatch, unknownMnemonic } from "./explain.ts";
import { hasFeature } from "./features.ts";
import type { EncodeOptions, Encoding, EncodingError, Fixup, ImmediateOperand, Instruction, MemoryOperand, Operand, Register, Value } from "./instruction.ts";
import { EIZ, SEGMENT_PREFIXES } from "./registers.ts";

const NO_FIXUPS: readonly Fixup[] = Object.freeze([]);
const MAX_LENGTH = 24;

// The instruction under construction. Encoding is never re-entered, so one buffer serves all calls.
const buffer = new Uint8Array(MAX_LENGTH);
let length = 0;
let fixups: Fixup[] | null = null;
let warning: EncodingError | null = null;

const error = (code: EncodingError["code"], operand: number, message: string): EncodingError => ({ code, operand, message });

/** True for the failure half of `encode`'s result. */
export const isEncodingError = (result: Encoding | EncodingError): result is EncodingError => "code" in result;

/** Kind bits of an immediate, by value; see KIND. */
const immediateKinds = (value: Value): number => {
  if (value === null) return KIND.immediate8 | KIND.immediate16 | KIND.immediate32;
  if (value <= -0x1_0000_0000 || value > 0xffff_ffff) return 0;
  const low32 = value | 0;
  // GNU as takes 0xffff for -1 where 16 bits are meant.
  const low16 = low32 >= 0 && low32 <= 0xffff ? (low32 << 16) >> 16 : low32;
  let kinds: number = KIND.immediate32;
  if (low32 > -0x1_0000 && low32 <= 0xffff) kinds |= KIND.immediate16;
  if (value >= -0x80 && value <= 0xff) kinds |= KIND.immediate8;
  if (low16 >= -0x80 && low16 <= 0x7f) kinds |= KIND.immediate8to16;
  if (low32 >= -0x80 && low32 <= 0x7f) kinds |= KIND.immediate8to32;
  if (value === 1) kinds |= KIND.immediate1;
  else if (value === 3) kinds |= KIND.immediate3;
  return kinds;
};

/** Kind bits of an operand; see KIND. */
export const kindsOf = (operand: Operand): number => {
  switch (operand.kind) {
    case "register":
      return KIND[operand.register.class];
    case "immediate":
      return immediateKinds(operand.value);
    case "memory":
      return operand.sizeBits === undefined ? KIND.memoryUnsized : MEMORY_KIND[operand.sizeBits]!;
    case "target":
      return operand.distance === "short" ? KIND.short : operand.distance === "near" ? KIND.near : KIND.short | KIND.near;
    case "far":
      return KIND.far;
  }
};

/** A number that lost bits still has a meaning where the operation's size is known: GNU as truncates it and warns. */
const TRUNCATED: Readonly<Record<number, number>> = { 0: 0, 8: KIND.immediate8, 16: KIND.immediate16, 32: KIND.immediate32 };

const matches = (candidate: Candidate, operands: readonly Operand[], kinds: readonly number[], truncate: boolean): boolean => {
  const wanted = candidate.operands;
  if (wanted.length !== operands.length) return false;
  for (let i = 0; i < wanted.length; i++) {
    const pattern = wanted[i]!;
    const operand = operands[i]!;
    let kind = kinds[i]!;
    if (truncate && operand.kind === "immediate") kind |= TRUNCATED[candidate.sizeBits]!;
    if ((pattern.accept & kind) === 0) return false;
    if (pattern.fixed >= 0 && (operand.kind !== "register" || operand.register.number !== pattern.fixed)) return false;
    if (pattern.field === "moffs" && operand.kind === "memory" && (operand.base !== undefined || operand.index !== undefined)) return false;
    if (pattern.field === "reg" && operand.kind === "memory") return false;
  }
  return true;
};

/** The one size that a type keyword on an immediate states (`mov [esi], byte ptr 1`), or 0. */
const statedSize = (operands: readonly Operand[]): number => {
  for (const operand of operands) if (operand.kind === "immediate" && operand.sizeBits !== undefined) return operand.sizeBits;
  return 0;
};

const allows = (candidate: Candidate, options: EncodeOptions): boolean => options.features === undefined || hasFeature(options.features, candidate.form.feature);

/** Whether the candidate's size is the default, and not said by a suffix, a register or memory of known size. */
const sizeIsDefault = ({ form, isSuffixed }: Candidate, operands: readonly Operand[]): boolean =>
  !isSuffixed &&
  form.defaultSize &&
  form.operandSize === "v" &&
  !operands.some((operand, i) => {
    const pattern = form.operands[i]!;
    return (pattern.sizeBits === "v" || pattern.register === "rv") && (operand.kind === "register" || (operand.kind === "memory" && operand.sizeBits !== undefined));
  });

const select = (
  candidates: readonly Candidate[],
  operands: readonly Operand[],
  kinds: readonly number[],
  options: EncodeOptions,
  preferBits: number,
  truncate: boolean,
): Candidate | null => {
  const stated = statedSize(operands);
  let first: Candidate | null = null;
  for (const candidate of candidates) {
    if (stated !== 0 && candidate.sizeBits !== stated) continue;
    if (!allows(candidate, options) || !matches(candidate, operands, kinds, truncate)) continue;
    // A data16 or data32 prefix turns the default size of what has one.
    if (preferBits === 0 || candidate.sizeBits === preferBits || !sizeIsDefault(candidate, operands)) return candidate;
    first ??= candidate;
  }
  return first;
};

/**
 * Whether a memory operand without a size could be of two sizes: the index of that operand, or -1.
 */
const ambiguousOperand = (chosen: Candidate, candidates: readonly Candidate[], operands: readonly Operand[], kinds: readonly number[]): number => {
  const index = kinds.indexOf(KIND.memoryUnsized);
  if (index < 0 || chosen.form.defaultSize) return -1;
  const size = chosen.operands[index]!.accept & SIZED_MEMORY;
  if (size === SIZED_MEMORY) return -1;
  for (const other of candidates) {
    if ((other.operands[index]?.accept ?? size) === chosen.operands[index]!.accept) continue;
    if (other.operands.length === operands.length && (other.operands[index]!.accept & SIZED_MEMORY) !== size && matches(other, operands, kinds, false)) return index;
  }
  return -1;
};

const addFixup = (fixup: Fixup): void => {
  (fixups ??= []).push(fixup);
};

const writeNumber = (value: number, sizeBytes: number): void => {
  for (let i = 0; i < sizeBytes; i++) buffer[length++] = value >> (8 * i);
};

/** Writes a number or leaves a fixup; warns when bits that mean something are lost. */
const writeValue = (value: Value, sizeBytes: 1 | 2 | 4, operand: number, part: Fixup["part"], signed: boolean): void => {
  if (value === null) {
    addFixup({ offset: length, sizeBytes, operand, part, pcRelative: false, signed });
    writeNumber(0, sizeBytes);
    return;
  }
  const limit = 2 ** (8 * sizeBytes);
  // A sign-extended byte has been matched by the value it stands for.
  if (!signed && (value >= limit || value < -limit) && (sizeBytes === 4 || (value | 0) >= limit || (value | 0) < -limit)) {
    warning ??= error("value-range", operand, `${value} does not fit in ${8 * sizeBytes} bits and was cut to ${((value % limit) + limit) % limit}`);
  }
  writeNumber(value > 0x7fff_ffff || value < -0x8000_0000 ? Number(BigInt.asIntN(32, BigInt(value))) : value, sizeBytes);
};

/** 16 or 32: the width of a memory operand's registers; without any, that of the code segment or the prefix. */
const addressBits = (memory: MemoryOperand, defaultBits: 16 | 32): 16 | 32 => {
  const register = memory.base ?? memory.index;
  return register === undefined ? defaultBits : register.class === "r16" ? 16 : 32;
};

const describeAddress = ({ base, index, scale }: MemoryOperand): string =>
  `[${[base?.name, index && index.name + (scale !== undefined && scale > 1 ? `*${scale}` : "")].filter(Boolean).join("+")}]`;

/** r/m of 16-bit addressing by base and index as bits: bx 1, bp 2, si 4, di 8 (SDM 2A, table 2-1). */
const RM16: Readonly<Record<number, number>> = { 5: 0, 9: 1, 6: 2, 10: 3, 4: 4, 8: 5, 2: 6, 1: 7 };
const BIT16: Readonly<Record<number, number>> = { 3: 1, 5: 2, 6: 4, 7: 8 };

const writeAddress16 = (memory: MemoryOperand, regField: number, operand: number): EncodingError | null => {
  const { base, index, displacement = 0 } = memory;
  if (base === undefined && index === undefined) {
    buffer[length++] = regField | 6;
    writeValue(displacement, 2, operand, "displacement", false);
    return null;
  }
  const bitOf = (register: Register | undefined): number => (register === undefined ? 0 : register.class === "r16" ? (BIT16[register.number] ?? 16) : 16);
  const rm = bitOf(base) === bitOf(index) ? undefined : RM16[bitOf(base) | bitOf(index)];
  if (rm === undefined || (memory.scale ?? 1) !== 1) {
    return error("bad-address", operand, `${describeAddress(memory)} is no 16-bit address: it takes bx or bp, si or di, or one of each, without a scale`);
  }
  const low = displacement === null ? 0 : (displacement << 16) >> 16;
  if (displacement === null || low < -0x80 || low > 0x7f) {
    buffer[length++] = 0x80 | regField | rm;
    writeValue(displacement, 2, operand, "displacement", false);
  } else if (low !== 0 || rm === 6) {
    buffer[length++] = 0x40 | regField | rm;
    buffer[length++] = low;
  } else {
    buffer[length++] = regField | rm;
  }
  return null;
};

const SCALE_BITS: Readonly<Record<number, number>> = { 1: 0, 2: 0x40, 4: 0x80, 8: 0xc0 };

const writeAddress32 = (memory: MemoryOperand, regField: number, operand: number): EncodingError | null => {
  let { base, index } = memory;
  const { displacement = 0 } = memory;
  if ((base !== undefined && base.class !== "r32") || (index !== undefined && index.class !== "r32")) {
    return error("bad-address", operand, `${describeAddress(memory)} is no address: base and index are 32-bit registers, or both are 16-bit ones`);
  }
  if (index !== undefined && index.number === 4 && index !== EIZ) {
    // ESP cannot be the index, but it can trade places with the base.
    if ((memory.scale ?? 1) !== 1 || base?.number === 4) return error("bad-address", operand, `esp cannot be an index, as in ${describeAddress(memory)}`);
    [base, index] = [index, base];
  }
  if (base === undefined) {
    if (index === undefined) {
      buffer[length++] = regField | 5;
    } else {
      buffer[length++] = regField | 4;
      buffer[length++] = SCALE_BITS[memory.scale ?? 1]! | (index.number << 3) | 5;
    }
    writeValue(displacement, 4, operand, "displacement", false);
    return null;
  }
  const low = displacement === null ? 0 : displacement | 0;
  const mod = displacement === null || low < -0x80 || low > 0x7f ? 0x80 : low !== 0 || base.number === 5 ? 0x40 : 0;
  if (index !== undefined || base.number === 4) {
    buffer[length++] = mod | regField | 4;
    buffer[length++] = (index === undefined ? 0x20 : SCALE_BITS[memory.scale ?? 1]! | (index.number << 3)) | base.number;
  } else {
    buffer[length++] = mod | regField | base.number;
  }
  if (mod === 0x80) writeValue(displacement, 4, operand, "displacement", false);
  else if (mod === 0x40) buffer[length++] = low;
  return null;
};

/** The segment that an address uses by itself: SS when its base is the stack's, else DS (SDM 1, table 3-5). */
const defaultSegment = ({ base }: MemoryOperand): number =>
  base !== undefined && (base.number === 5 || (base.number === 4 && base.class === "r32")) ? 2 : 3;

/** The only register that the implicit address of a string instruction has, by field. */
const IMPLICIT_BASE: Readonly<Record<string, number>> = { destination: 7, source: 6, table: 3 };

const checkImplicit = (field: string, memory: MemoryOperand, operand: number): EncodingError | null => {
  const wanted = IMPLICIT_BASE[field]!;
  const { base, index, displacement } = memory;
  if (base?.number !== wanted || index !== undefined || (displacement ?? 0) !== 0) {
    const name = ["", "", "", "ebx", "", "", "esi", "edi"][wanted]!;
    return error("bad-address", operand, `this operand is always [${name}] (or [${name.slice(1)}])`);
  }
  if (field === "destination" && memory.segment !== undefined && memory.segment.number !== 0) {
    return error("bad-address", operand, `this operand is always in es, which cannot be overridden with ${memory.segment.name}`);
  }
  return null;
};

interface PrefixState {
  lock: boolean;
  repeat: number;
  operandSize: number;
  addressSize: number;
  segment: number;
}

const SEGMENT_NUMBERS: Readonly<Record<string, number>> = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5 };

const readPrefixes = (instruction: Instruction, bits: 16 | 32): PrefixState | EncodingError => {
  const state: PrefixState = { lock: false, repeat: 0, operandSize: 0, addressSize: 0, segment: -1 };
  for (const prefix of instruction.prefixes) {
    switch (prefix) {
      case "lock":
        state.lock = true;
        break;
      case "rep":
      case "repe":
        state.repeat = 0xf3;
        break;
      case "repne":
        state.repeat = 0xf2;
        break;
      case "data16":
      case "data32":
        state.operandSize = Number(prefix.slice(4));
        if (state.operandSize === bits) return error("bad-prefix", -1, `${prefix} is redundant: this is ${bits}-bit code`);
        break;
      case "addr16":
      case "addr32":
        state.addressSize = Number(prefix.slice(4));
        if (state.addressSize === bits) return error("bad-prefix", -1, `${prefix} is redundant: this is ${bits}-bit code`);
        break;
      default:
        if (state.segment >= 0) return error("bad-prefix", -1, "there can be one segment override only");
        state.segment = SEGMENT_NUMBERS[prefix]!;
    }
  }
  return state;
};

const NO_PREFIXES: Readonly<PrefixState> = Object.freeze({ lock: false, repeat: 0, operandSize: 0, addressSize: 0, segment: -1 });

/**
 * Direct branches take no prefix but that of their size, and a hint (CS or DS) where they are conditional or may become short.
 * GNU as drops the others.
 */
const withoutUseless = (prefixes: Readonly<PrefixState>, { form }: Candidate): Readonly<PrefixState> => {
  const field = form.operands[0]?.field;
  if (field !== "relative" && field !== "far" && field !== "selector") return prefixes;
  const isHint = field === "relative" && form.semantic !== "call" && (prefixes.segment === 1 || prefixes.segment === 3);
  const kept = {
    ...prefixes,
    addressSize: form.addressSized ? prefixes.addressSize : 0,
    operandSize: form.addressSized ? 0 : prefixes.operandSize,
    segment: isHint ? prefixes.segment : -1,
  };
  if (kept.addressSize !== prefixes.addressSize || kept.operandSize !== prefixes.operandSize || kept.segment !== prefixes.segment) {
    warning ??= error("bad-prefix", -1, "this prefix has no meaning before a branch and is left out");
  }
  return kept;
};

const checkPrefixes = (prefixes: Readonly<PrefixState>, candidate: Candidate, instruction: Instruction): EncodingError | null => {
  const { form } = candidate;
  if (prefixes.operandSize !== 0 && form.prefix !== "any" && form.operands.some(({ register }) => register === "mm" || register === "xmm")) {
    return error("bad-prefix", -1, `data${prefixes.operandSize} would make another instruction of ${instruction.mnemonic}`);
  }
  if (prefixes.operandSize !== 0 && candidate.operandPrefix && !sizeIsDefault(candidate, instruction.operands)) {
    return error("bad-prefix", -1, `data${prefixes.operandSize} says what the operands say already`);
  }
  if (prefixes.lock && !(form.lockable && instruction.operands.some(({ kind }) => kind === "memory"))) {
    return error("bad-prefix", -1, `lock needs an instruction that changes memory in place; ${instruction.mnemonic} with these operands does not`);
  }
  if (prefixes.repeat !== 0 && form.repeat === "none") {
    return error("bad-prefix", -1, `${instruction.mnemonic} cannot be repeated: only string instructions can`);
  }
  return null;
};

/** Writes one candidate that matches. The result is in `buffer`, `length`, `fixups` and `warning`. */
const write = (candidate: Candidate, instruction: Instruction, prefixes: Readonly<PrefixState>, bits: 16 | 32): EncodingError | null => {
  const { operands } = instruction;
  const { form } = candidate;
  length = 0;
  fixups = null;
  let segment = prefixes.segment;
  let memoryIndex = -1;
  let addressWidth = 0;
  if (prefixes.addressSize !== 0 && candidate.addressBits !== 0 && candidate.addressBits !== bits) {
    return error("bad-prefix", -1, `addr${prefixes.addressSize} says what ${instruction.mnemonic} says already`);
  }
  let address: number = prefixes.addressSize !== 0 ? prefixes.addressSize : candidate.addressBits !== 0 ? candidate.addressBits : bits;
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i]!;
    if (operand.kind !== "memory") continue;
    const width = addressBits(operand, address as 16 | 32);
    if (memoryIndex >= 0 && width !== addressWidth) return error("bad-address", i, "both addresses of a string instruction are of the same width");
    addressWidth = width;
    memoryIndex = i;
    if (prefixes.addressSize !== 0 && width === bits) return error("bad-prefix", -1, `addr${prefixes.addressSize} contradicts the ${width}-bit registers of the address`);
    address = width;
    const { field } = candidate.operands[i]!;
    const implicit = field !== "rm" && field !== "moffs";
    if (implicit) {
      const failure = checkImplicit(field, operand, i);
      if (failure !== null) return failure;
    }
    if (operand.segment !== undefined && field !== "destination" && operand.segment.number !== (implicit ? 3 : defaultSegment(operand))) {
      if (segment >= 0 && segment !== operand.segment.number) return error("bad-prefix", i, "there can be one segment override only");
      segment = operand.segment.number;
    }
  }

  // GNU as's order of prefixes.
  if (form.wait) buffer[length++] = 0x9b;
  // A branch hint stands behind the address size.
  const isHint = candidate.addressBits !== 0 && candidate.operands[0]?.field === "relative";
  if (segment >= 0 && !isHint) buffer[length++] = SEGMENT_PREFIXES[segment]!;
  if (address !== bits) buffer[length++] = 0x67;
  if (segment >= 0 && isHint) buffer[length++] = SEGMENT_PREFIXES[segment]!;
  if (candidate.operandPrefix || prefixes.operandSize !== 0) buffer[length++] = 0x66;
  if (candidate.repeatPrefix !== 0) buffer[length++] = candidate.repeatPrefix;
  else if (prefixes.repeat !== 0) buffer[length++] = prefixes.repeat;
  if (prefixes.lock) buffer[length++] = 0xf0;
  for (const byte of candidate.opcode) buffer[length++] = byte;

  // Registers and memory.
  let modrm = candidate.modrmBase;
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i]!;
    if (operand.kind !== "register") continue;
    const { number } = operand.register;
    switch (candidate.operands[i]!.field) {
      case "reg":
        modrm |= number << 3;
        break;
      case "rm":
        modrm |= 0xc0 | number;
        break;
      case "reg+rm":
        modrm |= 0xc0 | (number << 3) | number;
        break;
      case "opcode":
        if (form.opcodeRegister) buffer[length - 1]! |= number;
        else modrm |= number;
        break;
    }
  }
  const memoryField = memoryIndex < 0 ? "fixed" : candidate.operands[memoryIndex]!.field;
  if (memoryField === "rm") {
    const memory = operands[memoryIndex] as MemoryOperand;
    const failure = address === 16 ? writeAddress16(memory, modrm, memoryIndex) : writeAddress32(memory, modrm, memoryIndex);
    if (failure !== null) return failure;
  } else if (candidate.hasModRM) {
    buffer[length++] = modrm;
  }

  // Numbers.
  let selector = -1;
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i]!;
    const { field, sizeBytes, pattern } = candidate.operands[i]!;
    switch (field) {
      case "immediate":
        writeValue((operand as ImmediateOperand).value, sizeBytes as 1 | 2 | 4, i, "immediate", pattern.signExtended);
        break;
      case "selector":
        selector = i;
        break;
      case "moffs":
        writeValue((operand as MemoryOperand).displacement ?? 0, address === 16 ? 2 : 4, i, "displacement", false);
        break;
      case "relative":
        addFixup({ offset: length, sizeBytes: sizeBytes as 1 | 2 | 4, operand: i, part: "target", pcRelative: true, signed: true });
        writeNumber(0, sizeBytes);
        break;
      case "far":
        if (operand.kind === "far") {
          writeValue(operand.offset, sizeBytes as 2 | 4, i, "offset", false);
          writeValue(operand.selector, 2, i, "selector", false);
        }
        break;
    }
  }
  if (selector >= 0) writeValue((operands[selector] as ImmediateOperand).value, 2, selector, "immediate", false);
  if (form.impliedImmediate >= 0) buffer[length++] = form.impliedImmediate;
  return null;
};

const take = (longer: Encoding | null): Encoding => {
  const encoding = { bytes: buffer.slice(0, length), fixups: fixups ?? NO_FIXUPS, longer };
  return warning === null ? encoding : { ...encoding, warning };
};

/** The near form of a branch that has been encoded short, or null. */
const encodeLonger = (short: Candidate, candidates: readonly Candidate[], instruction: Instruction, kinds: readonly number[], prefixes: Readonly<PrefixState>, options: EncodeOptions): Encoding | null => {
  for (const candidate of candidates) {
    if (candidate.form.semantic !== short.form.semantic || candidate.sizeBits !== short.sizeBits || candidate.operands[0]?.accept !== KIND.near) continue;
    if (!allows(candidate, options) || !matches(candidate, instruction.operands, kinds, false)) continue;
    return write(candidate, instruction, prefixes, options.bits) === null ? take(null) : null;
  }
  return null;
};

/** AT&T takes an operand of unknown size for one of the code segment's size, or else the smallest, and warns. */
const assumeSize = (chosen: Candidate, candidates: readonly Candidate[], instruction: Instruction, kinds: readonly number[], options: EncodeOptions, operand: number): Candidate => {
  const preferred = candidates.find((candidate) => candidate.sizeBits === options.bits && candidate.form.operandSize === "v" && matches(candidate, instruction.operands, kinds, false));
  const candidate = instruction.mnemonic.startsWith("mov") && chosen.form.semantic !== "mov" ? chosen : (preferred ?? chosen);
  warning = error("size-ambiguous", operand, `nothing says the size of this operand of ${instruction.mnemonic}; it is taken for ${candidate.sizeBits || "the smallest number of"} bits`);
  return candidate;
};

/**
 * Encodes one instruction. The bytes may be shared between calls: do not change them.
 */
export const encode = (instruction: Instruction, options: EncodeOptions): Encoding | EncodingError => {
  const candidates = candidateTable(options).get(instruction.mnemonic);
  if (candidates === null) return unknownMnemonic(instruction.mnemonic, options);
  const { operands } = instruction;
  warning = null;
  let prefixes: Readonly<PrefixState> = NO_PREFIXES;
  if (instruction.prefixes.length > 0) {
    const state = readPrefixes(instruction, options.bits);
    if ("code" in state) return state;
    prefixes = state;
  }
  const kinds = operands.map(kindsOf);
  let candidate =
    select(candidates, operands, kinds, options, prefixes.operandSize, false) ?? select(candidates, operands, kinds, options, prefixes.operandSize, true);
  if (candidate === null) return explainMismatch(instruction, candidates, kinds, options);
  const ambiguous = ambiguousOperand(candidate, candidates, operands, kinds);
  if (ambiguous >= 0) {
    if (statedSize(operands) === 0) {
      if (options.att !== true) return error("size-ambiguous", ambiguous, `nothing says the size of this operand of ${instruction.mnemonic}: write byte ptr, word ptr or another size before it`);
      candidate = assumeSize(candidate, candidates, instruction, kinds, options, ambiguous);
    }
  }
  if (prefixes !== NO_PREFIXES) {
    const failure = checkPrefixes(prefixes, candidate, instruction);
    if (failure !== null) return failure;
    prefixes = withoutUseless(prefixes, candidate);
  }
  const isShort = candidate.operands.length === 1 && candidate.operands[0]!.accept === KIND.short;
  const longer = isShort ? encodeLonger(candidate, candidates, instruction, kinds, prefixes, options) : null;
  return write(candidate, instruction, prefixes, options.bits) ?? take(longer);
};

/** True when the mnemonic, with or without suffix, exists in this syntax. */
export const isMnemonic = (mnemonic: string, options: EncodeOptions): boolean => candidateTable(options).get(mnemonic) !== null;

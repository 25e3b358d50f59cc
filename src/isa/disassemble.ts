/**
 * Bytes -> text as `objdump -d` writes it, in Intel (`-M intel`) or AT&T syntax. What an instruction is comes from the
 * decoder; here are only the two ways to spell it.
 */

import { Decoded, decode } from "./decode.ts";
import type { Form, OperandPattern } from "./form.ts";
import { isVexMap } from "./form.ts";
import { knownOpcodes } from "./known-opcodes.ts";
import { isInMemory, memoryBits, mnemonicOf, registerOf, sizePrefix, usesSegment } from "./lift.ts";
import { formAt } from "./opcode-map.ts";
import { BOUNDED, RELEASING_STORES } from "./prefixed.ts";
import { REGISTERS_BY_CLASS } from "./registers.ts";
import type { Semantic } from "./semantics.ts";

export interface DisassembleOptions {
  readonly bits: 16 | 32;
  readonly syntax: "intel" | "att";
  /** Text for the target of a branch; by default its address in hexadecimal. */
  readonly nameTarget?: (address: number) => string;
}

export interface DisassembledLine {
  /** Without address and bytes. `(bad)` where there is no instruction. */
  readonly text: string;
  /** In bytes, at least 1. */
  readonly length: number;
}

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

const signedHex = (value: number): string => (value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`);

const LETTERS: Readonly<Record<number, string>> = { 8: "b", 16: "w", 32: "l" };

const SIZE_WORDS: Readonly<Record<number, string>> = {
  8: "BYTE PTR ",
  16: "WORD PTR ",
  32: "DWORD PTR ",
  48: "FWORD PTR ",
  64: "QWORD PTR ",
  80: "TBYTE PTR ",
  128: "XMMWORD PTR ",
};

/** Registers that count, or address a port, and so do not show the operation's size. */
const AUXILIARY = new Set(["cl", "cx", "ecx", "dx"]);

/** These take their operands in AT&T syntax in Intel's order. */
const NOT_REVERSED = new Set<Semantic>(["enter", "bound", "monitor", "mwait", "monitorx", "mwaitx"]);

/** Operands of these are shown in AT&T syntax alone, as GNU's disassembler does. */
export const WITHOUT_OPERANDS: ReadonlySet<Semantic> = new Set(["monitor", "mwait", "monitorx", "mwaitx"]);

/** Instructions whose port register AT&T puts in parentheses. */
const PORT = new Set<Semantic>(["in", "out", "ins", "outs"]);

/** The register of MPX whose number is above 3. */
const NO_BOUNDS = "(bad)";

const INDIRECT = new Set<Semantic>(["jmp_indirect", "call_indirect", "jmp_far", "call_far"]);

/** Conditional branches: CS or DS before them is a hint (SDM 2A, 2.1.1). */
const HINTED = new Set<Semantic>(["jcc", "loop", "loope", "loopne", "jcxz"]);

const PREDICATES = ["eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"];
const PCLMUL_NAMES: Readonly<Record<number, string>> = { 0x00: "lqlq", 0x01: "hqlq", 0x10: "lqhq", 0x11: "hqhq" };

const SEGMENT_BY_PREFIX: Readonly<Record<number, number>> = { 0x26: 0, 0x2e: 1, 0x36: 2, 0x3e: 3, 0x64: 4, 0x65: 5 };

/** One instruction being written. */
interface Context {
  readonly decoded: Decoded;
  readonly form: Form;
  readonly bits: 16 | 32;
  readonly att: boolean;
  /** Address of the instruction after this one. */
  readonly next: number;
  readonly nameTarget: (address: number) => string;
}

/** DS before a near indirect branch is NOTRACK, and no segment any more. */
const isNoTrack = ({ form, decoded }: Context): boolean =>
  decoded.segment === 3 && (form.semantic === "jmp_indirect" || form.semantic === "call_indirect");

const showsRegister = (pattern: OperandPattern, { decoded }: Context): boolean =>
  (pattern.register === "rv" || pattern.register === "r8") &&
  !isInMemory(pattern, decoded) &&
  !AUXILIARY.has(pattern.text);

/** b, w, l for the operation's size. */
const sizeLetter = ({ form, decoded }: Context): string =>
  form.operandSize === 0 ? "" : LETTERS[form.operandSize === "v" ? decoded.operandSize : form.operandSize]!;

const isShortBranch = (form: Form): boolean =>
  form.operands[0]?.field === "relative" && form.operands[0].sizeBits === 8;

/** The suffix where prefix 66 is shown by one: sizes that default, and nothing else shows. */
const defaultSizeSuffix = (context: Context): string => {
  const { form, decoded, bits, att } = context;
  if (decoded.operandSize === bits || form.semantic === "jcc" || isShortBranch(form)) return "";
  if (form.operands.some((pattern) => showsRegister(pattern, context))) return "";
  const letter = decoded.operandSize === 16 ? "w" : att ? "l" : "d";
  if (att) return form.operands[0]?.memory === "state" ? (decoded.operandSize === 16 ? "s" : "l") : letter;
  const isSized = decoded.isMemory && form.operands[0]?.memory !== "state";
  return isSized || form.operands.some(({ field }) => field === "far") ? "" : letter;
};

const suffixOf = (context: Context): string => {
  const { form, decoded, att } = context;
  if (form.operands.some(({ memory }) => memory === "descriptor"))
    return decoded.operandSize === 16 ? "w" : att ? "l" : "d";
  if (form.defaultSize) return defaultSizeSuffix(context);
  if (!att) return "";
  const memory = form.operands.find((pattern) => isInMemory(pattern, decoded));
  if (memory === undefined) return "";
  if (memory.attSuffix !== "") return memory.attSuffix;
  if (form.semantic === "crc32") return sizeLetter(context);
  if (memory.field === "table" || memory.memory !== "sized" || (memory.sizeBits !== "v" && form.operandSize !== 8))
    return "";
  if (form.operands.some((pattern) => showsRegister(pattern, context))) return "";
  // A byte that is set or extended, and registers of other files, need no letter.
  return form.semantic === "setcc" ? "" : sizeLetter(context);
};

/** The name that stands for an instruction and its immediate together, or "". */
const pseudoName = ({ form, decoded }: Context): string => {
  const isComparison = form.map === 1 && form.opcode === 0xc2 && decoded.immediate < PREDICATES.length;
  if (isComparison) return `cmp${PREDICATES[decoded.immediate]!}${form.semantic.slice(3)}`;
  const halves = form.semantic === "pclmulqdq" ? PCLMUL_NAMES[decoded.immediate] : undefined;
  return halves === undefined ? "" : `pclmul${halves}dq`;
};

const writeMnemonic = (context: Context): string => {
  const { form, decoded, att } = context;
  if (form.semantic === "xchg" && decoded.opcode === 0x90 && !decoded.hasOperandPrefix) return "nop";
  const pseudo = pseudoName(context);
  if (pseudo !== "") return pseudo;
  if (form.feature.endsWith("-only")) return `${form.semantic}(${form.feature.replace("-", " ")})`;
  if (att && (form.semantic === "movzx" || form.semantic === "movsx")) {
    return form.semantic.slice(0, 4) + LETTERS[form.operands[1]!.sizeBits as number]! + LETTERS[decoded.operandSize]!;
  }
  if (att && form.semantic === "loop" && decoded.hasAddressPrefix) return `loop${LETTERS[decoded.addressSize]!}`;
  if (att && form.semantic.startsWith("loop") && decoded.hasAddressPrefix)
    return form.mnemonic32 + LETTERS[decoded.addressSize]!;
  return mnemonicOf(form, decoded, att) + suffixOf(context);
};

const writeRegister = (pattern: OperandPattern, { decoded, att, form }: Context): string => {
  const register = registerOf(pattern, decoded);
  const name = pattern.text === "st" ? "st" : register.name;
  if (!att || name === NO_BOUNDS) return name;
  if (pattern.text === "dx" && PORT.has(form.semantic)) return "(%dx)";
  return register.class === "dreg" ? `%db${register.number}` : `%${name}`;
};

/** base, index and scale as objdump sees them: a SIB byte without index shows as eiz where it is not needed. */
const addressParts = (decoded: Decoded): { base: string; index: string; scale: number } => {
  const names = REGISTERS_BY_CLASS[decoded.addressSize === 16 ? "r16" : "r32"];
  const base = decoded.base < 0 ? "" : names[decoded.base]!.name;
  if (decoded.index >= 0) return { base, index: names[decoded.index]!.name, scale: decoded.scale };
  return {
    base,
    index: decoded.hasSib && (decoded.base !== 4 || decoded.scale !== 1) ? "eiz" : "",
    scale: decoded.scale,
  };
};

const IMPLICIT_BASE: Readonly<Record<string, number>> = { destination: 7, source: 6, table: 3 };

const segmentName = (number: number): string => REGISTERS_BY_CLASS.sreg[number]!.name;

/** The override, or what is shown although it is the default: both segments of string instructions. -1 for none. */
const shownSegment = (pattern: OperandPattern, context: Context): number => {
  const { segment } = context.decoded;
  if (pattern.field === "destination") return 0;
  if (pattern.field === "source" || pattern.field === "table") return segment >= 0 ? segment : 3;
  return isNoTrack(context) ? -1 : segment;
};

/** An address without registers. objdump takes 16 bits for a signed displacement, in AT&T syntax only. */
const writeAbsolute = (pattern: OperandPattern, { decoded, att }: Context): string => {
  if (decoded.addressSize === 32 || pattern.field === "moffs") return hex(decoded.displacement);
  return att ? signedHex(decoded.displacement) : hex(decoded.displacement & 0xffff);
};

const sizeWord = (pattern: OperandPattern, decoded: Decoded): string =>
  pattern.text === "moword"
    ? "OWORD PTR "
    : pattern.register === "bnd"
      ? ""
      : (SIZE_WORDS[memoryBits(pattern, decoded)] ?? "");

const writeMemory = (pattern: OperandPattern, context: Context): string => {
  const { decoded, att, form } = context;
  if (form.address32 && decoded.addressSize === 16) return "(bad)";
  const segment = shownSegment(pattern, context);
  const implicit = IMPLICIT_BASE[pattern.field];
  const isAbsolute = implicit === undefined && decoded.base < 0 && decoded.index < 0 && !decoded.hasSib;
  const size = att || pattern.field === "moffs" ? "" : sizeWord(pattern, decoded);
  if (isAbsolute) {
    const absolute = writeAbsolute(pattern, context);
    if (att) return segment >= 0 ? `%${segmentName(segment)}:${absolute}` : absolute;
    return `${size}${segmentName(segment >= 0 ? segment : 3)}:${absolute}`;
  }
  const names = REGISTERS_BY_CLASS[decoded.addressSize === 16 ? "r16" : "r32"];
  const { base, index, scale } =
    implicit === undefined ? addressParts(decoded) : { base: names[implicit]!.name, index: "", scale: 1 };
  // A SIB byte without registers is an address that is not negative.
  const isPlain = base === "" && index === "";
  const hasDisplacement = implicit === undefined && decoded.displacementBytes > 0;
  const displacement = !hasDisplacement ? "" : isPlain ? hex(decoded.displacement) : signedHex(decoded.displacement);
  if (att) {
    const prefix = segment >= 0 ? `%${segmentName(segment)}:` : "";
    const scaleText = index !== "" && decoded.addressSize === 32 ? `,${scale}` : "";
    const separator = index !== "" && (base !== "" || decoded.addressSize === 32) ? "," : "";
    return `${prefix}${displacement}(${base && `%${base}`}${separator}${index && `%${index}`}${scaleText})`;
  }
  const factor = index !== "" && decoded.addressSize === 32 ? `*${scale}` : "";
  const registers = [base, index + factor].filter((part) => part !== "").join("+");
  const sign = displacement === "" || displacement.startsWith("-") ? "" : "+";
  return `${size}${segment >= 0 ? `${segmentName(segment)}:` : ""}[${registers}${sign}${displacement}]`;
};

const writeNumber = (value: number, att: boolean): string => (att ? "$" : "") + hex(value);

/** The address of a branch. With a 16-bit operand size IP wraps within its 64 KiB. */
const branchTarget = (pattern: OperandPattern, { decoded, next }: Context): number => {
  const target = (next + decoded.immediate) >>> 0;
  if (pattern.sizeBits === 8 || decoded.operandSize === 32) return target;
  return decoded.hasOperandPrefix ? target & 0xffff : ((next & ~0xffff) | (target & 0xffff)) >>> 0;
};

const writeOperand = (pattern: OperandPattern, immediate: number, context: Context): string => {
  const { decoded, att, form } = context;
  switch (pattern.field) {
    case "immediate": {
      const value = pattern.signExtended && decoded.operandSize === 16 ? immediate & 0xffff : immediate;
      return writeNumber(value, att);
    }
    case "relative":
      return context.nameTarget(branchTarget(pattern, context));
    case "far":
      return att
        ? `$${hex(decoded.immediate2)},$${hex(decoded.immediate)}`
        : `${hex(decoded.immediate2)}:${hex(decoded.immediate)}`;
    case "fixed":
      if (pattern.register === null) return att ? "" : String(pattern.fixed);
  }
  const text = isInMemory(pattern, decoded) ? writeMemory(pattern, context) : writeRegister(pattern, context);
  return att && INDIRECT.has(form.semantic) ? `*${text}` : text;
};

const writeOperands = (context: Context): string => {
  const { form, decoded, att } = context;
  if (!att && WITHOUT_OPERANDS.has(form.semantic)) return "";
  if (form.semantic === "xchg" && decoded.opcode === 0x90 && !decoded.hasOperandPrefix) return "";
  let count = 0;
  const hasPseudoName = pseudoName(context) !== "";
  const texts: string[] = [];
  for (const pattern of form.operands) {
    if (pattern.field === "immediate" && hasPseudoName) continue;
    const isSecond = pattern.field === "immediate" && count++ > 0;
    const text = writeOperand(pattern, isSecond ? decoded.immediate2 : decoded.immediate, context);
    if (text !== "") texts.push(text);
  }
  return (att && !NOT_REVERSED.has(form.semantic) ? texts.reverse() : texts).join(",");
};

/** Prefixes that the text of the instruction shows already. */
const usesOperandPrefix = ({ form, decoded }: Context): boolean => {
  if (form.prefix === 0x66 && !isVexMap(form.map)) return true;
  if (form.operandSize !== "v" || isShortBranch(form)) return false;
  return form.semantic !== "mov_to_sreg" || !decoded.isMemory;
};

const usesAddressPrefix = ({ form, decoded, att }: Context): boolean => {
  if (form.operands.some(({ field }) => field === "moffs")) return false;
  if (form.address32 && decoded.addressSize === 16) return false;
  // A bare 32-bit address does not look like one.
  if (decoded.isMemory && decoded.addressSize === 32 && decoded.base < 0 && !decoded.hasSib) return false;
  // JCXZ and JECXZ.
  if (form.mnemonic16 !== form.mnemonic32 && form.operandSize !== "v") return true;
  if (form.operands.some(({ register }) => register === "ra") && !WITHOUT_OPERANDS.has(form.semantic)) return true;
  if (decoded.isMemory || form.operands.some(({ memory, field }) => memory !== null && field !== "rm")) return true;
  return att && form.addressSized;
};

/**
 * Names of the prefixes that are left over, in the order of the bytes; and the branch hint that AT&T hangs onto Jcc.
 */
const writePrefixes = (bytes: Uint8Array, offset: number, context: Context): { words: string[]; hint: string } => {
  const { form, decoded, bits, att } = context;
  const words: string[] = [];
  let hint = "";
  const end = offset + decoded.opcodeOffset;
  const isLast = (at: number, same: (byte: number) => boolean): boolean => !bytes.subarray(at + 1, end).some(same);
  const opposite = bits === 32 ? 16 : 32;
  const isRep = form.repeat === "rep";
  // XACQUIRE and XRELEASE: on what is locked; XCHG locks by itself.
  const isElided = decoded.isMemory && form.lockable && (decoded.lock || form.semantic === "xchg");
  for (let at = offset; at < end; at++) {
    const byte = bytes[at]!;
    const segment = SEGMENT_BY_PREFIX[byte];
    if (segment !== undefined) {
      const isActive = isLast(at, (other) => SEGMENT_BY_PREFIX[other] !== undefined);
      if (isActive && HINTED.has(form.semantic) && att && (byte === 0x2e || byte === 0x3e))
        hint = byte === 0x2e ? ",pn" : ",pt";
      else if (isActive && isNoTrack(context)) words.push("notrack");
      else if (!isActive || !form.operands.some((pattern) => usesSegment(pattern, decoded)))
        words.push(segmentName(segment));
    } else if (byte === 0x66) {
      if (!isLast(at, (other) => other === 0x66) || !usesOperandPrefix(context))
        words.push(sizePrefix("data", opposite));
    } else if (byte === 0x67) {
      if (!isLast(at, (other) => other === 0x67) || !usesAddressPrefix(context))
        words.push(sizePrefix("addr", opposite));
    } else if (byte === 0xf0) {
      words.push("lock");
    } else if (form.prefix !== byte || isVexMap(form.map) || !isLast(at, (other) => other === byte)) {
      if (isElided) words.push(byte === 0xf2 ? "xacquire" : "xrelease");
      else if (byte === 0xf3 && decoded.isMemory && form.map === 0 && RELEASING_STORES.has(form.opcode))
        words.push("xrelease");
      else if (byte === 0xf3) words.push(isRep ? "rep" : "repz");
      else
        words.push(
          BOUNDED.has(form.semantic) && !(form.modrm === "digit" && form.mnemonic32 === "retf") ? "bnd" : "repnz",
        );
    }
  }
  return { words, hint };
};

const FWAIT = 0x9b;

/** objdump's column: the mnemonic with its prefixes, six wide, then the operands. */
const layOut = (words: readonly string[], operands: string): string => {
  const head = words.join(" ");
  return operands === "" ? head : `${head.padEnd(6)} ${operands}`;
};

const scratch = new Decoded();

/** FWAIT and the x87 instruction after it are one line: "fninit" becomes "finit". Null when none follows. */
const waitingForm = (bytes: Uint8Array, offset: number, bits: 16 | 32): boolean => {
  if (bytes[offset] !== FWAIT) return false;
  const { form, opcode } = decode(bytes, offset + 1, bits, scratch, knownOpcodes());
  return form !== null && form.map === 0 && opcode >= 0xd8 && opcode <= 0xdf;
};

/** Name of a prefix that stands alone, or null when the byte is none. */
const prefixName = (byte: number, bits: 16 | 32): string | null => {
  const segment = SEGMENT_BY_PREFIX[byte];
  if (segment !== undefined) return segmentName(segment);
  const opposite = bits === 32 ? 16 : 32;
  const names: Readonly<Record<number, string>> = {
    0x66: sizePrefix("data", opposite),
    0x67: sizePrefix("addr", opposite),
    0xf0: "lock",
    0xf2: "repnz",
    0xf3: "repz",
    0x9b: "fwait",
  };
  return names[byte] ?? null;
};

/**
 * What is no instruction. An opcode that stands for nothing is shown with its prefixes; of one that only does not take
 * these operands or these prefixes, objdump throws the prefixes away and shows the first byte.
 */
const undefinedInstruction = (bytes: Uint8Array, offset: number, prefixes: number, bits: 16 | 32): DisassembledLine => {
  const at = offset + prefixes;
  const size = emptyOpcodeSize(bytes, at);
  if (size === 0) return { text: "(bad)", length: Math.max(1, Math.min(prefixes + 1, bytes.length - offset)) };
  const words = [...bytes.subarray(offset, at)].map((byte) => prefixName(byte, bits)!);
  return { text: [...words, "(bad)"].join(" "), length: Math.min(prefixes + size, bytes.length - offset) };
};

/** Length of the opcode at an offset when no operand and no prefix makes an instruction of it, else 0. */
const emptyOpcodeSize = (bytes: Uint8Array, at: number): number => {
  const opcode = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  if (opcode >= 0xd8 && opcode <= 0xdf) return 2;
  if (opcode !== 0x0f) return 0;
  // 3DNow!, whose opcode is further on.
  if (second === 0x0f) return 0;
  const map = second === 0x38 ? 2 : second === 0x3a ? 3 : 1;
  const entry = knownOpcodes()[map]![map === 1 ? second : (bytes[at + 2] ?? 0)];
  const size = map === 1 ? 2 : 3;
  if (entry === null || entry === undefined) return size;
  const modrm = bytes[at + size] ?? 0;
  const isDefined = [0, 1, 2, 3].some(
    (prefix) => formAt(entry, prefix, modrm & 0x3f) !== null || formAt(entry, prefix, modrm | 0xc0) !== null,
  );
  return isDefined ? 0 : size;
};

/**
 * Disassembles the instruction at `offset`, whose address is `address`.
 */
export const disassemble = (
  bytes: Uint8Array,
  offset: number,
  address: number,
  options: DisassembleOptions,
): DisassembledLine => {
  const waits = waitingForm(bytes, offset, options.bits) ? 1 : 0;
  const start = offset + waits;
  const decoded = decode(bytes, start, options.bits, scratch, knownOpcodes());
  const { form } = decoded;
  if (form === null) {
    // Of an instruction that the end cuts off, objdump names the first byte alone.
    if (decoded.problem === "truncated")
      return { text: prefixName(bytes[offset] ?? 0, options.bits) ?? `.byte ${hex(bytes[offset] ?? 0)}`, length: 1 };
    return undefinedInstruction(bytes, offset, decoded.opcodeOffset, options.bits);
  }
  const context: Context = {
    decoded,
    form,
    bits: options.bits,
    att: options.syntax === "att",
    next: (address + waits + decoded.length) >>> 0,
    nameTarget: options.nameTarget ?? hex,
  };
  const { words, hint } = writePrefixes(bytes, start, context);
  const mnemonic = writeMnemonic(context);
  words.push((waits === 1 && mnemonic.startsWith("fn") ? `f${mnemonic.slice(2)}` : mnemonic) + hint);
  return { text: layOut(words, writeOperands(context)), length: decoded.length + waits };
};

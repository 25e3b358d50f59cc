/**
 * Bytes -> form and fields. The decoder knows the format of an instruction (Intel SDM 2A, chapter 2) and takes
 * everything else from the opcode maps. It only reads: what an emulator must check at run time (lock on a register,
 * privilege) is in the form or the fields.
 */

import type { Form, OpcodeMap } from "./form.ts";
import { LAST_BYTE_MAP, VEX_MAPS, XOP_MAPS } from "./form.ts";
import type { OpcodeMaps } from "./opcode-map.ts";
import { formAt, opcodeMap, prefixIndex } from "./opcode-map.ts";
import { ADDRESS16 } from "./registers.ts";

/** More bytes than this raise #GP (SDM 3A, table 6-13 and 2A, 2.3.11). */
export const MAX_INSTRUCTION_BYTES = 15;

/** What the decoder found. The object can be reused, so that a loop over code allocates nothing. */
export class Decoded {
  /** Null when the bytes are no instruction: see `problem`. */
  form: Form | null = null;
  /** "truncated": the bytes end within the instruction. "long": over 15 bytes. */
  problem: "" | "undefined" | "truncated" | "long" = "";
  /** In bytes, with prefixes. Up to and with the ModRM byte where the opcode is undefined. */
  length = 0;
  /** Offset of the first opcode byte (0F included) from the start. */
  opcodeOffset = 0;
  /** The opcode byte in its map. */
  opcode = 0;
  operandSize: 16 | 32 = 32;
  addressSize: 16 | 32 = 32;
  /** Prefixes that are there, whether they have an effect or not. */
  hasOperandPrefix = false;
  hasAddressPrefix = false;
  lock = false;
  /** The last of F2 and F3, or 0. When the form has it as its own prefix it repeats nothing. */
  repeat: 0 | 0xf2 | 0xf3 = 0;
  /** The last segment override: number of the register, or -1. */
  segment = -1;
  /** The whole ModRM byte; 0 when there is none. */
  modrm = 0;
  /** The register in VEX.vvvv; 0 without VEX. The processor takes no prefix but a segment before VEX (#UD). */
  vvvv = 0;
  /** True when ModRM.rm is an address. */
  isMemory = false;
  /** Of the address: numbers of registers (32-bit names, whatever the address size), or -1. */
  base = -1;
  index = -1;
  scale: 1 | 2 | 4 | 8 = 1;
  hasSib = false;
  /** Sign-extended to 32 bits; for A0-A3 the address. */
  displacement = 0;
  /** 0, 1, 2 or 4. */
  displacementBytes = 0;
  /**
   * The (first) immediate: sign-extended where the processor does so, 8 and 16 bits zero-extended otherwise, 32 bits as
   * a signed number. Branches: the distance from the end of the instruction. Far pointers: the offset.
   */
  immediate = 0;
  /** The second immediate (ENTER), or the selector of a far pointer. */
  immediate2 = 0;
  /** Bytes of displacement and immediates start here; for masking out addresses. */
  operandOffset = 0;

  /** ModRM.mod, 0 to 3. */
  get mod(): number {
    return this.modrm >> 6;
  }
  /** ModRM.reg. */
  get reg(): number {
    return (this.modrm >> 3) & 7;
  }
  /** ModRM.rm. */
  get rm(): number {
    return this.modrm & 7;
  }

  /** The segment that the address uses: the override, or SS for addresses on the stack, or DS. */
  get effectiveSegment(): number {
    if (this.segment >= 0) return this.segment;
    return this.base === 5 || (this.base === 4 && this.addressSize === 32) ? 2 : 3;
  }
}

/** The first byte of a VEX prefix of three (SDM 2A, 2.3.5). */
const VEX = 0xc4;
/** XOP is POP with a register or memory whose ModRM.reg is not 0; its maps have numbers from 8 on. */
const XOP = 0x8f;

const SEGMENT_BY_PREFIX: Readonly<Record<number, number>> = { 0x26: 0, 0x2e: 1, 0x36: 2, 0x3e: 3, 0x64: 4, 0x65: 5 };

const readSigned = (bytes: Uint8Array, at: number, size: number): number => {
  switch (size) {
    case 1:
      return (bytes[at]! << 24) >> 24;
    case 2:
      return ((bytes[at]! | (bytes[at + 1]! << 8)) << 16) >> 16;
    case 4:
      return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    default:
      return 0;
  }
};

const readUnsigned = (bytes: Uint8Array, at: number, size: number): number => {
  const value = readSigned(bytes, at, size);
  return size === 1 ? value & 0xff : size === 2 ? value & 0xffff : value;
};

/** Reads ModRM's address. Returns the offset after it. */
const readAddress = (bytes: Uint8Array, position: number, into: Decoded): number => {
  let at = position;
  const mod = into.modrm >> 6;
  const rm = into.modrm & 7;
  if (into.addressSize === 16) {
    const registers = ADDRESS16[rm]!;
    into.base = registers.base;
    into.index = registers.index;
    into.displacementBytes = mod === 1 ? 1 : mod === 2 ? 2 : 0;
    if (mod === 0 && rm === 6) {
      into.base = -1;
      into.displacementBytes = 2;
    }
  } else {
    into.base = rm;
    into.displacementBytes = mod === 1 ? 1 : mod === 2 ? 4 : 0;
    if (rm === 4) {
      const sib = bytes[at++]!;
      into.hasSib = true;
      into.base = sib & 7;
      into.index = (sib >> 3) & 7;
      into.scale = (1 << (sib >> 6)) as 1 | 2 | 4 | 8;
      if (into.index === 4) into.index = -1;
    }
    if (mod === 0 && into.base === 5) {
      into.base = -1;
      into.displacementBytes = 4;
    }
  }
  into.displacement = readSigned(bytes, at, into.displacementBytes);
  return at + into.displacementBytes;
};

/** Reads what lies after the address. Returns the offset after it. */
const readImmediates = (bytes: Uint8Array, position: number, form: Form, into: Decoded): number => {
  let at = position;
  let count = 0;
  for (const { field, sizeBits, signExtended } of form.operands) {
    const size = (sizeBits === "v" ? into.operandSize : sizeBits) / 8;
    switch (field) {
      case "immediate": {
        const value = signExtended ? readSigned(bytes, at, size) : readUnsigned(bytes, at, size);
        if (count++ === 0) into.immediate = value;
        else into.immediate2 = value;
        at += size;
        break;
      }
      case "relative":
        into.immediate = readSigned(bytes, at, size);
        at += size;
        break;
      case "far":
        into.immediate = readUnsigned(bytes, at, size);
        into.immediate2 = readUnsigned(bytes, at + size, 2);
        at += size + 2;
        break;
      case "moffs":
        into.displacementBytes = into.addressSize / 8;
        into.displacement = readUnsigned(bytes, at, into.displacementBytes);
        at += into.displacementBytes;
        break;
    }
  }
  return at;
};

const fail = (into: Decoded, problem: Decoded["problem"], length: number): Decoded => {
  into.form = null;
  into.problem = problem;
  into.length = length;
  return into;
};

const clear = (into: Decoded): void => {
  into.form = null;
  into.problem = "";
  into.hasOperandPrefix = into.hasAddressPrefix = into.lock = into.isMemory = into.hasSib = false;
  into.repeat = 0;
  into.segment = into.base = into.index = -1;
  into.scale = 1;
  into.modrm = into.vvvv = into.displacement = into.displacementBytes = into.immediate = into.immediate2 = 0;
};

/**
 * Decodes the instruction at `offset`. `bits` is the code segment's default size. Bytes after the end of the array are
 * "truncated"; nothing is thrown. `known` has opcodes beside those of the emulator's processors (known-opcodes.ts).
 */
export const decode = (
  bytes: Uint8Array,
  offset: number,
  bits: 16 | 32,
  into: Decoded = new Decoded(),
  known: OpcodeMaps | null = null,
): Decoded => {
  let at = offset;
  clear(into);
  let byte = bytes[at];
  prefixes: for (; byte !== undefined; byte = bytes[++at]) {
    switch (byte) {
      case 0x66:
        into.hasOperandPrefix = true;
        break;
      case 0x67:
        into.hasAddressPrefix = true;
        break;
      case 0xf0:
        into.lock = true;
        break;
      case 0xf2:
      case 0xf3:
        into.repeat = byte;
        break;
      default: {
        const segment = SEGMENT_BY_PREFIX[byte];
        if (segment === undefined) break prefixes;
        into.segment = segment;
      }
    }
    if (at - offset >= MAX_INSTRUCTION_BYTES) return fail(into, "long", MAX_INSTRUCTION_BYTES);
  }
  into.operandSize = into.hasOperandPrefix ? (bits === 32 ? 16 : 32) : bits;
  into.addressSize = into.hasAddressPrefix ? (bits === 32 ? 16 : 32) : bits;
  into.opcodeOffset = at - offset;

  let map: OpcodeMap = 0;
  let prefix = prefixIndex(into.hasOperandPrefix, into.repeat);
  // LES from a register, which there is not, is VEX.
  const isVex = byte === VEX && bytes[at + 1]! >= 0xc0;
  if (isVex || (byte === XOP && known !== null && (bytes[at + 1]! & 0x18) !== 0)) {
    if (at + 3 >= bytes.length) return fail(into, "truncated", bytes.length - offset);
    const space = bytes[at + 1]! & 0x1f;
    const fields = bytes[at + 2]!;
    into.vvvv = (~fields >> 3) & 7;
    prefix = fields & 3;
    at += 3;
    byte = bytes[at]!;
    const isMapped = isVex ? space === 2 || space === 3 : space === 9 || space === 10;
    // VEX.L is 0 for all that the maps have.
    if (!isMapped || (fields & 4) !== 0) return fail(into, "undefined", at + 1 - offset);
    map = (space + (isVex ? VEX_MAPS : XOP_MAPS)) as OpcodeMap;
  } else if (byte === 0x0f) {
    byte = bytes[++at];
    if (byte === 0x0f && known !== null) return decodeLastByte(bytes, offset, at + 1, prefix, into, known);
    map = byte === 0x38 ? 2 : byte === 0x3a ? 3 : 1;
    if (map !== 1) byte = bytes[++at];
  }
  if (byte === undefined) return fail(into, "truncated", at - offset);
  at++;
  into.opcode = byte;
  const entry = (known === null ? opcodeMap(map) : known[map]!)[byte]!;
  if (entry === null) return fail(into, "undefined", at - offset);

  if (entry.hasModRM) {
    if (at >= bytes.length) return fail(into, "truncated", at - offset);
    into.modrm = bytes[at++]!;
  }
  const form = formAt(entry, prefix, into.modrm);
  if (form === null || (into.vvvv !== 0 && !form.operands.some(({ field }) => field === "vvvv")))
    return fail(into, "undefined", at - offset);
  if (entry.hasModRM && into.modrm < 0xc0 && form.mod !== "ignored" && form.modrm !== "exact") {
    into.isMemory = true;
    at = readAddress(bytes, at, into);
  }
  into.operandOffset = at - into.displacementBytes - offset;
  at = readImmediates(bytes, at, form, into);
  if (at > bytes.length) return fail(into, "truncated", at - offset);
  if (at - offset > MAX_INSTRUCTION_BYTES) return fail(into, "long", MAX_INSTRUCTION_BYTES);
  into.form = form;
  into.length = at - offset;
  return into;
};

/** What stands behind 0F 0F, from `start` on: ModRM, the address, and last the opcode. */
const decodeLastByte = (
  bytes: Uint8Array,
  offset: number,
  start: number,
  prefix: number,
  into: Decoded,
  known: OpcodeMaps,
): Decoded => {
  let at = start;
  into.modrm = bytes[at++] ?? 0;
  if (into.modrm < 0xc0) {
    into.isMemory = true;
    at = readAddress(bytes, at, into);
  }
  into.operandOffset = at - into.displacementBytes - offset;
  if (at >= bytes.length) return fail(into, "truncated", bytes.length - offset);
  into.opcode = bytes[at]!;
  const entry = known[LAST_BYTE_MAP]![into.opcode]!;
  const form = entry === null ? null : formAt(entry, prefix, into.modrm);
  if (form === null) return fail(into, "undefined", at + 1 - offset);
  if (at + 1 - offset > MAX_INSTRUCTION_BYTES) return fail(into, "long", MAX_INSTRUCTION_BYTES);
  into.form = form;
  into.length = at + 1 - offset;
  return into;
};

/**
 * What one row of the instruction table says: an instruction form, that is one opcode with one pattern of operands.
 * Everything else in this folder, and the emulator's dispatch, is derived from these.
 */

import type { RegisterClass } from "./register-class.ts";
import type { Semantic } from "./semantics.ts";

/**
 * A size in bits. "v" is the operand size of the moment: 16 or 32, by the code segment and the prefix 66. 0 stands for
 * what has no size, or any.
 */
export type SizeRule = number | "v";

/** Where an operand lies in the bytes. */
export type OperandField =
  /** ModRM.reg. */
  | "reg"
  /** ModRM.rm, with SIB and displacement. */
  | "rm"
  /** VEX.vvvv (SDM 2A, 2.3.5.6). */
  | "vvvv"
  /** One register in both fields of ModRM (`imul eax, 5`). */
  | "reg+rm"
  /** The low three bits of the opcode, or of the ModRM byte that completes an x87 opcode. */
  | "opcode"
  /** An immediate after the address. */
  | "immediate"
  /** The selector of a far pointer that is written as two immediates; it lies after the offset. */
  | "selector"
  /** A displacement from the end of the instruction. */
  | "relative"
  /** A far pointer in the instruction: offset, then selector. */
  | "far"
  /** An absolute address without ModRM (A0-A3). */
  | "moffs"
  /** es:[edi], not written down in the bytes. */
  | "destination"
  /** ds:[esi] with an override. */
  | "source"
  /** ds:[ebx] with an override (XLAT). */
  | "table"
  /** Said by the opcode alone: `al`, `dx`, `1`. */
  | "fixed";

/**
 * What a memory operand is, beyond its size.
 *  - sized: `sizeBits` of plain data.
 *  - any: no size is shown, and one that is said does not matter (LEA).
 *  - line: the same, shown as a byte (PREFETCH, INVLPG).
 *  - state: no size is shown, and none may be said (FXSAVE).
 *  - far: offset of the operand size and a selector.
 *  - pair: two numbers of the operand size (BOUND).
 *  - descriptor: limit and base of LGDT and its like.
 */
export type MemoryKind = "sized" | "any" | "line" | "state" | "far" | "pair" | "descriptor";

export interface OperandPattern {
  /** As the table spells it. */
  readonly text: string;
  readonly field: OperandField;
  /** The class of register it takes; "rv" is r16 or r32 by operand size, "ra" by address size; null for none. */
  readonly register: RegisterClass | "rv" | "ra" | null;
  /** The only register number, or immediate value, that it takes; -1 for any. */
  readonly fixed: number;
  /** Null when it is never in memory. */
  readonly memory: MemoryKind | null;
  /** Of the data: of the memory operand if it can be one, else of register or immediate. */
  readonly sizeBits: SizeRule;
  /** An 8-bit immediate that the processor sign-extends to the operand size. */
  readonly signExtended: boolean;
  /** The letter with which AT&T mnemonics say this memory operand's size where b, w, l do not (x87: s l t, ll). */
  readonly attSuffix: string;
  /** The same for the suffixes that GNU as takes in Intel syntax. */
  readonly intelSuffix: string;
}

/**
 * Opcode maps (Intel SDM 2D, appendix A.3): one byte, 0F, 0F 38, 0F 3A; 4 and 5 are the latter two behind VEX; 6 and 7
 * are 9 and 10 behind XOP (AMD's manual 3, 1.2.7); 8 is 0F 0F, whose opcode stands behind the operands (AMD's manual 3,
 * A.2).
 */
export type OpcodeMap = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** VEX.mmmmm plus this is the opcode map (SDM 2A, 2.3.5.6). */
export const VEX_MAPS = 2;
/** XOP.mmmmm plus this is the opcode map. */
export const XOP_MAPS = -3;
const FIRST_VEX_MAP = 4;
const FIRST_XOP_MAP = 6;
/** The one map whose opcodes stand behind the operands. */
export const LAST_BYTE_MAP = 8;

/** Whether a VEX or XOP prefix leads to a map. It also holds what is a prefix of the opcode elsewhere, as VEX.pp. */
export const isVexMap = (map: OpcodeMap): boolean => map >= FIRST_VEX_MAP && map < LAST_BYTE_MAP;

export const isXopMap = (map: OpcodeMap): boolean => map >= FIRST_XOP_MAP && map < LAST_BYTE_MAP;

/**
 * Which prefix is part of the opcode: "any" when 66, F2 and F3 keep their general meaning, "none" when there must be
 * none.
 */
export type MandatoryPrefix = "any" | "none" | 0x66 | 0xf2 | 0xf3;

/**
 * What the opcode wants of the ModRM byte.
 *  - none: there is none;
 *  - reg: the reg field holds an operand (`/r`);
 *  - digit: it holds a part of the opcode (`/0` to `/7`);
 *  - ignored: its value does not matter (`/_`), 0 is written;
 *  - exact: the whole byte is part of the opcode (`D9 E0`);
 *  - register: the upper five bits are, the lower three are a register (`D8 C0 +i`).
 */
export type ModRMRule = "none" | "reg" | "digit" | "ignored" | "exact" | "register";

/** A name with 16-bit and with 32-bit operands: mostly the same. */
export type SizedNames = readonly [name16: string, name32: string];

export interface Form {
  /** Position in the table. */
  readonly id: number;
  /** The row itself, for diagnostics and reviews. */
  readonly text: string;
  /**
   * Intel's mnemonic: with 16-bit and with 32-bit operand (or, for JCXZ, address) size. The two are mostly the same.
   */
  readonly mnemonic16: string;
  readonly mnemonic32: string;
  /** AT&T's mnemonic without suffix, likewise. */
  readonly att16: string;
  readonly att32: string;
  /** Every name it can be written with in Intel syntax, without suffixes: pairs of 16- and 32-bit names. */
  readonly names: readonly SizedNames[];
  /** The same for AT&T syntax. */
  readonly attNames: readonly SizedNames[];
  readonly operands: readonly OperandPattern[];
  readonly map: OpcodeMap;
  /** The opcode byte in its map; of a range (`+r`) the first. */
  readonly opcode: number;
  readonly prefix: MandatoryPrefix;
  readonly modrm: ModRMRule;
  /** The digit, or the (base of the) exact ModRM byte. */
  readonly modrmValue: number;
  /** "register" when mod must be 3, "memory" when it must not, "ignored" when the processor takes any mod for 3. */
  readonly mod: "any" | "register" | "memory" | "ignored";
  /** True when the low three bits of the opcode are a register (`+r`). */
  readonly opcodeRegister: boolean;
  /** The size that prefix 66 and the code segment select between ("v"), or 0 when they have no influence. */
  readonly operandSize: 0 | 8 | "v";
  /** True when the address size matters although there is no ModRM: string instructions, LOOP, JCXZ, XLAT. */
  readonly addressSized: boolean;
  /** What it does; the interpreter's dispatch. Forms of equal semantics differ in their operands only. */
  readonly semantic: Semantic;
  /** Condition code of Jcc, SETcc, CMOVcc (Intel SDM 1, appendix B); -1 for the others. */
  readonly condition: number;
  /** The feature that a processor needs to have it, as `.arch` spells it. */
  readonly feature: string;
  /** LOCK is allowed when the destination is in memory. */
  readonly lockable: boolean;
  /**
   * "rep" for MOVS, LODS, STOS, INS, OUTS; "repe" for CMPS and SCAS, where REPNE means something else; "hint" where GNU
   * as lets it pass (`rep ret`).
   */
  readonly repeat: "none" | "rep" | "repe" | "hint";
  /** Where the size is not told by an operand, it is that of the code segment. */
  readonly defaultSize: boolean;
  /** Its default size is that of the stack (`.code16gcc` makes it 32). */
  readonly stackSize: boolean;
  /** It can be reached only by a mnemonic with a suffix (`movs` alone does not tell its size). */
  readonly needsSuffix: boolean;
  /** For the encoder only: another way to write what a different row decodes to. */
  readonly encodeOnly: boolean;
  /** For the decoder only: an alternative encoding that no assembler chooses, or one without a name. */
  readonly decodeOnly: boolean;
  /** Exists in 16-bit code only (for the encoder). */
  readonly code16Only: boolean;
  /** An immediate byte that is written although it is not an operand (AAM without one); -1 for none. */
  readonly impliedImmediate: number;
  /** FWAIT stands before it (FINIT is FWAIT, FNINIT). */
  readonly wait: boolean;
  /** Its name takes no suffix for the size, though the size is known. */
  readonly bare: boolean;
  /** Its address is of 32 bits also in 16-bit code. */
  readonly address32: boolean;
}

/**
 * An instruction as the assembler hands it to the encoder and as the decoder hands it to the disassembler: a mnemonic
 * with operands in Intel order (destination first), whatever syntax it was written in.
 */

import type { Form } from "./form.ts";
import type { RegisterClass } from "./register-class.ts";

export type { RegisterClass } from "./register-class.ts";

export interface Register {
  readonly name: string;
  readonly class: RegisterClass;
  /** The number in ModRM, opcode or SIB. */
  readonly number: number;
}

/** Sizes that a type keyword (`dword ptr`) or a suffix can state. 48 is `fword`, 80 `tbyte`, 128 `xmmword`. */
export type SizeBits = 8 | 16 | 32 | 48 | 64 | 80 | 128;

/**
 * A number as far as it is known when the instruction is encoded: null stands for a symbol or an expression that only a
 * relocation can fill in; it takes a field of full size and comes back as a `Fixup`.
 */
export type Value = number | null;

export interface RegisterOperand {
  readonly kind: "register";
  readonly register: Register;
}

export interface ImmediateOperand {
  readonly kind: "immediate";
  readonly value: Value;
  /** Stated by a type keyword before the number (`mov [esi], byte ptr 1`). */
  readonly sizeBits?: SizeBits;
}

export interface MemoryOperand {
  readonly kind: "memory";
  readonly segment?: Register;
  readonly base?: Register;
  readonly index?: Register;
  readonly scale?: 1 | 2 | 4 | 8;
  /** Zero or absent when there is none; null when only a relocation knows. */
  readonly displacement?: Value;
  /** Stated by a type keyword or, in AT&T syntax, by the suffix. */
  readonly sizeBits?: SizeBits;
  /**
   * The address comes from the global offset table and the linker may do without: takes no form that has no
   * counterpart.
   */
  readonly isRelaxable?: boolean;
}

/** The destination of a direct near branch: the distance is a matter of layout, so the encoder offers every length. */
export interface TargetOperand {
  readonly kind: "target";
  /** `short`, `near` where the source says so. */
  readonly distance?: "short" | "near";
}

/**
 * `8:label`: selector and offset of a direct far branch. An indirect one in memory, `jmp far ptr [mem]`, is the
 * mnemonic `ljmp` or `lcall` with a memory operand; `jmp fword ptr [mem]` needs no such help.
 */
export interface FarOperand {
  readonly kind: "far";
  readonly selector: Value;
  readonly offset: Value;
}

export type Operand = RegisterOperand | ImmediateOperand | MemoryOperand | TargetOperand | FarOperand;

export type Prefix =
  | "lock"
  | "rep"
  | "repe"
  | "repne"
  | "addr16"
  | "addr32"
  | "data16"
  | "data32"
  | "cs"
  | "ds"
  | "es"
  | "fs"
  | "gs"
  | "ss"
  | "notrack"
  | "bnd"
  | "xacquire"
  | "xrelease";

export interface Instruction {
  /** Lower case, as written: with a suffix (`cmpb`) where the source has one. */
  readonly mnemonic: string;
  readonly prefixes: readonly Prefix[];
  readonly operands: readonly Operand[];
  /** What pseudo prefixes ask of the encoding; absent for the usual one. */
  readonly wish?: EncodingWish;
}

/** Pseudo prefixes: a choice among encodings that do the same. What an instruction has no choice of is not minded. */
export interface EncodingWish {
  /** `{disp8}`, `{disp16}`, `{disp32}`: width of a displacement beside registers, or of a branch. */
  readonly displacementBits?: 8 | 16 | 32;
  /**
   * `{load}`, `{store}`: between two registers, the form whose first operand is ModRM's reg field, or its r/m field.
   * `.s` swaps them: the one that is not usual.
   */
  readonly direction?: "load" | "store" | "swap";
}

/** A field of an encoding whose value the caller has to fill in. */
export interface Fixup {
  /** Offset of the field in the encoding, in bytes. */
  readonly offset: number;
  readonly sizeBytes: 1 | 2 | 4;
  /** Which operand, and which part of it. */
  readonly operand: number;
  readonly part: "immediate" | "displacement" | "selector" | "offset" | "target";
  /** Relative to the end of the instruction. */
  readonly pcRelative: boolean;
  /** The processor sign-extends the field to the operand size (so -1 fits and 255 does not). */
  readonly signed: boolean;
}

export interface Encoding {
  readonly bytes: Uint8Array;
  /** The row of the table that was chosen. */
  readonly form: Form;
  readonly fixups: readonly Fixup[];
  /**
   * For a direct near branch that has one: the same branch with a longer displacement. Null when this one is the only
   * one.
   */
  readonly longer: Encoding | null;
  /** A direct near branch that was asked to be as long as it may become (`jmp.d32`, `{disp32}`). */
  readonly isLongest?: true;
  /** What GNU as takes too, but warns of: a value that lost its upper bits, a size that had to be assumed. */
  readonly warning?: EncodingError;
}

/** Why no form takes these operands: enough for the assembler to say it at the right operand. */
export interface EncodingError {
  readonly code:
    | "unknown-mnemonic"
    | "not-on-this-cpu"
    | "operand-count"
    | "operand-kind"
    | "size-mismatch"
    | "size-ambiguous"
    | "size-ignored"
    | "value-range"
    | "bad-address"
    | "bad-prefix";
  /** Index of the operand at fault, or -1 for the instruction. */
  readonly operand: number;
  /** A sentence for people: what was found and what is expected here. */
  readonly message: string;
}

export interface EncodeOptions {
  /** `.code16` or `.code32`. */
  readonly bits: 16 | 32;
  /** `.code16gcc`: 16-bit code with 32-bit stack operations. */
  readonly stack32?: boolean;
  /** AT&T: the mnemonic's suffix rules, and the reversed operands of some x87 forms, are AT&T's. */
  readonly att?: boolean;
  /** `shl eax, 1` takes the form with an immediate byte, which is quicker on the 486. */
  readonly avoidsShiftByOne?: boolean;
  /** AT&T syntax with Intel's names for what the two name differently (`-mmnemonic=intel`). */
  readonly intelNames?: boolean;
  /** Processor features that are allowed (`.arch`); all when absent. */
  readonly features?: ReadonlySet<string>;
}

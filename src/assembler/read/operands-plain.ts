/**
 * The operands that programs are made of, read without a tree: a register, a decimal number,
 * `[base+index*scale+number]` with or without a size before it. Whatever is not exactly that is left to the full
 * parser, which comes to the same for these.
 */

import type { MemoryOperand, Operand, Register, SizeBits } from "../../isa/instruction.ts";
import type { Expression } from "../model/expression.ts";
import { Op } from "../model/expression.ts";
import { low32 } from "../model/integer.ts";
import {
  CLOSE_BRACKET,
  COMMA,
  characterClass,
  DIGIT,
  NAME_PART,
  NAME_START,
  OPEN_BRACKET,
  SPACE,
  STAR,
  STATEMENT_END,
} from "./chars.ts";
import type { ParsedOperands } from "./parsed-operands.ts";
import type { Reading } from "./reading.ts";

const PLUS = 0x2b;
const MINUS = 0x2d;
/** Decimal digits that a number may have and still be exact and within 32 bits. */
const MOST_DIGITS = 9;

const SIZES: ReadonlyMap<string, SizeBits> = new Map([
  ["byte", 8],
  ["word", 16],
  ["dword", 32],
  ["qword", 64],
]);

/** One operand object for each register: they never change. */
const registerOperands = new Map<Register, Operand>();

export function registerOperand(register: Register): Operand {
  let operand = registerOperands.get(register);
  if (operand === undefined) {
    operand = { kind: "register", register };
    registerOperands.set(register, operand);
  }
  return operand;
}

/**
 * A constant as the encoder takes it, signed or unsigned as the source wrote it. Of one with more bits than a number
 * holds exactly, the lower 32 are kept, and that there are others.
 */
export function encoderValue(expression: Expression): number | null {
  if (expression.op !== Op.CONSTANT) return null;
  const { number } = expression;
  return typeof number === "number" ? number : 2 ** 40 + (low32(number) >>> 0);
}

export class PlainOperands {
  readonly #reading: Reading;
  readonly #parsed: ParsedOperands;
  /** Where the name or number read last ends, and the number. */
  #end = 0;
  #number = 0;

  constructor(reading: Reading, parsed: ParsedOperands) {
    this.#reading = reading;
    this.#parsed = parsed;
  }

  /** Takes the operand at the cursor and moves past it; false, and nothing done, when it is not plain. */
  take(isBranch: boolean): boolean {
    const { bytes, offset } = this.#reading.input;
    const code = bytes[offset]!;
    const kind = characterClass[code]!;
    if (kind & NAME_START) {
      const register = this.#registerAt(offset);
      if (register === null) return !isBranch && this.#sized(offset);
      if (!this.#endsOperand(this.#end)) return false;
      this.#parsed.add(registerOperand(register), null, offset);
      this.#reading.input.offset = this.#end;
      return true;
    }
    if (isBranch) return false;
    if (kind & DIGIT) {
      if (!this.#numberAt(offset) || !this.#endsOperand(this.#end)) return false;
      this.#parsed.add({ kind: "immediate", value: this.#number }, null, offset);
      this.#reading.input.offset = this.#end;
      return true;
    }
    return code === OPEN_BRACKET && this.#address(offset, offset, undefined);
  }

  /** `dword ptr [` */
  #sized(start: number): boolean {
    const { bytes } = this.#reading.input;
    const size = SIZES.get(this.#reading.atoms.intern(bytes, start, this.#end).lower.text);
    if (size === undefined) return false;
    let offset = this.#end;
    while (characterClass[bytes[offset]!] === SPACE) offset++;
    if (
      (bytes[offset]! | 0x20) !== 0x70 ||
      (bytes[offset + 1]! | 0x20) !== 0x74 ||
      (bytes[offset + 2]! | 0x20) !== 0x72
    )
      return false;
    offset += 3;
    while (characterClass[bytes[offset]!] === SPACE) offset++;
    return bytes[offset] === OPEN_BRACKET && this.#address(start, offset, size);
  }

  #address(start: number, bracket: number, sizeBits: SizeBits | undefined): boolean {
    const { bytes } = this.#reading.input;
    const base = this.#registerAt(bracket + 1);
    if (base === null || base.class !== "r32") return false;
    let offset = this.#end;
    let index: Register | null = null;
    let scale = 1;
    let displacement = 0;
    if (bytes[offset] === PLUS && characterClass[bytes[offset + 1]!]! & NAME_START) {
      index = this.#registerAt(offset + 1);
      if (index === null || index.class !== "r32") return false;
      offset = this.#end;
      if (bytes[offset] === STAR) {
        if (
          index.name === "esp" ||
          !this.#numberAt(offset + 1) ||
          (this.#number !== 1 && this.#number !== 2 && this.#number !== 4 && this.#number !== 8)
        )
          return false;
        scale = this.#number;
        offset = this.#end;
      }
    }
    const sign = bytes[offset]!;
    if (sign === PLUS || sign === MINUS) {
      if (!this.#numberAt(offset + 1)) return false;
      displacement = sign === PLUS ? this.#number : -this.#number;
      offset = this.#end;
    }
    if (bytes[offset] !== CLOSE_BRACKET || !this.#endsOperand(offset + 1)) return false;
    const operand: { -readonly [K in keyof MemoryOperand]: MemoryOperand[K] } = { kind: "memory", displacement };
    operand.base = base;
    if (index !== null) {
      operand.index = index;
      operand.scale = scale as 1 | 2 | 4 | 8;
    }
    if (sizeBits !== undefined) operand.sizeBits = sizeBits;
    this.#parsed.add(operand, null, start);
    this.#reading.input.offset = offset + 1;
    return true;
  }

  /** A register's bare name; null for any other name. */
  #registerAt(start: number): Register | null {
    const reading = this.#reading;
    const { bytes } = reading.input;
    let end = start;
    if (characterClass[bytes[end]!]! & NAME_START) while (characterClass[bytes[end]!]! & NAME_PART) end++;
    this.#end = end;
    if (end === start || !reading.allowsNakedRegisters) return null;
    const register = reading.atoms.intern(bytes, start, end).knownLower?.register ?? null;
    return register === null || register.class === "st" ? null : register;
  }

  /** A decimal number without a suffix. */
  #numberAt(start: number): boolean {
    const { bytes } = this.#reading.input;
    let end = start;
    let number = 0;
    while (bytes[end]! >= 0x30 && bytes[end]! <= 0x39) number = number * 10 + bytes[end++]! - 0x30;
    const length = end - start;
    if (
      length === 0 ||
      length > MOST_DIGITS ||
      (length > 1 && bytes[start] === 0x30) ||
      characterClass[bytes[end]!]! & NAME_PART
    )
      return false;
    this.#end = end;
    this.#number = number;
    return true;
  }

  #endsOperand(offset: number): boolean {
    const after = this.#reading.input.bytes[offset]!;
    return after === COMMA || (characterClass[after]! & STATEMENT_END) !== 0;
  }
}

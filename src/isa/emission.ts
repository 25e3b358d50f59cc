/**
 * The bytes of one instruction as they are written: numbers that may lose bits or need a relocation, and addresses in
 * ModRM, SIB and displacement (Intel SDM 2A, 2.1.5).
 */

import type { Form, MandatoryPrefix } from "./form.ts";
import { isXopMap, VEX_MAPS, XOP_MAPS } from "./form.ts";
import type { Encoding, EncodingError, Fixup, MemoryOperand, Register, Value } from "./instruction.ts";
import { EIZ } from "./registers.ts";

/** Prefixes of each kind, opcode, address and immediates together; the processor takes 15. */
const MAX_LENGTH = 24;

const NO_FIXUPS: readonly Fixup[] = Object.freeze([]);

/** An `EncodingError`. */
export const encodingError = (code: EncodingError["code"], operand: number, message: string): EncodingError => ({
  code,
  operand,
  message,
});

export const LEA_WITH_SEGMENT = "lea takes the address without its segment, which means nothing here";

const describeAddress = ({ base, index, scale = 1 }: MemoryOperand): string => {
  const factor = scale > 1 ? `*${scale}` : "";
  return `[${[base?.name, index && index.name + factor].filter(Boolean).join("+")}]`;
};

/** r/m of 16-bit addressing by the registers as bits: bx 1, bp 2, si 4, di 8 (SDM 2A, table 2-1). */
const RM16: Readonly<Record<number, number>> = { 5: 0, 9: 1, 6: 2, 10: 3, 4: 4, 8: 5, 2: 6, 1: 7 };
const BITS16: Readonly<Record<number, number>> = { 3: 1, 5: 2, 6: 4, 7: 8 };
/** Any other register: no sum with it is in RM16. */
const NO_BIT16 = 16;

const bit16 = (register: Register | undefined): number => {
  if (register === undefined) return 0;
  return register.class === "r16" ? (BITS16[register.number] ?? NO_BIT16) : NO_BIT16;
};

/** VEX.pp, which stands for a prefix of the opcode. */
const VEX_PP: Readonly<Record<MandatoryPrefix, number>> = { any: 0, none: 0, 0x66: 1, 0xf3: 2, 0xf2: 3 };

const SCALE_BITS: Readonly<Record<number, number>> = { 1: 0, 2: 0x40, 4: 0x80, 8: 0xc0 };

/**
 * One instruction under construction. The object is used again and again, so that encoding allocates nothing but its
 * result.
 */
export class Emission {
  readonly bytes = new Uint8Array(MAX_LENGTH);
  length = 0;
  /** What GNU as would warn of; the first thing counts. */
  warning: EncodingError | null = null;
  /** The operands were matched by cutting numbers to size. */
  isTruncating = false;
  /** Width that the source asks of a displacement, or 0. */
  displacementBits: 0 | 8 | 16 | 32 = 0;
  #fixups: Fixup[] | null = null;
  #form: Form | null = null;

  /** Starts an encoding. The warning stays: it belongs to the instruction, which may have several encodings. */
  begin(form: Form): void {
    this.length = 0;
    this.#form = form;
    this.#fixups = null;
  }

  byte(value: number): void {
    this.bytes[this.length++] = value;
  }

  /** A number, lowest byte first. */
  number(value: number, sizeBytes: number): void {
    for (let i = 0; i < sizeBytes; i++) this.bytes[this.length++] = value >> (8 * i);
  }

  /** The field of a direct near branch, zero for now. */
  target(sizeBytes: 1 | 2 | 4, operand: number): void {
    this.#fixup({ offset: this.length, sizeBytes, operand, part: "target", pcRelative: true, signed: true });
    this.number(0, sizeBytes);
  }

  /** A number, or zero and a fixup where it is not known yet. Warns when bits that mean something are lost. */
  value(value: Value, sizeBytes: 1 | 2 | 4, operand: number, part: Fixup["part"], signed: boolean): void {
    if (value === null) {
      this.#fixup({ offset: this.length, sizeBytes, operand, part, pcRelative: false, signed });
      this.number(0, sizeBytes);
      return;
    }
    const limit = sizeBytes === 4 ? 0x1_0000_0000 : 1 << (8 * sizeBytes);
    const low32 = value >= -0x8000_0000 && value <= 0xffff_ffff ? value | 0 : Number(BigInt.asIntN(32, BigInt(value)));
    const isOutside = (value >= limit || value < -limit) && (sizeBytes === 4 || low32 >= limit || low32 < -limit);
    // Bytes have been matched by the value they stand for (-16, or 0xfff0 beside 16 bits), unless the match had to cut.
    if (isOutside && (sizeBytes > 1 || this.isTruncating)) {
      const cut = ((value % limit) + limit) % limit;
      this.warning ??= encodingError(
        "value-range",
        operand,
        `${value} does not fit in ${8 * sizeBytes} bits and was cut to ${cut}`,
      );
    }
    this.number(low32, sizeBytes);
  }

  /**
   * A VEX prefix of three bytes (SDM 2A, 2.3.5), or XOP, which is like it: the map, the register beside those of ModRM,
   * the form's prefix.
   */
  vex({ map, prefix }: Form, vvvv: number): void {
    this.byte(isXopMap(map) ? 0x8f : 0xc4);
    this.byte(0xe0 | (map - (isXopMap(map) ? XOP_MAPS : VEX_MAPS)));
    this.byte(((~vvvv << 3) & 0x78) | VEX_PP[prefix]);
  }

  /**
   * ModRM with what follows it, for an operand in memory. `modrm` has the reg field; `bits` is the address size.
   * Returns an error when base, index and scale make no address of that size.
   */
  address(memory: MemoryOperand, bits: number, modrm: number, operand: number): EncodingError | null {
    return bits === 16 ? this.#address16(memory, modrm, operand) : this.#address32(memory, modrm, operand);
  }

  /** The finished encoding. */
  take(longer: Encoding | null): Encoding {
    const encoding = {
      bytes: this.bytes.slice(0, this.length),
      form: this.#form!,
      fixups: this.#fixups ?? NO_FIXUPS,
      longer,
    };
    return this.warning === null ? encoding : { ...encoding, warning: this.warning };
  }

  #fixup(fixup: Fixup): void {
    (this.#fixups ??= []).push(fixup);
  }

  #address16(memory: MemoryOperand, modrm: number, operand: number): EncodingError | null {
    const { base, index, displacement = 0 } = memory;
    if (base === undefined && index === undefined) {
      this.byte(modrm | 6);
      this.value(displacement, 2, operand, "displacement", false);
      return null;
    }
    const rm = bit16(base) === bit16(index) ? undefined : RM16[bit16(base) | bit16(index)];
    if (rm === undefined || (memory.scale ?? 1) !== 1) {
      const rule = "it takes bx or bp, si or di, or one of each, without a scale";
      return encodingError("bad-address", operand, `${describeAddress(memory)} is no 16-bit address: ${rule}`);
    }
    // 0xffff is -1, but what does not fit in 16 bits is cut only after the width has been chosen.
    const whole = displacement === null ? 0 : displacement | 0;
    const low = whole >= 0 && whole <= 0xffff ? (whole << 16) >> 16 : whole;
    if (displacement === null || low < -0x80 || low > 0x7f || this.displacementBits === 16) {
      this.byte(0x80 | modrm | rm);
      this.value(displacement, 2, operand, "displacement", false);
    } else if (low !== 0 || rm === 6 || this.displacementBits === 8) {
      // [bp] alone has no encoding: its place is that of a bare displacement.
      this.byte(0x40 | modrm | rm);
      this.byte(low);
    } else {
      this.byte(modrm | rm);
    }
    return null;
  }

  #address32(memory: MemoryOperand, modrm: number, operand: number): EncodingError | null {
    let { base, index } = memory;
    const { displacement = 0, scale = 1 } = memory;
    if ((base !== undefined && base.class !== "r32") || (index !== undefined && index.class !== "r32")) {
      const rule = "base and index are 32-bit registers, or both are 16-bit ones";
      return encodingError("bad-address", operand, `${describeAddress(memory)} is no address: ${rule}`);
    }
    if (index !== undefined && index.number === 4 && index !== EIZ) {
      // ESP cannot be the index, but it can trade places with the base.
      if (scale !== 1 || base?.number === 4)
        return encodingError("bad-address", operand, `esp cannot be an index, as in ${describeAddress(memory)}`);
      [base, index] = [index, base];
    }
    if (base === undefined) {
      if (index === undefined) {
        this.byte(modrm | 5);
      } else {
        this.byte(modrm | 4);
        this.byte(SCALE_BITS[scale]! | (index.number << 3) | 5);
      }
      this.value(displacement, 4, operand, "displacement", false);
      return null;
    }
    const low = displacement === null ? 0 : displacement | 0;
    const isWide = displacement === null || low < -0x80 || low > 0x7f || this.displacementBits === 32;
    // [ebp] alone has no encoding: its place is that of a bare displacement.
    const mod = isWide ? 0x80 : low !== 0 || base.number === 5 || this.displacementBits === 8 ? 0x40 : 0;
    if (index !== undefined || base.number === 4) {
      this.byte(mod | modrm | 4);
      this.byte((index === undefined ? 0x20 : SCALE_BITS[scale]! | (index.number << 3)) | base.number);
    } else {
      this.byte(mod | modrm | base.number);
    }
    if (isWide) this.value(displacement, 4, operand, "displacement", false);
    else if (mod === 0x40) this.byte(low);
    return null;
  }
}

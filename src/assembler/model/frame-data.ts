/**
 * Call frames that a compiler writes as plain data (Free Pascal's `.debug_frame`, gcc's `.eh_frame` under
 * `-fno-dwarf2-cfi-asm`): their advances have four bytes, since the compiler does not know the distances. GNU as
 * follows the numbers of such a section and makes each `.byte 4` and `.long b - a` behind it, where an instruction can
 * stand, the shortest advance. What counts as one is told by where a number stands in its record, so every number has
 * to pass here.
 */

import { DW_CFA } from "./call-frames.ts";
import { type Expression, Op } from "./expression.ts";
import { writeInteger } from "./integer.ts";
import type { Section } from "./section.ts";
import type { Sections } from "./sections.ts";
import type { AssemblySymbol } from "./symbol.ts";

/** Which number of a record comes next; `LOST` until the record's end. */
const State = {
  LENGTH: 0,
  CIE: 1,
  PC_BEGIN: 2,
  PC_RANGE: 3,
  AUGMENTATION_LENGTH: 4,
  AUGMENTATION: 5,
  INSTRUCTIONS: 6,
  ADVANCE: 7,
  LOST: 8,
} as const;

/** What `.uleb128` and `.sleb128` say for a size: it is not known. */
export const VARIABLE_SIZE = -1;

const isDefined = (symbol: AssemblySymbol): boolean => symbol.section.kind !== "undefined";

class FrameData {
  readonly #sections: Sections;
  #state: number = State.LENGTH;
  /** The end of the record, still undefined when its length was written. */
  #end: AssemblySymbol | null = null;
  /** Whether records have augmentation data; null until the first common record could be read. */
  #hasAugmentation: boolean | null = null;
  #augmentationLeft = 0;
  #shift = 0;
  /** Where the byte of an advance stands. */
  #advanceAt = -1;

  constructor(sections: Sections) {
    this.#sections = sections;
  }

  /** A number of `size` bytes is about to be written; how many bytes are left to write of it, 0 for none. */
  see(expression: Expression, size: number): number {
    if (this.#state !== State.LENGTH && isDefined(this.#end!)) this.#state = State.LENGTH;
    const isConstant = expression.op === Op.CONSTANT;
    switch (this.#state) {
      case State.LENGTH: {
        const symbol =
          expression.op === Op.SYMBOL
            ? expression.symbol
            : expression.op === Op.SUBTRACT
              ? expression.left!.symbol
              : null;
        if (size === 4 && symbol !== null && !isDefined(symbol)) {
          this.#state = State.CIE;
          this.#end = symbol;
        }
        break;
      }
      case State.CIE:
      case State.PC_BEGIN:
        this.#state++;
        break;
      case State.PC_RANGE:
        this.#hasAugmentation ??= this.#readCommonRecord();
        if (this.#hasAugmentation === null) this.#state = State.LOST;
        else this.#state = this.#hasAugmentation ? State.AUGMENTATION_LENGTH : State.INSTRUCTIONS;
        this.#augmentationLeft = 0;
        this.#shift = 0;
        break;
      case State.AUGMENTATION_LENGTH:
        this.#seeAugmentationLength(isConstant ? Number(expression.number) : null, size);
        break;
      case State.AUGMENTATION:
        this.#augmentationLeft -= size;
        if (size < 0 || this.#augmentationLeft < 0) this.#state = State.LOST;
        else if (this.#augmentationLeft === 0) this.#state = State.INSTRUCTIONS;
        break;
      case State.INSTRUCTIONS:
        if (size === 1 && isConstant && expression.number == DW_CFA.advance_loc4) {
          this.#state = State.ADVANCE;
          this.#advanceAt = this.#sections.writable(1).length;
        }
        break;
      case State.ADVANCE:
        this.#state = State.INSTRUCTIONS;
        if (size === 4 && this.#advanceAt === this.#sections.writable(0).length - 1) return this.#advance(expression);
        break;
    }
    return size;
  }

  #seeAugmentationLength(number: number | null, size: number): void {
    if (number === null || (size !== VARIABLE_SIZE && size !== 1)) {
      this.#state = State.LOST;
      return;
    }
    if (size === VARIABLE_SIZE) this.#augmentationLeft = number;
    else this.#augmentationLeft |= (number & 0x7f) << this.#shift;
    this.#shift += 7;
    if (size === 1 && (number & 0x80) !== 0) return;
    this.#state = this.#augmentationLeft === 0 ? State.INSTRUCTIONS : State.AUGMENTATION;
  }

  /** The byte before the distance is of it: it is written anew with the distance. */
  #advance(expression: Expression): number {
    const sections = this.#sections;
    const current = sections.writable(0);
    if (expression.op === Op.SUBTRACT) {
      current.length--;
      sections.advance({ value: expression });
      return 0;
    }
    if (expression.op !== Op.CONSTANT) return 4;
    const distance = Number(expression.number);
    const size = operandSize(distance);
    if (size < 4) current.bytes[this.#advanceAt] = opcodeOf(distance);
    return size;
  }

  /** The first record of the section, as far as GNU as can look at it: whether it tells of augmentations. */
  #readCommonRecord(): boolean | null {
    const { section } = this.#sections.writable(0);
    const { bytes, lastStart, spaces } = section.ordered[0]!;
    const settled = bytes.subarray(0, Math.max(lastStart, spaces.at(-1) ?? 0));
    const tag = isDebugFrame(section) ? 0xff : 0;
    if (settled.length < 10 || settled.subarray(4, 8).some((byte) => byte !== tag) || settled[8] !== 1) return null;
    const end = settled.indexOf(0, 9);
    const text = String.fromCharCode(...settled.subarray(9, end));
    if (end < 0 || (text !== "" && text !== "eh" && text[0] !== "z")) return null;
    const factorAt = end + 1 + (text === "eh" ? 4 : 0);
    return factorAt < settled.length ? text[0] === "z" : null;
  }
}

/** Bytes of the instruction; no distance needs none. */
export const advanceSize = (distance: number): number => (distance === 0 ? 0 : 1 + operandSize(distance));

export function putAdvance(out: Uint8Array, at: number, size: number, distance: number): void {
  if (size === 0) return;
  out[at] = opcodeOf(distance);
  writeInteger(out, at + 1, distance, size - 1);
}

/** Bytes of a distance, beside those of the opcode. */
function operandSize(distance: number): number {
  return distance < 0x40 ? 0 : distance < 0x100 ? 1 : distance < 0x10000 ? 2 : 4;
}

function opcodeOf(distance: number): number {
  const size = operandSize(distance);
  if (size === 0) return DW_CFA.advance_loc | (distance & 0xff);
  return size === 1 ? DW_CFA.advance_loc1 : size === 2 ? DW_CFA.advance_loc2 : DW_CFA.advance_loc4;
}

const isDebugFrame = ({ name }: Section): boolean => name.startsWith(".debug_frame");

/** Where numbers are followed: both tables have their own record that is being written. */
export class FrameTables {
  readonly #ofExceptions: FrameData;
  readonly #ofDebuggers: FrameData;

  constructor(sections: Sections) {
    this.#ofExceptions = new FrameData(sections);
    this.#ofDebuggers = new FrameData(sections);
  }

  /** Null where no call frames are. */
  at(section: Section | undefined): FrameData | null {
    if (section === undefined || !section.holdsFrames) return null;
    return isDebugFrame(section) ? this.#ofDebuggers : this.#ofExceptions;
  }
}

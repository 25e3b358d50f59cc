/**
 * Fields of a section whose values are known only after layout, or only to the linker. A program may have one in every
 * statement, so they are kept in columns, some thirty bytes each, and taken out one at a time.
 */

import { grownInts } from "./columns.ts";
import type { Expression } from "./expression.ts";
import { Op } from "./expression.ts";
import type { FrameNumbers } from "./frame-numbers.ts";
import type { SourceFrame } from "./source-frame.ts";
import type { AssemblySymbol } from "./symbol.ts";

/** What an expression is that is only a symbol and a small number: no tree has to be kept for it. */
export interface Target {
  symbol: AssemblySymbol | null;
  /** 32 bits, signed. */
  addend: number;
  /** Null when symbol and addend say all. */
  expression: Expression | null;
}

/** True when the expression is a symbol plus a number that fits a `Target`. */
export function isPlainTarget(expression: Expression): boolean {
  return (
    expression.op === Op.SYMBOL &&
    typeof expression.number === "number" &&
    expression.number === (expression.number | 0)
  );
}

export interface Fixup extends Target {
  /** In the subsection's bytes. */
  position: number;
  sizeBytes: number;
  pcRelative: boolean;
  /** Bytes from the field's beginning to the instruction's end, where a relative field counts from. */
  pcBias: number;
  /** The field is read as signed. */
  signed: boolean;
  /** Relocation that the source asked for (`@GOTOFF`), or 0 for the plain one. */
  relocation: number;
  /** A relocation that was asked for names the symbol itself, not its section: in data and immediate values. */
  keepsSymbol: boolean;
  /** The statement and the operand in it. */
  frame: SourceFrame | null;
  offset: number;
}

const PC_RELATIVE = 1 << 24;
const SIGNED = 1 << 25;
const KEEPS_SYMBOL = 1 << 26;

/** The target is a symbol, not an expression. */
const PLAIN = 1 << 27;

const FIRST_CAPACITY = 16;

export class FixupList {
  count = 0;
  #positions = new Int32Array(FIRST_CAPACITY);
  /** Size, bias and relocation in a byte each, and the flags above. */
  #kinds = new Int32Array(FIRST_CAPACITY);
  #addends = new Int32Array(FIRST_CAPACITY);
  #offsets = new Int32Array(FIRST_CAPACITY);
  /** Symbols, or expressions where they are more than a symbol and a number. */
  readonly #targets: (AssemblySymbol | Expression)[] = [];
  #frameNumbers = new Int32Array(FIRST_CAPACITY);
  readonly #frames: FrameNumbers;

  constructor(frames: FrameNumbers) {
    this.#frames = frames;
  }

  /** Positions must not decrease from one to the next. Arguments as the fields of `Fixup`. */
  add(
    position: number,
    sizeBytes: number,
    expression: Expression,
    pcRelative: boolean,
    pcBias: number,
    signed: boolean,
    relocation: number,
    keepsSymbol: boolean,
    frame: SourceFrame | null,
    offset: number,
  ): void {
    const i = this.count++;
    if (i === this.#positions.length) {
      this.#positions = grownInts(this.#positions);
      this.#kinds = grownInts(this.#kinds);
      this.#addends = grownInts(this.#addends);
      this.#offsets = grownInts(this.#offsets);
      this.#frameNumbers = grownInts(this.#frameNumbers);
    }
    const isPlain = isPlainTarget(expression);
    this.#positions[i] = position;
    this.#kinds[i] =
      sizeBytes |
      (pcBias << 8) |
      (relocation << 16) |
      (pcRelative ? PC_RELATIVE : 0) |
      (signed ? SIGNED : 0) |
      (keepsSymbol ? KEEPS_SYMBOL : 0) |
      (isPlain ? PLAIN : 0);
    this.#addends[i] = isPlain ? (expression.number as number) : 0;
    this.#offsets[i] = offset;
    this.#targets.push(isPlain ? expression.symbol! : expression);
    this.#frameNumbers[i] = this.#frames.numberOf(frame);
  }

  /** The fixup at an index, in an object that the caller uses again. */
  read(i: number, into: Fixup): void {
    const kind = this.#kinds[i]!;
    const target = this.#targets[i]!;
    const isPlain = (kind & PLAIN) !== 0;
    into.position = this.#positions[i]!;
    into.sizeBytes = kind & 0xff;
    into.pcBias = (kind >> 8) & 0xff;
    into.relocation = (kind >> 16) & 0xff;
    into.pcRelative = (kind & PC_RELATIVE) !== 0;
    into.signed = (kind & SIGNED) !== 0;
    into.keepsSymbol = (kind & KEEPS_SYMBOL) !== 0;
    into.symbol = isPlain ? (target as AssemblySymbol) : null;
    into.addend = this.#addends[i]!;
    into.expression = isPlain ? null : (target as Expression);
    into.frame = this.#frames.at(this.#frameNumbers[i]!);
    into.offset = this.#offsets[i]!;
  }
}

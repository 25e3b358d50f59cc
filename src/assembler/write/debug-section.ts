/**
 * A section of debug or unwind tables in the making: bytes in order, and fields that the linker completes.
 */

import { putSigned, putUnsigned } from "../../object/leb128.ts";
import { grownBytes } from "../model/columns.ts";
import type { Expression } from "../model/expression.ts";
import { symbolExpression } from "../model/expression.ts";
import type { Program } from "../model/program.ts";
import type { Section } from "../model/section.ts";
import { SHF, SHT } from "../model/section.ts";
import type { AssemblySymbol } from "../model/symbol.ts";
import { chainSubsections } from "./relax.ts";

/** Of a number of 64 bits. */
const LONGEST_LEB128 = 10;

/** Bytes of a section in the making, with fields for the linker. */
export class DebugSection {
  readonly section: Section;
  #bytes = new Uint8Array(256);
  #length = 0;
  #fields: { position: number; expression: Expression; pcRelative: boolean }[] = [];

  constructor(program: Program, name: string, flags = 0, alignment = 0) {
    this.section = program.sections.find(name) ?? program.sections.make(name, SHT.PROGBITS, flags, false);
    this.section.flags |= flags;
    if (flags & SHF.STRINGS) this.section.entrySize = 1;
    this.section.align(alignment);
  }

  get length(): number {
    return this.#length;
  }

  /** Offset in the section of the next byte: the source may have put something there too. */
  get end(): number {
    return this.section.sizeBytes + this.length;
  }

  #reserve(count: number): void {
    while (this.#length + count > this.#bytes.length) this.#bytes = grownBytes(this.#bytes);
  }

  #put(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  byte(first: number, ...others: number[]): void {
    this.#put(first);
    for (const value of others) this.#put(value);
  }

  half(value: number): void {
    this.#put(value);
    this.#put(value >> 8);
  }

  word(value: number): void {
    this.half(value);
    this.half(value >> 16);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  uleb(value: number): void {
    this.#reserve(LONGEST_LEB128);
    this.#length += putUnsigned(this.#bytes, this.#length, value);
  }

  sleb(value: number): void {
    this.#reserve(LONGEST_LEB128);
    this.#length += putSigned(this.#bytes, this.#length, value);
  }

  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.#put(text.charCodeAt(i));
    this.#put(0);
  }

  patch(position: number, value: number): void {
    for (let i = 0; i < 4; i++) this.#bytes[position + i] = (value >> (8 * i)) & 0xff;
  }

  /** A 32-bit address that the linker completes. */
  address(symbol: AssemblySymbol, addend: number): void {
    this.expression(symbolExpression(symbol, addend), false);
  }

  /** The distance from this field to a symbol. */
  relative(symbol: AssemblySymbol): void {
    this.expression(symbolExpression(symbol), true);
  }

  /** A field of 32 bits. */
  expression(expression: Expression, pcRelative: boolean): void {
    this.#fields.push({ position: this.length, expression, pcRelative });
    this.word(0);
  }

  /** Puts the bytes into the section. */
  finish(): void {
    const subsection = this.section.subsection(0);
    const start = subsection.length;
    subsection.reserve(this.#length);
    subsection.bytes.set(this.#bytes.subarray(0, this.#length), start);
    subsection.length += this.#length;
    for (const { position, expression, pcRelative } of this.#fields) {
      subsection.fixups.add(start + position, 4, expression, pcRelative, 0, false, 0, true, null, 0);
    }
    chainSubsections(this.section);
    // What the source put there may have parts whose size layout has decided.
    const { last, fragments } = subsection;
    this.section.sizeBytes = fragments.addresses[last]! + fragments.fixedSizes[last]!;
  }
}

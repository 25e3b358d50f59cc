/**
 * A section of debug or unwind tables in the making: bytes in order, and fields that the linker completes.
 */

import { signedLeb128, unsignedLeb128 } from "../../object/leb128.ts";
import type { Expression } from "../model/expression.ts";
import { symbolExpression } from "../model/expression.ts";
import type { Program } from "../model/program.ts";
import type { Section } from "../model/section.ts";
import { SHF, SHT } from "../model/section.ts";
import type { AssemblySymbol } from "../model/symbol.ts";
import { chainSubsections } from "./relax.ts";

/** Bytes of a section in the making, with fields for the linker. */
export class DebugSection {
  readonly section: Section;
  #bytes: number[] = [];
  #fields: { position: number; expression: Expression; pcRelative: boolean }[] = [];

  constructor(program: Program, name: string, flags = 0, alignment = 0) {
    this.section = program.sections.find(name) ?? program.sections.make(name, SHT.PROGBITS, flags);
    if (flags & SHF.STRINGS) this.section.entrySize = 1;
    this.section.align(alignment);
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** Offset in the section of the next byte: the source may have put something there too. */
  get end(): number {
    return this.section.sizeBytes + this.length;
  }

  byte(...values: number[]): void {
    for (const value of values) this.#bytes.push(value & 0xff);
  }

  half(value: number): void {
    this.byte(value, value >> 8);
  }

  word(value: number): void {
    this.byte(value, value >> 8, value >> 16, value >> 24);
  }

  uleb(value: number): void {
    this.byte(...unsignedLeb128(BigInt(value)));
  }

  sleb(value: number): void {
    this.byte(...signedLeb128(BigInt(value)));
  }

  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
    this.byte(0);
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
    subsection.reserve(this.#bytes.length);
    subsection.bytes.set(this.#bytes, start);
    subsection.length += this.#bytes.length;
    for (const { position, expression, pcRelative } of this.#fields) {
      subsection.fixups.add(start + position, 4, expression, pcRelative, 0, false, 0, true, null, 0);
    }
    chainSubsections(this.section);
    // What the source put there may have parts whose size layout has decided.
    const { last } = subsection;
    this.section.sizeBytes = last.address + last.fixedSize;
  }
}

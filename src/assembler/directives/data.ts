/**
 * Directives that put numbers and strings into the section.
 */

import { putSigned, putUnsigned, signedLength, unsignedLength } from "../../object/leb128.ts";
import { R } from "../../object/relocation-types.ts";
import { constant, type Expression, Op } from "../model/expression.ts";
import type { FloatFormat } from "../model/float.ts";
import { encodeFloat } from "../model/float.ts";
import { VARIABLE_SIZE } from "../model/frame-data.ts";
import * as integer from "../model/integer.ts";
import { textOfBytes } from "../model/source-text.ts";
import type { Assembler } from "../read/assembler.ts";
import { COMMA, characterClass, QUOTE, SPACE, STATEMENT_END } from "../read/chars.ts";
import { namesGot } from "../read/got.ts";
import { plainNumber } from "../read/plain-number.ts";
import { readString } from "../read/text.ts";
import type { DirectiveTable, Handler } from "./table.ts";

/** Expressions separated by commas, each a field of `size` bytes. */
function numbers(size: number): Handler {
  return (assembler) => {
    const { expressions, sections } = assembler;
    if (assembler.input.atStatementEnd()) return;
    const frames = assembler.frameTables.at(sections.current?.section);
    do {
      // A compiler's tables are plain numbers: they need no expression.
      const limit = integer.FIELD_LIMITS[size]!;
      const value = frames === null ? plainNumber(assembler, -limit + 1, limit) : null;
      if (value !== null) {
        demandContents(assembler, value !== 0);
        sections.integer(value, size);
        sections.charge(size);
        continue;
      }
      expressions.relocation = 0;
      const expression = valueOrZero(assembler);
      const left = frames?.see(expression, size) ?? size;
      if (left > 0) emitNumber(assembler, expression, left);
      sections.charge(size);
    } while (assembler.comma());
    assembler.demandEnd();
  };
}

/** A value; nothing between two commas, as an argument of a macro that is empty leaves it, is zero. */
function valueOrZero(assembler: Assembler): Expression {
  const { input } = assembler;
  if (input.skipSpace() !== COMMA && !input.atStatementEnd()) return assembler.expressions.required("a value");
  assembler.warnAt("missing-operand", input.offset, "no value stands here: zero is assumed", 1);
  return constant(0, input.offset);
}

function emitNumber(assembler: Assembler, expression: Expression, size: number): void {
  const { sections } = assembler;
  if (expression.op === Op.CONSTANT && assembler.expressions.relocation === 0) {
    if (size < 8 && !fitsField(expression.number, size)) {
      assembler.warnAt(
        "value-range",
        expression.offset,
        `${expression.number} does not fit in ${size} byte${size === 1 ? "" : "s"} and is cut`,
      );
    }
    demandContents(assembler, expression.number != 0);
    sections.integer(expression.number, size);
    return;
  }
  if (expression.op === Op.BIG) {
    if (BigInt(expression.number) >> BigInt(size * 8) !== 0n && BigInt(expression.number) >> BigInt(size * 8) !== -1n) {
      assembler.warnAt("value-range", expression.offset, `the number does not fit in ${size} bytes and is cut`);
    }
    sections.integer(expression.number, size);
    return;
  }
  if (expression.op === Op.REGISTER)
    assembler.failAt(
      "register-in-expression",
      expression.offset,
      `\`${expression.register!.name}' is a register: it has no value to store`,
    );
  demandContents(assembler, true);
  if (assembler.isIntel) assembler.program.symbolList.needAll(expression);
  const relocation = assembler.expressions.relocation;
  if (relocation === 0 && size === 4 && namesGot(expression)) {
    sections.field(expression, size, R.GOTPC);
    return;
  }
  sections.field(expression, size, relocation);
}

function fitsField(value: integer.Integer, size: number): boolean {
  const limit = integer.FIELD_LIMITS[size]!;
  return value > -limit && value < limit;
}

/** Bytes other than zeros cannot stand in a section without contents. */
function demandContents(assembler: Assembler, isNonzero: boolean): void {
  const section = assembler.sections.current?.section;
  if (isNonzero && section !== undefined && !section.hasContents) {
    assembler.fail("no-contents", `section \`${section.name}' holds no contents: only zeros can stand there`);
  }
}

function strings(terminator: number): Handler {
  return (assembler) => {
    const { input, sections } = assembler;
    if (input.atStatementEnd()) return;
    for (;;) {
      if (input.skipSpace() !== QUOTE) assembler.fail("string-expected", "expected a string in quotes");
      // Strings side by side are one.
      while (input.skipSpace() === QUOTE) {
        const string = readString(input.bytes, input.offset);
        if (!string.closed) assembler.failAt("missing-quote", input.offset, "expected a closing `\"' on this line", 1);
        input.offset = string.end;
        demandContents(
          assembler,
          string.bytes.some((byte) => byte !== 0),
        );
        sections.bytes(string.bytes);
        if (terminator > 0 && input.skipSpace() !== QUOTE) sections.bytes(new Uint8Array(terminator));
      }
      if (!assembler.comma()) break;
    }
    assembler.demandEnd();
  };
}

function wideStrings(size: number): Handler {
  return (assembler) => {
    const { input, sections } = assembler;
    do {
      if (input.skipSpace() !== QUOTE) assembler.fail("string-expected", "expected a string in quotes");
      while (input.skipSpace() === QUOTE) {
        const string = readString(input.bytes, input.offset);
        if (!string.closed) assembler.failAt("missing-quote", input.offset, "expected a closing `\"' on this line", 1);
        input.offset = string.end;
        const wide = new Uint8Array(string.bytes.length * size);
        string.bytes.forEach((byte, i) => {
          wide[i * size] = byte;
        });
        sections.bytes(wide);
        if (input.skipSpace() !== QUOTE) sections.bytes(new Uint8Array(size));
      }
    } while (assembler.comma());
    assembler.demandEnd();
  };
}

/** Text of a floating-point number at the cursor, which moves past it. */
function floatText(assembler: Assembler): string {
  const { input } = assembler;
  input.skipSpace();
  const start = input.offset;
  let end = start;
  while (input.bytes[end] !== COMMA && !(characterClass[input.bytes[end]!]! & (STATEMENT_END | SPACE))) end++;
  input.offset = end;
  return textOfBytes(input.bytes, start, end);
}

function floats(format: FloatFormat): Handler {
  return (assembler) => {
    if (assembler.input.atStatementEnd()) return;
    do {
      assembler.input.skipSpace();
      const start = assembler.input.offset;
      const bytes = encodeFloat(floatText(assembler), format);
      if (bytes === null) assembler.failAt("bad-number", start, "expected a floating-point number");
      else assembler.sections.bytes(bytes);
    } while (assembler.comma());
    assembler.demandEnd();
  };
}

/** Plain numbers have at most 32 bits. */
const PLAIN_LIMIT = 2 ** 32;

function leb128(isSigned: boolean): Handler {
  const variable = { isSigned };
  const measure = isSigned ? signedLength : unsignedLength;
  const put = isSigned ? putSigned : putUnsigned;
  return (assembler) => {
    const { sections } = assembler;
    const frames = assembler.frameTables.at(sections.current?.section);
    do {
      const plain = plainNumber(assembler, isSigned ? -PLAIN_LIMIT : 0, PLAIN_LIMIT);
      const value = plain === null ? valueOrZero(assembler) : null;
      frames?.see(value ?? constant(plain!, assembler.input.offset), VARIABLE_SIZE);
      if (value !== null && value.op !== Op.BIG && value.op !== Op.CONSTANT) {
        sections.leb128(variable, value);
        continue;
      }
      let number = plain ?? value!.number;
      // A number above 2^63 was written as such: the sign that 64 bits give it is not meant.
      if (!isSigned && number < 0) number = BigInt.asUintN(64, BigInt(number));
      const length = measure(number);
      // The absolute section only counts, and zeros can be counted.
      if (sections.current === null && number == 0) {
        sections.zeros(length);
        continue;
      }
      sections.charge(length);
      const current = sections.writable(length);
      current.length += put(current.bytes, current.length, number);
    } while (assembler.comma());
    assembler.demandEnd();
  };
}

/** `.dcb.w count, value`: copies of a number. */
function copies(size: number): Handler {
  return (assembler) => {
    const count = copyCount(assembler, size);
    if (count === null) return;
    const start = assembler.input.offset;
    for (let i = 0; i < count; i++) {
      assembler.input.offset = start;
      assembler.expressions.relocation = 0;
      emitNumber(assembler, assembler.expressions.required("a value"), size);
      assembler.sections.charge(size);
    }
    if (count <= 0) assembler.input.skipStatement();
    assembler.demandEnd();
  };
}

/** Of the values that follow; without any the copies are zeros, and all is done: null. */
function copyCount(assembler: Assembler, size: number): number | null {
  const start = assembler.input.offset;
  const count = assembler.expressions.absoluteNumber("the number of copies");
  if (count < 0) assembler.warnAt("negative-count", start, `a count of ${count} leaves no copies`);
  if (!assembler.input.atStatementEnd()) {
    assembler.demandComma();
    return count;
  }
  assembler.sections.zeros(Math.max(0, count) * size);
  return null;
}

/** `.dcb.d count, value`, each copy of `size` bytes. */
function floatCopies(format: FloatFormat, size: number): Handler {
  return (assembler) => {
    const count = copyCount(assembler, size);
    if (count === null) return;
    assembler.input.skipSpace();
    const start = assembler.input.offset;
    const bytes = encodeFloat(floatText(assembler), format);
    assembler.demandEnd();
    if (bytes === null) return assembler.failAt("bad-number", start, "expected a floating-point number");
    const padded = new Uint8Array(size);
    padded.set(bytes);
    assembler.sections.fill(padded, Math.max(0, count));
  };
}

/** `.octa`: 128 bits. */
const octa: Handler = numbers(16);

export const DATA_DIRECTIVES: DirectiveTable = [
  [".byte .dc.b .1byte", numbers(1)],
  [".word .short .hword .value .2byte .dc.w .dc", numbers(2)],
  [".long .int .4byte .dc.l .dc.a .slong", numbers(4)],
  [".quad .8byte", numbers(8)],
  [".octa", octa],
  [".ascii", strings(0)],
  [".asciz .string .string8", strings(1)],
  [".string16", wideStrings(2)],
  [".string32", wideStrings(4)],
  [".string64", wideStrings(8)],
  [".float .ffloat .single .dc.s", floats("single")],
  [".double .dc.d .dfloat", floats("double")],
  [".tfloat .dc.x", floats("extended")],
  [".hfloat", floats("half")],
  [".bfloat16", floats("bfloat16")],
  [".dcb .dcb.w", copies(2)],
  [".dcb.b", copies(1)],
  [".dcb.l", copies(4)],
  [".dcb.s", floatCopies("single", 4)],
  [".dcb.d", floatCopies("double", 8)],
  [".dcb.x", floatCopies("extended", 10)],
  [".uleb128", leb128(false)],
  [".sleb128", leb128(true)],
];

/**
 * Directives that move the place: alignment, origin, space.
 */

import { longestNop, writeNops } from "../../isa/nops.ts";
import type { Expression } from "../model/expression.ts";
import { Op, refold } from "../model/expression.ts";
import * as integer from "../model/integer.ts";
import { usesLongNops } from "../model/program.ts";
import type { Assembler } from "../read/assembler.ts";
import { COMMA } from "../read/chars.ts";
import type { DirectiveTable, Handler } from "./table.ts";

/** What `.nop` repeats. */
const SINGLE_NOP = 0x90;

/** Largest alignment as a power of two: what an ELF32 section header can say. */
const MAXIMUM_POWER = 31;

/**
 * `.align`, `.balign`, `.p2align`: operands `alignment, fill, maximum`; the fill has `fillBytes` bytes, or one when 0.
 */
function align(isPower: boolean, fillBytes: number): Handler {
  return (assembler, directive) => {
    const { expressions, input } = assembler;
    const start = input.offset;
    let power = 0;
    if (!input.atStatementEnd()) {
      const value = expressions.absoluteNumber("the alignment");
      if (isPower) power = value;
      else {
        power = value <= 1 ? 0 : Math.log2(value);
        if (value < 0 || !Number.isInteger(power))
          assembler.failAt("bad-alignment", start, `an alignment in bytes is a power of two, and ${value} is none`);
      }
    } else if (!isPower) power = 0;
    if (power < 0 || power > MAXIMUM_POWER)
      assembler.failAt("bad-alignment", start, `\`${directive.name}' takes at most 2 to the power of ${MAXIMUM_POWER}`);
    let fill: Uint8Array | null = null;
    let maximum = 0;
    if (assembler.comma()) {
      if (input.skipSpace() !== COMMA && !input.atStatementEnd()) {
        const pattern = new Uint8Array(Math.max(fillBytes, 1));
        integer.writeInteger(pattern, 0, expressions.absolute("the fill"), pattern.length);
        fill = pattern;
      }
      if (assembler.comma()) maximum = expressions.absoluteNumber("the maximum");
    }
    assembler.demandEnd();
    alignTo(assembler, power, fill, Math.max(0, maximum));
  };
}

export function alignTo(assembler: Assembler, power: number, fill: Uint8Array | null, maximum: number): void {
  const { sections } = assembler;
  if (sections.current === null) {
    const size = 2 ** power;
    const value = Number(sections.absoluteOffset);
    sections.absoluteOffset = Math.ceil(value / size) * size;
    return;
  }
  const { section } = sections.current;
  if (power > 0) {
    // Code is filled with instructions that do nothing, unless the source asks for other bytes than 0x90.
    let pattern = fill;
    if (
      section.isCode &&
      pattern !== null &&
      pattern.length === 1 &&
      pattern[0] === 0x90 &&
      assembler.options.optimizeAlignment !== false
    )
      pattern = null;
    if (!section.isCode && pattern === null) pattern = new Uint8Array(1);
    sections.alignment({
      power,
      maximum,
      fill: pattern,
      nops: assembler.architecture.nops,
    });
  }
  section.align(power);
}

/** `.fill repeat, size, value` */
const fill: Handler = (assembler) => {
  const { expressions } = assembler;
  const count = refold(expressions.required("the number of copies"));
  let size = 1;
  let value: integer.Integer = 0;
  if (assembler.comma()) {
    size = expressions.absoluteNumber("the size");
    if (assembler.comma()) value = expressions.absolute("the value");
  }
  assembler.demandEnd();
  if (size < 0) assembler.fail("negative-count", "`.fill' cannot have a negative size");
  if (size > 8) {
    assembler.warnAt("value-range", count.offset, "`.fill' repeats at most 8 bytes: the size is cut to 8");
    size = 8;
  }
  if (size === 0) return;
  const pattern = new Uint8Array(size);
  // Only four bytes of the value are repeated, as ever in GNU as.
  integer.writeInteger(pattern, 0, integer.low32(value), Math.min(size, 4));
  space(assembler, count, pattern);
};

function space(assembler: Assembler, count: Expression, pattern: Uint8Array): void {
  const { sections } = assembler;
  if (count.op === Op.CONSTANT) {
    const number = Number(count.number);
    if (number < 0) {
      assembler.warnAt("negative-count", count.offset, `a count of ${number} leaves no space`);
      return;
    }
    if (pattern.some((byte) => byte !== 0) && sections.current !== null && !sections.current.section.hasContents) {
      assembler.failAt(
        "no-contents",
        count.offset,
        `section \`${sections.current.section.name}' holds no contents: only zeros can stand there`,
      );
    }
    sections.fill(pattern, number);
    return;
  }
  if (sections.current === null)
    assembler.failAt("not-absolute", count.offset, "the absolute section needs a known number here");
  sections.filling({ pattern, count: null, countExpression: count });
}

/** `.skip count, value` */
const skip: Handler = (assembler) => {
  const { expressions } = assembler;
  const count = refold(expressions.required("the number of bytes"));
  let value: integer.Integer = 0;
  if (assembler.comma()) value = expressions.absolute("the value");
  assembler.demandEnd();
  const pattern = new Uint8Array(1);
  integer.writeInteger(pattern, 0, value, 1);
  space(assembler, count, pattern);
};

const zero: Handler = (assembler) => {
  const count = refold(assembler.expressions.required("the number of bytes"));
  if (assembler.comma()) {
    const pattern = new Uint8Array(1);
    integer.writeInteger(pattern, 0, assembler.expressions.absolute("the value"), 1);
    assembler.demandEnd();
    space(assembler, count, pattern);
    return;
  }
  assembler.demandEnd();
  space(assembler, count, new Uint8Array(1));
};

const org: Handler = (assembler) => {
  const target = assembler.expressions.required("the new place");
  let fillByte = 0;
  if (assembler.comma()) fillByte = integer.low32(assembler.expressions.absolute("the fill")) & 0xff;
  assembler.demandEnd();
  assembler.origin(target, fillByte);
};

/** `.bundle_align_mode power` */
const bundleMode: Handler = (assembler) => {
  const start = assembler.input.offset;
  const power = assembler.input.atStatementEnd() ? 0 : assembler.expressions.absoluteNumber("the size of a bundle");
  assembler.demandEnd();
  if (power < 0 || power > MAXIMUM_POWER)
    assembler.failAt("bad-alignment", start, `a bundle has at most 2 to the power of ${MAXIMUM_POWER} bytes`);
  assembler.bundles.set(power);
};

export const LAYOUT_DIRECTIVES: DirectiveTable = [
  [".align .balign", align(false, 0)],
  [".balignw", align(false, 2)],
  [".balignl", align(false, 4)],
  [".p2align", align(true, 0)],
  [".p2alignw", align(true, 2)],
  [".p2alignl", align(true, 4)],
  [".fill", fill],
  [".skip .space", skip],
  [".zero", zero],
  [".ds .ds.w", (assembler) => reserve(assembler, 2)],
  [".ds.b", (assembler) => reserve(assembler, 1)],
  [".ds.l .ds.s", (assembler) => reserve(assembler, 4)],
  [".ds.d", (assembler) => reserve(assembler, 8)],
  [".ds.x .ds.p", (assembler) => reserve(assembler, 10)],
  [".org", org],
  [".bundle_align_mode", bundleMode],
  [
    ".bundle_lock",
    (assembler) => {
      assembler.demandEnd();
      assembler.bundles.lock();
    },
  ],
  [
    ".bundle_unlock",
    (assembler) => {
      assembler.demandEnd();
      assembler.bundles.unlock();
    },
  ],
  [
    ".nop",
    (assembler) => {
      const count = assembler.input.atStatementEnd() ? 1 : assembler.expressions.absoluteNumber("the number of bytes");
      assembler.demandEnd();
      const { sections } = assembler;
      if (sections.current === null) assembler.fail("absolute-contents", "the absolute section holds no instructions");
      if (assembler.program.debug.isOn) assembler.program.debug.instruction();
      const bytes = Math.max(1, count);
      sections.charge(bytes);
      sections.bytes(new Uint8Array(bytes).fill(SINGLE_NOP));
    },
  ],
  [
    ".nops",
    (assembler) => {
      const { expressions, input } = assembler;
      const start = input.offset;
      const count = refold(expressions.required("the number of bytes"));
      const limit = assembler.comma() ? expressions.absoluteNumber("the length of an instruction") : 0;
      assembler.demandEnd();
      const longest = longestNop(assembler.bits, assembler.architecture.nops.hasLong);
      if ((count.op === Op.CONSTANT && count.number < 0) || limit < 0 || limit > longest)
        assembler.failAt(
          "value-range",
          start,
          `\`.nops' takes a number of bytes, and 0 to ${longest} for the longest instruction`,
        );
      nops(assembler, count, limit === 0 ? Infinity : limit);
    },
  ],
];

/** Instructions that do nothing, of so many bytes together. */
function nops(assembler: Assembler, count: Expression, limit: number): void {
  const { sections } = assembler;
  if (sections.current === null) assembler.fail("absolute-contents", "the absolute section holds no instructions");
  if (count.op === Op.CONSTANT) sections.charge(Number(count.number));
  const choice = assembler.architecture.nops;
  // The mode at the end of the source decides, as for alignment.
  sections.filling({
    pattern: new Uint8Array(1),
    count: null,
    countExpression: count,
    write: (out, at, size) =>
      writeNops(out, at, size, assembler.bits, usesLongNops(choice, assembler.program.padding), limit),
  });
}

/** `.ds count, value`: elements of a size. */
function reserve(assembler: Assembler, size: number): void {
  const count = refold(assembler.expressions.required("the number of elements"));
  const pattern = new Uint8Array(size);
  if (assembler.comma()) integer.writeInteger(pattern, 0, assembler.expressions.absolute("the value"), size);
  assembler.demandEnd();
  space(assembler, count, pattern);
}

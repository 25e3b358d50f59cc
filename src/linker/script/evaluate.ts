import type { LinkId } from "../explanations.ts";
import type { OutputSection } from "../output-section.ts";
import type { Expression } from "./tree.ts";

/** "number": takes on whatever section it meets. */
export type ValueSection = OutputSection | "absolute" | "number";

export interface Value {
  /** Relative to the section's address, when it has one. Below 2^64. */
  readonly value: bigint;
  readonly section: ValueSection;
}

export type DataSegmentFunction = "DATA_SEGMENT_ALIGN" | "DATA_SEGMENT_RELRO_END" | "DATA_SEGMENT_END";

/** What expressions ask about the link. A null answer: not known yet. */
export interface Surroundings {
  readonly dot: number;
  /** The section in which the expression stands; null outside of all. */
  readonly section: OutputSection | null;
  symbol(name: string, line: number): Value | null;
  isDefined(name: string): boolean;
  outputSection(name: string): OutputSection | null;
  /** The place of a section is asked for where it has to be known already, and it is not. */
  isTooEarly(call: "ADDR" | "LOADADDR", name: string): boolean;
  /** Of a section that is laid out at the moment: what it has so far, or had at last. */
  sizeOf(section: OutputSection): number;
  /** A section of this name is in the script, though nothing may have gone into it. */
  isSectionName(name: string): boolean;
  region(name: string, line: number): { readonly origin: number; readonly length: number };
  segmentStart(name: string): number | null;
  readonly headerBytes: number;
  /** CONSTANT(MAXPAGESIZE) and CONSTANT(COMMONPAGESIZE). */
  pageBytes(name: string): number;
  /** Told that the value comes from the location counter, or (ABSOLUTE) that it does no more. */
  noteDot(comesFromDot: boolean): void;
  dataSegment(name: DataSegmentFunction, first: number, second: number): number;
  problem(line: number, message: string, id: LinkId): void;
}

const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);

/** An unsigned value of 64 bits as a number: exact up to 2^53 on either side of zero. */
export const toNumber = (value: bigint): number => Number(BigInt.asIntN(64, value));
export const fromNumber = (value: number): bigint => wrap(BigInt(Math.trunc(value)));

/** The value as an address; negative for the upper half of the 64 bits. */
export const addressOf = ({ value, section }: Value): number =>
  (typeof section === "object" ? section.address : 0) + toNumber(value);

const absolute = (value: bigint): Value => ({ value: wrap(value), section: "absolute" });
const number = (value: bigint | number): Value => ({ value: wrap(BigInt(value)), section: "number" });
const makeAbsolute = (value: Value): Value =>
  typeof value.section === "object" ? absolute(value.value + fromNumber(value.section.address)) : absolute(value.value);

/** An address as a value in the section where the expression stands. */
function fromAddress(address: number, around: Surroundings): Value {
  const { section } = around;
  around.noteDot(true);
  return section ? { value: fromNumber(address - section.address), section } : absolute(fromNumber(address));
}

const alignedUp = (value: bigint, align: bigint): bigint =>
  align > 0n ? ((value + align - 1n) / align) * align : value;

/** Null when something in it is not known yet. */
export function evaluate(expression: Expression, around: Surroundings): Value | null {
  switch (expression.kind) {
    // Outside of sections a number is an address.
    case "number":
      return around.section ? number(expression.value) : absolute(expression.value);
    case "name":
      if (expression.name === ".") return fromAddress(around.dot, around);
      return expression.name === "SIZEOF_HEADERS"
        ? number(around.headerBytes)
        : around.symbol(expression.name, expression.line);
    case "unary": {
      const operand = evaluate(expression.operand, around);
      return operand && { ...operand, value: calculateUnary(expression.operator, operand.value) };
    }
    case "binary":
      return binary(expression.operator, evaluate(expression.left, around), evaluate(expression.right, around), around);
    case "conditional": {
      const condition = evaluate(expression.condition, around);
      return condition && evaluate(condition.value !== 0n ? expression.yes : expression.no, around);
    }
    case "call":
      return call(expression.name, expression.args, expression.line, around);
  }
}

const COMPARISONS = new Set(["==", "!=", "<", ">", "<=", ">=", "&&", "||"]);
const PLACES = new Set(["ALIGN", "MAX", "MIN"]);

/** Two values of one section, or one with a number, calculate as they are; two of different sections as addresses. */
function binary(operator: string, left: Value | null, right: Value | null, around: Surroundings): Value | null {
  if (!left || !right) return null;
  let [a, b] = [left, right];
  let section: ValueSection;
  if (a.section === b.section) section = around.section ? "number" : "absolute";
  else if (a.section !== "number" && b.section !== "number") {
    around.noteDot(false);
    a = makeAbsolute(a);
    b = makeAbsolute(b);
    section = around.section ? "number" : "absolute";
  } else section = a.section === "number" ? b.section : a.section;
  const value = calculate(operator, a.value, b.value);
  if (value === null) {
    around.problem(0, "division by zero", "script-value");
    return number(0);
  }
  if (COMPARISONS.has(operator)) return number(value);
  // Neither a larger value nor the next aligned one is a distance.
  return { value, section: PLACES.has(operator) && a.section === b.section ? a.section : section };
}

export function calculateUnary(operator: string, value: bigint): bigint {
  return operator === "-"
    ? wrap(-value)
    : operator === "~"
      ? wrap(~value)
      : operator === "!"
        ? BigInt(value === 0n)
        : value;
}

/** Division is signed, comparison is not. Null for a division by zero. ALIGN, MAX and MIN are operators, too. */
export function calculate(operator: string, left: bigint, right: bigint): bigint | null {
  switch (operator) {
    case "ALIGN":
      return wrap(alignedUp(left, right));
    case "MAX":
      return left > right ? left : right;
    case "MIN":
      return left < right ? left : right;
    case "+":
      return wrap(left + right);
    case "-":
      return wrap(left - right);
    case "*":
      return wrap(left * right);
    case "/":
      return right === 0n ? null : wrap(BigInt.asIntN(64, left) / BigInt.asIntN(64, right));
    case "%":
      return right === 0n ? null : wrap(BigInt.asIntN(64, left) % BigInt.asIntN(64, right));
    case "<<":
      return right > 63n ? 0n : wrap(left << right);
    case ">>":
      return right > 63n ? 0n : left >> right;
    case "&":
      return left & right;
    case "|":
      return left | right;
    case "==":
      return BigInt(left === right);
    case "!=":
      return BigInt(left !== right);
    case "<":
      return BigInt(left < right);
    case ">":
      return BigInt(left > right);
    case "<=":
      return BigInt(left <= right);
    case ">=":
      return BigInt(left >= right);
    case "&&":
      return BigInt(left !== 0n && right !== 0n);
    default:
      return BigInt(left !== 0n || right !== 0n);
  }
}

/** The least number of bits that hold so many values. */
export const log2Ceil = (value: bigint): bigint => (value <= 1n ? 0n : BigInt((value - 1n).toString(2).length));

const nameOf = (expression: Expression | undefined): string => (expression?.kind === "name" ? expression.name : "");

function call(name: string, args: readonly Expression[], line: number, around: Surroundings): Value | null {
  const argument = (index: number): Value | null => (args[index] ? evaluate(args[index], around) : number(0));
  const first = nameOf(args[0]);
  switch (name) {
    case "SIZEOF":
    case "ALIGNOF":
    case "ADDR":
    case "LOADADDR": {
      const section = around.outputSection(first);
      if (!section) {
        if (!around.isSectionName(first))
          around.problem(line, `${name}(${first}): the program has no such section`, "script-value");
        return number(0);
      }
      if ((name === "ADDR" || name === "LOADADDR") && around.isTooEarly(name, first))
        around.problem(
          line,
          `${name}(${first}) is not known yet where another section's place is counted from it`,
          "script-value",
        );
      if (name === "ADDR") return { value: 0n, section };
      if (name === "LOADADDR") return absolute(fromNumber(section.loadAddress));
      return number(name === "SIZEOF" ? around.sizeOf(section) : section.align);
    }
    case "DEFINED":
      return number(BigInt(around.isDefined(first)));
    case "CONSTANT":
      return number(around.pageBytes(first));
    case "ORIGIN":
    case "LENGTH": {
      const { origin, length } = around.region(first, line);
      return name === "ORIGIN" ? fromAddress(origin, around) : number(length);
    }
    case "SEGMENT_START": {
      const given = around.segmentStart(first);
      if (given !== null) return fromAddress(given, around);
      const otherwise = argument(1);
      return otherwise && fromAddress(toNumber(otherwise.value), around);
    }
    case "ASSERT": {
      const value = argument(0);
      if (value?.value === 0n)
        around.problem(line, args[1]?.kind === "name" ? args[1].name : "assertion failed", "script-assertion");
      return value;
    }
  }
  const [a, b] = [argument(0), argument(1)] as const;
  if (!a || !b) return null;
  switch (name) {
    case "ALIGN":
      if (args.length > 1) return binary(name, a, b, around);
      return fromAddress(toNumber(alignedUp(fromNumber(around.dot), a.value)), around);
    case "BLOCK":
      return fromAddress(toNumber(alignedUp(fromNumber(around.dot), a.value)), around);
    case "NEXT":
      around.noteDot(false);
      return absolute(alignedUp(fromNumber(around.dot), a.value));
    case "ABSOLUTE":
      around.noteDot(false);
      return makeAbsolute(a);
    case "MAX":
    case "MIN":
      return binary(name, a, b, around);
    case "LOG2CEIL":
      return number(log2Ceil(a.value));
    case "DATA_SEGMENT_ALIGN":
    case "DATA_SEGMENT_RELRO_END":
    case "DATA_SEGMENT_END":
      return absolute(fromNumber(around.dataSegment(name, addressOf(a), addressOf(b))));
    default:
      around.problem(line, `${name} is not a function of linker scripts`, "script-value");
      return number(0);
  }
}

/**
 * Values of expressions in scripts. A value is relative to an output section, absolute, or a plain number, and which of them it is decides
 * what an assignment means (GNU ld 2.40, "The Section of an Expression").
 */
import type { OutputSection } from "./output-section.ts";
import type { Expression } from "./script.ts";

/** "number": takes on whatever section it meets. */
export type ValueSection = OutputSection | "absolute" | "number";

export interface Value {
  /** Relative to the section's address, when it has one. */
  readonly value: number;
  readonly section: ValueSection;
}

/** What expressions ask about the link. A null answer: not known yet. */
export interface Surroundings {
  readonly dot: number;
  /** The section in which the expression stands; null outside of all. */
  readonly section: OutputSection | null;
  symbol(name: string, line: number): Value | null;
  isDefined(name: string): boolean;
  outputSection(name: string): OutputSection | null;
  region(name: string): { readonly origin: number; readonly length: number } | null;
  segmentStart(name: string): number | null;
  readonly headerBytes: number;
  /** Told that the value comes from the location counter, or (ABSOLUTE) that it does no more. */
  noteDot(comesFromDot: boolean): void;
  dataSegment(name: "DATA_SEGMENT_ALIGN" | "DATA_SEGMENT_RELRO_END" | "DATA_SEGMENT_END", first: number, second: number): number | null;
  problem(line: number, message: string): void;
}

const PAGE_BYTES = 0x1000;

export const addressOf = ({ value, section }: Value): number => (typeof section === "object" ? section.address + value : value);

const absolute = (value: number): Value => ({ value, section: "absolute" });
const number = (value: number): Value => ({ value, section: "number" });

/** An address as a value in the section where the expression stands. */
function fromAddress(address: number, around: Surroundings): Value {
  const { section } = around;
  around.noteDot(true);
  return section ? { value: address - section.address, section } : absolute(address);
}

export function alignUp(value: number, align: number): number {
  return align > 1 ? Math.ceil(value / align) * align : value;
}

/** Null when something in it is not known yet. */
export function evaluate(expression: Expression, around: Surroundings): Value | null {
  switch (expression.kind) {
    // Outside of sections a number is an address.
    case "number": return around.section ? number(expression.value) : absolute(expression.value);
    case "name":
      if (expression.name === ".") return fromAddress(around.dot, around);
      return expression.name === "SIZEOF_HEADERS" ? number(around.headerBytes) : around.symbol(expression.name, expression.line);
    case "unary": {
      const operand = evaluate(expression.operand, around);
      if (!operand) return null;
      const { value, section } = operand;
      const result = { "-": -value, "~": ~value, "!": Number(value === 0), "+": value }[expression.operator] ?? value;
      return { value: result, section };
    }
    case "binary": return binary(expression.operator, evaluate(expression.left, around), evaluate(expression.right, around), around);
    case "conditional": {
      const condition = evaluate(expression.condition, around);
      return condition && evaluate(condition.value !== 0 ? expression.yes : expression.no, around);
    }
    case "call": return call(expression.name, expression.args, expression.line, around);
  }
}

const COMPARISONS = new Set(["==", "!=", "<", ">", "<=", ">=", "&&", "||"]);

/** Two values of one section, or one with a number, calculate as they are; two of different sections as addresses. */
function binary(operator: string, left: Value | null, right: Value | null, around: Surroundings): Value | null {
  if (!left || !right) return null;
  let [a, b] = [left, right];
  let section: ValueSection;
  if (a.section === b.section) section = around.section ? "number" : "absolute";
  else if (a.section !== "number" && b.section !== "number") {
    a = absolute(addressOf(a));
    b = absolute(addressOf(b));
    section = around.section ? "number" : "absolute";
  } else section = a.section === "number" ? b.section : a.section;
  const value = calculate(operator, a.value, b.value);
  if (value === null) {
    around.problem(0, "division by zero");
    return number(0);
  }
  return { value, section: COMPARISONS.has(operator) ? "number" : section };
}

export function calculate(operator: string, left: number, right: number): number | null {
  switch (operator) {
    case "+": return left + right;
    case "-": return left - right;
    case "*": return left * right;
    case "/": return right === 0 ? null : Math.trunc(left / right);
    case "%": return right === 0 ? null : left % right;
    case "<<": return right > 31 ? 0 : (left << right) >>> 0;
    case ">>": return right > 31 ? 0 : (left >>> 0) >>> right;
    case "&": return (left & right) >>> 0;
    case "|": return (left | right) >>> 0;
    case "^": return (left ^ right) >>> 0;
    case "==": return Number(left === right);
    case "!=": return Number(left !== right);
    case "<": return Number(left < right);
    case ">": return Number(left > right);
    case "<=": return Number(left <= right);
    case ">=": return Number(left >= right);
    case "&&": return Number(left !== 0 && right !== 0);
    default: return Number(left !== 0 || right !== 0);
  }
}

const nameOf = (expression: Expression | undefined): string => (expression?.kind === "name" ? expression.name : "");

function call(name: string, args: readonly Expression[], line: number, around: Surroundings): Value | null {
  const argument = (index: number): Value | null => (args[index] ? evaluate(args[index], around) : number(0));
  const first = nameOf(args[0]);
  switch (name) {
    case "SIZEOF": return number(around.outputSection(first)?.sizeBytes ?? 0);
    case "ALIGNOF": return number(around.outputSection(first)?.align ?? 0);
    case "ADDR": {
      const section = around.outputSection(first);
      return section ? { value: 0, section } : number(0);
    }
    case "LOADADDR": return absolute(around.outputSection(first)?.loadAddress ?? 0);
    case "DEFINED": return number(Number(around.isDefined(first)));
    case "CONSTANT": return number(PAGE_BYTES);
    case "ORIGIN": case "LENGTH": {
      const region = around.region(first);
      if (!region) around.problem(line, `${name}(${first}): MEMORY declares no such region`);
      return name === "ORIGIN" ? fromAddress(region?.origin ?? 0, around) : number(region?.length ?? 0);
    }
    case "SEGMENT_START": {
      const given = around.segmentStart(first);
      return given === null ? argument(1) : fromAddress(given, around);
    }
  }
  const values = [argument(0), argument(1)] as const;
  const [a, b] = values;
  if (!a || !b) return null;
  switch (name) {
    case "ALIGN": case "NEXT":
      if (args.length > 1) return { value: alignUp(a.value, b.value), section: a.section };
      return fromAddress(alignUp(around.dot, a.value), around);
    case "BLOCK": return fromAddress(alignUp(around.dot, a.value), around);
    case "ABSOLUTE":
      around.noteDot(false);
      return absolute(addressOf(a));
    case "MAX": case "MIN": {
      const isMixed = a.section !== b.section && a.section !== "number" && b.section !== "number";
      const [x, y] = isMixed ? [absolute(addressOf(a)), absolute(addressOf(b))] : [a, b];
      return (name === "MAX") === x.value > y.value ? x : y;
    }
    case "LOG2CEIL": return number(Math.max(0, Math.ceil(Math.log2(Math.max(1, a.value)))));
    case "ASSERT": return a;
    case "DATA_SEGMENT_ALIGN": case "DATA_SEGMENT_RELRO_END": case "DATA_SEGMENT_END": {
      const value = around.dataSegment(name, addressOf(a), addressOf(b));
      return value === null ? null : absolute(value);
    }
    default:
      around.problem(line, `${name} is not a function of linker scripts`);
      return number(0);
  }
}

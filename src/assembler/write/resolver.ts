/**
 * Final values: what an expression comes to once fragments have addresses. A value is a number, or a number plus a
 * symbol that the linker places, perhaps minus another one.
 */

import { compute, computeUnary, type Expression, Op } from "../model/expression.ts";
import type { Target } from "../model/fixup.ts";
import { NO_FRAGMENT } from "../model/fragment.ts";
import type { Integer } from "../model/integer.ts";
import * as integer from "../model/integer.ts";
import { type AssemblySymbol, type ResolvedValue, STT } from "../model/symbol.ts";

export type { ResolvedValue };

/** Why an expression has no value. */
export class Unresolvable extends Error {
  readonly id: string;
  readonly offset: number;

  constructor(id: string, message: string, offset: number) {
    super(message);
    this.id = id;
    this.offset = offset;
  }
}

const MAXIMUM_DEPTH = 1500;
/**
 * Parts of one expression, those of its symbols included. Symbols that name each other twice over double them with each
 * symbol.
 */
const MAXIMUM_PARTS = 100_000;
/** What is left to the others once an expression had more: a source that has one has many. */
const PARTS_AFTER_EXCESS = 1000;

/** The place that so many bytes lie behind another. */
function behind(value: ResolvedValue, bytes: Integer): ResolvedValue {
  return bytes == 0 ? value : { plus: value.plus, minus: value.minus, number: integer.add(value.number, bytes) };
}

function numberOf({ plus, minus, number }: ResolvedValue): Integer | null {
  return plus === null && minus === null ? number : null;
}

export class Resolver {
  /** Addresses are final: the values of symbols may be kept. */
  isFinal = false;
  #depth = 0;
  #parts = 0;
  #maximumParts = MAXIMUM_PARTS;
  /** Which routine an indirect function is, only the start of the program finds out: no field has a distance to one. */
  #isField = false;
  /** The section whose places are their offsets where a number is needed. */
  #measured: object | null = null;

  /** Address of a defined symbol in its section. */
  address(symbol: AssemblySymbol): Integer {
    const { fragment, value } = symbol;
    return fragment === NO_FRAGMENT ? value : integer.add(symbol.section.fragments.addresses[fragment]!, value);
  }

  resolve(expression: Expression): ResolvedValue {
    // By far the most are a symbol that was met before.
    if (expression.op === Op.SYMBOL && expression.number === 0 && expression.symbol!.resolved !== null)
      return expression.symbol!.resolved;
    if (this.#depth === 0) this.#parts = 0;
    if (++this.#parts > this.#maximumParts) {
      this.#maximumParts = PARTS_AFTER_EXCESS;
      throw new Unresolvable(
        "expression-too-deep",
        "symbols are defined by symbols too many times over",
        expression.offset,
      );
    }
    if (++this.#depth > MAXIMUM_DEPTH) {
      this.#depth--;
      throw new Unresolvable(
        "expression-too-deep",
        "symbols are defined by symbols too many times over",
        expression.offset,
      );
    }
    try {
      return this.#resolve(expression);
    } finally {
      this.#depth--;
    }
  }

  /** The value of a symbol plus a number, or of the expression. */
  target({ symbol, addend, expression }: Target, offset: number): ResolvedValue {
    if (expression !== null) return this.resolve(expression);
    const value = symbol!.resolved ?? this.symbol(symbol!, offset);
    return addend === 0 ? value : { plus: value.plus, minus: value.minus, number: integer.add(value.number, addend) };
  }

  /** `target`, of a field that the linker could complete. */
  field(target: Target, offset: number): ResolvedValue {
    this.#isField = true;
    try {
      return this.target(target, offset);
    } finally {
      this.#isField = false;
    }
  }

  /** The value as a number, or null where only the linker knows it. */
  number(expression: Expression): Integer | null {
    return numberOf(this.resolve(expression));
  }

  /** `number`, of what `target` says. */
  targetNumber(target: Target, offset: number): Integer | null {
    return numberOf(this.target(target, offset));
  }

  /** Offset in a section, for a value that is a place in it; null for others. */
  placeIn(value: ResolvedValue, section: object): Integer | null {
    if (value.minus !== null || value.plus === null || value.plus.section !== section || value.plus.expression !== null)
      return null;
    return integer.add(this.address(value.plus), value.number);
  }

  /** `resolve`, where an operator that needs a number takes a place of `section` for its offset. */
  resolveIn(section: object, expression: Expression): ResolvedValue {
    this.#measured = section;
    try {
      return this.resolve(expression);
    } finally {
      this.#measured = null;
    }
  }

  #resolve(e: Expression): ResolvedValue {
    switch (e.op) {
      case Op.CONSTANT:
        return { plus: null, minus: null, number: e.number };
      case Op.SYMBOL: {
        return behind(this.symbol(e.symbol!, e.offset), e.number);
      }
      case Op.REGISTER:
        throw new Unresolvable(
          "register-in-expression",
          `\`${e.register!.name}' is a register: it has no value`,
          e.offset,
        );
      case Op.BIG:
        throw new Unresolvable("number-too-large", "a number of more than 64 bits fits no field", e.offset);
      case Op.NEGATE: {
        const inner = this.resolve(e.left!);
        return { plus: inner.minus, minus: inner.plus, number: integer.subtract(0, inner.number) };
      }
      case Op.BIT_NOT:
      case Op.LOGICAL_NOT:
        return { plus: null, minus: null, number: computeUnary(e.op, this.#constant(this.resolve(e.left!), e.left!)) };
      case Op.ADD:
      case Op.SUBTRACT:
        return this.#sum(e);
      default:
        return this.#operation(e);
    }
  }

  /** What a symbol comes to: itself where it is a place, what it was equated to otherwise. */
  symbol(symbol: AssemblySymbol, offset: number): ResolvedValue {
    if (symbol.resolved !== null) return symbol.resolved;
    if (symbol.expression !== null) return this.#equated(symbol, offset);
    if (symbol.section.kind === "absolute") return { plus: null, minus: null, number: symbol.value };
    if (symbol.register !== null)
      throw new Unresolvable("register-in-expression", `\`${symbol.name}' is a register: it has no value`, offset);
    symbol.resolved = symbol;
    return symbol;
  }

  /** Symbols that are equated to one another in a row may be as many as memory holds, and are no depth. */
  #equated(symbol: AssemblySymbol, offset: number): ResolvedValue {
    const row: AssemblySymbol[] = [];
    const isField = this.#isField;
    this.#isField = false;
    try {
      let last = symbol;
      for (;;) {
        if (last.isResolving) throw new Unresolvable("symbol-loop", `\`${last.name}' is defined by itself`, offset);
        last.isResolving = true;
        row.push(last);
        const e: Expression = last.expression!;
        if (e.op !== Op.SYMBOL || e.symbol!.resolved !== null || e.symbol!.expression === null) break;
        last = e.symbol!;
      }
      let value = this.resolve(last.expression!);
      for (const each of row.reverse()) {
        if (each !== last) value = behind(value, each.expression!.number);
        if (this.isFinal && this.#measured === null) each.resolved = value;
      }
      return value;
    } finally {
      this.#isField = isField;
      for (const each of row) each.isResolving = false;
    }
  }

  #sum(e: Expression): ResolvedValue {
    const left = this.resolve(e.left!);
    const right = this.resolve(e.right!);
    const isDifference = e.op === Op.SUBTRACT;
    let { plus, minus } = left;
    let otherPlus = isDifference ? right.minus : right.plus;
    let otherMinus = isDifference ? right.plus : right.minus;
    let number = isDifference ? integer.subtract(left.number, right.number) : integer.add(left.number, right.number);
    // Places of one section cancel out: those of one side have done so already.
    const forward = plus === null || otherMinus === null ? null : this.#difference(plus, otherMinus);
    if (forward !== null) {
      number = integer.add(number, forward);
      plus = null;
      otherMinus = null;
    }
    const backward = otherPlus === null || minus === null ? null : this.#difference(otherPlus, minus);
    if (backward !== null) {
      number = integer.add(number, backward);
      otherPlus = null;
      minus = null;
    }
    if ((plus !== null && otherPlus !== null) || (minus !== null && otherMinus !== null)) {
      const both = plus !== null && otherPlus !== null ? [plus, otherPlus] : [minus!, otherMinus!];
      const names = both.map(({ name }) => `\`${name}'`).join(" and ");
      throw new Unresolvable("not-relocatable", `the linker cannot calculate with both ${names}`, e.offset);
    }
    return { plus: plus ?? otherPlus, minus: minus ?? otherMinus, number };
  }

  #difference(a: AssemblySymbol, b: AssemblySymbol): Integer | null {
    if (a === b) return 0;
    if (a.section !== b.section || !a.section.isReal) return null;
    if (this.#isField && (a.type === STT.GNU_IFUNC || b.type === STT.GNU_IFUNC)) return null;
    return integer.subtract(this.address(a), this.address(b));
  }

  #operation(e: Expression): ResolvedValue {
    const left = this.resolve(e.left!);
    const right = this.resolve(e.right!);
    let a = left.number;
    let b = right.number;
    if (
      e.op >= Op.EQUAL &&
      e.op <= Op.GREATER &&
      left.plus !== null &&
      right.plus !== null &&
      left.minus === null &&
      right.minus === null
    ) {
      const difference = this.#difference(left.plus, right.plus);
      if (difference !== null) {
        a = integer.add(difference, integer.subtract(a, b));
        b = 0;
        return { plus: null, minus: null, number: compute(e.op, a, b)! };
      }
      if (e.op === Op.EQUAL || e.op === Op.NOT_EQUAL)
        return { plus: null, minus: null, number: e.op === Op.EQUAL ? 0 : -1 };
    }
    a = this.#constant(left, e.left!);
    b = this.#constant(right, e.right!);
    const number = compute(e.op, a, b);
    if (number === null) throw new Unresolvable("division-by-zero", "division by zero", e.offset);
    return { plus: null, minus: null, number };
  }

  #constant(value: ResolvedValue, e: Expression): Integer {
    const symbol = value.plus ?? value.minus;
    if (symbol === null) return value.number;
    const measured = this.#measured === null ? null : this.placeIn(value, this.#measured);
    if (measured !== null) return measured;
    const reason = symbol.section.isReal
      ? `is a place in section \`${symbol.section.name}'`
      : "has no value in this file";
    throw new Unresolvable(
      "not-absolute",
      `only constants can be calculated with here, and \`${symbol.name || "."}' ${reason}`,
      e.offset,
    );
  }
}

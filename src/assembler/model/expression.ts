/**
 * Expressions as trees, folded while they are read as far as their values are known. What GNU as can fold at this
 * moment decides between short and long encodings, so exactly that much is folded here: constants, a sum of symbol and
 * constant, and the difference of two places with nothing of variable size between them.
 *
 * There are three moments. `combine` folds when an operator is read, from what is known then. `refold` tries again
 * later, when symbols have got values in between: it looks through symbols that were equated to expressions, with a
 * limit on the parts it visits, since n symbols that each name the one before twice make a tree of 2^n leaves. What
 * remains after that needs addresses, and is left to `write/resolver.ts`, which knows the same operators
 * (`compute`) but calculates with places.
 */

import type { Register } from "../../isa/instruction.ts";
import { NO_FRAGMENT } from "./fragment.ts";
import type { Integer } from "./integer.ts";
import * as integer from "./integer.ts";
import { type AssemblySymbol, STT } from "./symbol.ts";

export const Op = {
  ABSENT: 0,
  CONSTANT: 1,
  SYMBOL: 2,
  REGISTER: 3,
  BIG: 4,
  NEGATE: 5,
  BIT_NOT: 6,
  LOGICAL_NOT: 7,
  MULTIPLY: 8,
  DIVIDE: 9,
  MODULUS: 10,
  SHIFT_LEFT: 11,
  SHIFT_RIGHT: 12,
  OR: 13,
  OR_NOT: 14,
  XOR: 15,
  AND: 16,
  ADD: 17,
  SUBTRACT: 18,
  EQUAL: 19,
  NOT_EQUAL: 20,
  LESS: 21,
  LESS_EQUAL: 22,
  GREATER_EQUAL: 23,
  GREATER: 24,
  LOGICAL_AND: 25,
  LOGICAL_OR: 26,
  /**
   * Intel operands: `a[b]`, `seg:x`, `offset x`, `short x`, `near ptr x`, `far ptr x`, `dword ptr x` (size in
   * `number`).
   */
  INDEX: 27,
  SEGMENT: 28,
  OFFSET: 29,
  SHORT: 30,
  NEAR: 31,
  FAR: 32,
  SIZE: 33,
} as const;

/** How tightly operators bind (GNU as manual, "Infix Operators"); what is none does not bind. */
const BINDING: Readonly<Partial<Record<keyof typeof Op, number>>> = {
  SEGMENT: 10,
  NEGATE: 9,
  BIT_NOT: 9,
  LOGICAL_NOT: 9,
  OFFSET: 9,
  SHORT: 9,
  NEAR: 9,
  FAR: 9,
  SIZE: 9,
  MULTIPLY: 8,
  DIVIDE: 8,
  MODULUS: 8,
  SHIFT_LEFT: 8,
  SHIFT_RIGHT: 8,
  OR: 7,
  OR_NOT: 7,
  XOR: 7,
  AND: 7,
  ADD: 5,
  SUBTRACT: 5,
  EQUAL: 4,
  NOT_EQUAL: 4,
  LESS: 4,
  LESS_EQUAL: 4,
  GREATER_EQUAL: 4,
  GREATER: 4,
  LOGICAL_AND: 3,
  LOGICAL_OR: 2,
  INDEX: 1,
};

/** The same by `Op`; 0 for what is no operator. */
export const PRECEDENCE = new Uint8Array(Object.keys(Op).length);
for (const [name, precedence] of Object.entries(BINDING)) PRECEDENCE[Op[name as keyof typeof Op]] = precedence;

export class Expression {
  op: number;
  /** The constant, or what is added to the symbol. */
  number: Integer;
  symbol: AssemblySymbol | null;
  left: Expression | null = null;
  right: Expression | null = null;
  register: Register | null = null;
  /** Where it begins in the source. */
  offset: number;

  constructor(op: number, number: Integer, symbol: AssemblySymbol | null, offset: number) {
    this.op = op;
    this.number = number;
    this.symbol = symbol;
    this.offset = offset;
  }

  get isConstant(): boolean {
    return this.op === Op.CONSTANT;
  }
}

export function constant(value: Integer, offset = 0): Expression {
  return new Expression(Op.CONSTANT, value, null, offset);
}

/** A number of more than 64 bits stays what it is: only data of its own takes it. */
export function bigConstant(value: bigint, offset: number): Expression {
  const fits = value < 1n << 64n && value >= -(1n << 63n);
  return fits ? constant(integer.canonical(value), offset) : new Expression(Op.BIG, value, null, offset);
}

export function symbolExpression(symbol: AssemblySymbol, addend: Integer = 0, offset = 0): Expression {
  return new Expression(Op.SYMBOL, addend, symbol, offset);
}

export function registerExpression(register: Register, offset: number): Expression {
  const expression = new Expression(Op.REGISTER, 0, null, offset);
  expression.register = register;
  return expression;
}

export function node(op: number, left: Expression | null, right: Expression | null, offset: number): Expression {
  const expression = new Expression(op, 0, null, offset);
  expression.left = left;
  expression.right = right;
  return expression;
}

/**
 * A constant operator constant; null for a division by zero. True is -1 for comparisons and 1 for the logical
 * operators.
 */
export function compute(op: number, a: Integer, b: Integer): Integer | null {
  switch (op) {
    case Op.MULTIPLY:
      return integer.multiply(a, b);
    case Op.DIVIDE:
      return b == 0 ? null : integer.divide(a, b);
    case Op.MODULUS:
      return b == 0 ? null : integer.remainder(a, b);
    case Op.SHIFT_LEFT:
      return integer.shiftLeft(a, b);
    case Op.SHIFT_RIGHT:
      return integer.shiftRight(a, b);
    case Op.OR:
      return integer.or(a, b);
    case Op.OR_NOT:
      return integer.or(a, integer.not(b));
    case Op.XOR:
      return integer.xor(a, b);
    case Op.AND:
      return integer.and(a, b);
    case Op.ADD:
      return integer.add(a, b);
    case Op.SUBTRACT:
      return integer.subtract(a, b);
    case Op.EQUAL:
      return a == b ? -1 : 0;
    case Op.NOT_EQUAL:
      return a != b ? -1 : 0;
    case Op.LESS:
      return a < b ? -1 : 0;
    case Op.LESS_EQUAL:
      return a <= b ? -1 : 0;
    case Op.GREATER_EQUAL:
      return a >= b ? -1 : 0;
    case Op.GREATER:
      return a > b ? -1 : 0;
    case Op.LOGICAL_AND:
      return a != 0 && b != 0 ? 1 : 0;
    case Op.LOGICAL_OR:
      return a != 0 || b != 0 ? 1 : 0;
    default:
      return null;
  }
}

export function computeUnary(op: number, a: Integer): Integer {
  switch (op) {
    case Op.NEGATE:
      return integer.subtract(0, a);
    case Op.BIT_NOT:
      return integer.not(a);
    default:
      return a == 0 ? 1 : 0;
  }
}

/** Distance between two places in one section where it is fixed already, else null. */
export function knownDifference(a: AssemblySymbol, b: AssemblySymbol): Integer | null {
  if (a.expression !== null || b.expression !== null || a.section !== b.section) return null;
  if (a === b && a.register === null) return 0;
  if (!a.section.isReal) return null;
  if (a.fragment === NO_FRAGMENT || b.fragment === NO_FRAGMENT) return null;
  // Where an indirect function is, is the linker's matter.
  if (a.type === STT.GNU_IFUNC || b.type === STT.GNU_IFUNC) return null;
  const distance = a.section.fragments.fixedDistance(b.fragment, a.fragment);
  return distance === null ? null : integer.add(distance, integer.subtract(a.value, b.value));
}

/**
 * Joins two operands, folding what is known. `dividesByZero` is told of a division by zero, whose result then is that
 * of a division by one.
 */
export function combine(op: number, left: Expression, right: Expression, dividesByZero: () => void): Expression {
  if (right.op === Op.CONSTANT) {
    if (left.op === Op.CONSTANT) {
      let value = compute(op, left.number, right.number);
      if (value === null && (op === Op.DIVIDE || op === Op.MODULUS)) {
        dividesByZero();
        value = compute(op, left.number, 1);
      }
      if (value !== null) return constant(value, left.offset);
    } else if (left.op === Op.SYMBOL && (op === Op.ADD || op === Op.SUBTRACT)) {
      return symbolExpression(left.symbol!, compute(op, left.number, right.number)!, left.offset);
    }
  } else if (right.op === Op.SYMBOL) {
    if (left.op === Op.CONSTANT && op === Op.ADD) {
      return symbolExpression(right.symbol!, integer.add(left.number, right.number), left.offset);
    }
    if (left.op === Op.SYMBOL) {
      const difference =
        op === Op.SUBTRACT || (op >= Op.EQUAL && op <= Op.GREATER)
          ? knownDifference(left.symbol!, right.symbol!)
          : null;
      if (difference !== null) {
        const distance = integer.add(difference, integer.subtract(left.number, right.number));
        return constant(op === Op.SUBTRACT ? distance : compute(op, distance, 0)!, left.offset);
      }
    }
  }
  return node(op, left, right, left.offset);
}

/** Parts of an expression, those of its symbols included, that are looked at when it is folded again. */
const MOST_PARTS = 1000;
const MOST_LEVELS = 500;
/** Parts that the folding at hand may still look at. */
let partsLeft = 0;

/**
 * Tries again to fold an expression that names symbols which have become known since it was read. Symbols that name
 * symbols several times over make expressions of any size out of few statements: what is too large stays as it is.
 */
export function refold(expression: Expression): Expression {
  partsLeft = MOST_PARTS;
  return fold(expression, 0);
}

/** `refold` for an operand: an alias of a place stays one, for what the linker may move and what it may not differ. */
export function refoldOperand(expression: Expression): Expression {
  const folded = refold(expression);
  return expression.op === Op.SYMBOL && folded.op === Op.SYMBOL ? expression : folded;
}

function fold(expression: Expression, depth: number): Expression {
  if (depth > MOST_LEVELS || --partsLeft < 0) return expression;
  switch (expression.op) {
    case Op.SYMBOL: {
      const symbol = expression.symbol!;
      if (symbol.section.kind === "absolute" && symbol.expression === null) {
        return constant(integer.add(symbol.value, expression.number), expression.offset);
      }
      if (symbol.expression === null) return expression;
      if (symbol.isResolving) return expression;
      symbol.isResolving = true;
      const inner = fold(symbol.expression, depth + 1);
      symbol.isResolving = false;
      if (inner.op === Op.CONSTANT) return constant(integer.add(inner.number, expression.number), expression.offset);
      if (inner.op === Op.SYMBOL)
        return symbolExpression(inner.symbol!, integer.add(inner.number, expression.number), expression.offset);
      if (expression.number == 0) return inner;
      return node(Op.ADD, inner, constant(expression.number), expression.offset);
    }
    case Op.NEGATE:
    case Op.BIT_NOT:
    case Op.LOGICAL_NOT: {
      const inner = fold(expression.left!, depth + 1);
      return inner.op === Op.CONSTANT
        ? constant(computeUnary(expression.op, inner.number), expression.offset)
        : expression;
    }
    default:
      if (expression.left === null || expression.right === null) return expression;
      return combine(expression.op, fold(expression.left, depth + 1), fold(expression.right, depth + 1), () => {});
  }
}

/** Symbols of symbols of registers are rare, and deep ones are found to be loops elsewhere. */
const MOST_REGISTER_LEVELS = 20;

/** Whether a register is a part of it: `FIELD = edi + 4`. */
export function namesRegister(e: Expression, depth = 0): boolean {
  if (e.op === Op.REGISTER) return true;
  if (depth > MOST_REGISTER_LEVELS) return false;
  return (
    (e.left !== null && namesRegister(e.left, depth + 1)) || (e.right !== null && namesRegister(e.right, depth + 1))
  );
}

/** The register that a symbol stands for through others: `b = a` with `a = ecx` after it. */
export function aliasedRegister(symbol: AssemblySymbol): Register | null {
  let alias = symbol;
  for (let depth = 0; depth < MOST_REGISTER_LEVELS; depth++) {
    if (alias.register !== null) return alias.register;
    const { expression } = alias;
    if (expression === null || expression.op !== Op.SYMBOL || expression.number != 0) return null;
    alias = expression.symbol!;
  }
  return null;
}

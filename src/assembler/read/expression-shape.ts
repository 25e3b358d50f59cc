/** What an expression without a value looks like, for those that ask nevertheless. */

import { type Expression, Op } from "../model/expression.ts";

/** Name of a symbol in it, where one is the reason that its value is not known. */
export function unknownSymbol(expression: Expression): string | null {
  if (expression.op === Op.SYMBOL) return expression.symbol!.isTemporary ? null : expression.symbol!.name;
  for (const part of [expression.left, expression.right]) {
    const name = part === null ? null : unknownSymbol(part);
    if (name !== null) return name;
  }
  return null;
}

/** A place and a number, or places of which no distance is known. */
export function areUnlike(left: Expression, right: Expression): boolean {
  if (left.op === Op.REGISTER || right.op === Op.REGISTER) return left.register !== right.register;
  if (left.op === Op.SYMBOL && right.op === Op.SYMBOL) {
    return (
      left.symbol !== right.symbol &&
      (left.symbol!.section !== right.symbol!.section || left.symbol!.section.kind === "undefined")
    );
  }
  return (left.op === Op.SYMBOL && right.op === Op.CONSTANT) || (left.op === Op.CONSTANT && right.op === Op.SYMBOL);
}

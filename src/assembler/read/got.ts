/** The address of the global offset table in an instruction, which counts from there (i386 psABI). */

import type { Expression } from "../model/expression.ts";
import { constant, node, Op, symbolExpression } from "../model/expression.ts";

const GOT_SYMBOL = "_GLOBAL_OFFSET_TABLE_";

/** The expression is the address of the GOT, perhaps with something added. */
export function namesGot(expression: Expression): boolean {
  if (expression.op === Op.SYMBOL) return expression.symbol!.isCalled(GOT_SYMBOL);
  return (expression.op === Op.ADD || expression.op === Op.SUBTRACT) && namesGot(expression.left!);
}

/** `GOT`, `GOT+4` and in AT&T syntax `GOT+[.-1b]`, and not `GOT-1b`: GNU as's choice, which compilers know. */
export function countsFromInstruction({ op, right }: Expression, isIntel: boolean): boolean {
  return op === Op.SYMBOL || (!isIntel && op === Op.ADD && right!.op === Op.SUBTRACT);
}

export function offsetBy(expression: Expression, bytes: number): Expression {
  if (expression.op === Op.SYMBOL)
    return symbolExpression(expression.symbol!, Number(expression.number) + bytes, expression.offset);
  return node(Op.ADD, expression, constant(bytes), expression.offset);
}

/** Assignments to the location counter that do not keep an empty section, as GNU ld knows them by their form. */
import type { Expression } from "./tree.ts";

/** `0`, `. + 0`, `ALIGN(. != 0 ? n : 1)` */
export const asksForNothing = (value: Expression): boolean =>
  isNumber(value, 0) || isDotPlusZero(value) || isConditionalAlign(value);

/** `n`, `. + n`: the symbol that asks for nothing while its value is 0; null for other forms. */
export function movingSymbol(value: Expression): string | null {
  const moved = value.kind === "binary" && value.operator === "+" && isDot(value.left) ? value.right : value;
  return moved.kind === "name" && !isDot(moved) ? moved.name : null;
}

const isNumber = (expression: Expression, value: number): boolean =>
  expression.kind === "number" && expression.value === BigInt(value);
const isDot = (expression: Expression): boolean => expression.kind === "name" && expression.name === ".";

/** `. + 0` */
const isDotPlusZero = (expression: Expression): boolean =>
  expression.kind === "binary" &&
  expression.operator === "+" &&
  isDot(expression.left) &&
  isNumber(expression.right, 0);

/** `ALIGN(. != 0 ? n : 1)` */
function isConditionalAlign(expression: Expression): boolean {
  const [argument] = expression.kind === "call" && expression.name === "ALIGN" ? expression.args : [];
  if (argument?.kind !== "conditional" || !isNumber(argument.no, 1)) return false;
  const { condition } = argument;
  return (
    condition.kind === "binary" && condition.operator === "!=" && isDot(condition.left) && isNumber(condition.right, 0)
  );
}

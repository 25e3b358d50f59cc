/** Which sections an expression of a linker script asks for. */
import type { Expression } from "./tree.ts";

/** Functions for which GNU ld makes the section that they name, if only to have it laid out. */
const MAKING = new Set(["ADDR", "LOADADDR"]);

/** Adds the names of the sections whose address an expression asks for. */
export function addMentionedSections(expression: Expression, names: Set<string>): void {
  const add = (inner: Expression): void => addMentionedSections(inner, names);
  switch (expression.kind) {
    case "unary":
      add(expression.operand);
      break;
    case "binary":
      add(expression.left);
      add(expression.right);
      break;
    case "conditional":
      add(expression.condition);
      add(expression.yes);
      add(expression.no);
      break;
    case "call": {
      const [first] = expression.args;
      if (MAKING.has(expression.name) && first?.kind === "name") names.add(first.name);
      else expression.args.forEach(add);
      break;
    }
  }
}

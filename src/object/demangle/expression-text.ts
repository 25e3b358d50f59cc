/** The text of expressions, with the parentheses that GNU's tools put around operands. */
import type { Node, NodeOf } from "./node.ts";

export type ExpressionNode = NodeOf<
  | "literal"
  | "function-parameter"
  | "global"
  | "unary"
  | "binary"
  | "conditional"
  | "call"
  | "cast"
  | "named-cast"
  | "vendor-call"
  | "new"
  | "initializers"
  | "fold"
  | "designator"
  | "pack-size"
>;

/** What expressions need of the printer. */
export interface ExpressionContext {
  print(node: Node): string;
  /** With a list of all elements for a pack. */
  printAllOfPacks(node: Node): string;
  packSize(node: Node): number;
}

/** Nodes that need no parentheses as operands. */
const ATOMS: ReadonlySet<string> = new Set(["name", "nested", "initializers", "function-parameter"]);

/** The text of an operand. */
export function operandText(node: Node, text: string): string {
  return ATOMS.has(node.kind) ? text : `(${text})`;
}

export function expressionText(node: ExpressionNode, context: ExpressionContext): string {
  const print = (part: Node): string => context.print(part);
  const operand = (part: Node): string => operandText(part, print(part));
  switch (node.kind) {
    case "literal":
      return literal(node, print);
    case "function-parameter":
      return node.number === 0 ? "this" : `{parm#${node.number}}`;
    case "global":
      return `::${print(node.name)}`;
    case "unary":
      return unary(node, print);
    case "binary":
      return binary(node, print);
    case "conditional": {
      const [condition, yes, no] = node.parts;
      return `${operand(condition)}?${operand(yes)} : ${operand(no)}`;
    }
    case "call": {
      // A function is called by its name, whatever its parameters are.
      const callee = node.callee.kind === "encoding" ? node.callee.name : node.callee;
      return `${operand(callee)}(${print(node.args)})`;
    }
    case "cast":
      return `(${print(node.type)})${operand(node.operand)}`;
    case "named-cast":
      return `${node.word}<${print(node.type)}>(${print(node.operand)})`;
    case "vendor-call":
      return `${print(node.name)}(${print(node.args)})`;
    case "new": {
      const placement = node.placement.items.length === 0 ? "" : `(${print(node.placement)}) `;
      return `new ${placement}${print(node.type)}${node.initializer === null ? "" : operand(node.initializer)}`;
    }
    case "initializers":
      return `${node.type === null ? "" : print(node.type)}{${print(node.items)}}`;
    case "fold": {
      const part = (each: Node): string => operandText(each, context.printAllOfPacks(each));
      const pattern = part(node.pattern);
      if (node.initial !== null) return `(${pattern}${node.operator}...${node.operator}${part(node.initial)})`;
      return node.isRight ? `(${pattern}${node.operator}...)` : `(...${node.operator}${pattern})`;
    }
    case "designator": {
      const [open, close] = node.marks;
      const place = open + node.parts.map(print).join(" ... ") + close;
      return node.value.kind === "designator" ? place + print(node.value) : `${place}=${operand(node.value)}`;
    }
    case "pack-size":
      return String(context.packSize(node.of));
  }
}

type Print = (node: Node) => string;

/** An operator's symbol. */
function symbolText(operator: Node, print: Print): string {
  return operator.kind === "operator" ? operator.symbol : print(operator);
}

function unary({ operator, operand, isPostfix }: NodeOf<"unary">, print: Print): string {
  const symbol = symbolText(operator, print);
  // The address of a member function says its name only.
  const isMemberFunction = symbol === "&" && operand.kind === "encoding" && operand.name.kind === "nested";
  const node = isMemberFunction ? operand.name : operand;
  const text = operandText(node, print(node));
  return isPostfix ? text + symbol : symbol + text;
}

function binary({ operator, left, right }: NodeOf<"binary">, print: Print): string {
  const symbol = symbolText(operator, print);
  const first = operandText(left, print(left));
  if (symbol === "[]") return `${first}[${print(right)}]`;
  const text = `${first}${symbol}${operandText(right, print(right))}`;
  // Within template arguments it would end them.
  return symbol === ">" ? `(${text})` : text;
}

const SUFFIXES: Readonly<Record<string, string>> = { plain: "", u: "u", l: "l", ul: "ul", ll: "ll", ull: "ull" };

function literal({ type, digits, isNegative }: NodeOf<"literal">, print: Print): string {
  const style = type.kind === "builtin" ? type.literals : "cast";
  const sign = isNegative ? "-" : "";
  const suffix = SUFFIXES[style];
  if (suffix !== undefined) return sign + digits + suffix;
  if (style === "bool" && !isNegative && (digits === "0" || digits === "1")) return digits === "0" ? "false" : "true";
  return `(${print(type)})${sign}${style === "float" ? `[${digits}]` : digits}`;
}

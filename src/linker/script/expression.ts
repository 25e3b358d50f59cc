/**
 * Expressions of linker scripts. What consists of numbers alone is calculated here, as GNU ld does: its map shows the
 * result.
 */
import { calculate, calculateUnary, log2Ceil } from "./evaluate.ts";
import { EXPRESSION_WORD, ScriptLexer, type Token } from "./lexer.ts";
import { type Expression, ScriptError } from "./tree.ts";

const PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ["||", 1],
  ["&&", 2],
  ["|", 3],
  ["^", 4],
  ["&", 5],
  ["==", 6],
  ["!=", 6],
  ["<", 7],
  [">", 7],
  ["<=", 7],
  [">=", 7],
  ["<<", 8],
  [">>", 8],
  ["+", 9],
  ["-", 9],
  ["*", 10],
  ["/", 10],
  ["%", 10],
]);

/** More digits are no number of 64 bits; all of them are kept of a pattern to fill with. */
const MAX_DIGITS = 1024;

/** The sum, product, ... of two expressions. */
export function binaryExpression(operator: string, left: Expression, right: Expression): Expression {
  const value = left.kind === "number" && right.kind === "number" ? calculate(operator, left.value, right.value) : null;
  return value === null ? { kind: "binary", operator, left, right } : { kind: "number", value };
}

export class ExpressionParser extends ScriptLexer {
  /** Some expression asks for the size of the headers. */
  protected usesHeaders = false;

  protected expression(): Expression {
    return this.nested(() => {
      const condition = this.#binary(1);
      if (!this.accept("?")) return condition;
      const yes = this.expression();
      this.expect(":");
      const no = this.expression();
      if (condition.kind === "number" && yes.kind === "number" && no.kind === "number")
        return { kind: "number", value: condition.value !== 0n ? yes.value : no.value };
      return { kind: "conditional", condition, yes, no };
    });
  }

  #binary(least: number): Expression {
    let left = this.#unary();
    for (;;) {
      const operator = this.peek("expression")?.text ?? "";
      const precedence = PRECEDENCE.get(operator) ?? 0;
      if (precedence < least) return left;
      this.next("expression");
      left = binaryExpression(operator, left, this.#binary(precedence + 1));
    }
  }

  #unary(): Expression {
    const token = this.next("expression");
    if (token === null) throw this.error("unexpected end of the script in an expression");
    if (token.quoted) return { kind: "name", name: token.text, line: token.line };
    if ("-~!+".includes(token.text)) {
      return this.nested((): Expression => {
        const operand = this.#unary();
        return operand.kind === "number"
          ? { kind: "number", value: calculateUnary(token.text, operand.value) }
          : { kind: "unary", operator: token.text, operand };
      });
    }
    if (token.text === "(") {
      const inner = this.expression();
      this.expect(")");
      return inner;
    }
    if (/^[0-9]/.test(token.text)) {
      const digits = /^0[xX]([0-9a-fA-F]+)$/.exec(token.text)?.[1];
      return { kind: "number", value: this.#number(token), ...(digits === undefined ? {} : { digits }) };
    }
    if (!EXPRESSION_WORD.test(token.text))
      throw new ScriptError(this.path, token.line, `unexpected ${token.text} in an expression`);
    if (this.peek("expression")?.text === "(" && /^[A-Z][A-Z0-9_]*$/.test(token.text)) {
      this.expect("(");
      const args: Expression[] = [];
      while (!this.accept(")")) {
        args.push(this.expression());
        this.accept(",");
      }
      if (token.text === "LOG2CEIL" && args[0]?.kind === "number")
        return { kind: "number", value: log2Ceil(args[0].value) };
      return { kind: "call", name: token.text, args, line: token.line };
    }
    if (token.text.toUpperCase() === "SIZEOF_HEADERS") {
      this.usesHeaders = true;
      return { kind: "name", name: "SIZEOF_HEADERS", line: token.line };
    }
    return { kind: "name", name: token.text, line: token.line };
  }

  #number(token: Token): bigint {
    const match =
      /^(0[xX][0-9a-fA-F]+|[0-9]+)([kKmM]?)$/.exec(token.text) ?? /^([0-9][0-9a-fA-F]*)[hH]()$/.exec(token.text);
    if (!match || match[1]!.length > MAX_DIGITS)
      throw new ScriptError(this.path, token.line, `${token.text} is not a number`);
    const digits = match[1]!;
    const value = BigInt(/[hH]$/.test(token.text) ? `0x${digits}` : /^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
    const unit = match[2]!.toLowerCase();
    return BigInt.asUintN(64, value * (unit === "k" ? 1024n : unit === "m" ? 1048576n : 1n));
  }
}

/**
 * Expressions of linker scripts. What consists of numbers alone is calculated here, as GNU ld does: its map shows the
 * result.
 */
import { calculate, calculateUnary, log2Ceil } from "./evaluate.ts";
import { EXPRESSION_WORD, ScriptLexer } from "./lexer.ts";
import { type Expression, ScriptError } from "./tree.ts";

const PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ["||", 1],
  ["&&", 2],
  ["|", 3],
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

/** Functions of a section or a region: in their parentheses stands a name. */
const OF_SECTIONS = new Set(["ADDR", "LOADADDR", "SIZEOF", "ALIGNOF", "ORIGIN", "LENGTH"]);

const SECTION_TYPE = /\s*\(\s*(?:(?:NOLOAD|DSECT|COPY|INFO|OVERLAY|READONLY)\b|TYPE\s*=[^=])/y;

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

  /** Parentheses follow, and they do not say what an output section is: `.buffer AREA (NOLOAD) : { ... }`. */
  #isCalled(): boolean {
    if (this.peek("expression")?.text !== "(") return false;
    SECTION_TYPE.lastIndex = this.at;
    return !SECTION_TYPE.test(this.text);
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
    const value = token.text.length <= MAX_DIGITS ? numberOf(token.text) : null;
    if (value !== null) {
      const digits = /^0[xX]([0-9a-fA-F]+)$/.exec(token.text)?.[1];
      return { kind: "number", value, ...(digits === undefined ? {} : { digits }) };
    }
    if (/^[0-9]/.test(token.text)) throw new ScriptError(this.path, token.line, `${token.text} is not a number`);
    if (!EXPRESSION_WORD.test(token.text))
      throw new ScriptError(this.path, token.line, `unexpected ${token.text} in an expression`);
    if (/^[A-Z][A-Z0-9_]*$/.test(token.text) && this.#isCalled()) {
      // A section may have a name that is no word of an expression, `.note.GNU-stack`.
      if (OF_SECTIONS.has(token.text)) {
        const section: Expression = { kind: "name", name: this.parenthesised(), line: token.line };
        return { kind: "call", name: token.text, args: [section], line: token.line };
      }
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
}

const RADIX_OF_SUFFIX: Readonly<Record<string, number>> = { h: 16, x: 16, d: 10, o: 8, b: 2 };
const MAX_VALUE = 2n ** 64n - 1n;

/**
 * What GNU ld 2.40 takes for a number: decimal, octal after a zero and hexadecimal after `0x` or `$`, each with K or M
 * for 1,024 and 1,048,576; or digits and a letter for their radix (`12h`, `101b`), which win over a name of the same
 * letters (`add`). Digits that the radix does not have end it. Null for anything else.
 */
function numberOf(text: string): bigint | null {
  const hexadecimal = /^(?:0[xX]|\$)([0-9a-fA-F]+)([kKmM]?)$/.exec(text);
  if (hexadecimal) return scaled(BigInt(`0x${hexadecimal[1]}`), hexadecimal[2]!);
  const plain = /^([0-9]+)([kKmM]?)$/.exec(text);
  if (plain) return scaled(plain[1]!.startsWith("0") ? digitsOf(plain[1]!, 8) : BigInt(plain[1]!), plain[2]!);
  const suffixed = /^([0-9a-fA-F]+)([hHxXdDoObB])$/.exec(text);
  return suffixed ? scaled(digitsOf(suffixed[1]!, RADIX_OF_SUFFIX[suffixed[2]!.toLowerCase()]!), "") : null;
}

/** The value is the largest there is when it has more than 64 bits; K and M lose what leaves them. */
function scaled(value: bigint, unit: string): bigint {
  const factor = { "": 1n, k: 1024n, m: 1048576n }[unit.toLowerCase()]!;
  return BigInt.asUintN(64, (value > MAX_VALUE ? MAX_VALUE : value) * factor);
}

function digitsOf(digits: string, radix: number): bigint {
  let value = 0n;
  for (const digit of digits) {
    const number = parseInt(digit, radix);
    if (Number.isNaN(number)) break;
    value = value * BigInt(radix) + BigInt(number);
  }
  return value;
}

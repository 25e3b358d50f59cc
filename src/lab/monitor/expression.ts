/**
 * Expressions of the monitor: C's operators on 64-bit integers, numbers, characters, and registers as `$eax`. As in
 * QEMU, the operators of one line of LEVELS bind alike, and registers of 32 bits are signed.
 */
import { SyntaxProblem } from "./error.ts";

/** What is left of a command line. */
export class Line {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  skipBlanks(): void {
    while (/\s/.test(this.text[this.at] ?? "")) this.at++;
  }

  get isAtEnd(): boolean {
    this.skipBlanks();
    return this.at >= this.text.length;
  }

  /** The next character, "" at the end. */
  peek(): string {
    return this.text[this.at] ?? "";
  }

  /** Takes what matches here, null when nothing does. The pattern is sticky. */
  take(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (!found) return null;
    this.at += found[0].length;
    return found[0];
  }
}

/** The value of a register, null where nothing has this name. */
export type Registers = (name: string) => bigint | null;

const WIDTH = 64;
const DEEPEST = 64;

type Operator = (left: bigint, right: bigint) => bigint;

function divided(right: bigint): bigint {
  if (right === 0n) throw new SyntaxProblem("division by zero");
  return right;
}

/** From those that bind least. */
const LEVELS: readonly Readonly<Record<string, Operator>>[] = [
  { "+": (left, right) => left + right, "-": (left, right) => left - right },
  {
    "&": (left, right) => left & right,
    "|": (left, right) => left | right,
    "^": (left, right) => left ^ right,
  },
  {
    "*": (left, right) => left * right,
    "/": (left, right) => left / divided(right),
    "%": (left, right) => left % divided(right),
  },
];

const UNARY: Readonly<Record<string, (value: bigint) => bigint>> = {
  "+": (value) => value,
  "-": (value) => -value,
  "~": (value) => ~value,
};

/** Takes an expression from the line. Throws a SyntaxProblem. */
export function takeExpression(line: Line, registers: Registers, level = 0, depth = 0): bigint {
  const operators = LEVELS[level];
  if (operators === undefined) return takeUnary(line, registers, depth);
  let value = takeExpression(line, registers, level + 1, depth);
  for (;;) {
    line.skipBlanks();
    const operator = Object.hasOwn(operators, line.peek()) ? operators[line.peek()]! : null;
    if (operator === null) return value;
    line.at++;
    value = BigInt.asIntN(WIDTH, operator(value, takeExpression(line, registers, level + 1, depth)));
  }
}

function takeUnary(line: Line, registers: Registers, depth: number): bigint {
  if (depth > DEEPEST) throw new SyntaxProblem("expression is nested too deeply");
  line.skipBlanks();
  const unary = Object.hasOwn(UNARY, line.peek()) ? UNARY[line.peek()]! : null;
  if (unary !== null) {
    line.at++;
    return BigInt.asIntN(WIDTH, unary(takeUnary(line, registers, depth + 1)));
  }
  switch (line.peek()) {
    case "":
      throw new SyntaxProblem("unexpected end of expression");
    case "(": {
      line.at++;
      const value = takeExpression(line, registers, 0, depth + 1);
      line.skipBlanks();
      if (line.peek() !== ")") throw new SyntaxProblem("')' expected");
      line.at++;
      return value;
    }
    case "'": {
      const character = line.take(/'[^']'/y);
      if (character === null) throw new SyntaxProblem("character constant expected");
      return BigInt(character.charCodeAt(1));
    }
    case "$": {
      const name = line.take(/\$[\w.]*/y)!.slice(1);
      const value = registers(name);
      if (value === null) throw new SyntaxProblem("unknown register");
      return value;
    }
    default: {
      const number = line.take(/0[xX][0-9a-fA-F]+|0[0-7]*(?![0-9])|[1-9][0-9]*/y);
      if (number === null) throw new SyntaxProblem("invalid char in expression");
      const digits = /^0[0-7]+$/.test(number) ? `0o${number.slice(1)}` : number;
      return BigInt.asIntN(WIDTH, BigInt(digits));
    }
  }
}

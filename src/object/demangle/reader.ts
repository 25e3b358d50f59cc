/** A mangled name as it is read: the place in its text, what substitutions stand for, and how deep it may go. */
import type { Node } from "./node.ts";

/** Types, expressions and names within each other; those of real programs stay below 100. */
const MAX_DEPTH = 256;
/** Of them altogether: what follows a conversion operator may be read twice, at each level. */
const MAX_PARTS = 100_000;

/** Thrown for text that is no mangled name, and for one that goes too deep or grows too large. */
export const MALFORMED = new Error("not a mangled name");

export class Reader {
  readonly text: string;
  /** `std::string` in full, as c++filt writes it. */
  readonly isVerbose: boolean;
  at = 0;
  /** The name that a constructor gets: the last one of a class. */
  lastName: Node | null = null;
  /** Within the type of a conversion operator, whose template arguments follow it. */
  isConversion = false;
  readonly substitutions: Node[] = [];
  #depth = 0;
  #parts = 0;

  constructor(text: string, isVerbose: boolean) {
    this.text = text;
    this.isVerbose = isVerbose;
  }

  fail(): never {
    throw MALFORMED;
  }

  /** The next character, or that many further on; empty at the end. */
  peek(ahead = 0): string {
    return this.text[this.at + ahead] ?? "";
  }

  next(): string {
    if (this.at >= this.text.length) this.fail();
    return this.text[this.at++]!;
  }

  /** Whether the text goes on with that, which is then passed over. */
  take(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false;
    this.at += expected.length;
    return true;
  }

  expect(expected: string): void {
    if (!this.take(expected)) this.fail();
  }

  isDigit(ahead = 0): boolean {
    const character = this.peek(ahead);
    return character >= "0" && character <= "9";
  }

  isLower(): boolean {
    const character = this.peek();
    return character >= "a" && character <= "z";
  }

  /** Digits; none are the empty text. */
  digits(): string {
    const start = this.at;
    while (this.isDigit()) this.at++;
    return this.text.slice(start, this.at);
  }

  /** A number, with `n` for a minus; none is 0. */
  number(): number {
    const sign = this.take("n") ? -1 : 1;
    const value = Number(this.digits());
    if (value > 0x7fffffff) this.fail();
    return sign * value;
  }

  /** `_` is 0, `0_` is 1, and so on, as of template parameters. */
  indexBeforeUnderscore(): number {
    if (this.take("_")) return 0;
    if (!this.isDigit()) this.fail();
    const index = this.number() + 1;
    this.expect("_");
    return index;
  }

  /** `S_` and the like after the S: in base 36. */
  substitution(): Node {
    let index = 0;
    if (!this.take("_")) {
      const [digits] = /[0-9A-Z]{0,8}/.exec(this.text.slice(this.at, this.at + 8))!;
      if (digits === "") this.fail();
      this.at += digits.length;
      this.expect("_");
      index = parseInt(digits, 36) + 1;
    }
    return this.substitutions[index] ?? this.fail();
  }

  /** From here on a substitution can stand for the node. */
  remember(node: Node): Node {
    this.substitutions.push(node);
    return node;
  }

  /** What can be read in that way from here; null, with nothing read, where it cannot. */
  attempt<Result>(read: () => Result): Result | null {
    const { at, lastName, isConversion } = this;
    const { length } = this.substitutions;
    const depth = this.#depth;
    try {
      return read();
    } catch (error) {
      if (error !== MALFORMED || this.#parts > MAX_PARTS) throw error;
      Object.assign(this, { at, lastName, isConversion });
      this.substitutions.length = length;
      this.#depth = depth;
      return null;
    }
  }

  /** One level down. */
  within<Result>(read: () => Result): Result {
    if (++this.#depth > MAX_DEPTH || ++this.#parts > MAX_PARTS) this.fail();
    const result = read();
    this.#depth--;
    return result;
  }
}

/** The tokens of Rust's own mangling: numbers to the base of 62, identifiers by their length, hexadecimal constants. */
import { MALFORMED } from "./reader.ts";

const BASE_62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** A longer number is the length of nothing. */
const MAX_LENGTH_DIGITS = 9;

export interface Identifier {
  readonly text: string;
  readonly isPunycode: boolean;
}

export class V0Reader {
  /** What follows `_R`; back references count from here. */
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  fail(): never {
    throw MALFORMED;
  }

  isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** The next character; empty at the end. */
  peek(): string {
    return this.text[this.at] ?? "";
  }

  next(): string {
    return this.text[this.at++] ?? this.fail();
  }

  take(expected: string): boolean {
    if (this.peek() !== expected) return false;
    this.at++;
    return true;
  }

  expect(expected: string): void {
    if (!this.take(expected)) this.fail();
  }

  /** `_` is 0, `0_` is 1; modulo 2^64, as GNU's tools count. */
  base62(): bigint {
    if (this.take("_")) return 0n;
    let value = 0n;
    while (!this.take("_")) {
      const digit = BASE_62.indexOf(this.next());
      if (digit < 0) this.fail();
      value = BigInt.asUintN(64, value * 62n + BigInt(digit));
    }
    return BigInt.asUintN(64, value + 1n);
  }

  /** Tells names in one place apart; 0 without one. */
  disambiguator(): bigint {
    return this.take("s") ? BigInt.asUintN(64, this.base62() + 1n) : 0n;
  }

  /** Null for one of no letters, which stands for no name. */
  identifier(): Identifier | null {
    const isPunycode = this.take("u");
    const digits = /^(?:0|[1-9][0-9]*)/.exec(this.text.slice(this.at, this.at + MAX_LENGTH_DIGITS))?.[0] ?? this.fail();
    this.at += digits.length;
    this.take("_");
    const length = Number(digits);
    if (length > this.text.length - this.at) this.fail();
    const text = this.text.slice(this.at, this.at + length);
    this.at += length;
    return length === 0 && !isPunycode ? null : { text, isPunycode };
  }

  /** Digits before a `_`. */
  hexadecimal(): string {
    const start = this.at;
    while (/[0-9a-f]/.test(this.peek())) this.at++;
    if (this.at === start) this.fail();
    this.expect("_");
    return this.text.slice(start, this.at - 1);
  }
}

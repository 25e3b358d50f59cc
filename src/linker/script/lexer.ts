/**
 * Words of linker scripts. Names hold almost anything there (`.text.*`, `*crt0.o`), expressions do not: the reader says
 * how far a word goes.
 */
import { ScriptError } from "./tree.ts";

export interface Token {
  readonly text: string;
  readonly line: number;
  readonly quoted: boolean;
}

export type WordMode = "name" | "file" | "expression";

const DISCARD = "/DISCARD/";

const NAME_CHARACTER = /[A-Za-z0-9_.$/\\~+\-[\]*?!^]/;
/** `archive:member`; elsewhere a colon ends the name. */
const FILE_CHARACTER = /[A-Za-z0-9_.$/\\~+\-[\]*?!^:]/;
export const EXPRESSION_WORD = /[A-Za-z0-9_.$]/;
const OPERATORS = ["<<=", ">>=", "&&", "||", "<<", ">>", "<=", ">=", "==", "!=", "+=", "-=", "*=", "/=", "&=", "|="];

/** Deeper nesting is no script but an attack on the stack. */
const MAX_DEPTH = 200;

const WORDS: Readonly<Record<WordMode, RegExp>> = {
  name: NAME_CHARACTER,
  file: FILE_CHARACTER,
  expression: EXPRESSION_WORD,
};

export function startsName(word: string, mode: WordMode = "name"): boolean {
  return WORDS[mode].test(word[0] ?? "");
}

export class ScriptLexer {
  protected readonly text: string;
  protected readonly path: string;
  /** How many INCLUDEs lead here, and how deep an expression or a pattern is nested. */
  protected depth: number;
  protected at = 0;
  protected line = 1;

  constructor(text: string, path: string, depth: number) {
    this.text = text;
    this.path = path;
    this.depth = depth;
  }

  /** The next word; the end of the script is an error. */
  protected word(mode: WordMode = "name"): Token {
    const token = this.next(mode);
    if (token === null) throw this.error("unexpected end of the script");
    return token;
  }

  protected nested<Result>(work: () => Result): Result {
    if (++this.depth > MAX_DEPTH) throw this.error("nested too deeply");
    const result = work();
    this.depth--;
    return result;
  }

  protected parenthesised(): string {
    this.expect("(");
    const name = this.next("name");
    this.expect(")");
    return name?.text ?? "";
  }

  protected list(mode: WordMode = "name"): string[] {
    const items: string[] = [];
    this.expect("(");
    while (!this.accept(")")) {
      const item = this.next(mode);
      if (item === null) throw this.error("unexpected end of the script in a list");
      items.push(item.text);
      this.accept(",");
    }
    return items;
  }

  protected accept(text: string): boolean {
    this.skipSpace();
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  protected expect(text: string): void {
    if (!this.accept(text)) throw this.error(`expected ${text}, found ${this.found()}`);
  }

  protected found(): string {
    return this.peek("name")?.text ?? "the end of the script";
  }

  protected error(problem: string): ScriptError {
    return new ScriptError(this.path, this.line, problem);
  }

  protected peek(mode: WordMode): Token | null {
    const at = this.at;
    const line = this.line;
    const token = this.next(mode);
    this.at = at;
    this.line = line;
    return token;
  }

  protected next(mode: WordMode): Token | null {
    this.skipSpace();
    const { text } = this;
    const start = this.at;
    if (start >= text.length) return null;
    if (text[start] === '"') {
      const end = text.indexOf('"', start + 1);
      if (end < 0) throw this.error("a string without its closing quote");
      this.at = end + 1;
      return { text: text.slice(start + 1, end), line: this.line, quoted: true };
    }
    const word = WORDS[mode];
    let end = start;
    while (end < text.length && word.test(text[end]!)) end++;
    if (end === start) {
      const operator = OPERATORS.find((candidate) => text.startsWith(candidate, start));
      end = start + (operator?.length ?? 1);
      // No division: the fill of the section before it ends here.
      if (text.startsWith(DISCARD, start)) end = start + DISCARD.length;
    }
    this.at = end;
    return { text: text.slice(start, end), line: this.line, quoted: false };
  }

  protected skipSpace(): void {
    const { text } = this;
    for (;;) {
      const character = text[this.at];
      if (character === "\n") this.line++;
      else if (character === "/" && text[this.at + 1] === "*") {
        const end = text.indexOf("*/", this.at + 2);
        if (end < 0) throw this.error("a comment without its end");
        for (let i = this.at; i < end; i++) if (text[i] === "\n") this.line++;
        this.at = end + 2;
        continue;
      } else if (character === "#") {
        // A comment, too: what a preprocessor left, or would have taken.
        const end = text.indexOf("\n", this.at);
        this.at = end < 0 ? text.length : end;
        continue;
      } else if (character !== " " && character !== "\t" && character !== "\r") return;
      this.at++;
    }
  }
}

/**
 * Linker scripts (GNU ld 2.40, "Linker Scripts"): from text to a tree. Evaluation is in layout.ts.
 */

export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "name"; readonly name: string; readonly line: number }
  | { readonly kind: "unary"; readonly operator: string; readonly operand: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "conditional"; readonly condition: Expression; readonly yes: Expression; readonly no: Expression }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[]; readonly line: number };

export interface Assignment {
  readonly kind: "assign";
  readonly name: string;
  readonly operator: string;
  readonly value: Expression;
  readonly mode: "set" | "provide" | "hidden" | "provide-hidden";
  readonly line: number;
}

export interface Assertion {
  readonly kind: "assert";
  readonly condition: Expression;
  readonly message: string;
  readonly line: number;
}

export type SortKind = "name" | "alignment" | "init-priority" | "none";

export interface SectionPattern {
  readonly pattern: string;
  readonly sort: readonly SortKind[];
  readonly exclude: readonly string[];
}

export interface InputStatement {
  readonly kind: "input";
  readonly file: string;
  readonly exclude: readonly string[];
  readonly patterns: readonly SectionPattern[];
  readonly keep: boolean;
}

export interface DataStatement {
  readonly kind: "data";
  readonly sizeBytes: 1 | 2 | 4 | 8;
  readonly value: Expression;
}

export interface FillStatement {
  readonly kind: "fill";
  readonly value: Expression;
}

export type SectionStatement = Assignment | Assertion | InputStatement | DataStatement | FillStatement;

export interface OutputSection {
  readonly kind: "section";
  readonly name: string;
  readonly address: Expression | null;
  readonly loadAddress: Expression | null;
  readonly align: Expression | null;
  readonly subalign: Expression | null;
  readonly noload: boolean;
  readonly fill: Expression | null;
  readonly region: string | null;
  readonly loadRegion: string | null;
  readonly statements: readonly SectionStatement[];
  readonly line: number;
}

export interface MemoryRegion {
  readonly name: string;
  readonly origin: Expression;
  readonly length: Expression;
}

export interface LinkerScript {
  readonly path: string;
  readonly entry: string | null;
  readonly outputFormat: string | null;
  readonly regions: readonly MemoryRegion[];
  readonly statements: readonly (Assignment | Assertion | OutputSection)[];
  readonly externs: readonly string[];
}

export class ScriptError extends Error {
  readonly path: string;
  readonly line: number;
  constructor(path: string, line: number, problem: string) {
    super(problem);
    this.name = "ScriptError";
    this.path = path;
    this.line = line;
  }
}

interface Token {
  readonly text: string;
  readonly line: number;
  readonly quoted: boolean;
}

/** Names in scripts hold almost anything (`.text.*`, `*crt0.o`), expressions do not: the mode decides how far a word goes. */
const NAME_CHARACTER = /[A-Za-z0-9_.$/\\~+\-[\]*?!^]/;
const EXPRESSION_WORD = /[A-Za-z0-9_.$]/;
const OPERATORS = ["<<=", ">>=", "&&", "||", "<<", ">>", "<=", ">=", "==", "!=", "+=", "-=", "*=", "/=", "&=", "|="];
const PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ["||", 1], ["&&", 2], ["|", 3], ["&", 5], ["==", 6], ["!=", 6], ["<", 7], [">", 7], ["<=", 7], [">=", 7], ["<<", 8], [">>", 8],
  ["+", 9], ["-", 9], ["*", 10], ["/", 10], ["%", 10],
]);

/** Parses a script. Throws `ScriptError` with the line. */
export function parseScript(text: string, path: string): LinkerScript {
  return new Parser(text, path).script();
}

class Parser {
  private readonly text: string;
  private readonly path: string;
  private at = 0;
  private line = 1;

  constructor(text: string, path: string) {
    this.text = text;
    this.path = path;
  }

  script(): LinkerScript {
    let entry: string | null = null;
    let outputFormat: string | null = null;
    const regions: MemoryRegion[] = [];
    const statements: (Assignment | Assertion | OutputSection)[] = [];
    const externs: string[] = [];
    for (;;) {
      const token = this.peek("name");
      if (token === null) break;
      if (this.accept(";")) continue;
      switch (token.text) {
        case "ENTRY": this.next("name"); entry = this.parenthesised(); break;
        case "OUTPUT_FORMAT": this.next("name"); outputFormat = this.list()[0] ?? null; break;
        case "OUTPUT_ARCH": case "TARGET": case "SEARCH_DIR": case "OUTPUT": this.next("name"); this.list(); break;
        case "EXTERN": this.next("name"); externs.push(...this.list()); break;
        case "MEMORY": this.next("name"); regions.push(...this.memory()); break;
        case "SECTIONS":
          this.next("name");
          this.expect("{");
          while (!this.accept("}")) {
            if (this.accept(";")) continue;
            statements.push(this.sectionsStatement());
          }
          break;
        default: statements.push(this.topLevel());
      }
    }
    return { path: this.path, entry, outputFormat, regions, statements, externs };
  }

  private topLevel(): Assignment | Assertion {
    const statement = this.assignmentOrAssertion();
    if (!statement) throw this.error(`unexpected ${this.found()}`);
    return statement;
  }

  private sectionsStatement(): Assignment | Assertion | OutputSection {
    if (this.peek("name")?.text === "ENTRY") throw this.error("ENTRY stands before SECTIONS");
    return this.assignmentOrAssertion() ?? this.outputSection();
  }

  /** `name = expr;`, PROVIDE(...), ASSERT(...); null when it is something else and nothing was consumed. */
  private assignmentOrAssertion(): Assignment | Assertion | null {
    const start = this.at;
    const startLine = this.line;
    const token = this.next("expression");
    if (token === null) throw this.error("unexpected end of the script");
    if (token.text === "ASSERT") {
      this.expect("(");
      const condition = this.expression();
      this.expect(",");
      const message = this.next("name");
      this.expect(")");
      this.accept(";");
      return { kind: "assert", condition, message: message?.text ?? "assertion failed", line: token.line };
    }
    const mode = { PROVIDE: "provide", HIDDEN: "hidden", PROVIDE_HIDDEN: "provide-hidden" }[token.text] as Assignment["mode"] | undefined;
    if (mode) {
      this.expect("(");
      const name = this.next("expression");
      this.expect("=");
      const value = this.expression();
      this.expect(")");
      this.accept(";");
      return { kind: "assign", name: name!.text, operator: "=", value, mode, line: token.line };
    }
    const operator = this.peek("expression");
    if (operator && /^([-+*/&|]|<<|>>)?=$/.test(operator.text) && (token.quoted || EXPRESSION_WORD.test(token.text))) {
      this.next("expression");
      const value = this.expression();
      if (!this.accept(";")) throw this.error(`expected ; after the assignment to ${token.text}, found ${this.found()}`);
      return { kind: "assign", name: token.text, operator: operator.text, value, mode: "set", line: token.line };
    }
    this.at = start;
    this.line = startLine;
    return null;
  }

  private outputSection(): OutputSection {
    const name = this.next("name")!;
    let address: Expression | null = null;
    let noload = false;
    const isType = (): boolean => {
      const start = this.at;
      const line = this.line;
      const type = this.accept("(") ? this.next("name")?.text ?? "" : "";
      if (["NOLOAD", "DSECT", "COPY", "INFO", "OVERLAY", "READONLY"].includes(type) && this.accept(")")) {
        noload = type === "NOLOAD";
        return true;
      }
      this.at = start;
      this.line = line;
      return false;
    };
    if (this.peek("expression")?.text !== ":" && !isType()) {
      address = this.expression();
      isType();
    }
    this.expect(":");
    let loadAddress: Expression | null = null;
    let align: Expression | null = null;
    let subalign: Expression | null = null;
    for (let word = this.peek("expression")?.text; word !== "{"; word = this.peek("expression")?.text) {
      if (word !== "AT" && word !== "ALIGN" && word !== "SUBALIGN") throw this.error(`expected { for section ${name.text}, found ${this.found()}`);
      this.next("expression");
      this.expect("(");
      const value = this.expression();
      this.expect(")");
      if (word === "AT") loadAddress = value;
      else if (word === "ALIGN") align = value;
      else subalign = value;
    }
    this.expect("{");
    const statements: SectionStatement[] = [];
    while (!this.accept("}")) {
      if (this.accept(";")) continue;
      statements.push(this.sectionStatement());
    }
    const region = this.accept(">") ? this.next("name")!.text : null;
    let loadRegion: string | null = null;
    if (this.peek("expression")?.text === "AT") {
      this.next("expression");
      this.expect(">");
      loadRegion = this.next("name")!.text;
    }
    while (this.accept(":")) this.next("name");
    const fill = this.accept("=") ? this.expression() : null;
    this.accept(",");
    return { kind: "section", name: name.text, address, loadAddress, align, subalign, noload, fill, region, loadRegion, statements, line: name.line };
  }

  private sectionStatement(): SectionStatement {
    const dataBytes = { BYTE: 1, SHORT: 2, LONG: 4, QUAD: 8, SQUAD: 8 }[this.peek("expression")?.text ?? ""] as DataStatement["sizeBytes"] | undefined;
    if (dataBytes || this.peek("expression")?.text === "FILL") {
      this.next("expression");
      this.expect("(");
      const value = this.expression();
      this.expect(")");
      return dataBytes ? { kind: "data", sizeBytes: dataBytes, value } : { kind: "fill", value };
    }
    const start = this.at;
    const line = this.line;
    if (this.next("name")?.text === "KEEP" && this.accept("(")) {
      const input = this.input(true);
      this.expect(")");
      return input;
    }
    this.at = start;
    this.line = line;
    return this.assignmentOrAssertion() ?? this.input(false);
  }

  private input(keep: boolean): InputStatement {
    let exclude: readonly string[] = [];
    let file = this.next("name")!.text;
    if (file === "EXCLUDE_FILE") {
      exclude = this.list();
      file = this.next("name")!.text;
    }
    const patterns: SectionPattern[] = [];
    if (this.accept("(")) while (!this.accept(")")) patterns.push(...this.patterns([], []));
    else patterns.push({ pattern: "*", sort: [], exclude: [] });
    return { kind: "input", file, exclude, patterns, keep };
  }

  private patterns(sort: readonly SortKind[], exclude: readonly string[]): SectionPattern[] {
    this.accept(",");
    const word = this.next("name");
    if (word === null) throw this.error("unexpected end of the script in a list of sections");
    const kind = ({ SORT: "name", SORT_BY_NAME: "name", SORT_BY_ALIGNMENT: "alignment", SORT_BY_INIT_PRIORITY: "init-priority", SORT_NONE: "none" } as const)[
      word.text as "SORT"
    ];
    if (kind) {
      this.expect("(");
      const inner: SectionPattern[] = [];
      while (!this.accept(")")) inner.push(...this.patterns([...sort, kind], exclude));
      return inner;
    }
    if (word.text === "EXCLUDE_FILE") return this.patterns(sort, this.list());
    return [{ pattern: word.text, sort, exclude }];
  }

  private memory(): MemoryRegion[] {
    const regions: MemoryRegion[] = [];
    this.expect("{");
    while (!this.accept("}")) {
      const name = this.next("expression")!.text;
      if (this.accept("(")) while (!this.accept(")")) this.next("name");
      this.expect(":");
      const field = (names: readonly string[]): Expression => {
        const word = this.next("expression");
        if (!word || !names.includes(word.text)) throw this.error(`expected ${names[0]} in MEMORY, found ${word?.text ?? "the end"}`);
        this.expect("=");
        return this.expression();
      };
      const origin = field(["ORIGIN", "org", "o"]);
      this.expect(",");
      regions.push({ name, origin, length: field(["LENGTH", "len", "l"]) });
    }
    return regions;
  }

  private expression(): Expression {
    const condition = this.binary(1);
    if (!this.accept("?")) return condition;
    const yes = this.expression();
    this.expect(":");
    return { kind: "conditional", condition, yes, no: this.expression() };
  }

  private binary(least: number): Expression {
    let left = this.unary();
    for (;;) {
      const operator = this.peek("expression")?.text ?? "";
      const precedence = PRECEDENCE.get(operator) ?? 0;
      if (precedence < least) return left;
      this.next("expression");
      left = { kind: "binary", operator, left, right: this.binary(precedence + 1) };
    }
  }

  private unary(): Expression {
    const token = this.next("expression");
    if (token === null) throw this.error("unexpected end of the script in an expression");
    if (token.quoted) return { kind: "name", name: token.text, line: token.line };
    if ("-~!+".includes(token.text)) return { kind: "unary", operator: token.text, operand: this.unary() };
    if (token.text === "(") {
      const inner = this.expression();
      this.expect(")");
      return inner;
    }
    if (/^[0-9]/.test(token.text)) return { kind: "number", value: this.number(token) };
    if (!EXPRESSION_WORD.test(token.text)) throw new ScriptError(this.path, token.line, `unexpected ${token.text} in an expression`);
    if (this.peek("expression")?.text === "(" && /^[A-Z_]+$/.test(token.text)) {
      this.expect("(");
      const args: Expression[] = [];
      while (!this.accept(")")) {
        args.push(this.expression());
        this.accept(",");
      }
      return { kind: "call", name: token.text, args, line: token.line };
    }
    return { kind: "name", name: token.text, line: token.line };
  }

  private number(token: Token): number {
    const match = /^(0[xX][0-9a-fA-F]+|[0-9]+)([kKmM]?)$/.exec(token.text) ?? /^([0-9][0-9a-fA-F]*)[hH]()$/.exec(token.text);
    if (!match) throw new ScriptError(this.path, token.line, `${token.text} is not a number`);
    const digits = match[1]!;
    const value = /[hH]$/.test(token.text) ? parseInt(digits, 16) : /^0[0-7]+$/.test(digits) ? parseInt(digits, 8) : Number(digits);
    const unit = match[2]!.toLowerCase();
    return value * (unit === "k" ? 1024 : unit === "m" ? 1024 * 1024 : 1);
  }

  private parenthesised(): string {
    this.expect("(");
    const name = this.next("name");
    this.expect(")");
    return name?.text ?? "";
  }

  private list(): string[] {
    const items: string[] = [];
    this.expect("(");
    while (!this.accept(")")) {
      const item = this.next("name");
      if (item === null) throw this.error("unexpected end of the script in a list");
      items.push(item.text);
      this.accept(",");
    }
    return items;
  }

  private accept(text: string): boolean {
    this.skipSpace();
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  private expect(text: string): void {
    if (!this.accept(text)) throw this.error(`expected ${text}, found ${this.found()}`);
  }

  private found(): string {
    return this.peek("name")?.text ?? "the end of the script";
  }

  private error(problem: string): ScriptError {
    return new ScriptError(this.path, this.line, problem);
  }

  private peek(mode: "name" | "expression"): Token | null {
    const at = this.at;
    const line = this.line;
    const token = this.next(mode);
    this.at = at;
    this.line = line;
    return token;
  }

  private next(mode: "name" | "expression"): Token | null {
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
    const word = mode === "name" ? NAME_CHARACTER : EXPRESSION_WORD;
    let end = start;
    while (end < text.length && word.test(text[end]!)) end++;
    if (end === start) {
      const operator = OPERATORS.find((candidate) => text.startsWith(candidate, start));
      end = start + (operator?.length ?? 1);
    }
    this.at = end;
    return { text: text.slice(start, end), line: this.line, quoted: false };
  }

  private skipSpace(): void {
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
      } else if (character !== " " && character !== "\t" && character !== "\r") return;
      this.at++;
    }
  }
}

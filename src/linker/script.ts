/**
 * Linker scripts (GNU ld 2.40, "Linker Scripts"): from text to the tree of script-tree.ts.
 */
import {
  ScriptError, type Assertion, type Assignment, type DataStatement, type Expression, type InputStatement, type LinkerScript, type MemoryRegion, type OutputSection,
  type ProgramHeader, type ScriptInput, type SectionPattern, type SectionStatement, type SortKind,
} from "./script-tree.ts";

export * from "./script-tree.ts";

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
  ["||", 1], ["&&", 2], ["|", 3], ["^", 4], ["&", 5], ["==", 6], ["!=", 6], ["<", 7], [">", 7], ["<=", 7], [">=", 7], ["<<", 8], [">>", 8],
  ["+", 9], ["-", 9], ["*", 10], ["/", 10], ["%", 10],
]);

/** Text of an INCLUDE, or null when there is no such file. */
export type ScriptReader = (name: string) => { readonly path: string; readonly text: string } | null;

/** Deeper nesting is no script but an attack on the stack. */
const MAX_DEPTH = 200;

const PHDR_TYPES: Readonly<Record<string, number>> = { PT_NULL: 0, PT_LOAD: 1, PT_DYNAMIC: 2, PT_INTERP: 3, PT_NOTE: 4, PT_SHLIB: 5, PT_PHDR: 6, PT_TLS: 7, PT_GNU_STACK: 0x6474e551, PT_GNU_RELRO: 0x6474e552 };

const NO_ALLOC_TYPES = new Set(["COPY", "INFO", "DSECT", "OVERLAY"]);

/** Parses a script. Throws `ScriptError` with the line. */
export function parseScript(text: string, path: string, read: ScriptReader = () => null): LinkerScript {
  return new Parser(text, path, read, 0).script();
}

class Parser {
  private readonly text: string;
  private readonly path: string;
  private readonly read: ScriptReader;
  /** How many INCLUDEs lead here, and how deep an expression or a pattern is nested. */
  private depth: number;
  private at = 0;
  private line = 1;
  private entry: string | null = null;
  private outputFormat: string | null = null;
  private readonly regions: MemoryRegion[] = [];
  private readonly statements: (Assignment | Assertion | OutputSection)[] = [];
  private readonly externs: string[] = [];
  private readonly inputs: ScriptInput[] = [];
  private readonly searchFolders: string[] = [];
  private phdrs: readonly ProgramHeader[] | null = null;

  constructor(text: string, path: string, read: ScriptReader, depth: number) {
    this.text = text;
    this.path = path;
    this.read = read;
    this.depth = depth;
  }

  script(): LinkerScript {
    for (;;) {
      const token = this.peek("name");
      if (token === null) break;
      if (this.accept(";")) continue;
      switch (token.text) {
        case "ENTRY": this.word(); this.entry = this.parenthesised(); break;
        case "OUTPUT_FORMAT": this.word(); this.outputFormat = this.list()[0] ?? null; break;
        case "OUTPUT_ARCH": case "TARGET": case "OUTPUT": case "FORCE_COMMON_ALLOCATION": case "INHIBIT_COMMON_ALLOCATION": case "NOCROSSREFS":
          this.word();
          if (this.peek("expression")?.text === "(") this.list();
          break;
        case "SEARCH_DIR": this.word(); this.searchFolders.push(...this.list()); break;
        case "EXTERN": this.word(); this.externs.push(...this.list()); break;
        case "INPUT": case "GROUP": case "STARTUP":
          this.word();
          this.inputs.push({ names: this.list().filter((name) => name !== "AS_NEEDED" && name !== "(" && name !== ")"), isGroup: token.text === "GROUP", isFirst: token.text === "STARTUP" });
          break;
        case "MEMORY": this.word(); this.regions.push(...this.memory()); break;
        case "PHDRS": this.word(); this.phdrs = this.programHeaders(); break;
        case "INCLUDE": this.word(); this.include(); break;
        case "SECTIONS":
          this.word();
          this.expect("{");
          while (!this.accept("}")) {
            if (this.accept(";")) continue;
            if (this.peek("name")?.text === "INCLUDE") {
              this.word();
              this.include();
              continue;
            }
            this.statements.push(...this.sectionsStatement());
          }
          break;
        default: this.statements.push(this.topLevel());
      }
    }
    const { path, entry, outputFormat, regions, statements, externs, inputs, searchFolders } = this;
    const phdrs: readonly ProgramHeader[] | null = this.phdrs;
    return { path, entry, outputFormat, regions, statements, externs, inputs, searchFolders, phdrs };
  }

  /** Only whole commands and whole section statements can be included. */
  private include(): void {
    const name = this.word().text;
    const file = this.read(name);
    if (file === null) throw this.error(`there is no file ${name} to include`);
    if (this.depth >= 16) throw this.error(`the scripts include each other: ${name}`);
    const wrapped = /^\s*(SECTIONS|MEMORY|ENTRY|PHDRS|INCLUDE|OUTPUT|INPUT|GROUP)/.test(file.text.replace(/\/\*[^]*?\*\//g, "")) ? file.text : `SECTIONS {${file.text}\n}`;
    const inner = new Parser(wrapped, file.path, this.read, this.depth + 1).script();
    this.statements.push(...inner.statements);
    this.regions.push(...inner.regions);
    this.externs.push(...inner.externs);
    this.inputs.push(...inner.inputs);
    this.entry = inner.entry ?? this.entry;
    this.phdrs = inner.phdrs ?? this.phdrs;
  }

  private programHeaders(): ProgramHeader[] {
    const headers: ProgramHeader[] = [];
    this.expect("{");
    while (!this.accept("}")) {
      const name = this.word().text;
      const typeName = this.word().text;
      const type = PHDR_TYPES[typeName] ?? (/^[0-9]/.test(typeName) ? Number(typeName) : NaN);
      if (Number.isNaN(type)) throw this.error(`${typeName} is not the type of a program header`);
      let hasFileHeader = false;
      let hasProgramHeaders = false;
      let loadAddress: Expression | null = null;
      let flags: Expression | null = null;
      while (!this.accept(";")) {
        const word = this.word().text;
        if (word === "FILEHDR") hasFileHeader = true;
        else if (word === "PHDRS") hasProgramHeaders = true;
        else if (word === "AT") loadAddress = this.argument();
        else if (word === "FLAGS") flags = this.argument();
        else throw this.error(`unexpected ${word} in PHDRS`);
      }
      headers.push({ name, type, hasFileHeader, hasProgramHeaders, loadAddress, flags });
    }
    return headers;
  }

  private argument(): Expression {
    this.expect("(");
    const value = this.expression();
    this.expect(")");
    return value;
  }

  /** The next word; the end of the script is an error. */
  private word(mode: "name" | "expression" = "name"): Token {
    const token = this.next(mode);
    if (token === null) throw this.error("unexpected end of the script");
    return token;
  }

  private nested<Result>(work: () => Result): Result {
    if (++this.depth > MAX_DEPTH) throw this.error("nested too deeply");
    const result = work();
    this.depth--;
    return result;
  }

  private topLevel(): Assignment | Assertion {
    const statement = this.assignmentOrAssertion();
    if (!statement) throw this.error(`unexpected ${this.found()}`);
    return statement;
  }

  private sectionsStatement(): (Assignment | Assertion | OutputSection)[] {
    if (this.peek("name")?.text === "ENTRY") {
      this.word();
      this.entry = this.parenthesised();
      return [];
    }
    return [this.assignmentOrAssertion() ?? this.outputSection()];
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
      const name = this.word("expression");
      this.expect("=");
      const value = this.expression();
      this.expect(")");
      this.accept(";");
      return { kind: "assign", name: name.text, operator: "=", value, mode, line: token.line };
    }
    const operator = this.peek("expression");
    if (operator && /^([-+*/&|]|<<|>>)?=$/.test(operator.text) && (token.quoted || EXPRESSION_WORD.test(token.text))) {
      this.next("expression");
      const value = this.expression();
      if (!this.accept(";") && this.peek("name")?.text !== "}") throw this.error(`expected ; after the assignment to ${token.text}, found ${this.found()}`);
      return { kind: "assign", name: token.text, operator: operator.text, value, mode: "set", line: token.line };
    }
    this.at = start;
    this.line = startLine;
    return null;
  }

  private outputSection(): OutputSection {
    const name = this.word();
    let address: Expression | null = null;
    let type = this.sectionType();
    if (type === "" && this.peek("expression")?.text !== ":") {
      address = this.expression();
      type = this.sectionType();
    }
    this.expect(":");
    let loadAddress: Expression | null = null;
    let align: Expression | null = null;
    let subalign: Expression | null = null;
    let constraint: OutputSection["constraint"] = null;
    for (let word = this.peek("expression")?.text; word !== "{"; word = this.peek("expression")?.text) {
      if (word === "ONLY_IF_RO" || word === "ONLY_IF_RW") constraint = word === "ONLY_IF_RO" ? "ro" : "rw";
      else if (word !== "AT" && word !== "ALIGN" && word !== "SUBALIGN" && word !== "ALIGN_WITH_INPUT") throw this.error(`expected { for section ${name.text}, found ${this.found()}`);
      this.word("expression");
      if (word === "AT") loadAddress = this.argument();
      else if (word === "ALIGN") align = this.argument();
      else if (word === "SUBALIGN") subalign = this.argument();
    }
    this.expect("{");
    const statements: SectionStatement[] = [];
    while (!this.accept("}")) {
      if (this.accept(";") || this.accept(",")) continue;
      statements.push(...this.sectionStatement());
    }
    const region = this.accept(">") ? this.word().text : null;
    let loadRegion: string | null = null;
    if (this.peek("expression")?.text === "AT") {
      this.word("expression");
      this.expect(">");
      loadRegion = this.word().text;
    }
    let phdrs: string[] | null = null;
    while (this.accept(":")) (phdrs ??= []).push(this.word().text);
    const fill = this.accept("=") ? this.expression() : null;
    this.accept(",");
    return {
      kind: "section", name: name.text, address, loadAddress, align, subalign, noload: type === "NOLOAD", noalloc: NO_ALLOC_TYPES.has(type), constraint, phdrs, fill, region,
      loadRegion, statements, line: name.line,
    };
  }

  /** `(NOLOAD)` and its like, or "" when an address stands here. */
  private sectionType(): string {
    const { at, line } = this;
    const type = this.accept("(") ? (this.next("name")?.text ?? "") : "";
    if (["NOLOAD", "READONLY", ...NO_ALLOC_TYPES].includes(type) && this.accept(")")) return type;
    this.at = at;
    this.line = line;
    return "";
  }

  private sectionStatement(): SectionStatement[] {
    const dataBytes = { BYTE: 1, SHORT: 2, LONG: 4, QUAD: 8, SQUAD: 8 }[this.peek("expression")?.text ?? ""] as DataStatement["sizeBytes"] | undefined;
    if (dataBytes || this.peek("expression")?.text === "FILL") {
      this.next("expression");
      this.expect("(");
      const value = this.expression();
      this.expect(")");
      return [dataBytes ? { kind: "data", sizeBytes: dataBytes, value } : { kind: "fill", value }];
    }
    const start = this.at;
    const line = this.line;
    if (this.next("name")?.text === "KEEP" && this.accept("(")) {
      const input = this.input(true);
      this.expect(")");
      return [input];
    }
    this.at = start;
    this.line = line;
    const simple = this.assignmentOrAssertion();
    if (simple) return [simple];
    if (this.peek("name")?.text === "CONSTRUCTORS" || this.peek("name")?.text === "CREATE_OBJECT_SYMBOLS") {
      this.word();
      return [];
    }
    const input = this.input(false);
    return input.patterns.length === 1 && input.patterns[0]!.pattern === "CONSTRUCTORS" ? [] : [input];
  }

  private input(keep: boolean): InputStatement {
    let exclude: readonly string[] = [];
    let sortFiles = false;
    let file = this.word().text;
    if (file === "SORT" || file === "SORT_BY_NAME" || file === "SORT_NONE" || file === "REVERSE") {
      this.expect("(");
      if (this.peek("name")?.text === "CONSTRUCTORS") {
        this.word();
        this.expect(")");
        return { kind: "input", file: "", sortFiles, exclude, patterns: [{ pattern: "CONSTRUCTORS", sort: [], exclude: [] }], keep };
      }
      sortFiles = file !== "SORT_NONE";
      file = this.word().text;
      if (file === "EXCLUDE_FILE") {
        exclude = this.list();
        file = this.word().text;
      }
      this.expect(")");
    }
    if (file === "EXCLUDE_FILE") {
      exclude = this.list();
      file = this.word().text;
    }
    if (!NAME_CHARACTER.test(file[0] ?? "")) throw this.error(`unexpected ${file || "an empty name"} in a section`);
    const patterns: SectionPattern[] = [];
    if (this.accept("(")) while (!this.accept(")")) patterns.push(...this.patterns([], []));
    else patterns.push({ pattern: "*", sort: [], exclude: [] });
    return { kind: "input", file, sortFiles, exclude, patterns, keep };
  }

  private patterns(sort: readonly SortKind[], exclude: readonly string[]): SectionPattern[] {
    this.accept(",");
    const word = this.word();
    const kind = ({ SORT: "name", SORT_BY_NAME: "name", SORT_BY_ALIGNMENT: "alignment", SORT_BY_INIT_PRIORITY: "init-priority", SORT_NONE: "none" } as const)[
      word.text as "SORT"
    ];
    if (kind) {
      this.expect("(");
      return this.nested(() => {
        const inner: SectionPattern[] = [];
        while (!this.accept(")")) inner.push(...this.patterns([...sort, kind], exclude));
        return inner;
      });
    }
    if (word.text === "EXCLUDE_FILE") {
      const files = this.list();
      return this.nested(() => this.patterns(sort, files));
    }
    if (word.text === "INPUT_SECTION_FLAGS") throw this.error("INPUT_SECTION_FLAGS is not supported; name the sections instead");
    if (!NAME_CHARACTER.test(word.text[0] ?? "")) throw this.error(`unexpected ${word.text || "an empty name"} in a list of sections`);
    return [{ pattern: word.text, sort, exclude }];
  }

  private memory(): MemoryRegion[] {
    const regions: MemoryRegion[] = [];
    this.expect("{");
    while (!this.accept("}")) {
      const name = this.word("expression").text;
      let attributes = "";
      if (this.accept("(")) while (!this.accept(")")) attributes += this.word().text;
      this.expect(":");
      const field = (names: readonly string[]): Expression => {
        const word = this.next("expression");
        if (!word || !names.includes(word.text)) throw this.error(`expected ${names[0]} in MEMORY, found ${word?.text ?? "the end"}`);
        this.expect("=");
        return this.expression();
      };
      const origin = field(["ORIGIN", "org", "o"]);
      this.expect(",");
      regions.push({ name, attributes, origin, length: field(["LENGTH", "len", "l"]) });
    }
    return regions;
  }

  private expression(): Expression {
    return this.nested(() => {
      const condition = this.binary(1);
      if (!this.accept("?")) return condition;
      const yes = this.expression();
      this.expect(":");
      return { kind: "conditional", condition, yes, no: this.expression() };
    });
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
    if ("-~!+".includes(token.text)) return this.nested(() => ({ kind: "unary", operator: token.text, operand: this.unary() }));
    if (token.text === "(") {
      const inner = this.expression();
      this.expect(")");
      return inner;
    }
    if (/^[0-9]/.test(token.text)) {
      const digits = /^0[xX]([0-9a-fA-F]+)$/.exec(token.text)?.[1];
      return { kind: "number", value: this.number(token), ...(digits === undefined ? {} : { digits }) };
    }
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

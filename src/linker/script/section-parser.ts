/**
 * What stands in the SECTIONS command of a linker script: assignments and assertions, output sections and overlays, and
 * in these the patterns of input sections, data and fills.
 */

import {
  SHF_ALLOC,
  SHF_EXCLUDE,
  SHF_EXECINSTR,
  SHF_GROUP,
  SHF_MERGE,
  SHF_STRINGS,
  SHF_TLS,
  SHF_WRITE,
} from "../../object/elf.ts";
import { binaryExpression, ExpressionParser } from "./expression.ts";
import { EXPRESSION_WORD, startsName } from "./lexer.ts";
import type {
  Assertion,
  Assignment,
  CrossReferenceRule,
  DataStatement,
  Expression,
  InputStatement,
  OutputSection,
  SectionPattern,
  SectionStatement,
  SortKind,
} from "./tree.ts";

const NO_ALLOC_TYPES = new Set(["COPY", "INFO", "DSECT", "OVERLAY"]);
const SECTION_TYPES: Readonly<Record<string, number>> = {
  SHT_PROGBITS: 1,
  SHT_STRTAB: 3,
  SHT_NOTE: 7,
  SHT_NOBITS: 8,
  SHT_INIT_ARRAY: 14,
  SHT_FINI_ARRAY: 15,
  SHT_PREINIT_ARRAY: 16,
};
const SECTION_FLAGS: Readonly<Record<string, number>> = {
  SHF_ALLOC,
  SHF_EXCLUDE,
  SHF_EXECINSTR,
  SHF_GROUP,
  SHF_MERGE,
  SHF_STRINGS,
  SHF_TLS,
  SHF_WRITE,
  SHF_INFO_LINK: 0x40,
  SHF_LINK_ORDER: 0x80,
};

/** What the parentheses after the name of an output section say. */
interface SectionType {
  readonly name: string;
  readonly type: Expression | null;
}

const DATA_BYTES: Readonly<Record<string, DataStatement["sizeBytes"]>> = {
  BYTE: 1,
  SHORT: 2,
  LONG: 4,
  QUAD: 8,
  SQUAD: 8,
};

export abstract class SectionParser extends ExpressionParser {
  protected readonly noCrossReferences: CrossReferenceRule[] = [];

  /** A parser for an INCLUDE's file: `wrap` puts its text into the command in which the INCLUDE stands. */
  protected abstract included(wrap: (text: string) => string): SectionParser;

  protected argument(): Expression {
    this.expect("(");
    const value = this.expression();
    this.expect(")");
    return value;
  }

  /** `name = expr;`, PROVIDE(...), ASSERT(...); null when it is something else and nothing was consumed. */
  protected assignmentOrAssertion(): Assignment | Assertion | null {
    const start = this.at;
    const startLine = this.line;
    const token = this.next("expression");
    if (token === null) throw this.error("unexpected end of the script");
    if (token.text === "ASSERT") {
      this.expect("(");
      const condition = this.expression();
      this.expect(",");
      const message = this.word().text;
      this.expect(")");
      return { kind: "assert", condition, message, line: token.line };
    }
    const mode = { PROVIDE: "provide", HIDDEN: "hidden", PROVIDE_HIDDEN: "provide-hidden" }[token.text] as
      | Assignment["mode"]
      | undefined;
    if (mode) {
      this.expect("(");
      const name = this.word("expression");
      this.expect("=");
      const value = this.expression();
      this.expect(")");
      return { kind: "assign", name: name.text, value, mode, line: token.line };
    }
    const operator = this.peek("expression");
    if (operator && /^([-+*/&|]|<<|>>)?=$/.test(operator.text) && (token.quoted || EXPRESSION_WORD.test(token.text))) {
      this.next("expression");
      const right = this.expression();
      const value =
        operator.text === "="
          ? right
          : binaryExpression(operator.text.slice(0, -1), { kind: "name", name: token.text, line: token.line }, right);
      if (!this.accept(";") && this.peek("name")?.text !== "}")
        throw this.error(`expected ; after the assignment to ${token.text}, found ${this.found()}`);
      return { kind: "assign", name: token.text, value, mode: "set", line: token.line };
    }
    this.at = start;
    this.line = startLine;
    return null;
  }

  protected outputSection(): OutputSection {
    const name = this.word();
    let address: Expression | null = null;
    let type = this.#sectionType();
    if (type === null && this.peek("expression")?.text !== ":") {
      address = this.expression();
      type = this.#sectionType();
    }
    this.expect(":");
    let loadAddress: Expression | null = null;
    let align: Expression | null = null;
    let subalign: Expression | null = null;
    let constraint: OutputSection["constraint"] = null;
    let alignsWithInput = false;
    for (let word = this.peek("expression")?.text; word !== "{"; word = this.peek("expression")?.text) {
      if (word === "ONLY_IF_RO" || word === "ONLY_IF_RW") constraint = word === "ONLY_IF_RO" ? "ro" : "rw";
      else if (word === "ALIGN_WITH_INPUT") alignsWithInput = true;
      else if (word !== "AT" && word !== "ALIGN" && word !== "SUBALIGN")
        throw this.error(`expected { for section ${name.text}, found ${this.found()}`);
      this.word("expression");
      if (word === "AT") loadAddress = this.argument();
      else if (word === "ALIGN") align = this.argument();
      else if (word === "SUBALIGN") subalign = this.argument();
    }
    if (align && alignsWithInput) throw this.error(`section ${name.text} has both ALIGN and ALIGN_WITH_INPUT`);
    const statements = this.body();
    const region = this.accept(">") ? this.word().text : null;
    let loadRegion: string | null = null;
    if (this.peek("expression")?.text === "AT") {
      this.word("expression");
      this.expect(">");
      loadRegion = this.word().text;
    }
    if (loadAddress && loadRegion !== null)
      throw this.error(`section ${name.text} has both a load address and a load region`);
    const { phdrs, fill } = this.#headersAndFill();
    return {
      kind: "section",
      name: name.text,
      address,
      loadAddress,
      align,
      subalign,
      alignsWithInput,
      noload: type?.name === "NOLOAD",
      noalloc: NO_ALLOC_TYPES.has(type?.name ?? ""),
      isReadonly: type?.name === "READONLY",
      type: type?.type ?? null,
      overlay: null,
      constraint,
      phdrs,
      fill,
      region,
      loadRegion,
      statements,
      line: name.line,
    };
  }

  protected body(): SectionStatement[] {
    this.expect("{");
    const statements: SectionStatement[] = [];
    while (!this.accept("}")) {
      if (this.accept(";") || this.accept(",")) continue;
      if (this.peek("name")?.text === "INCLUDE") {
        this.word();
        statements.push(...this.included((text) => `{${text}\n}`).body());
      } else statements.push(...this.#sectionStatement());
    }
    return statements;
  }

  #headersAndFill(): { readonly phdrs: string[] | null; readonly fill: Expression | null } {
    let phdrs: string[] | null = null;
    while (this.accept(":")) (phdrs ??= []).push(this.word().text);
    const fill = this.accept("=") ? this.expression() : null;
    this.accept(",");
    return { phdrs, fill };
  }

  /**
   * `OVERLAY address : AT(load) { .one { ... } .two { ... } }`: sections at one address, which follow each other in
   * the file.
   */
  protected overlay(): OutputSection[] {
    const { line } = this.word();
    const address = this.peek("expression")?.text === ":" ? null : this.expression();
    this.expect(":");
    let loadAddress: Expression | null = null;
    let hasRule = false;
    for (let word = this.peek("expression")?.text; word !== "{"; word = this.peek("expression")?.text) {
      if (word !== "AT" && word !== "NOCROSSREFS")
        throw this.error(`expected { for the overlay, found ${this.found()}`);
      this.word("expression");
      if (word === "AT") loadAddress = this.argument();
      else hasRule = true;
    }
    this.expect("{");
    const parts: {
      readonly name: string;
      readonly line: number;
      readonly statements: SectionStatement[];
      readonly phdrs: readonly string[] | null;
      readonly fill: Expression | null;
    }[] = [];
    while (!this.accept("}")) {
      const name = this.word();
      parts.push({ name: name.text, line: name.line, statements: this.body(), ...this.#headersAndFill() });
    }
    const region = this.accept(">") ? this.word().text : null;
    let loadRegion: string | null = null;
    if (this.peek("expression")?.text === "AT") {
      this.word("expression");
      this.expect(">");
      loadRegion = this.word().text;
    }
    const common = this.#headersAndFill();
    const names = parts.map(({ name }) => name);
    if (hasRule) this.noCrossReferences.push({ sections: names, onlyToFirst: false });
    return parts.map((part, index): OutputSection => {
      const bound = (prefix: string, value: Expression): Assignment => ({
        kind: "assign",
        name: `${prefix}${part.name.replace(/[^A-Za-z0-9_]/g, "")}`,
        value,
        mode: "provide",
        line,
      });
      const section: Expression = { kind: "name", name: part.name, line };
      const load: Expression = { kind: "call", name: "LOADADDR", args: [section], line };
      const size: Expression = { kind: "call", name: "SIZEOF", args: [section], line };
      return {
        kind: "section",
        name: part.name,
        address: index === 0 ? address : null,
        loadAddress: index === 0 ? loadAddress : null,
        align: null,
        subalign: null,
        alignsWithInput: false,
        noload: false,
        noalloc: false,
        isReadonly: false,
        type: null,
        overlay: { first: names[0]!, before: names[index - 1] ?? null, isLast: index === parts.length - 1, names },
        constraint: null,
        phdrs: part.phdrs ?? common.phdrs,
        fill: part.fill ?? common.fill,
        region,
        loadRegion,
        line: part.line,
        statements: [
          ...part.statements,
          bound("__load_start_", load),
          bound("__load_stop_", { kind: "binary", operator: "+", left: load, right: size }),
        ],
      };
    });
  }

  /** `(NOLOAD)`, `(TYPE = SHT_NOTE)` and their like, or null when an address or nothing stands here. */
  #sectionType(): SectionType | null {
    const { at, line } = this;
    if (this.accept("(")) {
      let name = this.peek("expression")?.text ?? "";
      let type: Expression | null = null;
      let isComplete = false;
      if (name === ")") isComplete = true;
      else if (name === "TYPE") {
        name = "";
        type = this.#typeValue();
        isComplete = true;
      } else if (name === "READONLY" || name === "NOLOAD" || NO_ALLOC_TYPES.has(name)) {
        this.word("expression");
        if (name === "READONLY" && this.accept("(")) {
          type = this.#typeValue();
          this.expect(")");
        }
        isComplete = true;
      }
      if (isComplete && this.accept(")")) return { name, type };
    }
    this.at = at;
    this.line = line;
    return null;
  }

  #typeValue(): Expression | null {
    this.word("expression");
    this.expect("=");
    const value = this.expression();
    const known = value.kind === "name" ? SECTION_TYPES[value.name] : undefined;
    if (value.kind === "name" && known === undefined) throw this.error(`${value.name} is not the type of a section`);
    return known === undefined ? value : { kind: "number", value: BigInt(known) };
  }

  #sectionStatement(): SectionStatement[] {
    const word = this.peek("expression")?.text ?? "";
    const sizeBytes = DATA_BYTES[word];
    if (sizeBytes || word === "FILL") {
      this.next("expression");
      this.expect("(");
      const value = this.expression();
      this.expect(")");
      return [sizeBytes ? { kind: "data", word, sizeBytes, value } : { kind: "fill", value }];
    }
    const start = this.at;
    const line = this.line;
    if (this.next("name")?.text === "KEEP" && this.accept("(")) {
      const input = this.#input(true);
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
    const input = this.#input(false);
    return input.patterns.length === 1 && input.patterns[0]!.pattern === "CONSTRUCTORS" ? [] : [input];
  }

  /** `INPUT_SECTION_FLAGS(SHF_WRITE & !SHF_EXECINSTR)` */
  #inputFlags(): InputStatement["flags"] {
    let wanted = 0;
    let refused = 0;
    this.expect("(");
    do {
      const isRefused = this.accept("!");
      const { text } = this.word("expression");
      const bits = SECTION_FLAGS[text] ?? (/^(0x[0-9a-fA-F]+|[0-9]+)$/.test(text) ? Number(text) : NaN);
      if (Number.isNaN(bits)) throw this.error(`${text} is not a flag of sections`);
      if (isRefused) refused |= bits;
      else wanted |= bits;
    } while (this.accept("&"));
    this.expect(")");
    return { wanted, refused };
  }

  #input(keep: boolean): InputStatement {
    let exclude: readonly string[] = [];
    let sortFiles = false;
    let flags: InputStatement["flags"] = null;
    let file = this.word("file").text;
    if (file === "INPUT_SECTION_FLAGS") {
      flags = this.#inputFlags();
      file = this.word("file").text;
    }
    if (file === "SORT" || file === "SORT_BY_NAME" || file === "SORT_NONE" || file === "REVERSE") {
      this.expect("(");
      if (this.peek("name")?.text === "CONSTRUCTORS") {
        this.word();
        this.expect(")");
        return {
          kind: "input",
          file: "",
          sortFiles,
          exclude,
          patterns: [{ pattern: "CONSTRUCTORS", sort: [], exclude: [] }],
          keep,
          flags,
        };
      }
      sortFiles = file !== "SORT_NONE";
      file = this.word("file").text;
      if (file === "EXCLUDE_FILE") {
        exclude = this.list("file");
        file = this.word("file").text;
      }
      this.expect(")");
    }
    if (file === "EXCLUDE_FILE") {
      exclude = this.list("file");
      file = this.word("file").text;
    }
    if (!startsName(file, "file")) throw this.error(`unexpected ${file || "an empty name"} in a section`);
    const patterns: SectionPattern[] = [];
    // `[ .stab ]` is the older way to write `*(.stab)`.
    if (file === "[") {
      while (!this.accept("]")) patterns.push(...this.#patterns([], []));
      file = "*";
    } else if (this.accept("(")) while (!this.accept(")")) patterns.push(...this.#patterns([], []));
    return { kind: "input", file, sortFiles, exclude, patterns, keep, flags };
  }

  #patterns(sort: readonly SortKind[], exclude: readonly string[]): SectionPattern[] {
    this.accept(",");
    // In a list a colon belongs to the name, as in that of a file.
    const word = this.word("file");
    const kind = (
      {
        SORT: "name",
        SORT_BY_NAME: "name",
        SORT_BY_ALIGNMENT: "alignment",
        SORT_BY_INIT_PRIORITY: "init-priority",
        SORT_NONE: "none",
      } as const
    )[word.text as "SORT"];
    if (kind) {
      this.expect("(");
      return this.nested(() => {
        const inner: SectionPattern[] = [];
        while (!this.accept(")")) inner.push(...this.#patterns([...sort, kind], exclude));
        return inner;
      });
    }
    if (word.text === "EXCLUDE_FILE") {
      const files = this.list("file");
      return this.nested(() => this.#patterns(sort, files));
    }
    if (!startsName(word.text)) throw this.error(`unexpected ${word.text || "an empty name"} in a list of sections`);
    return [{ pattern: word.text, sort, exclude }];
  }
}

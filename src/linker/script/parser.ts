/**
 * Linker scripts (GNU ld 2.40, "Linker Scripts"): from text to the tree of script-tree.ts.
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
  InsertedStatements,
  LinkerScript,
  MemoryRegion,
  OutputSection,
  ProgramHeader,
  ScriptInput,
  SectionPattern,
  SectionStatement,
  SortKind,
} from "./tree.ts";

export * from "./tree.ts";

/** Text of an INCLUDE, or null when there is no such file. */
export type ScriptReader = (name: string) => { readonly path: string; readonly text: string } | null;

const PHDR_TYPES: Readonly<Record<string, number>> = {
  PT_NULL: 0,
  PT_LOAD: 1,
  PT_DYNAMIC: 2,
  PT_INTERP: 3,
  PT_NOTE: 4,
  PT_SHLIB: 5,
  PT_PHDR: 6,
  PT_TLS: 7,
  PT_GNU_STACK: 0x6474e551,
  PT_GNU_RELRO: 0x6474e552,
};

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

/** Parses a script. Throws `ScriptError` with the line. */
export function parseScript(text: string, path: string, read: ScriptReader = () => null): LinkerScript {
  return new Parser(text, path, read, 0).script();
}

/** What the parentheses behind the name of an output section say. */
interface SectionType {
  readonly name: string;
  readonly type: Expression | null;
}

class Parser extends ExpressionParser {
  readonly #read: ScriptReader;
  #entry: string | null = null;
  #outputFormat: string | null = null;
  #outputFile: string | null = null;
  #allocatesGroups = false;
  readonly #regions: MemoryRegion[] = [];
  readonly #regionAliases = new Map<string, string>();
  #statements: (Assignment | Assertion | OutputSection)[] = [];
  readonly #inserted: InsertedStatements[] = [];
  readonly #noCrossReferences: CrossReferenceRule[] = [];
  readonly #externs: string[] = [];
  readonly #inputs: ScriptInput[] = [];
  readonly #searchFolders: string[] = [];
  #phdrs: readonly ProgramHeader[] | null = null;

  constructor(text: string, path: string, read: ScriptReader, depth: number) {
    super(text, path, depth);
    this.#read = read;
  }

  script(): LinkerScript {
    for (;;) {
      const token = this.peek("name");
      if (token === null) break;
      if (this.accept(";")) continue;
      switch (token.text) {
        case "ENTRY":
          this.word();
          this.#entry = this.parenthesised();
          break;
        case "OUTPUT_FORMAT":
          this.word();
          this.#outputFormat = this.list()[0] ?? null;
          break;
        case "OUTPUT":
          this.word();
          this.#outputFile = this.list()[0] ?? null;
          break;
        case "FORCE_GROUP_ALLOCATION":
          this.word();
          this.#allocatesGroups = true;
          break;
        case "OUTPUT_ARCH":
        case "TARGET":
        case "FORCE_COMMON_ALLOCATION":
        case "INHIBIT_COMMON_ALLOCATION":
        case "LD_FEATURE":
          this.word();
          if (this.peek("expression")?.text === "(") this.list();
          break;
        case "NOCROSSREFS":
        case "NOCROSSREFS_TO":
          this.word();
          this.#noCrossReferences.push({ sections: this.list(), onlyToFirst: token.text === "NOCROSSREFS_TO" });
          break;
        case "REGION_ALIAS": {
          this.word();
          const [alias = "", region = ""] = this.list();
          if (this.#regionAliases.has(alias) || this.#regions.some(({ name }) => name === alias))
            throw this.error(`the memory region ${alias} is declared twice`);
          if (alias === "*default*") throw this.error("the default memory region can have no alias");
          if (!this.#regionAliases.has(region) && !this.#regions.some(({ name }) => name === region))
            throw this.error(`there is no memory region ${region} for the alias ${alias}`);
          this.#regionAliases.set(alias, region);
          break;
        }
        case "INSERT": {
          this.word();
          const place = this.word().text;
          if (place !== "AFTER" && place !== "BEFORE") throw this.error(`expected AFTER or BEFORE, found ${place}`);
          this.#inserted.push({
            statements: this.#statements,
            place: place === "AFTER" ? "after" : "before",
            section: this.word().text,
            line: token.line,
          });
          this.#statements = [];
          break;
        }
        case "SEARCH_DIR":
          this.word();
          this.#searchFolders.push(...this.list());
          break;
        case "EXTERN":
          this.word();
          this.#externs.push(...this.list());
          break;
        case "INPUT":
        case "GROUP":
        case "STARTUP":
          this.word();
          this.#inputs.push({
            names: this.list().filter((name) => name !== "AS_NEEDED" && name !== "(" && name !== ")"),
            isGroup: token.text === "GROUP",
            isFirst: token.text === "STARTUP",
          });
          break;
        case "MEMORY":
          this.word();
          this.#regions.push(...this.#memory());
          break;
        case "PHDRS":
          this.word();
          this.#phdrs = this.#programHeaders();
          break;
        case "INCLUDE":
          this.word();
          this.#include();
          break;
        case "SECTIONS":
          this.word();
          this.expect("{");
          while (!this.accept("}")) {
            if (this.accept(";")) continue;
            if (this.peek("name")?.text === "INCLUDE") {
              this.word();
              this.#include();
              continue;
            }
            this.#statements.push(...this.#sectionsStatement());
          }
          break;
        default:
          this.#statements.push(this.#topLevel());
      }
    }
    const { path, usesHeaders } = this;
    const entry = this.#entry;
    const outputFormat = this.#outputFormat;
    const outputFile = this.#outputFile;
    const regions = this.#regions;
    const regionAliases = this.#regionAliases;
    const statements = this.#statements;
    const inserted = this.#inserted;
    const noCrossReferences = this.#noCrossReferences;
    const allocatesGroups = this.#allocatesGroups;
    const externs = this.#externs;
    const inputs = this.#inputs;
    const searchFolders = this.#searchFolders;
    const phdrs = this.#phdrs;
    return {
      path,
      entry,
      outputFormat,
      outputFile,
      regions,
      regionAliases,
      statements,
      inserted,
      noCrossReferences,
      allocatesGroups,
      usesHeaders,
      externs,
      inputs,
      searchFolders,
      phdrs,
    };
  }

  /** A parser for an INCLUDE's file: `wrap` puts its text into the command in which the INCLUDE stands. */
  #included(wrap: (text: string) => string): Parser {
    const name = this.word().text;
    const file = this.#read(name);
    if (file === null) throw this.error(`there is no file ${name} to include`);
    if (this.depth >= 16) throw this.error(`the scripts include each other: ${name}`);
    return new Parser(wrap(file.text), file.path, this.#read, this.depth + 1);
  }

  /** Whole commands, or whole statements of SECTIONS. */
  #include(): void {
    const inner = this.#included((text) =>
      /^\s*(SECTIONS|MEMORY|ENTRY|PHDRS|INCLUDE|OUTPUT|INPUT|GROUP)/.test(text.replace(/\/\*[\s\S]*?\*\//g, ""))
        ? text
        : `SECTIONS {${text}\n}`,
    ).script();
    this.#statements.push(...inner.statements);
    this.#regions.push(...inner.regions);
    for (const [alias, region] of inner.regionAliases) this.#regionAliases.set(alias, region);
    this.#inserted.push(...inner.inserted);
    this.#noCrossReferences.push(...inner.noCrossReferences);
    this.#externs.push(...inner.externs);
    this.usesHeaders ||= inner.usesHeaders;
    this.#inputs.push(...inner.inputs);
    this.#entry = inner.entry ?? this.#entry;
    this.#phdrs = inner.phdrs ?? this.#phdrs;
  }

  #programHeaders(): ProgramHeader[] {
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
        else if (word === "AT") loadAddress = this.#argument();
        else if (word === "FLAGS") flags = this.#argument();
        else throw this.error(`unexpected ${word} in PHDRS`);
      }
      headers.push({ name, type, hasFileHeader, hasProgramHeaders, loadAddress, flags });
    }
    return headers;
  }

  #argument(): Expression {
    this.expect("(");
    const value = this.expression();
    this.expect(")");
    return value;
  }

  #topLevel(): Assignment | Assertion {
    const statement = this.#assignmentOrAssertion();
    if (!statement) throw this.error(`unexpected ${this.found()}`);
    return statement;
  }

  #sectionsStatement(): (Assignment | Assertion | OutputSection)[] {
    if (this.peek("name")?.text === "ENTRY") {
      this.word();
      this.#entry = this.parenthesised();
      return [];
    }
    if (this.peek("name")?.text === "OVERLAY") return this.#overlay();
    return [this.#assignmentOrAssertion() ?? this.#outputSection()];
  }

  /** `name = expr;`, PROVIDE(...), ASSERT(...); null when it is something else and nothing was consumed. */
  #assignmentOrAssertion(): Assignment | Assertion | null {
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
    const mode = { PROVIDE: "provide", HIDDEN: "hidden", PROVIDE_HIDDEN: "provide-hidden" }[token.text] as
      | Assignment["mode"]
      | undefined;
    if (mode) {
      this.expect("(");
      const name = this.word("expression");
      this.expect("=");
      const value = this.expression();
      this.expect(")");
      this.accept(";");
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

  #outputSection(): OutputSection {
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
      if (word === "AT") loadAddress = this.#argument();
      else if (word === "ALIGN") align = this.#argument();
      else if (word === "SUBALIGN") subalign = this.#argument();
    }
    if (align && alignsWithInput) throw this.error(`section ${name.text} has both ALIGN and ALIGN_WITH_INPUT`);
    const statements = this.#body();
    const region = this.accept(">") ? this.word().text : null;
    let loadRegion: string | null = null;
    if (this.peek("expression")?.text === "AT") {
      this.word("expression");
      this.expect(">");
      loadRegion = this.word().text;
    }
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

  #body(): SectionStatement[] {
    this.expect("{");
    const statements: SectionStatement[] = [];
    while (!this.accept("}")) {
      if (this.accept(";") || this.accept(",")) continue;
      if (this.peek("name")?.text === "INCLUDE") {
        this.word();
        statements.push(...this.#included((text) => `{${text}\n}`).#body());
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
   * `OVERLAY address : AT(load) { .one { ... } .two { ... } }`: sections at one address, which lie behind each other in
   * the file.
   */
  #overlay(): OutputSection[] {
    const { line } = this.word();
    const address = this.peek("expression")?.text === ":" ? null : this.expression();
    this.expect(":");
    let loadAddress: Expression | null = null;
    let hasRule = false;
    for (let word = this.peek("expression")?.text; word !== "{"; word = this.peek("expression")?.text) {
      if (word !== "AT" && word !== "NOCROSSREFS")
        throw this.error(`expected { for the overlay, found ${this.found()}`);
      this.word("expression");
      if (word === "AT") loadAddress = this.#argument();
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
      parts.push({ name: name.text, line: name.line, statements: this.#body(), ...this.#headersAndFill() });
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
    if (hasRule) this.#noCrossReferences.push({ sections: names, onlyToFirst: false });
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
    const dataBytes = { BYTE: 1, SHORT: 2, LONG: 4, QUAD: 8, SQUAD: 8 }[this.peek("expression")?.text ?? ""] as
      | DataStatement["sizeBytes"]
      | undefined;
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
      const input = this.#input(true);
      this.expect(")");
      return [input];
    }
    this.at = start;
    this.line = line;
    const simple = this.#assignmentOrAssertion();
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
    let file = this.word().text;
    if (file === "INPUT_SECTION_FLAGS") {
      flags = this.#inputFlags();
      file = this.word().text;
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
    if (!startsName(file)) throw this.error(`unexpected ${file || "an empty name"} in a section`);
    const patterns: SectionPattern[] = [];
    if (this.accept("(")) while (!this.accept(")")) patterns.push(...this.#patterns([], []));
    return { kind: "input", file, sortFiles, exclude, patterns, keep, flags };
  }

  #patterns(sort: readonly SortKind[], exclude: readonly string[]): SectionPattern[] {
    this.accept(",");
    const word = this.word();
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
      const files = this.list();
      return this.nested(() => this.#patterns(sort, files));
    }
    if (!startsName(word.text)) throw this.error(`unexpected ${word.text || "an empty name"} in a list of sections`);
    return [{ pattern: word.text, sort, exclude }];
  }

  #memory(): MemoryRegion[] {
    const regions: MemoryRegion[] = [];
    this.expect("{");
    while (!this.accept("}")) {
      if (this.peek("name")?.text === "INCLUDE") {
        this.word();
        regions.push(...this.#included((text) => `{${text}\n}`).#memory());
        continue;
      }
      const name = this.word("expression").text;
      let attributes = "";
      if (this.accept("(")) while (!this.accept(")")) attributes += this.word().text;
      this.expect(":");
      const field = (names: readonly string[]): Expression => {
        const word = this.next("expression");
        if (!word || !names.includes(word.text))
          throw this.error(`expected ${names[0]} in MEMORY, found ${word?.text ?? "the end"}`);
        this.expect("=");
        return this.expression();
      };
      const origin = field(["ORIGIN", "org", "o"]);
      this.expect(",");
      regions.push({ name, attributes, origin, length: field(["LENGTH", "len", "l"]) });
      this.accept(",");
    }
    return regions;
  }
}

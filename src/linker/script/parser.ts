/**
 * Linker scripts (GNU ld 2.40, "Linker Scripts"): from text to the tree of tree.ts. This is the outermost layer, the
 * commands; sections, expressions and words have classes of their own, each extending the one below it.
 */

import type { Token } from "./lexer.ts";
import { SectionParser } from "./section-parser.ts";
import type {
  Assertion,
  Assignment,
  Expression,
  InsertedStatements,
  LinkerScript,
  MemoryRegion,
  OutputSection,
  ProgramHeader,
  ScriptInput,
} from "./tree.ts";

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
  PT_GNU_EH_FRAME: 0x6474e550,
  PT_GNU_STACK: 0x6474e551,
  PT_GNU_RELRO: 0x6474e552,
};

/** Parses a script. Throws `ScriptError` with the line. */
export function parseScript(text: string, path: string, read: ScriptReader = () => null): LinkerScript {
  return new Parser(text, path, read, 0).script();
}

class Parser extends SectionParser {
  readonly #read: ScriptReader;
  #entry: string | null = null;
  #outputFormat: string | null = null;
  #outputFile: string | null = null;
  #allocatesGroups = false;
  #forcesCommon = false;
  readonly #regions: MemoryRegion[] = [];
  readonly #regionAliases = new Map<string, string>();
  #statements: (Assignment | Assertion | OutputSection)[] = [];
  readonly #inserted: InsertedStatements[] = [];
  readonly #externs: string[] = [];
  readonly #inputs: ScriptInput[] = [];
  readonly #searchFolders: string[] = [];
  #phdrs: readonly ProgramHeader[] | null = null;

  /** What each command does; the cursor is after its word. */
  readonly #commands: ReadonlyMap<string, (command: Token) => void> = new Map<string, (command: Token) => void>([
    ["ENTRY", () => (this.#entry = this.parenthesised())],
    ["OUTPUT_FORMAT", () => (this.#outputFormat = this.list()[0] ?? null)],
    ["OUTPUT", () => (this.#outputFile = this.list()[0] ?? null)],
    ["FORCE_GROUP_ALLOCATION", () => (this.#allocatesGroups = true)],
    ["FORCE_COMMON_ALLOCATION", () => (this.#forcesCommon = true)],
    ...["OUTPUT_ARCH", "TARGET", "INHIBIT_COMMON_ALLOCATION", "LD_FEATURE"].map(
      (name) => [name, () => this.#skipList()] as const,
    ),
    ["NOCROSSREFS", () => this.noCrossReferences.push({ sections: this.list(), onlyToFirst: false })],
    ["NOCROSSREFS_TO", () => this.noCrossReferences.push({ sections: this.list(), onlyToFirst: true })],
    ["REGION_ALIAS", () => this.#regionAlias()],
    ["INSERT", ({ line }) => this.#insert(line)],
    ["SEARCH_DIR", () => this.#searchFolders.push(...this.list())],
    ["EXTERN", () => this.#externs.push(...this.list())],
    ...["INPUT", "GROUP", "STARTUP"].map((name) => [name, () => this.#input(name)] as const),
    ["MEMORY", () => this.#regions.push(...this.#memory())],
    ["PHDRS", () => (this.#phdrs = this.#programHeaders())],
    ["INCLUDE", () => this.#include()],
    ["SECTIONS", () => this.#sections()],
  ]);

  constructor(text: string, path: string, read: ScriptReader, depth: number) {
    super(text, path, depth);
    this.#read = read;
  }

  script(): LinkerScript {
    for (;;) {
      const token = this.peek("name");
      if (token === null) break;
      if (this.accept(";")) continue;
      const command = this.#commands.get(token.text);
      if (command === undefined) this.#statements.push(this.#topLevel());
      else {
        this.word();
        command(token);
      }
    }
    return {
      path: this.path,
      entry: this.#entry,
      outputFormat: this.#outputFormat,
      outputFile: this.#outputFile,
      regions: this.#regions,
      regionAliases: this.#regionAliases,
      statements: this.#statements,
      inserted: this.#inserted,
      noCrossReferences: this.noCrossReferences,
      allocatesGroups: this.#allocatesGroups,
      forcesCommon: this.#forcesCommon,
      usesHeaders: this.usesHeaders,
      externs: this.#externs,
      inputs: this.#inputs,
      searchFolders: this.#searchFolders,
      phdrs: this.#phdrs,
    };
  }

  #skipList(): void {
    if (this.peek("expression")?.text === "(") this.list();
  }

  #regionAlias(): void {
    const isRegion = (name: string): boolean =>
      this.#regionAliases.has(name) || this.#regions.some((region) => region.name === name);
    const [alias = "", region = ""] = this.list();
    if (isRegion(alias)) throw this.error(`the memory region ${alias} is declared twice`);
    if (alias === "*default*") throw this.error("the default memory region can have no alias");
    if (!isRegion(region)) throw this.error(`there is no memory region ${region} for the alias ${alias}`);
    this.#regionAliases.set(alias, region);
  }

  /** All statements so far go to where the command says. */
  #insert(line: number): void {
    const place = this.word().text;
    if (place !== "AFTER" && place !== "BEFORE") throw this.error(`expected AFTER or BEFORE, found ${place}`);
    this.#inserted.push({
      statements: this.#statements,
      place: place === "AFTER" ? "after" : "before",
      section: this.word().text,
      line,
    });
    this.#statements = [];
  }

  #input(command: string): void {
    this.#inputs.push({
      names: this.list().filter((name) => name !== "AS_NEEDED" && name !== "(" && name !== ")"),
      isGroup: command === "GROUP",
      isFirst: command === "STARTUP",
    });
  }

  #sections(): void {
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
  }

  /** A parser for an INCLUDE's file: `wrap` puts its text into the command in which the INCLUDE stands. */
  protected override included(wrap: (text: string) => string): Parser {
    const name = this.word().text;
    const file = this.#read(name);
    if (file === null) throw this.error(`there is no file ${name} to include`);
    if (this.depth >= 16) throw this.error(`the scripts include each other: ${name}`);
    return new Parser(wrap(file.text), file.path, this.#read, this.depth + 1);
  }

  /** Whole commands, or whole statements of SECTIONS. */
  #include(): void {
    const inner = this.included((text) =>
      /^\s*(SECTIONS|MEMORY|ENTRY|PHDRS|INCLUDE|OUTPUT|INPUT|GROUP)/.test(text.replace(/\/\*[\s\S]*?\*\//g, ""))
        ? text
        : `SECTIONS {${text}\n}`,
    ).script();
    this.#statements.push(...inner.statements);
    this.#regions.push(...inner.regions);
    for (const [alias, region] of inner.regionAliases) this.#regionAliases.set(alias, region);
    this.#inserted.push(...inner.inserted);
    this.noCrossReferences.push(...inner.noCrossReferences);
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
        else if (word === "AT") loadAddress = this.argument();
        else if (word === "FLAGS") flags = this.argument();
        else throw this.error(`unexpected ${word} in PHDRS`);
      }
      headers.push({ name, type, hasFileHeader, hasProgramHeaders, loadAddress, flags });
    }
    return headers;
  }

  #topLevel(): Assignment | Assertion {
    const statement = this.assignmentOrAssertion();
    if (!statement) throw this.error(`unexpected ${this.found()}`);
    return statement;
  }

  #sectionsStatement(): (Assignment | Assertion | OutputSection)[] {
    if (this.peek("name")?.text === "ENTRY") {
      this.word();
      this.#entry = this.parenthesised();
      return [];
    }
    if (this.peek("name")?.text === "OVERLAY") return this.overlay();
    return [this.assignmentOrAssertion() ?? this.outputSection()];
  }

  #memory(): MemoryRegion[] {
    const regions: MemoryRegion[] = [];
    this.expect("{");
    while (!this.accept("}")) {
      if (this.peek("name")?.text === "INCLUDE") {
        this.word();
        regions.push(...this.included((text) => `{${text}\n}`).#memory());
        continue;
      }
      const name = this.word().text;
      let attributes = "";
      if (this.accept("(")) while (!this.accept(")")) attributes += this.word().text;
      const unknown = /[^rwxail!]/i.exec(attributes);
      if (unknown)
        throw this.error(`\`${unknown[0]}' is no attribute of a memory region: there are r, w, x, a, i, l and !`);
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

/**
 * The map of a link in the form of GNU ld 2.40: archive members and why they were linked, common symbols, discarded
 * sections, memory regions, and the script with what each of its statements came to. Columns and line breaks are GNU's,
 * so that what reads its maps reads ours.
 */

import type { InputSection } from "./input-section.ts";
import type { LinkInput } from "./inputs.ts";
import { DEFAULT_REGION } from "./memory-regions.ts";
import type { OutputSection, Piece, Statement } from "./output-section.ts";
import { DEFINES_PATH, type Program } from "./program.ts";
import { assertionText, assignmentText, expressionText, inputText } from "./script/text.ts";
import type { Assignment } from "./script/tree.ts";
import { SEC_GROUP } from "./section-flags.ts";
import type { TopStatement } from "./top-statement.ts";

export interface MapOptions {
  readonly outputPath: string;
  /** As `--oformat` names it. */
  readonly format: string;
  /** The list of sections that are not linked (--print-map-discarded). */
  readonly listsDiscarded: boolean;
  /** How a symbol is shown. */
  readonly nameOf: (symbol: string) => string;
}

/** Column in which addresses begin. */
const NAME_COLUMNS = 16;

const address = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, "0")}`;
const size = (bytes: number): string => `0x${bytes.toString(16)}`.padStart(10);
const blanks = (count: number): string => " ".repeat(count);
/** A value in the column of addresses, and a statement of the script after it. */
const statementLine = (value: string, text: string): string => `${blanks(NAME_COLUMNS)}${value}${blanks(24)}${text}`;

export function linkMap(program: Program, options: MapOptions): string {
  return new LinkMap(program, options).text();
}

class LinkMap {
  readonly #program: Program;
  readonly #options: MapOptions;
  readonly #lines: string[] = [];
  /** The location counter, as far as the map has come. */
  #dot = 0;
  readonly #symbolsOf = new Map<InputSection, { readonly name: string; readonly value: number }[]>();

  constructor(program: Program, options: MapOptions) {
    this.#program = program;
    this.#options = options;
    for (const { name, section, value, isDefined } of program.symbols.walk()) {
      if (!section || !isDefined) continue;
      const place = section.place(value);
      const list = this.#symbolsOf.get(place.section);
      const entry = { name, value: place.offset };
      if (list) list.push(entry);
      else this.#symbolsOf.set(place.section, [entry]);
    }
    for (const list of this.#symbolsOf.values()) list.sort((a, b) => a.value - b.value);
  }

  text(): string {
    this.#archiveMembers();
    this.#commonSymbols();
    if (this.#options.listsDiscarded) this.#discarded();
    this.#memory();
    this.#lines.push("", "Linker script and memory map", "");
    const { commandOrder = ["file", "script"] } = this.#program.options;
    const { statements } = this.#program.placement;
    const isDefine = (statement: TopStatement): boolean =>
      statement.kind === "assign" && statement.scriptPath === DEFINES_PATH;
    const isLast = (statement: TopStatement): boolean =>
      statement.kind === "section" &&
      statement.section.command === null &&
      (this.#program.options.sectionStart?.has(statement.section.name) ?? false);
    const files = this.#program.files.map(fileLines).filter(({ length }) => length > 0);
    const defines = statements.filter(isDefine);
    const starts = [...(this.#program.options.sectionStart ?? [])].map(
      ([name, start]) => `Address of section ${name} set to 0x${start.toString(16)}`,
    );
    const end = statements.findIndex(({ kind }) => kind === "end");
    for (const item of commandOrder) {
      if (item === "file") this.#lines.push(...(files.shift() ?? []));
      else if (item === "section-start") this.#lines.push(starts.shift()!);
      else if (item === "define") {
        const define = defines.shift();
        if (define) this.#statement(define);
      } else
        for (const statement of statements.slice(0, end))
          if (!isDefine(statement) && !isLast(statement)) this.#statement(statement);
    }
    this.#lines.push(...files.flat(), `OUTPUT(${this.#options.outputPath} ${this.#options.format})`);
    for (const statement of [...statements.filter(isLast), ...statements.slice(end)]) this.#statement(statement);
    if (this.#program.placement.discardsOrphans) this.#lines.push("", "/DISCARD/");
    return `${this.#lines.join("\n")}\n`;
  }

  #archiveMembers(): void {
    const { included } = this.#program;
    if (included.length === 0) return;
    this.#lines.push("Archive member included to satisfy reference by file (symbol)", "");
    for (const { member, reference, symbol } of included) {
      const cause = `${reference === null ? "" : `${reference} `}(${this.#options.nameOf(symbol)})`;
      if (member.length >= 29) this.#lines.push(member, `${blanks(30)}${cause}`);
      else this.#lines.push(`${member.padEnd(30)}${cause}`);
    }
  }

  #commonSymbols(): void {
    const { commons } = this.#program;
    if (commons.length === 0) return;
    this.#lines.push("", "Allocating common symbols", "Common symbol       size              file", "");
    for (const { name: symbol, sizeBytes, path } of commons) {
      const name = this.#options.nameOf(symbol);
      const rest = `0x${sizeBytes.toString(16)}`.padEnd(18) + path;
      if (name.length >= 19) this.#lines.push(name, `${blanks(20)}${rest}`);
      else this.#lines.push(`${name.padEnd(20)}${rest}`);
    }
  }

  #discarded(): void {
    const sections = this.#program.objects.flatMap((object) => {
      const isMissing = (section: InputSection | null): section is InputSection =>
        section !== null &&
        !section.isStripped &&
        !section.isUnlisted &&
        (section.output === null ||
          section.isDiscarded ||
          (!this.#program.keepsGroups && (section.flags & SEC_GROUP) !== 0));
      return [...object.sections.filter(isMissing), ...[object.common].filter(isMissing)];
    });
    if (sections.length === 0) return;
    this.#lines.push("", "Discarded input sections", "");
    for (const section of sections) {
      const sizeBytes = section.moved === null || section.merged !== null ? section.elf.sizeBytes : section.sizeBytes;
      this.#section(` ${section.name}`, 0, section.mapBytes ?? (sizeBytes || section.sizeBytes), section.object.path);
      this.#sizeBefore(section, sizeBytes);
    }
  }

  /** Of a section that was rearranged, where it is not as large as the map says before. */
  #sizeBefore({ moved, elf }: InputSection, sizeBytes: number): void {
    if (moved !== null && elf.sizeBytes !== sizeBytes && elf.sizeBytes !== 0)
      this.#lines.push(`${blanks(NAME_COLUMNS + 11)}${size(elf.sizeBytes)} (size before relaxing)`);
  }

  #memory(): void {
    this.#lines.push(
      "",
      "Memory Configuration",
      "",
      "Name             Origin             Length             Attributes",
    );
    for (const { name, origin, length } of this.#program.layout.regions.all()) {
      const isDefault = name === DEFAULT_REGION;
      const attributes = isDefault
        ? ""
        : attributesText(
            this.#program.layout.regions.declared.find((region) => region.name === name)?.attributes ?? "",
          );
      const columns = `${name.padEnd(16)} ${address(origin)}         ${address(isDefault ? length - 1 : length)}`;
      this.#lines.push(attributes === "" ? columns : `${columns}         ${attributes}`);
    }
  }

  #statement(statement: TopStatement): void {
    // The linker's own __start_ and __stop_ symbols stand in no line.
    if (statement.kind === "assign") {
      if (statement.assignment.line > 0 || statement.assignment.mode !== "provide")
        this.#assignment(statement.assignment, null);
    } else if (statement.kind === "assert")
      this.#assertion(
        assertionText(statement.assertion.condition, statement.assertion.message),
        statement.assertion.condition,
      );
    else if (statement.kind === "section") this.#outputSection(statement.section);
  }

  #assertion(text: string, condition: Parameters<typeof expressionText>[0]): void {
    this.#lines.push(
      statementLine(address(Number(BigInt.asUintN(32, this.#program.layout.exactlyAt(condition, this.#dot)))), text),
    );
  }

  #assignment(assignment: Assignment, section: OutputSection | null): void {
    const { name, value, mode } = assignment;
    let shown: string;
    if (name === ".") {
      const result = this.#program.layout.evaluateDot(value, this.#dot, section);
      if (result !== null) this.#dot = result.address;
      shown = result === null ? "*undef*   " : address(result.value);
    } else if (mode.startsWith("provide") && !this.#program.layout.wasProvided(assignment)) shown = "[!provide]";
    else {
      const symbol = this.#program.symbols.get(name);
      shown = symbol?.isDefined ? address(symbol.address()) : "*undef*   ";
    }
    this.#lines.push(statementLine(shown, assignmentText(assignment)));
  }

  /** A name and what lies in its place; a name that is too long has a line of its own. */
  #section(name: string, start: number, sizeBytes: number, rest: string): void {
    const columns = `${address(start)} ${size(sizeBytes)}${rest === "" ? "" : ` ${rest}`}`;
    if (name.length >= NAME_COLUMNS - 1) this.#lines.push(name, blanks(NAME_COLUMNS) + columns);
    else this.#lines.push(name.padEnd(NAME_COLUMNS) + columns);
  }

  #outputSection(section: OutputSection): void {
    this.#lines.push("");
    const { name } = section;
    if (!section.exists || name === "/DISCARD/") {
      this.#lines.push(name);
      for (const inner of section.statements) this.#inner(section, inner);
      return;
    }
    this.#dot = section.address;
    const load =
      section.loadAddress >>> 0 !== section.address >>> 0 ? `load address ${address(section.loadAddress)}` : "";
    this.#section(name, section.address, section.sizeBytes, load);
    for (const inner of section.statements) this.#inner(section, inner);
  }

  #inner(section: OutputSection, statement: Statement): void {
    switch (statement.kind) {
      case "wild": {
        const pattern = this.#program.placement.patternOf(statement);
        if (pattern) this.#lines.push(` ${inputText(pattern)}`);
        for (const input of statement.sections) {
          this.#fill(section, (piece) => piece.before === input);
          this.#input(input);
        }
        break;
      }
      case "assign":
        this.#assignment(statement.assignment, section);
        this.#fill(section, (piece) => piece.after === statement);
        break;
      case "assert":
        this.#assertion(assertionText(statement.condition, statement.message), statement.condition);
        break;
      case "fill":
        this.#lines.push(
          ` FILL mask 0x${[...this.#program.layout.fillOf(statement.value)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`,
        );
        break;
      case "data": {
        const { word, sizeBytes, value } = statement.statement;
        const piece = section.pieces.find(
          (candidate) => candidate.kind === "data" && candidate.statement === statement.statement,
        );
        const start = section.address + (piece?.kind === "data" ? piece.offset : 0);
        const result = BigInt.asUintN(64, this.#program.layout.exactlyAt(value, start));
        const source = value.kind === "number" ? "" : ` ${expressionText(value)}`;
        this.#lines.push(
          `${blanks(NAME_COLUMNS)}${address(start)} ${size(sizeBytes)} ${word} 0x${result.toString(16)}${source}`,
        );
        this.#dot = Math.max(this.#dot, start + sizeBytes);
        break;
      }
    }
  }

  /** A gap before an input section, or after an assignment to the location counter. */
  #fill(section: OutputSection, isWanted: (gap: Extract<Piece, { kind: "gap" }>) => boolean): void {
    const gap = section.pieces.find((piece) => piece.kind === "gap" && isWanted(piece));
    if (gap?.kind !== "gap") return;
    const pattern = gap.fill ? [...gap.fill].map((byte) => byte.toString(16).padStart(2, "0")).join("") : "";
    this.#lines.push(
      `${" *fill*".padEnd(NAME_COLUMNS)}${address(section.address + gap.offset)} ${size(gap.sizeBytes)} ${pattern}`,
    );
    this.#dot = Math.max(this.#dot, section.address + gap.offset + gap.sizeBytes);
  }

  #input(input: InputSection): void {
    const start = (input.output?.address ?? 0) + input.offset;
    // All strings of a section that lies in others now still count here, as they do in GNU ld's map.
    const sizeBytes = input.mapBytes ?? (input.isMergedAway ? input.elf.sizeBytes : input.sizeBytes);
    this.#section(` ${input.name}`, start, sizeBytes, input.object.path);
    if (!input.isMergedAway) this.#sizeBefore(input, sizeBytes);
    if (input.output?.excluded !== true)
      for (const { name, value } of this.#symbolsOf.get(input) ?? [])
        this.#lines.push(
          `${blanks(NAME_COLUMNS)}${address(start + value)}${blanks(NAME_COLUMNS)}${this.#options.nameOf(name)}`,
        );
    this.#dot = Math.max(this.#dot, start + sizeBytes);
  }
}

/** LOAD for each file; groups are marked. */
function fileLines(input: LinkInput): string[] {
  if (input.kind === "file") return [`LOAD ${input.path}`];
  if (input.kind === "assignments") return input.path === undefined ? [] : [`LOAD ${input.path}`];
  if (input.kind === "named") return [];
  if (input.kind === "object") return [`LOAD ${input.elf.path}`];
  return ["START GROUP", ...input.inputs.flatMap(fileLines), "END GROUP"];
}

/** What a region takes, then what it refuses; `i` and `l` mean the same. */
function attributesText(attributes: string): string {
  const [wanted = "", refused = ""] = attributes.toLowerCase().split("!");
  const shown = (letters: string): string =>
    [..."axrwl"].filter((letter) => letters.includes(letter) || (letter === "l" && letters.includes("i"))).join("");
  return shown(wanted) + (refused === "" ? "" : `!${shown(refused)}`);
}

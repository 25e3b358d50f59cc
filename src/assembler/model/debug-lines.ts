/**
 * Collects which source line each instruction came from: of the assembly source itself (`-g`), or of a compiler's
 * source as its `.file` and `.loc` directives say. The tables for debuggers are made from it after layout.
 */

import type { AtomTable } from "./atom.ts";
import type { Cursor } from "./cursor.ts";
import type { Expression } from "./expression.ts";
import { combine, constant, knownDifference, node, Op, symbolExpression } from "./expression.ts";
import { Kind } from "./fragment.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { Reporter } from "./reporter.ts";
import type { Subsection } from "./section.ts";
import type { Sections } from "./sections.ts";
import type { AssemblySymbol } from "./symbol.ts";
import type { SymbolTable } from "./symbols.ts";

export interface LocationOptions {
  isStatement: boolean;
  basicBlock: boolean;
  prologueEnd: boolean;
  epilogueBegin: boolean;
  isa: number;
  discriminator: number;
  /** Name to give the view's number to; "" without one, null when no view was asked for. */
  view: string | null;
  /** The view counts from 0 here (`view -0`). */
  resetsView: boolean;
}

/** A row of the line table, before addresses are known. */
export interface LineEntry {
  readonly fragment: number;
  readonly position: number;
  readonly file: number;
  readonly line: number;
  readonly column: number;
  /** Null for the plain rows of assembly sources. */
  readonly options: LocationOptions | null;
}

export interface DebugFile {
  readonly directory: string;
  readonly name: string;
  readonly md5: Uint8Array | null;
}

/** What an entry of the line table takes in memory up to the end, about. */
const ENTRY_BYTES = 250;

export class DebugLines {
  readonly #cursor: Cursor;
  readonly #reporter: Reporter;
  readonly #memory: MemoryBudget;
  readonly #atoms: AtomTable;
  readonly #sections: Sections;
  readonly #symbols: SymbolTable;
  /** Instructions are to be told to `instruction`. */
  isOn: boolean;
  /** Lines of the assembly source are wanted and no `.loc` has said otherwise. */
  #isGenerated: boolean;
  readonly entries = new Map<Subsection, LineEntry[]>();
  readonly files: (DebugFile | null)[] = [];
  readonly #generatedFiles = new Map<string, number>();
  /** What `.file 0` said of where the compiler ran, or "". */
  compilationDirectory = "";
  #pending: { file: number; line: number; column: number; options: LocationOptions } | null = null;
  /** Default of `is_stmt` for the next `.loc`. */
  isStatement = true;
  marksLabels = false;
  #usesViews = false;
  /** DWARF version that the directives used imply. */
  impliedVersion = 0;
  /** The last row of each subsection, for the numbers of views. */
  readonly #lastViews = new Map<Subsection, { place: AssemblySymbol; value: Expression }>();
  /** What a `.loc` says holds for the next ones, as far as they are silent about it. */
  column = 0;
  isa = 0;
  #lastSubsection: Subsection | null = null;
  #lastEntries: LineEntry[] = [];

  /** `isGenerated`: the lines of the assembly source itself are wanted. */
  constructor(
    isGenerated: boolean,
    cursor: Cursor,
    reporter: Reporter,
    memory: MemoryBudget,
    atoms: AtomTable,
    sections: Sections,
    symbols: SymbolTable,
  ) {
    this.#cursor = cursor;
    this.#reporter = reporter;
    this.#memory = memory;
    this.#atoms = atoms;
    this.#sections = sections;
    this.#symbols = symbols;
    this.#isGenerated = isGenerated;
    this.isOn = this.#isGenerated;
  }

  get isGenerated(): boolean {
    return this.#isGenerated;
  }

  /** An instruction begins at the current place. */
  instruction(): void {
    const current = this.#sections.current;
    if (current === null || !current.section.isCode || !current.section.isLoaded) {
      if (this.#pending !== null) this.#discard();
      return;
    }
    if (current !== this.#lastSubsection) {
      this.#lastSubsection = current;
      this.#lastEntries = this.entries.get(current) ?? [];
      if (this.#lastEntries.length === 0) this.entries.set(current, this.#lastEntries);
    }
    const entries = this.#lastEntries;
    const { position } = current;
    if (this.#pending !== null) {
      const { file, line, column, options } = this.#pending;
      this.#memory.hold(ENTRY_BYTES);
      // A row without a line only ends what was pending.
      if (line !== 0) {
        entries.push({ fragment: current.last, position, file, line, column, options });
        if (this.#usesViews || options.view !== null) this.#view(current, options);
      }
      this.#pending = null;
      this.isOn = this.#isGenerated;
      return;
    }
    if (!this.#isGenerated) return;
    const cursor = this.#cursor;
    const frame = cursor.frame!;
    let { debugPath: path, debugLine: line } = frame;
    if (line < 0) {
      path = frame.markers.length === 0 ? frame.origin.path : frame.pathAt(cursor.statementOffset);
      line = cursor.statementLine;
      const { firstLine, linesPerRound } = frame.origin;
      if (linesPerRound > 0) line = firstLine + ((line - firstLine) % linesPerRound);
    }
    const file = this.#generatedFiles.get(path) ?? this.#newGenerated(path);
    const last = entries.length > 0 ? entries[entries.length - 1]! : null;
    if (last !== null && last.line === line && last.file === file) return;
    this.#memory.hold(ENTRY_BYTES);
    entries.push({ fragment: current.last, position, file, line, column: 0, options: null });
  }

  #newGenerated(path: string): number {
    const number = Math.max(1, this.files.length);
    const slash = path.lastIndexOf("/");
    this.files[number] = {
      directory: slash < 0 ? "" : path.slice(0, slash) || "/",
      name: path.slice(slash + 1),
      md5: null,
    };
    this.#generatedFiles.set(path, number);
    return number;
  }

  /** `.file number ...` */
  file(number: number, directory: string, name: string, md5: Uint8Array | null): void {
    if (this.#isGenerated && this.entries.size === 0) this.#stopGenerating();
    if (number === 0 || md5 !== null) this.impliedVersion = 5;
    let folder = directory;
    let base = name;
    const slash = name.lastIndexOf("/");
    if (number === 0 && directory !== "") {
      // File 0 says where the compiler ran; its own folder stands in its name.
      this.compilationDirectory = directory;
      folder = slash > 0 ? name.slice(0, slash) : "";
      if (slash > 0) base = name.slice(slash + 1);
    } else if (directory === "" && slash >= 0) {
      folder = name.slice(0, slash) || "/";
      base = name.slice(slash + 1);
    }
    this.files[number] = { directory: folder, name: base, md5 };
  }

  hasFile(number: number): boolean {
    return this.files[number] !== undefined && this.files[number] !== null;
  }

  /** `.loc` */
  location(file: number, line: number, column: number, options: LocationOptions): void {
    this.#stopGenerating();
    if (this.#pending !== null) this.#flush();
    this.isStatement = options.isStatement;
    this.column = column;
    this.isa = options.isa;
    this.#pending = { file, line, column, options };
    this.isOn = true;
    // The row of a view is written at once, wherever the next instruction is.
    if (options.view !== null) this.#flush();
  }

  /** Rows in what is not loaded as code say nothing. */
  #discard(): void {
    this.#reporter.warnAt(
      "ignored-line",
      this.#cursor.statementOffset,
      "the line of a `.loc' is ignored in a section that holds no code",
      1,
    );
    this.#pending = null;
    this.isOn = this.#isGenerated;
  }

  /** A `.loc` without an instruction before the next one still is a row. */
  #flush(): void {
    const generated = this.#isGenerated;
    this.instruction();
    this.#isGenerated = generated;
  }

  #stopGenerating(): void {
    this.#isGenerated = false;
  }

  /** Numbers the rows that share an address: each is one more than the row before it. */
  #view(subsection: Subsection, options: LocationOptions): void {
    this.#usesViews = true;
    const symbols = this.#symbols;
    const sections = this.#sections;
    const place = symbols.temporary();
    const last = this.#lastViews.get(subsection);
    let value = constant(0);
    if (!options.resetsView && last !== undefined && !movesOn(last.place, place)) {
      const next = combine(Op.ADD, last.value, constant(1), () => {});
      const distance = knownDifference(place, last.place);
      if (distance === null) {
        // An alignment in between may or may not have taken room.
        const isSame = node(Op.EQUAL, symbolExpression(place), symbolExpression(last.place), 0);
        value = node(Op.MULTIPLY, node(Op.NEGATE, isSame, null, 0), next, 0);
      } else if (distance == 0) value = next;
    }
    this.#lastViews.set(subsection, { place, value });
    if (options.view === "" || options.view === null) return;
    const symbol = symbols.findOrMake(this.#atoms.internText(options.view), this.#cursor.offset);
    if (value.op === Op.CONSTANT) {
      symbol.section = sections.absolute;
      symbol.value = value.number;
    } else {
      symbol.section = sections.expression;
      symbol.expression = value;
    }
  }
}

/** Whether there certainly is room between two places: bytes or a jump. */
function movesOn(from: AssemblySymbol, to: AssemblySymbol): boolean {
  const { fragments } = from.section;
  let position = Number(from.value);
  for (let i = from.fragment; i !== to.fragment; i = fragments.nexts[i]!) {
    if (i < 0) return false;
    if (fragments.fixedSizes[i]! > position || fragments.kinds[i] === Kind.BRANCH) return true;
    position = 0;
  }
  return Number(to.value) > position;
}

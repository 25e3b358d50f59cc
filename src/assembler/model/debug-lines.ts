/**
 * Collects which source line each instruction came from: of the assembly source itself (`-g`), or of a compiler's
 * source as its `.file` and `.loc` directives say. The tables for debuggers are made from it after layout.
 */

import type { AtomTable } from "./atom.ts";
import type { Cursor } from "./cursor.ts";
import type { Expression } from "./expression.ts";
import { combine, constant, knownDifference, node, Op, symbolExpression } from "./expression.ts";
import type { Fragment } from "./fragment.ts";
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
  readonly fragment: Fragment;
  readonly position: number;
  file: number;
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
  /** The line of the assembly source that the last row is of. */
  #lastLine = -1;
  #lastFile = -1;

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
    const position = current.length - current.last.start;
    if (this.#pending !== null) {
      const { file, line, column, options } = this.#pending;
      this.#memory.hold(ENTRY_BYTES);
      // A row without a line only ends what was pending.
      if (line !== 0) {
        this.#entriesOf(current).push({ fragment: current.last, position, file, line, column, options });
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
    // A line that goes on in another section has no row there either: GNU as compares with the last row of all.
    if (line === this.#lastLine && file === this.#lastFile) return;
    this.#lastLine = line;
    this.#lastFile = file;
    this.#memory.hold(ENTRY_BYTES);
    this.#entriesOf(current).push({ fragment: current.last, position, file, line, column: 0, options: null });
  }

  #entriesOf(subsection: Subsection): LineEntry[] {
    if (subsection === this.#lastSubsection) return this.#lastEntries;
    let entries = this.entries.get(subsection);
    if (entries === undefined) {
      entries = [];
      this.entries.set(subsection, entries);
    }
    this.#lastSubsection = subsection;
    this.#lastEntries = entries;
    return entries;
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

  /**
   * Numbers the files of the assembly source in the order in which `entries`, those of the finished table, name them:
   * so far they have the order of the source.
   */
  numberFiles(entries: Iterable<LineEntry>): void {
    if (this.#generatedFiles.size < 2) return;
    const before = [...this.files];
    const numbers = new Map<number, number>();
    for (const entry of entries) {
      let number = numbers.get(entry.file);
      if (number === undefined) {
        number = numbers.size + 1;
        numbers.set(entry.file, number);
        this.files[number] = before[entry.file]!;
      }
      entry.file = number;
    }
    this.files.length = numbers.size + 1;
  }

  /** `.file number ...` */
  file(number: number, directory: string, name: string, md5: Uint8Array | null): void {
    if (this.#isGenerated) this.#forgetGenerated();
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

  /** A compiler says what the lines are: those of the assembly source so far were not wanted. */
  #forgetGenerated(): void {
    this.#stopGenerating();
    for (const rows of this.entries.values()) rows.length = 0;
    this.files.length = 0;
    this.#generatedFiles.clear();
    this.isOn = this.#pending !== null;
  }

  /** Numbers the rows that share an address: each is one more than the row before it. */
  #view(subsection: Subsection, options: LocationOptions): void {
    if (!this.#usesViews) this.#startViews();
    const value = this.#number(subsection, this.#symbols.temporary(), options.resetsView);
    if (options.view === "" || options.view === null) return;
    const symbol = this.#symbols.findOrMake(this.#atoms.internText(options.view), this.#cursor.offset);
    if (value.op === Op.CONSTANT) {
      symbol.section = this.#sections.absolute;
      symbol.value = value.number;
    } else {
      symbol.section = this.#sections.expression;
      symbol.expression = value;
    }
  }

  /** The first row with a view: the rows before it have numbers too. The newest row is the one with the view. */
  #startViews(): void {
    this.#usesViews = true;
    for (const [subsection, entries] of this.entries) {
      const before = entries === this.#lastEntries ? entries.slice(0, -1) : entries;
      for (const { fragment, position } of before) {
        const place = this.#symbols.temporary();
        place.section = subsection.section;
        place.fragment = fragment;
        place.value = position;
        this.#number(subsection, place, false);
      }
    }
  }

  #number(subsection: Subsection, place: AssemblySymbol, resets: boolean): Expression {
    const last = this.#lastViews.get(subsection);
    let value = constant(0);
    if (!resets && last !== undefined && !movesOn(last.place, place)) {
      const next = combine(Op.ADD, last.value, constant(1), () => {});
      const distance = knownDifference(place, last.place);
      if (distance === null) {
        // An alignment in between may or may not have taken room.
        const isSame = node(Op.EQUAL, symbolExpression(place), symbolExpression(last.place), 0);
        value = node(Op.MULTIPLY, node(Op.NEGATE, isSame, null, 0), next, 0);
      } else if (distance == 0) value = next;
    }
    this.#lastViews.set(subsection, { place, value });
    return value;
  }
}

/** Whether there certainly is room between two places: bytes or a jump. */
function movesOn(from: AssemblySymbol, to: AssemblySymbol): boolean {
  const last = to.fragment!;
  let fragment = from.fragment!;
  let position = Number(from.value);
  while (fragment !== last) {
    if (fragment.fixedSize > position || fragment.variable?.kind === "branch") return true;
    if (fragment.next === null) return false;
    fragment = fragment.next;
    position = 0;
  }
  return Number(to.value) > position;
}

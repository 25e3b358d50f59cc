/**
 * Collects which source line each instruction came from: of the assembly source itself (`-g`), or of a compiler's
 * source as its `.file` and `.loc` directives say. The tables for debuggers are made from it after layout.
 */

import type { Atom } from "./atom.ts";
import { grownInts } from "./columns.ts";
import type { Cursor } from "./cursor.ts";
import type { Expression } from "./expression.ts";
import { combine, constant, node, Op, symbolExpression } from "./expression.ts";
import { type FragmentTable, Kind } from "./fragment.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { Reporter } from "./reporter.ts";
import type { Subsection } from "./section.ts";
import type { Sections } from "./sections.ts";
import type { StabLines } from "./stabs.ts";
import type { SymbolTable } from "./symbols.ts";

export interface LocationOptions {
  isStatement: boolean;
  basicBlock: boolean;
  prologueEnd: boolean;
  epilogueBegin: boolean;
  isa: number;
  discriminator: number;
  hasView: boolean;
  /** Name to give the view's number to. */
  view: Atom | null;
  /** The view counts from 0 here (`view -0`). */
  resetsView: boolean;
}

/** A row of the line table, before addresses are known. */
export interface LineEntry {
  fragment: number;
  position: number;
  file: number;
  line: number;
  column: number;
  /** Null for the plain rows of assembly sources. */
  options: LocationOptions | null;
}

const FIRST_CAPACITY = 64;
/** What options say besides numbers, as bits. */
const OPTION_BITS = 5;

/** The rows of a subsection, in columns: there may be one for every instruction. */
export class LineEntries {
  count = 0;
  #fragments = new Int32Array(FIRST_CAPACITY);
  #positions = new Int32Array(FIRST_CAPACITY);
  #files = new Int32Array(FIRST_CAPACITY);
  #lines = new Int32Array(FIRST_CAPACITY);
  #columns = new Int32Array(FIRST_CAPACITY);
  /** Positions in `#kinds`. */
  #options = new Int32Array(FIRST_CAPACITY);
  readonly #kinds: (LocationOptions | null)[] = [null];
  readonly #known = new Map<number, number>();

  add(
    fragment: number,
    position: number,
    file: number,
    line: number,
    column: number,
    options: LocationOptions | null,
  ): void {
    const i = this.count++;
    if (i === this.#lines.length) {
      this.#fragments = grownInts(this.#fragments);
      this.#positions = grownInts(this.#positions);
      this.#files = grownInts(this.#files);
      this.#lines = grownInts(this.#lines);
      this.#columns = grownInts(this.#columns);
      this.#options = grownInts(this.#options);
    }
    this.#fragments[i] = fragment;
    this.#positions[i] = position;
    this.#files[i] = file;
    this.#lines[i] = line;
    this.#columns[i] = column;
    this.#options[i] = options === null ? 0 : this.#kindOf(options);
  }

  /** Rows that say the same share their options; names of views are of no interest any more. */
  #kindOf(options: LocationOptions): number {
    const { isa, discriminator } = options;
    const key =
      (((isa * 2 ** 24 + discriminator) << OPTION_BITS) |
        (options.isStatement ? 1 : 0) |
        (options.basicBlock ? 2 : 0) |
        (options.prologueEnd ? 4 : 0) |
        (options.epilogueBegin ? 8 : 0) |
        (options.resetsView ? 16 : 0)) >>>
      0;
    const isKept = isa >= 0 && isa < 8 && discriminator >= 0 && discriminator < 2 ** 24;
    const known = isKept ? this.#known.get(key) : undefined;
    if (known !== undefined) return known;
    const kind = this.#kinds.push(options) - 1;
    if (isKept) this.#known.set(key, kind);
    return kind;
  }

  renumberFiles(numberOf: (file: number) => number): void {
    for (let i = 0; i < this.count; i++) this.#files[i] = numberOf(this.#files[i]!);
  }

  /** The row at an index, in an object that the caller uses again. */
  read(i: number, into: LineEntry): void {
    into.fragment = this.#fragments[i]!;
    into.position = this.#positions[i]!;
    into.file = this.#files[i]!;
    into.line = this.#lines[i]!;
    into.column = this.#columns[i]!;
    into.options = this.#kinds[this.#options[i]!]!;
  }
}

export interface DebugFile {
  readonly directory: string;
  readonly name: string;
  readonly md5: Uint8Array | null;
}

/** What an entry of the line table takes in memory up to the end, about. */
const ENTRY_BYTES = 50;

/** The view that most rows have. */
const NO_VIEW = constant(0);

export class DebugLines {
  readonly #cursor: Cursor;
  readonly #reporter: Reporter;
  readonly #memory: MemoryBudget;
  readonly #sections: Sections;
  readonly #symbols: SymbolTable;
  /** Gets the lines of the assembly source in place of the table here (`--gstabs`). */
  readonly stabs: StabLines | null;
  /** Instructions are to be told to `instruction`. */
  isOn: boolean;
  /** Lines of the assembly source are wanted and no `.loc` has said otherwise. */
  #isGenerated: boolean;
  readonly entries = new Map<Subsection, LineEntries>();
  readonly files: (DebugFile | null)[] = [];
  readonly #generatedFiles = new Map<string, number>();
  /** Those of `.file`, in its order; empty while lines are of the assembly source. */
  readonly givenFiles: DebugFile[] = [];
  /** What `.file 0` said of where the compiler ran, or "". */
  compilationDirectory = "";
  #pending: { file: number; line: number; column: number; options: LocationOptions } | null = null;
  /** Default of `is_stmt` for the next `.loc`. */
  isStatement = true;
  marksLabels = false;
  /** Between `.func` and `.endfunc`. */
  isInRoutine = false;
  #usesViews = false;
  /** DWARF version that the directives used imply. */
  impliedVersion = 0;
  /** The last row of each subsection, for the numbers of views. */
  readonly #lastViews = new Map<Subsection, { fragment: number; position: number; value: Expression }>();
  /** What a `.loc` says holds for the next ones, as far as they are silent about it. */
  column = 0;
  isa = 0;
  #lastSubsection: Subsection | null = null;
  #lastEntries = new LineEntries();
  /** The line of the assembly source that the last row is of. */
  #lastLine = -1;
  #lastFile = -1;

  /** `isGenerated`: the lines of the assembly source itself are wanted. */
  constructor(
    isGenerated: boolean,
    cursor: Cursor,
    reporter: Reporter,
    memory: MemoryBudget,
    sections: Sections,
    symbols: SymbolTable,
    stabs: StabLines | null,
  ) {
    this.stabs = stabs;
    this.#cursor = cursor;
    this.#reporter = reporter;
    this.#memory = memory;
    this.#sections = sections;
    this.#symbols = symbols;
    this.#isGenerated = isGenerated;
    this.isOn = this.#wantsAll;
  }

  /** Each instruction's line is wanted, whatever `.loc` says. */
  get #wantsAll(): boolean {
    return this.#isGenerated || this.stabs !== null;
  }

  get isGenerated(): boolean {
    return this.#isGenerated;
  }

  /** An instruction begins at the current place. */
  instruction(): void {
    if (this.stabs !== null) {
      const { path, line } = this.place();
      this.stabs.instruction(path, line);
    }
    const current = this.#sections.current;
    if (current === null || !current.section.isCode || !current.section.isLoaded) {
      if (this.#pending !== null) this.#discard();
      return;
    }
    const { position } = current;
    if (this.#pending !== null) {
      const { file, line, column, options } = this.#pending;
      this.#memory.hold(ENTRY_BYTES);
      // A row without a line only ends what was pending.
      if (line !== 0) {
        this.#entriesOf(current).add(current.last, position, file, line, column, options);
        if (this.#usesViews || options.hasView) this.#view(current, options);
      }
      this.#pending = null;
      this.isOn = this.#wantsAll;
      return;
    }
    if (!this.#isGenerated) return;
    const { path, line } = this.place();
    const file = this.#generatedFiles.get(path) ?? this.#newGenerated(path);
    // A line that goes on in another section has no row there either: GNU as compares with the last row of all.
    if (line === this.#lastLine && file === this.#lastFile) return;
    this.#lastLine = line;
    this.#lastFile = file;
    this.#memory.hold(ENTRY_BYTES);
    this.#entriesOf(current).add(current.last, position, file, line, 0, null);
  }

  /** The file and the line of the statement at hand: in a macro, of what calls it. */
  place(): { readonly path: string; readonly line: number } {
    const cursor = this.#cursor;
    const frame = cursor.frame!;
    let { debugPath: path, debugLine: line } = frame;
    if (line < 0) {
      path = frame.markers.length === 0 ? frame.origin.path : frame.pathAt(cursor.statementOffset);
      line = cursor.statementLine;
      const { firstLine, linesPerRound } = frame.origin;
      if (linesPerRound > 0) line = firstLine + ((line - firstLine) % linesPerRound);
    }
    return { path, line };
  }

  #entriesOf(subsection: Subsection): LineEntries {
    if (subsection === this.#lastSubsection) return this.#lastEntries;
    let entries = this.entries.get(subsection);
    if (entries === undefined) {
      entries = new LineEntries();
      this.entries.set(subsection, entries);
    }
    this.#lastSubsection = subsection;
    this.#lastEntries = entries;
    return entries;
  }

  #newGenerated(path: string): number {
    const number = Math.max(1, this.files.length);
    this.files[number] = { ...splitPath(path), md5: null };
    this.#generatedFiles.set(path, number);
    return number;
  }

  /**
   * Numbers the files of the assembly source in the order in which `entries`, those of the finished table, name them:
   * so far they have the order of the source.
   */
  numberFiles(parts: Iterable<LineEntries>): void {
    if (this.#generatedFiles.size < 2) return;
    const before = [...this.files];
    const numbers = new Map<number, number>();
    for (const entries of parts) {
      entries.renumberFiles((file) => {
        let number = numbers.get(file);
        if (number === undefined) {
          number = numbers.size + 1;
          numbers.set(file, number);
          this.files[number] = before[file]!;
        }
        return number;
      });
    }
    this.files.length = numbers.size + 1;
  }

  /** `.file number ...` */
  file(number: number, directory: string, name: string, md5: Uint8Array | null): void {
    if (this.#isGenerated) this.#forgetGenerated();
    if (number === 0 || md5 !== null) this.impliedVersion = 5;
    const split = splitPath(name);
    const folder = directory.replace(/\/$/, "");
    // File 0 says where the compiler ran; its own folder stands in its name.
    if (number === 0) this.compilationDirectory = folder;
    const file = directory === "" || number === 0 ? { ...split, md5 } : { directory: folder, name, md5 };
    this.files[number] = file;
    this.givenFiles.push(file);
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
    if (options.hasView) this.#flush();
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
    this.isOn = this.#wantsAll;
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
    for (const rows of this.entries.values()) rows.count = 0;
    this.files.length = 0;
    this.#generatedFiles.clear();
    this.isOn = this.#pending !== null;
  }

  /** Numbers the rows that share an address: each is one more than the row before it. */
  #view(subsection: Subsection, options: LocationOptions): void {
    if (!this.#usesViews) this.#startViews();
    const value = this.#number(subsection, subsection.last, subsection.position, options.resetsView);
    if (options.view === null) return;
    const symbol = this.#symbols.findOrMake(options.view, this.#cursor.offset);
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
    const entry: LineEntry = { fragment: 0, position: 0, file: 0, line: 0, column: 0, options: null };
    for (const [subsection, entries] of this.entries) {
      const count = entries === this.#lastEntries ? entries.count - 1 : entries.count;
      for (let i = 0; i < count; i++) {
        entries.read(i, entry);
        this.#number(subsection, entry.fragment, entry.position, false);
      }
    }
  }

  /** The number of the row at a place: one more than that of the row before it, where that is at the same one. */
  #number(subsection: Subsection, fragment: number, position: number, resets: boolean): Expression {
    const { fragments } = subsection;
    const last = this.#lastViews.get(subsection);
    let value = NO_VIEW;
    if (!resets && last !== undefined && !movesOn(fragments, last.fragment, last.position, fragment, position)) {
      const next = combine(Op.ADD, last.value, constant(1), () => {});
      const distance = fragments.fixedDistance(last.fragment, fragment);
      if (distance === null) {
        // An alignment in between may or may not have taken room.
        const place = this.#symbols.place(subsection, fragment, position);
        const before = this.#symbols.place(subsection, last.fragment, last.position);
        const isSame = node(Op.EQUAL, symbolExpression(place), symbolExpression(before), 0);
        value = node(Op.MULTIPLY, node(Op.NEGATE, isSame, null, 0), next, 0);
      } else if (distance + position === last.position) value = next;
    }
    if (last === undefined) this.#lastViews.set(subsection, { fragment, position, value });
    else {
      last.fragment = fragment;
      last.position = position;
      last.value = value;
    }
    return value;
  }
}

/** Folder and name; a file of the root keeps its whole path as its name. */
function splitPath(path: string): { directory: string; name: string } {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? { directory: "", name: path } : { directory: path.slice(0, slash), name: path.slice(slash + 1) };
}

/** Whether there certainly is room between two places: bytes or a jump. */
function movesOn(
  { nexts, fixedSizes, kinds }: FragmentTable,
  from: number,
  fromPosition: number,
  to: number,
  toPosition: number,
): boolean {
  let before = fromPosition;
  for (let i = from; i !== to; i = nexts[i]!) {
    if (i < 0) return false;
    if (fixedSizes[i]! > before || kinds[i] === Kind.BRANCH) return true;
    before = 0;
  }
  return toPosition > before;
}

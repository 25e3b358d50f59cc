/**
 * One assembly in progress: holds the parts together and is what every directive and parser is given.
 */

import type { Register } from "../isa/instruction.ts";
import { REGISTERS, REGISTERS_BY_CLASS } from "../isa/registers.ts";
import { Architecture } from "./architecture.ts";
import type { AssembleOptions, SourceFiles } from "./assemble.ts";
import { installDirectives } from "./directives/index.ts";
import { AtomTable } from "./model/atom.ts";
import type { Expression } from "./model/expression.ts";
import { constant, Op, refold, symbolExpression } from "./model/expression.ts";
import { inMebibytes, LIMITS, type Limits } from "./model/limits.ts";
import { Sections } from "./model/sections.ts";
import type { AssemblySymbol } from "./model/symbol.ts";
import { SymbolVersions } from "./model/symbol-versions.ts";
import { SymbolTable } from "./model/symbols.ts";
import { readableText } from "./read/chars.ts";
import { Conditionals } from "./read/conditional.ts";
import { ExpressionParser } from "./read/expression-parser.ts";
import type { InputFrame } from "./read/input.ts";
import { Input } from "./read/input.ts";
import { InstructionParser } from "./read/instruction-parser.ts";
import { INTEL_OPERATORS } from "./read/intel-operators.ts";
import { Macros } from "./read/macros.ts";
import type { ReportExtras } from "./reporter.ts";
import { Reporter, StatementError } from "./reporter.ts";
import { CallFrames } from "./write/call-frames.ts";
import { DebugLines } from "./write/debug-lines.ts";
import { Listing } from "./write/listing.ts";
import { Stabs } from "./write/stabs.ts";

/** An expansion beside its text, which stays as long as something that was made in it. */
const EXPANSION_BYTES = 400;

/** The end of the assembly: nothing more can be understood. */
export class FatalError extends Error {}

export class Assembler {
  readonly options: AssembleOptions;
  readonly limits: Limits;
  readonly files: SourceFiles;
  readonly atoms = new AtomTable();
  readonly input = new Input();
  readonly reporter: Reporter;
  readonly symbols: SymbolTable;
  readonly sections: Sections;
  readonly expressions: ExpressionParser;
  readonly conditionals: Conditionals;
  readonly macros: Macros;
  readonly instructions: InstructionParser;
  readonly debug: DebugLines;
  readonly callFrames: CallFrames;
  readonly architecture: Architecture;
  readonly versions: SymbolVersions;
  readonly stabs: Stabs;
  /** `st(0)` to `st(7)`. */
  readonly stackRegisters: readonly Register[] = REGISTERS_BY_CLASS.st;

  isIntel: boolean;
  /** Registers need no `%`. */
  allowsNakedRegisters: boolean;
  bits: 16 | 32;
  /** `.code16gcc`. */
  stack32 = false;
  /** How many files were included so far. */
  includeCount = 0;
  includedBytes = 0;
  #heldBytes = 0;
  /** `.end` was met. */
  hasEnded = false;
  /** Every file that was read, in the order of the first reading. */
  readonly dependencies: string[] = [];
  /** Names for `STT_FILE`. */
  readonly fileNames: string[] = [];
  /** Null when none is wanted. */
  readonly listing: Listing | null;
  readonly #doubts: { symbol: AssemblySymbol; frame: InputFrame; offset: number }[] = [];
  /** `.ident` strings, without NULs. */
  readonly identifications: Uint8Array[] = [];

  constructor(options: AssembleOptions) {
    this.options = options;
    this.limits = { ...LIMITS, ...options.limits };
    this.files = options.files;
    this.reporter = new Reporter(this.input, options.maxErrors ?? 20, options);
    this.symbols = new SymbolTable(this);
    this.sections = new Sections(this);
    this.expressions = new ExpressionParser(this);
    this.conditionals = new Conditionals(this);
    this.macros = new Macros(this);
    this.instructions = new InstructionParser(this);
    this.debug = new DebugLines(this);
    this.callFrames = new CallFrames(this);
    this.versions = new SymbolVersions(this);
    this.stabs = new Stabs(this);
    this.architecture = new Architecture(options.arch ?? "");
    this.isIntel = (options.syntax ?? "att") === "intel";
    this.allowsNakedRegisters = this.isIntel;
    this.bits = options.bits ?? 32;
    for (const [name, register] of REGISTERS) this.atoms.internText(name).register = register;
    INTEL_OPERATORS.forEach((operator, index) => {
      this.atoms.internText(operator.name).intelOperator = index;
    });
    this.listing = options.listing === undefined ? null : new Listing(this);
    installDirectives(this);
    for (const [name, value] of options.defines ?? []) {
      this.symbols.assign(this.atoms.internText(name), constant(value), "set", 0);
    }
    // GNU as has them at the head of its table, the last one first.
    this.symbols.turnToFront(options.defines?.size ?? 0);
  }

  /**
   * Counts what the statement at hand leaves in memory until the end, in bytes: every kind of thing that a source can
   * make any number of goes through here. Sizes are estimates; the limit keeps the process well below a gigabyte.
   */
  hold(bytes: number): void {
    this.#heldBytes += bytes;
    const { frame } = this.input;
    if (frame !== null && frame.expansion !== null && !frame.isHeld) {
      frame.isHeld = true;
      this.#heldBytes += EXPANSION_BYTES;
    }
    if (this.#heldBytes > this.limits.heldBytes)
      this.fatal("too-large", `the program takes more than ${inMebibytes(this.limits.heldBytes)} of memory`);
  }

  /** The place of the next byte as an expression: `.` or `$`. */
  here(offset: number): Expression {
    if (this.sections.current === null) return constant(this.sections.absoluteOffset, offset);
    return symbolExpression(this.symbols.temporary(), 0, offset);
  }

  /** Column, from 1, of an offset in the top frame. */
  columnOf(offset: number): number {
    return offset - this.input.frame!.lineStart(offset) + 1;
  }

  /** A bare symbol without a value was taken for memory: a warning if it turns out to be a number. */
  doubtMemory(symbol: AssemblySymbol, offset: number): void {
    if (symbol.section.kind === "undefined" && symbol.expression === null)
      this.#doubts.push({ symbol, frame: this.input.frame!, offset });
  }

  warnOfMemory(): void {
    for (const { symbol, frame, offset } of this.#doubts) {
      if (symbol.section.kind !== "absolute") continue;
      this.reporter.report(
        "warning",
        "memory-operand",
        frame,
        offset,
        symbol.name.length,
        `\`${symbol.name}' had no value yet, so this is memory at address ${symbol.value}, not the number`,
        {
          related:
            symbol.frame === null
              ? []
              : [{ frame: symbol.frame, offset: symbol.offset, message: "the number is defined here" }],
        },
      );
    }
  }

  symbolAsExpression(symbol: AssemblySymbol, offset: number): Expression {
    symbol.isUsed = true;
    return symbolExpression(symbol, 0, offset);
  }

  /** `.org` and `. = expression`. */
  origin(target: Expression, fill: number): void {
    const { sections } = this;
    if (sections.current === null) {
      const value = refold(target);
      if (value.op !== Op.CONSTANT)
        this.failAt("not-absolute", target.offset, "the absolute section's counter takes only constants");
      sections.absoluteOffset = value.number;
      return;
    }
    sections.variable({ kind: "org", target, fill });
  }

  /** Before an expansion or a file is entered: its frame is left behind the statement that asked for it. */
  leaveStatement(): void {
    if (this.listing !== null && this.input.bytes[this.input.offset] !== 0x3b) this.listing.line();
    this.input.nextStatement();
  }

  /** Names of all directives and of macros that look like one. */
  directiveNames(): string[] {
    const names: string[] = [];
    for (const atom of this.atoms.all()) {
      if (atom.directive !== null || (atom.macro !== null && atom.text.startsWith("."))) names.push(atom.text);
    }
    return names;
  }

  /** Reports an error at the cursor and gives up the statement. */
  fail(id: string, message: string, extras: ReportExtras = {}): never {
    return this.failAt(id, this.input.offset, message, this.#wordLength(this.input.offset), extras);
  }

  failAt(id: string, offset: number, message: string, length?: number, extras: ReportExtras = {}): never {
    this.reporter.report("error", id, this.input.frame, offset, length ?? this.#wordLength(offset), message, extras);
    throw new StatementError();
  }

  errorAt(id: string, offset: number, message: string, length?: number, extras: ReportExtras = {}): void {
    this.reporter.report("error", id, this.input.frame, offset, length ?? this.#wordLength(offset), message, extras);
  }

  warnAt(id: string, offset: number, message: string, length?: number, extras: ReportExtras = {}): void {
    this.reporter.report("warning", id, this.input.frame, offset, length ?? this.#wordLength(offset), message, extras);
  }

  /** Reports an error after which going on makes no sense. */
  fatal(id: string, message: string): never {
    return this.fatalAt(id, this.input.statementOffset, message, 1);
  }

  fatalAt(id: string, offset: number, message: string, length: number): never {
    this.reporter.report("error", id, this.input.frame, offset, length, message, {});
    this.reporter.hasGivenUp = true;
    throw new FatalError(message);
  }

  failRedefinition(symbol: AssemblySymbol, offset: number, length: number): never {
    return this.failAt("symbol-redefined", offset, `\`${symbol.name}' is defined already`, length, {
      related:
        symbol.frame === null
          ? []
          : [{ frame: symbol.frame, offset: symbol.offset, message: "the former definition is here" }],
    });
  }

  /** Nothing may follow in the statement. */
  demandEnd(): void {
    if (this.input.atStatementEnd()) return;
    const offset = this.input.offset;
    const rest = readableText(this.input.bytes.subarray(offset, this.#tokenEnd(offset)));
    this.failAt("trailing-text", offset, `expected the end of the statement, not \`${rest}'`);
  }

  /** Moves over a comma; false when there is none. */
  comma(): boolean {
    if (this.input.skipSpace() !== 0x2c) return false;
    this.input.offset++;
    return true;
  }

  demandComma(): void {
    if (!this.comma()) this.fail("comma-expected", "expected `,'");
  }

  #tokenEnd(offset: number): number {
    return offset + this.#wordLength(offset);
  }

  /** Length of the word at an offset, at least 1. */
  #wordLength(offset: number): number {
    const bytes = this.input.bytes;
    let end = offset;
    while (end < bytes.length && wordPart(bytes[end]!)) end++;
    return Math.max(1, end - offset);
  }
}

function wordPart(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x5f ||
    code === 0x2e ||
    code === 0x24 ||
    code >= 0x80
  );
}

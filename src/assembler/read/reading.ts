/**
 * One reading of a source: the text at hand, the program so far, the mode, and how mistakes are told. Every parser is
 * given it; what the parsers ask of each other they are given one by one.
 */

import type { Register } from "../../isa/instruction.ts";
import { EIZ, REGISTERS, REGISTERS_BY_CLASS } from "../../isa/registers.ts";
import { AtomTable } from "../model/atom.ts";
import type { Expression } from "../model/expression.ts";
import { Op, refold, symbolExpression } from "../model/expression.ts";
import { ListedLines } from "../model/listing.ts";
import type { AssembleOptions, SourceFiles } from "../model/options.ts";
import { Program } from "../model/program.ts";
import type { ReportExtras } from "../model/reporter.ts";
import { Reporter } from "../model/reporter.ts";
import type { Sections } from "../model/sections.ts";
import type { SourceFrame } from "../model/source-frame.ts";
import { NEWLINE, readableText, textOfBytes } from "../model/source-text.ts";
import type { AssemblySymbol } from "../model/symbol.ts";
import type { SymbolTable } from "../model/symbols.ts";
import { advice } from "./advice.ts";
import { Architecture } from "./architecture.ts";
import { foreignRegisters, LATER_REGISTER } from "./foreign-registers.ts";
import { Input } from "./input.ts";
import { INTEL_OPERATORS } from "./intel-operators.ts";

/** Bytes of a statement that are looked at for advice. */
const LONGEST_ADVISED = 120;

export class Reading {
  readonly options: AssembleOptions;
  readonly files: SourceFiles;
  readonly atoms = new AtomTable();
  readonly input = new Input();
  readonly reporter: Reporter;
  readonly program: Program;
  /** The program's, for the scanner's speed. */
  readonly symbols: SymbolTable;
  readonly sections: Sections;
  readonly architecture: Architecture;
  /** `st(0)` to `st(7)`. */
  readonly stackRegisters: readonly Register[] = REGISTERS_BY_CLASS.st;

  isIntel: boolean;
  /** Registers need no `%`. */
  allowsNakedRegisters: boolean;
  /** `.intel_mnemonic`: AT&T syntax with Intel's names of FSUB and its kin. */
  hasIntelNames: boolean;
  /** `.allow_index_reg`: `eiz` is an index that is none. */
  allowsIndexRegister: boolean;
  bits: 16 | 32;
  /** `.code16gcc`. */
  stack32 = false;
  /** How many files were included so far. */
  includeCount = 0;
  includedBytes = 0;
  /** `.end` was met. */
  hasEnded = false;
  /** Every file that was read, in the order of the first reading. */
  readonly dependencies: string[] = [];
  /** The lines for a listing; null when none is wanted. */
  readonly listing: ListedLines | null;
  readonly #doubts: { symbol: AssemblySymbol; frame: SourceFrame; offset: number }[] = [];

  constructor(options: AssembleOptions) {
    this.options = options;
    this.files = options.files;
    this.reporter = new Reporter(this.input, options.maxErrors ?? 20, options.warnings ?? "show");
    this.reporter.advise = (id) => this.#advise(id);
    this.program = new Program(options, this.input, this.reporter, this.atoms);
    this.symbols = this.program.symbols;
    this.sections = this.program.sections;
    this.architecture = new Architecture(options.arch ?? "", options.tune ?? "");
    this.isIntel = (options.syntax ?? "att") === "intel";
    this.allowsNakedRegisters = this.isIntel || options.nakedRegisters === true;
    this.hasIntelNames = options.intelNames === true;
    this.allowsIndexRegister = options.indexRegister === true;
    this.bits = options.bits ?? 32;
    this.listing =
      options.listing === undefined ? null : new ListedLines(this.input, this.program.memory, this.sections);
    for (const [name, register] of REGISTERS) this.atoms.internText(name).register = register;
    // Words of Intel operands that are none of these.
    this.atoms.internText("flat");
    this.atoms.internText(EIZ.name);
    INTEL_OPERATORS.forEach((operator, index) => {
      this.atoms.internText(operator.name).intelOperator = index;
    });
  }

  #advise(id: string): string | null {
    const { bytes, statementOffset } = this.input;
    let end = statementOffset;
    while (end < bytes.length && bytes[end] !== NEWLINE && end - statementOffset < LONGEST_ADVISED) end++;
    return advice({ id, text: textOfBytes(bytes, statementOffset, end), isIntel: this.isIntel });
  }

  /** See `MemoryBudget`. */
  hold(bytes: number): void {
    this.program.memory.hold(bytes);
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

  /** `symbol = offset place` that is named again: GNU as takes it for the place itself. */
  doubtAddress(symbol: AssemblySymbol, offset: number): void {
    this.warnAt(
      "memory-operand",
      offset,
      `GNU as forgets the \`offset' of \`${symbol.name}' once it was named, so this is memory: write \`offset ${symbol.name}'`,
      symbol.name.length,
    );
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

  /** Undefined symbols that are registers elsewhere: of 64-bit code, or in the syntax that is not at hand. */
  warnOfForeignRegisters(): void {
    const found: AssemblySymbol[] = [];
    // There are far fewer such names than symbols; who writes them, writes small or capital letters.
    for (const name of foreignRegisters())
      for (const spelling of [name, name.toUpperCase()]) {
        const symbol = this.atoms.find(spelling)?.symbol;
        if (symbol?.isListed && symbol.section.kind === "undefined" && symbol.expression === null && !symbol.isExternal)
          found.push(symbol);
      }
    for (const symbol of found.sort((a, b) => a.index - b.index)) {
      const { name, frame, offset } = symbol;
      const isKnown = REGISTERS.has(name.toLowerCase());
      // After an error it may be the statement with the error that named it.
      if (frame === null || (isKnown && this.reporter.errorCount > 0)) continue;
      const message = `\`${name}' is an undefined symbol here; ${isKnown ? `write \`%${name}' for the register` : LATER_REGISTER}`;
      this.reporter.report("warning", "register-as-symbol", frame, offset, name.length, message, {});
    }
  }

  symbolAsExpression(symbol: AssemblySymbol, offset: number): Expression {
    symbol.use();
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
    sections.origin({ target, fill });
  }

  /** Reports an error at the cursor and gives up the statement. */
  fail(id: string, message: string, extras: ReportExtras = {}): never {
    return this.reporter.fail(id, message, extras);
  }

  failAt(id: string, offset: number, message: string, length?: number, extras: ReportExtras = {}): never {
    return this.reporter.failAt(id, offset, message, length, extras);
  }

  warnAt(id: string, offset: number, message: string, length?: number, extras: ReportExtras = {}): void {
    this.reporter.warnAt(id, offset, message, length, extras);
  }

  /** Nothing may follow in the statement. */
  demandEnd(): void {
    if (this.input.atStatementEnd()) return;
    const offset = this.input.offset;
    const rest = readableText(this.input.bytes.subarray(offset, offset + this.reporter.wordLength(offset)));
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
}

/**
 * A reading with all its parsers: what directives are given.
 */

import type { Atom } from "../model/atom.ts";
import { constant } from "../model/expression.ts";
import { FrameTables } from "../model/frame-data.ts";
import type { AssembleOptions } from "../model/options.ts";
import { Bundles } from "./bundles.ts";
import { SEMICOLON } from "./chars.ts";
import { Conditionals } from "./conditional.ts";
import { ExpressionParser } from "./expression-parser.ts";
import { InstructionParser } from "./instruction-parser.ts";
import { Macros } from "./macros.ts";
import { Reading } from "./reading.ts";

export class Assembler extends Reading {
  readonly expressions: ExpressionParser;
  readonly conditionals: Conditionals;
  readonly macros: Macros;
  readonly instructions: InstructionParser;
  readonly bundles: Bundles;
  readonly frameTables: FrameTables;

  constructor(options: AssembleOptions) {
    super(options);
    this.expressions = new ExpressionParser(this);
    this.conditionals = new Conditionals(this);
    this.macros = new Macros(this, this.expressions, this.conditionals);
    this.frameTables = new FrameTables(this.sections);
    this.instructions = new InstructionParser(this, this.expressions);
    this.bundles = new Bundles(this, this.instructions);
  }

  /** Gives the symbols of the command line (`--defsym`) their values. */
  definePresets(): void {
    const { defines } = this.options;
    for (const [name, value] of defines ?? []) {
      this.symbols.assign(this.atoms.internText(name), constant(value), "set", 0);
    }
    // GNU as has them at the head of its table, the last one first.
    this.program.symbolList.turnToFront(defines?.size ?? 0);
  }

  /** `name:` */
  label(atom: Atom, offset: number): void {
    this.symbols.define(atom, offset);
    if (this.isIntel && this.allowsNakedRegisters && (atom.knownLower?.register ?? null) !== null) {
      this.warnAt(
        "register-as-symbol",
        offset,
        `label \`${atom.text}' has the name of a register: operands will mean the register`,
        atom.length,
      );
    }
  }

  /** Takes the line at hand into the listing, if one is wanted. */
  list(): void {
    if (this.listing === null) return;
    const { conditionals } = this;
    this.listing.add(conditionals.lastResult, conditionals.isSkipping);
    conditionals.lastResult = null;
  }

  /** Before an expansion or a file is entered: its frame is left past the statement that asked for it. */
  leaveStatement(): void {
    if (this.listing !== null && this.input.bytes[this.input.offset] !== SEMICOLON) this.list();
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
}

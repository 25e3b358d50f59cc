/**
 * Macros at work: their definition from the input, their calls, and the blocks that repeat (`.rept`, `.irp`, `.irpc`).
 */

import { inMebibytes } from "../model/limits.ts";
import type { Macro, Parameter } from "../model/macro.ts";
import { type ReportExtras, StatementError } from "../model/reporter.ts";
import type { FrameOrigin, TextRange } from "../model/source-frame.ts";
import { NEWLINE, textOfBytes } from "../model/source-text.ts";
import type { MacroReading } from "./blocks.ts";
import { BlockGatherer, MACRO_OPENERS, REPEAT_OPENERS } from "./blocks.ts";
import { COLON, EQUALS, QUOTE } from "./chars.ts";
import type { Conditionals } from "./conditional.ts";
import { Expansion } from "./expansion.ts";
import type { ExpressionParser } from "./expression-parser.ts";
import type { TextMode } from "./macro.ts";
import { expandTemplate, isSeparator, makeTemplate, readArgument, readName, skipBlanks, skipComma } from "./macro.ts";
import { ByteRow, FROM_OPERANDS, scrubStatement } from "./scrub.ts";
import { TemplateCache } from "./template-cache.ts";
import { TextArena } from "./text-arena.ts";

/** Expansions inside expansions, as in GNU as. */
const MAXIMUM_DEPTH = 100;

/** What a macro takes in memory beside its text, about. */
const MACRO_BYTES = 1400;

const EMPTY = new Uint8Array(0);

const USUAL_MODE: TextMode = {
  isAlternate: false,
  evaluate: () => {
    throw new Error("a `%' argument belongs to the alternate mode");
  },
};

export class Macros {
  readonly #reading: MacroReading;
  readonly #expressions: ExpressionParser;
  readonly #conditionals: Conditionals;
  isAlternate: boolean;
  /** How many macro calls were expanded: `\@`. */
  #count = 0;
  #localCount = 1;
  #expandedBytes = 0;
  /** For the statement at hand, for one argument, and for an expansion; none outlives the call that fills it. */
  readonly #row = new ByteRow();
  readonly #argument = new ByteRow();
  readonly #expansion = new ByteRow();
  readonly #texts = new TextArena();
  readonly #templates = new TemplateCache();
  readonly #blocks: BlockGatherer;
  readonly #alternateMode: TextMode = {
    isAlternate: true,
    evaluate: (bytes, offset, end) => this.#evaluate(bytes, offset, end),
  };

  constructor(reading: MacroReading, expressions: ExpressionParser, conditionals: Conditionals) {
    this.#reading = reading;
    this.#expressions = expressions;
    this.#conditionals = conditionals;
    this.#blocks = new BlockGatherer(reading, this.#texts);
    this.isAlternate = reading.options.alternateMacros === true;
  }

  get #mode(): TextMode {
    return this.isAlternate ? this.#alternateMode : USUAL_MODE;
  }

  /** Value of an expression in a text that is not the input. */
  #evaluate(bytes: Uint8Array, offset: number, end: number): { text: string; end: number } {
    const input = this.#reading.input;
    const savedBytes = input.bytes;
    const savedOffset = input.offset;
    const text = new Uint8Array(end - offset + 2);
    text.set(bytes.subarray(offset, end));
    text[end - offset] = NEWLINE;
    try {
      input.bytes = text;
      input.offset = 0;
      this.#reading.reporter.place = input.statementOffset;
      const value = this.#expressions.absolute("the value of a `%' argument");
      return { text: String(value), end: offset + input.offset };
    } finally {
      this.#reading.reporter.place = null;
      input.bytes = savedBytes;
      input.offset = savedOffset;
    }
  }

  /** The rest of the statement in canonical form; the cursor moves to the statement's end. */
  rest(): ByteRow {
    const input = this.#reading.input;
    const row = this.#row;
    row.length = 0;
    const result = scrubStatement(input.bytes, input.offset, input.frame!.end, FROM_OPERANDS, row);
    input.offset = result.end;
    input.line += result.newlines;
    return row;
  }

  /** `.macro name parameters`, cursor after the word. */
  define(): void {
    const reading = this.#reading;
    const input = reading.input;
    const start = input.offset;
    const opening = input.statementOffset;
    const text = this.rest().slice();
    const { name, end } = readName(text, 0, text.length);
    const block = this.#blocks.gather(MACRO_OPENERS, ".endm", ".macro");
    input.statementOffset = opening;
    if (name === "") reading.failAt("macro-name", start, "expected a name for the macro");
    const atom = reading.atoms.internText(name).lower;
    if (atom.directive !== null) {
      reading.warnAt("macro-is-directive", start, `\`${name}' is a directive: this macro is ignored`);
      return;
    }
    if (atom.macro !== null) {
      reading.failAt("macro-redefined", start, `macro \`${name}' is defined already`, name.length, {
        related: [{ frame: atom.macro.frame, offset: atom.macro.offset, message: "the former definition is here" }],
      });
    }
    reading.hold(MACRO_BYTES + block.body.end - block.body.start);
    // A body of its own, since its template reads it from the first byte on.
    const { body, frame } = block;
    const ownBody = { bytes: body.bytes.slice(body.start, body.end), start: 0, end: body.end - body.start };
    let parameterList: Parameter[] | null = null;
    try {
      parameterList = this.#parameters(text, end, start);
    } finally {
      // Even a macro with a broken head is defined: its calls then are no mistakes of their own.
      const byName = new Map((parameterList ?? []).map((parameter, index) => [parameter.name, index]));
      atom.macro = {
        name,
        origin: block.origin("macro", `macro \`${name}'`),
        parameterList: parameterList ?? [],
        isBroken: parameterList === null,
        parameters: () => byName,
        body: ownBody,
        offsets: () => block.offsets(),
        template: null,
        frame,
        offset: opening,
      };
    }
  }

  /** The parameters in a macro's head. */
  #parameters(text: Uint8Array, behindName: number, start: number): Parameter[] {
    const reading = this.#reading;
    const mode = this.#mode;
    const parameters: Parameter[] = [];
    const row = new ByteRow();
    let offset = skipBlanks(text, behindName, text.length);
    if (text[offset] === 0x28)
      reading.failAt("macro-parameter", start, "parameters stand after the name as they are, without parentheses");
    offset = skipComma(text, offset, text.length);
    while (offset < text.length) {
      const { name, end } = readName(text, offset, text.length);
      if (name === "")
        reading.failAt(
          "macro-parameter",
          start,
          `\`${textOfBytes(text, offset, offset + 1)}' cannot begin the name of a parameter`,
        );
      offset = end;
      let kind: Parameter["kind"] = "optional";
      if (text[skipBlanks(text, offset, text.length)] === COLON) {
        const qualifier = readName(
          text,
          skipBlanks(text, skipBlanks(text, offset, text.length) + 1, text.length),
          text.length,
        );
        if (qualifier.name === "req") kind = "required";
        else if (qualifier.name === "vararg") kind = "variadic";
        else {
          reading.failAt(
            "macro-parameter",
            start,
            `\`:${qualifier.name}' is no kind of parameter: there are \`:req' and \`:vararg'`,
            undefined,
            {
              candidates: ["req", "vararg"],
              written: qualifier.name,
            },
          );
        }
        offset = qualifier.end;
      }
      let defaultValue: Uint8Array = EMPTY;
      const afterName = skipBlanks(text, offset, text.length);
      if (text[afterName] === EQUALS) {
        row.length = 0;
        offset = readArgument(text, afterName + 1, text.length, row, mode);
        defaultValue = row.slice();
        if (kind === "required") {
          reading.warnAt(
            "macro-parameter",
            start,
            `parameter \`${name}' is required, so its default value is never used`,
          );
          defaultValue = EMPTY;
        }
      }
      if (parameters.some((other) => other.name === name))
        reading.failAt("macro-parameter", start, `two parameters are called \`${name}'`);
      parameters.push({ name, kind, defaultValue });
      offset = skipComma(text, offset, text.length);
      if (kind === "variadic" && offset < text.length)
        reading.failAt("macro-parameter", start, `parameter \`${name}' takes all that is left: none can follow`);
    }
    return parameters;
  }

  /** `.purgem name` */
  purge(): void {
    const reading = this.#reading;
    const start = reading.input.offset;
    const { name } = readName(this.rest().bytes, 0, this.#row.length);
    const atom = reading.atoms.internText(name).lower;
    if (atom.macro === null) reading.failAt("unknown-macro", start, `no macro is called \`${name}'`);
    else atom.macro = null;
  }

  /** A call: the cursor is after the macro's name. */
  call(macro: Macro): void {
    const reading = this.#reading;
    const input = reading.input;
    input.skipSpace();
    if (macro.isBroken) {
      input.skipStatement();
      return;
    }
    const start = input.offset;
    const text = this.rest();
    const values = this.#arguments(macro, text.bytes, text.length, start);
    this.#count++;
    const row = this.#expansion;
    row.length = 0;
    const template = this.isAlternate ? null : (macro.template ??= makeTemplate(macro.body.bytes, macro.parameters()));
    if (template === null) this.#write(values, row);
    else expandTemplate(template, values, 0, row);
    this.#enter(row, macro.origin, values);
  }

  #write(expansion: Expansion, out: ByteRow): void {
    const { reporter } = this.#reading;
    this.#localCount += expansion.write(out, {
      missesParenthesis: () => reporter.reportHere("error", "missing-parenthesis", "`\\(' without `)' in the body"),
      repeatsName: (name) =>
        reporter.reportHere(
          "error",
          "macro-parameter",
          `\`${name}' is a parameter or a local name of this macro already`,
        ),
      checkLength: (length) => this.#checkLength(length),
    });
  }

  #checkLength(length: number): void {
    if (length > this.#reading.program.limits.expandedBytes) this.#charge(length, "this block expands");
  }

  /** Goes on with the text in `row`, of which the frame gets a copy. */
  #enter(row: ByteRow, origin: FrameOrigin, expansion: Expansion): void {
    const { length } = row;
    if (length === 0) return;
    const start = this.#texts.keep(row);
    this.#enterText(origin, { bytes: this.#texts.bytes, start, end: start + length }, 1, expansion);
  }

  #enterText(origin: FrameOrigin, text: TextRange, rounds: number, expansion: Expansion): void {
    const reading = this.#reading;
    if (reading.input.frame!.depth >= MAXIMUM_DEPTH) {
      reading.reporter.fatal(
        "too-deep",
        `expansions are nested more than ${MAXIMUM_DEPTH} deep: ${origin.label} may call itself without end`,
      );
    }
    this.#charge((text.end - text.start) * rounds, "macros expand");
    reading.leaveStatement();
    reading.input.push(origin, text, rounds, expansion, this.#conditionals.depth);
  }

  #charge(count: number, what: string): void {
    this.#expandedBytes += count;
    const { expandedBytes } = this.#reading.program.limits;
    if (this.#expandedBytes > expandedBytes)
      this.#reading.reporter.fatal("too-large", `${what} to more than ${inMebibytes(expandedBytes)} of text`);
  }

  /** The values of a call whose arguments are the first `end` bytes of `text`. */
  #arguments(macro: Macro, text: Uint8Array, end: number, start: number): Expansion {
    const reading = this.#reading;
    const mode = this.#mode;
    const parameters = macro.parameterList;
    const values = new Expansion(macro, false, this.isAlternate, this.#count, this.#localCount);
    const { starts, ends } = values;
    for (let i = 0; i < parameters.length; i++) {
      starts.push(0);
      ends.push(0);
    }
    const row = this.#argument;
    row.length = 0;
    let offset = skipBlanks(text, 0, end);
    let position = 0;
    let seenKeyword = false;
    while (offset < end) {
      let scan = offset;
      while (scan < end && !isSeparator(text[scan]!, this.isAlternate) && text[scan] !== EQUALS) scan++;
      const from = row.length;
      if (scan < end && text[scan] === EQUALS && !this.isAlternate) {
        seenKeyword = true;
        const { name, end: nameEnd } = readName(text, offset, end);
        if (text[nameEnd] !== EQUALS)
          reading.failAt("macro-argument", start, "expected the name of a parameter before `='");
        const index = macro.parameters().get(name);
        offset = readArgument(text, nameEnd + 1, end, row, mode);
        if (index === undefined) {
          const candidates = parameters.map((parameter) => parameter.name);
          this.#refuseArguments(macro, start, `has no parameter \`${name}'`, { candidates, written: name });
        }
        if (!values.isEmpty(index))
          reading.warnAt("macro-argument", start, `parameter \`${name}' is given twice: the last value counts`);
        starts[index] = from;
        ends[index] = row.length;
      } else {
        if (seenKeyword)
          reading.failAt("macro-argument", start, "an argument without a name cannot follow one with a name");
        const parameter = parameters[position];
        if (parameter === undefined) {
          const rest = textOfBytes(text, offset, end);
          const most = `${parameters.length} argument${parameters.length === 1 ? "" : "s"} at most`;
          const takes = parameters.length === 0 ? "no arguments" : most;
          this.#refuseArguments(macro, start, `takes ${takes}: \`${rest}' is left over`);
        }
        if (parameter.kind === "variadic") {
          row.append(text, offset, end);
          offset = end;
        } else offset = readArgument(text, offset, end, row, mode);
        starts[position] = from;
        ends[position] = row.length;
        position++;
      }
      offset = skipComma(text, offset, end);
    }
    this.#takeDefaults(macro, values, row, start);
    this.#keepValues(values, row);
    return values;
  }

  /** The values of parameters that the call leaves out. */
  #takeDefaults(macro: Macro, values: Expansion, row: ByteRow, start: number): void {
    const { starts, ends } = values;
    for (const [index, { kind, name, defaultValue }] of macro.parameterList.entries()) {
      if (!values.isEmpty(index)) continue;
      if (kind === "required") this.#refuseArguments(macro, start, `needs a value for its parameter \`${name}'`);
      starts[index] = row.length;
      row.append(defaultValue, 0, defaultValue.length);
      ends[index] = row.length;
    }
  }

  /** `what`: what the macro does not do with the arguments at `start`. */
  #refuseArguments(macro: Macro, start: number, what: string, extras: ReportExtras = {}): never {
    const related = [{ frame: macro.frame, offset: macro.offset, message: `\`${macro.name}' is defined here` }];
    const message = `macro \`${macro.name}' ${what}`;
    return this.#reading.failAt("macro-argument", start, message, undefined, { ...extras, related });
  }

  /** Moves the values from the row that they were read into to where they stay. */
  #keepValues(values: Expansion, row: ByteRow): void {
    const at = this.#texts.keep(row);
    values.move(this.#texts.bytes, at);
  }

  /** `.rept count` */
  repeat(): void {
    const reading = this.#reading;
    const { input } = reading;
    const start = input.offset;
    const opening = input.statementOffset;
    let count = -1;
    let isKnown = false;
    try {
      count = this.#expressions.absoluteNumber("the number of repetitions");
      reading.demandEnd();
      isKnown = true;
    } catch (error) {
      // The block belongs to the mistake.
      if (!(error instanceof StatementError)) throw error;
      input.skipStatement();
    }
    const block = this.#blocks.gather(REPEAT_OPENERS, ".endr", ".rept");
    if (!isKnown) throw new StatementError();
    input.statementOffset = opening;
    if (count < 0) reading.failAt("negative-count", start, `a block cannot be repeated ${count} times`);
    const { body } = block;
    if (body.start === body.end || count === 0) return;
    this.#enterText(block.origin("repeat", "this `.rept'"), body, count, new Expansion(block, true, false, 0, 0));
  }

  /** `.irp name, values` and `.irpc name, characters` */
  iterate(characters: boolean): void {
    const reading = this.#reading;
    const word = characters ? ".irpc" : ".irp";
    const start = reading.input.offset;
    const { bytes: text, length: end } = this.rest();
    const mode = this.#mode;
    const { name, end: nameEnd } = readName(text, skipBlanks(text, 0, end), end);
    if (name === "") {
      this.#blocks.gather(REPEAT_OPENERS, ".endr", word);
      reading.failAt("macro-parameter", start, `\`${word}' needs the name of its parameter`);
    }
    let offset = skipComma(text, nameEnd, end);
    const isBare = offset >= end;
    const starts: number[] = [];
    const ends: number[] = [];
    const row = this.#argument;
    row.length = 0;
    if (characters) {
      // A string's characters come without the quotes around it; quotes inside come too.
      let inString = offset < end && text[offset] === QUOTE;
      if (inString) offset++;
      while (offset < end) {
        if (text[offset] === QUOTE) {
          inString = !inString;
          if (skipBlanks(text, offset + 1, end) >= end) break;
        }
        starts.push(row.length);
        row.push(text[offset]!, offset++);
        ends.push(row.length);
        if (!inString) offset = skipBlanks(text, offset, end);
      }
    } else {
      while (offset < end) {
        starts.push(row.length);
        offset = readArgument(text, offset, end, row, mode);
        ends.push(row.length);
        offset = skipComma(text, offset, end);
      }
    }
    if (isBare) {
      starts.push(0);
      ends.push(0);
    }
    const at = this.#texts.keep(row);
    const kept = this.#texts.bytes;
    const block = this.#blocks.gather(REPEAT_OPENERS, ".endr", word);
    block.parameter = name;
    const values = new Expansion(block, true, this.isAlternate, this.#count, this.#localCount, starts, ends);
    values.move(kept, at);
    const out = this.#expansion;
    out.length = 0;
    const template = this.isAlternate ? null : this.#templates.get(block.body, name);
    if (template === null) this.#write(values, out);
    else {
      for (let i = 0; i < starts.length; i++) {
        expandTemplate(template, values, i, out);
        this.#checkLength(out.length);
      }
    }
    this.#enter(out, block.origin("repeat", characters ? "this `.irpc'" : "this `.irp'"), values);
  }

  /** `.exitm`: leaves the innermost expansion. */
  exit(): void {
    const { input } = this.#reading;
    const frame = input.frame!;
    if (frame.origin.kind === "file") {
      this.#reading.warnAt("misplaced-exitm", input.statementOffset, "`.exitm' outside a macro is ignored", 6);
      return;
    }
    this.#conditionals.exitMacro(frame.conditionalDepth);
    frame.roundsLeft = 0;
    input.offset = Math.max(frame.end - 1, frame.start);
  }
}

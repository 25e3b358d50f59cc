/**
 * Collects diagnostics: turns places in the source into files, lines, columns and the chain that led there, finds near
 * names, and keeps one mistake from being told twice.
 */

import type { Diagnostic, DiagnosticNote, Severity } from "../../diagnostic/diagnostic.ts";
import { nearest } from "../../diagnostic/suggestion.ts";
import type { Cursor } from "./cursor.ts";
import type { SourceFrame } from "./source-frame.ts";
import { readableText } from "./source-text.ts";
import type { AssemblySymbol } from "./symbol.ts";

/** The statement at hand is given up; its diagnostic has been reported. */
export class StatementError extends Error {}
/** The end of the assembly: nothing more can be understood. */
export class FatalError extends Error {}
/** The limit of errors is reached. */
export class TooManyErrors extends Error {}

export interface ReportExtras {
  /** Names that may have been meant by `written`. */
  readonly candidates?: Iterable<string>;
  readonly written?: string;
  readonly suggestion?: string;
  /** Other places that the message speaks of. */
  readonly related?: readonly { readonly frame: SourceFrame; readonly offset: number; readonly message: string }[];
}

/**
 * Errors at places that had them before: a mistake in a block that repeats a million times shall not be looked at so
 * often.
 */
const MAXIMUM_REPETITIONS = 1000;

export type WarningMode = "show" | "none" | "fatal";

interface Located {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly sourceLine: string;
}

export class Reporter {
  readonly diagnostics: Diagnostic[] = [];
  errorCount = 0;
  /** The limit was reached or a fatal error met: what is left of the source has not been seen. */
  hasGivenUp = false;
  readonly #cursor: Cursor;
  readonly #maxErrors: number;
  /** What becomes of warnings. */
  readonly #warnings: WarningMode;
  readonly #seen = new Set<string>();
  /** Where everything is reported while a text is read that is not the input: an offset in the top frame, or null. */
  place: number | null = null;

  constructor(cursor: Cursor, maxErrors: number, warnings: WarningMode) {
    this.#cursor = cursor;
    this.#maxErrors = maxErrors;
    this.#warnings = warnings;
  }

  /** What is better said of the statement at hand, for a kind of error; null where nothing is. */
  advise: (id: string) => string | null = () => null;

  report(
    severity: Severity,
    id: string,
    frame: SourceFrame | null,
    offset: number,
    length: number,
    message: string,
    extras: ReportExtras,
  ): void {
    if (severity === "warning") {
      if (this.#warnings === "none") return;
      if (this.#warnings === "fatal") severity = "error";
    }
    const place = this.place === null ? locate(frame, offset, length) : locate(this.#cursor.frame, this.place, 1);
    const key = `${place.file}:${place.line}:${place.column}:${id}`;
    if (severity !== "note") {
      if (this.#seen.has(key) && frame !== null) {
        if (severity === "error" && ++this.errorCount >= this.#maxErrors + MAXIMUM_REPETITIONS) this.#giveUp();
        return;
      }
      this.#seen.add(key);
    }
    const better = severity === "error" && frame !== null && frame === this.#cursor.frame ? this.advise(id) : null;
    let suggestion = better === null ? extras.suggestion : undefined;
    if (
      better === null &&
      suggestion === undefined &&
      extras.candidates !== undefined &&
      extras.written !== undefined
    ) {
      suggestion = nearest(extras.written, extras.candidates) ?? undefined;
    }
    const related = (extras.related ?? []).map((other): DiagnosticNote => {
      const where = locate(other.frame, other.offset, 1);
      return { file: where.file, line: where.line, column: where.column, message: other.message };
    });
    this.diagnostics.push({
      severity,
      id,
      ...place,
      message: better ?? message,
      notes: [...related, ...chain(frame)],
      ...(suggestion === undefined ? {} : { suggestion }),
    });
    if (severity === "error" && ++this.errorCount >= this.#maxErrors) this.#giveUp();
  }

  /** Reports an error at the cursor and gives up the statement. */
  fail(id: string, message: string, extras: ReportExtras = {}): never {
    const { offset } = this.#cursor;
    return this.failAt(id, offset, message, this.wordLength(offset), extras);
  }

  failAt(id: string, offset: number, message: string, length?: number, extras: ReportExtras = {}): never {
    this.errorAt(id, offset, message, length, extras);
    throw new StatementError();
  }

  errorAt(id: string, offset: number, message: string, length?: number, extras: ReportExtras = {}): void {
    this.report("error", id, this.#cursor.frame, offset, length ?? this.wordLength(offset), message, extras);
  }

  warnAt(id: string, offset: number, message: string, length?: number, extras: ReportExtras = {}): void {
    this.report("warning", id, this.#cursor.frame, offset, length ?? this.wordLength(offset), message, extras);
  }

  /** Reports an error after which going on makes no sense. */
  fatal(id: string, message: string): never {
    return this.fatalAt(id, this.#cursor.statementOffset, message, 1);
  }

  fatalAt(id: string, offset: number, message: string, length: number): never {
    this.report("error", id, this.#cursor.frame, offset, length, message, {});
    this.hasGivenUp = true;
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

  /** Length of the word at an offset, at least 1. */
  wordLength(offset: number): number {
    const bytes = this.#cursor.bytes;
    let end = offset;
    while (end < bytes.length && isWordPart(bytes[end]!)) end++;
    return Math.max(1, end - offset);
  }

  #giveUp(): never {
    this.hasGivenUp = true;
    throw new TooManyErrors();
  }

  /** At the statement being assembled. */
  reportHere(severity: Severity, id: string, message: string): void {
    this.report(severity, id, this.#cursor.frame, this.#cursor.statementOffset, 1, message, {});
  }
}

function isWordPart(code: number): boolean {
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

/** File, line and column of a place; an offset in an expansion is led back to the text that it was made from. */
function locate(frame: SourceFrame | null, offset: number, length: number): Located {
  if (frame === null) return { file: "", line: 0, column: 0, length: 1, sourceLine: "" };
  const file = frame.pathAt(offset);
  const line = frame.lineAt(offset);
  let source = frame;
  let at = Math.min(offset, Math.max(frame.end - 1, frame.start));
  let span = length;
  while (source.expansion !== null) {
    const map = source.expansion.map();
    at -= source.start;
    let mapped = map.offsets[at] ?? -1;
    // What an argument put there is pointed at where the body names the parameter.
    let probe = at;
    while (mapped < 0 && probe > 0) mapped = map.offsets[--probe] ?? -1;
    if (mapped < 0) mapped = map.source.start;
    if (probe !== at) span = 1;
    at = mapped;
    source = map.source;
  }
  const start = source.lineStart(at);
  const column = [...readableText(source.bytes.subarray(start, at))].length + 1;
  return { file, line, column, length: Math.max(1, span), sourceLine: readableText(source.lineBytes(at)) };
}

/** The macros and includes that led to a frame, innermost first. */
function chain(frame: SourceFrame | null): DiagnosticNote[] {
  const notes: DiagnosticNote[] = [];
  for (let inner = frame; inner !== null && inner.parent !== null; inner = inner.parent) {
    const where = locate(inner.parent, inner.parentOffset, 1);
    const message =
      inner.origin.kind === "file"
        ? "included from here"
        : inner.origin.kind === "macro"
          ? `in the expansion of ${inner.origin.label}`
          : `in ${inner.origin.label}`;
    notes.push({ file: where.file, line: where.line, column: where.column, message });
    if (notes.length === 10 && inner.depth > 12) {
      notes.push({
        file: where.file,
        line: where.line,
        column: where.column,
        message: `... and ${inner.depth - 1} places further out`,
      });
      break;
    }
  }
  return notes;
}

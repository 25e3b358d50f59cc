/**
 * What the tools tell a person about a source: where, what, and what to do. The assembler, the linker and `qure build`
 * report in this one type; `formatDiagnostic` is the only place that knows how it looks on a terminal.
 */

export type Severity = "error" | "warning" | "note";

/** A place that led to the diagnostic: the call of a macro, an `.include`, a former definition. */
export interface DiagnosticNote {
  readonly file: string;
  /** From 1; 0 when the place is a whole file. */
  readonly line: number;
  /** From 1; 0 when the place is a whole line. */
  readonly column: number;
  readonly message: string;
}

export interface Diagnostic {
  readonly severity: Severity;
  /** Stable name of this kind of mistake, for `qure explain ID`. */
  readonly id: string;
  readonly file: string;
  /** From 1; 0 when no line is known. */
  readonly line: number;
  /** From 1, in characters; 0 when no column is known. */
  readonly column: number;
  /** Characters under the caret; at least 1. */
  readonly length: number;
  readonly message: string;
  /** The line as it stands in the file, without its newline; empty when not known. */
  readonly sourceLine: string;
  /** From the innermost place outwards. */
  readonly notes: readonly DiagnosticNote[];
  /** A name or spelling that was probably meant. */
  readonly suggestion?: string;
}

/** What is about no place in a source: an option, a value. */
export function withoutPlace(severity: Severity, id: string, message: string): Diagnostic {
  return { severity, id, file: "", line: 0, column: 0, length: 1, message, sourceLine: "", notes: [] };
}

export interface FormatOptions {
  /** ANSI colours, for a terminal. */
  readonly colour?: boolean;
  /** Who speaks where no file is to blame: `qure as`. */
  readonly command?: string;
}

const COLOURS: Record<Severity, string> = { error: "\x1b[1;31m", warning: "\x1b[1;35m", note: "\x1b[1;36m" };

function place(file: string, line: number, column: number): string {
  return file + (line > 0 ? `:${line}` : "") + (line > 0 && column > 0 ? `:${column}` : "");
}

/** `file:line:column: error: text [id]`, the source line, a caret, the notes. Ends without a newline. */
export function formatDiagnostic(diagnostic: Diagnostic, options: FormatOptions = {}): string {
  const paint = (code: string, text: string): string => (options.colour ? `${code}${text}\x1b[0m` : text);
  const { severity, file, line, column, message, sourceLine } = diagnostic;
  const lines = [
    `${paint("\x1b[1m", `${place(file, line, column) || (options.command ?? "qure")}:`)} ${paint(COLOURS[severity], `${severity}:`)} ${message} [${diagnostic.id}]`,
  ];
  if (sourceLine !== "" && line > 0) {
    lines.push(`    ${sourceLine}`);
    if (column > 0) {
      // Tabs stay tabs, so that the caret stands under its column at any tab width.
      const lead = [...sourceLine]
        .slice(0, column - 1)
        .map((character) => (character === "\t" ? "\t" : " "))
        .join("");
      const room = Math.max(1, [...sourceLine].length - column + 1);
      const marks = `^${"~".repeat(Math.max(0, Math.min(diagnostic.length, room) - 1))}`;
      lines.push(`    ${lead}${paint("\x1b[1;32m", marks)}`);
    }
  }
  if (diagnostic.suggestion !== undefined) lines.push(`    did you mean ${paint("\x1b[1m", diagnostic.suggestion)}?`);
  for (const note of diagnostic.notes) {
    lines.push(`${place(note.file, note.line, note.column)}: ${paint(COLOURS.note, "note:")} ${note.message}`);
  }
  return lines.join("\n");
}

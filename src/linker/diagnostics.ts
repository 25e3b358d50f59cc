/**
 * The linker's problems in the assembler's form: with the source line, a caret under the symbol, and what was probably
 * meant.
 */
import type { Diagnostic, Severity } from "../diagnostic/diagnostic.ts";
import type { LinkProblem } from "./link-problem.ts";

export function linkDiagnostics(
  problems: readonly LinkProblem<string>[],
  read: (path: string) => string | null,
  severity: Severity = "error",
): Diagnostic[] {
  const files = new Map<string, readonly string[]>();
  const linesOf = (path: string): readonly string[] => {
    let lines = files.get(path);
    if (!lines) files.set(path, (lines = read(path)?.split("\n") ?? []));
    return lines;
  };
  return problems.map(({ file, line, message, name, within, id, suggestion, notes }): Diagnostic => {
    const sourceLine = line > 0 ? (linesOf(file)[line - 1] ?? "").replace(/\r$/, "") : "";
    const found = name ? sourceLine.indexOf(name) : -1;
    return {
      severity,
      id,
      file,
      line,
      column: found >= 0 ? found + 1 : sourceLine.search(/\S/) + 1,
      length: found >= 0 ? name!.length : 1,
      message: within === undefined ? message : `${within}: ${message}`,
      sourceLine,
      notes: (notes ?? []).map((note) => ({ ...note, column: 0 })),
      ...(suggestion === undefined ? {} : { suggestion }),
    };
  });
}

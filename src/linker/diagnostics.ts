/**
 * The linker's problems in the assembler's form: with the source line, a caret under the symbol, and what was probably
 * meant.
 */
import type { Diagnostic, Severity } from "../diagnostic/diagnostic.ts";
import type { LinkProblem } from "./link-problem.ts";

/** Names in messages; the one that stands in the source line is marked. */
const NAMED: readonly { readonly id: string; readonly pattern: RegExp }[] = [
  { id: "undefined-symbol", pattern: /^undefined symbol ([^\s,]+)/ },
  { id: "duplicate-symbol", pattern: /^(\S+) is defined twice/ },
  { id: "link-overflow", pattern: /^(\S+) = 0x[0-9a-f]+ does not fit/ },
  { id: "link-discarded", pattern: /^(\S+) lies in / },
  { id: "undeclared-region", pattern: /^memory region `([^']+)' is not declared/ },
  { id: "cross-reference", pattern: /^(\S+) is in section / },
];

/** The rest of the messages, which name nothing that could be marked. */
const KINDS: readonly { readonly id: string; readonly pattern: RegExp }[] = [
  { id: "entry-symbol", pattern: /entry (symbol|point) / },
  { id: "section-overlap", pattern: /overlaps section/ },
  { id: "region-overflow", pattern: /does not fit into region/ },
  { id: "orphan-section", pattern: /orphan section/ },
  { id: "executable-stack", pattern: /executable stack|stack executable/ },
  { id: "rwx-segment", pattern: /\(RWX\)|can be executed/ },
  {
    id: "script-value",
    pattern: /^division by zero$|the program has no such section|is not a function of linker scripts|is not known yet/,
  },
  { id: "link-overflow", pattern: /^the address( in \S+)? = 0x[0-9a-f]+ does not fit/ },
  { id: "link-discarded", pattern: /^the symbol lies in a section that is not linked/ },
  { id: "bad-object", pattern: /^a relocation lies beyond the end / },
];

export function linkDiagnostics(
  problems: readonly LinkProblem[],
  read: (path: string) => string | null,
  severity: Severity = "error",
): Diagnostic[] {
  const files = new Map<string, readonly string[]>();
  const linesOf = (path: string): readonly string[] => {
    let lines = files.get(path);
    if (!lines) files.set(path, (lines = read(path)?.split("\n") ?? []));
    return lines;
  };
  return problems.map(({ file, line, message, within, id, suggestion, notes }): Diagnostic => {
    const sourceLine = line > 0 ? (linesOf(file)[line - 1] ?? "").replace(/\r$/, "") : "";
    const named = NAMED.map(({ id, pattern }) => ({ id, name: pattern.exec(message)?.[1] })).find(
      ({ name }) => name !== undefined,
    );
    const found = named?.name ? sourceLine.indexOf(named.name) : -1;
    return {
      severity,
      id: id ?? named?.id ?? KINDS.find(({ pattern }) => pattern.test(message))?.id ?? "link",
      file,
      line,
      column: found >= 0 ? found + 1 : sourceLine.search(/\S/) + 1,
      length: found >= 0 ? named!.name!.length : 1,
      message: within === undefined ? message : `${within}: ${message}`,
      sourceLine,
      notes: (notes ?? []).map((note) => ({ ...note, column: 0 })),
      ...(suggestion === undefined ? {} : { suggestion }),
    };
  });
}

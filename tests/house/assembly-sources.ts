/** The sources in assembly, taken apart as far as the tests of the house need it. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../..");
export const CODE_SECTIONS: ReadonlySet<string> = new Set([".text", ".boot", ".head", ".text16", ".reset"]);
/** Directives that stand where instructions do; all others begin their line. */
export const DATA_DIRECTIVE = /^\.(byte|word|long|quad|ascii|asciz|space|skip|fill|zero|org)\b/;

export interface Line {
  readonly number: number;
  readonly raw: string;
  readonly labels: readonly string[];
  /** Instruction, directive, macro call or assignment; without label and comment. */
  readonly statement: string;
  readonly hasComment: boolean;
  readonly section: string;
  /** Within .macro, .irp or .rept. */
  readonly inMacro: boolean;
}

export interface Source {
  readonly path: string;
  readonly lines: readonly Line[];
}

export const git = (...patterns: string[]): string[] =>
  execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", ...patterns], {
    cwd: root,
    encoding: "utf8",
  })
    .split("\n")
    .filter((path) => path !== "" && existsSync(join(root, path)));

/** Where the comment of a line begins; its length when it has none. Quoted text may hold the sign. */
export function commentStart(line: string): number {
  const quoted = /"(?:[^"\\]|\\.)*"|'(?:\\.|[^\\])'?/g;
  const blanked = line.replace(quoted, (text) => "_".repeat(text.length));
  const start = blanked.indexOf("#");
  return start < 0 ? line.length : start;
}

/** Takes a source apart. */
export function parse(path: string, text: string): Source {
  let section = ".text";
  let depth = 0;
  const pushed: string[] = [];
  const lines = text.split("\n").map((raw, index): Line => {
    const start = commentStart(raw);
    let rest = raw.slice(0, start).trim();
    const labels: string[] = [];
    for (;;) {
      const match = /^([A-Za-z_.$\\][\w.$\\@]*|\d+):/.exec(rest);
      if (!match) break;
      labels.push(match[1]!);
      rest = rest.slice(match[0].length).trim();
    }
    if (/^\.endm|^\.endr/.test(rest)) depth--;
    const inMacro = depth > 0;
    if (/^\.(macro|irp|rept)\b/.test(rest)) depth++;
    if (rest.startsWith(".pushsection")) pushed.push(section);
    const named = /^\.(?:push)?section\s+([\w.]+)/.exec(rest) ?? /^(\.text|\.data|\.bss)\b/.exec(rest);
    if (named) section = named[1]!;
    if (rest.startsWith(".popsection")) section = pushed.pop() ?? section;
    return {
      number: index + 1,
      raw,
      labels,
      statement: rest,
      hasComment: start < raw.length,
      section,
      inMacro,
    };
  });
  return { path, lines };
}

export const sources = git(
  "asm/*.s",
  "asm/*.inc",
  "boot/*.s",
  "boot/*.inc",
  "tests/guest/*.s",
  "tests/guest/*.inc",
).map((path) => parse(path, readFileSync(join(root, path), "utf8")));
/** The system itself; programs for tests obey the layout only. */
export const system = sources.filter(({ path }) => !path.startsWith("tests/"));
export const isNumeric = (label: string): boolean => /^\d/.test(label);
export const isLocal = (label: string): boolean => isNumeric(label) || label.startsWith(".L");

/** Names that are called, handed on as addresses, or known to other sources: what begins at them is a routine. */
export function routineNames(): Set<string> {
  const names = new Set<string>();
  for (const { lines } of system)
    for (const { statement } of lines) {
      const plain = statement.replace(/"(?:[^"\\]|\\.)*"/g, "");
      const called = /^call\s+([A-Za-z_]\w*)$/.exec(plain);
      if (called) names.add(called[1]!);
      for (const match of plain.matchAll(/\boffset\s+([A-Za-z_]\w*)/g)) names.add(match[1]!);
      if (/^[A-Z][A-Z0-9_]*\b/.test(plain)) for (const match of plain.matchAll(/[A-Za-z_]\w*/g)) names.add(match[0]);
      const exported = /^\.global\s+(\w+)/.exec(plain);
      if (exported) names.add(exported[1]!);
    }
  return names;
}

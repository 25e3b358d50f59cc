/** Transcripts in the documentation: what was typed at a `$`, and what came. */

export interface Typed {
  readonly command: string;
  /** The lines that follow it in the page. */
  readonly expected: readonly string[];
}

/** Splits a block at its lines that begin with the prompt. */
export function parseTranscript(text: string, prompt: RegExp = /^\$ /): Typed[] {
  const typed: { command: string; expected: string[] }[] = [];
  for (const line of text.replace(/\n+$/, "").split("\n")) {
    if (prompt.test(line)) typed.push({ command: line.replace(prompt, ""), expected: [] });
    else if (typed.length === 0) throw new Error(`a transcript begins with a command, not with ${line}`);
    else typed.at(-1)!.expected.push(line);
  }
  return typed;
}

/** What differs from run to run, or with every change of the system: only its form is compared. */
const VARYING: readonly (readonly [what: RegExp, placeholder: string])[] = [
  [/wall time [\d.]+ s \([\d.]+ virtual seconds a second\)/g, "wall time T"],
  [/virtual time [\d.]+ s/g, "virtual time T"],
  [/[\d.]+ million instructions/g, "N million instructions"],
  [/digest [0-9a-f]{32}/g, "digest D"],
  [/\(task \d+\)/g, "(task N)"],
  [/\beip [0-9a-f]{8}/g, "eip E"],
  [/built in [\d.]+ s/g, "built in T"],
  [/ {2,}\d+ bytes/g, " N bytes"],
  [/(?<=^asm\/kernel\/\w+\.s:)\d+(?=:)/, "N"],
];

function form(line: string): string {
  return VARYING.reduce((text, [what, placeholder]) => text.replace(what, placeholder), untabbed(line).trimEnd());
}

/** As a terminal shows it. */
function untabbed(line: string): string {
  return line.split("\t").reduce((text, piece) => text.padEnd(Math.floor(text.length / 8 + 1) * 8) + piece);
}

/** Steps of the progress on standard error, which come only when something takes long. */
const PROGRESS = /^ *\d+\.\d s {2}/;

/**
 * Compares lines; a line of `...` in the page stands for any number of lines. Returns the first line that is missing,
 * or null.
 */
export function firstMissing(expected: readonly string[], output: string): string | null {
  const lines = output
    .replace(/\n+$/, "")
    .split("\n")
    .filter((line) => !PROGRESS.test(line))
    .map(form);
  let at = 0;
  let isOpen = false;
  for (const line of expected) {
    if (line.trim() === "...") {
      isOpen = true;
      continue;
    }
    const found = isOpen ? lines.indexOf(form(line), at) : lines[at] === form(line) ? at : -1;
    if (found < 0) return line;
    at = found + 1;
    isOpen = false;
  }
  if (!isOpen && at < lines.length && expected.length > 0) return `(nothing, but ${lines[at]} came)`;
  return null;
}

/** A line with its numbers taken out: addresses and times change with every change of the system. */
export function shape(line: string): string {
  return line.replace(/\b[0-9a-f]*\d[0-9a-f]*(?:\.\d+)?h?\b/gi, "#").replace(/\s+/g, " ");
}

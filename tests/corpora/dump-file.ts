/** A `.d` file of GNU's test suites: what a tool must say of an object, as patterns line by line (`regexp_diff`). */
import { readFileSync } from "node:fs";
import { run } from "./foreign-tools.ts";

export interface Dump {
  /** Program and options that show the object, and the file with the patterns. */
  readonly program: string;
  readonly options: readonly string[];
  readonly file: string;
}

/** Whether the dump of the object fits the patterns. */
export async function fitsDump(dump: Dump, object: string): Promise<boolean> {
  const { output } = await run(dump.program, [...dump.options, object], process.cwd());
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const patterns = readFileSync(dump.file, "latin1")
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^#[^.!?]/.test(line) && line !== "#");
  let at = 0;
  for (let i = 0; i < patterns.length; i++) {
    const pattern = patterns[i]!;
    if (pattern === "#...") {
      const next = patterns[i + 1];
      if (next === undefined) return true;
      while (at < lines.length && !fits(next, lines[at]!)) at++;
    } else if (pattern.startsWith("#pass")) return true;
    else if (at >= lines.length || !fits(pattern, lines[at++]!)) return false;
  }
  return at >= lines.length;
}

function fits(pattern: string, line: string): boolean {
  try {
    return new RegExp(`^${pattern.replaceAll("[[:xdigit:]]", "[0-9a-fA-F]")}$`).test(line);
  } catch {
    return false;
  }
}

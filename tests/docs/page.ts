/** Pages of the documentation as the tests see them: parts between markers that are generated, and blocks of code. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../..");

/** The README and every page of docs/. */
export const pages: readonly string[] = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
  { cwd: root, encoding: "utf8" },
)
  .split("\n")
  .filter((path) => /^(?:[A-Z]+\.md$|docs\/)/.test(path) && existsSync(join(root, path)));

/** Set, it has the generated parts of pages written instead of compared. */
const UPDATES = process.env["QURE_UPDATE"] === "1";

/** What stands between `<!-- NAME -->` and `<!-- end -->`; with QURE_UPDATE=1 it becomes `wanted` first. */
export function generatedPart(page: string, name: string, wanted: string): string {
  const path = join(root, page);
  const text = readFileSync(path, "utf8");
  const begin = `<!-- ${name} -->\n`;
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf("<!-- end -->", from);
  if (from < begin.length || to < 0) throw new Error(`${page} has no part ${begin.trim()} ... <!-- end -->`);
  if (!UPDATES) return text.slice(from, to);
  writeFileSync(path, text.slice(0, from) + wanted + text.slice(to));
  return wanted;
}

/** `text` in lines of at most 120 columns, broken at spaces outside of code; all but the first begin with `indent`. */
export function wrapped(text: string, indent = ""): string {
  const words = text.match(/(?:`[^`]*`|[^\s`])+/g) ?? [];
  const lines = [""];
  for (const word of words) {
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= 120) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`${indent}${word}`);
  }
  return `${lines.join("\n")}\n`;
}

export interface Block {
  readonly page: string;
  /** Line of its first line of code, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** Why it is not run: from `<!-- not run: REASON -->` before the block; null when it is. */
  readonly exemption: string | null;
  /** Words of `<!-- run: WORDS -->` before the block. */
  readonly run: readonly string[];
}

/** The fenced blocks of a page, and those that are indented, with the language "". */
export function blocksOf(page: string): Block[] {
  const lines = readFileSync(join(root, page), "utf8").split("\n");
  const blocks: Block[] = [];
  let marker = "";
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const fence = /^```(\S*)/.exec(line);
    const isIndented = /^ {4}\S/.test(line) && (at === 0 || lines[at - 1] === "");
    if (fence || isIndented) {
      const from = fence ? at + 1 : at;
      let to = from;
      if (fence) while (to < lines.length && !lines[to]!.startsWith("```")) to++;
      else while (to < lines.length && /^(?: {4}|$)/.test(lines[to]!)) to++;
      blocks.push({
        page,
        line: from + 1,
        language: fence ? fence[1]! : "",
        text: `${lines.slice(from, to).join("\n")}\n`,
        exemption: /^<!-- not run: (.+) -->$/.exec(marker)?.[1] ?? null,
        run: /^<!-- run: (.+) -->$/.exec(marker)?.[1]?.split(" ") ?? [],
      });
      at = to;
      marker = "";
    } else if (line !== "") marker = line;
  }
  return blocks;
}

/**
 * What another tool answered: the same question to the same program has the same answer, so each is asked once and
 * kept. Nothing of ours is in an answer, and a question holds all that the tool saw.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";

const FOLDER = join(import.meta.dirname, "../../node_modules/.cache/qure-answers");

const programs = new Map<string, string>();

/** A program as it is installed: another version is another program. */
function identity(program: string): string {
  let known = programs.get(program);
  if (known === undefined) {
    const { size, mtimeMs } = statSync(program);
    programs.set(program, (known = `${program} ${size} ${mtimeMs}`));
  }
  return known;
}

/** The answer of `ask`, which runs `tools` on nothing but `question`. */
export function answer<Answer>(
  tools: readonly string[],
  question: readonly (string | Uint8Array)[],
  ask: () => Answer,
): Answer {
  const hash = createHash("sha256").update(tools.map(identity).join("\0"));
  for (const part of question) hash.update(`\0${part.length}\0`).update(part);
  const path = join(FOLDER, hash.digest("hex"));
  try {
    return deserialize(readFileSync(path)) as Answer;
  } catch {
    // Not asked yet.
  }
  const found = ask();
  mkdirSync(FOLDER, { recursive: true });
  const part = `${path}.${process.pid}`;
  writeFileSync(part, serialize(found));
  renameSync(part, path);
  return found;
}

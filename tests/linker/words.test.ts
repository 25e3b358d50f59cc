/** What `qure ld` says of programs that are wrong or surprising, word by word. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CommandError } from "../../src/cli/fail.ts";
import { run } from "../../src/cli/gnu/ld.ts";
import { objectOfGnu, requireOracle } from "../oracle.ts";
import { SAID } from "./words.ts";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-words-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Both outputs, and what ends the command. */
function said(args: readonly string[]): string {
  const chunks: string[] = [];
  const streams = [process.stdout, process.stderr];
  const writers = streams.map((stream) => stream.write);
  for (const stream of streams)
    stream.write = ((chunk: string | Uint8Array) => (
      chunks.push(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("latin1")), true
    )) as typeof stream.write;
  try {
    run(args);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    chunks.push(`! ${error.message}`);
  } finally {
    for (const [index, stream] of streams.entries()) stream.write = writers[index]!;
  }
  return chunks.join("");
}

test.for(Object.entries(SAID))("%s", ([, { sources, script, options, says }], context) => {
  const as = requireOracle("as", context);
  const files = sources.map((source, index) => {
    const path = join(folder, `part${index}.o`);
    writeFileSync(path, objectOfGnu(as, source));
    return path;
  });
  const args = [...(options ?? []), ...files];
  if (script !== undefined) {
    writeFileSync(join(folder, "s.ld"), script);
    args.push("-T", join(folder, "s.ld"));
  }
  const lines = said([...args, "-o", join(folder, "ours")])
    .replaceAll(`${folder}/`, "")
    .split("\n");
  // Lines of the source, and marks below them, stand after four blanks.
  const words = lines
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && !/^ {4}(?!did you mean| *\w+: +\d)/.test(line));
  expect(words).toEqual(says);
});

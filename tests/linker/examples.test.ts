/**
 * The linker's examples of `qure explain`, by `qure ld` itself: each wrong one earns its diagnostic, each right one
 * none.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assemble } from "../../src/assembler/assemble.ts";
import { CommandError } from "../../src/cli/fail.ts";
import { run as ld } from "../../src/cli/ld.ts";
import { LINK_EXAMPLES } from "../../src/linker/examples.ts";
import { LINK_EXPLANATIONS } from "../../src/linker/explanations.ts";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-examples-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function idsOf({ files, options }: (typeof LINK_EXAMPLES)[string]["wrong"], name: string): string[] {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    writeFileSync(join(place, path), text);
    if (!path.endsWith(".s")) continue;
    const bytes = new TextEncoder().encode(`.intel_syntax noprefix\n${text}\n`);
    const { object } = assemble({ path, files: { read: () => ({ path, bytes }) }, debugLines: false });
    writeFileSync(join(place, path.replace(/s$/, "o")), object!);
  }
  const chunks: string[] = [];
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = ((chunk: string) => (chunks.push(chunk), true)) as typeof process.stderr.write;
  const paths = options.split(" ").map((word) => (/\.(a|o|ld)$/.test(word) ? join(place, word) : word));
  try {
    ld([...paths, "-o", join(place, "program")]);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
  } finally {
    process.stderr.write = write;
  }
  return [...chunks.join("").matchAll(/ \[([a-z-]+)\]$/gm)].map(([, id]) => id!);
}

describe("examples of the linker's explanations", () => {
  test("every diagnostic that is explained has one", () => {
    expect(Object.keys(LINK_EXAMPLES).sort()).toEqual(Object.keys(LINK_EXPLANATIONS).sort());
  });

  test.each(Object.entries(LINK_EXPLANATIONS))("%s is explained in a sentence at least", (_id, text) => {
    expect(text).toMatch(/^[A-Z].{20,}\.$/s);
  });

  test.each(Object.entries(LINK_EXAMPLES))("%s", (id, { wrong, right }) => {
    expect([...new Set(idsOf(wrong, `${id}-wrong`))]).toEqual([id]);
    expect(idsOf(right, `${id}-right`)).toEqual([]);
    expect(existsSync(join(folder, `${id}-right`, "program")), "it is linked").toBe(true);
  });
});

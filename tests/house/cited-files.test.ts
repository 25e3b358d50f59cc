/** What the documentation says of files in this repository is true: every path that it names exists. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)));
const names = new Set(files.map((path) => basename(path)));
const pages = files.filter((path) => path.endsWith(".md"));

/**
 * Files that the reader makes, or that a build does; and the folders of OOFS in TypeScript, which its page announces.
 */
const MADE =
  /^(?:build|dist|logs|machines|node_modules)\/|^(?:asm\/shell\/roll|compare|kernel|my-os)\.|^(?:src|tests)\/oofs$/;

describe("files that the documentation names", () => {
  test.each(pages)("%s", (page) => {
    const text = readFileSync(join(root, page), "utf8").replace(/^```[\s\S]*?^```/gm, "");
    const words = [...text.matchAll(/`([^`\s]+)`/g)].map((match) => match[1]!);
    const missing = words.filter((word) => {
      if (MADE.test(word) || /[*{<$]|NAME/.test(word)) return false;
      if (/^(?:asm|boot|emulator|src|tests|bench|scripts|docs)\/[\w./-]*\w$/.test(word))
        return !existsSync(join(root, word));
      // A name without its folder: sources only, of which the context says where they are.
      return /^[\w-]+\.(?:ts|s|inc|mjs)$/.test(word) && !names.has(word);
    });
    expect(missing).toEqual([]);
  });

  test("nothing cites what lies outside the repository", () => {
    const outside = files
      .filter((path) => /\.(?:md|ts|mjs|s|inc|ld)$/.test(path))
      .filter((path) => /\.\.\/shared\/(?!judges)|seed document/.test(readFileSync(join(root, path), "utf8")))
      .filter((path) => path !== "tests/house/cited-files.test.ts");
    expect(outside).toEqual([]);
  });
});

/** Every relative link in the documentation leads to something, headings included. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const pages = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)));

/** Without code, in which brackets mean something else. */
function prose(path: string): string {
  return readFileSync(join(root, path), "utf8")
    .replace(/^```[\s\S]*?^```/gm, "")
    .replace(/`[^`\n]*`/g, "");
}

/** A heading's name in links, as GitHub forms it. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replace(/ /g, "-");
}

describe("links in the documentation", () => {
  test.each(pages)("%s", (page) => {
    const broken = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1]!)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [path = "", name] = target.split("#");
        const file = path === "" ? join(root, page) : join(root, dirname(page), path);
        if (!existsSync(file)) return true;
        if (name === undefined || statSync(file).isDirectory()) return false;
        return ![...readFileSync(file, "utf8").matchAll(/^#+ +(.+)$/gm)].some((match) => anchor(match[1]!) === name);
      });
    expect(broken).toEqual([]);
  });

  test("every page is reached from the index", () => {
    const index = prose("docs/README.md");
    const missing = pages.filter(
      (page) =>
        page.startsWith("docs/") && page !== "docs/README.md" && !index.includes(`(${page.slice("docs/".length)})`),
    );
    expect(missing).toEqual([]);
  });
});

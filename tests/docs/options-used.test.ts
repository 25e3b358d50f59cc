/**
 * Every option of every command is used by a test: what nothing calls breaks unseen. A test is a file below tests/ that
 * runs the command, or a block of a page, which tests run too. `qure emu` and `qure snapshot` share one table.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/commands.ts";
import { leaves } from "./commands.ts";
import { blocksOf, pages, root } from "./page.ts";

/** Commands with the same table of options. */
const TOGETHER = [["emu", "snapshot"]];

const tests = readdirSync(join(root, "tests"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !path.startsWith("docs"))
  .map((path) => readFileSync(join(root, "tests", path), "utf8"));
const blocks = pages
  .flatMap(blocksOf)
  .filter(({ language, exemption }) => exemption === null && ["sh", "console"].includes(language))
  .flatMap(({ text }) => text.split("\n").filter((line) => /\bqure\b/.test(line)));

/** Does a text of a test call one of the commands? */
const calls = (text: string, names: readonly string[]): boolean =>
  names.some((name) => new RegExp(`\\bqure ${name}\\b|"${name}"`).test(text));

const groups = [
  ...TOGETHER,
  ...[...COMMANDS.keys()].filter((name) => !TOGETHER.flat().includes(name)).map((name) => [name]),
];

test.each(groups)("each option of qure %s is used by a test", async (...names) => {
  const texts = [...tests, ...blocks].filter((text) => calls(text, names));
  const words = new Set(texts.flatMap((text) => text.match(/(?<![\w-])--?[a-zA-Z][\w-]*/g) ?? []));
  const options = [...(await leaves())]
    .filter(([path]) => names.includes(path.split(" ")[0]!))
    .flatMap(([, { options: all }]) => all);
  const unused = options.filter(({ long, short }) => ![long, short].some((word) => word && words.has(word)));
  expect([...new Set(unused.map(({ flags }) => flags))]).toEqual([]);
});

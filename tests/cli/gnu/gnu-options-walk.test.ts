/**
 * Every option that GNU's tools name in their help: ours do what theirs do with it, refuse it, or warn of it each time.
 * None is taken in silence without its effect. The tables are in gnu-options/, one for each tool.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requireOracle } from "../../oracle.ts";
import { rowsOf } from "../../setup/tier.ts";
import { type OptionRow, type OptionTable, spellingsIn, wordsOf } from "./options/table.ts";
import { Trials } from "./options/trial.ts";

const HERE = join(import.meta.dirname, "options");
const names = readdirSync(HERE).filter((name) => !/^(table|trial|objects)\.ts$/.test(name));
const tables = await Promise.all(
  names.map(async (name) => ((await import(join(HERE, name))) as { TABLE: OptionTable }).TABLE),
);

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "qure-options-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function prepare({ tool, files }: OptionTable): string {
  const home = join(folder, tool);
  mkdirSync(join(home, "files"), { recursive: true });
  if (typeof files === "function") files(join(home, "files"));
  else for (const [name, content] of Object.entries(files)) writeFileSync(join(home, "files", name), content);
  return home;
}

/** What speaks against a row, or null. */
async function fault(trials: Trials, row: OptionRow): Promise<string | null> {
  const [spellings, verdict, value = "", operands] = row;
  for (const [index, words] of wordsOf(row).entries()) {
    const name = spellings.split(", ")[index]!;
    const bare = name.replace(/^-z /, "").replaceAll(" ", "");
    const said = (kind: string, text: string): boolean =>
      text.split("\n").some((line) => line.includes(kind) && line.replaceAll(" ", "").includes(bare));
    if (verdict === "tested") {
      if (!readFileSync(join(import.meta.dirname, "../../..", value), "utf8").includes(name))
        return `${value}: no ${name}`;
      continue;
    }
    const ours = await trials.ours(words, operands);
    const without = await trials.ours([], operands);
    if (verdict === "refused") {
      if (ours.isWell) return `${words.join(" ")} is taken`;
      if (!said("", ours.messages)) return `${words.join(" ")}: not named in ${ours.messages}`;
    } else if (verdict === "warned") {
      if (!ours.isWell || !said("warning", ours.messages)) return `${words.join(" ")}: no warning in ${ours.messages}`;
    } else if (verdict === "own") {
      if (ours.products === without.products && ours.messages === without.messages) return `${words.join(" ")} is idle`;
    } else {
      const theirs = trials.theirs(words, operands);
      const isIdle = theirs.products === trials.theirs([], operands).products;
      if (isIdle !== (verdict === "nothing")) return `${words.join(" ")} ${isIdle ? "is idle in" : "changes"} GNU's`;
      if (ours.products !== theirs.products) return `${words.join(" ")} differs: ${ours.messages || "other contents"}`;
    }
  }
  return null;
}

describe.each(tables)("$tool", (table) => {
  test("the table has all options of the help, and no others", (context) => {
    const oracle = requireOracle(table.tool, context);
    const help = table.helps.map((words) => spawnSync(oracle, words, { encoding: "utf8" }).stdout).join("\n");
    const known = new Set(table.rows.flatMap(([spellings]) => spellings.split(", ")));
    const asked = spellingsIn(table.hasOptions?.(help) ?? help);
    expect([...asked].filter((spelling) => !known.has(spelling))).toEqual([]);
    expect([...known].filter((spelling) => !asked.has(spelling))).toEqual([]);
  });

  test("each option is done, refused or warned of", async (context) => {
    const oracle = requireOracle(table.tool, context);
    const trials = new Trials(table, prepare(table), oracle);
    const faults: string[] = [];
    for (const row of rowsOf(table.rows, [6, 40])) {
      const found = await fault(trials, row);
      if (found !== null) faults.push(found);
    }
    expect(faults).toEqual([]);
  });
});

// The rate of each folder, and the table of them in a page: rows of folders that were judged now take the place of
// those that stand there, the others stay. The reporter of the tests (tests/setup/tier.ts) reads it.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const ROW = /^\| `([^`]+)` \|.*$/gm;
const KINDS = ["killed", "survived", "timedOut", "equivalent"];

/** `src/oofs`, `asm/net`: two levels, or as many as there are. */
const folderOf = (file) => dirname(file).split("/").slice(0, 2).join("/");

/** How many faults of each kind there were, by what `keyOf` says of their file. */
export function countsBy(results, keyOf) {
  const rows = new Map();
  for (const kind of KINDS)
    for (const { file } of results.flatMap((result) => result[kind])) {
      const key = keyOf(file);
      const row = rows.get(key) ?? { killed: 0, survived: 0, timedOut: 0, equivalent: 0 };
      row[kind]++;
      rows.set(key, row);
    }
  return new Map([...rows].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Percent of what was judged; a fault that keeps a test from ever ending is noticed too. */
export function rateOf({ killed, survived, timedOut }) {
  const noticed = killed + timedOut;
  return noticed + survived === 0 ? 100 : Math.floor((100 * noticed) / (noticed + survived));
}

export const countsByFolder = (results) => countsBy(results, folderOf);

/** Writes the rates into the page. */
export function writeRates(path, results, seed) {
  const page = existsSync(path) ? readFileSync(path, "utf8") : "";
  const rows = new Map([...page.matchAll(ROW)].map(([row, folder]) => [folder, row]));
  for (const [folder, counts] of countsByFolder(results)) {
    const noticed = counts.killed + counts.timedOut;
    rows.set(folder, `| \`${folder}\` | ${noticed + counts.survived} | ${noticed} | ${seed} | ${rateOf(counts)} % |`);
  }
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  writeFileSync(path, `${HEAD}${sorted.join("\n")}\n`);
}

const HEAD = `# Planted faults that \`npm test\` notices

A test that no fault can turn red is not a test. Faults are drawn by a seed from each folder and planted one at a time. The
tests of the folder that \`npm test\` runs judge each: the rate is a lower bound, for tests of other folders may notice more.
Faults that nobody can notice (\`tests/mutants\`) do not count. With 40 faults a rate is good to some 10 points.

Made by \`npm run mutants -- --seed N --count M --table bench/mutants.md\`, or by one command for each folder.

| folder | faults | noticed | seed | rate |
|---|---|---|---|---|
`;

// Faults planted one at a time, in TypeScript and in assembly; for each the tests that reach it run, and one of them
// should fail.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";
import { positiveNumber, wholeNumber, workshopCommand } from "./command.mjs";
import { Ledger } from "./mutants/ledger.mjs";
import { countsBy, countsByFolder, rateOf, writeRates } from "./mutants/rates.mjs";
import { runTypescriptMutants } from "./mutants/typescript.mjs";

const EQUIVALENT_MAXIMUM_PERCENT = 5;
const ASSEMBLY = "scripts/mutants/assembly.ts";

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

const command = workshopCommand(
  "npm run mutants --",
  "plants faults into the whole tree, or the files at PATH, and prints which of them npm test does not notice",
  "--count 100 --seed 7",
)
  .argument("[paths...]", "files and folders of src, emulator, asm and boot; all of them when left out")
  .option("--changed", "the files that differ from the branch main, or on it those of its last commits")
  .option("--seed <number>", "draws the faults", wholeNumber(0), 1)
  .option("--count <number>", "how many faults", wholeNumber(1), 100)
  .option("--jobs <number>", "how many at a time", wholeNumber(1, 64), 1)
  .option("--minutes <minutes>", "begin none when so much time has gone into judging", positiveNumber)
  .option("--keep <file>", "append each verdict to FILE and take those that stand there: the same command goes on")
  .option("--again", "judge those of FILE again that no test noticed, assembly by every test that comes to them", false)
  .option(
    "--tests <path>",
    "a test file to run instead of the folder's; several times",
    (path, all) => [...all, path],
    [],
  )
  .option(
    "--campaign <seeds>",
    "try what no test of the cluster notices with so many seeds of qure chaos",
    wholeNumber(0, 20_000),
    0,
  )
  .option("--table <file>", "write the rates by folder into the table of FILE")
  .option("--least <percent>", "exit code 1 below this score", positiveNumber)
  .option("--json", "print the verdicts as JSON", false)
  .parse();
const values = command.opts();
// Tests look there when they are loaded (tests/setup/tier.ts): what npm test runs is to notice.
delete process.env.QURE_THOROUGH;
const [positionals] = command.processedArgs;

function git(...args) {
  return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
}

/** Commits of main that count as one change: what lands there lands in series. */
const SERIES = 40;

/** Files that differ from where this branch left main; on main itself, those of its last series of commits. */
function changedFiles() {
  for (const main of ["origin/main", "main"]) {
    try {
      const base = git("merge-base", main, "HEAD");
      if (base !== git("rev-parse", "HEAD")) return git("diff", "--name-only", "--diff-filter=d", base).split("\n");
    } catch {
      // No such branch here.
    }
  }
  try {
    const [base] = git("rev-list", "--first-parent", `--max-count=${SERIES}`, "HEAD").split("\n").slice(-1);
    return git("diff", "--name-only", "--diff-filter=d", base).split("\n");
  } catch {
    // A clone without history: nobody can say what changed.
    return [];
  }
}

function filesAt(path) {
  if (!existsSync(path)) fail(`${path}: no such file or folder`);
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true })
    .map((name) => join(path, name))
    .sort();
}

const isTypescript = (path) => /^(src|emulator)\/.*\.ts$/.test(path) && !path.endsWith(".d.ts");
const isAssembly = (path) => /^(asm|boot)\/.*\.(s|inc)$/.test(path);

/** The folders that are judged one after the other when nobody says which. */
const TREE = ["src", "emulator", "asm", "boot"];
const isWholeTree = positionals.length === 0 && !values.changed;
const paths = isWholeTree
  ? TREE
  : [...positionals, ...(values.changed ? changedFiles().filter((path) => existsSync(path)) : [])];
const files = [...new Set(paths.flatMap(filesAt))];
const typescript = files.filter(isTypescript);
const assembly = files.filter(isAssembly);
const options = {
  seed: values.seed,
  jobs: values.jobs,
  tests: values.tests,
  campaign: values.campaign,
  everyTest: values.again,
  isSample: values.changed === true,
  ledger: new Ledger(values.keep ?? null, values.again),
  minutes: values.minutes ?? null,
  report: (line) => process.stderr.write(`${line}\n`),
};

/** Of several parts each gets its part of the faults by its number of files, and of the whole tree at least one. */
const share = (part) =>
  Math.max(isWholeTree ? 1 : 0, Math.round((values.count * part.length) / (typescript.length + assembly.length)));

/** TypeScript by its folders, for each has tests of its own: one session of all would load all tests at once. */
function typescriptParts() {
  if (!isWholeTree) return typescript.length > 0 ? [typescript] : [];
  const parts = new Map();
  for (const file of typescript) {
    const folder = file.split("/").slice(0, 2).join("/");
    parts.set(folder, [...(parts.get(folder) ?? []), file]);
  }
  return [...parts.values()];
}

const results = [];
for (const part of typescriptParts())
  results.push(await runTypescriptMutants(part, { ...options, count: share(part) }));
if (assembly.length > 0) {
  if (!existsSync(ASSEMBLY)) fail(`${ASSEMBLY} is not there: assembly cannot be mutated`);
  const outfile = `node_modules/.cache/qure-mutants/assembly-${process.pid}.mjs`;
  await bundle(ASSEMBLY, outfile);
  const { runAssemblyMutants } = await import(join(process.cwd(), outfile));
  results.push(await runAssemblyMutants(assembly, { ...options, count: share(assembly) }));
}

const counts = { killed: 0, survived: 0, timedOut: 0, equivalent: 0 };
for (const row of countsBy(results, (file) => file).values())
  for (const kind of Object.keys(counts)) counts[kind] += row[kind];
const left = results.reduce((sum, result) => sum + result.left, 0);
const judged = counts.killed + counts.survived + counts.timedOut;
const score = rateOf(counts);

function textOf() {
  const byFile = countsBy(results, (file) => file);
  const byFolder = countsByFolder(results);
  const width = Math.max(6, ...[...byFile.keys()].map((file) => file.length));
  const line = (name, ...cells) => `${name.padEnd(width)} ${cells.map((cell) => String(cell).padStart(12)).join("")}\n`;
  const lineOf = (name, row) => line(name, row.killed, row.survived, row.timedOut, row.equivalent, `${rateOf(row)} %`);
  let text = "";
  for (const { file, line: at, column, operator, before, after, reachedBy } of results.flatMap(
    ({ survived }) => survived,
  )) {
    const place = column === undefined ? `${file}:${at}` : `${file}:${at}:${column}`;
    text += `${place} ${operator}: ${before} -> ${after}${reachedBy === 0 ? " (no test comes here)" : ""}\n`;
  }
  const heads = ["killed", "survived", "timed out", "equivalent", "noticed"];
  text += `\n${line("file", ...heads)}`;
  for (const [file, row] of byFile) text += lineOf(file, row);
  text += `\n${line("folder", ...heads)}`;
  for (const [folder, row] of byFolder) text += lineOf(folder, row);
  text += lineOf("all", counts);
  if (left > 0)
    text += `${left} drawn mutants were left when the time was over${values.keep === undefined ? "" : ": the same command goes on with them"}.\n`;
  if (counts.equivalent * 100 > (judged + counts.equivalent) * EQUIVALENT_MAXIMUM_PERCENT)
    text += `more than ${EQUIVALENT_MAXIMUM_PERCENT} % of those drawn are listed as equivalent, see tests/mutants\n`;
  return `${text}noticed ${score} %: ${counts.killed + counts.timedOut} of ${judged}, without equivalents (seed ${options.seed})\n`;
}

if (values.json)
  process.stdout.write(`${JSON.stringify({ seed: options.seed, score, ...counts, left, results }, null, 1)}\n`);
else process.stdout.write(textOf());
if (values.table !== undefined) writeRates(values.table, results, options.seed);
if (values.least !== undefined && score < values.least) process.exitCode = 1;
// Tests that a planted fault stopped half-way have left sockets and threads open, which would keep the process for
// ever.
process.stdout.write("", () => process.exit());

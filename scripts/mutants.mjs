// Faults planted one at a time, in TypeScript and in assembly; for each the tests that reach it run, and one of them
// should fail.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";
import { positiveNumber, wholeNumber, workshopCommand } from "./command.mjs";
import { Ledger } from "./mutants/ledger.mjs";
import { runTypescriptMutants } from "./mutants/typescript.mjs";

const EQUIVALENT_MAXIMUM_PERCENT = 5;
const ASSEMBLY = "scripts/mutants/assembly.ts";

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

const command = workshopCommand(
  "npm run mutants --",
  "plants faults into the files at PATH and prints which of them no test notices",
  "src/linker --count 100 --seed 7",
)
  .argument("[paths...]", "files and folders of src, emulator, asm and boot")
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
    "try what no test of the cluster notices with so many seeds of qure chaos, of which CI tries 100",
    wholeNumber(0, 20_000),
    0,
  )
  .option("--least <percent>", "exit code 1 below this score", positiveNumber)
  .option("--json", "print the verdicts as JSON", false)
  .parse();
const values = command.opts();
// Tests look there when they are loaded (tests/setup/tier.ts): all rows and groups for a folder's score; for a sample
// of what changed those of npm test, which are quick.
process.env.QURE_TIER = values.changed ? "" : "mutants";
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

const paths = [...positionals, ...(values.changed ? changedFiles().filter((path) => existsSync(path)) : [])];
if (paths.length === 0 && !values.changed) command.error("error: say which files or folders, or --changed");
const files = [...new Set(paths.flatMap(filesAt))];
const typescript = files.filter(isTypescript);
const assembly = files.filter(isAssembly);
const { count } = values;
const options = {
  seed: values.seed,
  jobs: values.jobs,
  tests: values.tests,
  campaign: values.campaign,
  everyTest: values.again,
  ledger: new Ledger(values.keep ?? null, values.again),
  minutes: values.minutes ?? null,
  report: (line) => process.stderr.write(`${line}\n`),
};

const results = [];
// Of two languages each gets its part of the mutants, by the number of files.
const share = (part) => Math.round((count * part.length) / (typescript.length + assembly.length));
if (typescript.length > 0)
  results.push(await runTypescriptMutants(typescript, { ...options, count: share(typescript) }));
if (assembly.length > 0) {
  if (!existsSync(ASSEMBLY)) fail(`${ASSEMBLY} is not there: assembly cannot be mutated`);
  const outfile = `node_modules/.cache/qure-mutants/assembly-${process.pid}.mjs`;
  await bundle(ASSEMBLY, outfile);
  const { runAssemblyMutants } = await import(join(process.cwd(), outfile));
  results.push(await runAssemblyMutants(assembly, { ...options, count: share(assembly) }));
}

const all = (kind) => results.flatMap((result) => (Array.isArray(result[kind]) ? result[kind] : []));
/** Kinds that a language reports as a number only. */
const number = (kind) =>
  results.reduce((sum, result) => sum + (Array.isArray(result[kind]) ? result[kind].length : (result[kind] ?? 0)), 0);

const [killed, survived, timedOut, equivalent, left] = ["killed", "survived", "timedOut", "equivalent", "left"].map(
  number,
);
const judged = killed + survived;
const score = judged === 0 ? 100 : (100 * killed) / judged;

if (values.json) {
  process.stdout.write(
    `${JSON.stringify({ seed: options.seed, score, killed, survived, timedOut, equivalent, left, results }, null, 1)}\n`,
  );
} else {
  const rows = new Map();
  for (const kind of ["killed", "survived", "timedOut", "equivalent"])
    for (const { file } of all(kind)) {
      const row = rows.get(file) ?? { killed: 0, survived: 0, timedOut: 0, equivalent: 0 };
      row[kind]++;
      rows.set(file, row);
    }
  const width = Math.max(4, ...[...rows.keys()].map((file) => file.length));
  const line = (file, ...cells) => `${file.padEnd(width)} ${cells.map((cell) => String(cell).padStart(12)).join("")}\n`;
  let text = "";
  for (const { file, line: at, column, operator, before, after, reachedBy } of all("survived")) {
    const place = column === undefined ? `${file}:${at}` : `${file}:${at}:${column}`;
    text += `${place} ${operator}: ${before} -> ${after}${reachedBy === 0 ? " (no test comes here)" : ""}\n`;
  }
  text += `\n${line("file", "killed", "survived", "timed out", "equivalent")}`;
  for (const [file, row] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1)))
    text += line(file, row.killed, row.survived, row.timedOut, row.equivalent);
  text += line("all", killed, survived, timedOut, equivalent);
  if (left > 0)
    text += `${left} drawn mutants were left when the time was over${values.keep === undefined ? "" : ": the same command goes on with them"}.\n`;
  if (equivalent * 100 > (judged + timedOut + equivalent) * EQUIVALENT_MAXIMUM_PERCENT)
    text += `more than ${EQUIVALENT_MAXIMUM_PERCENT} % of those drawn are listed as equivalent, see tests/mutants\n`;
  text += `score ${score.toFixed(1)} %: ${killed} of ${judged} noticed, without time-outs and equivalents (seed ${options.seed})\n`;
  process.stdout.write(text);
}
if (values.least !== undefined && score < values.least) process.exitCode = 1;
// Tests that a planted fault stopped half-way have left sockets and threads open, which would keep the process for
// ever.
process.stdout.write("", () => process.exit());

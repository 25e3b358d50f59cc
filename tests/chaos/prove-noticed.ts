/**
 * npm run prove -- noticed [--only TEXT] [--minutes M] [--fresh]
 *
 * Of planted.json, the bugs that tests alone see: each is planted into a copy of this tree, and its test must fail. How
 * far it came is kept in build/prove-noticed.json: the same command goes on, and other lines of a bug are tried anew.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { positiveNumber, workshopCommand } from "../../scripts/command.mjs";
import { PLANTED, type PlantedBug, plant } from "./planted.ts";

const PROGRESS = "build/prove-noticed.json";
const TREE = "build/prove-noticed";
/** On a machine that is busy a test that lasts is no test that fails. */
const PATIENCE_MS = 3_600_000;
/** What no test of the kernel reads, or is made anew. */
const NOT_COPIED = [".git", "build", "dist", "node_modules"];

const values = workshopCommand(
  "npm run prove -- noticed",
  "planted bugs that tests alone see: each is planted, and its test must fail",
  "--only upgrade",
)
  .option("--only <text>", "bugs whose file, test or effect has this in it", "")
  .option("--minutes <minutes>", "at most so long", positiveNumber, Number.MAX_SAFE_INTEGER)
  .option("--fresh", "forget what was done before", false)
  .parse()
  .opts<{ readonly only: string; readonly minutes: number; readonly fresh: boolean }>();

const nameOf = (bug: PlantedBug): string => JSON.stringify(bug);

/** Whether the test of a bug fails with it. A run that cannot begin is an Error. */
function isNoticed(bug: PlantedBug): boolean {
  const { test, named } = bug;
  const path = join(TREE, bug.file);
  const before = readFileSync(path, "utf8");
  writeFileSync(path, plant(bug, before));
  try {
    const only = named === undefined ? [] : ["-t", named];
    const words = ["vitest", "run", test!, "--reporter=json", `--testTimeout=${PATIENCE_MS}`, ...only];
    // A test by its name may be one at length; of a whole file those would take an hour.
    const env = { ...process.env, QURE_THOROUGH: named === undefined ? "1" : "all" };
    const { stdout, stderr } = spawnSync("npx", words, { cwd: TREE, env, encoding: "utf8", maxBuffer: 1 << 28 });
    const report = /^\{"numTotalTestSuites.*\}$/m.exec(stdout)?.[0];
    if (report === undefined) throw new Error(`${test} did not run with "${bug.breaks}":\n${stdout}\n${stderr}`);
    const { numFailedTests, numPassedTests } = JSON.parse(report) as Record<string, number>;
    if (numFailedTests === 0 && numPassedTests === 0) throw new Error(`${test}: no test has the name ${named}`);
    return numFailedTests! > 0;
  } finally {
    writeFileSync(path, before);
  }
}

if (values.fresh) rmSync(PROGRESS, { force: true });
const known = new Map<string, boolean>(existsSync(PROGRESS) ? JSON.parse(readFileSync(PROGRESS, "utf8")) : []);
rmSync(TREE, { recursive: true, force: true });
mkdirSync(TREE, { recursive: true });
for (const name of readdirSync("."))
  if (!NOT_COPIED.includes(name)) cpSync(name, join(TREE, name), { recursive: true });
for (const name of ["dist", "node_modules"]) symlinkSync(resolve(name), join(TREE, name));

const untilMs = Date.now() + values.minutes * 60_000;
const bugs = PLANTED.filter(({ test }) => test !== undefined).filter((bug) => nameOf(bug).includes(values.only));
for (const bug of bugs) {
  if (known.has(nameOf(bug))) continue;
  if (Date.now() > untilMs) break;
  try {
    known.set(nameOf(bug), isNoticed(bug));
  } catch (error) {
    console.log(`not judged: ${(error as Error).message}`);
    continue;
  }
  writeFileSync(PROGRESS, JSON.stringify([...known]));
  console.log(`${known.get(nameOf(bug)) ? "noticed" : "NOT NOTICED"}: ${bug.breaks}`);
}
rmSync(TREE, { recursive: true, force: true });
const judged = bugs.filter((bug) => known.has(nameOf(bug)));
const noticed = judged.filter((bug) => known.get(nameOf(bug)));
console.log(`${noticed.length} of ${judged.length} planted bugs were noticed; ${bugs.length - judged.length} are left`);
process.exitCode = noticed.length === judged.length ? 0 : 1;

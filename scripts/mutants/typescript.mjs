// Mutants of TypeScript. Stryker's instrumenter finds them and puts the drawn ones into the source, each behind a
// switch. The test files are bundled with that source once; a run of all of them says which test reaches which mutant;
// then each mutant gets a process of its own that runs the tests which reach it, those first that have killed others
// of its file, and ends with the first failure. A process for each keeps what modules make when they are loaded honest.

import { fork } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { Instrumenter } from "@stryker-mutator/instrumenter";
import { build } from "esbuild";
import { draw, equivalents, short } from "./draw.mjs";

const SHIM = resolve("scripts/mutants/vitest-shim.mjs");
const CHILD = resolve("scripts/mutants/child.mjs");

/** Where the tests of a folder are, when not in the folder of the same name below tests/. The first that fits. */
const TESTS = [
  ["src/isa", ["tests/isa", "tests/assembler"]],
  ["src/linker", ["tests/linker", "tests/cli/binutils.test.ts"]],
  ["src/object", ["tests/object", "tests/linker", "tests/binutils"]],
  ["src/image", ["tests/image", "tests/system/loader.test.ts", "tests/guest"]],
  ["src/build", ["tests/build", "tests/system/loader.test.ts"]],
  ["src/diagnostic", ["tests/diagnostic", "tests/assembler/diagnostics.test.ts", "tests/cli/binutils.test.ts"]],
  ["emulator/devices", ["tests/emulator/devices", "tests/emulator/machine.test.ts", "tests/emulator/state.test.ts"]],
  ["emulator/jit", ["tests/emulator/jit", "tests/emulator/cpu"]],
];

/** A mutant may take this many times as long as without it, and that much longer: the machine may be busy. */
const PATIENCE = 5;
const PATIENCE_MS = 15_000;
/** How much oftener than without it a mutant may be passed before its loop counts as endless. */
const ENDLESS_FACTOR = 200;

const silent = { debug() {}, info() {}, warn() {}, isDebugEnabled: () => false };
const INSTRUMENTER_OPTIONS = { plugins: null, excludedMutations: [], ignorers: [], noHeader: false };

function testFilesUnder(place) {
  try {
    return readdirSync(place, { recursive: true })
      .filter((name) => name.endsWith(".test.ts") && !name.endsWith(".thorough.test.ts"))
      .map((name) => join(place, name))
      .sort();
  } catch (error) {
    if (error.code === "ENOTDIR") return [place];
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

function testsFor(paths) {
  const places = paths.flatMap((path) => {
    const known = TESTS.find(([folder]) => path.startsWith(`${folder}/`));
    return known ? known[1] : [join("tests", dirname(path).replace(/^src\//, ""))];
  });
  return [...new Set([...new Set(places)].flatMap(testFilesUnder))];
}

async function instrument(files, rangesOf) {
  const instrumenter = new Instrumenter(silent);
  return instrumenter.instrument(
    files.map((name) => ({ name: resolve(name), content: readFileSync(name, "utf8"), mutate: rangesOf(name) })),
    INSTRUMENTER_OPTIONS,
  );
}

/** Text between two places of Stryker's, lines and columns from 0. */
function textBetween(lines, { start, end }) {
  if (start.line === end.line) return lines[start.line].slice(start.column, end.column);
  return [
    lines[start.line].slice(start.column),
    ...lines.slice(start.line + 1, end.line),
    lines[end.line].slice(0, end.column),
  ].join("\n");
}

function describe({ fileName, location, mutatorName, replacement }) {
  const file = relative(".", fileName);
  const lines = readFileSync(file, "utf8").split("\n");
  return {
    file,
    line: location.start.line + 1,
    column: location.start.column + 1,
    operator: mutatorName,
    before: short(textBetween(lines, location)),
    after: short(replacement),
    source: lines[location.start.line].trim(),
  };
}

const placeOf = ({ fileName, location: { start, end }, mutatorName, replacement }) =>
  JSON.stringify([fileName, start, end, mutatorName, replacement]);

/** Bundles the test files, with instrumented sources in the place of those on disk. */
async function bundle(testFiles, instrumented, folder) {
  const contents = new Map(instrumented.map(({ name, content }) => [name, content]));
  await build({
    entryPoints: Object.fromEntries(testFiles.map((path, index) => [`test${index}`, path])),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    packages: "external",
    logLevel: "error",
    plugins: [
      {
        name: "mutants",
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^vitest$/ }, () => ({ path: SHIM, external: true }));
          onLoad({ filter: /\.m?ts$/ }, ({ path }) => {
            const text = contents.get(path) ?? readFileSync(path, "utf8");
            return {
              contents: text
                .replaceAll("import.meta.dirname", JSON.stringify(dirname(path)))
                .replaceAll("import.meta.filename", JSON.stringify(path))
                .replaceAll("import.meta.url", JSON.stringify(`file://${path}`)),
              loader: "ts",
            };
          });
        },
      },
    ],
  });
  return testFiles.map((path, index) => ({ path, bundle: join(folder, `test${index}.mjs`) }));
}

/** What the global setup of the tests provides. */
async function provided(folder) {
  const outfile = join(folder, "setup.mjs");
  const root = resolve(".");
  await build({
    entryPoints: ["tests/setup/global.ts"],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
    define: { "import.meta.dirname": JSON.stringify(join(root, "tests/setup")) },
  });
  const values = {};
  const { default: setup } = await import(outfile);
  setup({ vitest: {}, provide: (name, value) => void (values[name] = value), onTestsRerun() {} });
  return values;
}

let taskNumber = 0;

/** Runs a task in a process; null when it did not come to its end in time. */
function runTask(folder, task, timeoutMs) {
  const base = join(folder, `task${taskNumber++}`);
  writeFileSync(`${base}.json`, JSON.stringify(task));
  return new Promise((done) => {
    const child = fork(CHILD, [`${base}.json`, `${base}.result.json`], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      // A process that ends with the first failure leaves its temporary files.
      env: { ...process.env, TMPDIR: join(folder, "tmp") },
      execArgv: ["--max-old-space-size=1500"],
    });
    let said = "";
    child.stderr.on("data", (chunk) => void (said = (said + chunk).slice(-2000)));
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill("SIGKILL");
    }, timeoutMs);
    child.on("close", (code) => {
      clearTimeout(timer);
      let result = null;
      try {
        result = JSON.parse(readFileSync(`${base}.result.json`, "utf8"));
      } catch {
        // It ended without one: a crash is a failure that everybody notices.
        result = isLate ? null : { failed: `(process ended with ${code})`, message: said };
      }
      rmSync(`${base}.json`, { force: true });
      rmSync(`${base}.result.json`, { force: true });
      done(result);
    });
  });
}

/** Works on `items` with `jobs` hands. */
async function inParallel(items, jobs, work) {
  const queue = items.map((item, index) => [item, index]);
  const hand = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(...next);
  };
  await Promise.all(Array.from({ length: jobs }, hand));
}

/** Which tests reach each mutant: id -> tests, with what each costs. */
async function reach(bundles, folder, jobs, report) {
  const reached = new Map();
  const add = (id, test, hits) => {
    const entry = reached.get(id) ?? { tests: [], hits: 0 };
    reached.set(id, entry);
    if (!entry.tests.includes(test)) entry.tests.push(test);
    entry.hits += hits;
  };
  await inParallel(bundles, jobs, async ({ path, bundle: file }) => {
    const result = await runTask(folder, { files: [{ bundle: file, only: null }], mutant: null }, 600_000);
    if (result === null || result.failed)
      throw new Error(`${path} does not run without a mutant: ${result?.failed} ${result?.message}`);
    const tests = new Map();
    for (const [key, { name, state, ms }] of Object.entries(result.tests)) {
      if (state === "pass") tests.set(key, { key, name, path, bundle: file, ms, kills: 0 });
      else report(`${path}: "${name}" ${state === "fail" ? "fails" : "is skipped"} without a mutant, and is left out`);
    }
    for (const [key, hits] of Object.entries(result.coverage.perTest))
      for (const [id, count] of Object.entries(hits)) if (tests.has(key)) add(id, tests.get(key), count);
    // What is passed while modules are loaded or in hooks, every test of the file may depend on.
    for (const [id, count] of Object.entries(result.coverage.static))
      for (const test of tests.values()) add(id, test, count);
  });
  return reached;
}

/**
 * Draws `count` mutants of `files` and runs the tests that reach each. `tests`: files or folders of tests instead of the
 * usual ones. `deadlineMs`: no mutant is begun after this moment (Date.now()).
 */
export async function runTypescriptMutants(files, { seed, count, jobs, tests, deadlineMs, report }) {
  const folder = resolve(`node_modules/.cache/qure-mutants/${process.pid}`);
  mkdirSync(join(folder, "tmp"), { recursive: true });
  try {
    const all = (await instrument(files, () => true)).mutants.filter((mutant) => mutant.status !== "Ignored");
    const drawn = draw(all, count, seed);
    const isDrawn = new Map(drawn.map((mutant) => [placeOf(mutant), mutant]));
    const touched = files.filter((file) => drawn.some(({ fileName }) => fileName === resolve(file)));
    const again = await instrument(touched, (file) =>
      drawn.filter(({ fileName }) => fileName === resolve(file)).map(({ location }) => location),
    );
    const places = new Map(again.mutants.map((mutant) => [placeOf(mutant), mutant]));
    // In the order in which they were drawn: when the time is over, those that had their turn are a sample too.
    const placed = [...isDrawn.keys()].flatMap((place) => places.get(place) ?? []);
    const testFiles = tests.length > 0 ? tests.flatMap(testFilesUnder) : testsFor(touched);
    report(
      `${all.length} mutants in ${files.length} files, ${placed.length} drawn by seed ${seed}; ${testFiles.length} test files`,
    );
    process.env.QURE_PROVIDED = JSON.stringify(await provided(folder));
    const bundles = await bundle(testFiles, again.files, folder);
    const reached = await reach(bundles, folder, jobs, report);
    const reasonOf = equivalents();
    const result = { killed: [], survived: [], timedOut: [], equivalent: [], left: 0 };
    await inParallel(placed, jobs, async (mutant, index) => {
      const description = describe(mutant);
      const reason = reasonOf(description);
      if (reason !== null) return void result.equivalent.push({ ...description, reason });
      if (deadlineMs !== null && Date.now() > deadlineMs) return void result.left++;
      const { tests: reaching, hits } = reached.get(mutant.id) ?? { tests: [], hits: 0 };
      if (reaching.length === 0) return void result.survived.push({ ...description, reachedBy: 0 });
      const value = ({ ms, kills }) => (1 + kills) / (ms + 20);
      const ordered = [...reaching].sort((a, b) => value(b) - value(a));
      const usualMs = ordered.reduce((sum, { ms }) => sum + ms, 0);
      // A file is loaded once, at its first test.
      const task = [];
      for (const test of ordered) {
        const file = task.find(({ bundle: path }) => path === test.bundle) ?? { bundle: test.bundle, only: [] };
        if (file.only.length === 0) task.push(file);
        file.only.push(test.key);
      }
      const outcome = await runTask(
        folder,
        { files: task, mutant: mutant.id, hitLimit: hits * ENDLESS_FACTOR + 10_000 },
        usualMs * PATIENCE + PATIENCE_MS,
      );
      const entry = { ...description, reachedBy: reaching.length };
      if (outcome === null || outcome.endless) result.timedOut.push(entry);
      else if (outcome.failed) {
        result.killed.push({ ...entry, by: outcome.failed });
        for (const test of reaching) if (test.name === outcome.failed) test.kills++;
      } else result.survived.push(entry);
      if ((index + 1) % 25 === 0) report(`${index + 1} of ${placed.length}`);
    });
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

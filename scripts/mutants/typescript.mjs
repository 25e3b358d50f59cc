// Mutants of TypeScript. Stryker's instrumenter finds them and puts the drawn ones into the source, each behind a
// switch. The test files are bundled with that source once and loaded by processes that stay (warm.mjs); a run of all
// tests says which of them reach which mutant; then the mutants follow one another, each judged by the tests that reach
// it, those first that are quick and have killed others, until one fails. A process whose mutant takes too much of the
// processor's time is ended, and another one goes on.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { Instrumenter } from "@stryker-mutator/instrumenter";
import { build } from "esbuild";
import { draw, equivalents, short } from "./draw.mjs";
import { WarmProcess, writeBundles } from "./warm-process.mjs";

const WHOLE_MACHINES = ["tests/emulator/machine.test.ts", "tests/emulator/state.test.ts"];
/** Where the tests of a folder are, when not in the folder of the same name below tests/. The first that fits. */
const TESTS = [
  ["src/isa", ["tests/isa", "tests/assembler"]],
  ["src/linker", ["tests/linker", "tests/cli/gnu/binutils.test.ts"]],
  ["src/object", ["tests/object", "tests/linker", "tests/binutils"]],
  ["src/image", ["tests/image", "tests/system/loader.test.ts", "tests/guest"]],
  ["src/build", ["tests/build", "tests/system/loader.test.ts"]],
  ["src/diagnostic", ["tests/diagnostic", "tests/assembler/diagnostics.test.ts", "tests/cli/gnu/binutils.test.ts"]],
  ["emulator/devices", ["tests/emulator/devices", ...WHOLE_MACHINES]],
  ["emulator/bus", ["tests/emulator/bus", "tests/emulator/devices", ...WHOLE_MACHINES]],
  ["emulator/disk", ["tests/emulator/disk", "tests/emulator/devices", ...WHOLE_MACHINES]],
  ["emulator/jit", ["tests/emulator/jit", "tests/emulator/cpu"]],
  ["emulator/cluster", ["tests/emulator/cluster", "tests/emulator/debug"]],
  ["emulator/time", ["tests/emulator/machine.test.ts", "tests/emulator/cpu/processor.test.ts"]],
];

/** A mutant may take this many times the processor's time that its tests take without it, and that much more. */
const PATIENCE = 4;
const PATIENCE_MS = 3000;
/** Test files are run without mutants for as long. */
const MEASURE_MS = 600_000;
/** How much oftener than without it a mutant may be passed before its loop counts as endless. */
const ENDLESS_FACTOR = 200;

const silent = { debug() {}, info() {}, warn() {}, isDebugEnabled: () => false };
const INSTRUMENTER_OPTIONS = { plugins: null, excludedMutations: [], ignorers: [], noHeader: false };

/** One that waits while it is loaded, for files that it finds by their folder, is in no bundle. */
const isBundled = (path) => !/^(?:const .* = )?await /m.test(readFileSync(path, "utf8"));

function testFilesUnder(place) {
  try {
    return readdirSync(place, { recursive: true })
      .filter((name) => /(?<!\.(?:thorough|long))\.test\.ts$/.test(name))
      .map((name) => join(place, name))
      .sort();
  } catch (error) {
    if (error.code === "ENOTDIR") return [place];
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

/** A folder of tests, or the next one above it that there is: tests need not mirror every folder. */
function nearest(folder) {
  return existsSync(folder) || dirname(folder) === "tests" ? folder : nearest(dirname(folder));
}

function testsFor(paths) {
  const places = paths.flatMap((path) => {
    const known = TESTS.find(([folder]) => path.startsWith(`${folder}/`));
    return known ? known[1] : [nearest(join("tests", dirname(path).replace(/^src\//, "")))];
  });
  return [...new Set([...new Set(places)].flatMap(testFilesUnder))].filter(isBundled);
}

const sources = new Map();

/** A source as it was when the first mutant was looked for: somebody may go on writing. */
function sourceOf(path) {
  const known = sources.get(path) ?? readFileSync(path, "utf8");
  sources.set(path, known);
  return known;
}

const ASSERTION = /^ *(?:assert|holds)\(/;

/**
 * Whether a fault is in an assertion: what never fails is not noticed when it cannot fail any more, and that says
 * nothing of a test. An assertion is a statement, so it begins a line.
 */
function isInAssertion({ fileName, location: { start } }) {
  const lines = sourceOf(fileName).split("\n");
  let first = start.line;
  while (first > 0 && !/^ *\S.*[;{}]$|^$/.test(lines[first - 1])) first--;
  return ASSERTION.test(lines[first]);
}

async function instrument(files, rangesOf) {
  const instrumenter = new Instrumenter(silent);
  return instrumenter.instrument(
    files.map((name) => ({ name: resolve(name), content: sourceOf(resolve(name)), mutate: rangesOf(name) })),
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
  const lines = sourceOf(fileName).split("\n");
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
  const { metafile } = await build({
    entryPoints: Object.fromEntries(testFiles.map((path, index) => [`test${index}`, path])),
    outdir: folder,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    metafile: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    packages: "external",
    logLevel: "error",
    plugins: [
      {
        name: "mutants",
        setup({ onLoad }) {
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
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  return {
    bundles: Object.fromEntries(testFiles.map((path, index) => [path, join(folder, `test${index}.cjs`)])),
    externals: [...new Set(imports.filter(({ external }) => external).map(({ path }) => path))],
  };
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

/** Runs every test file without a mutant: what it needs, and which mutants its tests reach. */
async function measure(testFiles, processes, report) {
  const measured = new Map();
  const queue = [...testFiles];
  const hand = async (warm) => {
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      const found = await warm.ask({ measure: path }, MEASURE_MS);
      if (found?.tests === undefined) {
        const why = found === null ? "it takes too long" : (found.broken ?? found.message);
        throw new Error(`${path} does not run without a mutant: ${why}`);
      }
      for (const test of found.tests) {
        test.kills = 0;
        if (test.state !== "pass")
          report(`${path}: "${test.name}" (${test.state}: ${test.message}) without a mutant, and is left out`);
      }
      if (found.isOrdered) report(`${path}: its tests need one another, and run in their order`);
      measured.set(path, found);
    }
  };
  await Promise.all(processes.map(hand));
  return measured;
}

const passing = (tests) => [...tests.keys()].filter((index) => tests[index].state === "pass");

/**
 * What judges a mutant, the best first: single tests of files that stay loaded, and whole files that are evaluated for
 * it. With that how often the mutant is passed and how long all takes without it.
 */
function plan(id, measured) {
  const steps = [];
  let hits = 0;
  for (const [file, { tests, fixed, loadMs, isOrdered }] of measured) {
    const inFile = passing(tests);
    const reaching = inFile.filter((index) => tests[index].hits[id] !== undefined);
    for (const index of reaching) hits += tests[index].hits[id];
    hits += fixed[id] ?? 0;
    const value = (index, extraMs) => (1 + tests[index].kills) / (tests[index].ms + extraMs + 5);
    if (fixed[id] !== undefined || (isOrdered && reaching.length > 0)) {
      if (inFile.length === 0) continue;
      const ordered = isOrdered ? inFile : [...inFile].sort((a, b) => value(b, 0) - value(a, 0));
      const ms = loadMs + inFile.reduce((sum, index) => sum + tests[index].ms, 0);
      steps.push({ file, isFresh: true, tests: ordered, ms, value: value(ordered[0], loadMs) });
    } else
      for (const index of reaching)
        steps.push({ file, isFresh: false, tests: [index], ms: tests[index].ms, value: value(index, 0) });
  }
  steps.sort((a, b) => b.value - a.value);
  return { steps, hits, ms: steps.reduce((sum, step) => sum + step.ms, 0) };
}

/**
 * Draws `count` mutants of `files` and runs the tests that reach each. `tests`: files or folders of tests instead of
 * the usual ones. `ledger`: what was judged before. `minutes`: after that time no mutant is begun; how long the tests
 * take without one does not count.
 */
export async function runTypescriptMutants(files, { seed, count, ledger, jobs, tests, minutes, report }) {
  const folder = resolve(`node_modules/.cache/qure-mutants/${process.pid}`);
  mkdirSync(join(folder, "tmp"), { recursive: true });
  const processes = [];
  try {
    const all = (await instrument(files, () => true)).mutants.filter(
      (mutant) => mutant.status !== "Ignored" && !isInAssertion(mutant),
    );
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
    const bundles = writeBundles(folder, await bundle(testFiles, again.files, folder));
    processes.push(...Array.from({ length: jobs }, () => new WarmProcess(bundles, join(folder, "tmp"))));
    const cpuMs = () => processes.reduce((sum, warm) => sum + warm.cpuMs(), 0);
    const measured = await measure(testFiles, processes, report);
    const measureMs = cpuMs();
    report(`tests measured without mutants: ${(measureMs / 1000).toFixed(1)} s of the processor's time`);
    const reasonOf = equivalents();
    const result = { killed: [], survived: [], timedOut: [], equivalent: [], left: 0 };
    const note = (verdict, entry) => {
      result[verdict].push(entry);
      ledger.note(verdict, entry);
    };
    let done = 0;
    const deadlineMs = minutes === null ? Infinity : Date.now() + minutes * 60_000;
    const judge = async (warm, mutant) => {
      const description = describe(mutant);
      const reason = reasonOf(description);
      if (reason !== null) return void result.equivalent.push({ ...description, reason });
      const known = ledger.find(description);
      if (known !== null) return void result[known.verdict].push(known);
      if (Date.now() > deadlineMs) return void result.left++;
      const { steps, hits, ms } = plan(mutant.id, measured);
      const entry = { ...description, reachedBy: steps.length, isFresh: steps.some(({ isFresh }) => isFresh) };
      if (steps.length === 0) return note("survived", entry);
      const request = { mutant: mutant.id, hitLimit: hits * ENDLESS_FACTOR + 10_000, steps };
      const before = warm.cpuMs();
      const verdict = await warm.ask(request, ms * PATIENCE + PATIENCE_MS);
      entry.cpuMs = Math.round(warm.cpuMs() - before);
      if (verdict?.broken) throw new Error(verdict.broken);
      if (verdict === null || verdict.isEndless) note("timedOut", entry);
      else if (verdict.file !== null) {
        const test = measured.get(verdict.file)?.tests[verdict.index ?? -1];
        if (test) test.kills++;
        note("killed", { ...entry, by: test?.name ?? "(loading)", message: verdict.message });
      } else {
        note("survived", entry);
        report(`survived: ${entry.file}:${entry.line}:${entry.column} ${entry.before} -> ${entry.after}`);
      }
    };
    const queue = [...placed];
    const hand = async (warm) => {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        await judge(warm, mutant);
        if (++done % 50 === 0) report(`${done} of ${placed.length}`);
      }
    };
    await Promise.all(processes.map(hand));
    return { ...result, cpuSeconds: (cpuMs() - measureMs) / 1000, measureSeconds: measureMs / 1000 };
  } finally {
    for (const warm of processes) warm.end();
    // A test that was ended in its middle may have left a file system mounted there.
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      process.stderr.write(`${folder} is left: ${error.message}\n`);
    }
  }
}

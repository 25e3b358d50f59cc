// One process of tests, for scripts/mutants/typescript.mjs: node child.mjs TASK.json RESULT.json. A task names bundles of
// test files, the tests of each that run (all when null) and the mutant that is active (none when null). Without a
// mutant the result says which mutants each test reached and how long it took; with one it says which test failed, and
// the process ends there.

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { startTests } from "@vitest/runner";

const [taskPath, resultPath] = process.argv.slice(2);
const { files, mutant, hitLimit } = JSON.parse(readFileSync(taskPath, "utf8"));

/** Stryker's switch: instrumented code asks it which mutant is active and tells it what was reached. */
const stryker = { activeMutant: mutant ?? undefined, mutantCoverage: { static: {}, perTest: {} } };
if (mutant !== null) Object.assign(stryker, { hitCount: 0, hitLimit });
globalThis.__stryker__ = stryker;

function finish(result) {
  writeFileSync(resultPath, JSON.stringify(result));
  process.exit(0);
}

/** Ends the process with the first failure when a mutant is active. */
function failed(test, error) {
  if (mutant === null) return;
  finish({
    failed: test,
    endless: stryker.hitCount > stryker.hitLimit,
    message: String(error?.message ?? error).slice(0, 200),
  });
}

const eachTest = (task, visit) => {
  if (task.type === "test") visit(task);
  else for (const child of task.tasks) eachTest(child, visit);
};

const tests = {};
const runner = {
  config: {
    root: process.cwd(),
    setupFiles: [],
    name: undefined,
    passWithNoTests: true,
    testNamePattern: undefined,
    allowOnly: true,
    sequence: { seed: 0, hooks: "stack", setupFiles: "list" },
    chaiConfig: undefined,
    maxConcurrency: 1,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    retry: 0,
    includeTaskLocation: false,
    tags: [],
    strictTags: false,
  },
  async importFile(path) {
    await import(pathToFileURL(path).href);
  },
  onCollected(collected) {
    for (const file of collected) {
      if (file.result?.state === "fail") failed("(loading)", file.result.errors?.[0]);
      const only = files.find(({ bundle }) => bundle === file.filepath).only;
      let index = 0;
      eachTest(file, (test) => {
        test.key = `${file.filepath}#${index++}`;
        if (only !== null && !only.includes(test.key)) test.mode = "skip";
      });
    }
  },
  onBeforeTryTask(test) {
    stryker.currentTestId = test.key;
    test.startedAt = performance.now();
  },
  onAfterRunTask(test) {
    stryker.currentTestId = undefined;
    const state = test.result?.state ?? test.mode;
    if (state === "fail") failed(test.name, test.result.errors?.[0]);
    if (test.mode !== "skip") tests[test.key] = { name: test.name, state, ms: performance.now() - test.startedAt };
  },
  onAfterRunSuite(suite) {
    if (suite.result?.state === "fail" && (suite.result.errors?.length ?? 0) > 0)
      failed(`(hooks of ${suite.name})`, suite.result.errors[0]);
  },
};

process.on("uncaughtException", (error) => failed("(outside a test)", error));
process.on("unhandledRejection", (error) => failed("(outside a test)", error));
const started = performance.now();
for (const { bundle } of files) await startTests([bundle], runner);
finish({ failed: null, tests, coverage: stryker.mutantCoverage, ms: performance.now() - started });

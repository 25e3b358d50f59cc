// A process that runs tests for one mutant after another, for scripts/mutants/typescript.mjs: node warm.mjs
// BUNDLES.json, then requests by IPC. Bundles of test files with instrumented sources are loaded once; Stryker's switch
// says which mutant is active.
//
// { measure: file } runs all tests of a file twice without a mutant and tells which mutants each of them reaches. What
// is passed while modules are loaded, in hooks, or in the first run only (then something is kept between the tests) is
// "fixed" when the mutant is not active: for such mutants the file is evaluated afresh. { mutant, hitLimit, steps }
// runs steps until a test fails. After a failure the same test runs without the mutant: when it fails then too, an
// earlier mutant has left something; the file is loaded again and the mutant judged again.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import vm from "node:vm";
import * as subset from "./vitest-subset.mjs";

const { bundles, externals } = JSON.parse(readFileSync(process.argv[2], "utf8"));

/** Longer tests are not worth their repetition without the mutant. */
const REPEATED_MS = 1000;

/** Instrumented code asks this which mutant is active and tells it what was reached. */
const stryker = {
  activeMutant: undefined,
  currentTestId: undefined,
  mutantCoverage: { static: {}, perTest: {} },
  hitCount: 0,
  hitLimit: Infinity,
};
globalThis.__stryker__ = stryker;

const exit = process.exit.bind(process);
process.exit = (code) => {
  throw new Error(`process.exit(${code})`);
};

const nodeRequire = createRequire(import.meta.url);
const modules = new Map();
for (const name of externals) if (name !== "vitest") modules.set(name, await import(name));
const requireForBundle = (name) => (name === "vitest" ? subset : (modules.get(name) ?? nodeRequire(name)));

const scripts = new Map();

/** The module of a test file, compiled once and evaluated as often as somebody needs it afresh. */
function evaluate(file) {
  let script = scripts.get(file);
  if (script === undefined) {
    const text = `(function (require, module, exports) {${readFileSync(bundles[file], "utf8")}\n})`;
    script = new vm.Script(text, {
      filename: bundles[file],
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    scripts.set(file, script);
  }
  const module = { exports: {} };
  return subset.collect(() => script.runInThisContext()(requireForBundle, module, module.exports));
}

/** What a test that is over threw into the air. */
let blame = () => {};
process.on("uncaughtException", (error) => blame(error));
process.on("unhandledRejection", (error) => blame(error));

/** Runs a test; what it threw, or null. */
async function run(test, id) {
  let outside = null;
  const thrown = new Promise((done) => {
    blame = (error) => {
      outside = error ?? new Error("thrown");
      done(outside);
    };
  });
  const failure = await Promise.race([
    subset.runTest(
      test,
      () => void (stryker.currentTestId = id),
      () => void (stryker.currentTestId = undefined),
    ),
    thrown,
  ]);
  stryker.currentTestId = undefined;
  return failure ?? outside;
}

const warm = new Map();

async function forget(file) {
  const tests = warm.get(file);
  warm.delete(file);
  if (tests !== undefined) await subset.endSuites(tests);
}

function warmTests(file) {
  if (!warm.has(file)) warm.set(file, evaluate(file));
  return warm.get(file);
}

function startCounting() {
  stryker.mutantCoverage.static = {};
  stryker.mutantCoverage.perTest = {};
}

async function measure(file) {
  const startedAt = performance.now();
  startCounting();
  const tests = warmTests(file);
  const loadMs = performance.now() - startedAt;
  const found = tests.map(({ name }) => ({ name, state: "pass", ms: 0, hits: {}, message: "" }));
  for (const [index, test] of tests.entries()) {
    const failure = test.run === null ? new subset.Skipped() : await run(test, String(index));
    if (failure === null) continue;
    found[index].state = failure instanceof subset.Skipped ? "skip" : "fail";
    found[index].message = String(failure.message ?? failure);
  }
  const { static: loading, perTest: first } = stryker.mutantCoverage;
  startCounting();
  let isOrdered = false;
  // The other way round: tests that need one another come to light.
  for (const [index, test] of [...tests.entries()].reverse()) {
    if (found[index].state !== "pass") continue;
    const from = performance.now();
    if ((await run(test, String(index))) !== null) isOrdered = true;
    found[index].ms = performance.now() - from;
  }
  const { static: hooks, perTest: second } = stryker.mutantCoverage;
  const fixed = { ...loading };
  for (const [id, hits] of Object.entries(hooks)) fixed[id] = (fixed[id] ?? 0) + hits;
  for (const [index, one] of found.entries()) {
    one.hits = first[index] ?? {};
    const again = second[index] ?? {};
    if (one.state !== "pass") continue;
    for (const id of new Set([...Object.keys(one.hits), ...Object.keys(again)]))
      if (one.hits[id] !== again[id]) fixed[id] ??= 1;
  }
  // Nobody asks any more what is reached.
  startCounting();
  if (isOrdered) await forget(file);
  return { tests: found, fixed, loadMs, isOrdered };
}

const activate = (mutant, hitLimit) =>
  Object.assign(stryker, { activeMutant: mutant, hitCount: 0, hitLimit: hitLimit ?? Infinity });

/** Judges a mutant by tests of a file that is evaluated for it alone. */
async function judgeAfresh({ file, tests: indices }, { mutant, hitLimit }) {
  activate(mutant, hitLimit);
  let tests = [];
  try {
    try {
      tests = evaluate(file);
    } catch (error) {
      return { index: null, error };
    }
    for (const index of indices) {
      const test = tests[index];
      const error = test === undefined ? new Error("the test is gone") : await run(test, String(index));
      if (error !== null) return { index, error };
    }
    return null;
  } finally {
    activate(undefined);
    await subset.endSuites(tests);
  }
}

async function judge(request) {
  for (const step of request.steps) {
    const { file, isFresh, tests: indices, ms } = step;
    let found = null;
    if (isFresh) found = await judgeAfresh(step, request);
    else
      for (const index of indices) {
        const tests = warmTests(file);
        activate(request.mutant, request.hitLimit);
        const error = await run(tests[index], String(index));
        const isEndless = stryker.hitCount > stryker.hitLimit;
        activate(undefined);
        if (error === null && !isEndless) continue;
        found = { index, error, isEndless };
        if (isEndless || ms > REPEATED_MS) await forget(file);
        else if ((await run(tests[index], String(index))) !== null) {
          await forget(file);
          found = await judgeAfresh({ file, tests: [index] }, request);
        }
        if (found !== null) break;
      }
    if (found === null) continue;
    const message = String(found.error?.message ?? found.error);
    const isEndless = found.isEndless || message.includes("Hit count limit reached");
    return { file, index: found.index, isEndless, message: message.slice(0, 200) };
  }
  return { file: null };
}

process.on("disconnect", () => exit(0));
process.on("message", async (request) => {
  let reply;
  try {
    reply = request.measure === undefined ? await judge(request) : await measure(request.measure);
  } catch (error) {
    reply = { broken: String(error?.stack ?? error) };
  }
  process.send(reply);
});
process.send({ ready: true });

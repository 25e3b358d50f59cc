// What test files import as "vitest" while mutants run: the matchers are vitest's own, but tests are put into a list,
// so that one process runs any of them again and again, in any order, for one mutant after another.

import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  GLOBAL_EXPECT,
  getState,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from "@vitest/expect";
import { restoreAllMocks, spyOn } from "@vitest/spy";

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

export const expect = (value, message) => {
  const { assertionCalls } = getState(expect);
  setState({ assertionCalls: assertionCalls + 1 }, expect);
  return chai.expect(value, message);
};
Object.assign(expect, chai.expect, globalThis[ASYMMETRIC_MATCHERS_OBJECT]);
// A test that goes on after its first failure has failed all the same.
expect.soft = expect;
expect.getState = () => getState(expect);
expect.setState = (state) => setState(state, expect);
expect.extend = (matchers) => chai.expect.extend(expect, matchers);
globalThis[GLOBAL_EXPECT] = expect;
setState({ assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null }, expect);

export const vi = { restoreAllMocks, spyOn };

/** What the global setup has provided. */
export const inject = (name) => JSON.parse(process.env.QURE_PROVIDED)[name];

/** Thrown by a test that finds that it cannot run here. */
export class Skipped extends Error {}

const newSuite = (name, parent) => ({
  name,
  parent,
  hooks: { beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] },
  isReady: false,
});

let suite = newSuite("", null);
let collected = [];
let awaiting = null;

/** The tests that `load`, which evaluates a test file, registers. */
export function collect(load) {
  suite = newSuite("", null);
  collected = [];
  const registrations = [];
  awaiting = registrations;
  load();
  awaiting = null;
  for (const register of registrations) register();
  return collected;
}

/** As in vitest, suites are entered after the whole file: they may use constants that stand below them. */
function whenLoaded(register) {
  if (awaiting === null) register();
  else awaiting.push(register);
}

const isFlagged = (options, flag) => typeof options === "object" && options !== null && options[flag] === true;
const bodyOf = (options, body) => (typeof options === "function" ? options : body);

function fill(name, values, index) {
  let next = 0;
  return String(name)
    .replace(/%[sijdof]/g, () => String(values[next++]))
    .replaceAll("%#", String(index))
    .replace(/\$(\w+)/g, (whole, key) => String(values[0]?.[key] ?? whole));
}

function addTest(name, options, body, argumentsOf) {
  const run = bodyOf(options, body);
  const isLeftOut = run === undefined || isFlagged(options, "skip") || isFlagged(options, "todo");
  whenLoaded(() =>
    collected.push({ name: String(name), suite, run: isLeftOut ? null : (context) => run(...argumentsOf(context)) }),
  );
}

function addSuite(name, run) {
  whenLoaded(() => {
    const outer = suite;
    suite = newSuite(String(name), outer);
    run();
    suite = outer;
  });
}

const asList = (item) => (Array.isArray(item) ? item : [item]);

const plainTest = (name, options, body) => addTest(name, options, body, (context) => [context]);
const leftOutTest = (name) => addTest(name, undefined, undefined, () => []);
plainTest.each = (items) => (name, options, body) => {
  for (const [index, item] of items.entries())
    addTest(fill(name, asList(item), index), options, body, () => asList(item));
};
plainTest.for = (items) => (name, options, body) => {
  for (const [index, item] of items.entries())
    addTest(fill(name, asList(item), index), options, body, (context) => [item, context]);
};
plainTest.skip = leftOutTest;
plainTest.skipIf = (condition) => (condition ? leftOutTest : plainTest);
plainTest.runIf = (condition) => (condition ? plainTest : leftOutTest);
plainTest.sequential = plainTest;
plainTest.concurrent = plainTest;
export const test = plainTest;
export const it = plainTest;

const plainSuite = (name, options, body) => addSuite(name, bodyOf(options, body));
const noSuite = () => {};
plainSuite.each = (items) => (name, options, body) => {
  for (const [index, item] of items.entries())
    addSuite(fill(name, asList(item), index), () => bodyOf(options, body)(...asList(item)));
};
plainSuite.for = (items) => (name, options, body) => {
  for (const [index, item] of items.entries())
    addSuite(fill(name, asList(item), index), () => bodyOf(options, body)(item));
};
plainSuite.skipIf = (condition) => (condition ? noSuite : plainSuite);
plainSuite.runIf = (condition) => (condition ? plainSuite : noSuite);
plainSuite.sequential = plainSuite;
export const describe = plainSuite;

const hook = (kind) => (body) => void suite.hooks[kind].push(body);
export const beforeAll = hook("beforeAll");
export const afterAll = hook("afterAll");
export const beforeEach = hook("beforeEach");
export const afterEach = hook("afterEach");

let finishers = [];
export const onTestFinished = (body) => void finishers.push(body);
export const onTestFailed = () => {};

/** The suites of a test, the outermost first. */
function suitesOf(test) {
  const suites = [];
  for (let one = test.suite; one !== null; one = one.parent) suites.unshift(one);
  return suites;
}

/**
 * Runs a test with its hooks; `entered` is called before the first that belongs to this test alone, `left` after the
 * last. Hooks of suites run once. Returns what the test threw, or null.
 */
export async function runTest(test, entered, left) {
  const suites = suitesOf(test);
  const ends = [];
  let failure = null;
  const attempt = async (work) => {
    try {
      return await work();
    } catch (error) {
      failure ??= error ?? new Error("a test threw nothing");
    }
  };
  for (const one of suites) {
    if (one.isReady || failure !== null) continue;
    for (const body of one.hooks.beforeAll)
      await attempt(async () => {
        const end = await body();
        if (typeof end === "function") one.hooks.afterAll.push(end);
      });
    one.isReady = failure === null;
  }
  if (failure !== null) return failure;
  entered();
  finishers = [];
  const context = {
    task: { name: test.name },
    expect,
    onTestFinished,
    onTestFailed,
    skip(reason) {
      throw new Skipped(String(reason));
    },
  };
  for (const one of suites)
    for (const body of one.hooks.beforeEach)
      await attempt(async () => {
        const end = await body(context);
        if (typeof end === "function") ends.unshift(end);
      });
  if (failure === null) await attempt(() => test.run(context));
  for (const one of suites.reverse()) for (const body of one.hooks.afterEach) await attempt(() => body(context));
  for (const body of [...ends, ...finishers.reverse()]) await attempt(() => body(context));
  left();
  return failure;
}

/** Runs the hooks that end the suites of these tests. */
export async function endSuites(tests) {
  for (const one of new Set(tests.flatMap((test) => suitesOf(test).reverse()))) {
    if (!one.isReady) continue;
    one.isReady = false;
    for (const body of one.hooks.afterAll)
      try {
        await body();
      } catch {
        // What a mutant left may not be fit to be cleared up.
      }
  }
}

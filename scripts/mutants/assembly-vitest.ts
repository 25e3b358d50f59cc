/**
 * The part of vitest that tests of whole machines use, as a list of tests that can be run one at a time and again and
 * again. `expect` is vitest's own.
 */
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

type Body = (...args: never[]) => unknown;

export interface Suite {
  readonly name: string;
  readonly parent: Suite | null;
  readonly before: Body[];
}

export interface RegisteredTest {
  readonly file: string;
  readonly name: string;
  readonly suite: Suite;
  run(): Promise<void>;
}

/** Thrown by a test that finds that it cannot run here. */
class Skipped extends Error {}

export const registered: RegisteredTest[] = [];
let file = "";
let suite: Suite = { name: "", parent: null, before: [] };

/** From now on tests belong to this file. */
export function beginFile(path: string): void {
  file = path;
  suite = { name: "", parent: null, before: [] };
}

const globals = globalThis as unknown as Record<symbol, unknown>;
chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);
const assert = ((value: unknown, message?: string) => {
  const { assertionCalls } = getState(assert as never);
  setState({ assertionCalls: (assertionCalls ?? 0) + 1 } as never, assert as never);
  return chai.expect(value, message);
}) as unknown as Record<string, unknown>;
Object.assign(assert, chai.expect);
Object.assign(assert, globals[ASYMMETRIC_MATCHERS_OBJECT as never]);
assert["getState"] = () => ({ testPath: file });
globals[GLOBAL_EXPECT as never] = assert;
setState({ assertionCalls: 0, testPath: "" } as never, assert as never);
export const expect = assert;

const context = {
  skip: (): never => {
    throw new Skipped();
  },
  onTestFinished: (): void => {},
};

function fill(name: string, values: readonly unknown[]): string {
  let next = 0;
  const fields = Object(values[0]) as Record<string, unknown>;
  return name
    .replace(/%[sijdo]/g, () => String(values[next++]))
    .replace(/\$(\w+)/g, (whole, field: string) => (field in fields ? String(fields[field]) : whole));
}

function register(name: string, options: unknown, body: unknown, args: readonly unknown[]): void {
  const run = (typeof options === "function" ? options : body) as (...args: readonly unknown[]) => unknown;
  registered.push({
    file,
    name,
    suite,
    async run() {
      try {
        await run(...args);
      } catch (error) {
        if (!(error instanceof Skipped)) throw error;
      }
    },
  });
}

type Register = (name: string, options: unknown, body?: unknown) => void;
const plain: Register = (name, options, body) => register(name, options, body, [context]);
const each =
  (cases: readonly unknown[]): Register =>
  (name, options, body) => {
    for (const one of cases) {
      const values = Array.isArray(one) ? (one as unknown[]) : [one];
      register(fill(name, values), options, body, values);
    }
  };
const forEach =
  (cases: readonly unknown[]): Register =>
  (name, options, body) => {
    for (const one of cases)
      register(fill(name, Array.isArray(one) ? (one as unknown[]) : [one]), options, body, [one, context]);
  };
const none: Register = () => {};

export const test = Object.assign(plain, {
  each,
  for: forEach,
  skipIf: (condition: unknown): Register => (condition ? none : plain),
  runIf: (condition: unknown): Register => (condition ? plain : none),
});
export const it = test;

type Group = (name: string, options: unknown, body?: unknown) => void;
function group(name: string, run: () => void): void {
  const outer = suite;
  suite = { name, parent: outer, before: [] };
  run();
  suite = outer;
}
const plainGroup: Group = (name, options, body) =>
  group(name, (typeof options === "function" ? options : body) as () => void);
export const describe = Object.assign(plainGroup, {
  each:
    (cases: readonly unknown[]): Group =>
    (name, options, body) => {
      for (const one of cases) {
        const values = Array.isArray(one) ? (one as unknown[]) : [one];
        const run = (typeof options === "function" ? options : body) as (...args: readonly unknown[]) => void;
        group(fill(name, values), () => run(...values));
      }
    },
  skipIf: (condition: unknown): Group => (condition ? () => {} : plainGroup),
});

export function beforeAll(body: Body): void {
  suite.before.push(body);
}
export const beforeEach = beforeAll;
/** What ends with the process needs no end of its own. */
export function afterAll(): void {}
export const afterEach = afterAll;
export const onTestFinished = afterAll;
export function inject(): never {
  throw new Error("nothing is provided to tests here");
}

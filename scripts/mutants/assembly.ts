/**
 * Mutation testing of the assembly in asm/ and boot/: plausible one-line faults, each planted in the sources,
 * assembled, linked, booted, and held against the tests that reach its line. The work is in assembly-session.ts, which
 * is bundled here with the tests themselves: so they run in this process, one after the other, with no start of a test
 * runner for each fault.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildOptions, Plugin } from "esbuild";

/** One fault. `line` counts from 1. */
export interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly operator: string;
  readonly before: string;
  readonly after: string;
}

/** `none`: it cannot be built, or builds the same bytes. */
export type Verdict = "killed" | "survived" | "timedOut" | "none";

export interface MutantSummary {
  /** A test failed. */
  readonly killed: Mutant[];
  readonly survived: Mutant[];
  /** A guest that a fault keeps from ever ending what a test waits for. */
  readonly timedOut: Mutant[];
  /** Drawn, but listed with a reason in tests/mutants/equivalent.txt. */
  readonly equivalent: Mutant[];
  /** Drawn, but not begun in time. */
  left: number;
}

export interface MutantOptions {
  readonly seed: number;
  readonly count: number;
  /** What was judged before. */
  readonly ledger: {
    find(mutant: Mutant): { readonly verdict: Verdict } | null;
    note(verdict: Verdict, mutant: Mutant): void;
  };
  /** No fault is begun when so much time has gone into judging. */
  readonly minutes?: number | null;
  /** Test files, when others than all that boot machines are to judge. */
  readonly tests?: readonly string[];
  /** A fault in the cluster that no test notices is tried by so many seeds of a campaign. */
  readonly campaign?: number;
  /** A sample of what changed, which has little time. */
  readonly isSample?: boolean;
  /** What no test has noticed is held against all that reach it, however long that takes. */
  readonly everyTest?: boolean;
  report(line: string): void;
}

/** Test files that boot machines from the images; others judge tools, not guests. */
const TESTS = ["tests/system", "tests/guest"];
/** These need programs of others for what they say of a guest, take minutes, or stand on the stage of campaigns. */
const LEFT_OUT = /(qemu|capture|boot|cluster-expelled|\.thorough)\.test\.ts$/;
/** `paths`: files or folders below asm/ or boot/. To be called with the repository's root as the current folder. */
export async function runAssemblyMutants(paths: string[], options: MutantOptions): Promise<MutantSummary> {
  const root = process.cwd();
  const cache = join(root, "node_modules/.cache/qure-mutants");
  mkdirSync(cache, { recursive: true });
  const outfile = join(cache, `session-${process.pid}.mjs`);
  const all = TESTS.flatMap((folder) =>
    readdirSync(join(root, folder), { encoding: "utf8", recursive: true }).map((name) => `${folder}/${name}`),
  );
  const chosen = options.tests ?? [];
  const tests = all
    .filter((path) => (chosen.length > 0 ? chosen.includes(path) : path.endsWith(".test.ts") && !LEFT_OUT.test(path)))
    .sort();
  const { build } = createRequire(join(root, "package.json"))("esbuild") as {
    build(options: BuildOptions): Promise<unknown>;
  };
  const imports = tests.map((path) => `  ${JSON.stringify(path)}: () => import(${JSON.stringify(`./${path}`)}),`);
  await build({
    stdin: {
      contents: `export { runSession } from "./scripts/mutants/assembly-session.ts";\nexport const tests = {\n${imports.join("\n")}\n};`,
      resolveDir: root,
      loader: "ts",
    },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    outfile,
    sourcemap: "inline",
    logLevel: "silent",
    external: ["execa", "esbuild"],
    define: { QURE_VERSION: '"0.1.0"' },
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
    banner: {
      js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
    },
    plugins: [stageFor(root)],
  });
  const session = (await import(pathToFileURL(outfile).href)) as {
    runSession(root: string, tests: unknown, paths: readonly string[], options: MutantOptions): Promise<MutantSummary>;
    tests: unknown;
  };
  rmSync(outfile); // It is loaded, and nobody else knows its name.
  return session.runSession(root, session.tests, paths, options);
}

/** Puts our own test runner and images under the tests, and says to each file where it lies. */
function stageFor(root: string): Plugin {
  const own = join(root, "scripts/mutants");
  return {
    name: "stage",
    setup(build) {
      build.onResolve({ filter: /^vitest$/ }, () => ({ path: join(own, "assembly-vitest.ts") }));
      build.onResolve({ filter: /\/(images|setup\/cache)\.ts$/ }, () => ({ path: join(own, "assembly-images.ts") }));
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const { readFile } = await import("node:fs/promises");
        const text = await readFile(path, "utf8");
        if (!text.includes("import.meta.")) return null;
        const contents = text
          .replaceAll("import.meta.dirname", JSON.stringify(dirname(path)))
          .replaceAll("import.meta.filename", JSON.stringify(path));
        return { contents, loader: "ts" };
      });
    },
  };
}

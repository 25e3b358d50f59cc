/** Rules about who imports what: no circles, and nothing that nobody needs. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { circles, exportedNames, importLines } from "./import-graph.ts";

const files = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts", "*.tsx", "*.mts", "*.mjs"],
  {
    encoding: "utf8",
  },
)
  .split("\n")
  .filter((path) => path !== "" && existsSync(path));
const texts = new Map(files.map((path) => [path, readFileSync(path, "utf8")]));
const imports = new Map(files.map((path) => [path, importLines(path, texts.get(path)!)]));

/** What may import each other in a circle. */
const CIRCLES: readonly { readonly files: readonly string[]; readonly reason: string }[] = [
  {
    files: ["expression", "fixup", "fragment", "section", "symbol"].map((name) => `src/assembler/model/${name}.ts`),
    reason:
      "one recursive structure: sections hold fragments, these expressions, these symbols, and these are in sections",
  },
  {
    files: ["input-section", "output-section", "symbols"].map((name) => `src/linker/${name}.ts`),
    reason:
      "one recursive structure: an input section knows where it went, an output section what is in it, an object what its symbols mean, and these where they are defined",
  },
  {
    files: ["encoding", "expressions", "names", "types"].map((name) => `src/object/demangle/${name}.ts`),
    reason: "one recursive grammar: names have types in them, these expressions, and these whole names",
  },
  {
    files: [
      "core",
      "debug-registers",
      "far",
      "fpu/fpu",
      "interrupts",
      "io-permission",
      "stack",
      "task",
      "vector/unit",
      "waiting",
    ].map((name) => `emulator/cpu/${name}.ts`),
    reason: "parts of one processor, each of which is given the whole",
  },
];

/** Where a file is started from: by Node, Vitest, Biome or a bundler that gets its name in parts. */
const ROOTS: readonly RegExp[] = [
  /\.test\.ts$|\.d\.m?ts$|^[^/]*$/,
  /^scripts\/[^/]*\.mjs$/,
  // What scripts/page.mjs makes files of the page with.
  /^src\/host\/page-files\.ts$/,
  // Stands in place of vitest and of the tests' images in the bundle that scripts/mutants/assembly.ts makes.
  /^scripts\/mutants\/assembly(-images|-session|-vitest)?\.ts$/,
  /^src\/page\/(ui\/main\.tsx|worker\/(main|ready-interpreter)\.ts|service-worker\.ts)$|^src\/host\/compiled\/(ready-interpreter|kept-guest-code)\.ts$/,
  /^src\/index\.ts$|^src\/cli\/gnu\/(tool|as|ld|ar|ranlib|nm|objdump|objcopy|readelf|size|strip)\.ts$|^src\/cli\/(main|backup|build|chaos|cloud|completion|disk|emu|explain|image|inspect|key|new|page|push|restore|snapshot|storage|vlmc|vm|volume)\.ts$/,
  /^bench\/[^/]*(?<!-sources)\.ts$|^bench\/peers\/v86-guest\.mjs$/,
  // Templates of systems, which are copied with their tests.
  /^vm\/new\/[a-z]+\/[a-z]+\.test\.mjs$/,
  /\/fuzz-target\.ts$|^tests\/setup\/(global|reporter)\.ts$/,
  // Found by their folder: tests/cli/gnu/gnu-options-walk.test.ts.
  /^tests\/cli\/gnu\/options\/[a-z]+\.ts$/,
];
const isRoot = (path: string): boolean => ROOTS.some((root) => root.test(path));

/**
 * Files that the text of another one names instead of importing them, such as a worker's or an entry of the bundler.
 */
function namedFiles(path: string, text: string): string[] {
  return [...text.matchAll(/["'`]([\w./-]+\.(?:ts|mts|mjs))["'`]/g)]
    .flatMap(([, name]) => [normalize(join(dirname(path), name!)), normalize(name!)])
    .filter((target) => texts.has(target));
}

function reachableFrom(roots: readonly string[]): Set<string> {
  const reached = new Set<string>();
  const open = [...roots];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path) || !texts.has(path)) continue;
    reached.add(path);
    open.push(...imports.get(path)!.map(({ target }) => target), ...namedFiles(path, texts.get(path)!));
  }
  return reached;
}

describe("imports", () => {
  test("no files of src/ and emulator/ import each other in a circle, types included", () => {
    const found = circles(files.filter((path) => /^(src|emulator)\//.test(path)));
    const allowed = new Set(CIRCLES.map((circle) => circle.files.join(" ")));
    expect(found.map((circle) => circle.join(" ")).filter((circle) => !allowed.has(circle))).toEqual([]);
    const known = new Set(found.map((circle) => circle.join(" ")));
    expect(CIRCLES.filter((circle) => !known.has(circle.files.join(" ")))).toEqual([]);
  });

  test("every file is reached from something that is run", () => {
    const reached = reachableFrom(files.filter(isRoot));
    expect(files.filter((path) => !reached.has(path))).toEqual([]);
  });

  test("no file of src/ and emulator/ is there for tests only", () => {
    const reached = reachableFrom(files.filter((path) => isRoot(path) && !path.startsWith("tests/")));
    expect(files.filter((path) => /^(src|emulator)\//.test(path) && !reached.has(path))).toEqual([]);
  });

  test("what is exported is imported somewhere", () => {
    const used = new Map<string, Set<string>>();
    for (const [path, lines] of imports) {
      for (const { target, names } of lines) {
        const known = used.get(target) ?? new Set();
        used.set(target, known);
        // Of a whole file that is imported, those names are used that stand after a dot or in braces.
        const members = /[.{,]\s*(\w+)/g;
        for (const name of names ?? [...texts.get(path)!.matchAll(members)].map((match) => match[1]!)) known.add(name);
      }
    }
    const dead = files
      .filter((path) => !isRoot(path) && /\.tsx?$/.test(path))
      .flatMap((path) =>
        exportedNames(texts.get(path)!)
          // A type that others only ever get with something else may have a name for them all the same.
          .filter(({ name, isType }) => !used.get(path)?.has(name) && !(isType && occurrences(path, name) > 1))
          .map(({ name }) => `${path}: ${name}`),
      );
    expect(dead).toEqual([]);
  });
});

test.each([
  [/^import \{([^}]*)\} from "vitest"/gm, "scripts/mutants/assembly-vitest.ts"],
  [
    /^import \{([^}]*)\} from "(?:(?:(?:\.\.\/)+system|\.)\/images|(?:\.\.\/)+setup\/cache)\.ts"/gm,
    "scripts/mutants/assembly-images.ts",
  ],
])("what tests of whole machines import is there while faults are planted into assembly: %s", (imports, stand) => {
  const there = new Set(exportedNames(texts.get(stand)!).map(({ name }) => name));
  const missing = files
    .filter((path) => /^tests\/(system|guest)\/.*\.ts$/.test(path) && !path.endsWith("/images.ts"))
    .flatMap((path) =>
      [...texts.get(path)!.matchAll(imports)]
        .flatMap(([, names]) => names!.split(","))
        .map((name) => name.trim())
        .filter((name) => name !== "" && !name.startsWith("type ") && !there.has(name))
        .map((name) => `${path}: ${name} is not in ${stand}`),
    );
  expect(missing).toEqual([]);
});

function occurrences(path: string, name: string): number {
  return [...texts.get(path)!.matchAll(new RegExp(`\\b${name}\\b`, "g"))].length;
}

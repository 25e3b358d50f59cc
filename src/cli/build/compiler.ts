/** Sources in C, which a compiler of the host makes assembly of: gcc, as `qure as` takes what it writes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join, relative, resolve } from "node:path";
import { COMPILED } from "../../build/compiled.ts";
import type { ReadTree } from "../../host/build-store.ts";
import { CommandError } from "../fail.ts";

/** For a kernel: no library, no position independence, nothing between the routines. */
const OPTIONS = [
  ...["-m32", "-S", "-O2", "-ffreestanding", "-fno-pic", "-fno-pie", "-fno-stack-protector"],
  ...["-fno-asynchronous-unwind-tables", "-fcf-protection=none", "-mno-sse", "-Wall"],
];
const SOURCE = new RegExp(`\\.c\\${COMPILED}$`);
const MOST_BYTES = 64 << 20;

export type RecordingTree = Pick<ReadTree, "list" | "read" | "record">;

interface Compiler {
  readonly compiler: string;
  readonly options: readonly string[];
}

/** The tree with what the compiler makes of its sources in C. Their headers are inputs of the build too. */
export function withCompiler(tree: ReadTree, root: string, { compiler, options }: Compiler): RecordingTree {
  const made = new Map<string, Uint8Array | null>();
  const read = (path: string): Uint8Array | null => {
    if (!SOURCE.test(path)) return tree.read(path);
    let bytes = made.get(path);
    if (bytes === undefined) made.set(path, (bytes = compiled(path.slice(0, -COMPILED.length))));
    return bytes;
  };
  const compiled = (path: string): Uint8Array | null => {
    if (tree.read(path) === null) return null;
    const work = mkdtempSync(join(tmpdir(), "qure-compile-"));
    try {
      const list = join(work, "list");
      const run = spawnSync(compiler, [...OPTIONS, ...options, "-MMD", "-MF", list, path, "-o", join(work, "out.s")], {
        cwd: root,
        encoding: "utf8",
        maxBuffer: MOST_BYTES,
      });
      if (run.error) throw new CommandError(`${path}: \`${compiler}\` does not run: ${NEEDED}`);
      process.stderr.write(run.stderr);
      if (run.status !== 0) throw new CommandError(`${path}: ${compiler} made nothing of it; ${NEEDED}`);
      for (const header of headersOf(readFileSync(list, "latin1"))) if (isBelow(root, header)) tree.read(header);
      return readFileSync(join(work, "out.s"));
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  };
  return { list: (folder) => tree.list(folder), record: (key, outputs) => tree.record(key, outputs), read };
}

const NEEDED =
  "sources in C need a gcc that takes -m32, such as Debian's `gcc`; `c.compiler` names another one, and sources in assembly need none";

/** What a rule of make names behind its colon. */
function headersOf(rule: string): string[] {
  const [, list = ""] = /^[^:]*:((?:.|\n)*)$/.exec(rule.replaceAll("\\\n", " ")) ?? [];
  return list.split(/\s+/).filter((path) => path !== "");
}

const isBelow = (root: string, path: string): boolean => {
  const inside = relative(root, resolve(root, path));
  return !inside.startsWith("..") && !isAbsolute(inside);
};

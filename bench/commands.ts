/**
 * What a person waits for: the command's own start, a build, the first start of a cluster and the next one, and how far
 * an idle cluster runs ahead of real time. Medians of whole processes.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const RUNS = 3;
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bundle = join(root, "dist/qure.cjs");
const folder = mkdtempSync(join(tmpdir(), "qure-bench-"));

/** Wall time in seconds and standard output of one call. */
function time(args: readonly string[]): { seconds: number; output: string } {
  const start = performance.now();
  const { stdout, stderr, status } = spawnSync("node", [bundle, ...args], { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`qure ${args.join(" ")} ended with ${status}: ${stderr}`);
  return { seconds: (performance.now() - start) / 1000, output: stdout };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function row(what: string, figure: string): void {
  process.stdout.write(`  ${what.padEnd(62)} ${figure.padStart(12)}\n`);
}

try {
  for (const part of ["asm", "boot"]) cpSync(join(root, part), join(folder, part), { recursive: true });
  const repeat = (args: readonly string[], before = (): void => {}): number =>
    median(
      Array.from({ length: RUNS }, () => {
        before();
        return time(args).seconds;
      }),
    );
  row("qure --version", `${(repeat(["--version"]) * 1000).toFixed(0)} ms`);
  row("qure build", `${repeat(["build"]).toFixed(2)} s`);
  row(
    "qure emu --nodes 3, blank disks",
    `${repeat(["emu", "--nodes", "3"], () => rmSync(join(folder, "build/.qure-cache"), { recursive: true, force: true })).toFixed(2)} s`,
  );
  row("qure emu --nodes 3, disks from the cache", `${repeat(["emu", "--nodes", "3"]).toFixed(2)} s`);
  const idle = (span: string): { virtualTimeNs: number; wallTimeMs: number } =>
    JSON.parse(time(["emu", "--nodes", "3", "--for", span, "--json"]).output) as never;
  const short = idle("10s");
  const long = idle("210s");
  row(
    "three idle nodes, virtual seconds in a wall second",
    ((long.virtualTimeNs - short.virtualTimeNs) / 1e6 / (long.wallTimeMs - short.wallTimeMs)).toFixed(0),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

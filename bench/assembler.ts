/**
 * Speed of the assembler beside GNU as and NASM, in one run: a long source of plain instructions, one of macros, our
 * own kernel; and how long `qure build --watch` needs after a one-line change. Ours is measured in a warm process, as
 * the API and `qure build` use it, and as a command, Node's start included; and the output of compilers as a command,
 * with the memory that it takes (alone with `--compiled`).
 *
 *     npm run bench -- assembler
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { workshopCommand } from "../scripts/command.mjs";
import { assemble } from "../src/assembler/assemble.ts";
import { buildSystem } from "../src/build/build.ts";
import type { SourceTree } from "../src/build/model.ts";
import { ObjectCache } from "../src/build/object-cache.ts";
import { folderTree } from "../src/host/files.ts";
import { type BenchSource, macroSource, plainSource } from "./assembler-sources.ts";
import { compilerOutput, cSource } from "./compiled-sources.ts";
import { HEADER, pair, row } from "./peers/measure.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const COMMAND = join(ROOT, "dist/qure.cjs");
const RUNS = Number(process.env["QURE_BENCH_RUNS"] ?? 5);

interface Row {
  readonly source: string;
  readonly lines: number;
  /** Seconds, best of the runs; null where a tool is not installed or does not take the source. */
  readonly warm: number;
  readonly command: number | null;
  readonly as: number | null;
  readonly nasm: number | null;
}

/** Best wall time of several runs, in seconds. */
function best(action: () => void, runs = RUNS): number {
  let seconds = Infinity;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    action();
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
  }
  return seconds;
}

function isInstalled(tool: string): boolean {
  return spawnSync(tool, ["--version"]).error === undefined;
}

/** Wall time of a program, or null where it is not there or fails. */
function wallTime(program: string, args: readonly string[], runs = RUNS): number | null {
  if (!isInstalled(program)) return null;
  const first = spawnSync(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  if (first.status !== 0) {
    process.stderr.write(`bench: ${program} ${args.join(" ")}: ${first.stderr?.toString().slice(0, 300)}\n`);
    return null;
  }
  return best(() => void execFileSync(program, args, { stdio: "ignore" }), runs);
}

function assembleHere(path: string, bytes: Uint8Array, includes: readonly string[] = []): void {
  const { object, diagnostics } = assemble({
    path,
    maxErrors: 5,
    files: {
      read(name, from) {
        if (from === null) return { path, bytes };
        for (const folder of ["", ...includes])
          if (existsSync(join(folder, name))) return { path: name, bytes: readFileSync(join(folder, name)) };
        return null;
      },
    },
  });
  if (object === null) throw new Error(`${path}: ${diagnostics[0]?.message}`);
}

function measureSource(source: BenchSource, folder: string): Row {
  const gnu = join(folder, `${source.name}.s`);
  const nasm = join(folder, `${source.name}.asm`);
  writeFileSync(gnu, source.gnu);
  writeFileSync(nasm, source.nasm);
  const bytes = readFileSync(gnu);
  const output = join(folder, "out.o");
  return {
    source: source.name,
    lines: source.lines,
    warm: best(() => assembleHere(gnu, bytes), RUNS + 1),
    command: existsSync(COMMAND) ? wallTime(process.execPath, [COMMAND, "as", gnu, "-o", output]) : null,
    as: wallTime("as", ["--32", gnu, "-o", output]),
    nasm: wallTime("nasm", ["-O1", "-f", "elf32", nasm, "-o", output], 2),
  };
}

/** Each file of the kernel by itself, as a Makefile calls the assembler; warm, all of them in this process. */
function measureKernel(folder: string): Row {
  const files = readdirSync(join(ROOT, "asm"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".s"))
    .map((name) => join(ROOT, "asm", name));
  /** A program of several files has its own beside it. */
  const includes = (path: string): string[] => [join(ROOT, "asm/include"), join(ROOT, "asm"), dirname(path)];
  const sources = files.map((path) => ({ path, bytes: readFileSync(path) }));
  const lines = sources.reduce((sum, { bytes }) => sum + bytes.toString("latin1").split("\n").length - 1, 0);
  const loop = (program: string, before: readonly string[]): number =>
    best(() => {
      for (const path of files)
        execFileSync(
          program,
          [...before, "-g", ...includes(path).flatMap((name) => ["-I", name]), path, "-o", join(folder, "out.o")],
          { stdio: "ignore" },
        );
    }, 1);
  return {
    source: "kernel",
    lines,
    warm: best(() => sources.forEach(({ path, bytes }) => assembleHere(path, bytes, includes(path)))),
    command: existsSync(COMMAND) ? loop(process.execPath, [COMMAND, "as"]) : null,
    as: isInstalled("as") ? loop("as", ["--32"]) : null,
    nasm: null,
  };
}

/** Seconds from the command to the object of one instruction, beside what Node itself needs to run nothing. */
function measureStart(folder: string): { command: number | null; node: number | null; as: number | null } {
  const source = join(folder, "nop.s");
  writeFileSync(source, "nop\n");
  const output = join(folder, "out.o");
  const runs = RUNS * 3;
  return {
    command: existsSync(COMMAND) ? wallTime(process.execPath, [COMMAND, "as", source, "-o", output], runs) : null,
    node: wallTime(process.execPath, ["--eval", "0"], runs),
    as: wallTime("as", ["--32", source, "-o", output], runs),
  };
}

/** Milliseconds of a build with one line changed in one file: median of several. */
function measureRebuild(): { first: number; again: number } {
  const disk = folderTree(ROOT);
  const changed = "asm/console/line.s";
  const path = disk.read(changed) === null ? disk.list("asm").find((name) => name.endsWith(".s"))! : changed;
  const original = Buffer.from(disk.read(path)!);
  let text: Uint8Array = original;
  const tree: SourceTree = {
    list: (folder) => disk.list(folder),
    read: (name) => (name === path ? text : disk.read(name)),
  };
  const cache = new ObjectCache();
  const run = (): number => {
    const start = performance.now();
    const { files, diagnostics } = buildSystem(tree, { version: "bench", revision: 1, cache });
    if (files === null) throw new Error(diagnostics[0]?.message);
    return performance.now() - start;
  };
  const first = run();
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    text = Buffer.concat([original, Buffer.from(`\t.section .kernel32.data, "aw"\n\t.long ${i}\n`)]);
    times.push(run());
  }
  return { first, again: times.sort((a, b) => a - b)[4]! };
}

const rate = (lines: number, seconds: number | null): string =>
  (seconds === null ? "-" : `${(lines / seconds / 1e6).toFixed(2)} M/s`).padStart(10);
const time = (seconds: number | null): string =>
  (seconds === null ? "-" : `${(seconds * 1000).toFixed(0)} ms`).padStart(9);
const ratio = (a: number | null, b: number | null): string =>
  (a === null || b === null ? "-" : `${(a / b).toFixed(2)}x`).padStart(8);

/** Output of compilers: ours of several lengths, and of gcc where it is there; each beside GNU as. */
function measureCompiled(folder: string): string {
  const sources: { name: string; path: string }[] = [];
  const add = (name: string, text: string): void => {
    const path = join(folder, `${name.replaceAll(" ", "-")}.s`);
    writeFileSync(path, text);
    sources.push({ name, path });
  };
  add("empty", "");
  for (const lines of [50_000, 100_000, 300_000]) add(`${lines} lines`, compilerOutput(lines, false));
  for (const lines of [100_000, 600_000, 1_500_000]) add(`${lines} lines of -g`, compilerOutput(lines, true));
  if (isInstalled("gcc")) {
    writeFileSync(join(folder, "bench.c"), cSource(4000));
    for (const options of ["-O2", "-O2 -g"]) {
      const path = join(folder, `gcc${options.replaceAll(" ", "")}.s`);
      const args = ["-m32", "-w", ...options.split(" "), "-S", join(folder, "bench.c"), "-o", path];
      if (spawnSync("gcc", args).status === 0) sources.push({ name: `gcc ${options}`, path });
    }
  }
  const output = join(folder, "out.o");
  const out = [HEADER];
  let empty = { ours: 0, theirs: 0 };
  for (const { name, path } of sources) {
    const costs = pair([process.execPath, COMMAND, "as", path, "-o", output], ["as", "--32", path, "-o", output], RUNS);
    const lines = Math.max(1, readFileSync(path).filter((byte) => byte === 0x0a).length);
    if (name === "empty") empty = { ours: costs.ours?.peakBytes ?? 0, theirs: costs.theirs?.peakBytes ?? 0 };
    else out.push(row(name.startsWith("gcc") ? `${name}, ${lines}` : name, costs, lines, empty));
  }
  return `${out.join("\n")}\n`;
}

function main(): void {
  const { compiled, json } = workshopCommand(
    "npm run bench -- assembler",
    "qure as beside GNU as and NASM",
    "--compiled",
  )
    .option("--compiled", "only compilers' output", false)
    .option("--json", "print the figures as JSON", false)
    .parse()
    .opts<{ readonly compiled: boolean; readonly json: boolean }>();
  if (compiled) {
    const folder = mkdtempSync(join(tmpdir(), "qure-bench-"));
    try {
      process.stdout.write(measureCompiled(folder));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "qure-bench-"));
  try {
    const rows = [
      measureSource(plainSource(500_000), folder),
      measureSource(macroSource(20_000), folder),
      measureKernel(folder),
    ];
    const start = measureStart(folder);
    const rebuild = measureRebuild();
    if (json) {
      process.stdout.write(
        `${JSON.stringify({ rows, start, rebuildMs: rebuild, cpu: cpus()[0]?.model ?? "" }, null, 2)}\n`,
      );
      return;
    }
    process.stdout.write(`${cpus()[0]?.model ?? ""}, node ${process.version}; best of ${RUNS}\n\n`);
    process.stdout.write(
      "source     lines | ours warm |   GNU as |     nasm | warm/as | command |       as |     nasm | command/as\n",
    );
    for (const row of rows) {
      process.stdout.write(
        `${row.source.padEnd(8)} ${String(row.lines).padStart(7)} | ${rate(row.lines, row.warm)} ${rate(row.lines, row.as)} ${rate(row.lines, row.nasm)} ${ratio(row.as, row.warm)} ` +
          `| ${time(row.command)} ${time(row.as)} ${time(row.nasm)} ${ratio(row.command, row.as)}\n`,
      );
    }
    process.stdout.write(
      `\none instruction: command ${time(start.command).trim()}, of which Node's own start is ${time(start.node).trim()}; GNU as ${time(start.as).trim()}`,
    );
    process.stdout.write(
      `\nrebuild after a one-line change: ${rebuild.again.toFixed(0)} ms (first build ${rebuild.first.toFixed(0)} ms)\n`,
    );
    process.stdout.write(`\noutput of compilers, as a command; memory for each line\n${measureCompiled(folder)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();

/**
 * Tools that are the measure of ours: GNU binutils, QEMU, tshark. A test that needs one asks here; where it is not
 * installed the test is skipped and says so, except in CI, where a missing oracle is a failure.
 */

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { answer } from "./setup/answers.ts";

/** The part of vitest's test context that is needed to skip a test while it runs. */
export interface SkippableContext {
  skip(reason: string): unknown;
}

/** The path of a tool, or null when this machine does not have it. Throws in CI. */
export const oracle = (name: string): string | null => {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  if (process.env["CI"]) throw new Error(`CI needs the oracle "${name}", and it is not installed`);
  return null;
};

/** The path of a tool; skips the running test when there is none. */
export const requireOracle = (name: string, context: SkippableContext): string => {
  const path = oracle(name);
  if (path === null) {
    context.skip(`the oracle "${name}" is not installed`);
    throw new Error("unreachable: skip ends the test");
  }
  return path;
};

const LIBVIRT_MS = 20_000;

/** The URI of a libvirt of this host that answers and can run domains; skips the running test when there is none. */
export const requireLibvirt = (context: SkippableContext): string => {
  const uri = "qemu:///system";
  const run = spawnSync(requireOracle("virsh", context), ["-c", uri, "version"], { timeout: LIBVIRT_MS });
  if (run.status !== 0) {
    if (process.env["CI"]) throw new Error(`CI needs a libvirtd that answers at ${uri}: ${run.stderr}`);
    context.skip(`no libvirtd answers at ${uri}`);
  }
  return uri;
};

/** Runs `work` with a temporary folder that is removed afterwards. */
export const withFolder = <Result>(work: (folder: string) => Result): Result => {
  const folder = mkdtempSync(join(tmpdir(), "qure-oracle-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The object that GNU as makes of a source on its standard input; throws when it refuses it. */
export const objectOfGnu = (assembler: string, source: string, ...options: readonly string[]): Uint8Array =>
  answer([assembler], ["object", source, ...options], () =>
    withFolder((folder) => {
      const path = join(folder, "out.o");
      const run = spawnSync(assembler, ["--32", ...options, "-o", path, "-"], { input: source, encoding: "utf8" });
      if (run.status !== 0) throw new Error(`GNU as: ${run.stderr}`);
      return Uint8Array.from(readFileSync(path));
    }),
  );

/** What GNU ld makes of files that lie in `folder`. */
export interface GnuLink {
  readonly file: Uint8Array | null;
  readonly map: string;
  readonly messages: string;
}

/** Links as GNU ld does, with a map whose output is called `theirs`. `args` name files of `folder` and others. */
export const linkOfGnu = (
  ld: string,
  folder: string,
  args: readonly string[],
  read: readonly string[] = [],
): GnuLink => {
  const texts = args.map((arg) => arg.replaceAll(folder, "."));
  const files = args.filter((arg) => existsSync(arg)).map((path) => readFileSync(path));
  const { file, map, messages } = answer([ld], ["link", ...texts, ...files, ...read], (): GnuLink => {
    const output = join(folder, "theirs");
    for (const path of [output, `${output}.map`]) rmSync(path, { force: true });
    const run = spawnSync(ld, ["-m", "elf_i386", `-Map=${output}.map`, ...args, "-o", output], { encoding: "utf8" });
    if (run.status !== 0) return { file: null, map: "", messages: run.stderr };
    return {
      file: Uint8Array.from(readFileSync(output)),
      map: readFileSync(`${output}.map`, "latin1").replaceAll(folder, "."),
      messages: run.stderr,
    };
  });
  return { file, map: map.replaceAll("./", `${folder}/`), messages };
};

/** The same for a file of so many bytes at most: the file alone, or why there is none. */
export const linkOfGnuWithin = (
  mostBytes: number,
  ld: string,
  folder: string,
  args: readonly string[],
): Uint8Array | "refused" | "too large" => {
  const texts = args.map((arg) => arg.replaceAll(folder, "."));
  const files = args.filter((arg) => existsSync(arg)).map((path) => readFileSync(path));
  return answer([ld], ["link within", `${mostBytes}`, ...texts, ...files], () => {
    const output = join(folder, "theirs");
    rmSync(output, { force: true });
    const run = spawnSync("prlimit", [`--fsize=${mostBytes}`, ld, "-m", "elf_i386", ...args, "-o", output]);
    if (run.error) throw run.error;
    // A signal ends whoever writes more.
    if (run.status === null) return "too large";
    return run.status === 0 ? Uint8Array.from(readFileSync(output)) : "refused";
  });
};

/** A statement that GNU as refused: its index and why. */
export interface Refusal {
  readonly index: number;
  readonly message: string;
}

/** Bytes of each statement as GNU as makes them, null where it refuses the statement. */
export interface BatchResult {
  readonly bytes: readonly (Uint8Array | null)[];
  readonly refusals: readonly Refusal[];
}

const SLOT_BYTES = 32;

/**
 * Assembles independent statements in one run. Each gets a slot of 32 bytes, filled up with INT3, so the answer for one
 * statement says nothing of the others; the fill is part of the bytes that come back.
 */
export const assembleBatch = (
  assembler: string,
  objcopy: string,
  head: string,
  statements: readonly string[],
): BatchResult =>
  answer([assembler, objcopy], ["slots", head, statements.join("\n")], () =>
    assembleAfresh(assembler, objcopy, head, statements),
  );

const assembleAfresh = (assembler: string, objcopy: string, head: string, statements: readonly string[]): BatchResult =>
  withFolder((folder) => {
    const source = join(folder, "batch.s");
    const object = join(folder, "batch.o");
    const binary = join(folder, "batch.bin");
    const headLines = head.split("\n").length;
    const live = statements.map((text) => text as string | null);
    const refusals = new Map<number, string>();
    for (let attempt = 0; attempt < 8; attempt++) {
      writeFileSync(source, `${head}\n${live.map((text) => `${text ?? "nop"}; .p2align 5,0xcc`).join("\n")}\n`);
      const run = spawnSync(assembler, ["--32", "-o", object, source], { encoding: "utf8", maxBuffer: 1 << 28 });
      if (run.error) throw run.error;
      if (run.status === 0) break;
      if (attempt === 7) throw new Error(`GNU as still refuses:\n${run.stderr.slice(-1000)}`);
      for (const match of run.stderr.matchAll(/batch\.s:(\d+): Error: (.*)/g)) {
        const index = Number(match[1]) - headLines - 1;
        refusals.set(index, match[2]!);
        live[index] = null;
      }
    }
    const run = spawnSync(objcopy, ["-O", "binary", "-j", ".text", object, binary], { encoding: "utf8" });
    if (run.status !== 0) throw new Error(`objcopy failed: ${run.stderr}`);
    const text = readFileSync(binary);
    return {
      bytes: statements.map((_, index) =>
        live[index] === null ? null : Uint8Array.from(text.subarray(index * SLOT_BYTES, (index + 1) * SLOT_BYTES)),
      ),
      refusals: [...refusals].map(([index, message]) => ({ index, message })),
    };
  });

/**
 * Bytes between the starts of two samples for `disassembleBatch`: enough NOPs after each for the sweep to find its
 * step again.
 */
const SAMPLE_BYTES = 48;

/** The text of the first instruction of each sample, as objdump prints it. `machine` is `i386` or `i8086`. */
export const disassembleBatch = (
  objdump: string,
  machine: string,
  syntax: "intel" | "att",
  samples: readonly Uint8Array[],
): { text: string; length: number }[] =>
  answer([objdump], ["samples", machine, syntax, ...samples], () =>
    disassembleAfresh(objdump, machine, syntax, samples),
  );

const disassembleAfresh = (
  objdump: string,
  machine: string,
  syntax: "intel" | "att",
  samples: readonly Uint8Array[],
): { text: string; length: number }[] =>
  withFolder((folder) => {
    const binary = join(folder, "batch.bin");
    const image = new Uint8Array(samples.length * SAMPLE_BYTES).fill(0x90);
    samples.forEach((sample, index) => image.set(sample, index * SAMPLE_BYTES));
    writeFileSync(binary, image);
    const run = spawnSync(
      objdump,
      ["-D", "-z", "-w", "-b", "binary", "-m", "i386", "-M", `${machine},${syntax}`, binary],
      { encoding: "utf8", maxBuffer: 1 << 30 },
    );
    if (run.status !== 0) throw new Error(`objdump failed: ${run.stderr}`);
    const lines = samples.map(() => ({ text: "?", length: 0 }));
    for (const match of run.stdout.matchAll(/^\s*([0-9a-f]+):\t([0-9a-f ]*)\t?(.*)$/gm)) {
      const address = parseInt(match[1]!, 16);
      if (address % SAMPLE_BYTES !== 0) continue;
      lines[address / SAMPLE_BYTES] = { text: match[3]!.trimEnd(), length: match[2]!.trim().split(/\s+/).length };
    }
    return lines;
  });

/** Where `disassembleBatch` puts a sample. */
export const sampleAddress = (index: number): number => index * SAMPLE_BYTES;

/** Where programs and cases by others lie that judge QuRe from outside; they are no part of this repository. */
const JUDGES = process.env["QURE_JUDGES"] ?? join(import.meta.dirname, "../../shared/judges");

/** The path of a judge's file; skips the running test, and says so, where it is not there. */
export const requireJudge = (name: string, context: SkippableContext): string => {
  const path = join(JUDGES, name);
  if (!existsSync(path)) {
    context.skip(`${name} is not in the folder of judges: set QURE_JUDGES`);
    throw new Error("unreachable: skip ends the test");
  }
  return path;
};

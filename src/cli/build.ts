/** `qure build`: sources to images, or every mistake in the sources. */
import { createHash } from "node:crypto";
import { existsSync, watch } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import type { BuildOptions, BuildResult, BuiltFile } from "../build/build.ts";
import type { ObjectCache } from "../build/object-cache.ts";
import { type Diagnostic, formatDiagnostic } from "../diagnostic/diagnostic.ts";
import { BuildStore, ReadTree } from "../host/build-store.ts";
import { folderTree, readIfPresent, writeFileAside, writeFilesAside } from "../host/files.ts";
import { packageRoot } from "../host/package.ts";
import { KERNEL_REVISION, VERSION } from "../version.ts";
import { CommandError, say, UsageError } from "./fail.ts";
import { makeProgress } from "./progress.ts";
import { parseSize } from "./sizes.ts";

interface BuildCommandOptions {
  readonly source: string;
  readonly packaged?: boolean;
  readonly output: string;
  readonly diskSize: string;
  readonly revision?: string;
  readonly firmware?: string;
  readonly starter?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
  readonly explain?: boolean;
  /** False for --no-cache. */
  readonly cache: boolean;
}

/** Of all that builds, as a hash: put in by the bundler. */
declare const QURE_BUILDER_HASH: string;

export function declare(command: Command): void {
  command
    .option("--source <dir>", "folder that holds boot/ and asm/", ".")
    .addOption(new Option("--packaged", "build QuRe's own sources, which came with this command").conflicts("source"))
    .option("-o, --output <dir>", "where the images go", "build")
    .option("--disk-size <size>", "size of the disk image", "32M")
    .option("--revision <n>", "kernel revision in the image header")
    .option("--firmware <file>", "build only the emulated PC's firmware, into this file")
    .option("--starter <file>", "build only what boots kernels that are files (qure emu --kernel), into this file")
    .option("--watch", "build again whenever a source changes")
    .option("--no-cache", "make every part anew, also what has not changed")
    .option("--explain", "say of each part that is made why it is")
    .option("--json", "print the manifest")
    .addHelpText("after", "\nExamples:\n  qure build && qemu-system-i386 -cdrom build/qure.iso\n  qure build --watch\n")
    .action((options: BuildCommandOptions) => runBuild(options));
}

async function runBuild(options: BuildCommandOptions): Promise<void> {
  const root = sourceRoot(options);
  if (options.firmware !== undefined || options.starter !== undefined) return buildFlat(root, options);
  const revision =
    options.revision === undefined ? KERNEL_REVISION : /^\d+$/.test(options.revision) ? Number(options.revision) : NaN;
  if (!Number.isInteger(revision) || revision < 0 || revision > 0xffffffff)
    throw new UsageError(`--revision ${options.revision}: not a number from 0 to 4294967295`);
  const diskBytes = parseSize(options.diskSize, "--disk-size");
  const builder = new Builder(root, options, { version: VERSION, revision, diskBytes });
  if (!options.watch) return builder.build();
  const folders = ["asm", "boot"].map((folder) => join(root, folder));
  for (;;) {
    // Before the build: what is saved while it runs is built next.
    const next = changed(folders);
    try {
      await builder.build();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      say("error", error.message);
    }
    await next;
  }
}

/** Makes the one file of --firmware or --starter. */
async function buildFlat(root: string, { firmware, starter = "" }: BuildCommandOptions): Promise<void> {
  const { buildFirmware, buildStarter } = await import("../build/build.ts");
  const [file] = report((firmware === undefined ? buildStarter : buildFirmware)(folderTree(root)));
  writeFileAside(firmware ?? starter, file!.content);
}

/** Builds, once or again and again. Assembler and linker are loaded when there is something for them to do. */
class Builder {
  readonly #root: string;
  readonly #options: BuildCommandOptions;
  readonly #settings: BuildOptions;
  readonly #store: BuildStore;
  readonly #key: string;
  #cache: ObjectCache | null = null;

  constructor(root: string, options: BuildCommandOptions, settings: BuildOptions) {
    this.#root = root;
    this.#options = options;
    this.#settings = settings;
    this.#store = new BuildStore(options.output, QURE_BUILDER_HASH);
    this.#key = JSON.stringify({ root, output: resolve(options.output), ...settings });
  }

  async build(): Promise<void> {
    const start = performance.now();
    const { output, cache, json, explain, watch } = this.#options;
    const path = join(output, MANIFEST);
    const kept = cache && this.#store.isUnchanged(this.#key, this.#root) ? readIfPresent(path) : null;
    const manifest = kept ? Buffer.from(kept).toString() : await this.#make();
    const seconds = ((performance.now() - start) / 1000).toFixed(2);
    const summary = kept ? `nothing has changed, in ${seconds} s\n` : `built in ${seconds} s\n`;
    if (json) process.stdout.write(manifest);
    else if (watch || explain) process.stdout.write(summary);
    else {
      const { files } = JSON.parse(manifest) as Manifest;
      for (const { name, sizeBytes } of files)
        process.stdout.write(`${join(output, name).padEnd(28)} ${String(sizeBytes).padStart(10)} bytes\n`);
      process.stdout.write(summary);
    }
  }

  /** Makes what is not as it was; comes back with the manifest. */
  async #make(): Promise<string> {
    const { output, explain, json } = this.#options;
    const { buildSystem } = await import("../build/build.ts");
    const cache = (this.#cache = await this.#parts());
    const tree = new ReadTree(this.#root);
    const progress = process.stderr.isTTY && !json && !explain ? makeProgress(process.stderr) : null;
    let made = 0;
    const onMaking = (part: string, reason: string): void => {
      made++;
      if (explain) (json ? process.stderr : process.stdout).write(`${part}: ${reason}\n`);
      else if (made % STEP_PARTS === 1) progress?.step(part);
    };
    const result = buildSystem(tree, { ...this.#settings, cache, onMaking });
    progress?.done();
    // Also of a build that failed: what it has assembled is right.
    if (result.files === null) this.#store.keepParts(cache.toFile());
    const files = report(result);
    const manifest = makeManifest(files, this.#settings.revision);
    const written = writeFilesAside(
      [...files, { name: MANIFEST, content: manifest }].map(({ name, ...file }) => ({
        path: join(output, name),
        isProduct: true,
        ...file,
      })),
    );
    this.#store.keepParts(cache.toFile());
    // Warnings shall come again.
    if (result.diagnostics.length === 0) this.#store.keepRecord(tree.record(this.#key, written));
    return manifest;
  }

  async #parts(): Promise<ObjectCache> {
    if (this.#cache !== null && this.#options.cache) return this.#cache;
    const { ObjectCache } = await import("../build/object-cache.ts");
    const parts = this.#options.cache ? this.#store.parts() : null;
    return parts === null ? new ObjectCache() : ObjectCache.ofFile(parts);
  }
}

const MANIFEST = "manifest.json";
/** A line of progress stands for so many parts. */
const STEP_PARTS = 8;

interface Manifest {
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[];
}

/** Editors write a file in several steps: the build begins when nothing has changed for this long. */
const QUIET_MS = 20;

/** Resolves after a change below one of the folders. */
function changed(folders: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const watchers = folders.map((folder) =>
      watch(folder, { recursive: true }, () => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          for (const watcher of watchers) watcher.close();
          resolve();
        }, QUIET_MS);
      }),
    );
  });
}

/** Prints the diagnostics; comes back with the files or ends the command. */
function report({ files, diagnostics }: BuildResult): readonly BuiltFile[] {
  const colour = process.stderr.isTTY === true && !process.env["NO_COLOR"];
  for (const diagnostic of diagnostics) process.stderr.write(`${formatDiagnostic(diagnostic, { colour })}\n`);
  if (files) return files;
  const errors = diagnostics.filter(({ severity }: Diagnostic) => severity === "error").length;
  throw new CommandError(`nothing was built: ${errors} error${errors === 1 ? "" : "s"}`);
}

/** What every system has: the linker scripts of kernel and loader. */
const NEEDED = ["asm/kernel.ld", "boot/loader.ld"];

function sourceRoot({ source, packaged }: BuildCommandOptions): string {
  if (packaged) return packageRoot();
  const missing = NEEDED.filter((path) => !existsSync(join(source, path)));
  if (missing.length === 0) return resolve(source);
  const place = source === "." ? "this folder" : source;
  throw new CommandError(
    missing.length === NEEDED.length
      ? `there are no sources in ${place}: asm/ and boot/ hold a system's; --source names their folder, and --packaged builds QuRe's own`
      : `the sources in ${place} are not complete: ${missing.join(" and ")} is missing`,
  );
}

function makeManifest(files: readonly BuiltFile[], revision: number): string {
  const entries = files.map(({ name, content, sizeBytes, parts }) => {
    const hash = createHash("sha256").update(content);
    const zeros = new Uint8Array(1 << 20);
    for (let left = sizeBytes - content.length; left > 0; left -= zeros.length)
      hash.update(zeros.subarray(0, Math.min(left, zeros.length)));
    return { name, sizeBytes, sha256: hash.digest("hex"), parts };
  });
  return `${JSON.stringify({ version: VERSION, revision, files: entries }, null, 2)}\n`;
}

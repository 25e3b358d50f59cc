/** `qure build`: sources to images, or every mistake in the sources. */
import { createHash } from "node:crypto";
import { existsSync, watch } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import {
  type BuildOptions,
  type BuildResult,
  type BuiltFile,
  buildFirmware,
  buildStarter,
  buildSystem,
} from "../build/build.ts";
import { ObjectCache } from "../build/object-cache.ts";
import { type Diagnostic, formatDiagnostic } from "../diagnostic/diagnostic.ts";
import { folderTree, writeFileAside, writeFilesAside } from "../host/files.ts";
import { packageRoot } from "../host/package.ts";
import { KERNEL_REVISION, VERSION } from "../version.ts";
import { CommandError, say, UsageError } from "./fail.ts";
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
}

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
    .option("--json", "print the manifest")
    .addHelpText("after", "\nExamples:\n  qure build && qemu-system-i386 -cdrom build/qure.iso\n  qure build --watch\n")
    .action((options: BuildCommandOptions) => runBuild(options));
}

async function runBuild(options: BuildCommandOptions): Promise<void> {
  const root = sourceRoot(options);
  if (options.firmware !== undefined) {
    const [file] = report(buildFirmware(folderTree(root)));
    writeFileAside(options.firmware, file!.content);
    return;
  }
  if (options.starter !== undefined) {
    const [file] = report(buildStarter(folderTree(root)));
    writeFileAside(options.starter, file!.content);
    return;
  }
  const revision =
    options.revision === undefined ? KERNEL_REVISION : /^\d+$/.test(options.revision) ? Number(options.revision) : NaN;
  if (!Number.isInteger(revision) || revision < 0 || revision > 0xffffffff)
    throw new UsageError(`--revision ${options.revision}: not a number from 0 to 4294967295`);
  const diskBytes = parseSize(options.diskSize, "--disk-size");
  const cache = new ObjectCache();
  const build = (): void => buildOnce(root, options, { version: VERSION, revision, diskBytes, cache });
  if (!options.watch) return build();
  const folders = ["asm", "boot"].map((folder) => join(root, folder));
  for (;;) {
    // Before the build: what is saved while it runs is built next.
    const next = changed(folders);
    try {
      build();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      say("error", error.message);
    }
    await next;
  }
}

function buildOnce(root: string, options: BuildCommandOptions, settings: BuildOptions): void {
  const start = performance.now();
  const files = report(buildSystem(folderTree(root), settings));
  const manifest = makeManifest(files, settings.revision);
  writeFilesAside([
    ...files.map(({ name, content, sizeBytes }) => ({ path: join(options.output, name), content, sizeBytes })),
    { path: join(options.output, "manifest.json"), content: manifest },
  ]);
  const seconds = `built in ${((performance.now() - start) / 1000).toFixed(2)} s\n`;
  if (options.json) process.stdout.write(manifest);
  else if (options.watch) process.stdout.write(seconds);
  else {
    for (const { name, sizeBytes } of files)
      process.stdout.write(`${join(options.output, name).padEnd(28)} ${String(sizeBytes).padStart(10)} bytes\n`);
    process.stdout.write(seconds);
  }
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

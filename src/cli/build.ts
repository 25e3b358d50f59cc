/** `qure build`: sources to images, or every mistake in the sources. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync, watch } from "node:fs";
import { basename, join, relative, resolve, sep } from "node:path";
import { type Command, Option } from "commander";
import type { BuildOptions, BuildResult } from "../build/build.ts";
import type { BuiltFile } from "../build/model.ts";
import type { Module } from "../build/modules.ts";
import type { ObjectCache } from "../build/object-cache.ts";
import { type Diagnostic, formatDiagnostic } from "../diagnostic/diagnostic.ts";
import { BuildStore, ReadTree } from "../host/build-store.ts";
import { folderTree, readIfPresent, writeFileAside, writeFilesAside } from "../host/files.ts";
import { packageRoot } from "../host/package.ts";
import { SharedObjects } from "../host/shared-objects.ts";
import { SourceLayers } from "../host/source-layers.ts";
import type { Spec } from "../spec/schema.ts";
import { KERNEL_REVISION, VERSION } from "../version.ts";
import { bytesOf } from "../vm/configuration.ts";
import { type RecordingTree, withCompiler } from "./build/compiler.ts";
import {
  type Asked,
  type Configuration,
  configurationOf,
  moduleNamed,
  showConfiguration,
} from "./build/configuration.ts";
import { revisionOf, type SigningOptions, signingOf } from "./build/signing.ts";
import { CommandError, say, UsageError } from "./fail.ts";
import { makeProgress } from "./progress.ts";

interface BuildCommandOptions {
  readonly source: string;
  readonly packaged?: boolean;
  readonly config?: string;
  readonly set: readonly string[];
  readonly showConfig?: string | true;
  readonly output: string;
  readonly revision?: string;
  readonly trust: readonly string[];
  readonly sign?: string;
  readonly checks?: boolean;
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
    .argument("[module]", "build this module alone")
    .option("--source <dir>", "folder that holds the system", ".")
    .addOption(new Option("--packaged", "build QuRe's own sources, which came with this command").conflicts("source"))
    .option("--config <file>", "the spec, in the place of build.json and build.local.json")
    .option("--set <key=value>", "a value of the spec, such as disk.size=64M; may be repeated", collected, [])
    .option("--show-config [key]", "show each value of the spec, where it is from, and what it went over")
    .option("-o, --output <dir>", "where the images go", "build")
    .option("--revision <n>", "kernel revision in the image header")
    .option(
      "--trust <key>",
      "install kernels signed by this key: a file, or 64 hexadecimal digits; may be repeated",
      collected,
      [],
    )
    .option("--sign <key>", "sign the kernel with the private key in this file, into kernel.sig")
    .option("--checks", "a kernel that stops where a promise of its own is broken, for its tests")
    .option("--firmware <file>", "build only the emulated PC's firmware, into this file")
    .option("--starter <file>", "build only what boots kernels that are files (qure emu --kernel), into this file")
    .option("--watch", "build again whenever a source changes")
    .option("--no-cache", "make every part anew, also what has not changed")
    .option("--explain", "say of each part that is made why it is")
    .option("--json", "print the manifest")
    .addHelpText(
      "after",
      "\nExamples:\n  qure build && qure emu\n  qure build --watch\n  qure build --show-config disk\n",
    )
    .action((module: string | undefined, options: BuildCommandOptions) => runBuild(module, options));
}

const collected = (text: string, previous: readonly string[]): readonly string[] => [...previous, text];

async function runBuild(module: string | undefined, options: BuildCommandOptions): Promise<void> {
  const root = options.packaged ? packageRoot() : resolve(options.source);
  if (options.firmware !== undefined || options.starter !== undefined) {
    requireSources(options, new SourceLayers([root]));
    return buildFlat(root, options);
  }
  const asked = askedOf(root, options);
  if (options.showConfig !== undefined) {
    const shown = showConfiguration(configurationOf(asked), options.showConfig, options.json === true);
    process.stdout.write(shown);
    return;
  }
  const builder = new Builder(asked, module, options);
  if (!options.watch) return builder.build();
  for (;;) {
    // Before the build: what is saved while it runs is built next.
    const next = changed(watchedFolders(asked, options.output, builder.replaced), basename(resolve(options.output)));
    try {
      await builder.build();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (error.message !== "") say("error", error.message);
    }
    await next;
  }
}

export interface ModuleOptions {
  readonly source: string;
  readonly packaged?: boolean;
  readonly config?: string;
  readonly set: readonly string[];
  readonly output: string;
}

/** Builds one module, as `qure build MODULE` does. */
export function builtModule(
  name: string,
  options: ModuleOptions,
): Promise<{ readonly path: string; readonly content: Uint8Array }> {
  const root = options.packaged ? packageRoot() : resolve(options.source);
  const asked = askedOf(root, { ...options, trust: [], cache: true });
  return new Builder(asked, name, { ...options, trust: [], cache: true }).module(name);
}

/** What of the command line is a layer of the spec. */
function askedOf(root: string, { config, set, revision }: BuildCommandOptions): Asked {
  if (revision !== undefined) revisionOf(revision, "--revision");
  return {
    root,
    ...(config === undefined ? {} : { config }),
    assignments: [
      ...(revision === undefined ? [] : [{ text: `revision=${revision}`, option: "--revision" }]),
      ...set.map((text) => ({ text, option: "--set" })),
    ],
  };
}

/** A folder whose changes matter, or only those of the files in it. */
interface Watched {
  readonly folder: string;
  readonly isDeep: boolean;
}

/** The folder of the system, its folders but for what is made or installed, and those of modules from elsewhere. */
function watchedFolders({ root }: Asked, output: string, replaced: readonly string[]): Watched[] {
  const isOurs = (name: string): boolean =>
    !/^\.|^node_modules$/.test(name) && !`${resolve(output)}${sep}`.startsWith(`${join(root, name)}${sep}`);
  const inside = readdirSync(root, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && isOurs(entry.name),
  );
  return [
    { folder: root, isDeep: false },
    ...[...inside.map(({ name }) => join(root, name)), ...replaced].map((folder) => ({ folder, isDeep: true })),
  ];
}

/** Makes the one file of --firmware or --starter. */
async function buildFlat(root: string, { firmware, starter = "" }: BuildCommandOptions): Promise<void> {
  const { buildFirmware, buildStarter } = await import("../build/build.ts");
  const [file] = report((firmware === undefined ? buildStarter : buildFirmware)(folderTree(root)));
  writeFileAside(firmware ?? starter, file!.content);
}

/** Builds, once or again and again. Assembler and linker are loaded when there is something for them to do. */
class Builder {
  readonly #asked: Asked;
  readonly #module: string | undefined;
  readonly #options: BuildCommandOptions;
  readonly #store: BuildStore;
  readonly #shared: SharedObjects | null;
  /** The folders of modules from elsewhere, as the last build has found them. */
  replaced: readonly string[] = [];
  #cache: ObjectCache | null = null;

  constructor(asked: Asked, module: string | undefined, options: BuildCommandOptions) {
    this.#asked = asked;
    this.#module = module;
    this.#options = options;
    this.#store = new BuildStore(options.output, QURE_BUILDER_HASH);
    const folder = process.env[SHARED_FOLDER] ?? "";
    this.#shared = folder === "" || !options.cache ? null : new SharedObjects(folder, QURE_BUILDER_HASH, sharedBytes());
  }

  async build(): Promise<void> {
    const start = performance.now();
    const { output, cache, json, explain, watch } = this.#options;
    const configuration = configurationOf(this.#asked);
    this.replaced = configuration.sources.replacing;
    if (configuration.spec.layout === "qure") requireSources(this.#options, configuration.sources);
    if (this.#module !== undefined) return this.#buildModule(configuration, this.#module, start);
    const path = join(output, MANIFEST);
    const signing = signingOf(this.#options, configuration.spec, this.#asked.root);
    const key = this.#keyOf(configuration, signing);
    const kept = cache && this.#store.isUnchanged(key, configuration.sources) ? readIfPresent(path) : null;
    const manifest = kept ? Buffer.from(kept).toString() : await this.#make(configuration, signing, key);
    const summary = `${kept ? "nothing has changed, in" : "built in"} ${secondsSince(start)} s\n`;
    if (json) process.stdout.write(manifest);
    else if (watch || explain) process.stdout.write(summary);
    else {
      const { files } = JSON.parse(manifest) as Manifest;
      for (const { name, sizeBytes } of files)
        process.stdout.write(`${join(output, name).padEnd(28)} ${String(sizeBytes).padStart(10)} bytes\n`);
      process.stdout.write(summary);
    }
  }

  /** What decides what is built, besides the sources. */
  #keyOf({ spec }: Configuration, signing: SigningOptions): string {
    const { root } = this.#asked;
    const output = resolve(this.#options.output);
    const { checks } = this.#options;
    return JSON.stringify({ root, output, version: VERSION, spec, checks, ...signing });
  }

  /** Makes what is not as it was; comes back with the manifest. */
  async #make(configuration: Configuration, signing: SigningOptions, key: string): Promise<string> {
    const { output } = this.#options;
    const { spec } = configuration;
    const { buildSystem } = await import("../build/build.ts");
    const cache = (this.#cache = await this.#parts());
    const tree = this.#tree(configuration);
    const { onMaking, done } = this.#teller();
    const settings = await this.#settings(configuration, tree);
    const result = buildSystem(tree, { ...settings, ...signing, cache, onMaking });
    done();
    // Also of a build that failed: what it has assembled is right.
    if (result.files === null) this.#store.keepParts(cache.toFile());
    const files = report(result, configuration);
    const manifest = makeManifest(files, settings, configuration.isSaid ? spec : null);
    const written = writeFilesAside(
      [...files, { name: MANIFEST, content: manifest }].map(({ name, ...file }) => ({
        path: join(output, name),
        isProduct: true,
        ...file,
      })),
    );
    // One of an earlier build is of another kernel.
    if (!signing.signing) rmSync(join(output, SIGNATURE), { force: true });
    this.#store.keepParts(cache.toFile());
    this.#shared?.trim();
    // Warnings shall come again.
    if (result.diagnostics.length === 0) this.#store.keepRecord(tree.record(key, written));
    return manifest;
  }

  async #buildModule(configuration: Configuration, name: string, start: number): Promise<void> {
    const { path, content } = await this.#madeModule(configuration, name);
    process.stdout.write(`${path.padEnd(28)} ${String(content.length).padStart(10)} bytes\n`);
    process.stdout.write(`built in ${secondsSince(start)} s\n`);
  }

  /** Builds one module into the folder of images. */
  module(name: string): Promise<{ readonly path: string; readonly content: Uint8Array }> {
    const configuration = configurationOf(this.#asked);
    if (configuration.spec.layout === "qure") requireSources(this.#options, configuration.sources);
    return this.#madeModule(configuration, name);
  }

  async #madeModule(
    configuration: Configuration,
    name: string,
  ): Promise<{ readonly path: string; readonly content: Uint8Array }> {
    const module = moduleNamed(configuration, name);
    const { buildModule } = await import("../build/build.ts");
    const kept = `module-${name}`;
    const cache = (this.#cache = await this.#parts(kept));
    const tree = this.#tree(configuration);
    const { onMaking, done } = this.#teller();
    const settings = await this.#settings(configuration, tree);
    const added = (owner: Module, path: string): boolean => configuration.sources.moduleOf(path) === owner.name;
    const result = buildModule(tree, { ...settings, cache, onMaking, added }, module);
    done();
    const [file] = report(result, configuration);
    const { content } = file!;
    const path = join(this.#options.output, file!.name);
    writeFilesAside([{ path, isProduct: true, content }]);
    this.#store.keepParts(cache.toFile(), kept);
    this.#shared?.trim();
    return { path, content };
  }

  #tree({ spec, sources }: Configuration): RecordingTree {
    return withCompiler(new ReadTree(sources), this.#asked.root, spec.c);
  }

  async #settings({ spec, left }: Configuration, tree: RecordingTree): Promise<BuildOptions> {
    const { shapeOf } = await import("../spec/shape.ts");
    const read = (path: string): Uint8Array => {
      const bytes = tree.read(path);
      if (bytes === null) throw new CommandError(`${path}: no such file, which the spec names`);
      return bytes;
    };
    return {
      version: spec.version ?? VERSION,
      revision: spec.revision ?? KERNEL_REVISION,
      diskBytes: bytesOf(spec.disk.size),
      checks: this.#options.checks === true,
      shape: shapeOf(spec, left, read),
      ...(this.#shared ? { shared: this.#shared } : {}),
    };
  }

  /** Says of what is made as much as was asked for. */
  #teller(): { readonly onMaking: (part: string, reason: string) => void; readonly done: () => void } {
    const { explain, json } = this.#options;
    const progress = process.stderr.isTTY && !json && !explain ? makeProgress(process.stderr) : null;
    let made = 0;
    const onMaking = (part: string, reason: string): void => {
      made++;
      if (explain) (json ? process.stderr : process.stdout).write(`${part}: ${reason}\n`);
      else if (made % STEP_PARTS === 1) progress?.step(part);
    };
    return { onMaking, done: () => progress?.done() };
  }

  /** Those of the module, or of the whole system. */
  async #parts(kept?: string): Promise<ObjectCache> {
    if (this.#cache !== null && this.#options.cache) return this.#cache;
    const { ObjectCache } = await import("../build/object-cache.ts");
    const parts = this.#options.cache ? this.#store.parts(kept) : null;
    return parts === null ? new ObjectCache() : ObjectCache.ofFile(parts);
  }
}

/** A folder of objects that hosts share, and what it may hold. */
const SHARED_FOLDER = "QURE_BUILD_CACHE";
const SHARED_MIB = "QURE_BUILD_CACHE_MIB";
const USUAL_SHARED_MIB = 256;

function sharedBytes(): number {
  const given = process.env[SHARED_MIB] ?? `${USUAL_SHARED_MIB}`;
  if (!/^[1-9]\d{0,6}$/.test(given)) throw new UsageError(`${SHARED_MIB}=${given}: not a number of MiB from 1 on`);
  return Number(given) * 1024 * 1024;
}

const secondsSince = (start: number): string => ((performance.now() - start) / 1000).toFixed(2);

const MANIFEST = "manifest.json";
const SIGNATURE = "kernel.sig";
/** A line of progress stands for so many parts. */
const STEP_PARTS = 8;

interface Manifest {
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[];
}

/** Editors write a file in several steps: the build begins when nothing has changed for this long. */
const QUIET_MS = 20;

/** Resolves after a change in one of the folders, but for the folder of images, which the build itself makes. */
function changed(folders: readonly Watched[], output: string): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const watchers = folders.map(({ folder, isDeep }) =>
      watch(folder, { recursive: isDeep }, (_, name) => {
        if (!isDeep && name === output) return;
        clearTimeout(timer);
        timer = setTimeout(() => {
          for (const watcher of watchers) watcher.close();
          resolve();
        }, QUIET_MS);
      }),
    );
  });
}

/** Prints the diagnostics, files of other folders by their own paths; comes back with the files or ends the command. */
function report({ files, diagnostics }: BuildResult, configuration?: Configuration): readonly BuiltFile[] {
  const colour = process.stderr.isTTY === true && !process.env["NO_COLOR"];
  const named = (path: string): string =>
    configuration?.sources.moduleOf(path) ? relative(process.cwd(), configuration.sources.locate(path)) : path;
  for (const found of diagnostics) {
    const notes = found.notes.map((note) => ({ ...note, file: named(note.file) }));
    const diagnostic = { ...found, file: named(found.file), notes };
    process.stderr.write(`${formatDiagnostic(diagnostic, { colour })}\n`);
  }
  if (files) return files;
  const errors = diagnostics.filter(({ severity }: Diagnostic) => severity === "error").length;
  const left = configuration?.left.map(({ name }) => name) ?? [];
  const hint = left.length === 0 ? "" : `; the spec leaves out ${left.join(", ")}`;
  throw new CommandError(`nothing was built: ${errors} error${errors === 1 ? "" : "s"}${hint}`);
}

/** What every system of QuRe's layout has, by its usual names. */
const NEEDED = ["asm/kernel.ld", "boot/loader.ld"];

function requireSources({ source }: BuildCommandOptions, sources: SourceLayers): void {
  const missing = NEEDED.filter((path) => !existsSync(sources.locate(path)));
  if (missing.length === 0) return;
  const place = source === "." ? "this folder" : source;
  throw new CommandError(
    missing.length === NEEDED.length
      ? `there are no sources in ${place}: asm/ and boot/ hold a system's; --source names their folder, and --packaged builds QuRe's own; \`qure new\` makes a system`
      : `the sources in ${place} are not complete: ${missing.join(" and ")} is missing`,
  );
}

/** `spec`: null where nobody says anything. */
function makeManifest(files: readonly BuiltFile[], { version, revision }: BuildOptions, spec: Spec | null): string {
  const entries = files.map(({ name, content, sizeBytes, parts }) => {
    const hash = createHash("sha256").update(content);
    const zeros = new Uint8Array(1 << 20);
    for (let left = sizeBytes - content.length; left > 0; left -= zeros.length)
      hash.update(zeros.subarray(0, Math.min(left, zeros.length)));
    return { name, sizeBytes, sha256: hash.digest("hex"), parts };
  });
  const said = spec === null ? {} : { name: spec.name, product: spec.product, ...bootsOf(files, spec) };
  return `${JSON.stringify({ version, revision, ...kernelHash(files), ...said, files: entries }, null, 2)}\n`;
}

/** Of the kernel image alone, which a node serves without what is around it. */
function kernelHash(files: readonly BuiltFile[]): { kernelSha256?: string } {
  for (const { content, parts } of files) {
    const kernel = parts["kernelImage"];
    if (!kernel) continue;
    const bytes = content.subarray(kernel.offset, kernel.offset + kernel.sizeBytes);
    return { kernelSha256: createHash("sha256").update(bytes).digest("hex") };
  }
  return {};
}

/** The image that `qure emu` takes by itself: the disk where it has a volume. */
function bootsOf(files: readonly BuiltFile[], { name }: Spec): { readonly boots?: string } {
  const has = (file: string): boolean => files.some((one) => one.name === file);
  const disk = files.find((one) => one.name === `${name}.img`);
  const isPrepared = disk !== undefined && disk.content.length > FIRST_PARTITION_BYTES;
  const boots = [...(isPrepared ? [`${name}.img`] : []), `${name}.iso`, `${name}.img`, `${name}.usb.img`].find(has);
  return boots === undefined ? {} : { boots };
}

const FIRST_PARTITION_BYTES = 16_384 * 512;

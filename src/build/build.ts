/**
 * From sources to images: what `qure build` does, without touching a file. Sources come in through a `SourceTree`, and
 * what comes out is either every file of the build or the list of everything that is wrong.
 */
import { assemble } from "../assembler/assemble.ts";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import { assert } from "../diagnostic/invariant.ts";
import { FileSystemError } from "../disk/error.ts";
import { makeBootImage } from "../image/boot-image.ts";
import { ImageError, makeKernelImage, SECTOR_BYTES } from "../image/kernel-image.ts";
import { linkDiagnostics } from "../linker/diagnostics.ts";
import { type Linked, link, linkProgram } from "../linker/link.ts";
import type { LinkProblem } from "../linker/link-problem.ts";
import { defaultScript } from "../linker/script/default.ts";
import { parseScript } from "../linker/script/parser.ts";
import { type LinkerScript, ScriptError } from "../linker/script/tree.ts";
import { type ElfObject, readElf } from "../object/elf-reader.ts";
import { COMPILED } from "./compiled.ts";
import { INSTRUCTION_READER, instructionSource } from "./instructions.ts";
import type { BuiltFile, SourceTree } from "./model.ts";
import type { Module } from "./modules.ts";
import { type AssembledSource, type MakingListener, ObjectCache } from "./object-cache.ts";
import { type BuiltParts, imageFiles } from "./outputs.ts";
import {
  archiveSource,
  definersOf,
  PROGRAMS_FOLDER,
  PROGRAMS_SCRIPT,
  programFiles,
  programLibrary,
  programName,
  programObjects,
  programSources,
  SHARED_SOURCES,
} from "./programs.ts";
import { QURE_SHAPE, SAID, type SystemShape, saidOfSources, sourcesOf } from "./shape.ts";
import { SIGNATURE_READER, type Signing, signImage, trustSource } from "./signing.ts";

export interface BuildResult {
  /** Null when there were errors. */
  readonly files: readonly BuiltFile[] | null;
  readonly diagnostics: readonly Diagnostic[];
}

export interface BuildOptions {
  readonly version: string;
  readonly revision: number;
  readonly diskBytes?: number;
  /** Name of the product that the kernel says it is, and takes upgrades of; the shape's name when absent. */
  readonly product?: string;
  /** Public keys by which a kernel is signed that this one installs. */
  readonly trusted?: readonly Uint8Array[];
  /** Makes `kernel.sig`; the kernel is the same without. */
  readonly signing?: Signing | null;
  /** Puts the kernel's CHECKs in (asm/include/macros.inc). */
  readonly checks?: boolean;
  /** Names of the files that somebody looks at; all when absent. */
  readonly wanted?: readonly string[];
  /** What is made of which sources; QuRe when absent. */
  readonly shape?: SystemShape;
  /** Carries objects from one build to the next. */
  readonly cache?: ObjectCache;
  /** Objects that other builds have made, and that they may have of this one. */
  readonly shared?: SharedSources;
  /** Whether a source that a module does not own by its name came with the folder from which it is taken. */
  readonly added?: (module: Module, path: string) => boolean;
  /** Is told of each part before it is made, and why it is. */
  readonly onMaking?: MakingListener;
}

interface SharedSources {
  find(path: string, read: SourceTree["read"]): AssembledSource | null;
  keep(path: string, read: SourceTree["read"], made: AssembledSource): void;
}

/** Where the loader puts the kernel, on every PC with more than 1 MiB. */
const KERNEL_PHYSICAL = 0x100000;
/** By how much the kernel's linear addresses are above the physical ones: KERNEL_SPACE of asm/include/memory.inc. */
export const KERNEL_SPACE = 0xc0000000;
/** Address at which kernel.elf is linked: where the kernel runs. */
const KERNEL_LINK_BASE = KERNEL_SPACE + KERNEL_PHYSICAL;

const MOST_FLAT_BYTES = 8 * 1024 * 1024;

/** With this symbol the kernel's sources have their CHECKs. */
export const CHECKED: ReadonlyMap<string, number> = new Map([["CHECKS", 1]]);

/** A program that could not be built. */
class BuildFailure extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(`${diagnostics.length} errors`);
    this.diagnostics = diagnostics;
  }
}

function shapeOf({ shape = QURE_SHAPE, checks }: BuildOptions): SystemShape {
  return checks ? { ...shape, defines: { ...shape.defines, ...Object.fromEntries(CHECKED) } } : shape;
}

/** Builds loader, kernel and images. */
export function buildSystem(files: SourceTree, options: BuildOptions): BuildResult {
  const shape = shapeOf(options);
  const cache = options.cache ?? new ObjectCache();
  cache.begin(options.onMaking);
  return collect((warnings) => {
    const build = new SystemBuild(readOnce(files, shape), shape, options, warnings, cache);
    const parts = shape.layout === "flat" ? build.flat() : build.qure();
    cache.end();
    return imageFiles(parts, options, shape);
  });
}

/** Builds one module alone: a program as it is in /bin, all else as an object. What the cache has of others stays. */
export function buildModule(files: SourceTree, options: BuildOptions, module: Module): BuildResult {
  const shape = shapeOf(options);
  const cache = options.cache ?? new ObjectCache();
  cache.begin(options.onMaking);
  return collect((warnings) => {
    const build = new SystemBuild(readOnce(files, shape), shape, options, warnings, cache);
    const content = module.kind === "program" ? build.oneProgram(module.name) : build.oneObject(module);
    const name = `${module.name}.${module.kind === "program" ? "elf" : "o"}`;
    return [{ name, content, sizeBytes: content.length, parts: {} }];
  });
}

/** One build: what its steps share. */
class SystemBuild {
  readonly #tree: SourceTree;
  readonly #shape: SystemShape;
  readonly #options: BuildOptions;
  readonly #warnings: Diagnostic[];
  readonly #cache: ObjectCache;

  constructor(tree: SourceTree, shape: SystemShape, options: BuildOptions, warnings: Diagnostic[], cache: ObjectCache) {
    [this.#tree, this.#shape, this.#options, this.#warnings, this.#cache] = [tree, shape, options, warnings, cache];
  }

  qure(): BuiltParts {
    const [tree, cache] = [this.#tree, this.#cache];
    const loader = linkFlat(tree, "boot/loader", "boot/loader.ld", ["boot", "asm/include"], this.#warnings, cache);
    const script = readScript(tree, this.#shape.script);
    const sources = this.#sources();
    const objects = this.#assembled("asm", sources);
    objects.push(...this.#programs());
    if (sources.includes(INSTRUCTION_READER))
      objects.push(madeObject(cache, "instructions.s", [], () => instructionSource()));
    const { product = this.#shape.name, trusted = [], signing = null, revision } = this.#options;
    if (sources.includes(SIGNATURE_READER)) {
      const trust = trustSource(product, trusted);
      objects.push(madeObject(cache, "trust.s", [new TextEncoder().encode(trust)], () => trust));
    }
    this.#sayLink();
    const sectionStart = new Map([[".kernel32", KERNEL_LINK_BASE]]);
    const kernel = linkAll(tree, { objects, script, sectionStart, mergesConstants: true });
    const image = makeKernelImage(kernel, {
      label: `${this.#shape.product} ${this.#options.version}`,
      revision,
      linkBase: KERNEL_LINK_BASE,
      virtualOffset: KERNEL_SPACE,
      entry16: "kernel16_entry",
    });
    const signature =
      signing && signImage(image.bytes, { product, revision, signing }, (path) => this.#tree.read(path));
    return { tree, kernel, image, loaderFile: loader.file, boot: makeBootImage(loader.content, image), signature };
  }

  /** Boot sector and kernel are one program, which lies in the disk's first sectors as it lies in memory. */
  flat(): BuiltParts {
    const tree = this.#tree;
    const objects = this.#assembled("sources", this.#sources());
    this.#sayLink();
    const kernel = linkAll(tree, { objects, script: readScript(tree, this.#shape.script) });
    const content = loadedBytes(kernel);
    if (content.length < SECTOR_BYTES || content[510] !== 0x55 || content[511] !== 0xaa)
      throw new ImageError("the program's first sector does not end with 55 AA, as a boot sector does");
    const sectors = Math.ceil(content.length / SECTOR_BYTES);
    const bytes = new Uint8Array(sectors * SECTOR_BYTES);
    bytes.set(content);
    const boot = { bytes, loaderSectors: sectors - 1, kernelSector: sectors };
    return { tree, kernel, image: null, loaderFile: null, boot, signature: null };
  }

  oneProgram(name: string): Uint8Array {
    const files = this.#tree.list(PROGRAMS_FOLDER);
    const ready = this.#tree.read(`${PROGRAMS_FOLDER}/${name}.elf`);
    const own = programSources(files).find((program) => program.name === name)?.sources ?? [];
    if (own.length === 0 && ready) return ready;
    const library = this.#library(files);
    return this.#program(name, programObjects(this.#assembled(`module ${name}`, own), library, definersOf(library)));
  }

  oneObject(module: Module): Uint8Array {
    const paths = this.#tree.list(module.folder).filter((path) => module.owns(path) || this.#isAdded(module, path));
    const objects = this.#assembled(module.folder, paths);
    return this.#cache.product(`module ${module.name}`, objects, () => {
      const inputs = objects.map((elf) => ({ kind: "object" as const, elf }));
      const script = parseScript(defaultScript("partial"), "the built-in script");
      // The constants of the headers would be four fifths of the file.
      const settings = { script, isDefaultScript: true, isRelocatable: true, discard: "all" as const };
      const { image, problems } = linkProgram(inputs, settings);
      if (image === null || problems.length > 0)
        throw new BuildFailure(problems.map((found) => problem(found, this.#tree)));
      return image.bytes;
    });
  }

  /** Whether a source came with the folder that a module is taken from. */
  #isAdded(module: Module, path: string): boolean {
    return this.#options.added?.(module, path) ?? false;
  }

  #sayLink(): void {
    this.#options.onMaking?.("the kernel", "its objects are put together at each build");
  }

  #sources(): string[] {
    const { sources: patterns, leavesOut } = this.#shape;
    if (patterns.length === 0)
      return this.#tree.list("asm").filter((path) => !path.startsWith(`${PROGRAMS_FOLDER}/`) && !leavesOut(path));
    const { paths, missing } = sourcesOf((folder) => this.#tree.list(folder), patterns);
    missing.push(...paths.filter((path) => this.#tree.read(path) === null));
    if (missing.length > 0)
      throw new BuildFailure(
        missing.map((path) => problem({ file: path, line: 0, message: "there is no such source", id: "no-sources" })),
      );
    return paths.filter((path) => !leavesOut(path));
  }

  #assembled(folder: string, sources: readonly string[]): ElfObject[] {
    const { includes, defines } = this.#shape;
    const { shared } = this.#options;
    const settings = { includes, defines: new Map(Object.entries(defines)), ...(shared ? { shared } : {}) };
    return assembleSources(this.#tree, folder, sources, settings, this.#warnings, this.#cache);
  }

  /** The archive of the programs as an object for the kernel; none where the tree has no programs. */
  #programs(): ElfObject[] {
    const [tree, cache] = [this.#tree, this.#cache];
    const files = tree.list(PROGRAMS_FOLDER).filter((path) => !this.#shape.leavesOut(path));
    const isIn = (name: string): boolean => this.#shape.programs.length === 0 || this.#shape.programs.includes(name);
    const sources = programSources(files).filter(({ name }) => isIn(name));
    const ready = programFiles(files).filter((path) => isIn(programName(path)));
    if (sources.length + ready.length === 0) return [];
    const library = this.#library(files);
    const definers = definersOf(library);
    const programs = sources.map(({ name, sources: own }) => ({
      name,
      file: this.#program(name, programObjects(this.#assembled(PROGRAMS_FOLDER, own), library, definers)),
    }));
    programs.push(...ready.map((path) => ({ name: programName(path), file: tree.read(path)! })));
    const names = new TextEncoder().encode(programs.map(({ name }) => name).join("\n"));
    const inputs = [names, ...programs.map(({ file }) => file)];
    return [madeObject(cache, "programs.s", inputs, () => archiveSource(programs))];
  }

  #library(files: readonly string[]): ElfObject[] {
    const shared = SHARED_SOURCES.filter((path) => this.#tree.read(path) !== null);
    return this.#assembled(PROGRAMS_FOLDER, [...programLibrary(files), ...shared]);
  }

  #program(name: string, objects: ElfObject[]): Uint8Array {
    const script = this.#tree.read(PROGRAMS_SCRIPT);
    // Thousands of constants of the headers are local symbols, which nobody asks a program for.
    const make = (): Uint8Array =>
      linkAll(this.#tree, { objects, script: readScript(this.#tree, PROGRAMS_SCRIPT), discard: "all" }).file;
    return this.#cache.product(`program ${name}`, [script ?? new Uint8Array(0), ...objects], make);
  }
}

/** Builds the emulated PC's firmware: a flat image that ends at 1 MiB. */
export function buildFirmware(tree: SourceTree): BuildResult {
  return collect((warnings) => {
    const { content } = linkFlat(
      tree,
      "boot/firmware",
      "boot/firmware.ld",
      ["boot", "boot/firmware", "asm/include"],
      warnings,
      new ObjectCache(),
    );
    return [{ name: "firmware.bin", content, sizeBytes: content.length, parts: {} }];
  });
}

/** What of the loader serves the starter as well. */
const SHARED_WITH_STARTER = ["boot-sector", "console", "drive", "memory", "protected"];

/** Builds what boots kernels that are plain files (src/image/kernel-start): boot sector and starter. */
export function buildStarter(tree: SourceTree): BuildResult {
  return collect((warnings) => {
    const cache = new ObjectCache();
    const sources = [
      ...SHARED_WITH_STARTER.map((name) => `boot/loader/${name}.s`),
      ...tree.list("boot/starter").filter((path) => path.endsWith(".s")),
    ];
    const objects = assembleSources(
      ...([tree, "boot/starter", sources, { includes: ["boot/loader", "asm/include"] }, warnings, cache] as const),
    );
    const { content } = flatProgram(tree, objects, "boot/loader.ld");
    return [{ name: "starter.bin", content, sizeBytes: content.length, parts: {} }];
  });
}

/** The tree as it is now: many sources include the same files, and one build shall not see two versions of one. */
function readOnce(tree: SourceTree, shape: SystemShape): SourceTree {
  const known = new Map<string, Uint8Array | null>([[SAID, saidOfSources(shape)]]);
  for (const [path, text] of shape.made) known.set(path, new TextEncoder().encode(text));
  return {
    list: (folder) => tree.list(folder),
    read(path) {
      let bytes = known.get(path);
      if (bytes === undefined) {
        bytes = tree.read(path);
        known.set(path, bytes);
      }
      return bytes;
    },
  };
}

function collect(build: (warnings: Diagnostic[]) => BuiltFile[]): BuildResult {
  const warnings: Diagnostic[] = [];
  try {
    return { files: build(warnings), diagnostics: warnings };
  } catch (error) {
    if (error instanceof BuildFailure) return { files: null, diagnostics: [...warnings, ...error.diagnostics] };
    if (error instanceof ImageError || error instanceof FileSystemError)
      return {
        files: null,
        diagnostics: [...warnings, problem({ file: "boot image", line: 0, message: error.message, id: "image" })],
      };
    throw error;
  }
}

/** A program that is loaded as it is, without a file's headers, and as an ELF file for debuggers. */
interface FlatProgram {
  readonly content: Uint8Array;
  readonly file: Uint8Array;
}

/** Links the sources of a folder; `content` is the program as it lies in memory. */
function linkFlat(
  tree: SourceTree,
  folder: string,
  scriptPath: string,
  includes: readonly string[],
  warnings: Diagnostic[],
  cache: ObjectCache,
): FlatProgram {
  const objects = assembleSources(tree, folder, tree.list(folder), { includes }, warnings, cache);
  const inputs = [tree.read(scriptPath) ?? new Uint8Array(0), ...objects];
  let program: FlatProgram | undefined;
  const make = (): FlatProgram => (program ??= flatProgram(tree, objects, scriptPath));
  return {
    content: cache.product(folder, inputs, () => make().content),
    file: cache.product(`${folder} with its symbols`, inputs, () => make().file),
  };
}

function flatProgram(tree: SourceTree, objects: ElfObject[], scriptPath: string): FlatProgram {
  const linked = linkAll(tree, { objects, script: readScript(tree, scriptPath) });
  return { content: loadedBytes(linked), file: linked.file };
}

/** A program as it lies in memory, from its first byte to its last that is no zero by itself. */
function loadedBytes({ sections }: Linked): Uint8Array {
  const loaded = sections.filter(({ nobits, flags, sizeBytes }) => !nobits && (flags & 2) !== 0 && sizeBytes > 0);
  if (loaded.length === 0) throw new ImageError("the linker script puts nothing into the program");
  const start = Math.min(...loaded.map(({ address }) => address));
  const sizeBytes = Math.max(...loaded.map((section) => section.address + section.sizeBytes)) - start;
  if (sizeBytes > MOST_FLAT_BYTES)
    throw new ImageError(`its first and last byte are ${sizeBytes} bytes apart: a flat program has at most 8 MiB`);
  const content = new Uint8Array(sizeBytes);
  for (const section of loaded) content.set(section.content, section.address - start);
  return content;
}

/** The object of a source that the build itself makes of something. */
function madeObject(
  cache: ObjectCache,
  path: string,
  inputs: readonly Uint8Array[],
  makeSource: () => string,
): ElfObject {
  const file = cache.product(path, inputs, () => {
    const bytes = new TextEncoder().encode(makeSource());
    const { object } = assemble({ path, files: { read: (name) => (name === path ? { path, bytes } : null) } });
    assert(object !== null, `${path} is not assembled`);
    return object;
  });
  return readElf(file, path);
}

function assembleSources(
  tree: SourceTree,
  folder: string,
  paths: readonly string[],
  settings: SourceSettings,
  warnings: Diagnostic[],
  cache: ObjectCache,
): ElfObject[] {
  const sources = paths.filter((path) => /\.[sc]$/.test(path));
  if (sources.length === 0)
    throw new BuildFailure([
      problem({ file: folder, line: 0, message: "no assembly sources (*.s) here", id: "no-sources" }),
    ]);
  const errors: Diagnostic[] = [];
  const objects: ElfObject[] = [];
  for (const path of sources) {
    const { object, diagnostics } = cache.get(
      path,
      (name) => tree.read(name),
      () => sharedSource(tree, path, settings),
    );
    (object ? warnings : errors).push(...diagnostics);
    if (object) objects.push(object);
  }
  if (errors.length > 0) throw new BuildFailure(errors);
  return objects;
}

function sharedSource(tree: SourceTree, path: string, settings: SourceSettings): AssembledSource {
  const read = (name: string): Uint8Array | null => tree.read(name);
  const found = settings.shared?.find(path, read);
  if (found) return found;
  const made = assembleSource(tree, path, settings);
  settings.shared?.keep(path, read, made);
  return made;
}

/** What every source of a program is given. */
interface SourceSettings {
  readonly includes: readonly string[];
  readonly shared?: SharedSources;
  readonly defines?: ReadonlyMap<string, number>;
}

function assembleSource(tree: SourceTree, path: string, { includes, defines }: SourceSettings): AssembledSource {
  const inputs = new Map<string, Uint8Array | null>();
  const readInput = (name: string): Uint8Array | null => {
    const bytes = tree.read(name);
    inputs.set(name, bytes);
    return bytes;
  };
  /** As GNU as looks: as it is written, beside the including file, then where -I says. */
  const read = (name: string, from: string | null): { path: string; bytes: Uint8Array } | null => {
    const besides = from?.includes("/") ? [from.slice(0, from.lastIndexOf("/"))] : [];
    for (const candidate of [name, ...[...besides, ...includes].map((base) => `${base}/${name}`)]) {
      const bytes = readInput(candidate);
      if (bytes) return { path: candidate, bytes };
    }
    return null;
  };
  if (defines) readInput(SAID);
  const isCompiled = path.endsWith(".c");
  const { object, diagnostics } = assemble({
    path: isCompiled ? `${path}${COMPILED}` : path,
    files: { read },
    debugLines: !isCompiled,
    ...(defines ? { defines } : {}),
  });
  return { file: object, diagnostics, inputs };
}

function readScript(tree: SourceTree, path: string): LinkerScript {
  const bytes = tree.read(path);
  if (!bytes)
    throw new BuildFailure([
      problem({ file: path, line: 0, message: "the linker script is missing", id: "no-script" }),
    ]);
  try {
    return parseScript(new TextDecoder("latin1").decode(bytes), path);
  } catch (error) {
    if (error instanceof ScriptError)
      throw new BuildFailure([
        problem({ file: error.path, line: error.line, message: error.message, id: "script-syntax" }, tree),
      ]);
    throw error;
  }
}

function linkAll(tree: SourceTree, options: Parameters<typeof link>[0]): Linked {
  const { linked, problems } = link(options);
  if (!linked) throw new BuildFailure(problems.map((found) => problem(found, tree)));
  return linked;
}

/** A linker's problem in the assembler's form: with the source line where there is one. */
function problem(found: LinkProblem<string>, tree?: SourceTree): Diagnostic {
  const read = (path: string): string | null => {
    const bytes = tree?.read(path);
    return bytes ? new TextDecoder("latin1").decode(bytes) : null;
  };
  return linkDiagnostics([found], read)[0]!;
}

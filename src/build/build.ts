/**
 * From sources to images: what `qure build` does, without touching a file. Sources come in through a `SourceTree`, and
 * what comes out is either every file of the build or the list of everything that is wrong.
 */
import { assemble } from "../assembler/assemble.ts";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import { assert } from "../diagnostic/invariant.ts";
import { type BootImage, makeBootImage } from "../image/boot-image.ts";
import { DEFAULT_DISK_BYTES, makeDisk } from "../image/disk.ts";
import { makeIso } from "../image/iso9660.ts";
import { ImageError, type KernelImage, makeKernelImage, SECTOR_BYTES } from "../image/kernel-image.ts";
import { linkDiagnostics } from "../linker/diagnostics.ts";
import { type Linked, link } from "../linker/link.ts";
import type { LinkProblem } from "../linker/link-problem.ts";
import { parseScript } from "../linker/script/parser.ts";
import { type LinkerScript, ScriptError } from "../linker/script/tree.ts";
import { type ElfObject, readElf } from "../object/elf-reader.ts";
import { fileWithCallFrames } from "./call-frames.ts";
import { INSTRUCTION_READER, instructionSource } from "./instructions.ts";
import { writeListing } from "./listing.ts";
import { writeMap } from "./map.ts";
import { type AssembledSource, type MakingListener, ObjectCache } from "./object-cache.ts";
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

/** Paths are relative to the tree's root and have forward slashes. */
export interface SourceTree {
  /** All files below a folder, sorted. */
  list(folder: string): readonly string[];
  read(path: string): Uint8Array | null;
}

export interface BuiltFile {
  readonly name: string;
  readonly content: Uint8Array;
  /** Size of the file when it is larger than its content: the rest is zeros. */
  readonly sizeBytes: number;
  /** Where each part of the system begins in this file, in bytes. */
  readonly parts: Readonly<Record<string, { offset: number; sizeBytes: number }>>;
}

export interface BuildResult {
  /** Null when there were errors. */
  readonly files: readonly BuiltFile[] | null;
  readonly diagnostics: readonly Diagnostic[];
}

export interface BuildOptions {
  readonly version: string;
  readonly revision: number;
  readonly diskBytes?: number;
  /** Names of the files that somebody looks at; all when absent. */
  readonly wanted?: readonly string[];
  /** Carries objects from one build to the next. */
  readonly cache?: ObjectCache;
  /** Is told of each part before it is made, and why it is. */
  readonly onMaking?: MakingListener;
}

/** Where the loader puts the kernel, on every PC with more than 1 MiB. */
const KERNEL_PHYSICAL = 0x100000;
/** By how much the kernel's linear addresses are above the physical ones: KERNEL_SPACE of asm/include/memory.inc. */
export const KERNEL_SPACE = 0xc0000000;
/** Address at which kernel.elf is linked: where the kernel runs. */
const KERNEL_LINK_BASE = KERNEL_SPACE + KERNEL_PHYSICAL;

/** A program that could not be built. */
class BuildFailure extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(`${diagnostics.length} errors`);
    this.diagnostics = diagnostics;
  }
}

/** Builds loader, kernel and images. */
export function buildSystem(files: SourceTree, options: BuildOptions): BuildResult {
  const tree = readOnce(files);
  const cache = options.cache ?? new ObjectCache();
  cache.begin(options.onMaking);
  return collect((warnings) => {
    const loader = linkFlat(tree, "boot/loader", "boot/loader.ld", ["boot", "asm/include"], warnings, cache);
    const script = readScript(tree, "asm/kernel.ld");
    const sources = tree.list("asm").filter((path) => !path.startsWith(`${PROGRAMS_FOLDER}/`));
    const objects = assembleSources(tree, "asm", sources, ["asm/include"], warnings, cache);
    objects.push(...linkPrograms(tree, warnings, cache));
    if (sources.includes(INSTRUCTION_READER))
      objects.push(madeObject(cache, "instructions.s", [], () => instructionSource()));
    options.onMaking?.("the kernel", "its objects are put together at each build");
    const sectionStart = new Map([[".kernel32", KERNEL_LINK_BASE]]);
    const kernel = linkAll(tree, { objects, script, sectionStart, mergesConstants: true });
    const image = makeKernelImage(kernel, {
      label: `QuRe ${options.version}`,
      revision: options.revision,
      linkBase: KERNEL_LINK_BASE,
      virtualOffset: KERNEL_SPACE,
      entry16: "kernel16_entry",
    });
    const boot = makeBootImage(loader.content, image);
    cache.end();
    return imageFiles(boot, image, kernel, loader.file, tree, options);
  });
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
    const objects = assembleSources(tree, "boot/starter", sources, ["boot/loader", "asm/include"], warnings, cache);
    const { content } = flatProgram(tree, objects, "boot/loader.ld");
    return [{ name: "starter.bin", content, sizeBytes: content.length, parts: {} }];
  });
}

/** The tree as it is now: many sources include the same files, and one build shall not see two versions of one. */
function readOnce(tree: SourceTree): SourceTree {
  const known = new Map<string, Uint8Array | null>();
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
    if (error instanceof ImageError)
      return {
        files: null,
        diagnostics: [...warnings, problem({ file: "boot image", line: 0, message: error.message, id: "image" })],
      };
    throw error;
  }
}

function imageFiles(
  boot: BootImage,
  image: KernelImage,
  kernel: Linked,
  loaderFile: Uint8Array,
  tree: SourceTree,
  { diskBytes = DEFAULT_DISK_BYTES, wanted }: BuildOptions,
): BuiltFile[] {
  const encoder = new TextEncoder();
  const parts = (start: number): BuiltFile["parts"] => {
    const kernelAt = start + boot.kernelSector * SECTOR_BYTES;
    const inKernel = Object.fromEntries(
      Object.entries(image.parts).map(([name, { offset, sizeBytes }]) => [
        name,
        { offset: kernelAt + offset, sizeBytes },
      ]),
    );
    return {
      bootSector: { offset: start, sizeBytes: SECTOR_BYTES },
      loader: { offset: start + SECTOR_BYTES, sizeBytes: boot.loaderSectors * SECTOR_BYTES },
      kernelImage: { offset: kernelAt, sizeBytes: image.bytes.length },
      ...inKernel,
    };
  };
  const makers: Readonly<Record<string, () => Omit<BuiltFile, "name" | "sizeBytes"> & { sizeBytes?: number }>> = {
    "qure.iso": () => {
      const { bytes, bootImageOffset } = makeIso(boot, "QURE");
      return { content: bytes, parts: parts(bootImageOffset) };
    },
    "qure.img": () => ({ content: makeDisk(boot, diskBytes), sizeBytes: diskBytes, parts: parts(0) }),
    "kernel.elf": () => ({ content: fileWithCallFrames(kernel, ".kernel32"), parts: {} }),
    "loader.elf": () => ({ content: loaderFile, parts: {} }),
    "kernel.map": () => ({ content: encoder.encode(writeMap(kernel)), parts: {} }),
    "kernel.lst": () => ({ content: encoder.encode(writeListing(kernel, (path) => tree.read(path))), parts: {} }),
  };
  return Object.entries(makers)
    .filter(([name]) => wanted?.includes(name) ?? true)
    .map(([name, make]) => {
      const { content, parts, sizeBytes = content.length } = make();
      assert(
        content.length <= sizeBytes &&
          Object.values(parts).every(({ offset, sizeBytes: length }) => offset + length <= sizeBytes),
        `${name} is smaller than what was put into it`,
      );
      return { name, content, sizeBytes, parts };
    });
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
  const objects = assembleFolder(tree, folder, includes, warnings, cache);
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
  const loaded = linked.sections.filter(({ nobits, flags }) => !nobits && (flags & 2) !== 0);
  const start = Math.min(...loaded.map(({ address }) => address));
  const content = new Uint8Array(Math.max(...loaded.map(({ address, sizeBytes }) => address + sizeBytes)) - start);
  for (const section of loaded) content.set(section.content, section.address - start);
  return { content, file: linked.file };
}

function assembleFolder(
  tree: SourceTree,
  folder: string,
  includes: readonly string[],
  warnings: Diagnostic[],
  cache: ObjectCache,
): ElfObject[] {
  return assembleSources(tree, folder, tree.list(folder), includes, warnings, cache);
}

/** The archive of the programs as an object for the kernel; none where the tree has no programs. */
function linkPrograms(tree: SourceTree, warnings: Diagnostic[], cache: ObjectCache): ElfObject[] {
  const sources = programSources(tree.list(PROGRAMS_FOLDER));
  const ready = programFiles(tree.list(PROGRAMS_FOLDER));
  if (sources.length === 0) return [];
  const assembled = (sources: readonly string[]): ElfObject[] =>
    assembleSources(tree, PROGRAMS_FOLDER, sources, ["asm/include"], warnings, cache);
  const shared = SHARED_SOURCES.filter((path) => tree.read(path) !== null);
  const library = assembled([...programLibrary(tree.list(PROGRAMS_FOLDER)), ...shared]);
  const definers = definersOf(library);
  const script = readScript(tree, PROGRAMS_SCRIPT);
  const scriptBytes = tree.read(PROGRAMS_SCRIPT)!;
  const programs = sources.map(({ name, sources: own }) => {
    const objects = programObjects(assembled(own), library, definers);
    // Thousands of constants of the headers are local symbols, which nobody asks a program for.
    const make = (): Uint8Array => linkAll(tree, { objects, script, discard: "all" }).file;
    return { name, file: cache.product(`program ${name}`, [scriptBytes, ...objects], make) };
  });
  programs.push(...ready.map((path) => ({ name: programName(path), file: tree.read(path)! })));
  const names = new TextEncoder().encode(programs.map(({ name }) => name).join("\n"));
  const inputs = [names, ...programs.map(({ file }) => file)];
  return [madeObject(cache, "programs.s", inputs, () => archiveSource(programs))];
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
  includes: readonly string[],
  warnings: Diagnostic[],
  cache: ObjectCache,
): ElfObject[] {
  const sources = paths.filter((path) => path.endsWith(".s"));
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
      () => assembleSource(tree, path, includes),
    );
    (object ? warnings : errors).push(...diagnostics);
    if (object) objects.push(object);
  }
  if (errors.length > 0) throw new BuildFailure(errors);
  return objects;
}

function assembleSource(tree: SourceTree, path: string, includes: readonly string[]): AssembledSource {
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
  const { object, diagnostics } = assemble({ path, files: { read }, debugLines: true });
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

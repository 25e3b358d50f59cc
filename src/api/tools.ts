/**
 * `qure/tools`: from sources to images, without a machine: assembler, linker, images, builds.
 */
export { type Assembly, assemble } from "../assembler/assemble.ts";
export type { AssembleOptions, SourceFiles } from "../assembler/model/options.ts";
export {
  type BuildOptions,
  type BuildResult,
  buildFirmware,
  buildStarter,
  buildSystem,
} from "../build/build.ts";
export type { BuiltFile, SourceTree } from "../build/model.ts";
export { type Diagnostic, formatDiagnostic } from "../diagnostic/diagnostic.ts";
export { folderTree } from "../host/files.ts";
export {
  type BootImage,
  type BootRecord,
  makeBootImage,
  type PartitionEntry,
  readBootRecord,
  readPartitionTable,
} from "../image/boot-image.ts";
export { makeDisk } from "../image/disk.ts";
export { type ImageReader, type Inspection, inspectImage } from "../image/inspect.ts";
export { type Iso, type IsoFile, makeIso } from "../image/iso9660.ts";
export {
  ImageError,
  type KernelHeader,
  type KernelImage,
  type KernelImageOptions,
  makeKernelImage,
  readKernelHeader,
} from "../image/kernel-image.ts";
export { type Linked, type LinkOptions, type LinkResult, link } from "../linker/link.ts";
export type { LinkProblem } from "../linker/link-problem.ts";
export { parseScript } from "../linker/script/parser.ts";
export { type LinkerScript, ScriptError } from "../linker/script/tree.ts";
export { ElfError, type ElfObject, readElf } from "../object/elf-reader.ts";

/**
 * The API of the package: build images, boot them, and test what runs in them, in virtual time.
 *
 *     import { startCluster } from "qure";
 *     const lab = startCluster({ nodes: [{ disk: await readFile("my-os.img") }] });
 *     await lab.nodes[0].waitFor("login: ", { within: "10s" });
 */
import { loadFirmware } from "./host/package.ts";
import { LabCluster, type ClusterOptions } from "./lab/lab.ts";

export { assemble, type AssembleOptions, type Assembly, type SourceFiles } from "./assembler/assemble.ts";
export { formatDiagnostic, type Diagnostic } from "./assembler/diagnostic.ts";
export { makeBootImage, readBootRecord, readPartitionTable, type BootImage, type BootRecord, type PartitionEntry } from "./image/boot-image.ts";
export { makeDisk } from "./image/disk.ts";
export { inspectImage, type ImageReader, type Inspection } from "./image/inspect.ts";
export { makeIso, type Iso, type IsoFile } from "./image/iso9660.ts";
export { ImageError, makeKernelImage, readKernelHeader, type KernelHeader, type KernelImage, type KernelImageOptions } from "./image/kernel-image.ts";
export { ElfError, readElf, type ElfObject } from "./linker/elf-reader.ts";
export { writeExecutable } from "./linker/elf-writer.ts";
export { link, type Linked, type LinkOptions, type LinkProblem, type LinkResult } from "./linker/link.ts";
export { parseScript, ScriptError, type LinkerScript } from "./linker/script.ts";
export { buildFirmware, buildSystem, type BuildOptions, type BuildResult, type BuiltFile, type SourceTree } from "./workshop.ts";
export { folderTree } from "./host/files.ts";
export { FileDisk } from "./host/file-disk.ts";
export { loadFirmware } from "./host/package.ts";
export { ConsoleText } from "./lab/console.ts";
export { blankDisk, LabCluster, LabNode, LabPlug, restoreCluster, WaitError, type ClusterOptions, type Medium, type NodeOptions, type RestoreOptions, type WaitOptions } from "./lab/lab.ts";
export { toNs, type TimeSpan } from "./lab/time.ts";
export { SparseDisk } from "../emulator/disk.ts";
export { SnapshotError } from "../emulator/cluster/snapshot-file.ts";
export type { TapHandler } from "../emulator/ether/tap.ts";
export type { BlockBackend } from "../emulator/block.ts";
export { VERSION } from "./version.ts";

/** Powers a cluster on, with the package's own firmware unless another is given. */
export function startCluster(options: Omit<ClusterOptions, "firmware"> & { firmware?: Uint8Array }): LabCluster {
  return new LabCluster({ ...options, firmware: options.firmware ?? loadFirmware() });
}

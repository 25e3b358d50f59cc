/**
 * The API of the package: build images, boot them, and test what runs in them, in virtual time.
 *
 *     import { startCluster } from "qure";
 *     const lab = startCluster({ nodes: [{ disk: await readFile("my-os.img") }] });
 *     await lab.nodes[0].waitFor("login: ", { within: "10s" });
 */

export { SnapshotError } from "../emulator/cluster/snapshot-file.ts";
export type { BlockBackend } from "../emulator/disk/block.ts";
export { SparseDisk } from "../emulator/disk/disk.ts";
export type { TapHandler } from "../emulator/ether/tap.ts";
export { type Assembly, assemble } from "./assembler/assemble.ts";
export type { AssembleOptions, SourceFiles } from "./assembler/model/options.ts";
export {
  type BuildOptions,
  type BuildResult,
  type BuiltFile,
  buildFirmware,
  buildStarter,
  buildSystem,
  type SourceTree,
} from "./build/build.ts";
export {
  type CampaignOptions,
  runGiven,
  runSeed,
  type SeedResult,
  type Summary,
  summarise,
} from "./chaos/campaign.ts";
export type { FailureKind, Invariant, Subject, Watch, Watchfulness, WorldEvent } from "./chaos/invariant.ts";
export { Stage } from "./chaos/stage.ts";
export type { WireFrame, World, WorldNode } from "./chaos/world.ts";
export { type Diagnostic, formatDiagnostic } from "./diagnostic/diagnostic.ts";
export { FileDisk } from "./host/file-disk.ts";
export { folderTree } from "./host/files.ts";
export { type GdbServer, serveGdb } from "./host/gdb-server.ts";
export { loadFirmware } from "./host/package.ts";
export { serveSwitch } from "./host/switch-endpoint.ts";
export {
  type BootImage,
  type BootRecord,
  makeBootImage,
  type PartitionEntry,
  readBootRecord,
  readPartitionTable,
} from "./image/boot-image.ts";
export { makeDisk } from "./image/disk.ts";
export { type ImageReader, type Inspection, inspectImage } from "./image/inspect.ts";
export { type Iso, type IsoFile, makeIso } from "./image/iso9660.ts";
export {
  ImageError,
  type KernelHeader,
  type KernelImage,
  type KernelImageOptions,
  makeKernelImage,
  readKernelHeader,
} from "./image/kernel-image.ts";
export { ConsoleText } from "./lab/console.ts";
export { drawFaults, type Fault, formatFault, parseFault, planFaults } from "./lab/faults.ts";
export type { LabHost } from "./lab/host.ts";
export { inflatingCompressor } from "./lab/inflate.ts";
export {
  blankDisk,
  type ClusterOptions,
  LabCluster,
  LabNode,
  LabPlug,
  type Medium,
  type NodeOptions,
  type RestoreOptions,
  restoreCluster,
  TripleFaultError,
  WaitError,
  type WaitOptions,
} from "./lab/lab.ts";
export { type TimeSpan, toNs } from "./lab/time.ts";
export { type Forward, parseForward, parseWay, type Way } from "./lab/way.ts";
export { type OpenWay, openPort, openWay } from "./lab/ways.ts";
export { type Linked, type LinkOptions, type LinkResult, link } from "./linker/link.ts";
export type { LinkProblem } from "./linker/link-problem.ts";
export { parseScript } from "./linker/script/parser.ts";
export { type LinkerScript, ScriptError } from "./linker/script/tree.ts";
export { ElfError, type ElfObject, readElf } from "./object/elf-reader.ts";
export { type NamedFile, type StartNode, type StartOptions, startCluster } from "./start-cluster.ts";
export { VERSION } from "./version.ts";

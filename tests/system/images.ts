/** The system under test: built once for each test file from the sources in this repository, by QuRe's own tools. */
import { join } from "node:path";
import {
  type BuildResult,
  buildFirmware,
  buildSystem,
  type ClusterOptions,
  folderTree,
  formatDiagnostic,
  LabCluster,
  restoreCluster,
} from "../../src/index.ts";

export const root = join(import.meta.dirname, "../..");

export interface Images {
  readonly iso: Uint8Array;
  readonly disk: Uint8Array;
  readonly diskBytes: number;
  readonly kernelElf: Uint8Array;
  readonly loaderElf: Uint8Array;
  readonly manifest: Readonly<Record<string, { offset: number; sizeBytes: number }>>;
  readonly firmware: Uint8Array;
}

let built: Images | null = null;

function filesOf(
  result: BuildResult,
): Map<string, { content: Uint8Array; sizeBytes: number; parts: Images["manifest"] }> {
  if (!result.files)
    throw new Error(result.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, { colour: false })).join("\n"));
  return new Map(result.files.map((file) => [file.name, file]));
}

export function images(): Images {
  if (built) return built;
  const tree = folderTree(root);
  const files = filesOf(buildSystem(tree, { version: "0.1.0", revision: 1000 }));
  const firmware = filesOf(buildFirmware(tree)).get("firmware.bin")!.content;
  const disk = files.get("qure.img")!;
  const iso = files.get("qure.iso")!;
  built = {
    iso: iso.content,
    disk: disk.content,
    diskBytes: disk.sizeBytes,
    kernelElf: files.get("kernel.elf")!.content,
    loaderElf: files.get("loader.elf")!.content,
    manifest: iso.parts,
    firmware,
  };
  return built;
}

/** A cluster with the firmware of this repository. */
export function boot(options: Omit<ClusterOptions, "firmware">): LabCluster {
  return new LabCluster({ ...options, firmware: images().firmware });
}

const reached = new Map<string, Uint8Array>();

/**
 * A cluster in the state to which `make` brings it: that is done once for each name in a test file, later ones come
 * from a snapshot.
 */
export async function inState(name: string, make: () => Promise<LabCluster>): Promise<LabCluster> {
  let snapshot = reached.get(name);
  if (!snapshot) reached.set(name, (snapshot = (await make()).save()));
  return restoreCluster(snapshot);
}

export const PROMPT = /\S+:\/\S*> $/;
export const CLOUD = /^cloud: (\S+) (\d+\.\d+\.\d+\.\d+) era (\d+) age (\d+) peers (\d+)\s*$/m;
export const DISK_BYTES = 64 * 1024 * 1024;

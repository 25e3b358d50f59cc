/** The system under test: built once for all tests from the sources in this repository, by QuRe's own tools. */
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import {
  buildSystem,
  type ClusterOptions,
  folderTree,
  formatDiagnostic,
  LabCluster,
  restoreCluster,
  type SourceTree,
} from "../../src/index.ts";
import { kept } from "../setup/cache.ts";

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

let read: Images | null = null;

/** Puts into `folder` what `qure build` would leave in build/. */
export function provideBuild(folder: string): void {
  cpSync(join(inject("cacheFolder"), "images/build"), join(folder, "build"), { recursive: true });
}

/** What the global setup built. */
export function images(): Images {
  if (read) return read;
  const folder = join(inject("cacheFolder"), "images");
  const file = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)));
  const described = JSON.parse(readFileSync(join(folder, "system.json"), "utf8")) as Record<
    string,
    { sizeBytes: number; parts: Images["manifest"] }
  >;
  read = {
    iso: file("qure.iso"),
    disk: file("qure.img"),
    diskBytes: described["qure.img"]!.sizeBytes,
    kernelElf: file("kernel.elf"),
    loaderElf: file("loader.elf"),
    manifest: described["qure.iso"]!.parts,
    firmware: file("firmware.bin"),
  };
  return read;
}

/** An ISO of the system with one more source, `from` in this repository, that is `at` in the system. */
export function isoWith(from: string, at: string): Promise<Uint8Array> {
  return kept(`ISO with ${from}`, () => {
    const tree = folderTree(root);
    const extended: SourceTree = {
      list: (folder) => (at.startsWith(`${folder}/`) ? [...tree.list(folder), at].sort() : tree.list(folder)),
      read: (path) => tree.read(path === at ? from : path),
    };
    const { files, diagnostics } = buildSystem(extended, { version: "0.1.0", revision: 1 });
    if (files) return files.find(({ name }) => name === "qure.iso")!.content;
    throw new Error(diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, { colour: false })).join("\n"));
  });
}

/** An ISO of the system with one more program in /bin, given as an ELF file. */
export function isoWithProgram(name: string, file: Uint8Array): Uint8Array {
  const tree = folderTree(root);
  const at = `asm/programs/${name}.elf`;
  const { files, diagnostics } = buildSystem(
    {
      list: (folder) => (at.startsWith(`${folder}/`) ? [...tree.list(folder), at].sort() : tree.list(folder)),
      read: (path) => (path === at ? file : tree.read(path)),
    },
    { version: "0.1.0", revision: 1 },
  );
  if (files) return files.find((built) => built.name === "qure.iso")!.content;
  throw new Error(diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, { colour: false })).join("\n"));
}

/** A cluster with the firmware of this repository, of small machines when nothing else is said. */
export function boot({ nodes, ...options }: Omit<ClusterOptions, "firmware">): LabCluster {
  // Less than usual: every snapshot looks at all of it.
  const small = nodes.map((node) => ({ ramBytes: 8 << 20, ...node }));
  return new LabCluster({ ...options, nodes: small, firmware: images().firmware });
}

/**
 * A cluster in the state to which `make` brings it: that is done once for each name in a test file, later ones come
 * from a snapshot, which is kept until a source changes.
 */
export async function inState(name: string, make: () => Promise<LabCluster>): Promise<LabCluster> {
  return restoreCluster(await kept(name, async () => (await make()).save()));
}

export const PROMPT = /\S+:\/\S*> $/;
export const CLOUD = /^cloud: (\S+) (\d+\.\d+\.\d+\.\d+) era (\d+) age (\d+) peers (\d+)\s*$/m;
export const DISK_BYTES = 64 * 1024 * 1024;

/** The system under test: built once for all tests from the sources in this repository, by QuRe's own tools. */
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { ObjectCache } from "../../src/build/object-cache.ts";
import {
  buildSystem,
  type ClusterOptions,
  folderTree,
  formatDiagnostic,
  LabCluster,
  type SourceTree,
} from "../../src/index.ts";
import type { LabHost } from "../../src/lab/host.ts";
import { restoreWith } from "../../src/lab/restore.ts";
import { kept, keptForAll } from "../setup/cache.ts";
import { unpacking } from "../setup/unpacked.ts";
import { keepWarm } from "../setup/warm.ts";
import { treeWith, treeWithGuests, treeWithProgram } from "./tree-with.ts";

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

/** What `qure build` says of its images. */
interface Manifest {
  readonly files: readonly { readonly name: string; readonly sizeBytes: number; readonly parts: Images["manifest"] }[];
}

let read: Images | null = null;

/** Puts into `folder` what `qure build --checks` would leave in build/. */
export function provideBuild(folder: string): void {
  cpSync(join(inject("cacheFolder"), "images/build"), join(folder, "build"), { recursive: true });
}

/** What the global setup built. */
export function images(): Images {
  if (read) return read;
  const folder = join(inject("cacheFolder"), "images");
  const file = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)));
  const manifest = JSON.parse(readFileSync(join(folder, "build/manifest.json"), "utf8")) as Manifest;
  const described = (name: string): Manifest["files"][number] => manifest.files.find((one) => one.name === name)!;
  const disk = described("qure.img");
  // Beyond the last part there are zeros only.
  const usedBytes = Math.max(...Object.values(disk.parts).map(({ offset, sizeBytes }) => offset + sizeBytes));
  read = {
    iso: file("build/qure.iso"),
    disk: file("build/qure.img").slice(0, usedBytes),
    diskBytes: disk.sizeBytes,
    kernelElf: file("build/kernel.elf"),
    loaderElf: file("build/loader.elf"),
    manifest: described("qure.iso").parts,
    firmware: file("firmware.bin"),
  };
  return read;
}

let carried: ObjectCache | null = null;
/** Carries objects from one image to the next, from those of the global setup on: they differ by a source. */
function objects(): ObjectCache {
  const path = join(inject("cacheFolder"), "images/parts");
  const hashBytes = 32;
  return (carried ??= existsSync(path)
    ? ObjectCache.ofFile(new Uint8Array(readFileSync(path)).subarray(hashBytes))
    : new ObjectCache());
}

/** The sources of the system. */
export const sources = (): SourceTree => folderTree(root);

/** An ISO of these sources. */
export function isoOf(tree: SourceTree): Uint8Array {
  const settings = { version: "0.1.0", revision: 1, checks: true, cache: objects(), wanted: ["qure.iso"] };
  const { files, diagnostics } = buildSystem(tree, settings);
  if (files) return files[0]!.content;
  throw new Error(diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, { colour: false })).join("\n"));
}

/**
 * An ISO of the system with one more source, `from` in this repository, that is at each place of `at` in the system.
 */
export function isoWith(from: string, ...at: readonly string[]): Promise<Uint8Array> {
  const tree = (): SourceTree => at.reduce<SourceTree>((rest, place) => treeWith(rest, from, place), sources());
  return keptForAll(`ISO with ${from} at ${at.join(" and ")}`, () => isoOf(tree()));
}

/**
 * An ISO of the system with the programs and commands of tests: to link one for each takes longer than many of these.
 */
export function isoWithGuests(): Promise<Uint8Array> {
  return keptForAll("ISO with guests", () => isoOf(treeWithGuests(sources())));
}

/** An ISO of the system with one more program in /bin, given as an ELF file. */
export function isoWithProgram(name: string, file: Uint8Array): Uint8Array {
  return isoOf(treeWithProgram(sources(), name, file));
}

/** A cluster with the firmware of this repository, of small machines when nothing else is said. */
export function boot({ nodes, ...options }: Omit<ClusterOptions, "firmware">): LabCluster {
  // Less than usual: every snapshot looks at all of it.
  const small = nodes.map((node) => ({ ramBytes: 8 << 20, ...node }));
  return keepWarm(new LabCluster({ ...options, nodes: small, firmware: images().firmware }));
}

/** A cluster from a kept state: what that unpacks to is kept too. */
function restored(state: Uint8Array): LabCluster {
  const reading = { compressor: unpacking } as LabHost;
  return keepWarm(restoreWith(state, { host: reading }, ({ host: _, ...options }) => new LabCluster(options)));
}

/**
 * A cluster in the state to which `make` brings it: that is done once for each name in a test file, later ones come
 * from a snapshot, which is kept until a source changes.
 */
export async function inState(name: string, make: () => Promise<LabCluster>): Promise<LabCluster> {
  return restored(await kept(name, async () => (await make()).save()));
}

/** The same for a state that tests of several files begin from. */
export async function inSharedState(name: string, make: () => Promise<LabCluster>): Promise<LabCluster> {
  return restored(await keptForAll(name, async () => (await make()).save()));
}

export const PROMPT = /\S+:\/\S*> $/;
export const CLOUD = /^cloud: (\S+) (\d+\.\d+\.\d+\.\d+) era (\d+) age (\d+) peers (\d+)\s*$/m;
export const DISK_BYTES = 64 * 1024 * 1024;

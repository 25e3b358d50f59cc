/**
 * Stands under the tests in place of tests/system/images.ts and tests/setup/cache.ts: the images and booted clusters of
 * the system as it is at the moment, with or without a fault in it, and what was prepared without one.
 */
import type { ClusterOptions, LabCluster, SourceTree } from "../../src/index.ts";
import { treeWith, treeWithGuests, treeWithProgram } from "../../tests/system/tree-with.ts";
import type { Images, Stage } from "./assembly-stage.ts";

let stage: Stage | null = null;

export function setStage(made: Stage): void {
  stage = made;
}

export const root = process.cwd();
export const PROMPT = /\S+:\/\S*> $/;
export const CLOUD = /^cloud: (\S+) (\d+\.\d+\.\d+\.\d+) era (\d+) age (\d+) peers (\d+)\s*$/m;
export const DISK_BYTES = 64 * 1024 * 1024;
export const images = (): Images => stage!.images();
export const sources = (): SourceTree => stage!.tree;
export const isoOf = (tree: SourceTree): Uint8Array => stage!.isoOf(tree);
export const isoWith = async (from: string, ...at: readonly string[]): Promise<Uint8Array> =>
  stage!.isoNamed(`${from} ${at}`, () => at.reduce((rest, place) => treeWith(rest, from, place), sources()));
export const isoWithGuests = async (): Promise<Uint8Array> =>
  stage!.isoNamed("with guests", () => treeWithGuests(sources()));
export const isoWithProgram = (name: string, file: Uint8Array): Uint8Array =>
  isoOf(treeWithProgram(sources(), name, file));
export const boot = (options: Omit<ClusterOptions, "firmware">): LabCluster => stage!.boot(options);
export const inState = (name: string, make: () => Promise<LabCluster>): Promise<LabCluster> =>
  stage!.inState(name, make);
export const inSharedState = inState;
export const kept = (name: string, make: () => Uint8Array | Promise<Uint8Array>): Promise<Uint8Array> =>
  stage!.prepared(`${stage!.file} ${name}`, make);
export const keptForAll = (name: string, make: () => Uint8Array | Promise<Uint8Array>): Promise<Uint8Array> =>
  stage!.prepared(name, make);
export function provideBuild(): never {
  throw new Error("there is no build folder here");
}

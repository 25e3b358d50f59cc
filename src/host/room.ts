/** Disks of this host on which nothing more can be kept. */
import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

export interface FullDisk {
  /** The first of the folders that are on it. */
  readonly place: string;
  readonly freeBytes: number;
  /** Null: its file system does not count them. */
  readonly freeFiles: number | null;
}

/** With less, what machines write and what they say finds no room at any moment. */
const LEAST_BYTES = 1 << 20;

/** Of the disks that these folders are on, or will be, each that is full. */
export function fullDisks(places: readonly string[]): FullDisk[] {
  const seen = new Set<number>();
  return places.flatMap((place) => {
    const folder = existingFolder(resolve(place));
    const { dev } = statSync(folder);
    if (seen.has(dev)) return [];
    seen.add(dev);
    const { bsize, blocks, bfree, bavail, files, ffree } = statfsSync(folder);
    // Some of the network and of FUSE do not say.
    if (blocks === 0) return [];
    // What is kept for root is free for root alone (statfs(2)).
    const freeBytes = bsize * (process.getuid?.() === 0 ? bfree : bavail);
    const freeFiles = files === 0 ? null : ffree;
    return freeBytes < LEAST_BYTES || freeFiles === 0 ? [{ place, freeBytes, freeFiles }] : [];
  });
}

const existingFolder = (path: string): string => (existsSync(path) ? path : existingFolder(dirname(path)));

/**
 * Where snapshots are kept: a folder of files NAME.qsnap. A name with a slash or with that ending is the path of a file
 * instead.
 */
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Snapshot, type SnapshotConfig } from "../../emulator/cluster/snapshot.ts";
import type { SnapshotKind } from "../../emulator/cluster/snapshot-file.ts";
import { zlibCompressor } from "../host/compression.ts";
import { listFiles, readIfPresent, writeFileAside } from "../host/files.ts";
import { CommandError, UsageError } from "./fail.ts";

const ENDING = ".qsnap";

export interface StoredSnapshot {
  readonly name: string;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly kind: SnapshotKind;
  readonly config: SnapshotConfig;
}

export interface ListedSnapshot {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modified: Date;
  /** What it says about itself, or why it cannot be used. */
  readonly content: { readonly kind: SnapshotKind; readonly config: SnapshotConfig } | string;
}

/** Throws a UsageError for a name under which nothing can be kept. */
export function pathOf(store: string, name: string): string {
  if (/[/\\]/.test(name) || name.endsWith(ENDING)) return name;
  if (!/^[\w.+-]+$/.test(name)) throw new UsageError(`${name}: a snapshot's name has letters, digits and . _ + - only`);
  return join(store, `${name}${ENDING}`);
}

/** Returns the path of the file. */
export function writeSnapshot(store: string, name: string, bytes: Uint8Array): string {
  const path = pathOf(store, name);
  writeFileAside(path, bytes);
  return path;
}

export function readSnapshot(store: string, name: string): StoredSnapshot {
  const path = pathOf(store, name);
  const bytes = readIfPresent(path);
  if (!bytes)
    throw new CommandError(`there is no snapshot ${name} (${path}); qure snapshot list shows those that are there`);
  try {
    const { kind, config } = new Snapshot(bytes, zlibCompressor);
    return { name, path, bytes, kind, config };
  } catch (error) {
    throw new CommandError(`${path}: ${(error as Error).message}`);
  }
}

export function deleteSnapshot(store: string, name: string): void {
  const path = pathOf(store, name);
  if (!readIfPresent(path)) throw new CommandError(`there is no snapshot ${name} (${path})`);
  rmSync(path);
}

export function listSnapshots(store: string): ListedSnapshot[] {
  return listFiles(store)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => {
      const { size, mtime } = statSync(join(store, file));
      const listed = { name: file.slice(0, -ENDING.length), sizeBytes: size, modified: mtime };
      try {
        const { kind, config } = new Snapshot(readIfPresent(join(store, file))!, zlibCompressor);
        return { ...listed, content: { kind, config } };
      } catch (error) {
        return { ...listed, content: (error as Error).message };
      }
    });
}

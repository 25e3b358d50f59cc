/**
 * What a disk says of itself: which kernel is on it, which node it was, and what its file system has. It is shown, and
 * compared with what the machine says; what is saved and restored does not depend on it.
 */
import { type BlockDevice, check, DevicePart, type FileSystem, mount } from "../../disk/oofs/index.ts";
import { readPartitions } from "../../disk/partitions.ts";
import { PARTITION_TYPE_OOFS } from "../../image/boot-image.ts";
import { inspectImage } from "../../image/inspect.ts";
import { isOurs } from "../../image/recognise.ts";

const SECTOR_BYTES = 512;
/** Offsets in `cluster_node` (asm/include/cluster.inc). */
const NODE = { magic: 0x4e4c4351, id: 8, era: 16, age: 20, sizeBytes: 68 } as const;
/** Of `node_history` and `cluster_history` (asm/include/history.inc). */
const LIVED = { magic: 0x484e5251, count: 8, eras: 12, lifeBytes: 32 } as const;
const HISTORY = { magic: 0x49485251, count: 8 } as const;
const MOST_FILES = 2000;

export interface Recorded {
  /** Its first sector is QuRe's, so that it has to boot, whatever became of the rest. */
  readonly isBootable: boolean;
  readonly revision: number | null;
  readonly node: { readonly id: string; readonly era: number; readonly age: number } | null;
  /** Eras in which the node has lived. */
  readonly eras: readonly number[];
  /** Of the cluster's history. */
  readonly events: number;
  /** By their paths; the first two thousand. */
  readonly files: ReadonlyMap<string, number>;
  /** What is wrong with the file system. */
  readonly problems: readonly string[];
}

type Disk = Pick<BlockDevice, "sizeBytes" | "read">;

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Whatever is on it: what cannot be read is not known. */
export function recordedOn(disk: Disk): Pick<Recorded, "revision" | "node"> {
  const fs = volumeOn(disk);
  const known = fs && attempt(() => nodeOf(fs));
  return { revision: attempt(() => revisionOf(disk)), node: known ?? null };
}

/** The same with all that is on it, judged. */
export function allRecordedOn(disk: Disk): Recorded | null {
  const first = new Uint8Array(SECTOR_BYTES);
  if (disk.sizeBytes >= SECTOR_BYTES) disk.read(0, first);
  const isBootable = isOurs(first);
  const fs = volumeOn(disk);
  const nothing = { eras: [], events: 0, files: new Map<string, number>(), problems: [] };
  if (fs === null) return isBootable ? { ...recordedOn(disk), ...nothing, isBootable } : null;
  const files = new Map<string, number>();
  const walk = (folder: string): true => {
    for (const { name, kind, sizeBytes } of fs.list(folder === "" ? "/" : folder)) {
      if (files.size >= MOST_FILES) break;
      if (kind === "directory") walk(`${folder}/${name}`);
      else if (kind === "file") files.set(`${folder}/${name}`, sizeBytes);
    }
    return true;
  };
  const problems = problemsOf(fs);
  if (problems.length === 0 && attempt(() => walk("")) === null) problems.push("its folders cannot be read");
  const events = attempt(() => objectOf(fs, "cluster_history", HISTORY.magic)?.getUint32(HISTORY.count, true)) ?? 0;
  return { ...recordedOn(disk), isBootable, eras: attempt(() => erasOf(fs)) ?? [], events, files, problems };
}

function problemsOf(fs: FileSystem): string[] {
  const found = attempt(() => check(fs).problems);
  if (found === null) return ["it cannot be checked"];
  return found.map(({ text, path }) => (path === undefined ? text : `${path}: ${text}`));
}

function attempt<Result>(action: () => Result): Result | null {
  try {
    return action();
  } catch {
    return null;
  }
}

function volumeOn(disk: Disk): FileSystem | null {
  return attempt(() => {
    const part = readPartitions(disk as BlockDevice).partitions.find(({ type }) => type === PARTITION_TYPE_OOFS);
    if (!part) return null;
    const device = new DevicePart(disk as BlockDevice, part.startLba * SECTOR_BYTES, part.sectors * SECTOR_BYTES);
    return mount(device, { readOnly: true });
  });
}

function revisionOf(disk: Disk): number | null {
  const read = (at: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, disk.sizeBytes - at)));
    disk.read(at, bytes);
    return bytes;
  };
  return inspectImage({ sizeBytes: disk.sizeBytes, read }).kernel?.revision ?? null;
}

/** Null: there is none of this magic. */
function objectOf(fs: FileSystem, name: string, magic: number): DataView | null {
  const bytes = view(fs.loadObject(name).bytes);
  return bytes.byteLength >= 12 && bytes.getUint32(0, true) === magic ? bytes : null;
}

function nodeOf(fs: FileSystem): Recorded["node"] {
  const node = objectOf(fs, "cluster_node", NODE.magic);
  if (node === null || node.byteLength < NODE.sizeBytes) return null;
  const id = Array.from({ length: 8 }, (_, at) =>
    node
      .getUint8(NODE.id + at)
      .toString(16)
      .padStart(2, "0"),
  ).join("");
  return { id, era: node.getUint32(NODE.era, true), age: node.getUint32(NODE.age, true) };
}

function erasOf(fs: FileSystem): number[] {
  const lived = objectOf(fs, "node_history", LIVED.magic);
  const count = lived?.getUint32(LIVED.count, true) ?? 0;
  return Array.from({ length: count }, (_, life) => lived!.getUint32(LIVED.eras + life * LIVED.lifeBytes, true));
}

/** What a disk remembers of its node: the persistent objects of the cluster (docs/protocols/cluster.md). */
import type { BlockBackend } from "../../../emulator/disk/block.ts";
import { DevicePart, FileSystemError, mount } from "../../disk/oofs/index.ts";
import { readPartitions } from "../../disk/partitions.ts";
import { PARTITION_TYPE_OOFS } from "../../image/boot-image.ts";
import type { GuestMemory } from "../../lab/guest-memory.ts";

const SECTOR_BYTES = 512;
const ERA = 16;
const AGE = 20;

/** Of the record by which the kernel keeps an object (asm/include/history.inc). */
const KEPT_CHANGES = 28;
const KEPT_WRITTEN = 32;
const KEPT_ON_DISK = 36;

export interface Remembered {
  readonly era: number;
  readonly age: number;
}

/** Whether an object with this digest is on disk, and all its changes are, as the kernel's record of it has it. */
export function isKept(memory: GuestMemory, record: number, digest: number): boolean {
  return (
    memory.word(record + KEPT_ON_DISK) === digest &&
    memory.word(record + KEPT_CHANGES) === memory.word(record + KEPT_WRITTEN)
  );
}

/** An object on a disk; null where there is none. Throws an FileSystemError for a volume that cannot be mounted. */
export function objectOn(disk: BlockBackend, name: string): Uint8Array | null {
  const partition = readPartitions(disk).partitions.find(({ type }) => type === PARTITION_TYPE_OOFS);
  if (!partition) return null;
  const part = new DevicePart(disk, partition.startLba * SECTOR_BYTES, partition.sectors * SECTOR_BYTES);
  const volume = mount(part, { readOnly: true });
  try {
    return volume.loadObject(name).bytes;
  } catch (error) {
    if (error instanceof FileSystemError && error.code === "not-found") return null;
    throw error;
  }
}

/** Null where there is no such object. Throws an FileSystemError for a volume that cannot be mounted. */
export function remembered(disk: BlockBackend): Remembered | null {
  const bytes = objectOn(disk, "cluster_node");
  if (!bytes) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { era: view.getUint32(ERA, true), age: view.getUint32(AGE, true) };
}

/** The era of which a node with this disk will know when it boots; 0 where the disk says nothing. */
export function rememberedEra(disk: BlockBackend | null): number {
  try {
    return (disk && remembered(disk)?.era) ?? 0;
  } catch (error) {
    if (error instanceof FileSystemError) return 0;
    throw error;
  }
}

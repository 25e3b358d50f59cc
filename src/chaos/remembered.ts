/** What a disk remembers of its node: the persistent object `cluster_node` (docs/protocols/cluster.md). */
import type { BlockBackend } from "../../emulator/disk/block.ts";
import { PARTITION_TYPE_OOFS } from "../image/boot-image.ts";
import { readPartitions } from "../image/partitions.ts";
import { DevicePart, mount, OofsError } from "../oofs/index.ts";

const SECTOR_BYTES = 512;
const ERA = 16;
const AGE = 20;

export interface Remembered {
  readonly era: number;
  readonly age: number;
}

/** Null where there is no such object. Throws an OofsError for a volume that cannot be mounted. */
export function remembered(disk: BlockBackend): Remembered | null {
  const partition = readPartitions(disk).partitions.find(({ type }) => type === PARTITION_TYPE_OOFS);
  if (!partition) return null;
  const part = new DevicePart(disk, partition.startLba * SECTOR_BYTES, partition.sectors * SECTOR_BYTES);
  const volume = mount(part, { readOnly: true });
  try {
    const { bytes } = volume.loadObject("cluster_node");
    const view = new DataView(bytes.buffer);
    return { era: view.getUint32(ERA, true), age: view.getUint32(AGE, true) };
  } catch (error) {
    if (error instanceof OofsError && error.code === "not-found") return null;
    throw error;
  }
}

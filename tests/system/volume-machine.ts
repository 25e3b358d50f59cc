/** A machine whose disk holds volumes that come from elsewhere. */
import type { LabNode } from "../../src/index.ts";
import { boot, images, PROMPT } from "./images.ts";
import { PARTITION_LBA, partitioned, RecordingDisk, SECTOR_BYTES } from "./recording-disk.ts";

/** Where the volume begins on the disk. */
export const START = PARTITION_LBA * SECTOR_BYTES;

/** A machine at its prompt; its disk may be exchanged while nothing is mounted. */
export async function machine(): Promise<{ node: LabNode; disk: RecordingDisk }> {
  const disk = new RecordingDisk();
  disk.content = partitioned();
  const node = boot({ nodes: [{ cdrom: images().iso, disk }], gateway: false }).nodes[0]!;
  // The cluster's daemon looks for a volume once; what is put in later is left alone.
  await node.waitFor(/in memory only/);
  await node.waitFor(PROMPT);
  return { node, disk };
}

export function withVolume(volume: Uint8Array): Uint8Array<ArrayBuffer> {
  const content = partitioned();
  content.set(volume, START);
  return content;
}

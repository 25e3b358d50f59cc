/** Makes an empty volume. */

import type { BlockDevice } from "../device.ts";
import { FileSystemError } from "../error.ts";
import { recordBlocks } from "./commit.ts";
import { FileSystem } from "./file-system.ts";
import {
  BLOCK_BYTES,
  BLOCKS_MAX,
  BLOCKS_MIN,
  CLASS_DIRECTORY,
  encodeSuperblock,
  FIRST_BLOCK,
  HOLE,
  LAST_BLOCKS,
  ROOT_ID,
  SLOTS_PER_BLOCK,
  type State,
  type Time,
  UNKNOWN_TIME,
} from "./layout.ts";
import { BlockStore } from "./store.ts";
import { Volume } from "./volume.ts";

/** The result depends on size, id and time alone. */
export function format(device: BlockDevice, { id, time }: { id: bigint; time: Time }): void {
  const blocks = Math.min(BLOCKS_MAX, Math.floor(device.sizeBytes / BLOCK_BYTES));
  if (blocks < BLOCKS_MIN)
    throw new FileSystemError(
      "no-space",
      `a volume needs at least ${BLOCKS_MIN * BLOCK_BYTES} bytes, here are ${device.sizeBytes}`,
    );
  if (id <= 0n || id >= 1n << 64n)
    throw new FileSystemError("invalid", "the id of a volume is a number of 64 bits, not 0");
  const fixed = [0, ...recordBlocks(0, blocks), ...recordBlocks(1, blocks)];
  for (const block of fixed) device.write(block * BLOCK_BYTES, new Uint8Array(BLOCK_BYTES));
  device.flush();
  const options = { readOnly: false, now: () => time, warn: () => {} };
  const volume = new Volume(new BlockStore(device, blocks), id, emptyState(blocks), options, () => null);
  for (const block of fixed) volume.space.mark(block, true);
  for (const directory of [ROOT_ID, ROOT_ID + 1]) addDirectory(volume, directory, time);
  volume.commit(true);
  volume.commitAnew();
  device.write(0, encodeSuperblock({ blocks, volume: id }));
  device.flush();
  new FileSystem(volume).check();
}

/** The state before the first commit, without anything. */
export function emptyState(blocks: number): State {
  return {
    sequence: 0n,
    time: UNKNOWN_TIME,
    table: HOLE,
    map: HOLE,
    snapshots: HOLE,
    table2: HOLE,
    snapshots2: HOLE,
    blocks,
    slots: SLOTS_PER_BLOCK,
    objects: 0,
    firstFree: 1,
    classDirectory: ROOT_ID + 1,
    orphan: 0,
    used: 0,
    free: blocks - FIRST_BLOCK - LAST_BLOCKS,
  };
}

function addDirectory(volume: Volume, expected: number, time: Time): void {
  const id = volume.takeSlot();
  if (id !== expected) throw new Error(`slot ${id} instead of ${expected}`);
  volume.put({
    depth: 0,
    id,
    parent: 0,
    size: 0,
    changed: 0n,
    root: HOLE,
    modified: time,
    created: time,
    count: 0,
    nextOrphan: 0,
    className: CLASS_DIRECTORY,
  });
}

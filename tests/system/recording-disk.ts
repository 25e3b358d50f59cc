/** Disks for machines that remember what reaches them, and disks as a power cut leaves them. */

import { type BlockDevice, DevicePart, OverlayDevice } from "../../src/disk/device.ts";
import type { BlockBackend } from "../../src/index.ts";

export const SECTOR_BYTES = 512;
export const BLOCK_BYTES = 4096;
export const PARTITION_LBA = 16384;
export const PARTITION_SECTORS = 8192;
const DISK_BYTES = (PARTITION_LBA + PARTITION_SECTORS) * SECTOR_BYTES;

/** What reached the disk, sector by sector; a flush is null. */
export type Log = ({ readonly sector: number; readonly bytes: Uint8Array } | null)[];

/**
 * A disk that remembers the order of everything that was written, and whose content can be exchanged while it is not in
 * use.
 */
export class RecordingDisk implements BlockBackend {
  readonly sizeBytes = DISK_BYTES;
  readonly readOnly = false;
  content = new Uint8Array(DISK_BYTES);
  log: Log = [];

  read(offsetBytes: number, target: Uint8Array): void {
    target.set(this.content.subarray(offsetBytes, offsetBytes + target.length));
  }

  write(offsetBytes: number, source: Uint8Array): void {
    this.content.set(source, offsetBytes);
    for (let at = 0; at < source.length; at += SECTOR_BYTES) {
      this.log.push({ sector: (offsetBytes + at) / SECTOR_BYTES, bytes: source.slice(at, at + SECTOR_BYTES) });
    }
  }

  flush(): void {
    this.log.push(null);
  }
}

/**
 * A disk as a power cut may leave it: everything up to the last flush before the cut, and of what was written since
 * either all (`keep` absent) or what `keep` chooses, for drives write their cache in any order.
 */
export function cutAt(before: Uint8Array, log: Log, cut: number, keep?: () => boolean): Uint8Array<ArrayBuffer> {
  const disk = before.slice();
  const stable = log.lastIndexOf(null, cut - 1);
  log.slice(0, cut).forEach((entry, index) => {
    if (entry && (index < stable || !keep || keep())) disk.set(entry.bytes, entry.sector * SECTOR_BYTES);
  });
  return disk;
}

/**
 * Its partition as cuts leave it, one after the other: each cut is later than the one before, so what all of them have
 * in common is written once, and what a cut leaves besides, or is done to the volume then, lies over that.
 */
export class LaterCuts {
  readonly #common = new RecordingDisk();
  readonly #log: Log;
  #done = 0;

  constructor(before: Uint8Array, log: Log) {
    this.#common.content = before.slice();
    this.#log = log;
  }

  /** `keep` chooses, as for `cutAt`. */
  at(cut: number, keep: () => boolean): BlockDevice {
    const stable = Math.max(this.#done, this.#log.slice(0, cut).lastIndexOf(null));
    for (; this.#done < stable; this.#done++) {
      const entry = this.#log[this.#done];
      if (entry) this.#common.content.set(entry.bytes, entry.sector * SECTOR_BYTES);
    }
    const left = new OverlayDevice(this.#common);
    for (const entry of this.#log.slice(stable, cut))
      if (entry && keep()) left.write(entry.sector * SECTOR_BYTES, entry.bytes);
    return volumeOn(left);
  }
}

/** The partition that such disks have. */
export function volumeOn(disk: BlockDevice): DevicePart {
  return new DevicePart(disk, PARTITION_LBA * SECTOR_BYTES, PARTITION_SECTORS * SECTOR_BYTES);
}

/** A disk with one partition of type 99, of so many bytes. */
export function partitioned(partitionBytes = PARTITION_SECTORS * SECTOR_BYTES): Uint8Array<ArrayBuffer> {
  const disk = new Uint8Array(PARTITION_LBA * SECTOR_BYTES + partitionBytes);
  const view = new DataView(disk.buffer);
  view.setUint8(446 + 4, 0x99);
  view.setUint32(446 + 8, PARTITION_LBA, true);
  view.setUint32(446 + 12, partitionBytes / SECTOR_BYTES, true);
  view.setUint16(510, 0xaa55, true);
  return disk;
}

/** A raw hard disk that boots: boot image from the first sector on, then one partition of type OOFS up to the end. */
import { assert } from "../diagnostic/invariant.ts";
import { type BootImage, FIRST_PARTITION_LBA, PARTITION_TYPE_OOFS, writePartitionTable } from "./boot-image.ts";
import { SECTOR_BYTES } from "./kernel-image.ts";

/** The partition takes what the boot image leaves. */
export const DEFAULT_DISK_BYTES = 32 * 1024 * 1024;

/**
 * The bytes of the disk up to the last one that is not zero; the rest, up to `sizeBytes`, is zeros, which a file system
 * with sparse files need not store.
 */
export function makeDisk(boot: BootImage, sizeBytes: number): Uint8Array<ArrayBuffer> {
  assert(sizeBytes % SECTOR_BYTES === 0, `the disk's ${sizeBytes} bytes are not whole sectors`);
  const sectors = sizeBytes / SECTOR_BYTES;
  assert(
    sectors > FIRST_PARTITION_LBA && sectors < 2 ** 32,
    `a disk of ${sectors} sectors has no room for a partition`,
  );
  assert(boot.bytes.length <= FIRST_PARTITION_LBA * SECTOR_BYTES, "the boot image reaches into the partition");
  const bytes = boot.bytes.slice();
  writePartitionTable(bytes, [
    {
      active: true,
      type: PARTITION_TYPE_OOFS,
      startLba: FIRST_PARTITION_LBA,
      sectors: sectors - FIRST_PARTITION_LBA,
    },
  ]);
  return bytes;
}

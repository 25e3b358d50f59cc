/** A raw hard disk that boots: boot image from the first sector on, then one partition of type OOFS up to the end. */
import { assert } from "../diagnostic/invariant.ts";
import { type BootImage, FIRST_PARTITION_LBA, PARTITION_TYPE_OOFS, writePartitionTable } from "./boot-image.ts";
import { ImageError, SECTOR_BYTES } from "./kernel-image.ts";
import { signatureOffset } from "./signature.ts";

/** The partition takes what the boot image leaves. */
export const DEFAULT_DISK_BYTES = 32 * 1024 * 1024;

/**
 * The bytes of the disk up to the last one that is not zero; the rest, up to `sizeBytes`, is zeros, which a file system
 * with sparse files need not store. A signature follows the boot image.
 */
export function makeDisk(
  boot: BootImage,
  sizeBytes: number,
  signature: Uint8Array = new Uint8Array(0),
): Uint8Array<ArrayBuffer> {
  assert(sizeBytes % SECTOR_BYTES === 0, `the disk's ${sizeBytes} bytes are not whole sectors`);
  const sectors = sizeBytes / SECTOR_BYTES;
  assert(
    sectors > FIRST_PARTITION_LBA && sectors < 2 ** 32,
    `a disk of ${sectors} sectors has no room for a partition`,
  );
  assert(boot.bytes.length <= FIRST_PARTITION_LBA * SECTOR_BYTES, "the boot image reaches into the partition");
  const signatureAt = signatureOffset(boot.bytes.length);
  const usedBytes = signature.length === 0 ? boot.bytes.length : signatureAt + signature.length;
  // The last sector before the partition is that of the slots.
  if (signature.length > 0 && usedBytes > (FIRST_PARTITION_LBA - 1) * SECTOR_BYTES)
    throw new ImageError(`the boot image and its signature have ${usedBytes} bytes, more than a disk has room for`);
  const bytes = new Uint8Array(usedBytes);
  bytes.set(boot.bytes);
  if (signature.length > 0) bytes.set(signature, signatureAt);
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

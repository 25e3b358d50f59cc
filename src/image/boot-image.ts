/** Boot record, loader and kernel image as one run of sectors: docs/formats/boot-record.md. */
import { assert } from "../diagnostic/invariant.ts";
import { ImageError, type KernelImage, SECTOR_BYTES } from "./kernel-image.ts";

const BOOT_RECORD_MAGIC = 0x54425251; // "QRBT"
/** The starter's: a boot image of the same form that is not QuRe (kernel-start). */
const START_RECORD_MAGIC = 0x4b535251; // "QRSK"
const BOOT_RECORD_VERSION = 2;
const BOOT_RECORD_OFFSET = 416;
const PARTITION_TABLE_OFFSET = 446;
/** The first partition begins here: what comes before belongs to the boot image. */
export const FIRST_PARTITION_LBA = 16384;
export const PARTITION_TYPE_OOFS = 0x99;

export interface PartitionEntry {
  readonly active: boolean;
  readonly type: number;
  readonly startLba: number;
  readonly sectors: number;
}

export interface BootImage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly loaderSectors: number;
  /** Sector of the boot image at which the kernel image begins. */
  readonly kernelSector: number;
}

/**
 * Puts the boot image together. `loader` is the flat binary of boot/: the boot sector, whose record fields are filled
 * in here, and the loader after it.
 */
export function makeBootImage(loader: Uint8Array, kernel: KernelImage): BootImage {
  if (loader.length <= SECTOR_BYTES)
    throw new ImageError(`the loader has ${loader.length} bytes: it must be more than its boot sector`);
  if (loader[510] !== 0x55 || loader[511] !== 0xaa) throw new ImageError("the boot sector does not end with 55 AA");
  const view = new DataView(loader.buffer, loader.byteOffset);
  if (view.getUint32(BOOT_RECORD_OFFSET, true) !== BOOT_RECORD_MAGIC)
    throw new ImageError("the boot sector has no record at byte 416");
  assert(kernel.bytes.length % SECTOR_BYTES === 0, "the kernel image does not fill its last sector");
  const loaderSectors = Math.ceil(loader.length / SECTOR_BYTES) - 1;
  const kernelSector = loaderSectors + 1;
  const sectors = kernelSector + kernel.bytes.length / SECTOR_BYTES;
  if (sectors > FIRST_PARTITION_LBA)
    throw new ImageError(
      `the boot image has ${sectors} sectors, more than the ${FIRST_PARTITION_LBA} before the first partition`,
    );
  const bytes = new Uint8Array(sectors * SECTOR_BYTES);
  assert(loaderSectors <= 0xffff, "the loader has more sectors than the boot record can say");
  bytes.set(loader);
  bytes.set(kernel.bytes, kernelSector * SECTOR_BYTES);
  writeRecord(bytes, BOOT_RECORD_MAGIC, { loaderSectors, kernelSector });
  return { bytes, loaderSectors, kernelSector };
}

/** Fills in the record of a boot image that is complete otherwise. */
function writeRecord(bytes: Uint8Array, magic: number, image: Omit<BootImage, "bytes">): void {
  const sectors = bytes.length / SECTOR_BYTES;
  assert(Number.isInteger(sectors), "a boot image is not whole sectors");
  assert(image.kernelSector > image.loaderSectors && image.kernelSector < sectors, "the kernel lies over the loader");
  const record = new DataView(bytes.buffer, bytes.byteOffset + BOOT_RECORD_OFFSET);
  record.setUint32(0, magic, true);
  record.setUint16(4, BOOT_RECORD_VERSION, true);
  record.setUint16(6, image.loaderSectors, true);
  record.setUint32(8, 0, true);
  record.setUint32(12, image.kernelSector, true);
  record.setUint32(16, sectors - image.kernelSector, true);
  record.setUint32(20, sectors, true);
}

/** Marks a boot image as one of the starter, so that nobody takes it for QuRe. */
export function markStartImage(bytes: Uint8Array, image: Omit<BootImage, "bytes">): void {
  writeRecord(bytes, START_RECORD_MAGIC, image);
}

/** Changes the boot record's image LBA, in place: where on its drive the boot image begins, in sectors of 512 bytes. */
export function setImageLba(bootSector: Uint8Array, lba: number): void {
  assert(lba >= 0 && lba < 2 ** 32, "a boot image begins beyond what a record can say");
  new DataView(bootSector.buffer, bootSector.byteOffset).setUint32(BOOT_RECORD_OFFSET + 8, lba, true);
}

export function writePartitionTable(bootSector: Uint8Array, partitions: readonly PartitionEntry[]): void {
  assert(partitions.length <= 4, "a partition table has four entries");
  const view = new DataView(bootSector.buffer, bootSector.byteOffset);
  for (let index = 0; index < 4; index++) {
    const at = PARTITION_TABLE_OFFSET + 16 * index;
    bootSector.fill(0, at, at + 16);
    const partition = partitions[index];
    if (!partition) continue;
    assert(partition.startLba > 0 && partition.sectors > 0, "a partition has no sectors, or lies over the table");
    assert(partition.startLba + partition.sectors <= 2 ** 32, "a partition ends beyond what the table can say");
    bootSector[at] = partition.active ? 0x80 : 0;
    bootSector.set(chs(partition.startLba), at + 1);
    bootSector[at + 4] = partition.type;
    bootSector.set(chs(partition.startLba + partition.sectors - 1), at + 5);
    view.setUint32(at + 8, partition.startLba, true);
    view.setUint32(at + 12, partition.sectors, true);
  }
}

export function readPartitionTable(bootSector: Uint8Array): PartitionEntry[] {
  const view = new DataView(bootSector.buffer, bootSector.byteOffset);
  return [0, 1, 2, 3].map((index) => {
    const at = PARTITION_TABLE_OFFSET + 16 * index;
    return {
      active: bootSector[at] === 0x80,
      type: bootSector[at + 4]!,
      startLba: view.getUint32(at + 8, true),
      sectors: view.getUint32(at + 12, true),
    };
  });
}

/** Cylinder, head and sector for the usual translation of 255 heads and 63 sectors; FE FF FF beyond its reach. */
function chs(lba: number): number[] {
  const cylinder = Math.floor(lba / (255 * 63));
  if (cylinder > 1023) return [0xfe, 0xff, 0xff];
  const head = Math.floor(lba / 63) % 255;
  const sector = (lba % 63) + 1;
  assert(head < 255 && sector <= 63, "a head or sector has no room in its field");
  return [head, sector | ((cylinder >> 2) & 0xc0), cylinder & 0xff];
}

export interface BootRecord {
  readonly version: number;
  readonly loaderSectors: number;
  readonly imageLba: number;
  readonly kernelSector: number;
  readonly kernelSectors: number;
  readonly imageSectors: number;
}

/** The record of a boot sector, or null when it is not one of ours. */
export function readBootRecord(bootSector: Uint8Array): BootRecord | null {
  if (bootSector.length < SECTOR_BYTES) return null;
  const view = new DataView(bootSector.buffer, bootSector.byteOffset + BOOT_RECORD_OFFSET, 24);
  if (view.getUint32(0, true) !== BOOT_RECORD_MAGIC) return null;
  return {
    version: view.getUint16(4, true),
    loaderSectors: view.getUint16(6, true),
    imageLba: view.getUint32(8, true),
    kernelSector: view.getUint32(12, true),
    kernelSectors: view.getUint32(16, true),
    imageSectors: view.getUint32(20, true),
  };
}

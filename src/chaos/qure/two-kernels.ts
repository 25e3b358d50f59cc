/**
 * Disks with two kernels: the one that they were prepared with, and in the other slot a later one that a trusted key
 * has signed (docs/formats/boot-record.md, "Two kernels").
 */
import type { BlockBackend } from "../../../emulator/disk/block.ts";
import { nodeCrypto } from "../../host/signing-key.ts";
import { readBootRecord } from "../../image/boot-image.ts";
import { ImageError, type KernelHeader, readKernelHeader, SECTOR_BYTES } from "../../image/kernel-image.ts";
import { SLOT_RECORD_LBA, slotRecordSector } from "../../image/slot-record.ts";

/** Where the second slot begins: docs/formats/boot-record.md. */
const SECOND_LBA = 8192;
const CHECKSUM_AT = 20;
const REVISION_AT = 28;

type Disk = Pick<BlockBackend, "read" | "write">;

/** What a disk has from a sector on. */
export function sectorsOf(disk: Disk, first: number, count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count * SECTOR_BYTES);
  disk.read(first * SECTOR_BYTES, bytes);
  return bytes;
}

/** The kernel that a prepared disk starts. @throws RangeError for a disk that starts none. */
export function kernelOf(disk: Disk): Uint8Array<ArrayBuffer> {
  const record = readBootRecord(sectorsOf(disk, 0, 1));
  if (!record) throw new RangeError("a disk with two kernels is made from one that was prepared, and this one was not");
  return sectorsOf(disk, record.kernelSector, record.kernelSectors);
}

/** The header of an image whose checksum is right; null for what is none. */
export function wholeHeader(kernel: Uint8Array): KernelHeader | null {
  try {
    const header = readKernelHeader(kernel);
    return header.checksum === header.checksumFound ? header : null;
  } catch (error) {
    if (error instanceof ImageError) return null;
    throw error;
  }
}

/** Makes an image one of another revision, in place. */
export function asRevision(kernel: Uint8Array, revision: number): void {
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  view.setUint32(REVISION_AT, revision, true);
  view.setUint32(CHECKSUM_AT, readKernelHeader(kernel).checksumFound, true);
}

/** Puts a kernel into slot 1 of a disk whose own is in slot 0. `isProven`: a trusted key has signed it. */
export function putSecondKernel(disk: Disk, kernel: Uint8Array, { good = 0, isProven = true } = {}): void {
  const { kernelSector, kernelSectors } = readBootRecord(sectorsOf(disk, 0, 1))!;
  const first = kernelOf(disk);
  disk.write(SECOND_LBA * SECTOR_BYTES, kernel);
  const none = { trial: null, tries: 0, floor: 0, result: 0, resultRevision: 0, failures: [] };
  const slots = [
    { firstSector: kernelSector, sectors: kernelSectors, revision: readKernelHeader(first).revision },
    { firstSector: SECOND_LBA, sectors: kernel.length / SECTOR_BYTES, revision: readKernelHeader(kernel).revision },
  ];
  const digests = isProven ? [new Uint8Array(), nodeCrypto.sha512(kernel)] : [];
  const record = slotRecordSector({ version: 2, good, sequence: 1, slots, ...none }, digests);
  for (const copy of [0, 1]) disk.write((SLOT_RECORD_LBA + copy) * SECTOR_BYTES, record);
}

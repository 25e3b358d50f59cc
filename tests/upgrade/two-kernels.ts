/**
 * Disks with two kernels: the one that runs, and a later one in the other slot, which differs from it by its revision,
 * or by what a test breaks in it.
 */
import { createHash } from "node:crypto";
import { KERNEL_SPACE } from "../../src/build/build.ts";
import { crc32 } from "../../src/bytes/crc32.ts";
import { readBootRecord } from "../../src/image/boot-image.ts";
import { readKernelHeader } from "../../src/image/kernel-image.ts";
import type { kernelSymbols } from "../../src/image/kernel-symbols.ts";
import { SLOT_RECORD_LBA } from "../../src/image/slot-record.ts";
import { sectorOf } from "./slot-sectors.ts";

export const SECTOR_BYTES = 512;
const SECOND_LBA = 8192;
const CHECKSUM_AT = 20;
const REVISION_AT = 28;
const KERNEL_ADDRESS = KERNEL_SPACE + 0x10_0000;
/** Of the images that the global setup builds, and of the kernel in the other slot. */
export const OLD = 1000;
export const NEW = 1001;

export type Break = (put: (symbol: string, bytes: Uint8Array) => void) => void;

/** The kernel of a disk with another revision, and whatever else is changed in it. */
function laterKernel(disk: Uint8Array, symbols: () => ReturnType<typeof kernelSymbols>, breaks?: Break): Uint8Array {
  const { kernelSector, kernelSectors } = readBootRecord(disk.subarray(0, SECTOR_BYTES))!;
  const kernel = disk.slice(kernelSector * SECTOR_BYTES, (kernelSector + kernelSectors) * SECTOR_BYTES);
  breaks?.((name, bytes) => {
    const symbol = symbols().find((one) => one.name === name)!;
    kernel.set(bytes, readKernelHeader(kernel).parts.code32.offset + symbol.linearAddress - KERNEL_ADDRESS);
  });
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  view.setUint32(REVISION_AT, NEW, true);
  view.setUint32(CHECKSUM_AT, 0, true);
  view.setUint32(CHECKSUM_AT, crc32(kernel), true);
  return kernel;
}

/** Puts the later kernel into slot 1 of a disk, whose kernel is in slot 0. `isProven`: somebody has signed it. */
export function putLaterKernel(
  disk: Uint8Array,
  symbols: () => ReturnType<typeof kernelSymbols>,
  breaks?: Break,
  isProven = true,
): void {
  const kernel = laterKernel(disk, symbols, breaks);
  const { kernelSector, kernelSectors } = readBootRecord(disk.subarray(0, SECTOR_BYTES))!;
  disk.set(kernel, SECOND_LBA * SECTOR_BYTES);
  const none = { trial: null, tries: 0, floor: 0, result: 0, resultRevision: 0, failures: [] };
  const slots = [
    { firstSector: kernelSector, sectors: kernelSectors, revision: OLD },
    { firstSector: SECOND_LBA, sectors: kernel.length / SECTOR_BYTES, revision: NEW },
  ];
  const digests = isProven ? [new Uint8Array(), createHash("sha512").update(kernel).digest()] : [];
  const record = sectorOf({ version: 2, good: 0, sequence: 1, slots, ...none }, digests);
  for (const copy of [0, 1]) disk.set(record, (SLOT_RECORD_LBA + copy) * SECTOR_BYTES);
}

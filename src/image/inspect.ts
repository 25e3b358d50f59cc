/**
 * Says what is in an image, from the image alone: disk, ISO or bare kernel image. Whatever does not fit is reported,
 * not thrown.
 */
import { type BootRecord, type PartitionEntry, readBootRecord, readPartitionTable } from "./boot-image.ts";
import {
  ImageError,
  KERNEL_HEADER_BYTES,
  KERNEL_IMAGE_MAGIC,
  type KernelHeader,
  readKernelHeader,
  SECTOR_BYTES,
} from "./kernel-image.ts";
import { readSlotRecord, SLOT_RECORD_LBA, type SlotRecord } from "./slot-record.ts";

export interface Inspection {
  readonly kind: "disk" | "iso" | "kernel";
  readonly sizeBytes: number;
  /** ISO 9660 volume name. */
  readonly volume?: string;
  /** Byte offset of the El Torito boot image. */
  readonly elToritoOffset?: number;
  readonly elToritoSectors?: number;
  readonly partitions: readonly PartitionEntry[];
  readonly bootRecord: BootRecord | null;
  /** Byte offset of the boot image in the file. */
  readonly bootImageOffset: number;
  readonly kernel: KernelHeader | null;
  /** Of a disk: the record of its two kernels; null when it has none. */
  readonly slots: SlotRecord | null;
  readonly problems: readonly string[];
}

/** Random access to the file, so that a large disk need not be read whole. Short at the end of the file. */
export interface ImageReader {
  readonly sizeBytes: number;
  read(offset: number, length: number): Uint8Array;
}

const MAX_KERNEL_BYTES = 64 * 1024 * 1024;

/** Throws `ImageError` when the file is of no kind that is known here. */
export function inspectImage(image: ImageReader): Inspection {
  const problems: string[] = [];
  const first = image.read(0, SECTOR_BYTES);
  if (latin1(first.subarray(0, 8)) === KERNEL_IMAGE_MAGIC) {
    return {
      kind: "kernel",
      sizeBytes: image.sizeBytes,
      partitions: [],
      bootRecord: null,
      bootImageOffset: 0,
      kernel: readKernel(image, 0, problems),
      slots: null,
      problems,
    };
  }
  const descriptor = image.read(16 * 2048, 2048);
  const isIso = latin1(descriptor.subarray(1, 6)) === "CD001";
  const isDisk = first.length === SECTOR_BYTES && first[510] === 0x55 && first[511] === 0xaa;
  if (!isIso && !isDisk) {
    const what =
      image.sizeBytes === 0
        ? "it is empty"
        : "it has no kernel image header, no ISO 9660 descriptor and no boot sector signature (55 AA)";
    throw new ImageError(`not an image that qure knows: ${what}`);
  }
  const partitions = isDisk ? readPartitionTable(first).filter(({ type }) => type !== 0) : [];
  const sectors = Math.floor(image.sizeBytes / SECTOR_BYTES);
  for (const [index, { startLba, sectors: count }] of partitions.entries()) {
    if (startLba + count > sectors)
      problems.push(`partition ${index} ends at sector ${startLba + count}, the image has ${sectors}`);
  }
  const elTorito = isIso ? readElTorito(image, problems) : null;
  const bootImageOffset = elTorito?.offset ?? 0;
  const bootRecord = readBootRecord(elTorito ? image.read(bootImageOffset, SECTOR_BYTES) : first);
  const kernel = bootRecord
    ? readKernel(image, bootImageOffset + bootRecord.kernelSector * SECTOR_BYTES, problems)
    : null;
  return {
    kind: isIso ? "iso" : "disk",
    sizeBytes: image.sizeBytes,
    partitions,
    bootRecord,
    bootImageOffset,
    kernel,
    slots: isIso || !bootRecord ? null : readSlots(image),
    problems,
    ...(isIso ? { volume: latin1(descriptor.subarray(40, 72)).trimEnd() } : {}),
    ...(elTorito ? { elToritoOffset: elTorito.offset, elToritoSectors: elTorito.sectors } : {}),
  };
}

function readSlots(image: ImageReader): SlotRecord | null {
  const copies = image.read(SLOT_RECORD_LBA * SECTOR_BYTES, 2 * SECTOR_BYTES);
  return readSlotRecord(copies.subarray(0, SECTOR_BYTES), copies.subarray(SECTOR_BYTES));
}

function readKernel(image: ImageReader, offset: number, problems: string[]): KernelHeader | null {
  const header = image.read(offset, KERNEL_HEADER_BYTES);
  try {
    const sizeBytes = header.length >= 20 ? new DataView(header.buffer, header.byteOffset).getUint32(16, true) : 0;
    const kernel = readKernelHeader(
      image.read(offset, Math.min(Math.max(sizeBytes, KERNEL_HEADER_BYTES), MAX_KERNEL_BYTES)),
    );
    if (kernel.checksum !== kernel.checksumFound)
      problems.push(
        `the kernel image's checksum is ${hex(kernel.checksum)}, its content gives ${hex(kernel.checksumFound)}`,
      );
    return kernel;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    problems.push(error.message);
    return null;
  }
}

/** The initial entry of the boot catalogue (El Torito 1.0, 2.2). */
function readElTorito(image: ImageReader, problems: string[]): { offset: number; sectors: number } | null {
  const record = image.read(17 * 2048, 2048);
  if (record[0] !== 0 || latin1(record.subarray(7, 30)) !== "EL TORITO SPECIFICATION") return null;
  const catalogueBlock = new DataView(record.buffer, record.byteOffset).getUint32(71, true);
  const catalogue = image.read(catalogueBlock * 2048, 64);
  if (catalogue.length < 64 || catalogue[0] !== 1 || catalogue[30] !== 0x55 || catalogue[31] !== 0xaa) {
    problems.push(`the boot catalogue at block ${catalogueBlock} has no valid first entry`);
    return null;
  }
  const view = new DataView(catalogue.buffer, catalogue.byteOffset);
  return { offset: view.getUint32(40, true) * 2048, sectors: view.getUint16(38, true) };
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

export function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}

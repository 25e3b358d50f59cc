/** In what two images differ, part by part: boot sector, loader, kernel, partitions, files of the volume and the CD. */
import { type BlockDevice, DevicePart } from "../disk/device.ts";
import { FileSystemError } from "../disk/error.ts";
import { type FileSystem, mount } from "../disk/oofs/index.ts";
import { PARTITION_TYPE_OOFS, type PartitionEntry } from "./boot-image.ts";
import type { Difference } from "./difference.ts";
import { type ImageReader, type Inspection, inspectImage } from "./inspect.ts";
import { isoFiles } from "./iso-files.ts";
import { compareKernels, isEqual, takeApart } from "./kernel-diff.ts";
import { SECTOR_BYTES } from "./kernel-image.ts";

const PIECE_BYTES = 1 << 20;
/** The record of the boot sector and the partition table, which are compared as what they say. */
const RECORD_START = 416;
const RECORD_END = 440;
const TABLE_START = 446;
const TABLE_END = 510;

/** Empty when the images are equal, byte by byte. Throws `ImageError` for what is no image. */
export function compareImages(a: ImageReader, b: ImageReader): Difference[] {
  const [foundA, foundB] = [inspectImage(a), inspectImage(b)];
  const found: Difference[] = [];
  if (foundA.kind !== foundB.kind) found.push({ part: "kind", name: "", a: foundA.kind, b: foundB.kind });
  if (a.sizeBytes !== b.sizeBytes) found.push(sizes("size", "", a.sizeBytes, b.sizeBytes));
  found.push(...compareBoot(a, foundA, b, foundB));
  found.push(...comparePartitions(foundA.partitions, foundB.partitions));
  found.push(...compareFiles("CD", isoFiles(a), isoFiles(b)));
  found.push(...compareFiles("volume", volumeFiles(a, foundA), volumeFiles(b, foundB)));
  if (found.length > 0) return found;
  const at = firstDifference(a, b);
  return at === null ? [] : [{ part: "other bytes", name: `from byte ${at} on`, a: "", b: "" }];
}

const sizes = (part: string, name: string, a: number, b: number): Difference => ({
  ...{ part, name, a: `${a} bytes`, b: `${b} bytes` },
});

/** Boot sector, loader and kernel; of a system of another form all that the BIOS loads from a CD. */
function compareBoot(a: ImageReader, foundA: Inspection, b: ImageReader, foundB: Inspection): Difference[] {
  const sector = (image: ImageReader, { bootImageOffset, kind }: Inspection): Uint8Array =>
    kind === "kernel" ? new Uint8Array(0) : image.read(bootImageOffset, SECTOR_BYTES);
  const found: Difference[] = [];
  const [sectorA, sectorB] = [sector(a, foundA), sector(b, foundB)];
  const isOurs = foundA.bootRecord !== null && foundB.bootRecord !== null;
  if (sectorA.length > 0 && sectorB.length > 0 && !isEqual(plain(sectorA, isOurs), plain(sectorB, isOurs)))
    found.push({ part: "boot sector", name: "", a: "", b: "" });
  const rest = (image: ImageReader, { bootImageOffset, bootRecord, elToritoSectors = 1 }: Inspection): Uint8Array => {
    const sectors = bootRecord?.loaderSectors ?? elToritoSectors - 1;
    return image.read(bootImageOffset + SECTOR_BYTES, sectors * SECTOR_BYTES);
  };
  const [restA, restB] = [rest(a, foundA), rest(b, foundB)];
  const isBoth = foundA.kind !== "kernel" && foundB.kind !== "kernel";
  if (isBoth && !isEqual(restA, restB))
    found.push(sizes(isOurs ? "loader" : "program", "", restA.length, restB.length));
  const [kernelA, kernelB] = [kernelOf(a, foundA), kernelOf(b, foundB)];
  if (kernelA && kernelB) found.push(...compareKernels(kernelA, kernelB));
  else if (kernelA ?? kernelB)
    found.push({ part: "kernel", name: "", a: kernelA?.header.label ?? null, b: kernelB?.header.label ?? null });
  return found;
}

/** A boot sector without what is compared apart. */
function plain(sector: Uint8Array, isOurs: boolean): Uint8Array {
  const copy = sector.slice();
  if (isOurs) copy.fill(0, RECORD_START, RECORD_END);
  copy.fill(0, TABLE_START, TABLE_END);
  return copy;
}

function kernelOf(
  image: ImageReader,
  { kernel, bootRecord, bootImageOffset }: Inspection,
): ReturnType<typeof takeApart> | null {
  if (kernel === null) return null;
  const start = bootRecord ? bootImageOffset + bootRecord.kernelSector * SECTOR_BYTES : 0;
  return takeApart(kernel, image.read(start, kernel.sizeBytes));
}

function comparePartitions(a: readonly PartitionEntry[], b: readonly PartitionEntry[]): Difference[] {
  const text = (entry: PartitionEntry | undefined): string | null =>
    entry === undefined
      ? null
      : `type ${entry.type.toString(16)}, sectors ${entry.startLba} to ${entry.startLba + entry.sectors - 1}`;
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => ({
    ...{ part: "partition", name: `${index}`, a: text(a[index]), b: text(b[index]) },
  })).filter((one) => one.a !== one.b);
}

/** A file by its path, read when it is compared. */
type FileList = ReadonlyMap<string, () => Uint8Array>;

function compareFiles(part: string, a: FileList, b: FileList): Difference[] {
  return [...new Set([...a.keys(), ...b.keys()])].sort().flatMap((name) => {
    const [contentA, contentB] = [a.get(name)?.(), b.get(name)?.()];
    if (contentA && contentB && isEqual(contentA, contentB)) return [];
    const size = (content: Uint8Array | undefined): string | null => (content ? `${content.length} bytes` : null);
    return [{ part, name, a: size(contentA), b: size(contentB) }];
  });
}

/** Files and persistent objects of each OOFS volume; none where it is not formatted. */
function volumeFiles(image: ImageReader, { partitions }: Inspection): FileList {
  const files = new Map<string, () => Uint8Array>();
  const device: BlockDevice = {
    ...{ sizeBytes: image.sizeBytes, readOnly: true },
    read: (offset, target) => target.set(image.read(offset, target.length)),
    write: () => {},
    flush: () => {},
  };
  for (const { type, startLba, sectors } of partitions.filter((entry) => entry.type === PARTITION_TYPE_OOFS)) {
    if (type !== PARTITION_TYPE_OOFS || (startLba + sectors) * SECTOR_BYTES > image.sizeBytes) continue;
    try {
      const part = new DevicePart(device, startLba * SECTOR_BYTES, sectors * SECTOR_BYTES);
      collect(mount(part, { readOnly: true }), "", files);
    } catch (error) {
      if (!(error instanceof FileSystemError)) throw error;
    }
  }
  return files;
}

function collect(volume: FileSystem, folder: string, files: Map<string, () => Uint8Array>): void {
  for (const { name, kind } of volume.list(folder === "" ? "/" : folder)) {
    const path = `${folder}/${name}`;
    if (kind === "directory") collect(volume, path, files);
    else if (kind === "file") files.set(path, () => volume.read(path));
    else files.set(name, () => volume.loadObject(name).bytes);
  }
}

function firstDifference(a: ImageReader, b: ImageReader): number | null {
  for (let at = 0; at < a.sizeBytes; at += PIECE_BYTES) {
    const [pieceA, pieceB] = [a.read(at, PIECE_BYTES), b.read(at, PIECE_BYTES)];
    if (!isEqual(pieceA, pieceB)) return at + pieceA.findIndex((byte, index) => byte !== pieceB[index]);
  }
  return null;
}

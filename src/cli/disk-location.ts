/** What `IMAGE[:PARTITION][@SNAPSHOT][/PATH]` means: a file, a part of it, and a place in the volume there. */
import { randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { FatFileSystem, isFat } from "../disk/fat/index.ts";
import {
  type BlockDevice,
  DevicePart,
  type FileSystem,
  FileSystemError,
  type Listed,
  mount,
  type Time,
} from "../disk/oofs/index.ts";
import { readPartitions } from "../disk/partitions.ts";
import { FileDisk } from "../host/file-disk.ts";
import { VOLUME_PREFIX, VolumeDisk } from "../host/volume-disk.ts";
import { PARTITION_TYPE_OOFS } from "../image/boot-image.ts";
import { CommandError, say, UsageError } from "./fail.ts";

const SECTOR_BYTES = 512;
/** Types of an MBR that say FAT, and the EFI system partition, which is one. */
const PARTITION_TYPES_FAT = new Set([0x01, 0x04, 0x06, 0x0b, 0x0c, 0x0e, 0xef]);

export interface Location {
  readonly image: string;
  readonly partition: number | null;
  readonly snapshot: string | null;
  readonly path: string;
}

/** The image is the shortest beginning that is a file. */
export function parseLocation(text: string): Location {
  const [volume] = /^volume:[\w.-]+/.exec(text) ?? [];
  if (volume !== undefined) return within(text, volume);
  for (let end = 1; end <= text.length; end++) {
    if (end < text.length && !/[:@/]/.test(text[end]!)) continue;
    const image = text.slice(0, end);
    if (!existsSync(image) || !statSync(image).isFile()) continue;
    return within(text, image);
  }
  throw new CommandError(`${text}: no such image file`);
}

/** What follows the image in a text. */
function within(text: string, image: string): Location {
  const match = /^(?::(\d+))?(?:@([^/]+))?(\/.*)?$/.exec(text.slice(image.length));
  if (!match)
    throw new UsageError(`${text}: after the image, ":PARTITION", "@SNAPSHOT" and "/PATH" may follow, in this order`);
  const [, partition, snapshot, path] = match;
  return {
    image,
    partition: partition === undefined ? null : Number(partition),
    snapshot: snapshot ?? null,
    path: path ?? "/",
  };
}

/** Opens the part of the image that a location names, or the only one that can be meant. */
export function withDevice<T>(
  location: Location,
  { readOnly, machine }: Pick<OpenOptions, "readOnly" | "machine">,
  body: (device: BlockDevice) => T,
): T {
  const { image } = location;
  const disk = image.startsWith(VOLUME_PREFIX)
    ? new VolumeDisk(image, { readOnly, ...(machine === undefined ? {} : { machine }) })
    : new FileDisk(image, { readOnly });
  try {
    return body(findPart(location, disk));
  } catch (error) {
    if (error instanceof FileSystemError) throw new CommandError(`${nameOf(location)}: ${error.message}`);
    throw error;
  } finally {
    disk.close();
  }
}

export interface OpenOptions {
  readonly readOnly: boolean;
  readonly acceptOlder?: boolean;
  /** In whose name a volume is locked; the host's when absent. */
  readonly machine?: string;
}

/** Mounts the volume of a location. What was changed is committed when `body` returns. */
export function withVolume<T>(location: Location, options: OpenOptions, body: (fs: FileSystem) => T): T {
  checkSnapshot(location, options);
  return withDevice(location, options, (device) => onVolume(location, options, device, body));
}

function checkSnapshot(location: Location, { readOnly }: OpenOptions): void {
  if (location.snapshot !== null && !readOnly) throw new UsageError(`${nameOf(location)}: a snapshot is not changed`);
}

function onVolume<T>(location: Location, options: OpenOptions, device: BlockDevice, body: (fs: FileSystem) => T): T {
  const fs = mount(device, {
    ...options,
    now,
    newId: newId(),
    warn: (text) => say("warning", `${nameOf(location)}: ${text}`),
  });
  const result = body(location.snapshot === null ? fs : fs.openSnapshot(location.snapshot));
  if (!options.readOnly) fs.sync();
  return result;
}

type FileStatus = Pick<Listed, "kind" | "sizeBytes" | "modified" | "className" | "version">;

/** What volumes of both kinds can do. */
export interface Files {
  stat(path: string): FileStatus;
  exists(path: string): boolean;
  list(path: string): (FileStatus & { readonly name: string })[];
  read(path: string, offset?: number, length?: number): Uint8Array<ArrayBuffer>;
  create(path: string): void;
  write(path: string, offset: number, bytes: Uint8Array): void;
  rename(path: string, to: string): void;
  unlink(path: string): void;
  mkdir(path: string): void;
  rmdir(path: string): void;
  removeObject?(className: string): void;
  sync(): void;
  readonly volume: { readonly isReadOnly: boolean };
}

/** The files of a location's volume, an OOFS or a FAT. */
export function withFiles<T>(location: Location, options: OpenOptions, body: (fs: Files) => T): T {
  checkSnapshot(location, options);
  return withDevice(location, options, (device) => {
    if (!isFat(device)) return onVolume(location, options, device, body);
    if (location.snapshot !== null) throw new UsageError(`${nameOf(location)}: a FAT volume has no snapshots`);
    const fs = new FatFileSystem(device, { readOnly: options.readOnly, now });
    const result = body(fs);
    if (!options.readOnly) fs.sync();
    return result;
  });
}

export function nameOf({ image, partition, snapshot }: Location): string {
  return `${image}${partition === null ? "" : `:${partition}`}${snapshot === null ? "" : `@${snapshot}`}`;
}

export function now(): Time {
  const milliseconds = Date.now();
  return { seconds: Math.floor(milliseconds / 1000), nanoseconds: (milliseconds % 1000) * 1e6 };
}

export function newId(): bigint {
  return randomBytes(8).readBigUInt64LE() | 1n;
}

function findPart(location: Location, disk: FileDisk | VolumeDisk): BlockDevice {
  const { image, partition } = location;
  const { kind, partitions } = readPartitions(disk);
  // The boot sector of a FAT ends as a table of partitions does.
  if (kind === "none" || (partitions.length === 0 && isFat(disk))) {
    if (partition !== null) throw new CommandError(`${image}: it has no partitions`);
    return disk;
  }
  const ofTypes = (isWanted: (type: number) => boolean): number[] =>
    partitions.filter(({ type }) => isWanted(type)).map(({ index }) => index);
  const volumes = ofTypes((type) => type === PARTITION_TYPE_OOFS);
  const candidates = volumes.length > 0 ? volumes : ofTypes((type) => PARTITION_TYPES_FAT.has(type));
  const chosen = partition ?? (candidates.length === 1 ? candidates[0]! : null);
  if (chosen === null)
    throw new CommandError(
      candidates.length === 0
        ? `${image}: no partition is of type 99 (OOFS), nor of one that says FAT`
        : `${image}: several partitions are ${volumes.length > 0 ? "of type 99" : "FAT"}; say which: ${candidates.map((index) => `${image}:${index}`).join(", ")}`,
    );
  const found = partitions.find(({ index }) => index === chosen);
  if (!found) throw new CommandError(`${image}: there is no partition ${chosen}`);
  return new DevicePart(disk, found.startLba * SECTOR_BYTES, found.sectors * SECTOR_BYTES);
}

/** Prepared disks (src/lab/prepare.ts), kept by the digest of image, firmware and size. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { SparseDisk } from "../../../emulator/disk/disk.ts";
import { readIfPresent, writeFileAside } from "../../host/files.ts";
import { type ClusterOptions, LabCluster } from "../../lab/lab.ts";
import { PrepareError, prepareDisk } from "../../lab/prepare.ts";
import { CommandError } from "../fail.ts";
import type { Progress } from "../progress.ts";
import { packDisk, unpackDisk } from "./kept-disk.ts";

export interface PrepareOptions {
  readonly cdrom: Uint8Array;
  readonly firmware: Uint8Array;
  readonly sizeBytes: number;
  readonly cacheFolder: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** A prepared disk, which nobody may write: disks of machines lie over it. */
export async function preparedDisk(options: PrepareOptions): Promise<SparseDisk> {
  const { cdrom, firmware, sizeBytes, cacheFolder, progress } = options;
  const key = createHash("sha256").update(cdrom).update(firmware).update(String(sizeBytes)).digest("hex").slice(0, 24);
  const path = join(cacheFolder, `disk-${key}`);
  const cached = readIfPresent(path);
  const known = cached && unpackDisk(cached, sizeBytes);
  if (known) return known;
  const disk = await prepare(options);
  try {
    writeFileAside(path, packDisk(disk));
  } catch {
    progress.note(`the prepared disk cannot be kept in ${cacheFolder}: the next start prepares it again`);
  }
  return disk;
}

async function prepare({ cdrom, firmware, sizeBytes, progress, signal }: PrepareOptions): Promise<SparseDisk> {
  try {
    const make = (options: Omit<ClusterOptions, "host">): LabCluster => new LabCluster({ ...options, signal });
    return await prepareDisk({ cdrom, firmware, sizeBytes, make, step: (text) => progress.step(text) });
  } catch (error) {
    throw error instanceof PrepareError ? new CommandError(error.message) : error;
  }
}

/** Prepared disks (src/lab/prepare.ts), kept by the digest of image, firmware and size. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { readIfPresent, writeFileAside } from "../../host/files.ts";
import { type ClusterOptions, LabCluster } from "../../lab/lab.ts";
import { PrepareError, prepareDisk } from "../../lab/prepare.ts";
import { CommandError } from "../fail.ts";
import type { Progress } from "../progress.ts";

export interface PrepareOptions {
  readonly cdrom: Uint8Array;
  readonly firmware: Uint8Array;
  readonly sizeBytes: number;
  readonly cacheFolder: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** The content of a prepared disk, up to its last byte that is not zero. */
export async function preparedDisk(options: PrepareOptions): Promise<Uint8Array> {
  const { cdrom, firmware, sizeBytes, cacheFolder, progress } = options;
  const key = createHash("sha256").update(cdrom).update(firmware).update(String(sizeBytes)).digest("hex").slice(0, 24);
  const path = join(cacheFolder, `disk-${key}.img`);
  const cached = readIfPresent(path);
  if (cached) return cached;
  const content = await prepare(options);
  try {
    writeFileAside(path, content);
  } catch {
    progress.note(`the prepared disk cannot be kept in ${cacheFolder}: the next start prepares it again`);
  }
  return content;
}

async function prepare({ cdrom, firmware, sizeBytes, progress, signal }: PrepareOptions): Promise<Uint8Array> {
  try {
    const make = (options: Omit<ClusterOptions, "host">): LabCluster => new LabCluster({ ...options, signal });
    return await prepareDisk({ cdrom, firmware, sizeBytes, make, step: (text) => progress.step(text) });
  } catch (error) {
    throw error instanceof PrepareError ? new CommandError(error.message) : error;
  }
}

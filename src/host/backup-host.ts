/** What Node does for archives of backups: hashes, compression, files. */
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { BackupHost } from "../backup/format.ts";
import type { ArchiveFile } from "../backup/read.ts";
import { naming } from "./files.ts";

export const backupHost: BackupHost = {
  sha256: async (bytes) => createHash("sha256").update(bytes).digest(),
  deflate: (bytes) => deflateRawSync(bytes),
  // What claims to be small and is not ends here.
  inflate: (bytes, sizeBytes) => inflateRawSync(bytes, { maxOutputLength: sizeBytes }),
};

export interface OpenArchive extends ArchiveFile {
  close(): void;
}

/** Throws for what is no plain file: an archive is read in any order. */
export function openArchive(path: string): OpenArchive {
  const file = openSync(path, "r");
  const status = fstatSync(file);
  if (!status.isFile()) {
    closeSync(file);
    throw Object.assign(new Error(`${path} is no plain file, and an archive is one`), { path });
  }
  return {
    name: basename(path),
    sizeBytes: status.size,
    async read(atBytes, lengthBytes) {
      const target = new Uint8Array(Math.max(0, Math.min(lengthBytes, status.size - atBytes)));
      let done = 0;
      while (done < target.length) {
        const count = naming(path, () => readSync(file, target, done, target.length - done, atBytes + done));
        if (count === 0) break;
        done += count;
      }
      return target.subarray(0, done);
    },
    close: () => closeSync(file),
  };
}

/** zlib. For snapshots at the fastest level: pages compress well, and whoever saves is waiting. */
import { deflateSync, inflateSync } from "node:zlib";
import { type Compressor, SnapshotError } from "../../emulator/cluster/snapshot-file.ts";

export const zlibCompressor: Compressor = {
  compress: (bytes) => deflateSync(bytes, { level: 1 }),
  decompress(bytes, sizeBytes) {
    try {
      const raw = inflateSync(bytes, { maxOutputLength: sizeBytes });
      if (raw.length === sizeBytes) return raw;
    } catch {
      // Said below: what zlib found wrong does not help anyone.
    }
    throw new SnapshotError("the snapshot was altered: a section cannot be decompressed");
  },
};

/** For compressed sections of objects; throws when they are damaged. */
export const inflate = (content: Uint8Array, sizeBytes: number): Uint8Array =>
  inflateSync(content, { maxOutputLength: Math.max(1, sizeBytes) });

/**
 * Compression in the zlib format (RFC 1950) where the host has none that answers at once: in a browser. It reads what
 * Node wrote, and Node reads what it writes.
 */
import { unzlibSync, zlibSync } from "fflate";
import { type Compressor, SnapshotError } from "../../emulator/cluster/snapshot-file.ts";

/**
 * Compresses at the fastest level, as the host's does; refuses what does not give exactly the size that is expected.
 */
export const inflatingCompressor: Compressor = {
  compress: (bytes) => zlibSync(bytes, { level: 1 }),
  decompress(bytes, sizeBytes) {
    try {
      // One byte more than expected, so that data which goes on is noticed, and memory stays bounded.
      const raw = unzlibSync(bytes, { out: new Uint8Array(sizeBytes + 1) });
      if (raw.length === sizeBytes) return raw;
    } catch {
      // Said below: what is wrong in the stream does not help anyone.
    }
    throw new SnapshotError("the snapshot was altered: a section cannot be decompressed");
  },
};

/** An open file as what readers of images take. */
import { fstatSync, readSync } from "node:fs";
import type { ImageReader } from "../image/inspect.ts";

/** A read beyond the end is cut off there. */
export function readerOf(file: number): ImageReader {
  const sizeBytes = fstatSync(file).size;
  return {
    sizeBytes,
    read(offset, length) {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, sizeBytes - offset)));
      return bytes.subarray(0, bytes.length === 0 ? 0 : readSync(file, bytes, 0, bytes.length, offset));
    },
  };
}

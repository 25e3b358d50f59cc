/** The files of a CD by their names in ISO 9660 (ECMA-119, 9.1), without the boot image, whose parts are compared. */
import type { ImageReader } from "./inspect.ts";

const BLOCK_BYTES = 2048;
const PRIMARY = 16;
const MOST_DEPTH = 8;
const MOST_FOLDER_BYTES = 1 << 20;
const DIRECTORY = 2;
/** Made of the boot image, whose parts are compared one by one. */
const BOOT_FILES = /^\/BOOT\/(?:QURE\.IMG|BOOT\.CAT)$/;

/** Empty for what is no CD. A folder that leads to itself ends at a depth that a CD cannot have. */
export function isoFiles(image: ImageReader): ReadonlyMap<string, () => Uint8Array> {
  const files = new Map<string, () => Uint8Array>();
  const descriptor = image.read(PRIMARY * BLOCK_BYTES, BLOCK_BYTES);
  if (descriptor.length < BLOCK_BYTES || String.fromCharCode(...descriptor.subarray(1, 6)) !== "CD001") return files;
  const root = new DataView(descriptor.buffer, descriptor.byteOffset + 156, 34);
  walk(image, root.getUint32(2, true), root.getUint32(10, true), "", files);
  return files;
}

function walk(
  image: ImageReader,
  block: number,
  sizeBytes: number,
  path: string,
  files: Map<string, () => Uint8Array>,
): void {
  const folder = image.read(block * BLOCK_BYTES, Math.min(sizeBytes, MOST_FOLDER_BYTES));
  const view = new DataView(folder.buffer, folder.byteOffset, folder.length);
  for (let at = 0; at + 34 <= folder.length; ) {
    const length = folder[at]!;
    const nameBytes = folder[at + 32]!;
    if (length === 0) at = (Math.floor(at / BLOCK_BYTES) + 1) * BLOCK_BYTES;
    else if (length < 33 + nameBytes || at + length > folder.length) return;
    else {
      const name = String.fromCharCode(...folder.subarray(at + 33, at + 33 + nameBytes)).replace(/;\d+$/, "");
      const [start, bytes] = [view.getUint32(at + 2, true), view.getUint32(at + 10, true)];
      const own = `${path}/${name}`;
      const isFolder = (folder[at + 25]! & DIRECTORY) !== 0;
      // The folder itself, and the one above it, have names of one byte.
      if (name !== "\0" && name !== "\x01") {
        if (isFolder && path.split("/").length <= MOST_DEPTH) walk(image, start, bytes, own, files);
        else if (!isFolder && !BOOT_FILES.test(own)) files.set(own, () => image.read(start * BLOCK_BYTES, bytes));
      }
      at += length;
    }
  }
}

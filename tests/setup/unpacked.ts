/**
 * What kept states unpack to. Most of a state is the CD of its machines, and many test files begin from a few states:
 * each is unpacked once, and again only when as many others came in between.
 */
import type { Compressor } from "../../emulator/cluster/snapshot-file.ts";
import { zlibCompressor } from "../../src/host/compression.ts";

const STATES = 12;
/** Sections by their place in the file that holds them; the one that was used last comes last. */
const unpacked = new Map<ArrayBufferLike, Map<number, Uint8Array>>();

/** zlib. Whoever uses it neither changes what it gives nor the file. */
export const unpacking: Compressor = {
  ...zlibCompressor,
  decompress(stored, sizeBytes) {
    const { buffer, byteOffset } = stored;
    const sections = unpacked.get(buffer) ?? new Map<number, Uint8Array>();
    unpacked.delete(buffer);
    unpacked.set(buffer, sections);
    if (unpacked.size > STATES) unpacked.delete(unpacked.keys().next().value!);
    const bytes = sections.get(byteOffset) ?? zlibCompressor.decompress(stored, sizeBytes);
    sections.set(byteOffset, bytes);
    return bytes;
  },
};

/**
 * A prepared disk as a file of the cache (docs/formats/snapshot.md): only what is not zeros, so that a disk of many
 * gigabytes is kept, and read again, in a moment.
 *
 * Little endian: magic `QRPD`, u32 version, f64 size of the disk, u32 count of chunks, u32 zero; count ascending u32
 * numbers, n for the 4096 bytes from 4096 n on; the chunks; SHA-256 of all that stands before.
 */
import { createHash } from "node:crypto";
import { SparseDisk } from "../../../emulator/disk/disk.ts";
import { PAGE_BYTES } from "../../../emulator/state/pages.ts";

const MAGIC = "QRPD";
const VERSION = 1;
const HEAD_BYTES = 24;
const DIGEST_BYTES = 32;

const digestOf = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

export function packDisk(disk: SparseDisk): Uint8Array {
  const chunks = [...disk.chunks].sort(([one], [other]) => one - other);
  const head = Buffer.alloc(HEAD_BYTES + 4 * chunks.length);
  head.write(MAGIC, "latin1");
  head.writeUInt32LE(VERSION, 4);
  head.writeDoubleLE(disk.sizeBytes, 8);
  head.writeUInt32LE(chunks.length, 16);
  chunks.forEach(([number], index) => head.writeUInt32LE(number, HEAD_BYTES + 4 * index));
  const content = Buffer.concat([head, ...chunks.map(([, bytes]) => bytes)]);
  return Buffer.concat([content, digestOf(content)]);
}

/** Null for bytes that `packDisk` has not made for a disk of this size. */
export function unpackDisk(bytes: Uint8Array, sizeBytes: number): SparseDisk | null {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, Math.max(0, bytes.length - DIGEST_BYTES));
  if (content.length < HEAD_BYTES || content.toString("latin1", 0, 4) !== MAGIC) return null;
  if (content.readUInt32LE(4) !== VERSION || content.readDoubleLE(8) !== sizeBytes) return null;
  if (!digestOf(content).equals(bytes.subarray(content.length))) return null;
  const disk = new SparseDisk(sizeBytes);
  const count = content.readUInt32LE(16);
  for (let index = 0, at = HEAD_BYTES + 4 * count; index < count; index++, at += PAGE_BYTES) {
    const start = content.readUInt32LE(HEAD_BYTES + 4 * index) * PAGE_BYTES;
    disk.write(start, content.subarray(at, at + Math.min(PAGE_BYTES, sizeBytes - start)));
  }
  return disk;
}

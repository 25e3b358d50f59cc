/** Records of slots as sectors: what tests put on disks. */
import { crc32 } from "../../src/bytes/crc32.ts";
import type { SlotRecord } from "../../src/image/slot-record.ts";

const SECTOR_BYTES = 512;
const DIGEST_BYTES = 16;

/** `digests`: of each slot's image, the first bytes of its SHA-512; without, nobody has proven them. */
export function sectorOf(record: SlotRecord, digests: readonly Uint8Array[] = []): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SECTOR_BYTES);
  const view = new DataView(bytes.buffer);
  const put = (at: number, ...words: number[]): void =>
    words.forEach((word, index) => view.setUint32(at + 4 * index, word, true));
  put(0, 0x4c535251, record.version, record.good, record.trial ?? 0xffffffff, record.tries);
  for (const [index, slot] of record.slots.entries()) {
    put(20 + 8 * index, slot.firstSector, slot.sectors);
    if (record.version > 1) put(64 + 24 * index, slot.revision);
  }
  if (record.version === 1) {
    let sum = 0;
    for (let at = 0; at < SECTOR_BYTES; at += 4) sum = (sum + view.getUint32(at, true)) >>> 0;
    put(508, -sum >>> 0);
    return bytes;
  }
  put(36, record.sequence, record.floor, record.result, record.resultRevision);
  digests.forEach((digest, index) => bytes.set(digest.subarray(0, DIGEST_BYTES), 64 + 24 * index + 8));
  record.failures.forEach(({ revision, count }, index) => put(112 + 8 * index, revision, count));
  put(508, crc32(bytes.subarray(0, 508)));
  return bytes;
}

/** The record of a disk's two kernels: docs/formats/boot-record.md, "Two kernels". */
import { crc32 } from "../bytes/crc32.ts";
import { SECTOR_BYTES } from "./kernel-image.ts";

/** Its copies are here and in the sector after it, which alone has a record of version 1. */
export const SLOT_RECORD_LBA = 16382;
const MAGIC = 0x4c535251; // "QRSL"
const NONE = 0xffffffff;
const PLACES_AT = 20;
const CONTENTS_AT = 64;
const CONTENT_BYTES = 24;
const DIGEST_AT = 8;
const DIGEST_BYTES = 16;
const FAILURES_AT = 112;
const FAILURES = 4;
const CHECK_AT = 508;

export interface Slot {
  readonly firstSector: number;
  /** 0: it is empty. */
  readonly sectors: number;
  readonly revision: number;
}

export interface SlotRecord {
  readonly version: number;
  readonly good: number;
  readonly trial: number | null;
  /** Starts that the trial has left. */
  readonly tries: number;
  readonly slots: readonly Slot[];
  readonly sequence: number;
  readonly floor: number;
  /** How the last trial ended, and of which revision it was. */
  readonly result: number;
  readonly resultRevision: number;
  readonly failures: readonly { readonly revision: number; readonly count: number }[];
}

/** One copy; null when it is not whole. */
function readCopy(sector: Uint8Array): SlotRecord | null {
  if (sector.length < SECTOR_BYTES) return null;
  const view = new DataView(sector.buffer, sector.byteOffset, SECTOR_BYTES);
  const word = (at: number): number => view.getUint32(at, true);
  const version = word(4);
  if (word(0) !== MAGIC || word(8) > 1) return null;
  if (version === 1) {
    let sum = 0;
    for (let at = 0; at < SECTOR_BYTES; at += 4) sum = (sum + word(at)) >>> 0;
    if (sum !== 0) return null;
  } else if (version !== 2 || crc32(sector.subarray(0, CHECK_AT)) !== word(CHECK_AT)) return null;
  const slots = [0, 1].map((slot) => ({
    firstSector: word(PLACES_AT + 8 * slot),
    sectors: word(PLACES_AT + 8 * slot + 4),
    revision: word(CONTENTS_AT + CONTENT_BYTES * slot),
  }));
  const failures = Array.from({ length: FAILURES }, (_, index) => ({
    revision: word(FAILURES_AT + 8 * index),
    count: word(FAILURES_AT + 8 * index + 4),
  })).filter(({ count }) => count > 0);
  const [trial, tries] = [word(12), word(16)];
  const [sequence, floor, result, resultRevision] = [word(36), word(40), word(44), word(48)];
  return {
    version,
    good: word(8),
    trial: trial === NONE ? null : trial,
    tries,
    slots,
    sequence,
    floor,
    result,
    resultRevision,
    failures,
  };
}

/** One copy as a sector. `digests`: of each slot's image, the first bytes of its SHA-512; without, nobody signed it. */
export function slotRecordSector(record: SlotRecord, digests: readonly Uint8Array[] = []): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SECTOR_BYTES);
  const view = new DataView(bytes.buffer);
  const put = (at: number, ...words: number[]): void =>
    words.forEach((word, index) => view.setUint32(at + 4 * index, word, true));
  put(0, MAGIC, record.version, record.good, record.trial ?? NONE, record.tries);
  for (const [index, slot] of record.slots.entries()) {
    put(PLACES_AT + 8 * index, slot.firstSector, slot.sectors);
    if (record.version > 1) put(CONTENTS_AT + CONTENT_BYTES * index, slot.revision);
  }
  if (record.version === 1) {
    let sum = 0;
    for (let at = 0; at < SECTOR_BYTES; at += 4) sum = (sum + view.getUint32(at, true)) >>> 0;
    put(CHECK_AT, -sum >>> 0);
    return bytes;
  }
  put(36, record.sequence, record.floor, record.result, record.resultRevision);
  digests.forEach((digest, index) =>
    bytes.set(digest.subarray(0, DIGEST_BYTES), CONTENTS_AT + CONTENT_BYTES * index + DIGEST_AT),
  );
  record.failures.forEach(({ revision, count }, index) => put(FAILURES_AT + 8 * index, revision, count));
  put(CHECK_AT, crc32(bytes.subarray(0, CHECK_AT)));
  return bytes;
}

/** Words for how the last trial ended, by `result`. */
const RESULTS = [
  "",
  "was confirmed",
  "was not confirmed",
  "panicked",
  "was not confirmed in time",
  "was ended by a person",
  "hung",
];

/** What a record says, a line for each slot, then for the last trial and for what is refused. */
export function describeSlots(record: SlotRecord): string[] {
  const lines = record.slots.map(({ firstSector, sectors, revision }, slot) => {
    if (sectors === 0) return `slot ${slot}, empty`;
    const said = `slot ${slot}, revision ${record.version > 1 ? revision : "unknown"}, ${sectors} sectors from ${firstSector} on`;
    const trial = record.tries > 0 ? ", on trial at the next start" : ", on trial, which has begun";
    return `${said}${slot === record.good ? ", good" : ""}${slot === record.trial ? trial : ""}`;
  });
  if (record.floor > 0) lines.push(`lowest revision ${record.floor}`);
  const ended = RESULTS[record.result];
  if (ended) lines.push(`the last trial, of revision ${record.resultRevision}, ${ended}`);
  for (const { revision, count } of record.failures)
    lines.push(`revision ${revision} has failed ${count === 1 ? "once" : `${count} times`}`);
  return lines;
}

/** The copy that counts, of the two sectors at SLOT_RECORD_LBA; null when neither is whole. */
export function readSlotRecord(first: Uint8Array, second: Uint8Array): SlotRecord | null {
  const copies = [readCopy(first), readCopy(second)];
  // One of version 1 is alone, in the second sector.
  if (copies[0]?.version === 1) copies[0] = null;
  const [one, other] = copies;
  if (!one || !other) return one ?? other ?? null;
  return other.sequence > one.sequence ? other : one;
}

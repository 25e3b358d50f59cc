/**
 * Two kernels on a disk as a model: what the loader and the kernel write (docs/formats/boot-record.md, "Two kernels"),
 * sector by sector, on a disk of 24 sectors. Power may fail before, inside and after each write.
 */
import { readSlotRecord, type SlotRecord, slotRecordSector } from "../../src/image/slot-record.ts";

export const SECTOR_BYTES = 512;
const SLOT_SECTORS = 3;
const SLOT_AT = [4, 12] as const;
const RECORD_AT = 20;
const SECTORS = 24;
const REFUSED_FROM = 2;

/** What a planted fault changes. */
export interface Faults {
  /** There is one copy, written in place. */
  readonly oneCopy?: boolean;
  /** The copy that counts is written over first. */
  readonly writesNewest?: boolean;
  /** The sequence stays. */
  readonly sameSequence?: boolean;
  /** The loader boots what is on trial and leaves it that. */
  readonly keepsTrial?: boolean;
  /** The loader counts starts of the good kernel too. */
  readonly countsAlways?: boolean;
  /** The record names an image before its sectors are there. */
  readonly marksFirst?: boolean;
  /** A slot is not emptied before it is written. */
  readonly keepsOld?: boolean;
  /** A new kernel goes into the slot that is good. */
  readonly overGood?: boolean;
  /** A confirmation makes the other slot good. */
  readonly wrongSlot?: boolean;
  /** A failed trial goes back to slot 0. */
  readonly backToFirst?: boolean;
  /** A damaged kernel gives way to one below the floor. */
  readonly noFloor?: boolean;
  /** Returns are not counted. */
  readonly forgetsFailures?: boolean;
  /** An install refuses while a trial has failed. */
  readonly trapped?: boolean;
}

export interface Write {
  readonly sector: number;
  readonly bytes: Uint8Array;
}

export type Disk = Uint8Array<ArrayBuffer>;
type Work<Result = void> = Generator<Write, Result>;

const at = (disk: Disk, sector: number): Uint8Array =>
  disk.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);

function apply(disk: Disk, { sector, bytes }: Write, tornAt = SECTOR_BYTES): void {
  disk.set(bytes.subarray(0, tornAt), sector * SECTOR_BYTES);
}

/** An image is sectors that all have its revision, and their number; no other text is like it. */
function imageSector(revision: number, index: number): Uint8Array {
  const bytes = new Uint8Array(SECTOR_BYTES).fill(revision);
  bytes[0] = bytes[SECTOR_BYTES - 1] = index;
  return bytes;
}

/** The revision of a slot's kernel when it is whole, as its checksum says. */
export function kernelOf(disk: Disk, slot: number): number | null {
  const revision = at(disk, SLOT_AT[slot]!)[1]!;
  for (let index = 0; index < SLOT_SECTORS; index++)
    if (Buffer.compare(at(disk, SLOT_AT[slot]! + index), imageSector(revision, index)) !== 0) return null;
  return revision;
}

export const recordOf = (disk: Disk): SlotRecord | null => readSlotRecord(at(disk, RECORD_AT), at(disk, RECORD_AT + 1));

const emptySlot = (slot: number) => ({ firstSector: SLOT_AT[slot]!, sectors: 0, revision: 0 });
const fullSlot = (slot: number, revision: number) => ({
  firstSector: SLOT_AT[slot]!,
  sectors: SLOT_SECTORS,
  revision,
});

const UNWRITTEN: SlotRecord = {
  version: 2,
  good: 0,
  trial: null,
  tries: 0,
  slots: [emptySlot(0), emptySlot(1)],
  sequence: 0,
  floor: 0,
  result: 0,
  resultRevision: 0,
  failures: [],
};

/** The disk that the model begins with: slots by the revisions of their kernels, and what the record says. */
export function diskWith(kernels: readonly (number | null)[], said: Partial<SlotRecord> | null): Disk {
  const disk = new Uint8Array(SECTORS * SECTOR_BYTES);
  const slots = kernels.map((revision, slot) => (revision === null ? emptySlot(slot) : fullSlot(slot, revision)));
  for (const [slot, revision] of kernels.entries())
    for (let index = 0; revision !== null && index < SLOT_SECTORS; index++)
      apply(disk, { sector: SLOT_AT[slot]! + index, bytes: imageSector(revision, index) });
  if (said === null) return disk;
  const bytes = slotRecordSector({ ...UNWRITTEN, slots, sequence: 1, ...said });
  if (said.version !== 1) apply(disk, { sector: RECORD_AT, bytes });
  apply(disk, { sector: RECORD_AT + 1, bytes });
  return disk;
}

/** Where the copy is that counts. */
function newest(disk: Disk): number {
  const both = recordOf(disk);
  const alone = readSlotRecord(at(disk, RECORD_AT), new Uint8Array(SECTOR_BYTES));
  return both && alone && alone.sequence === both.sequence ? 0 : 1;
}

function* write(disk: Disk, record: SlotRecord, copies: number, faults: Faults): Work {
  const sequence = record.sequence + (faults.sameSequence ? 0 : 1);
  const bytes = slotRecordSector({ ...record, version: 2, sequence });
  if (faults.oneCopy) return yield { sector: RECORD_AT, bytes };
  const first = faults.writesNewest ? newest(disk) : 1 - newest(disk);
  yield { sector: RECORD_AT + first, bytes };
  if (copies > 1) yield { sector: RECORD_AT + 1 - first, bytes };
}

/** What starts: a slot and its revision; null when nothing can. */
export type Started = { readonly slot: number; readonly revision: number } | null;

const start = (disk: Disk, slot: number): Started => {
  const revision = kernelOf(disk, slot);
  return revision === null ? null : { slot, revision };
};

function* load(disk: Disk, faults: Faults): Work<Started> {
  const record = recordOf(disk);
  if (!record) return start(disk, 0);
  let wanted = record.good;
  if (record.trial !== null && record.tries > 0) {
    wanted = record.trial;
    if (!faults.keepsTrial) yield* write(disk, { ...record, tries: record.tries - 1 }, 1, faults);
  } else if (record.trial !== null && faults.backToFirst) wanted = 0;
  if (faults.countsAlways && record.trial === null) {
    if (record.tries > 2) return null;
    yield* write(disk, { ...record, tries: record.tries + 1 }, 1, faults);
  }
  const started = record.slots[wanted]!.sectors > 0 ? start(disk, wanted) : null;
  if (started) return started;
  const other = record.slots[1 - wanted]!;
  if (other.sectors === 0) return null;
  if (other.revision < record.floor && !faults.noFloor) return null;
  return start(disk, 1 - wanted);
}

/** A machine starts; the good kernel ends a trial that has failed. */
export function* power(disk: Disk, faults: Faults): Work<Started> {
  const started = yield* load(disk, faults);
  const record = recordOf(disk);
  if (!started || !record || record.trial === null || record.trial === started.slot || record.tries > 0) return started;
  const { revision } = record.slots[record.trial]!;
  const known = record.failures.find((one) => one.revision === revision);
  const others = record.failures.filter((one) => one !== known);
  const failures = faults.forgetsFailures ? [] : [{ revision, count: (known?.count ?? 0) + 1 }, ...others].slice(0, 4);
  yield* write(disk, { ...record, trial: null, tries: 0, result: 2, resultRevision: revision, failures }, 2, faults);
  return started;
}

/** The running kernel installs another one. Out: whether it did. */
export function* install(disk: Disk, revision: number, faults: Faults): Work<boolean> {
  const made = { ...UNWRITTEN, slots: [fullSlot(0, kernelOf(disk, 0)!), emptySlot(1)] };
  const record = recordOf(disk) ?? made;
  if (faults.trapped && record.result === 2) return false;
  if (revision < record.floor) return false;
  if (record.failures.some((one) => one.revision === revision && one.count >= REFUSED_FROM)) return false;
  const slot = faults.overGood ? record.good : 1 - record.good;
  const slots = record.slots.map((one, index) => (index === slot ? emptySlot(slot) : one));
  const emptied: SlotRecord = { ...record, trial: null, tries: 0, slots };
  const full = slots.map((one, index) => (index === slot ? fullSlot(slot, revision) : one));
  const onTrial = { ...emptied, slots: full, trial: slot, tries: 1 };
  if (!faults.keepsOld && !faults.marksFirst) yield* write(disk, emptied, 2, faults);
  if (faults.marksFirst) yield* write(disk, onTrial, 2, faults);
  for (let index = 0; index < SLOT_SECTORS; index++)
    yield { sector: SLOT_AT[slot]! + index, bytes: imageSector(revision, index) };
  const written = recordOf(disk) ?? emptied;
  if (!faults.marksFirst) yield* write(disk, { ...onTrial, sequence: written.sequence }, 2, faults);
  return true;
}

/** The kernel of `slot`, which runs, is confirmed. */
export function* confirm(disk: Disk, slot: number, faults: Faults): Work {
  const record = recordOf(disk);
  if (!record || record.trial !== slot) return;
  const good = faults.wrongSlot ? 1 - slot : slot;
  const resultRevision = record.slots[slot]!.revision;
  yield* write(disk, { ...record, good, trial: null, tries: 0, result: 1, resultRevision }, 2, faults);
}

/** Where power fails: before, inside or after a write. */
export interface Cut {
  readonly write: number;
  readonly tornAt: number;
}

/**
 * Does a work on the disk up to the cut.
 * Out: its result, or null when the power failed before its end; how many writes there were.
 */
export function run<Result>(
  disk: Disk,
  work: Generator<Write, Result>,
  cut: Cut | null,
): { result: Result | null; writes: number } {
  for (let writes = 0; ; writes++) {
    const { done, value } = work.next();
    if (done) return { result: value, writes };
    if (writes === cut?.write) {
      apply(disk, value, cut.tornAt);
      return { result: null, writes };
    }
    apply(disk, value);
  }
}

/**
 * The partitions of a disk as the kernel numbers them: entries of the MBR 0 to 3 and logical partitions from 4 on, or
 * the entries of a GPT. docs/formats/partitions.md says what is accepted; asm/drivers/partition.s does the same.
 *
 * Nothing on the disk is trusted: a partition is one only when its sectors lie on the disk and no other one has any.
 */
import { crc32 } from "../bytes/crc32.ts";
import { assert } from "../diagnostic/invariant.ts";

const SECTOR_BYTES = 512;
const MOST_PARTITIONS = 16;
const MBR_ENTRIES = 4;
/** Records of logical partitions that are looked at: a chain may be a circle. */
const MOST_RECORDS = 64;
const EXTENDED = new Set([0x05, 0x0f, 0x85]);
const PROTECTIVE = 0xee;
/** What 32 bits of sector number reach. */
const MOST_SECTORS = 2 ** 32 - 1;

const GPT_HEADER_LEAST = 92;
const GPT_ENTRY_LEAST = 128;
const GPT_TABLE_MAX = 65536;

export interface Partition {
  readonly index: number;
  /** As in an MBR; of a GPT the type that means the same, 0 when there is none. */
  readonly type: number;
  readonly startLba: number;
  readonly sectors: number;
}

export interface PartitionTable {
  /** None: sector 0 holds no table. */
  readonly kind: "none" | "MBR" | "GPT";
  readonly partitions: readonly Partition[];
}

/** What the table is read from. */
export interface SectorReader {
  readonly sizeBytes: number;
  read(offsetBytes: number, target: Uint8Array): void;
}

/** GUIDs as they are written, and the MBR's types that mean the same. */
const GPT_TYPES: readonly (readonly [type: number, guid: string])[] = [
  [0x99, "9b3db7f6-7d65-4c6f-9f4f-465351455255"],
  [0xef, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"],
  [0x83, "0fc63daf-8483-4772-8e79-3d69d8477de4"],
  [0x82, "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"],
  [0x8e, "e6d6d379-f507-44c2-a23c-238f2a3df928"],
  [0x07, "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"],
];

export function readPartitions(disk: SectorReader): PartitionTable {
  const reader = new TableReader(disk);
  const sector = reader.read(0, 1);
  if (sector === null || !isTable(sector)) return { kind: "none", partitions: [] };
  const entries = Array.from({ length: MBR_ENTRIES }, (_, index) => entryOf(sector, index));
  if (entries.some(({ type }) => type === PROTECTIVE))
    return { kind: reader.readGpt() ? "GPT" : "MBR", partitions: reader.partitions };
  // As partition_fault: an entry gives way to those before it, whatever becomes of them.
  const usable = entries.map((entry, index) => reader.isOn(entry) && !entries.slice(0, index).some(overlaps(entry)));
  entries.forEach((entry, index) => {
    if (usable[index] && !EXTENDED.has(entry.type)) reader.add({ index, ...entry });
  });
  const extended = entries.find((entry, index) => usable[index] && EXTENDED.has(entry.type));
  if (extended) reader.readLogical(extended);
  return { kind: "MBR", partitions: reader.partitions };
}

interface Entry {
  readonly type: number;
  readonly startLba: number;
  readonly sectors: number;
}

function entryOf(sector: Uint8Array, index: number): Entry {
  const view = new DataView(sector.buffer, sector.byteOffset);
  const at = 446 + 16 * index;
  return { type: sector[at + 4]!, startLba: view.getUint32(at + 8, true), sectors: view.getUint32(at + 12, true) };
}

/** A boot sector of a file system ends like a table, and has code in its place. */
function isTable(sector: Uint8Array): boolean {
  return (
    sector[510] === 0x55 && sector[511] === 0xaa && [0, 1, 2, 3].every((index) => !(sector[446 + 16 * index]! & 0x7f))
  );
}

/** Whether an earlier entry has sectors of this one. One that ends beyond 32 bits has all that follow its first. */
function overlaps(entry: Entry): (other: Entry) => boolean {
  return (other) =>
    other.type !== 0 &&
    entry.startLba + entry.sectors > other.startLba &&
    entry.startLba < other.startLba + other.sectors;
}

class TableReader {
  readonly partitions: Partition[] = [];
  readonly #disk: SectorReader;
  readonly #sectors: number;

  constructor(disk: SectorReader) {
    this.#disk = disk;
    this.#sectors = Math.min(Math.floor(disk.sizeBytes / SECTOR_BYTES), MOST_SECTORS);
  }

  /** Null: they are not on the disk. */
  read(startLba: number, sectors: number): Uint8Array | null {
    if (startLba >= this.#sectors || sectors > this.#sectors - startLba) return null;
    const bytes = new Uint8Array(sectors * SECTOR_BYTES);
    this.#disk.read(startLba * SECTOR_BYTES, bytes);
    return bytes;
  }

  isOn({ type, startLba, sectors }: Entry): boolean {
    return type !== 0 && startLba > 0 && sectors > 0 && startLba + sectors <= this.#sectors;
  }

  add(partition: Partition): void {
    const { startLba, sectors } = partition;
    if (startLba === 0 || sectors <= 0 || startLba + sectors > this.#sectors) return;
    const others = this.partitions;
    if (others.some((other) => startLba + sectors > other.startLba && startLba < other.startLba + other.sectors))
      return;
    assert(partition.index >= 0 && partition.index < MOST_PARTITIONS, "a partition has a number that none has");
    assert(others.length < MOST_PARTITIONS, "more partitions than there are numbers");
    others.push(partition);
  }

  readLogical(extended: Entry): void {
    let index = MBR_ENTRIES;
    for (let record = 0, left = MOST_RECORDS; left > 0; left--) {
      const sector = this.read(extended.startLba + record, 1);
      if (sector === null || sector[510] !== 0x55 || sector[511] !== 0xaa) return;
      const entry = entryOf(sector, 0);
      if (entry.type !== 0 && !EXTENDED.has(entry.type)) {
        const room = extended.sectors - record - entry.startLba;
        if (entry.startLba !== 0 && room > 0 && entry.sectors <= room)
          this.add({ ...entry, index, startLba: extended.startLba + record + entry.startLba });
        if (++index >= MOST_PARTITIONS) return;
      }
      const next = entryOf(sector, 1);
      if (!EXTENDED.has(next.type) || next.startLba === 0 || next.startLba >= extended.sectors) return;
      record = next.startLba;
    }
  }

  /** False when neither copy can be used. */
  readGpt(): boolean {
    const found = this.#readCopy(1) ?? this.#readCopy(this.#sectors - 1);
    if (found === null) return false;
    const { entries, entryBytes } = found;
    const view = new DataView(entries.buffer);
    for (let index = 0; index < MOST_PARTITIONS && (index + 1) * entryBytes <= entries.length; index++) {
      const at = index * entryBytes;
      if (entries.subarray(at, at + 16).every((byte) => byte === 0)) continue;
      const start = view.getBigUint64(at + 32, true);
      const last = view.getBigUint64(at + 40, true);
      if (start < 2n || last < start || last >= 2n ** 32n) continue;
      const guid = guidText(entries.subarray(at, at + 16));
      const type = GPT_TYPES.find(([, known]) => known === guid)?.[0] ?? 0;
      this.add({ index, type, startLba: Number(start), sectors: Number(last - start) + 1 });
    }
    return true;
  }

  #readCopy(lba: number): { entries: Uint8Array; entryBytes: number } | null {
    const header = this.read(lba, 1);
    if (header === null || String.fromCharCode(...header.subarray(0, 8)) !== "EFI PART") return null;
    const view = new DataView(header.buffer);
    const headerBytes = view.getUint32(12, true);
    if (headerBytes < GPT_HEADER_LEAST || headerBytes > SECTOR_BYTES) return null;
    const checksum = view.getUint32(16, true);
    view.setUint32(16, 0, true);
    if (crc32(header.subarray(0, headerBytes)) !== checksum) return null;
    if (view.getBigUint64(24, true) !== BigInt(lba) || view.getUint32(76, true) !== 0) return null;
    const entryBytes = view.getUint32(84, true);
    const tableBytes = view.getUint32(80, true) * entryBytes;
    const isPower = entryBytes >= GPT_ENTRY_LEAST && Number.isInteger(Math.log2(entryBytes));
    if (!isPower || tableBytes === 0 || tableBytes > GPT_TABLE_MAX) return null;
    const table = this.read(view.getUint32(72, true), Math.ceil(tableBytes / SECTOR_BYTES));
    if (table === null) return null;
    const entries = table.slice(0, tableBytes);
    return crc32(entries) === view.getUint32(88, true) ? { entries, entryBytes } : null;
  }
}

/** The first three fields are little-endian (UEFI Specification 2.10, appendix A). */
function guidText(bytes: Uint8Array): string {
  const hex = (from: number, count: number, reversed: boolean): string => {
    const part = Array.from(bytes.subarray(from, from + count), (byte) => byte.toString(16).padStart(2, "0"));
    return (reversed ? part.reverse() : part).join("");
  };
  return [hex(0, 4, true), hex(4, 2, true), hex(6, 2, true), hex(8, 2, false), hex(10, 6, false)].join("-");
}

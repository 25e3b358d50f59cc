/** The structures of a volume, byte by byte: docs/formats/oofs.md says what they mean. */
import { crc32 } from "../../bytes/crc32.ts";
import { assert } from "../../diagnostic/invariant.ts";
import { damaged } from "../error.ts";

export const SECTOR_BYTES = 512;
export const BLOCK_BYTES = 4096;
export const VERSION = 2;
export const BLOCKS_MIN = 64;
export const BLOCKS_MAX = 2 ** 29;
/** Blocks 0-2 and the last two have fixed uses. */
export const FIRST_BLOCK = 3;
export const LAST_BLOCKS = 2;

export const POINTERS_PER_NODE = 510;
export const NODE_POINTERS = 16;
export const TABLE_ID = 0;
export const MAP_ID = 0xffffffff;
export const ROOT_ID = 1;

export const SLOT_BYTES = 128;
export const SLOTS_PER_BLOCK = BLOCK_BYTES / SLOT_BYTES;
export const REGION_BLOCKS = BLOCK_BYTES * 8;
export const FILE_BYTES_MAX = 2 ** 44 - 4096;
export const SNAPSHOTS_MAX = 15;

export const CLASS_DIRECTORY = "directory";
export const CLASS_FILE = "file";
export const CLASS_TABLE = "object_table";

export interface Pointer {
  readonly block: number;
  readonly sum: number;
}
export const HOLE: Pointer = { block: 0, sum: 0 };

export interface Time {
  readonly seconds: number;
  readonly nanoseconds: number;
}
export const UNKNOWN_TIME: Time = { seconds: 0, nanoseconds: 0 };

/** What a commit makes current. */
export interface State {
  sequence: bigint;
  time: Time;
  table: Pointer;
  map: Pointer;
  snapshots: Pointer;
  table2: Pointer;
  snapshots2: Pointer;
  blocks: number;
  slots: number;
  objects: number;
  firstFree: number;
  classDirectory: number;
  orphan: number;
  used: number;
  free: number;
}

export interface ObjectRecord {
  depth: number;
  id: number;
  parent: number;
  size: number;
  changed: bigint;
  root: Pointer;
  modified: Time;
  created: Time;
  /** Entries of a directory, version of a persistent object's class. */
  count: number;
  nextOrphan: number;
  className: string;
}

export interface CommitRecord {
  readonly volume: bigint;
  readonly first: boolean;
  readonly state: State;
}

export interface Superblock {
  readonly blocks: number;
  readonly volume: bigint;
}

export interface Snapshot {
  readonly name: string;
  readonly state: State;
}

const MAGIC_SUPER = magic("OOFSSUPR");
const MAGIC_AWAY = magic("OOFSAWAY");
const MAGIC_COMMIT = magic("OOFSCMIT");
export const MAGIC_NODE = word("OOTN");
const MAGIC_OBJECT = word("OOBJ");
export const MAGIC_LEAF = word("OODL");
const MAGIC_SNAPSHOTS = word("OOSL");
const SNAPSHOT_BYTES = 256;
/** Version 1's directories: an array of entries. */
const OLD_ENTRY_BYTES = 256;

function magic(text: string): bigint {
  return BigInt(word(text)) | (BigInt(word(text.slice(4))) << 32n);
}

function word(text: string): number {
  return [0, 1, 2, 3].reduce((sum, index) => sum + text.charCodeAt(index) * 2 ** (8 * index), 0);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** Blocks of a content of `size` bytes. */
export function blocksOf(size: number): number {
  return Math.ceil(size / BLOCK_BYTES);
}

export function depthOf(blocks: number): number {
  let depth = 0;
  for (let reach = 1; reach < blocks; reach *= POINTERS_PER_NODE) depth++;
  return depth;
}

export function regionsOf(blocks: number): number {
  return Math.ceil(blocks / REGION_BLOCKS);
}

/** Blocks and nodes of a map without holes: what one commit writes of it at most. */
export function mapBlocksOf(blocks: number): number {
  let sum = 0;
  let level = regionsOf(blocks);
  for (; level > 1; level = Math.ceil(level / POINTERS_PER_NODE)) sum += level;
  return sum + 1;
}

export function isReserved(block: number, blocks: number, lastBlocks = LAST_BLOCKS): boolean {
  return block < FIRST_BLOCK || block >= blocks - lastBlocks;
}

export function readPointer(bytes: Uint8Array, at: number): Pointer {
  const view = viewOf(bytes);
  return { block: view.getUint32(at, true), sum: view.getUint32(at + 4, true) };
}

export function writePointer(bytes: Uint8Array, at: number, { block, sum }: Pointer): void {
  assert(block !== 0 || sum === 0, "a hole gets a checksum");
  const view = viewOf(bytes);
  view.setUint32(at, block, true);
  view.setUint32(at + 4, sum, true);
}

function readTime(view: DataView, at: number): Time {
  return { seconds: view.getUint32(at, true), nanoseconds: view.getUint32(at + 4, true) };
}

function writeTime(view: DataView, at: number, time: Time): void {
  view.setUint32(at, time.seconds, true);
  view.setUint32(at + 4, time.nanoseconds, true);
}

/** The checksum of a sector whose own field for it counts as zero. */
export function sectorSum(sector: Uint8Array): number {
  const copy = sector.slice(0, SECTOR_BYTES);
  viewOf(copy).setUint32(12, 0, true);
  return crc32(copy);
}

function sealed(sector: Uint8Array): Uint8Array {
  viewOf(sector).setUint32(12, sectorSum(sector), true);
  return sector;
}

/** The version in a superblock, or null when the sector is not a valid one. */
export function superblockVersion(sector: Uint8Array): number | null {
  const view = viewOf(sector);
  if (view.getBigUint64(0, true) !== MAGIC_SUPER || view.getUint32(12, true) !== sectorSum(sector)) return null;
  return view.getUint32(16, true) === BLOCK_BYTES ? view.getUint32(8, true) : null;
}

export function decodeSuperblock(sector: Uint8Array): Superblock | null {
  if (superblockVersion(sector) !== VERSION || !isZero(sector, 32, SECTOR_BYTES)) return null;
  const view = viewOf(sector);
  const blocks = view.getUint32(20, true);
  const volume = view.getBigUint64(24, true);
  return blocks < BLOCKS_MIN || blocks > BLOCKS_MAX || volume === 0n ? null : { blocks, volume };
}

/** Whether it is the first sector of a volume whose files have moved (docs/protocols/fork.md). */
export function isAwaySector(sector: Uint8Array): boolean {
  return viewOf(sector).getBigUint64(0, true) === MAGIC_AWAY;
}

export function encodeSuperblock({ blocks, volume }: Superblock): Uint8Array {
  assert(blocks >= BLOCKS_MIN && blocks <= BLOCKS_MAX && volume !== 0n, "a superblock is of no volume");
  const sector = new Uint8Array(SECTOR_BYTES);
  const view = viewOf(sector);
  view.setBigUint64(0, MAGIC_SUPER, true);
  view.setUint32(8, VERSION, true);
  view.setUint32(16, BLOCK_BYTES, true);
  view.setUint32(20, blocks, true);
  view.setBigUint64(24, volume, true);
  return sealed(sector);
}

/** `parity`: the place in which the record stands. Null when it is not valid there. */
export function decodeCommit(sector: Uint8Array, parity: number): CommitRecord | null {
  const view = viewOf(sector);
  if (view.getBigUint64(0, true) !== MAGIC_COMMIT || view.getUint32(8, true) !== VERSION) return null;
  if (view.getUint32(12, true) !== sectorSum(sector)) return null;
  const volume = view.getBigUint64(16, true);
  const flags = view.getUint32(24, true);
  if (volume === 0n || flags > 1 || !isZero(sector, 28, 32) || !isZero(sector, 160, SECTOR_BYTES)) return null;
  const state = decodeState(sector.subarray(32, 160));
  if (!state || Number(state.sequence & 1n) !== parity) return null;
  return { volume, first: flags === 1, state };
}

export function encodeCommit({ volume, first, state }: CommitRecord): Uint8Array {
  assert(volume !== 0n && state.sequence > 0n, "a commit record is of no volume");
  const sector = new Uint8Array(SECTOR_BYTES);
  const view = viewOf(sector);
  view.setBigUint64(0, MAGIC_COMMIT, true);
  view.setUint32(8, VERSION, true);
  view.setBigUint64(16, volume, true);
  view.setUint32(24, first ? 1 : 0, true);
  sector.set(encodeState(state), 32);
  return sealed(sector);
}

/** Null when a rule of the page is broken. */
function decodeState(bytes: Uint8Array): State | null {
  const view = viewOf(bytes);
  const u32 = (at: number): number => view.getUint32(at, true);
  const state: State = {
    sequence: view.getBigUint64(0, true),
    time: readTime(view, 8),
    table: readPointer(bytes, 16),
    map: readPointer(bytes, 24),
    snapshots: readPointer(bytes, 32),
    table2: readPointer(bytes, 72),
    snapshots2: readPointer(bytes, 80),
    blocks: u32(40),
    slots: u32(44),
    objects: u32(48),
    firstFree: u32(52),
    classDirectory: u32(56),
    orphan: u32(60),
    used: u32(64),
    free: u32(68),
  };
  const { blocks, slots } = state;
  const points = (pointer: Pointer): boolean => !isReserved(pointer.block, blocks);
  const valid =
    state.sequence > 0n &&
    blocks >= BLOCKS_MIN &&
    blocks <= BLOCKS_MAX &&
    slots >= SLOTS_PER_BLOCK &&
    slots <= 2 ** 31 &&
    slots % SLOTS_PER_BLOCK === 0 &&
    // A walk over more than there can be would take for ever.
    slots / SLOTS_PER_BLOCK <= blocks &&
    points(state.table) &&
    points(state.map) &&
    points(state.table2) &&
    (points(state.snapshots) || (state.snapshots.block === 0 && state.snapshots.sum === 0)) &&
    (points(state.snapshots2) || (state.snapshots2.block === 0 && state.snapshots2.sum === 0)) &&
    (state.snapshots.block === 0) === (state.snapshots2.block === 0) &&
    state.objects < slots &&
    state.firstFree >= 1 &&
    state.classDirectory > ROOT_ID &&
    state.classDirectory < slots &&
    state.orphan < slots &&
    state.used + state.free <= blocks &&
    isZero(bytes, 88, 128);
  return valid ? state : null;
}

function encodeState(state: State): Uint8Array {
  const bytes = new Uint8Array(128);
  const view = viewOf(bytes);
  view.setBigUint64(0, state.sequence, true);
  writeTime(view, 8, state.time);
  writePointer(bytes, 16, state.table);
  writePointer(bytes, 24, state.map);
  writePointer(bytes, 32, state.snapshots);
  writePointer(bytes, 72, state.table2);
  writePointer(bytes, 80, state.snapshots2);
  const { blocks, slots, objects, firstFree, classDirectory, orphan, used, free } = state;
  [blocks, slots, objects, firstFree, classDirectory, orphan, used, free].forEach((value, index) => {
    view.setUint32(40 + 4 * index, value, true);
  });
  return bytes;
}

/**
 * Decodes a slot of the object table; null for a free one. Versions 1 and 2 differ in what follows the root pointer.
 */
export function decodeObject(bytes: Uint8Array, id: number, version = VERSION): ObjectRecord | null {
  const view = viewOf(bytes);
  const fail = (what: string): never => {
    throw damaged(`the record of object ${id} is damaged: ${what}`);
  };
  if (view.getUint32(0, true) !== MAGIC_OBJECT) {
    if (!isZero(bytes, 0, SLOT_BYTES)) fail("it has no magic number, and is not a free slot");
    return null;
  }
  const size = view.getUint32(16, true) + view.getUint32(20, true) * 2 ** 32;
  if (view.getUint16(4, true) !== version) fail(`version ${view.getUint16(4, true)}`);
  if (view.getUint32(8, true) !== id) fail(`it says that it is object ${view.getUint32(8, true)}`);
  if (size > FILE_BYTES_MAX) fail(`a size of ${size} bytes`);
  const depth = bytes[6]!;
  if (depth !== depthOf(blocksOf(size)) || bytes[7] !== 0) fail(`a depth of ${depth} for ${size} bytes`);
  const root = readPointer(bytes, 32);
  if (root.block === 0 && root.sum !== 0) fail("a hole with a checksum");
  const end = bytes.indexOf(0, 64);
  const className = String.fromCharCode(...bytes.subarray(64, end < 0 ? SLOT_BYTES : end));
  if (end < 0 || end >= SLOT_BYTES || !isClassName(className) || !isZero(bytes, end, SLOT_BYTES))
    fail("its class name");
  if (version === 1 && !isZero(bytes, 40, 64)) fail("fields that version 1 does not have");
  const record: ObjectRecord = {
    depth,
    id,
    parent: view.getUint32(12, true),
    size,
    changed: view.getBigUint64(24, true),
    root,
    modified: readTime(view, 40),
    created: readTime(view, 48),
    count: view.getUint32(56, true),
    nextOrphan: view.getUint32(60, true),
    className,
  };
  if (className === CLASS_DIRECTORY && version === VERSION && size % BLOCK_BYTES !== 0) fail("its size");
  return record;
}

export function encodeObject(record: ObjectRecord): Uint8Array {
  assert(
    record.id >= 1 && record.size >= 0 && record.size <= FILE_BYTES_MAX,
    "an object has a size that none can have",
  );
  assert(isClassName(record.className), "an object has a class that no page allows");
  const bytes = new Uint8Array(SLOT_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, MAGIC_OBJECT, true);
  view.setUint16(4, VERSION, true);
  bytes[6] = record.depth;
  view.setUint32(8, record.id, true);
  view.setUint32(12, record.parent, true);
  view.setBigUint64(16, BigInt(record.size), true);
  view.setBigUint64(24, record.changed, true);
  writePointer(bytes, 32, record.root);
  writeTime(view, 40, record.modified);
  writeTime(view, 48, record.created);
  view.setUint32(56, record.count, true);
  view.setUint32(60, record.nextOrphan, true);
  for (let at = 0; at < record.className.length; at++) bytes[64 + at] = record.className.charCodeAt(at);
  return bytes;
}

/** The blocks that a superblock of version 1 gives. */
export function decodeOldSuperblock(sector: Uint8Array): number {
  return viewOf(sector).getUint32(20, true);
}

export interface OldCommitRecord {
  readonly sequence: bigint;
  readonly blocks: number;
  readonly used: number;
  readonly objects: number;
  readonly table: ObjectRecord;
}

/** A commit record of version 1; null when it is not valid. */
export function decodeOldCommit(sector: Uint8Array, parity: number): OldCommitRecord | null {
  const view = viewOf(sector);
  if (view.getBigUint64(0, true) !== MAGIC_COMMIT || view.getUint32(8, true) !== 1) return null;
  if (view.getUint32(12, true) !== sectorSum(sector)) return null;
  const sequence = view.getBigUint64(16, true);
  if (sequence === 0n || Number(sequence & 1n) !== parity) return null;
  let table: ObjectRecord | null = null;
  try {
    table = decodeObject(sector.subarray(40, 168), 0, 1);
  } catch {
    return null;
  }
  if (!table || table.className !== CLASS_TABLE || table.size === 0 || table.size % BLOCK_BYTES !== 0) return null;
  const blocks = view.getUint32(24, true);
  if (table.size / BLOCK_BYTES > blocks - FIRST_BLOCK) return null;
  return {
    sequence,
    blocks,
    used: view.getUint32(28, true),
    objects: view.getUint32(32, true),
    table,
  };
}

/** The entries in a block of a directory of version 1. */
export function decodeOldEntries(block: Uint8Array, directory: number): { id: number; name: string }[] {
  assert(block.length % OLD_ENTRY_BYTES === 0, "a directory of version 1 is not whole entries");
  const entries: { id: number; name: string }[] = [];
  for (let at = 0; at < block.length; at += OLD_ENTRY_BYTES) {
    const entry = block.subarray(at, at + OLD_ENTRY_BYTES);
    const view = viewOf(entry);
    const id = view.getUint32(0, true);
    if (id === 0) continue;
    const length = view.getUint16(4, true);
    const name = new TextDecoder("utf-8", { ignoreBOM: true }).decode(entry.subarray(8, 8 + length));
    if (length < 1 || length > 247 || !isZero(entry, 8 + length, OLD_ENTRY_BYTES) || !isPrintable(name))
      throw damaged(`an entry of directory ${directory} is damaged`);
    entries.push({ id, name });
  }
  return entries;
}

export function isClassName(name: string): boolean {
  return /^[\x21-\x7e]{1,63}$/.test(name);
}

export function decodeSnapshots(bytes: Uint8Array): Snapshot[] {
  const view = viewOf(bytes);
  const count = view.getUint16(6, true);
  const end = SNAPSHOT_BYTES * (1 + count);
  const valid =
    view.getUint32(0, true) === MAGIC_SNAPSHOTS &&
    view.getUint16(4, true) === 1 &&
    count >= 1 &&
    count <= SNAPSHOTS_MAX &&
    isZero(bytes, 8, SNAPSHOT_BYTES) &&
    isZero(bytes, end, BLOCK_BYTES);
  if (!valid) throw damaged("the snapshot list is damaged: it is not one");
  return Array.from({ length: count }, (_, index) => {
    const entry = bytes.subarray(SNAPSHOT_BYTES * (1 + index), SNAPSHOT_BYTES * (2 + index));
    const stop = entry.indexOf(0);
    const state = decodeState(entry.subarray(128, 256));
    const name = new TextDecoder().decode(entry.subarray(0, stop));
    if (stop < 1 || stop > 63 || !isZero(entry, stop, 128) || !state || !isPrintable(name))
      throw damaged(`the snapshot list is damaged: entry ${index}`);
    return { name, state };
  });
}

export function encodeSnapshots(snapshots: readonly Snapshot[]): Uint8Array {
  assert(snapshots.length >= 1 && snapshots.length <= SNAPSHOTS_MAX, "a list of snapshots has none, or too many");
  const bytes = new Uint8Array(BLOCK_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, MAGIC_SNAPSHOTS, true);
  view.setUint16(4, 1, true);
  view.setUint16(6, snapshots.length, true);
  snapshots.forEach(({ name, state }, index) => {
    bytes.set(new TextEncoder().encode(name), SNAPSHOT_BYTES * (1 + index));
    bytes.set(encodeState(state), SNAPSHOT_BYTES * (1 + index) + 128);
  });
  return bytes;
}

/** Whether a name shows as what it is: not empty, without control characters and slashes. */
export function isPrintable(name: string): boolean {
  return name !== "" && !/[\0-\x1f\x7f/]/.test(name);
}

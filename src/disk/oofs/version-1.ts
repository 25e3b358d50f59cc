/**
 * Volumes of version 1: conversion in one commit, in steps that are each flushed. What does not change its form stays
 * where it is.
 *
 * 1. Walk all of the state with the higher sequence number n (if its record is damaged, of the other, with a message),
 *    and refuse damage.
 * 2. Write, to free blocks other than the last two: a table with records of version 2 (same ids; times unknown; class
 *    version 0), the directories' new content, a class directory, the map. Blocks in the place of the last two are
 *    copied. Persistent objects that do not count become orphans.
 * 3. Write the first copy of commit record n + 1 of version 2, with the flag "first", over the record with number n -
 *    1. Its second copy must wait: version 1 may have content there.
 * 4. Write the superblock of version 2, which decides the version.
 * 5. Write the second copy of record n + 1, and commit n + 2 with the same content.
 *
 * Version 1 differs from docs/formats/oofs.md in these:
 *
 * - Superblock: version 1; zero from 24 on. Blocks 3 to B-1 are for everything else.
 * - Commit record: version 1; at 16 u64 sequence number; 24 u32 blocks of the volume; 28 u32 blocks in use: blocks 0-2
 *   and every block that is pointed to; 32 u32 objects; 36 zero; 40 the 128-byte object record of the object table (id
 *   0, class `object_table`, size a multiple of 4096, not 0 and no more than B - 3 blocks have); zero from 168 on. The
 *   valid one with the higher number is the state; if what it leads to is damaged, the other one.
 * - Object record: version 1; zero from 40 to 63. Persistent objects have parent 0 and no name; of several of a class
 *   the one with the lowest id counts.
 * - Directory: an array of entries of 256 bytes: u32 id (0: free); u16 bytes of the name, 1 to 247; u16 zero; 248 bytes
 *   name, padded with zeros.
 */

import type { BlockDevice } from "../device.ts";
import { damaged, isDamage } from "../error.ts";
import { readSector } from "./commit.ts";
import { checkName, Directory } from "./directory.ts";
import { emptyState } from "./format.ts";
import {
  BLOCK_BYTES,
  BLOCKS_MAX,
  BLOCKS_MIN,
  blocksOf,
  CLASS_DIRECTORY,
  CLASS_FILE,
  decodeObject,
  decodeOldCommit,
  decodeOldEntries,
  decodeOldSuperblock,
  encodeCommit,
  encodeSuperblock,
  FIRST_BLOCK,
  HOLE,
  isReserved,
  LAST_BLOCKS,
  type ObjectRecord,
  type OldCommitRecord,
  REGION_BLOCKS,
  ROOT_ID,
  SLOT_BYTES,
  SLOTS_PER_BLOCK,
  TABLE_ID,
  type Time,
} from "./layout.ts";
import { BlockStore } from "./store.ts";
import { Tree } from "./tree.ts";
import { Volume } from "./volume.ts";

export interface ConvertOptions {
  readonly id: bigint;
  readonly now: () => Time;
  readonly warn: (sentence: string) => void;
}

/** A state of version 1, proved but for the content of files and objects. */
interface OldState {
  readonly record: OldCommitRecord;
  readonly objects: readonly ObjectRecord[];
  /** Entries of each directory. */
  readonly names: ReadonlyMap<number, readonly { id: number; name: string }[]>;
  /** Bits of the used blocks by region. */
  readonly used: ReadonlyMap<number, Uint8Array>;
  /** Blocks of the table and of directories, which get new ones. */
  readonly replaced: readonly number[];
  /** What stands where the second copies of the commit records will be. */
  readonly inTheWay: readonly { readonly object: ObjectRecord; readonly level: number; readonly index: number }[];
}

export function convert(device: BlockDevice, { id, now, warn }: ConvertOptions): void {
  const blocks = decodeOldSuperblock(readSector(device, 0)!);
  if (blocks < BLOCKS_MIN || blocks > BLOCKS_MAX) throw damaged(`a superblock of version 1 with ${blocks} blocks`);
  if (blocks * BLOCK_BYTES > device.sizeBytes)
    throw damaged(
      `the partition has ${Math.floor(device.sizeBytes / BLOCK_BYTES)} blocks, but the volume, of version 1, has ${blocks}; make the partition at least ${blocks * 8} sectors long`,
    );
  const store = new BlockStore(device, blocks);
  store.lastBlocks = 0;
  const old = readOld(store, warn);
  const options = { readOnly: false, now, warn };
  const { sequence } = old.record;
  const slots = old.record.table.size / SLOT_BYTES;
  const free = [...old.used].reduce(
    (left, [region, bits]) => left - countFree(region, bits, blocks),
    emptyState(blocks).free,
  );
  const volume = new Volume(
    store,
    id,
    { ...emptyState(blocks), sequence, slots, free },
    options,
    (region) => old.used.get(region) ?? null,
  );
  const { space } = volume;
  for (const [region, bits] of old.used) space.adopt(region, withoutFixed(region, bits, blocks));
  for (const block of [0, 1, 2, blocks - 2, blocks - 1]) space.mark(block, true);
  for (const block of old.replaced) space.release(block, false);
  convertObjects(volume, old);
  volume.commit(true, (target, record) => {
    // The second copy must wait: version 1 may have content in its place.
    target.flush();
    target.write((1 + Number(record.state.sequence & 1n)) * BLOCK_BYTES, encodeCommit(record));
    target.flush();
  });
  device.write(0, encodeSuperblock({ blocks, volume: id }));
  device.flush();
}

function convertObjects(volume: Volume, old: OldState): void {
  const { state } = volume;
  const counted = new Map<string, number>();
  for (const object of old.objects) {
    const { id, className } = object;
    const directory = className === CLASS_DIRECTORY;
    const persistent = object.parent === 0 && id !== ROOT_ID;
    // Only the first object of a class could be reached; what is not can be freed.
    const orphan = persistent && counted.has(className);
    if (persistent && !orphan) counted.set(className, id);
    volume.put({
      ...object,
      count: 0,
      nextOrphan: orphan ? state.orphan : 0,
      ...(directory ? { root: HOLE, size: 0, depth: 0 } : {}),
    });
    if (orphan) state.orphan = id;
    state.objects++;
  }
  state.classDirectory = volume.takeSlot();
  const now = volume.options.now();
  volume.put({
    depth: 0,
    id: state.classDirectory,
    parent: 0,
    size: 0,
    changed: 0n,
    root: HOLE,
    modified: now,
    created: now,
    count: 0,
    nextOrphan: 0,
    className: CLASS_DIRECTORY,
  });
  for (const [className, id] of counted) {
    new Directory(volume, volume.get(state.classDirectory)).insert(className, id);
    volume.put({ ...volume.get(id), parent: state.classDirectory });
  }
  for (const [directory, names] of old.names)
    for (const { id, name } of names) new Directory(volume, volume.get(directory)).insert(name, id);
  for (const { object, level, index } of old.inTheWay) {
    const record = volume.get(object.id);
    volume.changeTree(record).relocate(level, index);
    volume.put(record);
  }
}

function readOld(store: BlockStore, warn: (sentence: string) => void): OldState {
  const records = [0, 1]
    .map((parity) => {
      const sector = readSector(store.device, 1 + parity);
      return sector && decodeOldCommit(sector, parity);
    })
    .filter((record) => record !== null && record.blocks === store.blocks)
    .sort((a, b) => (a!.sequence > b!.sequence ? -1 : 1)) as OldCommitRecord[];
  const [best, other] = records;
  if (!best) throw damaged("neither commit record is valid (version 1)");
  if (!other && best.sequence > 1n)
    warn(
      `one of the two commit records is damaged; commit ${best.sequence} is taken, which may be older than the last`,
    );
  try {
    return walkOld(store, best);
  } catch (error) {
    if (!isDamage(error) || !other) throw error;
    warn(`${error.message}; going back to commit ${other.sequence}`);
    return walkOld(store, other);
  }
}

function walkOld(store: BlockStore, record: OldCommitRecord): OldState {
  const used = new Map<number, Uint8Array>();
  const replaced: number[] = [];
  const inTheWay: OldState["inTheWay"][number][] = [];
  let count = FIRST_BLOCK;
  const mark = (block: number): void => {
    const region = Math.floor(block / REGION_BLOCKS);
    let bits = used.get(region);
    if (!bits) used.set(region, (bits = new Uint8Array(BLOCK_BYTES)));
    const at = (block % REGION_BLOCKS) >> 3;
    if (block < FIRST_BLOCK || block >= store.blocks) throw damaged(`a pointer leads to block ${block}`);
    if (bits[at]! & (1 << (block & 7))) throw damaged(`two pointers lead to block ${block}`);
    bits[at]! |= 1 << (block & 7);
    count++;
  };
  const walk = (tree: Tree, object: ObjectRecord, movable: boolean): void =>
    tree.walk(({ block }, level, index) => {
      mark(block);
      if (!movable) replaced.push(block);
      else if (isReserved(block, store.blocks)) inTheWay.push({ object, level, index });
      return true;
    });
  const treeOf = (object: ObjectRecord): Tree => new Tree(store, object.id, object.root, blocksOf(object.size));
  const table = new Tree(store, TABLE_ID, record.table.root, blocksOf(record.table.size));
  walk(table, record.table, false);
  const objects: ObjectRecord[] = [];
  for (let index = 0; index < table.blocks; index++) {
    const block = table.read(index);
    for (let slot = 0; block && slot < SLOTS_PER_BLOCK; slot++) {
      const id = index * SLOTS_PER_BLOCK + slot;
      const object = decodeObject(block.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES), id, 1);
      if (object && id === 0) throw damaged("slot 0 of the object table is used");
      if (object) objects.push(object);
    }
  }
  if (objects.find(({ id }) => id === ROOT_ID)?.className !== CLASS_DIRECTORY)
    throw damaged("the root directory is missing");
  const names = new Map<number, readonly { id: number; name: string }[]>();
  for (const object of objects) {
    const directory = object.className === CLASS_DIRECTORY;
    walk(treeOf(object), object, !directory);
    if (directory) names.set(object.id, readNames(treeOf(object), object, objects));
    else if (object.parent === 0 && object.className === CLASS_FILE)
      throw damaged(`file ${object.id} is in no directory`);
  }
  if (objects.length !== record.objects || count !== record.used)
    throw damaged(
      `the commit record counts ${record.objects} objects and ${record.used} blocks, there are ${objects.length} and ${count}`,
    );
  return { record, objects, names, used, replaced, inTheWay };
}

function readNames(
  tree: Tree,
  directory: ObjectRecord,
  objects: readonly ObjectRecord[],
): { id: number; name: string }[] {
  const names: { id: number; name: string }[] = [];
  const known = new Map(objects.map((object) => [object.id, object]));
  const seen = new Set<string>();
  for (let index = 0; index < tree.blocks; index++) {
    const block = tree.read(index);
    if (!block) continue;
    for (const entry of decodeOldEntries(
      block.subarray(0, Math.min(BLOCK_BYTES, directory.size - index * BLOCK_BYTES)),
      directory.id,
    )) {
      checkName(entry.name);
      if (known.get(entry.id)?.parent !== directory.id || seen.has(entry.name))
        throw damaged(`an entry of directory ${directory.id} leads to object ${entry.id}, which is not in it`);
      seen.add(entry.name);
      names.push(entry);
    }
  }
  return names;
}

function withoutFixed(region: number, bits: Uint8Array, blocks: number): Uint8Array {
  const copy = bits.slice();
  for (let block = blocks - LAST_BLOCKS; block < blocks; block++)
    if (Math.floor(block / REGION_BLOCKS) === region) copy[(block % REGION_BLOCKS) >> 3]! &= ~(1 << (block & 7));
  return copy;
}

function countFree(region: number, bits: Uint8Array, blocks: number): number {
  return withoutFixed(region, bits, blocks).reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
}

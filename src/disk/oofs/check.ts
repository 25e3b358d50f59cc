/** Checks a whole volume: every block of every state by its checksum, and all that must agree with each other. */

import { FileSystemError } from "../error.ts";
import { readRecord, readSector, recordBlocks } from "./commit.ts";
import { Directory } from "./directory.ts";
import type { FileSystem } from "./file-system.ts";
import {
  BLOCK_BYTES,
  CLASS_DIRECTORY,
  decodeSuperblock,
  MAP_ID,
  type ObjectRecord,
  REGION_BLOCKS,
  ROOT_ID,
  regionsOf,
  type State,
} from "./layout.ts";
import { Tree } from "./tree.ts";
import { Volume } from "./volume.ts";
import { walkState } from "./walk.ts";

export interface Problem {
  readonly text: string;
  /** Name of the snapshot in which it is. */
  readonly snapshot?: string;
  readonly object?: number;
  readonly path?: string;
  /** Of the damaged part of the object's content. */
  readonly offset?: number;
  readonly block?: number;
}

export interface CheckReport {
  readonly problems: readonly Problem[];
  readonly objects: number;
  readonly usedBlocks: number;
  readonly freeBlocks: number;
  readonly blocks: number;
  readonly sequence: bigint;
}

/** Looks at what the last commit has. */
export function check(fileSystem: FileSystem): CheckReport {
  const { volume } = fileSystem;
  const problems: Problem[] = [];
  volume.store.forget();
  checkFixedBlocks(volume, problems);
  const { committed } = volume;
  const maps = [checkState(volume, committed, undefined, problems)];
  let snapshots: Volume["snapshots"] = [];
  try {
    snapshots = volume.snapshots;
  } catch (error) {
    problems.push({ text: sentence(error) });
  }
  for (const { name, state } of snapshots) maps.push(checkState(volume, state, name, problems));
  let free = 0;
  for (let at = 0; at * 8 < committed.blocks; at++) {
    const end = committed.blocks - at * 8;
    const held = maps.reduce((sum, map) => sum | (map[at] ?? 0), end >= 8 ? 0 : 0xff & ~((1 << end) - 1));
    free += 8 - bitsOf(held);
  }
  if (free !== committed.free && problems.length === 0)
    problems.push({ text: `the commit record counts ${committed.free} free blocks, there are ${free}` });
  const { objects, used, blocks, sequence } = committed;
  return { problems, objects, usedBlocks: used, freeBlocks: free, blocks, sequence };
}

function checkFixedBlocks({ store: { device }, committed, id }: Volume, problems: Problem[]): void {
  const { blocks } = committed;
  const sector = readSector(device, 0);
  const superblock = sector && decodeSuperblock(sector);
  if (!superblock || superblock.volume !== id) problems.push({ text: "the superblock is damaged", block: 0 });
  for (const parity of [0, 1])
    for (const block of recordBlocks(parity, blocks)) {
      const record = readRecord(device, block, parity);
      if (!record || record.volume !== id)
        problems.push({ text: `the commit record in block ${block} is damaged`, block });
    }
}

/** The result has a bit for each block that the state leads to. */
function checkState(volume: Volume, state: State, snapshot: string | undefined, problems: Problem[]): Uint8Array {
  const { store, id, options } = volume;
  const view = new Volume(store, id, state, { ...options, readOnly: true, warn: () => {} });
  const where = snapshot === undefined ? {} : { snapshot };
  const report = (text: string, more: Partial<Problem> = {}): void => void problems.push({ text, ...where, ...more });
  const names = readNames(view, state, report);
  const used = new Uint8Array(Math.ceil(state.blocks / 8));
  const mark = (block: number): boolean => {
    const before = used[block >> 3]! & (1 << (block & 7));
    used[block >> 3]! |= 1 << (block & 7);
    return before === 0;
  };
  for (const block of [0, 1, 2, state.blocks - 2, state.blocks - 1]) mark(block);
  const orphans = new Set<number>();
  for (let id = state.orphan; id !== 0 && !orphans.has(id); ) {
    orphans.add(id);
    try {
      id = view.find(id)?.nextOrphan ?? 0;
    } catch {
      // Said when the object's turn comes.
      break;
    }
  }
  let objects = 0;
  let current: ObjectRecord | null = null;
  const placeOf = (level: number, index: number): Partial<Problem> => ({
    ...(current
      ? { object: current.id, path: pathOf(names, state, current.id), offset: index * 510 ** level * BLOCK_BYTES }
      : {}),
  });
  walkState(store, state, {
    block(block, pointer, tree, level, index) {
      const place = { block, ...placeOf(level, index) };
      if (block < state.blocks && !mark(block)) {
        report(`two pointers lead to block ${block}`, place);
        return false;
      }
      if (level === 0)
        try {
          const bytes = store.read(pointer, () => (tree ? tree.place(0, index) : "the snapshot list"));
          const end = current ? current.size - index * BLOCK_BYTES : BLOCK_BYTES;
          if (tree && bytes.subarray(Math.max(0, end)).some((byte) => byte !== 0))
            report(`bytes after the end of object ${tree.id}`, place);
        } catch (error) {
          report(sentence(error), place);
        }
      return true;
    },
    object(record) {
      current = record;
      objects++;
      checkObject(state, record, names, orphans, report);
    },
    broken(error, tree, level, index) {
      report(sentence(error), tree ? placeOf(level, index) : {});
    },
  });
  if (objects !== state.objects) report(`the commit record counts ${state.objects} objects, there are ${objects}`);
  compareMap(view, state, used, report);
  return used;
}

type Report = (text: string, more?: Partial<Problem>) => void;
type Names = Map<number, { readonly parent: number; readonly name: string }>;

/** Who is named by which directory. */
function readNames(view: Volume, state: State, report: Report): Names {
  const names: Names = new Map();
  const open = [ROOT_ID, state.classDirectory];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    try {
      const record = view.get(id);
      if (record.className !== CLASS_DIRECTORY) report(`object ${id} is not a directory`, { object: id });
      let count = 0;
      for (const entry of new Directory(view, record).entries()) {
        count++;
        const member = view.find(entry.id);
        const place = { object: id, path: pathOf(names, state, id) };
        if (names.has(entry.id)) report(`two entries lead to object ${entry.id}`, place);
        else if (member?.parent !== id || (id === state.classDirectory && member.className !== entry.name))
          report(
            `the entry ${JSON.stringify(entry.name)} leads to object ${entry.id}, which is ${member ? "not in it" : "missing"}`,
            place,
          );
        else {
          names.set(entry.id, { parent: id, name: entry.name });
          if (member.className === CLASS_DIRECTORY && entry.id !== ROOT_ID) open.push(entry.id);
        }
      }
      if (count !== record.count)
        report(`directory ${id} counts ${record.count} entries, there are ${count}`, { object: id });
    } catch (error) {
      report(sentence(error), { object: id, path: pathOf(names, state, id) });
    }
  }
  return names;
}

function checkObject(
  state: State,
  record: ObjectRecord,
  names: Names,
  orphans: ReadonlySet<number>,
  report: Report,
): void {
  const { id, parent } = record;
  if (id === ROOT_ID || id === state.classDirectory) return;
  if (parent !== 0 && !names.has(id)) report(`object ${id} has no name in directory ${parent}`, { object: id });
  if (parent !== 0) return;
  if (!orphans.has(id)) report(`object ${id} has no parent, and is not in the list of orphans`, { object: id });
}

function pathOf(names: Names, state: State, id: number): string {
  if (id === ROOT_ID) return "/";
  const parts: string[] = [];
  let here = names.get(id);
  for (let steps = 0; here && steps < 1000; steps++) {
    parts.unshift(here.name);
    here = names.get(here.parent);
  }
  return parts.length === 0 ? (id === state.classDirectory ? "(class directory)" : `#${id}`) : `/${parts.join("/")}`;
}

function compareMap({ store }: Volume, state: State, used: Uint8Array, report: Report): void {
  const map = new Tree(store, MAP_ID, state.map, regionsOf(state.blocks));
  let wrong = 0;
  let first = 0;
  let count = 0;
  for (let region = 0; region < map.blocks; region++) {
    let bytes: Uint8Array | null;
    try {
      bytes = map.read(region);
    } catch {
      // The walk has said so.
      return;
    }
    for (let at = 0; at < BLOCK_BYTES; at++) {
      const found = used[(region * REGION_BLOCKS) / 8 + at] ?? 0;
      const said = bytes?.[at] ?? 0;
      count += bitsOf(said);
      if (said === found) continue;
      if (wrong === 0) first = region * REGION_BLOCKS + at * 8;
      wrong += bitsOf(said ^ found);
    }
  }
  if (wrong > 0)
    report(`the map of free space is wrong about ${wrong} blocks, the first of them from block ${first} on`);
  if (count !== state.used) report(`the commit record counts ${state.used} used blocks, the map has ${count}`);
}

function bitsOf(byte: number): number {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function sentence(error: unknown): string {
  if (error instanceof FileSystemError) return error.message;
  throw error;
}

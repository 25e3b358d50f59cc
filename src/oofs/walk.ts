/** A walk over all blocks that a state leads to. */
import { isDamage } from "./error.ts";
import {
  blocksOf,
  decodeObject,
  MAP_ID,
  type ObjectRecord,
  type Pointer,
  regionsOf,
  SLOT_BYTES,
  SLOTS_PER_BLOCK,
  type State,
  TABLE_ID,
} from "./layout.ts";
import { MirrorRecovery } from "./mirror.ts";
import type { BlockStore } from "./store.ts";
import { Tree } from "./tree.ts";

export interface Walker {
  /**
   * A block that a pointer leads to, before it is read; false leaves out what is below. `tree` is null for the snapshot
   * list.
   */
  block(block: number, pointer: Pointer, tree: Tree | null, level: number, index: number): boolean;
  /** An object's record, before its tree. */
  object?(record: ObjectRecord): void;
  /** Something that cannot be read or is not right; without this, it is thrown. */
  broken?(error: Error, tree: Tree | null, level: number, index: number): void;
  /** What the map says, and one of the two object tables, may be damaged: all of it is known otherwise. */
  readonly lenient?: boolean;
}

export function walkState(store: BlockStore, state: State, walker: Walker): void {
  const walk = (tree: Tree, lenient = false): void =>
    tree.walk(
      (pointer, level, index) => walker.block(pointer.block, pointer, tree, level, index),
      walker.broken
        ? (error, level, index) => walker.broken?.(error, tree, level, index)
        : lenient
          ? () => {}
          : undefined,
    );
  for (const pointer of [state.snapshots, state.snapshots2])
    if (pointer.block !== 0) walker.block(pointer.block, pointer, null, 0, 0);
  walk(new Tree(store, MAP_ID, state.map, regionsOf(state.blocks)), walker.lenient);
  for (const table of tablesOf(store, state)) walk(table, walker.lenient);
  for (const record of objectsOf(store, state, walker.broken && ((error) => walker.broken?.(error, null, 0, 0)))) {
    walker.object?.(record);
    walk(new Tree(store, record.id, record.root, blocksOf(record.size)));
  }
}

/** Both object tables of a state, to be read; each serves where the other is damaged. */
function tablesOf(store: BlockStore, state: State): [Tree, Tree] {
  const trees: Tree[] = [state.table, state.table2].map((root, which) => {
    const recovery = new MirrorRecovery(
      () => trees[1 - which]!,
      () => {},
    );
    return new Tree(store, TABLE_ID, root, state.slots / SLOTS_PER_BLOCK, undefined, recovery);
  });
  return [trees[0]!, trees[1]!];
}

/** The records of all objects, in the order of their ids. */
function* objectsOf(store: BlockStore, state: State, broken?: (error: Error) => void): Generator<ObjectRecord, void> {
  const [table, second] = tablesOf(store, state);
  const indices = new Set<number>();
  for (const tree of [table, second]) {
    tree.walk(
      (_pointer, level, index) => {
        if (level === 0) indices.add(index);
        return true;
      },
      () => {},
    );
  }
  const guarded = <T>(body: () => T): T | null => {
    try {
      return body();
    } catch (error) {
      if (!broken || !isDamage(error)) throw error;
      broken(error);
      return null;
    }
  };
  for (const index of [...indices].sort((a, b) => a - b)) {
    const block = guarded(() => table.read(index));
    for (let slot = 0; block && slot < SLOTS_PER_BLOCK; slot++) {
      const id = index * SLOTS_PER_BLOCK + slot;
      const bytes = block.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES);
      const record = guarded(() => decodeObject(bytes, id));
      if (record && id < state.slots) yield record;
    }
  }
}

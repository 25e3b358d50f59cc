/**
 * A mounted volume below its paths: the object table, trees of objects, and the transaction that gathers operations
 * until one commit makes them real.
 */
import { assert } from "../diagnostic/invariant.ts";
import { writeCommit } from "./commit.ts";
import { damaged, isDamage, OofsError } from "./error.ts";
import {
  BLOCKS_MAX,
  BLOCKS_MIN,
  blocksOf,
  decodeObject,
  decodeSnapshots,
  depthOf,
  encodeObject,
  encodeSnapshots,
  HOLE,
  MAP_ID,
  mapBlocksOf,
  type ObjectRecord,
  type Pointer,
  ROOT_ID,
  regionsOf,
  SLOT_BYTES,
  SLOTS_PER_BLOCK,
  SNAPSHOTS_MAX,
  type Snapshot,
  type State,
  TABLE_ID,
  type Time,
} from "./layout.ts";
import { MirrorRecovery } from "./mirror.ts";
import { MapRecovery } from "./recovery.ts";
import { type RegionSource, Space } from "./space.ts";
import type { BlockStore } from "./store.ts";
import { Tree } from "./tree.ts";

export interface VolumeOptions {
  readonly readOnly: boolean;
  readonly now: () => Time;
  /** Told once about each thing that a person should know. */
  readonly warn: (sentence: string) => void;
}

/** How much of a full volume an operation may use. */
export type Need = "space" | "less" | "last";

/** Changed blocks that are kept before a commit is made of itself; 8 MiB. */
const FRESH_BLOCKS_MAX = 2048;
const RESERVED_BLOCKS: Readonly<Record<Need, number>> = { space: 32, less: 8, last: 0 };

export class Volume {
  readonly store: BlockStore;
  readonly id: bigint;
  readonly options: VolumeOptions;
  readonly space: Space;
  /** The state that is being changed; roots of trees with changes are older than those. */
  state: State;
  #committed: State;
  #tables: readonly [Tree, Tree];
  #mirrors: readonly MirrorRecovery[] = [];
  #trees = new Map<number, Tree>();
  #snapshots: Snapshot[] | null = null;
  #snapshotsChanged = false;
  #recovery!: MapRecovery;
  /** Blocks that no commit has had yet: the counts are made anew with the next one. */
  #recount = false;
  #changed = false;
  #failed: string | null = null;
  readonly #writable: boolean;

  /** `held`: what holds blocks instead of the map of the last commit, when there is none yet. */
  constructor(store: BlockStore, id: bigint, state: State, options: VolumeOptions, held?: RegionSource) {
    this.store = store;
    this.id = id;
    this.options = options;
    this.state = { ...state };
    this.#committed = { ...state };
    this.#writable = !options.readOnly;
    this.space = new Space(store, state, held ?? (() => null));
    this.#tables = this.#makeTables();
    this.#adopt(held);
  }

  get isReadOnly(): boolean {
    return !this.#writable || this.#failed !== null;
  }

  /** Whether the volume is not written any more because something failed. */
  get hasFailed(): boolean {
    return this.#failed !== null;
  }

  /** The state of the last commit. */
  get committed(): Readonly<State> {
    return this.#committed;
  }

  // Objects

  /** The record of an object; null for a free slot or one that is not there. */
  find(id: number): ObjectRecord | null {
    if (id < 1 || id >= this.state.slots) return null;
    const block = this.#tables[0].read(Math.floor(id / SLOTS_PER_BLOCK));
    if (!block) return null;
    const at = (id % SLOTS_PER_BLOCK) * SLOT_BYTES;
    return decodeObject(block.subarray(at, at + SLOT_BYTES), id);
  }

  get(id: number): ObjectRecord {
    const record = this.find(id);
    if (!record) throw damaged(`object ${id} is missing`);
    return record;
  }

  /** Puts a record into its slot. Depth and root are those of the tree, whatever the record says. */
  put(record: ObjectRecord): void {
    assert(record.id >= 1 && record.id < this.state.slots, "a record is put beyond the object table");
    const tree = this.#trees.get(record.id);
    const whole = {
      ...record,
      changed: this.state.sequence + 1n,
      ...(tree ? { depth: tree.depth, root: tree.root } : {}),
    };
    assert(whole.depth === depthOf(blocksOf(whole.size)), "a record has another depth than its size needs");
    this.#putSlot(record.id, encodeObject(whole));
  }

  /** The tree of an object, to be read. */
  tree(record: ObjectRecord): Tree {
    return this.#trees.get(record.id) ?? new Tree(this.store, record.id, record.root, blocksOf(record.size));
  }

  /** The tree of an object, to be changed; the record is to be put afterwards. */
  changeTree(record: ObjectRecord): Tree {
    let tree = this.#trees.get(record.id);
    if (!tree) {
      tree = new Tree(this.store, record.id, record.root, blocksOf(record.size), this.space);
      this.#trees.set(record.id, tree);
    }
    return tree;
  }

  /** A free slot, which is counted as used. */
  takeSlot(): number {
    const { state } = this;
    for (let id = Math.max(1, state.firstFree); id < state.slots; ) {
      const block = this.#tables[0].read(Math.floor(id / SLOTS_PER_BLOCK));
      do {
        if (!block || block[(id % SLOTS_PER_BLOCK) * SLOT_BYTES] === 0) return this.#usedSlot(id);
        id++;
      } while (id % SLOTS_PER_BLOCK !== 0);
    }
    const id = state.slots;
    if (id >= 2 ** 31) throw new OofsError("no-space", "the object table is full");
    for (const table of this.#tables) table.resize(id / SLOTS_PER_BLOCK + 1);
    state.slots += SLOTS_PER_BLOCK;
    return this.#usedSlot(id);
  }

  /** Frees the slot of an object whose content is freed. */
  freeSlot(id: number): void {
    assert(this.state.objects > 0, "an object is freed where none is counted");
    assert(id > ROOT_ID, "the root directory is freed");
    this.#putSlot(id, new Uint8Array(SLOT_BYTES));
    this.#trees.delete(id);
    this.state.objects--;
    this.state.firstFree = Math.min(this.state.firstFree, id);
  }

  #putSlot(id: number, slot: Uint8Array): void {
    assert(slot.length === SLOT_BYTES, "a record does not fill its slot");
    for (const table of this.#tables)
      table.touch(Math.floor(id / SLOTS_PER_BLOCK)).set(slot, (id % SLOTS_PER_BLOCK) * SLOT_BYTES);
  }

  #usedSlot(id: number): number {
    assert(id >= 1 && id < this.state.slots, "a slot beyond the object table is used");
    this.state.objects++;
    this.state.firstFree = id + 1;
    return id;
  }

  // Snapshots

  get snapshots(): readonly Snapshot[] {
    if (!this.#snapshots) {
      const { snapshots, snapshots2 } = this.state;
      const read = (pointer: Pointer): Snapshot[] =>
        decodeSnapshots(this.store.read(pointer, () => "the snapshot list"));
      if (snapshots.block === 0) this.#snapshots = [];
      else
        try {
          this.#snapshots = read(snapshots);
        } catch (error) {
          if (!isDamage(error)) throw error;
          this.#snapshots = read(snapshots2);
          this.options.warn(`${error.message}; its second copy serves`);
        }
    }
    return this.#snapshots;
  }

  /** Replaces the list. The blocks of the old one are freed. */
  setSnapshots(snapshots: readonly Snapshot[]): void {
    assert(snapshots.length <= SNAPSHOTS_MAX, "more snapshots than their list has room for");
    const write = (old: Pointer): Pointer => {
      if (old.block !== 0) this.space.release(old.block, false);
      if (snapshots.length === 0) return HOLE;
      const block = this.space.allocate();
      this.store.add(block, encodeSnapshots(snapshots));
      return { block, sum: 0 };
    };
    this.state.snapshots = write(this.state.snapshots);
    this.state.snapshots2 = write(this.state.snapshots2);
    this.#snapshots = [...snapshots];
    this.#snapshotRecoveries.clear();
    this.#snapshotsChanged = true;
    this.#recount = true;
  }

  /** Makes the trees of another state current, as part of the next commit. */
  restore(other: State): void {
    const { sequence, snapshots, snapshots2, blocks } = this.state;
    this.state = { ...other, sequence, snapshots, snapshots2, blocks };
    this.#trees.clear();
    this.#tables = this.#makeTables();
    this.space.map = this.#makeMap(other.map, other.blocks, new MapRecovery(this, other));
    this.space.used = other.used;
    if (other.blocks !== blocks) this.resizeMap(other.blocks, blocks);
    for (const { block } of [other.snapshots, other.snapshots2]) if (block !== 0) this.space.mark(block, false);
    for (const { block } of [snapshots, snapshots2]) if (block !== 0) this.space.mark(block, true);
    this.#recount = true;
  }

  /** Brings the map to another size: moves the marks of the last two blocks. */
  resizeMap(from: number, to: number): void {
    assert(from >= BLOCKS_MIN && to >= BLOCKS_MIN && to <= BLOCKS_MAX, "a volume gets a size that none can have");
    this.store.blocks = to;
    for (const block of [from - 2, from - 1]) this.space.mark(block, false);
    this.space.map.resize(regionsOf(to));
    for (const block of [to - 2, to - 1]) this.space.mark(block, true);
    this.state.blocks = to;
    this.#recount = true;
  }

  // Transactions

  /** Blocks that operations which take space may still use. */
  get available(): number {
    return Math.max(0, this.space.free - this.#reserve("space"));
  }

  /**
   * To be called when an operation has looked at everything, before it changes something. `blocks`: what it needs at
   * most, the map aside.
   */
  begin(blocks: number, need: Need = "space"): void {
    assert(Number.isSafeInteger(blocks) && blocks >= 0, "an operation needs a number of blocks that is none");
    this.writable();
    if (this.space.free < blocks + this.#reserve(need) && this.#changed) this.commit();
    if (this.space.free < blocks + this.#reserve(need)) throw new OofsError("no-space", "the volume is full");
    this.#changed = true;
  }

  /** Throws when nothing can be changed. */
  writable(): void {
    if (this.#failed !== null) throw new OofsError("read-only", `the volume is not written any more: ${this.#failed}`);
    if (!this.#writable) throw new OofsError("read-only", "the volume is mounted read-only");
  }

  /** Does what changes something after `begin`. When it fails, the volume is given up. */
  change<T>(body: () => T): T {
    let result: T;
    try {
      result = body();
    } catch (error) {
      this.#giveUp(error as Error);
      throw error;
    }
    if (this.store.freshBlocks > FRESH_BLOCKS_MAX) this.commit();
    return result;
  }

  /** Makes all operations so far real. `write` brings the commit record to the disk. */
  commit(first = false, write = writeCommit): void {
    if (!this.#changed && !first) return;
    this.writable();
    try {
      this.#write(first, write);
    } catch (error) {
      this.#giveUp(error as Error);
      throw error;
    }
  }

  /** Makes a commit even if nothing has changed. */
  commitAnew(): void {
    this.#changed = true;
    this.commit();
  }

  #write(first: boolean, write: typeof writeCommit): void {
    const { store, space, state } = this;
    this.#mirrors.forEach((mirror, which) => mirror.settle(this.#tables[which]!));
    this.#recovery.settle(space.map);
    if (this.#snapshotsChanged) this.holdSnapshots();
    // A map that was computed anew has lost blocks that the damaged one had for itself.
    const recount = this.#recount || this.#recovery.hasComputed;
    const { used, free } = recount ? space.count() : { used: space.used, free: space.free + space.gained() };
    space.used = used;
    const sums = new Map<number, number>();
    for (const [id, tree] of this.#trees) {
      if (!tree.isChanged) continue;
      tree.seal(sums);
      this.put(this.get(id));
    }
    for (const table of this.#tables) table.seal(sums);
    assert(!this.#tables.some((table) => table.isChanged), "the object tables have changed after they were written");
    const list = ({ block }: Pointer): Pointer => {
      const pointer = { block, sum: store.write(block) };
      sums.set(block, pointer.sum);
      return pointer;
    };
    if (this.#snapshotsChanged && state.snapshots.block !== 0) {
      state.snapshots = list(state.snapshots);
      state.snapshots2 = list(state.snapshots2);
    }
    space.map.seal(sums);
    Object.assign(state, {
      sequence: state.sequence + 1n,
      time: this.options.now(),
      table: this.#tables[0].root,
      table2: this.#tables[1].root,
      map: space.map.root,
      used,
      free,
    });
    assert(!space.map.isChanged, "the map has changed after it was written");
    assert(state.sequence === this.#committed.sequence + 1n, "a commit does not follow the last one");
    write(store.device, { volume: this.id, first, state });
    store.settle(sums);
    space.free = state.free;
    assert(store.freshBlocks === 0, "blocks are left that no commit has written");
    this.#committed = { ...state };
    this.#trees.clear();
    this.#changed = false;
    this.#snapshotsChanged = false;
    this.#recount = false;
    this.#adopt();
  }

  /** Takes the committed state as what is being changed from now on. */
  #adopt(held?: RegionSource): void {
    const committed = this.#committed;
    this.#recovery = new MapRecovery(this, committed);
    this.space.map = this.#makeMap(this.state.map, this.state.blocks, this.#recovery);
    const own = new Tree(this.store, MAP_ID, committed.map, regionsOf(committed.blocks), undefined, this.#recovery);
    this.holdSnapshots(held ?? ((region) => own.read(region)));
  }

  #own: RegionSource = () => null;
  readonly #snapshotRecoveries = new Map<string, MapRecovery>();

  /** Makes the space know which snapshots hold blocks. */
  holdSnapshots(committed: RegionSource = this.#own): void {
    this.#own = committed;
    if (!this.#writable) return;
    const snapshots = this.snapshots.map(({ name, state }) => {
      // A snapshot is not changed, so what is damaged of its map is computed as long as the volume is mounted.
      let recovery = this.#snapshotRecoveries.get(name);
      if (!recovery) this.#snapshotRecoveries.set(name, (recovery = new MapRecovery(this, state)));
      const tree = new Tree(this.store, MAP_ID, state.map, regionsOf(state.blocks), undefined, recovery);
      return (region: number) => (region < tree.blocks ? tree.read(region) : null);
    });
    this.space.hold(committed, snapshots);
  }

  #makeTables(): [Tree, Tree] {
    const { state } = this;
    const mirrors = [0, 1].map((which) => new MirrorRecovery(() => this.#tables[1 - which]!, this.options.warn));
    const [first, second] = [state.table, state.table2].map(
      (root, which) => new Tree(this.store, TABLE_ID, root, state.slots / SLOTS_PER_BLOCK, this.space, mirrors[which]!),
    );
    this.#mirrors = mirrors;
    return [first!, second!];
  }

  #makeMap(root: State["map"], blocks: number, recovery: MapRecovery): Tree {
    this.#recovery = recovery;
    return new Tree(this.store, MAP_ID, root, regionsOf(blocks), this.space, recovery);
  }

  #reserve(need: Need): number {
    return need === "last" ? 0 : mapBlocksOf(this.state.blocks) + RESERVED_BLOCKS[need];
  }

  #giveUp(error: Error): void {
    if (this.#failed !== null) return;
    this.#failed = error.message;
    this.options.warn(`${error.message}; the volume is not written any more, and shows what was confirmed`);
    this.store.abandon();
    this.store.forget();
    this.state = { ...this.#committed };
    this.#trees.clear();
    this.#snapshots = null;
    this.#changed = false;
    this.#snapshotsChanged = false;
    this.#recount = false;
    this.#tables = this.#makeTables();
    this.space.abandon(this.#committed);
  }
}

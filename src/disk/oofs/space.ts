/**
 * Which blocks are free: the map of the state that is being changed, and what the last commit and the snapshots hold.
 * Blocks are taken from one region at a time, the window.
 *
 * The map's blocks are in the map, so giving one of them a new place changes the map. Each gets only one new place
 * between two commits, so this ends; it must not recurse.
 *
 * - Window: 4 KiB hold the OR of all maps for its region, with reserved blocks and bits after the volume's end set.
 *   When it is opened, its own map block and the nodes above get places first, from itself. Allocating sets a bit in
 *   window and map.
 * - Freeing puts the block on a list of at most 128 numbers, and takes from it, oldest first: bring its region's map
 *   block in; if that has no new place since the last commit, allocate one and put the old one on the list, and the
 *   same for the nodes above; clear the bit. The nodes are at most 34 and each counts once, so the list does not
 *   overflow.
 * - When the window has no block left in the middle of this, the next one is opened in the same way; bits that could
 *   not be set yet wait on the list too, and count as set.
 */
import { assert } from "../../diagnostic/invariant.ts";
import { damaged, FileSystemError } from "../error.ts";
import { BLOCK_BYTES, FIRST_BLOCK, isReserved, LAST_BLOCKS, REGION_BLOCKS, regionsOf } from "./layout.ts";
import type { BlockStore } from "./store.ts";
import type { Places, Tree } from "./tree.ts";

/** What other states say of a region: their map's block, null for a hole (all free). */
export type RegionSource = (region: number) => Uint8Array | null;

export class Space implements Places {
  /** Bits that are set in the map that is being changed. */
  used: number;
  /** Blocks that can be allocated before the next commit. */
  free: number;
  readonly #store: BlockStore;
  #map!: Tree;
  /** The last commit's map. */
  #committed: RegionSource;
  #snapshots: readonly RegionSource[] = [];
  #window: { readonly region: number; readonly taken: Uint8Array; next: number } | null = null;
  #region = 0;
  /** Changes of the map that wait until the one at work is done. */
  readonly #waiting: { readonly block: number; readonly used: boolean }[] = [];
  #draining = false;

  constructor(store: BlockStore, counts: { readonly used: number; readonly free: number }, committed: RegionSource) {
    this.#store = store;
    this.used = counts.used;
    this.free = counts.free;
    this.#committed = committed;
  }

  /** The tree of the map; it takes its own blocks from here. */
  set map(tree: Tree) {
    this.#map = tree;
    this.#window = null;
  }

  get map(): Tree {
    return this.#map;
  }

  /** What holds blocks beside the map that is being changed. */
  hold(committed: RegionSource, snapshots: readonly RegionSource[]): void {
    this.#committed = committed;
    this.#snapshots = snapshots;
    this.#window = null;
  }

  allocate(): number {
    const block = this.#pick();
    assert(!isReserved(block, this.#store.blocks), "a block with a fixed use is allocated");
    assert(this.#store.fresh(block) === undefined, "a block is allocated twice");
    this.used++;
    this.free--;
    this.#change(block, true);
    return block;
  }

  release(block: number, changed: boolean): void {
    // The last two blocks may have had content in version 1.
    if (isReserved(block, this.#store.blocks)) return;
    if (changed) {
      this.#store.drop(block);
      this.free++;
    } else if (this.#store.fresh(block)) throw damaged(`block ${block} is in use twice`);
    this.used--;
    this.#change(block, false);
  }

  cancel(block: number): void {
    this.free++;
    this.used--;
    this.#change(block, false);
  }

  /** The next block is looked for anew, from the start of the region. */
  closeWindow(): void {
    this.#window = null;
  }

  /** Sets the bit of a block that has a fixed use, or clears it. */
  mark(block: number, used: boolean): void {
    assert(Number.isSafeInteger(block) && block >= 0, "the bit of what is no block is changed");
    this.used += used ? 1 : -1;
    this.#change(block, used);
  }

  /** Takes over what another map says of a region; fixed uses are marked by themselves. */
  adopt(region: number, bytes: Uint8Array): void {
    assert(region < regionsOf(this.#store.blocks), "a region beyond the end of the volume is taken over");
    assert(bytes.length === BLOCK_BYTES, "the map of a region is one block");
    const own = this.#map.touch(region);
    for (let at = 0; at < BLOCK_BYTES; at++) {
      this.used += BITS[bytes[at]! & ~own[at]! & 0xff]!;
      own[at]! |= bytes[at]!;
    }
  }

  /** Blocks that the next commit sets free: used by the last one alone. */
  gained(): number {
    let sum = 0;
    for (const region of this.#map.changedContent()) {
      const old = this.#committed(region);
      if (!old) continue;
      const now = this.#map.read(region)!;
      const held = this.#held(region, []);
      for (let at = 0; at < BLOCK_BYTES; at++) sum += BITS[old[at]! & ~now[at]! & ~held[at]! & 0xff]!;
    }
    return sum;
  }

  /**
   * Counts the blocks that no map has once the map that is being changed is committed, and those that it has itself.
   */
  count(): { used: number; free: number } {
    let used = 0;
    let free = 0;
    const { blocks } = this.#store;
    for (let region = 0; region < regionsOf(blocks); region++) {
      const own = this.#map.read(region) ?? ZEROS;
      const held = this.#held(region, [own]);
      const end = Math.min(REGION_BLOCKS, blocks - region * REGION_BLOCKS);
      for (let at = 0; at < BLOCK_BYTES; at++) used += BITS[own[at]!]!;
      free += end;
      for (let at = 0; at * 8 < end; at++) {
        const valid = end - at * 8 >= 8 ? 0xff : (1 << (end - at * 8)) - 1;
        free -= BITS[held[at]! & valid]!;
      }
    }
    assert(free >= 0 && used >= 0, "the map counts fewer blocks than none");
    return { used, free };
  }

  /** Gives up what has changed since the last commit. */
  abandon(counts: { readonly used: number; readonly free: number }): void {
    this.used = counts.used;
    this.free = counts.free;
    this.#waiting.length = 0;
    this.#draining = false;
    this.#window = null;
  }

  /** The OR of some maps and those of all snapshots, for a region. */
  #held(region: number, others: readonly (Uint8Array | null)[]): Uint8Array {
    const taken = new Uint8Array(BLOCK_BYTES);
    for (const source of [...others, ...this.#snapshots.map((snapshot) => snapshot(region))]) {
      if (source) for (let at = 0; at < BLOCK_BYTES; at++) taken[at]! |= source[at]!;
    }
    return taken;
  }

  #pick(): number {
    const regions = regionsOf(this.#store.blocks);
    for (let tries = 0; tries <= regions; tries++) {
      const window = (this.#window ??= this.#open(this.#region));
      for (; window.next < BLOCK_BYTES; window.next++) {
        const byte = window.taken[window.next]!;
        if (byte === 0xff) continue;
        const bit = LOWEST_CLEAR[byte]!;
        assert((byte & (1 << bit)) === 0, "a block is picked that is in use");
        window.taken[window.next]! |= 1 << bit;
        return window.region * REGION_BLOCKS + window.next * 8 + bit;
      }
      this.#region = (window.region + 1) % regions;
      this.#window = null;
    }
    throw new FileSystemError("no-space", "no block is free");
  }

  #open(region: number): { region: number; taken: Uint8Array; next: number } {
    const own = this.#map.read(region);
    const taken = this.#held(region, [own, this.#committed(region)]);
    const { blocks } = this.#store;
    const start = region * REGION_BLOCKS;
    const reserve = (block: number): void => {
      const bit = block - start;
      if (bit >= 0 && bit < REGION_BLOCKS) taken[bit >> 3]! |= 1 << (bit & 7);
    };
    for (let block = 0; block < FIRST_BLOCK; block++) reserve(block);
    for (let block = blocks - LAST_BLOCKS; block < start + REGION_BLOCKS; block++) reserve(block);
    for (const { block, used } of this.#waiting) if (used) reserve(block);
    return { region, taken, next: 0 };
  }

  /**
   * Setting and clearing bits may move blocks of the map, which sets and clears others: one after the other, without
   * recursion.
   */
  #change(block: number, used: boolean): void {
    this.#waiting.push({ block, used });
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let change = this.#waiting[0]; change; change = this.#waiting[0]) {
        const region = Math.floor(change.block / REGION_BLOCKS);
        assert(region >= 0 && region < this.#map.blocks, "a block lies beyond the map");
        const bytes = this.#map.touch(region);
        const bit = change.block % REGION_BLOCKS;
        if (change.used) bytes[bit >> 3]! |= 1 << (bit & 7);
        else bytes[bit >> 3]! &= ~(1 << (bit & 7));
        this.#waiting.shift();
      }
    } finally {
      this.#draining = false;
    }
  }
}

const ZEROS = new Uint8Array(BLOCK_BYTES);
const BITS = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);
const LOWEST_CLEAR = Uint8Array.from({ length: 256 }, (_, byte) => {
  let bit = 0;
  while (bit < 7 && byte & (1 << bit)) bit++;
  return bit;
});

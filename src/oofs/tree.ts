/**
 * Trees: a content of any length as blocks under nodes of 510 pointers. A block that changes gets a free place, and so
 * do the nodes above it; their checksums are put into the pointers when all is written (`seal`).
 */
import { assert } from "../diagnostic/invariant.ts";
import { damaged, isDamage } from "./error.ts";
import {
  BLOCK_BYTES,
  depthOf,
  HOLE,
  isZero,
  MAGIC_NODE,
  MAP_ID,
  NODE_POINTERS,
  POINTERS_PER_NODE,
  type Pointer,
  readPointer,
  TABLE_ID,
  viewOf,
  writePointer,
} from "./layout.ts";
import type { BlockStore } from "./store.ts";

/** Where trees get places, and give them back. */
export interface Places {
  allocate(): number;
  /** `changed`: since the last commit, so that nothing else can need it. */
  release(block: number, changed: boolean): void;
  /** Takes back a block that was just allocated. */
  cancel(block: number): void;
}

/** Where a tree whose content can be computed gets what is damaged. */
export interface Recovery {
  /** A node of a level cannot be read: the content below it is lost. */
  lose(error: Error, level: number, index: number): void;
  isLost(index: number): boolean;
  /** The content of a block, null for zeros. It is not lost any more when `taken`. */
  content(index: number, error: Error | null, taken: boolean): Uint8Array | null;
}

/** What a walk meets: a node of a level, or a block of content at level 0. `index` counts the blocks of its level. */
export type Visit = (pointer: Pointer, level: number, index: number) => boolean;

const NO_PLACES: Places = {
  allocate: () => {
    throw new Error("a tree that is only read");
  },
  release: () => {},
  cancel: () => {},
};

export class Tree {
  readonly id: number;
  root: Pointer;
  depth: number;
  blocks: number;
  readonly #store: BlockStore;
  readonly #places: Places;
  readonly #recovery: Recovery | null;
  /** For each level, where its changed blocks are. */
  readonly #changed: Map<number, number>[] = [];

  constructor(store: BlockStore, id: number, root: Pointer, blocks: number, places = NO_PLACES, recovery?: Recovery) {
    this.#store = store;
    this.#recovery = recovery ?? null;
    this.#places = places;
    this.id = id;
    this.root = root;
    this.blocks = blocks;
    this.depth = depthOf(blocks);
  }

  get isChanged(): boolean {
    return this.#changed.some((level) => level.size > 0);
  }

  /** The pointer to a block of content. */
  pointer(index: number): Pointer {
    assert(index >= 0 && index < SPANS[this.depth]!, "content is asked for that a tree of this depth cannot have");
    let { root: pointer } = this;
    for (let level = this.depth; level > 0 && pointer.block !== 0; level--) {
      const at = Math.floor(index / span(level));
      let node: Uint8Array;
      try {
        node = this.#node(pointer, level, at);
      } catch (error) {
        if (!this.#recovery || !isDamage(error)) throw error;
        this.#recovery.lose(error, level, at);
        return HOLE;
      }
      pointer = this.#entry(node, slotOffset(index, level - 1), level - 1, Math.floor(index / span(level - 1)));
    }
    return pointer;
  }

  /** A block of content, not to be changed; null for a hole. */
  read(index: number): Uint8Array | null {
    const pointer = this.pointer(index);
    if (pointer.block === 0) return this.#recovery?.isLost(index) ? this.#recovery.content(index, null, false) : null;
    try {
      return this.#store.read(pointer, () => this.place(0, index));
    } catch (error) {
      if (!this.#recovery || !isDamage(error)) throw error;
      return this.#recovery.content(index, error, false);
    }
  }

  /** A block of content, to be changed; zeros if it was a hole. */
  touch(index: number): Uint8Array {
    return this.#touch(index, 0);
  }

  /** As `touch`, for who writes the whole block: what was there is not read. */
  replace(index: number, content: Uint8Array): void {
    this.#touch(index, 0, content);
  }

  /** Gives a block of any level a new place. */
  relocate(level: number, index: number): void {
    assert(level >= 0 && level <= this.depth, "a level is moved that the tree does not have");
    this.#touch(index * span(level), level);
  }

  /** Makes a block of content a hole. */
  punch(index: number): void {
    const pointer = this.pointer(index);
    if (pointer.block === 0) return;
    if (this.depth === 0) this.root = HOLE;
    else writePointer(this.#touch(index, 1), slotOffset(index, 0), HOLE);
    this.#release(pointer.block, 0, index);
  }

  /**
   * Changes the length of the content. Blocks from the new end on are freed, at most about `budget` of them. The result
   * is the length reached.
   */
  resize(blocks: number, budget = Number.POSITIVE_INFINITY): number {
    assert(Number.isSafeInteger(blocks) && blocks >= 0, "a content gets a length that none can have");
    let reached = blocks;
    if (blocks < this.blocks && this.root.block !== 0) {
      const first = this.#trim(this.root, this.depth, 0, blocks, { blocks: budget });
      if (first === 0) this.root = HOLE;
      reached = Math.max(first, blocks);
    }
    this.blocks = reached;
    while (this.depth < depthOf(reached)) this.#deepen();
    while (this.depth > depthOf(reached)) this.#flatten();
    assert(reached >= blocks && this.depth === depthOf(this.blocks), "a tree has another depth than its content needs");
    return reached;
  }

  /** Writes all changed blocks from below and puts their checksums into the pointers above. */
  seal(sums: Map<number, number>): void {
    for (let level = 0; level <= this.depth; level++) {
      for (const [index, block] of this.#changed[level] ?? []) {
        const pointer = { block, sum: this.#store.write(block) };
        sums.set(block, pointer.sum);
        if (level === this.depth) this.root = pointer;
        else {
          const parent = this.#changed[level + 1]!.get(Math.floor(index / POINTERS_PER_NODE))!;
          assert(parent !== undefined, "a block has changed, and the node above it has not");
          writePointer(
            this.#store.fresh(parent)!,
            NODE_POINTERS + (index % POINTERS_PER_NODE) * POINTER_BYTES,
            pointer,
          );
        }
      }
    }
    this.#changed.length = 0;
  }

  /** Indices of content that has changed. */
  changedContent(): Iterable<number> {
    return this.#changed[0]?.keys() ?? [];
  }

  /**
   * Visits everything, each block before those below it; nodes are proved. A visit that is false leaves out what is
   * below. `broken` is told what cannot be read, instead of an error.
   */
  walk(visit: Visit, broken?: (error: Error, level: number, index: number) => void): void {
    this.#walk(this.root, this.depth, 0, visit, broken);
  }

  place(level: number, index: number): string {
    const owner =
      this.id === TABLE_ID ? "the object table" : this.id === MAP_ID ? "the map of free space" : `object ${this.id}`;
    const offset = index * POINTERS_PER_NODE ** level * BLOCK_BYTES;
    return level === 0
      ? `${owner}, content at offset ${offset}`
      : `${owner}, node of level ${level} for the content from offset ${offset} on`;
  }

  #entry(node: Uint8Array, offset: number, level: number, index: number): Pointer {
    const pointer = readPointer(node, offset);
    if (pointer.block === 0 && pointer.sum !== 0) throw damaged(`a hole with a checksum (${this.place(level, index)})`);
    return pointer;
  }

  #node(pointer: Pointer, level: number, index: number): Uint8Array {
    assert(level >= 1 && level < SPANS.length, "a node of a level that no tree has is read");
    const place = (): string => this.place(level, index);
    const bytes = this.#store.read(pointer, place, (loaded) => {
      const used = Math.ceil((this.blocks - index * span(level)) / span(level - 1));
      if (used < POINTERS_PER_NODE && !isZero(loaded, NODE_POINTERS + used * POINTER_BYTES, BLOCK_BYTES))
        throw damaged(`pointers after the end of the content (${place()})`);
    });
    const view = viewOf(bytes);
    const valid =
      view.getUint32(0, true) === MAGIC_NODE &&
      view.getUint16(4, true) === 1 &&
      view.getUint16(6, true) === level &&
      view.getUint32(8, true) === this.id &&
      view.getUint32(12, true) === 0;
    if (!valid) throw damaged(`block ${pointer.block} is not a node (${place()})`);
    return bytes;
  }

  #newNode(level: number): Uint8Array {
    const bytes = new Uint8Array(BLOCK_BYTES);
    const view = viewOf(bytes);
    view.setUint32(0, MAGIC_NODE, true);
    view.setUint16(4, 1, true);
    view.setUint16(6, level, true);
    view.setUint32(8, this.id, true);
    return bytes;
  }

  #note(level: number, index: number, block: number): void {
    assert(level <= this.depth, "a change is noted above the root");
    assert(block !== 0, "a hole is noted as a change");
    while (this.#changed.length <= level) this.#changed.push(new Map());
    this.#changed[level]!.set(index, block);
  }

  #release(block: number, level: number, index: number): void {
    assert(block !== 0, "a hole is freed");
    const changed = this.#changed[level]?.get(index) === block;
    if (changed) this.#changed[level]!.delete(index);
    this.#places.release(block, changed);
  }

  /**
   * Gives the way to a block new places, from above, and returns its content. `content` takes the place of what was
   * there.
   */
  #touch(index: number, level: number, content?: Uint8Array): Uint8Array {
    assert(index >= 0 && index < SPANS[this.depth]!, "content is changed that a tree of this depth cannot have");
    let parent: Uint8Array | null = null;
    let bytes: Uint8Array | null = null;
    for (let here = this.depth; here >= level; here--) {
      const at = Math.floor(index / span(here));
      const holder = parent;
      const offset = slotOffset(index, here);
      bytes = this.#renew(here, at, here === level ? content : undefined, {
        get: () => (holder ? this.#entry(holder, offset, here, at) : this.root),
        set: (pointer) => {
          if (holder) writePointer(holder, offset, pointer);
          else this.root = pointer;
        },
      });
      parent = bytes;
    }
    return bytes!;
  }

  #renew(level: number, index: number, content: Uint8Array | undefined, holder: Holder): Uint8Array {
    const old = holder.get();
    const before = this.#ownFresh(level, index, old.block);
    if (before) {
      if (content) before.set(content);
      return before;
    }
    const source = content ?? this.#source(old, level, index);
    const bytes = source ? source.slice() : level > 0 ? this.#newNode(level) : new Uint8Array(BLOCK_BYTES);
    const block = this.#places.allocate();
    // The map's own tree may have got its new place while one was looked for.
    const meanwhile = this.#ownFresh(level, index, holder.get().block);
    if (meanwhile) {
      this.#places.cancel(block);
      return meanwhile;
    }
    this.#store.add(block, bytes);
    this.#note(level, index, block);
    holder.set({ block, sum: 0 });
    if (old.block !== 0) this.#places.release(old.block, false);
    return bytes;
  }

  /** The content of a block that has changed, and is this tree's: on a hostile volume others point to it too. */
  #ownFresh(level: number, index: number, block: number): Uint8Array | undefined {
    return this.#changed[level]?.get(index) === block ? this.#store.fresh(block) : undefined;
  }

  /** What is at a place before it changes; null when there is nothing. */
  #source(pointer: Pointer, level: number, index: number): Uint8Array | null {
    if (pointer.block === 0)
      return level === 0 && this.#recovery?.isLost(index) ? this.#recovery.content(index, null, true) : null;
    try {
      if (level > 0) return this.#node(pointer, level, index);
      return this.#store.read(pointer, () => this.place(level, index));
    } catch (error) {
      if (!this.#recovery || !isDamage(error)) throw error;
      if (level === 0) return this.#recovery.content(index, error, true);
      this.#recovery.lose(error, level, index);
      return null;
    }
  }

  /**
   * Frees the content from block `end` on below one pointer, from its end. The result is the first block of content
   * from which all is freed; the node itself is freed if that is its first, and the pointer to it is left to the
   * caller.
   */
  #trim(pointer: Pointer, level: number, index: number, end: number, left: { blocks: number }): number {
    const start = index * span(level);
    if (level > 0) {
      const node = this.#node(pointer, level, index);
      const below = span(level - 1);
      let first = POINTERS_PER_NODE;
      for (let slot = POINTERS_PER_NODE - 1; slot >= 0; slot--) {
        const from = start + slot * below;
        if (from + below <= end || left.blocks <= 0) break;
        const child = this.#entry(node, NODE_POINTERS + slot * POINTER_BYTES, level, index);
        const reached =
          child.block === 0 ? from : this.#trim(child, level - 1, index * POINTERS_PER_NODE + slot, end, left);
        if (reached > from) {
          if (first < POINTERS_PER_NODE) this.#clear(index, level, first);
          return Math.max(reached, end);
        }
        first = slot;
      }
      if (first > 0) {
        if (first < POINTERS_PER_NODE) this.#clear(index, level, first);
        return Math.max(start + first * below, end);
      }
    }
    left.blocks--;
    this.#release(pointer.block, level, index);
    return start;
  }

  /** Makes the pointers of a node from `slot` on holes; what they led to is freed already. */
  #clear(index: number, level: number, slot: number): void {
    assert(slot > 0 && slot < POINTERS_PER_NODE, "a node is cleared whole, or beyond its end");
    const start = index * span(level);
    const node = this.#touch(start, level);
    node.fill(0, NODE_POINTERS + slot * POINTER_BYTES);
  }

  #deepen(): void {
    if (this.root.block === 0) {
      this.depth++;
      return;
    }
    const { root } = this;
    const node = this.#newNode(this.depth + 1);
    assert(this.depth + 1 < SPANS.length, "a tree grows beyond the depth that any has");
    writePointer(node, NODE_POINTERS, root);
    const block = this.#places.allocate();
    this.#store.add(block, node);
    this.depth++;
    this.#note(this.depth, 0, block);
    this.root = { block, sum: 0 };
  }

  #flatten(): void {
    const level = this.depth;
    const { block } = this.root;
    assert(level > 0, "a tree without nodes is made flatter");
    if (block !== 0) this.root = this.#entry(this.#node(this.root, level, 0), NODE_POINTERS, level, 0);
    // Before the node is released: when this is the map, that changes it.
    this.depth--;
    if (block !== 0) this.#release(block, level, 0);
  }

  #walk(
    pointer: Pointer,
    level: number,
    index: number,
    visit: Visit,
    broken: ((error: Error, level: number, index: number) => void) | undefined,
  ): void {
    if (pointer.block === 0 || !visit(pointer, level, index) || level === 0) return;
    let node: Uint8Array;
    try {
      node = this.#node(pointer, level, index);
    } catch (error) {
      if (!broken || !isDamage(error)) throw error;
      broken(error, level, index);
      return;
    }
    for (let slot = 0; slot < POINTERS_PER_NODE; slot++) {
      const child = readPointer(node, NODE_POINTERS + slot * POINTER_BYTES);
      if (child.block !== 0) this.#walk(child, level - 1, index * POINTERS_PER_NODE + slot, visit, broken);
    }
  }
}

interface Holder {
  get(): Pointer;
  set(pointer: Pointer): void;
}

const POINTER_BYTES = 8;
const SPANS = [1, 510, 510 ** 2, 510 ** 3, 510 ** 4];

/** Blocks of content below one pointer to something of a level. */
function span(level: number): number {
  return SPANS[level]!;
}

/** Where the node above `level` has the pointer on the way to a block of content. */
function slotOffset(index: number, level: number): number {
  return NODE_POINTERS + (Math.floor(index / span(level)) % POINTERS_PER_NODE) * POINTER_BYTES;
}

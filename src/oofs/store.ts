/**
 * Blocks of a volume in memory: those of the last commit, each proved by the checksum in the pointer that led to it,
 * and those that have changed since, each at the free place that it will be written to.
 */
import { crc32 } from "../bytes/crc32.ts";
import { assert } from "../diagnostic/invariant.ts";
import type { BlockDevice } from "./device.ts";
import { damaged, OofsError } from "./error.ts";
import { BLOCK_BYTES, isReserved, LAST_BLOCKS, type Pointer } from "./layout.ts";

/** Proved blocks that are kept; 2 MiB. */
const CACHE_BLOCKS = 512;

interface Cached {
  readonly bytes: Uint8Array;
  readonly sum: number;
}

export class BlockStore {
  readonly device: BlockDevice;
  blocks: number;
  /** Blocks at the end that no pointer leads to; none in version 1. */
  lastBlocks = LAST_BLOCKS;
  /** Reads of the device so far. */
  reads = 0;
  readonly #cache = new Map<number, Cached>();
  readonly #fresh = new Map<number, Uint8Array>();

  constructor(device: BlockDevice, blocks: number) {
    this.device = device;
    this.blocks = blocks;
  }

  /**
   * The content of a block, not to be changed. `place` says what it is, for the error. `loaded` may look at a block
   * that comes from the disk, and throw.
   */
  read(pointer: Pointer, place: () => string, loaded?: (bytes: Uint8Array) => void): Uint8Array {
    const { block, sum } = pointer;
    const fresh = this.#fresh.get(block);
    if (fresh) {
      // A pointer to a changed block has no checksum yet.
      if (sum !== 0) throw damaged(`block ${block} is in use twice (${place()})`);
      return fresh;
    }
    const cached = this.#cache.get(block);
    if (cached) {
      if (cached.sum !== sum) throw damaged(`the checksum of block ${block} is wrong (${place()})`);
      this.#cache.delete(block);
      this.#cache.set(block, cached);
      return cached.bytes;
    }
    if (isReserved(block, this.blocks, this.lastBlocks))
      throw damaged(`a pointer leads to block ${block} (${place()})`);
    const bytes = new Uint8Array(BLOCK_BYTES);
    assert((block + 1) * BLOCK_BYTES <= this.device.sizeBytes, "a block beyond the end of the device is read");
    this.reads++;
    try {
      this.device.read(block * BLOCK_BYTES, bytes);
    } catch (error) {
      throw new OofsError("device", `block ${block} cannot be read (${place()}): ${(error as Error).message}`);
    }
    if (crc32(bytes) !== sum) throw damaged(`the checksum of block ${block} is wrong (${place()})`);
    loaded?.(bytes);
    if (this.#cache.size >= CACHE_BLOCKS) this.#cache.delete(this.#cache.keys().next().value!);
    this.#cache.set(block, { bytes, sum });
    assert(this.#cache.size <= CACHE_BLOCKS, "more blocks are kept than may be");
    return bytes;
  }

  /** Blocks that have changed since the last commit. */
  get freshBlocks(): number {
    return this.#fresh.size;
  }

  /** The content of a block that has changed since the last commit, to be changed further; undefined for any other. */
  fresh(block: number): Uint8Array | undefined {
    return this.#fresh.get(block);
  }

  add(block: number, bytes: Uint8Array): void {
    assert(bytes.length === BLOCK_BYTES, "a block has another size");
    assert(!isReserved(block, this.blocks, this.lastBlocks), "a block with a fixed use is given away");
    assert(!this.#fresh.has(block), "a block is given away twice");
    this.#cache.delete(block);
    this.#fresh.set(block, bytes);
  }

  /** Forgets a block that has changed since the last commit. */
  drop(block: number): void {
    assert(this.#fresh.has(block), "a block is dropped that has not changed");
    this.#fresh.delete(block);
  }

  /** Writes a changed block to its place; the result is its checksum. It stays changed until the commit is done. */
  write(block: number): number {
    const bytes = this.#fresh.get(block)!;
    assert(bytes !== undefined, "a block is written that has not changed");
    assert(!isReserved(block, this.blocks, this.lastBlocks), "content is written to a block with a fixed use");
    this.device.write(block * BLOCK_BYTES, bytes);
    return crc32(bytes);
  }

  /** After a commit: what was changed is what is on the disk. `sums` has the checksums of the blocks written. */
  settle(sums: ReadonlyMap<number, number>): void {
    for (const [block, bytes] of this.#fresh) {
      assert(sums.has(block), "a changed block was not written before its commit");
      if (this.#cache.size >= CACHE_BLOCKS) this.#cache.delete(this.#cache.keys().next().value!);
      this.#cache.set(block, { bytes, sum: sums.get(block)! });
    }
    this.#fresh.clear();
  }

  /** Gives up what has changed since the last commit. */
  abandon(): void {
    this.#fresh.clear();
  }

  /** Everything will be read from the disk again. */
  forget(): void {
    this.#cache.clear();
  }
}

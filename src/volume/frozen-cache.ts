/**
 * Keeps on this host what never changes any more: pages of maps, whose names are their hashes, and objects that a read
 * says are frozen. Objects are kept in pieces, so that a guest that reads a block does not fetch 4 MiB.
 */
import { assert } from "../diagnostic/invariant.ts";
import { type Range, type ReadOptions, type Stored, StoreError, type Swapped, type WriteOptions } from "./store.ts";
import type { WholeStore } from "./whole.ts";

/** Where pieces are kept. What it gives back is what was put there, or null. */
export interface Pieces {
  get(key: string, index: number): Promise<Uint8Array | null>;
  /** Never fails: a cache that cannot keep something goes on without it. */
  put(key: string, index: number, piece: Uint8Array): Promise<void>;
  drop(key: string): Promise<void>;
}

const PIECE_BYTES = 512 << 10;
/** Of the object: its length (64 bits) and that of its tag (16 bits). */
const HEAD_BYTES = 10;
const MOST_PUTS_AT_ONCE = 32;

export class FrozenCache implements WholeStore {
  readonly #inner: WholeStore;
  readonly #pieces: Pieces;
  readonly #fetching = new Map<string, Promise<Stored | null>>();
  #puts = 0;

  constructor(inner: WholeStore, pieces: Pieces) {
    this.#inner = inner;
    this.#pieces = pieces;
  }

  get place(): string {
    return this.#inner.place;
  }

  get readOnly(): string | null {
    return this.#inner.readOnly;
  }

  async read(key: string, range?: Range, options?: ReadOptions): Promise<Stored | null> {
    if (!options?.isFrozen && !key.startsWith("map/")) return this.#inner.read(key, range, options);
    const from = range?.atBytes ?? 0;
    const first = await this.#piece(key, Math.floor(from / PIECE_BYTES));
    if (first === null) return null;
    const to = Math.min(first.sizeBytes, range === undefined ? first.sizeBytes : from + range.lengthBytes);
    if (from >= to) return { ...first, bytes: new Uint8Array() };
    const start = Math.floor(from / PIECE_BYTES);
    const count = Math.ceil(to / PIECE_BYTES) - start;
    const rest = Array.from({ length: count - 1 }, (_, index) => this.#piece(key, start + 1 + index));
    const bytes = new Uint8Array(to - from);
    for (const [index, piece] of [first, ...(await Promise.all(rest))].entries()) {
      if (piece === null || piece.sizeBytes !== first.sizeBytes)
        throw new StoreError("damaged", `${this.place}: ${key} changes, and should be frozen`);
      const at = (start + index) * PIECE_BYTES;
      bytes.set(piece.bytes.subarray(Math.max(0, from - at), to - at), Math.max(0, at - from));
    }
    return { bytes, tag: first.tag, sizeBytes: first.sizeBytes };
  }

  readUnless(key: string, tag: string): Promise<Stored | "same" | null> {
    return this.#inner.readUnless(key, tag);
  }

  write(key: string, atBytes: number, bytes: Uint8Array, options: WriteOptions): Promise<void> {
    return this.#inner.write(key, atBytes, bytes, options);
  }

  swap(key: string, bytes: Uint8Array, tag: string | null): Promise<Swapped> {
    return this.#inner.swap(key, bytes, tag);
  }

  list(prefix: string): Promise<string[]> {
    return this.#inner.list(prefix);
  }

  async remove(key: string): Promise<void> {
    await this.#inner.remove(key);
    await this.#pieces.drop(key);
  }

  /** A piece of an object; many who want it fetch it once. */
  async #piece(key: string, index: number): Promise<Stored | null> {
    const name = `${key} ${index}`;
    const known = this.#fetching.get(name);
    if (known !== undefined) return known;
    const fetched = this.#fetch(key, index).finally(() => this.#fetching.delete(name));
    this.#fetching.set(name, fetched);
    return fetched;
  }

  async #fetch(key: string, index: number): Promise<Stored | null> {
    const kept = await this.#pieces.get(key, index);
    const known = kept === null ? null : unpack(kept);
    if (known !== null) return known;
    const range = { atBytes: index * PIECE_BYTES, lengthBytes: PIECE_BYTES };
    const stored = await this.#inner.read(key, range, { isFrozen: true });
    if (stored !== null && stored.bytes.length > 0 && this.#puts < MOST_PUTS_AT_ONCE) {
      this.#puts++;
      this.#pieces.put(key, index, pack(stored)).finally(() => this.#puts--);
    }
    return stored;
  }
}

function pack({ bytes, tag, sizeBytes }: Stored): Uint8Array {
  const name = new TextEncoder().encode(tag);
  assert(name.length < 1 << 16, "a tag is short");
  const piece = new Uint8Array(HEAD_BYTES + name.length + bytes.length);
  const view = new DataView(piece.buffer);
  view.setBigUint64(0, BigInt(sizeBytes), true);
  view.setUint16(8, name.length, true);
  piece.set(name, HEAD_BYTES);
  piece.set(bytes, HEAD_BYTES + name.length);
  return piece;
}

function unpack(piece: Uint8Array): Stored | null {
  if (piece.length < HEAD_BYTES) return null;
  const view = new DataView(piece.buffer, piece.byteOffset);
  const start = HEAD_BYTES + view.getUint16(8, true);
  const tag = new TextDecoder().decode(piece.subarray(HEAD_BYTES, start));
  return { bytes: piece.subarray(start), tag, sizeBytes: Number(view.getBigUint64(0, true)) };
}

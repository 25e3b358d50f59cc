/**
 * A store in memory: for pages, for tests, and for campaigns, which put their faults between it and whoever uses it.
 */
import { assert } from "../diagnostic/invariant.ts";
import { type Range, REFUSED, type Store, type Stored, type Swapped, type WriteOptions } from "./store.ts";

interface Kept {
  bytes: Uint8Array;
  tag: number;
}

export class MemoryStore implements Store {
  readonly place: string;
  readonly readOnly = null;
  readonly #objects = new Map<string, Kept>();
  #tags = 0;

  constructor(place = "memory") {
    this.place = place;
  }

  async read(key: string, range?: Range): Promise<Stored | null> {
    const kept = this.#objects.get(key);
    if (!kept) return null;
    const { atBytes, lengthBytes } = range ?? { atBytes: 0, lengthBytes: kept.bytes.length };
    return {
      bytes: kept.bytes.slice(atBytes, atBytes + lengthBytes),
      tag: `${kept.tag}`,
      sizeBytes: kept.bytes.length,
    };
  }

  async write(key: string, atBytes: number, bytes: Uint8Array, _options: WriteOptions): Promise<void> {
    assert(atBytes >= 0, "it is written before the beginning");
    const kept = this.#objects.get(key) ?? { bytes: new Uint8Array(), tag: 0 };
    const length = bytes.length === 0 ? 0 : atBytes + bytes.length;
    if (length > kept.bytes.length) {
      const longer = new Uint8Array(length);
      longer.set(kept.bytes);
      kept.bytes = longer;
    }
    kept.bytes.set(bytes, atBytes);
    kept.tag = ++this.#tags;
    this.#objects.set(key, kept);
  }

  async swap(key: string, bytes: Uint8Array, tag: string | null): Promise<Swapped> {
    const kept = this.#objects.get(key);
    if ((kept ? `${kept.tag}` : null) !== tag) return REFUSED;
    this.#objects.set(key, { bytes: bytes.slice(), tag: ++this.#tags });
    return { outcome: "done", tag: `${this.#tags}` };
  }

  async list(prefix: string): Promise<string[]> {
    return [...this.#objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  async remove(key: string): Promise<void> {
    this.#objects.delete(key);
  }
}

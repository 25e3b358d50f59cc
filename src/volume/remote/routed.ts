/** Two stores as one: objects are in one of them, heads and maps in the other, as a mapper has them of its blockers. */
import type { Range, ReadOptions, Store, Stored, Swapped, WriteOptions } from "../store.ts";

const OBJECTS = "object/";

export class RoutedStore implements Store {
  readonly #objects: Store;
  readonly #maps: Store;

  constructor(objects: Store, maps: Store) {
    this.#objects = objects;
    this.#maps = maps;
  }

  get place(): string {
    return this.#objects === this.#maps ? this.#maps.place : `${this.#maps.place}, objects in ${this.#objects.place}`;
  }

  get readOnly(): string | null {
    return this.#maps.readOnly ?? this.#objects.readOnly;
  }

  read(key: string, range?: Range, options?: ReadOptions): Promise<Stored | null> {
    return this.#of(key).read(key, range, options);
  }

  write(key: string, atBytes: number, bytes: Uint8Array, options: WriteOptions): Promise<void> {
    return this.#of(key).write(key, atBytes, bytes, options);
  }

  swap(key: string, bytes: Uint8Array, tag: string | null): Promise<Swapped> {
    return this.#of(key).swap(key, bytes, tag);
  }

  async list(prefix: string): Promise<string[]> {
    // A prefix that is shorter than `object/` may be the beginning of keys in both.
    if (!OBJECTS.startsWith(prefix)) return this.#of(prefix).list(prefix);
    const maps = (await this.#maps.list(prefix)).filter((key) => !key.startsWith(OBJECTS));
    const objects = await this.#objects.list(OBJECTS);
    return [...maps, ...objects].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  remove(key: string): Promise<void> {
    return this.#of(key).remove(key);
  }

  #of(key: string): Store {
    return key.startsWith(OBJECTS) ? this.#objects : this.#maps;
  }
}

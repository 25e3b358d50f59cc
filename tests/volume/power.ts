/** A store whose power fails: what was not made durable is there in part, by sectors, or not at all. */
import type { Random } from "../../emulator/state/random.ts";
import { MemoryStore } from "../../src/volume/memory-store.ts";
import {
  type Range,
  type Store,
  type Stored,
  StoreError,
  type Swapped,
  type WriteOptions,
} from "../../src/volume/store.ts";

const SECTOR = 512;

interface Unflushed {
  readonly atBytes: number;
  readonly bytes: Uint8Array;
}

export class PowerStore implements Store {
  readonly place = "store";
  readonly readOnly = null;
  /** What is on the disk for good. */
  #stable: MemoryStore;
  /** What a reader sees. */
  #seen = new MemoryStore();
  readonly #unflushed = new Map<string, Unflushed[]>();
  /** Changes so far, and after which one the power fails. */
  changes = 0;
  cutAt = Infinity;
  #isOff = false;

  constructor(stable = new MemoryStore()) {
    this.#stable = stable;
  }

  async start(): Promise<void> {
    for (const key of await this.#stable.list("")) await copy(this.#stable, this.#seen, key);
  }

  /** The disk as the next start finds it. */
  async after(random: Random): Promise<PowerStore> {
    for (const [key, writes] of this.#unflushed)
      for (const { atBytes, bytes } of writes)
        for (let at = 0; at < bytes.length; at += SECTOR)
          if (random.chance(50))
            await this.#stable.write(key, atBytes + at, bytes.subarray(at, at + SECTOR), { isDurable: true });
    const next = new PowerStore(this.#stable);
    await next.start();
    return next;
  }

  #change(): void {
    if (this.#isOff) throw new StoreError("unavailable", "there is no power");
    if (this.changes++ < this.cutAt) return;
    this.#isOff = true;
    throw new StoreError("unavailable", "the power fails");
  }

  async read(key: string, range?: Range): Promise<Stored | null> {
    if (this.#isOff) throw new StoreError("unavailable", "there is no power");
    return this.#seen.read(key, range);
  }

  async write(key: string, atBytes: number, bytes: Uint8Array, { isDurable }: WriteOptions): Promise<void> {
    if (bytes.length > 0) {
      // It is under way when the power fails.
      this.#unflushed.set(key, [...(this.#unflushed.get(key) ?? []), { atBytes, bytes: bytes.slice() }]);
      this.#change();
      await this.#seen.write(key, atBytes, bytes, { isDurable });
    }
    if (!isDurable) return;
    this.#change();
    for (const write of this.#unflushed.get(key) ?? [])
      await this.#stable.write(key, write.atBytes, write.bytes, { isDurable });
    this.#unflushed.delete(key);
  }

  async swap(key: string, bytes: Uint8Array, tag: string | null): Promise<Swapped> {
    this.#change();
    const swapped = await this.#seen.swap(key, bytes, tag);
    if (swapped.outcome !== "done") return swapped;
    const there = await this.#stable.read(key);
    await this.#stable.swap(key, bytes, there?.tag ?? null);
    this.#change();
    return swapped;
  }

  list(prefix: string): Promise<string[]> {
    return this.#seen.list(prefix);
  }

  async remove(key: string): Promise<void> {
    this.#change();
    await this.#seen.remove(key);
    await this.#stable.remove(key);
    this.#unflushed.delete(key);
  }
}

async function copy(from: Store, to: Store, key: string): Promise<void> {
  const stored = await from.read(key);
  if (stored) await to.swap(key, stored.bytes, null);
}

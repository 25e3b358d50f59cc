/**
 * Keeps what is written to a store of whole objects on this host until it has to be there: at a durable write, or when
 * the slots are full. What was not flushed is lost with the process, as with the cache of a disk. What is kept of an
 * object that others might write is never believed: the store is asked whether it is still the same.
 */
import { assert } from "../diagnostic/invariant.ts";
import { Ranges, type Span } from "./ranges.ts";
import type { Range, ReadOptions, Stored, Swapped, WriteOptions } from "./store.ts";
import { mergeInto, type Piece, type WholeStore } from "./whole.ts";

/** Places for an object each, on this host. */
export interface Slots {
  readonly count: number;
  read(slot: number, atBytes: number, lengthBytes: number): Promise<Uint8Array>;
  write(slot: number, atBytes: number, bytes: Uint8Array): Promise<void>;
}

/** Objects of volumes are no larger; what is goes past. */
export const SLOT_BYTES = 4 << 20;
const MEMORY_SLOTS = 16;

export class MemorySlots implements Slots {
  readonly count: number;
  readonly #content = new Map<number, Uint8Array>();

  constructor(count = MEMORY_SLOTS) {
    this.count = count;
  }

  async read(slot: number, atBytes: number, lengthBytes: number): Promise<Uint8Array> {
    return this.#of(slot).slice(atBytes, atBytes + lengthBytes);
  }

  async write(slot: number, atBytes: number, bytes: Uint8Array): Promise<void> {
    this.#of(slot).set(bytes, atBytes);
  }

  #of(slot: number): Uint8Array {
    assert(slot < this.count, "a slot is one of those that are there");
    let bytes = this.#content.get(slot);
    if (bytes === undefined) this.#content.set(slot, (bytes = new Uint8Array(SLOT_BYTES)));
    return bytes;
  }
}

interface Entry {
  readonly key: string;
  slots: Slots;
  slot: number;
  /** Writes that are in line: an entry with one is not dropped. */
  writes: number;
  /** In the slot, and not in the store. */
  dirty: Ranges;
  /** On the way to the store. */
  sending: Ranges;
  /** How often something was sent: what was read of the store before is older than the slot. */
  sends: number;
  /** The slot has all the rest of the object as it is in the store with this tag. */
  clean: { readonly tag: string; readonly sizeBytes: number } | null;
  /** The end of the line for the slot's bytes. */
  line: Promise<unknown>;
  sent: Promise<unknown>;
}

export class WriteBack implements WholeStore {
  readonly #inner: WholeStore;
  readonly #onTrouble: (message: string) => void;
  #slots: Slots;
  #free: number[];
  /** The one that was used last comes last. */
  readonly #entries = new Map<string, Entry>();
  /** Slots that are free as soon as nobody reads them. */
  readonly #releases = new Set<Promise<void>>();

  /** `onTrouble` is told once when the slots fail, and the memory takes their place. */
  constructor(inner: WholeStore, slots: Slots, onTrouble: (message: string) => void) {
    assert(slots.count > 0, "there is a slot");
    this.#inner = inner;
    this.#slots = slots;
    this.#onTrouble = onTrouble;
    this.#free = Array.from({ length: slots.count }, (_, slot) => slot);
  }

  get place(): string {
    return this.#inner.place;
  }

  get readOnly(): string | null {
    return this.#inner.readOnly;
  }

  async read(key: string, range?: Range, options?: ReadOptions): Promise<Stored | null> {
    for (;;) {
      const entry = this.#entries.get(key);
      if (entry === undefined) return this.#inner.read(key, range, options);
      this.#touch(entry);
      const { sends, clean } = entry;
      const now = clean === null ? await this.#inner.read(key, range) : await this.#inner.readUnless(key, clean.tag);
      const read = await this.#inLine(entry, async () => {
        // Else what was read of the store may be older than what was sent since, or the slot is another's.
        if (this.#entries.get(key) !== entry || entry.sends !== sends || entry.clean !== clean) return "again";
        if (now === "same") return readSlot(entry, range);
        // All of it, where the store was asked for it by its tag.
        return readOver(entry, range, now, clean !== null);
      });
      if (read !== "again") return read;
    }
  }

  async readUnless(key: string, tag: string): Promise<Stored | "same" | null> {
    if (this.#entries.has(key)) return this.read(key);
    return this.#inner.readUnless(key, tag);
  }

  async write(key: string, atBytes: number, bytes: Uint8Array, options: WriteOptions): Promise<void> {
    const isKept = this.#entries.has(key);
    const isLarge = atBytes + bytes.length > SLOT_BYTES;
    if (bytes.length > 0 && (isLarge || (options.isDurable && !isKept && atBytes === 0))) {
      if (isKept) await this.#forget(key);
      return this.#inner.write(key, atBytes, bytes, { isDurable: true });
    }
    if (bytes.length > 0) await this.#withEntry(key, (entry) => this.#keep(entry, atBytes, bytes));
    const entry = this.#entries.get(key);
    if (options.isDurable && entry !== undefined) await this.#send(entry);
  }

  async swap(key: string, bytes: Uint8Array, tag: string | null): Promise<Swapped> {
    await this.#forget(key);
    return this.#inner.swap(key, bytes, tag);
  }

  async list(prefix: string): Promise<string[]> {
    const kept = [...this.#entries.values()].filter((entry) => entry.key.startsWith(prefix) && localEnd(entry) > 0);
    const keys = await this.#inner.list(prefix);
    const all = new Set([...keys, ...kept.map(({ key }) => key)]);
    return all.size === keys.length ? keys : [...all].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  async remove(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    await entry?.sent.catch(() => {});
    if (entry !== undefined) await this.#drop(entry);
    await this.#inner.remove(key);
  }

  /** Sends what is kept of a key, and keeps no more of it. */
  async #forget(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    await this.#send(entry);
    if (entry.writes === 0 && localEnd(entry) === 0) await this.#drop(entry);
  }

  /**
   * Uses the entry of a key, at once when there is one. A slot is made free for a new one, by sending the one that was
   * used longest ago.
   */
  async #withEntry(key: string, use: (entry: Entry) => Promise<void>): Promise<void> {
    for (;;) {
      const known = this.#entries.get(key);
      if (known?.slots === this.#slots) return use(this.#touch(known));
      // Its slot is of a disk that was found full.
      if (known !== undefined) await this.#forget(key);
      else {
        const slot = this.#free.pop();
        if (slot !== undefined) return use(this.#newEntry(key, slot));
        const oldest = [...this.#entries.values()].find((entry) => entry.slots === this.#slots && entry.writes === 0);
        if (oldest !== undefined) await this.#forget(oldest.key);
        else await Promise.race([...this.#releases, ...[...this.#entries.values()].map(({ line }) => line)]);
      }
    }
  }

  #newEntry(key: string, slot: number): Entry {
    const done = Promise.resolve();
    const state = { writes: 0, dirty: new Ranges(), sending: new Ranges(), sends: 0, clean: null };
    const entry: Entry = { key, slots: this.#slots, slot, ...state, line: done, sent: done };
    this.#entries.set(key, entry);
    this.#sendEarly();
    return entry;
  }

  /** Begins to send before all slots are dirty, so that a write rarely waits for it. */
  #sendEarly(): void {
    if (this.#free.length * 4 > this.#slots.count) return;
    const oldest = [...this.#entries.values()].find((entry) => !entry.dirty.isEmpty && entry.sending.isEmpty);
    // It stays dirty when this fails, and a flush says so.
    if (oldest !== undefined) this.#send(oldest).catch(() => {});
  }

  #touch(entry: Entry): Entry {
    if (!this.#entries.delete(entry.key)) return entry;
    this.#entries.set(entry.key, entry);
    return entry;
  }

  /** Its slot is free when this resolves. */
  async #drop(entry: Entry): Promise<void> {
    if (this.#entries.get(entry.key) !== entry) return;
    this.#entries.delete(entry.key);
    const { slots, slot } = entry;
    const release = entry.line.then(() => {
      if (slots === this.#slots) this.#free.push(slot);
    });
    this.#releases.add(release);
    await release;
    this.#releases.delete(release);
  }

  async #keep(entry: Entry, atBytes: number, bytes: Uint8Array): Promise<void> {
    entry.writes++;
    try {
      await this.#inLine(entry, async () => {
        try {
          await entry.slots.write(entry.slot, atBytes, bytes);
        } catch (error) {
          this.#leaveSlots(error);
          await moveToMemory(entry);
          await entry.slots.write(entry.slot, atBytes, bytes);
        }
        entry.dirty.add(atBytes, atBytes + bytes.length);
      });
    } finally {
      entry.writes--;
    }
  }

  /** A full disk: new entries are kept in memory. */
  #leaveSlots(error: unknown): void {
    if (this.#slots instanceof MemorySlots) return;
    this.#onTrouble(error instanceof Error ? error.message : String(error));
    this.#slots = new MemorySlots();
    this.#free = Array.from({ length: this.#slots.count }, (_, slot) => slot);
  }

  /** Everything that was written before is in the store when this resolves. */
  #send(entry: Entry): Promise<void> {
    const sent = entry.sent.catch(() => {}).then(() => this.#sendNow(entry));
    entry.sent = sent.catch(() => {});
    return sent;
  }

  async #sendNow(entry: Entry): Promise<void> {
    const pieces: Piece[] = [];
    const base = await this.#inLine(entry, async () => {
      for (const { from, to } of entry.dirty.spans)
        pieces.push({ atBytes: from, bytes: await entry.slots.read(entry.slot, from, to - from) });
      [entry.sending, entry.dirty] = [entry.dirty, new Ranges()];
      if (entry.clean === null || pieces.length === 0) return "unread";
      return { bytes: await entry.slots.read(entry.slot, 0, entry.clean.sizeBytes), tag: entry.clean.tag };
    });
    if (pieces.length === 0) return;
    try {
      const merged = await mergeInto(this.#inner, entry.key, pieces, base);
      await this.#inLine(entry, async () => {
        entry.clean = null;
        entry.sends++;
        entry.sending = new Ranges();
        if (merged.tag === null) return;
        for (const { from, to } of entry.dirty.without(0, merged.bytes.length))
          await entry.slots.write(entry.slot, from, merged.bytes.subarray(from, to));
        entry.clean = { tag: merged.tag, sizeBytes: merged.bytes.length };
      }).catch((error: unknown) => this.#leaveSlots(error));
    } catch (error) {
      entry.dirty.addAll(entry.sending);
      entry.sending = new Ranges();
      throw error;
    }
  }

  /** Work on the bytes of an entry's slot, one after the other. */
  #inLine<Result>(entry: Entry, work: () => Promise<Result>): Promise<Result> {
    const done = entry.line.then(work);
    entry.line = done.catch(() => {});
    return done;
  }
}

/** What the slot has and the store might not. */
function local({ dirty, sending }: Entry): Ranges {
  const all = new Ranges();
  all.addAll(sending);
  all.addAll(dirty);
  return all;
}

async function readSlot(entry: Entry, range: Range | undefined): Promise<Stored> {
  assert(entry.clean !== null, "the slot has all of the object");
  const { tag, sizeBytes: cleanBytes } = entry.clean!;
  const sizeBytes = Math.max(cleanBytes, localEnd(entry));
  const { from, to } = spanOf(range, sizeBytes);
  return { bytes: await entry.slots.read(entry.slot, from, to - from), tag, sizeBytes };
}

/** What the slot has, over what the store has: all of the object, or what `range` says of it. */
async function readOver(
  entry: Entry,
  range: Range | undefined,
  base: Stored | null,
  isWhole: boolean,
): Promise<Stored | null> {
  const sizeBytes = Math.max(base?.sizeBytes ?? 0, localEnd(entry));
  if (base === null && sizeBytes === 0) return null;
  const { from, to } = spanOf(range, sizeBytes);
  const bytes = new Uint8Array(to - from);
  if (base !== null) bytes.set(isWhole ? base.bytes.subarray(from, to) : base.bytes);
  for (const span of local(entry).within(from, to))
    bytes.set(await entry.slots.read(entry.slot, span.from, span.to - span.from), span.from - from);
  return { bytes, tag: base?.tag ?? "", sizeBytes };
}

function spanOf(range: Range | undefined, sizeBytes: number): Span {
  const from = Math.min(range?.atBytes ?? 0, sizeBytes);
  return { from, to: range === undefined ? sizeBytes : Math.min(sizeBytes, from + range.lengthBytes) };
}

/** What is in a slot can still be read when nothing more can be written there. */
async function moveToMemory(entry: Entry): Promise<void> {
  const memory = new MemorySlots(1);
  const lengthBytes = Math.max(entry.clean?.sizeBytes ?? 0, localEnd(entry));
  await memory.write(0, 0, await entry.slots.read(entry.slot, 0, lengthBytes));
  [entry.slots, entry.slot] = [memory, 0];
}

function localEnd({ dirty, sending }: Entry): number {
  return Math.max(dirty.end, sending.end);
}

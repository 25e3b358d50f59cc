/** A volume that this process writes: the only one in its epoch. */
import { assert } from "../diagnostic/invariant.ts";
import { type Context, eachOf, naming } from "./context.ts";
import { readHead, type SeenHead, swapHead } from "./head.ts";
import { extentsOf, type Layers, piecesOf, readBlocks, readSums, readWithin } from "./layers.ts";
import { BLOCK_BYTES, objectKey, SECTOR_BYTES, sumsKey } from "./layout.ts";
import type { Extent, VolumeDevice } from "./model.ts";
import { VolumeError } from "./model.ts";
import { changedHead, fenced, settle } from "./settle.ts";
import { BLOCK, Sums } from "./sums.ts";

const AT_ONCE = 4;
/** Objects whose checksums are kept in memory when they are not to be written: those of 16 GiB. */
const MOST_SUMS = 4096;
const NOTHING = new Uint8Array();

interface Written {
  readonly sums: Sums;
  /** Written since the last flush. */
  isDirty: boolean;
  hasData: boolean;
  /** Blocks of which a write has failed: what they have now is to be looked at before anything is said of them. */
  readonly doubtful: Set<number>;
}

export class OwnedVolume implements VolumeDevice {
  readonly name: string;
  readonly readOnly = false;
  readonly #context: Context;
  #seen: SeenHead;
  /** What was written in this epoch; null: its checksums are in the store alone. */
  readonly #written = new Map<number, Written | null>();
  /** Who works on an object: the end of the last one's work. */
  readonly #busy = new Map<number, Promise<unknown>>();
  #flushing: Promise<unknown> = Promise.resolve();
  /** Everything new waits while an epoch is put into the map, which begins when all that is under way has ended. */
  #pause: Promise<unknown> | null = null;
  readonly #underWay = new Set<Promise<unknown>>();
  #broken: VolumeError | null = null;
  /** It was to be frozen, and the store did not say whether it is: nothing is written before that is known. */
  #isUnsure = false;
  readonly #onClose: () => void;

  constructor(context: Context, seen: SeenHead, onClose: () => void) {
    assert(seen.head.from === null, `${seen.name}: it is written before its earlier epoch is in the map`);
    this.name = seen.name;
    this.#context = context;
    this.#seen = seen;
    this.#onClose = onClose;
  }

  get sizeBytes(): number {
    return this.#seen.head.sizeBytes;
  }

  /** As it was last seen. */
  get head(): SeenHead {
    return this.#seen;
  }

  get #layers(): Layers {
    const { id, epoch, map, owner } = this.#seen.head;
    const layer = { epoch, isChecked: true, sums: async (index: number) => (await this.#find(index))?.sums ?? null };
    return { context: this.#context, name: this.name, id, layers: [layer], map, user: `machine ${owner?.id}` };
  }

  read(atBytes: number, lengthBytes: number): Promise<Uint8Array> {
    this.#check(atBytes, lengthBytes);
    return this.#do(async () => {
      let result: Uint8Array | null = null;
      await eachOf(piecesOf(atBytes, lengthBytes), AT_ONCE, async ({ index, within, length, offset }) => {
        const piece = await this.#alone(index, () => readWithin(this.#layers, index, within, length));
        if (length === lengthBytes) result = piece;
        else (result ??= new Uint8Array(lengthBytes)).set(piece, offset);
      });
      return result ?? new Uint8Array();
    });
  }

  write(atBytes: number, bytes: Uint8Array): Promise<void> {
    this.#check(atBytes, bytes.length);
    return this.#do(() =>
      eachOf(piecesOf(atBytes, bytes.length), AT_ONCE, ({ index, within, length, offset }) =>
        this.#alone(index, () => this.#put(index, within, bytes.subarray(offset, offset + length))),
      ),
    );
  }

  zero(atBytes: number, lengthBytes: number): Promise<void> {
    this.#check(atBytes, lengthBytes);
    return this.#do(() =>
      eachOf(piecesOf(atBytes, lengthBytes), AT_ONCE, ({ index, within, length }) =>
        this.#alone(index, () => this.#clear(index, within, length)),
      ),
    );
  }

  extents(atBytes: number, lengthBytes: number): Promise<Extent[]> {
    this.#check(atBytes, lengthBytes);
    return this.#do(async () => {
      const all: Extent[] = [];
      for (const { index, within, length } of piecesOf(atBytes, lengthBytes)) {
        const first = Math.floor(within / BLOCK_BYTES);
        const found = await extentsOf(this.#layers, index, first, Math.ceil((within + length) / BLOCK_BYTES));
        appendExtents(all, found, length, within - first * BLOCK_BYTES);
      }
      return all;
    });
  }

  flush(): Promise<void> {
    const flushed = this.#flushing.catch(() => {}).then(() => this.#do(() => this.#flush()));
    this.#flushing = flushed;
    return flushed;
  }

  /** Flushes, and puts everything into the map: whoever opens it next finds nothing left to do. */
  async close(): Promise<void> {
    try {
      await this.#freezeAlone(true);
    } finally {
      this.#broken ??= new VolumeError("invalid", `${this.name} is closed`);
      this.#onClose();
    }
  }

  /** Ends without a word, as a process that is killed does. */
  abandon(): void {
    this.#broken ??= new VolumeError("invalid", `${this.name} is closed`);
    this.#onClose();
  }

  /** Puts what was written into the map, and goes on in another epoch. Writes wait for it. */
  freeze(): Promise<SeenHead> {
    return this.#freezeAlone(false);
  }

  async #freezeAlone(isLast: boolean): Promise<SeenHead> {
    while (this.#pause) await this.#pause;
    if (this.#broken) throw this.#broken;
    if (this.#isUnsure) await this.#freezeAgain();
    const frozen = Promise.allSettled(this.#underWay).then(() => naming(this.name, () => this.#freeze(isLast)));
    const pause = frozen.catch(() => {}).then(() => void (this.#pause = null));
    this.#pause = pause;
    return frozen;
  }

  async #freeze(isLast: boolean): Promise<SeenHead> {
    const { store, host } = this.#context;
    await this.#flush();
    const { head } = this.#seen;
    const from = this.#written.size > 0 ? { epoch: head.epoch, isChecked: true } : null;
    if (!from && !isLast) return this.#seen;
    const next = changedHead(head, { epoch: head.epoch + 1, from, isIdle: isLast });
    this.#isUnsure = true;
    const taken = await swapHead(store, host, this.name, this.#seen, next);
    if (!taken) throw this.#fence();
    return this.#settle(taken);
  }

  async #settle(taken: SeenHead): Promise<SeenHead> {
    this.#seen = await settle(this.#context, taken);
    this.#written.clear();
    this.#isUnsure = false;
    return this.#seen;
  }

  /** Goes on with what `freeze` began, if it did. */
  async #makeSure(): Promise<void> {
    const now = await readHead(this.#context.store, this.name);
    const { head } = this.#seen;
    // Others who take the volume keep no epoch to write in for this owner.
    const isOwn =
      now?.head.owner?.nonce === head.owner?.nonce && now?.head.epoch === head.epoch + 1 && !now.head.isIdle;
    if (now && now.tag === this.#seen.tag) this.#isUnsure = false;
    else if (now && isOwn) await this.#settle(now);
    else throw this.#fence();
  }

  // ---- Under way

  #check(atBytes: number, lengthBytes: number): void {
    assert(
      atBytes >= 0 && lengthBytes >= 0 && atBytes + lengthBytes <= this.sizeBytes,
      `${this.name}: bytes that are not in it`,
    );
    assert(atBytes % SECTOR_BYTES === 0 && lengthBytes % SECTOR_BYTES === 0, `${this.name}: a part of a sector`);
  }

  async #do<Result>(action: () => Promise<Result>): Promise<Result> {
    while (this.#pause) await this.#pause;
    if (this.#broken) throw this.#broken;
    if (this.#isUnsure) await this.#freezeAgain();
    const work = naming(this.name, action);
    this.#underWay.add(work);
    try {
      return await work;
    } catch (error) {
      // What a fenced owner had may have been collected meanwhile.
      if (error instanceof VolumeError && error.trouble === "damaged")
        await naming(this.name, () => this.#checkOwner());
      throw error;
    } finally {
      this.#underWay.delete(work);
    }
  }

  async #freezeAgain(): Promise<void> {
    const sure = naming(this.name, () => this.#makeSure());
    this.#pause = sure.catch(() => {}).then(() => void (this.#pause = null));
    await sure;
    while (this.#pause) await this.#pause;
  }

  #alone<Result>(index: number, action: () => Promise<Result>): Promise<Result> {
    const before = this.#busy.get(index) ?? Promise.resolve();
    const work = before.then(action);
    const end = work.catch(() => {}).then(() => void (this.#busy.get(index) === end && this.#busy.delete(index)));
    this.#busy.set(index, end);
    return work;
  }

  #fence(): VolumeError {
    return (this.#broken = fenced(this.name));
  }

  async #find(index: number): Promise<Written | null> {
    const written = this.#written.get(index);
    if (written && written.doubtful.size > 0) await this.#believe(index, written);
    if (written !== null) return written ?? null;
    const { id, epoch } = this.#seen.head;
    const sums = await readSums(this.#context, this.name, id, { epoch, isChecked: true }, index);
    assert(sums !== null, `${this.name}: checksums that were written are not there`);
    const found = { sums, isDirty: false, hasData: true, doubtful: new Set<number>() };
    this.#keep(index, found);
    return found;
  }

  #keep(index: number, written: Written): void {
    this.#written.delete(index);
    this.#written.set(index, written);
    if (this.#written.size <= MOST_SUMS) return;
    for (const [other, { isDirty } = { isDirty: true }] of this.#inMemory()) {
      if (isDirty || other === index || this.#busy.has(other)) continue;
      this.#written.set(other, null);
      return;
    }
  }

  *#inMemory(): Generator<[number, Written]> {
    let looked = 0;
    for (const [index, written] of this.#written) if (written && looked++ < 64) yield [index, written];
  }

  async #touched(index: number): Promise<Written> {
    const written = (await this.#find(index)) ?? {
      sums: new Sums(),
      isDirty: false,
      hasData: false,
      doubtful: new Set<number>(),
    };
    written.isDirty = true;
    this.#keep(index, written);
    return written;
  }

  /** Bytes within an object: what is of their blocks besides is read first. */
  async #put(index: number, within: number, bytes: Uint8Array): Promise<void> {
    const first = Math.floor(within / BLOCK_BYTES);
    const end = Math.ceil((within + bytes.length) / BLOCK_BYTES);
    const start = within - first * BLOCK_BYTES;
    let blocks = bytes;
    if (start !== 0 || bytes.length !== (end - first) * BLOCK_BYTES) {
      blocks = new Uint8Array((end - first) * BLOCK_BYTES);
      if (start !== 0) blocks.set(await readBlocks(this.#layers, index, first, 1));
      if ((start + bytes.length) % BLOCK_BYTES !== 0 && (end - first > 1 || start === 0))
        blocks.set(await readBlocks(this.#layers, index, end - 1, 1), (end - 1 - first) * BLOCK_BYTES);
      blocks.set(bytes, start);
    }
    const { id, epoch } = this.#seen.head;
    const written = await this.#touched(index);
    try {
      written.hasData = true;
      const key = objectKey(id, epoch, index);
      await this.#context.store.write(key, first * BLOCK_BYTES, blocks, { isDurable: false });
    } catch (error) {
      for (let block = first; block < end; block++) written.doubtful.add(block);
      throw error;
    }
    for (let block = first; block < end; block++) {
      const at = (block - first) * BLOCK_BYTES;
      written.sums.states[block] = BLOCK.data;
      written.sums.crcs[block] = this.#context.host.crc32(blocks.subarray(at, at + BLOCK_BYTES));
    }
  }

  /** Blocks are what they are now, as a disk's would be after a write that failed. */
  async #believe(index: number, { sums, doubtful }: Written): Promise<void> {
    const { id, epoch } = this.#seen.head;
    for (const block of doubtful) {
      if (sums.states[block] === BLOCK.data) {
        const range = { atBytes: block * BLOCK_BYTES, lengthBytes: BLOCK_BYTES };
        const stored = await this.#context.store.read(objectKey(id, epoch, index), range);
        const bytes = new Uint8Array(BLOCK_BYTES);
        if (stored) bytes.set(stored.bytes);
        sums.crcs[block] = this.#context.host.crc32(bytes);
      }
      doubtful.delete(block);
    }
  }

  async #clear(index: number, within: number, length: number): Promise<void> {
    const first = Math.ceil(within / BLOCK_BYTES);
    const end = Math.floor((within + length) / BLOCK_BYTES);
    if (first > end) {
      await this.#put(index, within, new Uint8Array(length));
      return;
    }
    const [before, after] = [first * BLOCK_BYTES - within, within + length - end * BLOCK_BYTES];
    if (before > 0) await this.#put(index, within, new Uint8Array(before));
    if (after > 0) await this.#put(index, end * BLOCK_BYTES, new Uint8Array(after));
    if (first < end) (await this.#touched(index)).sums.states.fill(BLOCK.zeros, first, end);
  }

  /** The content first, then what says that it counts, then whether that may be said to anybody. */
  async #flush(): Promise<void> {
    const dirty = [...this.#written].filter(([, written]) => written?.isDirty).map(([index]) => index);
    await eachOf(dirty, AT_ONCE, (index) => this.#alone(index, () => this.#flushObject(index)));
    await this.#checkOwner();
  }

  async #checkOwner(): Promise<void> {
    const now = await readHead(this.#context.store, this.name);
    const { head } = this.#seen;
    if (now?.head.id !== head.id || now.head.epoch !== head.epoch || now.head.owner?.nonce !== head.owner?.nonce)
      throw this.#fence();
  }

  async #flushObject(index: number): Promise<void> {
    const written = await this.#find(index);
    if (!written?.isDirty) return;
    const { store } = this.#context;
    const { id, epoch } = this.#seen.head;
    if (written.hasData) await store.write(objectKey(id, epoch, index), 0, NOTHING, { isDurable: true });
    const { atBytes, bytes } = written.sums.next();
    await store.write(sumsKey(id, epoch, index), atBytes, bytes, { isDurable: true });
    written.isDirty = false;
  }
}

/** Adds those of one object, of which the first begins before what was asked for. */
export function appendExtents(all: Extent[], found: readonly Extent[], lengthBytes: number, skipBytes: number): void {
  let [skip, left] = [skipBytes, lengthBytes];
  for (const { kind, lengthBytes: whole } of found) {
    const length = Math.min(left, whole - skip);
    skip = 0;
    if (length <= 0) continue;
    left -= length;
    const last = all.at(-1);
    if (last?.kind === kind) all[all.length - 1] = { kind, lengthBytes: last.lengthBytes + length };
    else all.push({ kind, lengthBytes: length });
  }
}

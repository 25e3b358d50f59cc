/**
 * Objects that never change: their content without the zeros at its end, a CRC-32 for each block of it, so that a block
 * can be read and judged alone, the content's hash, which is the object's name, and a CRC-32 of all that is not
 * content.
 */
import { assert } from "../diagnostic/invariant.ts";
import { BLOCK_BYTES, BLOCKS, fromHex, frozenKey, isZero, OBJECT_BYTES, toHex } from "./layout.ts";
import type { Entry } from "./map.ts";
import { VolumeError, type VolumeHost } from "./model.ts";
import type { Store } from "./store.ts";

const CRC_BYTES = 4;
const HASH_BYTES = 32;
const TAIL_BYTES = HASH_BYTES + CRC_BYTES;
/** Tables of checksums that are kept in memory, 4 KiB each. */
const MOST_TABLES = 1024;

/** Its content up to the last block that is not zeros. */
export function trimmed(content: Uint8Array): Uint8Array {
  assert(content.length <= OBJECT_BYTES && content.length % BLOCK_BYTES === 0, "an object is made of whole blocks");
  let end = content.length;
  while (end > 0 && isZero(content.subarray(end - BLOCK_BYTES, end))) end -= BLOCK_BYTES;
  return content.subarray(0, end);
}

export async function hashOf(host: Pick<VolumeHost, "sha256">, content: Uint8Array): Promise<string> {
  return toHex(await host.sha256(trimmed(content)));
}

const LOST_TEXT = new TextEncoder().encode("This block was lost.\n");

/**
 * Stores a content under an epoch that is the writer's own. Null: it is zeros, which need no object. Blocks that are
 * lost get a checksum that does not fit, so reading them is an error for ever.
 */
export async function freezeContent(
  store: Store,
  host: VolumeHost,
  { id, epoch }: { readonly id: string; readonly epoch: number },
  content: Uint8Array,
  lost: ReadonlySet<number> = new Set(),
): Promise<Entry | null> {
  // Not zeros: the content's hash must not be that of one in which nothing is lost.
  for (const block of lost) content.set(LOST_TEXT, block * BLOCK_BYTES);
  const kept = trimmed(content);
  if (kept.length === 0) return null;
  const hash = toHex(await host.sha256(kept));
  const blocks = kept.length / BLOCK_BYTES;
  const bytes = new Uint8Array(kept.length + blocks * CRC_BYTES + TAIL_BYTES);
  const view = new DataView(bytes.buffer);
  const tailAt = bytes.length - TAIL_BYTES;
  bytes.set(kept);
  for (let block = 0; block < blocks; block++)
    view.setUint32(
      kept.length + block * CRC_BYTES,
      host.crc32(kept.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES)) ^ (lost.has(block) ? -1 : 0),
      true,
    );
  bytes.set(fromHex(hash), tailAt);
  view.setUint32(tailAt + HASH_BYTES, host.crc32(bytes.subarray(kept.length, tailAt + HASH_BYTES)), true);
  await store.write(frozenKey(id, epoch, hash), 0, bytes, { isDurable: true });
  return { id, epoch, hash };
}

/** Blocks of a content, by the length of its object. */
function blocksOf(what: string, sizeBytes: number): number {
  const blocks = (sizeBytes - TAIL_BYTES) / (BLOCK_BYTES + CRC_BYTES);
  if (!Number.isInteger(blocks) || blocks < 1 || blocks > BLOCKS)
    throw new VolumeError("damaged", `${what} is damaged: it has ${sizeBytes} bytes`);
  return blocks;
}

/** Reads frozen objects. Each error begins with `what`: which volume, and where in it. */
export class FrozenObjects {
  readonly #store: Store;
  readonly #host: VolumeHost;
  readonly #tables = new Map<string, Uint32Array>();

  constructor(store: Store, host: VolumeHost) {
    this.#store = store;
    this.#host = host;
  }

  /** Blocks from `first` on; beyond the content they are zeros. */
  async read(what: string, entry: Entry, first: number, count: number): Promise<Uint8Array> {
    assert(first >= 0 && count > 0 && first + count <= BLOCKS, "blocks of an object that are none");
    if (entry.isLost)
      throw new VolumeError("damaged", `${what} is lost: "qure volume fsck --repair" found nothing to bring it back`);
    const table = await this.#table(what, entry);
    const result = new Uint8Array(count * BLOCK_BYTES);
    const wanted = Math.min(count, table.length - first);
    if (wanted <= 0) return result;
    const key = frozenKey(entry.id, entry.epoch, entry.hash);
    const range = { atBytes: first * BLOCK_BYTES, lengthBytes: wanted * BLOCK_BYTES };
    const stored = await this.#store.read(key, range, { isFrozen: true });
    if (stored?.bytes.length !== range.lengthBytes)
      throw new VolumeError("damaged", `${what} is damaged: object ${key} is ${stored ? "too short" : "missing"}`);
    for (let block = 0; block < wanted; block++)
      if (
        this.#host.crc32(stored.bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES)) !== table[first + block]
      )
        throw new VolumeError(
          "damaged",
          `${what} is damaged: block ${first + block} of object ${key} is not what was written`,
        );
    result.set(stored.bytes);
    return result;
  }

  async #table(what: string, { id, epoch, hash }: Entry): Promise<Uint32Array> {
    const key = frozenKey(id, epoch, hash);
    const kept = this.#tables.get(key);
    if (kept) return kept;
    const start = await this.#store.read(key, { atBytes: 0, lengthBytes: 0 }, { isFrozen: true });
    if (!start) throw new VolumeError("damaged", `${what} is missing: object ${key}`);
    const blocks = blocksOf(`${what}: object ${key}`, start.sizeBytes);
    const range = { atBytes: blocks * BLOCK_BYTES, lengthBytes: blocks * CRC_BYTES + TAIL_BYTES };
    const stored = await this.#store.read(key, range, { isFrozen: true });
    if (!stored || !this.#isTable(stored.bytes, blocks, hash))
      throw new VolumeError("damaged", `${what} is damaged: the checksums of object ${key} are not what was written`);
    const view = new DataView(stored.bytes.buffer, stored.bytes.byteOffset, stored.bytes.byteLength);
    const table = Uint32Array.from({ length: blocks }, (_, block) => view.getUint32(block * CRC_BYTES, true));
    this.#tables.set(key, table);
    if (this.#tables.size > MOST_TABLES) this.#tables.delete(this.#tables.keys().next().value!);
    return table;
  }

  /** Whether these are the checksums of the object of this name, all of them. */
  #isTable(bytes: Uint8Array, blocks: number, hash: string): boolean {
    const hashAt = blocks * CRC_BYTES;
    if (bytes.length !== hashAt + TAIL_BYTES) return false;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isWhole =
      view.getUint32(hashAt + HASH_BYTES, true) === this.#host.crc32(bytes.subarray(0, hashAt + HASH_BYTES));
    return isWhole && toHex(bytes.subarray(hashAt, hashAt + HASH_BYTES)) === hash;
  }

  /** All of it, judged by its hash. Null: it is missing. Throws a VolumeError when it is damaged. */
  async whole(what: string, entry: Entry): Promise<Uint8Array | null> {
    const key = frozenKey(entry.id, entry.epoch, entry.hash);
    const stored = await this.#store.read(key);
    if (!stored) return null;
    const blocks = blocksOf(`${what}: object ${key}`, stored.bytes.length);
    const content = stored.bytes.subarray(0, blocks * BLOCK_BYTES);
    const view = new DataView(stored.bytes.buffer, stored.bytes.byteOffset, stored.bytes.byteLength);
    const isRight =
      this.#isTable(stored.bytes.subarray(content.length), blocks, entry.hash) &&
      toHex(await this.#host.sha256(content)) === entry.hash &&
      Array.from({ length: blocks }).every(
        (_, block) =>
          view.getUint32(content.length + block * CRC_BYTES, true) ===
          this.#host.crc32(content.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES)),
      );
    if (!isRight) throw new VolumeError("damaged", `${what} is damaged: object ${key} is not what was written`);
    return content;
  }
}

/** Disks in memory, and the record of what a guest wrote that every disk needs for snapshots and digests. */

import { holds } from "../state/invariant.ts";
import { PAGE_BYTES as CHUNK_BYTES } from "../state/pages.ts";
import type { Stateful, StateVisitor } from "../state/state.ts";
import type { BlockBackend } from "./block.ts";

/** A medium that nobody writes: bytes, and zeros after them. Any number of disks may lie over it. */
export class BytesDisk implements BlockBackend {
  readonly sizeBytes: number;
  readonly readOnly = true;
  readonly bytes: Uint8Array;

  /** Keeps `bytes`, which nobody may change afterwards. */
  constructor(bytes: Uint8Array, sizeBytes: number) {
    this.bytes = bytes;
    this.sizeBytes = sizeBytes;
    holds(bytes.length <= sizeBytes, "disk", "a medium has more bytes than it says");
  }

  read(offsetBytes: number, target: Uint8Array): void {
    const part = this.bytes.subarray(offsetBytes, offsetBytes + target.length);
    target.set(part);
    target.fill(0, part.length);
  }

  write(): void {
    throw new Error("a write to a medium that is read only");
  }

  flush(): void {
    // Nothing is ever written.
  }
}

/** A disk in memory that holds only what differs from zero or from the disk below it. */
export class SparseDisk implements BlockBackend {
  readonly sizeBytes: number;
  readonly readOnly = false;
  readonly #base: BlockBackend | null;
  readonly #chunks = new Map<number, Uint8Array>();

  /**
   * `content` is the start of the disk, the rest is zeros; or `base` is a disk that is read where nothing was written.
   */
  constructor(sizeBytes: number, source: { content?: Uint8Array; base?: BlockBackend } = {}) {
    if (!(sizeBytes > 0 && sizeBytes % 512 === 0))
      throw new RangeError(`a disk of ${sizeBytes} bytes: it must be a positive multiple of 512`);
    this.sizeBytes = sizeBytes;
    this.#base = source.base ?? null;
    if (source.content) this.write(0, source.content.subarray(0, sizeBytes));
  }

  /** What is read where nothing was written; null for zeros. */
  get base(): BlockBackend | null {
    return this.#base;
  }

  /** What was written, in chunks of 4 KiB by their number. */
  get chunks(): ReadonlyMap<number, Uint8Array> {
    return this.#chunks;
  }

  read(offsetBytes: number, target: Uint8Array): void {
    for (let done = 0; done < target.length; ) {
      const offset = offsetBytes + done;
      const within = offset % CHUNK_BYTES;
      const length = Math.min(CHUNK_BYTES - within, target.length - done);
      const chunk = this.#chunks.get((offset - within) / CHUNK_BYTES);
      if (chunk) target.set(chunk.subarray(within, within + length), done);
      else {
        const below = Math.max(0, Math.min(length, (this.#base?.sizeBytes ?? 0) - offset));
        if (below > 0) this.#base!.read(offset, target.subarray(done, done + below));
        target.fill(0, done + below, done + length);
      }
      done += length;
    }
  }

  write(offsetBytes: number, source: Uint8Array): void {
    for (let done = 0; done < source.length; ) {
      const offset = offsetBytes + done;
      const within = offset % CHUNK_BYTES;
      const length = Math.min(CHUNK_BYTES - within, source.length - done);
      this.#chunk((offset - within) / CHUNK_BYTES, source, done, length)?.set(
        source.subarray(done, done + length),
        within,
      );
      done += length;
    }
  }

  flush(): void {
    // Memory is as stable as it gets.
  }

  /** The disk's content up to its last byte that is not zero. */
  content(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(
      this.#base ? this.sizeBytes : (Math.max(-1, ...this.#chunks.keys()) + 1) * CHUNK_BYTES,
    );
    this.read(0, bytes.subarray(0, Math.min(bytes.length, this.sizeBytes)));
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === 0) end--;
    return bytes.slice(0, end);
  }

  /** The chunk to write into; null when zeros are written where there are zeros already. */
  #chunk(index: number, source: Uint8Array, from: number, length: number): Uint8Array | null {
    const known = this.#chunks.get(index);
    if (known) return known;
    if (!this.#base) {
      let zeros = true;
      for (let i = from; zeros && i < from + length; i++) zeros = source[i] === 0;
      if (zeros) return null;
    }
    const chunk = new Uint8Array(CHUNK_BYTES);
    const start = index * CHUNK_BYTES;
    if (this.#base && start < this.#base.sizeBytes)
      this.#base.read(start, chunk.subarray(0, Math.min(CHUNK_BYTES, this.#base.sizeBytes - start)));
    this.#chunks.set(index, chunk);
    return chunk;
  }
}

/**
 * A disk whose written chunks are part of the machine's state, wherever its bytes live. It keeps what those chunks held
 * before, so that a state from before a write can be restored into it.
 */
export class TrackedDisk implements BlockBackend, Stateful {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly #backend: BlockBackend;
  /** Written chunks, and what each held before its first write. */
  readonly #written = new Map<number, Uint8Array>();

  constructor(backend: BlockBackend) {
    this.#backend = backend;
    this.sizeBytes = backend.sizeBytes;
    this.readOnly = backend.readOnly;
  }

  read(offsetBytes: number, target: Uint8Array): void {
    this.#backend.read(offsetBytes, target);
  }

  write(offsetBytes: number, source: Uint8Array): void {
    if (source.length === 0) return;
    const last = Math.floor((offsetBytes + source.length - 1) / CHUNK_BYTES);
    holds(offsetBytes >= 0 && offsetBytes + source.length <= this.sizeBytes, "disk", "a write reaches beyond its end");
    for (let chunk = Math.floor(offsetBytes / CHUNK_BYTES); chunk <= last; chunk++) this.#keep(chunk);
    this.#backend.write(offsetBytes, source);
  }

  flush(): void {
    this.#backend.flush();
  }

  #readChunk(index: number): Uint8Array {
    holds(index >= 0 && index * CHUNK_BYTES < this.sizeBytes, "disk", "a chunk beyond its end is read");
    const bytes = new Uint8Array(Math.min(CHUNK_BYTES, this.sizeBytes - index * CHUNK_BYTES));
    this.#backend.read(index * CHUNK_BYTES, bytes);
    return bytes;
  }

  #keep(index: number): void {
    if (!this.#written.has(index)) this.#written.set(index, this.#readChunk(index));
  }

  /** What every chunk held before it was written. */
  revert(): void {
    for (const [index, before] of this.#written) this.#backend.write(index * CHUNK_BYTES, before);
  }

  visitState(visitor: StateVisitor): void {
    visitor.part("disk", 1);
    const known = [...this.#written.keys()].sort((a, b) => a - b);
    const count = visitor.u32(known.length);
    const visited = new Set<number>();
    for (let i = 0; i < count; i++) {
      const index = visitor.u32(known[i] ?? 0);
      const bytes = this.#readChunk(index);
      visitor.bytes(bytes);
      if (!visitor.restoring) continue;
      visited.add(index);
      this.write(index * CHUNK_BYTES, bytes);
    }
    if (!visitor.restoring) return;
    for (const [index, before] of this.#written) {
      if (visited.has(index)) continue;
      this.#backend.write(index * CHUNK_BYTES, before);
      this.#written.delete(index);
    }
  }
}

/**
 * Bytes of a file that are there when they are asked for: those of a file in memory, or of one that stays on the disk.
 * Most of an object is copied to the output once, and nobody else looks at it.
 */

export interface ByteSource {
  readonly length: number;
  /** These bytes, which the source has: not to be changed. */
  read(offset: number, sizeBytes: number): Uint8Array;
  /** The same for a short look: they stay what they are until the next one, at this source or another. */
  peek(offset: number, sizeBytes: number): Uint8Array;
  /** Copies as many as the target takes. */
  readInto(target: Uint8Array, offset: number): void;
}

export class BytesInMemory implements ByteSource {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    // Not as a Buffer: what `slice` gives of one is no copy, and users of contents change them.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get length(): number {
    return this.#bytes.length;
  }

  read(offset: number, sizeBytes: number): Uint8Array {
    return this.#bytes.subarray(offset, offset + sizeBytes);
  }

  peek(offset: number, sizeBytes: number): Uint8Array {
    return this.read(offset, sizeBytes);
  }

  readInto(target: Uint8Array, offset: number): void {
    target.set(this.read(offset, target.length));
  }
}

/** The bytes of a file in the making. It may go to the disk piece by piece, and need not be in memory as a whole. */

export interface FileSink {
  /** These bytes of the file, all of which the caller writes before it asks for others. */
  window(at: number, sizeBytes: number): Uint8Array;
  /** So many bytes at the end of the last window are not written after all. */
  giveBack(sizeBytes: number): void;
  /** Another one for the same file, so that two places can be written at once. */
  beside(): FileSink;
}

/** A file in memory of so many bytes at most; zeros where nothing was written. */
export class FileInMemory implements FileSink {
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(sizeBytes: number) {
    this.#bytes = new Uint8Array(sizeBytes);
  }

  window(at: number, sizeBytes: number): Uint8Array {
    return this.bytes(at, sizeBytes);
  }

  giveBack(): void {}

  beside(): FileSink {
    return this;
  }

  bytes(at: number, sizeBytes: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(at, at + sizeBytes);
  }
}

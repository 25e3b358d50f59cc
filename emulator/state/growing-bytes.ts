/** Bytes to which others are appended, in room that doubles. */
export class GrowingBytes {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(firstCapacity: number) {
    this.#bytes = new Uint8Array(firstCapacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Over all the room there is now: to be asked for after `reserve`. */
  get view(): DataView {
    return this.#view;
  }

  /** Appends bytes that the caller fills; returns where they begin. */
  reserve(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }

  append(bytes: ArrayLike<number>): void {
    const at = this.reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** A copy of what was appended. */
  result(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

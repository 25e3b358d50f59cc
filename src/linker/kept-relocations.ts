/** A table of relocations that the output keeps (-r, -q), written while its section is. */
import { REL_BYTES } from "../object/elf.ts";
import type { FileSink } from "../object/file-sink.ts";

export class KeptRelocations {
  readonly #sink: FileSink;
  readonly #start: number;
  #sizeBytes = 0;
  /** Entries of the input section at hand. */
  #entries: DataView = new DataView(new ArrayBuffer(0));
  #length = 0;
  #lastOffset = 0;
  #isInOrder = true;

  /** How many the inputs have, without those that were left out. */
  #count: number;

  constructor(sink: FileSink, start: number, count: number) {
    this.#sink = sink;
    this.#start = start;
    this.#count = count;
  }

  /** Leaves one out; false when the table would be empty without it. */
  leaveOut(): boolean {
    if (this.#count === 1) return false;
    this.#count--;
    return true;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The next input section has so many at most. */
  begin(count: number): void {
    const bytes = this.#sink.window(this.#start + this.#sizeBytes, count * REL_BYTES);
    this.#entries = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#length = 0;
    this.#lastOffset = 0;
    this.#isInOrder = true;
  }

  add(offset: number, type: number, symbol: number): void {
    const entries = this.#entries;
    const at = this.#length;
    entries.setUint32(at, offset, true);
    entries.setInt32(at + 4, (symbol << 8) | type, true);
    this.#length = at + REL_BYTES;
    if (offset < this.#lastOffset) this.#isInOrder = false;
    this.#lastOffset = offset;
  }

  /** Entries are in the order of their offsets, as are sections. */
  end(): void {
    this.#sink.giveBack(this.#entries.byteLength - this.#length);
    this.#sizeBytes += this.#length;
    if (this.#isInOrder) return;
    const entries = this.#entries;
    const rows = Array.from({ length: this.#length / REL_BYTES }, (_, i) => ({
      offset: entries.getUint32(i * REL_BYTES, true),
      info: entries.getUint32(i * REL_BYTES + 4, true),
    }));
    rows.sort((a, b) => a.offset - b.offset);
    rows.forEach(({ offset, info }, i) => {
      entries.setUint32(i * REL_BYTES, offset, true);
      entries.setUint32(i * REL_BYTES + 4, info, true);
    });
  }
}

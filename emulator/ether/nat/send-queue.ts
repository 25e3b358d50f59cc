/** Bytes that are sent and not acknowledged yet, or not sent yet, in the pieces in which they came. */
import { holds } from "../../state/invariant.ts";
import type { Stateful, StateVisitor } from "../../state/state.ts";

export class SendQueue implements Stateful {
  #pieces: Uint8Array[] = [];
  /** Bytes of the first piece that are gone. */
  #gone = 0;
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#sizeBytes += piece.length;
  }

  /** Forgets the first bytes, at most as many as there are. */
  drop(count: number): void {
    holds(count >= 0 && count <= this.#sizeBytes, "send queue", "more bytes are acknowledged than there are");
    this.#sizeBytes -= count;
    this.#gone += count;
    let pieces = 0;
    while (pieces < this.#pieces.length && this.#gone >= this.#pieces[pieces]!.length)
      this.#gone -= this.#pieces[pieces++]!.length;
    if (pieces > 0) this.#pieces.splice(0, pieces);
  }

  /** `size` bytes from `offset` on, all of them there. */
  read(offset: number, size: number): Uint8Array {
    holds(
      offset >= 0 && size >= 0 && offset + size <= this.#sizeBytes,
      "send queue",
      "bytes are read that are not there",
    );
    const bytes = new Uint8Array(size);
    let skip = this.#gone + offset;
    let filled = 0;
    for (const piece of this.#pieces) {
      if (skip >= piece.length) {
        skip -= piece.length;
        continue;
      }
      const part = piece.subarray(skip, skip + size - filled);
      bytes.set(part, filled);
      filled += part.length;
      skip = 0;
      if (filled === size) break;
    }
    holds(filled === size, "send queue", "its pieces have fewer bytes than it counts");
    return bytes;
  }

  visitState(visitor: StateVisitor): void {
    const bytes = visitor.blob(this.read(0, this.#sizeBytes));
    if (!visitor.restoring) return;
    this.#pieces = bytes.length === 0 ? [] : [bytes];
    this.#gone = 0;
    this.#sizeBytes = bytes.length;
  }
}

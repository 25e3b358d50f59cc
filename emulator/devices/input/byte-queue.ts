/** A first-in first-out queue of bytes with a capacity: the FIFOs of serial devices. */
import { holds } from "../../state/invariant.ts";
import type { StateVisitor } from "../../state/state.ts";

export class ByteQueue {
  #bytes: number[] = [];
  readonly capacity: number;

  /** Without a capacity the queue grows as needed. */
  constructor(capacity = Infinity) {
    holds(capacity > 0, "byte queue", "there is room for nothing");
    this.capacity = capacity;
  }

  get length(): number {
    return this.#bytes.length;
  }

  get full(): boolean {
    return this.#bytes.length >= this.capacity;
  }

  /** False when the queue is full; the byte is then lost. */
  push(byte: number): boolean {
    if (this.full) return false;
    this.#bytes.push(byte & 0xff);
    return true;
  }

  /** The oldest byte, or -1. */
  shift(): number {
    return this.#bytes.shift() ?? -1;
  }

  /** The byte at a distance from the oldest one. */
  at(index: number): number {
    return this.#bytes[index] ?? -1;
  }

  clear(): void {
    this.#bytes = [];
  }

  visitState(visitor: StateVisitor): void {
    this.#bytes = Array.from(visitor.blob(Uint8Array.from(this.#bytes)));
    holds(this.#bytes.length <= this.capacity, "byte queue", "more bytes than there is room for");
  }
}

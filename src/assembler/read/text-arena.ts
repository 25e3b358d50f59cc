/**
 * Texts that the assembler makes itself: expansions, the arguments they were made with, gathered blocks. They are a few
 * dozen bytes each and very many, so they lie side by side in large arrays; one array for each would cost more than
 * assembling what is in it.
 */

import { NEWLINE } from "../model/source-text.ts";
import type { ByteRow } from "./scrub.ts";

const CHUNK_BYTES = 1 << 16;
/** Below this a loop beats a call. */
const SHORT = 512;

export class TextArena {
  /** The array that holds the text kept last. */
  bytes: Uint8Array = new Uint8Array(CHUNK_BYTES);
  #used = 0;

  /**
   * Copies the row's text and returns where it begins in `bytes`. Before it is a newline, after it two newlines and a
   * NUL: what the scanner wants of every text (`SourceFrame.bytes`).
   */
  keep(row: ByteRow): number {
    const { length } = row;
    const needed = length + 4;
    if (this.#used + needed > this.bytes.length) {
      this.bytes = new Uint8Array(Math.max(CHUNK_BYTES, needed));
      this.#used = 0;
    }
    const { bytes } = this;
    const start = this.#used + 1;
    bytes[start - 1] = NEWLINE;
    if (length > SHORT) bytes.set(row.bytes.subarray(0, length), start);
    else {
      const source = row.bytes;
      for (let i = 0; i < length; i++) bytes[start + i] = source[i]!;
    }
    const end = start + length;
    bytes[end] = NEWLINE;
    bytes[end + 1] = NEWLINE;
    bytes[end + 2] = 0;
    this.#used = end + 3;
    return start;
  }
}

/**
 * Encodings by the text of the statement. Programs say the same few thousand instructions over and over; one that names
 * no symbol always comes to the same bytes, so its text is looked up before it is taken apart.
 */

import { NEWLINE } from "../model/source-text.ts";
import { APOSTROPHE, AT_SIGN, HASH, QUOTE, SEMICOLON, SLASH } from "./chars.ts";

/** Entries; a power of two. A new text takes the place of the one that hashes like it. */
const SIZE = 1 << 13;
/** Longer statements are rare and not worth the memory; no instruction is longer than the second. */
const LONGEST = 64;
const LONGEST_CODE = 16;

/** Bytes that end the text, or make it one that is not looked up. */
const STOP = new Uint8Array(256);
for (const code of [NEWLINE, SEMICOLON, HASH, 0]) STOP[code] = 1;
for (const code of [QUOTE, APOSTROPHE, SLASH, AT_SIGN, 0x7b]) STOP[code] = 2;

export class StatementCache {
  readonly #hashes = new Int32Array(SIZE);
  readonly #modes = new Uint16Array(SIZE);
  readonly #lengths = new Uint8Array(SIZE);
  readonly #texts = new Uint8Array(SIZE * LONGEST);
  /** Encodings side by side: no objects, so that the garbage collector has nothing to look at. */
  readonly codes = new Uint8Array(SIZE * LONGEST_CODE);
  readonly #codeLengths = new Uint8Array(SIZE);
  /** Of the last look-up: where the text ended, and its hash; -1 when it is not one to keep. */
  end = 0;
  #hash = 0;
  #slot = -1;

  /** Of the last look-up that succeeded: where its encoding lies in `codes`. */
  codeStart = 0;

  /**
   * Length of the encoding of the statement that begins at `start`, 0 if it is not known; `end` is then where it ends.
   */
  find(bytes: Uint8Array, start: number, mode: number): number {
    let hash = mode;
    let end = start;
    let code = bytes[end]!;
    while (STOP[code] === 0) {
      hash = (Math.imul(hash, 31) + code) | 0;
      code = bytes[++end]!;
    }
    const length = end - start;
    if (STOP[code] === 2 || length > LONGEST) {
      this.#slot = -1;
      return 0;
    }
    const slot = (hash ^ (hash >>> 15)) & (SIZE - 1);
    this.#slot = slot;
    this.#hash = hash;
    this.end = end;
    if (this.#hashes[slot] !== hash || this.#lengths[slot] !== length || this.#modes[slot] !== mode) return 0;
    const texts = this.#texts;
    for (let i = 0, at = slot * LONGEST; i < length; i++, at++) if (texts[at] !== bytes[start + i]) return 0;
    this.codeStart = slot * LONGEST_CODE;
    return this.#codeLengths[slot]!;
  }

  /** Keeps the encoding of the text that was looked up last. */
  store(bytes: Uint8Array, start: number, mode: number, code: Uint8Array): void {
    const slot = this.#slot;
    if (slot < 0 || code.length > LONGEST_CODE) return;
    this.#hashes[slot] = this.#hash;
    this.#lengths[slot] = this.end - start;
    this.#modes[slot] = mode;
    for (let i = start, at = slot * LONGEST; i < this.end; i++, at++) this.#texts[at] = bytes[i]!;
    for (let i = 0, at = slot * LONGEST_CODE; i < code.length; i++, at++) this.codes[at] = code[i]!;
    this.#codeLengths[slot] = code.length;
  }
}

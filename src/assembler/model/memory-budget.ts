/**
 * What one assembly keeps in memory besides the bytes that it makes, as far as that is counted. Every kind of thing
 * that a source can make any number of is counted here, so that a source cannot exhaust the host.
 */

import type { Cursor } from "./cursor.ts";
import { inMebibytes } from "./limits.ts";
import type { Reporter } from "./reporter.ts";

/** An expansion beside its text, which stays as long as something that was made in it. */
const EXPANSION_BYTES = 400;

export class MemoryBudget {
  readonly #cursor: Cursor;
  readonly #reporter: Reporter;
  readonly #limitBytes: number;
  #heldBytes = 0;

  constructor(cursor: Cursor, reporter: Reporter, limitBytes: number) {
    this.#cursor = cursor;
    this.#reporter = reporter;
    this.#limitBytes = limitBytes;
  }

  /** Counts what the statement at hand leaves in memory until the end: an estimate in bytes. */
  hold(bytes: number): void {
    this.#heldBytes += bytes;
    const { frame } = this.#cursor;
    if (frame !== null && frame.expansion !== null && !frame.isHeld) {
      frame.isHeld = true;
      this.#heldBytes += EXPANSION_BYTES;
    }
    if (this.#heldBytes > this.#limitBytes)
      this.#reporter.fatal("too-large", `the program takes more than ${inMebibytes(this.#limitBytes)} of memory`);
  }
}

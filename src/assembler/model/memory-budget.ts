/**
 * What one assembly keeps in memory beside the bytes that it makes, as far as that is counted. Every kind of thing that a
 * source can make any number of is counted here, so that a source cannot exhaust the host.
 */

import type { Cursor } from "./cursor.ts";
import type { Reporter } from "./reporter.ts";

/** The limit keeps the process well below a gigabyte. */
const MAXIMUM_HELD_BYTES = 600 * 1024 * 1024;

/** An expansion beside its text, which stays as long as something that was made in it. */
const EXPANSION_BYTES = 400;

export class MemoryBudget {
  readonly #cursor: Cursor;
  readonly #reporter: Reporter;
  #heldBytes = 0;

  constructor(cursor: Cursor, reporter: Reporter) {
    this.#cursor = cursor;
    this.#reporter = reporter;
  }

  /** Counts what the statement at hand leaves in memory until the end: an estimate in bytes. */
  hold(bytes: number): void {
    this.#heldBytes += bytes;
    const { frame } = this.#cursor;
    if (frame !== null && frame.expansion !== null && !frame.isHeld) {
      frame.isHeld = true;
      this.#heldBytes += EXPANSION_BYTES;
    }
    if (this.#heldBytes > MAXIMUM_HELD_BYTES)
      this.#reporter.fatal("too-large", `the program takes more than ${MAXIMUM_HELD_BYTES / 1048576} MiB of memory`);
  }
}

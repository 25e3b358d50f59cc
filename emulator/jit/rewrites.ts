/** How often compiled code was overwritten, by where it lies in the machine's memory: some is not worth compiling. */

/** A block that was overwritten this often is not compiled any more. */
const MAX_REWRITES = 8;
/** Notes about this many places are kept; then they begin anew. */
const MAX_NOTES = 1 << 16;

export class Rewrites {
  readonly #counts = new Map<number, number>();

  note(offset: number): void {
    if (this.#counts.size === MAX_NOTES) this.#counts.clear();
    this.#counts.set(offset, (this.#counts.get(offset) ?? 0) + 1);
  }

  /** Whether code at an offset has been overwritten too often. */
  areTooMany(offset: number): boolean {
    return (this.#counts.get(offset) ?? 0) >= MAX_REWRITES;
  }
}

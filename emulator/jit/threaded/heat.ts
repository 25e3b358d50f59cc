/**
 * How often the interpreter has come to places, as far as it has said so: it counts for itself up to HOT_RUNS. Two places
 * may share an entry, which then is for the one that runs more often. No guest can tell.
 */
const ENTRIES = 1 << 14;

export class Heat {
  /** Where the code lies, by a hash of it, and how often it has run. */
  readonly #entries = new Int32Array(2 * ENTRIES);

  #at(offset: number): number {
    return 2 * ((offset ^ (offset >>> 14)) & (ENTRIES - 1));
  }

  /** Adds runs of the code at an offset; how many there have been. */
  add(offset: number, runs: number): number {
    const entries = this.#entries;
    const at = this.#at(offset);
    if (entries[at] !== offset) {
      entries[at + 1]! -= runs;
      if (entries[at + 1]! > 0) return runs;
      entries[at] = offset;
      entries[at + 1] = 0;
    }
    return (entries[at + 1]! += runs);
  }

  /** The code at an offset has been overwritten. */
  forget(offset: number): void {
    const at = this.#at(offset);
    if (this.#entries[at] === offset) this.#entries[at + 1] = 0;
  }

  /** The machine has come back to a state: what it ran before may be another life's. */
  beginAnew(): void {
    this.#entries.fill(0);
  }

  runsOf(offset: number): number {
    const at = this.#at(offset);
    return this.#entries[at] === offset ? this.#entries[at + 1]! : 0;
  }
}

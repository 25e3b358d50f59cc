/**
 * How often the interpreter has come to places, as far as it has said so: it counts for itself up to HOT_RUNS. Two
 * places may share an entry, which then is for the one that runs more often. No guest can tell.
 */
const ENTRIES = 1 << 14;
/** An eighth is forgotten with each life: what counts is how often the code runs in eight. */
const FADING_SHIFT = 3;

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

  /** The machine has come back to a state, and begins another life from there: what it ran in earlier ones fades. */
  beginAnew(): void {
    const entries = this.#entries;
    for (let at = 1; at < entries.length; at += 2) entries[at]! -= entries[at]! >> FADING_SHIFT;
  }

  runsOf(offset: number): number {
    const at = this.#at(offset);
    return this.#entries[at] === offset ? this.#entries[at + 1]! : 0;
  }
}

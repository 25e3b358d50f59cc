/**
 * The last ways that a processor took, for the explanation of a triple fault: branches that were taken, events that
 * were delivered, and stretches of compiled code, whose own branches nobody keeps. Engines differ in them: they are no
 * state.
 */

const MOST = 16;

/** What kind of way it was: the vector of an event, or one of these. */
export const BRANCH = -1;
export const COMPILED = -2;

/** Linear addresses, and how often in a row. */
interface Way {
  readonly kind: number;
  readonly from: number;
  readonly to: number;
  readonly times: number;
}

// Words of an entry: offsets in the code segment, its base at the end, and how often in a row.
const KIND = 0;
const FROM = 1;
const TO = 2;
const BASE = 3;
const TIMES = 4;
/** A power of two. */
const WORDS = 8;
const MASK = MOST * WORDS - 1;

export class Branches {
  readonly #entries = new Int32Array(MOST * WORDS);
  /** Word where the latest entry begins. */
  #last = 0;
  /** Of the code segment in which the oldest way begins. */
  #base = 0;

  /** `from` and `to` are offsets in the code segment, which has the base `base` after the way. */
  note(kind: number, from: number, to: number, base: number, times = 1): void {
    const entries = this.#entries;
    let at = this.#last;
    if (entries[at + FROM] === from && entries[at + TO] === to && entries[at + TIMES] !== 0) {
      entries[at + TIMES]! += times;
      return;
    }
    at = (at + WORDS) & MASK;
    this.#last = at;
    this.#base = entries[at + BASE]!;
    entries[at + KIND] = kind;
    entries[at + FROM] = from;
    entries[at + TO] = to;
    entries[at + BASE] = base;
    entries[at + TIMES] = times;
  }

  /** Begins anew, in a code segment with this base. */
  clear(base: number): void {
    this.#entries.fill(0);
    for (let at = BASE; at <= MASK; at += WORDS) this.#entries[at] = base;
    this.#last = 0;
    this.#base = base;
  }

  /** The oldest first. */
  get all(): readonly Way[] {
    const ways: Way[] = [];
    let base = this.#base;
    for (let number = 1; number <= MOST; number++) {
      const at = (this.#last + number * WORDS) & MASK;
      const word = (field: number): number => this.#entries[at + field]!;
      if (word(TIMES) !== 0)
        ways.push({
          kind: word(KIND),
          from: (base + word(FROM)) >>> 0,
          to: (word(BASE) + word(TO)) >>> 0,
          times: word(TIMES) >>> 0,
        });
      base = word(BASE);
    }
    return ways;
  }
}

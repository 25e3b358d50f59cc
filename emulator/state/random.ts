import { fnv1aOfText } from "../../src/bytes/fnv.ts";

/**
 * The only source of chance in the project: a sequence that a seed determines (xoshiro128**, Blackman and Vigna 2018,
 * seeded by splitmix32). Each purpose takes a stream of its own by name, so that a new purpose does not disturb the
 * others. Whoever makes cases from a seed, in tests or elsewhere, takes them from here.
 */
export class Random {
  readonly #state = new Uint32Array(4);

  /** `seed` is any integer from -2^53 + 1 to 2^53 - 1. */
  constructor(seed: number, stream = "") {
    let mix = (seed ^ Math.floor(seed / 2 ** 32)) >>> 0;
    mix = fnv1aOfText(stream, mix) >>> 0;
    for (let i = 0; i < 4; i++) {
      mix = (mix + 0x9e3779b9) >>> 0;
      let z = Math.imul(mix ^ (mix >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      this.#state[i] = z ^ (z >>> 15);
    }
  }

  /** A uniform integer from 0 to 2^32 - 1. */
  u32(): number {
    const s = this.#state;
    const product = Math.imul(s[1]!, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result;
  }

  /** A uniform integer from 0 to `limit` - 1; `limit` is at most 2^32. */
  below(limit: number): number {
    if (!(limit >= 1)) throw new RangeError(`a draw from ${limit} possibilities`);
    // Values from the incomplete last interval are drawn again, so that none is likelier than another.
    const bound = 2 ** 32 - (2 ** 32 % limit);
    for (;;) {
      const value = this.u32();
      if (value < bound) return value % limit;
    }
  }

  /** One of them, each as likely as another. Throws a RangeError where there is none. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  /** The same where there may be none: then undefined. */
  pickAny<Item>(items: readonly Item[]): Item | undefined {
    return items.length === 0 ? undefined : this.pick(items);
  }

  /** True in so many of a hundred cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}
